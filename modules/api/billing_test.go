package api

import (
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
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
		t.Run(path, func(t *testing.T) {
			if a := h.do(t, http.MethodGet, path, ""); a.status != http.StatusOK || !strings.Contains(a.body, want) {
				t.Errorf("%d %s", a.status, a.body)
			}
		})
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
		t.Run(strconv.Quote(body), func(t *testing.T) {
			req := httptest.NewRequest(http.MethodPost, "/v1/mollie/webhook", strings.NewReader(body))
			req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			rec := httptest.NewRecorder()
			h.handler.ServeHTTP(rec, req)
			if rec.Code != want {
				t.Errorf("%d %s, want %d", rec.Code, rec.Body, want)
			}
		})
	}
}

func TestATenantKeepsItsOwnDetailsAndBudget(t *testing.T) {
	h := newHouse(t)
	put := func(path, body string, status int, want string) {
		t.Helper()
		if a := h.do(t, http.MethodPut, path, body); a.status != status || !strings.Contains(a.body, want) {
			t.Errorf("PUT %s %s: %d %s", path, body, a.status, a.body)
		}
	}
	put("/v1/billing/customer", `{"tenant_id":"t1","name":" Müller GmbH ","address":"Hof 1\r\nBerlin","country":"de","vat_id":"DE 123 456 789"}`, 200,
		`{"name":"Müller GmbH","email":"","address":"Hof 1\nBerlin","country":"DE","vat_id":"DE123456789"}`)
	if a := h.do(t, http.MethodGet, "/v1/billing/customer?tenant_id=t1", ""); !strings.Contains(a.body, "Müller GmbH") {
		t.Errorf("%s", a.body)
	}
	if a := h.do(t, http.MethodGet, "/v1/billing/customer?tenant_id=t2", ""); strings.Contains(a.body, "Müller GmbH") || !strings.Contains(a.body, `"country":"NL"`) {
		t.Errorf("another tenant's: %s", a.body)
	}
	for _, bad := range []string{`{"country":"XX"}`, `{"country":"DE","vat_id":"DE1","name":"a","address":"b"}`, `{"email":"nobody"}`, `{"country":"DE","vat_id":"DE123456789"}`} {
		put("/v1/billing/customer", bad, 422, "customer_invalid")
	}
	put("/v1/billing/limits", `{"tenant_id":"t1","budget_cap":2500}`, 200, `"monthly_grant":0,"budget_cap":2500,"committed":0`)
	// a tenant can't set its own grant
	put("/v1/billing/limits", `{"tenant_id":"t1","monthly_grant":9999,"budget_cap":2500}`, 200, `"monthly_grant":0`)
	put("/v1/billing/limits", `{"tenant_id":"t1","budget_cap":-1}`, 422, "budget_cap")
	put("/v1/billing/limits", `{"tenant_id":"t1","budget_cap":null}`, 200, `"budget_cap":null`)
	if a := h.do(t, http.MethodPost, "/v1/billing/payments/p1/refund?tenant_id=t1", `{}`); a.status != 503 || !strings.Contains(a.body, "payments_off") {
		t.Errorf("%d %s", a.status, a.body)
	}
}

// TestGarbageCursorsAreRefused sends cursors that decode to text and cursors
// that don't decode.
func TestGarbageCursorsAreRefused(t *testing.T) {
	h := newHouse(t)
	encode := func(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }
	for _, list := range []string{"transactions", "payments", "usage"} {
		for _, cursor := range []string{"zzzz", "-1", "AAAA", "_", strings.Repeat("9", 199), "a b", "\xe4", encode("\xff\xfe"), encode("0"), encode("-5"), encode("9" + strings.Repeat("9", 30)),
			encode("x"), encode("a\x00b"), encode("day\x1f"), encode("day\x1fa\x00"), encode("step\x1fx"), encode("\x1f")} {
			t.Run(list+" "+cursor[:min(len(cursor), 12)], func(t *testing.T) {
				a := h.do(t, http.MethodGet, "/v1/billing/"+list+"?cursor="+url.QueryEscape(cursor), "")
				if a.status != http.StatusUnprocessableEntity || !strings.Contains(a.body, "cursor_invalid") && !strings.Contains(a.body, "text_invalid") {
					t.Errorf("%d %s", a.status, a.body)
				}
			})
		}
	}
}
