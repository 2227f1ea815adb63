package api

import (
	"context"
	"io"

	"github.com/opal-photo/opal/modules/brand"
	"github.com/opal-photo/opal/modules/event"
	"github.com/opal-photo/opal/modules/export"
	"github.com/opal-photo/opal/modules/job"
	"github.com/opal-photo/opal/modules/tenant"
)

// Jobs makes, reads and changes jobs: the job module's service, as Uploads,
// Downloads and Deletions are. Ids of another tenant are not found.
type Jobs interface {
	Create(ctx context.Context, n job.NewJob) (job.Job, error)
	// Plan returns the job that Create would make, and makes nothing: its items have no ids.
	Plan(ctx context.Context, n job.NewJob) (job.Job, error)
	Get(ctx context.Context, tenantID, jobID string) (job.Job, error)
	// Page returns a part of a job's items without their timelines, and whether there are
	// more; Item returns one with its timeline.
	Page(ctx context.Context, tenantID, jobID string, p job.Part) (items []job.Item, more bool, err error)
	Item(ctx context.Context, tenantID, jobID, itemID string) (job.Item, error)
	// Changes returns a number that grows with every change of a job.
	Changes(ctx context.Context, tenantID, jobID string) (int64, error)
	List(ctx context.Context, tenantID string, f job.Filter) (jobs []job.Job, next string, err error)
	// Pace returns how long sets took lately, of all tenants.
	Pace(ctx context.Context) (job.Pace, error)
	// Items lists items of all jobs.
	Items(ctx context.Context, tenantID string, f job.Filter) (items []job.Found, next string, err error)
	Enqueue(ctx context.Context, tenantID, jobID string) error
	Cancel(ctx context.Context, tenantID, jobID string) error
	// Rename gives a job another name; "" takes it away.
	Rename(ctx context.Context, tenantID, jobID, name string) (job.Job, error)
	CancelItem(ctx context.Context, tenantID, jobID, itemID string) error
	Retry(ctx context.Context, a job.Again) (job.Item, error)
	// RemakeItem makes a finished item's picture again, as a new item.
	RemakeItem(ctx context.Context, o job.Other) (job.Item, error)
	Decide(ctx context.Context, d job.Decision) (job.Item, error)
	// ChangeCutout has another version of an item's cut-out made; Versions lists them.
	ChangeCutout(ctx context.Context, c job.Change) error
	Versions(ctx context.Context, tenantID, jobID, itemID string) ([]job.Version, error)
	// Reexport has variants of a finished item made anew.
	Reexport(ctx context.Context, r job.Reexport) (job.Item, error)
}

// Uploads takes photos.
type Uploads interface {
	UploadURL(ctx context.Context, r job.UploadRequest) (url, rawBlobPath string, err error)
	Complete(ctx context.Context, tenantID, jobID, itemID string) error
	// RenamePhoto gives an item that waits for its photo the name of another.
	RenamePhoto(ctx context.Context, tenantID, jobID, itemID, filename string) error
	// Direct reads a photo of size bytes.
	Direct(ctx context.Context, tenantID, jobID, itemID, filename string, size int64, body io.Reader) (rawBlobPath string, err error)
}

// Downloads signs short-lived URLs of files.
type Downloads interface {
	OutputURL(ctx context.Context, tenantID, itemID string) (string, error)
	CutoutURL(ctx context.Context, tenantID, itemID string) (string, error)
	RawURL(ctx context.Context, tenantID, itemID string) (string, error)
	// ExportURL returns the URL of a job's ZIP, and what people call it, without an ending.
	ExportURL(ctx context.Context, tenantID, jobID string) (url, name string, err error)
	// Thumbnail returns a small WebP of an item's finished picture.
	Thumbnail(ctx context.Context, tenantID, jobID, itemID string) ([]byte, error)
	// PhotoThumbnail returns one of the photo that it is made of.
	PhotoThumbnail(ctx context.Context, tenantID, jobID, itemID string) ([]byte, error)
	// Preview returns one that is large enough to judge it.
	Preview(ctx context.Context, tenantID, jobID, itemID string) ([]byte, error)
}

// Deletions deletes jobs and keeps the receipts.
type Deletions interface {
	Delete(ctx context.Context, tenantID, jobID string) (job.Deletion, error)
	Deletion(ctx context.Context, tenantID, deletionID string) (job.Deletion, error)
	Deletions(ctx context.Context, tenantID, cursor string, limit int) (page []job.Deletion, next string, err error)
	// Kept returns how long a tenant's jobs are kept.
	Kept(ctx context.Context, tenantID string) (job.Kept, error)
}

