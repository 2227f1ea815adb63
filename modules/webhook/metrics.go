package webhook

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Metrics are the figures of the deliveries. A nil one counts nothing.
type Metrics struct {
	tries   *prometheus.CounterVec
	seconds prometheus.Histogram
}

// NewMetrics registers the figures.
func NewMetrics(r prometheus.Registerer) *Metrics {
	m := &Metrics{
		tries: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "opal_webhook_tries_total", Help: "Tries of deliveries, by what became of the delivery: delivered, pending (to be tried again), failed."}, []string{"status"}),
		seconds: prometheus.NewHistogram(prometheus.HistogramOpts{Name: "opal_webhook_try_seconds", Help: "Time of one try, until the endpoint's answer.",
			Buckets: []float64{.05, .1, .25, .5, 1, 2, 5, 10, 15}}),
	}
	r.MustRegister(m.tries, m.seconds)
	return m
}

func (m *Metrics) tried(status string, took time.Duration) {
	if m != nil {
		m.tries.WithLabelValues(status).Inc()
		m.seconds.Observe(took.Seconds())
	}
}
