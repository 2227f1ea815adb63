package api

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/opal-photo/opal/modules/tenant"
)

// gallery is a tenant with finished pictures.
type gallery struct {
	h     *house
	key   string
	jobID string
	items []string
}

func (h *house) gallery(t *testing.T, tenantID string) gallery {
	t.Helper()
	key, _ := h.key(t, tenantID, tenant.Approve)
	a := h.do(t, "POST", "/v1/jobs", `{"items":[{"filename":"a.jpg"},{"filename":"<b>.jpg"}]}`, "X-API-Key", key)
	g := gallery{h: h, key: key, jobID: a.json(t)["job_id"].(string)}
	for _, it := range a.json(t)["items"].([]any) {
		g.items = append(g.items, it.(map[string]any)["item_id"].(string))
	}
	h.jobs.finish(g.jobID)
	return g
}

// link makes a link and returns its token.
func (g gallery) link(t *testing.T, what string) (token, id string) {
	t.Helper()
	a := g.h.do(t, "POST", "/v1/shares", what, "X-API-Key", g.key)
	if a.status != 200 {
		t.Fatalf("%d %s", a.status, a.body)
	}
	address, token, ok := strings.Cut(a.json(t)["url"].(string), "#")
	if !ok || !strings.HasSuffix(address, "/share") || len(token) < 43 || a.header.Get("Cache-Control") != "no-store" {
		t.Errorf("%s %v", a.body, a.header)
	}
	return token, a.json(t)["share_id"].(string)
}

func idsOf(t *testing.T, a answer) []string {
	t.Helper()
	var out []string
	for _, it := range a.json(t)["items"].([]any) {
		out = append(out, it.(map[string]any)["item_id"].(string))
	}
	return out
}

