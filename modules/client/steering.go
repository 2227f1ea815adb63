package client

// Steering is what is wished of a picture. What is left out is the scene's choice. Angles
// are degrees. Directions are seen from above: 0 is the viewer's side, 90 the right, 180
// behind the product, 270 the left.
type Steering struct {
	X           *float64          `json:"x,omitempty" nullable:"true" minimum:"0" maximum:"1" doc:"Where the middle of the product is, as a share of the frame's width, 0 to 1 from the left" example:"0.5"`
	Y           *float64          `json:"y,omitempty" nullable:"true" minimum:"0" maximum:"1" doc:"Where its lowest point stands, as a share of the frame's height, 0 to 1 from the top" example:"0.84"`
	Scale       float64           `json:"scale,omitempty" nullable:"true" minimum:"0.1" maximum:"4" doc:"Times the size that it would have, 0.1 to 4" example:"1.2"`
	Rotation    float64           `json:"rotation,omitempty" nullable:"true" minimum:"-180" maximum:"180" doc:"Degrees by which it is turned clockwise, -180 to 180, in all variants, those on white, too" example:"-3"`
	Flip        bool              `json:"flip,omitempty" nullable:"true" doc:"Left and right are exchanged, in all variants, those on white, too" example:"false"`
	Anchor      string            `json:"anchor,omitempty" nullable:"true" enum:"floor,bottom,top,left,right" doc:"floor, or the frame's edge that it comes out of: bottom, top, left, right; left out: the edge at which the photo cut it off, else floor" example:"floor"`
	Shadow      *Shadow           `json:"shadow,omitempty"`
	LightAngle  *float64          `json:"light_angle,omitempty" nullable:"true" minimum:"0" maximum:"360" doc:"Where the light comes from, in degrees seen from above, 0 to 360: 0 the viewer's side, 90 the right, 180 behind, 270 the left" example:"300"`
	Reflection  *float64          `json:"reflection,omitempty" nullable:"true" minimum:"0" maximum:"1" doc:"In the floor, 0 none to 1 a mirror" example:"0.1"`
	Relight     *float64          `json:"relight,omitempty" nullable:"true" minimum:"0" maximum:"1" doc:"How much of the scene's light falls on the product, 0 none to 1 all of it" example:"0.5"`
	Seed        *uint64           `json:"seed,omitempty" nullable:"true" maximum:"9007199254740992" doc:"A whole number, 0 to 2^53: another one is another picture of the same scene" example:"7"`
	HeightMM    float64           `json:"height_mm,omitempty" nullable:"true" minimum:"1" maximum:"10000" doc:"The product's real height in millimetres, 1 to 10,000: products that have one keep their sizes to each other" example:"240"`
	FrameMM     float64           `json:"frame_mm,omitempty" nullable:"true" minimum:"10" maximum:"50000" doc:"How many millimetres of the floor the frame shows where the product stands, 10 to 50,000; left out: the scene's own" example:"600"`
	PhotoShadow map[string]string `json:"photo_shadow,omitempty" nullable:"true" doc:"What becomes of the photo's own shadow, by presets' names, white (all on white) and scene: keep, soften, contact (a soft one in its place, on white alone) or drop; what is left out is dropped" example:"{\"white\":\"soften\"}"`
	Translucent *bool             `json:"translucent,omitempty" nullable:"true" doc:"Clear glass of a product on a plain backdrop lets what is behind it show through, in all variants; labels, lids and what has a colour of its own stay opaque" example:"true"`
	Palette     []string          `json:"palette,omitempty" nullable:"true" maxItems:"8" doc:"The scene's colours in place of the brand's, the most important first, #rrggbb; left out: the brand's" example:"[\"#0f3d3e\",\"#e8d9c5\"]"`
	CameraPitch *float64          `json:"camera_pitch,omitempty" nullable:"true" minimum:"0" maximum:"90" doc:"Degrees by which the camera looks down on the scene, 0 to 90, from 60 on from above; the product is shown as it was photographed" example:"12"`
}

// Shadow is what is wished of a product's shadow.
type Shadow struct {
	Off       bool     `json:"off,omitempty" nullable:"true" doc:"No shadow" example:"false"`
	Strength  *float64 `json:"strength,omitempty" nullable:"true" minimum:"0" maximum:"1.5" doc:"Times the scene's own, 0 to 1.5" example:"0.8"`
	Softness  *float64 `json:"softness,omitempty" nullable:"true" minimum:"0" maximum:"1" doc:"0 of bare sun, 1 of a large soft light" example:"0.6"`
	Length    *float64 `json:"length,omitempty" nullable:"true" minimum:"0" maximum:"3" doc:"Times the scene's own, 0 to 3" example:"1"`
	Direction *float64 `json:"direction,omitempty" nullable:"true" minimum:"0" maximum:"360" doc:"Where it falls, in degrees seen from above, 0 to 360: 0 to the viewer, 90 to the right, 180 away, 270 to the left; left out: away from the light" example:"120"`
}
