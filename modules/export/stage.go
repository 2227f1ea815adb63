package export

import (
	"image"
	"math"

	"github.com/opal-photo/opal/modules/channel"
	"github.com/opal-photo/opal/modules/picture"
)

// The composition, as shares of the variant's height.
const (
	floorTall   = 0.74 // where the product stands in a story: below its middle, clear of the app's own controls
	floorSquare = picture.DefaultFloor
	floorWide   = 0.90
	topAir      = 0.05 // least air above the product
	bottomAir   = 0.03 // least below it

	// tallCap bounds how much of a tall frame's height the product takes: a
	// bottle that fits a square would fill a story from edge to edge.
	tallCap    = 0.60
	tallAspect = 0.9

	// mostZoom is how far a tall crop may be zoomed into the backdrop; beyond it
	// the set turns soft.
	mostZoom = 1.25
)

// inScene returns the product's size on a set.
func inScene(pw, ph int, p channel.Preset) (int, int) {
	height := p.Height
	if p.Aspect() < tallAspect {
		height = min(height, int(float64(p.Height)*tallCap/p.Fill))
	}
	return fit(pw, ph, p, height)
}

// floorShare returns where the floor lies in a frame of this aspect, as a share
// of its height.
func floorShare(aspect float64) float64 {
	switch {
	case aspect < .75:
		return floorTall
	case aspect > 1.4:
		return floorWide
	}
	return floorSquare
}

// staging is how a variant is laid out on a scene.
type staging struct {
	window  image.Rectangle // the part of the scene that is seen, in its pixels
	product image.Rectangle // in pixels of the variant
	scale   float64         // variant pixels for a scene pixel, of product and shadow
	origin  [2]float64      // where the scene's origin comes to lie for the shadow
}

// point takes a point of the scene to the variant, as product and shadow go.
func (s staging) point(p image.Point) image.Point {
	return image.Pt(int(math.Round(s.origin[0]+float64(p.X)*s.scale)), int(math.Round(s.origin[1]+float64(p.Y)*s.scale)))
}

// stage lays out a variant on a scene that doesn't hold the product. The
// product is inside the frame, unless the scene's own cuts it, and the window inside the
// scene, whatever the sizes.
func stage(p channel.Preset, l *Source) staging {
	if cut(l) {
		return asCut(p, l)
	}
	if l.Fixed {
		return fixed(p, l)
	}
	if l.Zoom > 0 {
		p.Fill = min(p.Fill*l.Zoom, mostFill)
	}
	bx, by, bw, bh := float64(l.Box[0]), float64(l.Box[1]), float64(l.Box[2]), float64(l.Box[3])
	w, h := float64(p.Width), float64(p.Height)
	kx, ky := l.room()
	pw, ph := inScene(times(l.Box[2], kx), times(l.Box[3], ky), p)
	pw, ph = times(pw, 1/kx), times(ph, 1/ky)
	s := float64(ph) / bh
	if l.Box[2] > l.Box[3] { // the longer side rounds least
		s = float64(pw) / bw
	}

	cw, ch := cover(l, p.Aspect())
	floor := floorOf(l)
	centre := bx + bw/2
	// the product's own lower edge stands this far below the floor line
	below := (by + bh - floor) * s
	share := floorShare(p.Aspect())
	if l.HorizonY == 0 { // seen from above: it stands in the middle
		share = .5 + (float64(ph)/2-below)/h
	}
	if l.At[1] > 0 {
		share = l.At[1]
	}
	// a product that would leave too little air above stands lower
	if need := (float64(ph)-below)/h + topAir; share < need {
		share = min(need, 1-below/h-bottomAir)
	}
	if p.Aspect() < float64(l.Width)/float64(l.Height) {
		// a tall crop shows the floor where the scene has it; where there is
		// room, zoom in so that it comes to its share
		zoom := zoomFor(floor/float64(l.Height), share)
		cw, ch = cw/zoom, ch/zoom
	}
	across := .5
	if l.At[0] > 0 {
		across = l.At[0]
	}
	ox := clamp(centre-cw*across, 0, float64(l.Width)-cw)
	oy := clamp(floor-share*ch, 0, float64(l.Height)-ch)
	win := round(ox, oy, cw, ch).Intersect(image.Rect(0, 0, l.Width, l.Height))

	// variant pixels for a scene pixel of the backdrop
	tx, ty := w/float64(win.Dx()), h/float64(win.Dy())
	fx, fy := (centre-float64(win.Min.X))*tx, (floor-float64(win.Min.Y))*ty
	// never higher than the set's own floor, but nearer to the viewer rather
	// than out of the frame
	top := fy + below - float64(ph)
	if air := topAir * h; top < air {
		top = min(air, h-float64(ph)-bottomAir*h)
	}
	x := int(math.Round(clamp(fx-float64(pw)/2, 0, w-float64(pw))))
	y := int(math.Round(clamp(top, 0, h-float64(ph))))
	at := image.Rect(x, y, x+pw, y+ph)
	// in a safe zone it stands farther back on the floor, with its shadow, but not on the wall
	if moved := intoZone(p, at); l.HorizonY == 0 || moved.Min.Y >= at.Min.Y || float64(moved.Max.Y) > (float64(l.HorizonY)-float64(win.Min.Y))*ty {
		at = moved
	}
	at = anchored(l.Anchor, at, p)
	return staging{
		window: win, product: at, scale: s,
		origin: [2]float64{float64(at.Min.X) - bx*s, float64(at.Min.Y) - by*s},
	}
}

