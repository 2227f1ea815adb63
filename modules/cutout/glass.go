package cutout

import (
	"image"
	"math"
)

// Clear glass on a plain backdrop is the backdrop's own light, less what the glass takes and
// more what it reflects. So its coverage lies between: as little of the product's own colour as
// explains the photo, which is black where glass takes light and white where it shines. Before the
// photo's backdrop that is the photo; before another it is what shows through there.

// The marks of glass. Lengths are shares of the product's longer side.
const (
	bareTint  = 3.  // Lab: difference in colour of what shows the backdrop, whatever its brightness
	bareLit   = .75 // its brightness, of the backdrop's, where no doubt is
	bareLow   = .5  // its brightness, of the backdrop's
	bareHigh  = 1.03
	bareClose = 4. // Lab: difference from the backdrop that needs no more to be the backdrop

	glassReach = .045 // how far from what shows the backdrop its walls and reflections lie
	glassRate  = .22  // share of what shows the backdrop around a pixel, from which all of it is glass
	glassLeast = .04  // share of the product that shows the backdrop, below which it holds no glass

	solidWide   = .011  // half the width of a part that is more than a reflection or a wall
	solidTint   = 7.    // Lab: difference in colour of a part that has a colour of its own
	solidBright = 1.045 // brightness, of the backdrop's, of a part that reflects more than its light,
	solidBroad  = .045  // where it is wider than a window's reflection: half its width
	solidDark   = .25
	solidFar    = .028 // half the width of a part far from what shows the backdrop

	printRough = 7.   // detail, in textures of the backdrop, that only print, ribs and the like have
	printReach = .025 // distance between letters and lines of one label
	printEdge  = 3    // pixels by which detail is measured beyond what has it
	printWide  = .03  // half the width of a label

	wallWide   = .012 // width of a wall, seen along it
	wallDark   = .87  // median brightness of walls, of the backdrop's (L of Lab): glass has .43 to .86, white cloth .88 and more
	wallEdges  = .8   // share of the border to what is opaque that is an edge: with glass nine tenths are, on cloth two thirds at most
	wallStep   = 6.   // Lab: an edge
	wallAcross = 3    // pixels to either side

	glassFaint = .1 // coverage of glass that looks like nothing: each of its sides reflects a little
	glassGloss = .8 // exponent of coverage: a part of what dark glass takes away it replaces by what it reflects
	glassShine = 32 // levels between backdrop and white below which a reflection's strength is noise
)

// The reasons why nothing of a product is made translucent, as people read them.
const (
	glassNotPlain = "the backdrop is not plain, so nothing tells what glass lets through from what is behind it"
	glassNone     = "no part of the product shows the backdrop through it"
	glassNoWall   = "what looks like its backdrop does not end as glass does, with dark walls"
	glassOwn      = "the photo came with a cut-out of its own"
)

// Translucent returns a cut-out of the photo, both of one size, whose glass lets what is behind
// show through: its alpha lies between, its colour is what the glass itself adds, and before the
// photo's backdrop it looks as in the photo. What is opaque of the product, such as labels, lids and
// what has a colour or texture of its own, stays as it is. why says for people why the cut-out
// stays as it is; "" where it doesn't.
func Translucent(photo, cut *image.NRGBA) (out *image.NRGBA, why string) {
	cut = atOrigin(cut)
	if ownCutout(atOrigin(photo)) {
		return cut, glassOwn
	}
	im := flatten(atOrigin(photo))
	W, H := im.Rect.Dx(), im.Rect.Dy()
	scale := min(1, workSize/float64(max(W, H, 1)))
	w, h := int(float64(W)*scale+.5), int(float64(H)*scale+.5)
	if min(w, h) < minSide || cut.Rect != im.Rect {
		return cut, tooSmall
	}
	g := newGlass(shrink(im, w, h), shrinkAlpha(cut, w, h), float32(scale))
	if !g.plain() {
		return cut, glassNotPlain
	}
	g.decide()
	switch {
	case !g.clear():
		return cut, glassNone
	case !g.walled():
		return cut, glassNoWall
	}
	return g.cut(im, cut), ""
}

// glass is a product some of which lets its backdrop show through.
type glass struct {
	*joint
	fg    []bool  // the product with its openings
	side  float32 // of the product, the longer one
	bare  []bool  // looks like the backdrop, or like it in a little shade
	solid []bool  // opaque
}

