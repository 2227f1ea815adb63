package check

import (
	"image"
	"slices"
	"time"

	"github.com/opal-photo/opal/modules/channel"
	"github.com/opal-photo/opal/modules/imagefile"
	"github.com/opal-photo/opal/modules/imaging"
	"github.com/opal-photo/opal/modules/picture"
)

// The ways in which a product is found.
const (
	ByMask   = "mask"   // one was given
	ByAlpha  = "alpha"  // the picture is a cut-out itself
	ByCutter = "cutter" // a cut-out of it was made
)

// Subject is a picture from anywhere that is held against channels' rules. It is not
// safe for concurrent use.
type Subject struct {
	Picture
	FoundBy    string  // one of the ways; "": nobody looked for the product
	Confidence float64 // 0 to 1, that the product is where it was found

	other *Picture // the same with the product looked for without a cutter
}

// NewSubject takes a decoded picture and its file. Its own transparency, where it has
// some, says where the product is.
func NewSubject(file []byte, img *image.NRGBA, info imagefile.Info) *Subject {
	meta := imagefile.ReadMetadata(info.Format, file)
	s := &Subject{Picture: Picture{
		File: file, Format: channel.Format(info.Format), Image: img, XMP: meta.XMP, Sources: meta.Sources, Colour: imagefile.ColourSpace(info, file),
	}}
	if mask := AlphaOf(img); cutOut(mask) {
		s.Place(mask, ByAlpha, 1)
	}
	return s
}

// Place says where the product is: a mask of the picture's size, how it was found, and
// with which confidence.
func (s *Subject) Place(mask *image.Alpha, by string, confidence float64) {
	s.Product, s.FoundBy, s.Confidence = mask, by, confidence
	s.found, s.grounds = nil, [2]*ground{}
}

// Certain reports whether the product's place can be relied on alone.
func (s *Subject) Certain() bool { return s.Product != nil && s.Confidence >= picture.ReviewBelow }

// Box is where the product is, in pixels; empty when there is none.
func (s *Subject) Box() image.Rectangle { return s.product().box }

// Located says where the product is and how it was found.
type Located struct {
	FoundBy    string  `json:"found_by"` // mask, alpha or cutter
	Confidence float64 `json:"confidence"`
	Certain    bool    `json:"certain"` // false: rules on which a second look disagrees are unsure
	Box        [4]int  `json:"box"`     // x, y, width, height in pixels
}

// Located returns where the product is.
func (s *Subject) Located() *Located {
	b := s.Box()
	return &Located{FoundBy: s.FoundBy, Confidence: s.Confidence, Certain: s.Certain(), Box: [4]int{b.Min.X, b.Min.Y, b.Dx(), b.Dy()}}
}

// productRules need to know where the product is.
var productRules = []string{
	channel.FillAtLeast, channel.FillAtMost, channel.ProductSide, channel.WhiteBackground, channel.PlainBackground, channel.Residue, channel.Cropped,
	channel.ObjectsAtMost, channel.Sharpness, channel.SafeWidth, channel.SafeZone, channel.NoShadow,
}

// NeedsProduct reports whether a preset has a rule, on that day, for which the product
// has to be found.
func NeedsProduct(p channel.Preset, on time.Time) bool {
	return slices.ContainsFunc(p.Rules, func(r channel.Rule) bool { return r.Holds(on) && slices.Contains(productRules, r.Name) })
}

