package export

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/opal-photo/opal/modules/channel"
	"github.com/opal-photo/opal/modules/picture"
)

// file is a preset's file of a photo with a product, in scene studio.
func unnamed(t *testing.T, preset, photo string, p picture.Product) Unnamed {
	t.Helper()
	found, ok := channel.Find(preset)
	if !ok {
		t.Fatalf("no preset %s", preset)
	}
	return Unnamed{Preset: found, Source: Source{Filename: photo, Scene: "studio", Product: p, Layers: picture.Layers{Placed: picture.Placed{BackdropPath: "b"}}}}
}

func TestNames(t *testing.T) {
	mug := picture.Product{SKU: "MUG/1", GTIN: "4006381333931", ASIN: "B07ABCDEFG", Title: "Blaue Tasse, groß"}
	at := func(slot string) picture.Product { p := mug; p.Slot = slot; return p }
	u := func(preset, photo string, p picture.Product) Unnamed { return unnamed(t, preset, photo, p) }
	for name, c := range map[string]struct {
		files []Unnamed
		want  []string
		wrong int // names that are not as the channel demands
	}{
		"photos' own names": {[]Unnamed{
			u("web_large", "кружка.jpg", picture.Product{}), u("web_large", "コップ.jpg", picture.Product{}), u("etsy", "blue vase.jpg", picture.Product{}),
			u("etsy", "Blue vase.png", picture.Product{}), u("etsy", "../../up.jpg", picture.Product{}), u("etsy", "...jpg", picture.Product{}), u("etsy", "con.jpg", picture.Product{}),
		}, []string{
			"website/кружка-studio-large.webp", "website/コップ-studio-large.webp", "etsy/blue_vase-studio.jpg",
			"etsy/Blue_vase-studio-2.jpg", "etsy/up-studio.jpg", "etsy/photo-studio.jpg", "etsy/_con-studio.jpg",
		}, 0},
		"one photo for all": {[]Unnamed{
			u("amazon_main", "a.jpg", mug), u("amazon_pt", "a.jpg", mug), u("amazon_swatch", "a.jpg", mug), u("walmart", "a.jpg", mug), u("bol_main", "a.jpg", mug), u("gs1_primary", "a.jpg", mug),
			u("shopify", "a.jpg", mug), u("shopify_white", "a.jpg", mug), u("cutout_png", "a.jpg", mug), u("tiktok_shop", "a.jpg", mug),
		}, []string{
			"amazon/B07ABCDEFG.MAIN.jpg", "amazon/B07ABCDEFG.PT01.jpg", "amazon/B07ABCDEFG.SWCH.jpg", "walmart/04006381333931.jpg", "bol/4006381333931.jpg", "gs1/04006381333931.jpg",
			"shopify/blaue-tasse-gross-studio-scene.jpg", "shopify/blaue-tasse-gross-white.jpg", "cut-out/a-png.png", "tiktok-shop/a.jpg",
		}, 0},
		"Amazon takes a barcode for an ASIN": {[]Unnamed{u("amazon_main", "a.jpg", picture.Product{GTIN: "4006381333931"})}, []string{"amazon/4006381333931.MAIN.jpg"}, 0},
		"photos in their slots": {[]Unnamed{u("amazon_main", "a.jpg", at("PT02")), u("amazon_main", "b.jpg", at("MAIN")), u("amazon_main", "c.jpg", mug)},
			[]string{"amazon/B07ABCDEFG.PT02.jpg", "amazon/B07ABCDEFG.MAIN.jpg", "amazon/B07ABCDEFG.PT01.jpg"}, 0},
		"two presets of photos in slots": {[]Unnamed{u("amazon_main", "a.jpg", at("MAIN")), u("amazon_pt", "a.jpg", at("MAIN")), u("amazon_main", "b.jpg", at("PT01")), u("amazon_pt", "b.jpg", at("PT01"))},
			[]string{"amazon/B07ABCDEFG.MAIN.jpg", "amazon/B07ABCDEFG.PT02.jpg", "amazon/B07ABCDEFG.PT01.jpg", "amazon/B07ABCDEFG.PT03.jpg"}, 0},
		"a slot of another channel": {[]Unnamed{u("amazon_main", "a.jpg", at("FRONT"))}, []string{"amazon/B07ABCDEFG.MAIN.jpg"}, 0},
		"no number":                 {[]Unnamed{u("amazon_main", "mug.jpg", picture.Product{SKU: "A"}), u("walmart", "mug.jpg", picture.Product{ASIN: "B07ABCDEFG"})}, []string{"amazon/mug-main.jpg", "walmart/mug.jpg"}, 2},
		"two photos of one barcode": {[]Unnamed{u("bol_main", "a.jpg", mug), u("bol_main", "b.jpg", mug)}, []string{"bol/4006381333931.jpg", "bol/4006381333931-2.jpg"}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			var n Names
			var got []string
			wrong := 0
			for _, named := range n.All(c.files) {
				if got = append(got, named.Path); named.Problem != "" {
					wrong++
				}
			}
			if d := cmp.Diff(c.want, got); d != "" || wrong != c.wrong {
				t.Errorf("%d are not as demanded (-want +got):\n%s", wrong, d)
			}
		})
	}
}

