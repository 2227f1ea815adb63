package billing

import "github.com/prometheus/client_golang/prometheus"

// Metrics are the figures of the books. A nil one counts nothing.
type Metrics struct{ credits *prometheus.CounterVec }

// NewMetrics registers the figures.
func NewMetrics(r prometheus.Registerer) *Metrics {
	m := &Metrics{prometheus.NewCounterVec(prometheus.CounterOpts{Name: "opal_billing_credits_total",
		Help: "Credits by their prices, billed or metered only: held, captured (spent), released (given back)."}, []string{"state"})}
	r.MustRegister(m.credits)
	return m
}

// moved counts an amount in hundredths of a credit.
func (m *Metrics) moved(state string, amount int64) {
	if m != nil {
		m.credits.WithLabelValues(state).Add(float64(amount) / hundredths)
	}
}

const hundredths = 100
