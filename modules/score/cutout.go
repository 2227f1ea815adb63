package score

import "github.com/opal-photo/opal/modules/picture"

// MaxCutPixels is the most pixels that a client sends for a cut-out: it keeps a
// request near 1 MB, as managed endpoints fail on large bodies.
const MaxCutPixels = 1_500_000

// CutRequest is the body of POST /score at a service that removes backgrounds.
type CutRequest struct {
	ImageBytes  []byte `json:"image_bytes_b64"` // JPEG, sRGB, upright, at most MaxCutPixels
	ContentType string `json:"content_type"`    // image/jpeg
}

// CutResponse is the body of a 200. Its coordinates are pixels of the picture that
// was sent. Reason, Concerns and LogitsBytes are optional: OPAL's own service tells
// them, so that people are told the same wherever a cut-out is made.
type CutResponse struct {
	// AlphaBytes is a PNG with the picture's proportions: grey, white where the
	// product is, grey where it shares a pixel with the background. All black
	// when there is none.
	AlphaBytes []byte `json:"alpha_bytes_b64"`
	// Confidence is the chance that the outline is right, 0–1; absent when the
	// model gives none.
	Confidence *float64          `json:"confidence,omitempty"`
	Reason     string            `json:"reason,omitempty"`   // why a person should look
	Concerns   []picture.Concern `json:"concerns,omitempty"` // what and where, the gravest first
	// LogitsBytes is a grey PNG with the picture's proportions of what the model saw,
	// which a person's hints are worked out on: 0 is the logit -8, 255 is 8.
	LogitsBytes []byte  `json:"logits_bytes_b64,omitempty"`
	Meta        CutMeta `json:"meta"`
}

// CutMeta tells what made a cut-out.
type CutMeta struct {
	Engine        string `json:"engine"`
	EngineVersion string `json:"engine_version,omitempty"`
}
