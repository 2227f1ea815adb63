package app

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/opal-photo/opal/modules/db"
	"github.com/opal-photo/opal/modules/queue"
	"github.com/opal-photo/opal/modules/score/server"
	"github.com/opal-photo/opal/modules/telemetry"
)

// outboxRelay sends the messages that this process writes, and sweeps for those
// that others left.
var outboxRelay = part{name: "the outbox relay", server: true, background: true, open: func(ctx context.Context, w *wire) (func(context.Context) error, error) {
	d, err := w.database(ctx)
	if err != nil {
		return nil, err
	}
	q, err := w.openQueues(ctx)
	if err != nil {
		return nil, err
	}
	return w.openRelay(d, q).Run, nil
}}

// The windows: how many messages of a tenant wait in a queue at the same time.
// They keep the workers busy, and let another tenant's first ones start within
// half a minute. An embedded queue is served by this process's workers; behind a
// broker the number of workers is not known here, and grows with what waits.
const (
	windowPerHand  = 4
	windowOfBroker = 24
)

func (w *wire) tenantWindow() int {
	if w.cfg.EmbeddedQueue() {
		return windowPerHand * max(w.cfg.Worker.Concurrency, 1)
	}
	return windowOfBroker
}

// openRelay gives the process's one relay: the consumers tell it what ended.
func (w *wire) openRelay(d *db.DB, q *queueBackend) *queue.Relay {
	if w.relay == nil {
		w.relay = queue.NewRelay(d, w.openOutbox(), q.jobs, q.exports, w.queueMetrics(), queue.Window(w.tenantWindow()))
	}
	return w.relay
}

// jobWorker consumes queue "jobs".
var jobWorker = part{name: "the worker on queue jobs", open: func(ctx context.Context, w *wire) (func(context.Context) error, error) {
	jobs, err := w.openPipeline(ctx)
	if err != nil {
		return nil, err
	}
	q, err := w.openQueues(ctx)
	if err != nil {
		return nil, err
	}
	checks, err := w.preflight(ctx)
	if err != nil {
		return nil, err
	}
	w.openDecoder().Warm()
	o := w.consume(q, q.jobs, func(ctx context.Context, b queue.Body) error {
		if b.Kind == queue.KindCheck {
			return checks.Process(ctx, b)
		}
		return jobs.Process(ctx, b)
	})
	o.Gate = w.enginesGate
	return func(ctx context.Context) error { return queue.Consume(ctx, o) }, nil
}}

// exportWorker consumes queue "exports".
var exportWorker = part{name: "the worker on queue exports", open: func(ctx context.Context, w *wire) (func(context.Context) error, error) {
	_, exports, err := w.jobServices(ctx)
	if err != nil {
		return nil, err
	}
	q, err := w.openQueues(ctx)
	if err != nil {
		return nil, err
	}
	o := w.consume(q, q.exports, exports.Handle)
	return func(ctx context.Context) error { return queue.Consume(ctx, o) }, nil
}}

// consume says how one of the queues is consumed. The database is open by then.
func (w *wire) consume(all *queueBackend, q queue.Queue, h queue.Handler) queue.ConsumeOptions {
	return queue.ConsumeOptions{
		Queue: q, Handler: h, Concurrency: w.cfg.Worker.Concurrency, Drain: w.drain - 2*serverGrace,
		Gate: w.databaseGate, Relay: w.openRelay(w.db, all), Metrics: w.queueMetrics(),
	}
}

// gatePause is how long a closed gate is left alone before another look.
const gatePause = time.Second

// databaseGate holds back the receiving while the database is down: a message
// that can't be worked on would be delivered in vain until it is a dead letter.
func (w *wire) databaseGate(ctx context.Context) error {
	for w.db.Ping(ctx) != nil {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(gatePause):
		}
	}
	return ctx.Err()
}

// sweepEvery is the pace of the sweeps.
const sweepEvery = 5 * time.Second

// sweeper runs a sweep every few seconds, jittered so that replicas don't meet.
func sweeper(name string, sweep func(ctx context.Context, w *wire) (func(context.Context) error, error)) part {
	return part{name: name, background: true, open: func(ctx context.Context, w *wire) (func(context.Context) error, error) {
		f, err := sweep(ctx, w)
		if err != nil {
			return nil, err
		}
		return func(ctx context.Context) error {
			ctx = telemetry.WithLogger(ctx, w.log)
			for {
				select {
				case <-ctx.Done():
					return nil
				case <-time.After(sweepEvery/2 + time.Duration(rand.Int64N(int64(sweepEvery)))):
				}
				if err := f(ctx); err != nil && ctx.Err() == nil {
					telemetry.Log(ctx).Warn().Err(err).Msg("A sweep failed; trying again")
				}
			}
		}, nil
	}}
}

