package batch

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/opal-photo/opal/modules/channel"
	"github.com/opal-photo/opal/modules/check"
	"github.com/opal-photo/opal/modules/picture"
	"github.com/opal-photo/opal/modules/pipeline"
)

// TestTheSameIsToldOnceForAPhoto has two photos in five scenes: a swatch that is refused in
// each, a rule that is broken by another figure in each, one that is broken in two, and notes
// that differ by their figures alone.
func TestTheSameIsToldOnceForAPhoto(t *testing.T) {
	fails := func(severity channel.Severity, rule, measured string) check.Check {
		return check.Check{Severity: string(severity), Rule: rule, Measured: measured, Wanted: "more"}
	}
	r := &Report{}
	for _, file := range []string{"a.jpg", "b.jpg"} {
		for i, scene := range []string{"studio", "minimal", "kitchen", "office", "nature"} {
			it := &Item{File: file, Scene: scene, Status: Completed, Fidelity: &pipeline.Fidelity{Note: fmt.Sprintf("room for %d mm", 400+i)}}
			it.Variants = []Variant{{Preset: "amazon_swatch", Checks: []check.Check{fails(channel.Reject, "long_side", "104 px")}}}
			if file == "a.jpg" {
				it.Variants = append(it.Variants, Variant{Preset: "shopify", Checks: []check.Check{fails(channel.Warn, "fill", fmt.Sprint(40+i))}})
			}
			if i < 2 {
				it.Variants[0].Checks = append(it.Variants[0].Checks, fails(channel.Warn, "sharpness", "3"))
				it.Fidelity.Note += "; the photo cuts it off"
				it.Variants[0].Checks = append(it.Variants[0].Checks, fails(channel.Warn, "long_side", "104 px"))
			}
			it.NeedsReview, it.ReviewReason = file == "b.jpg", "its outline is unsure"
			if file == "a.jpg" && i == 0 {
				it.Concerns = []picture.Concern{{Kind: pipeline.ConcernCropped, Text: "The frame cuts it off: 50 %; move it"}, {Kind: "edge", Text: "its edge is soft"}}
			}
			r.Items = append(r.Items, it)
		}
	}
	got := slices.Concat(r.told((*Item).words, 0), r.told((*Item).broken, mostTold), r.told((*Item).notes, mostTold))
	want := []string{
		"review  b.jpg: its outline is unsure (5 scenes)",
		"reject  a.jpg: long_side (104 px, wanted more) in amazon_swatch (5 scenes)",
		"warn    a.jpg: sharpness (3, wanted more) in amazon_swatch (studio, minimal)",
		"warn    a.jpg: fill (wanted more) in shopify (5 scenes)",
		"reject  b.jpg: long_side (104 px, wanted more) in amazon_swatch (5 scenes)",
		"warn    b.jpg: sharpness (3, wanted more) in amazon_swatch (studio, minimal)",
		"note    a.jpg: The frame cuts it off: 50 %; move it (studio)",
		"note    a.jpg: room for 400 mm (5 scenes)",
		"note    a.jpg and 1 more: the photo cuts it off (studio, minimal)",
		"note    b.jpg: room for 400 mm (5 scenes)",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if few := r.told((*Item).broken, 2); len(few) != 3 || few[2] != "        ... and 3 more, which are in the report" {
		t.Errorf("%q", few)
	}
}

func TestMirroredPicturesAreTold(t *testing.T) {
	r := &Report{}
	for i, light := range []string{"left", "left", "right", "", "left", "right", "right"} {
		scene := "kitchen"
		if i > 3 {
			scene = "office"
		}
		r.Items = append(r.Items, &Item{File: fmt.Sprint(i), Scene: scene, Status: Completed, Fidelity: &pipeline.Fidelity{Seen: &picture.Seen{Light: light}}})
	}
	if got := r.mirrored(); len(got) != 1 || !strings.HasPrefix(got[0], "2 of 6 pictures are lit from the other side") {
		t.Errorf("%q", got)
	}
	if got := (&Report{Items: r.Items[:2]}).mirrored(); got != nil {
		t.Errorf("%q", got)
	}
}
