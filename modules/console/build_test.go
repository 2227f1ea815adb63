package console

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestTheBuildSaysWhatTakesLong builds with an npm and a Go that do nothing: whoever
// waits for them reads why, and hears nothing where nothing is to be done.
func TestTheBuildSaysWhatTakesLong(t *testing.T) {
	root := t.TempDir()
	here := filepath.Join(root, "modules", "console")
	for name, text := range map[string]string{"go.sum": "", "bin/npm": "#!/bin/sh\nmkdir -p node_modules\n", "bin/go": "#!/bin/sh\n"} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(root, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(root, name), []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"build.sh", "words.go", "package.json", "package-lock.json", ".npmrc", "src/index.html", "src/mark.svg", "dist/missing.html"} {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.MkdirAll(filepath.Dir(filepath.Join(here, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(here, name), b, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, want := range [][]string{{"packages from npm (3 MB", "a minute or two"}, {}} {
		cmd := exec.CommandContext(t.Context(), "sh", filepath.Join(here, "build.sh"), "all", filepath.Join(root, "packages"))
		cmd.Env = append(os.Environ(), "PATH="+filepath.Join(root, "bin")+":"+os.Getenv("PATH"), "GO="+filepath.Join(root, "bin", "go"))
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		if len(want) == 0 && len(out) > 0 {
			t.Errorf("nothing was to be done, and it says\n%s", out)
		}
		for _, w := range want {
			if !strings.Contains(string(out), w) {
				t.Errorf("it does not say %q:\n%s", w, out)
			}
		}
	}
}
