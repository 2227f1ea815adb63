package client

// Steering is what is wished of a picture. What is left out is the scene's choice. Angles
// are degrees. Directions are seen from above: 0 is the viewer's side, 90 the right, 180
// behind the product, 270 the left.
type Steering struct {
	X           *float64          `json:"x,omitempty" nullable:"true" minimum:"0" maximum:"1" doc:"Where the middle of the product is, as a share of the frame's width" example:"0.5"`
	Y           *float64          `json:"y,omitempty" nullable:"true" minimum:"0" maximum:"1" doc:"Where its lowest point stands, as a share of the frame's height" example:"0.84"`
	Scale       float64           `json:"scale,omitempty" nullable:"true" minimum:"0.1" maximum:"4" doc:"Times the size that it would have, 0.1 to 4" example:"1.2"`
	Rotation    float64           `json:"rotation,omitempty" nullable:"true" minimum:"-180" maximum:"180" doc:"Degrees by which it is turned clockwise, in all variants, those on white, too" example:"-3"`
	Flip        bool              `json:"flip,omitempty" nullable:"true" doc:"Left and right are exchanged, in all variants, those on white, too" example:"false"`
	Anchor      string            `json:"anchor,omitempty" nullable:"true" enum:"floor,bottom,top,left,right" doc:"floor, or the frame's edge that it comes out of: bottom, top, left, right; left out: bottom where the photo cut it off there, else floor" example:"floor"`
	Shadow      *Shadow           `json:"shadow,omitempty"`
	LightAngle  *float64          `json:"light_angle,omitempty" nullable:"true" minimum:"0" maximum:"360" doc:"Where the light comes from" example:"300"`
	Reflection  *float64          `json:"reflection,omitempty" nullable:"true" minimum:"0" maximum:"1" doc:"In the floor" example:"0.1"`
	Relight     *float64          `json:"relight,omitempty" nullable:"true" minimum:"0" maximum:"1" doc:"How much of the scene's light falls on the product" example:"0.5"`
	Seed        *uint64           `json:"seed,omitempty" nullable:"true" maximum:"9007199254740992" doc:"Another number is another picture of the same scene" example:"7"`
	HeightMM    float64           `json:"height_mm,omitempty" nullable:"true" minimum:"1" maximum:"10000" doc:"The product's real height in millimetres: products that have one keep their sizes to each other" example:"240"`
	FrameMM     float64           `json:"frame_mm,omitempty" nullable:"true" minimum:"10" maximum:"50000" doc:"How many millimetres of the floor the frame shows where the product stands; left out: the scene's own" example:"600"`
	PhotoShadow map[string]string `json:"photo_shadow,omitempty" nullable:"true" doc:"What becomes of the photo's own shadow, by presets' names, white (all on white) and scene: keep, soften, contact (a soft one in its place, on white alone) or drop; what is left out is dropped" example:"{\"white\":\"soften\"}"`
	Translucent *bool             `json:"translucent,omitempty" nullable:"true" doc:"Clear glass of a product on a plain backdrop lets what is behind it show through, in all variants; labels, lids and what has a colour of its own stay opaque" example:"true"`
	Palette     []string          `json:"palette,omitempty" nullable:"true" maxItems:"8" doc:"The scene's colours in place of the brand's, the most important first, #rrggbb in small letters; left out: the brand's" example:"[\"#0f3d3e\",\"#e8d9c5\"]"`
	CameraPitch *float64          `json:"camera_pitch,omitempty" nullable:"true" minimum:"0" maximum:"90" doc:"Degrees by which the camera looks down" example:"12"`
}

// Shadow is what is wished of a product's shadow.
type Shadow struct {
	Off       bool     `json:"off,omitempty" nullable:"true" doc:"No shadow" example:"false"`
	Strength  *float64 `json:"strength,omitempty" nullable:"true" minimum:"0" maximum:"1.5" doc:"Times the scene's own" example:"0.8"`
	Softness  *float64 `json:"softness,omitempty" nullable:"true" minimum:"0" maximum:"1" doc:"0 of bare sun, 1 of a large soft light" example:"0.6"`
	Length    *float64 `json:"length,omitempty" nullable:"true" minimum:"0" maximum:"3" doc:"Times the scene's own" example:"1"`
	Direction *float64 `json:"direction,omitempty" nullable:"true" minimum:"0" maximum:"360" doc:"Where it falls; left out: away from the light" example:"120"`
}
