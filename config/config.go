// Package config reads OPAL's settings from the environment and a YAML file,
// says what each means, and checks them before anything starts.
package config

import (
	"net/netip"
	"slices"
	"time"
)

// Config is every setting. The tags of a field are its whole description:
//
//	env, envDefault  its environment variable and its value when none is set
//	doc              what it does, for a person who runs OPAL
//	example          a value, where the default is none
//	check            a rule that each value obeys; see ruleText
//
// A group's tag doc says what its settings have in common. A file has the same
// names, in lower case if you like.
type Config struct {
	Environment string `env:"ENV_NAME" envDefault:"prod" example:"dev" doc:"dev, test, staging, local or ci; any other name has production's rules."`
	LogLevel    string `env:"LOG_LEVEL" envDefault:"info" check:"oneof=trace|debug|info|warn|warning|error|critical|fatal" doc:"How much is logged."`
	// Background is off in a revision that is only being tried.
	Background string `env:"BACKGROUND" envDefault:"on" check:"oneof=on|off" doc:"off leaves sweeps, deletions and left-over messages to other processes, for a revision that is tried beside the running one."`
	// PublicBaseURL is the base of the URLs that the API gives out.
	PublicBaseURL string `env:"PUBLIC_BASE_URL" check:"url" example:"https://api.example.com" doc:"Where clients, and Mollie, reach the API."`

	Database   Database   `envPrefix:"DATABASE_" doc:"Where state is kept."`
	Storage    Storage    `envPrefix:"STORAGE_" doc:"Where pictures are kept: an Azure storage account or, outside production, a folder."`
	ServiceBus ServiceBus `envPrefix:"SERVICEBUS_" doc:"Where messages are kept: an Azure Service Bus namespace or, outside production, the database."`
	Azure      Azure      `envPrefix:"AZURE_" doc:"The process's identity at Azure."`
	AML        AML        `envPrefix:"AML_" doc:"The scoring endpoint, which makes the scenes."`
	Score      Score      `envPrefix:"SCORE_" doc:"The scoring service itself, opal score."`
	Cutout     Cutout     `envPrefix:"CUTOUT_" doc:"The removal of the background."`
	Models     Models     `envPrefix:"MODELS_" doc:"Trained models that the operator brings."`
	Channels   Channels   `envPrefix:"CHANNELS_" doc:"The shops and marketplaces that finished files are for."`
	RemoveBG   RemoveBG   `envPrefix:"REMOVEBG_" doc:"The remove.bg account."`
	Photoroom  Photoroom  `envPrefix:"PHOTOROOM_" doc:"The Photoroom account."`
	Place      Place      `envPrefix:"PLACE_" doc:"The placing of a product into a scene."`
	Review     Review     `envPrefix:"REVIEW_" doc:"The pictures that a person looks at before they are delivered."`
	Auth       Auth       `envPrefix:"AUTH_" doc:"The callers of the API, and how they prove who they are."`
	Billing    Billing    `envPrefix:"BILLING_" doc:"Credits, and what invoices print."`
	Mollie     Mollie     `envPrefix:"MOLLIE_" doc:"The payment provider."`
	Rate       Rate       `envPrefix:"RATE_" doc:"How fast a tenant may call."`
	Worker     Worker     `envPrefix:"WORKER_" doc:"The workers' size and patience."`
	Egress     Egress     `envPrefix:"EGRESS_" doc:"Calls to the addresses that customers name: photos by URL, webhooks."`
	Metrics    Metrics    `envPrefix:"METRICS_" doc:"Figures for Prometheus."`
	OTel       OTel       `envPrefix:"OTEL_" doc:"Traces and figures, by OpenTelemetry's standard settings. Others, such as OTEL_BSP_SCHEDULE_DELAY, hold where the environment has them."`
	Retention  Retention  `envPrefix:"RETENTION_" doc:"How long finished jobs are kept."`

	environmentSet bool // ENV_NAME is set: production is a choice and not the default
}

// Database says where state is kept.
type Database struct {
	URL      Secret `env:"URL" example:"postgres://USER:PASSWORD@HOST:5432/opal?sslmode=require" doc:"Postgres; outside production also sqlite:///opal.db."`
	Auth     string `env:"AUTH" envDefault:"password" check:"oneof=password|entra" doc:"password takes the URL's, entra a token of the managed identity."`
	MaxConns int    `env:"MAX_CONNS" envDefault:"10" check:"range=1..1000" doc:"The most connections that one process opens."`
}

