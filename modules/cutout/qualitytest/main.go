// Command qualitytest measures the cut-outs and prints one table: what `make
// quality` runs. Its engines are
//
//   - studio: the built-in engine without a network;
//   - network: the operator's model alone, where one is there (--models, --model);
//   - joined: that model with the built-in engine;
//   - own: OPAL's own network alone;
//   - built-in: and as CUTOUT_ENGINE=own uses it.
//
// --engines studio,joined measures only those. The pictures are
//
//   - generated photographs with known coverage, of seeds that nothing is tuned on;
//   - --alpha DIR: photographs NAME.jpg, .png or .webp with their coverage NAME_a.png;
//   - --photos DIR: photographs without, and --judgements FILE, what a person thought of
//     their cut-outs. --out DIR keeps the cut-outs to be judged, a folder for each engine.
//
// A file of judgements has a line for each cut-out that was judged, by whichever engine:
// NAME, engine and verdict, with tabs between them, and a remark after another tab.
// A verdict is P (publishable), M (a minor flaw) or U (unusable).
//
//	# name, engine, verdict, remark
//	mug	studio	M	a rest of the shadow under the handle
//	mug	joined	P
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"image"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/opal-photo/opal/modules/cutout"
	"github.com/opal-photo/opal/modules/cutout/cutouttest"
	"github.com/opal-photo/opal/modules/imaging"
	"github.com/opal-photo/opal/modules/pipeline/onnx"
	"github.com/opal-photo/opal/modules/sandbox"
)

// heldOut is the first of the generator's seeds that nothing is tuned on.
const heldOut = 5000

type options struct {
	seeds                        int
	first                        uint64
	alpha, photos, judged, out   string
	models, model, runtime, only string
	engines                      string
}

func main() {
	sandbox.ServeIfChild(map[string]sandbox.Handler{onnx.ChildKind: onnx.ChildHandler(), imaging.ChildKind: imaging.ChildHandler(nil)})
	var o options
	flag.IntVar(&o.seeds, "seeds", 1, "generated photographs per tier and shape; 0: none")
	flag.Uint64Var(&o.first, "first", heldOut, "first seed; rules and weights are tuned below 1000")
	flag.StringVar(&o.alpha, "alpha", "", "folder of photographs with their coverage beside them, NAME_a.png")
	flag.StringVar(&o.photos, "photos", "", "folder of photographs without")
	flag.StringVar(&o.judged, "judgements", "", "file of judgements: lines of NAME, engine and P (publishable), M (a minor flaw) or U (unusable), and a remark, with tabs between them")
	flag.StringVar(&o.engines, "engines", "", "engines to measure, with commas between them: "+strings.Join(engineNames[:], ", ")+"; without it, all")
	flag.StringVar(&o.out, "out", "", "folder for the cut-outs of photographs, one a folder for each engine")
	flag.StringVar(&o.models, "models", onnx.DefaultDir(), "folder of opal models")
	flag.StringVar(&o.model, "model", "", "the model's name; without it, the one that is there")
	flag.StringVar(&o.runtime, "runtime", "", "ONNX Runtime's library")
	flag.StringVar(&o.only, "only", "", "only photographs whose names begin so")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, o); err != nil {
		fmt.Fprintln(os.Stderr, "quality:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, o options) error {
	judged, err := readJudgements(o.judged) // before the work of an hour
	if err != nil {
		return err
	}
	b, err := openBench(o)
	if err != nil {
		return err
	}
	defer b.close()
	sets, err := b.sets(ctx, o, judged)
	if len(sets) == 0 {
		return err
	}
	// Where a run is ended, the table is of what was measured until then.
	var all []row
	for _, s := range sets {
		if s.judged != nil {
			photographs(os.Stdout, s)
		}
		if s.whole {
			all = append(all, s.rows...)
		}
	}
	looks(os.Stdout, all)
	reliability(os.Stdout, sets)
	table(os.Stdout, sets)
	return err
}

// sets measures all that was asked for. With an error come those that were measured before it.
func (b *bench) sets(ctx context.Context, o options, judged verdicts) (sets []set, err error) {
	if o.seeds > 0 {
		if sets, err = b.generated(ctx, o); err != nil {
			return sets, err
		}
	}
	if o.alpha != "" {
		s, err := b.known(ctx, o)
		if sets = append(sets, s); err != nil {
			return sets, err
		}
	}
	if o.photos != "" {
		s, err := b.photographs(ctx, o, judged)
		if sets = append(sets, s); err != nil {
			return sets, err
		}
	}
	return sets, nil
}

// generated measures the generator's tiers: a set each, and one of all.
func (b *bench) generated(ctx context.Context, o options) (sets []set, err error) {
	all := set{name: "generated", truth: true, whole: true}
	for _, t := range cutouttest.Tiers() {
		s := set{name: string(t), truth: true}
		for _, f := range cutouttest.Families() {
			for n := range o.seeds {
				p := cutouttest.New(t, f, 1200, 900, o.first+uint64(n))
				r, err := b.measure(ctx, p.Name, p.Image)
				if err != nil {
					return append(sets, all), err
				}
				r.score(p.Alpha)
				s.rows = append(s.rows, r)
			}
		}
		b.progress("generated photographs, %s", t)
		all.rows = append(all.rows, s.rows...)
		sets = append(sets, s)
	}
	return append(sets, all), nil
}

// known measures a folder of photographs with their coverage.
func (b *bench) known(ctx context.Context, o options) (set, error) {
	s := set{name: "known coverage", truth: true, whole: true}
	files, err := pictures(o.alpha, o.only)
	if err != nil {
		return s, err
	}
	for _, f := range files {
		mask, err := b.read(ctx, strings.TrimSuffix(f, filepath.Ext(f))+"_a.png")
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return s, err
		}
		img, err := b.read(ctx, f)
		if err != nil {
			return s, err
		}
		if mask.Rect.Size() != img.Rect.Size() {
			return s, fmt.Errorf("%s and its coverage are not of one size", f)
		}
		alpha := image.NewAlpha(mask.Rect)
		for i := range alpha.Pix {
			alpha.Pix[i] = mask.Pix[4*i]
		}
		r, err := b.measure(ctx, name(f), img)
		if err != nil {
			return s, err
		}
		r.score(alpha)
		s.rows = append(s.rows, r)
	}
	b.progress("photographs with known coverage, %s", o.alpha)
	return s, nil
}

