package mcp

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strconv"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/opal-photo/opal/modules/client"
)

// HTTPOptions are what the handler of /mcp is made of.
type HTTPOptions struct {
	API     func() http.Handler // the API, which each tool calls with the caller's own credentials
	Files   http.RoundTripper   // fetches pictures by their signed URLs
	Version string
	Logger  *slog.Logger
}

const (
	maxRequest  = 1 << 20 // bytes of a request of /mcp
	maxAnswer   = 64 << 20
	httpMaxWait = 50 // seconds: proxies in between end silent calls after a minute or more
)

// passed are the headers of a request to /mcp that go with the tools' calls.
var passed = []string{"X-API-Key", "Authorization", "X-Correlation-Id", "Traceparent", "Tracestate"}

// Handler returns the handler of /mcp: streamable HTTP without sessions, so that any
// replica answers any request. A key of scope read gets the tools that change nothing,
// and so does a caller that asks for ?read_only=1.
func Handler(o HTTPOptions) http.Handler {
	cache := sdk.NewSchemaCache()
	stream := sdk.NewStreamableHTTPHandler(func(r *http.Request) *sdk.Server {
		s, _ := r.Context().Value(serverKey{}).(*sdk.Server)
		return s
	}, &sdk.StreamableHTTPOptions{Stateless: true, Logger: o.Logger, MaxRequestBodyBytes: maxRequest,
		// the API checks the Host header by its own settings
		DisableLocalhostProtection: true})
	inner := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := http.Header{}
		for _, name := range passed {
			if v := r.Header.Get(name); v != "" {
				h.Set(name, v)
			}
		}
		t := &inProcess{api: o.API(), host: r.Host, remote: r.RemoteAddr, header: h, files: o.Files}
		c, err := client.New(inside, client.Options{HTTP: &http.Client{Transport: t}, Agent: "opal-mcp/" + o.Version, Tenant: r.URL.Query().Get("tenant_id")})
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		// who calls is asked of the API before anything is read
		ask, err := http.NewRequestWithContext(r.Context(), http.MethodGet, inside+ownKeyPath, nil)
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		res, err := t.RoundTrip(ask)
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		defer res.Body.Close()
		readOnly := r.URL.Query().Has("read_only") && r.URL.Query().Get("read_only") != "0"
		switch {
		case res.StatusCode == http.StatusNotFound: // it has no key
		case res.StatusCode >= http.StatusBadRequest:
			for _, name := range []string{"Content-Type", "WWW-Authenticate", "Retry-After", "Cache-Control"} {
				if v := res.Header.Get(name); v != "" {
					w.Header().Set(name, v)
				}
			}
			w.WriteHeader(res.StatusCode)
			_, _ = io.Copy(w, res.Body)
			return
		default:
			k, err := c.OwnKey(r.Context())
			if err != nil {
				http.Error(w, told(err).Error(), http.StatusServiceUnavailable)
				return
			}
			readOnly = readOnly || !slices.ContainsFunc(k.Scopes, func(s string) bool { return s == "write" || s == "admin" })
		}
		s := New(Options{Client: c, ReadOnly: readOnly, MaxWait: httpMaxWait, Version: o.Version, Logger: o.Logger, schemas: cache})
		stream.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), serverKey{}, s)))
	})
	// a page on another site must not work with what a browser reaches
	return http.NewCrossOriginProtection().Handler(inner)
}

type serverKey struct{}

const (
	inside     = "http://api.internal" // stands for the API in this process; nothing is dialled
	ownKeyPath = "/v1/api-keys/self"
)

// inProcess calls the API in this process with the credentials of the caller of /mcp,
// and other addresses, those of pictures, by another transport without them.
type inProcess struct {
	api    http.Handler
	host   string
	remote string
	header http.Header
	files  http.RoundTripper
}

// RoundTrip answers a request.
func (t *inProcess) RoundTrip(r *http.Request) (*http.Response, error) {
	if "http://"+r.URL.Host != inside {
		return t.files.RoundTrip(r)
	}
	in := r.Clone(r.Context())
	in.Host, in.RemoteAddr, in.RequestURI = t.host, t.remote, r.URL.RequestURI()
	for name, values := range t.header {
		in.Header[name] = values
	}
	if in.Body == nil {
		in.Body = http.NoBody
	}
	in.Header.Set("Accept", "application/json")
	w := &answer{header: http.Header{}}
	t.api.ServeHTTP(w, in)
	if w.full {
		return nil, fmt.Errorf("an answer has more than %d bytes", maxAnswer)
	}
	if w.status == 0 {
		w.status = http.StatusOK
	}
	return &http.Response{Status: strconv.Itoa(w.status), StatusCode: w.status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: w.header, Body: io.NopCloser(&w.body), ContentLength: int64(w.body.Len()), Request: r}, nil
}

// answer keeps an answer of the API.
type answer struct {
	header http.Header
	status int
	body   bytes.Buffer
	full   bool
}

// Header returns the answer's headers.
func (a *answer) Header() http.Header { return a.header }

// WriteHeader keeps the status.
func (a *answer) WriteHeader(status int) {
	if a.status == 0 && status >= http.StatusOK {
		a.status = status
	}
}

// Write keeps the body, up to a bound.
func (a *answer) Write(b []byte) (int, error) {
	a.WriteHeader(http.StatusOK)
	if a.body.Len()+len(b) > maxAnswer {
		a.full = true
		return 0, io.ErrShortBuffer
	}
	return a.body.Write(b)
}
