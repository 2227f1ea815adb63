package app

import (
	"context"
	"crypto/sha256"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/opal-photo/opal/config"
	"github.com/opal-photo/opal/modules/api"
	"github.com/opal-photo/opal/modules/channel"
	"github.com/opal-photo/opal/modules/console"
	"github.com/opal-photo/opal/modules/egress"
	"github.com/opal-photo/opal/modules/event"
	"github.com/opal-photo/opal/modules/picture"
	"github.com/opal-photo/opal/modules/sample"
	"github.com/opal-photo/opal/modules/scene"
	"github.com/opal-photo/opal/modules/telemetry"
	"github.com/opal-photo/opal/modules/tenant"
)

// apiServer is the web API, and on the same port the embedded store's URLs.
var apiServer = part{name: "the API", server: true, open: func(ctx context.Context, w *wire) (func(context.Context) error, error) {
	h, err := w.apiHandler(ctx)
	if err != nil {
		return nil, err
	}
	l, err := listen(w.listen)
	if err != nil {
		return nil, err
	}
	h = telemetry.Traced(ctx, h, true)
	return func(ctx context.Context) error { return serveHTTP(ctx, l, h, serverGrace) }, nil
}}

func (w *wire) apiHandler(ctx context.Context) (http.Handler, error) {
	jobs, exports, err := w.jobServices(ctx)
	if err != nil {
		return nil, err
	}
	tenants, err := w.tenantService(ctx)
	if err != nil {
		return nil, err
	}
	checks, err := w.checks(ctx)
	if err != nil {
		return nil, err
	}
	ages, err := w.ages(ctx)
	if err != nil {
		return nil, err
	}
	checks = append(checks, ageCheck(ages))
	mounts, nowhere, err := w.mounts()
	if err != nil {
		return nil, err
	}
	queues, err := w.openQueues(ctx)
	if err != nil {
		return nil, err
	}
	pictures, err := w.preflight(ctx)
	if err != nil {
		return nil, err
	}
	cutter, err := previewCutter(w.cfg.Cutout.Engine)
	if err != nil {
		return nil, err
	}
	o := api.Options{
		Previews:      newPreviews(jobs, w.brands, plateSource{w.plates.Plates, w.plates.files}, w.openDecoder(), cutter),
		Logos:         logos{w.openDecoder()},
		PictureChecks: pictures,
		Dead:          queueBoard{deadLetters{queues.jobs, queues.exports}, w.db}, Operators: w.cfg.Auth.OperatorTenant,
		Jobs: jobs, Uploads: jobs, Downloads: jobs, Deletions: jobs, Events: event.Log{DB: w.db}, Brands: w.brands, Plates: w.plates, UnknownWords: scene.UnknownWords,
		Presets: channel.Presets(), Exports: exports, Collections: w.groups, Imports: w.imports, Keys: tenants, Sessions: tenants, SessionRules: api.SessionRules{Life: w.cfg.Auth.SessionLife, Idle: w.cfg.Auth.SessionIdle}, Scenes: picture.SceneTypes(),
		Auth: api.Anyone{}, Idempotency: tenants, Budgets: tenants, Billing: &api.Billing{Books: w.billing, Payments: w.billing, Accounts: w.billing}, Quotes: quotes{jobs, w.billing, w.db}, Webhooks: w.webhookService(w.db),
		Checks: checks, Log: w.log, Meters: w.metrics, Version: version(), Settings: settingsManual(),
		HSTS: strings.HasPrefix(w.cfg.PublicBaseURL, "https:"), Mounts: mounts, Nowhere: nowhere, Stop: ctx.Done(),
		Shares: shares{w.shares, tenants}, Proxies: w.cfg.Rate.Proxies,
		RateLimit: api.RateLimit{PerSecond: w.cfg.Rate.LimitPerSecond, Burst: w.cfg.Rate.LimitBurst},
	}
	if u, err := url.Parse(w.cfg.PublicBaseURL); err == nil && u.Host != "" {
		o.Origins, o.Address = []string{u.Scheme + "://" + u.Host}, w.cfg.PublicBaseURL
	}
	switch w.cfg.Auth.Mode {
	case "none": // every caller counts as an operator
		if o.Operators == "" {
			o.Operators = tenant.DefaultID
		}
	case "oidc":
		a := w.cfg.Auth
		o.Auth, err = api.NewOIDC(api.OIDCOptions{
			Issuer: a.Issuer, Audience: a.Audience, TenantClaim: a.TenantClaim, Tenant: tenants.Get, Client: issuerClient(),
			RoleClaim: a.RoleClaim, Roles: rolesOf(a.Roles), ClientID: a.ClientID, ClientSecret: a.ClientSecret.Value(), SignInScopes: a.SignInScopes,
		})
		if err != nil {
			return nil, err
		}
	default:
		o.Auth = api.APIKeys{Check: tenants.Authenticate}
	}
	if loopback(w.listen) {
		// a page elsewhere must not reach this port through a name of its own
		o.Hosts = []string{"localhost", "127.0.0.1", "::1"}
		if u, err := url.Parse(w.cfg.PublicBaseURL); err == nil && u.Host != "" {
			o.Hosts = append(o.Hosts, u.Hostname())
		}
		if host, _, err := net.SplitHostPort(w.listen); err == nil {
			o.Hosts = append(o.Hosts, host)
		}
	}
	return withAgents(o)
}