func newGlass(lin planes3, cover *plane, scale float32) *glass {
	w, h := cover.w, cover.h
	g := &glass{fg: over(cover, .5)}
	closed := make([]bool, len(g.fg))
	for i, v := range g.fg {
		closed[i] = !v
	}
	eachPart(closed, w, h, func(part []int32) {
		for _, i := range part {
			if x, y := int(i)%w, int(i)/w; x == 0 || y == 0 || x == w-1 || y == h-1 {
				return
			}
		}
		for _, i := range part { // an engine may have taken glass for an opening
			g.fg[i] = true
		}
	})
	var box image.Rectangle
	for i, v := range g.fg {
		if v {
			box = box.Union(image.Rect(i%w, i/w, i%w+1, i/w+1))
		}
	}
	g.side = float32(max(box.Dx(), box.Dy(), 1))
	g.joint = &joint{raw: cover, scene: newScene(lin, scale, dilate(g.fg, w, h, 4))}
	return g
}

// plain tells whether the backdrop behind the product is known.
func (g *glass) plain() bool {
	return g.spread() < 2*plainSpread && max(g.sigma[0], g.sigma[1], g.sigma[2]) < plainSigma
}

// length is a share of the product's side, in pixels.
func (g *glass) length(share float32) int { return max(1, int(share*g.side+.5)) }

// decide tells what of the product is opaque.
func (g *glass) decide() {
	g.bare, g.solid = make([]bool, g.n), make([]bool, g.n)
	lit, other := make([]bool, g.n), make([]bool, g.n)
	for i, v := range g.fg {
		if !v {
			continue
		}
		d, _ := g.differs(i)
		k, grey := g.k[i], g.tint[i] < bareTint*bareTint
		lit[i] = d < bareClose || k > bareLit && k < bareHigh && grey
		g.bare[i] = lit[i] || k > bareLow && k < bareHigh && grey
		other[i] = !g.bare[i]
	}
	// parts too wide for a wall or a reflection
	g.fill(solidWide, func(i int) bool { return other[i] && (g.tint[i] > solidTint*solidTint || g.k[i] < solidDark) })
	g.fill(solidBroad, func(i int) bool { return other[i] && g.k[i] > solidBright })
	reach := g.length(glassReach)
	all, seen := coverage(g.fg, g.w, g.h, reach), coverage(lit, g.w, g.h, reach)
	g.fill(solidFar, func(i int) bool { return g.fg[i] && g.k[i] < bareLit && !g.solid[i] && seen.p[i] < glassRate*all.p[i] })
	g.print()
}

// fill makes those parts opaque that are a kind of pixel and wider than 2 × half of the product's side.
func (g *glass) fill(half float32, is func(i int) bool) {
	of := make([]bool, g.n)
	for i := range of {
		of[i] = is(i)
	}
	r := g.length(half)
	for i, d := range distance(opened(of, g.w, g.h, r), g.w, g.h) {
		g.solid[i] = g.solid[i] || of[i] && d < float32(r)
	}
}

// print adds labels, which may have the backdrop's colour: the ground between letters and lines.
func (g *glass) print() {
	marks := make([]bool, g.n)
	for i, v := range g.fg {
		marks[i] = v && g.rough.p[i] > printRough && !g.solid[i]
	}
	r := float32(g.length(printReach))
	open := make([]bool, g.n)
	for i, d := range distance(marks, g.w, g.h) {
		open[i] = d > r
	}
	closed := make([]bool, g.n)
	for i, d := range distance(open, g.w, g.h) {
		closed[i] = d > r+printEdge && g.fg[i]
	}
	// the two edges of a wall are no label
	for i, v := range opened(closed, g.w, g.h, g.length(printWide)) {
		g.solid[i] = g.solid[i] || v
	}
}

// clear tells whether enough of the product is glass. Openings are not: they are bare in any product.
func (g *glass) clear() bool {
	n, all := 0, 0
	for i, v := range g.raw.p {
		if v > .5 {
			all++
			if g.bare[i] && !g.solid[i] {
				n++
			}
		}
	}
	return float64(n) > glassLeast*float64(all)
}

