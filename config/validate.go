package config

import (
	"slices"
	"strings"

	"github.com/rs/zerolog"
)

// Role names what a process needs of the settings.
type Role struct {
	Database, Storage, Queue, AML, API, Score, Billing bool
}

// normalise brings v0.2.1's spellings into one form and fills in the defaults
// that depend on the environment.
func (c *Config) normalise() {
	c.Environment = strings.ToLower(strings.TrimSpace(c.Environment))
	c.LogLevel = strings.ToLower(c.LogLevel)
	c.PublicBaseURL = strings.TrimRight(c.PublicBaseURL, "/")
	if c.Billing.Mode == "" {
		c.Billing.Mode = "off"
		if c.Production() {
			c.Billing.Mode = "enforce"
		}
	}
	if c.Auth.Mode == "" {
		c.Auth.Mode = "api-key"
		if c.Environment == "dev" {
			c.Auth.Mode = "none"
		}
	}
}

// Roles are what people may do, each with those before it.
var Roles = []string{"look", "make", "approve", "admin"}

// RoleOf reads a pair of a claim's value and a role: everything before the last = is the
// value.
func RoleOf(pair string) (value, role string, ok bool) {
	at := strings.LastIndexByte(pair, '=')
	if at < 0 {
		return "", "", false
	}
	value, role = strings.TrimSpace(pair[:at]), strings.TrimSpace(pair[at+1:])
	return value, role, slices.Contains(Roles, role)
}

// Level returns the log level. v0.2.1 used the names of Python's levels.
func (c *Config) Level() zerolog.Level {
	switch c.LogLevel {
	case "warning":
		return zerolog.WarnLevel
	case "critical":
		return zerolog.FatalLevel
	}
	l, err := zerolog.ParseLevel(c.LogLevel)
	if err != nil {
		return zerolog.InfoLevel
	}
	return l
}

// Rules says in one line which rules hold, and why.
func (c *Config) Rules() string {
	switch {
	case !c.Production():
		return "The rules for trying hold: ENV_NAME is " + c.Environment
	case !c.environmentSet:
		return "Production's rules hold: ENV_NAME is not set; `opal dev`, or ENV_NAME=dev, is for trying"
	case slices.Contains([]string{"prod", "production"}, c.Environment):
		return "Production's rules hold: ENV_NAME is " + c.Environment
	}
	return "Production's rules hold: ENV_NAME is " + c.Environment + ", which is not one of " + strings.Join(NonProduction, ", ")
}

// Unusual reports whether ENV_NAME may be a misspelling: production's rules hold
// though the name is not "production" or "prod".
func (c *Config) Unusual() bool {
	return c.Production() && !slices.Contains([]string{"prod", "production"}, c.Environment)
}

// complaints lists the values that break their rules.
func (c *Config) complaints() (bad []string) {
	for _, s := range c.settings() {
		if text := s.complaint(); text != "" {
			bad = append(bad, text)
		}
	}
	return bad
}

// CheckValues checks every value that is set, whatever the role. The error names each that is
// wrong, on a line each.
func (c *Config) CheckValues() error {
	if bad := c.complaints(); len(bad) > 0 {
		return ErrConfig.With("%s", lines(bad))
	}
	return nil
}

