// Package imagingtest lets any package's tests decode with a real
// imaging.Decoder, whose child is the test binary itself.
package imagingtest

import (
	"os"
	"testing"

	"github.com/opal-photo/opal/modules/imaging"
	"github.com/opal-photo/opal/modules/provenance"
	"github.com/opal-photo/opal/modules/sandbox"
)

// Main is a whole TestMain: it serves as the decoding child when started as
// one, else it runs the tests and exits.
//
//	func TestMain(m *testing.M) { imagingtest.Main(m) }
func Main(m *testing.M) {
	ServeIfChild()
	os.Exit(m.Run())
}

// ServeIfChild exits after serving, when this process was started as a decoding
// child; else it returns immediately. For a TestMain that does more.
func ServeIfChild() {
	sandbox.ServeIfChild(map[string]sandbox.Handler{imaging.ChildKind: imaging.ChildHandler(provenance.Answer)})
}
