package pipeline

import (
	"context"
	"errors"
	"fmt"
	"image"
	"slices"

	"github.com/opal-photo/opal/modules/cutout"
	"github.com/opal-photo/opal/modules/fault"
	"github.com/opal-photo/opal/modules/imaging"
	"github.com/opal-photo/opal/modules/picture"
	"github.com/opal-photo/opal/modules/provenance"
)

// Refiner changes a cut-out as people's hints say, on what its engine saw. It is safe
// for concurrent use. logits is nil where that was not kept; whole says that nothing
// had been found. Errors: picture.ErrHints; others are of kind Unavailable.
type Refiner interface {
	Refine(ctx context.Context, photo, cut *image.NRGBA, logits *image.Gray, whole bool, h picture.Hints) (*image.NRGBA, error)
}

// ErrNoHints says that this process can't follow hints.
var ErrNoHints = fault.New(fault.Unavailable, "refine_unavailable", "Cut-outs can't be changed here")

// RefineInput is the change of one item's cut-out.
type RefineInput struct {
	Draft *CutoutRecord // the version that the hints are about
	Hints picture.Hints
	// Review says which cut-outs a person has to look at.
	Review picture.Review
	// Raw fetches the photo's bytes.
	Raw func(ctx context.Context) ([]byte, error)
}

// WithRefiner returns the pipeline with what follows hints.
func (p *Pipeline) WithRefiner(r Refiner) *Pipeline {
	with := *p
	with.refiner = r
	return &with
}

// Refine makes a new version of a cut-out and keeps it in the artifacts, judged anew. A draft that
// a person has to look at makes a version that one has to look at.
//
// Errors: those of the decoder and of the Refiner; ErrNoHints.
func (p *Pipeline) Refine(ctx context.Context, in RefineInput, a Artifacts) (*CutoutRecord, error) {
	if p.refiner == nil {
		return nil, ErrNoHints
	}
	raw, err := in.Raw(ctx)
	if err != nil {
		return nil, fmt.Errorf("fetch the photo: %w", err)
	}
	photo, _, err := p.decoder.Decode(ctx, raw)
	if err != nil {
		return nil, fmt.Errorf("decode the photo: %w", err)
	}
	cut, err := loadOwn(ctx, a, in.Draft.Path)
	if err != nil {
		return nil, fmt.Errorf("load the cut-out: %w", err)
	}
	var logits *image.Gray
	if in.Draft.LogitsPath != "" {
		img, err := loadOwn(ctx, a, in.Draft.LogitsPath)
		switch {
		case err == nil:
			logits = grey(img)
		case !errors.Is(err, ErrNoArtifact) && fault.KindOf(err) != fault.NotFound: // without them the cut-out's alpha serves
			return nil, fmt.Errorf("load what the engine saw: %w", err)
		}
	}
	out, err := p.refiner.Refine(ctx, photo, cut, logits, in.Draft.Whole, in.Hints)
	if err != nil {
		return nil, fmt.Errorf("change the cut-out: %w", err)
	}
	b, err := imaging.Encode(out, imaging.EncodeOptions{Format: imaging.PNG, Effort: 1, XMP: provenance.XMP(imaging.SourceComposite, in.Draft.Marks)})
	if err != nil {
		return nil, fmt.Errorf("encode the cut-out: %w", err)
	}
	rec := *in.Draft
	rec.Clear = nil // of another outline
	is := Cutout{Image: cut, Logits: logits, Whole: in.Draft.Whole, Concerns: in.Draft.Concerns}
	if rec.Confidence != nil {
		is.Confidence = *rec.Confidence
	}
	Corrected(photo, &is, out, in.Hints)
	if rec.Confidence != nil {
		rec.Confidence = &is.Confidence
	}
	rec.Concerns = is.Concerns[:min(len(is.Concerns), maxConcerns)]
	if rec.NeedsReview = rec.NeedsReview || rec.Confidence != nil && in.Review.Wanted(is.Confidence); rec.NeedsReview {
		rec.ReviewReason = ReviewReason(&is)
	}
	rec.Whole, rec.Size, rec.Bounds = false, [2]int{photo.Rect.Dx(), photo.Rect.Dy()}, picture.BoxOf(AlphaBounds(out))
	if rec.Path, err = a.Put(ctx, "cutout", "png", "image/png", b); err != nil {
		return nil, fmt.Errorf("store the cut-out: %w", err)
	}
	return &rec, nil
}

