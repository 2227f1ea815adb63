package app

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/opal-photo/opal/modules/blob"
	"github.com/opal-photo/opal/modules/brand"
	"github.com/opal-photo/opal/modules/imagefile"
	"github.com/opal-photo/opal/modules/imaging"
	"github.com/opal-photo/opal/modules/pipeline"
	"github.com/opal-photo/opal/modules/pipeline/studio"
)

// plateFiles keeps the photographs of own backgrounds beside those of products.
type plateFiles struct {
	blobs     blob.Store
	container string
	decoder   *imaging.Decoder
}

// How long URLs of plates work.
const (
	plateReadTTL   = 15 * time.Minute
	plateUploadTTL = 15 * time.Minute
)

// Prepare judges and decodes a photograph as those of products are.
func (f plateFiles) Prepare(ctx context.Context, photo []byte) (brand.PreparedPlate, error) {
	if _, err := imagefile.Inspect(photo); err != nil {
		return brand.PreparedPlate{}, err
	}
	p, err := studio.PreparePlate(ctx, f.decoder, photo)
	return brand.PreparedPlate{File: p.File, Width: p.Width, Height: p.Height, Guess: p.Plate.Plate}, err
}

// Put stores a photograph.
func (f plateFiles) Put(ctx context.Context, path string, file []byte) error {
	return f.blobs.Put(ctx, f.container, path, file, blob.PutOptions{ContentType: "image/jpeg", IfNoneMatch: true})
}

// UploadURL signs a URL for a photograph.
func (f plateFiles) UploadURL(ctx context.Context, path string) (string, error) {
	return f.blobs.UploadURL(ctx, f.container, path, plateUploadTTL, imagefile.MaxBytes)
}

// Uploaded reads a photograph that was PUT.
func (f plateFiles) Uploaded(ctx context.Context, path string) ([]byte, error) {
	info, err := f.blobs.Head(ctx, f.container, path)
	switch {
	case errors.Is(err, blob.ErrNotFound):
		return nil, brand.ErrPlateMissing
	case err != nil:
		return nil, fmt.Errorf("look for the photograph: %w", err)
	case info.Size > imagefile.MaxBytes:
		return nil, imagefile.ErrTooLarge.With("%d bytes", info.Size)
	case info.Size == 0:
		return nil, nil
	}
	b, _, err := f.blobs.Get(ctx, f.container, path, imagefile.MaxBytes)
	if err != nil {
		return nil, fmt.Errorf("read the photograph: %w", err)
	}
	return b, nil
}

// Delete deletes a photograph.
func (f plateFiles) Delete(ctx context.Context, path string) error {
	if err := f.blobs.Delete(ctx, f.container, path); err != nil && !errors.Is(err, blob.ErrNotFound) {
		return err
	}
	return nil
}

// plateSource gives jobs the plates.
type plateSource struct {
	plates *brand.Plates
	files  plateFiles
}

// CheckPlate fails for a plate that the tenant doesn't have.
func (s plateSource) CheckPlate(ctx context.Context, tenantID, plateID string) error {
	_, err := s.plates.Get(ctx, tenantID, plateID)
	return err
}

// Plate returns a plate's photograph and what is known of it.
func (s plateSource) Plate(ctx context.Context, tenantID, plateID string) (pipeline.Plate, error) {
	p, err := s.plates.Get(ctx, tenantID, plateID)
	if err != nil {
		return pipeline.Plate{}, err
	}
	b, _, err := s.files.blobs.Get(ctx, s.files.container, p.Path, imagefile.MaxBytes)
	if err != nil {
		return pipeline.Plate{}, fmt.Errorf("load plate %s: %w", plateID, err)
	}
	return pipeline.Plate{Name: p.Name, File: b, Plate: p.Plate}, nil
}

// plates are the API's own backgrounds, with URLs of their photographs.
type plates struct {
	*brand.Plates
	files plateFiles
}

// PlateURL returns a short-lived URL of a plate's photograph.
func (p plates) PlateURL(ctx context.Context, b brand.Plate) (string, error) {
	return p.files.blobs.ReadURL(ctx, p.files.container, b.Path, plateReadTTL, blob.ReadURLOptions{})
}
