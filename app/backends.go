package app

import (
	"context"
	"fmt"
	"net/http"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"

	"github.com/opal-photo/opal/config"
	"github.com/opal-photo/opal/modules/blob"
	"github.com/opal-photo/opal/modules/blob/fileblob"
	"github.com/opal-photo/opal/modules/queue"
	"github.com/opal-photo/opal/modules/queue/sqlqueue"
	"github.com/opal-photo/opal/modules/scene"
	"github.com/opal-photo/opal/modules/score/server"
)

// This file is the one list of which setting opens which adapter.

// blobsPath is where the embedded store's signed URLs are served.
const blobsPath = "/blobs/"

// blobBackend is the store of pictures, and the handler of its URLs when the
// store has no server of its own.
type blobBackend struct {
	store   blob.Store
	handler http.Handler
}

func openBlobs(ctx context.Context, w *wire) (*blobBackend, error) {
	s := w.cfg.Storage
	if !w.cfg.EmbeddedStorage() {
		return openAzureBlobs(ctx, w)
	}
	base := w.cfg.PublicBaseURL
	if base == "" {
		return nil, config.ErrConfig.With("PUBLIC_BASE_URL is missing: where clients reach the API, which serves the pictures of STORAGE_DIR")
	}
	f, err := fileblob.Open(fileblob.Options{Dir: s.Dir, BaseURL: base + blobsPath, Key: []byte(s.URLKey.Value()), Origins: s.CORSOrigins})
	if err != nil {
		return nil, err
	}
	if err := f.EnsureContainers(ctx, s.RawContainer, s.OutputsContainer, s.ExportsContainer); err != nil {
		return nil, err
	}
	return &blobBackend{store: blob.Retry(f), handler: http.StripPrefix(blobsPath[:len(blobsPath)-1], f.Handler())}, nil
}

// queueBackend is the two queues.
type queueBackend struct{ jobs, exports queue.Queue }

func openQueues(ctx context.Context, w *wire) (*queueBackend, error) {
	s := w.cfg.ServiceBus
	if !w.cfg.EmbeddedQueue() {
		return openServiceBus(ctx, w)
	}
	d, err := w.database(ctx)
	if err != nil {
		return nil, err
	}
	return &queueBackend{
		jobs:    sqlqueue.Open(sqlqueue.Options{DB: d, Name: s.JobsQueue}),
		exports: sqlqueue.Open(sqlqueue.Options{DB: d, Name: s.ExportsQueue}),
	}, nil
}

// backdropCache is how many sets the scoring service keeps: one of 1024 pixels
// takes about 10 MB.
const backdropCache = 12

// engineCutout is the SCORE_ENGINE that removes backgrounds instead of making scenes.
const engineCutout = "cutout"

// scoreEngine returns the engine that SCORE_ENGINE names, of those that make scenes.
func scoreEngine(c *config.Config) (server.Engine, error) {
	switch c.Score.Engine {
	case "studio":
		return server.NewStudio(scene.New(backdropCache)), nil
	case "stub":
		return server.NewStub(), nil
	}
	return nil, config.ErrConfig.With("SCORE_ENGINE must be studio, stub or %s", engineCutout)
}

// credential is the process's managed identity.
func (w *wire) credential() (azcore.TokenCredential, error) {
	o := &azidentity.ManagedIdentityCredentialOptions{}
	if id := w.cfg.Azure.ClientID; id != "" {
		o.ID = azidentity.ClientID(id)
	}
	cred, err := azidentity.NewManagedIdentityCredential(o)
	if err != nil {
		return nil, fmt.Errorf("open the managed identity: %w", err)
	}
	return cred, nil
}

// databaseScope is what an Entra ID token for Azure Postgres is asked for.
const databaseScope = "https://ossrdbms-aad.database.windows.net/.default"

// databaseToken gives the token that Azure Postgres takes as a password.
func (w *wire) databaseToken() (func(context.Context) (string, error), error) {
	cred, err := w.credential()
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context) (string, error) {
		t, err := cred.GetToken(ctx, policy.TokenRequestOptions{Scopes: []string{databaseScope}})
		return t.Token, err
	}, nil
}
