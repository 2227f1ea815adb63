package bicep

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
)

// Load reads and parses a file.
func Load(path string) (*File, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return Parse(path, string(b))
}

// Parse parses a file's text. The error names the line.
func Parse(path, text string) (f *File, err error) {
	l := &lexer{src: []rune(strings.TrimPrefix(text, "\ufeff")), line: 1}
	tokens, err := l.run(false)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	p := &parser{tokens: tokens}
	defer func() {
		if r := recover(); r != nil {
			s, ok := r.(syntaxError)
			if !ok {
				panic(r)
			}
			f, err = nil, fmt.Errorf("%s: %s", path, string(s))
		}
	}()
	f = &File{Path: path}
	for p.newlines(); p.cur().kind != tokEOF; p.newlines() {
		f.Decls = append(f.Decls, p.decl())
	}
	return f, nil
}

// syntaxError unwinds the parser.
type syntaxError string

type parser struct {
	tokens []token
	pos    int
	depth  int
}

// maxDepth bounds nesting, so that no text can exhaust the stack.
const maxDepth = 200

func (p *parser) enter() {
	if p.depth++; p.depth > maxDepth {
		p.fail("nested too deeply")
	}
}
func (p *parser) leave() { p.depth-- }

func (p *parser) cur() token { return p.tokens[p.pos] }

// peek is the token n places on; the last one stands for all behind it.
func (p *parser) peek(n int) token { return p.tokens[min(p.pos+n, len(p.tokens)-1)] }

func (p *parser) next() token {
	t := p.cur()
	if t.kind != tokEOF {
		p.pos++
	}
	return t
}

func (p *parser) fail(format string, args ...any) {
	panic(syntaxError(fmt.Sprintf("line %d: ", p.cur().line) + fmt.Sprintf(format, args...)))
}

func (p *parser) is(s string) bool     { return p.cur().kind == tokPunct && p.cur().text == s }
func (p *parser) isWord(s string) bool { return p.cur().kind == tokIdent && p.cur().text == s }

func (p *parser) accept(s string) bool {
	if p.is(s) {
		p.next()
		return true
	}
	return false
}

func (p *parser) want(s string) at {
	if !p.is(s) {
		p.fail("%q expected, %s found", s, p.cur())
	}
	return at(p.next().line)
}

func (p *parser) ident() string {
	if p.cur().kind != tokIdent {
		p.fail("a name expected, %s found", p.cur())
	}
	return p.next().text
}

func (p *parser) newlines() {
	for p.cur().kind == tokNewline {
		p.next()
	}
}

func (p *parser) decl() Decl {
	var d Decl
	for p.accept("@") {
		c, ok := p.postfix().(Call)
		if !ok {
			p.fail("a decorator is a call")
		}
		d.Decorators = append(d.Decorators, c)
		p.newlines()
	}
	d.Line = p.cur().line
	d.Kind = p.ident()
	switch d.Kind {
	case "targetScope":
		p.want("=")
		d.Value = p.expr()
	case "using":
		d.Value = p.expr()
	case "metadata", "var":
		d.Name = p.ident()
		p.want("=")
		d.Value = p.expr()
	case "param", "output":
		d.Name = p.ident()
		if d.Type = p.typeText(); p.accept("=") {
			d.Value = p.expr()
		} else if d.Kind == "output" {
			p.fail("output %s has no value", d.Name)
		}
	case "type":
		d.Name = p.ident()
		p.want("=")
		d.Type = p.typeText()
	case "resource", "module":
		d.Name = p.ident()
		s, ok := p.primary().(String)
		if !ok || len(s.Exprs) > 0 {
			p.fail("%s %s: a literal string expected", d.Kind, d.Name)
		}
		d.Type = s.Parts[0]
		if p.isWord("existing") {
			p.next()
			d.Existing = true
		}
		p.want("=")
		d.Value = p.conditional()
	default:
		p.fail("%q declares nothing", d.Kind)
	}
	if k := p.cur().kind; k != tokNewline && k != tokEOF {
		p.fail("%s after the declaration of %s %s", p.cur(), d.Kind, d.Name)
	}
	return d
}

// typeText reads a type as text: it ends before "=" or the end of the line.
func (p *parser) typeText() string {
	var parts []string
	for depth := 0; ; {
		t := p.cur()
		if t.kind == tokEOF || depth == 0 && (t.kind == tokNewline || t.kind == tokPunct && t.text == "=") {
			if depth > 0 {
				p.fail("the type is not closed")
			}
			return strings.Join(parts, "")
		}
		if t.kind == tokPunct && strings.Contains("{[(", t.text) {
			depth++
		}
		if t.kind == tokPunct && strings.Contains("}])", t.text) {
			depth--
		}
		switch t.kind {
		case tokString:
			parts = append(parts, "'"+strings.Join(t.parts, "")+"'")
		case tokNewline:
			parts = append(parts, ";")
		default:
			parts = append(parts, t.text)
		}
		p.next()
	}
}

func (p *parser) conditional() Expr {
	if !p.isWord("if") {
		return p.expr()
	}
	line := at(p.next().line)
	p.want("(")
	cond := p.expr()
	p.want(")")
	return If{line, cond, p.primary()}
}

// precedence of the binary operators, the loosest first.
var precedence = [][]string{{"??"}, {"||"}, {"&&"}, {"==", "!="}, {"<", ">", "<=", ">="}, {"+", "-"}, {"*", "/", "%"}}

