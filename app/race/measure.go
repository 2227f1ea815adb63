package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// usage is what a process and the children that it waited for took.
type usage struct {
	cpu, wall time.Duration
	peak      int64   // bytes of the largest of its processes
	tree      int64   // bytes of all of them together, where it was watched
	figure    float64 // what it measured itself and wrote; 0: nothing
}

// measure runs a command to its end. watched looks at the memory of all of its processes, too.
func measure(ctx context.Context, c command, watched bool) (usage, error) {
	cmd := exec.CommandContext(ctx, c.args[0], c.args[1:]...)
	cmd.Dir = c.dir
	cmd.Env = append(cmd.Environ(), c.env...)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) } // it ends what it started
	cmd.WaitDelay = endPatience
	var said, wrote bytes.Buffer
	cmd.Stdout, cmd.Stderr = &wrote, &said
	began := time.Now()
	if err := cmd.Start(); err != nil {
		return usage{}, err
	}
	tree := func() int64 { return 0 }
	if watched {
		tree = watch(cmd.Process.Pid)
	}
	err := cmd.Wait()
	wall := time.Since(began)
	most := tree()
	if err != nil && (c.takes == 0 || cmd.ProcessState.ExitCode() != c.takes) {
		return usage{}, fmt.Errorf("%s: %w: %s", strings.Join(c.args[:min(3, len(c.args))], " "), err, tail(said.String()+wrote.String()))
	}
	used, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	if !ok {
		return usage{}, errors.New("this system doesn't say what a process used")
	}
	if watched && most == 0 {
		return usage{}, errors.New("this system doesn't say what memory processes share: it has no /proc/PID/smaps_rollup")
	}
	return usage{
		cpu: cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(), wall: wall, peak: used.Maxrss * maxrssUnit, tree: most, figure: figureIn(wrote.String()),
	}, nil
}

// endPatience is how long a contender may take to end what it started.
const endPatience = 30 * time.Second

// figures are how contenders write what they measured: a line of their own, or one of Go's benchmarks.
var figures = regexp.MustCompile(`(?m)^figure (\S+)$|\s(\S+) s/backlog`)

func figureIn(text string) float64 {
	m := figures.FindStringSubmatch(text)
	if m == nil {
		return 0
	}
	v, err := strconv.ParseFloat(m[1]+m[2], 64)
	if err != nil {
		return 0
	}
	return v
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
	return middle(v)
}

func middle(v []float64) float64 {
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
