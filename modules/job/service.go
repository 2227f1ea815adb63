package job

import (
	"context"
	"time"

	"golang.org/x/sync/semaphore"

	"github.com/opal-photo/opal/modules/blob"
	"github.com/opal-photo/opal/modules/db"
	"github.com/opal-photo/opal/modules/picture"
	"github.com/opal-photo/opal/modules/pipeline"
	"github.com/opal-photo/opal/modules/queue"
)

// Brands returns the profiles that jobs are made with.
type Brands interface {
	// Brand returns a profile, or the brand module's not-found fault.
	Brand(ctx context.Context, tenantID, brandProfileID string) (Brand, error)
}

// Plates are the photographs of tenants' own sets.
type Plates interface {
	// CheckPlate fails with the brand module's not-found fault for a plate that the
	// tenant doesn't have.
	CheckPlate(ctx context.Context, tenantID, plateID string) error
	// Plate returns a plate's photograph and what is known of it.
	Plate(ctx context.Context, tenantID, plateID string) (pipeline.Plate, error)
}

// Exporter makes the variants of a completed item.
type Exporter interface {
	// CheckPresets fails with a fault that names an unknown preset.
	CheckPresets(names []string) error
	// CheckSlot fails with a fault that names an unknown place in listings.
	CheckSlot(name string) error
	// DefaultPresets returns the presets of a job that names none.
	DefaultPresets() []string
	// Plan records, in the transaction that completes the item, the variants to
	// be made, and returns their number.
	Plan(ctx context.Context, tx *db.Tx, p Plan) (int, error)
	// Rerender records, in the caller's transaction, that an item's variants are to be
	// made anew, unless they would be as they are. It returns the number of those that
	// are counted as first makings are, for which the caller writes the message.
	Rerender(ctx context.Context, tx *db.Tx, r Rerender) (Rerendered, error)
	// Layers returns the picture that an item's variants are made of.
	Layers(ctx context.Context, q db.Querier, itemID string) (picture.Layers, error)
	// Remake has an item's variants made again of other layers, free of charge, and has
	// ExportsRemade called when they are there. It returns their number.
	Remake(ctx context.Context, tx *db.Tx, r Remake) (int, error)
	// Bundle asks, in the caller's transaction, for the ZIP of a job's round, unless
	// that was done before. It reports whether the ZIP has ended, and if so whether
	// it failed permanently.
	Bundle(ctx context.Context, tx *db.Tx, r BundleRequest) (ended, failed bool, err error)
	// BundleWaits reports whether the ZIP of a job's round is asked for and nobody
	// has begun it, and keeps that so until the transaction ends.
	BundleWaits(ctx context.Context, tx *db.Tx, jobID string, round int) (bool, error)
	// Replace has the ZIP hold the picture of another item in the place of an item's.
	Replace(ctx context.Context, tx *db.Tx, itemID, by string) error
	// Review records a person's decision about an item's picture: its variants
	// move in the next ZIP.
	Review(ctx context.Context, tx *db.Tx, itemID, state string) error
	// Paths returns the paths of all files that variants, their sources and ZIPs of a
	// job name.
	Paths(ctx context.Context, jobID string) ([]string, error)
	// Forget deletes the records of a job's variants and returns their number. A
	// worker that is making one loses its fence.
	Forget(ctx context.Context, tx *db.Tx, jobID string) (int, error)
}

// Plan says which variants to make from which picture.
type Plan struct {
	TenantID, JobID, ItemID, CorrelationID string

	Presets  []string
	Filename string
	Product  picture.Product
	Rights   picture.Rights
	Naming   string // the brand's pattern of file names
	Scene    string // scene type
	Result   *pipeline.Result
}

// Remake says of which layers an item's variants are made again.
type Remake struct {
	TenantID, JobID, ItemID, CorrelationID string

	Layers picture.Layers
	Review string // of the new picture: picture.ReviewPending, or "" when nobody has to look

	Confidence   *float64 // in the new cut-out; nil: its engine tells none
	ReviewReason string   // why somebody has to look, for people
}

// Rerender says which variants of a finished item to make anew.
type Rerender struct {
	TenantID, JobID, ItemID, CorrelationID string

	Presets []string        // none: all that the item has
	Rights  *picture.Rights // the brand's, as they are now; nil: as they were
}

// Rerendered counts variants that are made for the first time: New ones, and those that
// Failed before.
type Rerendered struct{ New, Failed int }

// BundleRequest asks for a ZIP.
type BundleRequest struct {
	TenantID, JobID, CorrelationID string

	ItemID string // one that is completed
	Round  int    // of the job: each retry begins another, and each decision that moves a picture

	After time.Duration // how long the ZIP's making waits
}

// Meter counts what an item costs, inside the item's own transactions. The
// billing module is one; NoMeter counts nothing.
type Meter interface {
	// Check fails when the tenant can't pay for the items; it reserves nothing.
	Check(ctx context.Context, q db.Querier, tenantID string, items []Charge) error
	// Reserve holds the price of an item. A fault of kind PaymentRequired leaves
	// the item uploaded.
	Reserve(ctx context.Context, tx *db.Tx, tenantID string, c Charge) error
	// Capture spends what was held; Release gives it back. Each resolves a hold
	// once and does nothing the second time.
	Capture(ctx context.Context, tx *db.Tx, tenantID, itemID string) error
	Release(ctx context.Context, tx *db.Tx, tenantID, itemID string) error
}

