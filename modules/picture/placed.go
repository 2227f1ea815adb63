// Package picture holds the types that all rooms share to describe a picture: its
// layers and where the product stands in them, a brand's look, the scenes' names,
// and why a person should look at it. It holds no pixels.
//
// The JSON of these types is kept in databases: as checkpoints of items, as the
// sources of variants, as the brand of a job. Fields are added and never renamed.
package picture

// Placed is a scene with a place for the product: where its layers lie and where
// the product stands. Lengths are pixels of the scene; paths are those of the
// artifacts, "" where there is no such layer.
type Placed struct {
	Engine          string `json:"engine,omitempty"`
	Seed            uint64 `json:"seed,omitempty"`
	PlateName       string `json:"plate_name,omitempty"` // for people, of a scene that is a plate
	Width           int    `json:"width,omitempty"`
	Height          int    `json:"height,omitempty"`
	BackdropPath    string `json:"backdrop,omitempty"`         // without the product, unless ContainsProduct
	ShadowPath      string `json:"shadow,omitempty"`           // RGBA: shadow and reflection
	ContainsProduct bool   `json:"contains_product,omitempty"` // the backdrop holds the product, as the engine painted it
	Box             Box    `json:"box"`                        // the product's alpha bounds in the scene
	FloorY          int    `json:"floor_y,omitempty"`          // the row that the product stands on
	HorizonY        int    `json:"horizon_y,omitempty"`        // the row where the surface ends; 0: seen from above, or not known
	Light           string `json:"light,omitempty"`            // the side of the key light, left or right; "": not known
	Generated       bool   `json:"generated,omitempty"`        // a trained model painted pixels
	Note            string `json:"note,omitempty"`

	// Areas say which part of the scene each colour of the palette names.
	Areas []Area `json:"areas,omitempty"`
	// Anchor is the frame's edge that the product comes out of; "": it stands or lies in
	// the scene.
	Anchor string `json:"anchor,omitempty"`
	// Zoom is how many times larger than usual the product was wished; 0: it wasn't.
	Zoom float64 `json:"zoom,omitempty"`
	// At is where the product was wished, as shares of the frame: its middle and the row
	// that it stands on; 0: it wasn't.
	At [2]float64 `json:"at,omitzero"`
	// Fixed says that the product keeps its size against the scene, whatever the format.
	Fixed bool `json:"fixed,omitempty"`
	// Followed says that the engine follows what was wished of the picture.
	Followed bool `json:"followed,omitempty"`
	// Original says that the backdrop is the photo itself: pictures are parts of it.
	Original bool `json:"original,omitempty"`
	// Finished says that the layers have their final size.
	Finished bool `json:"finished,omitempty"`
}

// Layers are a finished picture kept apart, so that every variant is composed
// anew. A picture without a scene has neither backdrop nor shadow.
type Layers struct {
	CutoutPath   string `json:"cutout"`
	CutoutBounds Box    `json:"cutout_bounds"` // what is visible in the cut-out, in its pixels
	// Common is the width and height, in pixels of the cut-out, of the box that the products
	// of a set share: it decides their scale, and this product stands in the middle of its
	// lower edge. The zero value: the product is alone.
	Common     [2]float64 `json:"common,omitzero"`
	OutputPath string     `json:"output,omitempty"` // the picture put together
	Marks      *Marks     `json:"marks,omitempty"`  // of the photo; nil when it states nothing

	OwnShadow *OwnShadow  `json:"own_shadow,omitempty"` // of the photo; nil where nobody wished it
	Shadows   PhotoShadow `json:"shadows,omitempty"`    // what becomes of it
	LightPath string      `json:"light,omitempty"`      // PNG: the scene's light on the product, a layer above its pixels; "": none
	Placed
}
