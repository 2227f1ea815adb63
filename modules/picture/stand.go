package picture

// The default place of a product: shares of the frame's side.
const (
	// DefaultFill is the share of the frame that its longer relative side takes.
	DefaultFill = 0.62
	// DefaultFloor is the row that it stands on.
	DefaultFloor = 0.84
)

// Fit returns the size at which a pw×ph product takes a share of a w×h frame with
// its longer relative side; at least a pixel, at most the frame.
func Fit(pw, ph, w, h int, fill float64) (int, int) {
	k := min(fill*float64(w)/float64(pw), fill*float64(h)/float64(ph))
	return min(w, max(1, int(float64(pw)*k+.5))), min(h, max(1, int(float64(ph)*k+.5)))
}

// Stand centres a pw×ph product on the floor of a w×h scene and returns its box
// and the floor's row. fill is the share of the frame that it takes; DefaultFill
// unless it is above 0 and at most 1. A product too tall for the floor stands
// lower.
func Stand(pw, ph, w, h int, fill float64) (box Box, floorY int) {
	if !(fill > 0 && fill <= 1) {
		fill = DefaultFill
	}
	bw, bh := Fit(pw, ph, w, h, fill)
	floorY = max(int(DefaultFloor*float64(h)), (h+bh)/2)
	return Box{(w - bw) / 2, floorY - bh, bw, bh}, floorY
}
