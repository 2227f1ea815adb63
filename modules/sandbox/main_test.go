package sandbox

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/opal-photo/opal/modules/fault"
)

// TestMain serves as the children that these tests start, or as one that
// breaks the protocol.
func TestMain(m *testing.M) {
	ServeIfChild(testChildren())
	if len(os.Args) > 2 && os.Args[1] == badArgument {
		os.Exit(badChild(os.Args[2], os.Args[3:]))
	}
	goleak.VerifyTestMain(m)
}

func testChildren() map[string]Handler {
	ready := func(w Worker) func([]string) (Worker, error) {
		return func([]string) (Worker, error) { return w, nil }
	}
	return map[string]Handler{
		"echo":      {Prepare: ready(echoWork)},
		"probe":     {Prepare: ready(probeWork)},
		"prepared":  {Prepare: prepareFile},
		"wandering": {Prepare: wander},
		"driver":    {Prepare: ready(probeWork), Unlimited: true},
		"faulty":    {Prepare: func([]string) (Worker, error) { return nil, errFaulty.With("its weights\nare gone") }},
	}
}

var errFaulty = fault.New(fault.Invalid, "faulty", "the work can't be prepared")

// echoWork writes the input backwards and answers with its process and params.
func echoWork(job Work) ([]byte, error) {
	switch command := string(job.Params); command {
	case "refuse":
		return nil, Refuse("not to my liking")
	case "fail":
		return nil, errors.New("out of ideas")
	case "die":
		os.Exit(3)
	case "stale":
		for _, b := range job.Out {
			if b != 0 {
				return nil, errors.New("the last job's output is still there")
			}
		}
	case "spin":
		for { //nolint:staticcheck // spinning is what the limit on CPU time is tried with
		}
	case "memory":
		b := make([]byte, 1<<30)
		return b[:1], nil
	}
	for i := range min(len(job.In), len(job.Out)) {
		job.Out[i] = job.In[len(job.In)-1-i]
	}
	return []byte(strconv.Itoa(os.Getpid()) + " " + string(job.Params)), nil
}

// prepareFile reads a file before the process is confined and tries once more
// later.
func prepareFile(args []string) (Worker, error) {
	if len(args) != 1 {
		return nil, fmt.Errorf("%d arguments", len(args))
	}
	b, err := os.ReadFile(args[0])
	if err != nil {
		return nil, err
	}
	return func(Work) ([]byte, error) {
		if _, err := os.ReadFile(args[0]); err == nil {
			return nil, errors.New("files can still be read")
		}
		return b, nil
	}, nil
}

// attempt is a system call that a child makes; a text is passed by its address.
type attempt struct {
	Number uintptr
	Args   []any
}

const badArgument = "bad-child"

func self(t testing.TB) string {
	t.Helper()
	name, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return name
}

// bad starts a child that misbehaves in the named way.
func bad(t testing.TB, mode string, args ...string) []string {
	return append([]string{self(t), badArgument, mode}, args...)
}

// badChild speaks the protocol and breaks it in one place.
func badChild(mode string, args []string) int {
	switch mode {
	case "stranger":
		fmt.Println("usage: something else entirely")
		return 0
	case "stillborn":
		fmt.Fprintln(os.Stderr, "error while loading shared libraries")
		return 127
	case "slow":
		time.Sleep(time.Minute)
	case "crash-once":
		if f, err := os.OpenFile(args[0], os.O_CREATE|os.O_EXCL, 0o600); err != nil {
			return Serve(testChildren(), []string{"echo"})
		} else if err := f.Close(); err != nil {
			return 1
		}
	}
	fmt.Print(hello + "echo\n")
	if mode == "impatient" {
		return 0
	}
	if _, _, err := readRequest(os.Stdin); err != nil {
		return 0
	}
	tell := func(state uint32, text string) {
		if err := sendAnswer(os.Stdout, state, []byte(text)); err != nil {
			panic(err)
		}
	}
	tell(answerAccepted, "")
	switch mode {
	case "crash", "crash-once":
		fmt.Fprintln(os.Stderr, "free(): invalid pointer")
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {}
	case "hang":
		_, _ = io.Copy(io.Discard, os.Stdin)
		time.Sleep(time.Minute)
	case "short": // takes the output away and says that it is there
		if err := syscall.Ftruncate(sharedFD, 1); err != nil {
			tell(answerFailed, err.Error())
		}
		tell(answerDone, "")
	case "babble":
		_, _ = os.Stdout.WriteString(strings.Repeat("\xff", 4096))
	case "endless":
		_ = binary.Write(os.Stdout, wire, answer{answerDone, 1 << 31})
	case "environment":
		tell(answerDone, strings.Join(os.Environ(), " "))
	}
	return 0
}

func newPool(t testing.TB, o Options) *Pool {
	t.Helper()
	if o.Kind == "" {
		o.Kind = "echo"
	}
	p := New(o)
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	return p
}

// do has p do an echo and returns the reply.
func do(t testing.TB, p *Pool, command string) (reply string, err error) {
	t.Helper()
	in := []byte("abcdefg")
	err = p.Do(t.Context(), Job{Params: []byte(command), Input: in, Output: int64(len(in)), Memory: 256 << 20, CPU: 10 * time.Second},
		func(out io.ReaderAt, r []byte) error {
			got := make([]byte, len(in))
			if _, err := out.ReadAt(got, 0); err != nil {
				return err
			}
			if reply = string(r); !bytes.Equal(got, []byte("gfedcba")) && command != "environment" {
				return fmt.Errorf("the output is %q", got)
			}
			return nil
		})
	return reply, err
}

func mustJSON(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return b
}
