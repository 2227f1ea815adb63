package api

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/opal-photo/opal/modules/fault"
	"github.com/opal-photo/opal/modules/telemetry"
	"github.com/opal-photo/opal/modules/tenant"
)

const (
	idempotencyHeader = "Idempotency-Key"
	replayedHeader    = "Idempotency-Replayed"
	maxIdempotencyKey = 255
	settleTimeout     = 5 * time.Second
)

var errIdempotencyKey = fault.New(fault.Invalid, "idempotency_key_invalid", "The Idempotency-Key is not valid: 1–255 printable ASCII characters")

// once runs a creating call under its idempotency key: the first time it calls
// run and stores its answer, later it returns the same answer, byte for byte.
// The answer is stored before it is sent, so that every answer that a client
// has got can be repeated.
func (s *server) once(c echo.Context, key string, body []byte, run func()) {
	r := c.Request()
	ctx := r.Context()
	tenantID := TenantID(ctx)
	if !validKey(key) {
		writeProblem(c.Response(), r, errIdempotencyKey)
		return
	}
	claim, reply, err := s.Idempotency.Begin(ctx, tenantID, key, requestDigest(r, body))
	if err != nil {
		writeProblem(c.Response(), r, err)
		return
	}
	if reply != nil {
		c.Response().Header().Set(replayedHeader, "true")
		send(c.Response(), *reply)
		return
	}
	recordOf(ctx).resourceID = claim.ResourceID
	kept := &keptResponse{header: c.Response().Header()}
	writer := c.Response().Writer
	c.Response().Writer = kept
	done := false
	defer func() {
		c.Response().Writer = writer
		// The client may be gone by now; its request still counts.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), settleTimeout)
		defer cancel()
		if !done || kept.status < 200 || kept.status > 299 {
			err = s.Idempotency.Abandon(ctx, tenantID, key, claim.Token)
		} else {
			err = s.Idempotency.Finish(ctx, tenantID, key, claim.Token, kept.reply())
		}
		if err != nil {
			telemetry.Log(ctx).Error().Err(err).Msg("Idempotency key not settled")
		}
		if done {
			send(writer, kept.reply())
		}
	}()
	run()
	done = true
}

func validKey(key string) bool {
	for i := range len(key) {
		if key[i] <= ' ' || key[i] > '~' {
			return false
		}
	}
	return len(key) <= maxIdempotencyKey
}

// requestDigest returns a digest of the request that a key was used for.
func requestDigest(r *http.Request, body []byte) string {
	h := sha256.New()
	fmt.Fprintf(h, "%s %s\n", r.Method, r.URL.Path)
	h.Write(body)
	return hex.EncodeToString(h.Sum(nil))
}

func send(w http.ResponseWriter, r tenant.Reply) {
	w.Header().Set("Content-Type", r.ContentType)
	w.WriteHeader(r.Status)
	_, _ = w.Write(r.Body) // an error means that the client is gone: it will ask again
}

// keptResponse buffers a response.
type keptResponse struct {
	header http.Header
	status int
	body   bytes.Buffer
}

// Header returns the header that will be sent.
func (k *keptResponse) Header() http.Header { return k.header }

// WriteHeader keeps the status.
func (k *keptResponse) WriteHeader(status int) {
	if k.status == 0 {
		k.status = status
	}
}

// Write keeps the bytes.
func (k *keptResponse) Write(b []byte) (int, error) {
	k.WriteHeader(http.StatusOK)
	return k.body.Write(b)
}

func (k *keptResponse) reply() tenant.Reply {
	return tenant.Reply{Status: k.status, ContentType: k.header.Get("Content-Type"), Body: k.body.Bytes()}
}
