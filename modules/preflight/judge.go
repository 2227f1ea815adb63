package preflight

import (
	"context"
	"errors"
	"fmt"
	"image"
	"io"
	"slices"
	"time"

	"github.com/opal-photo/opal/modules/channel"
	"github.com/opal-photo/opal/modules/check"
	"github.com/opal-photo/opal/modules/fault"
	"github.com/opal-photo/opal/modules/imagefile"
)

// photo is a file whose header has been judged.
type photo struct {
	file []byte
	info imagefile.Info
}

// readPhoto reads a file that is sent.
func readPhoto(f File) (photo, error) {
	b := make([]byte, f.Size)
	if _, err := io.ReadFull(f.Body, b); err != nil {
		return photo{}, fmt.Errorf("read the picture: %w", err)
	}
	info, err := imagefile.Inspect(b)
	return photo{file: b, info: info}, err
}

// maskError says of an error that it is the mask's.
func maskError(err error) error {
	if f, ok := fault.As(err); ok && !fault.IsTransient(err) {
		return ErrMask.With("%s: %s", f.Code, f.Text)
	}
	return err
}

func needProduct(presets []channel.Preset, on time.Time) bool {
	return slices.ContainsFunc(presets, func(p channel.Preset) bool { return check.NeedsProduct(p, on) })
}

// judge decodes a picture and holds it against presets. The product is where the mask
// says, or the picture's own transparency; else it is cut out, and without leave to do
// that the result is nil.
func (s *Service) judge(ctx context.Context, p photo, mask *photo, name string, presets []channel.Preset, on time.Time, cut bool) (*Result, error) {
	img, info, err := s.Decoder.Decode(ctx, p.file)
	if err != nil {
		return nil, err
	}
	sub := check.NewSubject(p.file, img, info)
	sub.Name = name
	r := &Result{Format: string(info.Format), Width: info.Width, Height: info.Height, Bytes: len(p.file), Verdict: check.Passed}
	if needProduct(presets, on) {
		switch {
		case mask != nil:
			m, _, err := s.Decoder.Decode(ctx, mask.file)
			if err != nil {
				return nil, maskError(err)
			}
			if m.Rect.Size() != img.Rect.Size() {
				return nil, ErrMask.With("the mask has %d × %d pixels, the picture %d × %d", m.Rect.Dx(), m.Rect.Dy(), img.Rect.Dx(), img.Rect.Dy())
			}
			at := check.Mask(m)
			if why := check.MaskFault(at); why != "" {
				return nil, ErrMask.With("%s", why)
			}
			sub.Place(at, check.ByMask, 1)
		case sub.Product != nil:
		case !cut:
			return nil, nil
		default:
			if err := s.locate(ctx, sub, img); err != nil {
				return nil, err
			}
		}
		r.Product = sub.Located()
	}
	for _, p := range presets {
		v := PresetVerdict{Preset: p.Name, Title: p.Title, Channel: p.Channel, Checks: sub.Judge(p, on)}
		v.Verdict = check.Verdict(v.Checks)
		if check.Worse(v.Verdict, r.Verdict) {
			r.Verdict = v.Verdict
		}
		r.Presets = append(r.Presets, v)
	}
	return r, nil
}

var errNoCutter = errors.New("this process has no engine that cuts out")

// locate cuts the product out.
func (s *Service) locate(ctx context.Context, sub *check.Subject, img *image.NRGBA) error {
	if s.Cutter == nil {
		return errNoCutter
	}
	c, err := s.Cutter.Cut(ctx, img)
	if err != nil {
		return err
	}
	sub.Place(check.AlphaOf(c.Image), check.ByCutter, c.Confidence)
	return nil
}
