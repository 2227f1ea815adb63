package app_test

import (
	"net/http"
	"path/filepath"
	"testing"

	"github.com/opal-photo/opal/app/apptest"
)

// Where credits are asked for, the setting's monthly grant is what a tenant can
// spend without having bought any, and no more.
func TestTheMonthlyGrantIsSpent(t *testing.T) {
	t.Parallel()
	addr := apptest.FreeAddr(t)
	apptest.Start(t, []string{"BILLING_MODE=enforce", "BILLING_MONTHLY_GRANT=200"}, "dev", "--data", filepath.Join(t.TempDir(), "state"), "--listen", addr, "--engine", "stub")
	c := apptest.Client{T: t, Base: "http://" + addr}
	c.WaitReady()
	balance := func(available, held int64) {
		t.Helper()
		var b struct{ Available, Held int64 }
		if code := c.Call(http.MethodGet, "/v1/billing/balance?tenant_id=default", nil, &b); code != http.StatusOK || b.Available != available || b.Held != held {
			t.Errorf("%d %+v, want %d and %d held", code, b, available, held)
		}
	}
	job := map[string]any{"tenant_id": "default", "presets": []string{"web_thumb"}, "items": []any{map[string]any{"filename": "a.jpg"}}}
	balance(200, 0)
	var j apptest.Job
	if code := c.Call(http.MethodPost, "/v1/jobs", job, &j); code != http.StatusOK {
		t.Fatalf("create: %d", code)
	}
	c.Upload(j.JobID, j.Items[0].ItemID, "a.jpg", apptest.Photo(t, 160, 120))
	if j = c.Wait(j.JobID); j.Status != "completed" {
		t.Fatalf("%+v", j)
	}
	balance(95, 0) // three steps for 100, a preset for 5
	if code := c.Call(http.MethodPost, "/v1/jobs", job, nil); code != http.StatusPaymentRequired {
		t.Errorf("a job for 105 of 95: %d", code)
	}
}
