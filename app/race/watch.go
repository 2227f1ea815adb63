package main

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// watchEvery is how often memory is looked at.
const watchEvery = 10 * time.Millisecond

// watch looks at the memory of a process and of all below it until the function that it
// returns is called, which says the most that it was, in bytes.
func watch(pid int) (most func() int64) {
	stop, done := make(chan struct{}), make(chan int64, 1)
	go func() {
		var peak int64
		for {
			peak = max(peak, residentOf(pid))
			select {
			case <-stop:
				done <- peak
				return
			case <-time.After(watchEvery):
			}
		}
	}()
	return func() int64 {
		close(stop)
		return <-done
	}
}

// residentOf is the resident memory, in bytes, of a process and of all below it; a page
// that they share counts once. 0 where it has ended, or the system doesn't say.
func residentOf(pid int) int64 {
	of := filepath.Join("/proc", strconv.Itoa(pid))
	var sum int64
	rollup, err := os.ReadFile(filepath.Join(of, "smaps_rollup"))
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(rollup)) {
		if f := strings.Fields(line); len(f) > 1 && f[0] == "Pss:" {
			if kB, err := strconv.ParseInt(f[1], 10, 64); err == nil {
				sum += kB << 10
			}
		}
	}
	threads, err := filepath.Glob(filepath.Join(of, "task", "*", "children"))
	if err != nil {
		return sum
	}
	for _, t := range threads {
		below, err := os.ReadFile(t)
		if err != nil {
			continue
		}
		for f := range strings.FieldsSeq(string(below)) {
			if child, err := strconv.Atoi(f); err == nil {
				sum += residentOf(child)
			}
		}
	}
	return sum
}
