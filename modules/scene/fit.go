package scene

import "math"

// Room for a product in scene units, as the root of its area, so that products
// of one catalogue weigh alike to the eye: a cube should not look bigger than a
// bottle.
const (
	standingRoom = 0.56
	flatRoom     = 0.66
	// roomSlope lets larger products exceed the room a little.
	roomSlope = 0.35
)

// Scales this close to 1:1 become 1, so that the photographer's own pixels are
// kept.
const (
	nearOneLow  = 0.97
	nearOneHigh = 1.03
)

// A footprint that recedes needs room on a podium: how much smaller the product
// gets for it, what depth counts at most, and how far it may move to the front,
// in half axes of the podium's top.
const (
	podiumShrink = 0.45
	maxDepth     = 0.4
	podiumRoom   = 0.62
)

// fit returns the product's scale and the left and lower edge of its box:
// standing goods with their lowest row on the contact line, flat ones centred.
// With an asked fill the box takes exactly that share.
// With room, the box that the product's set shares is fitted in the place of its own, and the
// product stands in its middle: products of a set have one scale and one floor.
func fit(p *product, f *frame, lk *look, asked, boxed bool, room [2]float64) (scale, left, bottom float64) {
	bw, bh, depth := float64(p.box.Dx()), float64(p.box.Dy()), p.depth
	rw, rh := bw*math.Max(1, room[0]), bh*math.Max(1, room[1])
	if room != ([2]float64{}) {
		depth = maxDepth / 2 // each angle would guess another
	}
	k := math.Min(float64(f.boxW*f.unit)/rw, float64(f.boxH*f.unit)/rh)
	if !asked {
		area := math.Sqrt(rw*rh) * k / float64(f.unit)
		room := standingRoom
		if lk.flat {
			room = flatRoom
		}
		if area > room {
			k *= room / area * (1 + roomSlope*(area-room))
		}
		if k > nearOneLow && k < nearOneHigh {
			k = 1
		}
	}
	if lk.far == farPodium && !lk.flat && !asked {
		k *= 1 - podiumShrink*math.Min(depth, maxDepth)
	}
	if lk.flat && boxed {
		// Seen from above the box has no floor: the middle is what counts.
		return k, math.Round(float64(f.px*f.unit) - bw*k/2), math.Round(float64((f.contact-f.boxH/2)*f.unit) + bh*k/2)
	}
	left = math.Round(float64(f.px*f.unit) - bw*k/2)
	if lk.flat {
		return k, left, math.Round((float64(f.H) + bh*k) / 2)
	}
	bottom = float64(f.contact * f.unit)
	if lk.far == farPodium && !boxed {
		// The middle of the footprint, not its front, goes to the podium's middle.
		bottom += math.Min(depth*rh*k/2, podiumRoom*float64(newPodium(f, lk.plinth).b*f.unit))
	}
	if lift := 0.25 * (0.5*f.h - float32(rh*k)/f.unit); lift > 0 && !boxed && lk.far != farPodium {
		// A low product moves back a little, or the picture is all background.
		bottom -= float64(min(lift, 0.35*(f.contact-f.edge)) * f.unit)
	}
	return k, left, math.Round(bottom)
}
