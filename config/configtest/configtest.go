// Package configtest reads the code of app and config for tests: which settings it uses,
// and which of them the code of one role reaches.
package configtest

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"github.com/opal-photo/opal/config"
)

// Code holds, for each declaration of the packages, the settings that it reads and the
// declarations that it names. Declarations of one name are one: methods go by their name
// alone, so that too much is reached and never too little.
type Code struct {
	reads map[string]map[string]bool
	names map[string]map[string]bool
	roles map[string][]string // a role's command, and the variables of its parts
}

// Read parses app and config below the repository's root, without their tests.
func Read(root string) (*Code, error) {
	c := newCode()
	for _, dir := range []string{"app", "config"} {
		files, err := filepath.Glob(filepath.Join(root, dir, "*.go"))
		if err != nil {
			return nil, err
		}
		if len(files) == 0 {
			return nil, fmt.Errorf("there is no Go file in %s", filepath.Join(root, dir))
		}
		for _, path := range files {
			if strings.HasSuffix(path, "_test.go") {
				continue
			}
			src, err := os.ReadFile(path)
			if err != nil {
				return nil, err
			}
			if err := c.file(path, src); err != nil {
				return nil, err
			}
		}
	}
	return c, nil
}

func newCode() *Code {
	return &Code{reads: map[string]map[string]bool{}, names: map[string]map[string]bool{}, roles: map[string][]string{}}
}

// All returns the settings that any code reads, by the names of their environment
// variables, sorted.
func (c *Code) All() []string {
	all := map[string]bool{}
	for _, of := range c.reads {
		maps.Copy(all, of)
	}
	return slices.Sorted(maps.Keys(all))
}

// Roles returns the commands of the roles, sorted.
func (c *Code) Roles() []string { return slices.Sorted(maps.Keys(c.roles)) }

// everyRole is what each role runs beside its parts.
var everyRole = []string{"run", "loadFrom"}

// Role returns the settings that a role's code reaches, sorted; nil: there is no such role.
// What only checks that settings are there does not count.
func (c *Code) Role(command string) []string {
	parts, ok := c.roles[command]
	if !ok {
		return nil
	}
	return c.From(append(slices.Clone(everyRole), parts...)...)
}

// Command returns the settings that the code of commands reaches, by the names of the
// functions that make them, sorted.
func (c *Code) Command(functions ...string) []string {
	return c.From(append(slices.Clone(everyRole), functions...)...)
}

// checks are declarations that look at settings for others, which use them.
var checks = []string{"Validate", "production", "CheckEngines", "normalise", "roles", "commands", "command"}

// From returns the settings that declarations reach, sorted.
func (c *Code) From(names ...string) []string {
	found, seen := map[string]bool{}, map[string]bool{}
	for len(names) > 0 {
		name := names[0]
		names = names[1:]
		if seen[name] || slices.Contains(checks, name) {
			continue
		}
		seen[name] = true
		maps.Copy(found, c.reads[name])
		for next := range c.names[name] {
			if c.names[next] != nil { // it is declared here
				names = append(names, next)
			}
		}
	}
	return slices.Sorted(maps.Keys(found))
}

