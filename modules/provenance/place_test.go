package provenance

import (
	"image"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/opal-photo/opal/modules/imagefile"
	"github.com/opal-photo/opal/modules/picture"
)

func TestAPlaceIsReadBack(t *testing.T) {
	p := PlaceOf(image.Rect(100, 50, 900, 750), image.Pt(1000, 800), image.Rect(120, 80, 1880, 1620), image.Pt(2000, 2000))
	for name, marks := range map[string]*picture.Marks{"alone": nil, "with rights": {Creators: []string{"A <B>"}, Copyright: "C"}} {
		t.Run(name, func(t *testing.T) {
			packet := WithPlace(XMP(imagefile.SourceComposite, marks), p)
			got, ok := ReadPlace(packet)
			if d := cmp.Diff(p, got); !ok || d != "" {
				t.Errorf("%v %s", ok, d)
			}
			if !imagefile.MadeByOPAL(packet) {
				t.Error("the packet isn't known as OPAL's")
			}
		})
	}
}

func TestPlacesThatCannotBe(t *testing.T) {
	for name, value := range map[string]string{
		"nothing":         "",
		"words":           "here",
		"too few numbers": "0 0 1 1 0 0 10 10",
		"an empty window": "0 0 0 1 0 0 10 10 10 10",
		"outside":         "0.5 0 0.8 1 0 0 10 10 10 10",
		"huge":            "0 0 1 1 0 0 99999999 10 10 10",
		"beside it":       "0 0 1 1 20 0 10 10 10 10",
		"NaN":             "NaN 0 1 1 0 0 10 10 10 10",
	} {
		t.Run(name, func(t *testing.T) {
			if p, ok := ReadPlace([]byte(`<x opal:Product="` + value + `"/>`)); ok {
				t.Errorf("%+v", p)
			}
		})
	}
}
