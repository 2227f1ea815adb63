package sandbox

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// A template is a process that prepares what its kind of work needs once, with one thread,
// and forks a child for each job: a copy of memory that no job has touched, which costs a
// fraction of a program's start. It is no Go program: Go's runtime has threads from its start
// on, which a fork would leave behind.
//
// Its end of the socket is file 3. The worker sends it the children's filter of system calls,
// which may be empty, and is answered when the template is ready; then for each child a byte
// with four files, to be the child's first ones, and is answered the child's number, or the
// system's error. The children are the worker's own and speak the protocol of others, but
// greet nobody.

// TemplateMarker is set in a template's environment beside Marker.
const TemplateMarker = "OPAL_CHILD_TEMPLATE"

// template is a started one. It is used by one goroutine at a time.
type template struct {
	kind    string
	cmd     *exec.Cmd
	control *net.UnixConn
	stderr  *lastWords
	forks   int
}

// startTemplate starts command as a template and waits until it is ready.
func startTemplate(command []string, kind string, env []string, patience time.Duration) (*template, error) {
	if os.Getenv(Marker) != "" {
		return nil, fmt.Errorf("%w: %s is set: this process is a child itself", errors.ErrUnsupported, Marker)
	}
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("make a template's socket: %w", err)
	}
	ours, theirs := os.NewFile(uintptr(fds[0]), "template"), os.NewFile(uintptr(fds[1]), "template")
	defer ours.Close()
	defer theirs.Close()
	conn, err := net.FileConn(ours)
	if err != nil {
		return nil, fmt.Errorf("make a template's socket: %w", err)
	}
	t := &template{kind: kind, control: conn.(*net.UnixConn), stderr: &lastWords{}} //nolint:forcetypeassert // it was made so
	t.cmd = exec.Command(command[0], command[1:]...)
	t.cmd.Stderr = t.stderr
	t.cmd.ExtraFiles = []*os.File{theirs}
	t.cmd.Env = append(childEnvironment(kind, env), TemplateMarker+"=1")
	t.cmd.SysProcAttr = childAttributes()
	t.cmd.WaitDelay = time.Second
	if err := t.cmd.Start(); err != nil {
		return nil, errors.Join(fmt.Errorf("start a template: %w", err), conn.Close())
	}
	if err := theirs.Close(); err != nil { // so that its end shows
		t.end()
		return nil, err
	}
	if err := t.ready(patience); err != nil {
		t.end()
		return nil, fmt.Errorf("%w: %s", err, t.stderr)
	}
	return t, nil
}

func (t *template) ready(patience time.Duration) error {
	program, err := childFilter()
	if err != nil {
		return err
	}
	if err := t.control.SetDeadline(time.Now().Add(patience)); err != nil {
		return err
	}
	if _, err := t.control.Write(program); err != nil {
		return fmt.Errorf("send a template its filter: %w", err)
	}
	_, err = t.told()
	return err
}

// told returns the number of the child that was asked for.
func (t *template) told() (pid int, err error) {
	var b [8]byte
	if n, err := t.control.Read(b[:]); err != nil || n != len(b) {
		return 0, fmt.Errorf("a template ends: %w", errors.Join(err, fmt.Errorf("%d bytes", n)))
	}
	if errno := syscall.Errno(wire.Uint32(b[4:])); errno != 0 {
		return 0, fmt.Errorf("fork a child: %w", errno)
	}
	return int(wire.Uint32(b[:])), nil
}

// forkPatience is how long a fork may take on a busy machine.
const forkPatience = 10 * time.Second

// fork returns a new child. An error says that this template is of no use any more.
func (t *template) fork() (*child, error) {
	l, err := newLines()
	if err != nil {
		return nil, err
	}
	var said, childErr *os.File
	fail := func(err error) (*child, error) {
		l.close()
		_ = said.Close() // of nil, too
		_ = childErr.Close()
		return nil, err
	}
	if said, childErr, err = unwaitingPipe(); err != nil {
		return fail(err)
	}
	rights := unix.UnixRights(int(l.childIn.Fd()), int(l.childOut.Fd()), int(childErr.Fd()), int(l.shared.Fd()))
	if err := t.control.SetDeadline(time.Now().Add(forkPatience)); err != nil {
		return fail(err)
	}
	if _, _, err := t.control.WriteMsgUnix([]byte{1}, rights, nil); err != nil {
		return fail(fmt.Errorf("ask a template for a child: %w", err))
	}
	pid, err := t.told()
	if err != nil {
		return fail(err)
	}
	t.forks++
	process, err := os.FindProcess(pid) // it is this process's child: its number lasts until it is waited for
	if err != nil {
		return fail(err)
	}
	l.give()
	_ = childErr.Close()
	return &child{
		kind: t.kind, stdin: l.stdin, stdout: l.stdout, shared: l.shared, greeted: true,
		kill: process.Kill, said: sync.OnceValue(func() string { return unread(said) }),
		reap: sync.OnceValue(func() error {
			state, err := process.Wait()
			if err == nil && !state.Success() {
				err = &exec.ExitError{ProcessState: state}
			}
			return err
		}),
	}, nil
}

// unwaitingPipe returns a pipe of which the child's end doesn't wait for a reader: what doesn't
// fit is lost.
func unwaitingPipe() (r, w *os.File, err error) {
	var fds [2]int
	if err := unix.Pipe2(fds[:], unix.O_CLOEXEC|unix.O_NONBLOCK); err != nil {
		return nil, nil, err
	}
	return os.NewFile(uintptr(fds[0]), "stderr"), os.NewFile(uintptr(fds[1]), "stderr"), nil
}

// unread reads what a child that has ended left on stderr, and closes it.
func unread(f *os.File) string {
	defer f.Close()
	if err := f.SetReadDeadline(time.Now().Add(time.Second)); err != nil {
		return err.Error()
	}
	b := make([]byte, maxStderr)
	n, _ := io.ReadFull(f, b)
	return OneLine(string(b[:n]))
}

// end ends the template. Its children go on.
func (t *template) end() {
	_ = t.control.Close()
	_ = t.cmd.Process.Kill()
	_ = t.cmd.Wait()
}
