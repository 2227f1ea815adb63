package imaging

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"
)

const (
	// startTimeout bounds a child's start, which takes 0.05 s on an idle machine.
	startTimeout = 20 * time.Second

	// maxStderr is how much of a child's last words is kept.
	maxStderr = 2 << 10
)

// child is a started decoding process that waits for its one request.
type child struct {
	cmd     *exec.Cmd
	stdin   *os.File // closing it ends the child
	stdout  *os.File
	shared  *os.File
	stderr  *lastWords
	greeted bool
	reap    func() error
}

// startChild starts command as a child. It returns before the child is ready.
func startChild(command []string) (*child, error) {
	if os.Getenv(childMarker) != "" {
		return nil, fmt.Errorf("%s is set: this process is a decoding child itself, and its command line leads to ordinary work; in tests, TestMain must call imagingtest.Main", childMarker)
	}
	var files []*os.File
	fail := func(err error) (*child, error) {
		for _, f := range files {
			_ = f.Close()
		}
		return nil, err
	}
	shared, err := newSharedFile()
	if err != nil {
		return fail(err)
	}
	files = append(files, shared)
	childIn, stdin, err := os.Pipe()
	if err != nil {
		return fail(err)
	}
	files = append(files, childIn, stdin)
	stdout, childOut, err := os.Pipe()
	if err != nil {
		return fail(err)
	}
	files = append(files, stdout, childOut)

	c := &child{stdin: stdin, stdout: stdout, shared: shared, stderr: &lastWords{}}
	c.cmd = exec.Command(command[0], command[1:]...)
	c.cmd.Stdin, c.cmd.Stdout, c.cmd.Stderr = childIn, childOut, c.stderr
	c.cmd.ExtraFiles = []*os.File{shared}
	c.cmd.Env = childEnvironment()
	c.cmd.SysProcAttr = childAttributes()
	c.cmd.WaitDelay = time.Second
	if err := c.cmd.Start(); err != nil {
		return fail(fmt.Errorf("start %q: %w", strings.Join(command, " "), err))
	}
	_ = childIn.Close()
	_ = childOut.Close()
	c.reap = sync.OnceValue(c.cmd.Wait)
	return c, nil
}

// childEnvironment holds no settings and no secrets: only what a loader may
// need to find libraries, and what keeps the child small.
func childEnvironment() []string {
	env := []string{childMarker + "=1", "GOMAXPROCS=2", "GOGC=off", "GOMEMLIMIT=64MiB", "GOTRACEBACK=none", "LC_ALL=C"}
	for _, name := range []string{"LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "DYLD_FALLBACK_LIBRARY_PATH", "TMPDIR", "GOCOVERDIR"} {
		if v, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+v)
		}
	}
	return env
}

// greet waits until the child is ready.
func (c *child) greet() error {
	if c.greeted {
		return nil
	}
	if err := c.stdout.SetReadDeadline(time.Now().Add(startTimeout)); err != nil {
		return err
	}
	b := make([]byte, len(hello))
	n, err := io.ReadFull(c.stdout, b)
	if string(b) == hello {
		c.greeted = true
		return nil
	}
	if err == nil || n > 0 {
		err = fmt.Errorf("%s is no decoding child: it says %q; a test's TestMain must call imagingtest.Main", c.cmd.Path, b[:n])
	}
	return fmt.Errorf("%w%s", err, c.lastWords())
}

// send asks for one picture.
func (c *child) send(req request, data []byte) error {
	if err := c.shared.Truncate(pixelOffset(len(data)) + int64(req.Width)*int64(req.Height)*bytesPerPixel); err != nil {
		return fmt.Errorf("make room for the pixels: %w", err)
	}
	if _, err := c.shared.WriteAt(data, 0); err != nil {
		return fmt.Errorf("hand over the picture: %w", err)
	}
	return binary.Write(c.stdin, wire, req)
}

// end kills the child, if it still runs, and frees all it holds.
func (c *child) end() {
	_ = c.stdin.Close()
	_ = c.cmd.Process.Kill()
	_ = c.reap()
	_ = c.stdout.Close()
	_ = c.shared.Close()
}

// lastWords returns how the child ended and what it said, for a log.
func (c *child) lastWords() string {
	_ = c.cmd.Process.Kill()
	err := c.reap()
	said := c.stderr.String()
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
	return cleanText(string(l.b))
}

// errSpareGone says that a child ended before it took a request.
var errSpareGone = errors.New("the decoding child ended while it waited")
