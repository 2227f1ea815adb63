package check

import (
	"fmt"
	"path"
	"regexp"
	"strings"

	"github.com/opal-photo/opal/modules/channel"
	"github.com/opal-photo/opal/modules/imagefile"
	"github.com/opal-photo/opal/modules/picture"
)

// knows reports whether what a rule is about is known of the picture.
func (p *Picture) knows(r channel.Rule) bool {
	switch r.Name {
	case channel.FileName:
		return p.Name != ""
	case channel.ColourSpace:
		return p.Colour != ""
	case channel.SetSize:
		return p.Set > 0
	}
	return true
}

// colourWords names a colour space for people.
func colourWords(space string) string {
	switch space {
	case imagefile.SRGB:
		return "sRGB"
	case imagefile.Grey:
		return "greyscale"
	case imagefile.Wide:
		return "an RGB space other than sRGB"
	case imagefile.CMYK:
		return "CMYK"
	}
	return space
}

// either joins alternatives.
func either(all []string, words func(string) string) string {
	out := make([]string, len(all))
	for i, s := range all {
		out[i] = words(s)
	}
	return strings.Join(out, " or ")
}

// fields are the parts of a form of file names, as patterns.
var fields = map[string]string{
	"{asin}":   `(?:[A-Z0-9]{10}|[0-9]{8}|[0-9]{12,14})`, // Amazon takes barcodes, too
	"{gtin}":   `(?:[0-9]{8}|[0-9]{12,14})`,
	"{gtin14}": `[0-9]{14}`,
	"{sku}":    `[^./\\]+`,
	"{slug}":   `[a-z0-9]+(?:[-_][a-z0-9]+)*`,
}

var (
	field     = regexp.MustCompile(`\{[a-z0-9]+\}`)
	slot      = regexp.MustCompile(`(PT|PS)[0-9]{2}$`)
	nameEnds  = regexp.MustCompile(`(?i)^\.(?:jpe?g|png|webp|tiff?|gif|avif|heic)$`)
	allDigits = regexp.MustCompile(`^[0-9]+$`)
)

// formWords writes a form for people.
func formWords(form string) string {
	return strings.NewReplacer("{asin}", "ASIN", "{gtin}", "GTIN", "{gtin14}", "GTIN-14", "{sku}", "SKU", "{slug}", "name-in-lower-case").Replace(form) + ".jpg"
}

// named reports whether a file's name has one of the forms. The check digits of
// barcodes count. A form for one further picture, such as PT01, is that of all.
func named(name string, forms []string) bool {
	ext := path.Ext(name)
	stem := strings.TrimSuffix(name, ext)
	if !nameEnds.MatchString(ext) {
		return false
	}
	for _, form := range forms {
		pattern := slot.ReplaceAllString(regexp.QuoteMeta(form), `(?:PT|PS)[0-9]{2}`)
		for f, p := range fields {
			pattern = strings.ReplaceAll(pattern, regexp.QuoteMeta(f), "("+p+")")
		}
		re, err := regexp.Compile("^" + pattern + "$")
		if err != nil {
			continue
		}
		m := re.FindStringSubmatch(stem)
		if m == nil {
			continue
		}
		ok := true
		for i, f := range field.FindAllString(form, -1) {
			if i+1 < len(m) && (strings.HasPrefix(f, "{gtin") || f == "{asin}" && len(m[i+1]) != asinLength) && allDigits.MatchString(m[i+1]) {
				ok = ok && picture.ValidGTIN(m[i+1])
			}
		}
		if ok {
			return true
		}
	}
	return false
}

const asinLength = 10

// inZone reports whether the product lies within a box of shares: left, top, right and
// bottom. Two pixels are left to rounding.
func (p *product) inZone(box []float64, edge string) Check {
	const slack = 2.0
	if len(box) != 4 {
		return Check{Measured: "a rule without its box", Wanted: "left, top, right and bottom"}
	}
	w, h := float64(p.w), float64(p.h)
	at := [4]float64{float64(p.box.Min.X), float64(p.box.Min.Y), float64(p.box.Max.X), float64(p.box.Max.Y)}
	ok := (at[0] >= box[0]*w-slack || edge == picture.AnchorLeft) && (at[1] >= box[1]*h-slack || edge == picture.AnchorTop) &&
		(at[2] <= box[2]*w+slack || edge == picture.AnchorRight) && (at[3] <= box[3]*h+slack || edge == picture.AnchorBottom)
	say := func(l, t, r, b float64) string {
		return fmt.Sprintf("%.0f to %.0f %% of the width, %.0f to %.0f %% of the height", 100*l, 100*r, 100*t, 100*b)
	}
	return Check{Passed: ok || p.box.Empty(), Measured: say(at[0]/w, at[1]/h, at[2]/w, at[3]/h), Wanted: "within " + say(box[0], box[1], box[2], box[3])}
}
