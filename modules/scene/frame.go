package scene

import "math"

// airAbove is the share of the height left free by a product that lies above it.
const airAbove = 0.6

// room is what a request says about the product's size and place; zero leaves
// both to the set.
type room struct {
	fill float32    // share of the frame
	box  [4]float32 // x, y, width, height in pixels

	pitch float32 // of the camera, degrees; below 0: the set's own
}

func (r room) asked() bool { return r.fill > 0 || r.box[2] > 0 }

// minFloor is the least depth of floor in front of the horizon, as a share of
// the height, when a request places the product high up.
const minFloor = 0.08

// frame is the geometry of one output size in scene units, where one unit is
// the side of the square with the picture's area; y grows downwards.
type frame struct {
	W, H    int
	unit    float32 // output pixels per scene unit
	w, h    float32
	cx      float32
	px      float32 // middle of the product
	vanish  float32 // true horizon of the camera
	edge    float32 // where the table ends or the sweep bends
	contact float32 // where the product touches the floor
	boxW    float32 // room for the product
	boxH    float32
}

func newFrame(W, H int, st set, flat bool, r room) frame {
	f := frame{W: W, H: H, unit: sqrt32(float32(W) * float32(H))}
	f.w, f.h = float32(W)/f.unit, float32(H)/f.unit
	f.cx = f.w / 2
	f.px = f.cx
	// wide is +1 for 2:1 and beyond, -1 for 1:2 and beyond.
	wide := float32(clampF(math.Log2(float64(W)/float64(H)), -1, 1))
	tall := max(-wide, 0)
	wide = max(wide, 0)
	f.edge = f.h * (0.64 + st.lower - 0.04*tall + 0.01*wide)
	f.contact = f.h * (0.82 - 0.09*tall + 0.04*wide)
	f.boxW, f.boxH = min(0.73*f.w, 0.86), f.h*(0.62-0.1*tall+0.06*wide)
	if st.far == farPodium && !flat {
		f.contact = f.h * (0.79 - 0.07*tall + 0.02*wide)
		f.boxW, f.boxH = min(0.54*f.w, 0.6), f.h*(0.54-0.1*tall+0.06*wide)
	}
	if flat {
		f.boxW, f.boxH = min(0.72*f.w, 0.86), min(0.74*f.h, 0.86)
	}
	switch {
	case r.box[2] > 0:
		x, y, w, h := r.box[0]/f.unit, r.box[1]/f.unit, r.box[2]/f.unit, r.box[3]/f.unit
		f.px, f.boxW, f.boxH = x+w/2, w, h
		f.contact = min(max(y+h, 2*minFloor*f.h), f.h)
		f.edge = min(f.edge, f.contact-minFloor*f.h)
	case r.fill > 0:
		f.boxW, f.boxH = r.fill*f.w, r.fill*f.h
		// The floor line moves down until a product of that height fits, and
		// leaves a third of the free height below it.
		f.contact = min(max(f.contact, f.boxH+(f.h-f.boxH)*airAbove), f.h)
	}
	if r.pitch >= 0 && !flat {
		f.edge = min(f.h*edgeAt(r.pitch), f.contact-minFloor*f.h)
	}
	f.vanish = f.edge - 0.62*(f.contact-f.edge) - 0.14
	return f
}

// floor maps a picture row to the perspective floor: scale is the width of one
// scene unit seen from there, depth the distance, both 1-ish at the contact.
func (f *frame) floor(y float32) (scale, depth float32) {
	t := max(y-f.vanish, 0.02)
	tc := f.contact - f.vanish
	return tc / t, 2.9 * tc * tc / t
}
