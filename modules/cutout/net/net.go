// Package net finds the product in a photo with a network of OPAL's own, whose
// weights are part of the program: nothing is downloaded and nothing has to be
// accepted. CARD.md says on what it was trained, how good it is and where it fails;
// ml/matte trains it. It runs in plain Go.
package net

import (
	"context"
	"fmt"
	"image"

	"github.com/opal-photo/opal/modules/cutout"
	"github.com/opal-photo/opal/modules/imaging"
)

// Side is the size, in pixels, of the square that a photo is stretched to.
const Side = 288

// The mean and the spread, of values from 0 to 1, that training took from pictures.
const (
	mean   = .45
	spread = .25
)

// Network is a cutout.Network. It holds 6 MB of weights and, while it works on a
// picture, 40 MB more. It is safe for concurrent use.
type Network struct {
	n    *network
	side int // of the square that a photo is stretched to
}

// New reads the weights. Errors: they are damaged.
func New() (*Network, error) {
	n, err := load()
	if err != nil {
		return nil, fmt.Errorf("read the cut-out network: %w", err)
	}
	return &Network{n: n, side: Side}, nil
}

var _ cutout.Network = (*Network)(nil)

// Mask returns the coverage of the photo on Side² pixels: the mean of how the
// network sees the photo and how it sees the photo's mirror image.
func (n *Network) Mask(ctx context.Context, photo *image.NRGBA) (cutout.Mask, error) {
	side := n.side
	small := imaging.Resize(photo, side, side)
	m := cutout.Mask{Width: side, Height: side}
	var err error
	if m.Coverage, err = n.n.coverage(ctx, normalised(small, false)); err != nil {
		return cutout.Mask{}, err
	}
	mirrored, err := n.n.coverage(ctx, normalised(small, true))
	if err != nil {
		return cutout.Mask{}, err
	}
	for y := range side {
		row, other := m.Coverage[y*side:(y+1)*side], mirrored[y*side:(y+1)*side]
		for x := range row {
			row[x] = (row[x] + other[side-1-x]) / 2
		}
	}
	return m, nil
}

// normalised returns red, green and blue as the network takes them.
func normalised(img *image.NRGBA, mirrored bool) *planes {
	w, h := img.Rect.Dx(), img.Rect.Dy()
	p := newPlanes(3, w, h, margin)
	for c := range 3 {
		for y := range h {
			row, from := p.row(c, y), img.Pix[y*img.Stride+c:]
			for x := range row {
				at := x
				if mirrored {
					at = w - 1 - x
				}
				row[x] = (float32(from[4*at])/255 - mean) / spread
			}
		}
	}
	return p
}
