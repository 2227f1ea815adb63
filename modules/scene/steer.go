package scene

import (
	"fmt"
	"math"
	"strings"

	"github.com/opal-photo/opal/modules/picture"
)

// Limits of steering.
const (
	// flatPitch is from how steep a look down on the camera sees all surface.
	flatPitch = 60
	// mostOfFrame bounds the share of the frame that a product takes by its real size.
	mostOfFrame = 0.94
	// mostTimes bounds how many frames a product is wide or high.
	mostTimes = 2.5
	// cutRun is the least run of product along the photo's lower edge, as a share of the
	// product's width, by which the photo is taken to have cut it off there.
	cutRun = 0.2
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
// chose it; "" where there are none.
func unseen(req Request, st set) string {
	var left []string
	if req.Steer.Seed != nil && (req.Plate != nil || st.painted) {
		left = append(left, "seed")
	}
	if req.Steer.CameraPitch != nil && req.Plate != nil {
		left = append(left, "camera_pitch")
	}
	switch {
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
			w.say(fmt.Sprintf("y %.2f is above the floor: the product stands at %.2f", *s.Y, low/height))
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
		if most := math.Min(mostOfFrame*width/bw, mostOfFrame*height/bh); scale > most {
			scale = most
			w.say(fmt.Sprintf("a product of %.0f mm is larger than the frame, which shows %.0f mm: it is shown smaller than it is", s.HeightMM, across))
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
	w.anchor = s.Anchor
	if w.anchor == "" && !lk.flat && p.cutBelow() {
		w.anchor = picture.AnchorBottom
	}
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

// cutBelow reports whether the photo's lower edge cuts the product off, and no other
// edge does: its feet are not in the photo.
func (p *product) cutBelow() bool {
	if p.whole || p.img == nil || p.box.Empty() {
		return false
	}
	size := p.img.Rect.Size()
	if p.box.Max.Y != size.Y || p.box.Min.Y == 0 || p.box.Min.X == 0 || p.box.Max.X == size.X {
		return false
	}
	run, most := 0, 0
	row := p.img.Pix[(size.Y-1)*p.img.Stride:]
	for x := p.box.Min.X; x < p.box.Max.X; x++ {
		if row[x*4+3] < 200 {
			run = 0
			continue
		}
		run++
		most = max(most, run)
	}
	return float64(most) >= cutRun*float64(p.box.Dx())
}

// cast is how the shadow falls, where that was wished. The zero value is the set's own.
type cast struct {
	set         bool
	right, near float32 // where it falls
	length      float32 // times the usual
}

// shade applies the wishes that concern shadow and reflection alone. A product that
// comes out of the frame's edge has no floor under it.
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
			lk.shadow *= float32(*sh.Strength)
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
	if anchor != "" && anchor != picture.AnchorFloor {
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
