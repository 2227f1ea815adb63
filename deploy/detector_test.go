package deploy

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestEveryUnwatchedPackageRunsSideBySide holds .ci/test to its word: what it compiles without
// the race detector's checks and starts goroutines has a test that the second run finds.
func TestEveryUnwatchedPackageRunsSideBySide(t *testing.T) {
	script, err := os.ReadFile("../.ci/test")
	if err != nil {
		t.Fatal(err)
	}
	list := regexp.MustCompile(`(?m)^unwatched='([^']+)'$`).FindSubmatch(script)
	if list == nil {
		t.Fatal(".ci/test has no list of unwatched packages")
	}
	if !strings.Contains(string(script), "-run SideBySide $again") {
		t.Error(".ci/test does not run the tests named SideBySide")
	}
	concurrent := 0
	for _, root := range strings.Fields(string(list[1])) {
		if err := filepath.WalkDir(filepath.Join("..", root), func(dir string, d fs.DirEntry, err error) error {
			if err != nil || !d.IsDir() {
				return err
			}
			if d.Name() == "node_modules" || d.Name() == "testdata" {
				return fs.SkipDir
			}
			if strings.HasSuffix(d.Name(), "test") {
				return nil // test support
			}
			starts, tested := goroutines(t, dir)
			if starts {
				concurrent++
			}
			if starts && !tested {
				t.Errorf("%s starts goroutines, is compiled without the race detector's checks and has no test named SideBySide", dir)
			}
			return nil
		}); err != nil {
			t.Error(err)
		}
	}
	if concurrent == 0 {
		t.Error("no package that starts goroutines was found")
	}
}

// goroutines reports whether a package starts goroutines, and whether one of its tests is
// named SideBySide.
func goroutines(t *testing.T, dir string) (starts, tested bool) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range files {
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		test := strings.HasSuffix(path, "_test.go")
		ast.Inspect(f, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.FuncDecl:
				tested = tested || test && strings.HasPrefix(n.Name.Name, "Test") && strings.Contains(n.Name.Name, "SideBySide")
			case *ast.GoStmt:
				starts = starts || !test
			case *ast.SelectorExpr: // fault.Together, sync.WaitGroup.Go, errgroup.Group.Go
				starts = starts || !test && (n.Sel.Name == "Together" || n.Sel.Name == "Go")
			}
			return true
		})
	}
	return starts, tested
}
