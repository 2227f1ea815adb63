package scene

import (
	"testing"

	"github.com/opal-photo/opal/modules/picture"
)

// TestAReflectionBeginsAsRoundAsTheFoot mirrors a ball on a dull floor: beside the place where
// it touches, under its overhang, there is floor, and no edge of a blurred mirror.
func TestAReflectionBeginsAsRoundAsTheFoot(t *testing.T) {
	r := render(t, New(1), Request{Product: ball(400, red), Scene: "lifestyle", Pose: PoseStanding, Seed: 4, Width: 900, Height: 900,
		Steer: picture.Steering{Reflection: picture.Number(1), Shadow: &picture.Shadow{Off: true}}})
	box := r.Meta.Box.Rect()
	radius, middle := box.Dx()/2, (box.Min.X+box.Max.X)/2
	at := func(x, down float64) uint8 {
		return r.Shadow.NRGBAAt(middle+int(x*float64(radius)), r.Meta.FloorY+int(down*float64(radius))).A
	}
	if a := at(0, 0.3); a < 40 {
		t.Fatalf("there is no reflection: alpha %d", a)
	}
	for x, down := range map[float64]float64{-0.6: -0.109, 0.6: -0.109} { // where the outline leaves the floor line
		if a := at(x, down); a > 14 {
			t.Errorf("alpha %d at %g, %g of the radius, where the outline has left the floor", a, x, down)
		}
	}
}
