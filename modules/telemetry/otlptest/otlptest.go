// Package otlptest is a collector for tests: it receives spans and figures by OTLP over
// HTTP and shows them.
package otlptest

import (
	"bytes"
	"compress/gzip"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	figures "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	common "go.opentelemetry.io/proto/otlp/common/v1"
	wire "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

// Span is a span as it was received.
type Span struct {
	Service, Name             string
	Trace, ID, Parent         string // hexadecimal; Parent is "" of a root
	Kind                      string // INTERNAL, SERVER, CLIENT, PRODUCER or CONSUMER
	Failed                    bool
	Attributes                map[string]string
	Links                     []string // the ids of the spans that it is linked to
	LinkedTraces              []string // and their traces
	Library                   string   // that made it
	StartedAt, EndedAt        time.Time
	DroppedAttributes, Events int
}

// Server is a collector on loopback.
type Server struct {
	URL string // the base, for OTEL_EXPORTER_OTLP_ENDPOINT

	mu      sync.Mutex
	spans   []Span
	metrics map[string][]string
	raw     bytes.Buffer
	headers http.Header
}

// New starts a collector that ends with the test.
func New(t testing.TB) *Server {
	t.Helper()
	s := &Server{}
	h := httptest.NewServer(http.HandlerFunc(s.receive))
	t.Cleanup(h.Close)
	s.URL = h.URL
	return s
}

func (s *Server) receive(w http.ResponseWriter, r *http.Request) {
	body := io.Reader(r.Body)
	if r.Header.Get("Content-Encoding") == "gzip" {
		z, err := gzip.NewReader(r.Body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		body = z
	}
	b, err := io.ReadAll(body)
	if r.URL.Path == "/v1/metrics" && err == nil {
		var m figures.ExportMetricsServiceRequest
		if err := proto.Unmarshal(b, &m); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		s.AddMetrics(&m)
		w.Header().Set("Content-Type", "application/x-protobuf")
		return
	}
	var req collector.ExportTraceServiceRequest
	if err == nil {
		err = proto.Unmarshal(b, &req)
	}
	if err != nil || r.URL.Path != "/v1/traces" || r.Header.Get("Content-Type") != "application/x-protobuf" {
		http.Error(w, fmt.Sprintf("%s: %v", r.URL.Path, err), http.StatusBadRequest)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.headers = r.Header.Clone()
	s.raw.Write(b)
	s.add(&req)
	w.Header().Set("Content-Type", "application/x-protobuf")
}

// Add takes spans that came by another way.
func (s *Server) Add(req *collector.ExportTraceServiceRequest) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.add(req)
}

// AddMetrics takes figures that came by another way.
func (s *Server) AddMetrics(req *figures.ExportMetricsServiceRequest) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range req.GetResourceMetrics() {
		service := attributes(r.GetResource().GetAttributes())["service.name"]
		for _, scope := range r.GetScopeMetrics() {
			for _, m := range scope.GetMetrics() {
				if !slices.Contains(s.metrics[service], m.GetName()) {
					if s.metrics == nil {
						s.metrics = map[string][]string{}
					}
					s.metrics[service] = append(s.metrics[service], m.GetName())
				}
			}
		}
	}
}

// Metrics returns the names of the figures that each service has sent.
func (s *Server) Metrics() map[string][]string {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := map[string][]string{}
	for service, names := range s.metrics {
		out[service] = slices.Sorted(slices.Values(names))
	}
	return out
}

func (s *Server) add(req *collector.ExportTraceServiceRequest) {
	for _, r := range req.GetResourceSpans() {
		service := attributes(r.GetResource().GetAttributes())["service.name"]
		for _, scope := range r.GetScopeSpans() {
			for _, x := range scope.GetSpans() {
				s.spans = append(s.spans, read(service, scope.GetScope().GetName(), x))
			}
		}
	}
}

func read(service, library string, x *wire.Span) Span {
	one := Span{
		Service: service, Name: x.GetName(), Library: library, Kind: strings.TrimPrefix(x.GetKind().String(), "SPAN_KIND_"),
		Trace: hex.EncodeToString(x.GetTraceId()), ID: hex.EncodeToString(x.GetSpanId()), Parent: hex.EncodeToString(x.GetParentSpanId()),
		Failed: x.GetStatus().GetCode() == wire.Status_STATUS_CODE_ERROR, Attributes: attributes(x.GetAttributes()),
		StartedAt: time.Unix(0, int64(x.GetStartTimeUnixNano())), EndedAt: time.Unix(0, int64(x.GetEndTimeUnixNano())), //nolint:gosec // times of this century
		DroppedAttributes: int(x.GetDroppedAttributesCount()), Events: len(x.GetEvents()),
	}
	for _, l := range x.GetLinks() {
		one.Links = append(one.Links, hex.EncodeToString(l.GetSpanId()))
		one.LinkedTraces = append(one.LinkedTraces, hex.EncodeToString(l.GetTraceId()))
	}
	return one
}

func attributes(all []*common.KeyValue) map[string]string {
	out := map[string]string{}
	for _, a := range all {
		switch v := a.GetValue().GetValue().(type) {
		case *common.AnyValue_StringValue:
			out[a.GetKey()] = v.StringValue
		case *common.AnyValue_IntValue:
			out[a.GetKey()] = fmt.Sprint(v.IntValue)
		case *common.AnyValue_BoolValue:
			out[a.GetKey()] = fmt.Sprint(v.BoolValue)
		default:
			out[a.GetKey()] = a.GetValue().String()
		}
	}
	return out
}

// Spans returns what has come.
func (s *Server) Spans() []Span {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.spans)
}

// Raw returns the bytes of all requests, decompressed.
func (s *Server) Raw() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.raw.String()
}

// Headers returns those of the latest request.
func (s *Server) Headers() http.Header {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.headers
}

// Tree returns the spans of a trace as lines, "service: name", each indented below its
// parent and in the order of their names. Spans that leave chooses are left out, with
// what is below them. A span whose parent has not come stands at the left, behind "?".
func Tree(spans []Span, trace string, leave func(Span) bool) string {
	below, here := map[string][]Span{}, map[string]bool{}
	for _, x := range spans {
		if x.Trace == trace {
			here[x.ID] = true
		}
	}
	for _, x := range spans {
		switch {
		case x.Trace != trace || leave != nil && leave(x):
		case x.Parent != "" && !here[x.Parent]:
			below[""] = append(below[""], Span{ID: x.ID, Service: x.Service, Name: "? " + x.Name})
		default:
			below[x.Parent] = append(below[x.Parent], x)
		}
	}
	var b strings.Builder
	var write func(parent string, depth int)
	write = func(parent string, depth int) {
		children := below[parent]
		slices.SortStableFunc(children, func(a, c Span) int { return strings.Compare(a.Service+a.Name, c.Service+c.Name) })
		for _, x := range children {
			fmt.Fprintf(&b, "%s%s: %s\n", strings.Repeat("  ", depth), x.Service, x.Name)
			write(x.ID, depth+1)
		}
	}
	write("", 0)
	return b.String()
}
