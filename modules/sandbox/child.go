package sandbox

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
)

// Exit codes of a child.
const (
	childOK      = 0
	childFailed  = 1
	childMisused = 2
)

// Handler is a kind of child.
type Handler struct {
	// Prepare loads what the work needs: libraries, models, tables. It runs
	// before the process is confined and before any byte from outside is there;
	// files can't be opened later. args are the Pool's Options.Args.
	Prepare func(args []string) (Worker, error)

	// Calls names the system calls, in the kernel's words, that the work needs
	// beside those of Go and of the C library's threads and memory.
	Calls []string

	// Unlimited leaves the work its memory, files and system calls, for drivers that
	// need more of the kernel than can be named. The process is still one of its own:
	// it gains no privileges, gets no secrets, and ends with its parent.
	Unlimited bool
}

// Worker does one job. Jobs of a child come one after another.
//
// The input is bad when the error is made by Refuse; any other error is the
// child's own fault, and the job may be tried again. The reply, of 64 KB at
// most, is sent to the parent.
type Worker func(job Work) (reply []byte, err error)

// Work is a job as the child sees it. In and Out lie in memory that is shared
// with the parent and are invalid when the Worker returns.
type Work struct {
	Params []byte
	In     []byte // may be read alone
	Out    []byte
}

// refusal says that a job's input is bad.
type refusal struct{ text string }

func (r *refusal) Error() string { return r.text }

// Refuse returns the error of a Worker whose input is bad.
func Refuse(text string) error { return &refusal{text} }

// ServeIfChild exits after serving when this process was started as a child;
// else it returns immediately. It is for a test's TestMain.
func ServeIfChild(handlers map[string]Handler) {
	if len(os.Args) > 2 && os.Args[1] == Argument && os.Getenv(Marker) != "" {
		os.Exit(Serve(handlers, os.Args[2:]))
	}
}

// ServeEarly is ServeIfChild for the init function of a package that imports its
// handlers' packages and little else: by Go's order such a package comes before those that
// need more, whose tables and patterns a child would make at each start and never read.
// It serves the kinds that it has a handler for and returns for others.
func ServeEarly(handlers map[string]Handler) {
	if len(os.Args) < 3 || os.Args[1] != Argument || os.Getenv(Marker) == "" {
		return
	}
	if _, ok := handlers[os.Args[2]]; !ok {
		return
	}
	// Go binds the goroutine of init to one thread, from which each switch costs more.
	go func() { os.Exit(Serve(handlers, os.Args[2:])) }()
	select {}
}

// Serve is a child's life: args are its kind and the arguments of Prepare. It
// returns the exit code. The command "child" runs it and nothing else, before it
// reads any configuration.
func Serve(handlers map[string]Handler, args []string) int {
	if os.Getenv(Marker) == "" {
		fmt.Fprintf(os.Stderr, "%s works for another opal process and is started by it alone\n", Argument)
		return childMisused
	}
	if len(args) == 0 {
		args = []string{""}
	}
	h, ok := handlers[args[0]]
	if !ok {
		fmt.Fprintf(os.Stderr, "there is no child %q; there are %s\n", args[0], strings.Join(slices.Sorted(maps.Keys(handlers)), ", "))
		return childMisused
	}
	if err := serve(h, args, os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return childFailed
	}
	return childOK
}

func serve(h Handler, args []string, in io.Reader, out io.Writer) error {
	if err := confine(); err != nil {
		return fmt.Errorf("confine the child: %w", err)
	}
	work, err := h.Prepare(args[1:])
	if err != nil {
		if b, e := json.Marshal(prepareError(err)); e == nil {
			_, _ = fmt.Fprintf(out, "%s%s\n", noHello, b)
		}
		return err
	}
	if _, err := io.WriteString(out, hello+args[0]+"\n"); err != nil {
		return err
	}
	s := &server{handler: h, work: work, out: out}
	// The parent keeps stdin open for as long as it wants the child. This is how
	// a child learns of its parent's death where no signal tells it.
	jobs := make(chan incoming)
	go func() {
		for {
			req, params, err := readRequest(in)
			if err != nil && s.busy.Load() {
				os.Exit(childFailed)
			}
			jobs <- incoming{req, params, err}
			if err != nil {
				return
			}
		}
	}()
	for j := range jobs {
		switch {
		case errors.Is(j.err, io.EOF):
			return nil // the child is not needed any more
		case j.err != nil:
			return fmt.Errorf("read the request: %w", j.err)
		}
		if err := s.do(j.request, j.params); err != nil {
			return err
		}
	}
	return nil
}

type incoming struct {
	request
	params []byte
	err    error
}

// server is the child's side of a Pool.
type server struct {
	handler Handler
	work    Worker
	out     io.Writer
	busy    atomic.Bool
	limited bool
}

// do answers one request. An error ends the child.
func (s *server) do(req request, params []byte) error {
	s.busy.Store(true)
	defer s.busy.Store(false)
	if err := sendAnswer(s.out, answerAccepted, nil); err != nil {
		return err
	}
	reply, err := s.confined(req, params)
	var bad *refusal
	switch {
	case errors.As(err, &bad):
		return sendAnswer(s.out, answerRefused, short(bad.text))
	case err != nil:
		return sendAnswer(s.out, answerFailed, short(err.Error()))
	case len(reply) > maxReply:
		return sendAnswer(s.out, answerFailed, short(fmt.Sprintf("a reply of %d bytes", len(reply))))
	}
	return sendAnswer(s.out, answerDone, reply)
}

func short(text string) []byte { return []byte(text[:min(len(text), maxText)]) }

// confined does the job within the shared file, under the limits.
func (s *server) confined(req request, params []byte) ([]byte, error) {
	if !s.limited && !s.handler.Unlimited {
		if err := limit(req, s.handler.Calls); err != nil {
			return nil, err
		}
		s.limited = true
	}
	const most = math.MaxInt32 // of a part of the shared file
	if req.InputLength > most || req.OutputLength > most {
		return nil, errors.New("the request is out of bounds")
	}
	in, err := share(0, req.InputLength, syscall.PROT_READ)
	if err != nil {
		return nil, fmt.Errorf("map the input: %w", err)
	}
	defer unshare(in)
	out, err := share(outputOffset(int(req.InputLength)), req.OutputLength, syscall.PROT_READ|syscall.PROT_WRITE)
	if err != nil {
		return nil, fmt.Errorf("map the output: %w", err)
	}
	defer unshare(out)
	return s.work(Work{Params: params, In: in, Out: out})
}

// share maps length bytes of the shared file.
func share(offset int64, length uint64, protection int) ([]byte, error) {
	if length == 0 {
		return nil, nil
	}
	return syscall.Mmap(sharedFD, offset, int(length), protection, syscall.MAP_SHARED)
}

func unshare(b []byte) {
	if b != nil {
		_ = syscall.Munmap(b)
	}
}
