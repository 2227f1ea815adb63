package api

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestWebhooksAreManaged(t *testing.T) {
	h := newHouse(t)
	taken := 0
	r := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { taken++ }))
	t.Cleanup(r.Close)
	a := h.do(t, "POST", "/v1/webhooks", `{"tenant_id":"t1","url":"`+r.URL+`","events":["job.finished"],"description":"The shop"}`)
	made := a.json(t)
	if a.status != 200 || !strings.HasPrefix(made["secret"].(string), "whsec_") || made["status"] != "enabled" || a.header.Get("Cache-Control") != "no-store" {
		t.Fatalf("%d %v %s", a.status, a.header, a.body)
	}
	one := "/v1/webhooks/" + made["webhook_id"].(string)
	if got := h.do(t, "GET", one+"?tenant_id=t1", ""); got.status != 200 || strings.Contains(got.body, "secret\":") {
		t.Errorf("it shows no secret: %s", got.body)
	}
	if got := h.do(t, "GET", "/v1/webhooks?tenant_id=t1", ""); len(got.json(t)["webhooks"].([]any)) != 1 {
		t.Errorf("%s", got.body)
	}
	if got := h.do(t, "POST", one+"/rotate?tenant_id=t1", ""); got.json(t)["secret"] == made["secret"] || got.json(t)["old_secret_until"] == nil {
		t.Errorf("%s", got.body)
	}
	tried := h.do(t, "POST", one+"/test?tenant_id=t1", "")
	if tried.json(t)["status"] != "delivered" || taken != 1 {
		t.Errorf("%s", tried.body)
	}
	log := one + "/deliveries/" + tried.json(t)["delivery_id"].(string)
	if got := h.do(t, "GET", log+"?tenant_id=t1", ""); len(got.json(t)["attempts"].([]any)) != 1 {
		t.Errorf("%s", got.body)
	}
	if got := h.do(t, "GET", one+"/deliveries?tenant_id=t1&status=delivered", ""); len(got.json(t)["deliveries"].([]any)) != 1 {
		t.Errorf("%s", got.body)
	}
	for _, c := range []struct {
		name, method, path, body string
		status                   int
		code                     string
	}{
		{"another tenant's", "GET", one + "?tenant_id=t2", "", 404, "webhook_not_found"},
		{"another tenant's replay", "POST", one + "/replay?tenant_id=t2", "", 404, "webhook_not_found"},
		{"another tenant's log", "GET", log + "?tenant_id=t2", "", 404, "delivery_not_found"},
		{"no such id", "GET", "/v1/webhooks/../x", "", 404, "route_not_found"},
		{"plain http to elsewhere", "POST", "/v1/webhooks", `{"tenant_id":"t1","url":"http://93.184.215.14/"}`, 422, "webhook_url_invalid"},
		{"an unknown event", "POST", "/v1/webhooks", `{"tenant_id":"t1","url":"https://a.example","events":["x"]}`, 422, "webhook_events_invalid"},
		{"an unknown status", "GET", one + "/deliveries?tenant_id=t1&status=x", "", 422, "validation_failed"},
		{"a bad cursor", "GET", one + "/deliveries?tenant_id=t1&cursor=x", "", 422, "cursor_invalid"},
	} {
		t.Run(c.name, func(t *testing.T) { wantProblem(t, c.name, h.do(t, c.method, c.path, c.body), c.status, c.code) })
	}
	for _, verb := range []string{"pause", "enable"} {
		t.Run(verb, func(t *testing.T) {
			if got := h.do(t, "POST", one+"/"+verb+"?tenant_id=t1", ""); got.status != 200 {
				t.Errorf("%d %s", got.status, got.body)
			}
		})
	}
	if got := h.do(t, "POST", one+"/replay", `{"tenant_id":"t1","all":true}`); got.json(t)["count"] != 1.0 {
		t.Errorf("%s", got.body)
	}
	if got := h.do(t, "PUT", one, `{"tenant_id":"t1","url":"https://shop.example/new"}`); got.json(t)["url"] != "https://shop.example/new" {
		t.Errorf("%s", got.body)
	}
	if got := h.do(t, "DELETE", one+"?tenant_id=t1", ""); got.status != 200 {
		t.Errorf("%s", got.body)
	}
}
