// Package decoding serves as the decoding child, of which each photo has one, before the
// packages of the rest of the program are initialized, which took a third of the time until
// a child is ready. Importing it is enough.
package decoding

import (
	"github.com/opal-photo/opal/modules/imaging"
	"github.com/opal-photo/opal/modules/provenance"
	"github.com/opal-photo/opal/modules/sandbox"
)

func init() { sandbox.ServeEarly(Children()) }

// Children is what this package serves.
func Children() map[string]sandbox.Handler {
	return map[string]sandbox.Handler{imaging.ChildKind: imaging.ChildHandler(provenance.Answer)}
}
