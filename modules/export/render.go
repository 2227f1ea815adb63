package export

import (
	"context"
	"fmt"
	"runtime"

	"golang.org/x/sync/errgroup"

	"github.com/opal-photo/opal/modules/imaging"
)

// Variant is one finished file.
type Variant struct {
	Preset        Preset
	File          []byte
	Width, Height int
	Checks        []Check
}

// Render makes the variants of the named presets from decoded layers and hands
// each to done as it is finished, from one goroutine at a time. It stops at the
// first error.
func Render(ctx context.Context, l *Layers, names []string, done func(Variant) error) error {
	var wanted []Preset
	longest := 1
	for _, n := range names {
		p, ok := find(n)
		if !ok {
			return ErrPreset.With("%q", n)
		}
		wanted = append(wanted, p)
		longest = max(longest, p.Width, p.Height)
	}
	product := l.product(longest)
	photo := max(l.CutoutBounds[2], l.CutoutBounds[3], 1)
	source := imaging.SourceComposite
	if l.Generated {
		source = imaging.SourceGenerated
	}
	results := make(chan Variant)
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		defer close(results)
		makers, ctx := errgroup.WithContext(ctx)
		makers.SetLimit(max(1, runtime.GOMAXPROCS(0)))
		for _, p := range wanted {
			if ctx.Err() != nil {
				break
			}
			makers.Go(func() error {
				img := compose(p, l, product)
				enlarged := enlargement(p, l, photo)
				o := imaging.EncodeOptions{Format: p.Format, Quality: p.Quality, ICC: true, XMP: imaging.SourceXMP(source)}
				if p.Format == imaging.PNG || p.Format == imaging.AVIF {
					o.Effort = fastEffort
				}
				file, err := imaging.Encode(img, o)
				if err != nil {
					return fmt.Errorf("encode %s: %w", p.Name, err)
				}
				checks, decoded, err := check(p, file, enlarged)
				if err != nil {
					return fmt.Errorf("%s: %w", p.Name, err)
				}
				select {
				case results <- Variant{p, file, decoded.Rect.Dx(), decoded.Rect.Dy(), checks}:
				case <-ctx.Done():
				}
				return ctx.Err()
			})
		}
		return makers.Wait()
	})
	var failed error
	for v := range results {
		if failed == nil {
			failed = done(v)
		}
	}
	if err := g.Wait(); failed == nil {
		failed = err
	}
	return failed
}

// fastEffort is the encoders' quick setting, for the formats that take longest:
// a tenth more bytes for a third of the time.
const fastEffort = 2

// enlargement is how many pixels of the variant one of the photo's becomes.
func enlargement(p Preset, l *Layers, photo int) float64 {
	w, h := fitProduct(max(1, l.CutoutBounds[2]), max(1, l.CutoutBounds[3]), p.Width, p.Height, p.Fill)
	return float64(max(w, h)) / float64(photo)
}
