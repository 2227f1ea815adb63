package app

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"github.com/opal-photo/opal/config"
	"github.com/opal-photo/opal/modules/billing"
	"github.com/opal-photo/opal/modules/blob"
	"github.com/opal-photo/opal/modules/brand"
	"github.com/opal-photo/opal/modules/channel"
	"github.com/opal-photo/opal/modules/collection"
	"github.com/opal-photo/opal/modules/cutout/refine"
	"github.com/opal-photo/opal/modules/db"
	"github.com/opal-photo/opal/modules/egress"
	"github.com/opal-photo/opal/modules/event"
	"github.com/opal-photo/opal/modules/export"
	"github.com/opal-photo/opal/modules/fault"
	"github.com/opal-photo/opal/modules/imagefile"
	"github.com/opal-photo/opal/modules/imaging"
	"github.com/opal-photo/opal/modules/intake"
	"github.com/opal-photo/opal/modules/job"
	"github.com/opal-photo/opal/modules/pipeline"
	"github.com/opal-photo/opal/modules/pipeline/studio"
	"github.com/opal-photo/opal/modules/preflight"
	"github.com/opal-photo/opal/modules/queue"
	"github.com/opal-photo/opal/modules/share"
	"github.com/opal-photo/opal/modules/telemetry"
	"github.com/opal-photo/opal/modules/tenant"
	"github.com/opal-photo/opal/modules/webhook"
)

// wire opens what a role needs, each thing once and when it is first asked for,
// and closes them in reverse order. It is used by one goroutine, before the
// parts run.
type wire struct {
	cfg     *config.Config
	log     zerolog.Logger
	metrics *prometheus.Registry
	worked  *job.Metrics
	drain   time.Duration

	patience time.Duration // how long to wait for a silent database; 0: db.DefaultPatience

	listen, scoreListen string

	closers   []func() error
	providers []provider
	counts    *queue.Metrics

	db      *db.DB
	blobs   *blobBackend
	queues  *queueBackend
	outbox  *queue.Outbox
	relay   *queue.Relay
	decoder *imaging.Decoder
	brands  *brand.Service
	plates  *plates
	exports *export.Worker
	billing *billing.Service
	jobs    *job.Service
	urls    *egress.URLs

	webhooks *webhook.Service
	checked  *preflight.Service
	groups   *collection.Service
	shares   *share.Service
	imports  *intake.Imports
	tenants  *tenant.Service
}

// orEnvironment is the process's environment where no other is given.
func orEnvironment(environ []string) []string {
	if environ == nil {
		return os.Environ()
	}
	return environ
}

// load reads and checks the settings.
func load(file string, s Streams, service string, needs config.Role, loopback bool) (*wire, error) {
	return loadFrom(os.Environ(), file, s, service, needs, loopback)
}

func loadFrom(environ []string, file string, s Streams, service string, needs config.Role, loopback bool) (*wire, error) {
	w, err := read(environ, file, s, service)
	if err != nil {
		return nil, err
	}
	if err := w.cfg.Validate(needs, loopback, CheckEngines); err != nil {
		return nil, err
	}
	if err := loadChannels(w.cfg.Channels.Dir); err != nil {
		return nil, err
	}
	w.metrics.MustRegister(egress.Metrics()...)
	return w, nil
}

// read reads the settings and does not check what they mean.
func read(environ []string, file string, s Streams, service string) (*wire, error) {
	cfg, err := config.Load(file, environ)
	if err != nil {
		return nil, err
	}
	return &wire{cfg: cfg, log: telemetry.NewLogger(s.Out, cfg.Level(), service), metrics: telemetry.NewRegistry()}, nil
}

func (w *wire) onClose(f func() error) { w.closers = append(w.closers, f) }

// close closes what was opened, last first.
func (w *wire) close() {
	var errs []error
	for _, f := range slices.Backward(w.closers) {
		errs = append(errs, f())
	}
	w.closers = nil
	if err := errors.Join(errs...); err != nil {
		w.log.Warn().Err(err).Msg("Closing")
	}
}

// openTimeout bounds how long a dependency may take to answer at start-up.
const openTimeout = 30 * time.Second

func (w *wire) database(ctx context.Context) (*db.DB, error) {
	if w.db != nil {
		return w.db, nil
	}
	o := db.Options{URL: w.cfg.Database.URL.Value(), MaxOpen: w.cfg.Database.MaxConns, Patience: w.patience}
	if w.cfg.Database.Auth == "entra" {
		token, err := w.databaseToken()
		if err != nil {
			return nil, err
		}
		o.Password = token
	}
	ctx, cancel := context.WithTimeout(ctx, openTimeout)
	defer cancel()
	d, err := db.Open(ctx, o)
	if err != nil {
		return nil, err
	}
	w.db = d
	w.onClose(d.Close)
	return d, nil
}

