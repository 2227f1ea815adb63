package batch

import (
	"bytes"
	"encoding/csv"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/opal-photo/opal/modules/picture"
	"github.com/opal-photo/opal/modules/pipeline"
)

// With ChannelNames the finished files lie under their channels' names, too, and are
// taken over by the next run.
func TestFilesAreDeliveredByTheirChannelsNames(t *testing.T) {
	place(t, "in/4006381333931.jpg", "in/b.jpg", "in/channels.jpg")
	o := options()
	o.Presets, o.ChannelNames = []string{"web_thumb", "bol_main"}, true
	o.Products = map[string]picture.Product{"b.jpg": {GTIN: "96385074", Title: "Blue Mug"}}
	for range 2 {
		o.Resume = true
		if _, err := process(t, t.Context(), cutter{}, o, "in"); err != nil && !errors.Is(err, ErrFailed) {
			t.Fatal(err)
		}
		var got []string
		for _, f := range files(t) {
			if strings.HasPrefix(f, "out/channels/") {
				got = append(got, strings.TrimPrefix(f, "out/channels/"))
			}
		}
		stripped := make([]string, len(got))
		for i, f := range got {
			stripped[i] = strings.TrimPrefix(f, "review/") // a channel may refuse what the test draws
		}
		slices.Sort(stripped)
		want := []string{"bol/4006381333931.jpg", "bol/96385074.jpg", "bol/channels.jpg", "manifest.csv", "manifest.json", "website/4006381333931-thumb.webp", "website/blue-mug-thumb.webp", "website/channels-thumb.webp"}
		if d := cmp.Diff(want, stripped); d != "" {
			t.Fatalf("(-want +got):\n%s", d)
		}
		f, err := os.Open("out/channels/manifest.csv")
		if err != nil {
			t.Fatal(err)
		}
		rows, err := csv.NewReader(f).ReadAll()
		_ = f.Close()
		if err != nil || len(rows) != 7 || !strings.HasSuffix(rows[1][0], "4006381333931-thumb.webp") || rows[1][7] != "4006381333931" {
			t.Fatalf("%v %q", err, rows)
		}
		if rep := reportOf(t, "out"); len(rep.Delivery) != len(want) || len(rep.Earlier) > 0 {
			t.Errorf("%d delivered, %d earlier", len(rep.Delivery), len(rep.Earlier))
		}
	}
}

