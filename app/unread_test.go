package app_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/opal-photo/opal/config"
)

// TestEverySettingIsRead finds settings that were added and lead nowhere: no code of app or
// config names their field, in their group.
func TestEverySettingIsRead(t *testing.T) {
	read := map[string]bool{}
	for _, pattern := range []string{"*.go", "../config/*.go"} {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			t.Fatal(pattern, err)
		}
		for _, path := range files {
			if strings.HasSuffix(path, "_test.go") {
				continue
			}
			src, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			maps.Copy(read, settingsRead(t, path, src))
		}
	}
	seen := 0
	var walk func(of reflect.Type, path, prefix string)
	walk = func(of reflect.Type, path, prefix string) {
		for f := range of.Fields() {
			name := path + f.Name
			_, setting := f.Tag.Lookup("env")
			if !setting && f.Type.Kind() == reflect.Struct { // a group; its field has its type's name
				walk(f.Type, name+".", prefix+f.Tag.Get("envPrefix"))
				continue
			}
			if !setting {
				continue
			}
			seen++
			if !read[name] {
				t.Errorf("no code reads the setting %s (config.Config.%s): hand it to its room in app/wire.go, or take it out", prefix+f.Tag.Get("env"), name)
			}
		}
	}
	walk(reflect.TypeFor[config.Config](), "", "")
	if seen < 50 {
		t.Errorf("only %d settings were found", seen)
	}
}

func TestSettingsAreReadByTheirGroup(t *testing.T) {
	for _, c := range []struct {
		name, src string
		want      []string
	}{
		{"of the whole", `func f(w *wire) { g(w.cfg.Cutout.Engine) }`, []string{"Cutout.Engine"}},
		{"of a parameter", `func f(c *config.Config) string { return c.Place.Engine }`, []string{"Place.Engine"}},
		{"of a function in a row", `var r = row{at: func(c *config.Config) string { return c.AML.EndpointURL }}`, []string{"AML.EndpointURL"}},
		{"of a group in a variable", `func f(w *wire) { s := w.cfg.Score; g(s.Key) }`, []string{"Score.Key"}},
		{"of a variable that changes", `func f(w *wire) { s := w.cfg.Score; g(s.Key); s2, s := 1, w.cfg.Place; g(s.Model, s2) }`, []string{"Place.Model", "Score.Key"}},
		{"of a group as parameter", `func f(s config.Storage) string { return s.Dir }`, []string{"Storage.Dir"}},
		{"of a group as receiver", `func (d *Database) f() string { return d.URL }`, []string{"Database.URL"}},
		{"of no group", `func f(w *wire) { g(w.cfg.PublicBaseURL) }`, []string{"PublicBaseURL"}},
		{"of something else", `func f(o Options) { g(o.Engine, o.URL) }`, nil},
		{"written alone", `func f(c *Config) { c.Place.Engine = "x" }`, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := slices.Sorted(maps.Keys(settingsRead(t, "a.go", []byte("package p\n"+c.src))))
			if d := cmp.Diff(c.want, got); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		})
	}
}

// settingsRead returns the settings that a file reads, such as "Cutout.Engine": fields of
// config.Config, of its groups, and of variables that hold a group.
func settingsRead(t *testing.T, path string, src []byte) map[string]bool {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), path, src, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	groups := map[string]bool{}
	tops := map[string]bool{}
	for field := range reflect.TypeFor[config.Config]().Fields() {
		_, setting := field.Tag.Lookup("env")
		tops[field.Name] = setting
		groups[field.Name] = !setting && field.Type.Kind() == reflect.Struct
	}
	read := map[string]bool{}
	for _, decl := range f.Decls {
		holds := map[string]string{} // a variable, and the group that it holds
		written := map[ast.Expr]bool{}
		ast.Inspect(decl, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.Field: // parameters and receivers
				for _, v := range n.Names {
					if holds[v.Name] = ""; groups[typeName(n.Type)] {
						holds[v.Name] = typeName(n.Type)
					}
				}
			case *ast.AssignStmt:
				for i, left := range n.Lhs {
					written[left] = true
					v, ok := left.(*ast.Ident)
					if !ok || len(n.Rhs) != len(n.Lhs) {
						continue
					}
					holds[v.Name] = ""
					if s, ok := n.Rhs[i].(*ast.SelectorExpr); ok && groups[s.Sel.Name] {
						holds[v.Name] = s.Sel.Name
					}
				}
			case *ast.SelectorExpr:
				if written[n] {
					break
				}
				switch x := n.X.(type) {
				case *ast.SelectorExpr:
					if groups[x.Sel.Name] {
						read[x.Sel.Name+"."+n.Sel.Name] = true
					}
				case *ast.Ident:
					if holds[x.Name] != "" {
						read[holds[x.Name]+"."+n.Sel.Name] = true
					}
				}
				if tops[n.Sel.Name] && ast.IsExported(n.Sel.Name) {
					read[n.Sel.Name] = true
				}
			}
			return true
		})
	}
	return read
}

// typeName returns the name of a type without its package and its star.
func typeName(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.StarExpr:
		return typeName(e.X)
	case *ast.SelectorExpr:
		return e.Sel.Name
	case *ast.Ident:
		return e.Name
	}
	return ""
}
