package imaging

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/opal-photo/opal/modules/imagefile/imagefiletest"
)

var allFormats = []Format{JPEG, PNG, WebP, AVIF}

// psnr compares the luma of two pictures of one size, in dB.
func psnr(t testing.TB, a, b *image.NRGBA) float64 {
	t.Helper()
	if a.Rect != b.Rect {
		t.Fatalf("%v and %v", a.Rect, b.Rect)
	}
	sum := 0.0
	for i := 0; i < len(a.Pix); i += bytesPerPixel {
		d := luma(a.Pix[i:]) - luma(b.Pix[i:])
		sum += d * d
	}
	return decibels(sum / float64(len(a.Pix)/bytesPerPixel))
}

func TestEncodeRoundTrip(t *testing.T) {
	for _, f := range allFormats {
		for name, img := range map[string]*image.NRGBA{
			"opaque": imagefiletest.Photo(331, 207, 2), "transparent": imagefiletest.Cutout(331, 207, 2), "one pixel": imagefiletest.Photo(1, 1, 1),
		} {
			if f == JPEG && !img.Opaque() {
				continue
			}
			t.Run(string(f)+" "+name, func(t *testing.T) {
				b := encode(t, img, EncodeOptions{Format: f, XMP: SourceXMP(SourceComposite), ICC: true})
				info, err := Inspect(b)
				if err != nil || info.Format != f || info.Width != img.Rect.Dx() || info.HasAlpha == img.Opaque() || !info.HasProfile {
					t.Errorf("%+v, %v", info, err)
				}
				back, err := DecodeOwn(b)
				if err != nil {
					t.Error(err)
					return
				}
				if f == PNG && !bytes.Equal(back.Pix, img.Pix) {
					t.Error("pixels changed")
				}
				if name != "opaque" {
					return
				}
				if db := psnr(t, img, back); db < 30 {
					t.Errorf("%.1f dB", db)
				}
			})
		}
	}
}

func TestInspectReadsAVIF(t *testing.T) {
	for _, c := range []struct {
		img   *image.NRGBA
		alpha bool
	}{{imagefiletest.Photo(64, 48, 1), false}, {imagefiletest.Cutout(64, 48, 1), true}} {
		t.Run(fmt.Sprintf("alpha %v", c.alpha), func(t *testing.T) {
			b := encode(t, c.img, EncodeOptions{Format: AVIF})
			info, err := Inspect(b)
			if err != nil || info.Format != AVIF || info.Width != 64 || info.Height != 48 || info.HasAlpha != c.alpha {
				t.Errorf("%+v, %v", info, err)
			}
		})
	}
}

func TestEncodeLossless(t *testing.T) {
	img := imagefiletest.Cutout(97, 61, 3)
	for _, f := range []Format{PNG, WebP} {
		t.Run(string(f), func(t *testing.T) {
			back, err := DecodeOwn(encode(t, img, EncodeOptions{Format: f, Lossless: true}))
			if err != nil {
				t.Fatal(err)
			}
			for i := 0; i < len(img.Pix); i += 4 {
				// A wholly transparent pixel's colour may go.
				if img.Pix[i+3] != back.Pix[i+3] || img.Pix[i+3] != 0 && !bytes.Equal(img.Pix[i:i+4], back.Pix[i:i+4]) {
					t.Fatalf("pixel %d is %v, was %v", i/4, back.Pix[i:i+4], img.Pix[i:i+4])
				}
			}
		})
	}
}

// Everything that is written says its source in plain sight and nothing of the
// machine, the time or a camera.
func TestEncodeMetadata(t *testing.T) {
	xmp := SourceXMP(SourceGenerated)
	if !strings.Contains(string(xmp), `Iptc4xmpExt:DigitalSourceType="http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia"`) {
		t.Errorf("%s", xmp)
	}
	for _, f := range allFormats {
		t.Run(string(f), func(t *testing.T) {
			with := encode(t, imagefiletest.Photo(64, 48, 1), EncodeOptions{Format: f, XMP: xmp, ICC: true})
			without := encode(t, imagefiletest.Photo(64, 48, 1), EncodeOptions{Format: f})
			if bytes.Count(with, xmp) != 1 {
				t.Errorf("the packet is there %d times", bytes.Count(with, xmp))
			}
			if bytes.Contains(without, []byte("xmpmeta")) {
				t.Error("a packet nobody asked for")
			}
			for _, b := range [][]byte{with, without} {
				for _, word := range []string{"Exif", "EXIF", "eXIf", "tIME", "tEXt", "zTXt", "libvips"} {
					if bytes.Contains(b, []byte(word)) {
						t.Errorf("holds %s", word)
					}
				}
			}
			if info, _ := Inspect(without); info.HasProfile {
				t.Error("a profile nobody asked for")
			}
		})
	}
	jpg := encode(t, imagefiletest.Photo(8, 8, 1), EncodeOptions{Format: JPEG})
	if !bytes.HasPrefix(jpg[2:], imagefiletest.Segment(imagefiletest.APP0, []byte("JFIF\x00\x01\x01\x01\x00\x48\x00\x48\x00\x00"))) {
		t.Error("the JPEG does not begin with JFIF")
	}
}

func TestEncodeRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		img *image.NRGBA
		o   EncodeOptions
	}{
		"transparent JPEG": {imagefiletest.Cutout(20, 20, 1), EncodeOptions{Format: JPEG}},
		"long WebP":        {image.NewNRGBA(image.Rect(0, 0, 16_384, 1)), EncodeOptions{Format: WebP}},
		"no pixels":        {image.NewNRGBA(image.Rect(0, 0, 0, 5)), EncodeOptions{Format: PNG}},
		"unknown format":   {imagefiletest.Photo(2, 2, 1), EncodeOptions{Format: "gif"}},
		"no format":        {imagefiletest.Photo(2, 2, 1), EncodeOptions{}},
		"quality 101":      {imagefiletest.Photo(2, 2, 1), EncodeOptions{Format: JPEG, Quality: 101}},
		"effort 10":        {imagefiletest.Photo(2, 2, 1), EncodeOptions{Format: PNG, Effort: 10}},
		"endless XMP":      {imagefiletest.Photo(2, 2, 1), EncodeOptions{Format: JPEG, XMP: make([]byte, 70_000)}},
	} {
		t.Run(name, func(t *testing.T) {
			if b, err := Encode(c.img, c.o); !errors.Is(err, ErrEncode) || b != nil {
				t.Error(err)
			}
		})
	}
}

func TestEncodeTakesAPartOfAPicture(t *testing.T) {
	whole := imagefiletest.Photo(100, 80, 4)
	part := whole.SubImage(image.Rect(10, 20, 73, 59)).(*image.NRGBA)
	back, err := DecodeOwn(encode(t, part, EncodeOptions{Format: PNG}))
	if err != nil {
		t.Fatal(err)
	}
	if want := clone(part); !bytes.Equal(back.Pix, want.Pix) || back.Rect != want.Rect {
		t.Error("another part was written")
	}
}

func TestQualityAndEffortMatter(t *testing.T) {
	img := imagefiletest.Photo(400, 300, 5)
	for _, f := range []Format{JPEG, WebP, AVIF} {
		t.Run(string(f), func(t *testing.T) {
			low, high := encode(t, img, EncodeOptions{Format: f, Quality: 30}), encode(t, img, EncodeOptions{Format: f, Quality: 95})
			if len(low)*2 > len(high) {
				t.Errorf("quality 30 is %d bytes, 95 is %d", len(low), len(high))
			}
		})
	}
	for _, f := range []Format{PNG, WebP} {
		t.Run(string(f), func(t *testing.T) {
			fast, small := encode(t, img, EncodeOptions{Format: f, Effort: 1}), encode(t, img, EncodeOptions{Format: f, Effort: 9})
			if len(small) >= len(fast) {
				t.Errorf("effort 9 is %d bytes, 1 is %d", len(small), len(fast))
			}
		})
	}
}

func TestDecodeOwnRefusesWhatOpalNeverWrites(t *testing.T) {
	for _, b := range [][]byte{nil, []byte("GIF89a"), []byte("\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic"), imagefiletest.JPEG(t, imagefiletest.Photo(8, 8, 1))[:200]} {
		t.Run(fmt.Sprintf("%.20q", b), func(t *testing.T) {
			if img, err := DecodeOwn(b); err == nil || img != nil {
				t.Error("was decoded")
			}
		})
	}
}

// The conversion to the profile that a file has is left out: it would change nothing.
func TestTheOwnProfileChangesNoPixel(t *testing.T) {
	for _, f := range []Format{JPEG, WebP, PNG} {
		t.Run(string(f), func(t *testing.T) {
			img := imagefiletest.Photo(120, 90, 3)
			var got [2]*image.NRGBA
			for i, icc := range []bool{false, true} {
				b, err := Encode(img, EncodeOptions{Format: f, ICC: icc})
				if err != nil {
					t.Fatal(err)
				}
				if got[i], err = DecodeOwn(b); err != nil {
					t.Fatal(err)
				}
			}
			if d := cmp.Diff(got[0], got[1]); d != "" {
				t.Error(d)
			}
		})
	}
}
