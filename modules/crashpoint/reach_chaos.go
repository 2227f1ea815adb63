//go:build chaos

package crashpoint

import (
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
)

// aim is what the environment says; hits counts down to it.
var (
	aim, hits = target(os.Getenv(Variable))
	seen      atomic.Int64
)

func target(s string) (point string, hit int64) {
	point, n, _ := strings.Cut(s, ":")
	hit, err := strconv.ParseInt(n, 10, 64)
	if err != nil {
		hit = 1
	}
	return point, hit
}

// Reach kills the process, as the kernel does when memory runs out, when this is
// the hit of the point that the environment asked for.
func Reach(point string) {
	if point != aim || seen.Add(1) != hits {
		return
	}
	_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
	select {} // until the kernel has come round to it
}
