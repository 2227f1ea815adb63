package app

import (
	"io"
	"strings"
	"testing"

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