// Storage says where pictures are kept.
type Storage struct {
	AccountName      string `env:"ACCOUNT_NAME" example:"opalstprod" doc:"The storage account, reached by the managed identity."`
	ConnectionString Secret `env:"CONNECTION_STRING" example:"AccountName=NAME;AccountKey=KEY" doc:"In place of the name. Missing containers are made."`
	Endpoint         string `env:"ENDPOINT" check:"url" example:"https://opalstprod.blob.core.windows.net" doc:"The address, when not the account's own."`
	RawContainer     string `env:"RAW_CONTAINER" envDefault:"raw" doc:"The container of uploaded photos."`
	OutputsContainer string `env:"OUTPUTS_CONTAINER" envDefault:"outputs" doc:"The container of finished pictures and their layers."`
	ExportsContainer string `env:"EXPORTS_CONTAINER" envDefault:"exports" doc:"The container of variants and ZIPs."`
	Dir              string `env:"DIR" example:"/var/lib/opal/blobs" doc:"Outside production: a folder that holds the pictures."`
	// CORSOrigins apply to the embedded store; a storage account has its own CORS rules.
	CORSOrigins []string `env:"CORS_ORIGINS" check:"origins" example:"https://shop.example.com" doc:"With STORAGE_DIR: origins of pages that may PUT and GET pictures by signed URLs; * is every page."`
	URLKey      Secret   `env:"URL_KEY" example:"RANDOM-STRING" doc:"With STORAGE_DIR: a random string that signs upload and download URLs."`
}

// ServiceBus says where messages are kept.
type ServiceBus struct {
	Namespace        string `env:"NAMESPACE" example:"opal-sb-prod" doc:"The namespace, short or fully qualified, for the managed identity."`
	ConnectionString Secret `env:"CONNECTION_STRING" example:"Endpoint=sb://HOST/;SharedAccessKeyName=NAME;SharedAccessKey=KEY" doc:"In place of the namespace."`
	JobsQueue        string `env:"JOBS_QUEUE" envDefault:"jobs" doc:"The queue of items to be made."`
	ExportsQueue     string `env:"EXPORTS_QUEUE" envDefault:"exports" doc:"The queue of variants and ZIPs to be made."`
}

// Azure says who the process is.
type Azure struct {
	ClientID string `env:"CLIENT_ID" example:"00000000-0000-0000-0000-000000000000" doc:"The user-assigned managed identity; without it the system-assigned."`
}

// AML says where scenes are made.
type AML struct {
	EndpointURL string `env:"ENDPOINT_URL" check:"url" example:"https://opal.westeurope.inference.ml.azure.com/score" doc:"The URL that PLACE_ENGINE=score calls."`
	EndpointKey Secret `env:"ENDPOINT_KEY" example:"KEY" doc:"The endpoint's key; without it a token of the managed identity is sent."`
}

// Score configures the scoring service itself.
type Score struct {
	Key          Secret   `env:"KEY" example:"RANDOM-STRING" doc:"The key that callers send as Authorization: Bearer KEY."`
	Auth         string   `env:"AUTH" envDefault:"key" check:"oneof=key|platform" doc:"The service checks the key, or the platform in front of it does."`
	Engine       string   `env:"ENGINE" envDefault:"studio" check:"oneof=studio|stub|cutout" doc:"studio makes scenes on the CPU; stub answers a plain backdrop; cutout serves CUTOUT_ENGINE for workers whose own is azureml."`
	AllowedHosts []string `env:"ALLOWED_HOSTS" example:"opalstprod.blob.core.windows.net" doc:"Where photos are fetched from and pictures put: host or host:port."`
	// AllowedNetworks are where a storage account behind a private endpoint is.
	AllowedNetworks []netip.Prefix `env:"ALLOWED_NETWORKS" check:"private" example:"10.20.0.0/16" doc:"Private networks that allowed hosts may be in."`
	Concurrency     int            `env:"CONCURRENCY" envDefault:"2" check:"range=1..256" doc:"How many pictures are made at the same time."`
}

