package app

import (
	"context"
	"crypto/sha256"
	"fmt"
	"image"
	"slices"
	"sync"
	"sync/atomic"

	"golang.org/x/sync/semaphore"

	"github.com/opal-photo/opal/modules/api"
	"github.com/opal-photo/opal/modules/brand"
	"github.com/opal-photo/opal/modules/client"
	"github.com/opal-photo/opal/modules/imagefile"
	"github.com/opal-photo/opal/modules/imaging"
	"github.com/opal-photo/opal/modules/job"
	"github.com/opal-photo/opal/modules/picture"
	"github.com/opal-photo/opal/modules/pipeline"
	"github.com/opal-photo/opal/modules/pipeline/studio"
)

// Limits of previews. They are made in the API's process, which has other work.
const (
	// previewsWaiting bounds how many calls wait for their turn.
	previewsWaiting = 24
	// previewCutouts is how many small cut-outs are kept: 1 MB each at most.
	previewCutouts = 24
	// photoPreviewSide is the side, in pixels, of a photo's preview: several are shown
	// beside each other.
	photoPreviewSide = 360
	// cutPreviewSide is the longer side, in pixels, at which a photo is cut out for previews:
	// a second of work or two, whose result is kept for the next call.
	cutPreviewSide = 448
	// smallPlate is the longer side, in pixels, to which a plate is reduced for previews.
	smallPlate = 720
)

// previews makes small pictures of what would be made, with OPAL's own scenes, one call
// after another.
type previews struct {
	jobs    *job.Service
	brands  *brand.Service
	plates  plateSource
	decoder *imaging.Decoder
	cutter  pipeline.Cutter
	placer  *studio.Placer

	turn    *semaphore.Weighted
	waiting atomic.Int64
	cutouts recent[string, *image.NRGBA]               // by the path of the cut-out
	photos  recent[[sha256.Size]byte, pipeline.Cutout] // of photos that are not uploaded
	small   recent[string, []byte]                     // plates, by their path
}

func newPreviews(jobs *job.Service, brands *brand.Service, plates plateSource, decoder *imaging.Decoder, cutter pipeline.Cutter) *previews {
	return &previews{
		jobs: jobs, brands: brands, plates: plates, decoder: decoder, cutter: cutter, placer: studio.NewPlacer(2), turn: semaphore.NewWeighted(1),
		cutouts: recent[string, *image.NRGBA]{most: previewCutouts}, small: recent[string, []byte]{most: previewCutouts},
		photos: recent[[sha256.Size]byte, pipeline.Cutout]{most: previewCutouts},
	}
}

// previewCutter opens the background removal of photos' previews: OPAL's own network, as that of
// pictures where no larger model works, and the classical engine alone where pictures have that.
// A larger model isn't asked here: it takes the processors from the pictures in work.
func previewCutter(chosen string) (pipeline.Cutter, error) {
	if chosen == "studio" {
		return studio.Cutter{}, nil
	}
	return studio.NewOwnCutter()
}

// inTurn waits for the calls before. Error: api.ErrPreviewBusy when there are too many.
func (p *previews) inTurn(ctx context.Context) (done func(), err error) {
	defer p.waiting.Add(-1)
	if p.waiting.Add(1) > previewsWaiting {
		return nil, api.ErrPreviewBusy
	}
	if err := p.turn.Acquire(ctx, 1); err != nil {
		return nil, err
	}
	return func() { p.turn.Release(1) }, nil
}

// OfItem shows a finished item's picture as it would be with other wishes.
func (p *previews) OfItem(ctx context.Context, o job.Other) (api.Preview, error) {
	in, file, err := p.jobs.Draft(ctx, o)
	if err != nil {
		return api.Preview{}, err
	}
	done, err := p.inTurn(ctx)
	if err != nil {
		return api.Preview{}, err
	}
	defer done()
	cut, err := p.cutouts.get(in.Done.Cutout.Path, func() (*image.NRGBA, error) {
		b, err := file()
		if err != nil {
			return nil, err
		}
		img, err := imaging.DecodeOwn(b)
		if err != nil {
			return nil, err
		}
		return studio.Small(img, pipeline.PreviewSide), nil
	})
	if err != nil {
		return api.Preview{}, err
	}
	return p.render(ctx, in, cut, pipeline.PreviewSide)
}

