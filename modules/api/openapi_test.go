package api

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

const toolsDir = "testdata/openapi"

// tools is a folder with the OpenAPI document and what is needed to check it. Without
// the npm packages the test is skipped, or fails when OPAL_REQUIRE_ALL is 1.
type tools struct{ dir, node string }

func openTools(t *testing.T) *tools {
	t.Helper()
	if testing.Short() {
		t.Skip("not among the short tests: it starts Node")
	}
	modules, err := filepath.Abs(filepath.Join(toolsDir, "node_modules"))
	if err != nil {
		t.Fatal(err)
	}
	arch := map[string]string{"amd64": "x64", "arm64": "arm64"}[runtime.GOARCH]
	node := filepath.Join(modules, "node-"+runtime.GOOS+"-"+arch, "bin", "node")
	if _, err := os.Stat(node); errors.Is(err, fs.ErrNotExist) {
		node, err = exec.LookPath("node") // a platform without a package of its own
		if _, missing := os.Stat(filepath.Join(modules, "typescript")); err != nil || missing != nil {
			text := "the checks of the OpenAPI document are missing: run npm ci in modules/api/" + toolsDir
			if os.Getenv("OPAL_REQUIRE_ALL") == "1" {
				t.Fatal(text)
			}
			t.Skip(text)
		}
	}
	x := &tools{dir: t.TempDir(), node: node}
	if err := os.Symlink(modules, filepath.Join(x.dir, "node_modules")); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"redocly.yaml", "tsconfig.json", "walk.ts"} {
		b, err := os.ReadFile(filepath.Join(toolsDir, name))
		if err != nil {
			t.Fatal(err)
		}
		x.write(t, name, b)
	}
	x.write(t, "openapi.json", newHouse(t).text(t))
	return x
}

func (x *tools) write(t *testing.T, name string, b []byte) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(x.dir, name), b, 0o600); err != nil {
		t.Fatal(err)
	}
}

// run starts a program of the npm packages, with its telemetry off.
func (x *tools) run(t *testing.T, program string, args ...string) (string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, x.node, append([]string{filepath.Join(x.dir, "node_modules", program)}, args...)...)
	cmd.Dir = x.dir
	cmd.Env = append(os.Environ(), "REDOCLY_TELEMETRY=off", "REDOCLY_SUPPRESS_UPDATE_NOTICE=true", "NO_COLOR=1", "CI=1")
	b, err := cmd.CombinedOutput()
	return string(b), err
}

func TestTheDocumentPassesItsLinter(t *testing.T) {
	if onPostgres {
		return // the document is the same
	}
	x := openTools(t)
	out, err := x.run(t, "@redocly/cli/bin/cli.js", "lint", "openapi.json", "--format=json")
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	var found struct {
		Totals   struct{ Errors, Warnings, Ignored int }
		Problems []struct{ RuleID, Message, Severity string }
	}
	begin := strings.Index(out, "{")
	if begin < 0 {
		t.Fatal(out)
	}
	if err := json.NewDecoder(strings.NewReader(out[begin:])).Decode(&found); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, p := range found.Problems {
		t.Errorf("%s: %s: %s", p.Severity, p.RuleID, p.Message)
	}
	if found.Totals.Errors+found.Totals.Warnings+found.Totals.Ignored > 0 {
		t.Errorf("%+v", found.Totals)
	}
}