// issuerTimeout bounds a call to the issuer.
const issuerTimeout = 10 * time.Second

// issuerClient calls the issuer, and what its document names. An issuer may be of the
// operator's own network; cloud metadata is never dialled.
func issuerClient() *http.Client {
	var own []netip.Prefix
	for _, n := range []string{"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7"} {
		own = append(own, netip.MustParsePrefix(n))
	}
	return egress.Guarded(egress.NewGuard(true, own), issuerTimeout)
}

// rolesOf returns what each value of the roles' claim allows.
func rolesOf(pairs []string) map[string]tenant.Scope {
	out := map[string]tenant.Scope{}
	for _, pair := range pairs {
		if value, role, ok := config.RoleOf(pair); ok {
			out[value] = tenant.Scopes()[slices.Index(config.Roles, role)]
		}
	}
	return out
}

// pepper is what keys are hashed with. Where nobody has keys it only seals the
// replies kept for idempotency keys, in the database, and is made of how that is
// reached: the same in every replica.
func (w *wire) pepper() []byte {
	if p := w.cfg.Auth.KeyPepper.Value(); p != "" {
		return []byte(p)
	}
	sum := sha256.Sum256([]byte("opal-replies:" + w.cfg.Database.URL.Value()))
	return sum[:]
}

// mounts are the handlers beside the API: the embedded store's URLs and the
// console, whose page nowhere answers browsers at paths that nothing is at.
func (w *wire) mounts() (m []api.Mount, nowhere http.Handler, err error) {
	page, err := console.New(console.Options{
		Origins: blobOrigins(w.cfg.Storage),
		Sample:  func() ([]byte, error) { return sample.JPEG(sample.Size) },
	})
	if err != nil {
		return nil, nil, err
	}
	for path, h := range page.Handlers() {
		m = append(m, api.Mount{Path: path, Handler: h})
	}
	if w.blobs.handler != nil {
		m = append(m, api.Mount{Path: blobsPath, Handler: w.blobs.handler})
	}
	return m, http.HandlerFunc(page.Nowhere), nil
}

// blobOrigins is where browsers put and get pictures, when that is not the
// console's own address.
func blobOrigins(s config.Storage) []string {
	endpoint, account := s.Endpoint, s.AccountName
	for _, part := range strings.Split(s.ConnectionString.Value(), ";") {
		switch name, value, _ := strings.Cut(part, "="); name {
		case "BlobEndpoint":
			endpoint = value
		case "AccountName":
			account = value
		}
	}
	if u, err := url.Parse(endpoint); err == nil && u.Host != "" {
		return []string{u.Scheme + "://" + u.Host}
	}
	if account != "" {
		return []string{"https://" + account + ".blob.core.windows.net"}
	}
	return nil
}

// checks are the dependencies that probes look at. Without the queue or the
// scoring service work is still accepted, so those are not critical.
func (w *wire) checks(ctx context.Context) ([]api.Check, error) {
	d, err := w.database(ctx)
	if err != nil {
		return nil, err
	}
	store, err := w.blobStore(ctx)
	if err != nil {
		return nil, err
	}
	q, err := w.openQueues(ctx)
	if err != nil {
		return nil, err
	}
	return []api.Check{
		{Name: "database", Critical: true, Probe: d.Ready},
		{Name: "blobs", Critical: true, Probe: store.Ping},
		{Name: "queue", Probe: q.jobs.Ping},
	}, nil
}
