package app_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/opal-photo/opal"

// allowed says which of OPAL's packages a package may import, beside fault,
// telemetry and crashpoint, which all may. A row covers the folders below it, unless they have
// a row of their own; imports inside a row's own folder are its own affair.
var allowed = map[string][]string{
	".":                        {"app"},
	"app":                      {"config", "modules"},
	"config":                   {},
	"deploy":                   {"config"},
	"ml":                       {},
	"modules/fault":            {},
	"modules/telemetry":        {},
	"modules/crashpoint":       {},
	"modules/db":               {},
	"modules/imaging":          {},
	"modules/queue":            {"modules/db"},
	"modules/blob":             {},
	"modules/tenant":           {"modules/db"},
	"modules/brand":            {"modules/db"},
	"modules/billing":          {"modules/db"},
	"modules/webhook":          {"modules/db"},
	"modules/pipeline":         {"modules/imaging"},
	"modules/pipeline/azureml": {"modules/imaging", "modules/pipeline", "modules/score"},
	"modules/pipeline/studio":  {"modules/imaging", "modules/pipeline", "modules/cutout", "modules/scene"},
	"modules/cutout":           {},
	"modules/scene":            {},
	"modules/score":            {},
	"modules/score/server":     {"modules/score", "modules/imaging", "modules/blob", "modules/scene"},
	"modules/sample":           {},
	"modules/job":              {"modules/pipeline", "modules/queue", "modules/blob", "modules/db", "modules/imaging"},
	"modules/export":           {"modules/queue", "modules/blob", "modules/imaging", "modules/db"},
	"modules/console":          {},
	"modules/api":              {"modules/job", "modules/export", "modules/billing", "modules/tenant", "modules/brand", "modules/db", "modules/pipeline"},
}

// everywhere may be imported by all.
var everywhere = []string{"modules/fault", "modules/telemetry", "modules/crashpoint"}

// outside bars libraries from where they don't belong.
var outside = map[string][]string{
	"github.com/labstack/echo/v4": {"modules/api", "modules/score/server"},
	"github.com/spf13/cobra":      {"app"},
	"C":                           {"modules/imaging"},
	"github.com/caarlos0/env/v11": {"config"},
	"github.com/rs/zerolog/log":   {},
}

func TestImportsPointOneWay(t *testing.T) {
	root := ".."
	err := filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := d.Name()
		if d.IsDir() && p != root && (strings.HasPrefix(name, ".") || name == "node_modules" || name == "testdata" || name == "bin") {
			return fs.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		rel, err := filepath.Rel(root, filepath.Dir(p))
		if err != nil {
			return err
		}
		check(t, p, filepath.ToSlash(rel))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func check(t *testing.T, file, dir string) {
	f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
	if err != nil {
		t.Fatal(err)
	}
	if strings.HasSuffix(dir, "test") { // packages of test support, such as dbtest
		return
	}
	row := rowOf(dir)
	if row == "" {
		t.Errorf("%s: package %s has no row in the table of allowed imports", file, dir)
		return
	}
	for _, imp := range f.Imports {
		what := strings.Trim(imp.Path.Value, `"`)
		if rows, barred := outside[what]; barred && !slices.Contains(rows, row) {
			t.Errorf("%s imports %s, which only %v may", file, what, rows)
		}
		own, ok := strings.CutPrefix(what, module+"/")
		if !ok || rowOf(own) == row || below(own, everywhere) && dir != "modules/fault" {
			continue
		}
		if !below(own, allowed[row]) {
			t.Errorf("%s imports %s; %s may import %v", file, own, row, allowed[row])
		}
	}
}

// rowOf returns the nearest row at or above a package's folder.
func rowOf(dir string) string {
	for d := dir; ; d = path.Dir(d) {
		if _, ok := allowed[d]; ok {
			return d
		}
		if d == "." || d == "/" {
			return ""
		}
	}
}

func below(dir string, roots []string) bool {
	return slices.ContainsFunc(roots, func(r string) bool { return dir == r || strings.HasPrefix(dir, r+"/") })
}

func TestTheTableNamesNothingThatIsGone(t *testing.T) {
	for dir := range allowed {
		if slices.Contains([]string{"modules/billing", "modules/webhook", "deploy", "ml"}, dir) {
			continue // may not hold Go yet
		}
		if _, err := os.Stat(filepath.Join("..", dir)); err != nil {
			t.Errorf("the table names %s: %v", dir, err)
		}
	}
}
