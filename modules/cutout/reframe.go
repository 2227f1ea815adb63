package cutout

import (
	"context"
	"image"

	"github.com/opal-photo/opal/modules/imaging"
)

// When a network can't make up its mind about much of a product, it sees the photo once more,
// smaller and in its true proportions, inside a frame that goes on with the photo's edges. Networks read a square: an oblong
// photo is stretched for them, and a close one shows them little of what is around. If most of the
// doubts are gone, that look counts in place of the first.
const (
	reframeDoubt  = .3   // share of the product in doubt from which the photo is reframed
	reframeClear  = .4   // of the first look's doubt that the other has at most, to count
	reframeAgree  = .95  // share of what the first look was sure of that the other sees, too
	reframeSure   = .97  // coverage of which a look is sure
	reframeOblong = 1.15 // longer to shorter side from which the frame makes a square;
	reframeRoom   = .2   // other photos have this much of each side around them
)

// reframe asks the network for the photo in a frame, and returns that look's coverage of the photo, or
// nil where it is no clearer than the first look's, raw.
func reframe(ctx context.Context, im *image.NRGBA, net Network, raw *plane) (*plane, error) {
	doubt := deepDoubt(raw)
	if doubt <= reframeDoubt {
		return nil, nil
	}
	framed, at := inFrame(imaging.Resize(im, raw.w, raw.h))
	m, err := look(ctx, net, framed)
	if err != nil {
		return nil, err
	}
	other := m.sized(framed.Rect.Dx(), framed.Rect.Dy()).within(at)
	if deepDoubt(other) > reframeClear*doubt {
		return nil, nil
	}
	sure, seen := 0, 0
	for i, v := range raw.p {
		if v > reframeSure {
			sure++
			if other.p[i] > .5 {
				seen++
			}
		}
	}
	if float64(seen) < reframeAgree*float64(sure) {
		return nil, nil
	}
	return other, nil
}

// inFrame puts a picture into a larger one whose pixels around it are those of its edges, and tells where.
func inFrame(im *image.NRGBA) (framed *image.NRGBA, at image.Rectangle) {
	w, h := im.Rect.Dx(), im.Rect.Dy()
	side := max(w, h)
	dx, dy := (side-w)/2, (side-h)/2
	if float64(side) < reframeOblong*float64(min(w, h)) {
		dx, dy = int(reframeRoom*float64(w)+.5), int(reframeRoom*float64(h)+.5)
	}
	at = image.Rect(dx, dy, dx+w, dy+h)
	framed = image.NewNRGBA(image.Rect(0, 0, w+2*dx, h+2*dy))
	for y := range framed.Rect.Dy() {
		in := im.Pix[min(max(y-dy, 0), h-1)*im.Stride:][:4*w]
		out := framed.Pix[y*framed.Stride:][:4*framed.Rect.Dx()]
		copy(out[4*dx:], in)
		for x := range dx {
			copy(out[4*x:], in[:4])
			copy(out[4*(dx+w+x):], in[4*(w-1):])
		}
	}
	return framed, at
}
