// Package server is the HTTP service behind the Azure ML scoring contract:
// POST /score, GET /livez, GET /readyz. Scenes come from an Engine; with a Cutter
// instead, the service removes backgrounds under the contract of cut-outs.
package server

import (
	"context"
	"image"
	"net/http"
	"net/netip"
	"runtime"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/rs/zerolog"

	"github.com/opal-photo/opal/modules/fault"
	"github.com/opal-photo/opal/modules/imaging"
)

// The ways to authenticate callers.
const (
	// AuthKey wants "Authorization: Bearer <Options.Key>".
	AuthKey = "key"
	// AuthPlatform trusts every caller: a managed online endpoint checks the key
	// itself and does not pass it on.
	AuthPlatform = "platform"
)

// Defaults of Options.
const (
	defaultMaxInput = 32 << 20
	defaultTimeout  = 170 * time.Second // callers give up after 180
	defaultWaiting  = 2                 // per running request
	maxBody         = 1 << 20
)

// Decoder decodes bytes from outside within limits. *imaging.Decoder is one.
type Decoder interface {
	Decode(ctx context.Context, b []byte) (*image.NRGBA, imaging.Info, error)
}

// Options configure the service.
type Options struct {
	// Engine makes scenes, or Cutter removes backgrounds: one of the two is given.
	Engine Engine
	Cutter Cutter
	// Auth is AuthKey (the default) or AuthPlatform; Key is for AuthKey.
	Auth string
	Key  string
	// AllowedHosts are the hosts from which inputs are fetched and to which
	// pictures are written: "host", "host:port" or "*.blob.core.windows.net".
	// "http://" before one allows it without TLS, for emulators.
	AllowedHosts []string
	// AllowLoopback lets allowed hosts be on this machine, and be reached
	// without TLS there.
	AllowLoopback bool
	// AllowedNetworks are private networks that allowed hosts may be in, such
	// as that of a storage account's private endpoint.
	AllowedNetworks []netip.Prefix
	Decoder         Decoder
	// Concurrency is how many pictures are made together, GOMAXPROCS when 0;
	// twice as many more may wait. Others get 429 with Retry-After.
	Concurrency int
	// MaxInput bounds an input in bytes: 32 MB when 0.
	MaxInput int64
	// Timeout bounds one request: 170 s when 0.
	Timeout time.Duration
	Logger  zerolog.Logger
}

// ErrOptions: New was given options that can't work.
var ErrOptions = fault.New(fault.Invalid, "score_options", "The scoring service is not configured properly")

// service holds what the handlers need.
type service struct {
	o     Options
	key   keyCheck
	blobs *blobs
	gate  *gate
}

// New returns the service's handler. The caller sets the server's timeouts. Error:
// ErrOptions.
func New(o Options) (http.Handler, error) {
	s, err := newService(o)
	if err != nil {
		return nil, err
	}
	return s.routes(), nil
}

// newService checks the options and fills in their defaults.
func newService(o Options) (*service, error) {
	switch {
	case (o.Engine == nil) == (o.Cutter == nil):
		return nil, ErrOptions.With("it needs an engine for scenes, or one for cut-outs")
	case o.Auth != "" && o.Auth != AuthKey && o.Auth != AuthPlatform:
		return nil, ErrOptions.With("SCORE_AUTH must be %q or %q", AuthKey, AuthPlatform)
	case o.Auth != AuthPlatform && o.Key == "":
		return nil, ErrOptions.With("SCORE_KEY is not set; set it, or SCORE_AUTH=%s behind an endpoint that checks keys itself", AuthPlatform)
	case o.Cutter != nil && o.Decoder == nil:
		return nil, ErrOptions.With("engine %s needs a decoder", o.Cutter.Name())
	case o.Engine != nil && o.Engine.NeedsInput() && o.Decoder == nil:
		return nil, ErrOptions.With("engine %s needs a decoder", o.Engine.Name())
	case o.Engine != nil && o.Engine.NeedsInput() && len(o.AllowedHosts) == 0:
		return nil, ErrOptions.With("engine %s needs the hosts that inputs may come from", o.Engine.Name())
	}
	if o.Concurrency <= 0 {
		o.Concurrency = runtime.GOMAXPROCS(0)
	}
	if o.MaxInput <= 0 {
		o.MaxInput = defaultMaxInput
	}
	if o.Timeout <= 0 {
		o.Timeout = defaultTimeout
	}
	s := &service{o: o, gate: newGate(o.Concurrency, o.Concurrency*defaultWaiting), blobs: newBlobs(o)}
	if o.Auth != AuthPlatform {
		s.key = newKeyCheck(o.Key)
	}
	return s, nil
}

// routes are what the service answers to.
func (s *service) routes() *echo.Echo {
	e := echo.New()
	e.HideBanner, e.HidePort = true, true
	e.HTTPErrorHandler = s.writeError
	e.Use(s.correlate)
	e.GET("/livez", func(c echo.Context) error { return c.JSON(http.StatusOK, map[string]string{"status": "ok"}) })
	e.GET("/readyz", s.ready)
	handle := s.score
	if s.o.Cutter != nil {
		handle = s.cut
	}
	e.POST("/score", handle, s.authorize)
	return e
}

// ready answers 200 once the engine can work. A cutter can from the beginning: it
// was tried before the service was made.
func (s *service) ready(c echo.Context) error {
	var name string
	switch {
	case s.o.Cutter != nil:
		name = s.o.Cutter.Name()
	case !s.o.Engine.Ready():
		return errNotReady
	default:
		name = s.o.Engine.Name()
	}
	return c.JSON(http.StatusOK, map[string]string{"status": "ok", "engine": name})
}
