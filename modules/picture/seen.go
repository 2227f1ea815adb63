package picture

// Seen is how a finished picture shows its product: the figures by which a catalogue's
// pictures are held against each other. Shares are of the frame's width or height.
type Seen struct {
	Fill        float64    `json:"fill"`             // of the frame, by the product's longer relative side
	Sized       bool       `json:"sized,omitempty"`  // it has its real size: Fill is the product's own
	Anchor      string     `json:"anchor,omitempty"` // the edge of the frame that it comes out of: where it stands across that edge is the photo's
	Centre      float64    `json:"centre"`           // the product's middle, from the left
	Floor       float64    `json:"floor"`            // the row of its lowest point
	Horizon     float64    `json:"horizon"`          // the row where the ground ends; 0: none is seen
	White       [2]float64 `json:"white"`            // CIELAB a and b of the brightest ground
	Exposure    float64    `json:"exposure"`         // CIELAB lightness of the ground, the median
	Light       string     `json:"light,omitempty"`  // the side that the scene is lit from, left or right; "": not known
	ShadowAngle float64    `json:"shadow_angle"`     // where the shadow lies: 0 to the viewer, 90 right, -90 left
	ShadowDepth float64    `json:"shadow_depth"`     // by how much it is darker than the ground, of CIELAB lightness
}
