package pipeline

import (
	"context"
	"fmt"
	"image"

	"github.com/opal-photo/opal/modules/imaging"
	"github.com/opal-photo/opal/modules/picture"
)

// state holds what one run passes from step to step. Pictures are loaded when a
// step first asks for them, because a run that resumes needs few of them.
type state struct {
	in        Input
	artifacts Artifacts
	recorder  Recorder
	done      Checkpoint
	result    *Result

	room *imaging.Room
	left func() // ends the stay in the room; nil before it

	photo     *image.NRGBA   // after ingest
	marks     *picture.Marks // after ingest: what the photo states of its making
	cut       *image.NRGBA   // the photo's size, straight alpha
	cutBounds image.Rectangle
	layers    *layers      // after place; of the final size after enlarge
	final     *image.NRGBA // after lock
	setNote   string       // what people are told of the scale of the product's set
}

// layers are the decoded pictures of a placed scene.
type layers struct {
	scale    int          // pixels of these pictures for a pixel of the scene, as Placed counts them
	backdrop *image.NRGBA // opaque, all of the scene
	shadow   *image.NRGBA // nil when the engine made none
	shadowAt image.Point  // where the shadow's first pixel lies in the scene
}

// checkpoint records a finished step immediately, so that a crash in the next one
// doesn't repeat it.
func (s *state) checkpoint(ctx context.Context) error {
	if err := s.recorder.Checkpoint(ctx, s.done); err != nil {
		return fmt.Errorf("record the checkpoint: %w", err)
	}
	return nil
}

// enter waits until the pixels of a picture of the photo's size fit into the room, the first time.
func (s *state) enter(ctx context.Context, file []byte) (err error) {
	if s.room == nil || s.left != nil {
		return nil
	}
	info, err := imaging.Inspect(file)
	if err != nil {
		return nil //nolint:nilerr // whoever decodes it says what is wrong
	}
	s.left, err = s.room.Enter(ctx, info.Width*info.Height)
	return err
}

// leave makes room for others.
func (s *state) leave() {
	if s.left != nil {
		s.left()
	}
}

// cutoutImage returns the cut-out, from memory or from its checkpoint.
func (s *state) cutoutImage(ctx context.Context) (*image.NRGBA, error) {
	if s.cut != nil {
		return s.cut, nil
	}
	img, err := s.loadCut(ctx, s.cutPath())
	if err != nil {
		return nil, err
	}
	s.setCut(img)
	return img, nil
}

// cutPath names the cut-out that the picture is made of.
func (s *state) cutPath() string {
	if c := s.done.Cutout; s.wantsClear() && c.Clear != nil && c.Clear.Path != "" {
		return c.Clear.Path
	}
	return s.done.Cutout.Path
}

// loadCut decodes a cut-out of the photo's size.
func (s *state) loadCut(ctx context.Context, path string) (*image.NRGBA, error) {
	b, err := s.artifacts.Get(ctx, path)
	if err != nil {
		return nil, fmt.Errorf("load the cut-out: %w", err)
	}
	if err := s.enter(ctx, b); err != nil {
		return nil, err
	}
	img, err := imaging.DecodeOwn(b)
	if err != nil {
		return nil, fmt.Errorf("decode the cut-out: %w", err)
	}
	return img, nil
}

// sceneLayers returns the scene's layers, from memory or from their checkpoint.
func (s *state) sceneLayers(ctx context.Context, p *Pipeline) (*layers, error) {
	if s.layers != nil {
		return s.layers, nil
	}
	l, err := p.load(ctx, s, s.done.Placed)
	if err != nil {
		return nil, err
	}
	if s.done.EngineSSIM == nil { // an older checkpoint, without it
		cut, err := s.cutoutImage(ctx)
		if err != nil {
			return nil, err
		}
		s.done.EngineSSIM = engineSSIM(s.done.Placed, cut, s.cutBounds, l)
	}
	s.layers = l
	return l, nil
}

// fidelity returns the Fidelity of the result, made at the first call.
func (s *state) fidelity() *Fidelity {
	if s.result.Fidelity == nil {
		s.result.Fidelity = &Fidelity{EngineSSIM: s.done.EngineSSIM}
	}
	return s.result.Fidelity
}

func (s *state) setCut(img *image.NRGBA) {
	s.cut, s.cutBounds = img, AlphaBounds(img)
	s.result.CutoutBounds = picture.BoxOf(s.cutBounds)
}

// alphaFloor is the alpha from which a pixel counts as product when its bounds
// are taken: lower values are noise of the matte.
const alphaFloor = 16

// AlphaBounds returns the bounds of what is visible in a picture with straight
// alpha; the whole picture when nothing is.
func AlphaBounds(img *image.NRGBA) image.Rectangle {
	if box := imaging.AlphaBounds(img, alphaFloor); !box.Empty() {
		return box
	}
	return img.Bounds()
}

// crop copies a part of a picture into one of its own, at the origin.
func crop(img *image.NRGBA, r image.Rectangle) *image.NRGBA {
	if r == img.Bounds() && r.Min == (image.Point{}) {
		return img
	}
	out := image.NewNRGBA(image.Rect(0, 0, r.Dx(), r.Dy()))
	imaging.Put(out, img, img.Rect.Min.Sub(r.Min))
	return out
}
