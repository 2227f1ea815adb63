package batch

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"io"
	"os"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/opal-photo/opal/modules/imaging"
	"github.com/opal-photo/opal/modules/picture"
	"github.com/opal-photo/opal/modules/pipeline"
)

// What became of a run's files is told: what is missing is made again, from another folder,
// too; what somebody changed is kept; a photo that is gone stops no other.
func TestWhatBecameOfARunsFilesIsTold(t *testing.T) {
	photos := driftFolder(t, 7)
	o := fixOptions("studio")
	o.Corrections = map[string]Correction{
		correctionOf("a.png", "studio"): {Steering: picture.Steering{X: picture.Number(.36)}},
		correctionOf("b.png", "studio"): {Steering: picture.Steering{X: picture.Number(.36)}},
	}
	var out bytes.Buffer
	s := Streams{Out: &out, Err: &out, Quiet: true}
	c := Cutters{Decoder: decoder(), Cutter: redCutter{.95}}
	p := pipeline.New(decoder(), c.Cutter, stage{})
	if err := Process(t.Context(), s, p, o, photos); err != nil {
		t.Fatal(err, out.String())
	}
	look := func(folder string, fix bool) (got Consistent, err error) {
		t.Helper()
		out.Reset()
		err = Consistency(t.Context(), s, c, p, ConsistencyOptions{Fix: fix, JSON: true}, folder)
		if jsonErr := json.Unmarshal(out.Bytes(), &got); jsonErr != nil {
			t.Fatal(err, out.String())
		}
		return got, err
	}
	was := file(t, "out/c/output.jpg")
	if err := errors.Join(os.Remove("out/c/output.jpg"), os.WriteFile("out/b/web_thumb.webp", []byte("mine"), 0o600), os.Rename("d.png", "elsewhere.png")); err != nil {
		t.Fatal(err)
	}
	got, err := look("out", false)
	if !errors.Is(err, ErrFailed) || strings.Join(got.Missing, " ") != "c/output.jpg" || strings.Join(got.Changed, " ") != "b/web_thumb.webp" || got.Pictures != 6 || !strings.Contains(got.Note, "Pictures not compared, as their files are missing or were changed: 1") {
		t.Fatalf("%v: %+v", err, got)
	}
	if err := os.Mkdir("sub", 0o700); err != nil {
		t.Fatal(err)
	}
	t.Chdir("sub")
	got, err = look("../out", true)
	if !errors.Is(err, ErrFailed) || strings.Join(got.Fixed, " ") != "a.png, studio" || strings.Join(got.Made, " ") != "c.png, studio" || len(got.Missing) > 0 ||
		strings.Join(got.Changed, " ") != "b/web_thumb.webp" || strings.Join(got.Gone, " ") != "d.png" || got.Pictures != 7 {
		t.Fatalf("%v: %+v", err, got)
	}
	if len(got.Left) != 1 || got.Left[0].Picture != "b.png, studio" || !strings.Contains(got.Left[0].Why, "by hand") {
		t.Errorf("left %+v", got.Left)
	}
	if !bytes.Equal(file(t, "../out/c/output.jpg"), was) || string(file(t, "../out/b/web_thumb.webp")) != "mine" {
		t.Error("a file is not as it was, or somebody's own is lost")
	}
	t.Chdir("..")
	for _, it := range reportOf(t, "out").Items {
		if it.Status != Completed || len(it.Files) == 0 {
			t.Errorf("%s is %s", it.File, it.Status)
		}
	}
	if again, _ := look("out", true); len(again.Fixed)+len(again.Made) > 0 || len(again.Left) != 1 {
		t.Errorf("a second run changes something: %+v", again)
	}
}

// A run that was interrupted goes on with --fix where that had begun it, and says so.
func TestWhatIsNotDoneIsToldWithWhatGoesOn(t *testing.T) {
	for fixing, want := range map[bool]string{true: "opal consistency out --fix goes on with", false: "opal process --resume goes on with"} {
		rep := &Report{Items: []*Item{{File: "a.png", Scene: "studio", Status: Pending}}, Earlier: []File{{Path: "a/output.jpg"}}}
		rep.Options.Corrections = map[string]Correction{"studio b.png": {Fixed: fixing}}
		var c Consistent
		c.notes(rep, &state{}, "out")
		if !strings.Contains(c.Note, want) || strings.Contains(c.Note, "earlier runs") {
			t.Errorf("fixing %v: %q", fixing, c.Note)
		}
	}
}

