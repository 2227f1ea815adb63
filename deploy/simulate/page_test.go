package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// columns keeps the first n columns of a table.
func columns(table string, n int) string {
	var b strings.Builder
	for line := range strings.Lines(table) {
		cells := strings.Split(line, "|")
		if len(cells) > n+1 {
			line = strings.Join(cells[:n+1], "|") + "|\n"
		}
		b.WriteString(line)
	}
	return b.String()
}

// TestThePageHasWhatTheSimulationSays runs the simulation on the committed inputs, and
// compares its tables with those of the page.
func TestThePageHasWhatTheSimulationSays(t *testing.T) {
	t.Parallel()
	in, err := read()
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile("../SCALE.md")
	if err != nil {
		t.Fatal(err)
	}
	d := in.deployed
	cores := float64(d.Workers[0].Max)*d.Workers[0].Cores + float64(d.Workers[1].Max)*d.Workers[1].Cores + float64(d.APIMax) + float64(d.BillingMax)/2
	replica := day.seconds() * (d.Workers[0].Cores*in.Prices.CoreSecond + d.Workers[0].GiB*in.Prices.GiBSecond)
	for _, words := range []string{
		fmt.Sprintf("it is %g of %g cores", cores, in.Limits["environment_cores"].Is),
		fmt.Sprintf("about $%.0f a day for each", replica),
		fmt.Sprintf("at most %d messages of a tenant", d.Window),
		map[int]string{6: "the scaler wants six replicas"}[d.Window/d.Workers[0].Messages],
	} {
		if words == "" || !strings.Contains(strings.Join(strings.Fields(string(page)), " "), words) {
			t.Errorf("the page does not say %q", words)
		}
	}
	for name, want := range in.sections(most) {
		t.Run(name, func(t *testing.T) {
			_, got, _, err := cut(string(page), name)
			if err != nil {
				t.Fatal(err)
			}
			n := len(strings.Split(strings.SplitN(want, "\n", 2)[0], "|")) - 2
			if diff := cmp.Diff(columns(got, n), want); diff != "" {
				t.Errorf("make simulate writes it anew (- the page, + the simulation):\n%s", diff)
			}
		})
	}
}

// TestTheSimulationIsWithinAQuarterOfRealRuns holds it against the backlogs of measured.json.
func TestTheSimulationIsWithinAQuarterOfRealRuns(t *testing.T) {
	t.Parallel()
	in, err := read()
	if err != nil {
		t.Fatal(err)
	}
	all := in.compare()
	if len(all) == 0 {
		t.Fatal("measured.json has no backlogs")
	}
	for _, c := range all {
		if c.runs < 5 || c.ratio() < 1-within || c.ratio() > 1+within {
			t.Errorf("%s, %d photos, %d runs: real %.1f s, simulated %.1f s", c.photo, c.items, c.runs, c.seconds, c.simulated)
		}
	}
}

func TestWritingThePage(t *testing.T) {
	t.Parallel()
	begin, end := marks("a")
	file := filepath.Join(t.TempDir(), "page.md")
	if err := os.WriteFile(file, []byte("before\n"+begin+"| old |\n"+end+"after\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := write(file, map[string]string{"a": "| new |\n"}); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff("before\n"+begin+"| new |\n"+end+"after\n", string(b)); diff != "" {
		t.Error(diff)
	}
	if err := write(file, map[string]string{"b": ""}); err == nil || !strings.Contains(err.Error(), "no place for the table b") {
		t.Errorf("a page without the table: %v", err)
	}
}

// TestTheTemplatesAreRead compares what is read of the templates with what their parameters say.
func TestTheTemplatesAreRead(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		environment string
		want        deployed
	}{
		{"dev", deployed{
			Workers: [2]worker{{2, 4, 1, 0, 2, 4, 2}, {2, 4, 1, 0, 2, 4, 2}}, APIMin: 1, APIMax: 2, APICalls: 50, APIConnections: 3, BillingMax: 1, BillingConns: 2,
			Postgres: "Standard_B1ms", PostgresGB: 32, Bus: "Standard", ScoreInstances: 1, ScoreHand: 4, Window: 24}},
		{"prod", deployed{
			Workers: [2]worker{{2, 4, 2, 0, 20, 4, 5}, {2, 4, 2, 0, 20, 4, 5}}, APIMin: 2, APIMax: 10, APICalls: 50, APIConnections: 10, BillingMax: 2, BillingConns: 5,
			Postgres: "Standard_D2ds_v5", PostgresGB: 128, Bus: "Standard", ScoreInstances: 1, ScoreHand: 4, Window: 24}},
	} {
		t.Run(c.environment, func(t *testing.T) {
			got, err := readTemplates("../..", c.environment)
			if diff := cmp.Diff(c.want, got); err != nil || diff != "" {
				t.Errorf("%v\n%s", err, diff)
			}
		})
	}
	if _, err := readTemplates(t.TempDir(), "prod"); err == nil {
		t.Error("no templates, and no error")
	}
}

func TestInputsAreStrict(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{"an unknown name": `{"mixx": {}}`, "two values": `{} {}`, "cut off": `{"mix": {`, "another type": `{"mix": 1}`} {
		t.Run(name, func(t *testing.T) {
			if err := strict([]byte(text), &assumed{}); err == nil {
				t.Error("no error")
			}
		})
	}
}

// TestEveryFigureSaysWhereItIsFrom looks for the source of each figure that was not measured.
func TestEveryFigureSaysWhereItIsFrom(t *testing.T) {
	t.Parallel()
	var all map[string]json.RawMessage
	if err := json.Unmarshal(assumedJSON, &all); err != nil {
		t.Fatal(err)
	}
	var given assumed
	if err := strict(assumedJSON, &given); err != nil {
		t.Fatal(err)
	}
	for name, v := range all {
		var figure float64
		if json.Unmarshal(v, &figure) == nil && given.Sources[name] == "" {
			t.Errorf("%s has no source", name)
		}
	}
	for name, l := range given.Limits {
		if l.Source == "" || l.Is <= 0 {
			t.Errorf("the limit %s is %g and has the source %q", name, l.Is, l.Source)
		}
	}
	for name, e := range given.Engines {
		if e.Source == "" || e.Slots <= 0 {
			t.Errorf("the engine %s has %d slots and the source %q", name, e.Slots, e.Source)
		}
	}
	if given.Arrivals.Sources == "" || given.Prices.Source == "" {
		t.Error("arrivals or prices have no source")
	}
}

func TestTheFirstLimitIsTheLargestShare(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		uses []use
		want string
	}{
		{"below", []use{{"", "a", 1, 10}, {"", "b", 3, 10}, {"", "c", 30, 1000}}, "b, 30 %"},
		{"beyond", []use{{"", "a", 9, 10}, {"", "b", 25, 10}}, "b, 250 %"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := first(c.uses); got != c.want {
				t.Errorf("%q, must be %q", got, c.want)
			}
		})
	}
}
