package main

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/opal-photo/opal/modules/cutout"
	"github.com/opal-photo/opal/modules/cutout/cutouttest"
)

// measured is a photograph by two engines, and by the model alone, which takes 2 s.
func measured(name string, studioThinks, joinedThinks, joinedTakes float64, looks int) row {
	r := row{name: name, bare: 2000}
	r.result[studio] = &cutout.Result{Confidence: studioThinks}
	r.result[network] = &cutout.Result{}
	r.result[joined] = &cutout.Result{Confidence: joinedThinks}
	r.cost[studio] = cost{cpu: 1000, peakKB: 100 << 10}
	r.cost[network] = cost{cpu: 2100, looks: 1, peakKB: 900 << 10}
	r.cost[joined] = cost{cpu: joinedTakes, looks: looks, peakKB: 1000 << 10}
	return r
}

func judgedSet() set {
	return set{
		name: "photographs", whole: true,
		rows: []row{measured("a", .1, .95, 3000, 1), measured("b", .9, .85, 3200, 1), measured("c", .3, .1, 6000, 2)},
		judged: verdicts{
			"a": {studio: "U", network: "P", joined: "P"}, "b": {studio: "P", network: "M", joined: "M"}, "c": {studio: "U", joined: "U"},
		},
	}
}

// lines splits a text into its lines' fields, by two spaces or more.
func lines(text string) (all [][]string) {
	for _, l := range strings.Split(text, "\n") {
		var fields []string
		for _, f := range strings.Split(l, "  ") {
			if f = strings.TrimSpace(f); f != "" {
				fields = append(fields, f)
			}
		}
		if len(fields) > 0 {
			all = append(all, fields)
		}
	}
	return all
}

// TestTableHasALineForEachEngine, with its verdicts, what passed, and its processor time in runs of
// the bare model.
func TestTableHasALineForEachEngine(t *testing.T) {
	var said strings.Builder
	known := set{name: "white", truth: true, rows: judgedSet().rows}
	for i, iou := range []float64{.99, .80, .96} {
		known.rows[i].scored[joined] = cutouttest.Score{IoU: iou, Boundary: iou, BF: iou / 2, Band: iou / 4}
	}
	table(&said, []set{judgedSet(), known})
	got := map[string]string{}
	for _, l := range lines(said.String()) {
		if len(l) == len(columns) {
			got[l[0]+" "+l[1]] = strings.Join(l[2:], " ")
		}
	}
	want := map[string]string{
		"set engine": strings.Join(columns[2:], " "),
		// Of .8 and more two, mean .9, half of them publishable; below one, .1, which is not.
		"photographs joined": "3 - - - - - 3 1 1 1 1.000 0.300 2 1 4067 6000 1.60 1000",
		"photographs studio": "3 - - - - - 3 1 0 2 1.000 0.167 1 0 1000 1000 0.50 100",
		// Two of three were judged; coverage has no confidence.
		"photographs network": "3 - - - - - 2 1 1 0 - - - - 2100 2100 1.05 900",
		// From .95 it is right: .99 and .96, with confidences of .95 and .1; .80 has .85.
		"white joined": "3 0.9167 0.800 0.96 0.458 0.2292 - - - - 0.500 0.567 2 1 4067 6000 1.60 1000",
	}
	for k, v := range want {
		if d := cmp.Diff(v, got[k]); d != "" {
			t.Errorf("%s: %s", k, d)
		}
	}
}

// TestLooksStandApart: joined cut-outs with a second look cost more, and have another reach.
func TestLooksStandApart(t *testing.T) {
	var said strings.Builder
	looks(&said, append(judgedSet().rows, measured("d", .1, .1, 7000, 3)))
	want := [][]string{
		{"engine", "looks", "n", "CPU ms", "most", "runs", "reach"},
		{"bare model", "1", "4", "2000", "2000", "1.00", "-"},
		{"joined", "1", "2", "3100", "3200", "1.60", "3.0 s where a run takes 1.6 to 1.9 s: 1.58 to 1.88 runs"},
		{"joined", "2", "1", "6000", "6000", "3.00", "5.5 s where a run takes 1.6 to 1.9 s: 2.89 to 3.44 runs"},
		{"joined", "3", "1", "7000", "7000", "3.50", "5.5 s where a run takes 1.6 to 1.9 s: 2.89 to 3.44 runs"},
	}
	if d := cmp.Diff(want, lines(said.String())); d != "" {
		t.Error(d)
	}
}

// TestReliabilityNamesWhatPassedWrong.
func TestReliabilityNamesWhatPassedWrong(t *testing.T) {
	var said strings.Builder
	reliability(&said, []set{judgedSet()})
	for _, want := range []string{"0.90 > 0.50 (2)", "0.10 > 0.00 (1)", "photographs, joined: b, confidence 0.85"} {
		if !strings.Contains(said.String(), want) {
			t.Errorf("doesn't say %q:\n%s", want, said.String())
		}
	}
	if strings.Contains(said.String(), engineNames[network]) {
		t.Error("coverage alone has a reliability")
	}
}

// TestPhotographsShowVerdictsBesideConfidences, and judgements of what isn't there.
func TestPhotographsShowVerdictsBesideConfidences(t *testing.T) {
	s := judgedSet()
	s.judged["elsewhere"] = [engines]string{joined: "P"}
	s.rows[2].result[joined].ReviewReason = "A shadow may be left"
	var said strings.Builder
	photographs(&said, s)
	want := [][]string{
		{"photograph", "studio", "joined", "why a person looks at it"},
		{"a", "0.10 U", "0.95 P"}, {"b", "0.90 P", "0.85 M"}, {"c", "0.30 U", "0.10 U", "A shadow may be left"},
		{"judged, and no photograph here: elsewhere"},
	}
	if d := cmp.Diff(want, lines(said.String())); d != "" {
		t.Error(d)
	}
}

// TestEnginesByName.
func TestEnginesByName(t *testing.T) {
	got, err := wantedEngines("studio, joined")
	if want := ([engines]bool{studio: true, joined: true}); err != nil || got != want {
		t.Errorf("%v, %v", got, err)
	}
	if _, err := wantedEngines("lead"); err == nil || !strings.Contains(fmt.Sprint(err), "built-in") {
		t.Errorf("another engine: %v", err)
	}
}
