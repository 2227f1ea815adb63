package bicep

import (
	"fmt"
	"maps"
	"path/filepath"
	"strings"
)

// evalError unwinds an evaluation.
type evalError string

// scope is a file that is being evaluated.
type scope struct {
	plan  *Plan
	path  string
	decls map[string]declaration
	given map[string]any
	done  map[string]any
	busy  map[string]bool
	depth int
}

func newScope(p *Plan, path string, all []declaration, given map[string]any) *scope {
	e := &scope{plan: p, path: path, decls: map[string]declaration{}, given: given, done: map[string]any{}, busy: map[string]bool{}}
	for _, d := range all {
		if d.name != "" && d.kind != "output" {
			e.decls[d.name] = d
		}
	}
	return e
}

func (e *scope) guard(f func()) (err error) {
	defer func() {
		if r := recover(); r != nil {
			s, ok := r.(evalError)
			if !ok {
				panic(r)
			}
			err = fmt.Errorf("%s", string(s))
		}
	}()
	f()
	return nil
}

func (e *scope) fail(line int, format string, args ...any) {
	panic(evalError(fmt.Sprintf("%s:%d: %s", e.path, line, fmt.Sprintf(format, args...))))
}

// ref is a resource or module as expressions see it. Members that the file does not
// set are unknown text.
type ref struct {
	symbol string
	fields map[string]any
}

// unknown returns the text that stands for a value only Azure knows.
func unknown(path string) string { return "<" + path + ">" }

func isUnknown(v any) bool {
	s, ok := v.(string)
	return ok && strings.HasPrefix(s, "<") && strings.HasSuffix(s, ">")
}

// lookup evaluates a declaration, once.
func (e *scope) lookup(name string, line int) any {
	if v, ok := e.done[name]; ok {
		return v
	}
	d, ok := e.decls[name]
	if !ok {
		e.fail(line, "%s is not declared", name)
	}
	if e.busy[name] {
		e.fail(line, "%s needs itself", name)
	}
	e.busy[name] = true
	var v any
	switch d.kind {
	case "param":
		v = e.param(d)
	case "var":
		v = e.eval(d.value, nil)
	case "resource":
		v = e.instances(d, d.value, nil, e.resource)
	case "module":
		v = e.instances(d, d.value, nil, e.module)
	}
	e.done[name] = v
	return v
}

func (e *scope) param(d declaration) any {
	v, ok := e.given[d.name]
	switch {
	case ok:
	case d.value != nil:
		v = e.eval(d.value, nil)
	case strings.HasSuffix(d.typ, "?"):
		return nil
	default:
		e.fail(d.line, "parameter %s is not given", d.name)
	}
	e.checkParam(d, v)
	return v
}

// instances makes what a declaration declares: none, one, or one for each
// element of a loop.
func (e *scope) instances(d declaration, x expression, vars map[string]any, make func(declaration, object, map[string]any) any) any {
	switch x := x.(type) {
	case conditional:
		if cond, ok := e.eval(x.condition, vars).(bool); !ok {
			e.fail(x.line(), "the condition of %s is not known before the deployment", d.name)
		} else if !cond {
			return &ref{symbol: d.name}
		}
		return e.instances(d, x.body, vars, make)
	case loop:
		var all []any
		e.each(x, vars, func(inner map[string]any) { all = append(all, e.instances(d, x.body, inner, make)) })
		return all
	case object:
		return make(d, x, vars)
	}
	e.fail(x.line(), "%s %s is no object", d.kind, d.name)
	return nil
}

// each runs a loop's body with its variables.
func (e *scope) each(f loop, vars map[string]any, body func(map[string]any)) {
	list, ok := e.eval(f.in, vars).([]any)
	if !ok {
		e.fail(f.line(), "the loop is not over an array")
	}
	for i, item := range list {
		inner := maps.Clone(vars)
		if inner == nil {
			inner = map[string]any{}
		}
		inner[f.item] = item
		if f.index != "" {
			inner[f.index] = int64(i)
		}
		body(inner)
	}
}

func (e *scope) resource(d declaration, o object, vars map[string]any) any {
	typ, version, ok := strings.Cut(d.typ, "@")
	if !ok {
		e.fail(d.line, "resource %s has no @version", d.name)
	}
	r := &Resource{Symbol: d.name, Type: typ, APIVersion: version, File: e.path, Line: d.line, Existing: d.existing, Body: map[string]any{}}
	e.plan.Resources = append(e.plan.Resources, r)
	for _, p := range o.props {
		key := p.key.parts[0]
		v := e.eval(p.value, vars)
		switch key {
		case "parent", "scope":
			at, ok := v.(*ref)
			if !ok {
				e.fail(p.line, "%s of %s is no resource", key, d.name)
			}
			if key == "scope" {
				r.Scope, _ = at.fields["id"].(string)
				continue
			}
			r.Name, _ = at.fields["name"].(string)
		case "dependsOn":
			for _, before := range p.value.(array).items {
				if n, ok := before.(name); ok {
					r.After = append(r.After, n.name)
				}
			}
		default:
			r.Body[key] = plain(v)
		}
	}
	name, ok := r.Body["name"].(string)
	if !ok {
		e.fail(d.line, "resource %s has no name", d.name)
	}
	if r.Name != "" {
		name = r.Name + "/" + name
	}
	r.Name = name
	r.ID = "/subscriptions/SUB/resourceGroups/RG/providers/" + typ + "/" + name
	fields := maps.Clone(r.Body)
	fields["id"], fields["name"], fields["type"], fields["apiVersion"] = r.ID, name, typ, version
	return &ref{symbol: d.name, fields: fields}
}

