package cutout_test

import (
	"bytes"
	"context"
	"errors"
	"image"
	"testing"

	"github.com/opal-photo/opal/modules/cutout"
	"github.com/opal-photo/opal/modules/cutout/cutouttest"
)

// counted counts how often a network is asked.
type counted struct {
	network
	asked int
}

func (c *counted) Mask(ctx context.Context, photo *image.NRGBA) (cutout.Mask, error) {
	c.asked++
	return c.network.Mask(ctx, photo)
}

func TestOwnNetworkHelpsWhereTheClassicalEngineIsUnsure(t *testing.T) {
	t.Parallel()
	clear := cutouttest.New(cutouttest.White, cutouttest.Lamp, 480, 360, 5000)
	busy := cutouttest.New(cutouttest.Clutter, cutouttest.Families()[0], 480, 360, 5000)
	truth := func(p *cutouttest.Photo) cutout.Mask {
		m := cutout.Mask{Width: 480, Height: 360, Coverage: make([]float32, 480*360)}
		for i, v := range p.Alpha.Pix {
			m.Coverage[i] = float32(v) / 255
		}
		return m
	}
	clearly, unsure := cutout.Cut(clear.Image), cutout.Cut(busy.Image)
	if clearly.Confidence < .5 || unsure.Confidence > .2 {
		t.Fatalf("confidences %.2f and %.2f: the pictures test nothing", clearly.Confidence, unsure.Confidence)
	}

	t.Run("a clear picture", func(t *testing.T) {
		net := &counted{network: network{err: errors.New("asked")}}
		r, err := cutout.CutOwn(t.Context(), clear.Image, net)
		if err != nil || net.asked != 0 {
			t.Fatalf("asked %d times: %v", net.asked, err)
		}
		if r.Confidence != clearly.Confidence || !bytes.Equal(r.Alpha.Pix, clearly.Alpha.Pix) {
			t.Error("the classical cut-out was changed")
		}
	})
	t.Run("a busy picture", func(t *testing.T) {
		size := busy.Image.Rect.Size()
		net := &counted{network: network{mask: truth(busy), size: size}}
		looks := 1
		if !cutout.SecondLook(net.mask, size.X, size.Y).Empty() {
			looks = 2
		}
		r, err := cutout.CutOwn(t.Context(), busy.Image, net)
		if err != nil || net.asked != looks {
			t.Fatalf("asked %d times: %v", net.asked, err)
		}
		before, after := cutouttest.Compare(unsure.Alpha, busy.Alpha).IoU, cutouttest.Compare(r.Alpha, busy.Alpha).IoU
		if after < .9 || after < before {
			t.Errorf("overlap %.3f, without the network %.3f", after, before)
		}
		// a cut-out that rests on this network is always looked at
		if r.Confidence >= cutout.ReviewBelow || r.ReviewReason == "" || len(r.Concerns) == 0 {
			t.Errorf("confidence %.2f, reason %q, %d concerns", r.Confidence, r.ReviewReason, len(r.Concerns))
		}
	})
	t.Run("nothing found by the network", func(t *testing.T) {
		r, err := cutout.CutOwn(t.Context(), busy.Image, network{mask: cutout.Mask{Width: 8, Height: 8, Coverage: make([]float32, 64)}})
		if err != nil || r.Confidence != unsure.Confidence {
			t.Errorf("not the classical engine's answer: %v", err)
		}
	})
	t.Run("a network that is unsure of everything", func(t *testing.T) {
		mask := truth(busy)
		for i, v := range mask.Coverage {
			mask.Coverage[i] = .4 + .2*v
		}
		r, err := cutout.CutOwn(t.Context(), busy.Image, network{mask: mask})
		if err != nil || !bytes.Equal(r.Alpha.Pix, unsure.Alpha.Pix) {
			t.Errorf("not the classical engine's answer: %v", err)
		}
	})
	t.Run("the network fails", func(t *testing.T) {
		broken := errors.New("broken")
		if _, err := cutout.CutOwn(t.Context(), busy.Image, &network{err: broken}); !errors.Is(err, broken) {
			t.Error(err)
		}
	})
	t.Run("too small a picture", func(t *testing.T) {
		net := &counted{}
		if r, err := cutout.CutOwn(t.Context(), image.NewNRGBA(image.Rect(0, 0, 5, 900)), net); err != nil || r.Found || net.asked != 0 {
			t.Errorf("found %v, asked %d times: %v", r.Found, net.asked, err)
		}
	})
}
