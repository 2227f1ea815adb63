package check

import (
	"image"
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
