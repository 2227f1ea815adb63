package api

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/opal-photo/opal/modules/client"
	"github.com/opal-photo/opal/modules/job"
)

// filled gives a job of three items of which the second is finished and the third's
// photo was refused.
func filled(t *testing.T, h *house) (jobID string) {
	t.Helper()
	jobID, _ = h.make(t, "t1")
	output, code, text := "t1/j/b/output/a1.png", "image_corrupt", "The picture is damaged"
	h.jobs.jobs[jobID].Items = []job.Item{
		{ItemID: "a", Filename: "a.jpg", Status: job.ItemQueued},
		{ItemID: "b", Filename: "b.jpg", Status: job.ItemCompleted, OutputBlobPath: &output, Review: &job.Review{State: "pending"}},
		{ItemID: "c", Filename: "c.jpg", Status: job.ItemCreated, ErrorCode: &code, ErrorMessage: &text},
	}
	return jobID
}

func TestAJobsItemsAreReadInPages(t *testing.T) {
	h := newHouse(t)
	jobID := filled(t, h)
	path := "/v1/jobs/" + jobID + "/items?tenant_id=t1"
	for name, c := range map[string]struct {
		query string
		want  string
	}{
		"all":                  {"", "a b c"},
		"the first page":       {"&limit=2", "a b >2"},
		"the last page":        {"&limit=2&cursor=2", "c"},
		"past the end":         {"&cursor=99", ""},
		"two by their ids":     {"&item_id=c&item_id=a", "a c"},
		"one that is not here": {"&item_id=x", ""},
	} {
		t.Run(name, func(t *testing.T) {
			a := h.do(t, http.MethodGet, path+c.query, "")
			var got []string
			for _, it := range listOf(a.json(t)["items"]) {
				got = append(got, it.(map[string]any)["item_id"].(string))
			}
			if next, ok := a.json(t)["next_cursor"].(string); ok {
				got = append(got, ">"+next)
			}
			if d := cmp.Diff(c.want, strings.Join(got, " ")); a.status != http.StatusOK || d != "" {
				t.Errorf("%d %s", a.status, d)
			}
		})
	}
	for _, bad := range []string{"x", "-1"} {
		t.Run("cursor "+bad, func(t *testing.T) {
			if a := h.do(t, http.MethodGet, path+"&cursor="+bad, ""); a.status < 400 || a.status >= 500 {
				t.Errorf("%d %s", a.status, a.body)
			}
		})
	}
}

func TestAnItemInBriefSaysWhatATileShows(t *testing.T) {
	h := newHouse(t)
	a := h.do(t, http.MethodGet, "/v1/jobs/"+filled(t, h)+"/items?tenant_id=t1", "")
	items := listOf(a.json(t)["items"])
	finished, refused := items[1].(map[string]any), items[2].(map[string]any)
	if finished["review"] != "pending" || finished["picture"] == nil || finished["error_code"] != nil {
		t.Errorf("%v", finished)
	}
	if refused["status"] != "created" || refused["error_code"] != "image_corrupt" || refused["error_message"] != "The picture is damaged" || refused["picture"] != nil {
		t.Errorf("%v", refused)
	}
	if len(a.body) > 3*1000 {
		t.Errorf("%d bytes for 3 items", len(a.body))
	}
}

