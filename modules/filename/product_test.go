package filename

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/opal-photo/opal/modules/picture"
)

func TestProduct(t *testing.T) {
	for name, c := range map[string]struct {
		in   string
		want picture.Product
	}{
		"an ASIN and its slot":          {"B07ABCDEFG.MAIN.jpg", picture.Product{ASIN: "B07ABCDEFG", Slot: "MAIN"}},
		"a slot in small letters":       {"B07ABCDEFG_pt02.JPG", picture.Product{ASIN: "B07ABCDEFG", Slot: "PT02"}},
		"an ASIN and a note":            {"B07ABCDEFG-blue.png", picture.Product{ASIN: "B07ABCDEFG"}},
		"an EAN":                        {"4006381333931.jpg", picture.Product{GTIN: "4006381333931"}},
		"an EAN and a note":             {"4006381333931_front (2).jpg", picture.Product{GTIN: "4006381333931"}},
		"an EAN with a wrong digit":     {"4006381333932.jpg", picture.Product{}},
		"a GTIN-14 and a slot":          {"04006381333931.SWCH.jpg", picture.Product{GTIN: "04006381333931", Slot: "SWCH"}},
		"a UPC":                         {"036000291452.webp", picture.Product{GTIN: "036000291452"}},
		"an SKU before a slot":          {"CHAIR-04.PT01.jpg", picture.Product{SKU: "CHAIR-04", Slot: "PT01"}},
		"an SKU before a small slot":    {"mug-back.jpg", picture.Product{}},
		"a plain name":                  {"mug.jpg", picture.Product{}},
		"a camera's name":               {"IMG_1234.jpg", picture.Product{}},
		"a day":                         {"20260101.jpg", picture.Product{}},
		"a time that would check":       {"202611281238.jpg", picture.Product{}},
		"a slot alone":                  {"MAIN.jpg", picture.Product{}},
		"a word that begins as an ASIN": {"B0ttle.jpg", picture.Product{}},
		"a path":                        {`C:\x\B07ABCDEFG.PT10.jpg`, picture.Product{ASIN: "B07ABCDEFG", Slot: "PT10"}},
		"a book's ISBN-13":              {"9780306406157.PT03.jpg", picture.Product{GTIN: "9780306406157", Slot: "PT03"}},
		"an SKU with dots":              {"A.B-1_2.MAIN.jpg", picture.Product{SKU: "A.B-1_2", Slot: "MAIN"}},
		"an SKU like a formula":         {"=1+1.MAIN.jpg", picture.Product{SKU: "=1+1", Slot: "MAIN"}},
		"an SKU of umlauts":             {"Stühle 04.SIDE.jpg", picture.Product{SKU: "Stühle 04", Slot: "SIDE"}},
		"two slots":                     {"CHAIR.MAIN.PT01.jpg", picture.Product{SKU: "CHAIR.MAIN", Slot: "PT01"}},
		"digits too many":               {"40063813339310006.jpg", picture.Product{}},
		"nothing":                       {"", picture.Product{}},
	} {
		t.Run(name, func(t *testing.T) {
			got := Product(c.in)
			if d := cmp.Diff(c.want, got); d != "" {
				t.Errorf("%q (-want +got):\n%s", c.in, d)
			}
			if err := got.Normalise(); err != nil {
				t.Errorf("what was read is not valid: %v", err)
			}
		})
	}
}

func FuzzProduct(f *testing.F) {
	for _, s := range []string{"B07ABCDEFG.MAIN.jpg", "4006381333931.jpg", "a.PT01.jpg", "\xff.MAIN", "…MAIN", "١٢٣٤٥٦٧٨٩٠١٢٣.jpg"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, in string) {
		p := Product(in)
		if err := p.Normalise(); err != nil {
			t.Errorf("%q gives %+v: %v", in, p, err)
		}
		if s := SEO(in); s != "" && (len(s) > maxBytes+2 || Stem(s) != s) {
			t.Errorf("%q gives %q", in, s)
		}
	})
}

func TestSEO(t *testing.T) {
	for name, c := range map[string]struct{ in, want string }{
		"words":                {"Blue Mug, 300 ml", "blue-mug-300-ml"},
		"accents":              {"Crème brûlée Förmchen", "creme-brulee-formchen"},
		"letters of their own": {"Straße & Łódź", "strasse-and-lodz"},
		"an apostrophe":        {"Men's belt", "mens-belt"},
		"Cyrillic":             {"Синяя кружка", "синяя-кружка"},
		"Devanagari":           {"नीला प्याला", "नीला-प्याला"},
		"a device":             {"CON", "x-con"},
		"signs alone":          {"--//..", ""},
		"nothing":              {"", ""},
	} {
		t.Run(name, func(t *testing.T) {
			if d := cmp.Diff(c.want, SEO(c.in)); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		})
	}
}

func TestCell(t *testing.T) {
	for in, want := range map[string]string{"=1+1": "'=1+1", "@x": "'@x", "-2": "'-2", "+1": "'+1", "plain": "plain", "": "", "\tx": "'\tx"} {
		t.Run(in, func(t *testing.T) {
			if got := Cell(in); got != want {
				t.Errorf("%q", got)
			}
		})
	}
}