// OfPhoto shows a photo, which is not uploaded, in scenes.
func (p *previews) OfPhoto(ctx context.Context, tenantID string, r api.PhotoPreview) (all []api.Preview, found bool, err error) {
	look, err := p.look(ctx, tenantID, r)
	if err != nil {
		return nil, false, err
	}
	in := pipeline.Input{TenantID: tenantID, Filename: r.Filename, Prompt: r.Prompt, Look: look}
	inputs := make([]pipeline.Input, len(r.Scenes))
	for i, s := range r.Scenes {
		clean, ok := picture.CleanScene(s)
		if !ok {
			return nil, false, job.ErrSceneType.With("%.60q%s", s, picture.SceneHint(s))
		}
		inputs[i] = in
		inputs[i].Scene = clean
		if id, ok := picture.ParsePlate(clean); ok {
			if err := p.plates.CheckPlate(ctx, tenantID, id); err != nil {
				return nil, false, err
			}
		}
	}
	info, err := imagefile.Inspect(r.Photo)
	if err != nil {
		return nil, false, err
	}
	if max(info.Width, info.Height) > api.MaxPreviewSide {
		return nil, false, api.ErrPreviewSize.With("it is %d × %d", info.Width, info.Height)
	}
	done, err := p.inTurn(ctx)
	if err != nil {
		return nil, false, err
	}
	defer done()
	cut, err := p.photos.get(sha256.Sum256(r.Photo), func() (pipeline.Cutout, error) {
		img, _, err := p.decoder.Decode(ctx, r.Photo)
		if err != nil {
			return pipeline.Cutout{}, err
		}
		c, err := p.cutter.Cut(ctx, studio.Small(img, cutPreviewSide))
		return pipeline.Cutout{Image: c.Image, Whole: c.Whole}, err
	})
	if err != nil {
		return nil, false, err
	}
	for _, in := range inputs {
		one, err := p.render(ctx, in, cut.Image, photoPreviewSide)
		if err != nil {
			return nil, false, err
		}
		all = append(all, one)
	}
	return all, !cut.Whole, nil
}

// look returns the look of a photo's previews: of a brand that is kept, or of a draft.
func (p *previews) look(ctx context.Context, tenantID string, r api.PhotoPreview) (picture.Look, error) {
	if r.Draft != nil {
		draft, err := p.brands.Checked(ctx, tenantID, *r.Draft)
		return lookOf(draft), err
	}
	id := r.Brand
	if id == "" {
		id = brand.DefaultID
	}
	b, err := p.brands.Get(ctx, tenantID, id)
	return lookOf(b), err
}

func (p *previews) render(ctx context.Context, in pipeline.Input, cut *image.NRGBA, side int) (api.Preview, error) {
	if id, ok := picture.ParsePlate(in.Scene); ok {
		in.Plate = func(ctx context.Context) (pipeline.Plate, error) { return p.plate(ctx, in.TenantID, id) }
	}
	placement, err := pipeline.PlaceSmall(ctx, &in, cut, side)
	if err != nil {
		return api.Preview{}, err
	}
	out, err := p.placer.Preview(ctx, placement)
	if err != nil {
		return api.Preview{}, err
	}
	concerns := []client.Concern{}
	for _, c := range in.FrameConcerns(out.At, image.Rect(0, 0, out.Width, out.Height)) {
		concerns = append(concerns, client.Concern{Kind: c.Kind, Text: c.Text})
	}
	return api.Preview{SceneType: in.Scene, Concerns: concerns, Image: out.JPEG, Width: out.Width, Height: out.Height, Box: out.Box, Floor: out.Floor, Horizon: out.Horizon, Note: out.Note}, nil
}

// plate returns a small copy of a plate.
func (p *previews) plate(ctx context.Context, tenantID, id string) (pipeline.Plate, error) {
	row, err := p.plates.plates.Get(ctx, tenantID, id)
	if err != nil {
		return pipeline.Plate{}, err
	}
	file, err := p.small.get(row.Path, func() ([]byte, error) {
		whole, err := p.plates.Plate(ctx, tenantID, id)
		if err != nil {
			return nil, err
		}
		img, err := imaging.DecodeOwn(whole.File)
		if err != nil {
			return nil, fmt.Errorf("decode plate %s: %w", id, err)
		}
		return imaging.Encode(studio.Small(img, smallPlate), imaging.EncodeOptions{Format: imaging.JPEG, Quality: 90})
	})
	return pipeline.Plate{File: file, Plate: row.Plate}, err
}

// recent keeps what was made last, by a key. It is safe for concurrent use; two calls
// with one key may both make it.
type recent[K comparable, T any] struct {
	most int
	mu   sync.Mutex
	rows []recentRow[K, T] // the latest last
}

type recentRow[K comparable, T any] struct {
	key   K
	value T
}

func (r *recent[K, T]) get(key K, make func() (T, error)) (T, error) {
	r.mu.Lock()
	if i := slices.IndexFunc(r.rows, func(row recentRow[K, T]) bool { return row.key == key }); i >= 0 {
		row := r.rows[i]
		r.rows = append(slices.Delete(r.rows, i, i+1), row)
		r.mu.Unlock()
		return row.value, nil
	}
	r.mu.Unlock()
	v, err := make()
	if err != nil {
		return v, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.rows = append(r.rows, recentRow[K, T]{key, v}); len(r.rows) > r.most {
		r.rows = slices.Delete(r.rows, 0, 1)
	}
	return v, nil
}
