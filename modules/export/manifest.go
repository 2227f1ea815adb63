package export

import (
	"encoding/csv"
	"encoding/json"
	"io"
	"strconv"
	"strings"

	"github.com/opal-photo/opal/modules/channel"
	"github.com/opal-photo/opal/modules/check"
	"github.com/opal-photo/opal/modules/picture"
)

// Entry is a line of a manifest: a finished file, what it shows and what came of its
// checks.
type Entry struct {
	File    string `json:"file,omitempty"`    // left out: the picture was rejected and is not there
	ItemID  string `json:"item_id,omitempty"` // left out where there is no server
	Source  string `json:"source"`            // the photo's name
	Channel string `json:"channel"`
	Preset  string `json:"preset"`
	Status  string `json:"status"` // completed, or rejected: its channel refuses it
	Width   int    `json:"width"`  // pixels
	Height  int    `json:"height"`
	Bytes   int64  `json:"bytes"`
	AltText string `json:"alt_text"`
	Scene   string `json:"scene,omitempty"` // scene type, of a file that shows one
	Plate   string `json:"plate,omitempty"` // the plate's name, where the scene is one

	picture.Product
	NameProblem string        `json:"name_problem,omitempty"` // why the file's name is not as the channel demands
	Checks      []check.Check `json:"checks"`

	Confidence   *float64 `json:"confidence"`              // of the cut-out, 0–1
	NeedsReview  bool     `json:"needs_review"`            // a person has to look before it is used: it is in the folder review
	Review       *string  `json:"review"`                  // pending, approved or rejected; null: nobody had to look
	ReviewReason string   `json:"review_reason,omitempty"` // what is to be looked at, and where
}

// manifestColumns are the CSV's columns in their order. They are not renamed: sheets
// and scripts read them.
var manifestColumns = []struct {
	name string
	of   func(e *Entry) string
}{
	{"file", func(e *Entry) string { return e.File }},
	{"item_id", func(e *Entry) string { return e.ItemID }},
	{"source", func(e *Entry) string { return e.Source }},
	{"channel", func(e *Entry) string { return e.Channel }},
	{"preset", func(e *Entry) string { return e.Preset }},
	{"slot", func(e *Entry) string { return e.Slot }},
	{"sku", func(e *Entry) string { return e.SKU }},
	{"gtin", func(e *Entry) string { return e.GTIN }},
	{"asin", func(e *Entry) string { return e.ASIN }},
	{"title", func(e *Entry) string { return e.Title }},
	{"alt_text", func(e *Entry) string { return e.AltText }},
	{"width", func(e *Entry) string { return strconv.Itoa(e.Width) }},
	{"height", func(e *Entry) string { return strconv.Itoa(e.Height) }},
	{"bytes", func(e *Entry) string { return strconv.FormatInt(e.Bytes, 10) }},
	{"status", func(e *Entry) string { return e.Status }},
	{"broken_rules", brokenRules},
	{"name_problem", func(e *Entry) string { return e.NameProblem }},
	{"review", func(e *Entry) string { return e.reviewState() }},
	{"review_reason", func(e *Entry) string { return e.ReviewReason }},
	{"scene", func(e *Entry) string { return e.Scene }},
	{"plate", func(e *Entry) string { return e.Plate }},
}

// inScene adds what a preset's file shows behind its product.
func (e *Entry) inScene(p channel.Preset, s Source) {
	if s.shows(p) {
		e.Scene, e.Plate = s.Scene, s.PlateName
	}
}

// NewEntry returns a preset's line for a file that is made of a source.
func NewEntry(p channel.Preset, s Source) Entry {
	e := Entry{Source: s.Filename, Channel: p.Channel, Preset: p.Name, AltText: AltText(p, s), Product: s.Product}
	e.inScene(p, s)
	return e
}

// reviewState returns the review's state; "" when nobody had to look.
func (e *Entry) reviewState() string {
	switch {
	case e.Review != nil:
		return *e.Review
	case e.NeedsReview:
		return picture.ReviewPending
	}
	return ""
}

// brokenRules says in words what the file doesn't keep.
func brokenRules(e *Entry) string {
	var out []string
	for _, c := range e.Checks {
		if !c.Passed {
			out = append(out, c.Severity+" "+c.Rule+": "+c.Measured+", wanted "+c.Wanted)
		}
	}
	return strings.Join(out, "; ")
}

// WriteManifestJSON writes a manifest as an array of entries.
func WriteManifestJSON(w io.Writer, entries []Entry) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	if entries == nil {
		entries = []Entry{}
	}
	return enc.Encode(entries)
}

// WriteManifestCSV writes a manifest as a table (RFC 4180) with a heading. No cell is a
// formula to a spreadsheet.
func WriteManifestCSV(w io.Writer, entries []Entry) error {
	out := csv.NewWriter(w)
	out.UseCRLF = true
	if err := out.Write(ManifestColumns()); err != nil {
		return err
	}
	for _, e := range entries {
		if err := out.Write((&File{Entry: e}).Row()); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}
