package ml

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// amlLoaded is what the real loader makes of a file.
type amlLoaded struct {
	Error     string            `json:"error"`
	Name      string            `json:"name"`
	Endpoint  string            `json:"endpoint"`
	Type      string            `json:"type"`
	Image     string            `json:"image"`
	Routes    map[string][]any  `json:"routes"`
	TimeoutMS int               `json:"timeout_ms"`
	Model     string            `json:"model"`
	Mount     string            `json:"mount"`
	Auth      string            `json:"auth"`
	Identity  string            `json:"identity"`
	Variables map[string]string `json:"variables"`
}

// amlLoad loads files by azure-ai-ml, which .ci/test-dependencies installs.
func amlLoad(t *testing.T, files [][2]string) []amlLoaded {
	t.Helper()
	if testing.Short() {
		t.Skip("not among the short tests: it starts Python")
	}
	python, err := filepath.Abs("../.build/azml/bin/python")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(python); err != nil {
		if os.Getenv(requireAll) != "" {
			t.Fatal("azure-ai-ml is missing: make test-dependencies")
		}
		t.Skip("azure-ai-ml is missing: make test-dependencies")
	}
	in, err := json.Marshal(files)
	if err != nil {
		t.Fatal(err)
	}
	c := exec.CommandContext(t.Context(), python, "-B", "amlcheck/amlcheck.py")
	c.Stdin = bytes.NewReader(in)
	var errs bytes.Buffer
	c.Stderr = &errs
	out, err := c.Output()
	if err != nil {
		t.Fatalf("%v: %s", err, errs.String())
	}
	var all []amlLoaded
	if err := json.Unmarshal(out, &all); err != nil || len(all) != len(files) {
		t.Fatalf("%v: %s", err, out)
	}
	return all
}

// TestAzureMLLoadsTheFiles has the real loader read every file, and refuse some
// with a fault planted.
func TestAzureMLLoadsTheFiles(t *testing.T) {
	dir := t.TempDir()
	var files [][2]string
	for _, f := range deploymentFiles {
		files = append(files, [2]string{"deployment", f})
	}
	files = append(files, [2]string{"endpoint", "endpoint.yml"})
	planted := []struct{ kind, file, old, new string }{
		{"deployment", "deployment-stub.yml", "instance_count: 1", "instance_count: one"},
		{"deployment", "deployment-stub.yml", "name: blue\n", ""},
		{"deployment", "deployment-stub.yml", "request_timeout_ms: 180000", "request_timeout_ms: {}"},
		{"deployment", "deployment-stub.yml", "  image: ", "  picture: "},
		{"endpoint", "endpoint.yml", "auth_mode: key", "auth_mode: none"},
		{"endpoint", "endpoint.yml", "type: system_assigned", "type: somebody"},
	}
	for i, p := range planted {
		data, err := os.ReadFile(p.file)
		if err != nil {
			t.Fatal(err)
		}
		text := strings.Replace(string(data), p.old, p.new, 1)
		if text == string(data) {
			t.Fatalf("%s does not hold %q", p.file, p.old)
		}
		path := filepath.Join(dir, string(rune('a'+i))+".yml")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		files = append(files, [2]string{p.kind, path})
	}
	all := amlLoad(t, files)
	routes := map[string][]any{"livenessRoute": {8080.0, "/livez"}, "readinessRoute": {8080.0, "/readyz"}, "scoringRoute": {8080.0, "/score"}}
	for i, f := range deploymentFiles {
		t.Run(f, func(t *testing.T) {
			got, file := all[i], load(t, f)
			if got.Error != "" {
				t.Fatal(got.Error)
			}
			want := amlLoaded{
				Name: file["name"].(string), Endpoint: file["endpoint_name"].(string), Type: file["instance_type"].(string), TimeoutMS: 180000, Routes: routes,
				Image: file["environment"].(map[string]any)["image"].(string), Model: got.Model, Variables: map[string]string{},
			}
			want.Mount, _ = file["model_mount_path"].(string)
			for k, v := range file["environment_variables"].(map[string]any) {
				want.Variables[k] = v.(string)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
	if e := all[len(deploymentFiles)]; e.Error != "" || e.Name != "opal-sd-placement-dev" || e.Auth != "key" || e.Identity != "system_assigned" {
		t.Errorf("endpoint.yml: %+v", e)
	}
	for i, p := range planted {
		t.Run("planted "+p.new, func(t *testing.T) {
			if got := all[len(deploymentFiles)+1+i]; got.Error == "" && got.Image != "" || got.Error == "" && p.kind == "endpoint" {
				t.Errorf("%q for %q is taken: %+v", p.new, p.old, got)
			}
		})
	}
}
