package cutout

import (
	"context"
	"image"
	"math"
)

// When a network looks again, at the mirrored box of what it found: what is tiny fills
// its picture then, and large doubts of one look are often none of the other's. Elsewhere it moves
// edges as often for the worse, for as much work again. A pale product before a pale backdrop is
// looked at again more readily: parts are missed there without a doubt.
const (
	lookFound = .3   // coverage that the box holds
	lookRoom  = .1   // of the box's longer side, left around it
	lookTiny  = .1   // share of the photo below which the box is looked at again,
	lookSmall = .5   // the same where product and backdrop are pale,
	lookDoubt = .035 // and share of the product in doubt, away from outlines, from which any box is
	lookWide  = 4    // pixels of joinSize that a doubt is wide at least
	lookLeast = 64   // pixels of the photo that the box's shorter side has at least
	lookRim   = 8    // pixels around the first look's outline where the second may lower coverage
	lookFade  = .04  // of the box, at its edges: there the first look counts more and more
)

// A pale product before a pale backdrop is high key: the second look is at the whole picture made
// darker, in which light tones are farther apart. A box without the surroundings shows
// a network less of what it missed.
const (
	lookPale = 220 // median luma of product and backdrop from which both are pale
	lookDark = 3.  // exponent of the darker picture
	lookStep = 4   // pixels of joinSize between those that are looked at
)

// highKey tells whether both the product that the network found and the backdrop are pale.
func highKey(im *image.NRGBA, raw *plane) bool {
	var tone [2][256]int
	var all [2]int
	for y := 0; y < raw.h; y += lookStep {
		for x := 0; x < raw.w; x += lookStep {
			side := 0
			switch v := raw.p[y*raw.w+x]; {
			case v > .9:
				side = 1
			case v > .002:
				continue
			}
			p := im.Pix[im.PixOffset(x*im.Rect.Dx()/raw.w, y*im.Rect.Dy()/raw.h):]
			tone[side][(299*int(p[0])+587*int(p[1])+114*int(p[2]))/1000]++
			all[side]++
		}
	}
	for side, n := range all {
		dark := 0
		for _, k := range tone[side][:lookPale] {
			dark += k
		}
		if n == 0 || 2*dark >= n {
			return false
		}
	}
	return true
}

// darker returns the picture with light tones farther apart.
func darker(im *image.NRGBA) *image.NRGBA {
	var to [256]uint8
	for v := range to {
		to[v] = uint8(255*math.Pow(float64(v)/255, lookDark) + .5)
	}
	o := image.NewNRGBA(im.Rect)
	for i, v := range im.Pix {
		if o.Pix[i] = v; i&3 != 3 {
			o.Pix[i] = to[v]
		}
	}
	return o
}

// lookMore asks the network for as many more looks as its first, raw, calls for, and returns what counts.
func lookMore(ctx context.Context, im *image.NRGBA, net Network, raw *plane) (*plane, error) {
	bright := highKey(im, raw)
	box, doubt := again(raw, bright)
	if box.Empty() {
		return raw, nil
	}
	if !bright && !tiny(box, raw, lookTiny) {
		if clear, err := reframe(ctx, im, net, raw, doubt); err != nil || clear != nil {
			return clear, err
		}
	}
	return raw, lookAgain(ctx, im, net, raw, box, bright)
}

// tiny tells whether the box takes less than a share of the plane.
func tiny(box image.Rectangle, of *plane, share float64) bool {
	return float64(box.Dx()*box.Dy()) < share*float64(of.w*of.h)
}

// again tells which part of the plane the network should look at again, none if the box is empty, and how
// much of a product that isn't small the first look is in doubt about. bright is whether the picture is high key.
func again(raw *plane, bright bool) (box image.Rectangle, doubt float64) {
	w, h := raw.w, raw.h
	for i, v := range raw.p {
		if v > lookFound {
			x, y := i%w, i/w
			box = box.Union(image.Rect(x, y, x+1, y+1))
		}
	}
	if box.Empty() {
		return box, 0
	}
	room := int(lookRoom*float64(max(box.Dx(), box.Dy())) + .5)
	box = box.Inset(-room).Intersect(image.Rect(0, 0, w, h))
	small := lookTiny
	if bright {
		small = lookSmall
	}
	if tiny(box, raw, small) {
		return box, 0
	}
	if doubt = deepDoubt(raw); doubt <= lookDoubt {
		return image.Rectangle{}, doubt
	}
	return box, doubt
}

