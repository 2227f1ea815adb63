package main

import (
	"fmt"
	"os"
	"strings"
)

// table writes the results as a table of Markdown.
func table(all []result) string {
	var b strings.Builder
	b.WriteString("| work | peer | CPU, OPAL ÷ peer | reach | wall | peak memory | |\n| --- | --- | --- | --- | --- | --- | --- |\n")
	for _, r := range all {
		cpu := ratio(r.ours, r.theirs, cpuOf)
		verdict, notes := "", r.quality
		if cpu > r.reach {
			verdict = " (missed)"
			notes = strings.TrimPrefix(notes+"; "+r.bound, "; ")
			notes = strings.TrimSuffix(notes, "; ")
		}
		fmt.Fprintf(&b, "| %s | %s | %.2f%s | ≤ %.2f | %.2f | %.2f | %s |\n", r.work, r.peer, cpu, verdict, r.reach,
			ratio(r.ours, r.theirs, wallOf), ratio(r.ours, r.theirs, peakOf), notes)
	}
	return b.String()
}

// The lines of a file between which the table stands.
const (
	tableBegins = "<!-- make race writes this table -->\n"
	tableEnds   = "<!-- end of the table -->\n"
)

// quote puts the table into a file in the place of the one that it has.
func quote(file, table string) error {
	b, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	before, rest, ok := strings.Cut(string(b), tableBegins)
	_, after, ok2 := strings.Cut(rest, tableEnds)
	if !ok || !ok2 {
		return fmt.Errorf("%s has no place for the table: the lines %q and %q", file, strings.TrimSpace(tableBegins), strings.TrimSpace(tableEnds))
	}
	return os.WriteFile(file, []byte(before+tableBegins+table+tableEnds+after), 0o644) //nolint:gosec // a page for everybody
}
