package api

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"

	"github.com/opal-photo/opal/modules/billing"
	"github.com/opal-photo/opal/modules/client"
	"github.com/opal-photo/opal/modules/job"
)

func TestCollectionsOverTheAPI(t *testing.T) {
	h := newHouse(t)
	const q = "?tenant_id=t1"
	a := h.do(t, http.MethodPost, "/v1/collections", `{"tenant_id":"t1","name":"Spring"}`, "Content-Type", jsonType, "Idempotency-Key", "k")
	c := a.json(t)
	id, _ := c["collection_id"].(string)
	if a.status != http.StatusOK || c["status"] != "open" || c["zip"] != "none" || c["name"] != "Spring" {
		t.Fatalf("%d %s", a.status, a.body)
	}
	if again := h.do(t, http.MethodPost, "/v1/collections", `{"tenant_id":"t1","name":"Spring"}`, "Content-Type", jsonType, "Idempotency-Key", "k"); again.body != a.body {
		t.Errorf("repeated: %s, want %s", again.body, a.body)
	}
	one := "/v1/collections/" + id
	wantProblem(t, "an unknown job", h.do(t, http.MethodPost, one+"/jobs", `{"tenant_id":"t1","job_ids":["nothing"]}`, "Content-Type", jsonType), 422, "collection_job_unknown")
	wantProblem(t, "the ZIP of an open one", h.do(t, http.MethodPost, one+"/export"+q, ""), 409, "collection_not_ended")
	wantProblem(t, "its URL", h.do(t, http.MethodGet, "/v1/downloads/collections/"+id+"/export"+q, ""), 404, "collection_zip_not_ready")
	wantProblem(t, "another tenant's", h.do(t, http.MethodGet, one+"?tenant_id=t2", ""), 404, "collection_not_found")
	wantProblem(t, "an id that can't be", h.do(t, http.MethodGet, "/v1/collections/a%20b"+q, ""), 404, "collection_not_found")
	wantProblem(t, "a state that is none", h.do(t, http.MethodGet, "/v1/collections"+q+"&status=done", ""), 422, "validation_failed")
	if a = h.do(t, http.MethodPost, one+"/close"+q, ""); a.status != http.StatusOK || a.json(t)["status"] != "cancelled" {
		t.Errorf("closed without a job: %d %s", a.status, a.body)
	}
	if a = h.do(t, http.MethodGet, one+q+"&wait=5", ""); a.status != http.StatusOK || a.json(t)["finished_at"] == nil {
		t.Errorf("%d %s", a.status, a.body)
	}
	if a = h.do(t, http.MethodGet, "/v1/collections"+q+"&status=cancelled&q=SPR", ""); !strings.Contains(a.body, id) {
		t.Errorf("the list: %d %s", a.status, a.body)
	}
	if a = h.do(t, http.MethodGet, "/v1/jobs"+q+"&collection_id="+id, ""); a.status != http.StatusOK || h.jobs.filter.Collection != id {
		t.Errorf("its jobs: %d, %+v", a.status, h.jobs.filter)
	}
	if a = h.do(t, http.MethodGet, one+"/items"+q+"&limit=3&changed_since=2026-11-01T00:00:00Z", ""); a.status != http.StatusOK || a.json(t)["as_of"] == nil || h.jobs.filter.Collection != id ||
		h.jobs.filter.Limit != 3 || h.jobs.filter.Changed.Day() != 1 || !h.jobs.filter.Plain {
		t.Errorf("its items: %d %s, %+v", a.status, a.body, h.jobs.filter)
	}
	wantProblem(t, "items since no time", h.do(t, http.MethodGet, one+"/items"+q+"&changed_since=yesterday", ""), 422, "validation_failed")
	if a = h.do(t, http.MethodGet, "/v1/items"+q+"&channel=etsy&decision=approved", ""); a.status != http.StatusOK || len(h.jobs.filter.Presets) == 0 || h.jobs.filter.Decision != "approved" {
		t.Errorf("items of a channel: %d, %+v", a.status, h.jobs.filter)
	}
	wantProblem(t, "a channel that is none", h.do(t, http.MethodGet, "/v1/items"+q+"&channel=Nowhere", ""), 422, "channel_unknown")
	if a = h.do(t, http.MethodDelete, one+q, ""); a.status != http.StatusOK {
		t.Errorf("%d %s", a.status, a.body)
	}
	wantProblem(t, "the items of one that is gone", h.do(t, http.MethodGet, one+"/items"+q, ""), 404, "collection_not_found")
	wantProblem(t, "after its deletion", h.do(t, http.MethodGet, one+q, ""), 404, "collection_not_found")
}

