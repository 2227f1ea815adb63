package export

import (
	"bytes"
	"context"
	"fmt"
	"image/color"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"github.com/opal-photo/opal/modules/telemetry"
)

// filesOf renders presets of a photo of one colour and returns the files by preset.
func filesOf(t *testing.T, c color.NRGBA, presets []string) map[string][]byte {
	l := scenery(300, 240)
	defer l.Recycle()
	for y := range 240 {
		for x := range 300 {
			l.Cutout.SetNRGBA(20+x, 30+y, c)
		}
	}
	out := map[string][]byte{}
	if err := Render(t.Context(), l, presets, func(v Variant) error {
		out[v.Preset.Name] = v.File
		return nil
	}); err != nil {
		t.Error(err)
	}
	return out
}

// Photos that are worked on at the same time, in memory that others have given back, become the
// files that each becomes alone.
func TestPhotosTogetherShareNoMemory(t *testing.T) {
	presets := []string{"web_thumb", "instagram_square", "facebook_ad", "cutout_png"}
	colours := []color.NRGBA{{200, 30, 40, 255}, {30, 180, 60, 255}, {40, 60, 200, 255}}
	var alone []map[string][]byte
	for _, c := range colours {
		alone = append(alone, filesOf(t, c, presets))
	}
	var all sync.WaitGroup
	for i, c := range colours {
		all.Go(func() {
			for range 2 {
				for name, file := range filesOf(t, c, presets) {
					if !bytes.Equal(file, alone[i][name]) {
						t.Errorf("%s of photo %d is another file than alone", name, i)
					}
				}
			}
		})
	}
	all.Wait()
}

// madeVariants tells which variants are made that are made, from their spans.
type madeVariants struct {
	mu   sync.Mutex
	ends map[string]chan struct{}
}

func (m *madeVariants) of(name string) chan struct{} {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.ends[name] == nil {
		m.ends[name] = make(chan struct{})
	}
	return m.ends[name]
}

func (m *madeVariants) OnStart(context.Context, sdktrace.ReadWriteSpan) {}

func (m *madeVariants) OnEnd(s sdktrace.ReadOnlySpan) {
	if name, ok := strings.CutPrefix(s.Name(), "variant "); ok {
		close(m.of(name))
	}
}

func (*madeVariants) Shutdown(context.Context) error   { return nil }
func (*madeVariants) ForceFlush(context.Context) error { return nil }

// While a variant is stored the next ones are made: the network is not waited for.
func TestVariantsAreMadeWhileOthersAreStored(t *testing.T) {
	if runtime.GOMAXPROCS(0) == 1 {
		t.Skip("one processor makes one variant at a time")
	}
	m := &madeVariants{ends: map[string]chan struct{}{}}
	ctx := telemetry.WithTracing(t.Context(), sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(m)))
	ctx, end := telemetry.Start(ctx, "photo") // spans are made within others
	defer func() { end(nil) }()
	presets := []string{"web_thumb", "facebook_ad"}
	stored := 0
	if err := Render(ctx, scenery(60, 80), presets, func(v Variant) error {
		if stored++; stored > 1 {
			return nil
		}
		for _, other := range presets {
			select {
			case <-m.of(other):
			case <-time.After(time.Minute):
				return fmt.Errorf("%s is not made while %s is stored", other, v.Preset.Name)
			}
		}
		return nil
	}); err != nil {
		t.Error(err)
	}
	if stored != len(presets) {
		t.Errorf("%d are stored", stored)
	}
}
