package export

import (
	"cmp"
	"context"
	"fmt"
	"image"
	"runtime"
	"slices"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sync/semaphore"

	"github.com/opal-photo/opal/modules/channel"
	"github.com/opal-photo/opal/modules/check"
	"github.com/opal-photo/opal/modules/check/proof"
	"github.com/opal-photo/opal/modules/fault"
	"github.com/opal-photo/opal/modules/imaging"
	"github.com/opal-photo/opal/modules/picture"
	"github.com/opal-photo/opal/modules/provenance"
	"github.com/opal-photo/opal/modules/telemetry"
)

// Variant is one finished file.
type Variant struct {
	Preset        channel.Preset
	File          []byte
	Width, Height int // pixels
	Checks        []check.Check
	// Fidelity compares the product in the file, decoded, with the product in the
	// photo; nil where nothing was cut out.
	Fidelity *proof.Delivered
	// Unlit is Fidelity with the scene's light taken for a change; nil where none fell on the product.
	Unlit *proof.Delivered
	Place *provenance.Place // of the product in photo and file; nil likewise
}

// Render makes the variants of the named presets from decoded layers and hands
// each to done as it is finished, from one goroutine at a time. One that can't
// be made doesn't keep the others from being made; the first error is returned
// when all have ended. An error of done ends the work.
//
// Errors: channel.ErrPreset, ErrLayers, imaging.ErrEncode, those of done and of
// the context.
func Render(ctx context.Context, l *Layers, names []string, done func(Variant) error) error {
	var first error
	err := render(ctx, l, names, func(v Variant, err error) error {
		if err != nil {
			first = cmp.Or(first, fmt.Errorf("make %s: %w", v.Preset.Name, err))
			return nil
		}
		return done(v)
	})
	return cmp.Or(err, first)
}

// atOnce bounds the variants that are made at the same time in this process, whichever photos
// they are of: more than there are processors take memory and no less time.
var atOnce = semaphore.NewWeighted(int64(max(1, runtime.GOMAXPROCS(0))))

// render does the same as Render, and also calls done for each failure, with a
// variant that has only its preset, and the error.
func render(ctx context.Context, l *Layers, names []string, done func(Variant, error) error) error {
	wanted := make([]channel.Preset, 0, len(names))
	longest := 1
	for _, n := range names {
		p, ok := channel.Find(n)
		if !ok {
			return channel.ErrPreset.With("%q", n)
		}
		wanted = append(wanted, p)
		longest = max(longest, p.Width, p.Height)
	}
	l, err := l.sound()
	if err != nil {
		return err
	}
	prod := newProduct(l, longest)
	// the costly ones first, so that no processor idles at the end
	slices.SortStableFunc(wanted, func(a, b channel.Preset) int { return cmp.Compare(cost(b), cost(a)) })

	type result struct {
		Variant
		err error
	}
	results := make(chan result)
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		defer close(results)
		var makers errgroup.Group
		makers.SetLimit(max(1, runtime.GOMAXPROCS(0)))
		for _, p := range wanted {
			if ctx.Err() != nil {
				break
			}
			makers.Go(func() error {
				if ctx.Err() != nil || atOnce.Acquire(ctx, 1) != nil {
					return nil // and the context's error is returned below
				}
				var v Variant
				_, end := telemetry.Start(ctx, "variant "+p.Name)
				err := fault.Guard(func() (err error) { v, err = one(p, l, prod); return err })
				end(err)
				atOnce.Release(1)
				if err != nil {
					v = Variant{Preset: p}
				}
				select {
				case results <- result{v, err}:
				case <-ctx.Done():
				}
				return nil
			})
		}
		_ = makers.Wait()
		return ctx.Err()
	})
	g.Go(func() error {
		for r := range results {
			if err := done(r.Variant, r.err); err != nil {
				return err
			}
		}
		return nil
	})
	err = g.Wait() // nobody uses the product any more
	prod.recycle()
	return err
}

// one makes, encodes and checks a variant. Where its channel refuses it with the shadow that
// was wished under it, or at the scale of its set, it is made without.
func one(p channel.Preset, l *Layers, prod *product) (Variant, error) {
	v, err := made(p, l, prod)
	if err != nil || check.Worst(v.Checks) != channel.Reject {
		return v, err
	}
	for _, less := range l.lessOf(p) {
		if without, err := made(p, less, prod.of(less)); err == nil && check.Worst(without.Checks) != channel.Reject {
			return without, nil
		}
	}
	return v, nil
}

// lessOf returns the layers without what was wished of a preset's variant beside its picture,
// one thing after another: the shadow, the scale of the product's set, and both.
func (l *Layers) lessOf(p channel.Preset) (out []*Layers) {
	shadow := l.shadowOf(p) != picture.ShadowDrop
	kx, ky := l.room()
	for _, less := range []struct{ shadowless, alone, wanted bool }{
		{true, false, shadow}, {false, true, kx > 1 || ky > 1}, {true, true, shadow && (kx > 1 || ky > 1)},
	} {
		if less.wanted {
			bare := *l
			bare.shadowless, bare.alone = less.shadowless, less.alone
			out = append(out, &bare)
		}
	}
	return out
}

