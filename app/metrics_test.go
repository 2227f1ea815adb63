package app

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/opal-photo/opal/config"
	"github.com/opal-photo/opal/modules/billing"
	"github.com/opal-photo/opal/modules/egress"
	"github.com/opal-photo/opal/modules/telemetry"
	"github.com/opal-photo/opal/modules/webhook"
)

// TestMetricsHaveAPortOfTheirOwn reads them as Prometheus does.
func TestMetricsHaveAPortOfTheirOwn(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0") // a port that is free
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	w := &wire{cfg: &config.Config{Metrics: config.Metrics{Listen: addr}}, metrics: telemetry.NewRegistry()}
	ctx, stop := context.WithCancel(t.Context())
	run, err := metricsServer.open(ctx, w)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- run(ctx) }()
	for path, want := range map[string]int{"/metrics": 200, "/": 404, "/v1/jobs": 404, "/debug/pprof/": 404} {
		t.Run(path, func(t *testing.T) {
			res, err := http.Get("http://" + addr + path)
			if err != nil {
				t.Fatal(err)
			}
			b, err := io.ReadAll(res.Body)
			_ = res.Body.Close()
			if err != nil || res.StatusCode != want || want == 200 && !strings.Contains(string(b), "go_goroutines") {
				t.Errorf("%s: %d %.100s, %v", path, res.StatusCode, b, err)
			}
		})
	}
	stop()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// TestFiguresAreThoseThatPrometheusReads parses what /metrics answers as promtool does,
// and lints the names of OPAL's own figures.
func TestFiguresAreThoseThatPrometheusReads(t *testing.T) {
	w := &wire{metrics: telemetry.NewRegistry()}
	w.metrics.MustRegister(egress.Metrics()...)
	w.queueMetrics()
	w.jobMetrics()
	billing.NewMetrics(w.metrics)
	webhook.NewMetrics(w.metrics)
	egress.New(egress.Options{Name: "score", Faults: egress.Faults{}})
	rec := httptest.NewRecorder()
	telemetry.MetricsHandler(w.metrics).ServeHTTP(rec, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	parser := expfmt.NewTextParser(model.LegacyValidation)
	families, err := parser.TextToMetricFamilies(rec.Body)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"go_goroutines", "opal_egress_breaker_open", "opal_webhook_try_seconds"} {
		if f := families[name]; f == nil || f.GetHelp() == "" {
			t.Errorf("%s is not told, or has no help", name)
		}
	}
	problems, err := testutil.GatherAndLint(w.metrics)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		if strings.HasPrefix(p.Metric, "opal_") && !(p.Metric == "opal_queue_messages_count") { // a gauge whose name dashboards know
			t.Errorf("%s: %s", p.Metric, p.Text)
		}
	}
}