var jobSweep = sweeper("the sweep of jobs", func(ctx context.Context, w *wire) (func(context.Context) error, error) {
	jobs, _, err := w.jobServices(ctx)
	if err != nil {
		return nil, err
	}
	checks, err := w.preflight(ctx)
	if err != nil {
		return nil, err
	}
	return all(jobs.Sweep, checks.Sweep, w.groups.Sweep, w.imports.Sweep), nil
})

// all runs one sweep after the other, also where one fails.
func all(sweeps ...func(context.Context) error) func(context.Context) error {
	return func(ctx context.Context) error {
		errs := make([]error, len(sweeps))
		for i, sweep := range sweeps {
			errs[i] = sweep(ctx)
		}
		return errors.Join(errs...)
	}
}

// jobTidy deletes what has been kept long enough, and the files of deleted jobs and of
// checks that have ended.
var jobTidy = sweeper("the deletion of jobs", func(ctx context.Context, w *wire) (func(context.Context) error, error) {
	jobs, _, err := w.jobServices(ctx)
	if err != nil {
		return nil, err
	}
	checks, err := w.preflight(ctx)
	if err != nil {
		return nil, err
	}
	return all(jobs.Tidy, checks.Tidy, w.groups.Tidy, w.imports.Tidy, w.plates.Sweep, w.shares.Tidy), nil
})

var exportSweep = sweeper("the sweep of exports", func(ctx context.Context, w *wire) (func(context.Context) error, error) {
	_, exports, err := w.jobServices(ctx)
	if err != nil {
		return nil, err
	}
	return exports.Sweep, nil
})

// imports turns the rows of imported tables into jobs.
var imports = part{name: "the imports", background: true, open: func(ctx context.Context, w *wire) (func(context.Context) error, error) {
	if _, _, err := w.jobServices(ctx); err != nil {
		return nil, err
	}
	return func(ctx context.Context) error { return w.imports.Run(telemetry.WithLogger(ctx, w.log)) }, nil
}}

// webhooks sends events to their tenants' webhooks.
var webhooks = part{name: "the webhooks", background: true, open: func(ctx context.Context, w *wire) (func(context.Context) error, error) {
	d, err := w.database(ctx)
	if err != nil {
		return nil, err
	}
	service := w.webhookService(d)
	return func(ctx context.Context) error { return service.Run(telemetry.WithLogger(ctx, w.log)) }, nil
}}

// scoreServer is the scoring service.
var scoreServer = part{name: "the scoring service", server: true, open: func(ctx context.Context, w *wire) (func(context.Context) error, error) {
	s := w.cfg.Score
	var engine server.Engine
	var cutter server.Cutter
	var err error
	if s.Engine == engineCutout {
		cutter, err = openScoreCutter(ctx, w)
	} else {
		engine, err = scoreEngine(w.cfg)
	}
	if err != nil {
		return nil, err
	}
	h, err := server.New(server.Options{
		Engine: engine, Cutter: cutter, Auth: s.Auth, Key: s.Key.Value(), AllowedHosts: s.AllowedHosts, AllowedNetworks: s.AllowedNetworks,
		AllowLoopback: loopback(w.scoreListen), Decoder: w.openDecoder(), Concurrency: s.Concurrency,
		Logger: w.log,
	})
	if err != nil {
		return nil, err
	}
	l, err := listen(w.scoreListen)
	if err != nil {
		return nil, err
	}
	h = telemetry.Traced(ctx, h, false)
	return func(ctx context.Context) error { return serveHTTP(ctx, l, h, serverGrace) }, nil
}}

// probeServer answers a worker's probes and shows its metrics.
var probeServer = part{name: "the probes", server: true, open: func(ctx context.Context, w *wire) (func(context.Context) error, error) {
	checks, err := w.checks(ctx)
	if err != nil {
		return nil, err
	}
	l, err := listen(w.listen)
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	ok := func(rw http.ResponseWriter) { _, _ = rw.Write([]byte("ok\n")) }
	mux.HandleFunc("GET /livez", func(rw http.ResponseWriter, _ *http.Request) { ok(rw) })
	mux.HandleFunc("GET /readyz", func(rw http.ResponseWriter, r *http.Request) {
		for _, c := range checks {
			if err := c.Probe(r.Context()); err != nil && c.Critical {
				http.Error(rw, c.Name+" is not reachable", http.StatusServiceUnavailable)
				return
			}
		}
		ok(rw)
	})
	mux.Handle("GET /metrics", telemetry.MetricsHandler(w.metrics))
	return func(ctx context.Context) error { return serveHTTP(ctx, l, mux, serverGrace) }, nil
}}

// metricsServer shows the process's figures on a port of their own, where the
// setting METRICS_LISTEN names one.
var metricsServer = part{name: "the metrics", server: true, open: func(_ context.Context, w *wire) (func(context.Context) error, error) {
	l, err := listen(w.cfg.Metrics.Listen)
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", telemetry.MetricsHandler(w.metrics))
	return func(ctx context.Context) error { return serveHTTP(ctx, l, mux, serverGrace) }, nil
}}
