package main

import (
	"bytes"
	"os"
	"runtime/debug"
	"strconv"
)

// forgetPeak frees what this process no longer uses and has the kernel measure its
// peak anew, so that each engine's is its own.
func forgetPeak() {
	debug.FreeOSMemory()
	_ = os.WriteFile("/proc/self/clear_refs", []byte("5"), 0)
}

// ownPeak is the most memory that this process has held since forgetPeak, in KB.
func ownPeak() int64 {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	_, after, _ := bytes.Cut(status, []byte("VmHWM:"))
	if fields := bytes.Fields(after); len(fields) > 0 {
		kb, _ := strconv.ParseInt(string(fields[0]), 10, 64)
		return kb
	}
	return 0
}
