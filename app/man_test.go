package app

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestEveryCommandHasAManPage holds the pages of make man against the commands.
func TestEveryCommandHasAManPage(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "man1")
	if code, _, said := run("man", dir); code != exitOK {
		t.Fatalf("%d: %s", code, said)
	}
	pages, err := filepath.Glob(filepath.Join(dir, "*.1"))
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]bool{}
	for _, p := range pages {
		found[filepath.Base(p)] = true
	}
	for _, c := range everyCommand(command(Streams{})) {
		if c.IsAdditionalHelpTopicCommand() {
			continue
		}
		name := strings.ReplaceAll(c.CommandPath(), " ", "-") + ".1"
		delete(found, name)
		t.Run(c.CommandPath(), func(t *testing.T) {
			b, err := os.ReadFile(filepath.Join(dir, name))
			if err != nil {
				t.Fatal(err)
			}
			for _, want := range []string{".TH", ".SH SYNOPSIS", ".SH DESCRIPTION", ".SH EXIT STATUS", ".SH EXAMPLE"} {
				if strings.Count(string(b), want) != 1 {
					t.Errorf("it has not one %s", want)
				}
			}
		})
	}
	for name := range found {
		if name != "opal.1" && !strings.HasPrefix(name, "opal-completion") {
			t.Errorf("%s is the page of no command", name)
		}
	}
}

// TestCompletionsAreWritten has the completions of every shell written.
func TestCompletionsAreWritten(t *testing.T) {
	for _, shell := range []string{"bash", "zsh", "fish", "powershell"} {
		t.Run(shell, func(t *testing.T) {
			if code, out, said := run("completion", shell); code != exitOK || !strings.Contains(out, "__complete") {
				t.Errorf("%d: %s", code, said)
			}
		})
	}
}
