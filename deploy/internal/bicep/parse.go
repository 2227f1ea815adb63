// Package bicep reads Bicep files and evaluates them far enough to see what a
// deployment would make. It knows the part of the language that deploy/ uses, and
// refuses the rest by line. The real compiler runs in the workflows; this one runs
// everywhere. Parsers that can be had don't suffice: pycep-parser 0.7.1 keeps no
// precedence of operators and gives names and text alike, tree-sitter-bicep 1.1.0
// binds `a ? b : c.d` as `(a ? b : c).d`.
package bicep

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// declaration is a param, var, resource, module, output, using or targetScope.
type declaration struct {
	line       int
	kind, name string
	typ        string  // param, output: the type; resource: type@version; module: path
	fields     []field // of a param whose type is an object's: { name: string, size: int? }
	existing   bool
	value      expression // nil: a param without default
	decorators []call
}

// field is one of an object type: of a kind, or one of the texts.
type field struct {
	name, kind string
	texts      []string
	optional   bool
}

// decorator returns the arguments of a decorator and whether it is there.
func (d declaration) decorator(name string) ([]expression, bool) {
	i := slices.IndexFunc(d.decorators, func(c call) bool { return c.function == name })
	if i < 0 {
		return nil, false
	}
	return d.decorators[i].args, true
}

// expression is one of the types below.
type expression interface{ line() int }

type at int

func (a at) line() int { return int(a) }

type (
	// text holds the literal parts around its expressions: one more than those.
	text struct {
		at
		parts []string
		exprs []expression
	}
	number struct {
		at
		value int64
	}
	name struct {
		at
		name string
	}
	object struct {
		at
		props []property
	}
	property struct {
		line  int
		key   text
		value expression
	}
	array struct {
		at
		items []expression
	}
	// call is a function's, or a method's of its receiver.
	call struct {
		at
		receiver expression
		function string
		args     []expression
	}
	member struct {
		at
		of   expression
		name string
	}
	index struct {
		at
		of, index expression
	}
	binary struct {
		at
		op   string
		x, y expression
	}
	unary struct {
		at
		op string
		x  expression
	}
	ternary struct {
		at
		condition, then, otherwise expression
	}
	lambda struct {
		at
		param string
		body  expression
	}
	// loop is [for item in list: body], or (item, index).
	loop struct {
		at
		item, index string
		in, body    expression
	}
	// conditional is a resource or module behind if.
	conditional struct {
		at
		condition, body expression
	}
)

// parsed holds the declarations of every text that was read, under its lock: plans read the
// same files again and again.
var (
	parsing sync.Mutex
	parsed  = map[string][]declaration{}
)

// load reads and parses a file.
func load(path string) ([]declaration, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	parsing.Lock()
	defer parsing.Unlock()
	if d, ok := parsed[string(b)]; ok {
		return d, nil
	}
	d, err := parse(string(b))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	parsed[string(b)] = d
	return d, nil
}

// parse returns a text's declarations. The error names the line.
func parse(source string) (declared []declaration, err error) {
	p := &parser{src: source, line: 1}
	defer func() {
		if r := recover(); r != nil {
			s, ok := r.(syntaxError)
			if !ok {
				panic(r)
			}
			declared, err = nil, fmt.Errorf("%s", string(s))
		}
	}()
	p.next()
	for p.newlines(); p.cur != ""; p.newlines() {
		declared = append(declared, p.declaration())
	}
	return declared, nil
}

// syntaxError unwinds the parser.
type syntaxError string

// parser is at a token, cur, which ends before pos. A copy of it is a place to go back to.
type parser struct {
	src       string
	pos, line int
	cur       string // "" at the end
	depth     int
}

var (
	blank = regexp.MustCompile(`^(?:[ \t\r]+|//[^\n]*|#[^\n]*)+`)
	token = regexp.MustCompile(`^(?:[A-Za-z_]\w*|[0-9]+|==|!=|<=|>=|&&|\|\||=>|[\n'{}\[\]():,.=?!+\-*/%<>@|])`)
	word  = regexp.MustCompile(`^[A-Za-z_]`)
)

// maxDepth bounds nesting, so that no text can exhaust the stack.
const maxDepth = 200

func (p *parser) enter() {
	if p.depth++; p.depth > maxDepth {
		p.fail("nested too deeply")
	}
}

func (p *parser) fail(format string, args ...any) {
	panic(syntaxError(fmt.Sprintf("line %d: ", p.line) + fmt.Sprintf(format, args...)))
}

