package otlp_test

import (
	"bytes"
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rs/zerolog"
	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/grpc"

	"github.com/opal-photo/opal/modules/fault"
	"github.com/opal-photo/opal/modules/telemetry"
	"github.com/opal-photo/opal/modules/telemetry/otlp"
	"github.com/opal-photo/opal/modules/telemetry/otlptest"
)

// process is a context that makes spans as a process does, and how it ends.
func process(t *testing.T, o otlp.Options) (ctx context.Context, end func()) {
	t.Helper()
	p, err := otlp.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return telemetry.WithTracing(t.Context(), p), func() {
		if err := p.Shutdown(t.Context()); err != nil {
			t.Error(err)
		}
	}
}

// TestOneTraceOverProcesses follows a call from a service through a message to another,
// and from there to a third.
func TestOneTraceOverProcesses(t *testing.T) {
	t.Parallel()
	c := otlptest.New(t)
	api, endAPI := process(t, otlp.Options{Endpoint: c.URL, Role: "web-api"})
	worker, endWorker := process(t, otlp.Options{Endpoint: c.URL + "/", Role: "orchestrator"})
	scoring, endScoring := process(t, otlp.Options{TracesEndpoint: c.URL + "/v1/traces", Role: "scoring"})

	message := ""
	front := httptest.NewServer(telemetry.Traced(api, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/healthz" {
			return
		}
		ctx := telemetry.With(r.Context(), telemetry.IDs{CorrelationID: "c", JobID: "j"})
		telemetry.Routed(ctx, r.Method, "/v1/jobs/{job_id}/enqueue", "")
		message = telemetry.TraceparentOf(ctx)
	}), true))
	defer front.Close()
	back := httptest.NewServer(telemetry.Traced(scoring, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx := telemetry.With(r.Context(), telemetry.IDs{CorrelationID: "c"})
		telemetry.Routed(ctx, r.Method, "/score", "engine_down")
		w.WriteHeader(http.StatusServiceUnavailable)
	}), false))
	defer back.Close()

	// a stranger's trace is linked to, and not continued
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, front.URL+"/v1/jobs/j/enqueue?token=secret-of-callers", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
	if res, err := http.DefaultClient.Do(req); err != nil {
		t.Fatal(err)
	} else {
		res.Body.Close()
	}
	res, err := http.Get(front.URL + "/healthz")
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()

	carried, sent := telemetry.Send(telemetry.With(api, telemetry.IDs{CorrelationID: "c"}), message, "send jobs")
	sent(nil)
	ctx, done := telemetry.Receive(telemetry.With(worker, telemetry.IDs{CorrelationID: "c", ItemID: "i"}), carried, "process jobs")
	inner, ended := telemetry.Start(ctx, "step place")
	calls := &http.Client{Transport: telemetry.Transport(http.DefaultTransport)}
	req, err = http.NewRequestWithContext(inner, http.MethodPost, back.URL+"/secret-path?sig=secret-signature", strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	if res, err := calls.Do(req); err != nil {
		t.Fatal(err)
	} else {
		res.Body.Close()
	}
	failure := fault.New(fault.Unavailable, "score_unavailable", "a text that quotes secret-text")
	ended(failure)
	done(errors.Join(failure))
	for _, end := range []func(){endAPI, endWorker, endScoring} {
		end()
	}

	spans := c.Spans()
	var root otlptest.Span
	for _, s := range spans {
		if s.Parent == "" {
			root = s
		}
		if s.Attributes["correlation_id"] != "c" {
			t.Errorf("%s has the correlation id %q", s.Name, s.Attributes["correlation_id"])
		}
	}
	want := `web-api: POST /v1/jobs/{job_id}/enqueue
  web-api: send jobs
    orchestrator: process jobs
      orchestrator: step place
        orchestrator: HTTP POST
          scoring: POST /score
`
	if diff := cmp.Diff(want, otlptest.Tree(spans, root.Trace, nil)); diff != "" {
		t.Errorf("the trace (-want +got):\n%s", diff)
	}
	if len(spans) != 6 {
		t.Errorf("%d spans have come, probes included", len(spans))
	}
	if diff := cmp.Diff([]string{"0af7651916cd43dd8448eb211c80319c"}, root.LinkedTraces); diff != "" {
		t.Errorf("the caller's trace (-want +got):\n%s", diff)
	}
	byName := map[string]otlptest.Span{}
	for _, s := range spans {
		byName[s.Name] = s
	}
	received := byName["process jobs"]
	if diff := cmp.Diff([]string{byName["send jobs"].ID}, received.Links); diff != "" {
		t.Errorf("the link to the sender (-want +got):\n%s", diff)
	}
	for _, name := range []string{"process jobs", "step place"} {
		if s := byName[name]; !s.Failed || s.Attributes["error.type"] != "score_unavailable" || s.Attributes["item_id"] != "i" {
			t.Errorf("%s: %+v", name, s)
		}
	}
	if s := byName["POST /score"]; !s.Failed || s.Attributes["http.response.status_code"] != "503" || s.Attributes["error.type"] != "engine_down" {
		t.Errorf("POST /score: %+v", s)
	}
	if s := byName["HTTP POST"]; s.Attributes["url.full"] != back.URL || s.Kind != "CLIENT" {
		t.Errorf("the call: %+v", s)
	}
	for _, secret := range []string{"secret-of-callers", "secret-signature", "secret-text"} {
		if strings.Contains(c.Raw(), secret) {
			t.Errorf("the traces hold %q", secret)
		}
	}
}

