package pipeline_test

import (
	"context"
	"errors"
	"image"
	"testing"

	"github.com/opal-photo/opal/modules/imaging"
	"github.com/opal-photo/opal/modules/pipeline"
)

// A run enters before it decodes, and leaves however it ends.
func TestARunWaitsForRoom(t *testing.T) {
	photo, box := product(64, 64)
	file, err := imaging.Encode(photo, imaging.EncodeOptions{Format: imaging.PNG})
	if err != nil {
		t.Fatal(err)
	}
	room := imaging.NewRoom(1)
	p := pipeline.New(undecoded{}, cutter{box: box}, nil).WithRoom(room)
	in := pipeline.Input{Raw: func(context.Context) ([]byte, error) { return file, nil }}
	leave, err := room.Enter(t.Context(), 99_000_000)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancelled := make(chan error, 1)
	began := make(chan struct{})
	waiting := in
	waiting.Raw = func(ctx context.Context) ([]byte, error) { close(began); return in.Raw(ctx) }
	go func() {
		_, err := p.Run(ctx, waiting, &pipeline.Memory{}, &journal{})
		cancelled <- err
	}()
	<-began
	cancel()
	if err := <-cancelled; !errors.Is(err, context.Canceled) {
		t.Errorf("in a full room a run ends with %v", err)
	}
	leave()
	for range 2 {
		if _, err := p.Run(t.Context(), in, &pipeline.Memory{}, &journal{}); !errors.Is(err, imaging.ErrCorrupt) {
			t.Errorf("in an empty room a run ends with %v", err)
		}
	}
}

// undecoded refuses all pictures.
type undecoded struct{ pipeline.PhotoDecoder }

func (undecoded) DecodeWith(context.Context, []byte, []byte) (*image.NRGBA, imaging.Info, []byte, error) {
	return nil, imaging.Info{}, nil, imaging.ErrCorrupt
}