// errSchema says that the database is not at this version's schema.
var errSchema = fault.New(fault.Conflict, "migrations_pending", "The database's schema is not up to date: run `opal migrate`")

// migrated opens the database and fails when migrations have not run: every
// query would fail later, and less clearly.
func (w *wire) migrated(ctx context.Context) (*db.DB, error) {
	d, err := w.database(ctx)
	if err != nil {
		return nil, err
	}
	n, err := d.Pending(ctx)
	if err != nil {
		return nil, fmt.Errorf("look at the database's schema: %w", err)
	}
	if n > 0 {
		return nil, errSchema.With("%d migrations have not run", n)
	}
	return d, nil
}

func (w *wire) containers() job.Containers {
	s := w.cfg.Storage
	return job.Containers{Raw: s.RawContainer, Outputs: s.OutputsContainer, Exports: s.ExportsContainer}
}

func (w *wire) openDecoder() *imaging.Decoder {
	if w.decoder == nil {
		w.decoder = imaging.NewDecoder(imaging.DecoderOptions{OnSlow: func(err error) {
			w.log.Warn().Err(err).Msg("Photos are decoded with more CPU for now: no process could be had that forks their decoders")
		}})
		w.onClose(w.decoder.Close)
	}
	return w.decoder
}

func (w *wire) openOutbox() *queue.Outbox {
	if w.outbox == nil {
		w.outbox = queue.NewOutbox()
	}
	return w.outbox
}

// brandService opens the brand profiles. Their presets are export's to check.
func (w *wire) brandService(ctx context.Context) (*brand.Service, error) {
	if w.brands != nil {
		return w.brands, nil
	}
	d, err := w.database(ctx)
	if err != nil {
		return nil, err
	}
	w.brands = brand.New(d, channel.Validate)
	return w.brands, nil
}

// jobServices opens the jobs, the record of exports, in which they plan their
// variants, and the export worker, which counts ended variants on their jobs.
func (w *wire) jobServices(ctx context.Context) (*job.Service, *export.Worker, error) {
	if w.jobs != nil {
		return w.jobs, w.exports, nil
	}
	d, err := w.database(ctx)
	if err != nil {
		return nil, nil, err
	}
	store, err := w.blobStore(ctx)
	if err != nil {
		return nil, nil, err
	}
	brands, err := w.brandService(ctx)
	if err != nil {
		return nil, nil, err
	}
	ledger, err := w.billingService(ctx)
	if err != nil {
		return nil, nil, err
	}
	c := w.containers()
	files := plateFiles{store, c.Raw, w.openDecoder()}
	w.plates = &plates{brand.NewPlates(d, files), files}
	exports := export.New(export.Options{DB: d, Blobs: store, Outputs: c.Outputs, Exports: c.Exports, Outbox: w.openOutbox()})
	tenants, err := w.tenantService(ctx)
	if err != nil {
		return nil, nil, err
	}
	fetcher := intake.NewFetcher(w.customerURLs())
	w.groups = collection.New(collection.Options{DB: d, Blobs: store, Exports: c.Exports, ZIPs: zips{exports}})
	w.shares = share.NewService(d)
	w.plates.Wanted = func(ctx context.Context, tenantID, plateID string) ([]string, error) {
		return w.jobs.PlateItems(ctx, tenantID, plateID)
	}
	w.jobs = job.New(job.Options{
		DB: d, Blobs: store, Containers: c, Outbox: w.openOutbox(),
		Brands: brandSource{brands}, Plates: plateSource{w.plates.Plates, files}, Exporter: exporter{exports}, Meter: meter{ledger}, Metrics: w.jobMetrics(), Inspect: imagefile.InspectHead, Sources: fetcher, Callbacks: w.webhookService(d), Lease: w.cfg.Worker.Lease,
		Decoder:   files.decoder,
		Groups:    w.groups,
		Shares:    w.shares,
		Review:    reviewOf(w.cfg),
		Retention: time.Duration(w.cfg.Retention.Days) * 24 * time.Hour,
	})
	w.imports = intake.NewImports(intake.ImportOptions{
		DB: d, Blobs: store, Raw: c.Raw, Fetcher: fetcher, Jobs: w.jobs, Collections: w.groups, Orders: orders{tenants, quotes{w.jobs, ledger, d}}, Lease: w.cfg.Worker.Lease,
		Kept: time.Duration(w.cfg.Retention.Days) * 24 * time.Hour, Metrics: intake.NewMetrics(w.metrics),
	})
	w.groups.Ended = w.imports.CollectionEnded
	w.jobs.Owners = []job.Owner{w.groups, w.imports}
	w.exports = export.NewWorker(exports, export.WorkerOptions{Jobs: w.jobs, Groups: w.groups, Meter: variantMeter{ledger}, Lease: w.cfg.Worker.Lease, Room: imaging.NewRoom(w.cfg.Worker.Concurrency)})
	return w.jobs, w.exports, nil
}

