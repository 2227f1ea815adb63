package batch

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/opal-photo/opal/modules/fault"
)

func cutouts(t *testing.T, ctx context.Context, c cutter, stdin []byte, o CutoutOptions, paths ...string) (lines []CutoutLine, stdout []byte, err error) {
	t.Helper()
	var out, errs bytes.Buffer
	err = Cutout(ctx, Streams{In: bytes.NewReader(stdin), Out: &out, Err: &errs}, Cutters{Decoder: decoder(), Cutter: c}, o, paths)
	text := out.String()
	if o.File == Stdin || slices.Contains(paths, Stdin) && o.File == "" {
		text = errs.String()
	}
	for l := range strings.Lines(text) {
		var line CutoutLine
		if json.Unmarshal([]byte(l), &line) == nil {
			lines = append(lines, line)
		}
	}
	return lines, out.Bytes(), err
}

func TestCutoutsOverwriteNoOriginal(t *testing.T) {
	place(t, "vase.png", "vase.jpg", "cup.jpg")
	mine, err := os.ReadFile("vase.png")
	if err != nil {
		t.Fatal(err)
	}
	lines, _, err := cutouts(t, t.Context(), cutter{}, nil, CutoutOptions{Dir: "."}, "vase.jpg", "cup.jpg", "vase.png")
	if !errors.Is(err, ErrFailed) || len(lines) != 3 || lines[0].Code != "output_exists" || lines[1].Output != "cup.png" || lines[2].Output != "vase-2.png" {
		t.Errorf("%+v %v", lines, err)
	}
	if now, err := os.ReadFile("vase.png"); err != nil || !bytes.Equal(now, mine) {
		t.Errorf("the original was overwritten: %v", err)
	}
	// again, with what was made among the photos: nothing new, nothing twice
	before := files(t)
	for range 2 {
		lines, _, _ = cutouts(t, t.Context(), cutter{}, nil, CutoutOptions{Dir: "."}, "vase.jpg", "cup.jpg", "vase.png", "cup.png", "vase-2.png")
		if lines[1].Output != "cup.png" || lines[2].Output != "vase-2.png" || !lines[3].Skipped || !lines[4].Skipped {
			t.Errorf("%+v", lines)
		}
	}
	if d := cmp.Diff(before, files(t)); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

func TestCutoutOfStandardInput(t *testing.T) {
	place(t)
	lines, out, err := cutouts(t, t.Context(), cutter{}, photo(t, 7), CutoutOptions{Dir: "cutouts"}, "-")
	if err != nil || len(lines) != 1 || lines[0].Output != "-" || !bytes.HasPrefix(out, []byte("\x89PNG")) {
		t.Errorf("%+v %v, %d bytes", lines, err, len(out))
	}
	if exists("cutouts") {
		t.Error("a folder was made for nothing")
	}
	if lines, out, err = cutouts(t, t.Context(), cutter{}, []byte("text"), CutoutOptions{}, "-"); !errors.Is(err, ErrFailed) || lines[0].Code != "image_unsupported" || len(out) > 0 {
		t.Errorf("text: %+v %v, %d bytes", lines, err, len(out))
	}
	if _, _, err := cutouts(t, t.Context(), cutter{}, photo(t, 7), CutoutOptions{File: "a.png"}, "-"); err != nil || !exists("a.png") {
		t.Errorf("into a file: %v", err)
	}
	if _, _, err := cutouts(t, t.Context(), cutter{}, photo(t, 7), CutoutOptions{}, "-", "a.png"); fault.CodeOf(err) != "one_picture_expected" {
		t.Errorf("beside a file: %v", err)
	}
}

func TestAnInterruptedCutoutBlamesNoPhoto(t *testing.T) {
	place(t, "a.jpg", "b.jpg", "c.jpg")
	ctx, cancel := context.WithCancel(t.Context())
	n := 0
	c := cutter{before: func(ctx context.Context) {
		if n++; n == 2 {
			cancel()
			<-ctx.Done()
		}
	}}
	lines, _, err := cutouts(t, ctx, c, nil, CutoutOptions{Dir: "out", Jobs: 1}, "a.jpg", "b.jpg", "c.jpg")
	if !errors.Is(err, ErrInterrupted) {
		t.Errorf("%v", err)
	}
	for _, l := range lines {
		if l.Code != "" {
			t.Errorf("%+v", l)
		}
	}
}
