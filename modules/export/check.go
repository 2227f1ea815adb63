package export

import (
	"bytes"
	"fmt"
	"image"

	"github.com/opal-photo/opal/modules/imaging"
)

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
	HasAlpha    = "transparency" // the corners are transparent
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

// check decodes the finished file again and tries the preset's rules on it, and
// those that every file keeps: its size and format, no trace of where the photo
// was taken, and the word on how the picture was made.
func check(p Preset, file []byte, enlarged float64) ([]Check, *image.NRGBA, error) {
	info, err := imaging.InspectOwn(file)
	if err != nil {
		return nil, nil, fmt.Errorf("read the variant: %w", err)
	}
	img, err := imaging.DecodeOwn(file)
	if err != nil {
		return nil, nil, fmt.Errorf("decode the variant: %w", err)
	}
	out := []Check{
		{"size", img.Rect.Dx() == p.Width && img.Rect.Dy() == p.Height, fmt.Sprintf("%d×%d", img.Rect.Dx(), img.Rect.Dy()), fmt.Sprintf("%d×%d", p.Width, p.Height)},
		{"format", info.Format == p.Format, string(info.Format), string(p.Format)},
		{"no_location", !bytes.Contains(file, []byte("Exif\x00\x00")) && !bytes.Contains(file, []byte("exif:GPS")), present(bytes.Contains(file, []byte("Exif\x00\x00"))), "no EXIF"},
		{"source_type", bytes.Contains(file, []byte("DigitalSourceType")), present(bytes.Contains(file, []byte("DigitalSourceType"))), "IPTC DigitalSourceType"},
		{"enlargement", enlarged <= maxEnlarge, fmt.Sprintf("%.1f×", enlarged), fmt.Sprintf("at most %.0f× the photo's own pixels", maxEnlarge)},
	}
	for _, r := range p.Rules {
		out = append(out, r.try(file, img))
	}
	return out, img, nil
}

func present(b bool) string {
	if b {
		return "present"
	}
	return "absent"
}

// try measures one rule.
func (r Rule) try(file []byte, img *image.NRGBA) Check {
	w, h := img.Rect.Dx(), img.Rect.Dy()
	atLeast := func(v float64, format string) Check {
		return Check{r.Name, v >= r.Limit, fmt.Sprintf(format, v), "at least " + fmt.Sprintf(format, r.Limit)}
	}
	switch r.Name {
	case LongSide:
		return atLeast(float64(max(w, h)), "%.0f px")
	case ShortSide:
		return atLeast(float64(min(w, h)), "%.0f px")
	case FileSize:
		return Check{r.Name, float64(len(file)) <= r.Limit, size(float64(len(file))), "at most " + size(r.Limit)}
	case FillAtLeast:
		return atLeast(fill(img), "%.2f")
	case FillAtMost:
		v := fill(img)
		return Check{r.Name, v <= r.Limit, fmt.Sprintf("%.2f", v), fmt.Sprintf("at most %.2f", r.Limit)}
	case WhiteBorder:
		return atLeast(whiteBorder(img), "%.3f")
	case HasAlpha:
		clear := min(img.Pix[3], img.NRGBAAt(w-1, 0).A, img.NRGBAAt(0, h-1).A, img.NRGBAAt(w-1, h-1).A) == 0
		return Check{r.Name, clear, present(clear), "transparent corners"}
	}
	return Check{Rule: r.Name, Measured: "unknown rule", Wanted: "a rule that is known"}
}

func size(b float64) string {
	if b >= mib {
		return fmt.Sprintf("%.1f MB", b/mib)
	}
	return fmt.Sprintf("%.0f KB", b/1024)
}

// offWhite is the value from which a channel counts as white in a compressed
// file: its noise next to the product is below it.
const offWhite = 248

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
	w, h := img.Rect.Dx(), img.Rect.Dy()
	n, white := 0, 0
	look := func(x, y int) {
		c := img.NRGBAAt(x, y)
		n++
		if c.R == 255 && c.G == 255 && c.B == 255 && c.A == 255 {
			white++
		}
	}
	for x := range w {
		look(x, 0)
		look(x, h-1)
	}
	for y := 1; y < h-1; y++ {
		look(0, y)
		look(w-1, y)
	}
	return float64(white) / float64(n)
}