func TestImportsOverTheAPI(t *testing.T) {
	h := newHouse(t)
	const q = "?tenant_id=t1"
	a := h.do(t, http.MethodPost, "/v1/imports", `{"tenant_id":"t1","filename":"products.csv"}`, "Content-Type", jsonType)
	if a.status != http.StatusOK || a.json(t)["upload_url"] == nil || a.json(t)["status"] != "created" {
		t.Errorf("%d %s", a.status, a.body)
	}
	wantProblem(t, "a bad name", h.do(t, http.MethodPost, "/v1/imports", `{"tenant_id":"t1","filename":"a/b"}`, "Content-Type", jsonType), 422, "filename_invalid")
	if a = h.do(t, http.MethodGet, "/v1/imports"+q, ""); !strings.Contains(a.body, `"status":"cancelling"`) {
		t.Errorf("%d %s", a.status, a.body)
	}
	wantProblem(t, "a strange cursor", h.do(t, http.MethodGet, "/v1/imports"+q+"&cursor=x", ""), 422, "cursor_invalid")
	one := "/v1/imports/" + importID
	if a = h.do(t, http.MethodGet, one+q+"&wait=5", ""); a.json(t)["status"] != "paused" || a.json(t)["error_code"] != "insufficient_credits" {
		t.Errorf("%d %s", a.status, a.body)
	}
	for _, verb := range []string{"start", "resume", "cancel"} {
		if a = h.do(t, http.MethodPost, one+"/"+verb+q, ""); a.status != http.StatusOK {
			t.Errorf("%s: %d %s", verb, a.status, a.body)
		}
	}
	if a = h.do(t, http.MethodGet, one+"/uploads"+q, ""); a.header.Get("Cache-Control") != "no-store" || !strings.Contains(a.header.Get("Link"), "cursor=99") || !strings.Contains(a.body, `"all_rows":true`) {
		t.Errorf("%d %v %s", a.status, a.header, a.body)
	}
	if a = h.do(t, http.MethodGet, one+"/errors"+q, ""); !strings.Contains(a.body, `"row_duplicate"`) || !strings.Contains(a.body, `"item_id":null`) {
		t.Errorf("%d %s", a.status, a.body)
	}
	if a = h.do(t, http.MethodGet, one+"/errors.csv"+q, ""); a.body != "file,error\r\na.jpg,x\r\n" || !strings.HasPrefix(a.header.Get("Content-Type"), "text/csv") {
		t.Errorf("%d %v %s", a.status, a.header, a.body)
	}
	for _, path := range []string{"", "/uploads", "/errors", "/errors.csv"} {
		wantProblem(t, "another tenant's"+path, h.do(t, http.MethodGet, one+path+"?tenant_id=t2", ""), 404, "import_not_found")
	}
}

// linedQuotes prices the scenes of each photo, and a variant of it.
type linedQuotes struct{ fixedQuotes }

func (linedQuotes) Quote(_ context.Context, n job.NewJob) (billing.Quote, error) {
	scenes := int64(len(n.Items[0].SceneTypes))
	return billing.Quote{Total: 20*scenes + 5, PriceVersion: 2, Lines: []billing.QuoteLine{
		{Kind: "step", Name: "generate_scene", Price: 20, Count: scenes, Total: 20 * scenes}, {Kind: "preset", Name: n.Presets[0], Price: 5, Count: 1, Total: 5}}}, nil
}

func TestATableIsLookedAt(t *testing.T) {
	h := newHouse(t)
	h.server.Quotes = linedQuotes{}
	look := func(table bool, fields ...[2]string) answer {
		var b bytes.Buffer
		w := multipart.NewWriter(&b)
		for _, f := range append([][2]string{{"tenant_id", "t1"}}, fields...) {
			_ = w.WriteField(f[0], f[1])
		}
		if table {
			part, _ := w.CreateFormFile("file", "list.csv")
			_, _ = part.Write([]byte("a.jpg"))
		}
		_ = w.Close()
		return h.do(t, http.MethodPost, "/v1/imports/preview", b.String(), "Content-Type", w.FormDataContentType())
	}
	wishes := [][2]string{{"brand_profile_id", "acme"}, {"scene_types", "studio,kitchen"}, {"presets", "etsy"}}
	for name, a := range map[string]answer{"a file": look(true, wishes...), "an address": look(false, append(wishes, [2]string{"url", "https://x.example/list.csv"})...)} {
		v := a.json(t)
		first, _ := json.Marshal(v["first"])
		want := `[{"file":"a.jpg","line":2,"row":1,"sku":"acme","title":"","url":""}]`
		if name == "an address" {
			want = `[{"file":"","line":2,"row":1,"sku":"acme","title":"","url":"https://x.example/list.csv"}]`
		}
		if a.status != http.StatusOK || string(first) != want || v["photos"] != 3. || v["pictures"] != 6. || v["wrong"] != 1. || !strings.Contains(a.body, `"code":"row_duplicate"`) {
			t.Errorf("%s: %d %s", name, a.status, a.body)
		}
		var got client.ImportPreview
		if err := json.Unmarshal([]byte(a.body), &got); err != nil || got.Quote == nil || fmt.Sprintf("%+v", *got.Quote) !=
			"{Total:135 PriceVersion:2 Lines:[{Kind:step Name:generate_scene Price:20 Count:6 Total:120} {Kind:preset Name:etsy Price:5 Count:3 Total:15}]}" {
			t.Errorf("%s: %s, %v", name, a.body, err)
		}
	}
	wantProblem(t, "neither", look(false), 422, "import_table_missing")
	wantProblem(t, "both", look(true, [2]string{"url", "https://x.example/list.csv"}), 422, "import_table_missing")
}
