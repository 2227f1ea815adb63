// Package channel says where pictures are shown and what is asked of them there:
// presets, one finished file each, and the channels' rules. It is data and its
// loader; package check measures the rules, package export makes the files.
package channel

// Background is what a variant shows behind the product.
type Background string

// The backgrounds.
const (
	Scene       Background = "scene"       // the picture's own
	White       Background = "white"       // pure white, 255
	Transparent Background = "transparent" // none
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

// Preset is what one channel asks for. A new one is a row in the table.
type Preset struct {
	Name       string     `json:"name"`
	Title      string     `json:"title"`
	Channel    string     `json:"channel"` // where the picture is shown
	Width      int        `json:"width"`   // pixels; a transparent one is cut to the product within them
	Height     int        `json:"height"`
	Background Background `json:"background"`
	Fill       float64    `json:"fill"` // share of the frame that the product's longer relative side takes
	Format     Format     `json:"format"`
	Quality    int        `json:"quality,omitempty"`
	Default    bool       `json:"default"` // one of those that a job gets that names none
	Rules      []Rule     `json:"rules"`
}

// Aspect is width by height.
func (p Preset) Aspect() float64 { return float64(p.Width) / float64(p.Height) }

// Rule is one demand of a channel on the finished file.
type Rule struct {
	Name  string  `json:"rule"`
	Limit float64 `json:"limit"` // pixels, bytes or a share, as the rule says
}

// The rules that a preset can name.
const (
	LongSide    = "long_side"    // pixels at least
	ShortSide   = "short_side"   // pixels at least
	FileSize    = "file_size"    // bytes at most
	FillAtLeast = "fill"         // share of the frame that the product takes
	FillAtMost  = "fill_at_most" // likewise
	WhiteBorder = "white_border" // share of the outermost pixels that are pure white
	HasAlpha    = "transparency" // share of the outermost pixels that are transparent
)
