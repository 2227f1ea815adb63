//go:build !linux

package main

import (
	"runtime/debug"
	"syscall"
)

// forgetPeak frees what this process no longer uses. Only Linux measures a peak anew:
// elsewhere an engine's is that of all that ran before it, too.
func forgetPeak() { debug.FreeOSMemory() }

// ownPeak is the most memory that this process has held, in KB: macOS counts bytes.
func ownPeak() int64 {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return u.Maxrss / 1024
}
