package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestJudgementsHoldEachEnginesVerdict: one file has what a person thought of several engines' cut-outs.
func TestJudgementsHoldEachEnginesVerdict(t *testing.T) {
	got, err := readJudgements(written(t, "# name, engine, verdict\r\n\r\nmug\tstudio\tU\tthe backdrop, cut out\r\nmug\tjoined\tP\r\n a mug \tbuilt-in\tM\t\n"))
	if err != nil {
		t.Fatal(err)
	}
	want := verdicts{"mug": {studio: "U", joined: "P"}, "a mug": {builtIn: "M"}}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]string{"a mug"}, got.without([]row{{name: "mug"}})); d != "" {
		t.Error(d)
	}
}

// TestJudgementsNameTheLine: a file that can't be read ends the run before it begins, with what to mend.
func TestJudgementsNameTheLine(t *testing.T) {
	for _, c := range []struct{ name, text, says string }{
		{"no tabs", "mug\tstudio\tP\nmug joined P\n", "line 2: \"mug joined P\" is not NAME, engine and verdict"},
		{"another engine", "mug\tlead\tP\n", "line 1: there is no engine \"lead\"; studio, network, joined, own, built-in"},
		{"another verdict", "mug\tstudio\tgood\n", "line 1: mug by studio is judged \"good\""},
		{"no verdict", "mug\tstudio\t\n", "is judged \"\""},
		{"two verdicts", "mug\tstudio\tP\nmug\tjoined\tP\nmug\tstudio\tM\n", "line 3: mug by studio is judged before"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := readJudgements(written(t, c.text)); err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("says %v", err)
			}
		})
	}
	if _, err := readJudgements(filepath.Join(t.TempDir(), "none")); err == nil {
		t.Error("a file that isn't there is no error")
	}
}

func written(t *testing.T, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "judgements.tsv")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}
