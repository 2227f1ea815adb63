package app

import (
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/opal-photo/opal/config"
	"github.com/opal-photo/opal/modules/telemetry"
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
