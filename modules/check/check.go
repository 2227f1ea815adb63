// Package check measures finished files: the rules of a preset and those that
// every file keeps. It decodes what it measures.
package check

import (
	"bytes"
	"fmt"
	"image"
	"image/color"

	"github.com/opal-photo/opal/modules/channel"
	"github.com/opal-photo/opal/modules/imagefile"
	"github.com/opal-photo/opal/modules/imaging"
)

// Check is what came of a rule.
type Check struct {
	Rule     string `json:"rule"`
	Passed   bool   `json:"passed"`
	Measured string `json:"measured"`
	Wanted   string `json:"wanted"`
}

// maxEnlarge is how far a product may be enlarged beyond its photo's own pixels
// before a shop's zoom shows it.
const maxEnlarge = 2.0

// Facts are what a check knows beside the file.
type Facts struct {
	Source   imaging.SourceType
	Enlarged float64 // pixels of the variant for one of the photo's
}

// File decodes the finished file again and tries the preset's rules on it, and
// those that every file keeps: its size, format and colours, no trace of where
// the photo was taken, and the word on how the picture was made.
func File(p channel.Preset, file []byte, f Facts) ([]Check, error) {
	info, err := imaging.InspectOwn(file)
	if err != nil {
		return nil, fmt.Errorf("read the variant: %w", err)
	}
	img, err := imaging.DecodeOwn(file)
	if err != nil {
		return nil, fmt.Errorf("decode the variant: %w", err)
	}
	meta := imagefile.ReadMetadata(info.Format, file)
	stated := bytes.Contains(meta.XMP, []byte(`"`+f.Source.URI()+`"`))
	out := []Check{
		Dimensions(p, img.Rect.Dx(), img.Rect.Dy()),
		{"format", string(info.Format) == string(p.Format), string(info.Format), string(p.Format)},
		{"colour_profile", info.HasProfile, present(info.HasProfile), "sRGB profile"},
		{"no_location", !meta.EXIF, present(meta.EXIF), "no EXIF"},
		{"source_type", stated, present(stated), "IPTC DigitalSourceType " + string(f.Source)},
		{"enlargement", f.Enlarged <= maxEnlarge, fmt.Sprintf("%.1f×", f.Enlarged), fmt.Sprintf("at most %.0f× the photo's own pixels", maxEnlarge)},
	}
	if p.Background != channel.Transparent {
		opaque := img.Opaque()
		out = append(out, Check{"opaque", opaque, map[bool]string{true: "opaque", false: "transparent"}[opaque], "no transparent pixels"})
	}
	for _, r := range p.Rules {
		out = append(out, try(r, file, img))
	}
	return out, nil
}

// Dimensions wants the preset's very size; of a transparent one, which is cut to
// the product, that it fills the size in one direction.
func Dimensions(p channel.Preset, w, h int) Check {
	c := Check{"size", w == p.Width && h == p.Height, fmt.Sprintf("%d×%d", w, h), fmt.Sprintf("%d×%d", p.Width, p.Height)}
	if p.Background == channel.Transparent {
		c.Passed = w <= p.Width && h <= p.Height && (w >= p.Width-cropSlack || h >= p.Height-cropSlack)
		c.Wanted = "as large as fits " + c.Wanted
	}
	return c
}

// cropSlack is what rounding may take off a cropped file's longer side, in
// pixels.
const cropSlack = 2

func present(b bool) string {
	if b {
		return "present"
	}
	return "absent"
}

// try measures one rule.
func try(r channel.Rule, file []byte, img *image.NRGBA) Check {
	w, h := img.Rect.Dx(), img.Rect.Dy()
	atLeast := func(v float64, format string) Check {
		return Check{r.Name, v >= r.Limit, fmt.Sprintf(format, v), "at least " + fmt.Sprintf(format, r.Limit)}
	}
	switch r.Name {
	case channel.LongSide:
		return atLeast(float64(max(w, h)), "%.0f px")
	case channel.ShortSide:
		return atLeast(float64(min(w, h)), "%.0f px")
	case channel.FileSize:
		return Check{r.Name, float64(len(file)) <= r.Limit, Size(float64(len(file))), "at most " + Size(r.Limit)}
	case channel.FillAtLeast:
		return atLeast(fill(img), "%.2f")
	case channel.FillAtMost:
		v := fill(img)
		return Check{r.Name, v <= r.Limit, fmt.Sprintf("%.2f", v), fmt.Sprintf("at most %.2f", r.Limit)}
	case channel.WhiteBorder:
		return atLeast(whiteBorder(img), "%.3f")
	case channel.HasAlpha:
		clear := clearBorder(img)
		return Check{r.Name, clear >= r.Limit, fmt.Sprintf("%.3f of the border", clear), fmt.Sprintf("%.3f of the border", r.Limit)}
	}
	return Check{Rule: r.Name, Measured: "unknown rule", Wanted: "a rule that is known"}
}

const mebibyte = 1 << 20

// Size writes a number of bytes for people, such as "1.5 MB".
func Size(b float64) string {
	if b >= mebibyte {
		return fmt.Sprintf("%.1f MB", b/mebibyte)
	}
	return fmt.Sprintf("%.0f KB", b/1024)
}

// offWhite is the value from which a channel counts as white in a compressed
// file: next to a product, compression leaves a level or two.
const offWhite = 253

// fill is the share of the frame's side that what isn't white takes, on the
// longer relative side.
func fill(img *image.NRGBA) float64 {
	w, h := img.Rect.Dx(), img.Rect.Dy()
	x0, x1, y0, y1 := w, -1, h, -1
	for y := range h {
		row := img.Pix[y*img.Stride : y*img.Stride+w*4]
		for x := range w {
			p := row[x*4 : x*4+4]
			if p[3] > 8 && min(p[0], p[1], p[2]) < offWhite {
				x0, x1, y0, y1 = min(x0, x), max(x1, x), min(y0, y), y
			}
		}
	}
	if x1 < 0 {
		return 0
	}
	return max(float64(x1-x0+1)/float64(w), float64(y1-y0+1)/float64(h))
}

// whiteBorder is the share of the outermost pixels that are pure white.
func whiteBorder(img *image.NRGBA) float64 {
	return border(img, func(c color.NRGBA) bool { return c == color.NRGBA{255, 255, 255, 255} })
}

// clearBorder is the share of the outermost pixels that are transparent.
func clearBorder(img *image.NRGBA) float64 {
	return border(img, func(c color.NRGBA) bool { return c.A == 0 })
}

// border is the share of the outermost pixels of which something is true.
func border(img *image.NRGBA, is func(color.NRGBA) bool) float64 {
	w, h := img.Rect.Dx(), img.Rect.Dy()
	n, yes := 0, 0
	look := func(x, y int) {
		n++
		if is(img.NRGBAAt(x, y)) {
			yes++
		}
	}
	for x := range w {
		look(x, 0)
		if h > 1 {
			look(x, h-1)
		}
	}
	for y := 1; y < h-1; y++ {
		look(0, y)
		if w > 1 {
			look(w-1, y)
		}
	}
	return float64(yes) / float64(n)
}