func TestGuestsSeeWhatALinkLists(t *testing.T) {
	h := newHouse(t, withKeys)
	a, b := h.gallery(t, "a"), h.gallery(t, "b")
	whole, id := a.link(t, fmt.Sprintf(`{"name":"<i>first</i>","job_id":%q,"comment":true,"approve":true}`, a.jobID))
	one, _ := a.link(t, fmt.Sprintf(`{"items":[{"job_id":%q,"item_id":%q}],"download":true}`, a.jobID, a.items[0]))
	as := func(token string) []string { return []string{"X-Share-Token", token} }

	if got := h.do(t, "GET", "/v1/guest", "", as(whole)...); got.status != 200 || got.json(t)["name"] != "<i>first</i>" || got.json(t)["approve"] != true || got.json(t)["download"] != false {
		t.Errorf("%d %s", got.status, got.body)
	}
	if diff := cmp.Diff(a.items, idsOf(t, h.do(t, "GET", "/v1/guest/items", "", as(whole)...))); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(a.items[:1], idsOf(t, h.do(t, "GET", "/v1/guest/items", "", as(one)...))); diff != "" {
		t.Error(diff)
	}
	for _, size := range []string{"", "?size=large"} {
		if got := h.do(t, "GET", "/v1/guest/items/"+a.items[0]+"/picture"+size, "", as(whole)...); got.status != 200 || got.header.Get("Content-Type") != "image/webp" || got.header.Get("Referrer-Policy") != "no-referrer" {
			t.Errorf("%d %v", got.status, got.header)
		}
	}
	decide := func(token, item, body string) answer {
		return h.do(t, "POST", "/v1/guest/items/"+item+"/decision", body, as(token)...)
	}
	if got := decide(whole, a.items[0], `{"name":"Grace","decision":"approved","note":"fine"}`); got.status != 200 || got.json(t)["review"] != "approved" {
		t.Errorf("%d %s", got.status, got.body)
	}
	// of two who decide at the same moment the later one is told, and the log keeps what was done
	wantProblem(t, "decided otherwise a moment before", decide(whole, a.items[0], `{"name":"Eve","decision":"rejected","seen":"none"}`), 409, "decided_meanwhile")
	wantProblem(t, "a review that there is not", decide(whole, a.items[0], `{"name":"Eve","decision":"rejected","seen":"maybe"}`), 422, "validation_failed")
	if got := h.do(t, "GET", "/v1/shares/"+id+"/log", "", "X-API-Key", a.key); strings.Contains(got.body, "Eve") {
		t.Error(got.body)
	}
	// what others decide is asked for now and then
	if got := h.do(t, "GET", "/v1/guest/items", "", as(whole)...).json(t)["as_of"].(string); h.do(t, "GET", "/v1/guest/items?changed_since="+got, "", as(whole)...).status != 200 || h.jobs.filter.Changed.IsZero() {
		t.Errorf("%s: %+v", got, h.jobs.filter)
	}
	wantProblem(t, "no moment", h.do(t, "GET", "/v1/guest/items?changed_since=soon", "", as(whole)...), 422, "validation_failed")
	evil := `<script>alert(1)</script>`
	said, _ := json.Marshal(map[string]string{"name": "Grace", "text": evil})
	if got := h.do(t, "POST", "/v1/guest/items/"+a.items[1]+"/comments", string(said), as(whole)...); got.status != 200 || got.json(t)["text"] != evil || got.json(t)["guest"] != true {
		t.Errorf("%d %s", got.status, got.body)
	}
	if got := h.do(t, "GET", "/v1/jobs/"+a.jobID+"/items/"+a.items[1]+"/comments", "", "X-API-Key", a.key); len(got.json(t)["comments"].([]any)) != 1 {
		t.Error(got.body)
	}
	if got := h.do(t, "GET", "/v1/shares/"+id+"/log", "", "X-API-Key", a.key); !strings.Contains(got.body, `"act":"approved"`) || !strings.Contains(got.body, `"guest":"Grace"`) || !strings.Contains(got.body, `"act":"opened"`) || !strings.Contains(got.body, "192.0.2.1") ||
		!strings.Contains(got.body, `"picture":"a.jpg"`) {
		t.Error(got.body)
	}
	// the team sees who decided and that somebody wrote, and where: in the set, and over all links
	page := h.do(t, "GET", "/v1/jobs/"+a.jobID+"/items", "", "X-API-Key", a.key).json(t)["items"].([]any)
	if first, second := page[0].(map[string]any), page[1].(map[string]any); first["decided_by"] != "Grace" || first["by_guest"] != true || second["comments"] != 1.0 || first["comments"] != nil {
		t.Errorf("%v", page)
	}
	if got := h.do(t, "GET", "/v1/shares/log", "", "X-API-Key", a.key); len(got.json(t)["entries"].([]any)) != 2 || !strings.Contains(got.body, `"act":"commented"`) || strings.Contains(got.body, `"act":"opened"`) || !strings.Contains(got.body, a.jobID) {
		t.Error(got.body)
	}
	if got := h.do(t, "GET", "/v1/shares/log", "", "X-API-Key", b.key); len(got.json(t)["entries"].([]any)) != 0 {
		t.Errorf("another tenant reads %s", got.body)
	}

	t.Run("nothing else", func(t *testing.T) {
		for _, call := range [][2]string{
			{"GET", "/v1/jobs"}, {"GET", "/v1/jobs/" + a.jobID}, {"GET", "/v1/downloads/" + a.items[0]}, {"POST", "/v1/jobs/" + a.jobID + "/items/" + a.items[0] + "/approve"}, {"GET", "/v1/shares"}, {"GET", "/v1/items"},
		} {
			if got := h.do(t, call[0], call[1], "", as(whole)...); got.status != 401 {
				t.Errorf("%v: %d %s", call, got.status, got.body)
			}
		}
		for _, item := range append(b.items, a.items[1]) { // another tenant's; the same tenant's that the link doesn't list
			for _, call := range [][3]string{{"GET", "/picture", ""}, {"GET", "/comments", ""}, {"POST", "/download", ""}} {
				wantProblem(t, call[1], h.do(t, call[0], "/v1/guest/items/"+item+call[1], call[2], as(one)...), 404, "item_not_found")
			}
		}
		wantProblem(t, "another tenant's picture", decide(whole, b.items[0], `{"name":"Grace","decision":"approved"}`), 404, "item_not_found")
		wantProblem(t, "what the link doesn't allow", decide(one, a.items[0], `{"name":"Grace","decision":"approved"}`), 403, "share_link_right")
		wantProblem(t, "a comment by a link to look", h.do(t, "POST", "/v1/guest/items/"+a.items[0]+"/comments", `{"name":"Grace","text":"x"}`, as(one)...), 403, "share_link_right")
		wantProblem(t, "a file by a link without", h.do(t, "POST", "/v1/guest/items/"+a.items[0]+"/download", "", as(whole)...), 403, "share_link_right")
		wantProblem(t, "nobody", decide(whole, a.items[0], `{"name":" ","decision":"approved"}`), 422, "guest_name_invalid")
		if got := h.do(t, "POST", "/v1/guest/items/"+a.items[0]+"/download", "", as(one)...); got.status != 200 || got.json(t)["download_url"] == "" {
			t.Errorf("%d %s", got.status, got.body)
		}
		if got := h.do(t, "POST", "/v1/guest/items/"+a.items[0]+"/comments", `{"name":"Grace","text":"`+strings.Repeat("x", 2001)+`"}`, as(whole)...); got.status != 422 {
			t.Errorf("%d %s", got.status, got.body)
		}
	})
	t.Run("other tenants and lesser keys make no link", func(t *testing.T) {
		wantProblem(t, "job", h.do(t, "POST", "/v1/shares", fmt.Sprintf(`{"job_id":%q}`, a.jobID), "X-API-Key", b.key), 404, "job_not_found")
		got := h.do(t, "POST", "/v1/shares", fmt.Sprintf(`{"items":[{"job_id":%q,"item_id":%q}]}`, b.jobID, a.items[0]), "X-API-Key", b.key)
		wantProblem(t, "item", got, 404, "item_not_found")
		maker, _ := h.key(t, "a", tenant.Write)
		wantProblem(t, "approve", h.do(t, "POST", "/v1/shares", fmt.Sprintf(`{"job_id":%q,"approve":true}`, a.jobID), "X-API-Key", maker), 403, "scope_missing")
		wantProblem(t, "nothing to show", h.do(t, "POST", "/v1/shares", `{}`, "X-API-Key", a.key), 422, "share_target_invalid")
		wantProblem(t, "past", h.do(t, "POST", "/v1/shares", fmt.Sprintf(`{"job_id":%q,"expires_at":"2020-01-01T00:00:00Z"}`, a.jobID), "X-API-Key", a.key), 422, "share_expiry_invalid")
		wantProblem(t, "revoke", h.do(t, "DELETE", "/v1/shares/"+id, "", "X-API-Key", b.key), 404, "share_not_found")
		wantProblem(t, "log", h.do(t, "GET", "/v1/shares/"+id+"/log", "", "X-API-Key", b.key), 404, "share_not_found")
		if got := h.do(t, "GET", "/v1/shares", "", "X-API-Key", b.key); len(got.json(t)["shares"].([]any)) != 0 {
			t.Error(got.body)
		}
	})
	t.Run("an end", func(t *testing.T) {
		soon := time.Now().Add(1500 * time.Millisecond).UTC().Format(time.RFC3339Nano)
		brief, _ := a.link(t, fmt.Sprintf(`{"job_id":%q,"expires_at":%q}`, a.jobID, soon))
		time.Sleep(1600 * time.Millisecond)
		wantProblem(t, "expired", h.do(t, "GET", "/v1/guest/items", "", as(brief)...), 403, "share_link_ended")
		if got := h.do(t, "DELETE", "/v1/shares/"+id, "", "X-API-Key", a.key); got.status != 200 {
			t.Errorf("%d %s", got.status, got.body)
		}
		wantProblem(t, "revoked", h.do(t, "GET", "/v1/guest/items", "", as(whole)...), 403, "share_link_ended")
	})
	if log := h.log.String(); strings.Contains(log, whole) || strings.Contains(log, one) {
		t.Error("the log tells a token")
	}
}

