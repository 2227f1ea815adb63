package sandbox

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"
)

// maxStderr is how much of a child's last words is kept.
const maxStderr = 2 << 10

// child is a started process that waits for its next job.
type child struct {
	kind    string
	path    string   // of its program; "" where a template has forked it
	stdin   *os.File // closing it ends the child
	stdout  *os.File
	shared  *os.File
	greeted bool
	done    int           // jobs
	unused  *time.Timer   // ends a child that waits too long; nil while it works
	kill    func() error  // on any thread, also after its end
	reap    func() error  // waits for its end
	said    func() string // what it wrote to stderr, once it has ended; frees what held it
}

// startChild starts command as a child of the given kind. It returns before the
// child is ready.
func startChild(command []string, kind string, env []string) (*child, error) {
	if os.Getenv(Marker) != "" {
		return nil, fmt.Errorf("%s is set: this process is a child itself, and its command line leads to ordinary work; "+
			"tests must import imagingtest, or call sandbox.ServeIfChild in TestMain", Marker)
	}
	l, err := newLines()
	if err != nil {
		return nil, err
	}
	stderr := &lastWords{}
	cmd := exec.Command(command[0], command[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = l.childIn, l.childOut, stderr
	cmd.ExtraFiles = []*os.File{l.shared}
	cmd.Env = childEnvironment(kind, env)
	cmd.SysProcAttr = childAttributes()
	cmd.WaitDelay = time.Second
	if err := cmd.Start(); err != nil {
		l.close()
		return nil, fmt.Errorf("start %q: %w", strings.Join(command, " "), err)
	}
	l.give()
	return &child{
		kind: kind, path: cmd.Path, stdin: l.stdin, stdout: l.stdout, shared: l.shared,
		kill: cmd.Process.Kill, reap: sync.OnceValue(cmd.Wait), said: stderr.String,
	}, nil
}

// lines are the files between a worker and a child: the shared one, which both have, and both
// ends of the two pipes.
type lines struct{ shared, stdin, stdout, childIn, childOut *os.File }

func newLines() (l lines, err error) {
	if l.shared, err = newSharedFile(); err != nil {
		return l, err
	}
	if l.childIn, l.stdin, err = os.Pipe(); err != nil {
		l.close()
		return l, err
	}
	if l.stdout, l.childOut, err = os.Pipe(); err != nil {
		l.close()
		return l, err
	}
	return l, nil
}

// give closes the worker's copies of the child's ends, which the child has.
func (l lines) give() {
	_ = l.childIn.Close()
	_ = l.childOut.Close()
}

// close closes all that were made.
func (l lines) close() {
	for _, f := range []*os.File{l.shared, l.stdin, l.stdout, l.childIn, l.childOut} {
		_ = f.Close() // of nil, too
	}
}

// childEnvironment holds no settings and no secrets: only what a loader may
// need to find libraries, what keeps the child small, and the kind's own.
func childEnvironment(kind string, more []string) []string {
	env := []string{Marker + "=" + kind, "GOMAXPROCS=2", "GOGC=off", "GOMEMLIMIT=64MiB", "GOTRACEBACK=none", "LC_ALL=C"}
	for _, name := range []string{"LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "DYLD_FALLBACK_LIBRARY_PATH", "TMPDIR", "GOCOVERDIR"} {
		if v, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+v)
		}
	}
	return append(env, more...)
}

// greet waits until the child is ready.
func (c *child) greet(timeout time.Duration) error {
	if c.greeted {
		return nil
	}
	if err := c.stdout.SetReadDeadline(time.Now().Add(timeout)); err != nil {
		return err
	}
	want := hello + c.kind + "\n"
	b := make([]byte, len(want))
	n, err := io.ReadFull(c.stdout, b)
	if string(b) == want {
		c.greeted = true
		return nil
	}
	if said := c.excuse(b[:n]); said != nil {
		return said
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		err = fmt.Errorf("the child was not ready within %v", timeout)
	} else if err == nil || n > 0 {
		err = fmt.Errorf("%s is not a child %q: it says %q; tests must import imagingtest, or call sandbox.ServeIfChild in TestMain", c.path, c.kind, b[:n])
	}
	return fmt.Errorf("%w%s", err, c.lastWords())
}

// excuse reads what a child says that could not be prepared; nil where its output, which
// begins with begun, is something else.
func (c *child) excuse(begun []byte) *PrepareError {
	if !bytes.HasPrefix(begun, []byte(noHello)) {
		return nil
	}
	rest, _ := io.ReadAll(io.LimitReader(c.stdout, maxExcuse))
	var said PrepareError
	if json.Unmarshal(append(begun[len(noHello):], rest...), &said) != nil || said.Text == "" {
		return nil
	}
	said.Text, said.Detail = OneLine(said.Text), OneLine(said.Detail)
	return &said
}

// send hands over one job.
func (c *child) send(req request, job Job) error {
	// The last job's bytes are cleared.
	if err := c.shared.Truncate(0); err != nil {
		return fmt.Errorf("clear the shared memory: %w", err)
	}
	if err := c.shared.Truncate(outputOffset(len(job.Input)) + job.Output); err != nil {
		return fmt.Errorf("make room for the output: %w", err)
	}
	if _, err := c.shared.WriteAt(job.Input, 0); err != nil {
		return fmt.Errorf("hand over the input: %w", err)
	}
	return sendRequest(c.stdin, req, job.Params)
}

// end kills the child, if it still runs, and frees all it holds.
func (c *child) end() {
	_ = c.stdin.Close()
	_ = c.kill()
	_ = c.reap()
	_ = c.said()
	_ = c.stdout.Close()
	_ = c.shared.Close()
}

// lastWords returns how the child ended and what it said, for a log.
func (c *child) lastWords() string {
	_ = c.kill()
	err := c.reap()
	said := c.said()
	switch {
	case err == nil && said == "":
		return ""
	case said == "":
		return fmt.Sprintf(" (%v)", err)
	}
	return fmt.Sprintf(" (%v: %s)", err, said)
}

// lastWords keeps the beginning of what is written to it.
type lastWords struct {
	mu sync.Mutex
	b  []byte
}

func (l *lastWords) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.b = append(l.b, p[:min(len(p), maxStderr-len(l.b))]...)
	return len(p), nil
}

func (l *lastWords) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return OneLine(string(l.b))
}
