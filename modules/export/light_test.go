package export

import (
	"bytes"
	"math"
	"testing"

	"github.com/opal-photo/opal/modules/channel"
	"github.com/opal-photo/opal/modules/check"
	"github.com/opal-photo/opal/modules/imagefile"
	"github.com/opal-photo/opal/modules/provenance"
	"github.com/opal-photo/opal/modules/shade"
)

func TestTheProofTakesTheScenesLightIntoAccount(t *testing.T) {
	l, err := stood().sound()
	if err != nil {
		t.Fatal(err)
	}
	prod := newProduct(l, whole)
	for i := 0; i < len(l.Backdrop.Pix); i += 4 { // a warm set
		l.Backdrop.Pix[i+2] /= 3
	}
	l.Light = shade.NewLight(l.Backdrop, prod.at(l.Box[2], l.Box[3]), l.Box.Rect(), 1, math.NaN(), true)
	for name, lit := range map[string]bool{"pinterest": true, "etsy": false, "shopify_white": false} {
		t.Run(name, func(t *testing.T) {
			p, _ := channel.Find(name)
			p.Width, p.Height = 600, 600
			v, err := one(p, l, prod)
			if err != nil {
				t.Fatal(err)
			}
			if why := v.Fidelity.Within(check.Limits(p)); why != "" {
				t.Errorf("what is left beside the light: %s", why)
			}
			info, err := imagefile.Inspect(v.File)
			if err != nil {
				t.Fatal(err)
			}
			layer := provenance.ReadLight(imagefile.ReadMetadata(info.Format, v.File).XMP)
			if !lit {
				if v.Unlit != nil || layer != nil {
					t.Errorf("light fell on it: %+v, %d bytes in the file", v.Unlit, len(layer))
				}
				return
			}
			if v.Unlit == nil || v.Unlit.DeltaE50 < v.Fidelity.DeltaE50+1 {
				t.Errorf("with the light for a change: %+v; without: %+v", v.Unlit, v.Fidelity)
			}
			if want, _ := l.Light.Encode(); !bytes.Equal(layer, want) {
				t.Errorf("the file states a layer of %d bytes, want %d", len(layer), len(want))
			}
		})
	}
}
