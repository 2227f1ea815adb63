package api

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/opal-photo/opal/modules/billing"
	"github.com/opal-photo/opal/modules/billing/mollie"
	"github.com/opal-photo/opal/modules/billing/mollietest"
	"github.com/opal-photo/opal/modules/tenant"
)

// A tenant buys through the API and takes back what it has not used: once per
// Idempotency-Key, its own payments alone, and with the right scope.
func TestRefundsThroughTheAPI(t *testing.T) {
	m := mollietest.New()
	defer m.Close()
	client, err := mollie.New(mollie.Options{URL: m.URL, Key: mollietest.Key, Client: m.Client(), Wait: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	b := billing.New(billing.Options{DB: testDB(t), Mode: billing.Enforce, Mollie: client, RedirectURL: "http://127.0.0.1/",
		Packages: []billing.Package{{Name: "small", Title: "Small", Credits: 1000, Net: 1000, Currency: "EUR"}}})
	h := newHouse(t, withKeys, func(o *Options) { o.Billing = billingOf(b) })
	admin, _ := h.key(t, "t1", tenant.Admin)
	other, _ := h.key(t, "t2", tenant.Admin)
	writer, _ := h.key(t, "t1", tenant.Write)

	bought := h.do(t, http.MethodPost, "/v1/billing/purchase", `{"package":"small"}`, keyHeader, admin)
	id, _ := bought.json(t)["payment_id"].(string)
	if bought.status != 200 || id == "" {
		t.Fatalf("%d %s", bought.status, bought.body)
	}
	path := "/v1/billing/payments/" + id + "/refund"
	wantProblem(t, "not paid", h.do(t, http.MethodPost, path, `{}`, keyHeader, admin), 422, "refund_invalid")
	m.Set(m.IDs()[0], mollie.Paid)
	if err := b.Notice(context.Background(), m.IDs()[0]); err != nil {
		t.Fatal(err)
	}
	if err := b.Sweep(context.Background()); err != nil {
		t.Fatal(err)
	}

	wantProblem(t, "another's", h.do(t, http.MethodPost, path, `{}`, keyHeader, other), 404, "payment_not_found")
	wantProblem(t, "scope", h.do(t, http.MethodPost, path, `{}`, keyHeader, writer), 403, "scope_missing")
	wantProblem(t, "too much", h.do(t, http.MethodPost, path, `{"amount":1211}`, keyHeader, admin), 422, "refund_invalid")
	wantProblem(t, "negative", h.do(t, http.MethodPost, path, `{"amount":-1}`, keyHeader, admin), 422, "validation_failed")
	first := h.do(t, http.MethodPost, path, `{"amount":605,"description":"half"}`, keyHeader, admin, idempotencyHeader, "r1")
	again := h.do(t, http.MethodPost, path, `{"amount":605,"description":"half"}`, keyHeader, admin, idempotencyHeader, "r1")
	if first.status != 200 || first.body != again.body || !strings.Contains(first.body, `"status":"done"`) || !strings.Contains(first.body, `"refunded":605`) {
		t.Fatalf("%d %s, then %d %s", first.status, first.body, again.status, again.body)
	}
	// the same key after the stored answer was lost: the refund still happens once
	r, err := b.Refund(context.Background(), billing.RefundOrder{TenantID: "t1", PaymentID: id, Cents: 605, Key: "r1", Unused: true})
	if err != nil || r.Payment.Refunded != 605 {
		t.Fatalf("%+v, %v", r, err)
	}
	if a := h.do(t, http.MethodGet, "/v1/billing/balance", "", keyHeader, admin); !strings.Contains(a.body, `"available":500`) {
		t.Errorf("%s", a.body)
	}
	rest := h.do(t, http.MethodPost, path, `{}`, keyHeader, admin) // all that is left
	if rest.status != 200 || !strings.Contains(rest.body, `"refunded":1210`) {
		t.Errorf("%d %s", rest.status, rest.body)
	}
	wantProblem(t, "nothing left", h.do(t, http.MethodPost, path, `{}`, keyHeader, admin), 422, "refund_invalid")
	if diffs, err := b.Audit(context.Background()); err != nil || len(diffs) > 0 {
		t.Errorf("audit: %v, %v", diffs, err)
	}
}
