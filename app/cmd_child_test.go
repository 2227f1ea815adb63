package app

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/opal-photo/opal/modules/imaging"
	"github.com/opal-photo/opal/modules/sandbox"
)

func TestAChildMakesNoCommands(t *testing.T) {
	t.Setenv(sandbox.Marker, "nothing")
	code := 0
	// All commands with their help are a hundred thousand allocations.
	const most = 1000
	if n := testing.AllocsPerRun(1, func() {
		code = Main([]string{"opal", sandbox.Argument, "nothing"}, strings.NewReader(""), io.Discard, io.Discard)
	}); n > most {
		t.Errorf("%.0f allocations before a child of an unknown kind ends", n)
	}
	if code != exitUsage {
		t.Errorf("it ends with %d", code)
	}
}

// A decoding child is served before the packages that only the rest of the program needs: each
// start made their tables and patterns, which took a third of it.
func TestADecodingChildInitializesLittle(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self, sandbox.Argument, imaging.ChildKind) // an empty stdin ends it
	cmd.Env = append(os.Environ(), sandbox.Marker+"="+imaging.ChildKind, "GODEBUG=inittrace=1")
	var trace bytes.Buffer
	cmd.Stderr = &trace
	if out, err := cmd.Output(); err != nil || !strings.Contains(string(out), imaging.ChildKind) {
		t.Fatalf("the child says %q: %v", out, err)
	}
	allocations := 0
	for line := range strings.Lines(trace.String()) {
		// init NAME @1.2 ms, 0.3 ms clock, 400 bytes, 5 allocs
		f := strings.Fields(line)
		if len(f) < 11 || f[0] != "init" {
			continue
		}
		for _, late := range []string{"modules/channel", "modules/api", "modules/job", "santhosh-tekuri/jsonschema/v6", "client_golang/prometheus", "spf13/cobra"} {
			if strings.HasSuffix(f[1], late) {
				t.Errorf("%s is initialized", f[1])
			}
		}
		n, err := strconv.Atoi(f[9])
		if err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		allocations += n
	}
	// All packages of the program make 51,000, those that come before the child 7,000.
	const most = 12_000
	if allocations == 0 || allocations > most {
		t.Errorf("%d allocations before it is served, want 1 to %d", allocations, most)
	}
}
