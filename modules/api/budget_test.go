package api

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/opal-photo/opal/modules/billing"
	"github.com/opal-photo/opal/modules/client"
	"github.com/opal-photo/opal/modules/job"
	"github.com/opal-photo/opal/modules/tenant"
)

// fixedQuotes prices each photo.
type fixedQuotes struct{ each int64 }

func (q fixedQuotes) Quote(_ context.Context, n job.NewJob) (billing.Quote, error) {
	return billing.Quote{Total: q.each * int64(len(n.Items))}, nil
}

func (q fixedQuotes) QuoteRemake(ctx context.Context, tenantID, jobID, itemID, _ string) (billing.Quote, error) {
	return q.QuoteItem(ctx, tenantID, jobID, itemID)
}

func (q fixedQuotes) QuoteItem(context.Context, string, string, string) (billing.Quote, error) {
	return billing.Quote{Total: q.each}, nil
}

// TestAKeyOrdersWithinItsBudget holds where nobody pays, too.
func TestAKeyOrdersWithinItsBudget(t *testing.T) {
	h := newHouse(t, withKeys, func(o *Options) {
		o.Quotes, o.Budgets = fixedQuotes{40}, o.Keys.(*tenant.Service)
	})
	if _, err := h.tenants.Create(t.Context(), "t9", ""); err != nil {
		t.Fatal(err)
	}
	_, key, err := h.tenants.CreateKey(t.Context(), "t9", tenant.NewKey{Name: "agent", Budget: new(int64(100))})
	if err != nil {
		t.Fatal(err)
	}
	order := func(body string, status int, want string, headers ...string) {
		t.Helper()
		if a := h.do(t, http.MethodPost, "/v1/jobs", body, append([]string{"X-API-Key", key}, headers...)...); a.status != status || !strings.Contains(a.body, want) {
			t.Errorf("%s: %d %s, want %d %s", body, a.status, a.body, status, want)
		}
	}
	used := func(want string) {
		t.Helper()
		if a := h.do(t, http.MethodGet, "/v1/api-keys/self", "", "X-API-Key", key); a.status != http.StatusOK || !strings.Contains(a.body, want) {
			t.Errorf("%d %s, want %s", a.status, a.body, want)
		}
	}
	const one, two = `{"items":[{"filename":"a.jpg"}]}`, `{"items":[{"filename":"a.jpg"},{"filename":"b.jpg"}]}`
	order(`{"dry_run":true,"items":[{"filename":"a.jpg"}]}`, http.StatusOK, `"quote"`)
	used(`"budget_used":0`)
	order(one, http.StatusOK, "job_id", "Idempotency-Key", "k1")
	order(one, http.StatusOK, "job_id", "Idempotency-Key", "k1") // the same job
	used(`"budget":100,"budget_used":40`)
	order(two, http.StatusPaymentRequired, "key_budget_exceeded")
	order(`{"items":[{"filename":"a/b.jpg"}]}`, http.StatusUnprocessableEntity, "filename") // refused: given back
	used(`"budget_used":40`)
	order(one, http.StatusOK, "job_id")
	order(one, http.StatusPaymentRequired, "key_budget_exceeded")
	used(`"budget_used":80`)
	if n := len(h.jobs.jobs); n != 2 {
		t.Errorf("%d jobs were made", n)
	}
}

// A dry run tells what an order would tell: the words that no scene knows, and what may not be
// meant so.
func TestADryRunTellsWhatMayNotBeMeantSo(t *testing.T) {
	h := newHouse(t)
	h.server.UnknownWords = func(prompt string) []string { return strings.Fields(strings.ReplaceAll(prompt, "oak", "")) }
	h.server.Quotes = fixedQuotes{10}
	a := h.do(t, http.MethodPost, "/v1/jobs", `{"tenant_id":"t1","dry_run":true,"items":[{"filename":"a.jpg","scene_prompt":"oak lunar","set_id":"s"},{"filename":"b.jpg"}]}`)
	var got client.CreatedJob
	if err := json.Unmarshal([]byte(a.body), &got); err != nil || a.status != http.StatusOK || got.Quote == nil {
		t.Fatal(a.status, a.body, err)
	}
	if len(got.Items) != 2 || !slices.Equal(got.Items[0].UnknownWords, []string{"lunar"}) || !strings.Contains(got.Items[0].Note, "set_id without sku") || got.Items[1].Note != "" {
		t.Errorf("%+v", got.Items)
	}
	if got.JobID != "" || got.Items[0].ItemID != "" || len(h.jobs.jobs) != 0 {
		t.Errorf("something was made: %+v", got)
	}
}

// A call that is done again after a crash of its process has the id of what the first made.
func TestACallThatIsDoneAgainIsOrderedOnce(t *testing.T) {
	h := newHouse(t, withKeys, func(o *Options) {
		o.Quotes, o.Budgets = fixedQuotes{40}, o.Keys.(*tenant.Service)
	})
	if _, err := h.tenants.Create(t.Context(), "t9", ""); err != nil {
		t.Fatal(err)
	}
	k, text, err := h.tenants.CreateKey(t.Context(), "t9", tenant.NewKey{Name: "agent", Budget: new(int64(100))})
	if err != nil {
		t.Fatal(err)
	}
	ctx := context.WithValue(t.Context(), callKey{}, &call{tenantID: "t9", key: &k})
	ctx = context.WithValue(ctx, recordKey{}, &record{resourceID: "0198f7a0-0000-7000-8000-000000000001"})
	price := func() (billing.Quote, error) { return billing.Quote{Total: 40}, nil }
	if _, err := h.server.order(ctx, price); err != nil { // and the process dies
		t.Fatal(err)
	}
	end, err := h.server.order(ctx, price)
	if err != nil {
		t.Fatal(err)
	}
	if err := end(nil); err != nil {
		t.Fatal(err)
	}
	if again, err := h.tenants.Authenticate(t.Context(), text); err != nil || again.BudgetUsed != 40 {
		t.Errorf("%d were used, %v", again.BudgetUsed, err)
	}
}
