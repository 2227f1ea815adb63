package server

import (
	"context"
	"image"

	"github.com/opal-photo/opal/modules/score"
)

// stubNote tells readers of a stub's answer what it is.
const stubNote = "plain backdrop: the input was not fetched and no product was placed"

// The stub's backdrop is a soft grey that gets a little darker downwards: grey
// levels of the first and the last row.
const (
	stubTop    = 236
	stubBottom = 216
)

// stub answers with a plain backdrop, to try a deployment without its model.
type stub struct{}

// NewStub returns the engine that never fetches its input.
func NewStub() Engine { return stub{} }

func (stub) Name() string     { return "stub" }
func (stub) NeedsInput() bool { return false }
func (stub) Ready() bool      { return true }

// Place returns a plain width×height backdrop.
func (stub) Place(_ context.Context, w Work) (*Picture, error) {
	m := image.NewNRGBA(image.Rect(0, 0, w.Width, w.Height))
	for y := range w.Height {
		v := uint8(stubTop - (stubTop-stubBottom)*y/w.Height)
		row := m.Pix[y*m.Stride:][:w.Width*4]
		for x := 0; x < len(row); x += 4 {
			row[x], row[x+1], row[x+2], row[x+3] = v, v, v, 255
		}
	}
	return &Picture{Flat: m, Backdrop: m, Meta: score.Meta{EngineVersion: "1", Note: stubNote}}, nil
}
