package imaging

import (
	"bytes"
	"fmt"
	"image/color"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/opal-photo/opal/modules/imagefile"
	"github.com/opal-photo/opal/modules/imagefile/imagefiletest"
)

// withProfile is a CMYK JPEG with a profile.
func withProfile(t *testing.T, jpg, profile []byte) []byte {
	t.Helper()
	b, err := imagefile.Embed(JPEG, jpg, nil, profile, false)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// The perceptual table counts, whatever the header asks for, and black is black.
func TestPressBlackIsBlack(t *testing.T) {
	d := newDecoder(t, DecoderOptions{})
	inks := [][4]uint8{{0, 0, 0, 255}, {255, 255, 255, 255}, {0, 0, 0, 0}}
	jpg := imagefiletest.CMYKJPEG(24, 8, func(bx, _ int) [4]uint8 { return inks[bx] })
	for name, profile := range map[string][]byte{"dark perceptual black": imagefiletest.PressProfile(6, 18), "light blacks": imagefiletest.PressProfile(14, 30)} {
		t.Run(name, func(t *testing.T) {
			img := decode(t, d, withProfile(t, jpg, profile))
			near(t, img, 4, 4, color.NRGBA{0, 0, 0, 255}, 8)
			near(t, img, 12, 4, color.NRGBA{0, 0, 0, 255}, 8)
			near(t, img, 20, 4, color.NRGBA{255, 255, 255, 255}, 8)
		})
	}
}

// TestPressAgainstLittleCMS holds CMYK against Little CMS' own calculator, for
// profiles made here and for those of Debian's ghostscript: perceptual, with
// black point compensation.
func TestPressAgainstLittleCMS(t *testing.T) {
	calculator, err := exec.LookPath("transicc")
	if err != nil {
		if os.Getenv("OPAL_REQUIRE_ALL") != "" {
			t.Fatal(err)
		}
		t.Skipf("run make test-dependencies: %v", err)
	}
	profiles := map[string][]byte{"made, black at 6": imagefiletest.PressProfile(6, 18), "made, black at 14": imagefiletest.PressProfile(14, 30), "made, no black": imagefiletest.PressProfile(0, 0)}
	installed, err := filepath.Glob("/usr/share/color/icc/ghostscript/*cmyk.icc")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range installed {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		profiles[filepath.Base(name)] = b
	}
	const steps, step, side = 5, 63, 25
	ink := func(bx, by int) [4]uint8 {
		n := by*side + bx
		return [4]uint8{uint8(n % steps * step), uint8(n / steps % steps * step), uint8(n / steps / steps % steps * step), uint8(n / steps / steps / steps * step)}
	}
	var inks bytes.Buffer
	for n := range side * side {
		v := ink(n%side, n/side)
		fmt.Fprintf(&inks, "%f %f %f %f\n", percent(v[0]), percent(v[1]), percent(v[2]), percent(v[3]))
	}
	d := newDecoder(t, DecoderOptions{})
	for name, profile := range profiles {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "press.icc")
			if err := os.WriteFile(file, profile, 0o600); err != nil {
				t.Fatal(err)
			}
			cmd := exec.CommandContext(t.Context(), calculator, "-i"+file, "-o*sRGB", "-t0", "-b", "-n", "-s")
			cmd.Stdin = bytes.NewReader(inks.Bytes())
			out, err := cmd.Output()
			if err != nil {
				t.Fatal(err)
			}
			img := decode(t, d, withProfile(t, imagefiletest.CMYKJPEG(8*side, 8*side, ink), profile))
			sum, worst := 0.0, 0.0
			answers := bytes.NewReader(out)
			for n := range side * side {
				var r, g, b float64
				if _, err := fmt.Fscan(answers, &r, &g, &b); err != nil {
					t.Fatalf("answer %d: %v", n, err)
				}
				c := img.NRGBAAt(n%side*8+4, n/side*8+4)
				e := distance(imagefiletest.SRGBToLab(r, g, b), imagefiletest.SRGBToLab(float64(c.R), float64(c.G), float64(c.B)))
				sum, worst = sum+e, max(worst, e)
			}
			mean := sum / (side * side)
			t.Logf("mean ΔE %.2f, worst %.2f", mean, worst)
			if mean > 3 {
				t.Errorf("mean ΔE %.2f", mean)
			}
		})
	}
}

func percent(v uint8) float64 { return float64(v) * 100 / 255 }

// distance is ΔE of 1976.
func distance(a, b [3]float64) float64 {
	return math.Hypot(math.Hypot(a[0]-b[0], a[1]-b[1]), a[2]-b[2])
}
