package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestTable(t *testing.T) {
	of := func(ms ...int) []usage {
		var all []usage
		for _, n := range ms {
			all = append(all, usage{cpu: time.Duration(n) * time.Millisecond, wall: time.Duration(2*n) * time.Millisecond, peak: int64(n), figure: float64(n)})
		}
		return all
	}
	for _, c := range []struct {
		name string
		of   result
		want string
	}{
		{"the middle of three counts", result{row: row{work: "w", peer: "p", reach: 1}, ours: of(90, 30, 20), theirs: of(60, 10, 70)}, "| w | p | CPU | 0.50 | ≤ 1.00 | 0.50 | 0.50 | 0.50 |  |"},
		{"two have a middle", result{row: row{work: "w", peer: "p", reach: .6}, ours: of(20, 40), theirs: of(40, 40)}, "| w | p | CPU | 0.75 (missed) | ≤ 0.60 | 0.75 | 0.75 | 0.75 |  |"},
		{"a missed row says what bounds it", result{row: row{work: "w", peer: "p", reach: .6, bound: "b"}, ours: of(20, 40), theirs: of(40, 40), quality: "q"}, "| w | p | CPU | 0.75 (missed) | ≤ 0.60 | 0.75 | 0.75 | 0.75 | q; b |"},
		{"what else is seen", result{row: row{work: "w", peer: "p", reach: 1}, ours: of(1), theirs: of(1), quality: "1.02 × the bytes"}, "| w | p | CPU | 1.00 | ≤ 1.00 | 1.00 | 1.00 | 1.00 | 1.02 × the bytes |"},
		{"more is better", result{row: row{work: "w", peer: "p", by: byRate, reach: 1}, ours: of(30), theirs: of(20)}, "| w | p | messages a second | 1.50 | ≥ 1.00 | 1.50 | 1.50 | 1.50 |  |"},
		{"less of what should be more", result{row: row{work: "w", peer: "p", by: byRate, reach: 1}, ours: of(10), theirs: of(20)}, "| w | p | messages a second | 0.50 (missed) | ≥ 1.00 | 0.50 | 0.50 | 0.50 |  |"},
		{"a row that can't run", result{row: row{work: "w", peer: "p", reach: 1}, lacking: "no model"}, "| w | p | CPU | not run | ≤ 1.00 | | | | no model |"},
	} {
		t.Run(c.name, func(t *testing.T) {
			lines := strings.Split(strings.TrimSpace(table([]result{c.of})), "\n")
			if d := cmp.Diff(c.want, lines[len(lines)-1]); d != "" {
				t.Fatal(d)
			}
		})
	}
}

func TestContendersSayWhatTheyMeasured(t *testing.T) {
	for _, c := range []struct {
		name, wrote string
		want        float64
	}{
		{"a line of their own", "ready\nfigure 0.25\n", .25},
		{"a benchmark of Go's", "BenchmarkBacklog/sqlite-2 \t       1\t        12.5 s/backlog\t         1.000 sends/msg\n", 12.5},
		{"nothing", "a figure of speech\n", 0},
		{"no number", "figure it out\n", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := figureIn(c.wrote); got != c.want {
				t.Errorf("%v instead of %v", got, c.want)
			}
		})
	}
}

func TestMemoryOfAllProcessesIsWatched(t *testing.T) {
	if _, err := os.Stat("/proc/self/smaps_rollup"); err != nil {
		if _, err := measure(t.Context(), command{args: []string{"sh", "-c", "true"}}, true); err == nil {
			t.Error("a system that doesn't tell gives a figure")
		}
		return
	}
	one, err := measure(t.Context(), command{args: []string{"sh", "-c", "sleep .2; true"}}, true)
	if err != nil {
		t.Fatal(err)
	}
	many, err := measure(t.Context(), command{args: []string{"sh", "-c", "for i in 1 2 3 4 5 6 7 8; do sleep 1 & done; wait"}}, true)
	if err != nil {
		t.Fatal(err)
	}
	if one.tree == 0 || many.tree <= one.tree {
		t.Errorf("%d bytes with children that are there together, %d with one", many.tree, one.tree)
	}
}

