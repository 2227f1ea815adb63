package main

import (
	"bufio"
	"fmt"
	"os"
	"slices"
	"strings"
)

// A person's verdicts.
const (
	publishable = "P"
	minorFlaw   = "M"
	unusable    = "U"
)

// verdicts holds what a person thought of photographs' cut-outs, by the photograph's name
// and the engine; "" is not judged.
type verdicts map[string][engines]string

// readJudgements reads a file of judgements: lines of NAME, engine and verdict, with a tab
// between them, and after another tab a remark where there is one. Lines that are blank or
// begin with # say nothing. Errors name the file and the line.
func readJudgements(file string) (verdicts, error) {
	all := verdicts{}
	if file == "" {
		return all, nil
	}
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimRight(lines.Text(), "\r")
		if strings.TrimSpace(line) == "" || line[0] == '#' {
			continue
		}
		if err := all.add(line); err != nil {
			return nil, fmt.Errorf("%s, line %d: %w", file, n, err)
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return all, nil
}

// add takes a line's verdict.
func (v verdicts) add(line string) error {
	fields := strings.Split(line, "\t")
	if len(fields) < 3 {
		return fmt.Errorf("%q is not NAME, engine and verdict with tabs between them", line)
	}
	name, engine, verdict := strings.TrimSpace(fields[0]), strings.TrimSpace(fields[1]), strings.TrimSpace(fields[2])
	e := slices.Index(engineNames[:], engine)
	if e < 0 {
		return fmt.Errorf("there is no engine %q; %s", engine, strings.Join(engineNames[:], ", "))
	}
	if !slices.Contains([]string{publishable, minorFlaw, unusable}, verdict) {
		return fmt.Errorf("%s by %s is judged %q; P (publishable), M (a minor flaw) or U (unusable)", name, engine, verdict)
	}
	of := v[name]
	if of[e] != "" {
		return fmt.Errorf("%s by %s is judged before", name, engine)
	}
	of[e] = verdict
	v[name] = of
	return nil
}

// without lists the photographs that are judged and not among the rows.
func (v verdicts) without(rows []row) (names []string) {
	for name := range v {
		if !slices.ContainsFunc(rows, func(r row) bool { return r.name == name }) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}
