package server

import (
	"testing"

	"go.uber.org/goleak"

	_ "github.com/opal-photo/opal/modules/imaging/imagingtest" // the test binary serves as the decoding child
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m)
}
