package app

import (
	"context"
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/opal-photo/opal/modules/api"
	"github.com/opal-photo/opal/modules/telemetry"
)

// oldAge is the age at which a person should look at work or a hold. Only an outage
// or a backlog of days makes anything this old; lease.MaxAge ends older work.
const oldAge = 24 * time.Hour

// age is a kind of work, or of credit held for it, whose oldest is watched.
type age struct {
	metric, help string
	what         string // in a sentence
	oldest       func(ctx context.Context) (time.Duration, error)
}

// ages lists what is watched.
func (w *wire) ages(ctx context.Context) ([]age, error) {
	jobs, exports, err := w.jobServices(ctx)
	if err != nil {
		return nil, err
	}
	return []age{
		{"opal_job_oldest_item_seconds", "Age of the oldest item that is queued or processed. Alert above a day.", "item", jobs.Oldest},
		{"opal_intake_oldest_import_seconds", "Age of the oldest import that waits for a worker. Alert above a day.", "import", w.imports.Oldest},
		{"opal_export_oldest_variant_seconds", "Age of the oldest variant that is still to be made. Alert above a day.", "variant", exports.Oldest},
		{"opal_billing_oldest_hold_seconds", "Age of the oldest credit that is held. Alert above a day.", "hold", w.billing.OldestHold},
	}, nil
}

// ageWatch keeps the metrics of the oldest work.
var ageWatch = sweeper("the watch over the oldest work", func(ctx context.Context, w *wire) (func(context.Context) error, error) {
	ages, err := w.ages(ctx)
	if err != nil {
		return nil, err
	}
	gauges := make([]prometheus.Gauge, len(ages))
	for i, a := range ages {
		gauges[i] = prometheus.NewGauge(prometheus.GaugeOpts{Name: a.metric, Help: a.help})
		if err := w.metrics.Register(gauges[i]); err != nil {
			return nil, err
		}
	}
	var told time.Time
	return func(ctx context.Context) error {
		tell := time.Since(told) >= time.Minute
		for i, a := range ages {
			d, err := a.oldest(ctx)
			if err != nil {
				return err
			}
			gauges[i].Set(d.Seconds())
			if tell && d > 0 { // the workbook draws it where nothing scrapes the metrics
				telemetry.Log(ctx).Info().Str("kind", a.what).Int64("seconds", int64(d.Seconds())).Msg("Oldest open work")
				told = time.Now()
			}
		}
		return nil
	}, nil
})

// ageCheck is degraded while something is too old.
func ageCheck(ages []age) api.Check {
	return api.Check{Name: "oldest_work", Probe: func(ctx context.Context) error {
		for _, a := range ages {
			d, err := a.oldest(ctx)
			if err != nil {
				return err
			}
			if d > oldAge {
				return fmt.Errorf("the oldest %s has been open for %s", a.what, d.Round(time.Minute))
			}
		}
		return nil
	}}
}
