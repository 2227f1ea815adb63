package brand

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/opal-photo/opal/modules/fault"
	"github.com/opal-photo/opal/modules/picture"
)

func TestRights(t *testing.T) {
	for name, c := range map[string]struct {
		in   picture.Rights
		says string // "": it is taken
	}{
		"none":                   {},
		"all":                    {picture.Rights{Creator: "Ann", Copyright: "© 2026 Acme", Credit: "Acme", WebStatement: "https://acme.example/t", Licensor: "L", LicensorURL: "http://l.example"}, ""},
		"a script as an address": {picture.Rights{WebStatement: "javascript:alert(1)"}, "rights.web_statement"},
		"no address":             {picture.Rights{LicensorURL: "acme"}, "rights.licensor_url"},
		"two lines":              {picture.Rights{Copyright: "a\nb"}, "rights.copyright"},
		"control characters":     {picture.Rights{Creator: "a\x1b[2J"}, "rights.creator"},
		"much":                   {picture.Rights{Credit: strings.Repeat("ä", MaxRights+1)}, "rights.credit"},
	} {
		t.Run(name, func(t *testing.T) {
			p := Profile{ID: "acme", Name: "Acme", Rights: c.in}
			err := p.normalize()
			if c.says == "" {
				if d := cmp.Diff(c.in, p.Rights); d != "" || err != nil {
					t.Errorf("%v %s", err, d)
				}
				return
			}
			if fault.CodeOf(err) != ErrInvalid.Code || !strings.Contains(err.Error(), c.says) {
				t.Errorf("%v", err)
			}
		})
	}
}
