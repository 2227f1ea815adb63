package cutout

import "image"

// Where a product touches its own shadow, its colours and the shadow's change up to the outline: no
// pixel there is a mix of the colours on either side, and coverage by colours is ragged. The step
// between them is what tells the outline, and it runs on along the product. Distances in pixels of
// the working picture.
const (
	contactReach  = 2.5  // the step lies so near the mask's outline,
	contactStep   = .25  // and is looked for in steps of this
	contactSide   = .75  // the colours beside it are means over so much,
	contactWide   = 1    // and so much to the left and right
	contactAlong  = 9    // of the outline counts together
	contactBorrow = 18   // where there is no step, those so far along say where the outline runs,
	contactEnough = .35  // where they are so large a share
	contactTurn   = .75  // cosine of the angle between outlines that go on in each other
	contactBend   = 8    // pixels to both sides, the angle between which
	contactBent   = .55  // has such a cosine in corners
	contactAside  = .05  // share of the outline's direction that faces down where nothing stands on the ground,
	contactDown   = .3   // and where it may
	contactLight  = .85  // brightness of the darkest backdrop beside the outline, of that contactFar away, which is no contact,
	contactDeep   = .65  // and which is one
	contactFar    = 6    // pixels
	contactSolid  = 4    // there is so much product behind it, and backdrop before it
	contactEven   = 4    // radius of the means, taken twice, that leave no steps of the mask in its outline
	contactFrom   = .02  // size of a step (square root of light) that is none,
	contactTo     = .045 // and of one for certain
	contactSingle = .85  // share of it that no step elsewhere may have
	contactApart  = 1.25 // from which distance on it lies elsewhere
	contactNear   = .3   // squared difference (square root of light) of both sides up to which the step tells more than colours,
	contactClear  = .45  // and from which it tells nothing that they don't
	contactNone   = .1   // share of the product's colour that a shadow has,
	contactSome   = .3   // and from which it is the product's
	contactBlack  = .06  // brightness of the backdrop's that no shadow has,
	contactDark   = .12  // and from which it may
	contactMixed  = .03  // difference (square root of light) of a colour from all mixes of both sides that says nothing,
	contactOdd    = .07  // and from which the outline is not told by mixing
	contactBlur   = 1.4  // pixels of the photo in which coverage goes from 0 to 1
	contactSteps  = 2*contactReach/contactStep + 1
)

// contact is the outline in contact shadows.
type contact struct {
	away   *plane // working pixels from the outline as the photo shows it: above 0 inside
	weight *plane // how much that counts, 0-1
}

// outlined is a pixel of the outline in a shadow.
type outlined struct {
	x, y        float32
	nx, ny      float32    // outwards
	front, back [3]float32 // colours beside it, as square roots of light
	lit         float32    // length of the backdrop's colour
	axis, own   [3]float32 // the backdrop's colour, of length 1, and what the product's has across it, of length 1 / its length
	shade, odd  float32    // how much it lies in a shadow, and how little its colours are mixes of both sides: 0-1
	step        [contactSteps]float32
}

