package main

import (
	"fmt"
	"strings"
)

// table writes the results as a table of Markdown.
func table(all []result) string {
	var b strings.Builder
	b.WriteString("| work | peer | CPU, OPAL ÷ peer | reach | wall | peak memory | |\n| --- | --- | --- | --- | --- | --- | --- |\n")
	for _, r := range all {
		cpu := ratio(r.ours, r.theirs, cpuOf)
		verdict := ""
		if cpu > r.reach {
			verdict = " (missed)"
		}
		fmt.Fprintf(&b, "| %s | %s | %.2f%s | ≤ %.2f | %.2f | %.2f | %s |\n", r.work, r.peer, cpu, verdict, r.reach,
			ratio(r.ours, r.theirs, wallOf), ratio(r.ours, r.theirs, peakOf), r.quality)
	}
	return b.String()
}
