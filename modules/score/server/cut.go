package server

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/png"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/opal-photo/opal/modules/fault"
	"github.com/opal-photo/opal/modules/imaging"
	"github.com/opal-photo/opal/modules/picture"
	"github.com/opal-photo/opal/modules/score"
	"github.com/opal-photo/opal/modules/telemetry"
)

// Cutter removes backgrounds. Implementations are safe for concurrent use and keep to
// the context.
type Cutter interface {
	// Name and Version are those of the engine, for meta.
	Name() string
	Version() string
	// Cut separates the product from its background. Errors have fault kinds, as
	// those of Engine.Place.
	Cut(ctx context.Context, photo *image.NRGBA) (Cut, error)
}

// Cut is a cut-out.
type Cut struct {
	Image      *image.NRGBA // the photo's size, straight alpha
	Confidence float64      // 0–1
	Reason     string       // why a person should look, or ""
	Concerns   []picture.Concern
	Whole      bool        // no product was found
	Logits     *image.Gray // what the network saw; nil where there is none
}

// Limits of a cut-out's request: clients send score.MaxCutPixels as JPEG, and others
// may send somewhat more.
const (
	maxCutBody   = 8 << 20
	maxCutPixels = 4 * score.MaxCutPixels
)

// cut makes one cut-out.
func (s *service) cut(c echo.Context) error {
	started := time.Now()
	ctx, cancel := context.WithTimeout(c.Request().Context(), s.o.Timeout)
	defer cancel()
	req, err := readBody[score.CutRequest](c, maxCutBody, errCutBodyTooLarge)
	if err != nil {
		return err
	}
	if err := checkCut(req.ImageBytes); err != nil {
		return err
	}
	leave, err := s.gate.enter(ctx)
	if err != nil {
		return err
	}
	defer leave()

	waited := time.Now()
	photo, err := s.decode(ctx, req.ImageBytes)
	if err != nil {
		return err
	}
	decoded := time.Now()
	var out Cut
	err = fault.Guard(func() error { out, err = s.o.Cutter.Cut(ctx, photo); return err })
	if err != nil {
		return fmt.Errorf("cut out with engine %s: %w", s.o.Cutter.Name(), err)
	}
	res, err := cutResponse(out)
	if err != nil {
		return err
	}
	res.Meta = score.CutMeta{Engine: s.o.Cutter.Name(), EngineVersion: s.o.Cutter.Version()}
	telemetry.Log(ctx).Info().Str("engine", res.Meta.Engine).Float64("confidence", out.Confidence).
		Int64("queued_ms", waited.Sub(started).Milliseconds()).Int64("input_ms", decoded.Sub(waited).Milliseconds()).
		Int64("cut_ms", time.Since(decoded).Milliseconds()).
		Msg("Cut out image")
	return c.JSON(http.StatusOK, res)
}

// checkCut reads a picture's header before any work is done for it.
func checkCut(b []byte) error {
	if len(b) == 0 {
		return errNoImage
	}
	info, err := imaging.Inspect(b)
	if err != nil {
		return errInputBad.With("%s", fault.CodeOf(err))
	}
	if info.Width*info.Height > maxCutPixels {
		return errInputTooLarge.With("%d×%d, at most %d pixels", info.Width, info.Height, maxCutPixels)
	}
	return nil
}

// cutResponse encodes a cut-out. Where no product was found the coverage is black.
func cutResponse(out Cut) (*score.CutResponse, error) {
	confidence := min(max(out.Confidence, 0), 1)
	res := &score.CutResponse{Confidence: &confidence, Reason: out.Reason, Concerns: out.Concerns}
	alpha := image.NewGray(image.Rect(0, 0, out.Image.Rect.Dx(), out.Image.Rect.Dy()))
	if !out.Whole {
		for y := range alpha.Rect.Dy() {
			row := out.Image.Pix[y*out.Image.Stride:]
			for x := range alpha.Rect.Dx() {
				alpha.Pix[y*alpha.Stride+x] = row[4*x+3]
			}
		}
	}
	var err error
	if res.AlphaBytes, err = grey(alpha); err != nil {
		return nil, err
	}
	if out.Logits != nil && !out.Whole {
		res.LogitsBytes, err = grey(out.Logits)
	}
	return res, err
}

// grey encodes a grey picture as PNG.
func grey(g *image.Gray) ([]byte, error) {
	var b bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.BestSpeed}).Encode(&b, g); err != nil {
		return nil, fmt.Errorf("encode the coverage: %w", err)
	}
	return b.Bytes(), nil
}