func TestRowsHaveNewIDs(t *testing.T) {
	const a, b = "0198f7a0-0000-7000-8000-000000000001", "0198f7a0-0000-7000-8000-000000000002"
	fresh := map[string]string{}
	got := stored{values: []any{a, "default", 7, b}}.with(fresh)
	other := stored{values: []any{a}}.with(fresh)
	if got[0] == a || got[3] == b || got[0] == got[3] || got[0] != other[0] || got[1] != "default" || got[2] != 7 {
		t.Errorf("%v and %v", got, other)
	}
}

func TestRowsAreWhole(t *testing.T) {
	names := map[string]bool{}
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			if r.name == "" || names[r.name] || r.work == "" || r.peer == "" || r.reach <= 0 || r.ours == nil || r.theirs == nil {
				t.Errorf("something is missing, or another row is called so: %+v", r)
			}
			names[r.name] = true
		})
	}
}

func TestWhatAProcessTookCountsItsChildren(t *testing.T) {
	spin := "i=0; while [ $i -lt 30000 ]; do i=$((i+1)); done"
	alone, err := measure(t.Context(), command{args: []string{"sh", "-c", "true"}}, false)
	if err != nil {
		t.Fatal(err)
	}
	parent, err := measure(t.Context(), command{args: []string{"sh", "-c", "sh -c '" + spin + "'; true"}}, false)
	if err != nil {
		t.Fatal(err)
	}
	if parent.cpu <= alone.cpu || parent.peak == 0 {
		t.Errorf("%v with a child that works, %v without; peak %d", parent.cpu, alone.cpu, parent.peak)
	}
	if _, err := measure(t.Context(), command{args: []string{"sh", "-c", "echo why >&2; exit 3"}}, false); err == nil || !strings.Contains(err.Error(), "why") {
		t.Errorf("a contender that fails says %v", err)
	}
}

func TestBothMakeTheSameFiles(t *testing.T) {
	self := filepath.Join(t.TempDir(), "race")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", self, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	for _, name := range []string{"composite", "upscale"} {
		t.Run(name, func(t *testing.T) {
			track, err := newTrack(options{opal: self, peers: "peers", rounds: 1, photos: 1}, t.TempDir())
			if err != nil {
				t.Fatal(err)
			}
			track.self = self
			for _, r := range rows {
				if r.name != name {
					continue
				}
				if _, err := track.race(t.Context(), r); err != nil {
					t.Fatal(err)
				}
				var bytes [2]int64
				for i, who := range []string{"ours", "theirs"} {
					files, err := filesOf(track.out(who))
					if err != nil || len(files) != 1 {
						t.Fatalf("%s left %v, %v", who, files, err)
					}
					s, err := os.Stat(files[0])
					if err != nil {
						t.Fatal(err)
					}
					bytes[i] = s.Size()
				}
				if bytes[0] == 0 || bytes[0] != bytes[1] {
					t.Errorf("ours has %d bytes of raw pixels, theirs %d", bytes[0], bytes[1])
				}
			}
		})
	}
}

func TestTheReadmeQuotesTheTable(t *testing.T) {
	file := filepath.Join(t.TempDir(), "README.md")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("a\n" + tableBegins + tableHead + rows[0].begins() + "old |\n" + rows[1].begins() + "kept |\n| gone | |\n" + tableEnds + "b\n")
	if err := quote(file, []result{
		{row: rows[0], ours: []usage{{cpu: 1, wall: 1, peak: 1}}, theirs: []usage{{cpu: 1, wall: 1, peak: 1}}},
		{row: rows[1], lacking: "no model"}, {row: rows[2], lacking: "no model"},
	}); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(string(b), "\n")
	const before = 4 // the first line, the mark and the table's head
	if len(lines) != before+len(rows)+3 {
		t.Fatalf("%d rows make\n%s", len(rows), b)
	}
	for i, want := range []string{rows[0].begins() + "1.00 |", rows[1].begins() + "kept |", rows[2].begins() + "not run |", rows[3].begins() + "not run |"} {
		if got := lines[before+i]; !strings.HasPrefix(got, want) {
			t.Errorf("row %d is %q instead of %q", i, got, want)
		}
	}
	if write("a\n"); quote(file, nil) == nil {
		t.Error("a page without a place for the table is taken")
	}
	own, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(own), tableBegins) || !strings.Contains(string(own), tableEnds) {
		t.Error("the README has no place for the table")
	}
}