// Validate checks every value, and that the settings that a role uses are there.
// The error names each that is missing or wrong, on a line each, and says what to
// set. engines return what is missing or wrong for the engines that were chosen,
// for a role that has any.
func (c *Config) Validate(r Role, loopback bool, engines ...func(*Config) []string) error {
	var bad []string
	say := func(cond bool, text string) {
		if cond {
			bad = append(bad, text)
		}
	}
	say(c.OTel.MetricsExporter == "otlp" && c.OTel.Disabled != "true" && c.OTel.Endpoint == "" && c.OTel.MetricsEndpoint == "",
		"OTEL_METRICS_EXPORTER is otlp, and no collector is named: set OTEL_EXPORTER_OTLP_ENDPOINT or OTEL_EXPORTER_OTLP_METRICS_ENDPOINT")
	bad = append(bad, c.complaints()...)
	if r.Database {
		say(c.Database.URL == "", "DATABASE_URL is missing: postgres://user:password@host:5432/name?sslmode=require")
	}
	if r.Storage && c.EmbeddedStorage() {
		say(c.Storage.Dir == "", "STORAGE_ACCOUNT_NAME is missing (or STORAGE_CONNECTION_STRING)")
		say(c.Storage.Dir != "" && c.Storage.URLKey == "", "STORAGE_URL_KEY is missing: a random string that signs the URLs of STORAGE_DIR")
	}
	if r.Storage {
		names := []string{c.Storage.RawContainer, c.Storage.OutputsContainer, c.Storage.ExportsContainer}
		say(slices.Contains(names, "") || names[0] == names[1] || names[1] == names[2] || names[0] == names[2],
			"STORAGE_RAW_CONTAINER, STORAGE_OUTPUTS_CONTAINER and STORAGE_EXPORTS_CONTAINER must be three names")
	}
	if r.Queue {
		say(c.ServiceBus.JobsQueue == "" || c.ServiceBus.JobsQueue == c.ServiceBus.ExportsQueue,
			"SERVICEBUS_JOBS_QUEUE and SERVICEBUS_EXPORTS_QUEUE must be two names")
	}
	if r.AML {
		for _, check := range engines {
			bad = append(bad, check(c)...)
		}
	}
	if r.API {
		say(c.Auth.Mode == "none" && !loopback && c.Environment != "dev", "AUTH_MODE=none is only for loopback or ENV_NAME=dev: set AUTH_MODE=api-key or oidc")
		say(c.Auth.Mode != "none" && len(c.Auth.KeyPepper) < 16,
			"AUTH_KEY_PEPPER is missing or shorter than 16 characters: a random string that API keys are hashed with")
		say(c.Auth.Mode == "oidc" && (c.Auth.Issuer == "" || c.Auth.Audience == ""), "AUTH_ISSUER and AUTH_AUDIENCE are missing for AUTH_MODE=oidc")
		say(c.Auth.ClientID != "" && c.Auth.Mode != "oidc", "AUTH_CLIENT_ID is for AUTH_MODE=oidc: set that, or leave it out")
		say(c.Auth.ClientID != "" && c.PublicBaseURL == "" && !loopback, "PUBLIC_BASE_URL is missing for AUTH_CLIENT_ID: the issuer sends browsers back to it")
		say(c.Auth.ClientID != "" && !slices.Contains(c.Auth.SignInScopes, "openid"), "AUTH_SIGN_IN_SCOPES needs openid: without it the issuer doesn't say who signs in")
		say(c.Auth.SessionIdle > c.Auth.SessionLife, "AUTH_SESSION_IDLE is longer than AUTH_SESSION_LIFE, after which a session ends anyway")
	}
	if r.Score {
		say(r.AML && c.Score.Engine == "cutout", "SCORE_ENGINE=cutout makes no scenes: set studio or stub, or run opal score for the cut-outs")
		say(c.Score.Auth == "key" && c.Score.Key == "", "SCORE_KEY is missing: what callers send as Authorization: Bearer <key>")
	}
	if c.Production() {
		bad = append(bad, c.production(r)...)
	}
	if len(bad) > 0 {
		return ErrConfig.With("%s", lines(bad))
	}
	return nil
}

// production checks production's rules, and says why they hold when one is
// broken.
func (c *Config) production(r Role) (bad []string) {
	say := func(cond bool, text string) {
		if cond {
			bad = append(bad, text)
		}
	}
	say(r.Database && strings.HasPrefix(c.Database.URL.Value(), "sqlite"), "Production does not run on SQLite: set DATABASE_URL to a Postgres server")
	say(r.Storage && c.EmbeddedStorage() && c.Storage.Dir != "", "Production does not keep pictures in a folder: set STORAGE_ACCOUNT_NAME")
	say(r.Queue && c.EmbeddedQueue(), "Production does not keep messages in the database: set SERVICEBUS_NAMESPACE")
	say(r.API && c.Auth.Mode == "none", "Production needs callers to prove who they are: set AUTH_MODE=api-key or oidc")
	say(r.Billing && c.Billing.Mode == "enforce" && c.Mollie.APIKey == "",
		"MOLLIE_API_KEY is missing: nobody could buy the credits that BILLING_MODE=enforce asks for")
	say(len(c.Egress.AllowedNetworks) > 0, "EGRESS_ALLOWED_NETWORKS is for trying alone: in production customers' URLs must not lead into a private network")
	say(c.Billing.Mode == "off" && (r.API || r.Billing), "Production asks for credits: set BILLING_MODE=enforce")
	if len(bad) > 0 {
		bad = append(bad, c.Rules())
	}
	return bad
}