// Events reads a job's events, from a cursor on.
type Events interface {
	// After returns up to limit events that came after the one named ("": from the
	// first on), oldest first; no events of another tenant's job.
	After(ctx context.Context, tenantID, jobID, after string, limit int) ([]event.Event, error)
	// Of returns up to limit events of all of a tenant's jobs after the one named.
	Of(ctx context.Context, tenantID, after string, limit int) ([]event.Event, error)
}

// Exports is the export module's service: a job's variants and ZIPs.
type Exports interface {
	// List returns a job's variants. A job of another tenant has none.
	List(ctx context.Context, tenantID, jobID string) ([]export.Export, error)
	// OfItems returns the variants of some items. Items of another tenant have none.
	OfItems(ctx context.Context, tenantID string, itemIDs []string) ([]export.Export, error)
	// Parts returns the parts of a job's newest ZIP, saved under a name. A job of another
	// tenant has none.
	Parts(ctx context.Context, tenantID, jobID, name string) ([]export.Part, error)
	// Outdated reports whether a newer ZIP of a job than that of Parts is being made. A job of
	// another tenant has none.
	Outdated(ctx context.Context, tenantID, jobID string) (bool, error)
	// Files returns what a job's ZIP holds by now, also before it is made. A job of another
	// tenant has none.
	Files(ctx context.Context, tenantID, jobID string) ([]export.File, error)
	// CollectionParts returns the parts of a collection's newest ZIP, saved under a name.
	CollectionParts(ctx context.Context, tenantID, collectionID, name string) ([]export.Part, error)
	// CollectionOutdated reports whether a newer ZIP of a collection than that is being made.
	CollectionOutdated(ctx context.Context, tenantID, collectionID string) (bool, error)
	// URL returns a short-lived URL of a finished variant.
	URL(ctx context.Context, tenantID, itemID, preset string) (string, error)
}

// Brands is the brand module's service.
type Brands interface {
	Get(ctx context.Context, tenantID, id string) (brand.Profile, error)
	List(ctx context.Context, tenantID string) ([]brand.Profile, error)
	Create(ctx context.Context, tenantID string, p brand.Profile) (brand.Profile, error)
	Replace(ctx context.Context, tenantID string, p brand.Profile) (brand.Profile, error)
	Delete(ctx context.Context, tenantID, id string) error
	SaveDraft(ctx context.Context, tenantID string, p brand.Profile) (brand.Profile, error)
	DropDraft(ctx context.Context, tenantID, id string) (brand.Profile, error)
	Publish(ctx context.Context, tenantID, id string) (brand.Profile, error)
	// Versions returns the profiles that were live before; Restore makes one live again.
	Versions(ctx context.Context, tenantID, id string) ([]brand.Version, error)
	Restore(ctx context.Context, tenantID, id string, version int) (brand.Profile, error)
	SetLogo(ctx context.Context, tenantID, id string, png []byte) (brand.Profile, error)
	DropLogo(ctx context.Context, tenantID, id string) (brand.Profile, error)
	Logo(ctx context.Context, tenantID, id string) (png []byte, err error)
}

// Keys is the tenant module's service, as far as a tenant may manage its keys.
type Keys interface {
	CreateKey(ctx context.Context, tenantID string, n tenant.NewKey) (k tenant.Key, text string, err error)
	ListKeys(ctx context.Context, tenantID string) ([]tenant.Key, error)
	RevokeKey(ctx context.Context, tenantID, keyID string) error
}

// Budgets bound what a key may order; see tenant.Service.
type Budgets interface {
	ReserveBudget(ctx context.Context, keyID string, amount int64) (tenant.Order, error)
	ReserveBudgetOnce(ctx context.Context, id, keyID string, amount int64) (tenant.Order, error)
	CommitBudget(ctx context.Context, o tenant.Order) error
	ReleaseBudget(ctx context.Context, o tenant.Order) error
}

// Idempotency keeps the replies that idempotency keys stand for; see
// tenant.Service.
type Idempotency interface {
	Begin(ctx context.Context, tenantID, key, request string) (c tenant.Claim, reply *tenant.Reply, err error)
	Finish(ctx context.Context, tenantID, key, token string, r tenant.Reply) error
	Abandon(ctx context.Context, tenantID, key, token string) error
}
