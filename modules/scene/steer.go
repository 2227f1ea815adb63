package scene

import (
	"fmt"
	"image"
	"math"
	"slices"
	"strings"

	"github.com/opal-photo/opal/modules/picture"
)

// Limits of steering.
const (
	// flatPitch is from how steep a look down on the camera sees all surface.
	flatPitch = 60
	// frontPitch is the steepest look down that goes with a product photographed from the
	// front.
	frontPitch = 25
	// mostOfFrame bounds the share of the frame that a product takes by its real size.
	mostOfFrame = 0.94
	// mostTimes bounds how many frames a product is wide or high.
	mostTimes = 2.5
	// cutRun is the least run of product along an edge of the photo, as a share of the
	// product's side, by which the photo is taken to have cut it off there. A shorter one of
	// cutLeast will do where it grows by cutGrows at most within cutDepth of the product's
	// shorter side. solid is the least alpha.
	cutRun   = 0.2
	cutLeast = 0.01
	cutDepth = 0.03
	cutGrows = 1.5
	solid    = 200
	// floorEdge is how far below a plate's floor's end products stand at least, of the height:
	// there its shadows begin.
	floorEdge = 0.035
	// usualFrame is how many millimetres of the floor a set's frame shows where it
	// doesn't say.
	usualFrame = 600
)

// frameMM holds how many millimetres of their floor the sets show, where products
// stand.
var frameMM = map[string]float64{"studio": 600, "minimal": 500, "luxury": 400, "kitchen": 700, "office": 700, "lifestyle": 700, "nature": 700, "outdoor": 900}

// posePitched is the pose in which a camera that looks down by so many degrees sees a
// product.
func posePitched(pitch float64) Pose {
	if pitch >= flatPitch {
		return PoseFlat
	}
	return PoseStanding
}

// pitchOf returns the camera's pitch, below 0 where nobody wished one.
func pitchOf(s picture.Steering) float32 {
	if s.CameraPitch == nil {
		return -1
	}
	return float32(math.Min(*s.CameraPitch, flatPitch))
}

// unseen tells which wishes change nothing in a background that is as somebody brought or
// chose it, and which can't change the product's own view; "" where there are none.
func unseen(req Request, st set) string {
	var left []string
	if req.Steer.Seed != nil && (req.Plate != nil || st.painted) {
		left = append(left, "seed")
	}
	if req.Steer.CameraPitch != nil && req.Plate != nil {
		left = append(left, "camera_pitch")
	}
	switch {
	case len(left) == 0 && req.Steer.CameraPitch != nil && !st.painted && *req.Steer.CameraPitch > frontPitch:
		return fmt.Sprintf("camera_pitch %.0f moves the scene's camera alone: the product is shown from where its photo was taken", *req.Steer.CameraPitch)
	case len(left) == 0:
		return ""
	case req.Plate != nil:
		return "a plate stays as it was photographed, whatever is wished by " + strings.Join(left, " and ")
	}
	return "a plain background is the same with each " + left[0]
}

// edgeAt returns the row, as a share of the height, at which a surface ends that is seen
// from so many degrees above.
func edgeAt(pitch float32) float32 { return 0.74 - 0.0105*pitch }

// steeredLight returns the side of the light that was wished: by its angle, else by its
// side.
func steeredLight(req Request) Light {
	if a := req.Steer.LightAngle; a != nil {
		switch s := math.Sin(*a * deg); {
		case s > 0.2:
			return LightRight
		case s < -0.2:
			return LightLeft
		}
	}
	return req.Light
}

// wished is what steering made of a product's place.
type wished struct {
	anchor string
	zoom   float64
	at     [2]float64
	fixed  bool
	note   string
}

