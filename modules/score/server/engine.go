package server

import (
	"context"
	"image"

	"github.com/opal-photo/opal/modules/score"
)

// Engine makes pictures. Implementations are safe for concurrent use, keep to
// the context, and give the same picture for the same work.
type Engine interface {
	// Name is the engine's name in meta, such as "studio".
	Name() string
	// NeedsInput tells whether Place wants the product; if not, inputs are
	// never fetched.
	NeedsInput() bool
	// Ready reports whether Place can be called now.
	Ready() bool
	// Place makes one picture. Errors have fault kinds: Invalid for work that
	// can't be done, Unavailable for what may work later.
	Place(ctx context.Context, w Work) (*Picture, error)
}

// Work is one picture to be made.
type Work struct {
	Request score.Request
	Product *image.NRGBA // the decoded input; nil when the engine needs none
	Width   int          // of the wanted picture, pixels
	Height  int
	Box     [4]float64 // the place asked for, zero when none is
	Seed    uint64
}

// Picture is what an engine made. Layers that it does not have are nil.
type Picture struct {
	Flat     *image.NRGBA // opaque, Width×Height
	Backdrop *image.NRGBA // opaque, without the product
	Shadow   *image.NRGBA // shadow and reflection; its Rect is its part of the frame
	Meta     score.Meta
}
