package batch

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/opal-photo/opal/modules/check"
)

// A report about several channels says what is common, where a picture fits, and each fault once.
func TestAReportCanBeActedOn(t *testing.T) {
	grey := check.Check{Rule: "white_background", Measured: "0 % white", Wanted: "all", Severity: "reject", Advice: "Cut it out", Source: "A"}
	shadowed := grey
	shadowed.Advice, shadowed.Source = "Without its shadow", "B"
	small := check.Check{Rule: "long_side", Measured: "900 px", Wanted: "1000 px", Severity: "warn"}
	advised := check.Check{Rule: "file_name", Severity: "advice"}
	good := Verdict{Preset: "etsy", Status: Passed, Checks: []check.Check{{Rule: "long_side", Passed: true}}}
	bad := func(file string, more ...check.Check) *CheckedItem {
		return &CheckedItem{File: file, Status: Rejected, needsFix: []string{"amazon"}, Presets: []Verdict{
			{Preset: "amazon", Status: Rejected, Checks: append([]check.Check{grey, advised}, more...)}, {Preset: "bol", Status: Rejected, Checks: []check.Check{shadowed, advised}}, good}}
	}
	r := &CheckReport{Items: []*CheckedItem{bad("a.jpg", small), bad("b.jpg"), bad("c.jpg", small), {File: "d.jpg", Status: Passed, Presets: []Verdict{good}}}}
	r.count()
	if d := cmp.Diff([]Common{{"white_background", 3, "Cut it out"}, {"long_side", 2, ""}}, r.Common); d != "" {
		t.Errorf("most common (-want +got):\n%s", d)
	}
	var out bytes.Buffer
	if err := writeTable(&out, r, CheckOptions{}); err != nil {
		t.Fatal(err)
	}
	text := out.String()
	for line, times := range map[string]int{
		"(amazon, bol)\n          Cut it out; for bol: Without its shadow": 3,
		"keeps the rules of etsy":                3,
		"3 of 4: white background. Cut it out":   1,
		"--fix DIR has OPAL make finished files": 1,
		"d.jpg":                                  0,
	} {
		if got := strings.Count(text, line); got != times {
			t.Errorf("%q stands %d times, not %d, in:\n%s", line, got, times, text)
		}
	}
}
