package filename

import (
	"regexp"
	"strings"
	"unicode"

	"github.com/opal-photo/opal/modules/picture"
)

var (
	// slots are the places in a listing that sellers write into file names, Amazon's
	// and GS1's usual ones.
	slots = regexp.MustCompile(`^(?:MAIN|SWCH|(?:PT|PS)[0-9]{2}|FRNT|BACK|SIDE|LEFT|RGHT|TOPP|BOTT|EEGL)$`)
	// ending is a name's last part.
	ending = regexp.MustCompile(`^(.+)[._ -]([A-Za-z0-9]{4})$`)
	// dated begins with a day: cameras and phones name photos by the time.
	dated = regexp.MustCompile(`^(?:19|20)[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])`)
)

// Product returns what a photo's name says of its product, by the ways in which shops
// name files:
//
//	B07ABCDEFG.MAIN.jpg         an ASIN and a slot
//	4006381333931_front.jpg     a GTIN, whose check digit fits; the rest is a note
//	CHAIR-04.PT01.jpg           an SKU, where a slot in capitals follows it
//
// A name that says none of it, or that only might, gives nothing: a date is not a
// barcode, and "mug.jpg" is not an SKU.
func Product(name string) picture.Product {
	stem := Stem(name)
	var p picture.Product
	rest := stem
	if m := ending.FindStringSubmatch(stem); m != nil && slots.MatchString(strings.ToUpper(m[2])) {
		rest, p.Slot = m[1], strings.ToUpper(m[2])
		if p.Slot != m[2] { // "mug-back" is a mug's back, and no listing's slot
			p.Slot = ""
		}
	}
	first := rest
	if i := strings.IndexFunc(rest, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }); i > 0 {
		first = rest[:i]
	}
	const shortest = 12 // a GTIN-8 is too easily a date or a counter
	switch {
	case len(first) >= shortest && picture.ValidGTIN(first) && !dated.MatchString(first):
		p.GTIN = first
	case strings.HasPrefix(first, "B0") && picture.ValidASIN(first):
		p.ASIN = first
	case p.Slot != "":
		p.SKU = rest
		return p
	default:
		return picture.Product{}
	}
	if m := ending.FindStringSubmatch(stem); p.Slot == "" && m != nil && slots.MatchString(strings.ToUpper(m[2])) {
		p.Slot = strings.ToUpper(m[2])
	}
	return p
}
