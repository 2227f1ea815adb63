// Package api is OPAL's HTTP edge: routes, authentication, limits, the
// translation of errors to problem documents, and the event stream. Echo and
// huma stay inside it.
//
// A request passes, in this order: edge.go (paths, ids, headers, log, panics),
// guard.go (who calls, the body, the tenant, the rate, the idempotency key),
// huma (validation), a handler of routes_*.go.
package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humaecho"
	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"github.com/opal-photo/opal/modules/channel"
	"github.com/opal-photo/opal/modules/tenant"
)

// Options are what the API is made of. The first block is required; the rest is
// optional.
type Options struct {
	Jobs      Jobs
	Uploads   Uploads
	Downloads Downloads
	Deletions Deletions
	Brands    Brands
	Plates    Plates   // nil: there are no own backgrounds
	Previews  Previews // nil: there are none
	Logos     Logos    // nil: brands have no logos
	// UnknownWords lists the words of a prompt that no built-in scene heeds; nil: it isn't told.
	UnknownWords func(prompt string) []string

	Events   Events // nil: no event streams
	Presets  []channel.Preset
	Exports  Exports  // nil: items show no variants
	Keys     Keys     // nil: no /v1/api-keys
	Billing  *Billing // nil: no /v1/billing and no webhook
	Quotes   Quotes   // nil: no dry_run
	Budgets  Budgets  // nil: keys with a budget can order nothing
	Webhooks Webhooks // nil: no /v1/webhooks

	PictureChecks PictureChecks // nil: no /v1/checks
	Shares        Shares        // nil: no /v1/shares and no guests
	Collections   Collections   // nil: no /v1/collections
	Imports       Imports       // nil: no /v1/imports

	Scenes []string // scene types that a request may ask for

	Auth         Authenticator // nil: Anyone
	Sessions     Sessions      // nil: browsers can't sign in
	SessionRules SessionRules
	Idempotency  Idempotency // nil: the Idempotency-Key header is ignored
	RateLimit    RateLimit   // the zero value limits nothing
	Checks       []Check     // the dependencies that /healthz and /readyz check

	Mounts  []Mount               // other handlers on the same port: blobs, console
	Dead    DeadLetters           // nil: no routes for them
	Hosts   []string              // names in the Host header that are served; empty: all
	Origins []string              // of pages that may change something without credentials, beside the API's own
	HSTS    bool                  // the public address is https
	Log     zerolog.Logger        // carried by each request's context
	Meters  prometheus.Registerer // nil: no metrics

	Proxies   int            // how many of the operator's own add to X-Forwarded-For
	Operators string         // the tenant whose admins may manage dead letters; "": no tenant
	Version   string         // shown in the OpenAPI document
	Address   string         // where the API is reached, for the document: https://opal.example; "": the address that the document is read from
	Settings  []SettingGroup // the manual's page of settings; nil: no page
	MaxUpload int64          // bytes of a photo at /v1/uploads/direct; 0: 25 MiB
	Streams   int            // event streams open at the same time; 0: 256

	// Stop is closed when the server is to stop: event streams end then, so that
	// they hold up no shutdown. nil: they end with their clients.
	Stop <-chan struct{}

	// Nowhere answers browsers at paths that nothing is at, with status 404. nil: they get the problem that
	// every other client gets.
	Nowhere http.Handler
}

// Mount is a handler beside the API. A path that ends in "/" covers all below
// it, but "/" itself covers the root alone: unrouted paths stay problems.
type Mount struct {
	Path    string
	Handler http.Handler
}

const (
	defaultMaxUpload = 25 << 20
	defaultStreams   = 256
	maxWaits         = 128
)

