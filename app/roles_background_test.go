package app

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func partNames(parts []part) (out []string) {
	for _, p := range parts {
		out = append(out, p.name)
	}
	return out
}

// A revision that is only tried answers, and neither sends, sweeps nor deletes.
func TestATriedRevisionLeavesTheBackgroundAlone(t *testing.T) {
	want := map[string][]string{
		"serve-api":   {apiServer.name},
		"orchestrate": {probeServer.name, jobWorker.name},
		"export":      {probeServer.name, exportWorker.name},
		"billing":     {apiServer.name},
		"score":       {scoreServer.name},
	}
	for _, r := range roles {
		t.Run(r.name, func(t *testing.T) {
			if diff := cmp.Diff(want[r.name], partNames(foreground(r.parts))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// Workers sleep while their queue is empty: what has to run all the time runs in
// a role that is never scaled to nothing.
func TestSweepsRunWhereSomethingAlwaysRuns(t *testing.T) {
	var awake []string
	for _, r := range roles {
		if r.needs.API {
			awake = append(awake, partNames(r.parts)...)
		}
	}
	seen := map[string]bool{}
	for _, n := range awake {
		seen[n] = true
	}
	for _, r := range roles {
		for _, p := range r.parts {
			if p.background && !seen[p.name] {
				t.Errorf("%s runs in %s alone, which sleeps while its queue is empty", p.name, r.name)
			}
		}
	}
}
