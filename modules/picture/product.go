package picture

import (
	"regexp"
	"slices"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"github.com/opal-photo/opal/modules/fault"
)

// Product names what a photo shows, as shops and marketplaces do. Each field may be
// empty.
type Product struct {
	SKU   string `json:"sku,omitempty"`   // the seller's own number
	GTIN  string `json:"gtin,omitempty"`  // barcode: 8, 12, 13 or 14 digits, the last of which checks the others
	ASIN  string `json:"asin,omitempty"`  // Amazon's number: ten characters
	Slot  string `json:"slot,omitempty"`  // the photo's place in a listing, such as MAIN or PT01
	Title string `json:"title,omitempty"` // for people
	// SetID names the photos of the product, by any word, whose pictures keep one scale and one
	// crop: its angles.
	SetID string `json:"set_id,omitempty"`
}

// The limits of a product's fields, in characters.
const (
	MaxSKU   = 100
	MaxTitle = 300
	MaxSetID = 100
)

// ErrProduct says that one of a product's fields is invalid.
var ErrProduct = fault.New(fault.Invalid, "product_invalid", "What the item says of its product is not valid")

// Empty reports whether nothing is said.
func (p Product) Empty() bool { return p == Product{} }

// Or returns the product with what it leaves out taken from another.
func (p Product) Or(o Product) Product {
	for _, f := range productFields {
		if into := f.of(&p); *into == "" {
			*into = *f.of(&o)
		}
	}
	return p
}

// Data returns the fields that are there, by their names in JSON.
func (p Product) Data() map[string]any {
	out := map[string]any{}
	for _, f := range productFields {
		if v := *f.of(&p); v != "" {
			out[f.name] = v
		}
	}
	return out
}

// productField is a field: its name, and the headings under which tables have it, in
// the form that heading returns.
type productField struct {
	name     string
	of       func(*Product) *string
	headings []string
}

var productFields = []productField{
	{"sku", func(p *Product) *string { return &p.SKU }, []string{"sku", "seller sku", "variant sku", "article", "article number", "item number", "mpn"}},
	{"gtin", func(p *Product) *string { return &p.GTIN }, []string{"gtin", "gtin 14", "gtin 13", "ean", "ean 13", "upc", "jan", "isbn", "isbn 13", "barcode", "variant barcode"}},
	{"asin", func(p *Product) *string { return &p.ASIN }, []string{"asin"}},
	{"slot", func(p *Product) *string { return &p.Slot }, []string{"slot", "image slot", "variant code"}},
	{"title", func(p *Product) *string { return &p.Title }, []string{"title", "name", "product name", "product title", "item name"}},
	{"set_id", func(p *Product) *string { return &p.SetID }, []string{"set id", "photo set", "angle set"}},
}

// ProductField returns which of a product's fields a table's column holds, by its
// heading in any of the usual spellings ("Seller SKU", "EAN"); "" when it holds none.
func ProductField(heading string) string {
	words := strings.Join(strings.FieldsFunc(strings.ToLower(heading), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }), " ")
	for _, f := range productFields {
		if slices.Contains(f.headings, words) {
			return f.name
		}
	}
	return ""
}

// Set sets a field by its name; other names change nothing.
func (p *Product) Set(field, value string) {
	for _, f := range productFields {
		if f.name == field {
			*f.of(p) = value
		}
	}
}

var (
	slotPattern = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Z0-9]{2,12}$`) })
	asinPattern = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^B[0-9A-Z]{9}$`) })
	isbnPattern = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[0-9]{9}[0-9X]$`) })
)

// Normalise trims the fields, writes numbers as they are looked up (a GTIN without
// spaces and dashes, ASIN and slot in capitals), and checks them. Errors: ErrProduct
// with the field and what is wrong with it.
func (p *Product) Normalise() error {
	if p.SetID != "" && strings.TrimSpace(p.SetID) == "" {
		return ErrProduct.With("set_id is blank; give it a word, or leave it out")
	}
	p.SKU, p.SetID, p.Title = strings.TrimSpace(p.SKU), strings.TrimSpace(p.SetID), strings.Join(strings.Fields(p.Title), " ")
	p.GTIN = strings.NewReplacer(" ", "", "-", "", "\u00a0", "").Replace(strings.TrimSpace(p.GTIN))
	p.ASIN, p.Slot = strings.ToUpper(strings.TrimSpace(p.ASIN)), strings.ToUpper(strings.TrimSpace(p.Slot))
	for _, f := range []struct {
		name, text string
		max        int
	}{{"sku", p.SKU, MaxSKU}, {"title", p.Title, MaxTitle}, {"set_id", p.SetID, MaxSetID}} {
		if n := utf8.RuneCountInString(f.text); n > f.max {
			return ErrProduct.With("%s has %d characters; %d is the limit", f.name, n, f.max)
		}
		if !utf8.ValidString(f.text) || strings.ContainsFunc(f.text, unicode.IsControl) {
			return ErrProduct.With("%s holds control characters", f.name)
		}
	}
	if p.GTIN != "" {
		want, ok := gtinDigit(p.GTIN)
		switch {
		case !ok:
			return ErrProduct.With("gtin %q must have 8, 12, 13 or 14 digits", short(p.GTIN))
		case want != p.GTIN[len(p.GTIN)-1]:
			return ErrProduct.With("gtin %s ends with %c, but by its other digits it ends with %c; look for a digit that was mistyped", p.GTIN, p.GTIN[len(p.GTIN)-1], want)
		}
	}
	if p.ASIN != "" && !ValidASIN(p.ASIN) {
		return ErrProduct.With("asin %q must be ten letters and digits that begin with B, or an ISBN-10", short(p.ASIN))
	}
	if p.Slot != "" && !slotPattern().MatchString(p.Slot) {
		return ErrProduct.With("slot %q must be 2 to 12 letters and digits, such as MAIN or PT01", short(p.Slot))
	}
	return nil
}

// short bounds a value that an error quotes.
func short(s string) string {
	const most = 40
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}

// gtinDigit returns the check digit that a GTIN's other digits give (GS1 General
// Specifications, 7.9); ok is false for what has another length or other characters.
func gtinDigit(s string) (digit byte, ok bool) {
	switch len(s) {
	case 8, 12, 13, 14:
	default:
		return 0, false
	}
	sum := 0
	for i := range len(s) {
		d := int(s[i]) - '0'
		if d < 0 || d > 9 {
			return 0, false
		}
		if i == len(s)-1 {
			break
		}
		if (len(s)-i)%2 == 0 {
			d *= 3
		}
		sum += d
	}
	return byte('0' + (10-sum%10)%10), true
}

// ValidGTIN reports whether s is a GTIN: 8, 12, 13 or 14 digits, the last of which fits
// the others.
func ValidGTIN(s string) bool {
	want, ok := gtinDigit(s)
	return ok && want == s[len(s)-1]
}

// ValidASIN reports whether s can be an ASIN: B and nine letters and digits, or for
// books an ISBN-10 with its check digit. Amazon does not publish more of its form.
func ValidASIN(s string) bool {
	if !isbnPattern().MatchString(s) {
		return asinPattern().MatchString(s)
	}
	sum := 0
	for i := range len(s) {
		d := 10 // X
		if s[i] != 'X' {
			d = int(s[i] - '0')
		}
		sum += (10 - i) * d
	}
	return sum%11 == 0
}

// GTIN14 returns a GTIN as 14 digits, with zeros before it.
func (p Product) GTIN14() string {
	if p.GTIN == "" {
		return ""
	}
	return strings.Repeat("0", 14-len(p.GTIN)) + p.GTIN
}
