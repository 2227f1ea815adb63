package imaging

import (
	"os"
	"testing"

	"go.uber.org/goleak"
)

// TestMain serves as the decoding child that these tests start. (The helper of
// package imagingtest would import this package in a circle.)
func TestMain(m *testing.M) {
	if len(os.Args) == 2 && os.Args[1] == childArgument {
		os.Exit(ServeChild())
	}
	goleak.VerifyTestMain(m)
}