func made(p channel.Preset, l *Layers, prod *product) (Variant, error) {
	v := Variant{Preset: p}
	prod = prod.forOne()
	defer prod.recycleLast()
	img := compose(p, l, prod) // of its own
	defer imaging.Recycle(img)
	how := l.made(p)
	o := imaging.EncodeOptions{Format: imaging.Format(p.Format), Quality: p.Quality, ICC: true, XMP: provenance.XMP(how, l.Marks.With(l.Rights))}
	o.Effort = efforts[p.Format]
	facts := check.Facts{Source: provenance.Strongest(how, l.Marks), Enlarged: enlargement(p, l), On: l.On, Edge: l.Anchor}
	at, known := place(p, l, prod)
	var shown, original *image.NRGBA
	light := l.lightOn(p)
	if known {
		var window image.Rectangle
		shown, window = placed(p, l, prod, at)
		facts.Product = maskAt(shown, at, img.Rect.Dx(), img.Rect.Dy())
		part, seen := seenPart(window, at, img.Rect)
		where := provenance.PlaceOf(part, l.Cutout.Rect.Size(), seen, img.Rect.Size())
		v.Place, o.XMP = &where, provenance.WithPlace(o.XMP, where)
		if original = shown; light != nil { // the file says what light fell on it, so that anybody can take it into account
			shown = light.On(shown)
			b, err := light.Encode()
			if err != nil {
				return v, err
			}
			o.XMP = provenance.WithLight(o.XMP, b)
		}
	}
	var err error
	if v.File, err = imaging.Encode(img, o); err != nil {
		return v, err
	}
	v.Width, v.Height = img.Rect.Dx(), img.Rect.Dy()
	if !known { // there is no other encoding to look for, and the check decodes into their memory
		prod.recycleLast()
		imaging.Recycle(img)
	}
	pic, checks, err := check.File(p, v.File, facts)
	if err != nil {
		return v, err
	}
	defer func() { imaging.Recycle(pic.Image) }() // that of the file which is delivered
	v.Checks = checks
	if known {
		d := prove(shown, pic.Image, at)
		if limits := check.Limits(p); check.Provable(p) && d.Within(limits.Inner()) != "" {
			again := func(decoded *image.NRGBA) proof.Delivered { return prove(shown, decoded, at) }
			file, decoded, better := finer(p, img, o, limits.Inner(), false, again)
			if file == nil && d.Within(limits) != "" { // no encoding has a margin
				file, decoded, better = finer(p, img, o, limits, true, again)
			}
			if file != nil {
				imaging.Recycle(pic.Image)
				v.File, d, pic.Image = file, better, decoded
				if _, v.Checks, err = check.Decoded(p, v.File, decoded, facts); err != nil {
					return v, err
				}
			}
		}
		if v.Fidelity = &d; light != nil {
			unlit := prove(original, pic.Image, at)
			v.Unlit = &unlit
		}
		v.Checks = append(v.Checks, check.Proof(p, d))
	}
	return v, nil
}

// efforts are the encoders' settings, for the formats that take longest. PNG at 4 takes a
// sixth more time than at 2 and a tenth fewer bytes, and at 6 six times as much for a
// seventh fewer; AVIF takes twice the time for each step and hardly fewer bytes.
var efforts = map[channel.Format]int{channel.PNG: 4, channel.AVIF: 2}

// slowness is how long a format takes to encode and check, by the pixel and
// compared with JPEG.
var slowness = map[channel.Format]int{channel.JPEG: 1, channel.WebP: 2, channel.PNG: 3, channel.AVIF: 4}

func cost(p channel.Preset) int { return p.Width * p.Height * slowness[p.Format] }

// enlargement is how many pixels of the variant one of the photo's becomes.
func enlargement(p channel.Preset, l *Layers) float64 {
	if p.Background == channel.Swatch {
		return 1
	}
	b := l.CutoutBounds
	kx, ky := l.room()
	rw, rh := times(b[2], kx), times(b[3], ky)
	w, h := picture.Fit(rw, rh, p.Width, p.Height, p.Fill)
	if p.Background == channel.Scene {
		switch {
		case (l.Backdrop == nil || l.Original) && l.whole():
			w, h = picture.Fit(b[2], b[3], p.Width, p.Height, 1)
		case l.Backdrop != nil && l.Original:
			return float64(p.Width) / float64(photoWindow(p, &l.Source).Dx())
		case l.Backdrop != nil && l.ContainsProduct:
			_, at := reframe(p, &l.Source)
			w, h, rw, rh = at.Dx(), at.Dy(), b[2], b[3]
		default:
			w, h = inScene(rw, rh, p)
		}
	}
	return max(float64(w)/float64(rw), float64(h)/float64(rh))
}
