package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/opal-photo/opal/modules/scene"
	"github.com/opal-photo/opal/modules/score"
	"github.com/opal-photo/opal/modules/telemetry"
)

// defaultSide is the picture's width and height when the request gives none.
const defaultSide = 1024

// maxPixels bounds a picture that the service makes.
const maxPixels = scene.MaxPixels

// score makes one picture.
func (s *service) score(c echo.Context) error {
	started := time.Now()
	ctx, cancel := context.WithTimeout(c.Request().Context(), s.o.Timeout)
	defer cancel()
	req, err := readBody[score.Request](c, maxBody, errBodyTooLarge)
	if err != nil {
		return err
	}
	ctx = telemetry.With(ctx, telemetry.IDs{TenantID: req.TenantID, JobID: req.JobID, ItemID: req.ItemID})
	c.SetRequest(c.Request().WithContext(telemetry.With(c.Request().Context(), telemetry.From(ctx))))
	w, targets, err := s.check(req)
	if err != nil {
		return err
	}
	if !s.o.Engine.Ready() {
		return errNotReady
	}
	leave, err := s.gate.enter(ctx)
	if err != nil {
		return err
	}
	defer leave()

	waited := time.Now()
	if s.o.Engine.NeedsInput() {
		if w.Product, err = s.product(ctx, req.InputImageSAS); err != nil {
			return err
		}
	}
	fetched := time.Now()
	inner, end := telemetry.Start(ctx, "engine "+s.o.Engine.Name())
	pic, err := s.o.Engine.Place(inner, w)
	end(err)
	if err != nil {
		return fmt.Errorf("place with engine %s: %w", s.o.Engine.Name(), err)
	}
	placed := time.Now()
	res, err := s.deliver(ctx, pic, targets)
	if err != nil {
		return err
	}
	res.Meta.Engine, res.Meta.Seed, res.Meta.Width, res.Meta.Height = s.o.Engine.Name(), w.Seed, w.Width, w.Height
	telemetry.Log(ctx).Info().Str("engine", res.Meta.Engine).Str("scene", res.Meta.Scene).
		Int64("queued_ms", waited.Sub(started).Milliseconds()).Int64("input_ms", fetched.Sub(waited).Milliseconds()).
		Int64("place_ms", placed.Sub(fetched).Milliseconds()).Int64("deliver_ms", time.Since(placed).Milliseconds()).
		Msg("Scored image")
	return c.JSON(http.StatusOK, res)
}

// readBody decodes a body of at most limit bytes. Unknown fields are ignored.
func readBody[T any](c echo.Context, limit int64, tooLarge error) (req T, err error) {
	d := json.NewDecoder(http.MaxBytesReader(c.Response(), c.Request().Body, limit))
	if err = d.Decode(&req); err == nil {
		if _, err = d.Token(); errors.Is(err, io.EOF) {
			return req, nil
		}
	}
	var large *http.MaxBytesError
	if errors.As(err, &large) {
		return req, tooLarge
	}
	return req, errMalformed
}

// check turns a request into work before anything is fetched for it.
func (s *service) check(req score.Request) (Work, targets, error) {
	w := Work{Request: req, Width: req.Width, Height: req.Height}
	if req.Seed != nil {
		w.Seed = *req.Seed
	}
	if w.Width == 0 {
		w.Width = defaultSide
	}
	if w.Height == 0 {
		w.Height = defaultSide
	}
	if w.Width < 1 || w.Height < 1 || w.Width > scene.MaxSide || w.Height > scene.MaxSide || w.Width*w.Height > maxPixels {
		return w, targets{}, scene.ErrSize.With("%d×%d", w.Width, w.Height)
	}
	if !(req.Fill >= 0 && req.Fill <= 1) {
		return w, targets{}, errFill
	}
	if len(req.ProductBox) > 0 {
		box, ok := score.CheckBox(req.ProductBox)
		if !ok {
			return w, targets{}, errBox
		}
		w.Box = box
	}
	if s.o.Engine.NeedsInput() {
		if _, err := s.blobs.check(req.InputImageSAS, errInputURL, errInputHost); err != nil {
			return w, targets{}, err
		}
	}
	t, err := s.blobs.targets(req)
	return w, t, err
}
