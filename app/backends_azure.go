package app

import (
	"context"
	"fmt"

	"github.com/opal-photo/opal/config"
	"github.com/opal-photo/opal/modules/queue/servicebus"
)

// openAzureBlobs opens Azure Blob Storage.
func openAzureBlobs(context.Context, *wire) (*blobBackend, error) {
	return nil, config.ErrConfig.With("this build keeps pictures in a folder only: set STORAGE_DIR and leave STORAGE_ACCOUNT_NAME and STORAGE_CONNECTION_STRING out")
}

// openServiceBus opens Azure Service Bus, by a connection string or with the
// managed identity.
func openServiceBus(ctx context.Context, w *wire) (*queueBackend, error) {
	s := w.cfg.ServiceBus
	o := servicebus.Options{ConnectionString: s.ConnectionString.Value(), Namespace: s.Namespace}
	if o.ConnectionString == "" {
		cred, err := w.credential()
		if err != nil {
			return nil, err
		}
		o.Credential = cred
	}
	ctx, cancel := context.WithTimeout(ctx, openTimeout)
	defer cancel()
	ns, err := servicebus.Open(ctx, o)
	if err != nil {
		return nil, fmt.Errorf("open Service Bus: %w", err)
	}
	w.onClose(func() error {
		ctx, cancel := context.WithTimeout(context.Background(), serverGrace)
		defer cancel()
		return ns.Close(ctx)
	})
	return &queueBackend{jobs: ns.Queue(s.JobsQueue), exports: ns.Queue(s.ExportsQueue)}, nil
}
