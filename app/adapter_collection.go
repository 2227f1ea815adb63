package app

import (
	"context"

	"github.com/opal-photo/opal/modules/collection"
	"github.com/opal-photo/opal/modules/db"
	"github.com/opal-photo/opal/modules/export"
)

// zips gives collections the export module, which makes their ZIPs.
type zips struct{ service *export.Service }

// AskForZIP asks for a collection's ZIP.
func (z zips) AskForZIP(ctx context.Context, tx *db.Tx, r collection.ZIP) error {
	_, _, err := z.service.Bundle(ctx, tx, export.BundleRequest{
		TenantID: r.TenantID, CollectionID: r.CollectionID, CorrelationID: r.CorrelationID, JobID: r.JobID, ItemID: r.ItemID, Round: r.Round,
	})
	return err
}

// ForgetZIPs deletes the records of a collection's ZIPs.
func (z zips) ForgetZIPs(ctx context.Context, tx *db.Tx, collectionID string) error {
	return z.service.ForgetCollection(ctx, tx, collectionID)
}

// ZIPPaths returns the paths of the files of a collection's ZIPs.
func (z zips) ZIPPaths(ctx context.Context, collectionID string) ([]string, error) {
	return z.service.CollectionPaths(ctx, collectionID)
}