// mostFill bounds the share of a variant that a product takes as large as was wished.
const mostFill = 0.96

// anchored moves a product to the edge of the frame that it comes out of.
func anchored(anchor string, at image.Rectangle, p channel.Preset) image.Rectangle {
	to := at.Min
	switch anchor {
	case picture.AnchorBottom:
		to.Y = p.Height - at.Dy()
	case picture.AnchorTop:
		to.Y = 0
	case picture.AnchorLeft:
		to.X = 0
	case picture.AnchorRight:
		to.X = p.Width - at.Dx()
	}
	return at.Add(to.Sub(at.Min))
}

// fixed lays out a variant in which the product keeps its size against the scene: it is
// a crop of the picture. A product that such a crop can't hold is made smaller, and its
// shadow with it.
func fixed(p channel.Preset, l *Source) staging {
	bx, by, bw, bh := float64(l.Box[0]), float64(l.Box[1]), float64(l.Box[2]), float64(l.Box[3])
	w, h := float64(p.Width), float64(p.Height)
	cw, ch := cover(l, p.Aspect())
	floor := floorOf(l)
	ox := clamp(bx+bw/2-cw/2, 0, float64(l.Width)-cw)
	oy := clamp(floor-floorShare(p.Aspect())*ch, 0, float64(l.Height)-ch)
	if l.Anchor == picture.AnchorBottom {
		oy = float64(l.Height) - ch
	}
	if k := nearer(p, l, cw, ch); k < 1 {
		cw, ch = cw*k, ch*k
		ox, oy = clamp(bx+bw/2-cw/2, 0, float64(l.Width)-cw), float64(l.Height)-ch
	}
	win := round(ox, oy, cw, ch).Intersect(image.Rect(0, 0, l.Width, l.Height))
	t := w / float64(win.Dx())
	s := min(t, mostFill*w/bw, mostFill*h/bh)
	pw, ph := min(p.Width, atLeastOne(bw*s)), min(p.Height, atLeastOne(bh*s))
	x := clamp((bx+bw/2-float64(win.Min.X))*t-float64(pw)/2, 0, w-float64(pw))
	y := clamp((by+bh-float64(win.Min.Y))*h/float64(win.Dy())-float64(ph), 0, h-float64(ph))
	at := anchored(l.Anchor, image.Rect(0, 0, pw, ph).Add(image.Pt(int(math.Round(x)), int(math.Round(y)))), p)
	return staging{window: win, product: at, scale: s, origin: [2]float64{float64(at.Min.X) - bx*s, float64(at.Min.Y) - by*s}}
}

