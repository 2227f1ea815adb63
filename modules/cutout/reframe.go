package cutout

import (
	"context"
	"image"
	"slices"

	"github.com/opal-photo/opal/modules/imaging"
)

// When a network can't make up its mind about much of a product, it sees the photo once more,
// smaller, mirrored, and inside a frame that goes on with the photo's edges: a close photo shows
// it little of what is around. Where it is torn it sees it a third time, unmirrored: an oblong photo in
// a square, as networks read a square and oblong photos are stretched for them. A look in which most of
// the doubts are gone counts in place of the first.
const (
	reframeDoubt  = .06  // share of the product in doubt from which the photo is reframed,
	reframeTorn   = .3   // and from which it is reframed twice
	reframeClear  = .4   // of the first look's doubt that the other has at most, to count
	reframeAgree  = .95  // share of what the first look was sure of that the other sees, too
	reframeSure   = .97  // coverage of which a look is sure; one of 1 minus that is the backdrop's
	reframePart   = .005 // of the product: a part below that of which both are sure stays as the first look has it
	reframeOblong = 1.15 // longer to shorter side from which a photo is oblong
	reframeRoom   = .2   // of each side, left around a photo
)

// reframe asks the network for the photo in frames, and returns the coverage that the first clear look
// gives, or nil where none is clearer than the first look's, raw, which is in that much doubt.
func reframe(ctx context.Context, im *image.NRGBA, net Network, raw *plane, doubt float64) (*plane, error) {
	if doubt <= reframeDoubt {
		return nil, nil
	}
	small := imaging.Resize(im, raw.w, raw.h)
	for _, f := range framings(raw.w, raw.h, doubt > reframeTorn) {
		other, err := f.look(ctx, net, small)
		if err != nil {
			return nil, err
		}
		if deepDoubt(other) <= reframeClear*doubt && agrees(raw, other) {
			keepSmallParts(raw, other)
			return other, nil
		}
	}
	return nil, nil
}

// agrees tells whether the other look sees what the first was sure of.
func agrees(first, other *plane) bool {
	sure, seen := 0, 0
	for i, v := range first.p {
		if v > reframeSure {
			sure++
			if other.p[i] > .5 {
				seen++
			}
		}
	}
	return float64(seen) >= reframeAgree*float64(sure)
}

// keepSmallParts puts the small parts at its outline back into the other look in which it contradicts what
// the first was sure of: the first saw more of the details.
func keepSmallParts(first, other *plane) {
	product, against := 0, make([]bool, len(first.p))
	for i, v := range first.p {
		seen := other.p[i] > .5
		if seen {
			product++
		}
		against[i] = v > reframeSure && !seen || v < 1-reframeSure && seen
	}
	eachPart(against, first.w, first.h, func(part []int32) {
		if float64(len(part)) >= reframePart*float64(product) {
			return
		}
		outline := false
		for _, i := range part {
			seen := other.p[i] > .5
			eachNeighbour4(int(i), first.w, first.h, func(k int) { outline = outline || other.p[k] > .5 != seen })
		}
		if outline {
			for _, i := range part {
				other.p[i] = first.p[i]
			}
		}
	})
}

// framing is a way to frame a picture: the room to its sides, in pixels, and whether it is mirrored.
type framing struct {
	dx, dy   int
	mirrored bool
}

// framings returns the ways to frame a w×h picture, in order; torn is whether the first look needs more of them.
func framings(w, h int, torn bool) []framing {
	room := framing{int(reframeRoom*float64(w) + .5), int(reframeRoom*float64(h) + .5), true}
	if !torn {
		return []framing{room}
	}
	other := framing{dx: room.dx, dy: room.dy}
	if side := max(w, h); float64(side) >= reframeOblong*float64(min(w, h)) {
		other = framing{dx: (side - w) / 2, dy: (side - h) / 2}
	}
	return []framing{room, other}
}

// look asks the network for the framed picture, and returns its coverage of the picture.
func (f framing) look(ctx context.Context, net Network, im *image.NRGBA) (*plane, error) {
	framed, at := f.frame(im)
	if f.mirrored {
		framed = mirrored(framed, framed.Rect)
	}
	m, err := look(ctx, net, framed)
	if err != nil {
		return nil, err
	}
	seen := m.sized(framed.Rect.Dx(), framed.Rect.Dy())
	if f.mirrored {
		for y := range seen.h {
			slices.Reverse(seen.p[y*seen.w : (y+1)*seen.w])
		}
	}
	return seen.within(at), nil
}

// frame puts a picture into a larger one whose pixels around it are those of its edges, and tells where.
func (f framing) frame(im *image.NRGBA) (framed *image.NRGBA, at image.Rectangle) {
	w, h := im.Rect.Dx(), im.Rect.Dy()
	at = image.Rect(f.dx, f.dy, f.dx+w, f.dy+h)
	framed = image.NewNRGBA(image.Rect(0, 0, w+2*f.dx, h+2*f.dy))
	for y := range framed.Rect.Dy() {
		in := im.Pix[min(max(y-f.dy, 0), h-1)*im.Stride:][:4*w]
		out := framed.Pix[y*framed.Stride:][:4*framed.Rect.Dx()]
		copy(out[4*f.dx:], in)
		for x := range f.dx {
			copy(out[4*x:], in[:4])
			copy(out[4*(f.dx+w+x):], in[4*(w-1):])
		}
	}
	return framed, at
}
