package export

import (
	"image"
	"image/color"
	"image/draw"
	"maps"
	"math"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"testing"

	"golang.org/x/sync/errgroup"

	"github.com/opal-photo/opal/modules/channel"
	"github.com/opal-photo/opal/modules/check"
	"github.com/opal-photo/opal/modules/check/proof"
	"github.com/opal-photo/opal/modules/imaging"
	"github.com/opal-photo/opal/modules/picture"
)

// glyphs are letters of five by seven dots.
var glyphs = [][7]uint8{
	{31, 16, 16, 30, 16, 16, 31}, {31, 16, 16, 30, 16, 16, 16}, {17, 17, 17, 31, 17, 17, 17}, {14, 17, 16, 16, 16, 17, 14}, {14, 17, 17, 17, 17, 17, 14},
	{30, 17, 17, 30, 16, 16, 16}, {30, 17, 17, 30, 20, 18, 17}, {14, 17, 16, 14, 1, 17, 14}, {31, 4, 4, 4, 4, 4, 4}, {17, 17, 10, 4, 10, 17, 17},
}

// write draws a letter of a height.
func write(img *image.NRGBA, glyph [7]uint8, x, y, height int, ink color.NRGBA) {
	for r := range 7 {
		for c := range 5 {
			if glyph[r]>>(4-c)&1 == 1 {
				draw.Draw(img, image.Rect(x+c*height/7, y+r*height/7, x+(c+1)*height/7, y+(r+1)*height/7), image.NewUniform(ink), image.Point{}, draw.Src)
			}
		}
	}
}

// ware is a product for the suite: a coloured body with soft shading, a fine pattern,
// a label with letters and, for one in two, edges between saturated colours.
type ware struct {
	img      *image.NRGBA
	edges    bool
	label    image.Rectangle
	inkLabel [2]color.NRGBA
}

func newWare(r *rand.Rand, side int) ware {
	w := ware{img: image.NewNRGBA(image.Rect(0, 0, side, side)), edges: r.IntN(2) == 0}
	hue := r.IntN(3)
	base := [3]float64{40 + r.Float64()*40, 40 + r.Float64()*40, 40 + r.Float64()*40}
	base[hue] = 170 + r.Float64()*60
	second := [3]float64{base[1], base[2], base[0]}
	for y := range side {
		for x := range side {
			u, v := float64(x)/float64(side)*2-1, float64(y)/float64(side)*2-1
			if math.Pow(math.Abs(u), 4)+math.Pow(math.Abs(v), 4) > .92 {
				continue
			}
			c := base
			if w.edges && v > .35 && int(float64(x)/float64(side)*14)%2 == 0 {
				c = second
			}
			k := .78 + .22*math.Sqrt(max(0, 1-u*u)) + .03*math.Sin(float64(x)/6)*math.Sin(float64(y)/5)
			w.img.SetNRGBA(x, y, color.NRGBA{uint8(c[0] * k), uint8(c[1] * k), uint8(c[2] * k), 255})
		}
	}
	w.label = image.Rect(side/5, side/3, side*4/5, side*3/5)
	w.inkLabel = [2]color.NRGBA{{238, 232, 220, 255}, {40, 36, 44, 255}}
	draw.Draw(w.img, w.label, image.NewUniform(w.inkLabel[0]), image.Point{}, draw.Src)
	for i := range 8 {
		write(w.img, glyphs[r.IntN(len(glyphs))], w.label.Min.X+side/40+i*side/14, w.label.Min.Y+side/12, side/20, w.inkLabel[1])
	}
	return w
}

