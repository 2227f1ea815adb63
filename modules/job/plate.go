package job

import (
	"context"
	"fmt"

	"github.com/opal-photo/opal/modules/fault"
	"github.com/opal-photo/opal/modules/picture"
)

// namedAtMost bounds how many items are named that wait for a plate.
const namedAtMost = 10

// PlateItems returns items of a tenant that are not finished and whose scene is a plate, ten
// at most.
func (s *Service) PlateItems(ctx context.Context, tenantID, plateID string) (itemIDs []string, err error) {
	rows, err := selectRows(ctx, s.DB, `tenant_id = $1 AND scene_type = $2 AND status IN ('created', 'uploaded', 'queued', 'processing') ORDER BY created_at LIMIT $3`,
		tenantID, picture.PlateScene(plateID), namedAtMost)
	if err != nil {
		return nil, fmt.Errorf("load the items in plate %s: %w", plateID, err)
	}
	for _, r := range rows {
		itemIDs = append(itemIDs, r.itemID)
	}
	return itemIDs, nil
}

// checkPlate fails when a scene is a plate that the tenant doesn't have.
func (s *Service) checkPlate(ctx context.Context, tenantID, scene string) error {
	id, ok := picture.ParsePlate(scene)
	if !ok {
		return nil
	}
	if s.Plates == nil {
		return ErrSceneType.With("there are no plates here")
	}
	return s.Plates.CheckPlate(ctx, tenantID, id)
}

// plateThere is checkPlate for an item whose plate was there once. Error: ErrPlateGone.
func (s *Service) plateThere(ctx context.Context, tenantID, scene string) error {
	err := s.checkPlate(ctx, tenantID, scene)
	if fault.KindOf(err) == fault.NotFound {
		return ErrPlateGone
	}
	return err
}
