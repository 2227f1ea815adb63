package api

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestBillingAnswersInTheContractsShapes(t *testing.T) {
	h := newHouse(t)
	for path, want := range map[string]string{
		"/v1/billing/balance?tenant_id=t1":      `{"tenant_id":"t1","available":0,"held":0}`,
		"/v1/billing/transactions?tenant_id=t1": `"transactions":[]`,
		"/v1/billing/prices":                    `"name":"generate_scene","amount":60`,
		"/v1/billing/packages":                  `"package":"starter"`,
		"/v1/billing/usage?by=step":             `"by":"step"`,
	} {
		if a := h.do(t, http.MethodGet, path, ""); a.status != http.StatusOK || !strings.Contains(a.body, want) {
			t.Errorf("%s: %d %s", path, a.status, a.body)
		}
	}
	if a := h.do(t, http.MethodGet, "/v1/billing/usage?by=moon", ""); a.status != http.StatusUnprocessableEntity || !strings.Contains(a.body, "usage_query_invalid") {
		t.Errorf("%d %s", a.status, a.body)
	}
	if a := h.do(t, http.MethodGet, "/v1/billing/usage", "", "Accept", "text/csv"); a.status != http.StatusOK || strings.Contains(a.body, "{") {
		t.Errorf("CSV: %d %s", a.status, a.body)
	}
}

func TestTheWebhookNotesAnIDAndTellsNothing(t *testing.T) {
	h := newHouse(t, withKeys)
	for body, want := range map[string]int{
		"id=tr_5B8cwPMGnU": 200, "id=tr_unknown123": 200, "id=nonsense": 422, "id=a&id=b": 400, "x=1": 400, "%zz": 400, "": 400,
	} {
		req := httptest.NewRequest(http.MethodPost, "/v1/mollie/webhook", strings.NewReader(body))
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		rec := httptest.NewRecorder()
		h.handler.ServeHTTP(rec, req)
		if rec.Code != want {
			t.Errorf("%q: %d %s, want %d", body, rec.Code, rec.Body, want)
		}
	}
}
