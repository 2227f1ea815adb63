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
	file  *File
	decls map[string]Decl
	given map[string]any
	done  map[string]any
	busy  map[string]bool
	depth int
}

func newScope(p *Plan, f *File, given map[string]any) *scope {
	e := &scope{plan: p, file: f, decls: map[string]Decl{}, given: given, done: map[string]any{}, busy: map[string]bool{}}
	for _, d := range f.Decls {
		if d.Name != "" && d.Kind != "output" && d.Kind != "metadata" {
			e.decls[d.Name] = d
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
	panic(evalError(fmt.Sprintf("%s:%d: %s", e.file.Path, line, fmt.Sprintf(format, args...))))
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
	switch d.Kind {
	case "param":
		v = e.param(d)
	case "var":
		v = e.eval(d.Value, nil)
	case "resource":
		v = e.instances(d, d.Value, nil, e.resource)
	case "module":
		v = e.instances(d, d.Value, nil, e.module)
	}
	e.done[name] = v
	return v
}

func (e *scope) param(d Decl) any {
	v, ok := e.given[d.Name]
	switch {
	case ok:
	case d.Value != nil:
		v = e.eval(d.Value, nil)
	case strings.HasSuffix(d.Type, "?"):
		return nil
	default:
		e.fail(d.Line, "parameter %s is not given", d.Name)
	}
	e.checkParam(d, v)
	return v
}

// instances makes what a declaration declares: none, one, or one for each
// element of a loop.
func (e *scope) instances(d Decl, x Expr, vars map[string]any, make func(Decl, Object, map[string]any) any) any {
	switch x := x.(type) {
	case If:
		if cond, ok := e.eval(x.Cond, vars).(bool); !ok {
			e.fail(x.line(), "the condition of %s is not known before the deployment", d.Name)
		} else if !cond {
			return &ref{symbol: d.Name}
		}
		return e.instances(d, x.Body, vars, make)
	case For:
		var all []any
		e.each(x, vars, func(inner map[string]any) { all = append(all, e.instances(d, x.Body, inner, make)) })
		return all
	case Object:
		return make(d, x, vars)
	}
	e.fail(x.line(), "%s %s is no object", d.Kind, d.Name)
	return nil
}

// each runs a loop's body with its variables.
func (e *scope) each(f For, vars map[string]any, body func(map[string]any)) {
	list, ok := e.eval(f.In, vars).([]any)
	if !ok {
		e.fail(f.line(), "the loop is not over an array")
	}
	for i, item := range list {
		inner := maps.Clone(vars)
		if inner == nil {
			inner = map[string]any{}
		}
		inner[f.Item] = item
		if f.Index != "" {
			inner[f.Index] = int64(i)
		}
		body(inner)
	}
}

func (e *scope) resource(d Decl, o Object, vars map[string]any) any {
	typ, version, ok := strings.Cut(d.Type, "@")
	if !ok {
		e.fail(d.Line, "resource %s has no @version", d.Name)
	}
	r := &Resource{Type: typ, APIVersion: version, File: e.file.Path, Line: d.Line, Existing: d.Existing, Body: map[string]any{}}
	e.plan.Resources = append(e.plan.Resources, r)
	for _, p := range o.Props {
		if p.Spread {
			e.fail(p.Line, "a resource's properties are written out")
		}
		key := p.Key.(String).Parts[0]
		v := e.eval(p.Value, vars)
		switch key {
		case "parent", "scope":
			at, ok := v.(*ref)
			if !ok {
				e.fail(p.Line, "%s of %s is no resource", key, d.Name)
			}
			if key == "scope" {
				r.Scope, _ = at.fields["id"].(string)
				continue
			}
			r.Name, _ = at.fields["name"].(string)
		case "dependsOn":
		default:
			r.Body[key] = plain(v)
		}
	}
	name, ok := r.Body["name"].(string)
	if !ok {
		e.fail(d.Line, "resource %s has no name", d.Name)
	}
	if r.Name != "" {
		name = r.Name + "/" + name
	}
	r.Name = name
	r.ID = "/subscriptions/SUB/resourceGroups/RG/providers/" + typ + "/" + name
	fields := maps.Clone(r.Body)
	fields["id"], fields["name"], fields["type"], fields["apiVersion"] = r.ID, name, typ, version
	return &ref{symbol: d.Name, fields: fields}
}

func (e *scope) module(d Decl, o Object, vars map[string]any) any {
	params := map[string]any{}
	for _, p := range o.Props {
		switch key := p.Key.(String).Parts[0]; key {
		case "params":
			m, ok := plain(e.eval(p.Value, vars)).(map[string]any)
			if !ok {
				e.fail(p.Line, "params of %s is no object", d.Name)
			}
			params = m
		case "name", "scope", "dependsOn":
			e.eval(p.Value, vars)
		default:
			e.fail(p.Line, "a module has no property %s", key)
		}
	}
	f, err := Load(filepath.Join(filepath.Dir(e.file.Path), d.Type))
	if err != nil {
		e.fail(d.Line, "module %s: %v", d.Name, err)
	}
	out, err := e.plan.run(f, params, e.depth+1)
	if err != nil {
		e.fail(d.Line, "module %s: %v", d.Name, err)
	}
	return &ref{symbol: d.Name, fields: map[string]any{"name": d.Name, "outputs": closed(out)}}
}

// closed marks a map whose members are all known: a module's outputs.
type closed map[string]any

// plain turns references into values: a resource becomes its fields.
func plain(v any) any {
	switch v := v.(type) {
	case *ref:
		return v.fields
	case closed:
		return map[string]any(v)
	}
	return v
}

// eval evaluates an expression. vars are the variables of loops and lambdas.
func (e *scope) eval(x Expr, vars map[string]any) any {
	switch x := x.(type) {
	case String:
		return e.text(x, vars)
	case Number:
		return x.Value
	case Ident:
		return e.ident(x, vars)
	case Object:
		return e.object(x, vars)
	case Array:
		return e.array(x, vars)
	case Call:
		return e.call(x, vars)
	case Member:
		return e.member(x, e.eval(x.X, vars), x.Name)
	case Index:
		return e.index(x, vars)
	case Binary:
		return e.binary(x, vars)
	case Unary:
		switch v := e.eval(x.X, vars).(type) {
		case bool:
			return !v
		case int64:
			return -v
		}
		e.fail(x.line(), "%s is not for this value", x.Op)
	case Ternary:
		cond, ok := e.eval(x.Cond, vars).(bool)
		if !ok {
			e.fail(x.line(), "the condition is no bool")
		}
		if cond {
			return e.eval(x.Then, vars)
		}
		return e.eval(x.Else, vars)
	case For:
		out := []any{}
		e.each(x, vars, func(inner map[string]any) { out = append(out, plain(e.eval(x.Body, inner))) })
		return out
	}
	e.fail(x.line(), "not understood here")
	return nil
}

func (e *scope) text(x String, vars map[string]any) any {
	var b strings.Builder
	for i, part := range x.Parts {
		b.WriteString(part)
		if i < len(x.Exprs) {
			switch v := e.eval(x.Exprs[i], vars).(type) {
			case string, int64, bool:
				fmt.Fprint(&b, v)
			default:
				e.fail(x.line(), "${} holds no text")
			}
		}
	}
	return b.String()
}

func (e *scope) ident(x Ident, vars map[string]any) any {
	if v, ok := vars[x.Name]; ok {
		return v
	}
	switch x.Name {
	case "true":
		return true
	case "false":
		return false
	case "null":
		return nil
	}
	return e.lookup(x.Name, x.line())
}

func (e *scope) object(x Object, vars map[string]any) any {
	m := map[string]any{}
	for _, p := range x.Props {
		v := plain(e.eval(p.Value, vars))
		if !p.Spread {
			m[e.eval(p.Key, vars).(string)] = v
			continue
		}
		more, ok := v.(map[string]any)
		if !ok {
			e.fail(p.Line, "... is not before an object")
		}
		maps.Copy(m, more)
	}
	return m
}

func (e *scope) array(x Array, vars map[string]any) any {
	out := []any{}
	for _, item := range x.Items {
		s, spread := item.(Spread)
		if !spread {
			out = append(out, plain(e.eval(item, vars)))
			continue
		}
		more, ok := e.eval(s.Value, vars).([]any)
		if !ok {
			e.fail(s.line(), "... is not before an array")
		}
		out = append(out, more...)
	}
	return out
}

func (e *scope) member(x Member, v any, name string) any {
	switch v := v.(type) {
	case *ref:
		if f, ok := v.fields[name]; ok {
			if m, isMap := f.(map[string]any); isMap {
				return &ref{symbol: v.symbol + "." + name, fields: m}
			}
			return f
		}
		return unknown(v.symbol + "." + name)
	case closed:
		if f, ok := v[name]; ok {
			return f
		}
		e.fail(x.line(), "the module has no output %s", name)
	case map[string]any:
		f, ok := v[name]
		if !ok && !x.Safe {
			e.fail(x.line(), "there is no property %s", name)
		}
		return f
	case nil:
		if x.Safe {
			return nil
		}
	case string:
		if isUnknown(v) {
			return unknown(strings.Trim(v, "<>") + "." + name)
		}
	}
	e.fail(x.line(), "%v has no property %s", v, name)
	return nil
}

func (e *scope) index(x Index, vars map[string]any) any {
	list, key := e.eval(x.X, vars), e.eval(x.I, vars)
	switch k := key.(type) {
	case int64:
		l, ok := list.([]any)
		if !ok || k < 0 || int(k) >= len(l) {
			e.fail(x.line(), "there is no element %d", k)
		}
		return l[k]
	case string:
		return e.member(Member{at: x.at, Name: k}, list, k)
	}
	e.fail(x.line(), "the index is neither number nor text")
	return nil
}

func (e *scope) binary(x Binary, vars map[string]any) any {
	a := e.eval(x.X, vars)
	if b, ok := a.(bool); ok { // the right side only when it counts
		switch {
		case x.Op == "&&" && !b:
			return false
		case x.Op == "||" && b:
			return true
		}
	}
	if x.Op == "??" && a != nil {
		return a
	}
	b := e.eval(x.Y, vars)
	switch x.Op {
	case "??", "&&", "||":
		return b
	case "==":
		return fmt.Sprint(a) == fmt.Sprint(b)
	case "!=":
		return fmt.Sprint(a) != fmt.Sprint(b)
	}
	m, ok := a.(int64)
	n, ok2 := b.(int64)
	if !ok || !ok2 {
		e.fail(x.line(), "%s needs two numbers", x.Op)
	}
	switch x.Op {
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
	}
	if n == 0 {
		e.fail(x.line(), "division by zero")
	}
	if x.Op == "/" {
		return m / n
	}
	return m % n
}
