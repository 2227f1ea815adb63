package imagefile

import (
	"slices"
	"testing"
)

func TestColourSpace(t *testing.T) {
	jpeg := func(profile []byte) []byte {
		b := []byte{0xff, 0xd8}
		if profile != nil {
			b = appendSegment(b, markerAPP2, jpegICC, []byte{1, 1}, profile)
		}
		return append(b, 0xff, 0xda, 0, 2)
	}
	cmyk := madeProfile(gamuts[1], srgbTransfer, false)
	copy(cmyk[16:], "CMYK")
	for name, c := range map[string]struct {
		info Info
		file []byte
		want string
	}{
		"no profile":                {Info{Format: JPEG, Channels: 3}, jpeg(nil), SRGB},
		"sRGB":                      {Info{Format: JPEG, Channels: 3}, jpeg(madeProfile(gamuts[1], srgbTransfer, false)), SRGB},
		"Display P3":                {Info{Format: JPEG, Channels: 3}, jpeg(madeProfile(gamuts[12], srgbTransfer, false)), Wide},
		"Adobe RGB":                 {Info{Format: JPEG, Channels: 3}, jpeg(adobeRGBProfile()), Wide},
		"Display P3 in a PNG":       {Info{Format: PNG, Channels: 3}, slices.Concat(pngMagic, pngChunk("iCCP", deflated("x\x00\x00", madeProfile(gamuts[12], srgbTransfer, false)))), Wide},
		"a grey picture":            {Info{Format: JPEG, Channels: 1}, jpeg(nil), Grey},
		"a press picture":           {Info{Format: JPEG, Channels: 4}, jpeg(nil), CMYK},
		"a press profile":           {Info{Format: JPEG, Channels: 3}, jpeg(cmyk), CMYK},
		"a profile that is cut off": {Info{Format: JPEG, Channels: 3}, jpeg([]byte("too short")), SRGB},
		"nothing at all":            {Info{}, nil, SRGB},
	} {
		t.Run(name, func(t *testing.T) {
			if got := ColourSpace(c.info, c.file); got != c.want {
				t.Errorf("%s, want %s", got, c.want)
			}
		})
	}
}

func FuzzColourSpace(f *testing.F) {
	f.Add([]byte("\xff\xd8\xff\xe2\x00\x10ICC_PROFILE\x00\x01\x01"))
	f.Add([]byte("\x89PNG\r\n\x1a\n\x00\x00\x00\x05iCCPx\x00\x00\x78\x9c"))
	f.Add([]byte("RIFF\x00\x00\x00\x00WEBPICCP\xff\xff\xff\xff"))
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, format := range []Format{JPEG, PNG, WebP, AVIF, HEIC, TIFF} {
			ColourSpace(Info{Format: format, Channels: 3}, b)
		}
		profileSpace(b)
	})
}
