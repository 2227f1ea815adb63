// Package config reads OPAL's settings from the environment and a YAML file,
// and checks them before anything starts.
package config

import (
	"net/netip"
	"time"
)

// Config is every setting. A field's tag is its environment variable; a file has
// the same names, in lower case if you like.
type Config struct {
	// Environment is the deployment's name. prod, or none, means production's
	// rules.
	Environment string `env:"ENV_NAME" envDefault:"prod"`
	LogLevel    string `env:"LOG_LEVEL" envDefault:"info"`
	// PublicBaseURL is where clients reach the API: the base of the URLs that it
	// gives out.
	PublicBaseURL string `env:"PUBLIC_BASE_URL"`

	Database   Database   `envPrefix:"DATABASE_"`
	Storage    Storage    `envPrefix:"STORAGE_"`
	ServiceBus ServiceBus `envPrefix:"SERVICEBUS_"`
	Azure      Azure      `envPrefix:"AZURE_"`
	AML        AML        `envPrefix:"AML_"`
	Score      Score      `envPrefix:"SCORE_"`
	Cutout     Cutout     `envPrefix:"CUTOUT_"`
	RemoveBG   RemoveBG   `envPrefix:"REMOVEBG_"`
	Photoroom  Photoroom  `envPrefix:"PHOTOROOM_"`
	Place      Place      `envPrefix:"PLACE_"`
	Auth       Auth       `envPrefix:"AUTH_"`
	Billing    Billing    `envPrefix:"BILLING_"`
	Mollie     Mollie     `envPrefix:"MOLLIE_"`
	Rate       Rate       `envPrefix:"RATE_"`
	Worker     Worker     `envPrefix:"WORKER_"`
	Retention  Retention  `envPrefix:"RETENTION_"`
}

// Database says where state is kept.
type Database struct {
	URL      Secret `env:"URL"`                        // postgres://…, postgresql+psycopg://… or, outside production, sqlite:///…
	Auth     string `env:"AUTH" envDefault:"password"` // password, or entra: a token of the managed identity
	MaxConns int    `env:"MAX_CONNS" envDefault:"10"`
}

// Storage says where pictures are kept.
type Storage struct {
	AccountName      string `env:"ACCOUNT_NAME"`
	ConnectionString Secret `env:"CONNECTION_STRING"`
	Endpoint         string `env:"ENDPOINT"` // of the blob service, when it is not the account's public one
	RawContainer     string `env:"RAW_CONTAINER" envDefault:"raw"`
	OutputsContainer string `env:"OUTPUTS_CONTAINER" envDefault:"outputs"`
	ExportsContainer string `env:"EXPORTS_CONTAINER" envDefault:"exports"`
	Dir              string `env:"DIR"`     // embedded: a folder
	URLKey           Secret `env:"URL_KEY"` // embedded: signs its upload and download URLs
}

// ServiceBus says where messages are kept.
type ServiceBus struct {
	Namespace        string `env:"NAMESPACE"` // short or fully qualified
	ConnectionString Secret `env:"CONNECTION_STRING"`
	JobsQueue        string `env:"JOBS_QUEUE" envDefault:"jobs"`
	ExportsQueue     string `env:"EXPORTS_QUEUE" envDefault:"exports"`
}

// Azure says who the process is.
type Azure struct {
	ClientID string `env:"CLIENT_ID"` // of the user-assigned managed identity
}

// AML says where scenes are made.
type AML struct {
	EndpointURL string `env:"ENDPOINT_URL"`
	EndpointKey Secret `env:"ENDPOINT_KEY"` // empty: a token of the managed identity
}

// Score configures the scoring service itself.
type Score struct {
	Key          Secret   `env:"KEY"`
	Auth         string   `env:"AUTH" envDefault:"key"` // key, or platform: the platform in front checks it
	Engine       string   `env:"ENGINE" envDefault:"studio"`
	AllowedHosts []string `env:"ALLOWED_HOSTS"` // from which it fetches and to which it puts pictures; host or host:port
	// AllowedNetworks are the private networks, as CIDR, that allowed hosts may be
	// in: a storage account behind a private endpoint.
	AllowedNetworks []netip.Prefix `env:"ALLOWED_NETWORKS"`
	Concurrency     int            `env:"CONCURRENCY" envDefault:"2"`
}

