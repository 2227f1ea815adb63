package imaging

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// verdict is what sharp made of a file: see decode.js.
type verdict struct {
	Name, Error   string
	Width, Height int
	Cells         [][4]int
}

// allowed names the kinds of files that OPAL is meant to take otherwise than
// sharp, and why. within is how far colours may lie apart; 0 allows every
// difference. A difference of another kind is a fault.
var allowed = map[string]struct {
	why    string
	within int
}{
	"HEIC":                                  {"sharp's libvips has no HEVC decoder", 0},
	"PNG that states its colours otherwise": {"sharp looks at no gAMA, cHRM and cICP; browsers do", 0},
	"CMYK JPEG":                             {"sharp compensates no black point: its darks are greyer", 24},
	"CMYK TIFF":                             {"sharp compensates no black point: its darks are greyer", 24},
	"deep picture with a profile":           {"sharp hardly converts 16 bits; TestDecodeConvertsColour has the right values", 0},
	"JPEG without its end marker":           {"all pixels are there, and browsers show them", 0},
	"JPEG cut in its last rows":             {"sharp makes the lost rows up", 0},
	"PNG with a false sum":                  {"the pixels have a sum of their own, which is right; sharp looks at the other first, but for the last chunk", 0},
}

// TestDecoderAgainstSharp holds the decoder against sharp, which most shops and
// services on the web decode with: what one takes the other takes, with the same
// size and colours.
func TestDecoderAgainstSharp(t *testing.T) {
	node := needSharp(t)
	samples := corpus(t)
	if len(samples) < 500 {
		t.Fatalf("%d files", len(samples))
	}
	dir := t.TempDir()
	var names strings.Builder
	for i, s := range samples {
		name := fmt.Sprintf("%04d", i)
		if err := os.WriteFile(filepath.Join(dir, name), s.file, 0o600); err != nil {
			t.Fatal(err)
		}
		fmt.Fprintln(&names, name)
	}
	cmd := exec.CommandContext(t.Context(), node, filepath.Join(sharpFolder, "decode.js"), dir)
	cmd.Stdin, cmd.Stderr = strings.NewReader(names.String()), os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	verdicts := map[string]verdict{}
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var v verdict
		if err := json.Unmarshal(lines.Bytes(), &v); err != nil {
			t.Fatalf("%q: %v", lines.Text(), err)
		}
		verdicts[v.Name] = v
	}
	if err := cmd.Wait(); err != nil {
		t.Fatal(err)
	}
	d := newDecoder(t, DecoderOptions{})
	taken := 0
	for i, s := range samples {
		t.Run(s.name, func(t *testing.T) {
			v, ok := verdicts[fmt.Sprintf("%04d", i)]
			if !ok {
				t.Fatal("sharp said nothing")
			}
			img, _, err := d.Decode(t.Context(), s.file)
			if errors.Is(err, ErrDecoderDied) || errors.Is(err, ErrNoChild) {
				t.Fatal(err)
			}
			if err == nil {
				taken++
			}
			leave, allowed := allowed[s.kind]
			if allowed && leave.within == 0 {
				return
			}
			if s.whole != nil && errors.Is(err, ErrCorrupt) && v.Error == "" {
				// sharp makes up what is lost at the end. Where it shows the picture as it
				// was, nothing is.
				if whole, _, err := d.Decode(t.Context(), s.whole); err != nil || v.differs(whole, nil, 24) == "" {
					t.Errorf("sharp shows the whole picture as it was before the damage: %v", err)
				}
				return
			}
			if difference := v.differs(img, err, max(3, leave.within)); difference != "" {
				t.Error(difference)
			}
		})
	}
	t.Logf("%d files, of which %d are taken", len(samples), taken)
}

// differs says in what OPAL's result differs, with colours more than most apart;
// "" when it does not.
func (v verdict) differs(img *image.NRGBA, err error, most int) string {
	const grid = 8
	switch {
	case err != nil && v.Error != "":
		return ""
	case err != nil:
		return fmt.Sprintf("sharp takes it as %d × %d; OPAL: %v", v.Width, v.Height, err)
	case v.Error != "":
		return fmt.Sprintf("OPAL takes it as %v; sharp: %s", img.Rect.Size(), v.Error)
	case img.Rect.Dx() != v.Width || img.Rect.Dy() != v.Height:
		return fmt.Sprintf("%v; sharp %d × %d", img.Rect.Size(), v.Width, v.Height)
	}
	for i, want := range v.Cells {
		x, y := (2*(i%grid)+1)*v.Width/(2*grid), (2*(i/grid)+1)*v.Height/(2*grid)
		c := img.NRGBAAt(x, y)
		got := [4]int{int(c.R), int(c.G), int(c.B), int(c.A)}
		for k := range got {
			// The colour of a nearly transparent pixel doesn't matter.
			if k < 3 && want[3] < 16 {
				continue
			}
			if abs(got[k]-want[k]) > most {
				return fmt.Sprintf("pixel (%d,%d) is %v; sharp %v", x, y, got, want)
			}
		}
	}
	return ""
}

const sharpFolder = "../imagefile/imagefiletest/sharp"

// needSharp returns node where it and sharp are installed, which
// .ci/test-dependencies does.
func needSharp(t *testing.T) string {
	t.Helper()
	node, err := exec.LookPath("node")
	if err == nil {
		_, err = os.Stat(filepath.Join(sharpFolder, "node_modules/sharp"))
	}
	if err == nil {
		return node
	}
	if os.Getenv("OPAL_REQUIRE_ALL") != "" {
		t.Fatal(err)
	}
	t.Skipf("run make test-dependencies: %v", err)
	return ""
}
