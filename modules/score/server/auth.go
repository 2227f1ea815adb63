package server

import (
	"crypto/sha256"
	"crypto/subtle"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/opal-photo/opal/modules/fault"
	"github.com/opal-photo/opal/modules/telemetry"
)

// keyCheck compares keys in constant time, whatever their lengths: it holds the
// hash, not the key.
type keyCheck struct {
	on   bool
	hash [sha256.Size]byte
}

func newKeyCheck(key string) keyCheck {
	return keyCheck{on: true, hash: sha256.Sum256([]byte(key))}
}

// ok reports whether an Authorization header holds the key.
func (k keyCheck) ok(header string) bool {
	if !k.on {
		return true
	}
	scheme, token, _ := strings.Cut(header, " ")
	got := sha256.Sum256([]byte(strings.TrimSpace(token)))
	return subtle.ConstantTimeCompare(got[:], k.hash[:]) == 1 && strings.EqualFold(scheme, "Bearer")
}

// authorize refuses callers without the key.
func (s *service) authorize(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if !s.key.ok(c.Request().Header.Get(echo.HeaderAuthorization)) {
			return errUnauthorized
		}
		return next(c)
	}
}

// correlate gives the request's context the logger and the correlation id, and
// returns the id.
func (s *service) correlate(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		r := c.Request()
		id := telemetry.CleanCorrelationID(r.Header.Get(telemetry.CorrelationHeader))
		c.Response().Header().Set(telemetry.CorrelationHeader, id)
		ctx := telemetry.WithLogger(r.Context(), s.o.Logger)
		c.SetRequest(r.WithContext(telemetry.With(ctx, telemetry.IDs{CorrelationID: id})))
		err := next(c)
		code := ""
		if err != nil {
			code = fault.CodeOf(err)
		}
		telemetry.Routed(ctx, r.Method, c.Path(), code)
		return err
	}
}
