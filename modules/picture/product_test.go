package picture

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestProductsAreNormalised(t *testing.T) {
	for name, c := range map[string]struct {
		in, want Product
		says     string
	}{
		"nothing":              {},
		"as people write them": {Product{SKU: " A-1 ", GTIN: "400-6381 333931", ASIN: "b07abcdefg", Slot: "pt01", Title: " Blue \t mug "}, Product{SKU: "A-1", GTIN: "4006381333931", ASIN: "B07ABCDEFG", Slot: "PT01", Title: "Blue mug"}, ""},
		"a GTIN-8":             {Product{GTIN: "96385074"}, Product{GTIN: "96385074"}, ""},
		"a GTIN-14":            {Product{GTIN: "10614141000415"}, Product{GTIN: "10614141000415"}, ""},
		"a mistyped digit":     {in: Product{GTIN: "4006381333932"}, says: "ends with 2, but by its other digits it ends with 1"},
		"too few digits":       {in: Product{GTIN: "400638133393"[:11]}, says: "8, 12, 13 or 14 digits"},
		"letters":              {in: Product{GTIN: "40063813339AB"}, says: "8, 12, 13 or 14 digits"},
		"digits of elsewhere":  {in: Product{GTIN: "٤٠٠٦٣٨١٣٣٣٩٣١"}, says: "digits"},
		"an ISBN-10":           {Product{ASIN: "080442957X"}, Product{ASIN: "080442957X"}, ""},
		"a wrong ISBN-10":      {in: Product{ASIN: "0804429571"}, says: "ISBN-10"},
		"a short ASIN":         {in: Product{ASIN: "B07ABC"}, says: "ten letters"},
		"a slot with a dot":    {in: Product{Slot: "PT.1"}, says: "slot"},
		"a long SKU":           {in: Product{SKU: strings.Repeat("ä", 101)}, says: "101 characters"},
		"a long title":         {in: Product{Title: strings.Repeat("ä", 301)}, says: "301 characters"},
		"a blank set":          {in: Product{SKU: "A", SetID: "  "}, says: "set_id is blank"},
		"control characters":   {in: Product{SKU: "a\x1b[2J"}, says: "control"},
		"no UTF-8":             {in: Product{SKU: "a\xff"}, says: "control"},
	} {
		t.Run(name, func(t *testing.T) {
			err := c.in.Normalise()
			if c.says != "" {
				if !errors.Is(err, ErrProduct) || !strings.Contains(err.Error(), c.says) {
					t.Errorf("%v", err)
				}
				return
			}
			if d := cmp.Diff(c.want, c.in); d != "" || err != nil {
				t.Errorf("%v %s", err, d)
			}
		})
	}
}

func TestProductField(t *testing.T) {
	for heading, want := range map[string]string{"SKU": "sku", "seller-sku": "sku", "Variant SKU": "sku", "EAN": "gtin", "Barcode": "gtin", "ASIN": "asin", "slot": "slot", "Product_Title": "title", "price": "", "": ""} {
		t.Run(heading, func(t *testing.T) {
			if got := ProductField(heading); got != want {
				t.Errorf("%q", got)
			}
		})
	}
}

func TestProductOr(t *testing.T) {
	got := Product{SKU: "a", Slot: "MAIN"}.Or(Product{SKU: "b", GTIN: "96385074"})
	if d := cmp.Diff(Product{SKU: "a", GTIN: "96385074", Slot: "MAIN"}, got); d != "" || got.GTIN14() != "00000096385074" {
		t.Error(d)
	}
	if d := cmp.Diff(map[string]any{"sku": "a", "gtin": "96385074", "slot": "MAIN"}, got.Data()); d != "" {
		t.Error(d)
	}
}
