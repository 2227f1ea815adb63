package filename

import (
	"strconv"
	"strings"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// unjoined takes out the joiners that spelling may need and macOS's older file system
// does not see.
var unjoined = strings.NewReplacer(string(zeroWidthJoiner), "", string(zeroWidthNonJoiner), "")

// Names gives out names of one folder, each once. Names that differ in case or in
// the way accents are written are the same: file systems disagree about that. The
// zero value is an empty folder. It is not safe for concurrent use.
type Names struct {
	taken map[string]bool
	last  map[string]int // the number that a name was given last, so that a hundred thousand alike don't try all of them
}

// Reserve takes names that are never given out.
func (n *Names) Reserve(names ...string) {
	for _, name := range names {
		n.take(name)
	}
}

// Unique returns stem+suffix, with -2, -3 ... between them when it is taken.
func (n *Names) Unique(stem, suffix string) string {
	name := stem + suffix
	if n.take(name) {
		return name
	}
	if n.last == nil {
		n.last = map[string]int{}
	}
	first, i := name, max(n.last[name], 1)
	for taken := true; taken; taken = !n.take(name) {
		i++
		name = stem + "-" + strconv.Itoa(i) + suffix
	}
	n.last[first] = i
	return name
}

// take reports whether the name was free.
func (n *Names) take(name string) bool {
	if n.taken == nil {
		n.taken = map[string]bool{}
	}
	key := norm.NFKC.String(cases.Fold().String(norm.NFKC.String(unjoined.Replace(name))))
	if n.taken[key] {
		return false
	}
	n.taken[key] = true
	return true
}