// findContact returns nil where no coloured product stands in a shadow. front and back are the colours
// of product and backdrop beside the outline, as square roots of light.
func (s *scene) findContact(im *image.NRGBA, fg []bool, signed *plane, front, back planes3, fz *fuzz) *contact {
	w, h := s.w, s.h
	c := &contact{away: boxBlur(boxBlur(signed, contactEven), contactEven), weight: newPlane(w, h)}
	var rim []outlined
	var at []int
	keep := newPlane(w, h)
	for y := 1; y+1 < h; y++ {
		for x := 1; x+1 < w; x++ {
			i := y*w + x
			if !fg[i] || fg[i-1] && fg[i+1] && fg[i-w] && fg[i+w] {
				continue
			}
			keep.p[i] = 1
			var bb, light float32
			for k := range 3 {
				bb += back[k].p[i] * back[k].p[i]
				light += s.localLin[k].p[i]
			}
			o := outlined{x: float32(x), y: float32(y), shade: float32(fade(float64(bb/max(light, 1e-5)), deeperFrom, deeperTo))}
			if o.shade == 0 || fz != nil && fz.zone[i] {
				continue
			}
			if !o.coloured(&front, &back, i) {
				continue
			}
			gx, gy := c.away.p[i-1]-c.away.p[i+1], c.away.p[i-w]-c.away.p[i+w]
			l := sqrt32(gx*gx + gy*gy)
			if l < .5 { // a ridge: a thin part
				continue
			}
			o.nx, o.ny = gx/l, gy/l
			const way = 1.5 * contactSolid
			if c.away.at(o.x-way*o.nx, o.y-way*o.ny) < contactSolid || c.away.at(o.x+way*o.nx, o.y+way*o.ny) > -contactSolid {
				continue
			}
			o.shade *= float32(fade(float64(o.ny), contactAside, contactDown))
			if o.shade *= c.straight(&o); o.shade == 0 {
				continue
			}
			rim, at = append(rim, o), append(at, i)
		}
	}
	if len(rim) == 0 {
		return nil
	}
	p := newProfile(im, w, h)
	parallel(len(rim), func(a, z int) {
		for n := a; n < z; n++ {
			p.steps(&rim[n], c.away)
		}
	})
	shift := c.settle(rim, at, w, h)
	pushPull([]*plane{shift, c.weight}, keep)
	for i, v := range shift.p {
		c.away.p[i] += v
	}
	return c
}

// straight tells, 0-1, whether the outline goes on straight enough to be one line: corners have steps
// of their own.
func (c *contact) straight(o *outlined) float32 {
	var n [2][2]float32
	for k, d := range [2]float32{-contactBend, contactBend} {
		x, y := o.x-d*o.ny, o.y+d*o.nx
		n[k] = [2]float32{c.away.at(x-1, y) - c.away.at(x+1, y), c.away.at(x, y-1) - c.away.at(x, y+1)}
	}
	l := sqrt32((n[0][0]*n[0][0] + n[0][1]*n[0][1]) * (n[1][0]*n[1][0] + n[1][1]*n[1][1]))
	return float32(fade(float64((n[0][0]*n[1][0]+n[0][1]*n[1][1])/max(l, 1e-6)), contactBent, contactTurn))
}

// coloured notes the colours of both sides. It returns false where the product's is the backdrop's
// made darker, as all of a grey one's are: a shadow is told from it by nothing.
func (o *outlined) coloured(front, back *planes3, i int) bool {
	var bb, fb, own, apart float32
	for k := range 3 {
		bb += back[k].p[i] * back[k].p[i]
		fb += front[k].p[i] * back[k].p[i]
	}
	o.lit = max(sqrt32(bb), 1e-4)
	for k := range 3 {
		o.front[k], o.back[k] = front[k].p[i], back[k].p[i]
		apart += (o.front[k] - o.back[k]) * (o.front[k] - o.back[k])
		o.axis[k] = back[k].p[i] / o.lit
		o.own[k] = front[k].p[i] - fb/max(bb, 1e-6)*back[k].p[i]
		own += o.own[k] * o.own[k]
	}
	for k := range 3 {
		o.own[k] /= max(own, 1e-6)
	}
	o.shade *= float32(fade(float64(apart), contactClear, contactNear))
	return own > colourClear/2 && o.shade > 0
}

// darkens tells, 0-1, whether the backdrop darkens towards the outline, as it does where something
// stands on it. line is the photo's colours across the outline.
func (p *profile) darkens(o *outlined, line [][3]float32, away *plane) float32 {
	light := func(c *[3]float32) (light, product float32) {
		for k := range 3 {
			light += c[k] * o.axis[k]
			product += c[k] * o.own[k]
		}
		return light * light, product
	}
	from := away.at(o.x, o.y)
	far := p.at(o.x+(from+contactFar)*o.nx, o.y+(from+contactFar)*o.ny)
	most, _ := light(&far)
	least := most
	for i := range line {
		if l, product := light(&line[i]); product < contactSome {
			least = min(least, l)
		}
	}
	return float32(fade(float64(least/max(most, 1e-4)), contactLight, contactDeep))
}

