package export

import (
	"strings"
	"unicode"

	"github.com/opal-photo/opal/modules/channel"
	"github.com/opal-photo/opal/modules/filename"
	"github.com/opal-photo/opal/modules/picture"
)

// AltText describes a finished file for those who don't see it: the product, by its
// title or as its photo's name has it, and what is behind it.
func AltText(p channel.Preset, s Source) string {
	what := s.Product.Title
	if what == "" {
		what = readable(filename.Stem(s.Filename))
	}
	if what == "" && s.Product.SKU != "" {
		what = "Product " + s.Product.SKU
	}
	if what == "" {
		what = "Product"
	}
	switch {
	case p.Background == channel.Swatch:
		return what + ", its material"
	case p.Background == channel.White:
		return what + " on a white background"
	case p.Background == channel.Transparent:
		return what + " on a transparent background"
	case s.BackdropPath == "" || s.Scene == "":
		return what
	}
	if s.Scene == picture.CropOriginal {
		return what + ", as it was photographed"
	}
	if _, ok := picture.ParsePlate(s.Scene); ok { // what it shows is known by its name alone
		if name := readable(filename.Stem(s.plateName())); name != "" {
			return what + " in a photographed setting: " + name
		}
		return what + " in a photographed setting"
	}
	if _, ok := picture.ParsePaint(s.Scene); ok {
		return what + " on a plain background"
	}
	article := "a"
	if strings.ContainsRune("aeiou", rune(s.Scene[0])) {
		article = "an"
	}
	return what + " in " + article + " " + s.Scene + " scene"
}

// cameras begin the names that cameras, phones and messengers give photos.
var cameras = []string{"img", "image", "dsc", "dscn", "dscf", "pxl", "mvimg", "photo", "foto", "whatsapp", "screenshot", "scan", "gopr", "imag", "sam"}

// readable returns a photo's name as words; "" for one that says nothing to people: a
// camera's, a number, a code.
func readable(stem string) string {
	words := strings.FieldsFunc(stem, func(r rune) bool { return unicode.IsSpace(r) || strings.ContainsRune("_-.,+=()@", r) })
	told := 0
	for i, w := range words {
		letters := strings.TrimFunc(strings.ToLower(w), func(r rune) bool { return unicode.IsDigit(r) })
		if i == 0 {
			for _, c := range cameras {
				if letters == c {
					return ""
				}
			}
		}
		if !strings.ContainsFunc(w, unicode.IsDigit) {
			told += len([]rune(letters))
		}
	}
	const enough = 3 // letters of words without digits
	if told < enough && !strings.ContainsFunc(stem, func(r rune) bool { return unicode.Is(unicode.Lo, r) }) {
		return ""
	}
	out := []rune(strings.Join(words, " "))
	out[0] = unicode.ToUpper(out[0])
	return string(out)
}
