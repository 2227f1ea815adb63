package app

import (
	"context"

	"github.com/opal-photo/opal/config"
)

// openAzureBlobs opens Azure Blob Storage.
func openAzureBlobs(context.Context, *wire) (*blobBackend, error) {
	return nil, config.ErrConfig.With("this build keeps pictures in a folder only: set STORAGE_DIR and leave STORAGE_ACCOUNT_NAME and STORAGE_CONNECTION_STRING out")
}

// openServiceBus opens Azure Service Bus.
func openServiceBus(context.Context, *wire) (*queueBackend, error) {
	return nil, config.ErrConfig.With("this build keeps messages in the database only: leave SERVICEBUS_NAMESPACE and SERVICEBUS_CONNECTION_STRING out")
}
