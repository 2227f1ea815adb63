package main

import (
	"fmt"
	"image"
	"os"
	"path/filepath"

	"github.com/opal-photo/opal/modules/cutout/cutouttest"
	"github.com/opal-photo/opal/modules/imaging"
)

// kind is a kind of drawn photos that contenders get.
type kind string

const (
	large  kind = "large"  // 12 MP JPEG
	medium kind = "medium" // 2 MP JPEG
	small  kind = "small"  // PNG
	clear  kind = "clear"  // PNG with alpha
)

var sizes = map[kind]image.Point{large: {4000, 3000}, medium: {1633, 1225}, small: {1024, 1024}, clear: {2048, 2048}}

// sides are the longer sides of a kind's five variants, pixels.
var sides = map[kind][]int{large: {2000, 1600, 1200, 800, 400}, medium: {1200, 1000, 800, 600, 400}, clear: {2000, 1600, 1200, 800, 400}}

// draw writes photos of a kind into a folder, and their coverage into another.
func draw(k kind, count int, photos, truths string) error {
	tiers, families := []cutouttest.Tier{cutouttest.White, cutouttest.Gradient, cutouttest.Shadow}, cutouttest.Families()
	for i := range count {
		p := cutouttest.New(tiers[i%len(tiers)], families[i%len(families)], sizes[k].X, sizes[k].Y, uint64(9000+i))
		o, ext := imaging.EncodeOptions{Format: imaging.JPEG, Quality: 92}, ".jpg"
		if k == small || k == clear {
			o, ext = imaging.EncodeOptions{Format: imaging.PNG, Effort: 1}, ".png"
		}
		truth := image.NewNRGBA(p.Alpha.Rect)
		for j, a := range p.Alpha.Pix {
			truth.Pix[4*j+3] = a
			if k == clear {
				p.Image.Pix[4*j+3] = a
				if a == 0 {
					copy(p.Image.Pix[4*j:], []byte{0, 0, 0})
				}
			}
		}
		name := fmt.Sprintf("%02d", i)
		for _, f := range []struct {
			path string
			img  *image.NRGBA
			o    imaging.EncodeOptions
		}{{filepath.Join(photos, name+ext), p.Image, o}, {filepath.Join(truths, name+".png"), truth, imaging.EncodeOptions{Format: imaging.PNG, Effort: 1}}} {
			b, err := imaging.Encode(f.img, f.o)
			if err != nil {
				return err
			}
			if err := os.WriteFile(f.path, b, 0o600); err != nil {
				return err
			}
		}
	}
	return nil
}