// file adds the declarations of one file.
func (c *Code) file(path string, src []byte) error {
	f, err := parser.ParseFile(token.NewFileSet(), path, src, parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	for _, decl := range f.Decls {
		switch d := decl.(type) {
		case *ast.FuncDecl:
			c.add(d.Name.Name, d)
		case *ast.GenDecl:
			for _, s := range d.Specs {
				v, ok := s.(*ast.ValueSpec)
				if !ok || d.Tok != token.VAR {
					continue
				}
				for _, n := range v.Names {
					if n.Name == "roles" {
						c.rolesOf(v)
					}
					c.add(n.Name, v)
				}
			}
		}
	}
	return nil
}

func (c *Code) add(name string, decl ast.Node) {
	if name == "_" { // a value that nobody gets
		return
	}
	if c.reads[name] == nil {
		c.reads[name], c.names[name] = map[string]bool{}, map[string]bool{}
	}
	fields := map[string]bool{}
	r := reader{read: fields, names: c.names[name], holds: map[string]string{}, carries: map[string]string{}, passed: map[ast.Node]bool{}}
	ast.Inspect(decl, r.visit)
	for f := range fields {
		if env := settings[f]; env != "" {
			c.reads[name][env] = true
		}
	}
}

// rolesOf reads the table of roles: each one's name and parts.
func (c *Code) rolesOf(v *ast.ValueSpec) {
	ast.Inspect(v, func(n ast.Node) bool {
		lit, ok := n.(*ast.CompositeLit)
		if !ok {
			return true
		}
		var name string
		var parts []string
		for _, e := range lit.Elts {
			kv, ok := e.(*ast.KeyValueExpr)
			if !ok {
				continue
			}
			key, _ := kv.Key.(*ast.Ident)
			switch value := kv.Value.(type) {
			case *ast.BasicLit:
				if key != nil && key.Name == "name" {
					name = strings.Trim(value.Value, `"`)
				}
			case *ast.CompositeLit:
				for _, p := range value.Elts {
					if id, ok := p.(*ast.Ident); ok && key != nil && key.Name == "parts" {
						parts = append(parts, id.Name)
					}
				}
			}
		}
		if name != "" && parts != nil {
			c.roles[name] = parts
		}
		return true
	})
}

// settings are the environment variables of settings by their field, such as
// Cutout.Engine; groups are the fields that hold several.
var settings, groups = fields()

func fields() (map[string]string, map[string]bool) {
	of, groups := map[string]string{}, map[string]bool{}
	var walk func(t reflect.Type, path, prefix string)
	walk = func(t reflect.Type, path, prefix string) {
		for f := range t.Fields() {
			if env, ok := f.Tag.Lookup("env"); ok {
				of[path+f.Name] = prefix + env
			} else if f.Type.Kind() == reflect.Struct { // a group; its field has its type's name
				groups[f.Name] = true
				walk(f.Type, path+f.Name+".", prefix+f.Tag.Get("envPrefix"))
			}
		}
	}
	walk(reflect.TypeFor[config.Config](), "", "")
	return of, groups
}

// reader finds in one declaration the fields that are read and the names that are used.
type reader struct {
	read, names map[string]bool
	holds       map[string]string // a variable, and the group that it holds
	carries     map[string]string // a variable, and the setting whose value it has
	passed      map[ast.Node]bool // expressions that are written to, or whose value nobody gets
}

func (r *reader) visit(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.Field: // parameters and receivers
		for _, v := range n.Names {
			r.hold(v.Name, typeName(n.Type), "")
		}
	case *ast.ValueSpec:
		left := make([]ast.Expr, len(n.Names))
		for i, v := range n.Names {
			left[i] = v
		}
		r.assign(left, n.Values)
	case *ast.AssignStmt:
		if n.Tok == token.ASSIGN || n.Tok == token.DEFINE {
			r.assign(n.Lhs, n.Rhs)
		}
	case *ast.SelectorExpr:
		r.names[n.Sel.Name] = true
		if field := r.field(n); field != "" && !r.passed[n] {
			r.read[field] = true
		}
	case *ast.Ident:
		r.names[n.Name] = true
		if !r.passed[n] && r.carries[n.Name] != "" {
			r.read[r.carries[n.Name]] = true
		}
	}
	return true
}

// assign follows groups and settings into variables, and passes over what is written to
// and what goes to the blank identifier.
func (r *reader) assign(left, right []ast.Expr) {
	for i, to := range left {
		r.passed[to] = true
		v, ok := to.(*ast.Ident)
		if !ok || len(left) != len(right) {
			continue
		}
		from := right[i]
		field := r.field(from)
		switch {
		case v.Name == "_":
			r.passed[from] = true
		case settings[field] != "":
			r.passed[from] = true
			r.hold(v.Name, "", field)
		default:
			r.hold(v.Name, selected(from), "")
		}
	}
}

func (r *reader) hold(variable, group, setting string) {
	r.holds[variable], r.carries[variable] = "", setting
	if groups[group] {
		r.holds[variable] = group
	}
}

// field returns the setting that an expression reads, such as "Cutout.Engine", or "".
func (r *reader) field(e ast.Expr) string {
	s, ok := e.(*ast.SelectorExpr)
	if !ok {
		return ""
	}
	group := selected(s.X)
	if v, ok := s.X.(*ast.Ident); ok {
		group = r.holds[v.Name]
	}
	if name := group + "." + s.Sel.Name; settings[name] != "" {
		return name
	}
	if settings[s.Sel.Name] != "" { // one of no group
		return s.Sel.Name
	}
	return ""
}

// selected returns the name of the field that an expression ends with.
func selected(e ast.Expr) string {
	if s, ok := e.(*ast.SelectorExpr); ok {
		return s.Sel.Name
	}
	return ""
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
