package check

import (
	"image"
	"image/color"
	"image/draw"
	"strings"
	"testing"

	"github.com/opal-photo/opal/modules/channel"
	"github.com/opal-photo/opal/modules/imagefile"
	"github.com/opal-photo/opal/modules/imaging"
)

func TestAnUnknownRuleFails(t *testing.T) {
	if c := (&Picture{Image: image.NewNRGBA(image.Rect(0, 0, 1, 1))}).try(channel.Rule{Name: "moon", Limit: 1}); c.Passed {
		t.Error("an unknown rule passes")
	}
}

func FuzzMetadata(f *testing.F) {
	f.Add([]byte("\xff\xd8\xff\xe1\x00\x08Exif\x00\x00"))
	f.Add([]byte("\x89PNG\r\n\x1a\n\x00\x00\x00\x00eXIf\x00\x00\x00\x00"))
	f.Add([]byte("RIFF\x00\x00\x00\x00WEBPXMP \xff\xff\xff\xff"))
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, format := range []imaging.Format{imaging.JPEG, imaging.PNG, imaging.WebP, imaging.AVIF} {
			imagefile.ReadMetadata(format, b)
		}
	})
}

func TestMasksThatCannotBeRight(t *testing.T) {
	all := image.Rect(0, 0, 60, 40)
	with := func(ground, inside uint8) *image.Alpha {
		m := image.NewAlpha(all)
		draw.Draw(m, all, image.NewUniform(color.Alpha{ground}), image.Point{}, draw.Src)
		draw.Draw(m, image.Rect(20, 10, 40, 30), image.NewUniform(color.Alpha{inside}), image.Point{}, draw.Src)
		return m
	}
	cut := with(0, 255) // the frame cuts the product off at three sides
	draw.Draw(cut, image.Rect(0, 0, 60, 30), image.Opaque, image.Point{}, draw.Src)
	for name, c := range map[string]struct {
		mask *image.Alpha
		says string
	}{
		"a product": {with(0, 255), ""}, "a product cut off": {cut, ""}, "nothing": {with(0, 0), "nothing in it"}, "all": {with(255, 255), "all of it"}, "inverted": {with(255, 0), "inverted"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := MaskFault(c.mask); (got == "") != (c.says == "") || !strings.Contains(got, c.says) {
				t.Errorf("%q doesn't say %q", got, c.says)
			}
		})
	}
}

// Pictures of some models say so in their content credentials alone.
func TestContentCredentialsTellOfModels(t *testing.T) {
	for source, passed := range map[string]bool{"trainedAlgorithmicMedia": false, "compositeWithTrainedAlgorithmicMedia": false, "algorithmicMedia": false, "digitalCapture": true} {
		t.Run(source, func(t *testing.T) {
			p := &Picture{Image: image.NewNRGBA(image.Rect(0, 0, 1, 1)), Sources: []string{source}}
			if got := p.try(channel.Rule{Name: channel.NotGenerated}); got.Passed != passed {
				t.Errorf("%+v", got)
			}
		})
	}
}
