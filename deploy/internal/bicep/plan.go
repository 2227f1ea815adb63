package bicep

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
)

// Resource describes a resource that a deployment would make, or an existing one
// that it looks up.
type Resource struct {
	Type, APIVersion string
	Name             string // a child's begins with its parent's: parent/child
	ID               string
	Scope            string // of an extension resource: the ID of what it extends
	File             string
	Line             int
	Existing         bool
	Body             map[string]any
}

// String names the resource and where it is declared.
func (r *Resource) String() string {
	return fmt.Sprintf("%s:%d: %s %s", r.File, r.Line, r.Type, r.Name)
}

// Get reads a value of the body by its path, nil when it is not there:
// r.Get("properties", "sku", "name").
func (r *Resource) Get(path ...string) any {
	var v any = r.Body
	for _, p := range path {
		m, ok := v.(map[string]any)
		if !ok {
			return nil
		}
		v = m[p]
	}
	return v
}

// Plan holds what a deployment would make. Values that only Azure knows are text
// in angle brackets: <vault.properties.vaultUri>.
type Plan struct {
	Resources []*Resource
	Outputs   map[string]any
}

// Find returns the resources of a type.
func (p *Plan) Find(typ string) []*Resource {
	var out []*Resource
	for _, r := range p.Resources {
		if strings.EqualFold(r.Type, typ) && !r.Existing {
			out = append(out, r)
		}
	}
	return out
}

// Evaluate evaluates a file and its modules with parameters. Values are string,
// int64, bool, nil, []any and map[string]any.
func Evaluate(path string, params map[string]any) (*Plan, error) {
	f, err := Load(path)
	if err != nil {
		return nil, err
	}
	p := &Plan{}
	out, err := p.run(f, params, 0)
	if err != nil {
		return nil, err
	}
	p.Outputs = out
	return p, nil
}

// EvaluateWith evaluates the file that a .bicepparam file names, with its
// parameters. Parameters in over replace them.
func EvaluateWith(paramFile string, over map[string]any) (*Plan, error) {
	f, err := Load(paramFile)
	if err != nil {
		return nil, err
	}
	e := newScope(&Plan{}, f, nil)
	var main string
	params := map[string]any{}
	err = e.guard(func() {
		for _, d := range f.Decls {
			switch d.Kind {
			case "using":
				main, _ = e.eval(d.Value, nil).(string)
			case "param": // a name and a value; such a file has no types
				params[d.Name] = e.eval(d.Value, nil)
			}
		}
	})
	if err != nil {
		return nil, err
	}
	for k, v := range over {
		params[k] = v
	}
	if main == "" {
		return nil, fmt.Errorf("%s: no \"using\"", paramFile)
	}
	return Evaluate(filepath.Join(filepath.Dir(paramFile), main), params)
}

// maxModules bounds how deep modules lie in modules.
const maxModules = 8

// run evaluates one file and returns its outputs.
func (p *Plan) run(f *File, given map[string]any, depth int) (map[string]any, error) {
	if depth > maxModules {
		return nil, fmt.Errorf("%s: modules lie too deep in modules", f.Path)
	}
	e := newScope(p, f, given)
	e.depth = depth
	outputs := map[string]any{}
	err := e.guard(func() {
		for name := range given {
			if d, ok := e.decls[name]; !ok || d.Kind != "param" {
				panic(evalError(fmt.Sprintf("%s takes no parameter %s", f.Path, name)))
			}
		}
		for _, d := range f.Decls {
			switch d.Kind {
			case "param", "var", "resource", "module":
				e.lookup(d.Name, d.Line)
			case "output":
				outputs[d.Name] = plain(e.eval(d.Value, nil))
			}
		}
	})
	return outputs, err
}

// checkParam checks a parameter's value against its declaration.
func (e *scope) checkParam(d Decl, v any) {
	ok := true
	switch strings.TrimSuffix(d.Type, "?") {
	case "string":
		_, ok = v.(string)
	case "int":
		_, ok = v.(int64)
	case "bool":
		_, ok = v.(bool)
	case "array":
		_, ok = v.([]any)
	case "object":
		_, ok = v.(map[string]any)
	default:
		if strings.HasSuffix(d.Type, "[]") {
			_, ok = v.([]any)
		} else if strings.HasPrefix(d.Type, "'") {
			s, isString := v.(string)
			ok = isString && slices.Contains(strings.Split(d.Type, "|"), "'"+s+"'")
		}
	}
	if !ok && !(v == nil && strings.HasSuffix(d.Type, "?")) {
		e.fail(d.Line, "parameter %s must be %s, not %v", d.Name, d.Type, v)
	}
	if args, has := d.Decorator("allowed"); has {
		list, _ := e.eval(args[0], nil).([]any)
		if !slices.Contains(list, v) {
			e.fail(d.Line, "parameter %s must be one of %v, not %v", d.Name, list, v)
		}
	}
	size := -1
	switch v := v.(type) {
	case string:
		size = len(v)
	case []any:
		size = len(v)
	}
	for name, bad := range map[string]func(n int) bool{
		"minLength": func(n int) bool { return size < n }, "maxLength": func(n int) bool { return size > n },
	} {
		if args, has := d.Decorator(name); has && size >= 0 {
			if n, ok := e.eval(args[0], nil).(int64); ok && bad(int(n)) {
				e.fail(d.Line, "parameter %s is %d long: @%s(%d)", d.Name, size, name, n)
			}
		}
	}
}