// Cutout chooses the background removal.
type Cutout struct {
	Engine      string `env:"ENGINE" envDefault:"studio"` // studio, azureml, removebg or photoroom
	EndpointURL string `env:"ENDPOINT_URL"`               // azureml: a model of one's own, as ml/contract says
	EndpointKey Secret `env:"ENDPOINT_KEY"`               // azureml: empty for a token of the managed identity
}

// RemoveBG is the account for CUTOUT_ENGINE=removebg.
type RemoveBG struct {
	APIKey Secret `env:"API_KEY"`
	APIURL string `env:"API_URL" envDefault:"https://api.remove.bg"`
}

// Photoroom is the account for CUTOUT_ENGINE=photoroom.
type Photoroom struct {
	APIKey Secret `env:"API_KEY"`
	APIURL string `env:"API_URL" envDefault:"https://sdk.photoroom.com"`
}

// Place chooses what makes the scenes.
type Place struct {
	Engine      string `env:"ENGINE" envDefault:"score"`      // score: AML_ENDPOINT_URL; openai: an images-edit endpoint
	EndpointURL string `env:"ENDPOINT_URL"`                   // openai: the whole URL, …/images/edits, at Azure with its api-version
	EndpointKey Secret `env:"ENDPOINT_KEY"`                   // openai: empty, at Azure, for a token of the managed identity
	Model       string `env:"MODEL" envDefault:"gpt-image-1"` // openai: the model, or its deployment's name
	Quality     string `env:"QUALITY"`                        // openai: low, medium or high; empty leaves it to the model
}

// Auth says who may call the API.
type Auth struct {
	Mode      string `env:"MODE"` // none, api-key or oidc
	KeyPepper Secret `env:"KEY_PEPPER"`
	Issuer    string `env:"ISSUER"`
	Audience  string `env:"AUDIENCE"`
	// TenantClaim is the token claim that names the tenant.
	TenantClaim string `env:"TENANT_CLAIM" envDefault:"tenant_id"`
	// OperatorTenant is the tenant whose admins deal with dead letters, which are
	// of all tenants. Empty: nobody does by the API.
	OperatorTenant string `env:"OPERATOR_TENANT"`
}

// Billing says whether credits are asked for.
type Billing struct {
	Mode string `env:"MODE"` // off or enforce
	// MonthlyGrant is the free credit of each calendar month, in hundredths.
	MonthlyGrant  int64  `env:"MONTHLY_GRANT" envDefault:"0"`
	SellerName    string `env:"SELLER_NAME"` // as invoices print it
	SellerAddress string `env:"SELLER_ADDRESS"`
	SellerCountry string `env:"SELLER_COUNTRY" envDefault:"NL"`
	SellerVATID   string `env:"SELLER_VAT_ID"`
}

// Mollie is the payment provider.
type Mollie struct {
	APIKey Secret `env:"API_KEY"`
	APIURL string `env:"API_URL" envDefault:"https://api.mollie.com"`
}

// Rate bounds a tenant's calls.
type Rate struct {
	LimitPerSecond float64 `env:"LIMIT_PER_SECOND" envDefault:"0"` // 0: no limit
	LimitBurst     int     `env:"LIMIT_BURST" envDefault:"50"`
}

// Worker sizes the workers.
type Worker struct {
	Concurrency int           `env:"CONCURRENCY" envDefault:"2"`
	Lease       time.Duration `env:"LEASE" envDefault:"45s"`
	Drain       time.Duration `env:"DRAIN" envDefault:"540s"`
}

// Retention says how long finished jobs are kept.
type Retention struct {
	Days int `env:"DAYS" envDefault:"0"` // with their pictures, where a tenant has no rule of its own; 0: for good
}

// Production reports whether production's rules hold.
func (c *Config) Production() bool { return c.Environment == "" || c.Environment == "prod" }

// EmbeddedQueue reports whether messages are kept in the database.
func (c *Config) EmbeddedQueue() bool {
	return c.ServiceBus.Namespace == "" && c.ServiceBus.ConnectionString == ""
}

// EmbeddedStorage reports whether pictures are kept in a folder.
func (c *Config) EmbeddedStorage() bool {
	return c.Storage.AccountName == "" && c.Storage.ConnectionString == "" && c.Storage.Endpoint == ""
}