// nearer returns by how much a crop of cw×ch of the scene's pixels has to be smaller, at the scene's
// lower edge, so that a product which stands there is above the end of the preset's safe zone; 1
// where it needn't, or where the product has no room in such a crop. Products at one distance are
// shown alike.
func nearer(p channel.Preset, l *Source, cw, ch float64) float64 {
	if p.SafeZone == nil || p.SafeZone[3] >= 1 || l.Anchor == picture.AnchorBottom || l.Anchor == picture.AnchorTop {
		return 1
	}
	k := (float64(l.Height-l.Box[1]-l.Box[3]) - 1) / (1 - p.SafeZone[3]) / ch // a pixel for the rounding
	if k >= 1 || k < 1/mostZoom || float64(l.Box[2]) > mostFill*cw*k || float64(l.Box[1]) < float64(l.Height)-ch*k {
		return 1
	}
	return k
}

// The limits from which a variant shows the product as its scene does.
const (
	leastShown = 0.98 // of the product's box that the scene's frame shows
	shadowSide = 0.35 // of the product's height: so far beside it lies what is seen of its shadow
)

// cut reports whether the scene's frame cuts off the product, or the shadow of one that stands
// where it was wished: neither is there for a variant that moves them inside.
func cut(l *Source) bool {
	box, frame := l.Box.Rect(), image.Rect(0, 0, l.Width, l.Height)
	seen := box.Intersect(frame)
	if float64(seen.Dx())*float64(seen.Dy()) < leastShown*float64(box.Dx())*float64(box.Dy()) {
		return true
	}
	if l.At == ([2]float64{}) && l.Zoom == 0 || l.Anchor != "" {
		return false
	}
	side := int(shadowSide * float64(box.Dy()))
	return box.Min.X-side < 0 || box.Max.X+side > l.Width
}

// asCut lays out a variant that is a crop of the picture, around what it shows of the product.
func asCut(p channel.Preset, l *Source) staging {
	frame := image.Rect(0, 0, l.Width, l.Height)
	box := l.Box.Rect()
	seen := box.Intersect(frame)
	cw, ch := cover(l, p.Aspect())
	ox := clamp(float64(seen.Min.X+seen.Max.X)/2-cw/2, 0, float64(l.Width)-cw)
	oy := clamp(floorOf(l)-floorShare(p.Aspect())*ch, 0, float64(l.Height)-ch)
	top, low := float64(seen.Min.Y), float64(seen.Max.Y)-ch // it shows all of what is seen, or nothing else
	oy = clamp(oy, min(top, low), max(top, low))
	win := round(ox, oy, cw, ch).Intersect(frame)
	t := float64(p.Width) / float64(win.Dx())
	x, y := int(math.Round(float64(box.Min.X-win.Min.X)*t)), int(math.Round(float64(box.Min.Y-win.Min.Y)*t))
	at := image.Rect(x, y, x+atLeastOne(float64(box.Dx())*t), y+atLeastOne(float64(box.Dy())*t))
	return staging{window: win, product: at, scale: t, origin: [2]float64{float64(x) - float64(box.Min.X)*t, float64(y) - float64(box.Min.Y)*t}}
}

// cover returns the size of the largest part of the scene with an aspect.
func cover(l *Source, aspect float64) (w, h float64) {
	w, h = float64(l.Width), float64(l.Height)
	if aspect < w/h {
		return h * aspect, h
	}
	return w, w / aspect
}

// round takes a window to whole pixels, at least one of them.
func round(x, y, w, h float64) image.Rectangle {
	at := image.Pt(int(math.Round(x)), int(math.Round(y)))
	return image.Rectangle{at, at.Add(image.Pt(atLeastOne(w), atLeastOne(h)))}
}

// zoomFor returns how far a tall crop is zoomed so that the floor moves from
// one share of the height up to another, by cutting off the bottom or the top.
func zoomFor(have, want float64) float64 {
	if have <= want {
		return 1 // the floor is high enough: cutting off the top would lower it further
	}
	return min(mostZoom, 1/(1-(have-want)))
}

// floorOf returns the row of the scene on which the product stands.
func floorOf(l *Source) float64 {
	if l.FloorY > l.Box[1] && l.FloorY <= l.Height {
		return float64(l.FloorY)
	}
	return float64(min(l.Box[1]+l.Box[3], l.Height))
}

func clamp(v, low, high float64) float64 { return max(low, min(v, high)) }
