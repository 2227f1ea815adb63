package api

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/opal-photo/opal/modules/telemetry"
)

// CorrelationHeader carries the correlation id in and out.
const CorrelationHeader = telemetry.CorrelationHeader

// writeTimeout bounds how long a response may take to be read. Event streams
// and mounts set their own.
const (
	writeTimeout      = 90 * time.Second
	mountWriteTimeout = 10 * time.Minute
)

// The paces of bodies: JSON, a form with a photo, and a photo for a mount over a slow
// connection. An answer to a request whose body has not arrived ends the connection.
var (
	jsonPace  = pace{all: 15 * time.Second, idle: 15 * time.Second}
	formPace  = pace{all: 5 * time.Minute, idle: idleRead}
	mountPace = pace{all: 10 * time.Minute, idle: idleRead}
)

// strictPolicy is for every answer that is not a page: it may load nothing and
// be framed by nothing, and as a document it has no origin.
const strictPolicy = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'; sandbox"

// record collects a request's data for the access log. One goroutine, the
// request's own, writes it.
type record struct {
	route string // pattern; "" where no route was found
	code  string // of the problem, or ""
	ids   telemetry.IDs
	err   error // of a 5xx
	// accept is the Accept header, for routes with more than one form of answer.
	accept string
	// key is the Idempotency-Key header, for routes whose effect outlives a crash
	// of the process.
	key string
	// resourceID is the id of what a call with an Idempotency-Key makes; "": a new one.
	resourceID string
	// noneMatch is the header If-None-Match of a call that reads.
	noneMatch string
	// request is the request as it came, for calls of browsers.
	request *http.Request
}

type recordKey struct{}

// recordOf returns the request's record; outside a request, a discarded one.
func recordOf(ctx context.Context) *record {
	if r, ok := ctx.Value(recordKey{}).(*record); ok {
		return r
	}
	return &record{}
}

// edge wraps the router with the steps that every request passes.
func (s *server) edge() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := time.Now()
		rec := &record{}
		id := telemetry.CleanCorrelationID(r.Header.Get(CorrelationHeader))
		ctx := telemetry.WithLogger(r.Context(), s.Log)
		ctx = telemetry.With(ctx, telemetry.IDs{CorrelationID: id})
		ctx = context.WithValue(ctx, recordKey{}, rec)
		r = r.WithContext(ctx)
		r.URL = collapsed(r.URL)
		sw := &statusWriter{ResponseWriter: w}
		s.setHeaders(sw.Header(), id)
		s.meters.began()
		paced(sw, r, s.jsonPace)
		defer func() { s.ended(ctx, r, sw, rec, began, recover()) }()
		if !s.servesHost(r.Host) {
			writeProblem(sw, r, newProblem(ctx, http.StatusMisdirectedRequest, errHost.Code, errHost.Text))
			return
		}
		s.dispatch(sw, r, rec)
	})
}

// dispatch hands the request to a mount or to the router.
func (s *server) dispatch(w http.ResponseWriter, r *http.Request, rec *record) {
	ctl := http.NewResponseController(w)
	for _, m := range s.Mounts {
		if m.Path == r.URL.Path || m.Path != "/" && strings.HasSuffix(m.Path, "/") && strings.HasPrefix(r.URL.Path, m.Path) {
			rec.route = m.Path
			// Whoever has a signed URL may use it, pages of other origins included.
			w.Header().Set("Cross-Origin-Resource-Policy", "cross-origin")
			paced(w, r, s.mountPace)
			_ = ctl.SetWriteDeadline(time.Now().Add(mountWriteTimeout))
			m.Handler.ServeHTTP(w, r)
			return
		}
	}
	_ = ctl.SetWriteDeadline(time.Now().Add(writeTimeout)) // not every writer has deadlines; the server's does
	if err := s.crossOrigin(r); err != nil {
		writeProblem(w, r, err)
		return
	}
	if r.Method == http.MethodHead && !streamPath.MatchString(r.URL.Path) {
		// Answered like GET; the server leaves the body out.
		get := *r
		get.Method = http.MethodGet
		r = &get
	}
	recordOf(r.Context()).request = r
	recordOf(r.Context()).accept = r.Header.Get("Accept")
	recordOf(r.Context()).key = r.Header.Get(idempotencyHeader)
	recordOf(r.Context()).noneMatch = strings.Join(r.Header.Values(noneMatchHeader), ",")
	r.Header.Del("Accept") // huma has nothing to negotiate: the API answers JSON, except on a few routes that read record.accept themselves
	s.echo.ServeHTTP(w, r)
}

