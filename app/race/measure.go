package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"time"
)

// usage is what a process and the children that it waited for took.
type usage struct {
	cpu, wall time.Duration
	peak      int64 // bytes of the largest of its processes
}

// measure runs a command to its end.
func measure(ctx context.Context, c command) (usage, error) {
	cmd := exec.CommandContext(ctx, c.args[0], c.args[1:]...)
	cmd.Dir = c.dir
	cmd.Env = append(cmd.Environ(), c.env...)
	var said bytes.Buffer
	cmd.Stderr = &said
	began := time.Now()
	if err := cmd.Run(); err != nil {
		return usage{}, fmt.Errorf("%s: %w: %s", strings.Join(c.args[:min(3, len(c.args))], " "), err, tail(said.String()))
	}
	wall := time.Since(began)
	used, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	if !ok {
		return usage{}, errors.New("this system doesn't say what a process used")
	}
	return usage{cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(), wall, used.Maxrss * maxrssUnit}, nil
}

func tail(s string) string {
	s = strings.TrimSpace(s)
	return s[max(0, len(s)-600):]
}

// median is the middle one of the values that get takes, by an odd or an even count.
func median(all []usage, get func(usage) float64) float64 {
	v := make([]float64, len(all))
	for i, u := range all {
		v[i] = get(u)
	}
	slices.Sort(v)
	n := len(v)
	return (v[(n-1)/2] + v[n/2]) / 2
}

// ratio divides our median by theirs.
func ratio(ours, theirs []usage, get func(usage) float64) float64 {
	return median(ours, get) / median(theirs, get)
}

func cpuOf(u usage) float64  { return u.cpu.Seconds() }
func wallOf(u usage) float64 { return u.wall.Seconds() }
func peakOf(u usage) float64 { return float64(u.peak) }
