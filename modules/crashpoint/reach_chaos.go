//go:build chaos

package crashpoint

import (
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
)

// aim is the point that the environment names; hits counts down to the hit.
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
	select {} // waits for the kernel to kill the process
}
