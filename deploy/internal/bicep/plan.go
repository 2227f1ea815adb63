package bicep

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
)

// Resource describes a resource that a deployment would make, or an existing one
// that it looks up.
type Resource struct {
	Type, APIVersion string
	Symbol           string   // its name in the file
	After            []string // the symbols that it waits for, of those named by dependsOn
	Name             string   // a child's begins with its parent's: parent/child
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
	p := &Plan{}
	var err error
	p.Outputs, err = p.run(path, params, 0)
	return p, err
}

// EvaluateWith evaluates the file that a .bicepparam file names, with its
// parameters. Parameters in over replace them.
func EvaluateWith(paramFile string, over map[string]any) (*Plan, error) {
	declared, err := load(paramFile)
	if err != nil {
		return nil, err
	}
	e := newScope(&Plan{}, paramFile, declared, nil)
	main, params := "", map[string]any{}
	err = e.guard(func() {
		for _, d := range declared {
			switch d.kind {
			case "using":
				main, _ = e.eval(d.value, nil).(string)
			case "param": // a name and a value; such a file has no types
				params[d.name] = e.eval(d.value, nil)
			}
		}
	})
	if err != nil {
		return nil, err
	}
	maps.Copy(params, over)
	return Evaluate(filepath.Join(filepath.Dir(paramFile), main), params)
}

// maxModules bounds how deep modules lie in modules.
const maxModules = 8

// run evaluates one file and returns its outputs.
func (p *Plan) run(path string, given map[string]any, depth int) (map[string]any, error) {
	declared, err := load(path)
	if err != nil || depth > maxModules {
		return nil, fmt.Errorf("%s, module in module %d: %w", path, depth, err)
	}
	e := newScope(p, path, declared, given)
	e.depth = depth
	outputs := map[string]any{}
	return outputs, e.guard(func() {
		for name := range given {
			if e.decls[name].kind != "param" {
				panic(evalError(fmt.Sprintf("%s takes no parameter %s", path, name)))
			}
		}
		for _, d := range declared {
			switch d.kind {
			case "param", "var", "resource", "module":
				e.lookup(d.name, d.line)
			case "output":
				outputs[d.name] = plain(e.eval(d.value, nil))
			}
		}
	})
}

// isOf reports whether a value is of a type.
func isOf(typ string, v any) (ok bool) {
	switch typ {
	case "string":
		_, ok = v.(string)
	case "int":
		_, ok = v.(int64)
	case "bool":
		_, ok = v.(bool)
	case "object":
		_, ok = v.(map[string]any)
	case "array", "string[]":
		_, ok = v.([]any)
	}
	return ok
}

// checkFields checks an object against its declared type.
func (e *scope) checkFields(d declaration, object map[string]any) {
	for _, f := range d.fields {
		v, has := object[f.name]
		word, isText := v.(string)
		switch {
		case !has && !f.optional:
			e.fail(d.line, "parameter %s lacks %s", d.name, f.name)
		case has && f.texts != nil && !(isText && slices.Contains(f.texts, word)):
			e.fail(d.line, "parameter %s: %s must be one of %v, not %v", d.name, f.name, f.texts, v)
		case has && f.texts == nil && !isOf(f.kind, v):
			e.fail(d.line, "parameter %s: %s must be %s, not %v", d.name, f.name, f.kind, v)
		}
	}
	for name := range object {
		if !slices.ContainsFunc(d.fields, func(f field) bool { return f.name == name }) {
			e.fail(d.line, "parameter %s has no %s", d.name, name)
		}
	}
}

// checkParam checks a parameter's value against its declaration.
func (e *scope) checkParam(d declaration, v any) {
	if !isOf(d.typ, v) {
		e.fail(d.line, "parameter %s must be %s, not %v", d.name, d.typ, v)
	}
	if d.fields != nil {
		e.checkFields(d, v.(map[string]any))
	}
	if args, has := d.decorator("allowed"); has {
		if list, _ := e.eval(args[0], nil).([]any); !slices.Contains(list, v) {
			e.fail(d.line, "parameter %s must be one of %v, not %v", d.name, list, v)
		}
	}
	for name, bad := range map[string]func(n int) bool{
		"minLength": func(n int) bool { return size(v) < n }, "maxLength": func(n int) bool { return size(v) > n },
	} {
		if args, has := d.decorator(name); has {
			if n, ok := e.eval(args[0], nil).(int64); ok && bad(int(n)) {
				e.fail(d.line, "parameter %s is %d long: @%s(%d)", d.name, size(v), name, n)
			}
		}
	}
}
