//go:build chaos

package crashpoint

import (
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
)

// target is what the environment asks for.
type target struct {
	point  string
	hit    int64 // at which the process kills itself; of panics, the last hit
	panics bool
}

var (
	aim  = parse(os.Getenv(Variable))
	seen atomic.Int64
)

// parse reads "POINT", "POINT:HIT" or "POINT:panic:HITS".
func parse(s string) target {
	point, n, _ := strings.Cut(s, ":")
	n, panics := strings.CutPrefix(n, "panic:")
	hit, err := strconv.ParseInt(n, 10, 64)
	if err != nil {
		hit = 1
	}
	return target{point, hit, panics}
}

// Reach kills the process, as the kernel does when memory runs out, when this is
// the hit of the point that the environment asked for; or it panics there, as a
// fault in a step does.
func Reach(point string) {
	if point != aim.point {
		return
	}
	switch n := seen.Add(1); {
	case aim.panics:
		if n <= aim.hit {
			panic("the chaos suite asked for a panic at " + point)
		}
	case n == aim.hit:
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {} // waits for the kernel to kill the process
	}
}