// from sends a guest's call from an address.
func (h *house) from(address, forwarded, token string) int {
	r := httptest.NewRequest(http.MethodGet, "/v1/guest/items", nil)
	r.RemoteAddr = address
	r.Header.Set("X-Share-Token", token)
	if forwarded != "" {
		r.Header.Set("X-Forwarded-For", forwarded)
	}
	w := httptest.NewRecorder()
	h.handler.ServeHTTP(w, r)
	return w.Code
}

func TestGuessesAreLimited(t *testing.T) {
	h := newHouse(t, withKeys)
	g := h.gallery(t, "a")
	token, _ := g.link(t, fmt.Sprintf(`{"job_id":%q}`, g.jobID))
	codes := map[int]int{}
	for i := range 10_000 {
		codes[h.from(fmt.Sprintf("[2001:db8::%x]:1", i), "", fmt.Sprintf("guess-%d", i))]++ // one customer's network
	}
	if codes[401] == 0 || codes[401] > 40 || codes[401]+codes[429] != 10_000 {
		t.Errorf("%v", codes)
	}
	if code := h.from("[2001:db8:0:1::1]:1", "", token); code != 200 {
		t.Errorf("another network gets %d", code)
	}
}

func TestTheAddressOfGuests(t *testing.T) {
	for name, c := range map[string]struct {
		proxies                      int
		remote, forwarded            string
		wantAddress, wantNetworkIsIt string
	}{
		"direct":                      {0, "192.0.2.1:5", "", "192.0.2.1", "192.0.2.1"},
		"a header that nobody trusts": {0, "192.0.2.1:5", "203.0.113.9", "192.0.2.1", "192.0.2.1"},
		"one proxy":                   {1, "10.0.0.1:5", "203.0.113.9", "203.0.113.9", "203.0.113.9"},
		"made up before the proxy":    {1, "10.0.0.1:5", "1.2.3.4, 203.0.113.9", "203.0.113.9", "203.0.113.9"},
		"two proxies":                 {2, "10.0.0.1:5", "1.2.3.4, 203.0.113.9, 10.0.0.2", "203.0.113.9", "203.0.113.9"},
		"fewer entries than proxies":  {2, "10.0.0.1:5", "203.0.113.9", "10.0.0.1", "10.0.0.1"},
		"IPv6":                        {0, "[2001:db8:1:2:3::4]:5", "", "2001:db8:1:2:3::4", "2001:db8:1:2::/64"},
		"IPv4 in IPv6":                {0, "[::ffff:192.0.2.1]:5", "", "192.0.2.1", "192.0.2.1"},
	} {
		t.Run(name, func(t *testing.T) {
			r := httptest.NewRequest(http.MethodGet, "/", nil)
			r.RemoteAddr = c.remote
			if c.forwarded != "" {
				r.Header.Set("X-Forwarded-For", c.forwarded)
			}
			s := &server{Options: Options{Proxies: c.proxies}}
			if address, network := s.addressOf(r); address != c.wantAddress || network != c.wantNetworkIsIt {
				t.Errorf("%s %s", address, network)
			}
		})
	}
}