// cut brings the decision to the photo's size.
func (g *glass) cut(im, cut *image.NRGBA) *image.NRGBA {
	W, H := im.Rect.Dx(), im.Rect.Dy()
	solid := coverage(g.solid, g.w, g.h, 1)
	within := planeOf(g.fg, g.w, g.h)
	out := image.NewNRGBA(im.Rect)
	sx, sy := float32(g.w)/float32(W), float32(g.h)/float32(H)
	var behind planes3 // levels, as pictures are laid over each other
	for c := range behind {
		behind[c] = newPlane(g.w, g.h)
		for i, v := range g.localLin[c].p {
			behind[c].p[i] = 255 * encoded(v)
		}
	}
	parallel(H, func(y0, y1 int) {
		for y := y0; y < y1; y++ {
			for x := range W {
				i := 4 * (y*W + x)
				px, had, photo := out.Pix[i:i+4:i+4], cut.Pix[i:i+4:i+4], im.Pix[i:i+4:i+4]
				u, v := (float32(x)+.5)*sx-.5, (float32(y)+.5)*sy-.5
				inside := within.at(u, v)
				if had[3] == 0 && inside < .999 {
					continue
				}
				s := solid.at(u, v)
				if s > .999 {
					copy(px, had)
					continue
				}
				var back [3]float32
				for c := range back {
					back[c] = behind[c].at(u, v)
				}
				least := lightest(photo, back)
				covered := float32(had[3]) / 255
				if had[3] > 0 {
					least = max(least, glassFaint)
				} else {
					covered = 1 // an opening, or glass that was taken for one
				}
				a := covered*s + min(least, covered)*(1-s)
				if had[3] == 0 && a < glassFaint {
					continue
				}
				if px[3] = uint8(a*255 + .5); px[3] == 0 {
					continue
				}
				if px[3] == had[3] {
					copy(px, had)
					continue
				}
				a = float32(px[3]) / 255
				for c := range 3 {
					px[c] = uint8(min(max((float32(photo[c])-(1-a)*back[c])/a, 0), 255) + .5)
				}
			}
		}
	})
	return out
}

// lightest is the least coverage, 0–1, with which some colour before the backdrop looks like
// the photo.
func lightest(photo []uint8, back [3]float32) (a float32) {
	for c, b := range back {
		p := float32(photo[c])
		if p < b {
			a = max(a, (b-p)/max(b, 1))
		} else {
			a = max(a, (p-b)/max(255-b, glassShine))
		}
	}
	return min(float32(math.Pow(float64(a), glassGloss)), 1)
}

// encoded is the sRGB value, 0–1, of linear light.
func encoded(v float32) float32 {
	return float32(rootToByte[int(min(max(sqrt32(max(v, 0)), 0), 1)*rootSteps+.5)]) / 255
}

// walled tells whether what shows the backdrop ends as glass does: with a dark wall along the
// outline, and with an edge towards what is opaque. A white shirt before a white backdrop, or a pale
// one that is as light as the backdrop in its folds alone, does not.
func (g *glass) walled() bool {
	w, r := g.w, g.length(wallWide)
	inner, away := signedDistance(g.fg, w, g.h), distance(g.solid, w, g.h)
	var dark []float32
	border, edges := 0, 0
	for y := r; y < g.h-r; y++ {
		for x := r; x < w-r; x++ {
			i := y*w + x
			switch {
			case !g.fg[i] || g.solid[i]:
			case inner.p[i] < 1 && away[i] > float32(2*r):
				dark = append(dark, g.darkest(x, y, r))
			case inner.p[i] > float32(2*r) && away[i] < 1.5:
				border++
				if g.edged(x, y) {
					edges++
				}
			}
		}
	}
	return len(dark) > 0 && median(dark) < wallDark && float32(edges) >= wallEdges*float32(border)
}

// darkest is the least brightness of the product within r pixels of x, y, of the backdrop's (L of Lab).
func (g *glass) darkest(x, y, r int) float32 {
	least := float32(2)
	for j := y - r; j <= y+r; j++ {
		for i := j*g.w + x - r; i <= j*g.w+x+r; i++ {
			if g.fg[i] {
				least = min(least, g.smooth[0].p[i]/max(g.local[0].p[i], 1))
			}
		}
	}
	return least
}

// edged tells whether an edge runs through x, y.
func (g *glass) edged(x, y int) bool {
	for d := range 4 {
		ax, ay, bx, by := x+wallAcross*dxs[d], y+wallAcross*dys[d], x-wallAcross*dxs[d], y-wallAcross*dys[d]
		if g.inside(ax, ay) && g.inside(bx, by) && g.smooth.dist2(ay*g.w+ax, by*g.w+bx) > wallStep*wallStep {
			return true
		}
	}
	return false
}
