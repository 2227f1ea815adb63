package egress

import (
	"context"
	"errors"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/opal-photo/opal/modules/fault"
)

// The figures of all clients of the process, by provider: a provider is called by one
// client.
var (
	callSeconds = prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "opal_egress_call_seconds",
		Help: "Time of a call with its tries, by provider and code: ok, or the error's. " +
			"For the scoring endpoint, its sum times the price of a second is the cost.",
		Buckets: []float64{.1, .25, .5, 1, 2, 5, 10, 20, 40, 90, 180}}, []string{"provider", "code"})
	breakerOpen = prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "opal_egress_breaker_open",
		Help: "1 while calls to the provider are paused because too many failed, else 0. Alert on 1."}, []string{"provider"})
)

// Metrics returns the figures of the process's calls out, to be registered once in a
// registry.
func Metrics() []prometheus.Collector { return []prometheus.Collector{callSeconds, breakerOpen} }

func called(provider string, err error, took time.Duration) {
	code := "ok"
	if err != nil {
		code = "cancelled"
		if f, known := fault.As(err); known {
			code = f.Code
		} else if !errors.Is(err, context.Canceled) {
			code = "internal"
		}
	}
	callSeconds.WithLabelValues(provider, code).Observe(took.Seconds())
}
