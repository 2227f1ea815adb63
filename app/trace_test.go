package app_test

import (
	"maps"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/opal-photo/opal/app/apptest"
	"github.com/opal-photo/opal/modules/telemetry/otlptest"
)

// itemTrace is the trace of one item from the call that completes its upload to the
// events that its job's callback gets, without the calls to databases and stores.
const itemTrace = `web-api: POST /v1/uploads/complete
  web-api: send jobs
    orchestrator: process jobs
      orchestrator: send exports
        export-worker: process exports
          export-worker: send exports
            export-worker: process exports
              web-api: deliver webhook
                web-api: HTTP POST
              web-api: deliver webhook
                web-api: HTTP POST
          export-worker: variant web_thumb
      orchestrator: step cutout
      orchestrator: step ingest
      orchestrator: step lock
      orchestrator: step output
      orchestrator: step place
        orchestrator: HTTP POST
          scoring: POST /score
            scoring: engine stub
      web-api: deliver webhook
        web-api: HTTP POST
      web-api: deliver webhook
        web-api: HTTP POST
`

// senderOfJobs is who sent the item's message: on a busy machine another role may find it waiting first.
var senderOfJobs = regexp.MustCompile(`( ) [a-z-]+: send jobs`)

// everyFigure waits until each role has sent its figures to the collector.
func (a *apart) everyFigure(t *testing.T) {
	for _, role := range []string{"web-api", "orchestrator", "export-worker", "scoring", "billing-service"} {
		t.Run(role, func(t *testing.T) {
			for end := time.Now().Add(time.Minute); !slices.Contains(a.traces.Metrics()[role], "go_goroutines"); time.Sleep(200 * time.Millisecond) {
				if time.Now().After(end) {
					t.Fatalf("it sends none; %v do", slices.Sorted(maps.Keys(a.traces.Metrics())))
				}
			}
		})
	}
}

// oneTrace follows one item through all roles.
func (a *apart) oneTrace(t *testing.T, photo []byte) {
	shop := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }))
	defer shop.Close()
	var j apptest.Job
	if code := a.api.Call(http.MethodPost, "/v1/jobs", map[string]any{"tenant_id": "default", "presets": []string{"web_thumb"}, "items": []any{map[string]any{"filename": "p.jpg"}},
		"callback_url": shop.URL + "/token-of-the-shop", "processing_options": map[string]any{"upscale": false}}, &j); code != http.StatusOK {
		t.Fatalf("create: %d", code)
	}
	item := j.Items[0].ItemID
	a.api.Upload(j.JobID, item, "p.jpg", photo)
	j = a.api.Wait(j.JobID)

	// what talks to the database and to the store differs with the way it is taken
	noise := func(s otlptest.Span) bool {
		return s.Attributes["db.system.name"] != "" || s.Attributes["url.full"] == "http://"+a.blobs.Addr()
	}
	var spans []otlptest.Span
	tree := ""
	for deadline := time.Now().Add(apptest.JobPatience); time.Now().Before(deadline) && tree != itemTrace; time.Sleep(200 * time.Millisecond) {
		spans = a.traces.Spans()
		for _, s := range spans {
			if s.Name == "process jobs" && s.Attributes["item_id"] == item {
				tree = senderOfJobs.ReplaceAllString(otlptest.Tree(spans, s.Trace, noise), "$1 web-api: send jobs")
				spans = traceOf(spans, s.Trace)
				break
			}
		}
	}
	if diff := cmp.Diff(itemTrace, tree); diff != "" {
		t.Fatalf("the item's trace (-want +got):\n%s", diff)
	}
	statements := 0
	for _, s := range spans {
		switch {
		case s.Attributes["db.system.name"] != "":
			statements++
		case s.Kind == "CONSUMER" && len(s.Links) != 1:
			t.Errorf("%s: %s has no link to its sender", s.Service, s.Name)
		}
		// the API's own call has the id of the request
		if id := s.Attributes["correlation_id"]; id == "" || s.Service != "web-api" && id != j.CorrelationID {
			t.Errorf("%s: %s has the correlation id %q, the job %q", s.Service, s.Name, id, j.CorrelationID)
		}
	}
	if statements == 0 {
		t.Error("no statement has a span")
	}
	for _, secret := range []string{"sig=", "token-of-the-shop", "Bearer "} {
		if strings.Contains(a.traces.Raw(), secret) {
			t.Errorf("the traces hold %q", secret)
		}
	}
}

func traceOf(all []otlptest.Span, trace string) (out []otlptest.Span) {
	for _, s := range all {
		if s.Trace == trace {
			out = append(out, s)
		}
	}
	return out
}