// TestWithoutTracing makes no span and carries on what others began.
func TestWithoutTracing(t *testing.T) {
	t.Parallel()
	const other = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
	if carried, end := telemetry.Send(t.Context(), other, "send jobs"); carried != other {
		t.Errorf("a message carries %q", carried)
	} else {
		end(nil)
	}
	ctx, end := telemetry.Receive(t.Context(), other, "process jobs")
	end(nil)
	if got := telemetry.TraceparentOf(ctx); got != "" {
		t.Errorf("the work is within %q", got)
	}
	h := http.NotFoundHandler()
	if got := telemetry.Traced(t.Context(), h, false); got == nil {
		t.Error("no handler")
	}
}

// TestUnreadableTraceparent begins a trace where the message's is nonsense.
func TestUnreadableTraceparent(t *testing.T) {
	t.Parallel()
	c := otlptest.New(t)
	ctx, stop := process(t, otlp.Options{Endpoint: c.URL})
	for _, text := range []string{"", "nonsense", "00-00000000000000000000000000000000-0000000000000000-01", strings.Repeat("0", 1<<16)} {
		_, end := telemetry.Receive(ctx, text, "process jobs")
		end(nil)
	}
	stop()
	spans := c.Spans()
	if len(spans) != 4 {
		t.Fatalf("%d spans", len(spans))
	}
	for _, s := range spans {
		if s.Parent != "" || len(s.Links) != 0 {
			t.Errorf("%+v", s)
		}
	}
}

// TestOptions reads the forms of the standard variables.
func TestOptions(t *testing.T) {
	t.Parallel()
	c := otlptest.New(t)
	ctx, stop := process(t, otlp.Options{Endpoint: c.URL, Headers: "api-key=a%2Cb, x-team = studio", Attributes: "service.name=shop,team=a%20b", Role: "web-api"})
	_, end := telemetry.Start(ctx, "work")
	end(nil)
	stop()
	if got := c.Headers(); got.Get("Api-Key") != "a,b" || got.Get("X-Team") != "studio" {
		t.Errorf("headers %v", got)
	}
	if spans := c.Spans(); len(spans) != 1 || spans[0].Service != "shop" {
		t.Errorf("%+v", spans)
	}
	for name, o := range map[string]otlp.Options{
		"headers": {Endpoint: c.URL, Headers: "api-key"}, "attributes": {Endpoint: c.URL, Attributes: "a=%zz"}, "sampler": {Endpoint: c.URL, Sampler: "sometimes"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := otlp.Open(t.Context(), o); !errors.Is(err, otlp.ErrOptions) {
				t.Errorf("%v", err)
			}
		})
	}
}

// TestSampling records whole traces or none of them.
func TestSampling(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		sampler string
		ratio   float64
		want    int
	}{{"always_off", 1, 0}, {"parentbased_always_on", 1, 2}, {"traceidratio", 0, 0}, {"parentbased_traceidratio", 1, 2}, {"", 0, 2}} {
		t.Run(row.sampler, func(t *testing.T) {
			t.Parallel()
			c := otlptest.New(t)
			ctx, stop := process(t, otlp.Options{Endpoint: c.URL, Sampler: row.sampler, Ratio: row.ratio})
			ctx, end := telemetry.Start(ctx, "outer")
			_, endInner := telemetry.Receive(ctx, telemetry.TraceparentOf(ctx), "inner")
			endInner(nil)
			end(nil)
			stop()
			if got := len(c.Spans()); got != row.want {
				t.Errorf("%d spans, want %d", got, row.want)
			}
		})
	}
}

// TestDeadCollector loses the spans, says so once, and holds up nothing.
func TestDeadCollector(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := "http://" + l.Addr().String()
	l.Close()
	var said bytes.Buffer
	p, err := otlp.Open(t.Context(), otlp.Options{Endpoint: address, Log: zerolog.New(zerolog.SyncWriter(&said))})
	if err != nil {
		t.Fatal(err)
	}
	ctx := telemetry.WithTracing(t.Context(), p)
	for range 5 {
		_, end := telemetry.Start(ctx, "work")
		end(nil)
		flush, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		_ = p.ForceFlush(flush)
		cancel()
	}
	stop, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	_ = p.Shutdown(stop)
	if got := strings.Count(said.String(), "Traces can't be sent"); got != 1 {
		t.Errorf("it was said %d times:\n%s", got, said.String())
	}
}

// TestGRPC sends by the other protocol.
func TestGRPC(t *testing.T) {
	t.Parallel()
	c := otlptest.New(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := grpc.NewServer()
	collector.RegisterTraceServiceServer(s, receiver{to: c})
	go func() { _ = s.Serve(l) }()
	defer s.Stop()
	ctx, stop := process(t, otlp.Options{Endpoint: "http://" + l.Addr().String(), Protocol: otlp.GRPC, Role: "web-api"})
	_, end := telemetry.Start(ctx, "work")
	end(nil)
	stop()
	if spans := c.Spans(); len(spans) != 1 || spans[0].Name != "work" || spans[0].Service != "web-api" {
		t.Errorf("%+v", spans)
	}
}

type receiver struct {
	collector.UnimplementedTraceServiceServer
	to *otlptest.Server
}

func (r receiver) Export(_ context.Context, req *collector.ExportTraceServiceRequest) (*collector.ExportTraceServiceResponse, error) {
	r.to.Add(req)
	return &collector.ExportTraceServiceResponse{}, nil
}