// Charge is the steps and presets that an item will use.
type Charge struct {
	ItemID  string
	JobID   string
	Options pipeline.Options
	Presets []string
	BrandID string
	PhotoID string // what the item's siblings share: what shows no scene is made once for all of them
}

// NoMeter counts nothing.
type NoMeter struct{}

// Check, Reserve, Capture and Release do nothing.
func (NoMeter) Check(context.Context, db.Querier, string, []Charge) error { return nil }
func (NoMeter) Reserve(context.Context, *db.Tx, string, Charge) error     { return nil }
func (NoMeter) Capture(context.Context, *db.Tx, string, string) error     { return nil }
func (NoMeter) Release(context.Context, *db.Tx, string, string) error     { return nil }

// Sources fetches photos from addresses that customers name; see intake.Fetcher.
type Sources interface {
	// Check refuses an address that is never fetched. It calls nobody.
	Check(address string) error
	// Fetch returns the file at an address, of at most imagefile.MaxBytes.
	Fetch(ctx context.Context, address string) ([]byte, error)
}

// Forgetter deletes what it keeps of a job, in the transaction that deletes the job.
type Forgetter interface {
	JobForgotten(ctx context.Context, tx *db.Tx, jobID string) error
}

// Callbacks tells the callback URLs of jobs of their events; see webhook.Service.
type Callbacks interface {
	// CheckURL refuses a URL that is never called.
	CheckURL(url string) error
	// Callback has a job's events sent to a URL, in the transaction that makes the
	// job, and returns the secret that signs them.
	Callback(ctx context.Context, tx *db.Tx, tenantID, jobID, url string) (secret string, err error)
	// CallbackSecret returns the secret of a job's callback again.
	CallbackSecret(ctx context.Context, tenantID, jobID string) (secret string, err error)
	// Forget deletes what is kept of a job, in the transaction that deletes it.
	Forget(ctx context.Context, tx *db.Tx, jobID string) error
}

// Collections groups jobs; see collection.Service.
type Collections interface {
	// Join puts a job into a collection, in the transaction that makes the job.
	Join(ctx context.Context, tx *db.Tx, tenantID, collectionID, jobID string) error
	// JobEnded tells of a job's end, in the transaction that ends it.
	JobEnded(ctx context.Context, tx *db.Tx, jobID string) error
	// JobForgotten takes a job out, in the transaction that deletes it.
	JobForgotten(ctx context.Context, tx *db.Tx, jobID string) error
}

// Owner names files that are kept beside the jobs': of collections, of imports.
type Owner interface {
	// Names returns the files that an id names; ok is false when the tenant has nothing
	// of that id.
	Names(ctx context.Context, tenantID, id string) (paths []string, ok bool, err error)
}

// Containers names the blob containers.
type Containers struct{ Raw, Outputs, Exports string }

// Options are what a Service is made of. Inspect judges a photo of size bytes by its
// first ones and fails with a fault when it is not a picture that OPAL takes; more
// asks for a longer head.
type Options struct {
	DB         *db.DB
	Blobs      blob.Store
	Containers Containers
	Outbox     *queue.Outbox
	Brands     Brands
	Exporter   Exporter
	Meter      Meter
	Inspect    func(head []byte, size int64) (more bool, err error)
	Pipeline   *pipeline.Pipeline // nil where no work is done
	Plates     Plates             // nil: no scene is a plate
	Decoder    pipeline.Decoder   // of photos; nil: they have no thumbnails
	Sources    Sources            // nil: items can't name the address of their photo
	Callbacks  Callbacks          // nil: jobs have no callback URL
	Groups     Collections        // nil: there are no collections
	Shares     Forgetter          // nil: there are no share links
	Owners     []Owner            // of files that are not jobs'
	Metrics    *Metrics           // nil: none

	Lease   time.Duration  // of a worker on an item; 0: lease.DefaultTime
	SetWait time.Duration  // how long a set waits for its photos, from its first cut-out on; 0: DefaultSetWait
	Review  picture.Review // which cut-outs a person looks at, where the brand has no choice of its own

	UploadTTL time.Duration // of upload URLs; 0: 15 min
	ReadTTL   time.Duration // of download URLs; 0: 15 min
	Abandon   time.Duration // after which an item never uploaded is cancelled; 0: 24 h
	Retention time.Duration // after which a finished job is deleted, where its tenant has no rule of its own; 0: never
}

// Service holds the jobs of all tenants. It is safe for concurrent use.
type Service struct {
	Options
	photos *semaphore.Weighted // bytes of photos in memory, for all ways of an upload
	pace   paceKept
}

// New returns a service.
func New(o Options) *Service {
	def := func(d *time.Duration, v time.Duration) {
		if *d == 0 {
			*d = v
		}
	}
	def(&o.UploadTTL, 15*time.Minute)
	def(&o.ReadTTL, 15*time.Minute)
	def(&o.Abandon, 24*time.Hour)
	if o.Meter == nil {
		o.Meter = NoMeter{}
	}
	return &Service{Options: o, photos: semaphore.NewWeighted(photoBytes)}
}
