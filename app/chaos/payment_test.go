package chaos_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/opal-photo/opal/modules/billing/mollietest"
	"github.com/opal-photo/opal/modules/crashpoint"
)

// paymentPatience bounds how long booking a payment may take: without a webhook,
// OPAL polls the provider after a while.
const paymentPatience = 4 * time.Minute

// TestChaosPayments kills OPAL between a payment's row, the call to Mollie, the
// webhook and the credits, and looks whether each payment counts once.
func TestChaosPayments(t *testing.T) {
	if testing.Short() {
		t.Skip("not among the short tests: it starts a fleet")
	}
	t.Parallel() // most of it is waiting
	exe := chaosBuild(t)
	for _, s := range setups {
		if !*full && s.name != setups[0].name {
			continue
		}
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			m := mollietest.New()
			t.Cleanup(m.Close)
			f, dbURL := s.begin(t, exe, "MOLLIE_API_KEY="+mollietest.Key, "MOLLIE_API_URL="+m.URL)
			defer f.abandon()
			f.api.WaitReady()
			// the provider is given https URLs only
			m.Webhook = func(_, id string) { deliver(f.api.Base+"/v1/mollie/webhook", id) }
			paid, credits := 0, int64(0)
			hits := 1
			if *full {
				hits = 4
			}
			known := len(m.IDs())
			for _, point := range crashpoint.Points() {
				if !strings.HasPrefix(point, "payment.") {
					continue
				}
				if !*full && (point == crashpoint.PaymentBegun || point == crashpoint.PaymentCreated) {
					continue // their purchase waits for its Idempotency-Key to be free
				}
				for hit := range hits {
					began := time.Now()
					before := len(f.deaths())
					role := s.roleOf(point)
					f.members[role].aimAt(point)
					f.api.WaitReady()
					var bought struct {
						PaymentID string `json:"payment_id"`
					}
					if code := f.insist(http.MethodPost, "/v1/billing/purchase", fmt.Sprintf("%s-%d", point, hit), map[string]string{"tenant_id": "default", "package": "starter"}, &bought); code != http.StatusOK {
						t.Fatalf("%s: purchase: %d", point, code)
					}
					for _, id := range m.IDs()[known:] {
						m.Set(id, "paid")
						paid++
					}
					known = len(m.IDs())
					var p struct {
						Status  string `json:"status"`
						Credits int64  `json:"credits"`
					}
					for deadline := time.Now().Add(paymentPatience); p.Status != "paid" && time.Now().Before(deadline); time.Sleep(200 * time.Millisecond) {
						f.insist(http.MethodGet, "/v1/billing/payments/"+bought.PaymentID, "", nil, &p)
					}
					if p.Status != "paid" {
						t.Errorf("%s: the payment stays %s", point, p.Status)
					}
					credits = p.Credits
					for deadline := time.Now().Add(5 * time.Second); len(f.deaths()) == before && time.Now().Before(deadline); {
						time.Sleep(50 * time.Millisecond)
					}
					if len(f.deaths()) == before {
						t.Errorf("%s: nothing died", point)
					}
					t.Logf("%s: over after %s", point, time.Since(began).Round(time.Second))
				}
			}
			var balance struct {
				Available int64 `json:"available"`
			}
			want := chaosGrant + int64(paid)*credits
			for deadline := time.Now().Add(paymentPatience); balance.Available != want && time.Now().Before(deadline); time.Sleep(200 * time.Millisecond) {
				f.insist(http.MethodGet, "/v1/billing/balance", "", nil, &balance)
			}
			if balance.Available != want {
				t.Errorf("%d payments of %d credits leave %d, want %d", paid, credits, balance.Available, want)
			}
			f.stop()
			f.audit(dbURL)
			if *full {
				fmt.Printf("\n| set-up | payments | kills | credited once | ledger |\n| --- | ---: | ---: | --- | --- |\n| %s | %d | %d | %v | audited |\n\n",
					s.name, paid, len(f.deaths()), balance.Available == want)
			}
		})
	}
}

// deliver calls a webhook as Mollie does: it repeats the call until it is accepted.
func deliver(webhook, id string) {
	go func() {
		for range 20 {
			res, err := http.PostForm(webhook, url.Values{"id": {id}})
			if err == nil {
				_ = res.Body.Close()
				if res.StatusCode == http.StatusOK {
					return
				}
			}
			time.Sleep(500 * time.Millisecond)
		}
	}()
}
