package billing

import (
	"errors"
	"strconv"
	"testing"

	"github.com/opal-photo/opal/modules/db"
	"github.com/opal-photo/opal/modules/db/dbtest"
)

func TestLimits(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := New(Options{DB: d, Mode: Enforce, MonthlyGrant: 500})
		if l, err := s.Limits(ctx, "a"); err != nil || l.MonthlyGrant != 500 || l.BudgetCap != nil || l.Committed != 0 || len(l.Month) != 7 {
			t.Fatalf("%+v, %v", l, err)
		}
		grant, budget := int64(300), int64(150)
		if err := s.SetGrant(ctx, "a", &grant); err != nil {
			t.Fatal(err)
		}
		// a budget leaves the grant alone
		if l, err := s.SetBudget(ctx, "a", &budget); err != nil || l.MonthlyGrant != 300 || *l.BudgetCap != 150 {
			t.Fatalf("%+v, %v", l, err)
		}
		// the grant is given without a call for it, is used, and is counted
		if b, err := s.Balance(ctx, "a"); err != nil || b.Available != 300 {
			t.Fatalf("%+v, %v", b, err)
		}
		inTx(t, d, func(tx *db.Tx) error { return s.Reserve(ctx, tx, "a", Charge{ItemID: "1", Steps: steps}) })
		want(t, d, "a", 200, 0, 100, 0, 0)
		if l, err := s.Limits(ctx, "a"); err != nil || l.Committed != 100 {
			t.Fatalf("%+v, %v", l, err)
		}
		err := d.InTx(ctx, func(tx *db.Tx) error { return s.Reserve(ctx, tx, "a", Charge{ItemID: "2", Steps: steps}) })
		if !errors.Is(err, ErrBudget) {
			t.Fatal(err)
		}
		if l, err := s.SetBudget(ctx, "a", nil); err != nil || l.BudgetCap != nil {
			t.Fatalf("%+v, %v", l, err)
		}
		inTx(t, d, func(tx *db.Tx) error { return s.Reserve(ctx, tx, "a", Charge{ItemID: "2", Steps: steps}) })
		for _, bad := range []int64{-1, maxMonthly + 1} {
			t.Run(strconv.FormatInt(bad, 10), func(t *testing.T) {
				if _, err := s.SetBudget(ctx, "a", &bad); !errors.Is(err, ErrLimits) {
					t.Errorf("budget: %v", err)
				}
				if err := s.SetGrant(ctx, "a", &bad); !errors.Is(err, ErrLimits) {
					t.Errorf("grant: %v", err)
				}
			})
		}
	})
}
