package batch

import (
	"bytes"
	"os"
	"testing"

	"github.com/opal-photo/opal/modules/imagefile"
	"github.com/opal-photo/opal/modules/provenance"
)

// The statements of a photo about its making and its rights stand in every file made
// of it.
func TestMarksAreKept(t *testing.T) {
	place(t)
	const xmp = `<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description
		xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:exif="http://ns.adobe.com/exif/1.0/"
		Iptc4xmpExt:DigitalSourceType="http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia" exif:GPSLatitude="52,22N">
		<dc:rights><rdf:Alt><rdf:li xml:lang="x-default">© Ann</rdf:li></rdf:Alt></dc:rights></rdf:Description></rdf:RDF></x:xmpmeta>`
	b, err := imagefile.Embed(imagefile.JPEG, photo(t, 40), []byte(xmp), nil, false)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile("a.jpg", b, 0o644); err != nil {
		t.Fatal(err)
	}
	o := options()
	o.Presets = []string{"web_thumb", "cutout_png", "facebook_ad"}
	if _, err := process(t, t.Context(), cutter{}, o, "a.jpg"); err != nil {
		t.Fatal(err)
	}
	if _, _, err := cutouts(t, t.Context(), cutter{}, nil, CutoutOptions{Dir: "out/cut"}, "a.jpg"); err != nil {
		t.Fatal(err)
	}
	made := files(t)
	n := 0
	for _, name := range made {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if name == "a.jpg" || name == "out/report.json" {
			continue
		}
		n++
		m := provenance.Read(b)
		if m == nil || m.SourceType != "trainedAlgorithmicMedia" || m.Copyright != "© Ann" {
			t.Errorf("%s: %+v", name, m)
		}
		if bytes.Contains(b, []byte("52,22N")) {
			t.Errorf("%s says where it was taken", name)
		}
	}
	if n != 6 {
		t.Errorf("%d files: %v", n, made)
	}
	for _, v := range reportOf(t, "out").Items[0].Variants {
		for _, c := range v.Checks {
			if c.Rule == "source_type" && !c.Passed {
				t.Errorf("%s: %+v", v.Preset, c)
			}
		}
	}
}
