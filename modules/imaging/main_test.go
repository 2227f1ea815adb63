package imaging

import (
	"fmt"
	"io"
	"os"
	"syscall"
	"testing"

	"go.uber.org/goleak"

	"github.com/opal-photo/opal/modules/sandbox"
)

// TestMain serves as the decoding child that these tests start, or as one that
// misbehaves. (The helper of package imagingtest would import this package in a
// circle.)
func TestMain(m *testing.M) {
	sandbox.ServeIfChild(map[string]sandbox.Handler{ChildKind: ChildHandler(readBeside)})
	if len(os.Args) == 3 && os.Args[1] == badChildArgument {
		os.Exit(badChild(os.Args[2]))
	}
	if len(os.Args) == 2 && os.Args[1] == hostArgument {
		NewDecoder(DecoderOptions{Concurrency: 1}).Warm()
		fmt.Println("ready")
		select {}
	}
	goleak.VerifyTestMain(m)
}

// hostArgument has this program start the first child and wait, as a worker that is killed then.
const hostArgument = "decoding-host"

const badChildArgument = "bad-imaging-child"

// badCommand starts a child that misbehaves in the named way.
func badCommand(t testing.TB, mode string) []string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return []string{self, badChildArgument, mode}
}

func badChild(mode string) int {
	return sandbox.Serve(map[string]sandbox.Handler{ChildKind: {Prepare: func([]string) (sandbox.Worker, error) {
		return func(sandbox.Work) ([]byte, error) {
			switch mode {
			case "no AV1":
				return []byte(noHEIF), nil
			case "crash":
				fmt.Fprintln(os.Stderr, "free(): invalid pointer")
				_ = syscall.Kill(os.Getpid(), syscall.SIGABRT)
				os.Exit(3)
			case "hang":
				_, _ = io.Copy(io.Discard, os.Stdin)
				select {}
			}
			return nil, fmt.Errorf("%s", mode)
		}, nil
	}}}, []string{ChildKind})
}

func closeDecoder(t testing.TB, d *Decoder) {
	t.Helper()
	if err := d.Close(); err != nil {
		t.Error(err)
	}
}
