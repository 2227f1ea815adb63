package filename

import (
	"strconv"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// Names gives out names of one folder, each once. Names that differ in case or in
// the way accents are written are the same: file systems disagree about that. The
// zero value is an empty folder. It is not safe for concurrent use.
type Names struct{ taken map[string]bool }

// Reserve takes names that are never given out.
func (n *Names) Reserve(names ...string) {
	for _, name := range names {
		n.take(name)
	}
}

// Unique returns stem+suffix, with -2, -3 ... between them when it is taken.
func (n *Names) Unique(stem, suffix string) string {
	name := stem + suffix
	for i := 2; !n.take(name); i++ {
		name = stem + "-" + strconv.Itoa(i) + suffix
	}
	return name
}

// take reports whether the name was free.
func (n *Names) take(name string) bool {
	if n.taken == nil {
		n.taken = map[string]bool{}
	}
	key := cases.Fold().String(norm.NFKC.String(name))
	if n.taken[key] {
		return false
	}
	n.taken[key] = true
	return true
}
