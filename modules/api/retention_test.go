package api

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/opal-photo/opal/modules/client"
)

// TestRetentionIsTold has a tenant with a rule of 7 days with a service whose own, 20 days,
// bounds how long imports and checks are kept.
func TestRetentionIsTold(t *testing.T) {
	h := newHouse(t, withKeys)
	key, _ := h.key(t, "t1")
	a := h.do(t, "GET", "/v1/retention", "", keyHeader, key)
	var got client.Retention
	if err := json.Unmarshal([]byte(a.body), &got); err != nil || a.status != 200 {
		t.Fatalf("%d %s: %v", a.status, a.body, err)
	}
	week := 7
	if d := cmp.Diff(client.Retention{JobDays: &week, Own: true, PhotoHours: 24, ImportDays: 20, CheckDays: 20, DeliveryDays: 30, ShareDays: 90}, got); d != "" {
		t.Error(d)
	}
	wantProblem(t, "without a key", h.do(t, "GET", "/v1/retention", ""), 401, "credentials_missing")
}
