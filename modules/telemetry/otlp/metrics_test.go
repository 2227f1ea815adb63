package otlp_test

import (
	"bytes"
	"context"
	"net"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"
	figures "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	"google.golang.org/grpc"

	"github.com/opal-photo/opal/modules/telemetry/otlp"
	"github.com/opal-photo/opal/modules/telemetry/otlptest"
)

func registry() *prometheus.Registry {
	r := prometheus.NewRegistry()
	n := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "opal_x_done_total", Help: "Done"}, []string{"outcome"})
	h := prometheus.NewHistogram(prometheus.HistogramOpts{Name: "opal_x_seconds", Help: "Took"})
	r.MustRegister(n, h, prometheus.NewGauge(prometheus.GaugeOpts{Name: "opal_x_waiting", Help: "Wait"}))
	n.WithLabelValues("completed").Inc()
	h.Observe(2)
	return r
}

// TestFiguresAreSent sends what Prometheus reads, under the same names, by both protocols.
func TestFiguresAreSent(t *testing.T) {
	t.Parallel()
	want := map[string][]string{"web-api": {"opal_x_done_total", "opal_x_seconds", "opal_x_waiting"}}
	for _, protocol := range []string{otlp.HTTP, otlp.GRPC} {
		t.Run(protocol, func(t *testing.T) {
			t.Parallel()
			c := otlptest.New(t)
			o := otlp.Options{Endpoint: c.URL, Protocol: protocol, Role: "web-api"}
			if protocol == otlp.GRPC {
				l, err := net.Listen("tcp", "127.0.0.1:0")
				if err != nil {
					t.Fatal(err)
				}
				s := grpc.NewServer()
				figures.RegisterMetricsServiceServer(s, figureServer{to: c})
				go func() { _ = s.Serve(l) }()
				t.Cleanup(s.Stop)
				o.Endpoint = "http://" + l.Addr().String()
			}
			m, err := otlp.OpenMetrics(t.Context(), o, registry())
			if err != nil {
				t.Fatal(err)
			}
			if err := m.Shutdown(t.Context()); err != nil { // which sends them
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, c.Metrics()); diff != "" {
				t.Errorf("want -, got +:\n%s", diff)
			}
		})
	}
}

type figureServer struct {
	figures.UnimplementedMetricsServiceServer
	to *otlptest.Server
}

func (s figureServer) Export(_ context.Context, r *figures.ExportMetricsServiceRequest) (*figures.ExportMetricsServiceResponse, error) {
	s.to.AddMetrics(r)
	return &figures.ExportMetricsServiceResponse{}, nil
}

// A collector that is not there costs a line.
func TestFiguresThatCanNotBeSent(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	m, err := otlp.OpenMetrics(t.Context(), otlp.Options{Endpoint: "http://" + addr, Protocol: otlp.HTTP, Log: zerolog.New(&log)}, registry())
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		_ = m.ForceFlush(t.Context())
	}
	if err := m.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	if n := strings.Count(log.String(), "Figures can't be sent"); n != 1 {
		t.Errorf("%d lines:\n%s", n, log.String())
	}
}
