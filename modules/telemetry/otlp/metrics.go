package otlp

import (
	"context"
	"fmt"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	bridge "go.opentelemetry.io/contrib/bridges/prometheus"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetricgrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetrichttp"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
)

// OpenMetrics returns what sends a registry's figures to the collector each minute, or as
// often as OTEL_METRIC_EXPORT_INTERVAL says in the environment. They have the names that
// Prometheus reads. The caller calls Shutdown, which sends them a last time. A collector that
// can't be reached costs a line in the log now and then. Error: ErrOptions.
func OpenMetrics(ctx context.Context, o Options, from prometheus.Gatherer) (*metric.MeterProvider, error) {
	res, err := o.resource(ctx)
	if err != nil {
		return nil, err
	}
	exporter, err := o.metricExporter(ctx)
	if err != nil {
		return nil, err
	}
	reader := metric.NewPeriodicReader(&quietMetrics{Exporter: exporter, quiet: failures{log: o.Log, lost: "reports", message: "Figures can't be sent; they stay where Prometheus reads them"}},
		metric.WithProducer(bridge.NewMetricProducer(bridge.WithGatherer(from))))
	return metric.NewMeterProvider(metric.WithReader(reader), metric.WithResource(res)), nil
}

// metricExporter returns what speaks the protocol. It dials nothing.
func (o Options) metricExporter(ctx context.Context) (metric.Exporter, error) {
	headers, err := o.headers()
	if err != nil {
		return nil, err
	}
	endpoint := o.MetricsEndpoint
	if endpoint == "" {
		endpoint = o.Endpoint
	}
	var e metric.Exporter
	if o.Protocol == GRPC {
		e, err = otlpmetricgrpc.New(ctx, otlpmetricgrpc.WithEndpointURL(endpoint), otlpmetricgrpc.WithHeaders(headers))
	} else {
		if o.MetricsEndpoint == "" {
			endpoint = strings.TrimRight(endpoint, "/") + "/v1/metrics"
		}
		e, err = otlpmetrichttp.New(ctx, otlpmetrichttp.WithEndpointURL(endpoint), otlpmetrichttp.WithHeaders(headers))
	}
	if err != nil {
		return nil, fmt.Errorf("prepare to send figures: %w", err)
	}
	return e, nil
}

// quietMetrics is an exporter whose failures are logged, seldom, and end there.
type quietMetrics struct {
	metric.Exporter
	quiet failures
}

// Export sends figures. It returns nil.
func (q *quietMetrics) Export(ctx context.Context, m *metricdata.ResourceMetrics) error {
	if err := q.Exporter.Export(ctx, m); err != nil {
		q.quiet.note(err, 1)
	}
	return nil
}
