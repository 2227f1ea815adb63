package queue

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Metrics are the queue's figures. A nil Metrics counts nothing.
type Metrics struct {
	handledTotal *prometheus.CounterVec
	seconds      *prometheus.HistogramVec
	sent         *prometheus.CounterVec
	unsent       prometheus.Gauge
}

// NewMetrics registers the figures.
func NewMetrics(r prometheus.Registerer) *Metrics {
	m := &Metrics{
		handledTotal: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "opal_queue_handled_total", Help: "Messages handled, by result."}, []string{"queue", "result"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "opal_queue_handling_seconds", Help: "Time of one handling.",
			Buckets: []float64{.01, .1, .5, 1, 2, 5, 10, 30, 60, 180, 600}}, []string{"queue"}),
		sent:   prometheus.NewCounterVec(prometheus.CounterOpts{Name: "opal_queue_sent_total", Help: "Messages sent by the outbox."}, []string{"queue"}),
		unsent: prometheus.NewGauge(prometheus.GaugeOpts{Name: "opal_queue_outbox_rows", Help: "Messages that are due and not sent."}),
	}
	r.MustRegister(m.handledTotal, m.seconds, m.sent, m.unsent)
	return m
}

func (m *Metrics) handled(queue, result string, d time.Duration) {
	if m != nil {
		m.handledTotal.WithLabelValues(queue, result).Inc()
		m.seconds.WithLabelValues(queue).Observe(d.Seconds())
	}
}

func (m *Metrics) ended(queue, result string) {
	if m != nil {
		m.handledTotal.WithLabelValues(queue, result).Inc()
	}
}

func (m *Metrics) sentOne(queue string) {
	if m != nil {
		m.sent.WithLabelValues(queue).Inc()
	}
}

func (m *Metrics) due(n int64) {
	if m != nil {
		m.unsent.Set(float64(n))
	}
}
