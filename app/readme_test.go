package app_test

import (
	"archive/zip"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/opal-photo/opal/app/apptest"
)

// TestReadmesWalk runs the README's lines as they stand, but for the port.
func TestReadmesWalk(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"bash", "curl", "jq"} {
		if _, err := exec.LookPath(name); err != nil {
			if os.Getenv("OPAL_REQUIRE_ALL") == "1" {
				t.Fatal(err)
			}
			t.Skip(err)
		}
	}
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	block := regexp.MustCompile(`(?s)\n\n(    API=.*?)\n\n`).FindSubmatch(readme)
	if block == nil {
		t.Fatal("README.md has no walk that begins with API=")
	}
	_, c, _ := runDev(t, "--engine", "stub") // the lines are tried here, scenes elsewhere
	dir := t.TempDir()
	if err := apptest.WritePhoto(filepath.Join(dir, "mug.jpg"), 640, 480, 1); err != nil {
		t.Fatal(err)
	}
	walk := func() ([]byte, error) {
		cmd := exec.CommandContext(t.Context(), "bash", "-euo", "pipefail", "-c", strings.Replace(string(block[1]), "http://127.0.0.1:8080", c.Base, 1))
		cmd.Dir = dir
		return cmd.CombinedOutput()
	}
	if out, err := walk(); err != nil || !strings.Contains(string(out), `"status": "completed"`) {
		t.Fatalf("%v:\n%s", err, out)
	}
	z, err := zip.OpenReader(filepath.Join(dir, "mug.zip"))
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	if len(z.File) < 2 {
		t.Errorf("the ZIP holds %d files", len(z.File))
	}

	// what goes wrong is shown
	if err := os.Remove(filepath.Join(dir, "mug.jpg")); err != nil {
		t.Fatal(err)
	}
	if out, err := walk(); err == nil || !strings.Contains(string(out), "mug.jpg") {
		t.Errorf("without its photo it ends with %v and says:\n%s", err, out)
	}
}