// Cutout chooses the background removal.
type Cutout struct {
	Engine      string `env:"ENGINE" envDefault:"auto" example:"studio" doc:"auto is onnx where a model is, even broken, else own; onnx runs one of MODELS_DIR; own and studio are built in; azureml, removebg and photoroom are services."`
	Model       string `env:"MODEL" example:"isnet" doc:"With auto and onnx: the model's name in MODELS_DIR, which has to be there; without it, the one that is there."`
	Runtime     string `env:"RUNTIME" example:"/opt/onnxruntime/lib/libonnxruntime.so.1" doc:"With auto and onnx: ONNX Runtime's library, which has to be there; without it, the one in lib beside the program."`
	Device      string `env:"DEVICE" envDefault:"cpu" check:"oneof=cpu|cuda" doc:"With auto and onnx: cuda computes on an NVIDIA card, by a CUTOUT_RUNTIME built with CUDA, without limits on the model's process."`
	EndpointURL string `env:"ENDPOINT_URL" check:"url" example:"https://cutout.westeurope.inference.ml.azure.com/score" doc:"With azureml: the endpoint of a model, or of opal score --engine cutout."`
	EndpointKey Secret `env:"ENDPOINT_KEY" example:"KEY" doc:"With azureml: the endpoint's key; without it a token of the managed identity."`
}

// Models says where the operator's models lie.
type Models struct {
	Dir string `env:"DIR" example:"/var/lib/opal/models" doc:"The folder of opal models, which has to be there; it may be read-only. Without it, opal/models where the user's programs keep data."`
}

// Channels says where the operator's own channels lie.
type Channels struct {
	Dir string `env:"DIR" example:"/etc/opal/channels" doc:"A folder of YAML files, a channel each, that add channels or replace those of the same name. Every process reads it as it starts."`
}

// RemoveBG is the account for CUTOUT_ENGINE=removebg.
type RemoveBG struct {
	APIKey Secret `env:"API_KEY" example:"KEY" doc:"The key for CUTOUT_ENGINE=removebg."`
	APIURL string `env:"API_URL" envDefault:"https://api.remove.bg" check:"url" doc:"The service's address."`
}

// Photoroom is the account for CUTOUT_ENGINE=photoroom.
type Photoroom struct {
	APIKey Secret `env:"API_KEY" example:"KEY" doc:"The key for CUTOUT_ENGINE=photoroom."`
	APIURL string `env:"API_URL" envDefault:"https://sdk.photoroom.com" check:"url" doc:"The service's address."`
}

// Place chooses what makes the scenes.
type Place struct {
	Engine      string `env:"ENGINE" envDefault:"score" doc:"score calls AML_ENDPOINT_URL, openai an images-edit endpoint."`
	EndpointURL string `env:"ENDPOINT_URL" check:"url" example:"https://api.openai.com/v1/images/edits" doc:"With openai: the whole URL, at Azure with its api-version."`
	EndpointKey Secret `env:"ENDPOINT_KEY" example:"KEY" doc:"With openai: the key; without it, at Azure, a token of the managed identity."`
	Model       string `env:"MODEL" example:"gpt-image-1" doc:"With openai: the model, or its deployment's name."`
	Quality     string `env:"QUALITY" check:"oneof=low|medium|high" example:"medium" doc:"With openai: how much work goes into a picture. Without it the model chooses."`
}

// Review says which pictures wait for a person.
type Review struct {
	Below float64 `env:"BELOW" envDefault:"0.8" check:"range=0..1" doc:"Cut-outs of a lower confidence wait for a person, where the brand has no choice of its own."`
}