// mutations change a product as it is placed, and return nil where the change can't be
// seen by the suite's own terms.
var mutations = map[string]func(w ware, img *image.NRGBA, r *rand.Rand) *image.NRGBA{
	"hue by 2 degrees": func(_ ware, img *image.NRGBA, r *rand.Rand) *image.NRGBA {
		s, k := math.Sincos(float64(2*(2*r.IntN(2)-1)) * math.Pi / 180)
		out := clone(img)
		for i := 0; i < len(out.Pix); i += 4 {
			p := out.Pix[i : i+3]
			y := .299*float64(p[0]) + .587*float64(p[1]) + .114*float64(p[2])
			a, q := .596*float64(p[0])-.274*float64(p[1])-.322*float64(p[2]), .211*float64(p[0])-.523*float64(p[1])+.312*float64(p[2])
			a, q = a*k-q*s, a*s+q*k
			for c, v := range [3]float64{y + .956*a + .621*q, y - .272*a - .647*q, y - 1.106*a + 1.703*q} {
				p[c] = uint8(max(0, min(255, v+.5)))
			}
		}
		return out
	},
	"another letter": func(w ware, img *image.NRGBA, r *rand.Rand) *image.NRGBA {
		k := float64(img.Rect.Dx()) / float64(w.img.Rect.Dx())
		side := float64(w.img.Rect.Dx())
		height := int(side / 20 * k)
		if height < 12 {
			return nil
		}
		i := r.IntN(8)
		x, y := int((float64(w.label.Min.X)+side/40+float64(i)*side/14)*k), int((float64(w.label.Min.Y)+side/12)*k)
		out := clone(img)
		before := clone(img)
		draw.Draw(out, image.Rect(x-1, y-1, x+height*5/7+2, y+height+2), image.NewUniform(w.inkLabel[0]), image.Point{}, draw.Src)
		write(out, glyphs[r.IntN(len(glyphs))], x, y, height, w.inkLabel[1])
		changed := 0
		for i := 0; i < len(out.Pix); i += 4 {
			if max(int(out.Pix[i]), int(before.Pix[i]))-min(int(out.Pix[i]), int(before.Pix[i])) > 100 {
				changed++
			}
		}
		if changed < height*height/24 { // it is the same letter
			return nil
		}
		return out
	},
	"1 % wider": func(_ ware, img *image.NRGBA, _ *rand.Rand) *image.NRGBA {
		w, h := img.Rect.Dx(), img.Rect.Dy()
		if w < 200 {
			return nil
		}
		big := imaging.Resize(img, int(float64(w)*1.01+.5), h)
		out := image.NewNRGBA(img.Rect)
		draw.Draw(out, out.Rect, big, image.Pt((big.Rect.Dx()-w)/2, 0), draw.Src)
		return out
	},
	"halved colour": func(w ware, img *image.NRGBA, _ *rand.Rand) *image.NRGBA {
		if !w.edges {
			return nil
		}
		flat := image.NewNRGBA(img.Rect)
		draw.Draw(flat, flat.Rect, image.White, image.Point{}, draw.Src)
		imaging.Over(flat, img, image.Point{})
		b, err := imaging.Encode(flat, imaging.EncodeOptions{Format: imaging.JPEG, Quality: 80})
		if err != nil {
			return nil
		}
		out, err := imaging.DecodeOwn(b)
		if err != nil {
			return nil
		}
		for i := 3; i < len(out.Pix); i += 4 {
			out.Pix[i] = img.Pix[i]
		}
		return out
	},
	"sharpened": func(_ ware, img *image.NRGBA, _ *rand.Rand) *image.NRGBA {
		w, h := img.Rect.Dx(), img.Rect.Dy()
		soft := imaging.Resize(imaging.Resize(img, w/2, h/2), w, h)
		out := clone(img)
		for i := range out.Pix {
			if i%4 != 3 {
				out.Pix[i] = uint8(max(0, min(255, 2.5*float64(img.Pix[i])-1.5*float64(soft.Pix[i])+.5)))
			}
		}
		return out
	},
	"one pixel": func(_ ware, img *image.NRGBA, r *rand.Rand) *image.NRGBA {
		by := []image.Point{{X: 1}, {X: -1}, {Y: 1}, {Y: -1}}[r.IntN(4)]
		out := clone(img)
		draw.Draw(out, out.Rect.Add(by), img, image.Point{}, draw.Src)
		return out
	},
}

func clone(img *image.NRGBA) *image.NRGBA {
	return &image.NRGBA{Pix: slices.Clone(img.Pix), Stride: img.Stride, Rect: img.Rect}
}

// figures are printed with all their fields.
type figures proof.Delivered

// few files have all of their figures logged; of many the count is, now and then.
const few, progress = 20, 100

// The limits of `make proof`.
const (
	leastFound = 0.99
	mostAlarms = 0.005
)