// What shows no scene is one file for all scenes of its photo, and its name says none.
func TestWhatShowsNoSceneIsDeliveredOnce(t *testing.T) {
	photos := driftFolder(t, 1)
	o := fixOptions("kitchen")
	o.Scenes, o.Presets, o.ChannelNames = []string{"kitchen", "studio"}, []string{"instagram_story", "bol_main"}, true
	var said bytes.Buffer
	p := pipeline.New(decoder(), redCutter{.95}, stage{})
	if err := Process(t.Context(), Streams{Out: &said, Err: &said, Quiet: true}, p, o, photos); err != nil && !errors.Is(err, ErrFailed) {
		t.Fatal(err, said.String())
	}
	var got []string
	for _, f := range files(t) {
		if name, ok := strings.CutPrefix(f, "out/channels/"); ok {
			got = append(got, strings.TrimPrefix(name, "review/"))
		}
	}
	slices.Sort(got)
	want := []string{"bol/a.jpg", "instagram/a-kitchen-story.jpg", "instagram/a-studio-story.jpg", "manifest.csv", "manifest.json"}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

func TestColumnsThatAreMisspeltAreTold(t *testing.T) {
	_, wishes, notes, err := parseProducts(strings.NewReader("file,sku,scale,heigth_mm,shadow_strength,price,colour,shop id\nmug.jpg,A,0.8,240,1,3,red,7\n"))
	if err != nil || wishes["mug.jpg"].Scale != .8 {
		t.Fatalf("%v, %v", wishes, err)
	}
	if len(notes) != 2 || !strings.Contains(notes[0], "did you mean height_mm?") || !strings.Contains(notes[1], "shadow_strength") {
		t.Errorf("told %q", notes)
	}
}

// A row whose name is spelt wrongly would lose what it wishes, so it is told, by a dry run, too.
func TestRowsOfNoPhotoAreTold(t *testing.T) {
	place(t, "in/m4-bottle.jpg", "in/mug.jpg")
	for _, dry := range []bool{false, true} {
		o := options()
		o.DryRun = dry
		for list, want := range map[string]string{
			"mug.jpg m4-botle.jpg":    "m4-botle.jpg, which is none of the photos; did you mean m4-bottle.jpg?",
			"mug.jpg m4-bottle.png":   "did you mean m4-bottle.jpg?",
			"mug.jpg m4-bottle":       "did you mean m4-bottle.jpg?",
			"mug.jpg vase.jpg":        "match none of the photos: 1 (vase.jpg)",
			"m4-bottle.jpg moog.jpg":  "1 (moog.jpg)",
			"a b1 c2 d3 e4 f5":        "match none of the photos: 6 (a, b1, c2, d3, e4 and others)",
			"mug.jpg m4-bottle.jpg":   "",
			"mug.jpg m4-bottle.jpg x": "1 (x)",
		} {
			o.Products = map[string]picture.Product{}
			for _, name := range strings.Fields(list) {
				o.Products[name] = picture.Product{SKU: "A"}
			}
			said, err := process(t, t.Context(), cutter{}, o, "in")
			if err != nil {
				t.Fatal(err, said)
			}
			if told := strings.Contains(said, "none of the photos"); told != (want != "") || !strings.Contains(said, want) {
				t.Errorf("dry %v, %q: told %s", dry, list, said)
			}
		}
	}
}

func TestProductsAreRead(t *testing.T) {
	mug := map[string]picture.Product{"mug.jpg": {SKU: "A-1", GTIN: "4006381333931", Title: "Mug, blue"}}
	most := uint64(1 << 53)
	for name, c := range map[string]struct {
		text string
		want map[string]picture.Product
		says string
		wish picture.Steering // of mug.jpg
	}{
		"commas":          {"file,SKU,EAN,Title,price\nphotos/Mug.JPG,A-1,4006381333931,\"Mug, blue\",3\n", mug, "", picture.Steering{}},
		"semicolons":      {"\xef\xbb\xbfFile;Seller SKU;Barcode;Name\r\nmug.jpg;A-1;400638 1333931;Mug, blue\r\n", mug, "", picture.Steering{}},
		"tabs":            {"image\tsku\tgtin\ttitle\nmug.jpg\tA-1\t4006381333931\tMug, blue\n", mug, "", picture.Steering{}},
		"Excel's own":     {"\xff\xfef\x00i\x00l\x00e\x00\t\x00s\x00k\x00u\x00\n\x00m\x00u\x00g\x00.\x00j\x00p\x00g\x00\t\x00x\x00\n\x00", map[string]picture.Product{"mug.jpg": {SKU: "x"}}, "", picture.Steering{}},
		"inches":          {"sep=;\nfile;title\nmug.jpg;Screen 24\"\n", map[string]picture.Product{"mug.jpg": {Title: "Screen 24\""}}, "", picture.Steering{}},
		"a slot of none":  {"file,slot\nmug.jpg,FRONT\n", nil, "line 2: No channel has this slot: \"FRONT\"; did you mean FRNT", picture.Steering{}},
		"a short row":     {"file,sku\nmug.jpg\n,x\n", map[string]picture.Product{"mug.jpg": {}}, "", picture.Steering{}},
		"a wrong barcode": {"file,gtin\na.jpg,\nmug.jpg,4006381333932\n", nil, "line 3: ", picture.Steering{}},
		"no file":         {"sku,gtin\n1,2\n", nil, "column file", picture.Steering{}},
		"no product":      {"file,price\n1,2\n", nil, "one of sku", picture.Steering{}},
		"wishes": {"file;Height (mm);scale;flip;seed;x\nmug.jpg;95,5;;yes;9007199254740992;0.4\n", map[string]picture.Product{"mug.jpg": {}}, "",
			picture.Steering{HeightMM: 95.5, Flip: true, Seed: &most, X: picture.Number(.4)}},
		"a wish too large":   {"file,height_mm\na.jpg,\nmug.jpg,20000\n", nil, "line 3: ", picture.Steering{}},
		"a wish of nothing":  {"file,height_mm\nmug.jpg,0\n", nil, "line 2: height_mm must be more than 0", picture.Steering{}},
		"a wish in words":    {"file,height_mm\nmug.jpg,tall\n", nil, "line 2: height_mm must be a number", picture.Steering{}},
		"wishes that clash":  {"file,anchor,x\na.jpg,left,\nmug.jpg,left,0.5\n", nil, "line 3: The picture can't be steered like that: anchor left leaves no place that x", picture.Steering{}},
		"a wish not to flip": {"file,flip\nmug.jpg,maybe\n", nil, "line 2: flip must be true or false", picture.Steering{}},
		"nothing":            {"", nil, "empty", picture.Steering{}},
	} {
		t.Run(name, func(t *testing.T) {
			got, wishes, _, err := parseProducts(strings.NewReader(c.text))
			if c.says != "" {
				if err == nil || !strings.Contains(err.Error(), c.says) {
					t.Errorf("%v", err)
				}
				return
			}
			if d := cmp.Diff(c.want, got); d != "" || err != nil {
				t.Errorf("%v %s", err, d)
			}
			if d := cmp.Diff(c.wish, wishes["mug.jpg"]); d != "" {
				t.Error(d)
			}
		})
	}
}

func FuzzProducts(f *testing.F) {
	f.Add([]byte("file,sku\na,b\n"))
	f.Add([]byte("file;sku;\"\n\""))
	f.Fuzz(func(_ *testing.T, b []byte) { _, _, _, _ = parseProducts(bytes.NewReader(b)) })
}
