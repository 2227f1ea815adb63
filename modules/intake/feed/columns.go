package feed

import (
	"slices"
	"strings"
	"unicode"

	"github.com/opal-photo/opal/modules/picture"
)

// The meanings of columns, beside those of picture.ProductField.
const (
	colFile    = "file"
	colURL     = "url"
	colList    = "list" // of images
	colScene   = "scene"
	colPrompt  = "prompt"
	colBrand   = "brand"
	colPresets = "presets"

	colHandle  = "handle"
	colVariant = "variant" // a variant's image
	colType    = "type"    // of a WooCommerce row
	colParent  = "parent"
)

// columns are the columns of each meaning, in their order.
type columns map[string][]int

func (c columns) photos() bool {
	return len(c[colFile])+len(c[colURL])+len(c[colList])+len(c[colVariant]) > 0
}

// words returns a heading as small words.
func words(heading string) string {
	return strings.Join(strings.FieldsFunc(strings.ToLower(heading), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }), " ")
}

// generic are the headings of OPAL's own tables.
var generic = map[string][]string{
	colFile:    {"file", "filename", "file name", "path", "photo", "photo file", "image file"},
	colURL:     {"url", "image", "image url", "source url", "photo url", "image src", "image link"},
	colList:    {"urls", "images", "image urls", "photo urls", "additional image link", "additional image links"},
	colScene:   {"scene", "scenes", "scene type", "scene types"},
	colPrompt:  {"prompt", "scene prompt"},
	colBrand:   {"brand", "brand profile", "brand profile id"},
	colPresets: {"presets", "preset"},
}

// The headings of product exports. Their brands are makers' names, and no brand profiles.
var (
	shopify = map[string][]string{
		colHandle: {"handle", "url handle"}, colURL: {"image src", "product image url"}, colVariant: {"variant image", "variant image url"},
		"sku": {"variant sku", "sku"}, "gtin": {"variant barcode", "barcode"}, "title": {"title"},
	}
	// WooCommerce writes its headings in the shop's language
	woocommerce = map[string][]string{
		colType: {"type", "typ", "tipo"}, colList: {"images", "bilder", "imágenes", "immagini", "afbeeldingen"},
		"sku": {"sku", "artikelnummer", "ugs"}, "gtin": {"gtin upc ean or isbn", "gtin upc ean oder isbn", "gtin"}, "title": {"name", "nom", "nombre", "nome", "naam"}, colParent: {"parent", "übergeordnetes produkt"},
	}
	merchant = map[string][]string{
		"sku": {"id"}, "title": {"title"}, "gtin": {"gtin"}, colURL: {"image link"}, colList: {"additional image link", "additional image links"},
	}
	wishes = []string{colScene, colPrompt, colPresets} // that an export may have been given
)

// recognise tells a table's format by its headings.
func recognise(heading []string) (format string, c columns) {
	has := map[string]bool{}
	for _, h := range heading {
		has[words(h)] = true
	}
	any := func(names []string) bool { return slices.ContainsFunc(names, func(n string) bool { return has[n] }) }
	switch {
	case any(shopify[colHandle]) && (any(shopify[colURL]) || any(shopify[colVariant])):
		return Shopify, withWishes(heading, shopify)
	case any(woocommerce[colType]) && any(woocommerce[colList]) && any(woocommerce["title"]):
		return WooCommerce, withWishes(heading, woocommerce)
	case has["id"] && has["image link"]:
		return Merchant, withWishes(heading, merchant)
	}
	return CSV, columnsOf(heading, generic)
}

func withWishes(heading []string, known map[string][]string) columns {
	c := columnsOf(heading, known)
	own := columnsOf(heading, generic)
	for _, w := range wishes {
		if len(own[w]) > 0 {
			c[w] = own[w]
		}
	}
	return c
}

// columnsOf finds the columns of headings. A product's fields have the names that
// picture.ProductField knows, where the format has none of its own.
func columnsOf(heading []string, known map[string][]string) columns {
	c := columns{}
	_, own := known["sku"]
	for i, h := range heading {
		h = words(h)
		meaning := ""
		for m, names := range known {
			if slices.Contains(names, h) {
				meaning = m
			}
		}
		if meaning == "" && !own {
			meaning = picture.ProductField(h)
		}
		if meaning != "" {
			c[meaning] = append(c[meaning], i)
		}
	}
	return c
}
