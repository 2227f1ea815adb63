package invoice

import (
	"fmt"
	"strings"

	"github.com/mozillazg/go-unidecode"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/text/unicode/norm"
)

// glyphs are the letters that a font has.
type glyphs struct {
	font *sfnt.Font
	buf  *sfnt.Buffer
}

func readGlyphs(ttf []byte) (glyphs, error) {
	f, err := sfnt.Parse(ttf)
	if err != nil {
		return glyphs{}, fmt.Errorf("read the invoice's font: %w", err)
	}
	return glyphs{f, &sfnt.Buffer{}}, nil
}

func (g glyphs) has(r rune) bool {
	i, err := g.font.GlyphIndex(g.buf, r)
	return r == '\n' || err == nil && i != 0
}

// write returns the text in letters that the font has. Other letters are
// written in Latin ones, as in passports.
func (g glyphs) write(text string) string {
	var out strings.Builder
	for line := range strings.SplitSeq(norm.NFC.String(text), "\n") {
		if out.Len() > 0 {
			out.WriteByte('\n')
		}
		missing := false
		var b strings.Builder
		for _, r := range line {
			if g.has(r) {
				b.WriteRune(r)
				continue
			}
			missing = true
			latin := unidecode.Unidecode(string(r))
			if latin == "" && r > ' ' {
				latin = "?"
			}
			b.WriteString(latin)
		}
		if s := b.String(); missing {
			out.WriteString(strings.Join(strings.Fields(s), " "))
		} else {
			out.WriteString(s)
		}
	}
	return out.String()
}