func (p *parser) next() {
	if p.cur == "\n" {
		p.line++
	}
	p.pos += len(blank.FindString(p.src[p.pos:]))
	p.cur = token.FindString(p.src[p.pos:])
	if p.cur == "" && p.pos < len(p.src) {
		p.fail("%.5q is not Bicep", p.src[p.pos:])
	}
	p.pos += len(p.cur)
}

func (p *parser) newlines() {
	for p.cur == "\n" {
		p.next()
	}
}

func (p *parser) accept(s string) bool {
	if p.cur == s {
		p.next()
		return true
	}
	return false
}

func (p *parser) want(s string) at {
	line := at(p.line)
	if !p.accept(s) {
		p.fail("%q expected, %q found", s, p.cur)
	}
	return line
}

func (p *parser) word() string {
	w := p.cur
	if !word.MatchString(w) {
		p.fail("a name expected, %q found", w)
	}
	p.next()
	return w
}

func (p *parser) declaration() declaration {
	var d declaration
	for p.accept("@") {
		c, ok := p.postfix().(call)
		if !ok {
			p.fail("a decorator is a call")
		}
		d.decorators = append(d.decorators, c)
		p.newlines()
	}
	d.line, d.kind = p.line, p.word()
	switch d.kind {
	case "targetScope":
		p.want("=")
		d.value = p.expression()
	case "using":
		d.value = p.expression()
	case "var":
		d.name = p.word()
		p.want("=")
		d.value = p.expression()
	case "param", "output":
		d.name = p.word()
		if d.kind == "param" && p.cur == "{" {
			d.typ, d.fields = "object", p.fields()
		} else if p.cur != "=" {
			if d.typ = p.word(); p.accept("[") {
				p.want("]")
				d.typ += "[]"
			}
		}
		if p.accept("=") {
			d.value = p.expression()
		} else if d.kind == "output" {
			p.fail("output %s has no value", d.name)
		}
	case "resource", "module":
		d.name = p.word()
		s, ok := p.primary().(text)
		if !ok || len(s.exprs) > 0 {
			p.fail("%s %s: a literal string expected", d.kind, d.name)
		}
		d.typ, d.existing = s.parts[0], p.accept("existing")
		p.want("=")
		d.value = p.conditional()
	default:
		p.fail("%q declares nothing", d.kind)
	}
	if p.cur != "\n" && p.cur != "" {
		p.fail("%q after the declaration of %s %s", p.cur, d.kind, d.name)
	}
	return d
}

// fields reads the type of an object.
func (p *parser) fields() (all []field) {
	p.want("{")
	for p.newlines(); p.cur != "}"; p.newlines() {
		f := field{name: p.word()}
		p.want(":")
		if p.cur != "'" {
			f.kind = p.word()
		}
		for p.cur == "'" {
			s, ok := p.primary().(text)
			if !ok || len(s.exprs) > 0 {
				p.fail("field %s: a literal string expected", f.name)
			}
			if f.texts = append(f.texts, s.parts[0]); !p.accept("|") {
				break
			}
		}
		f.optional = p.accept("?")
		if all = append(all, f); p.cur != "}" && !p.accept(",") && p.cur != "\n" {
			p.fail("%q in the type of an object", p.cur)
		}
	}
	p.want("}")
	return all
}

func (p *parser) conditional() expression {
	if p.cur != "if" {
		return p.expression()
	}
	line := p.want("if")
	p.want("(")
	condition := p.expression()
	p.want(")")
	return conditional{line, condition, p.primary()}
}

// precedence of the binary operators, the loosest first.
var precedence = [][]string{{"||"}, {"&&"}, {"==", "!="}, {"<", ">", "<=", ">="}, {"+", "-"}, {"*", "/", "%"}}

func (p *parser) expression() expression {
	p.enter()
	defer func() { p.depth-- }()
	x := p.binary(0)
	line := at(p.line)
	if n, ok := x.(name); ok && p.accept("=>") {
		p.newlines()
		return lambda{line, n.name, p.expression()}
	}
	before := *p
	p.newlines()
	if !p.accept("?") {
		*p = before
		return x
	}
	p.newlines()
	then := p.expression()
	p.newlines()
	p.want(":")
	p.newlines()
	return ternary{line, x, then, p.expression()}
}

func (p *parser) binary(level int) expression {
	if level == len(precedence) {
		return p.unary()
	}
	x := p.binary(level + 1)
	for slices.Contains(precedence[level], p.cur) {
		line, op := at(p.line), p.cur
		p.next()
		p.newlines()
		x = binary{line, op, x, p.binary(level + 1)}
	}
	return x
}