// server is a built API.
type server struct {
	Options
	huma        huma.API
	echo        *echo.Echo
	limiter     *limiter
	meters      *meters
	health      *health
	streams     *slots // open event streams
	guestLimits guestLimits
	watches     watches
	waits       *slots // calls that wait for something
	routes      []*route

	// The OpenAPI document, and the reference as Markdown; made when they are first asked for.
	openAPI, reference func() ([]byte, error)

	open       bool                                                       // callers need no credentials
	issuer     *OIDC                                                      // nil: callers have no tokens
	keys       func(ctx context.Context, text string) (tenant.Key, error) // nil: callers have no keys
	protection *http.CrossOriginProtection

	jsonPace, formPace, mountPace pace
	streamCheck                   time.Duration
}

// New returns the API's handler.
func New(o Options) (http.Handler, error) {
	s, err := build(o)
	if err != nil {
		return nil, err
	}
	if _, err := s.reference(); err != nil { // a fault of either ends the start
		return nil, err
	}
	return s.edge(), nil
}

func build(o Options) (*server, error) {
	if o.Jobs == nil || o.Uploads == nil || o.Downloads == nil || o.Deletions == nil || o.Brands == nil {
		return nil, errors.New("the API needs jobs, their uploads, downloads and deletions, and brands")
	}
	if o.Auth == nil {
		o.Auth = Anyone{}
	}
	if o.MaxUpload == 0 {
		o.MaxUpload = defaultMaxUpload
	}
	if o.Streams == 0 {
		o.Streams = defaultStreams
	}
	for _, m := range o.Mounts {
		if !strings.HasPrefix(m.Path, "/") || m.Handler == nil {
			return nil, errors.New("a mount of the API needs a path that begins with / and a handler: " + m.Path)
		}
	}
	_, open := o.Auth.(Anyone)
	s := &server{
		open: open, protection: http.NewCrossOriginProtection(), jsonPace: jsonPace, formPace: formPace, mountPace: mountPace, streamCheck: streamCheck,
		Options: o, echo: echo.New(), limiter: newLimiter(o.RateLimit), meters: newMeters(o.Meters), health: newHealth(o.Checks),
		streams: newSlots(o.Streams), guestLimits: newGuestLimits(), waits: newSlots(maxWaits),
	}
	s.signedIn()
	for _, origin := range o.Origins {
		if err := s.protection.AddTrustedOrigin(origin); err != nil {
			return nil, fmt.Errorf("origin %s: %w", origin, err)
		}
	}
	s.echo.HTTPErrorHandler = s.routingError
	s.huma = humaecho.New(s.echo, s.config())
	r := &Routes{s}
	jobRoutes(r)
	itemRoutes(r)
	remakeRoutes(r)
	previewRoutes(r)
	reviewRoutes(r)
	reexportRoutes(r)
	cutoutRoutes(r)
	deletionRoutes(r)
	uploadRoutes(r)
	downloadRoutes(r)
	if o.Events != nil {
		eventRoutes(r)
		tenantEventRoutes(r)
	}
	brandRoutes(r)
	consistencyRoutes(r)
	if s.Plates != nil {
		plateRoutes(r)
	}
	presetRoutes(r)
	if o.Keys != nil {
		keyRoutes(r)
	}
	if o.Billing != nil {
		billingRoutes(r)
		paymentRoutes(r)
		accountRoutes(r)
	}
	if o.Webhooks != nil {
		webhookRoutes(r)
	}
	if o.PictureChecks != nil {
		checkRoutes(r)
	}
	if o.Collections != nil {
		collectionRoutes(r)
	}
	if o.Imports != nil {
		importRoutes(r)
	}
	if o.Shares != nil {
		shareRoutes(r)
	}
	if o.Dead != nil {
		deadRoutes(r)
	}
	if s.Sessions != nil {
		sessionRoutes(r)
		if s.issuer != nil && s.issuer.signsIn() {
			s.signInRoutes()
		}
	}
	healthRoutes(r)
	return s, s.documentRoutes()
}