// oddity is a colour's difference from the nearest mix of both sides.
func (o *outlined) oddity(p *[3]float32) float32 {
	var along, apart, off float32
	for k := range 3 {
		along += (p[k] - o.back[k]) * (o.front[k] - o.back[k])
		apart += (o.front[k] - o.back[k]) * (o.front[k] - o.back[k])
	}
	a := min(max(along/max(apart, 1e-6), 0), 1)
	for k := range 3 {
		d := p[k] - o.back[k] - a*(o.front[k]-o.back[k])
		off += d * d
	}
	return sqrt32(off)
}

// settle looks where the step runs along the outline, sets the weights there, and returns how far
// outside the mask's outline it is.
func (c *contact) settle(rim []outlined, at []int, w, h int) (shift *plane) {
	where := make([]int32, w*h) // 1 + index
	for n, i := range at {
		where[i] = int32(n + 1)
	}
	// beside calls f for the outline around a pixel of it that goes on in it.
	beside := func(o *outlined, reach int, f func(n int, k float32)) {
		x0, y0 := int(o.x), int(o.y)
		for y := max(y0-reach, 0); y <= min(y0+reach, h-1); y++ {
			for x := max(x0-reach, 0); x <= min(x0+reach, w-1); x++ {
				n := int(where[y*w+x]) - 1
				if n < 0 || o.nx*rim[n].nx+o.ny*rim[n].ny < contactTurn {
					continue
				}
				d := float32((x-x0)*(x-x0)+(y-y0)*(y-y0)) / float32(reach*reach)
				if d < 1 {
					f(n, (1-d)*(1-d))
				}
			}
		}
	}
	shift = newPlane(w, h)
	found, sure := make([]float32, len(rim)), make([]float32, len(rim))
	parallel(len(rim), func(a, z int) {
		for n := a; n < z; n++ {
			var sum [contactSteps]float32
			var all float32
			beside(&rim[n], contactAlong, func(m int, k float32) {
				all += k
				for t, v := range rim[m].step {
					sum[t] += k * v
				}
			})
			best := 0
			for t, v := range sum {
				if v > sum[best] {
					best = t
				}
			}
			other := float32(0)
			for t, v := range sum {
				if abs32(float32(t-best))*contactStep >= contactApart {
					other = max(other, v)
				}
			}
			size := sum[best] / all
			found[n] = float32(best)*contactStep - contactReach
			if best > 0 && best+1 < len(sum) {
				l, m, r := sum[best-1], sum[best], sum[best+1]
				found[n] += contactStep * .5 * (l - r) / min(l-2*m+r, -1e-9)
			}
			sure[n] = float32(fade(float64(-size), -contactFrom, -contactTo)) * float32(fade(float64(other/max(sum[best], 1e-9)), 1, contactSingle))
		}
	})
	parallel(len(rim), func(a, z int) {
		for n := a; n < z; n++ {
			var sum, all, odd, most float32
			beside(&rim[n], contactBorrow, func(m int, k float32) {
				sum += k * sure[m] * found[m]
				all += k * sure[m]
				odd += k * rim[m].odd
				most += k
			})
			if all > 0 {
				shift.p[at[n]] = sum / all
				c.weight.p[at[n]] = rim[n].shade * min(1, all/(contactEnough*most)) * min(1, odd/(contactEnough*most))
			}
		}
	})
	return shift
}

// coverage is that of a pixel at u, v of the working picture: a is what its colours tell, unit a
// pixel of the photo. What is too dark for a shadow stays.
func (c *contact) coverage(m *mixed, a, u, v, unit float32) float32 {
	if c == nil {
		return a
	}
	k := c.weight.at(u, v)
	if k == 0 {
		return a
	}
	line := min(max(.5+c.away.at(u, v)/(contactBlur*unit), 0), 1)
	if line < a {
		var bb, pb float32
		for i := range 3 {
			bb += m.back[i] * m.back[i]
			pb += m.photo[i] * m.back[i]
		}
		light := pb / max(bb, 1e-6)
		k *= float32(fade(float64(light*light), contactBlack, contactDark))
	}
	return a*(1-k) + k*line
}

