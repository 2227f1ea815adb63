package sandbox

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestJobs(t *testing.T) {
	for _, jobs := range []int{1, 100} {
		t.Run(fmt.Sprintf("%d a child", jobs), func(t *testing.T) {
			p := newPool(t, Options{Jobs: jobs, Concurrency: 1})
			first, err := do(t, p, "hello")
			if err != nil || !strings.HasSuffix(first, " hello") {
				t.Fatalf("%q, %v", first, err)
			}
			second, err := do(t, p, "hello")
			if err != nil {
				t.Fatal(err)
			}
			if same := first == second; same != (jobs > 1) {
				t.Errorf("children %q and %q", first, second)
			}
			var refused *RefusedError
			if _, err := do(t, p, "refuse"); !errors.As(err, &refused) || refused.Reason != "not to my liking" {
				t.Error(err)
			}
			if third, err := do(t, p, "hello"); err != nil || jobs > 1 && third != first {
				t.Errorf("after a refusal: %q, %v", third, err)
			}
			var died *DiedError
			if _, err := do(t, p, "fail"); !errors.As(err, &died) || len(died.Deaths) != 2 || !strings.Contains(err.Error(), "out of ideas") {
				t.Error(err)
			}
			if _, err := do(t, p, "die"); !errors.As(err, &died) || !strings.Contains(err.Error(), "exit status 3") {
				t.Error(err)
			}
			if _, err := do(t, p, "stale"); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestAChildIsReplacedAfterItsJobs(t *testing.T) {
	p := newPool(t, Options{Jobs: 2, Concurrency: 1})
	p.Warm()
	var replies []string
	for range 4 {
		reply, err := do(t, p, "x")
		if err != nil {
			t.Fatal(err)
		}
		replies = append(replies, reply)
	}
	if replies[0] != replies[1] || replies[2] != replies[3] || replies[1] == replies[2] {
		t.Errorf("children %v", replies)
	}
}

func TestAnIdleChildIsEnded(t *testing.T) {
	p := newPool(t, Options{Jobs: 100, Concurrency: 1, Idle: 50 * time.Millisecond})
	first, err := do(t, p, "x")
	if err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		p.mu.Lock()
		idle := len(p.idle)
		p.mu.Unlock()
		if idle == 0 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("it still waits")
		}
	}
	if second, err := do(t, p, "x"); err != nil || second == first {
		t.Errorf("%q, %v", second, err)
	}
}

func TestPrepareComesBeforeTheLimits(t *testing.T) {
	if runtime.GOOS != "linux" && runtime.GOOS != "darwin" {
		t.Skip("no limits there")
	}
	name := filepath.Join(t.TempDir(), "model")
	if err := os.WriteFile(name, []byte("weights"), 0o600); err != nil {
		t.Fatal(err)
	}
	p := newPool(t, Options{Kind: "prepared", Args: []string{name}, Jobs: 10})
	err := p.Do(t.Context(), Job{Memory: 64 << 20}, func(_ io.ReaderAt, reply []byte) error {
		if string(reply) != "weights" {
			t.Errorf("%q", reply)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	missing := newPool(t, Options{Kind: "prepared", Args: []string{name + "2"}, Jobs: 10})
	var unavailable *UnavailableError
	if err := missing.Do(t.Context(), Job{Memory: 64 << 20}, nil); !errors.As(err, &unavailable) || !strings.Contains(err.Error(), "no such file") {
		t.Error(err)
	}
}

// A child that can't be prepared says why, once and without a second child's try.
func TestAChildSaysWhyItCantBePrepared(t *testing.T) {
	p := newPool(t, Options{Kind: "faulty", Jobs: 10, Concurrency: 1})
	for name, try := range map[string]func() error{
		"before the first job": func() error { return p.Ready(t.Context()) },
		"by a job":             func() error { _, err := do(t, p, "x"); return err },
	} {
		t.Run(name, func(t *testing.T) {
			err := try()
			var unavailable *UnavailableError
			var said *PrepareError
			if !errors.As(err, &unavailable) || len(unavailable.Causes) != 1 || !errors.As(err, &said) {
				t.Fatalf("%v", err)
			}
			want := PrepareError{Code: "faulty", Text: "the work can't be prepared: its weights; are gone", Detail: "its weights; are gone"}
			if *said != want || err.Error() != want.Text {
				t.Errorf("%+v, and in words %q", *said, err)
			}
		})
	}
}

func TestAReadyChildTakesTheFirstJob(t *testing.T) {
	p := newPool(t, Options{Jobs: 10, Concurrency: 1})
	for range 2 { // the second finds it
		if err := p.Ready(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	p.mu.Lock()
	waiting := len(p.idle)
	p.mu.Unlock()
	if kids := childProcesses(t); waiting != 1 || runtime.GOOS == "linux" && len(kids) != 1 {
		t.Errorf("%d wait of %v", waiting, kids)
	}
	if _, err := do(t, p, "x"); err != nil {
		t.Error(err)
	}
	stopped, stop := context.WithCancel(t.Context())
	stop()
	if err := newPool(t, Options{Command: bad(t, "slow"), Jobs: 10}).Ready(stopped); !errors.Is(err, context.Canceled) {
		t.Errorf("given up: %v", err)
	}
}

// A shell's or a service's own limit on memory may be lower than a job's.
func TestAMemoryLimitThatIsTooLowIsNamed(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("no limit on memory there")
	}
	p := newPool(t, Options{Command: []string{"/bin/sh", "-c", `ulimit -v 4000000; exec "$0" ` + Argument + " echo", self(t)}})
	var died *DiedError
	err := p.Do(t.Context(), Job{Memory: 4 << 30}, nil)
	if !errors.As(err, &died) || !strings.Contains(err.Error(), "4096 of them for its work, and is held to 3906 MB") {
		t.Errorf("%v", err)
	}
	if err := Room(1 << 20); err != nil {
		t.Errorf("a megabyte here: %v", err)
	}
}

func TestMisbehavingChildren(t *testing.T) {
	for _, c := range []struct {
		mode    string
		timeout time.Duration
		deaths  int
		says    string
	}{
		{"crash", 0, 2, "invalid pointer"},
		{"babble", 0, 2, "died"},
		{"endless", 0, 2, "died"},
		{"short", 0, 2, "left no result"},
		{"hang", time.Second, 1, "longer than 1s"},
	} {
		t.Run(c.mode, func(t *testing.T) {
			p := newPool(t, Options{Command: bad(t, c.mode), Timeout: c.timeout})
			var died *DiedError
			if _, err := do(t, p, "x"); !errors.As(err, &died) || len(died.Deaths) != c.deaths || !strings.Contains(err.Error(), c.says) {
				t.Errorf("%v", err)
			}
		})
	}
	t.Run("crash once", func(t *testing.T) {
		p := newPool(t, Options{Command: bad(t, "crash-once", filepath.Join(t.TempDir(), "crashed"))})
		if _, err := do(t, p, "x"); err != nil {
			t.Error(err)
		}
	})
	for _, c := range []struct {
		name    string
		command []string
		start   time.Duration
		says    string
	}{
		{"no such program", []string{filepath.Join(t.TempDir(), "missing")}, 0, "missing"},
		{"another program", bad(t, "stranger"), 0, "ServeIfChild"},
		{"a program that can't load", bad(t, "stillborn"), 0, "shared libraries"},
		{"a child that leaves", bad(t, "impatient"), 0, "ended while it waited"},
		{"a child that is never ready", bad(t, "slow"), 500 * time.Millisecond, "not ready within 500ms"},
		{"an unknown kind", []string{self(t), Argument, "nothing"}, 0, "there are driver, echo, faulty, prepared, probe"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newPool(t, Options{Command: c.command, Start: c.start})
			var unavailable *UnavailableError
			if _, err := do(t, p, "x"); !errors.As(err, &unavailable) || !strings.Contains(err.Error(), c.says) {
				t.Errorf("%v; want one that says %q", err, c.says)
			}
		})
	}
}

func TestGivingUp(t *testing.T) {
	p := newPool(t, Options{Command: bad(t, "hang")})
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(100*time.Millisecond, cancel)
	if err := p.Do(ctx, Job{Memory: 1 << 20}, nil); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestChildrenWithinTheirLimits(t *testing.T) {
	p := newPool(t, Options{Timeout: 20 * time.Second, Tries: 1})
	var died *DiedError
	if err := p.Do(t.Context(), Job{Params: []byte("spin"), Memory: 64 << 20, CPU: time.Second}, nil); !errors.As(err, &died) || !strings.Contains(err.Error(), "killed") {
		t.Errorf("a second of CPU time: %v", err)
	}
	if runtime.GOOS != "linux" {
		return
	}
	if err := p.Do(t.Context(), Job{Params: []byte("memory"), Memory: 64 << 20, CPU: 5 * time.Second}, nil); !errors.As(err, &died) {
		t.Errorf("64 MB of memory: %v", err)
	}
}

func TestTheEnvironmentHoldsNoSecrets(t *testing.T) {
	t.Setenv("OPAL_TEST_SECRET", "hush")
	p := newPool(t, Options{Command: bad(t, "environment"), Environment: []string{"THREADS=3"}})
	reply, err := do(t, p, "environment")
	if err != nil || strings.Contains(reply, "hush") || !strings.Contains(reply, Marker+"=echo") || !strings.Contains(reply, "THREADS=3") {
		t.Errorf("%q, %v", reply, err)
	}
}

func TestWithinAChildNoneIsStarted(t *testing.T) {
	t.Setenv(Marker, "1")
	var unavailable *UnavailableError
	if _, err := do(t, newPool(t, Options{}), "x"); !errors.As(err, &unavailable) {
		t.Error(err)
	}
}

func TestAClosedPool(t *testing.T) {
	for _, jobs := range []int{1, 5} {
		t.Run(fmt.Sprintf("%d jobs a process", jobs), func(t *testing.T) {
			p := New(Options{Kind: "echo", Jobs: jobs})
			p.Warm()
			for range 2 {
				if err := p.Close(); err != nil {
					t.Error(err)
				}
			}
			p.Warm()
			var unavailable *UnavailableError
			if _, err := do(t, p, "x"); !errors.As(err, &unavailable) {
				t.Error(err)
			}
		})
	}
}

func TestJobsOutOfBounds(t *testing.T) {
	p := newPool(t, Options{})
	for name, j := range map[string]Job{
		"too much output": {Output: 1 << 40}, "negative output": {Output: -1}, "negative memory": {Memory: -1}, "long parameters": {Params: make([]byte, maxParams+1)},
	} {
		t.Run(name, func(t *testing.T) {
			if err := p.Do(t.Context(), j, nil); err == nil {
				t.Error("was taken")
			}
		})
	}
}

// Many jobs at the same time, some given up, and no process stays behind.
func TestManyAtOnce(t *testing.T) {
	for _, jobs := range []int{1, 3} {
		t.Run(fmt.Sprintf("%d jobs a process", jobs), func(t *testing.T) {
			p := New(Options{Kind: "echo", Concurrency: 3, Jobs: jobs})
			var wg sync.WaitGroup
			for i := range 24 {
				wg.Go(func() {
					ctx, cancel := context.WithCancel(t.Context())
					defer cancel()
					if i%4 == 2 {
						cancel()
					}
					err := p.Do(ctx, Job{Input: []byte("x"), Output: 1, Memory: 64 << 20, CPU: 5 * time.Second}, nil)
					if i%4 == 2 != errors.Is(err, context.Canceled) || i%4 != 2 && err != nil {
						t.Errorf("%d: %v", i, err)
					}
				})
			}
			wg.Wait()
			if err := p.Close(); err != nil {
				t.Error(err)
			}
			if kids := childProcesses(t); len(kids) > 0 {
				t.Errorf("still running: %v", kids)
			}
		})
	}
}

// childProcesses lists this process's children, zombies included.
func childProcesses(t testing.TB) []string {
	t.Helper()
	if runtime.GOOS != "linux" {
		return nil
	}
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, name := range stats {
		b, err := os.ReadFile(name)
		if err != nil {
			continue
		}
		// pid (name) state parent ...
		_, rest, _ := strings.Cut(string(b), ") ")
		var state string
		var parent int
		if _, err := fmt.Sscan(rest, &state, &parent); err == nil && parent == os.Getpid() {
			found = append(found, string(b))
		}
	}
	return found
}

// A child whose parent vanishes ends by itself.
func TestAChildEndsWithItsParent(t *testing.T) {
	c, err := startChild(New(Options{Kind: "echo"}).command(), "echo", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer c.end()
	if err := c.greet(defaultStart); err != nil {
		t.Fatal(err)
	}
	if err := c.stdin.Close(); err != nil {
		t.Fatal(err)
	}
	if err := c.reap(); err != nil {
		t.Error(err)
	}
}

func TestServeIsForParentsAlone(t *testing.T) {
	if code := Serve(testChildren(), []string{"echo"}); code != childMisused {
		t.Errorf("exit code %d", code)
	}
}

func TestOneLine(t *testing.T) {
	if got := OneLine("a: no\n a: no\n\nb: \xff\n"); got != "a: no; b: ?" {
		t.Errorf("%q", got)
	}
}