func (e *scope) module(d declaration, o object, vars map[string]any) any {
	params := map[string]any{}
	for _, p := range o.props {
		switch key := p.key.parts[0]; key {
		case "params":
			params, _ = e.eval(p.value, vars).(map[string]any)
		case "name", "scope", "dependsOn":
			e.eval(p.value, vars)
		default:
			e.fail(p.line, "a module has no property %s", key)
		}
	}
	out, err := e.plan.run(filepath.Join(filepath.Dir(e.path), d.typ), params, e.depth+1)
	if err != nil {
		e.fail(d.line, "module %s: %v", d.name, err)
	}
	return &ref{symbol: d.name, fields: map[string]any{"outputs": out}}
}

// plain turns references into values: a resource becomes its fields.
func plain(v any) any {
	if r, ok := v.(*ref); ok {
		return r.fields
	}
	return v
}

// eval evaluates an expression. vars are the variables of loops and lambdas.
func (e *scope) eval(x expression, vars map[string]any) any {
	switch x := x.(type) {
	case text:
		return e.text(x, vars)
	case number:
		return x.value
	case name:
		return e.ident(x, vars)
	case object:
		return e.object(x, vars)
	case array:
		return e.array(x, vars)
	case call:
		return e.call(x, vars)
	case member:
		return e.member(x, e.eval(x.of, vars))
	case index:
		return e.index(x, vars)
	case binary:
		return e.binary(x, vars)
	case unary:
		switch v := e.eval(x.x, vars).(type) {
		case bool:
			return !v
		case int64:
			return -v
		}
		e.fail(x.line(), "%s is not for this value", x.op)
	case ternary:
		cond, ok := e.eval(x.condition, vars).(bool)
		if !ok {
			e.fail(x.line(), "the condition is no bool")
		}
		if cond {
			return e.eval(x.then, vars)
		}
		return e.eval(x.otherwise, vars)
	case loop:
		out := []any{}
		e.each(x, vars, func(inner map[string]any) { out = append(out, plain(e.eval(x.body, inner))) })
		return out
	}
	e.fail(x.line(), "not understood here")
	return nil
}

func (e *scope) text(x text, vars map[string]any) any {
	var b strings.Builder
	for i, part := range x.parts {
		b.WriteString(part)
		if i < len(x.exprs) {
			switch v := e.eval(x.exprs[i], vars).(type) {
			case string, int64, bool:
				fmt.Fprint(&b, v)
			default:
				e.fail(x.line(), "${} holds no text")
			}
		}
	}
	return b.String()
}

func (e *scope) ident(x name, vars map[string]any) any {
	if v, ok := vars[x.name]; ok {
		return v
	}
	switch x.name {
	case "true":
		return true
	case "false":
		return false
	case "null":
		return nil
	}
	return e.lookup(x.name, x.line())
}

func (e *scope) object(x object, vars map[string]any) any {
	m := map[string]any{}
	for _, p := range x.props {
		m[e.text(p.key, vars).(string)] = plain(e.eval(p.value, vars))
	}
	return m
}

func (e *scope) array(x array, vars map[string]any) any {
	out := []any{}
	for _, item := range x.items {
		out = append(out, plain(e.eval(item, vars)))
	}
	return out
}

func (e *scope) member(x member, v any) any {
	switch v := v.(type) {
	case *ref:
		f, ok := v.fields[x.name]
		if m, isMap := f.(map[string]any); isMap && x.name != "outputs" {
			return &ref{symbol: v.symbol + "." + x.name, fields: m}
		}
		if !ok {
			return unknown(v.symbol + "." + x.name)
		}
		return f
	case map[string]any:
		if f, ok := v[x.name]; ok {
			return f
		}
	case string:
		if isUnknown(v) {
			return unknown(strings.Trim(v, "<>") + "." + x.name)
		}
	}
	e.fail(x.line(), "%v has no property %s", v, x.name)
	return nil
}

func (e *scope) index(x index, vars map[string]any) any {
	list, ok := e.eval(x.of, vars).([]any)
	i, isNumber := e.eval(x.index, vars).(int64)
	if !ok || !isNumber || i < 0 || int(i) >= len(list) {
		e.fail(x.line(), "there is no such element")
	}
	return list[i]
}

func (e *scope) binary(x binary, vars map[string]any) any {
	a := e.eval(x.x, vars)
	if x.op == "&&" && a == false || x.op == "||" && a == true {
		return a // the right side only when it counts
	}
	b := e.eval(x.y, vars)
	switch x.op {
	case "&&", "||":
		return b
	case "==":
		return fmt.Sprint(a) == fmt.Sprint(b)
	case "!=":
		return fmt.Sprint(a) != fmt.Sprint(b)
	}
	m, ok := a.(int64)
	n, ok2 := b.(int64)
	if !ok || !ok2 || n == 0 && (x.op == "/" || x.op == "%") {
		e.fail(x.line(), "%s can't be had of %v and %v", x.op, a, b)
	}
	switch x.op {
	case "<":
		return m < n
	case ">":
		return m > n
	case "<=":
		return m <= n
	case ">=":
		return m >= n
	case "+":
		return m + n
	case "-":
		return m - n
	case "*":
		return m * n
	case "/":
		return m / n
	}
	return m % n
}
