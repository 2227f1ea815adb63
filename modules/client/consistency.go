package client

// Consistency is how much a brand's pictures look alike.
type Consistency struct {
	Score    *float64 `json:"score" doc:"0 to 100; 100 where no picture stands out; null: nothing could be compared" example:"96.5"`
	Pictures int      `json:"pictures" doc:"That were looked at: the newest 500 at most that count. Of a picture that was made again the one that counts is looked at" example:"124"`
	Compared int      `json:"compared" doc:"That were held against each other: those of one scene, where there are at least 3" example:"120"`
	Note     string   `json:"note,omitempty" doc:"Why pictures were not compared, for people" example:"4 of 124 pictures were not compared: they are in scenes with fewer than 3"`
	Drifting int      `json:"drifting" doc:"That stand out" example:"3"`
	Worst    []Drift  `json:"worst" nullable:"false" doc:"At most five, the worst first"`
}

// Drift is a picture that stands out among a brand's.
type Drift struct {
	ItemID    string  `json:"item_id" format:"uuid"`
	JobID     string  `json:"job_id" format:"uuid"`
	Filename  string  `json:"filename" example:"mug.jpg"`
	SceneType string  `json:"scene_type" example:"studio"`
	Kind      string  `json:"kind" enum:"fill,centre,floor,horizon,white_point,exposure,light,shadow_angle,shadow_depth" doc:"By what it stands out most" example:"floor"`
	By        float64 `json:"by" doc:"Times what is still alike" example:"2.4"`
	Reason    string  `json:"reason" doc:"For people" example:"its floor line is at 76 % of the frame, the others' at 84 %"`
	Seen      Seen    `json:"seen" doc:"The picture's own figures"`
	Usual     Seen    `json:"usual" doc:"The medians of the brand's pictures in this scene"`
}

// Seen is how a finished picture shows its product. Shares are of the frame.
type Seen struct {
	Fill        float64    `json:"fill" doc:"Of the frame, by the product's longer relative side" example:"0.62"`
	Sized       bool       `json:"sized,omitempty" doc:"It has its real size, by height_mm: fill is the product's own and is not compared" example:"false"`
	Anchor      string     `json:"anchor,omitempty" doc:"The edge of the frame that the product comes out of, where the photo cut it off: bottom, top, left or right. At left and right its middle is not compared; at bottom and top its floor line and its shadow" example:"left"`
	Centre      float64    `json:"centre" doc:"The product's middle, from the left" example:"0.5"`
	Floor       float64    `json:"floor" doc:"The row of its lowest point" example:"0.84"`
	Horizon     float64    `json:"horizon" doc:"The row where the ground ends; 0: none is seen" example:"0.64"`
	White       [2]float64 `json:"white" doc:"CIELAB a and b of the brightest ground" example:"[0.2,1.4]"`
	Exposure    float64    `json:"exposure" doc:"CIELAB lightness of the ground" example:"82"`
	Light       string     `json:"light,omitempty" doc:"The side that the scene is lit from, where the engine says so: left or right. Scenes lit from the other side are mirrored" example:"left"`
	ShadowAngle float64    `json:"shadow_angle" doc:"Where the shadow lies: 0 to the viewer, 90 right, -90 left" example:"70"`
	ShadowDepth float64    `json:"shadow_depth" doc:"By how much it is darker than the ground, of CIELAB lightness" example:"18"`
}
