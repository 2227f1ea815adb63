package deploy

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// unwatched returns the folders of OPAL's that .ci/test compiles without the race detector's checks.
func unwatched(t *testing.T) (script string, dirs []string) {
	t.Helper()
	b, err := os.ReadFile("../.ci/test")
	if err != nil {
		t.Fatal(err)
	}
	list := regexp.MustCompile(`(?m)^unwatched='([^']+)'$`).FindSubmatch(b)
	if list == nil {
		t.Fatal(".ci/test has no list of unwatched packages")
	}
	for _, root := range strings.Fields(string(list[1])) {
		if err := filepath.WalkDir(filepath.Join("..", root), func(dir string, d fs.DirEntry, err error) error {
			if err != nil || !d.IsDir() {
				return err
			}
			if d.Name() == "node_modules" || d.Name() == "testdata" {
				return fs.SkipDir
			}
			dirs = append(dirs, dir)
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	return string(b), dirs
}

// TestEveryUnwatchedPackageRunsSideBySide holds .ci/test to its word: what it compiles without
// the race detector's checks and starts goroutines has a test that the second run finds.
func TestEveryUnwatchedPackageRunsSideBySide(t *testing.T) {
	script, dirs := unwatched(t)
	if !strings.Contains(script, "-run SideBySide $again") {
		t.Error(".ci/test does not run the tests named SideBySide")
	}
	concurrent := 0
	for _, dir := range dirs {
		if strings.HasSuffix(dir, "test") {
			continue // test support
		}
		starts, tested := goroutines(t, dir)
		if starts {
			concurrent++
		}
		if starts && !tested {
			t.Errorf("%s starts goroutines, is compiled without the race detector's checks and has no test named SideBySide", dir)
		}
	}
	if concurrent == 0 {
		t.Error("no package that starts goroutines was found")
	}
}

// TestUnwatchedPackagesShareNoGenericLocks keeps false races out. Go's linker keeps one copy of
// a generic function for all packages; of one that synchronises it may be the copy without the
// detector's checks, and then the packages that have them look as if they raced.
func TestUnwatchedPackagesShareNoGenericLocks(t *testing.T) {
	_, dirs := unwatched(t)
	files := 0
	for _, dir := range dirs {
		paths, err := filepath.Glob(filepath.Join(dir, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range paths {
			src, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			files++
			for _, found := range genericLocks(t, path, src) {
				t.Errorf("%s: %s; .ci/test compiles this package without the detector's checks: use sync.Once or sync.Mutex with a variable", dir, found)
			}
		}
	}
	if files < 50 {
		t.Errorf("only %d files were read", files)
	}
}

func TestGenericLocksAreFound(t *testing.T) {
	for _, c := range []struct {
		name, src string
		want      int
	}{
		{"a value", `import "sync"; var f = sync.OnceValue(func() int { return 1 })`, 1},
		{"two values", `import "sync"; var f = sync.OnceValues(func() (int, error) { return 1, nil })`, 1},
		{"a map", `import "sync"; var m sync.Map`, 1},
		{"a pointer", `import "sync/atomic"; var p atomic.Pointer[int]`, 1},
		{"under another name", `import s "sync"; var f = s.OnceValue(func() int { return 1 })`, 1},
		{"a dot import", `import . "sync"; var f = OnceValue(func() int { return 1 })`, 1},
		{"what is not generic", `import ("sync"; "sync/atomic"); var o sync.Once; var m sync.Mutex; var n atomic.Int64; var f = sync.OnceFunc(func() {})`, 0},
		{"another's map", `import sync "example.com/other"; var m sync.Map`, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := genericLocks(t, "a.go", []byte("package p\n"+c.src)); len(got) != c.want {
				t.Errorf("found %v, want %d", got, c.want)
			}
		})
	}
}

// genericLocks returns the uses of the generic functions and types of sync and sync/atomic in a
// file, and dot imports of these packages.
func genericLocks(t *testing.T, path string, src []byte) (found []string) {
	t.Helper()
	generic := map[string][]string{"sync": {"OnceValue", "OnceValues", "Map"}, "sync/atomic": {"Pointer"}}
	f, err := parser.ParseFile(token.NewFileSet(), path, src, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	imported := map[string]string{} // name in the file: package
	for _, i := range f.Imports {
		pkg := strings.Trim(i.Path.Value, `"`)
		if generic[pkg] == nil {
			continue
		}
		name := pkg[strings.LastIndexByte(pkg, '/')+1:]
		if i.Name != nil {
			name = i.Name.Name
		}
		if name == "." {
			found = append(found, "a dot import of "+pkg)
		}
		imported[name] = pkg
	}
	ast.Inspect(f, func(n ast.Node) bool {
		if s, ok := n.(*ast.SelectorExpr); ok {
			if x, ok := s.X.(*ast.Ident); ok && slices.Contains(generic[imported[x.Name]], s.Sel.Name) {
				found = append(found, imported[x.Name]+"."+s.Sel.Name)
			}
		}
		return true
	})
	return found
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