// mutated measures a file of a preset in which the product is changed, in one of the
// kinds that can be seen in it.
func mutated(p channel.Preset, l *Layers, prod *product, w ware, kinds []string, r *rand.Rand) (string, proof.Delivered, error) {
	at, _ := place(p, l, prod)
	placed, shown := prod.at(at.Dx(), at.Dy()), compose(p, l, prod)
	var kind string
	var changed *image.NRGBA
	for changed == nil {
		kind = kinds[r.IntN(len(kinds))]
		if kind == "halved colour" && p.Format == channel.WebP { // which halves it always
			continue
		}
		changed = mutations[kind](w, placed, r)
	}
	imaging.Over(shown, changed, at.Min)
	b, err := imaging.Encode(shown, imaging.EncodeOptions{Format: imaging.Format(p.Format), Quality: max(90, p.Quality), Effort: efforts[p.Format]})
	if err != nil {
		return kind, proof.Delivered{}, err
	}
	decoded, err := imaging.DecodeOwn(b)
	if err != nil {
		return kind, proof.Delivered{}, err
	}
	return kind, prove(placed, decoded, at), nil
}

// Files that OPAL delivers keep the limits of proof, and such with a changed product
// don't. `make proof` runs it over thousands of files, the tests over a few.
func TestProofFindsChangedProducts(t *testing.T) {
	files, seed := 4, uint64(1)
	if n, err := strconv.Atoi(os.Getenv("OPAL_PROOF_FILES")); err == nil {
		files = n
	}
	if n, err := strconv.Atoi(os.Getenv("OPAL_PROOF_SEED")); err == nil {
		seed = uint64(n)
	}
	var presets []channel.Preset
	for _, p := range channel.Presets() {
		if files < few && p.Width*p.Height > 1600*1600 { // the tests' few are small ones
			continue
		}
		if check.Provable(p) && p.Background != channel.Scene { // a scene changes nothing of what is compared
			presets = append(presets, p)
		}
	}
	kinds := slices.Sorted(maps.Keys(mutations))
	found, of := map[string]int{}, map[string]int{}
	alarms, caught, done := 0, 0, 0
	var counts sync.Mutex
	var work errgroup.Group
	work.SetLimit(runtime.GOMAXPROCS(0))
	for i := range files {
		work.Go(func() error {
			r := rand.New(rand.NewPCG(seed, uint64(i)))
			p := presets[r.IntN(len(presets))]
			w := newWare(r, 500+r.IntN(500))
			l := &Layers{Source: Source{Layers: picture.Layers{CutoutBounds: picture.BoxOf(w.img.Rect)}, Filename: "x.jpg"}, Cutout: w.img}
			prod := newProduct(l, max(p.Width, p.Height)).forOne()
			v, err := one(p, l, prod)
			if err != nil {
				return err
			}
			honest := *v.Fidelity
			alarm := honest.Within(check.Limits(p))
			kind, changed, err := mutated(p, l, prod, w, kinds, r)
			if err != nil {
				return err
			}
			told := changed.Within(check.Limits(p))

			counts.Lock()
			defer counts.Unlock()
			if files < few {
				t.Logf("%s: %+v, %s: %+v", p.Name, figures(honest), kind, figures(changed))
			}
			if alarm != "" {
				alarms++
				t.Logf("file %d, false alarm in %s: %s %+v", i, p.Name, alarm, figures(honest))
			}
			of[kind]++
			if told == "" {
				t.Logf("file %d, missed in %s: %s %+v", i, p.Name, kind, figures(changed))
			} else {
				found[kind]++
				caught++
			}
			if done++; done%progress == 0 {
				t.Logf("%d of %d files: %d found, %d false alarms", done, files, caught, alarms)
			}
			return nil
		})
	}
	if err := work.Wait(); err != nil {
		t.Fatal(err)
	}
	for _, k := range kinds {
		t.Logf("%-18s %d of %d found", k, found[k], of[k])
	}
	recall, falsely := float64(caught)/float64(files), float64(alarms)/float64(files)
	t.Logf("seed %d: %d mutated files, %.4f found; %d honest files, %.4f false alarms", seed, files, recall, files, falsely)
	if recall < leastFound || falsely > mostAlarms {
		t.Errorf("found %.4f, false alarms %.4f", recall, falsely)
	}
}
