package deploy

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"
)

// TestDependabotKnowsEveryLockFile holds its folders to those of the repository.
func TestDependabotKnowsEveryLockFile(t *testing.T) {
	b, err := os.ReadFile("../.github/dependabot.yml")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Updates []struct {
			Ecosystem   string   `yaml:"package-ecosystem"`
			Directory   string   `yaml:"directory"`
			Directories []string `yaml:"directories"`
		} `yaml:"updates"`
	}
	if err := yaml.Unmarshal(b, &file); err != nil {
		t.Fatal(err)
	}
	known := map[string][]string{}
	for _, u := range file.Updates {
		known[u.Ecosystem] = append(u.Directories, u.Directory)
	}
	list, err := exec.CommandContext(t.Context(), "git", "-C", "..", "ls-files").Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range strings.Fields(string(list)) {
		ecosystem := map[string]string{"go.mod": "gomod", "package-lock.json": "npm", "requirements.txt": "pip", "Dockerfile": "docker"}[filepath.Base(path)]
		dir := "/" + strings.TrimPrefix(filepath.ToSlash(filepath.Dir(path)), ".")
		if ecosystem != "" && !slices.Contains(known[ecosystem], dir) {
			t.Errorf("%s: .github/dependabot.yml has no %s in %s", path, ecosystem, dir)
		}
	}
}

// TestOneGoVersion compares the places that name Go's version.
func TestOneGoVersion(t *testing.T) {
	version := func(file, pattern string) string {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		m := regexp.MustCompile(pattern).FindSubmatch(b)
		if m == nil {
			t.Fatalf("%s does not name Go's version as %s", file, pattern)
		}
		return string(m[1])
	}
	want := version("../go.mod", `(?m)^go (\S+)$`)
	got := []string{version("Dockerfile", `golang:([0-9.]+)-`), version("../.devcontainer/devcontainer.json", `golang:([0-9.]+)-`)}
	if d := cmp.Diff([]string{want, want}, got); d != "" {
		t.Error(d)
	}
}