// photographs measures a folder against a person's judgements.
func (b *bench) photographs(ctx context.Context, o options, judged verdicts) (set, error) {
	s := set{name: "photographs", judged: verdicts{}, whole: true}
	for name, of := range judged {
		if strings.HasPrefix(name, o.only) {
			s.judged[name] = of
		}
	}
	files, err := pictures(o.photos, o.only)
	if err != nil {
		return s, err
	}
	for n, f := range files {
		img, err := b.read(ctx, f)
		if err != nil {
			return s, err
		}
		r, err := b.measure(ctx, name(f), img)
		if err != nil {
			return s, err
		}
		if o.out != "" {
			if err := r.save(o.out); err != nil {
				return s, err
			}
		}
		r.drop()
		s.rows = append(s.rows, r)
		if (n+1)%10 == 0 || n+1 == len(files) {
			b.progress("photographs, %d of %d", n+1, len(files))
		}
	}
	return s, nil
}

// progress says on standard error what is done: the table comes when all is.
func (b *bench) progress(format string, args ...any) {
	fmt.Fprintf(os.Stderr, "measured: "+format+"\n", args...)
}

// pictures lists a folder's photographs.
func pictures(dir, only string) (files []string, err error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		ext := strings.ToLower(filepath.Ext(e.Name()))
		if slices.Contains([]string{".jpg", ".jpeg", ".png", ".webp"}, ext) && !strings.HasSuffix(e.Name(), "_a.png") && !strings.HasSuffix(e.Name(), "_f.png") &&
			strings.HasPrefix(e.Name(), only) {
			files = append(files, filepath.Join(dir, e.Name()))
		}
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("%s holds no photographs", dir)
	}
	return files, nil
}

func name(file string) string {
	return strings.TrimSuffix(filepath.Base(file), filepath.Ext(file))
}

var _ cutout.Network = (*looking)(nil)
