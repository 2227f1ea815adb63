// Package imagingtest lets any package's tests decode with a real imaging.Decoder, whose
// child is the test binary itself: importing it is enough, as app/decoding is for the program.
package imagingtest

import (
	"os"
	"testing"

	"github.com/opal-photo/opal/modules/imaging"
	"github.com/opal-photo/opal/modules/provenance"
	"github.com/opal-photo/opal/modules/sandbox"
)

func init() {
	sandbox.ServeEarly(map[string]sandbox.Handler{imaging.ChildKind: imaging.ChildHandler(provenance.Answer)})
}

// Main is a whole TestMain, for tests that use nothing else of this package: it names what
// they need.
//
//	func TestMain(m *testing.M) { imagingtest.Main(m) }
func Main(m *testing.M) { os.Exit(m.Run()) }