func (p *parser) expr() Expr {
	p.enter()
	defer p.leave()
	if p.cur().kind == tokIdent && p.peek(1).kind == tokPunct && p.peek(1).text == "=>" {
		line := at(p.cur().line)
		name := p.ident()
		p.next()
		p.newlines()
		return Lambda{line, []string{name}, p.expr()}
	}
	cond := p.binary(0)
	before := p.pos
	p.newlines()
	if !p.is("?") {
		p.pos = before
		return cond
	}
	line := at(p.next().line)
	p.newlines()
	then := p.expr()
	p.newlines()
	p.want(":")
	p.newlines()
	return Ternary{line, cond, then, p.expr()}
}

func (p *parser) binary(level int) Expr {
	if level == len(precedence) {
		return p.unary()
	}
	x := p.binary(level + 1)
	for p.cur().kind == tokPunct && slices.Contains(precedence[level], p.cur().text) {
		t := p.next()
		p.newlines()
		x = Binary{at(t.line), t.text, x, p.binary(level + 1)}
	}
	return x
}

func (p *parser) unary() Expr {
	if p.is("!") || p.is("-") {
		p.enter()
		defer p.leave()
		t := p.next()
		return Unary{at(t.line), t.text, p.unary()}
	}
	return p.postfix()
}

func (p *parser) postfix() Expr {
	x := p.primary()
	for {
		switch {
		case p.is(".") || p.is(".?"):
			t := p.next()
			name := p.ident()
			if p.is("(") {
				x = Call{at(t.line), x, name, p.args()}
			} else {
				x = Member{at(t.line), x, name, t.text == ".?"}
			}
		case p.is("["):
			line := p.want("[")
			i := p.expr()
			p.want("]")
			x = Index{line, x, i}
		case p.is("!"): // "I know it is not null"
			p.next()
		default:
			return x
		}
	}
}

func (p *parser) args() []Expr {
	var out []Expr
	p.want("(")
	for p.newlines(); !p.is(")"); p.newlines() {
		out = append(out, p.expr())
		p.newlines()
		if !p.accept(",") && !p.is(")") {
			p.fail(`"," or ")" expected, %s found`, p.cur())
		}
	}
	p.want(")")
	return out
}

func (p *parser) primary() Expr {
	p.enter()
	defer p.leave()
	t := p.cur()
	line := at(t.line)
	switch {
	case t.kind == tokString:
		p.next()
		return p.interpolated(t)
	case t.kind == tokNumber:
		p.next()
		n, err := strconv.ParseInt(t.text, 10, 64)
		if err != nil {
			p.fail("%s is no number", t.text)
		}
		return Number{line, n}
	case t.kind == tokIdent:
		p.next()
		if p.is("(") {
			return Call{line, nil, t.text, p.args()}
		}
		return Ident{line, t.text}
	case p.is("("):
		return p.parenthesised()
	case p.is("{"):
		return p.object()
	case p.is("["):
		return p.array()
	}
	p.fail("a value expected, %s found", t)
	return nil
}

func (p *parser) interpolated(t token) Expr {
	s := String{at: at(t.line), Parts: t.parts}
	for _, inner := range t.exprs {
		q := &parser{tokens: inner, depth: p.depth}
		q.newlines()
		s.Exprs = append(s.Exprs, q.expr())
		q.newlines()
		if q.cur().kind != tokEOF {
			q.fail("%s inside ${}", q.cur())
		}
	}
	return s
}

// parenthesised is (expr), or the parameters of a lambda.
func (p *parser) parenthesised() Expr {
	line := p.want("(")
	start := p.pos
	var names []string
	for p.cur().kind == tokIdent {
		names = append(names, p.next().text)
		if !p.accept(",") {
			break
		}
	}
	if p.accept(")") && p.accept("=>") {
		p.newlines()
		return Lambda{line, names, p.expr()}
	}
	p.pos = start
	p.newlines()
	e := p.expr()
	p.newlines()
	p.want(")")
	return e
}

func (p *parser) object() Expr {
	o := Object{at: p.want("{")}
	seen := map[string]bool{}
	for p.newlines(); !p.is("}"); p.newlines() {
		prop := Prop{Line: p.cur().line}
		switch {
		case p.accept("..."):
			prop.Spread = true
		case p.cur().kind == tokString:
			prop.Key = p.primary()
		default:
			prop.Key = String{at: at(prop.Line), Parts: []string{p.ident()}}
		}
		if !prop.Spread {
			p.want(":")
			if s := prop.Key.(String); len(s.Exprs) == 0 {
				if seen[s.Parts[0]] {
					p.fail("property %s is there twice", s.Parts[0])
				}
				seen[s.Parts[0]] = true
			}
		}
		prop.Value = p.conditional()
		o.Props = append(o.Props, prop)
		if !p.accept(",") && !p.is("}") && p.cur().kind != tokNewline {
			p.fail("the end of the line expected, %s found", p.cur())
		}
	}
	p.want("}")
	return o
}

func (p *parser) array() Expr {
	line := p.want("[")
	p.newlines()
	if p.isWord("for") {
		return p.loop(line)
	}
	a := Array{at: line}
	for ; !p.is("]"); p.newlines() {
		if p.is("...") {
			a.Items = append(a.Items, Spread{p.want("..."), p.expr()})
		} else {
			a.Items = append(a.Items, p.expr())
		}
		if !p.accept(",") && !p.is("]") && p.cur().kind != tokNewline {
			p.fail("the end of the line expected, %s found", p.cur())
		}
	}
	p.want("]")
	return a
}

func (p *parser) loop(line at) Expr {
	f := For{at: line}
	p.next()
	if p.accept("(") {
		f.Item = p.ident()
		p.want(",")
		f.Index = p.ident()
		p.want(")")
	} else {
		f.Item = p.ident()
	}
	if !p.isWord("in") {
		p.fail("\"in\" expected, %s found", p.cur())
	}
	p.next()
	f.In = p.expr()
	p.want(":")
	p.newlines()
	f.Body = p.conditional()
	p.newlines()
	p.want("]")
	return f
}
