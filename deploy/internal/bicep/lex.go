package bicep

import (
	"fmt"
	"strings"
	"unicode"
)

type kind int

const (
	tokEOF kind = iota
	tokNewline
	tokIdent
	tokNumber
	tokString
	tokPunct
)

type token struct {
	kind  kind
	text  string
	line  int
	parts []string  // of a string: the literal parts
	exprs [][]token // of a string: the interpolated expressions between them
}

func (t token) String() string {
	switch t.kind {
	case tokEOF:
		return "end of file"
	case tokNewline:
		return "end of line"
	case tokString:
		return "a string"
	}
	return fmt.Sprintf("%q", t.text)
}

type lexer struct {
	src  []rune
	pos  int
	line int
}

// punctuation, the longest first.
var punctuation = []string{
	"...", "==", "!=", "<=", ">=", "&&", "||", "??", "=>", ".?",
	"{", "}", "[", "]", "(", ")", ":", ",", ".", "=", "?", "!", "+", "-", "*", "/", "%", "<", ">", "@", "|",
}

func (l *lexer) has(s string) bool {
	return strings.HasPrefix(string(l.src[l.pos:min(l.pos+len(s), len(l.src))]), s)
}

func (l *lexer) errorf(format string, args ...any) error {
	return fmt.Errorf("line %d: %s", l.line, fmt.Sprintf(format, args...))
}

// run reads tokens to the end of the text or, inside a string, to the brace that
// closes the interpolation.
func (l *lexer) run(inString bool) ([]token, error) {
	var out []token
	depth := 0
	for l.pos < len(l.src) {
		c := l.src[l.pos]
		switch {
		case c == '\n':
			out = append(out, token{kind: tokNewline, line: l.line})
			l.line++
			l.pos++
		case c == ' ' || c == '\t' || c == '\r':
			l.pos++
		case l.has("//"), c == '#' && (len(out) == 0 || out[len(out)-1].kind == tokNewline):
			for l.pos < len(l.src) && l.src[l.pos] != '\n' {
				l.pos++
			}
		case l.has("/*"):
			if err := l.comment(); err != nil {
				return nil, err
			}
		case l.has("'''"):
			t, err := l.multiline()
			if err != nil {
				return nil, err
			}
			out = append(out, t)
		case c == '\'':
			t, err := l.str()
			if err != nil {
				return nil, err
			}
			out = append(out, t)
		case unicode.IsDigit(c):
			out = append(out, token{kind: tokNumber, text: l.while(unicode.IsDigit), line: l.line})
		case unicode.IsLetter(c) || c == '_':
			out = append(out, token{kind: tokIdent, line: l.line, text: l.while(func(r rune) bool {
				return unicode.IsLetter(r) || unicode.IsDigit(r) || r == '_'
			})})
		case inString && c == '}' && depth == 0:
			l.pos++
			return append(out, token{kind: tokEOF, line: l.line}), nil
		default:
			t, err := l.punct()
			if err != nil {
				return nil, err
			}
			switch t.text {
			case "{":
				depth++
			case "}":
				depth--
			}
			out = append(out, t)
		}
	}
	if inString {
		return nil, l.errorf("${ is not closed")
	}
	return append(out, token{kind: tokNewline, line: l.line}, token{kind: tokEOF, line: l.line}), nil
}

func (l *lexer) while(in func(rune) bool) string {
	start := l.pos
	for l.pos < len(l.src) && in(l.src[l.pos]) {
		l.pos++
	}
	return string(l.src[start:l.pos])
}

func (l *lexer) punct() (token, error) {
	for _, p := range punctuation {
		if l.has(p) {
			l.pos += len(p)
			return token{kind: tokPunct, text: p, line: l.line}, nil
		}
	}
	return token{}, l.errorf("%q is not Bicep", l.src[l.pos])
}

func (l *lexer) comment() error {
	start := l.line
	for ; !l.has("*/"); l.pos++ {
		if l.pos >= len(l.src) {
			return fmt.Errorf("line %d: the comment is not closed", start)
		}
		if l.src[l.pos] == '\n' {
			l.line++
		}
	}
	l.pos += len("*/")
	return nil
}

func (l *lexer) multiline() (token, error) {
	t := token{kind: tokString, line: l.line}
	l.pos += len("'''")
	start := l.pos
	for ; !l.has("'''"); l.pos++ {
		if l.pos >= len(l.src) {
			return t, fmt.Errorf("line %d: ''' is not closed", t.line)
		}
		if l.src[l.pos] == '\n' {
			l.line++
		}
	}
	t.parts = []string{strings.TrimPrefix(string(l.src[start:l.pos]), "\n")}
	l.pos += len("'''")
	return t, nil
}

func (l *lexer) str() (token, error) {
	t := token{kind: tokString, line: l.line}
	var text strings.Builder
	for l.pos++; l.pos < len(l.src); {
		c := l.src[l.pos]
		switch {
		case c == '\\':
			if l.pos+1 >= len(l.src) {
				return t, l.errorf("the string is not closed")
			}
			escaped, ok := map[rune]rune{'\\': '\\', '\'': '\'', 'n': '\n', 'r': '\r', 't': '\t', '$': '$'}[l.src[l.pos+1]]
			if !ok {
				return t, l.errorf(`\%c is no escape`, l.src[l.pos+1])
			}
			text.WriteRune(escaped)
			l.pos += 2
		case c == '\'':
			l.pos++
			t.parts = append(t.parts, text.String())
			return t, nil
		case c == '\n':
			return t, l.errorf("the string is not closed")
		case l.has("${"):
			t.parts = append(t.parts, text.String())
			text.Reset()
			l.pos += len("${")
			inner, err := l.run(true)
			if err != nil {
				return t, err
			}
			t.exprs = append(t.exprs, inner)
		default:
			text.WriteRune(c)
			l.pos++
		}
	}
	return t, l.errorf("the string is not closed")
}