func TestASlotIsGivenOnce(t *testing.T) {
	var files []Unnamed
	for range 102 {
		files = append(files, unnamed(t, "amazon_main", "a.jpg", picture.Product{ASIN: "B07ABCDEFG"}))
	}
	var n Names
	got := n.All(files)
	if got[0].Slot != "MAIN" || got[99].Path != "amazon/B07ABCDEFG.PT99.jpg" || got[99].Problem != "" {
		t.Errorf("%+v %+v", got[0], got[99])
	}
	if got[100].Problem == "" || got[101].Problem == "" || got[100].Path == got[101].Path {
		t.Errorf("%+v %+v", got[100], got[101])
	}
}

func TestAltText(t *testing.T) {
	for name, c := range map[string]struct {
		preset, photo string
		product       picture.Product
		want          string
	}{
		"a title on white":         {"amazon_main", "a.jpg", picture.Product{Title: "Blue mug"}, "Blue mug on a white background"},
		"a title in its scene":     {"shopify", "a.jpg", picture.Product{Title: "Blue mug"}, "Blue mug in a studio scene"},
		"a photo's name":           {"cutout_png", "blue-mug_300ml.jpg", picture.Product{}, "Blue mug 300ml on a transparent background"},
		"a camera's name":          {"shopify", "IMG_1234.jpg", picture.Product{}, "Product in a studio scene"},
		"a number and an SKU":      {"shopify", "12345.jpg", picture.Product{SKU: "A-1"}, "Product A-1 in a studio scene"},
		"a name in another tongue": {"amazon_main", "コップ.jpg", picture.Product{}, "コップ on a white background"},
	} {
		t.Run(name, func(t *testing.T) {
			u := unnamed(t, c.preset, c.photo, c.product)
			if d := cmp.Diff(c.want, AltText(u.Preset, u.Source)); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestFilesInAPlateSayWhich(t *testing.T) {
	var files []Unnamed
	for _, plate := range []string{"Oak table.jpg", "Stone / wall", "", "../../etc"} {
		u := unnamed(t, "shopify", "cup.jpg", picture.Product{Title: "Cup"})
		u.Source.Scene, u.Source.PlateName = "plate:0198f7a0", plate
		files = append(files, u)
	}
	original := unnamed(t, "shopify", "cup.jpg", picture.Product{Title: "Cup"})
	original.Source.Scene = picture.CropOriginal
	white := unnamed(t, "amazon_main", "cup.jpg", picture.Product{Title: "Cup"})
	white.Source.Scene, white.Source.PlateName = files[0].Source.Scene, files[0].Source.PlateName
	var got []string
	var n Names
	for i, name := range n.All(append(files, original, white)) {
		u := append(files, original, white)[i]
		e := NewEntry(u.Preset, u.Source)
		got = append(got, name.Path+"; "+e.AltText+"; "+e.Scene+"; "+e.Plate)
	}
	want := []string{
		"shopify/cup-oak-table-scene.jpg; Cup in a photographed setting: Oak table; plate:0198f7a0; Oak table.jpg",
		"shopify/cup-stone-wall-scene.jpg; Cup in a photographed setting: Stone wall; plate:0198f7a0; Stone / wall",
		"shopify/cup-plate-scene.jpg; Cup in a photographed setting; plate:0198f7a0; ",
		"shopify/cup-etc-scene.jpg; Cup in a photographed setting: Etc; plate:0198f7a0; ../../etc",
		"shopify/cup-original-scene.jpg; Cup, as it was photographed; crop_original; ",
	}
	if d := cmp.Diff(want, got[:5]); d != "" {
		t.Error(d)
	}
	if !strings.HasSuffix(got[5], "; Cup on a white background; ; ") {
		t.Error(got[5])
	}
}

// A brand's pattern names what no channel names, and what a product lacks is its photo's name.
func TestNamesByABrandsPattern(t *testing.T) {
	t.Parallel()
	mug := picture.Product{SKU: "MUG/1", ASIN: "B07ABCDEFG", Title: "Blaue Tasse"}
	u := func(pattern, preset, photo string, p picture.Product) Unnamed {
		f := unnamed(t, preset, photo, p)
		f.Source.Naming = pattern
		return f
	}
	for name, c := range map[string]struct {
		files []Unnamed
		want  []string
	}{
		"counted":                {[]Unnamed{u("{sku}_{channel}_{n}", "etsy", "a.jpg", mug), u("{sku}_{channel}_{n}", "etsy", "b.jpg", mug)}, []string{"etsy/MUG_1_etsy_1.jpg", "etsy/MUG_1_etsy_2.jpg"}},
		"a channel's own first":  {[]Unnamed{u("{sku}", "amazon_main", "a.jpg", mug)}, []string{"amazon/B07ABCDEFG.MAIN.jpg"}},
		"no SKU":                 {[]Unnamed{u("{sku}-{scene}", "etsy", "blue vase.jpg", picture.Product{})}, []string{"etsy/blue_vase-studio.jpg"}},
		"several of one name":    {[]Unnamed{u("{title}", "etsy", "a.jpg", mug), u("{title}", "etsy", "b.jpg", mug)}, []string{"etsy/Blaue_Tasse.jpg", "etsy/Blaue_Tasse-2.jpg"}},
		"sizes of one channel":   {[]Unnamed{u("{sku} {size}", "cutout_png", "a.jpg", mug)}, []string{"cut-out/MUG_1_png.png"}},
		"hostile words":          {[]Unnamed{u("{title}", "etsy", "a.jpg", picture.Product{Title: "../../x"})}, []string{"etsy/x.jpg"}},
		"points are not endings": {[]Unnamed{u("{sku}", "etsy", "a.jpg", picture.Product{SKU: "A.10"})}, []string{"etsy/A.10.jpg"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var n Names
			var got []string
			for _, named := range n.All(c.files) {
				got = append(got, named.Path)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}