func (p *parser) unary() expression {
	if op := p.cur; op == "!" || op == "-" {
		p.enter()
		defer func() { p.depth-- }()
		line := p.want(op)
		return unary{line, op, p.unary()}
	}
	return p.postfix()
}

func (p *parser) postfix() expression {
	x := p.primary()
	for {
		line := at(p.line)
		switch {
		case p.accept("."):
			if n := p.word(); p.cur == "(" {
				x = call{line, x, n, p.args()}
			} else {
				x = member{line, x, n}
			}
		case p.accept("["):
			x = index{line, x, p.expression()}
			p.want("]")
		case p.accept("!"): // "I know it is not null"
		default:
			return x
		}
	}
}

func (p *parser) args() []expression {
	var out []expression
	p.want("(")
	for p.newlines(); p.cur != ")"; p.newlines() {
		out = append(out, p.expression())
		p.newlines()
		if !p.accept(",") && p.cur != ")" {
			p.fail(`"," or ")" expected, %q found`, p.cur)
		}
	}
	p.want(")")
	return out
}

func (p *parser) primary() expression {
	p.enter()
	defer func() { p.depth-- }()
	line := at(p.line)
	switch {
	case p.cur == "'":
		return p.text()
	case p.accept("("):
		p.newlines()
		e := p.expression()
		p.newlines()
		p.want(")")
		return e
	case p.cur == "{":
		return p.object()
	case p.cur == "[":
		return p.array()
	case word.MatchString(p.cur):
		n := p.word()
		if p.cur == "(" {
			return call{line, nil, n, p.args()}
		}
		return name{line, n}
	}
	n, err := strconv.ParseInt(p.cur, 10, 64)
	if err != nil {
		p.fail("a value expected, %q found", p.cur)
	}
	p.next()
	return number{line, n}
}

// text reads to the closing quote. In ${} it is a parser as elsewhere.
func (p *parser) text() text {
	s := text{at: at(p.line)}
	var part strings.Builder
	for ; p.pos < len(p.src); p.pos++ {
		switch rest := p.src[p.pos:]; {
		case strings.HasPrefix(rest, "'"):
			p.pos++
			s.parts = append(s.parts, part.String())
			p.next()
			return s
		case rest[0] == '\n':
			p.fail("the string is not closed")
		case rest[0] == '\\' && len(rest) > 1:
			i := strings.IndexByte(`\'nrt$`, rest[1])
			if i < 0 {
				p.fail(`\%c is no escape`, rest[1])
			}
			part.WriteByte("\\'\n\r\t$"[i])
			p.pos++
		case strings.HasPrefix(rest, "${"):
			s.parts = append(s.parts, part.String())
			part.Reset()
			p.pos += len("${")
			p.next()
			s.exprs = append(s.exprs, p.expression())
			if p.newlines(); p.cur != "}" {
				p.fail("%q inside ${}", p.cur)
			}
			p.pos-- // which the loop goes on from
		default:
			part.WriteByte(rest[0])
		}
	}
	p.fail("the string is not closed")
	return s
}

func (p *parser) object() object {
	o := object{at: p.want("{")}
	seen := map[string]bool{}
	for p.newlines(); p.cur != "}"; p.newlines() {
		prop := property{line: p.line}
		if p.cur == "'" {
			prop.key = p.text()
		} else {
			prop.key = text{at: at(p.line), parts: []string{p.word()}}
		}
		p.want(":")
		if len(prop.key.exprs) == 0 {
			if seen[prop.key.parts[0]] {
				p.fail("property %s is there twice", prop.key.parts[0])
			}
			seen[prop.key.parts[0]] = true
		}
		prop.value = p.conditional()
		o.props = append(o.props, prop)
		p.separator("}")
	}
	p.want("}")
	return o
}

// separator is a comma or the end of the line, or nothing before what closes.
func (p *parser) separator(closes string) {
	if !p.accept(",") && p.cur != closes && p.cur != "\n" {
		p.fail("the end of the line expected, %q found", p.cur)
	}
}

func (p *parser) array() expression {
	line := p.want("[")
	p.newlines()
	if p.accept("for") {
		f := loop{at: line}
		if p.accept("(") {
			f.item = p.word()
			p.want(",")
			f.index = p.word()
			p.want(")")
		} else {
			f.item = p.word()
		}
		p.want("in")
		f.in = p.expression()
		p.want(":")
		p.newlines()
		f.body = p.conditional()
		p.newlines()
		p.want("]")
		return f
	}
	a := array{at: line}
	for ; p.cur != "]"; p.newlines() {
		a.items = append(a.items, p.expression())
		p.separator("]")
	}
	p.want("]")
	return a
}