// profile reads the photo along lines of the working picture.
type profile struct {
	im     *image.NRGBA
	sx, sy float32 // pixels of the photo in one of the working picture
}

func newProfile(im *image.NRGBA, w, h int) *profile {
	return &profile{im, float32(im.Rect.Dx()) / float32(w), float32(im.Rect.Dy()) / float32(h)}
}

// at is the photo's colour at u, v of the working picture, as the square root of light.
func (p *profile) at(u, v float32) (c [3]float32) {
	W, H := p.im.Rect.Dx(), p.im.Rect.Dy()
	x, y := min(max((u+.5)*p.sx-.5, 0), float32(W-1)), min(max((v+.5)*p.sy-.5, 0), float32(H-1))
	x0, y0 := int(x), int(y)
	x1, y1 := min(x0+1, W-1), min(y0+1, H-1)
	fx, fy := x-float32(x0), y-float32(y0)
	a, b := p.im.Pix[(y0*W+x0)*4:], p.im.Pix[(y0*W+x1)*4:]
	d, e := p.im.Pix[(y1*W+x0)*4:], p.im.Pix[(y1*W+x1)*4:]
	for k := range c {
		c[k] = (toGamma2[a[k]]*(1-fx)+toGamma2[b[k]]*fx)*(1-fy) + (toGamma2[d[k]]*(1-fx)+toGamma2[e[k]]*fx)*fy
	}
	return c
}

// steps measures the step across the outline at each distance outwards. What goes on as a slope on
// both sides of a step is none: a penumbra has as much of a slope.
func (p *profile) steps(o *outlined, away *plane) {
	const sides = int(contactSide / contactStep) // samples
	const all = int(contactSteps) + 4*sides
	var line [all][3]float32
	from := away.at(o.x, o.y) - contactReach - 2*contactSide
	for i := range line {
		t := from + (float32(i)+.5)*contactStep - contactStep/2
		for d := -contactWide; d <= contactWide; d++ {
			q := p.at(o.x+t*o.nx+float32(d)*o.ny, o.y+t*o.ny-float32(d)*o.nx)
			for k := range q {
				line[i][k] += q[k] / (2*contactWide + 1)
			}
		}
	}
	var odd float32
	for i := 2 * sides; i+2*sides < all; i++ {
		odd = max(odd, o.oddity(&line[i]))
	}
	o.odd = float32(fade(float64(odd), contactMixed, contactOdd)) * p.darkens(o, line[2*sides:all-2*sides], away)
	mean := func(i int) (m [3]float32) { // of the samples from i on
		for _, v := range line[i : i+sides] {
			for k := range m {
				m[k] += v[k] / float32(sides)
			}
		}
		return m
	}
	for t := range o.step {
		i := t + 2*sides
		a, b, c, d := mean(i-2*sides), mean(i-sides), mean(i), mean(i+sides)
		var e, light, product, outer, beyond float32
		for k := range 3 {
			step, before, after := c[k]-b[k], b[k]-a[k], d[k]-c[k]
			light += step * o.axis[k]
			product += b[k] * o.own[k]
			outer += c[k] * o.axis[k] / o.lit
			beyond += d[k] * o.axis[k] / o.lit
			if step < 0 {
				step, before, after = -step, -before, -after
			}
			v := max(0, step-max(0, min(before, after)))
			e += v * v
		}
		o.step[t] = sqrt32(e)
		if light > 0 { // the shadow's own end
			o.step[t] *= 1 - float32(fade(float64(product), contactSome, contactNone))
		} else { // a black sole isn't a shadow
			o.step[t] *= float32(fade(float64(min(outer, beyond)*min(outer, beyond)), contactBlack, contactDark))
		}
	}
}
