package api

import (
	"context"

	"github.com/opal-photo/opal/modules/brand"
	"github.com/opal-photo/opal/modules/job"
	"github.com/opal-photo/opal/modules/tenant"
)

// Jobs is the job module's service. Ids of another tenant are not found.
type Jobs interface {
	Create(ctx context.Context, n job.NewJob) (job.Job, error)
	UploadURL(ctx context.Context, r job.UploadRequest) (url, rawBlobPath string, err error)
	Complete(ctx context.Context, tenantID, jobID, itemID string) error
	Direct(ctx context.Context, tenantID, jobID, itemID, filename string, body []byte) (rawBlobPath string, err error)
	Enqueue(ctx context.Context, tenantID, jobID string) error
	Cancel(ctx context.Context, tenantID, jobID string) error
	Get(ctx context.Context, tenantID, jobID string) (job.Job, error)
	List(ctx context.Context, tenantID, cursor string, limit int) (jobs []job.Job, next string, err error)
	OutputURL(ctx context.Context, tenantID, itemID string) (string, error)
	CutoutURL(ctx context.Context, tenantID, itemID string) (string, error)
	RawURL(ctx context.Context, tenantID, itemID string) (string, error)
	ExportURL(ctx context.Context, tenantID, jobID string) (string, error)
	Events(ctx context.Context, tenantID, jobID, after string, limit int) ([]job.Event, error)
}

// Exports tells what became of a job's variants.
type Exports interface {
	// List returns a job's variants, by item and preset. A job without any, or
	// of another tenant, has none.
	List(ctx context.Context, tenantID, jobID string) ([]Variant, error)
	// URL returns a short-lived URL of a finished variant; a fault of kind
	// NotFound when there is none.
	URL(ctx context.Context, tenantID, itemID, preset string) (string, error)
}

// Variant is one picture of an item, made for a preset.
type Variant struct {
	ItemID       string         `json:"-"`
	Preset       string         `json:"preset"`
	Status       string         `json:"status"`
	Format       string         `json:"format"` // jpeg, webp, avif or png
	Width        int            `json:"width"`  // pixels; 0 while it isn't made
	Height       int            `json:"height"`
	Bytes        int64          `json:"bytes"`
	BlobPath     *string        `json:"blob_path"`
	Checks       []VariantCheck `json:"checks"`
	ErrorMessage *string        `json:"error_message"`
}

// VariantCheck is one rule of a preset, tried on the finished file.
type VariantCheck struct {
	Rule   string `json:"rule"`
	Passed bool   `json:"passed"`
	Detail string `json:"detail,omitempty"` // what was found
}

// Presets lists the export presets.
type Presets interface {
	Presets() []Preset
}

// Preset is what a variant can be made for.
type Preset struct {
	Name       string   `json:"name"`
	Title      string   `json:"title"`
	Width      int      `json:"width"` // pixels
	Height     int      `json:"height"`
	Fit        string   `json:"fit"`
	Fill       float64  `json:"fill,omitempty"` // share of the frame that the product takes
	Background string   `json:"background"`
	Format     string   `json:"format"`
	Quality    int      `json:"quality,omitempty"`
	Default    bool     `json:"default"` // one of those that a job gets that names none
	Rules      []string `json:"rules,omitempty"`
}

// Brands is the brand module's service.
type Brands interface {
	Get(ctx context.Context, tenantID, id string) (brand.Profile, error)
	List(ctx context.Context, tenantID string) ([]brand.Profile, error)
	Create(ctx context.Context, tenantID string, p brand.Profile) (brand.Profile, error)
	Replace(ctx context.Context, tenantID string, p brand.Profile) (brand.Profile, error)
	Delete(ctx context.Context, tenantID, id string) error
}

// Keys is the tenant module's service, as far as a tenant may manage its keys.
type Keys interface {
	CreateKey(ctx context.Context, tenantID string, n tenant.NewKey) (k tenant.Key, text string, err error)
	ListKeys(ctx context.Context, tenantID string) ([]tenant.Key, error)
	RevokeKey(ctx context.Context, tenantID, keyID string) error
}

// Idempotency remembers what idempotency keys stand for; see tenant.Service.
type Idempotency interface {
	Begin(ctx context.Context, tenantID, key, request string) (token string, reply *tenant.Reply, err error)
	Finish(ctx context.Context, tenantID, key, token string, r tenant.Reply) error
	Abandon(ctx context.Context, tenantID, key, token string) error
}