// moved changes the product's size and place as was wished.
func moved(req Request, p *product, f *frame, lk *look, scale, left, bottom float64) (newScale, newLeft, newBottom float64, w wished) {
	s := req.Steer
	bw, bh := float64(p.box.Dx()), float64(p.box.Dy())
	usual, width, height := scale, float64(f.W), float64(f.H)
	centre := left + bw*scale/2
	middle := bottom - bh*scale/2
	if s.X != nil {
		centre, w.at[0] = *s.X*width, *s.X
		if s.Anchor == picture.AnchorLeft || s.Anchor == picture.AnchorRight {
			w.say("x is not followed: the product comes out of the frame's " + s.Anchor)
		}
	}
	if s.Y != nil {
		bottom, w.at[1] = *s.Y*height, *s.Y
		low := float64(f.edge*f.unit) + 0.02*height
		if req.Plate != nil { // its shadow falls on its floor alone
			low = math.Max(low, (req.Plate.Floor[1]+floorEdge)*height)
		}
		if !lk.flat && bottom < low {
			w.say(fmt.Sprintf("y %.2f is above the floor or at its very end: the product stands at %.2f", *s.Y, low/height))
			bottom = low
		}
		if s.Anchor == picture.AnchorTop || s.Anchor == picture.AnchorBottom {
			w.say("y is not followed: the product comes out of the frame's " + s.Anchor)
		}
	}
	if s.HeightMM > 0 {
		if s.Y == nil && !lk.flat && !boxed(req) { // all at one distance
			bottom = float64(f.contact * f.unit)
		}
		across := s.FrameMM
		if across == 0 && req.Plate != nil && req.Plate.FrameMM > 0 {
			near, _ := f.floor(f.h)
			across = req.Plate.FrameMM / float64(near)
		}
		if across == 0 {
			across = frameMM[lk.name]
		}
		if across == 0 {
			across = usualFrame
		}
		far := float32(1)
		if !lk.flat {
			far, _ = f.floor(float32(bottom) / f.unit)
		}
		scale, w.fixed = s.HeightMM/across*width/float64(far)/bh, true
		free := height // what it may be high: the frame above where it stands
		if !lk.flat && s.Anchor != picture.AnchorBottom && s.Anchor != picture.AnchorTop {
			free = math.Max(bottom, leastPart*height)
		}
		if most := mostOfFrame * math.Min(width/bw, free/bh); scale > most {
			w.say(tooLarge(s.HeightMM, bw/bh, s.HeightMM/(scale*bh), width, free))
			scale = most
		}
	}
	if s.Scale > 0 {
		scale *= s.Scale
		if most := math.Min(mostTimes*width/bw, mostTimes*height/bh); scale > most {
			scale = most
			w.say(fmt.Sprintf("the product would be more than %.1f frames large: it is shown smaller than was wished", mostTimes))
		}
	}
	if scale != usual && !w.fixed {
		w.zoom = scale / usual
	}
	if lk.flat && s.Y == nil {
		bottom = middle + bh*scale/2
	}
	left = centre - bw*scale/2
	w.chooseAnchor(s.Anchor, p, lk.flat)
	switch w.anchor {
	case picture.AnchorFloor:
		w.anchor = ""
	case picture.AnchorBottom:
		bottom = height
	case picture.AnchorTop:
		bottom = bh * scale
	case picture.AnchorLeft:
		left = 0
	case picture.AnchorRight:
		left = width - bw*scale
	}
	scale, left, bottom = w.inside(scale, left, bottom, bw, bh, width, height)
	return scale, math.Round(left), math.Round(bottom), w
}

// tooLarge says why a product of so many millimetres of height is shown smaller than it is: what
// of the frame there is for it, width and free pixels of mm millimetres each. slim is the
// product's width, of its height.
func tooLarge(high, slim, mm, width, free float64) string {
	if free <= width/slim {
		return fmt.Sprintf("a product of %.0f mm is larger than the frame, which has room for %.0f mm above where it stands: it is shown smaller than it is", high, math.Floor(mostOfFrame*free*mm))
	}
	return fmt.Sprintf("a product of %.0f mm is larger than the frame: it is %.0f mm wide, has room for %.0f mm, and is shown smaller than it is", high, high*slim, math.Floor(mostOfFrame*width*mm))
}

// The least of a product that its wishes leave in the frame.
const (
	leastPart = 0.5  // of its width and its height, or of the frame's where it is larger
	leastSide = 0.02 // of the frame's shorter side, for its longer side; and leastPixels
	// leastPixels is for each side.
	leastPixels = 2
)