// Auth says who may call the API.
type Auth struct {
	Mode        string `env:"MODE" check:"oneof=none|api-key|oidc" example:"api-key" doc:"How callers prove themselves; none is the default of ENV_NAME=dev."`
	KeyPepper   Secret `env:"KEY_PEPPER" example:"A-LONG-RANDOM-STRING" doc:"16 characters or more. Changed, every API key stops working."`
	Issuer      string `env:"ISSUER" check:"url" example:"https://login.example.com/v2.0" doc:"With oidc: the issuer of the tokens."`
	Audience    string `env:"AUDIENCE" example:"api://opal" doc:"With oidc: the audience of the tokens."`
	TenantClaim string `env:"TENANT_CLAIM" envDefault:"tenant_id" doc:"With oidc: the claim that names the tenant."`
	RoleClaim   string `env:"ROLE_CLAIM" envDefault:"roles" doc:"With oidc: the claim that says a person's roles, for AUTH_ROLES."`
	// Roles are pairs of a value of the claim and a role.
	Roles          []string      `env:"ROLES" check:"roles" example:"opal-studio=make,opal-leads=approve" doc:"With oidc: what values of AUTH_ROLE_CLAIM allow: look, make, approve or admin, each with those before it. Others: nothing."`
	ClientID       string        `env:"CLIENT_ID" example:"opal-console" doc:"With oidc: OPAL's name with the issuer. Without it browsers can't sign in. Its redirect URI is PUBLIC_BASE_URL/signin/callback."`
	ClientSecret   Secret        `env:"CLIENT_SECRET" example:"SECRET" doc:"With AUTH_CLIENT_ID: its secret. Without it OPAL is a public client, by PKCE alone."`
	SignInScopes   []string      `env:"SIGN_IN_SCOPES" envDefault:"openid,profile" doc:"With AUTH_CLIENT_ID: the scopes that are asked for."`
	SessionLife    time.Duration `env:"SESSION_LIFE" envDefault:"12h" check:"range=5m..720h" doc:"After how long people must sign in again."`
	SessionIdle    time.Duration `env:"SESSION_IDLE" envDefault:"2h" check:"range=5m..720h" doc:"After how long without a call a person's session ends."`
	OperatorTenant string        `env:"OPERATOR_TENANT" example:"ops" doc:"The tenant whose admins may see and redrive dead letters by the API."`
}

// Billing says whether credits are asked for.
type Billing struct {
	Mode string `env:"MODE" check:"oneof=off|enforce" example:"enforce" doc:"Whether pictures cost credits. Without it enforce in production, else off."`
	// MonthlyGrant is in hundredths of a credit.
	MonthlyGrant  int64  `env:"MONTHLY_GRANT" envDefault:"0" check:"range=0.." doc:"Each tenant's free credit in a calendar month, in hundredths."`
	LowBelow      int64  `env:"LOW_BELOW" envDefault:"1000" check:"range=0.." doc:"Available credit, in hundredths, below which a tenant's webhooks get credits.low; 0 is never."`
	SellerName    string `env:"SELLER_NAME" example:"Example B.V." doc:"The seller's name on invoices."`
	SellerAddress string `env:"SELLER_ADDRESS" example:"Keizersgracht 1, 1015 CN Amsterdam" doc:"The seller's address on invoices; \\n begins a new line."`
	SellerCountry string `env:"SELLER_COUNTRY" envDefault:"NL" doc:"The seller's country, two letters. It decides the VAT."`
	SellerVATID   string `env:"SELLER_VAT_ID" example:"NL001234567B01" doc:"The seller's VAT number on invoices."`
}

// Mollie is the payment provider.
type Mollie struct {
	APIKey Secret `env:"API_KEY" example:"live_KEY" doc:"A key that begins with live_ or test_. Without it nobody can buy credits."`
	APIURL string `env:"API_URL" envDefault:"https://api.mollie.com" check:"url" doc:"The provider's address."`
}

// Rate bounds a tenant's calls.
type Rate struct {
	LimitPerSecond float64 `env:"LIMIT_PER_SECOND" envDefault:"0" check:"range=0.." doc:"A tenant's calls a second; 0 is without limit."`
	LimitBurst     int     `env:"LIMIT_BURST" envDefault:"50" check:"range=1.." doc:"How many calls may come in one moment."`
	Proxies        int     `env:"PROXIES" envDefault:"0" check:"range=0..5" doc:"How many proxies of your own add an address to X-Forwarded-For; limits by address need it."`
}

// Worker sizes the workers.
type Worker struct {
	Concurrency int           `env:"CONCURRENCY" envDefault:"2" check:"range=1..256" doc:"How many items or variants a process works on at the same time."`
	Lease       time.Duration `env:"LEASE" envDefault:"45s" check:"range=10s.." doc:"After how long without a heartbeat another worker takes over."`
	Drain       time.Duration `env:"DRAIN" envDefault:"540s" check:"range=0s.." doc:"How long work may go on after a stop signal; less than the platform's grace."`
}

// Egress bounds the calls to addresses that customers name.
type Egress struct {
	// AllowedNetworks are refused in production, where every customer could reach them.
	AllowedNetworks []netip.Prefix `env:"ALLOWED_NETWORKS" check:"local" example:"127.0.0.0/8" doc:"Outside production: private networks that customers' URLs may lead to, by http too."`
}

