package export

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/opal-photo/opal/modules/check"
	"github.com/opal-photo/opal/modules/picture"
)

func TestManifests(t *testing.T) {
	pending := picture.ReviewPending
	in := []Entry{{
		File: "amazon/B07ABCDEFG.MAIN.jpg", ItemID: "i", Source: "=HYPERLINK(1).jpg", Channel: "Amazon", Preset: "amazon_main", Status: "rejected", Width: 2000, Height: 2000, Bytes: 9,
		AltText: "Mug, blue", Product: picture.Product{SKU: "-1", GTIN: "04006381333931", ASIN: "B07ABCDEFG", Slot: "MAIN", Title: "A \"mug\"\nof two lines"},
		Checks: []check.Check{{Rule: "fill", Measured: ".5", Wanted: ".85", Severity: "reject"}, {Rule: "formats", Passed: true}},
		Review: &pending, NeedsReview: true, ReviewReason: "amazon_main is refused",
	}, {Source: "b.jpg", Preset: "etsy", Scene: "plate:p", Plate: "Oak", Checks: []check.Check{}}}
	var table, text bytes.Buffer
	if err := WriteManifestCSV(&table, in); err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(&table).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	want := [][]string{
		{"file", "item_id", "source", "channel", "preset", "slot", "sku", "gtin", "asin", "title", "alt_text", "width", "height", "bytes", "status", "broken_rules", "name_problem", "review", "review_reason", "scene", "plate"},
		{"amazon/B07ABCDEFG.MAIN.jpg", "i", "'=HYPERLINK(1).jpg", "Amazon", "amazon_main", "MAIN", "'-1", "04006381333931", "B07ABCDEFG", "A \"mug\"\nof two lines", "Mug, blue", "2000", "2000", "9",
			"rejected", "reject fill: .5, wanted .85", "", "pending", "amazon_main is refused", "", ""},
		{"", "", "b.jpg", "", "etsy", "", "", "", "", "", "", "0", "0", "0", "", "", "", "", "", "plate:p", "Oak"},
	}
	if d := cmp.Diff(want, rows); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	if err := WriteManifestJSON(&text, in); err != nil {
		t.Fatal(err)
	}
	var back []Entry
	if err := json.Unmarshal(text.Bytes(), &back); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(in, back); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}
