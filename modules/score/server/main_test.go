package server

import (
	"testing"

	"go.uber.org/goleak"

	"github.com/opal-photo/opal/modules/imaging/imagingtest"
)

// TestMain serves as the decoding child that these tests start.
func TestMain(m *testing.M) {
	imagingtest.ServeIfChild()
	goleak.VerifyTestMain(m)
}