// Metrics says where figures are read. It is a port of its own: what they tell is not
// for callers.
type Metrics struct {
	Listen string `env:"LISTEN" check:"listen" example:"127.0.0.1:9090" doc:"Where GET /metrics answers, in every role. Without it only the workers' probes show figures."`
}

// OTel says where traces and figures are sent.
type OTel struct {
	Endpoint           string  `env:"EXPORTER_OTLP_ENDPOINT" check:"url" example:"http://localhost:4318" doc:"The collector for traces, and figures if OTEL_METRICS_EXPORTER is otlp. Without it, or the next two, none."`
	TracesEndpoint     string  `env:"EXPORTER_OTLP_TRACES_ENDPOINT" check:"url" example:"http://localhost:4318/v1/traces" doc:"In its place: the whole URL for traces."`
	MetricsEndpoint    string  `env:"EXPORTER_OTLP_METRICS_ENDPOINT" check:"url" example:"http://localhost:4318/v1/metrics" doc:"In its place: the whole URL for figures."`
	Protocol           string  `env:"EXPORTER_OTLP_PROTOCOL" envDefault:"http/protobuf" check:"oneof=http/protobuf|grpc" doc:"How the collector is spoken to: at port 4318 mostly http/protobuf, at 4317 grpc."`
	Headers            Secret  `env:"EXPORTER_OTLP_HEADERS" example:"api-key=KEY" doc:"Sent with the traces: name=value, several by commas, percent-encoded."`
	ServiceName        string  `env:"SERVICE_NAME" example:"opal" doc:"The process's name in traces; without it the role's, as in the log."`
	ResourceAttributes string  `env:"RESOURCE_ATTRIBUTES" example:"team=studio" doc:"More about the process: name=value, several by commas, percent-encoded."`
	Sampler            string  `env:"TRACES_SAMPLER" envDefault:"parentbased_always_on" check:"oneof=always_on|always_off|traceidratio|parentbased_always_on|parentbased_always_off|parentbased_traceidratio" doc:"Which traces are recorded."`
	SamplerArg         float64 `env:"TRACES_SAMPLER_ARG" envDefault:"1" check:"range=0..1" doc:"With a ratio: the share of traces, such as 0.1."`
	Exporter           string  `env:"TRACES_EXPORTER" envDefault:"otlp" check:"oneof=otlp|none" doc:"none makes no traces, whatever else is set."`
	MetricsExporter    string  `env:"METRICS_EXPORTER" envDefault:"none" check:"oneof=otlp|none" doc:"otlp sends the figures of METRICS_LISTEN to the collector each minute, or OTEL_METRIC_EXPORT_INTERVAL."`
	Disabled           string  `env:"SDK_DISABLED" envDefault:"false" check:"oneof=true|false" doc:"true makes no traces and sends no figures, whatever else is set."`
}

// Figures reports whether figures are sent.
func (o OTel) Figures() bool {
	return (o.Endpoint != "" || o.MetricsEndpoint != "") && o.MetricsExporter == "otlp" && o.Disabled != "true"
}

// Wanted reports whether traces are made.
func (o OTel) Wanted() bool {
	return (o.Endpoint != "" || o.TracesEndpoint != "") && o.Exporter != "none" && o.Disabled != "true"
}

// Retention says how long finished jobs are kept.
type Retention struct {
	Days int `env:"DAYS" envDefault:"0" check:"range=0..36500" doc:"Days after which finished jobs are deleted, where a tenant has no rule; 0 keeps them."`
}

// NonProduction are the values of ENV_NAME that are not production. Every other
// name, a misspelt one too, gets production's rules.
var NonProduction = []string{"dev", "test", "staging", "local", "ci"}

// Production reports whether production's rules hold.
func (c *Config) Production() bool { return !slices.Contains(NonProduction, c.Environment) }

// EmbeddedQueue reports whether messages are kept in the database.
func (c *Config) EmbeddedQueue() bool {
	return c.ServiceBus.Namespace == "" && c.ServiceBus.ConnectionString == ""
}

// EmbeddedStorage reports whether pictures are kept in a folder.
func (c *Config) EmbeddedStorage() bool {
	return c.Storage.AccountName == "" && c.Storage.ConnectionString == "" && c.Storage.Endpoint == ""
}
