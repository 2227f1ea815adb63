package fileblob

import (
	"cmp"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"

	"github.com/opal-photo/opal/modules/blob"
	"github.com/opal-photo/opal/modules/fault"
	"github.com/opal-photo/opal/modules/telemetry"
)

// Errors of a request.
var (
	errMethod   = fault.New(fault.Malformed, "method_not_allowed", "A signed URL takes PUT or GET, as it was given out for")
	errBlobType = fault.New(fault.Malformed, "blob_type_missing", "Send the header x-ms-blob-type: BlockBlob")
	errAborted  = fault.New(fault.Malformed, "upload_aborted", "The photo did not arrive whole; PUT it again")
	errOrigin   = fault.New(fault.Forbidden, "origin_unknown", "Pages of this origin may not use signed URLs; the setting STORAGE_CORS_ORIGINS names those that may")
)

// Handler serves the store's signed URLs. Mount it where Options.BaseURL leads,
// with that path stripped.
func (s *Store) Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("Cache-Control", "private, no-store")
		// a picture is never a page: nothing in it may run
		w.Header().Set("Content-Security-Policy", "default-src 'none'; sandbox")
		if s.preflight(w, r) {
			return
		}
		if err := s.serve(w, r); err != nil {
			problem(w, r, err)
		}
	})
}

func (s *Store) serve(w http.ResponseWriter, r *http.Request) error {
	g, err := s.url.check(r.URL.Path, r.URL.Query())
	if err != nil {
		return err
	}
	switch {
	case r.Method == http.MethodPut && g.permission == permitCreate:
		return s.create(w, r, g)
	case (r.Method == http.MethodGet || r.Method == http.MethodHead) && g.permission == permitRead:
		return s.read(w, r, g)
	case r.Method == http.MethodPut, r.Method == http.MethodGet, r.Method == http.MethodHead:
		return errURL
	}
	return errMethod
}

func (s *Store) create(w http.ResponseWriter, r *http.Request, g grant) error {
	if r.Header.Get("x-ms-blob-type") != "BlockBlob" {
		return errBlobType
	}
	if r.ContentLength > g.limit {
		return blob.ErrTooLarge.With("%d bytes, at most %d", r.ContentLength, g.limit)
	}
	out, err := s.begin(g.container, g.name, blob.PutOptions{ContentType: contentType(r), IfNoneMatch: true})
	if err != nil {
		return err
	}
	defer out.abort()
	body := &sender{r: io.LimitReader(r.Body, g.limit+1)}
	n, err := io.Copy(out.f, body)
	if body.err != nil {
		w.Header().Set("Connection", "close")
		return errors.Join(errAborted, body.err)
	}
	if err != nil {
		return translate(err)
	}
	if n > g.limit {
		return blob.ErrTooLarge.With("at most %d bytes", g.limit)
	}
	if err := out.commit(); err != nil {
		return err
	}
	w.WriteHeader(http.StatusCreated)
	return nil
}

// sender reads a request's body. Its errors are the sender's fault, not that of
// the store.
type sender struct {
	r   io.Reader
	err error
}

func (s *sender) Read(p []byte) (int, error) {
	n, err := s.r.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		s.err = err
	}
	return n, err
}

// contentType keeps a type that a header can carry back.
func contentType(r *http.Request) string {
	t := r.Header.Get("Content-Type")
	if t == "" || len(t) > 100 || strings.ContainsFunc(t, func(c rune) bool { return c < ' ' || c > '~' }) {
		return "application/octet-stream"
	}
	return t
}

func (s *Store) read(w http.ResponseWriter, r *http.Request, g grant) error {
	f, info, err := s.open(g.container, g.name)
	if err != nil {
		return err
	}
	defer f.Close()
	w.Header().Set("Content-Type", cmp.Or(g.contentType, info.ContentType))
	if g.download != "" {
		w.Header().Set("Content-Disposition", g.download)
	}
	http.ServeContent(w, r, "", info.ModifiedAt, f)
	return nil
}

// status maps errors to the statuses that Azure's blob service answers, too.
func status(err error) int {
	switch {
	case errors.Is(err, errMethod):
		return http.StatusMethodNotAllowed
	case errors.Is(err, blob.ErrExists):
		return http.StatusConflict
	}
	switch fault.KindOf(err) {
	case fault.Forbidden:
		return http.StatusForbidden
	case fault.NotFound:
		return http.StatusNotFound
	case fault.TooLarge:
		return http.StatusRequestEntityTooLarge
	case fault.Malformed, fault.Invalid:
		return http.StatusBadRequest
	case fault.Unavailable:
		return http.StatusServiceUnavailable
	}
	return http.StatusInternalServerError
}

func problem(w http.ResponseWriter, r *http.Request, err error) {
	code, detail := status(err), "The file can't be stored or read"
	if e, ok := fault.As(err); ok {
		detail = e.Error()
	}
	if code >= http.StatusInternalServerError {
		telemetry.Log(r.Context()).Error().Err(err).Msg("Serving a signed URL failed")
	}
	w.Header().Set("Content-Type", "application/problem+json")
	w.Header().Set("x-ms-error-code", fault.CodeOf(err))
	w.Header().Del("Content-Disposition")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(map[string]any{
		"type": "about:blank", "title": http.StatusText(code), "status": code, "detail": detail,
		"code": fault.CodeOf(err), "correlation_id": telemetry.CorrelationID(r.Context()),
	})
}