// Judge tries a preset's rules that hold on a day. Where the product's place is not
// certain, it is looked for in a second way, by what differs from the backdrop; rules
// on which both ways agree are decided, and the others are Unsure.
func (s *Subject) Judge(p channel.Preset, on time.Time) []Check {
	checks := Rules(p, &s.Picture, on)
	if s.Certain() || !NeedsProduct(p, on) {
		return checks
	}
	if s.other == nil {
		s.other = &Picture{File: s.File, Format: s.Format, Image: s.Image, XMP: s.XMP, Sources: s.Sources, Enlarged: s.Enlarged, Colour: s.Colour}
	}
	s.other.Name, s.other.Set = s.Name, s.Set
	for i, second := range Rules(p, s.other, on) {
		c := &checks[i]
		if !slices.Contains(productRules, c.Rule) {
			continue
		}
		switch {
		case s.Product == nil: // no cutter looked, and one way alone is a guess
			c.Passed, c.Unsure = false, true
		case c.Passed == second.Passed && (c.Passed || c.Rule != channel.Residue || s.agree()):
		case c.Rule == channel.WhiteBackground && border(s.Image, white) < mostlyWhite:
			// however the product is cut, its surroundings are not white
			c.Passed, c.Measured, c.Figure = false, "a backdrop that is not white", nil
		default:
			c.Passed, c.Unsure, c.Figure = false, true, nil // two ways measured two
			c.Measured += " or " + second.Measured
		}
	}
	return checks
}

// sameProduct is the share of both ways' boxes that is common to them, from which they mean
// one product. Loose parts of two different ones say nothing.
const sameProduct = 0.7

func (s *Subject) agree() bool {
	a, b := s.product().box, s.other.product().box
	in, all := a.Intersect(b), a.Union(b)
	return float64(in.Dx()*in.Dy()) >= sameProduct*float64(all.Dx()*all.Dy())
}

// mostlyWhite is the share of the outermost pixels below which a picture can't stand on
// white.
const mostlyWhite = 0.5

// AlphaOf returns a picture's transparency as a mask.
func AlphaOf(img *image.NRGBA) *image.Alpha {
	w, h := img.Rect.Dx(), img.Rect.Dy()
	mask := image.NewAlpha(image.Rect(0, 0, w, h))
	for y := range h {
		row := img.Pix[y*img.Stride:]
		for x := range w {
			mask.Pix[y*w+x] = row[4*x+3]
		}
	}
	return mask
}

// Mask makes a mask of a picture that somebody sends as one: of its transparency where
// it has some, else of its brightness.
func Mask(img *image.NRGBA) *image.Alpha {
	mask := AlphaOf(img)
	if !imaging.Opaque(img) {
		return mask
	}
	w := mask.Rect.Dx()
	for i := range mask.Pix {
		c := img.Pix[i/w*img.Stride+4*(i%w):]
		mask.Pix[i] = uint8((299*int(c[0]) + 587*int(c[1]) + 114*int(c[2])) / 1000)
	}
	return mask
}

// MaskFault says why a mask can't tell where the product is; "" where it can. One that
// takes all of the picture for the product would let any background pass.
func MaskFault(mask *image.Alpha) string {
	in := 0
	for _, a := range mask.Pix {
		if a >= solid {
			in++
		}
	}
	switch {
	case in == 0:
		return "nothing in it is white or opaque"
	case in == len(mask.Pix):
		return "all of it is white or opaque, and that must be the product alone"
	case aroundAll(mask):
		return "its rim is white or opaque; it seems to be inverted: white or opaque is the product, and not what surrounds it"
	}
	return ""
}

// aroundAll reports whether a mask takes all of the frame's rim: it shows what surrounds the
// product.
func aroundAll(mask *image.Alpha) bool {
	w, h := mask.Rect.Dx(), mask.Rect.Dy()
	for x := range w {
		if mask.Pix[x] < solid || mask.Pix[(h-1)*mask.Stride+x] < solid {
			return false
		}
	}
	for y := range h {
		if mask.Pix[y*mask.Stride] < solid || mask.Pix[y*mask.Stride+w-1] < solid {
			return false
		}
	}
	return true
}

// cutOut reports whether a mask leaves out a part of the frame and keeps another.
func cutOut(mask *image.Alpha) bool {
	const least = 200 // part of the frame
	in, out := 0, 0
	for _, a := range mask.Pix {
		if a >= solid {
			in++
		} else {
			out++
		}
	}
	return least*in >= len(mask.Pix) && least*out >= len(mask.Pix)
}
