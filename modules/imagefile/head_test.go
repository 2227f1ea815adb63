package imagefile

import (
	"bytes"
	"errors"
	"fmt"
	"image/color"
	"math/rand/v2"
	"testing"

	"github.com/opal-photo/opal/modules/imagefile/imagefiletest"
)

// noise is what no reader finds a picture's end in.
func noise(n int) []byte {
	r := rand.New(rand.NewPCG(1, 2))
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}

func TestInspectHead(t *testing.T) {
	const size = 26_000_000
	picture := imagefiletest.JPEG(t, imagefiletest.Photo(640, 480, 1))
	png := imagefiletest.PNG(t, imagefiletest.Photo(640, 480, 1))
	lossy := imagefiletest.LossyWebP(640, 480)
	solid := imagefiletest.SolidWebP(37, 21, color.NRGBA{1, 2, 3, 4})
	preview := imagefiletest.Segment(markerAPP1, []byte("http://ns.adobe.com/xmp/extension/\x00"), noise(60_000))
	long := imagefiletest.WithSegments(picture, bytes.Repeat(preview, 10))
	moving := imagefiletest.WithChunk(png, imagefiletest.Chunk("acTL", []byte{0, 0, 0, 2, 0, 0, 0, 0}))
	huge := imagefiletest.PNGOf(imagefiletest.IHDR(60_000, 60_000, 8, pngRGB), noise(HeadBytes))
	riff := func(said int) []byte { // a WebP of which the head alone is there
		b := append(bytes.Clone(lossy), noise(HeadBytes)...)[:HeadBytes]
		for i := range 4 {
			b[4+i] = byte((said - 8) >> (8 * i))
			b[16+i] = byte((said - 20) >> (8 * i))
		}
		return b
	}
	for _, c := range []struct {
		name string
		head []byte
		size int
		more bool
		want error
	}{
		{"noise", noise(HeadBytes), size - 2_000_000, false, ErrUnsupported},
		{"more than is taken", noise(HeadBytes), MaxBytes + 1, false, ErrTooLarge},
		{"a whole picture", picture, len(picture), false, nil},
		{"a whole picture, cut off before its pixels", picture[:300], 300, false, ErrCorrupt},
		{"a whole picture, cut off: the decoder is to say", picture[:len(picture)/2], len(picture) / 2, false, nil},
		{"nothing", nil, 0, false, ErrEmpty},
		{"a JPEG's first half", picture[:len(picture)/2], len(picture), false, nil},
		{"a JPEG whose frame header comes later", long[:HeadBytes], len(long), true, nil},
		{"the same, longer", long[:len(long)-5000], len(long), false, nil},
		{"a PNG's first half", png[:len(png)/2], len(png), false, nil},
		{"a PNG's header and noise", append(bytes.Clone(png[:60]), noise(HeadBytes)...), 20_000_000, false, nil},
		{"a PNG of noise", append(bytes.Clone(pngMagic), noise(HeadBytes)...), 20_000_000, false, ErrCorrupt},
		{"a moving PNG", moving[:len(moving)/2], len(moving), false, ErrAnimated},
		{"a PNG of 3,600 megapixels", huge, len(huge) + 1000, false, ErrTooManyPixels},
		{"a WebP's head", riff(1_000_000), 1_000_000, false, nil},
		{"a WebP's head, the file is shorter", riff(1_000_000), 900_000, false, ErrCorrupt},
		{"a lossless WebP, its last bytes missing from the head", solid[:len(solid)-3], len(solid), false, nil},
		{"a GIF", append([]byte("GIF89a"), noise(HeadBytes)...), 5_000_000, false, ErrUnsupported},
		{"a page that is a picture too", append(imagefiletest.WithSegments(picture[:len(picture)/2], imagefiletest.Segment(0xed, []byte("%PDF-1.7"))), 0), len(picture), false, ErrUnsupported},
	} {
		t.Run(c.name, func(t *testing.T) {
			more, err := InspectHead(c.head, int64(c.size))
			if more != c.more || !errors.Is(err, c.want) || c.want == nil && err != nil {
				t.Errorf("more %v, %v; want more %v, %v", more, err, c.more, c.want)
			}
		})
	}
}

// TestAHeadIsJudgedAsTheWholeIs cuts intact pictures at every length: a head may ask
// for more and must never be refused.
func TestAHeadIsJudgedAsTheWholeIs(t *testing.T) {
	for name, file := range map[string][]byte{
		"jpeg": imagefiletest.JPEG(t, imagefiletest.Photo(40, 30, 1)), "png": imagefiletest.PNG(t, imagefiletest.Cutout(40, 30, 1)),
		"webp": imagefiletest.LossyWebP(40, 30), "lossless": imagefiletest.SolidWebP(40, 30, color.NRGBA{1, 2, 3, 4}), "extended": sideways(6),
	} {
		t.Run(name, func(t *testing.T) {
			for n := 64; n <= len(file); n++ {
				if more, err := InspectHead(file[:n], int64(len(file))); err != nil || more && n == len(file) {
					t.Fatalf("%d of %d bytes: more %v, %v", n, len(file), more, err)
				}
			}
		})
	}
}

func FuzzInspectHead(f *testing.F) {
	for _, b := range [][]byte{imagefiletest.LossyWebP(8, 8), imagefiletest.SolidWebP(8, 8, color.NRGBA{1, 2, 3, 4}), pngMagic, jpegMagic} {
		f.Add(b, int64(len(b))+100)
	}
	f.Fuzz(func(t *testing.T, head []byte, size int64) {
		before := fmt.Sprintf("%x", head[:min(len(head), 64)])
		_, _ = InspectHead(head, size)
		if fmt.Sprintf("%x", head[:min(len(head), 64)]) != before {
			t.Error("the head was changed")
		}
	})
}
