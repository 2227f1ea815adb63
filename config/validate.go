package config

import (
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"github.com/rs/zerolog"
)

// Role names what a process needs of the settings.
type Role struct {
	Database, Storage, Queue, AML, API, Score, Billing bool
}

// normalise brings v0.2.1's spellings into one form.
func (c *Config) normalise() {
	c.Environment = strings.ToLower(strings.TrimSpace(c.Environment))
	c.LogLevel = strings.ToLower(c.LogLevel)
	if c.LogLevel == "warning" {
		c.LogLevel = "warn"
	}
	if c.LogLevel == "critical" {
		c.LogLevel = "fatal"
	}
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

// Level returns the log level.
func (c *Config) Level() zerolog.Level {
	l, err := zerolog.ParseLevel(c.LogLevel)
	if err != nil {
		return zerolog.InfoLevel
	}
	return l
}

// Validate checks the settings that a role uses. The error names each that is
// missing or wrong and says what to set.
func (c *Config) Validate(r Role, loopback bool) error {
	var bad []string
	say := func(cond bool, text string) {
		if cond {
			bad = append(bad, text)
		}
	}
	_, err := zerolog.ParseLevel(c.LogLevel)
	say(err != nil, "LOG_LEVEL must be debug, info, warning or error")
	if r.Database {
		say(c.Database.URL == "", "DATABASE_URL is missing: postgres://user:password@host:5432/name?sslmode=require")
		say(c.Database.Auth != "password" && c.Database.Auth != "entra", "DATABASE_AUTH must be password or entra")
		say(c.Database.MaxConns < 1 || c.Database.MaxConns > 1000, "DATABASE_MAX_CONNS must be 1 to 1000")
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
		say(c.ServiceBus.JobsQueue == "" || c.ServiceBus.JobsQueue == c.ServiceBus.ExportsQueue, "SERVICEBUS_JOBS_QUEUE and SERVICEBUS_EXPORTS_QUEUE must be two names")
		say(c.Worker.Concurrency < 1 || c.Worker.Concurrency > 256, "WORKER_CONCURRENCY must be 1 to 256")
		say(c.Worker.Lease < 10_000_000_000, "WORKER_LEASE must be at least 10s")
	}
	if r.AML {
		bad = append(bad, c.engines()...)
		say(c.Place.Engine == "score" && !absolute(c.AML.EndpointURL), "AML_ENDPOINT_URL is missing or not a URL: https://<endpoint>.<region>.inference.ml.azure.com/score")
	}
	if r.API {
		say(c.PublicBaseURL != "" && !absolute(c.PublicBaseURL), "PUBLIC_BASE_URL must be a URL such as https://api.example.com")
		say(!slices.Contains([]string{"none", "api-key", "oidc"}, c.Auth.Mode), "AUTH_MODE must be none, api-key or oidc")
		say(c.Auth.Mode == "none" && !loopback && c.Environment != "dev", "AUTH_MODE=none is only for loopback or ENV_NAME=dev: set AUTH_MODE=api-key or oidc")
		say(c.Auth.Mode != "none" && len(c.Auth.KeyPepper) < 16, "AUTH_KEY_PEPPER is missing or shorter than 16 characters: a random string that API keys are hashed with")
		say(c.Auth.Mode == "oidc" && (c.Auth.Issuer == "" || c.Auth.Audience == ""), "AUTH_ISSUER and AUTH_AUDIENCE are missing for AUTH_MODE=oidc")
		say(c.Retention.Days < 0 || c.Retention.Days > 36500, "RETENTION_DAYS must be 0 (for good) to 36500")
		say(!slices.Contains([]string{"off", "enforce"}, c.Billing.Mode), "BILLING_MODE must be off or enforce")
	}
	if r.Score {
		say(c.Score.Auth != "key" && c.Score.Auth != "platform", "SCORE_AUTH must be key or platform")
		say(c.Score.Auth == "key" && c.Score.Key == "", "SCORE_KEY is missing: what callers send as Authorization: Bearer <key>")
		say(c.Score.Engine != "studio" && c.Score.Engine != "stub", "SCORE_ENGINE must be studio or stub")
		say(c.Score.Concurrency < 1, "SCORE_CONCURRENCY must be at least 1")
		for _, n := range c.Score.AllowedNetworks {
			say(!private(n), "SCORE_ALLOWED_NETWORKS: "+n.String()+" is not within 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16 or fc00::/7; public networks need no entry")
		}
	}
	if r.Billing { // begins payments
		say(!absolute(c.Mollie.APIURL), "MOLLIE_API_URL must be a URL")
		say(c.Billing.MonthlyGrant < 0, "BILLING_MONTHLY_GRANT must not be below 0")
	}
	if c.Production() {
		say(r.Database && strings.HasPrefix(c.Database.URL.Value(), "sqlite"), "ENV_NAME=prod does not run on SQLite: set DATABASE_URL to a Postgres server")
		say(r.Storage && c.EmbeddedStorage(), "ENV_NAME=prod does not keep pictures in a folder: set STORAGE_ACCOUNT_NAME")
		say(r.Queue && c.EmbeddedQueue(), "ENV_NAME=prod does not keep messages in the database: set SERVICEBUS_NAMESPACE")
		say(r.API && c.Auth.Mode == "none", "ENV_NAME=prod needs callers to prove who they are: set AUTH_MODE=api-key or oidc")
		say(r.Billing && c.Billing.Mode == "enforce" && c.Mollie.APIKey == "", "MOLLIE_API_KEY is missing: nobody could buy the credits that BILLING_MODE=enforce asks for")
		say(c.Billing.Mode == "off" && (r.API || r.Billing), "ENV_NAME=prod asks for credits: set BILLING_MODE=enforce")
	}
	if len(bad) > 0 {
		return ErrConfig.With("%s", strings.Join(bad, "; "))
	}
	return nil
}

func absolute(s string) bool {
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != ""
}

// privateNetworks are those that an operator may open to the scoring service:
// never the link-local one, where the platform's metadata is.
var privateNetworks = []netip.Prefix{
	netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("172.16.0.0/12"), netip.MustParsePrefix("192.168.0.0/16"), netip.MustParsePrefix("fc00::/7"),
}

func private(n netip.Prefix) bool {
	return slices.ContainsFunc(privateNetworks, func(p netip.Prefix) bool { return p.Bits() <= n.Bits() && p.Contains(n.Addr()) })
}
