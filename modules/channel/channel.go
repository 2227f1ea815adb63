// Package channel describes the channels that show pictures, and their demands:
// presets, one finished file each, and rules. It is data, a file a channel in
// folder channels, and its loader; package check measures the rules, package
// export makes the files.
package channel

import (
	"image"
	"math"
)

// Background is what a variant shows behind the product.
type Background string

// The backgrounds.
const (
	Scene       Background = "scene"       // the picture's own
	White       Background = "white"       // pure white, 255
	Transparent Background = "transparent" // none
	Swatch      Background = "swatch"      // none is seen: a square of the product's material, each pixel as the photo has it, of at most the preset's size
)

// Anchor is where a product stands in a frame that is larger than it, on white.
type Anchor string

// The anchors.
const (
	Centre Anchor = "centre"
	Top    Anchor = "top"
	Bottom Anchor = "bottom"
)

// Shadow is what a variant shows of a shadow under its product, beside its scene's own.
type Shadow string

// The shadows.
const (
	KeepShadow    Shadow = "keep"    // the photo's own
	SoftenShadow  Shadow = "soften"  // the photo's own, fainter and softer
	ContactShadow Shadow = "contact" // a soft one where the product touches its ground, on white
	DropShadow    Shadow = "drop"    // none
)

// Format is a finished file's format, by the name that package imaging has for it.
type Format string

// The formats.
const (
	JPEG Format = "jpeg"
	PNG  Format = "png"
	WebP Format = "webp"
	AVIF Format = "avif"
)

// MediaType returns the format's media type, such as "image/jpeg".
func (f Format) MediaType() string { return "image/" + string(f) }

// Extension returns the usual file extension without a dot, such as "jpg".
func (f Format) Extension() string {
	if f == JPEG {
		return "jpg"
	}
	return string(f)
}

// Preset is what one channel asks for. A new one is a row in its channel's file.
type Preset struct {
	Name       string     `json:"name" yaml:"name"`
	Title      string     `json:"title" yaml:"title"`
	Channel    string     `json:"channel" yaml:"-"`                           // where the picture is shown
	Slot       string     `json:"slot,omitempty" yaml:"slot"`                 // the picture's place in a listing
	Category   string     `json:"category,omitempty" yaml:"category"`         // of products, where it is for one alone
	Suffix     string     `json:"suffix,omitempty" yaml:"suffix"`             // in file names, where the channel has several presets
	FileName   string     `json:"file_name,omitempty" yaml:"file_name"`       // as the channel demands, of {asin}, {gtin}, {gtin14}, {sku}, {slug}
	Width      int        `json:"width" yaml:"width"`                         // pixels; a transparent one is cut to the product within them
	Height     int        `json:"height" yaml:"height"`                       //
	Background Background `json:"background" yaml:"background"`               //
	Fill       float64    `json:"fill" yaml:"fill"`                           // share of the frame that the product's longer relative side takes
	Anchor     Anchor     `json:"anchor,omitempty" yaml:"anchor"`             // where it stands on white; "": Centre
	SafeZone   []float64  `json:"safe_zone,omitempty" yaml:"safe_zone"`       // left, top, right and bottom within which the product lies, as shares; nil: the frame
	Shadow     Shadow     `json:"shadow,omitempty" yaml:"shadow"`             // under the product, unless an item or its brand wishes another; "": none but the scene's
	Unlit      bool       `json:"unlit,omitempty" yaml:"unlit"`               // the product is shown as it was photographed, without the scene's light on it
	Format     Format     `json:"format" yaml:"format"`                       //
	Quality    int        `json:"quality,omitempty" yaml:"quality,omitempty"` //
	Default    bool       `json:"default" yaml:"default"`                     // a job that names no presets gets it
	Rules      []Rule     `json:"rules" yaml:"rules"`                         // the channel's first
	Slots      []Slot     `json:"slots,omitempty" yaml:"-"`                   // the places in the channel's listings

	ownAdvice bool // its channel is one of OwnAdvice
}

// Zone is the part of the frame within which the product is to lie, in pixels.
func (p Preset) Zone() image.Rectangle {
	if len(p.SafeZone) != 4 {
		return image.Rect(0, 0, p.Width, p.Height)
	}
	w, h := float64(p.Width), float64(p.Height)
	z := p.SafeZone
	return image.Rect(int(math.Ceil(z[0]*w)), int(math.Ceil(z[1]*h)), int(z[2]*w), int(z[3]*h))
}

// Aspect is width by height.
func (p Preset) Aspect() float64 { return float64(p.Width) / float64(p.Height) }

// LeastLongSide is the longer side, in pixels, below which the preset's channel refuses a
// file; 0: it takes any.
func (p Preset) LeastLongSide() int {
	least := 0.0
	for _, r := range p.Rules {
		if r.Name == LongSide && r.Severity == Reject {
			least = max(least, r.Limit)
		}
	}
	return int(math.Ceil(least))
}

// Aside reports whether a file of the preset that its channel refuses is only left out, and
// says nothing of the product's other files: a photo may be too small for a swatch.
func (p Preset) Aside() bool { return p.Background == Swatch }
