package apptest

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"testing"
	"time"
)

// Process is a started opal.
type Process struct {
	Cmd  *exec.Cmd
	Done chan error // receives the end of Cmd

	mu  sync.Mutex
	log []map[string]any
	raw bytes.Buffer // as it was written

	stderr *lockedText
}

// Start starts opal with the arguments; the test kills what is left of it.
func Start(t testing.TB, env []string, args ...string) *Process {
	t.Helper()
	if testing.Short() {
		t.Skip("not among the short tests: it starts opal")
	}
	exe, err := exec.LookPath("opal") // testscript's link to this test binary
	if err != nil {
		t.Fatal(err)
	}
	return StartExe(t, exe, env, args...)
}

// StartExe is Start for another build of opal.
func StartExe(t testing.TB, exe string, env []string, args ...string) *Process {
	t.Helper()
	p := &Process{Cmd: exec.Command(exe, args...), Done: make(chan error, 1)}
	p.Cmd.Env = append(os.Environ(), env...)
	out, err := p.Cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	p.stderr = &lockedText{}
	p.Cmd.Stderr = p.stderr
	if err := p.Cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		s := bufio.NewScanner(out)
		s.Buffer(nil, 1<<20)
		for s.Scan() {
			var line map[string]any
			known := json.Unmarshal(s.Bytes(), &line) == nil
			p.mu.Lock()
			p.raw.Write(s.Bytes())
			p.raw.WriteByte('\n')
			if known {
				p.log = append(p.log, line)
			}
			p.mu.Unlock()
		}
		p.Done <- p.Cmd.Wait()
	}()
	t.Cleanup(func() {
		_ = p.Cmd.Process.Kill()
		if t.Failed() {
			t.Logf("opal %v: %s", args, p.stderr.String())
			for _, l := range p.Lines(func(l map[string]any) bool { return l["level"] != "info" }) {
				t.Log(l)
			}
		}
	})
	return p
}

// lockedText keeps what a process says while it says it.
type lockedText struct {
	mu sync.Mutex
	b  bytes.Buffer
}

// Write keeps it.
func (l *lockedText) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

// String returns it.
func (l *lockedText) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// Lines returns the JSON lines of standard output that keep picks.
func (p *Process) Lines(keep func(map[string]any) bool) []map[string]any {
	p.mu.Lock()
	defer p.mu.Unlock()
	var out []map[string]any
	for _, l := range p.log {
		if keep(l) {
			out = append(out, l)
		}
	}
	return out
}

// Said returns everything that the process has written so far, to both streams.
func (p *Process) Said() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.raw.String() + p.stderr.String()
}

// Stop ends the process as the platform does and returns its exit code.
func (p *Process) Stop(t testing.TB) int {
	t.Helper()
	if err := p.Cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-p.Done:
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			return exit.ExitCode()
		}
		return 0
	case <-time.After(20 * time.Second):
		t.Fatal("it does not stop")
		return -1
	}
}

// given are the ports that FreeAddr has given out.
var given sync.Map

// FreeAddr returns a loopback address for a process that is about to listen. It
// lies below the ports that connections are given (32768 and up), one of which
// might take it first, and is given out once.
func FreeAddr(t testing.TB) string {
	t.Helper()
	for range 1000 {
		addr := fmt.Sprintf("127.0.0.1:%d", 15000+rand.IntN(15000))
		if _, taken := given.LoadOrStore(addr, true); taken {
			continue
		}
		l, err := net.Listen("tcp", addr)
		if err != nil {
			continue
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		return addr
	}
	t.Fatal("no port is free")
	return ""
}

// Run runs opal to its end.
func Run(env []string, args ...string) error {
	exe, err := exec.LookPath("opal")
	if err != nil {
		return err
	}
	cmd := exec.Command(exe, args...)
	cmd.Env = append(os.Environ(), env...)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("opal %v: %w\n%s", args, err, out)
	}
	return nil
}