func TestAnItemIsReadAndLeftOut(t *testing.T) {
	h := newHouse(t)
	path := "/v1/jobs/" + filled(t, h) + "/items/"
	if a := h.do(t, http.MethodGet, path+"c?tenant_id=t1", ""); a.status != http.StatusOK || a.json(t)["item_id"] != "c" || a.json(t)["steps"] == nil {
		t.Errorf("%d %s", a.status, a.body)
	}
	for name, c := range map[string]struct {
		method, path string
		status       int
	}{
		"a refused photo":              {"POST", "c/cancel?tenant_id=t1", 200},
		"again":                        {"POST", "c/cancel?tenant_id=t1", 200},
		"a finished picture":           {"POST", "b/cancel?tenant_id=t1", 409},
		"another tenant's":             {"POST", "a/cancel?tenant_id=t2", 404},
		"one that is not there":        {"GET", "x?tenant_id=t1", 404},
		"an id that can't be":          {"GET", "a%20b?tenant_id=t1", 404},
		"a thumbnail of another's":     {"GET", "b/thumbnail?tenant_id=t2", 404},
		"a thumbnail of no id at all":  {"GET", "b%20/thumbnail?tenant_id=t1", 404},
		"a thumbnail of what is there": {"GET", "b/thumbnail?tenant_id=t1", 200},
	} {
		t.Run(name, func(t *testing.T) {
			if a := h.do(t, c.method, path+c.path, ""); a.status != c.status {
				t.Errorf("%d %s", a.status, a.body)
			}
		})
	}
}

func TestAThumbnailOfAVersionIsKeptByBrowsers(t *testing.T) {
	h := newHouse(t)
	path := "/v1/jobs/" + filled(t, h) + "/items/b/thumbnail?tenant_id=t1"
	const lasting = "private, max-age=31536000, immutable"
	for query, want := range map[string]struct{ cache, body string }{
		"": {"private, no-cache", "RIFF"}, "&version=3f9a2c1d": {lasting, "RIFF"}, "&of=picture&version=3f9a2c1d": {lasting, "RIFF"}, "&of=photo&version=b81e07f4": {lasting, "RIFFphoto"},
		"&of=photo&version=" + strings.Repeat("d/", 512): {lasting, "RIFFphoto"}, // a photo's path, as long as the store takes them
	} {
		t.Run(fmt.Sprintf("%q", query), func(t *testing.T) {
			a := h.do(t, http.MethodGet, path+query, "")
			if got := a.header.Get("Cache-Control"); a.status != http.StatusOK || got != want.cache || a.header.Get("Content-Type") != "image/webp" || a.body != want.body {
				t.Errorf("%d %q %q", a.status, got, a.body)
			}
		})
	}
}

// A delta names an item when it was not named before, and when it has changed since.
func TestADeltaNamesWhatChanged(t *testing.T) {
	st := &stream{sent: map[string]client.ItemProgress{}}
	at := func(statuses ...string) *view {
		v := &view{}
		for i, s := range statuses {
			v.items.Items = append(v.items.Items, client.ItemProgress{ItemID: fmt.Sprint(i), Status: s})
		}
		return v
	}
	for _, c := range []struct {
		now  *view
		want string
	}{
		{at("queued", "queued"), "0 1"}, {at("queued", "queued"), ""}, {at("queued", "processing"), "1"}, {at("failed", "completed", "queued"), "0 1 2"},
	} {
		var got []string
		for _, it := range st.delta(c.now).(client.Progress).Items {
			got = append(got, it.ItemID)
		}
		if d := cmp.Diff(c.want, strings.Join(got, " ")); d != "" {
			t.Error(d)
		}
	}
}

// goneCallers has the caller of a thumbnail leave while it is made.
type goneCallers struct {
	Downloads
	leave context.CancelFunc
}

func (g *goneCallers) Thumbnail(ctx context.Context, _, _, _ string) ([]byte, error) {
	g.leave()
	return nil, fmt.Errorf("thumbnail: %w", ctx.Err())
}

func TestACallerWhoLeavesIsNoFault(t *testing.T) {
	g := &goneCallers{}
	h := newHouse(t, func(o *Options) { g.Downloads, o.Downloads = o.Downloads, g })
	path := "/v1/jobs/" + filled(t, h) + "/items/b/thumbnail?tenant_id=t1"
	ctx, leave := context.WithCancel(t.Context())
	g.leave = leave
	h.handler.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(ctx, http.MethodGet, path, nil))
	if log := h.log.String(); strings.Contains(log, `"level":"error"`) || !strings.Contains(log, `"status":499`) {
		t.Error(log)
	}
}
