package main

import (
	"fmt"
	"os"
	"strings"
)

// table writes the results as a table of Markdown.
func table(all []result) string {
	var b strings.Builder
	b.WriteString(tableHead)
	for _, r := range all {
		if r.lacking != "" {
			fmt.Fprintf(&b, "%snot run | %s | | | | %s |\n", r.begins(), r.wanted(), r.lacking)
			continue
		}
		of := ratio(r.ours, r.theirs, r.metricOf().of)
		verdict, notes := "", r.quality
		if r.missed(of) {
			verdict = " (missed)"
			notes = strings.TrimPrefix(notes+"; "+r.bound, "; ")
			notes = strings.TrimSuffix(notes, "; ")
		}
		fmt.Fprintf(&b, "%s%.2f%s | %s | %.2f | %.2f | %.2f | %s |\n", r.begins(), of, verdict, r.wanted(),
			ratio(r.ours, r.theirs, cpuOf), ratio(r.ours, r.theirs, wallOf), ratio(r.ours, r.theirs, peakOf), notes)
	}
	return b.String()
}

const tableHead = "| work | peer | compared by | OPAL ÷ peer | reach | CPU | wall | largest process | |\n| --- | --- | --- | --- | --- | --- | --- | --- | --- |\n"

// begins is how the row's line begins, by which it is found again.
func (r row) begins() string {
	return fmt.Sprintf("| %s | %s | %s | ", r.work, r.peer, r.metricOf().name)
}

// whole returns a table of all rows: those that were raced, and for the others the lines that
// the page has had.
func whole(page string, raced []result) string {
	var b strings.Builder
	b.WriteString(tableHead)
	for _, r := range rows {
		line := table([]result{{row: r, lacking: "name it with --only"}})
		if old := strings.Index(page, "\n"+r.begins()); old >= 0 {
			line, _, _ = strings.Cut(page[old+1:], "\n")
			line = tableHead + line + "\n"
		}
		for _, got := range raced {
			if got.name == r.name && (got.lacking == "" || !strings.Contains(page, "\n"+r.begins())) {
				line = table([]result{got})
			}
		}
		b.WriteString(strings.TrimPrefix(line, tableHead))
	}
	return b.String()
}

// The lines of a file between which the table stands.
const (
	tableBegins = "<!-- make race writes this table -->\n"
	tableEnds   = "<!-- end of the table -->\n"
)

// quote puts what was raced into the table that a file has.
func quote(file string, raced []result) error {
	b, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	before, rest, ok := strings.Cut(string(b), tableBegins)
	_, after, ok2 := strings.Cut(rest, tableEnds)
	if !ok || !ok2 {
		return fmt.Errorf("%s has no place for the table: the lines %q and %q", file, strings.TrimSpace(tableBegins), strings.TrimSpace(tableEnds))
	}
	return os.WriteFile(file, []byte(before+tableBegins+whole(string(b), raced)+tableEnds+after), 0o644) //nolint:gosec // a page for everybody
}