func TestAPictureThatStandsOutStillIsToldHowToChangeIt(t *testing.T) {
	for want, kinds := range map[string][]string{
		"give its photo another y, scale or height_mm in a list for --products, with opal process --resume":                   {"floor", "fill"},
		"make it with another --shadow-strength, with opal process --resume":                                                  {"shadow_depth"},
		"give its photo another light_angle (the others have about 245) in a list for --products, with opal process --resume": {"light", "shadow_angle"},
	} {
		if got := byHand(kinds, 65); got != want {
			t.Errorf("%q, not %q", got, want)
		}
	}
	for _, k := range []string{"fill", "centre", "floor", "horizon", "white_point", "exposure", "shadow_angle", "shadow_depth"} {
		for h := range strings.SplitSeq(handles[k], " or ") {
			if !strings.HasPrefix(h, "--") && wishColumn(h) == "" {
				t.Errorf("%s: no column %q", k, h)
			}
		}
	}
}

// TestPicturesThatCantBeReadFailALookAtAFolder damages two of a folder's pictures.
func TestPicturesThatCantBeReadFailALookAtAFolder(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, name := range []string{"a.png", "b.png", "c.png"} {
		saved(t, name, tin(80), imaging.PNG)
	}
	c := Cutters{Decoder: decoder(), Cutter: redCutter{.95}}
	var out bytes.Buffer
	look := func() error {
		out.Reset()
		return Consistency(t.Context(), Streams{Out: &out, Err: &out, Quiet: true}, c, nil, ConsistencyOptions{}, ".")
	}
	if err := look(); err != nil || !strings.Contains(out.String(), "0 of 3") {
		t.Fatal(err, out.String())
	}
	for _, name := range []string{"d.png", "e.png"} {
		if err := os.WriteFile(name, []byte("\x89PNG\r\n\x1a\ncut off"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := look(); !errors.Is(err, ErrFailed) || !strings.Contains(out.String(), "0 of 3") || !strings.Contains(out.String(), "can't be read, and were not compared: 2") {
		t.Error(err, out.String())
	}
}

// TestAWholeDiskIsNoCatalogue counts before it looks.
func TestAWholeDiskIsNoCatalogue(t *testing.T) {
	t.Chdir(t.TempDir())
	for i := range mostSeen + 1 {
		if err := os.WriteFile(fmt.Sprintf("%d.png", i), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	err := Consistency(t.Context(), Streams{Out: io.Discard, Err: io.Discard, Quiet: true}, Cutters{}, nil, ConsistencyOptions{}, ".")
	if !errors.Is(err, ErrTooManyPictures) || !strings.Contains(err.Error(), "holds 2001") {
		t.Error(err)
	}
}

func TestAFileIsNoCatalogue(t *testing.T) {
	driftFolder(t, 1)
	err := Consistency(t.Context(), Streams{}, Cutters{}, nil, ConsistencyOptions{}, "a.png")
	if !errors.Is(err, ErrNotAFolder) {
		t.Error(err)
	}
	if err := os.WriteFile("report.json", []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := Consistency(t.Context(), Streams{}, Cutters{}, nil, ConsistencyOptions{}, "."); !errors.Is(err, errDamaged) || strings.Contains(err.Error(), "--out") {
		t.Error(err)
	}
}

// countingCutter counts the pictures that are cut out.
type countingCutter struct {
	redCutter
	cuts *atomic.Int64
}

// Cut implements pipeline.Cutter.
func (c countingCutter) Cut(ctx context.Context, photo *image.NRGBA) (pipeline.Cutout, error) {
	c.cuts.Add(1)
	return c.redCutter.Cut(ctx, photo)
}

func TestPicturesThatAreAloneInTheirSizeAreNotCutOut(t *testing.T) {
	t.Chdir(t.TempDir())
	for i, size := range []image.Point{{40, 30}, {40, 30}, {40, 30}, {50, 30}, {60, 30}, {60, 30}} {
		img := image.NewNRGBA(image.Rectangle{Max: size})
		for at := 0; at < len(img.Pix); at += 4 {
			copy(img.Pix[at:], []byte{230, 230, uint8(200 + i), 255})
		}
		draw.Draw(img, image.Rect(10, 10, 20, 20), image.NewUniform(color.NRGBA{220, 20, 20, 255}), image.Point{}, draw.Src)
		saved(t, fmt.Sprintf("%d.png", i), img, imaging.PNG)
	}
	c := countingCutter{redCutter{.9}, &atomic.Int64{}}
	var out bytes.Buffer
	if err := Consistency(t.Context(), Streams{Out: &out, Err: io.Discard, Quiet: true}, Cutters{Decoder: decoder(), Cutter: c}, nil, ConsistencyOptions{JSON: true}, "."); err != nil {
		t.Fatal(err)
	}
	var got Consistent
	if err := json.Unmarshal(out.Bytes(), &got); err != nil || got.Pictures != 6 || got.Compared != 3 || c.cuts.Load() != 3 {
		t.Errorf("%v: %d of %d pictures compared, %d cut out", err, got.Compared, got.Pictures, c.cuts.Load())
	}
}