func TestTheReadmesWalkCompilesInStrictTypeScript(t *testing.T) {
	if onPostgres {
		return // the document is the same
	}
	x := openTools(t)
	if out, err := x.run(t, "openapi-typescript/bin/cli.js", "openapi.json", "--output", "schema.d.ts"); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if out, err := x.run(t, "typescript/bin/tsc", "-p", "tsconfig.json"); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// TestEveryOperationIsDescribed checks the parts that readers and generators
// need.
func TestEveryOperationIsDescribed(t *testing.T) {
	h := newHouse(t)
	var doc node
	if err := json.Unmarshal(h.text(t), &doc); err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for path := range doc.at("paths") {
		for verb := range doc.at("paths", path) {
			op := doc.at("paths", path, verb)
			id := op["operationId"].(string)
			seen[id] = true
			t.Run(id, func(t *testing.T) {
				if _, ok := operations[id]; !ok {
					t.Error("it has no row in operations")
				}
				if op["summary"] == "" || op["description"] == nil || op["security"] == nil {
					t.Errorf("summary %v, description %v, security %v", op["summary"], op["description"], op["security"])
				}
				for _, status := range []string{"200", "500", "503"} {
					if op.at("responses", status) == nil {
						t.Errorf("no answer %s", status)
					}
				}
				for status := range op.at("responses") {
					r := op.at("responses", status)
					if status == "304" { // it has no body
						continue
					}
					if r.at("content") == nil || r["description"] == "" {
						t.Errorf("%s: %v", status, r)
					}
					if status >= "400" && !(id == "ready" && status == "503") && r.at("content", problemType, "examples") == nil {
						t.Errorf("%s has no examples", status)
					}
				}
				for _, p := range listOf(op["parameters"]) {
					if p := node(p.(map[string]any)); p["description"] == nil {
						t.Errorf("parameter %v has no description", p["name"])
					}
				}
				if media := op.at("requestBody", "content", jsonType); media != nil && media["example"] == nil {
					t.Error("its body has no example")
				}
			})
		}
	}
	for id := range operations {
		if !seen[id] {
			t.Errorf("operation %s has a row and no route", id)
		}
	}
	for name := range doc.at("components", "schemas") {
		s := doc.at("components", "schemas", name)
		if s["type"] == "object" && name != "UnknownFields" && !strings.HasPrefix(name, "JobOptions") && len(listOf(s["required"])) == 0 &&
			!strings.HasPrefix(name, "New") && !slices.Contains([]string{"Steering", "Shadow", "PlateCorrection", "Remake"}, name) && name != "Decision" && name != "Rights" && name != "CompleteRequest" && name != "Replay" && name != "RefundRequest" && name != "Purchase" {
			t.Errorf("nothing of %s is required", name)
		}
	}
	for _, c := range []struct {
		schema, field string
		values        int
	}{{"Job", "status", 6}, {"Item", "status", 7}, {"Step", "step", 7}, {"Step", "status", 4}, {"Payment", "status", 9}, {"Transaction", "type", 11}} {
		t.Run(c.schema+"."+c.field, func(t *testing.T) {
			if got := listOf(doc.at("components", "schemas", c.schema, "properties", c.field)["enum"]); len(got) != c.values {
				t.Errorf("%d values, want %d: %v", len(got), c.values, got)
			}
		})
	}
	for _, want := range []struct{ path, contentType string }{{"/v1/jobs/{job_id}/events", "text/event-stream"}, {"/v1/billing/usage", "text/csv"},
		{"/v1/billing/payments/{payment_id}/invoice", "application/pdf"}, {"/v1/billing/usage", jsonType}} {
		t.Run(want.path+" "+want.contentType, func(t *testing.T) {
			if doc.at("paths", want.path, "get", "responses", "200", "content", want.contentType) == nil {
				t.Error("not described")
			}
		})
	}
	if servers := listOf(doc["servers"]); len(servers) != 1 {
		t.Errorf("servers: %v", servers)
	}
}

// TestFieldsThatMayBeNullSaySo finds the fields of answers that hold an object or null:
// clients that are generated from the document would not look.
func TestFieldsThatMayBeNullSaySo(t *testing.T) {
	var doc node
	if err := json.Unmarshal(newHouse(t).text(t), &doc); err != nil {
		t.Fatal(err)
	}
	for _, f := range []struct{ schema, field string }{{"Item", "review"}, {"Item", "fidelity"}, {"FoundItem", "review"}, {"CompletedItem", "error"}} {
		t.Run(f.schema+"."+f.field, func(t *testing.T) {
			got := doc.at("components", "schemas", f.schema, "properties", f.field)
			if either := listOf(got["anyOf"]); len(either) != 2 {
				t.Errorf("%v", got)
			}
		})
	}
	if doc.at("components", "schemas", "CreatedJob", "properties", "quote")["$ref"] == nil {
		t.Error("a field that is left out rather than null says that it may be null")
	}
}

// TestExamplesAreTaken sends each body's example: it must pass the body's checks.
func TestExamplesAreTaken(t *testing.T) {
	h := newHouse(t)
	var doc node
	if err := json.Unmarshal(h.text(t), &doc); err != nil {
		t.Fatal(err)
	}
	for path := range doc.at("paths") {
		for verb := range doc.at("paths", path) {
			media := doc.at("paths", path, verb, "requestBody", "content", jsonType)
			if media == nil {
				continue
			}
			t.Run(verb+" "+path, func(t *testing.T) {
				body, err := json.Marshal(media["example"])
				if err != nil {
					t.Fatal(err)
				}
				a := h.do(t, strings.ToUpper(verb), path, string(body), preferHeader, strictly)
				if a.status == 400 || a.status == 415 || strings.Contains(a.body, "validation_failed") || strings.Contains(a.body, "unknown_fields") {
					t.Errorf("%s: %d %s", body, a.status, a.body)
				}
			})
		}
	}
}
