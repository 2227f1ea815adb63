// Package score is the scoring contract: the bodies of POST /score, which an
// Azure Machine Learning managed online endpoint and OPAL's own scoring service
// both speak. Client and service share it.
package score

import (
	"math"

	"github.com/opal-photo/opal/modules/picture"
)

// Request is the body of POST /score. The first five fields are always sent;
// the others are optional and a service that does not know one ignores it.
type Request struct {
	TenantID      string `json:"tenant_id"`
	JobID         string `json:"job_id"`
	ItemID        string `json:"item_id"`
	InputImageSAS string `json:"input_image_sas"` // read URL of the cut-out (RGBA)
	Prompt        string `json:"prompt"`

	NegativePrompt string  `json:"negative_prompt,omitempty"`
	Seed           *uint64 `json:"seed,omitempty"`
	Width          int     `json:"width,omitempty"`  // pixels; 0: the service's own
	Height         int     `json:"height,omitempty"` // pixels; 0: the service's own
	// ProductBox asks for the product's place: x, y, width, height in pixels of
	// the wanted picture. The product is fitted into it without distortion,
	// standing on its lower edge.
	ProductBox []float64 `json:"product_box,omitempty"`
	Brand      string    `json:"brand,omitempty"` // brand profile: one look for all its products
	// OutputImageSAS is a write URL (one blob, create only). With it the
	// service stores the picture there and leaves it out of the response.
	OutputImageSAS string `json:"output_image_sas,omitempty"`

	Scene       string   `json:"scene,omitempty"`        // scene type, such as "kitchen"
	Title       string   `json:"title,omitempty"`        // the product's name
	Palette     []string `json:"palette,omitempty"`      // brand colours, "#rrggbb"
	Light       string   `json:"light,omitempty"`        // "left" or "right"
	Fill        float64  `json:"fill,omitempty"`         // share of the frame the product takes, 0..1
	BackdropSAS string   `json:"backdrop_sas,omitempty"` // write URL for the product-free backdrop
	ShadowSAS   string   `json:"shadow_sas,omitempty"`   // write URL for shadow and reflection (RGBA, full frame)
	// Steering is what people wish of the picture, but for turns, which the input has had.
	Steering *picture.Steering `json:"steering,omitempty"`
	// LayersOnly says that the caller ignores the picture itself when its backdrop is
	// stored: a service that stores it may leave the picture out.
	LayersOnly bool `json:"layers_only,omitempty"`
}

// Response is the body of a 200. ImageBytes is an encoded picture, empty
// when it was stored at OutputImageSAS.
type Response struct {
	ImageBytes []byte `json:"image_bytes_b64,omitempty"`
	Meta       Meta   `json:"meta"`
}

// Meta tells how a picture was made and where things are in it. Coordinates are
// pixels of the picture, origin top left.
type Meta struct {
	Engine        string `json:"engine"`
	EngineVersion string `json:"engine_version,omitempty"`
	Seed          uint64 `json:"seed"`
	Width         int    `json:"width"`
	Height        int    `json:"height"`
	ContentType   string `json:"content_type,omitempty"` // of the picture
	// ProductBox is where the cut-out's alpha bounds lie in the picture: x, y,
	// width, height. Absent when the picture holds no product.
	ProductBox []float64 `json:"product_box,omitempty"`
	// FloorY is the row the product stands on.
	FloorY float64 `json:"floor_y,omitempty"`
	// HorizonY is the row where the surface ends; absent when seen from above.
	HorizonY float64 `json:"horizon_y,omitempty"`
	Light    string  `json:"light,omitempty"` // side of the key light
	Pose     string  `json:"pose,omitempty"`  // "standing" or "flat"
	Scene    string  `json:"scene,omitempty"` // the scene type taken
	// Generated is true when a trained model painted pixels, which the output's
	// IPTC DigitalSourceType must then say.
	Generated bool    `json:"generated"`
	Layers    *Layers `json:"layers,omitempty"`
	// Steered says that the service follows the request's steering.
	Steered bool `json:"steered,omitempty"`
	// Anchor, Zoom, At and Fixed tell what steering made of the product's place, see
	// picture.Placed.
	Anchor string     `json:"anchor,omitempty"`
	Zoom   float64    `json:"zoom,omitempty"`
	At     [2]float64 `json:"at,omitzero"`
	Fixed  bool       `json:"fixed,omitempty"`
	// Areas say which part of the scene each colour of the palette names.
	Areas []picture.Area `json:"areas,omitempty"`
	Note  string         `json:"note,omitempty"` // what a reader should know, such as that no product was placed
}

// Layers tells which layers were stored at the URLs of the request.
type Layers struct {
	Backdrop bool `json:"backdrop"`
	Shadow   bool `json:"shadow"`
	// Product is true when the backdrop holds the product as the engine painted
	// it: what the caller's own check of the engine looks at.
	Product bool `json:"product,omitempty"`
}

// maxCoordinate bounds what a service may claim: no picture is that large.
const maxCoordinate = 1 << 16

// Placed returns the service's account of where things are, in whole pixels. The
// caller sets the layers' paths. ContainsProduct tells whether the picture holds
// the product at its box.
func (m Meta) Placed() picture.Placed {
	p := picture.Placed{
		Engine: m.Engine, Seed: m.Seed, Width: m.Width, Height: m.Height, Generated: m.Generated, Note: m.Note,
		FloorY: int(m.FloorY), HorizonY: int(m.HorizonY), Followed: m.Steered, Anchor: m.Anchor, Zoom: m.Zoom, At: m.At, Fixed: m.Fixed, Areas: m.Areas,
	}
	if m.Light == picture.LightLeft || m.Light == picture.LightRight {
		p.Light = m.Light
	}
	if box, ok := m.Box(); ok {
		for i, v := range box {
			p.Box[i] = int(math.Round(v))
		}
		p.ContainsProduct = true
	}
	return p
}

// Box returns the product's box as x, y, width, height; false when there is
// none or it makes no sense.
func (m Meta) Box() (box [4]float64, ok bool) {
	return CheckBox(m.ProductBox)
}

// CheckBox reads x, y, width, height from v; false unless they are four finite
// numbers in a picture's range with a positive size.
func CheckBox(v []float64) (box [4]float64, ok bool) {
	if len(v) != len(box) {
		return box, false
	}
	for _, n := range v {
		if math.IsNaN(n) || math.Abs(n) > maxCoordinate {
			return box, false
		}
	}
	copy(box[:], v)
	return box, box[2] > 0 && box[3] > 0
}