// Corrected makes a cut-out the one that hints made of it, judged anew: a hint says what was wrong,
// not that all is right now. Where no product had been found the confidence stays 0.
func Corrected(photo *image.NRGBA, c *Cutout, after *image.NRGBA, h picture.Hints) {
	left := unsettled(c.Concerns, c.Image, after)
	if !c.Whole {
		c.Reason = "" // of another outline
		var found []picture.Concern
		c.Confidence, found = cutout.Judge(cutout.Draft{Photo: photo, Image: c.Image, Logits: c.Logits}, after, h, c.Confidence)
		for _, l := range left { // what nobody has settled, and what the measures don't see
			if !slices.ContainsFunc(found, func(f picture.Concern) bool { return f.Kind == l.Kind && f.Text == l.Text }) {
				if l.Kind == cutout.ConcernHints {
					c.Confidence = min(c.Confidence, cutout.HintedConfidence)
				}
				found = append(found, l)
			}
		}
		left = found
	}
	c.Image, c.Whole, c.Concerns = after, false, left
}

// settledShare is the share of a cut-out in a concern's place that is changed where a person
// has settled the concern.
const settledShare = .2

// unsettled returns the concerns that hints leave: those in whose place they changed hardly
// anything. Pictures are the cut-out before and after.
func unsettled(all []picture.Concern, before, after *image.NRGBA) (left []picture.Concern) {
	for _, c := range all {
		covered, changed := 0, 0
		place := c.Box.Rect().Intersect(before.Rect).Intersect(after.Rect)
		for y := place.Min.Y; y < place.Max.Y; y++ {
			for x := place.Min.X; x < place.Max.X; x++ {
				was, is := before.NRGBAAt(x, y).A > 127, after.NRGBAAt(x, y).A > 127
				if was || is {
					covered++
				}
				if was != is {
					changed++
				}
			}
		}
		if changed == 0 || float64(changed) < settledShare*float64(covered) {
			left = append(left, c)
		}
	}
	return left
}

// keepLogits stores what the engine saw, for hints later. It is of no use to the item
// itself: an engine that tells nothing keeps nothing.
func keepLogits(ctx context.Context, a Artifacts, g *image.Gray) (string, error) {
	if g == nil {
		return "", nil
	}
	img := image.NewNRGBA(image.Rect(0, 0, g.Rect.Dx(), g.Rect.Dy()))
	for y := range img.Rect.Dy() {
		for x := range img.Rect.Dx() {
			v := g.Pix[y*g.Stride+x]
			copy(img.Pix[img.PixOffset(x, y):], []uint8{v, v, v, 255})
		}
	}
	b, err := imaging.Encode(img, imaging.EncodeOptions{Format: imaging.PNG, Effort: 1})
	if err != nil {
		return "", fmt.Errorf("encode what the engine saw: %w", err)
	}
	path, err := a.Put(ctx, "logits", "png", "image/png", b)
	if err != nil {
		return "", fmt.Errorf("store what the engine saw: %w", err)
	}
	return path, nil
}

// grey returns a picture's first channel.
func grey(img *image.NRGBA) *image.Gray {
	g := image.NewGray(image.Rect(0, 0, img.Rect.Dx(), img.Rect.Dy()))
	for y := range g.Rect.Dy() {
		for x := range g.Rect.Dx() {
			g.Pix[y*g.Stride+x] = img.Pix[y*img.Stride+4*x]
		}
	}
	return g
}

// loadOwn decodes a picture that OPAL wrote.
func loadOwn(ctx context.Context, a Artifacts, path string) (*image.NRGBA, error) {
	b, err := a.Get(ctx, path)
	if err != nil {
		return nil, err
	}
	img, err := imaging.DecodeOwn(b)
	return img, err
}