// deepDoubt is how much a look is in doubt about, away from outlines: in shares of the product that it found.
func deepDoubt(raw *plane) float64 {
	doubt, product := make([]bool, len(raw.p)), 0
	for i, v := range raw.p {
		doubt[i] = v > .03 && v < .97
		if v > lookFound {
			product++
		}
	}
	deep := 0
	for _, v := range opened(doubt, raw.w, raw.h, lookWide) {
		if v {
			deep++
		}
	}
	return float64(deep) / float64(max(product, 1))
}

// lookAgain asks the network for the mirrored box of the plane, and mixes the answer
// into the plane: each look counts as much as it sees details. The second look moves
// the outline and adds parts, but takes none away: without the surroundings a network
// may take a pot or a white mug for the background. What it adds to a high-key picture
// counts whole.
func lookAgain(ctx context.Context, im *image.NRGBA, net Network, raw *plane, box image.Rectangle, bright bool) error {
	at := inPhoto(box, raw.w, raw.h, im.Rect.Dx(), im.Rect.Dy())
	var part *image.NRGBA
	switch {
	case bright:
		box, part = image.Rect(0, 0, raw.w, raw.h), darker(im)
	case min(at.Dx(), at.Dy()) < lookLeast:
		return nil
	default:
		part = mirrored(im, at)
	}
	m, err := look(ctx, net, part)
	if err != nil {
		return err
	}
	signed := signedDistance(over(raw, .5), raw.w, raw.h)
	second := m.sized(box.Dx(), box.Dy())
	weight := 1 / (1 + float32(box.Dx()*box.Dy())/float32(raw.w*raw.h))
	fade := max(1, lookFade*float32(max(box.Dx(), box.Dy())))
	for y := range box.Dy() {
		for x := range box.Dx() {
			edge := float32(max(raw.w, raw.h))
			for _, d := range [4]struct{ at, limit, way int }{
				{box.Min.X, 0, x}, {box.Min.Y, 0, y}, {box.Max.X, raw.w, box.Dx() - 1 - x}, {box.Max.Y, raw.h, box.Dy() - 1 - y},
			} {
				if d.at != d.limit { // the photo's own edge is not a seam
					edge = min(edge, float32(d.way))
				}
			}
			k := weight * min(edge/fade, 1)
			i := (y+box.Min.Y)*raw.w + x + box.Min.X
			seen := box.Dx() - 1 - x
			if bright {
				seen = x
			}
			d := second.p[y*box.Dx()+seen] - raw.p[i]
			if bright && d > 0 {
				k = 1
			}
			if d > 0 || abs32(signed.p[i]) < lookRim {
				raw.p[i] += k * d
			}
		}
	}
	return nil
}

// inPhoto returns the part of a W×H photo that a part of its w×h plane shows.
func inPhoto(box image.Rectangle, w, h, W, H int) image.Rectangle {
	return image.Rect(box.Min.X*W/w, box.Min.Y*H/h, (box.Max.X*W+w-1)/w, (box.Max.Y*H+h-1)/h).Intersect(image.Rect(0, 0, W, H))
}

// mirrored copies a part of a picture, left for right.
func mirrored(im *image.NRGBA, part image.Rectangle) *image.NRGBA {
	o := image.NewNRGBA(image.Rect(0, 0, part.Dx(), part.Dy()))
	for y := range part.Dy() {
		in, out := im.Pix[im.PixOffset(part.Min.X, part.Min.Y+y):][:4*part.Dx()], o.Pix[y*o.Stride:][:4*part.Dx()]
		for x := 0; x < len(in); x += 4 {
			copy(out[len(in)-4-x:len(in)-x], in[x:x+4])
		}
	}
	return o
}
