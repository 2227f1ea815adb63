// Package bicep reads Bicep files and evaluates them far enough to see what a
// deployment would make. It knows the language that deploy/ uses, and refuses
// the rest by line. The real compiler runs in the deployment's workflow; this
// one runs everywhere.
package bicep

// File is one parsed file.
type File struct {
	Path  string
	Decls []Decl
}

// Decl is one declaration: param, var, resource, module, output, targetScope,
// using, type or metadata.
type Decl struct {
	Line       int
	Kind, Name string
	Type       string // param, output: the type; resource: type@version; module: path
	Existing   bool
	Value      Expr // nil: a param without default
	Decorators []Call
}

// Decorator returns the arguments of a decorator and whether it is there.
func (d Decl) Decorator(name string) ([]Expr, bool) {
	for _, c := range d.Decorators {
		if c.Func == name {
			return c.Args, true
		}
	}
	return nil, false
}

// Expr is an expression: one of the types below.
type Expr interface{ line() int }

type at int

func (a at) line() int { return int(a) }

// Expressions.
type (
	// String holds the text parts around its interpolated expressions: one part
	// more than expressions.
	String struct {
		at
		Parts []string
		Exprs []Expr
	}
	// Number is an integer literal.
	Number struct {
		at
		Value int64
	}
	// Ident names a declaration, a variable of a loop, true, false or null.
	Ident struct {
		at
		Name string
	}
	// Object keeps its properties' order.
	Object struct {
		at
		Props []Prop
	}
	// Prop is a property of an Object; Spread is `...value`.
	Prop struct {
		Line   int
		Key    Expr // a String, nil when Spread
		Spread bool
		Value  Expr
	}
	// Array is a list; a spread element is a Spread.
	Array struct {
		at
		Items []Expr
	}
	// Spread is `...value` in an array.
	Spread struct {
		at
		Value Expr
	}
	// Call calls a function, or a method of Recv.
	Call struct {
		at
		Recv Expr
		Func string
		Args []Expr
	}
	// Member is X.Name; Safe is X.?Name.
	Member struct {
		at
		X    Expr
		Name string
		Safe bool
	}
	// Index is X[I].
	Index struct {
		at
		X, I Expr
	}
	// Binary is X Op Y.
	Binary struct {
		at
		Op   string
		X, Y Expr
	}
	// Unary is !X or -X.
	Unary struct {
		at
		Op string
		X  Expr
	}
	// Ternary is Cond ? Then : Else.
	Ternary struct {
		at
		Cond, Then, Else Expr
	}
	// Lambda is (params) => Body.
	Lambda struct {
		at
		Params []string
		Body   Expr
	}
	// For is [for item in In: Body], or (item, index).
	For struct {
		at
		Item, Index string
		In, Body    Expr
	}
	// If is a conditional resource or module.
	If struct {
		at
		Cond, Body Expr
	}
)
