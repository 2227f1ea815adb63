package api

import (
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// meters are the API's metrics. nil counts nothing.
type meters struct {
	seconds *prometheus.HistogramVec
	open    prometheus.Gauge
	streams prometheus.Gauge
	refused prometheus.Counter
}

// newMeters registers the metrics; a nil registerer gives nil.
func newMeters(r prometheus.Registerer) *meters {
	if r == nil {
		return nil
	}
	m := &meters{
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "opal_api_request_duration_seconds", Help: "Time to answer, by route, method and status.",
			Buckets: []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30},
		}, []string{"route", "method", "status"}),
		open:    prometheus.NewGauge(prometheus.GaugeOpts{Name: "opal_api_open_requests", Help: "Requests being answered."}),
		streams: prometheus.NewGauge(prometheus.GaugeOpts{Name: "opal_api_open_streams", Help: "Event streams open."}),
		refused: prometheus.NewCounter(prometheus.CounterOpts{Name: "opal_api_rate_limited_total", Help: "Calls refused because a tenant made too many."}),
	}
	r.MustRegister(m.seconds, m.open, m.streams, m.refused)
	return m
}

func (m *meters) began() {
	if m != nil {
		m.open.Inc()
	}
}

// ended counts a request. Unknown methods and routes share one label each.
func (m *meters) ended(route, method string, status int, took time.Duration) {
	if m == nil {
		return
	}
	m.open.Dec()
	if route == "" {
		route = "unrouted"
	}
	switch method {
	case "GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS":
	default:
		method = "other"
	}
	m.seconds.WithLabelValues(route, method, strconv.Itoa(status)).Observe(took.Seconds())
}

func (m *meters) limited() {
	if m != nil {
		m.refused.Inc()
	}
}

func (m *meters) stream(delta float64) {
	if m != nil {
		m.streams.Add(delta)
	}
}