// inside keeps a product in the frame whose wishes would leave little of it to be seen, and
// says so.
func (w *wished) inside(scale, left, bottom, bw, bh, width, height float64) (newScale, newLeft, newBottom float64) {
	side := math.Min(width, height) / math.Max(bw, bh)
	if least := math.Min(math.Max(leastSide*side, leastPixels/math.Min(bw, bh)), side*mostOfFrame); scale < least {
		left, bottom = left-bw*(least-scale)/2, bottom+bh*(least-scale)/2
		scale = least
		w.say("the product would hardly be seen: it is shown larger than was wished")
	}
	into := func(from, size, frame float64) float64 {
		part := math.Max(leastPart*math.Min(size, frame), math.Min(size, leastPixels))
		return math.Min(math.Max(from, part-size), frame-part)
	}
	x, y := into(left, bw*scale, width), into(bottom-bh*scale, bh*scale, height)
	if x != left || y != bottom-bh*scale {
		w.say("most of the product would lie outside the frame: it is moved inside")
	}
	return scale, x, y + bh*scale
}

// say adds to the note.
func (w *wished) say(text string) { w.note = picture.Noted(w.note, text) }

// boxed reports whether the request names the product's place.
func boxed(r Request) bool { return r.Box[2] >= 1 && r.Box[3] >= 1 }

// chooseAnchor takes the wished anchor, else the edge at which the photo cut the product
// off, and tells where the two don't agree.
func (w *wished) chooseAnchor(asked string, p *product, flat bool) {
	cut := p.cutEdges()
	w.anchor = asked
	switch {
	case asked == picture.AnchorFloor:
	case asked != "":
		if !slices.Contains(cut, asked) {
			w.say("the photo shows the product whole at its " + asked + " edge: it touches the frame there all the same")
		}
	case len(cut) > 0 && (!flat || cut[0] != picture.AnchorBottom):
		w.anchor = cut[0]
		if w.anchor != picture.AnchorBottom {
			w.say("the photo cuts the product off at its " + w.anchor + " edge: it comes out of the frame's")
		}
	}
	if left := slices.DeleteFunc(cut, func(e string) bool { return e == w.anchor }); len(left) > 0 && w.anchor != "" && asked != picture.AnchorFloor {
		w.say("the photo cuts the product off at its " + strings.Join(left, " and ") + " edge, too: that is seen")
	}
}

// cutEdges returns the edges at which the photo cut the product off, as anchors, the lower
// one first; none where nothing was cut out. A product that reaches from one edge to the
// opposite one is whole in a photo cropped to it, as far as anybody knows.
func (p *product) cutEdges() (edges []string) {
	if p.whole || p.img == nil || p.box.Empty() {
		return nil
	}
	size, b := p.img.Rect.Size(), p.box
	for _, e := range []struct {
		anchor  string
		touches bool
		from    image.Point // a corner of the product at that edge
		along   image.Point // the way along the edge, and into the photo
		into    image.Point
		n       int
	}{
		{picture.AnchorBottom, b.Max.Y == size.Y && b.Min.Y > 0, image.Pt(b.Min.X, size.Y-1), image.Pt(1, 0), image.Pt(0, -1), b.Dx()},
		{picture.AnchorLeft, b.Min.X == 0 && b.Max.X < size.X, image.Pt(0, b.Min.Y), image.Pt(0, 1), image.Pt(1, 0), b.Dy()},
		{picture.AnchorRight, b.Max.X == size.X && b.Min.X > 0, image.Pt(size.X-1, b.Min.Y), image.Pt(0, 1), image.Pt(-1, 0), b.Dy()},
		{picture.AnchorTop, b.Min.Y == 0 && b.Max.Y < size.Y, image.Pt(b.Min.X, 0), image.Pt(1, 0), image.Pt(0, 1), b.Dx()},
	} {
		if e.touches && (p.cutAlong(e.from, e.along, e.into, e.n) || e.anchor == picture.AnchorTop && p.hangsByCord()) {
			edges = append(edges, e.anchor)
		}
	}
	return edges
}

