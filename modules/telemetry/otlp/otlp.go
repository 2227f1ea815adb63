// Package otlp sends spans and figures to a collector by the OpenTelemetry protocol. It makes the
// provider that package telemetry begins spans with; the composition root alone
// imports it.
package otlp

import (
	"context"
	"fmt"
	"net/url"
	"strings"

	"github.com/rs/zerolog"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	"go.opentelemetry.io/otel/sdk/trace"

	"github.com/opal-photo/opal/modules/fault"
)

// The protocols, by their names in OTEL_EXPORTER_OTLP_PROTOCOL.
const (
	HTTP = "http/protobuf"
	GRPC = "grpc"
)

// ErrOptions says which of the OTEL_ settings can't be read.
var ErrOptions = fault.New(fault.Invalid, "otel_options", "The OpenTelemetry settings are not valid")

// Options say where spans are sent and what they are marked with. The texts have the
// forms of the standard variables of the same names.
type Options struct {
	Endpoint        string // the collector's base URL; over HTTP /v1/traces or /v1/metrics is added
	TracesEndpoint  string // the whole URL of traces; before Endpoint
	MetricsEndpoint string // the whole URL of figures; before Endpoint
	Protocol        string // HTTP or GRPC
	Headers         string // name=value,name=value, percent-encoded
	Attributes      string // name=value,name=value, percent-encoded
	Service         string // before the one of Attributes
	Role            string // the service where neither names one
	Version         string
	Environment     string
	Sampler         string // "": parentbased_always_on
	Ratio           float64
	Log             zerolog.Logger
}

// Open returns a provider of spans. It dials nothing before the first spans are sent,
// which is done beside the work: a collector that can't be reached costs the spans and
// a line in the log now and then. The caller calls Shutdown, which sends what is left.
// What Options don't say, such as OTEL_BSP_SCHEDULE_DELAY, the SDK reads from the
// environment. Error: ErrOptions.
func Open(ctx context.Context, o Options) (*trace.TracerProvider, error) {
	sampler, err := samplerOf(o.Sampler, o.Ratio)
	if err != nil {
		return nil, err
	}
	res, err := o.resource(ctx)
	if err != nil {
		return nil, err
	}
	c, err := o.client()
	if err != nil {
		return nil, err
	}
	exporter, err := otlptrace.New(ctx, c)
	if err != nil {
		return nil, fmt.Errorf("prepare to send traces: %w", err)
	}
	return trace.NewTracerProvider(
		trace.WithSampler(sampler), trace.WithResource(res),
		trace.WithSpanProcessor(marker{}), trace.WithBatcher(&quiet{exporter, failures{log: o.Log, lost: "spans", message: "Traces can't be sent; they are lost, and the work goes on"}}),
	), nil
}

// client returns what speaks the protocol for traces. It dials nothing.
func (o Options) client() (otlptrace.Client, error) {
	headers, err := o.headers()
	if err != nil {
		return nil, err
	}
	endpoint := o.TracesEndpoint
	if endpoint == "" {
		endpoint = o.Endpoint
	}
	if o.Protocol == GRPC {
		return otlptracegrpc.NewClient(otlptracegrpc.WithEndpointURL(endpoint), otlptracegrpc.WithHeaders(headers)), nil
	}
	if o.TracesEndpoint == "" {
		endpoint = strings.TrimRight(endpoint, "/") + "/v1/traces"
	}
	return otlptracehttp.NewClient(otlptracehttp.WithEndpointURL(endpoint), otlptracehttp.WithHeaders(headers)), nil
}

// headers are those of every call of the collector.
func (o Options) headers() (map[string]string, error) {
	all, err := pairs(o.Headers)
	if err != nil {
		return nil, ErrOptions.With("OTEL_EXPORTER_OTLP_HEADERS must be name=value,name=value, percent-encoded")
	}
	return all, nil
}

// resource says who the process is.
func (o Options) resource(ctx context.Context) (*resource.Resource, error) {
	named, err := pairs(o.Attributes)
	if err != nil {
		return nil, ErrOptions.With("OTEL_RESOURCE_ATTRIBUTES must be name=value,name=value, percent-encoded")
	}
	// the last of a name holds
	all := []attribute.KeyValue{
		attribute.String("service.name", o.Role), attribute.String("service.version", o.Version), attribute.String("deployment.environment.name", o.Environment),
	}
	for name, value := range named {
		all = append(all, attribute.String(name, value))
	}
	if o.Service != "" {
		all = append(all, attribute.String("service.name", o.Service))
	}
	// what can't be found out about the host is left out
	res, err := resource.New(ctx, resource.WithTelemetrySDK(), resource.WithHost(), resource.WithAttributes(all...))
	if res == nil {
		return nil, fmt.Errorf("describe the process: %w", err)
	}
	return res, nil
}

// pairs reads name=value,name=value with percent-encoded values.
func pairs(text string) (map[string]string, error) {
	out := map[string]string{}
	for part := range strings.SplitSeq(text, ",") {
		if strings.TrimSpace(part) == "" {
			continue
		}
		name, value, found := strings.Cut(part, "=")
		name = strings.TrimSpace(name)
		plain, err := url.PathUnescape(strings.TrimSpace(value))
		if !found || name == "" || err != nil {
			return nil, ErrOptions
		}
		out[name] = plain
	}
	return out, nil
}

// Samplers are the values of OTEL_TRACES_SAMPLER.
var Samplers = []string{"always_on", "always_off", "traceidratio", "parentbased_always_on", "parentbased_always_off", "parentbased_traceidratio"}

func samplerOf(name string, ratio float64) (trace.Sampler, error) {
	rest, based := strings.CutPrefix(name, "parentbased_")
	var s trace.Sampler
	switch rest {
	case "", "always_on":
		s, based = trace.AlwaysSample(), based || rest == ""
	case "always_off":
		s = trace.NeverSample()
	case "traceidratio":
		s = trace.TraceIDRatioBased(ratio)
	default:
		return nil, ErrOptions.With("OTEL_TRACES_SAMPLER must be one of %s", strings.Join(Samplers, ", "))
	}
	if based {
		s = trace.ParentBased(s)
	}
	return s, nil
}
