package app_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/opal-photo/opal/config"
)

// TestEverySettingIsRead finds settings that were added and lead nowhere: no code of app or
// config names their field.
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
			f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			ast.Inspect(f, func(n ast.Node) bool {
				if s, ok := n.(*ast.SelectorExpr); ok {
					read[s.Sel.Name] = true
				}
				return true
			})
		}
	}
	seen := 0
	var walk func(of reflect.Type, path string)
	walk = func(of reflect.Type, path string) {
		for f := range of.Fields() {
			name := path + f.Name
			_, setting := f.Tag.Lookup("env")
			if !setting && f.Type.Kind() == reflect.Struct {
				walk(f.Type, name+".")
				continue
			}
			if !setting {
				continue
			}
			seen++
			if !read[f.Name] {
				t.Errorf("no code reads the setting %s (config.Config.%s): hand it to its room in app/wire.go, or take it out", f.Tag.Get("env"), name)
			}
		}
	}
	walk(reflect.TypeFor[config.Config](), "")
	if seen < 50 {
		t.Errorf("only %d settings were found", seen)
	}
}
