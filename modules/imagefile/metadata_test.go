package imagefile

import (
	"bytes"
	"image/color"
	"testing"

	"github.com/opal-photo/opal/modules/imagefile/imagefiletest"
)

// Metadata put into a file can be read from it, and the file stays valid.
func FuzzMetadata(f *testing.F) {
	jpg, png := imagefiletest.JPEG(f, imagefiletest.Photo(16, 12, 1)), imagefiletest.PNG(f, imagefiletest.Photo(16, 12, 1))
	for _, b := range [][]byte{jpg, png, imagefiletest.SolidWebP(16, 12, color.NRGBA{1, 2, 3, 4}), imagefiletest.LossyWebP(16, 12)} {
		f.Add(b, []byte("<x:xmpmeta/>"), []byte("profile"))
		f.Add(b[:len(b)/2], []byte{}, []byte{})
	}
	f.Fuzz(func(t *testing.T, b, xmp, profile []byte) {
		for _, format := range []Format{JPEG, PNG, WebP, AVIF} {
			ReadMetadata(format, b)
		}
		info, err := Inspect(b)
		if err != nil || len(xmp) == 0 || len(xmp) > 60_000 {
			return
		}
		before, err := Parse(b)
		if err != nil {
			t.Fatal(err)
		}
		with, err := Embed(info.Format, before.Essential(), xmp, profile, info.HasAlpha)
		if err != nil {
			t.Fatal(err)
		}
		if got := ReadMetadata(info.Format, with); !bytes.Equal(got.XMP, xmp) || got.EXIF {
			t.Fatalf("%+v", got)
		}
		after, err := Inspect(with)
		stored := info
		stored.Width, stored.Height = info.Stored()
		if err != nil && len(with) <= MaxBytes && hiddenFormat(with) == "" || err == nil && (after.Width != stored.Width || after.Height != stored.Height) {
			t.Fatalf("%+v, %v; was %+v", after, err, info)
		}
	})
}
