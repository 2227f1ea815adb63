package server

import (
	"context"
	"errors"
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/opal-photo/opal/modules/fault"
	"github.com/opal-photo/opal/modules/telemetry"
)

// problem is an RFC 9457 body with OPAL's two members.
type problem struct {
	Type          string `json:"type"`
	Title         string `json:"title"`
	Status        int    `json:"status"`
	Detail        string `json:"detail,omitempty"`
	Code          string `json:"code"`
	CorrelationID string `json:"correlation_id"`
}

// defaultRetryAfter is what busy and unavailable answers ask for when nothing
// better is known.
const defaultRetryAfter = time.Second

// statusOf maps error kinds to HTTP, the only place in this package.
func statusOf(k fault.Kind) int {
	switch k {
	case fault.Malformed:
		return http.StatusBadRequest
	case fault.Unauthorized:
		return http.StatusUnauthorized
	case fault.Forbidden:
		return http.StatusForbidden
	case fault.NotFound:
		return http.StatusNotFound
	case fault.TooLarge:
		return http.StatusRequestEntityTooLarge
	case fault.Invalid, fault.Unsupported, fault.Conflict:
		return http.StatusUnprocessableEntity
	case fault.RateLimited:
		return http.StatusTooManyRequests
	case fault.Unavailable:
		return http.StatusServiceUnavailable
	}
	return http.StatusInternalServerError
}

// writeError is echo's error handler: every failure, unrouted paths included,
// becomes a problem and one log line. The text of unknown errors stays in the
// log.
func (s *service) writeError(err error, c echo.Context) {
	ctx := c.Request().Context()
	p := problem{Type: "about:blank", Title: "Something failed in the scoring service", Status: http.StatusInternalServerError, Code: "internal", CorrelationID: telemetry.CorrelationID(ctx)}
	var he *echo.HTTPError
	if errors.As(err, &he) {
		p.Status, p.Title, p.Code = he.Code, http.StatusText(he.Code), codeOfStatus(he.Code)
	}
	if errors.Is(err, context.DeadlineExceeded) {
		err = errTimeout
	}
	if f, ok := fault.As(err); ok {
		p.Status, p.Code = statusOf(f.Kind), f.Code
		if f.Kind != fault.Internal {
			p.Title, p.Detail = f.Text, f.Detail()
		}
	}
	log := telemetry.Log(ctx)
	line := log.Info()
	if p.Status >= http.StatusInternalServerError {
		line = log.Error()
	}
	if p.Status != http.StatusNotFound && p.Status != http.StatusMethodNotAllowed {
		line.Err(err).Int("status", p.Status).Str("code", p.Code).Msg("Scoring failed")
	}
	if c.Response().Committed || errors.Is(ctx.Err(), context.Canceled) {
		return
	}
	if p.Status == http.StatusTooManyRequests || p.Status == http.StatusServiceUnavailable {
		wait := max(fault.RetryAfter(err), defaultRetryAfter)
		c.Response().Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(wait.Seconds()))))
	}
	if p.Status == http.StatusUnauthorized {
		c.Response().Header().Set("WWW-Authenticate", "Bearer")
	}
	c.Response().Header().Set(echo.HeaderContentType, "application/problem+json")
	if err := c.JSON(p.Status, p); err != nil {
		log.Debug().Err(err).Msg("Error response not sent")
	}
}

// codeOfStatus names the errors that echo makes itself.
func codeOfStatus(status int) string {
	switch status {
	case http.StatusNotFound:
		return "not_found"
	case http.StatusMethodNotAllowed:
		return "method_not_allowed"
	}
	return "http_" + strconv.Itoa(status)
}
