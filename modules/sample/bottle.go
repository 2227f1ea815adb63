package sample

import "math"

// The bottle's measures, in units of its body's radius. It stands at the origin
// on the plane y = 0.
const (
	bodyTop   = 2.5
	neckTop   = 2.95
	capTop    = 3.42
	bulbTop   = 4.2
	labelLow  = 0.42
	labelHigh = 1.98
	labelWide = 1.12 // radians to each side of the middle
)

// material is what a point of the bottle is made of.
type material int

const (
	glass material = iota
	collar
	rubber
	nothing // the backdrop
)

// roundBox is the distance in the half plane (distance from the axis, height) to
// a box with rounded corners that reaches from the axis to radius.
func roundBox(r, y, radius, low, high, corner float64) float64 {
	dx := math.Abs(r) - radius + corner
	dy := math.Abs(y-(low+high)/2) - (high-low)/2 + corner
	return math.Hypot(max(dx, 0), max(dy, 0)) + min(max(dx, dy), 0) - corner
}

// blend joins two distances with a fillet of about k.
func blend(a, b, k float64) float64 {
	h := clamp(0.5 + 0.5*(b-a)/k)
	return b*(1-h) + a*h - k*h*(1-h)
}

// distance is how far p is from the bottle, at least; negative inside.
func distance(p vec) (float64, material) {
	r := math.Hypot(p.x, p.z)
	body := roundBox(r, p.y, 1, 0, bodyTop, 0.2)
	d, m := blend(body, roundBox(r, p.y, 0.4, 1, neckTop, 0.02), 0.34), glass
	if p.y > 2.4 { // the closure can't be nearer below
		ribs := 0.012 * math.Cos(44*math.Atan2(p.x, p.z)) * smooth(2.86, 2.92, p.y) * (1 - smooth(capTop-0.1, capTop-0.04, p.y))
		if c := roundBox(r, p.y, 0.55+ribs, 2.8, capTop, 0.05) * 0.8; c < d {
			d, m = c, collar
		}
		bulb := roundBox(r, p.y, 0.27+0.05*smooth(capTop, bulbTop, p.y), capTop-0.1, bulbTop, 0.26)
		if bulb = blend(bulb, roundBox(r, p.y, 0.36, capTop-0.1, capTop+0.1, 0.04), 0.1); bulb < d {
			d, m = bulb, rubber
		}
	}
	return d, m
}

// normal is the direction away from the surface at p.
func normal(p vec) vec {
	const e = 0.0012
	at := func(x, y, z float64) float64 { d, _ := distance(vec{p.x + x, p.y + y, p.z + z}); return d }
	return vec{at(e, 0, 0) - at(-e, 0, 0), at(0, e, 0) - at(0, -e, 0), at(0, 0, e) - at(0, 0, -e)}.unit()
}

// segment is the distance from (x, y) to the line between two points.
func segment(x, y, ax, ay, bx, by float64) float64 {
	dx, dy := bx-ax, by-ay
	t := clamp(((x-ax)*dx + (y-ay)*dy) / (dx*dx + dy*dy))
	return math.Hypot(x-ax-t*dx, y-ay-t*dy)
}

// print is how much ink the label has at (x, y): lengths along the paper, from
// its middle.
func print(x, y float64) float64 {
	const stroke, edge = 0.021, 0.012
	d := math.Inf(1)
	word := func(v float64) { d = min(d, v) }
	// The word OPAL, drawn of lines and arcs, 0.26 high.
	const h, base = 0.26, 0.18
	v := y - base
	word(math.Abs(math.Hypot(x+0.46, v-h/2) - h/2))
	word(segment(x, v, -0.2, 0, -0.2, h))
	if x >= -0.2 {
		word(math.Abs(math.Hypot((x+0.2)*0.6, v-h*0.72) - h*0.28))
	}
	word(segment(x, v, 0.02, 0, 0.14, h))
	word(segment(x, v, 0.14, h, 0.26, 0))
	word(segment(x, v, 0.06, h*0.32, 0.22, h*0.32))
	word(segment(x, v, 0.42, 0, 0.42, h))
	word(segment(x, v, 0.42, 0, 0.57, 0))
	ink := 1 - smooth(stroke, stroke+edge, d)
	// A rule, a line of small print as dashes, and the two rules of a frame.
	line := func(at, half, thick float64) {
		if math.Abs(x) < half {
			ink = max(ink, 1-smooth(thick, thick+edge, math.Abs(y-at)))
		}
	}
	line(0.04, 0.62, 0.006)
	for i, half := range []float64{0.42, 0.5, 0.34} {
		if math.Mod(x*9+float64(i)*0.37+20, 1) < 0.78 {
			line(-0.12-0.11*float64(i), half, 0.015)
		}
	}
	line(0.62, 0.95, 0.008)
	line(-0.62, 0.95, 0.008)
	return ink
}
