package app

import (
	"errors"
	"testing"

	"github.com/opal-photo/opal/modules/imagefile"
)

// TestALogoIsAPicture hands in files that a browser would run: none reaches the decoder, which
// is not there.
func TestALogoIsAPicture(t *testing.T) {
	for name, file := range map[string]string{
		"SVG":                    `<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>`,
		"SVG with a declaration": `<?xml version="1.0"?><!DOCTYPE svg><svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>`,
		"HTML":                   `<!DOCTYPE html><script>alert(1)</script>`,
		"a script":               `alert(1)`,
		"PDF":                    "%PDF-1.7\n",
		"GIF with a script":      "GIF89a/*\x00\x00*/=1;alert(1)",
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := (logos{}).Logo(t.Context(), []byte(file)); !errors.Is(err, imagefile.ErrUnsupported) {
				t.Errorf("%v", err)
			}
		})
	}
}