// cutAlong reports whether the product goes on beyond an edge of its photo: it lies on a
// good part of the edge, or is as wide a little further in. What only touches the edge, as a
// ball does, is much wider there.
func (p *product) cutAlong(from, along, into image.Point, n int) bool {
	longest := func(at image.Point) (most int) {
		run := 0
		for range n {
			if p.img.Pix[p.img.PixOffset(p.img.Rect.Min.X+at.X, p.img.Rect.Min.Y+at.Y)+3] < solid {
				run = 0
			} else if run++; run > most {
				most = run
			}
			at = at.Add(along)
		}
		return most
	}
	at := longest(from)
	deep := max(2, int(cutDepth*float64(min(p.box.Dx(), p.box.Dy()))))
	inside := longest(from.Add(into.Mul(deep)))
	return float64(at) >= cutRun*float64(n) || float64(at) >= cutLeast*float64(n) && float64(inside) <= cutGrows*float64(at)
}

// cast is how the shadow falls, where that was wished. The zero value is the set's own.
type cast struct {
	set         bool
	right, near float32 // where it falls
	length      float32 // times the usual
	deeper      float32 // how much stronger than the usual, as a power of the light that is left; 0: not
}

// shade applies the wishes that concern shadow and reflection alone. A product that comes
// out of the frame's lower edge or hangs from its upper one has no floor under it.
func (lk *look) shade(s picture.Steering, anchor string) {
	lk.cast.length = 1
	if right, near, ok := s.Falls(); ok {
		lk.cast.set, lk.cast.right, lk.cast.near = true, float32(right), float32(near)
		lk.backlit = false
	}
	if s.Reflection != nil {
		lk.reflection = float32(*s.Reflection)
	}
	if sh := s.Shadow; sh != nil {
		if sh.Strength != nil {
			// Stronger than the set's own it gets darker and never black: light from all
			// around is left.
			lk.shadow *= float32(math.Min(*sh.Strength, 1))
			lk.cast.deeper = float32(math.Max(*sh.Strength, 1))
		}
		if sh.Softness != nil {
			lk.hardness = 1 - float32(*sh.Softness)
		}
		if sh.Length != nil {
			lk.cast.length = float32(*sh.Length)
		}
		if sh.Off {
			lk.shadow = 0
		}
	}
	if !lk.flat && (anchor == picture.AnchorBottom || anchor == picture.AnchorTop) {
		lk.shadow, lk.reflection = 0, 0
	}
}

// reach returns how far beside the product its shadow may fall and how far before it,
// as shares of the product's height.
func (c cast) reach() (across, near float32) {
	across, near = 0.9, 0.25
	if c.length > 1 {
		across *= c.length
	}
	if c.set && c.near > 0 {
		near = max(near, 0.1+nearShare*c.near*c.length)
	}
	return across, near
}

// nearShare is how long a shadow that falls towards the viewer looks, of its product's
// height.
const nearShare = 0.42

// A shadow that falls to the side is this thick, of the product's height.
const (
	sideways  = 0.4
	sideDepth = 0.13
)

// steer returns the slant of the shadow's far end: to the right and up the picture, for
// each row of the product's height. room bounds the way up.
func (c cast) steer(shear, squash, room float32) (right, up float32) {
	length := c.length
	if length == 0 {
		length = 1
	}
	if !c.set {
		return shear * length, min(squash*length, room)
	}
	right = c.right * max(abs32(shear), 0.86) * length
	up = -c.near * nearShare * length
	if side := abs32(c.near); side < sideways { // a product has depth: its shadow beside it has some, too
		up += sideDepth * (1 - side/sideways)
	}
	return right, min(up, room)
}

// offset returns where a flat product's shadow lies for a usual offset.
func (c cast) offset(dx, dy float32) (x, y float32) {
	length := c.length
	if length == 0 {
		length = 1
	}
	if !c.set {
		return dx * length, dy * length
	}
	way := sqrt32(dx*dx+dy*dy) * length
	return way * c.right, way * c.near
}

// ErrPlateMissing says that a scene names a plate whose photograph is not there.
var ErrPlateMissing = picture.ErrPlate.With("its photograph is missing")
