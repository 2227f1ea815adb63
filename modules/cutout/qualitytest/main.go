// Command qualitytest measures the cut-outs and prints one table: what `make
// quality` runs. It measures the built-in engine without a network, OPAL's own network
// alone and as the built-in engine uses it, the operator's model alone where one is
// there, and that model joined with the built-in engine.
//
//   - generated photographs with known coverage, of seeds that nothing is tuned on;
//   - --alpha DIR: photographs NAME.jpg, .png or .webp with their coverage NAME_a.png;
//   - --photos DIR: photographs without, and --judgements FILE, what a person thought
//     of each engine's cut-outs: a line NAME,studio,network,joined,own,built-in with P
//     (publishable), M (a minor flaw), U (unusable) or nothing. --out DIR keeps the cut-outs to be
//     judged.
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
}

func main() {
	sandbox.ServeIfChild(map[string]sandbox.Handler{onnx.ChildKind: onnx.ChildHandler(), imaging.ChildKind: imaging.ChildHandler(nil)})
	var o options
	flag.IntVar(&o.seeds, "seeds", 1, "generated photographs per tier and shape; 0: none")
	flag.Uint64Var(&o.first, "first", heldOut, "first seed; rules and weights are tuned below 1000")
	flag.StringVar(&o.alpha, "alpha", "", "folder of photographs with their coverage beside them, NAME_a.png")
	flag.StringVar(&o.photos, "photos", "", "folder of photographs without")
	flag.StringVar(&o.judged, "judgements", "", "file of judgements: NAME,studio,network,joined,own,built-in with P, M or U")
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
	b, err := openBench(o)
	if err != nil {
		return err
	}
	defer b.close()
	if o.seeds > 0 {
		if err := b.generated(ctx, o); err != nil {
			return err
		}
	}
	if o.alpha != "" {
		if err := b.known(ctx, o); err != nil {
			return err
		}
	}
	if o.photos != "" {
		if err := b.photographs(ctx, o); err != nil {
			return err
		}
	}
	b.costs()
	return nil
}

// generated measures the generator's tiers.
func (b *bench) generated(ctx context.Context, o options) error {
	fmt.Printf("generated photographs, seeds from %d\n", o.first)
	for _, t := range cutouttest.Tiers() {
		var rows []row
		for _, f := range cutouttest.Families() {
			for s := range o.seeds {
				p := cutouttest.New(t, f, 1200, 900, o.first+uint64(s))
				r, err := b.measure(ctx, p.Name, p.Image)
				if err != nil {
					return err
				}
				r.score(p.Alpha)
				rows = append(rows, r)
			}
		}
		b.scores(string(t), rows)
	}
	fmt.Println()
	return nil
}

// known measures a folder of photographs with their coverage.
func (b *bench) known(ctx context.Context, o options) error {
	files, err := pictures(o.alpha, o.only)
	if err != nil {
		return err
	}
	fmt.Printf("photographs with known coverage, %s\n", o.alpha)
	var rows []row
	for _, f := range files {
		mask, err := b.read(ctx, strings.TrimSuffix(f, filepath.Ext(f))+"_a.png")
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		img, err := b.read(ctx, f)
		if err != nil {
			return err
		}
		if mask.Rect.Size() != img.Rect.Size() {
			return fmt.Errorf("%s and its coverage are not of one size", f)
		}
		alpha := image.NewAlpha(mask.Rect)
		for i := range alpha.Pix {
			alpha.Pix[i] = mask.Pix[4*i]
		}
		r, err := b.measure(ctx, name(f), img)
		if err != nil {
			return err
		}
		r.score(alpha)
		rows = append(rows, r)
	}
	b.scores("all", rows)
	fmt.Println()
	return nil
}

// photographs measures a folder against a person's judgements.
func (b *bench) photographs(ctx context.Context, o options) error {
	files, err := pictures(o.photos, o.only)
	if err != nil {
		return err
	}
	judged, err := readJudgements(o.judged)
	if err != nil {
		return err
	}
	var rows []row
	for _, f := range files {
		img, err := b.read(ctx, f)
		if err != nil {
			return err
		}
		r, err := b.measure(ctx, name(f), img)
		if err != nil {
			return err
		}
		if o.out != "" {
			if err := r.save(o.out); err != nil {
				return err
			}
		}
		r.drop()
		rows = append(rows, r)
	}
	b.judgements(rows, judged)
	return nil
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

var _ cutout.Network = (*remembered)(nil)
