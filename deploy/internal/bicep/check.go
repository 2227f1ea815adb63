package bicep

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Check finds what is wrong with a file by itself, in every branch: names that
// are not declared, declared twice or never used, functions that are not known,
// outputs that give a secret away.
func Check(f *File) []string {
	c := &checker{file: f, declared: map[string]bool{}, used: map[string]bool{}}
	for _, d := range f.Decls {
		if d.Name == "" || d.Kind == "output" || d.Kind == "metadata" {
			continue
		}
		if c.declared[d.Name] {
			c.say(d.Line, "%s is declared twice", d.Name)
		}
		c.declared[d.Name] = true
	}
	for _, d := range f.Decls {
		if d.Value != nil {
			c.walk(d.Value, nil)
		}
		for _, dec := range d.Decorators {
			for _, a := range dec.Args {
				c.walk(a, nil)
			}
		}
		if d.Kind == "output" && leaks(d.Name) {
			c.say(d.Line, "output %s looks like a secret; outputs are kept readable", d.Name)
		}
	}
	params := strings.HasSuffix(f.Path, ".bicepparam")
	for _, d := range f.Decls {
		if (d.Kind == "param" && !params || d.Kind == "var") && !c.used[d.Name] {
			c.say(d.Line, "%s %s is never used", d.Kind, d.Name)
		}
	}
	return c.found
}

func leaks(output string) bool {
	lower := strings.ToLower(output)
	return slices.ContainsFunc([]string{"password", "secret", "key", "connectionstring"}, func(s string) bool { return strings.HasSuffix(lower, s) })
}

type checker struct {
	file     *File
	declared map[string]bool
	used     map[string]bool
	found    []string
}

func (c *checker) say(line int, format string, args ...any) {
	c.found = append(c.found, fmt.Sprintf("%s:%d: %s", c.file.Path, line, fmt.Sprintf(format, args...)))
}

// walk looks at an expression; local are the names of loops and lambdas.
func (c *checker) walk(x Expr, local map[string]bool) {
	with := func(names ...string) map[string]bool {
		m := maps.Clone(local)
		if m == nil {
			m = map[string]bool{}
		}
		for _, n := range names {
			m[n] = true
		}
		return m
	}
	all := func(xs ...Expr) {
		for _, x := range xs {
			if x != nil {
				c.walk(x, local)
			}
		}
	}
	switch x := x.(type) {
	case Ident:
		c.used[x.Name] = true
		if !c.declared[x.Name] && !local[x.Name] && !slices.Contains([]string{"true", "false", "null"}, x.Name) {
			c.say(x.line(), "%s is not declared", x.Name)
		}
	case String:
		all(x.Exprs...)
	case Object:
		for _, p := range x.Props {
			all(p.Key, p.Value)
		}
	case Array:
		all(x.Items...)
	case Spread:
		all(x.Value)
	case Call:
		if _, known := functions[x.Func]; x.Recv == nil && !known && !slices.Contains(lambdas, x.Func) {
			c.say(x.line(), "the function %s is not known here", x.Func)
		}
		all(x.Recv)
		all(x.Args...)
	case Member:
		all(x.X)
	case Index:
		all(x.X, x.I)
	case Binary:
		all(x.X, x.Y)
	case Unary:
		all(x.X)
	case Ternary:
		all(x.Cond, x.Then, x.Else)
	case If:
		all(x.Cond, x.Body)
	case Lambda:
		c.walk(x.Body, with(x.Params...))
	case For:
		all(x.In)
		c.walk(x.Body, with(x.Item, x.Index))
	}
}
