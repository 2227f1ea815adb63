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
			all = append(all, usage{cpu: time.Duration(n) * time.Millisecond, wall: time.Duration(2*n) * time.Millisecond, peak: int64(n)})
		}
		return all
	}
	for _, c := range []struct {
		name string
		of   result
		want string
	}{
		{"the middle of three counts", result{row: row{work: "w", peer: "p", reach: 1}, ours: of(90, 30, 20), theirs: of(60, 10, 70)}, "| w | p | 0.50 | ≤ 1.00 | 0.50 | 0.50 |  |"},
		{"two have a middle", result{row: row{work: "w", peer: "p", reach: .6}, ours: of(20, 40), theirs: of(40, 40)}, "| w | p | 0.75 (missed) | ≤ 0.60 | 0.75 | 0.75 |  |"},
		{"a missed row says what bounds it", result{row: row{work: "w", peer: "p", reach: .6, bound: "b"}, ours: of(20, 40), theirs: of(40, 40), quality: "q"}, "| w | p | 0.75 (missed) | ≤ 0.60 | 0.75 | 0.75 | q; b |"},
		{"what else is seen", result{row: row{work: "w", peer: "p", reach: 1}, ours: of(1), theirs: of(1), quality: "1.02 × the bytes"}, "| w | p | 1.00 | ≤ 1.00 | 1.00 | 1.00 | 1.02 × the bytes |"},
	} {
		t.Run(c.name, func(t *testing.T) {
			lines := strings.Split(strings.TrimSpace(table([]result{c.of})), "\n")
			if d := cmp.Diff(c.want, lines[len(lines)-1]); d != "" {
				t.Fatal(d)
			}
		})
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
	alone, err := measure(t.Context(), command{args: []string{"sh", "-c", "true"}})
	if err != nil {
		t.Fatal(err)
	}
	parent, err := measure(t.Context(), command{args: []string{"sh", "-c", "sh -c '" + spin + "'; true"}})
	if err != nil {
		t.Fatal(err)
	}
	if parent.cpu <= alone.cpu || parent.peak == 0 {
		t.Errorf("%v with a child that works, %v without; peak %d", parent.cpu, alone.cpu, parent.peak)
	}
	if _, err := measure(t.Context(), command{args: []string{"sh", "-c", "echo why >&2; exit 3"}}); err == nil || !strings.Contains(err.Error(), "why") {
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
	write("a\n" + tableBegins + "| old |\n" + tableEnds + "b\n")
	if err := quote(file, "| new |\n"); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff("a\n"+tableBegins+"| new |\n"+tableEnds+"b\n", string(b)); d != "" {
		t.Error(d)
	}
	if write("a\n"); quote(file, "| new |\n") == nil {
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
