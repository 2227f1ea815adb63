package channel

import (
	"time"
)

// Severity is what a broken rule means.
type Severity string

// The severities.
const (
	Reject Severity = "reject" // the channel refuses the picture
	Warn   Severity = "warn"   // it takes the picture and shows it less well, or may refuse it
	Advice Severity = "advice" // it would do better
)

// Rule is one demand of a channel on the finished file.
type Rule struct {
	Name      string    `json:"rule" yaml:"rule"`
	Limit     float64   `json:"limit" yaml:"limit"`                   // pixels, bytes or a share, as the rule says
	Tolerance float64   `json:"tolerance,omitempty" yaml:"tolerance"` // of Aspect, relative
	AnyOf     []string  `json:"any_of,omitempty" yaml:"any_of"`       // of Formats, ColourSpace and FileName
	Box       []float64 `json:"box,omitempty" yaml:"box"`             // of SafeZone: left, top, right and bottom, as shares of width and height; left out: the preset's
	Severity  Severity  `json:"severity" yaml:"severity"`
	Source    Source    `json:"source" yaml:"-"`
	From      string    `json:"from,omitempty" yaml:"from"`     // the first day on which it holds, as 2027-01-31; "" always did
	Until     string    `json:"until,omitempty" yaml:"until"`   // the first day on which it no longer holds
	Advice    string    `json:"advice,omitempty" yaml:"advice"` // what to do when it is broken
	SourceKey string    `json:"-" yaml:"source"`
}

// Source is where a rule is written.
type Source struct {
	Title    string `json:"title" yaml:"title"`
	Address  string `json:"address" yaml:"address"`
	Seen     string `json:"seen" yaml:"seen"`         // the day on which somebody last read it
	Official bool   `json:"official" yaml:"official"` // the channel's own page; rules of others never reject
}

// The rules that a preset can name.
const (
	LongSide        = "long_side"          // pixels at least
	ShortSide       = "short_side"         // pixels at least
	Width           = "width"              // pixels at least
	Height          = "height"             // pixels at least
	LongSideAtMost  = "long_side_at_most"  // pixels
	ShortSideAtMost = "short_side_at_most" // pixels
	ProductSide     = "product_side"       // pixels of the product's longer side at least
	Aspect          = "aspect"             // width by height, within Tolerance
	Formats         = "formats"            // one of AnyOf
	FileSize        = "file_size"          // bytes at most
	FileSizeAtLeast = "file_size_at_least" // bytes
	FillAtLeast     = "fill"               // share of the frame that the product takes
	FillAtMost      = "fill_at_most"       // likewise
	WhiteBackground = "white_background"   // share of what is not the product that is pure white, with no grey area in it
	PlainBackground = "plain_background"   // the same, of white or transparent
	WhiteBorder     = "white_border"       // share of the outermost pixels that are pure white
	Residue         = "residue"            // share of the frame that islands apart from the product take, at most
	Cropped         = "cropped"            // the product doesn't touch the frame
	ObjectsAtMost   = "objects_at_most"    // products apart from each other
	Sharpness       = "sharpness"          // of the product's edges: the part of their contrast that one pixel takes, 0 to .5, at least
	SafeWidth       = "safe_width"         // share of the width within which the product lies
	SafeZone        = "safe_zone"          // the product lies within Box
	NoShadow        = "no_shadow"          // share of the frame that the product's shadow takes, at most
	ColourSpace     = "colour_space"       // one of AnyOf: srgb, grey, wide (another RGB), cmyk
	FileName        = "file_name"          // a form such as {asin}.MAIN: one of AnyOf, or the preset's own
	SetSize         = "set_size"           // pictures of one product at least
	HasAlpha        = "transparency"       // share of the outermost pixels that are transparent
	IsOpaque        = "opaque"             // no transparent pixels
	NotGenerated    = "no_generated"       // no model painted any of it
)

// names are all of them.
var ruleNames = []string{
	LongSide, ShortSide, Width, Height, LongSideAtMost, ShortSideAtMost, ProductSide, Aspect, Formats, FileSize, FileSizeAtLeast, FillAtLeast, FillAtMost,
	WhiteBackground, PlainBackground, WhiteBorder, Residue, Cropped, ObjectsAtMost, Sharpness, SafeWidth, SafeZone, NoShadow, HasAlpha, IsOpaque, NotGenerated, ColourSpace, FileName, SetSize,
}

// RuleNames lists the rules that a preset can name.
func RuleNames() []string { return append([]string{}, ruleNames...) }

// day is the form of dates in channels' files.
const day = "2006-01-02"

// Holds reports whether the rule holds on a day.
func (r Rule) Holds(on time.Time) bool {
	d := on.UTC().Format(day) // days of this form sort as they follow each other
	return (r.From == "" || d >= r.From) && (r.Until == "" || d < r.Until)
}
