package app

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A shell reads what opal dev wrote as opal dev does, whatever the folder is called, and
// the keys stay as they were.
func TestDevsSettingsAreReadByAShell(t *testing.T) {
	data := filepath.Join(t.TempDir(), `my "photos" & $HOME`)
	if err := os.Mkdir(data, 0o700); err != nil {
		t.Fatal(err)
	}
	first, err := devSettings(data, "127.0.0.1:8080", "studio")
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "sh", "-c", `set -a; . "$0"; printf '%s\n' "$STORAGE_DIR" "$SCORE_KEY" "$PUBLIC_BASE_URL"`, filepath.Join(data, devEnvFile))
	out, err := cmd.CombinedOutput()
	want := strings.Join([]string{first.values["STORAGE_DIR"], first.values["SCORE_KEY"], "http://127.0.0.1:8080", ""}, "\n")
	if diff := cmp.Diff(want, string(out)); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	second, err := devSettings(data, "127.0.0.1:8080", "studio")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"STORAGE_URL_KEY", "SCORE_KEY", "STORAGE_DIR"} {
		if first.values[name] != second.values[name] {
			t.Errorf("%s changed", name)
		}
	}
}