// signedIn notes how callers prove themselves, and lets browsers do so by a session.
func (s *server) signedIn() {
	switch a := s.Auth.(type) {
	case *OIDC:
		s.issuer = a
	case APIKeys:
		s.keys = a.Check
	}
	if s.SessionRules.Life == 0 {
		s.SessionRules.Life = defaultSessionLife
	}
	if s.SessionRules.Idle == 0 {
		s.SessionRules.Idle = defaultSessionIdle
	}
	if s.Sessions != nil && !s.open {
		s.Auth = withSessions{s.Auth, s.Sessions}
	}
}

// config returns huma's configuration, without its own pages, links and $schema
// fields.
func (s *server) config() huma.Config {
	const schemas = "#/components/schemas/"
	c := huma.Config{
		OpenAPI: &huma.OpenAPI{
			OpenAPI: "3.1.0",
			Info: &huma.Info{Title: "OPAL", Version: s.version(),
				Description: about, License: &huma.License{Name: "UNLICENSED", Identifier: "LicenseRef-UNLICENSED"}},
			Tags: tags,
			Components: &huma.Components{
				Schemas: huma.NewMapRegistry(schemas, huma.DefaultSchemaNamer),
				SecuritySchemes: map[string]*huma.SecurityScheme{
					schemeKey: {Type: "apiKey", In: "header", Name: keyHeader,
						Description: "An API key: opal keys create TENANT, or POST /v1/api-keys with a key of scope admin."},
					schemeShare:  {Type: "apiKey", In: "header", Name: shareHeader, Description: "The token of a share link: what its URL has behind #."},
					schemeBearer: {Type: "http", Scheme: "bearer", BearerFormat: "JWT", Description: "A token of the OIDC issuer, where AUTH_MODE is oidc."},
				},
			},
		},
		Formats:       map[string]huma.Format{jsonType: huma.DefaultJSONFormat, "json": huma.DefaultJSONFormat}, // the second is for +json types
		DefaultFormat: jsonType,
		Transformers:  []huma.Transformer{s.transform},
	}
	c.AllowAdditionalPropertiesByDefault = true
	return c
}

// The groups of operations, in the order in which they are read.
const (
	tagJobs      = "Jobs"
	tagUploads   = "Uploads"
	tagDownloads = "Downloads"
	tagBrands    = "Brand profiles"
	tagCatalogue = "Catalogue"
	tagKeys      = "API keys"
	tagQueues    = "Queues"
	tagHealth    = "Health"
)

// tags are the groups with their descriptions.
var tags = []*huma.Tag{
	{Name: tagJobs, Description: "Orders of pictures: make, follow, cancel, retry and delete them."},
	{Name: tagUploads, Description: "How photos come in."},
	{Name: tagDownloads, Description: "Short-lived URLs of finished files."},
	{Name: tagBrands, Description: "What gives a tenant's pictures one look."},
	{Name: tagCatalogue, Description: "What can be asked for."},
	{Name: tagKeys, Description: "A tenant's keys."},
	{Name: tagSessions, Description: "Sign-in of people, by a browser."},
	{Name: tagBilling, Description: "Credits, usage, payments and invoices."},
	{Name: tagCollections, Description: "Jobs in groups of any size."},
	{Name: tagImports, Description: "Catalogues: tables whose rows become jobs."},
	{Name: tagShares, Description: "Links by which people without an account look, comment and approve."},
	{Name: tagChecks, Description: "Any picture, held against channels' rules."},
	{Name: tagWebhooks, Description: "Your own server, told what happens."},
	{Name: tagQueues, Description: "For operators: messages that no worker can handle."},
	{Name: tagHealth, Description: "Probes."},
}

// about is the introduction of the OpenAPI document.
const about = "Product photos in, finished product images out.\n\n" +
	"Send the API key in the header X-API-Key. Errors are application/problem+json (RFC 9457) with a stable code and the correlation_id; match on the code. " +
	"Every POST takes an Idempotency-Key. Lists are read page by page: send next_cursor as cursor. Fields that a call doesn't know are told in unknown_fields, " +
	"and refused with the header Prefer: handling=strict. 429 and 503 say in Retry-After when to try again."

func (s *server) version() string {
	if s.Version == "" {
		return "dev"
	}
	return s.Version
}
