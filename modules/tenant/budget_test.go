package tenant_test

import (
	"context"
	"errors"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"github.com/opal-photo/opal/modules/db"
	"github.com/opal-photo/opal/modules/db/dbtest"
	"github.com/opal-photo/opal/modules/tenant"
)

const owner = "agents"

func budgeted(t interface {
	Helper()
	Fatal(...any)
}, s *tenant.Service, budget int64) tenant.Key {
	t.Helper()
	k, _, err := s.CreateKey(context.Background(), owner, tenant.NewKey{Name: "agent", Budget: &budget})
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func used(t interface {
	Helper()
	Fatal(...any)
}, s *tenant.Service, id string) int64 {
	t.Helper()
	all, err := s.ListKeys(context.Background(), owner)
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range all {
		if k.ID == id {
			return k.BudgetUsed
		}
	}
	t.Fatal("the key is not listed")
	return 0
}

// TestBudgetIsNeverExceeded holds a key's budget against a model, over reservations
// that are committed, released, ended twice, or left by a crash.
func TestBudgetIsNeverExceeded(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := open(t, d)
		ctx := context.Background()
		must[tenant.Tenant](t)(s.Create(ctx, owner, ""))
		rapid.Check(t, func(r *rapid.T) {
			budget := rapid.Int64Range(0, 50).Draw(r, "budget")
			k := budgeted(t, s, budget)
			defer func() { _ = s.RevokeKey(ctx, owner, k.ID) }()
			model := int64(0)
			var orders []tenant.Order
			ended := map[string]bool{}
			for range rapid.IntRange(1, 8).Draw(r, "steps") {
				switch {
				case len(orders) == 0 || rapid.Bool().Draw(r, "order"):
					amount := rapid.Int64Range(0, 30).Draw(r, "amount")
					o, err := s.ReserveBudget(ctx, k.ID, amount)
					if fits := model+amount <= budget; fits != (err == nil) {
						r.Fatalf("%d of %d used, %d more: %v", model, budget, amount, err)
					}
					if err != nil {
						if !errors.Is(err, tenant.ErrBudgetSpent) {
							r.Fatal(err)
						}
						continue
					}
					model += amount
					orders = append(orders, o)
				default:
					o := rapid.SampledFrom(orders).Draw(r, "which")
					release := rapid.Bool().Draw(r, "release")
					end := s.CommitBudget
					if release {
						end = s.ReleaseBudget
					}
					if err := end(ctx, o); err != nil {
						r.Fatal(err)
					}
					if release && !ended[o.ID] {
						model -= o.Amount
					}
					ended[o.ID] = true
				}
				if got := used(t, s, k.ID); got != model || got > budget {
					r.Fatalf("%d of %d are used, the model has %d", got, budget, model)
				}
			}
		})
	})
}

func TestBudgetHoldsAgainstOrdersAtTheSameTime(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := open(t, d)
		must[tenant.Tenant](t)(s.Create(context.Background(), owner, ""))
		k := budgeted(t, s, 100)
		var wg sync.WaitGroup
		var mu sync.Mutex
		taken := int64(0)
		for range 12 {
			wg.Go(func() {
				o, err := s.ReserveBudget(context.Background(), k.ID, 15)
				if err != nil {
					if !errors.Is(err, tenant.ErrBudgetSpent) {
						t.Error(err)
					}
					return
				}
				mu.Lock()
				taken += o.Amount
				mu.Unlock()
			})
		}
		wg.Wait()
		if taken != 90 || used(t, s, k.ID) != 90 {
			t.Errorf("%d were given out of 100, and %d count as used; want 90 of both", taken, used(t, s, k.ID))
		}
	})
}

func TestBudgetsThatBindNobodyAreRefused(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := open(t, d)
		for _, c := range []struct {
			name string
			n    tenant.NewKey
		}{
			{"admin", tenant.NewKey{Name: "a", Scopes: []tenant.Scope{tenant.Admin}, Budget: new(int64(5))}},
			{"negative", tenant.NewKey{Name: "n", Budget: new(int64(-1))}},
			{"overflowing", tenant.NewKey{Name: "o", Budget: new(int64(1 << 62))}},
		} {
			t.Run(c.name, func(t *testing.T) {
				if _, _, err := s.CreateKey(context.Background(), owner, c.n); !errors.Is(err, tenant.ErrBudget) {
					t.Error(err)
				}
			})
		}
	})
}

func TestAnOrderOfOneIDIsReservedOnce(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := open(t, d)
		must[tenant.Tenant](t)(s.Create(context.Background(), owner, ""))
		k := budgeted(t, s, 100)
		order := func(want int64) tenant.Order {
			t.Helper()
			o, err := s.ReserveBudgetOnce(t.Context(), "the-order", k.ID, 60)
			if err != nil || used(t, s, k.ID) != want {
				t.Fatalf("%+v, %d are used, want %d: %v", o, used(t, s, k.ID), want, err)
			}
			return o
		}
		order(60)
		o := order(60) // a repeat after a crash
		if err := s.ReleaseBudget(t.Context(), o); err != nil {
			t.Fatal(err)
		}
		o = order(60) // what was refused is ordered again
		if err := s.CommitBudget(t.Context(), o); err != nil {
			t.Fatal(err)
		}
		order(60)
	})
}
