package imaging

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// TestMain serves as the decoding child that these tests start, or as one that
// misbehaves. (The helper of package imagingtest would import this package in a
// circle.)
func TestMain(m *testing.M) {
	if len(os.Args) == 2 && os.Args[1] == childArgument {
		os.Exit(ServeChild())
	}
	if len(os.Args) > 2 && os.Args[1] == badChildArgument {
		os.Exit(badChild(os.Args[2], os.Args[3:]))
	}
	goleak.VerifyTestMain(m)
}

const badChildArgument = "bad-imaging-child"

// badCommand starts a child that misbehaves in the named way.
func badCommand(t testing.TB, mode string, args ...string) []string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return append([]string{self, badChildArgument, mode}, args...)
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
	case "crash-once":
		if f, err := os.OpenFile(args[0], os.O_CREATE|os.O_EXCL, 0o600); err != nil {
			return ServeChild()
		} else if err := f.Close(); err != nil {
			return 1
		}
	}
	fmt.Print(hello)
	var req request
	if err := binary.Read(os.Stdin, wire, &req); err != nil {
		return 0
	}
	tell := func(state uint32, text string) {
		if err := sendAnswer(os.Stdout, state, text); err != nil {
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
	case "short": // takes the pixels away and says that they are there
		if err := syscall.Ftruncate(sharedFD, 1); err != nil {
			tell(answerFailed, err.Error())
		}
		tell(answerDone, "")
	case "fail":
		tell(answerFailed, "map the pixels: no")
	case "babble":
		_, _ = os.Stdout.WriteString(strings.Repeat("\xff", 4096))
	case "environment":
		tell(answerRefused, strings.Join(os.Environ(), " "))
	case "probe":
		tell(answerRefused, probe(req))
	}
	return 0
}

// probe says what a confined process can still do.
func probe(req request) string {
	if err := confine(); err != nil {
		return err.Error()
	}
	if err := limit(req); err != nil {
		return err.Error()
	}
	var can []string
	if f, err := os.Open(os.Args[0]); err == nil {
		_ = f.Close()
		can = append(can, "open")
	}
	if _, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0); err == nil {
		can = append(can, "socket")
	}
	if _, err := syscall.Write(sharedFD, []byte("x")); err == nil {
		can = append(can, "write")
	}
	if b, err := syscall.Mmap(-1, 0, int(req.MemoryLimit)+1<<20, syscall.PROT_READ, syscall.MAP_PRIVATE|syscall.MAP_ANON); err == nil {
		_ = syscall.Munmap(b)
		can = append(can, "memory")
	}
	if errors.Is(syscall.Kill(os.Getppid(), 0), nil) {
		can = append(can, "kill")
	}
	if p, err := os.StartProcess("/bin/true", []string{"true"}, &os.ProcAttr{}); err == nil {
		_, _ = p.Wait()
		can = append(can, "fork")
	}
	if err := syscall.Exec("/bin/true", []string{"true"}, nil); !errors.Is(err, syscall.EPERM) {
		can = append(can, "exec")
	}
	return "can: " + strings.Join(can, " ")
}

func closeDecoder(t testing.TB, d *Decoder) {
	t.Helper()
	if err := d.Close(); err != nil {
		t.Error(err)
	}
}

// allocated returns how many bytes f allocates.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}
