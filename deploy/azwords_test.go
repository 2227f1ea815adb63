package deploy_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
	"mvdan.cc/sh/v3/syntax"
)

// azCommand is one call of az and where it stands.
type azCommand struct {
	where string
	words []string // behind "az"
}

// somewhere stands for a value that only a run knows.
const somewhere = "x"

// azCommands finds the calls of az in a script: by themselves, in substitutions,
// and as arrays that are run later. Arrays are written out where they are used.
func azCommands(where, script string) ([]azCommand, error) {
	file, err := syntax.NewParser(syntax.Variant(syntax.LangBash)).Parse(strings.NewReader(script), where)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", where, err)
	}
	arrays := map[string][]string{}
	syntax.Walk(file, func(n syntax.Node) bool {
		if a, ok := n.(*syntax.Assign); ok && a.Array != nil && a.Name != nil {
			for _, e := range a.Array.Elems {
				arrays[a.Name.Value] = append(arrays[a.Name.Value], text(e.Value))
			}
		}
		return true
	})
	var found []azCommand
	add := func(words []string, line uint) {
		// a command behind options of another: xargs az …
		for i, w := range words {
			if w == "az" && i+1 < len(words) && (i == 0 || words[0] == "xargs") {
				behind := words[i+1:]
				if words[0] == "xargs" {
					behind = append(slices.Clone(behind), somewhere)
				}
				found = append(found, azCommand{fmt.Sprintf("%s:%d", where, line), behind})
				return
			}
		}
	}
	syntax.Walk(file, func(n syntax.Node) bool {
		switch n := n.(type) {
		case *syntax.CallExpr:
			var words []string
			for _, w := range n.Args {
				if name, ok := wholeArray(w); ok {
					words = append(words, arrays[name]...)
					continue
				}
				words = append(words, text(w))
			}
			add(words, n.Pos().Line())
		case *syntax.Assign:
			if n.Array != nil && n.Name != nil && len(n.Array.Elems) > 0 && text(n.Array.Elems[0].Value) == "az" {
				add(arrays[n.Name.Value], n.Pos().Line())
			}
		}
		return true
	})
	return found, nil
}

// wholeArray reads "${name[@]}".
func wholeArray(w *syntax.Word) (string, bool) {
	if w == nil || len(w.Parts) != 1 {
		return "", false
	}
	quoted, ok := w.Parts[0].(*syntax.DblQuoted)
	if !ok || len(quoted.Parts) != 1 {
		return "", false
	}
	p, ok := quoted.Parts[0].(*syntax.ParamExp)
	if !ok || p.Index == nil {
		return "", false
	}
	return p.Param.Value, true
}

// text is a word as the shell would pass it on, with somewhere for what is
// expanded.
func text(w *syntax.Word) string {
	if w == nil {
		return ""
	}
	var b strings.Builder
	for _, part := range w.Parts {
		switch part := part.(type) {
		case *syntax.Lit:
			b.WriteString(strings.ReplaceAll(part.Value, "\\", ""))
		case *syntax.SglQuoted:
			b.WriteString(part.Value)
		case *syntax.DblQuoted:
			for _, inner := range part.Parts {
				if l, ok := inner.(*syntax.Lit); ok {
					b.WriteString(strings.NewReplacer("\\`", "`", `\"`, `"`, `\$`, "$").Replace(l.Value))
				} else {
					b.WriteString(somewhere)
				}
			}
		default:
			b.WriteString(somewhere)
		}
	}
	return b.String()
}

// inlineCode is `az …` within a sentence or a table.
var inlineCode = regexp.MustCompile("`((?:[A-Z_]+=\\S* )*az [a-z][^`]+)`")

// everyAzCommand collects those of the runbooks, the workflows and the scripts.
func everyAzCommand(t *testing.T) []azCommand {
	t.Helper()
	var all []azCommand
	add := func(where, script string) {
		found, err := azCommands(where, script)
		if err != nil {
			t.Error(err)
		}
		all = append(all, found...)
	}
	for _, name := range allWorkflows {
		var w workflow
		if err := yaml.Unmarshal(readWorkflow(t, name), &w); err != nil {
			t.Fatal(err)
		}
		for id, j := range w.Jobs {
			for _, s := range j.Steps {
				add(name+", job "+id+", "+s.Name, s.Run)
				for _, m := range printed.FindAllStringSubmatch(s.Run, -1) {
					add(name+", job "+id+", what it prints", strings.NewReplacer(`\"`, `"`, `\$`, "$", " \\", "").Replace(m[1]))
				}
			}
		}
	}
	scripts, err := filepath.Glob("*.sh")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range scripts {
		add(path, readFile(t, path))
		for _, c := range told(readFile(t, path)) {
			add(path+", what it says", c)
		}
	}
	for _, path := range []string{"README.md", "engines.md", "upgrade.md", "../ml/README.md", "../ml/sd/README.md"} {
		all = append(all, azOfPage(t, path, readFile(t, path))...)
	}
	// Comments of files that a person deploys.
	for _, pattern := range []string{"../ml/*.yml", "../ml/cutout/*.yml", "*.bicep", "azure.yaml"} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range files {
			add(path, comments(readFile(t, path)))
		}
	}
	return all
}

// advised is a command within a sentence that a script says: … : az acr list -g $group
var advised = regexp.MustCompile(`\baz [a-z][a-z-]*(?: [a-z][a-z-]*)*(?: --?[a-z-]+(?: (?:\$\([a-z ]+\)|\$?[A-Za-z_\\][\w./:\\-]*))?)+`)

// told returns the commands of az that a script tells people to run.
func told(script string) (found []string) {
	for line := range strings.Lines(script) {
		for _, at := range advised.FindAllStringIndex(line, -1) {
			before := strings.TrimRight(line[:at[0]], " \t")
			run := before == "" || strings.HasPrefix(line[at[1]:], ` "`) || strings.HasPrefix(strings.TrimSpace(line), "#")
			for _, end := range []string{"$(", "||", "&&", "!", "if", "true", "command", "\\"} { // the script runs it itself
				run = run || strings.HasSuffix(before, end)
			}
			if !run {
				found = append(found, line[at[0]:at[1]])
			}
		}
	}
	return found
}

// printed is a line that a workflow prints for people to run.
var printed = regexp.MustCompile(`echo "(az [^\n]*?)\\*"\n`)

func azOfPage(t *testing.T, path, page string) []azCommand {
	t.Helper()
	var all []azCommand
	for _, block := range commands(page) {
		found, err := azCommands(path, block)
		if err != nil {
			t.Error(err)
		}
		all = append(all, found...)
	}
	for _, m := range inlineCode.FindAllStringSubmatch(page, -1) {
		if strings.Contains(m[1], "…") || !strings.Contains(m[1], "-") && len(strings.Fields(m[1])) < 4 || strings.Contains(m[1], "...") && !strings.Contains(m[1], "image") {
			continue // a sketch
		}
		found, err := azCommands(path, m[1])
		if err != nil {
			t.Error(err)
		}
		all = append(all, found...)
	}
	return all
}

// comments returns the commands that a file's comments are indented for.
func comments(file string) string {
	var lines []string
	on := false
	for line := range strings.Lines(file) {
		line = strings.TrimRight(line, "\n")
		command, ok := strings.CutPrefix(line, "#   ")
		if ok && (on || strings.HasPrefix(command, "az ")) {
			lines = append(lines, strings.TrimSpace(command))
			on = strings.HasSuffix(command, "\\")
		} else {
			on = false
		}
	}
	return strings.Join(lines, "\n")
}

func readFile(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
