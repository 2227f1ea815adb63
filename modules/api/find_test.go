package api

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/opal-photo/opal/modules/job"
)

func TestListsAreFiltered(t *testing.T) {
	h := newHouse(t)
	h.make(t, "default")
	yes := true
	rows := []struct {
		name, path string
		want       job.Filter
	}{
		{"nothing asked", "/v1/jobs", job.Filter{Limit: 50}},
		{"everything asked", "/v1/jobs?status=failed,%20partial,failed&q=Mug%25&brand=acme&sku=A-1&from=2026-11-01&to=2026-11-02&limit=7&cursor=x.y", job.Filter{
			Status: []string{"failed", "partial"}, Query: "Mug%", Brand: "acme", SKU: "A-1", Limit: 7, Cursor: "x.y",
			From: time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC), To: time.Date(2026, 11, 3, 0, 0, 0, 0, time.UTC)}},
		{"times", "/v1/items?from=2026-11-01T01:30:00%2B01:00&needs_review=true&job_id=j1&status=queued", job.Filter{
			Status: []string{"queued"}, From: time.Date(2026, 11, 1, 0, 30, 0, 0, time.UTC), NeedsReview: &yes, JobID: "j1", Limit: 50}},
	}
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			if a := h.do(t, http.MethodGet, r.path, ""); a.status != http.StatusOK {
				t.Fatalf("%d %s", a.status, a.body)
			}
			h.jobs.filter.From = h.jobs.filter.From.UTC()
			if diff := cmp.Diff(r.want, h.jobs.filter); diff != "" {
				t.Errorf("want -, got +:\n%s", diff)
			}
		})
	}
	for _, bad := range []string{"/v1/jobs?status=queued", "/v1/items?status=partial", "/v1/jobs?from=yesterday", "/v1/items?to=2026-13-01", "/v1/items?needs_review=perhaps", "/v1/jobs?q=" + strings.Repeat("a", 201)} {
		t.Run(bad[:min(len(bad), 40)], func(t *testing.T) {
			wantProblem(t, "it", h.do(t, http.MethodGet, bad, ""), http.StatusUnprocessableEntity, "validation_failed")
		})
	}
	a := h.do(t, http.MethodGet, "/v1/items", "")
	items, _ := a.json(t)["items"].([]any)
	it, _ := items[0].(map[string]any)
	if it["job_id"] == "" || len(it["exports"].([]any)) != 1 {
		t.Errorf("an item of a list names its job and has its variants: %v", it)
	}
}

func TestListsNameTheirNextPage(t *testing.T) {
	h := newHouse(t)
	h.make(t, "default")
	h.make(t, "default")
	first := h.do(t, http.MethodGet, "/v1/jobs?limit=1&sku=A%26B", "")
	link, ok := strings.CutSuffix(first.header.Get("Link"), `>; rel="next"`)
	if !ok || !strings.HasPrefix(link, "</v1/jobs?") || !strings.Contains(link, "sku=A%26B") {
		t.Fatalf("Link: %s", first.header.Get("Link"))
	}
	second := h.do(t, http.MethodGet, link[1:], "")
	if second.status != http.StatusOK || second.body == first.body || second.header.Get("Link") != "" {
		t.Errorf("%d, Link %q: %s", second.status, second.header.Get("Link"), second.body)
	}
}

func TestAnAnswerThatTheCallerHasIsNotSentAgain(t *testing.T) {
	h := newHouse(t)
	id, _ := h.make(t, "default")
	path := "/v1/jobs/" + id
	first := h.do(t, http.MethodGet, path, "")
	tag := first.header.Get("ETag")
	if tag == "" || first.header.Get("Cache-Control") != "private, no-cache" {
		t.Fatalf("%v", first.header)
	}
	for name, header := range map[string]string{"the tag": tag, "a weak one": "W/" + tag, "one of several": `"other", ` + tag, "any": "*"} {
		t.Run(name, func(t *testing.T) {
			if a := h.do(t, http.MethodGet, path, "", "If-None-Match", header); a.status != http.StatusNotModified || a.body != "" || a.header.Get("ETag") != tag {
				t.Errorf("%d %q %v", a.status, a.body, a.header)
			}
		})
	}
	if a := h.do(t, http.MethodHead, path, ""); a.status != http.StatusOK || a.header.Get("ETag") != tag {
		t.Errorf("HEAD: %d %v", a.status, a.header)
	}
	h.jobs.finish(id)
	if a := h.do(t, http.MethodGet, path, "", "If-None-Match", tag); a.status != http.StatusOK || a.header.Get("ETag") == tag {
		t.Errorf("after a change: %d %v", a.status, a.header)
	}
	if a := h.do(t, http.MethodGet, "/v1/jobs/none", "", "If-None-Match", "*"); a.status != http.StatusNotFound || a.header.Get("ETag") != "" {
		t.Errorf("an error has no tag: %d %v", a.status, a.header)
	}
}

func TestACallerMayWaitForAJob(t *testing.T) {
	h := newHouse(t)
	id, _ := h.make(t, "default")
	path := "/v1/jobs/" + id
	tag := h.do(t, http.MethodGet, path, "").header.Get("ETag")
	t.Run("until nothing happens any more", func(t *testing.T) {
		began := time.Now()
		if a := h.do(t, http.MethodGet, path+"?wait=1", "", "If-None-Match", tag); a.status != http.StatusNotModified || time.Since(began) < time.Second {
			t.Errorf("%d after %v", a.status, time.Since(began))
		}
	})
	t.Run("until its end", func(t *testing.T) {
		time.AfterFunc(100*time.Millisecond, func() { h.jobs.finish(id) })
		if a := h.do(t, http.MethodGet, path+"?wait=30", ""); a.status != http.StatusOK || a.json(t)["status"] != "completed" {
			t.Errorf("%d %s", a.status, a.body)
		}
	})
	t.Run("also where another tenant's calls wait", func(t *testing.T) {
		s := newHouse(t).server
		for range 2 * maxWaits {
			s.waits.take("greedy")
		}
		ctx := context.WithValue(t.Context(), callKey{}, &call{tenantID: "t1"})
		looks := 0
		if _, err := waitFor(ctx, s, 1, func() (int, bool, error) { looks++; return 0, looks > 1, nil }); err != nil || looks < 2 {
			t.Errorf("it looked %d times: %v", looks, err)
		}
		ctx = context.WithValue(t.Context(), callKey{}, &call{tenantID: "greedy"})
		looks = 0
		if _, err := waitFor(ctx, s, 30, func() (int, bool, error) { looks++; return 0, false, nil }); err != nil || looks != 1 {
			t.Errorf("the tenant of too many looked %d times: %v", looks, err)
		}
	})
	t.Run("not longer than half a minute", func(t *testing.T) {
		wantProblem(t, "it", h.do(t, http.MethodGet, path+"?wait=31", ""), http.StatusUnprocessableEntity, "validation_failed")
	})
	t.Run("not for another tenant's", func(t *testing.T) {
		wantProblem(t, "it", h.do(t, http.MethodGet, path+"?wait=30&tenant_id=t2", ""), http.StatusNotFound, "job_not_found")
	})
}