// ended logs and counts the request, and answers with 500 after a panic.
func (s *server) ended(ctx context.Context, r *http.Request, w *statusWriter, rec *record, began time.Time, panicked any) {
	cause, _ := panicked.(error)
	aborted := errors.Is(cause, http.ErrAbortHandler)
	if panicked != nil && !aborted {
		if w.status == 0 {
			writeProblem(w, r, fmt.Errorf("panic: %v\n%s", panicked, debug.Stack()))
		} else {
			rec.err = fmt.Errorf("panic: %v\n%s", panicked, debug.Stack())
			aborted = true // a half-written answer must not look whole
		}
	}
	took := time.Since(began)
	status := w.status
	switch {
	case r.Context().Err() == context.Canceled && (status == 0 || errors.Is(rec.err, context.Canceled)):
		status = statusClientGone
	case status == 0:
		status = http.StatusOK
	}
	s.meters.ended(rec.route, r.Method, status, took)
	telemetry.Routed(ctx, r.Method, rec.route, rec.code)
	// the lines of a job and its items are under the job's own correlation id;
	// this one is under the request's id, so it names them by its path alone
	log := telemetry.Log(telemetry.With(ctx, telemetry.IDs{TenantID: rec.ids.TenantID}))
	line := log.Info()
	switch {
	case status >= http.StatusInternalServerError:
		line = log.Error().Err(rec.err)
	case rec.route == healthPath || rec.route == readyPath:
		line = log.Debug() // such requests come every few seconds
	}
	if rec.code != "" {
		line = line.Str("code", rec.code)
	}
	line.Str("method", r.Method).Str("route", rec.route).Str("path", shortened(r.URL.Path)).Int("status", status).Int64("ms", took.Milliseconds()).Int64("bytes", w.bytes).Msg("HTTP request")
	if aborted {
		panic(http.ErrAbortHandler)
	}
}

// statusClientGone is the logged status when the client left before the answer.
const statusClientGone = 499

// setHeaders sets the headers of every response. Pages loosen the policy as far
// as they need.
func (s *server) setHeaders(h http.Header, correlationID string) {
	h.Set(CorrelationHeader, correlationID)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(), microphone=(), geolocation=(), payment=()")
	h.Set("Content-Security-Policy", strictPolicy)
	if s.HSTS {
		h.Set("Strict-Transport-Security", "max-age=31536000")
	}
}

// servesHost reports whether the Host header names this service. It keeps web
// pages from reaching a service on loopback under a name of their own.
func (s *server) servesHost(host string) bool {
	if len(s.Hosts) == 0 {
		return true
	}
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	host = strings.ToLower(strings.Trim(host, "[]"))
	return slices.Contains(s.Hosts, host)
}

// collapsed returns the URL with repeated slashes of its path made one.
func collapsed(u *url.URL) *url.URL {
	if !strings.Contains(u.Path, "//") && !strings.Contains(u.RawPath, "//") {
		return u
	}
	c := *u
	c.Path, c.RawPath = collapse(u.Path), collapse(u.RawPath)
	return &c
}

func collapse(p string) string {
	for strings.Contains(p, "//") {
		p = strings.ReplaceAll(p, "//", "/")
	}
	return p
}

// statusWriter notes the status and the bytes of a response.
type statusWriter struct {
	http.ResponseWriter
	status int
	bytes  int64
}

// WriteHeader notes the status; informational ones are ignored, since another
// follows.
func (w *statusWriter) WriteHeader(status int) {
	if w.status == 0 && status >= http.StatusOK {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

// Write counts what is written.
func (w *statusWriter) Write(b []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	n, err := w.ResponseWriter.Write(b)
	w.bytes += int64(n)
	return n, err
}

// Unwrap lets http.ResponseController reach the server's writer.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// Flush flushes what was written, for event streams.
func (w *statusWriter) Flush() { _ = http.NewResponseController(w.ResponseWriter).Flush() }

// maxPath bounds the part of a path that the log keeps, since any caller can
// choose it.
const maxPath = 200

func shortened(path string) string { return path[:min(len(path), maxPath)] }
