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
	unsent       *prometheus.GaugeVec
	oldest       *prometheus.GaugeVec
	unreadable   *prometheus.GaugeVec
	messages     *prometheus.GaugeVec
}

// NewMetrics registers the figures.
func NewMetrics(r prometheus.Registerer) *Metrics {
	m := &Metrics{
		handledTotal: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "opal_queue_handled_total", Help: "Messages handled, by result: completed, abandoned, dead, lost."}, []string{"queue", "result"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "opal_queue_handling_seconds", Help: "Time of one handling.",
			Buckets: []float64{.01, .1, .5, 1, 2, 5, 10, 30, 60, 180, 600}}, []string{"queue"}),
		sent:   prometheus.NewCounterVec(prometheus.CounterOpts{Name: "opal_queue_sent_total", Help: "Messages sent from the outbox."}, []string{"queue"}),
		unsent: prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "opal_queue_outbox_rows", Help: "Messages that wait in the outbox."}, []string{"queue"}),
		oldest: prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "opal_queue_outbox_oldest_seconds", Help: "Age of the oldest message in the outbox that could be sent; a tenant's window makes some wait."}, []string{"queue"}),
		unreadable: prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "opal_queue_unreadable_rows",
			Help: "Damaged messages that were set aside, in table outbox_unreadable. Alert above 0."}, []string{"queue"}),
		messages: prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "opal_queue_messages_count", Help: "Messages in the queue, by state: active, dead. Alert on dead."}, []string{"queue", "state"}),
	}
	r.MustRegister(m.handledTotal, m.seconds, m.sent, m.unsent, m.oldest, m.unreadable, m.messages)
	return m
}

func (m *Metrics) handled(queue, result string, d time.Duration) {
	if m != nil {
		m.handledTotal.WithLabelValues(queue, result).Inc()
		m.seconds.WithLabelValues(queue).Observe(d.Seconds())
	}
}

func (m *Metrics) sentMany(queue string, n int) {
	if m != nil {
		m.sent.WithLabelValues(queue).Add(float64(n))
	}
}

func (m *Metrics) unsentRows(queue string, n, millis int64) {
	m.unsent.WithLabelValues(queue).Set(float64(n))
	m.oldest.WithLabelValues(queue).Set(float64(millis) / 1000)
}

func (m *Metrics) unreadableRows(queue string, n int64) {
	m.unreadable.WithLabelValues(queue).Set(float64(n))
}

func (m *Metrics) stats(queue string, s Stats) {
	m.messages.WithLabelValues(queue, "active").Set(float64(s.Active))
	m.messages.WithLabelValues(queue, "dead").Set(float64(s.Dead))
}
