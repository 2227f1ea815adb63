package app

import (
	"context"
	"fmt"

	"github.com/opal-photo/opal/modules/blob"
	"github.com/opal-photo/opal/modules/blob/azureblob"
	"github.com/opal-photo/opal/modules/queue/servicebus"
)

// openAzureBlobs opens Azure Blob Storage, by a connection string or with the
// managed identity. Under a connection string missing containers are made.
func openAzureBlobs(ctx context.Context, w *wire) (*blobBackend, error) {
	s := w.cfg.Storage
	o := azureblob.Options{ConnectionString: s.ConnectionString.Value(), AccountName: s.AccountName, Endpoint: s.Endpoint}
	if o.ConnectionString == "" {
		cred, err := w.credential()
		if err != nil {
			return nil, err
		}
		o.Credential = cred
	}
	store, err := azureblob.Open(o)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, openTimeout)
	defer cancel()
	if err := store.EnsureContainers(ctx, s.RawContainer, s.OutputsContainer, s.ExportsContainer); err != nil {
		return nil, fmt.Errorf("open Blob Storage: %w", err)
	}
	return &blobBackend{store: blob.Retry(store)}, nil
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
