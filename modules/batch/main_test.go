package batch

import (
	"bytes"
	"context"
	"encoding/json"
	"image"
	"image/color"
	"image/jpeg"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/opal-photo/opal/modules/imaging"
	"github.com/opal-photo/opal/modules/imaging/imagingtest"
	"github.com/opal-photo/opal/modules/picture"
	"github.com/opal-photo/opal/modules/pipeline"
)

func TestMain(m *testing.M) { imagingtest.Main(m) }

// decoder is one for all tests: its child takes longer to start than they last.
var decoder = sync.OnceValue(func() *imaging.Decoder { return imaging.NewDecoder(imaging.DecoderOptions{}) })

// photo is a JPEG of one colour, which no other seed gives.
func photo(t testing.TB, seed uint8) []byte {
	t.Helper()
	img := image.NewRGBA(image.Rect(0, 0, 48, 48)) // square: nothing has to be painted beside it
	for i := range 48 * 48 {
		img.Set(i%48, i/48, color.RGBA{seed, 255 - seed, uint8(i / 48), 255})
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// place is a folder to work in, with photos of the given names.
func place(t *testing.T, photos ...string) {
	t.Helper()
	t.Chdir(t.TempDir())
	for i, name := range photos {
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, photo(t, uint8(10*i)), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// cutter cuts nothing out, and calls before each photo what it is given.
type cutter struct{ before func(ctx context.Context) }

// Cut returns the photo as it is.
func (c cutter) Cut(ctx context.Context, img *image.NRGBA) (pipeline.Cutout, error) {
	if c.before != nil {
		c.before(ctx)
	}
	return pipeline.Cutout{Image: img, Confidence: .9}, nil
}

// options stop at the cut-out and make one small variant.
func options() Options {
	return Options{Dir: "out", Scenes: []string{"studio"}, Presets: []string{"web_thumb"}, Look: picture.Look{ID: "default"},
		Steps: pipeline.Options{RemoveBackground: true}, Jobs: 1, Version: "test"}
}

// process runs Process and returns what it said.
func process(t *testing.T, ctx context.Context, c pipeline.Cutter, o Options, paths ...string) (said string, err error) {
	t.Helper()
	var out bytes.Buffer
	err = Process(ctx, Streams{Out: &out, Err: &out}, pipeline.New(decoder(), c, nil), o, paths)
	return out.String(), err
}

func reportOf(t *testing.T, dir string) Report {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, reportName))
	if err != nil {
		t.Fatal(err)
	}
	var r Report
	if err := json.Unmarshal(b, &r); err != nil {
		t.Fatal(err)
	}
	return r
}

// files are all files below the working folder.
func files(t *testing.T) (names []string) {
	t.Helper()
	err := filepath.WalkDir(".", func(p string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			names = append(names, filepath.ToSlash(p))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(names)
	return names
}

// made is how the files of photos look in the folder out.
func made(stems ...string) (names []string) {
	for _, s := range stems {
		names = append(names, "out/"+s+"/cutout.png", "out/"+s+"/output.png", "out/"+s+"/web_thumb.webp")
	}
	return names
}

func holds(t *testing.T, said string, want ...string) {
	t.Helper()
	for _, w := range want {
		if !strings.Contains(said, w) {
			t.Errorf("%q is not said in:\n%s", w, said)
		}
	}
}
