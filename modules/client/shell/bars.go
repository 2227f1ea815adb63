package shell

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"time"
)

// barPace is how often a line of progress is drawn anew.
const barPace = 100 * time.Millisecond

// bars shows how uploads get on: on a terminal a line with each file on its way,
// elsewhere a line for each that has arrived.
type bars struct {
	s     *session
	draws bool
	total int

	mu     sync.Mutex
	n      int
	flying map[string]int // percent
	drawn  time.Time
	ended  bool
}

func newBars(s *session, total int) *bars {
	return &bars{s: s, draws: terminal(s.Err) && os.Getenv("TERM") != "dumb", total: total, flying: map[string]int{}}
}

func (b *bars) at(name string, sent, size int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.flying[name] = int(100 * sent / max(size, 1))
	if b.draws && time.Since(b.drawn) > barPace {
		b.draw()
	}
}

func (b *bars) done(name string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.n++
	delete(b.flying, name)
	if b.draws {
		b.draw()
	} else {
		b.s.say("%d/%d %s", b.n, b.total, clean(name))
	}
}

// maxLine bounds a line of progress, which must fit a terminal.
const maxLine = 78

func (b *bars) draw() {
	b.drawn = time.Now()
	line := fmt.Sprintf("%d/%d sent", b.n, b.total)
	for _, name := range slices.Sorted(maps.Keys(b.flying)) {
		filled := b.flying[name] / 20
		line += fmt.Sprintf("  %.16s [%s%s]", clean(name), strings.Repeat("#", filled), strings.Repeat(".", 5-filled))
	}
	fmt.Fprintf(b.s.Err, "\r\x1b[K%.*s", maxLine, line)
}

// end leaves the line.
func (b *bars) end() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.draws && !b.ended && b.n > 0 {
		fmt.Fprintln(b.s.Err)
	}
	b.ended = true
}
