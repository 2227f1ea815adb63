package main

import (
	"context"
	"fmt"
	"image"
	"image/color"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/opal-photo/opal/modules/channel"
	"github.com/opal-photo/opal/modules/export"
	"github.com/opal-photo/opal/modules/imaging"
	"github.com/opal-photo/opal/modules/picture"
)

// contend does one of our works on each photo of a folder and leaves the results in another.
func contend(ctx context.Context, name string, args []string) error {
	if name == "draw" && len(args) == 4 {
		count, err := strconv.Atoi(args[1])
		if err != nil {
			return err
		}
		return draw(kind(args[0]), count, args[2], args[3])
	}
	if work := counted[name]; work != nil && len(args) == 2 {
		n, err := strconv.Atoi(args[1])
		if err != nil {
			return err
		}
		return work(ctx, args[0], n)
	}
	if name == "inserts" && len(args) == 3 {
		n, err := strconv.Atoi(args[2])
		if err != nil {
			return err
		}
		return inserts(ctx, args[0], args[1], n)
	}
	if name == "service" && len(args) == 3 {
		return throughService(ctx, args[0], args[1], args[2])
	}
	if len(args) != 2 {
		return fmt.Errorf("%s wants a folder of photos and one for the results", name)
	}
	what, two := strings.CutPrefix(name, "two-")
	if two {
		name = "variants-" + what
	}
	work := map[string]func(*image.NRGBA, string) error{"composite": composite, "upscale": upscale}[name]
	if what, ok := strings.CutPrefix(name, "variants-"); ok {
		format, of, _ := strings.Cut(what, "-")
		presets, err := presetsOf(format, sides[kind(of)])
		if err != nil {
			return err
		}
		work = func(img *image.NRGBA, to string) error { return render(img, presets, to) }
	}
	if work == nil {
		return fmt.Errorf("nothing is called %q", name)
	}
	photos, err := filesOf(args[0])
	if err != nil {
		return err
	}
	hands := 1
	if two {
		hands = 2
	}
	decoder := imaging.NewDecoder(imaging.DecoderOptions{Command: []string{os.Args[0], "child", "decode"}, Concurrency: hands})
	defer decoder.Close()
	var g errgroup.Group
	g.SetLimit(hands)
	for _, photo := range photos {
		g.Go(func() error {
			b, err := os.ReadFile(photo)
			if err != nil {
				return err
			}
			img, _, err := decoder.Decode(ctx, b)
			if err != nil {
				return err
			}
			if err := work(img, filepath.Join(args[1], strings.TrimSuffix(filepath.Base(photo), filepath.Ext(photo)))); err != nil {
				return fmt.Errorf("%s: %w", photo, err)
			}
			return nil
		})
	}
	return g.Wait()
}

// counted are works of which there are as many as the second argument says.
var counted = map[string]func(ctx context.Context, on string, n int) error{"posts": posts, "messages": messages}

// presetsOf puts a channel with the five sizes beside the others and returns their names.
func presetsOf(format string, sides []int) ([]string, error) {
	quality := map[string]int{"jpeg": 85, "webp": 82, "avif": 60, "png": 100}[format]
	var text strings.Builder
	text.WriteString("channel: Race\norder: 900\nown_advice: true\nsources:\n  none: {title: none, address: none, seen: 2026-11-28, official: false}\npresets:\n")
	var names []string
	background := channel.White
	if format == "png" {
		background = channel.Transparent
	}
	for _, side := range sides {
		name := fmt.Sprintf("race_%d", side)
		names = append(names, name)
		height := side * 3 / 4
		if format == "png" {
			height = side
		}
		fmt.Fprintf(&text, "  - {name: %s, title: Race, suffix: \"%d\", width: %d, height: %d, background: %s, fill: 1, format: %s, quality: %d}\n",
			name, side, side, height, background, format, quality)
	}
	dir, err := os.MkdirTemp("", "opal-race-channel-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	if err := os.WriteFile(filepath.Join(dir, "race.yaml"), []byte(text.String()), 0o600); err != nil {
		return nil, err
	}
	return names, channel.Load(dir)
}

// render makes the variants of a photo as the export worker does, proofs and rules included.
func render(img *image.NRGBA, presets []string, to string) error {
	layers := &export.Layers{Cutout: img}
	layers.CutoutBounds = picture.BoxOf(img.Rect) // all of it, as the peer shows it
	defer layers.Recycle()
	return export.Render(context.Background(), layers, presets, func(v export.Variant) error {
		return os.WriteFile(to+"-"+v.Preset.Name+"."+string(v.Preset.Format), v.File, 0o600)
	})
}

// composite puts a product with a soft shadow on a backdrop, as the scene's parts are put together.
func composite(product *image.NRGBA, to string) error {
	out := image.NewNRGBA(product.Rect)
	shadow := image.NewNRGBA(product.Rect)
	backdrop := color.NRGBA{214, 208, 200, 255}
	for i := 0; i < len(out.Pix); i += 4 {
		copy(out.Pix[i:], []byte{backdrop.R, backdrop.G, backdrop.B, backdrop.A})
		shadow.Pix[i+3] = product.Pix[i+3] / 3
	}
	imaging.Over(out, shadow, image.Pt(24, 16))
	imaging.Over(out, product, image.Point{})
	return os.WriteFile(to+".raw", out.Pix, 0o600)
}

func upscale(img *image.NRGBA, to string) error {
	return os.WriteFile(to+".raw", imaging.Upscale2x(img).Pix, 0o600)
}
