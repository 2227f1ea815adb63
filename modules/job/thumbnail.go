package job

import (
	"context"
	"errors"
	"fmt"
	"image"
	"path"

	"golang.org/x/sync/semaphore"

	"github.com/opal-photo/opal/modules/blob"
	"github.com/opal-photo/opal/modules/imagefile"
	"github.com/opal-photo/opal/modules/imaging"
)

// ThumbnailSide and PreviewSide bound both sides of a thumbnail and of a preview, in pixels.
const (
	ThumbnailSide = 320
	PreviewSide   = 1280
)

const (
	maxThumbnail  = 4 << 20   // bytes of a thumbnail, which has about 15 kB, or of a preview
	maxOwnPicture = 256 << 20 // bytes of a finished picture
)

// thumbnailing bounds how many pictures a process decodes for thumbnails at the
// same time: one of 4,096 × 4,096 pixels takes 64 MB.
var thumbnailing = semaphore.NewWeighted(2)

// Thumbnail returns a small WebP of an item's finished picture. It is made when it is
// first asked for and kept beside the picture.
//
// Errors: ErrItemNotFound, ErrOutputMissing, those of the blob store.
func (s *Service) Thumbnail(ctx context.Context, tenantID, jobID, itemID string) ([]byte, error) {
	return s.small(ctx, tenantID, jobID, itemID, ThumbnailSide, thumbnailPath)
}

// Preview returns a WebP of an item's finished picture that is large enough to judge it, and is
// not the finished file. It is made and kept as a thumbnail is, with the same errors.
func (s *Service) Preview(ctx context.Context, tenantID, jobID, itemID string) ([]byte, error) {
	return s.small(ctx, tenantID, jobID, itemID, PreviewSide, previewPath)
}

// PhotoThumbnail returns a small WebP of the photo that an item's picture is made of. It is
// made when it is first asked for and kept beside the outputs.
//
// Errors: ErrItemNotFound, ErrUploadMissing, ErrUploadsBusy, those of the decoder and of the
// blob store.
func (s *Service) PhotoThumbnail(ctx context.Context, tenantID, jobID, itemID string) ([]byte, error) {
	it, _, err := getItem(ctx, s.DB, tenantID, jobID, itemID)
	if err != nil {
		return nil, err
	}
	if it.RawBlobPath == nil || s.Decoder == nil {
		return nil, ErrUploadMissing
	}
	b, err := s.kept(ctx, thumbnailPath(*it.RawBlobPath), func() (*image.NRGBA, error) {
		info, err := s.Blobs.Head(ctx, s.Containers.Raw, *it.RawBlobPath)
		if errors.Is(err, blob.ErrNotFound) {
			return nil, ErrUploadMissing
		}
		if err != nil {
			return nil, err
		}
		done, err := s.holdPhoto(ctx, min(info.Size, imagefile.MaxBytes))
		if err != nil {
			return nil, err
		}
		defer done()
		photo, err := s.photo(ctx, *it.RawBlobPath)
		if err != nil {
			return nil, err
		}
		img, _, err := s.Decoder.Decode(ctx, photo)
		return img, err
	}, ThumbnailSide)
	return b, wrapThumbnail(itemID, err)
}

func (s *Service) small(ctx context.Context, tenantID, jobID, itemID string, side int, path func(output string) string) ([]byte, error) {
	it, _, err := getItem(ctx, s.DB, tenantID, jobID, itemID)
	if err != nil {
		return nil, err
	}
	if it.OutputBlobPath == nil {
		return nil, ErrOutputMissing.With("it is %s", it.Status)
	}
	b, err := s.kept(ctx, path(*it.OutputBlobPath), func() (*image.NRGBA, error) {
		full, _, err := s.Blobs.Get(ctx, s.Containers.Outputs, *it.OutputBlobPath, maxOwnPicture)
		if err != nil {
			return nil, err
		}
		return imaging.DecodeOwn(full)
	}, side)
	return b, wrapThumbnail(itemID, err)
}

func wrapThumbnail(itemID string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("thumbnail of item %s: %w", itemID, err)
}

// kept returns the small WebP that is kept at a path, and makes it of a picture when there is
// none yet.
func (s *Service) kept(ctx context.Context, at string, full func() (*image.NRGBA, error), side int) ([]byte, error) {
	b, _, err := s.Blobs.Get(ctx, s.Containers.Outputs, at, maxThumbnail)
	if err == nil || !errors.Is(err, blob.ErrNotFound) {
		return b, err
	}
	if err := thumbnailing.Acquire(ctx, 1); err != nil {
		return nil, err
	}
	defer thumbnailing.Release(1)
	// Another call may have made it during the wait.
	if b, _, err := s.Blobs.Get(ctx, s.Containers.Outputs, at, maxThumbnail); err == nil {
		return b, nil
	}
	img, err := full()
	if err != nil {
		return nil, err
	}
	w, h := img.Rect.Dx(), img.Rect.Dy()
	if longest := max(w, h); longest > side {
		img = imaging.Resize(img, max(1, w*side/longest), max(1, h*side/longest))
	}
	b, err = imaging.Encode(img, imaging.EncodeOptions{Format: imaging.WebP, Quality: 78})
	if err != nil {
		return nil, err
	}
	// Two processes may make it at the same time; both make the same.
	if err := s.Blobs.Put(ctx, s.Containers.Outputs, at, b, blob.PutOptions{ContentType: "image/webp"}); err != nil && !errors.Is(err, blob.ErrExists) {
		return nil, err
	}
	return b, nil
}

// thumbnailPath returns where the thumbnail of an attempt's picture is: in a step of its
// own, under the attempt's number; or of a photo, under its upload.
func thumbnailPath(output string) string { return besides(output, "-thumbnail/") }

func previewPath(output string) string { return besides(output, "-preview/") }

func besides(output, step string) string {
	name := path.Base(output)
	return path.Dir(output) + step + name[:len(name)-len(path.Ext(name))] + ".webp"
}
