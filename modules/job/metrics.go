package job

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Metrics are the figures of the work on items. A nil one counts nothing.
type Metrics struct {
	steps   *prometheus.HistogramVec
	items   *prometheus.CounterVec
	retries *prometheus.CounterVec
}

// NewMetrics registers the figures.
func NewMetrics(r prometheus.Registerer) *Metrics {
	m := &Metrics{
		steps: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "opal_job_step_seconds",
			Help:    "Time of one step of an item, by step and result: done, failed.",
			Buckets: []float64{.05, .1, .25, .5, 1, 2, 4, 8, 15, 30, 60, 180}}, []string{"step", "result"}),
		items: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "opal_job_items_total",
			Help: "Items whose work ended, by status (completed, failed) and the code of the error."}, []string{"status", "code"}),
		retries: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "opal_job_retries_total",
			Help: "Attempts at items that are made again, by the code of the error; stopped: a worker that shut down gave its item back."}, []string{"code"}),
	}
	r.MustRegister(m.steps, m.items, m.retries)
	return m
}

func (m *Metrics) step(step, result string, took time.Duration) {
	if m != nil {
		m.steps.WithLabelValues(step, result).Observe(took.Seconds())
	}
}

func (m *Metrics) item(status, code string) {
	if m != nil {
		m.items.WithLabelValues(status, code).Inc()
	}
}

func (m *Metrics) retried(code string) {
	if m != nil {
		m.retries.WithLabelValues(code).Inc()
	}
}
