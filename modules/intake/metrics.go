package intake

import "github.com/prometheus/client_golang/prometheus"

// Metrics counts what imports do. A nil *Metrics counts nothing.
type Metrics struct {
	entries *prometheus.CounterVec
	imports *prometheus.CounterVec
}

// NewMetrics registers the metrics.
func NewMetrics(r prometheus.Registerer) *Metrics {
	m := &Metrics{
		entries: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "opal_intake_rows_total", Help: "Photos in the rows of imports, by outcome: they became items, or were refused."}, []string{"outcome"}),
		imports: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "opal_intake_imports_total", Help: "Imports that ended, by their status."}, []string{"status"}),
	}
	r.MustRegister(m.entries, m.imports)
	return m
}

func (m *Metrics) rows(made, refused int) {
	if m == nil {
		return
	}
	m.entries.WithLabelValues("made").Add(float64(made))
	m.entries.WithLabelValues("refused").Add(float64(refused))
}

func (m *Metrics) ended(status string) {
	if m != nil {
		m.imports.WithLabelValues(status).Inc()
	}
}