// tenantService opens the tenants and their keys.
func (w *wire) tenantService(ctx context.Context) (*tenant.Service, error) {
	if w.tenants != nil {
		return w.tenants, nil
	}
	d, err := w.database(ctx)
	if err != nil {
		return nil, err
	}
	w.tenants, err = tenant.New(d, w.pepper())
	return w.tenants, err
}

// webhookService opens the webhooks. Their secrets are sealed with what seals other
// answers, so every replica of the API reads them.
func (w *wire) webhookService(d *db.DB) *webhook.Service {
	if w.webhooks == nil {
		var types []string
		for _, t := range event.Types() {
			types = append(types, t.Name)
		}
		w.webhooks = webhook.New(webhook.Options{DB: d, URLs: w.customerURLs(), Secret: w.pepper(), Types: types, Metrics: webhook.NewMetrics(w.metrics)})
	}
	return w.webhooks
}

// customerURLs calls the addresses that customers name.
func (w *wire) customerURLs() *egress.URLs {
	if w.urls == nil {
		w.urls = egress.NewURLs(w.cfg.Egress.AllowedNetworks)
		w.onClose(func() error { w.urls.CloseIdleConnections(); return nil })
	}
	return w.urls
}

// openPipeline gives the job service the engines that the settings chose.
func (w *wire) openPipeline(ctx context.Context) (*job.Service, error) {
	jobs, _, err := w.jobServices(ctx)
	if err != nil {
		return nil, err
	}
	if jobs.Pipeline != nil {
		return jobs, nil
	}
	cutter, err := cutters.open(w)
	if err != nil {
		return nil, err
	}
	if err := awaitModel(ctx, cutter); err != nil {
		return nil, err
	}
	if note := modelNote(w.cfg); note != "" {
		w.log.Info().Msg(note)
	}
	placer, err := placers.open(w)
	if err != nil {
		return nil, err
	}
	refiner := refine.New(refine.Options{})
	w.onClose(refiner.Close)
	jobs.Pipeline = pipeline.New(w.openDecoder(), cutter, studio.WithPaint(placer)).WithRefiner(refiner).WithRoom(imaging.NewRoom(w.cfg.Worker.Concurrency))
	checks, err := w.preflight(ctx)
	if err != nil {
		return nil, err
	}
	checks.Cutter = cutter
	return jobs, nil
}

// preflight opens the checks of pictures that callers send.
func (w *wire) preflight(ctx context.Context) (*preflight.Service, error) {
	if w.checked != nil {
		return w.checked, nil
	}
	d, err := w.database(ctx)
	if err != nil {
		return nil, err
	}
	store, err := w.blobStore(ctx)
	if err != nil {
		return nil, err
	}
	w.checked = preflight.New(preflight.Options{
		DB: d, Blobs: store, Raw: w.containers().Raw, Outbox: w.openOutbox(), Decoder: w.openDecoder(), Lease: w.cfg.Worker.Lease,
		Kept: time.Duration(w.cfg.Retention.Days) * 24 * time.Hour,
	})
	return w.checked, nil
}

// blobStore opens the pictures' store and, where that is allowed, makes its
// containers.
func (w *wire) blobStore(ctx context.Context) (blob.Store, error) {
	if w.blobs == nil {
		b, err := openBlobs(ctx, w)
		if err != nil {
			return nil, err
		}
		w.blobs = b
		w.onClose(b.store.Close)
	}
	return w.blobs.store, nil
}

// openQueues opens the two queues.
func (w *wire) openQueues(ctx context.Context) (*queueBackend, error) {
	if w.queues == nil {
		q, err := openQueues(ctx, w)
		if err != nil {
			return nil, err
		}
		w.queues = q
		for _, one := range []queue.Queue{q.jobs, q.exports} {
			w.onClose(func() error {
				ctx, cancel := context.WithTimeout(context.Background(), serverGrace)
				defer cancel()
				return one.Close(ctx)
			})
		}
	}
	return w.queues, nil
}

func (w *wire) queueMetrics() *queue.Metrics {
	if w.counts == nil {
		w.counts = queue.NewMetrics(w.metrics)
	}
	return w.counts
}

func (w *wire) jobMetrics() *job.Metrics {
	if w.worked == nil {
		w.worked = job.NewMetrics(w.metrics)
	}
	return w.worked
}
