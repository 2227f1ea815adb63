package billing

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/opal-photo/opal/modules/billing/ledger"
	"github.com/opal-photo/opal/modules/db"
	"github.com/opal-photo/opal/modules/db/dbtest"
	"github.com/opal-photo/opal/modules/fault"
)

func TestReserveCaptureRelease(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := New(Options{DB: d, Mode: Enforce, MonthlyGrant: 50})
		buy(t, d, "a", "1", 300)
		c := Charge{ItemID: "i1", JobID: "j", BrandID: "default", Steps: steps, Presets: []string{"shopify", "etsy", "shopify"}}
		for range 2 { // the second time changes nothing
			inTx(t, d, func(tx *db.Tx) error { return s.Reserve(ctx, tx, "a", c) })
			want(t, d, "a", 0, 240, 110, 0, 0)
		}
		for range 2 {
			inTx(t, d, func(tx *db.Tx) error { return s.Capture(ctx, tx, "a", "i1") })
			want(t, d, "a", 0, 240, 10, 100, 0)
		}
		inTx(t, d, func(tx *db.Tx) error { return s.CaptureVariant(ctx, tx, "a", "i1", "etsy") })
		want(t, d, "a", 0, 240, 5, 105, 0)
		inTx(t, d, func(tx *db.Tx) error { return s.ReleaseVariant(ctx, tx, "a", "i1", "shopify") })
		want(t, d, "a", 0, 245, 0, 105, 0)
		// what is spent is not given back
		inTx(t, d, func(tx *db.Tx) error { return s.Release(ctx, tx, "a", "i1") })
		want(t, d, "a", 0, 245, 0, 105, 0)

		c.ItemID = "i2"
		inTx(t, d, func(tx *db.Tx) error { return s.Reserve(ctx, tx, "a", c) })
		inTx(t, d, func(tx *db.Tx) error { return s.Release(ctx, tx, "b", "i2") }) // i2 is not an item of tenant b
		want(t, d, "a", 0, 135, 110, 105, 0)
		inTx(t, d, func(tx *db.Tx) error { return s.Release(ctx, tx, "a", "i2") })
		inTx(t, d, func(tx *db.Tx) error { return s.Capture(ctx, tx, "a", "i2") })
		want(t, d, "a", 0, 245, 0, 105, 0)
		if err := d.InTx(ctx, func(tx *db.Tx) error { return s.Reserve(ctx, tx, "a", c) }); !errors.Is(err, ErrResolved) {
			t.Errorf("reserved again: %v", err)
		}
	})
}

func TestReserveRefusesWhatIsNotCovered(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := New(Options{DB: d, Mode: Enforce, MonthlyGrant: 150})
		c := Charge{ItemID: "i1", Steps: steps}
		two := []Charge{c, {ItemID: "i2", Steps: steps}}
		err := s.Check(ctx, d, "a", two)
		if !errors.Is(err, ErrCredits) || fault.KindOf(err) != fault.PaymentRequired || !strings.Contains(err.Error(), "needed 200, available 150") {
			t.Fatalf("check: %v", err)
		}
		if err := s.Check(ctx, d, "a", two[:1]); err != nil {
			t.Fatal(err)
		}
		want(t, d, "a", 0, 0, 0, 0, 0) // reading wrote nothing
		inTx(t, d, func(tx *db.Tx) error { return s.Reserve(ctx, tx, "a", two[0]) })
		err = d.InTx(ctx, func(tx *db.Tx) error { return s.Reserve(ctx, tx, "a", two[1]) })
		if !errors.Is(err, ErrCredits) || !strings.Contains(err.Error(), "needed 100, available 50") {
			t.Fatalf("reserve: %v", err)
		}
		want(t, d, "a", 50, 0, 100, 0, 0)

		buy(t, d, "a", "1", 1000)
		limit := int64(150)
		if _, err := s.SetBudget(ctx, "a", &limit); err != nil {
			t.Fatal(err)
		}
		err = d.InTx(ctx, func(tx *db.Tx) error { return s.Reserve(ctx, tx, "a", two[1]) })
		if !errors.Is(err, ErrBudget) || !strings.Contains(err.Error(), "needed 100, available 50") {
			t.Fatalf("over the budget: %v", err)
		}
		inTx(t, d, func(tx *db.Tx) error { return s.Release(ctx, tx, "a", "i1") }) // frees the budget too
		inTx(t, d, func(tx *db.Tx) error { return s.Reserve(ctx, tx, "a", two[1]) })
	})
}

func TestModeOffMetersAndBlocksNothing(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := New(Options{DB: d})
		c := Charge{ItemID: "i1", BrandID: "b", Steps: steps, Presets: []string{"etsy"}}
		if err := s.Check(ctx, d, "a", []Charge{c}); err != nil {
			t.Fatal(err)
		}
		inTx(t, d, func(tx *db.Tx) error { return s.Reserve(ctx, tx, "a", c) })
		inTx(t, d, func(tx *db.Tx) error { return s.Capture(ctx, tx, "a", "i1") })
		inTx(t, d, func(tx *db.Tx) error { return s.CaptureVariant(ctx, tx, "a", "i1", "etsy") })
		want(t, d, "a", 0, 0, 0, 0, 0)
		var n, used int64
		if err := d.QueryRow(`SELECT count(*), sum(price) FROM charges WHERE state = 'captured' AND NOT billed`).Scan(&n, &used); err != nil || n != 4 || used != 105 {
			t.Fatalf("%d uses of %d, %v", n, used, err)
		}
	})
}

func TestDebtBlocksAndIsRepaidFirst(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := New(Options{DB: d, Mode: Enforce, MonthlyGrant: 500})
		buy(t, d, "a", "1", 100)
		inTx(t, d, func(tx *db.Tx) error {
			l, err := ledger.Open(ctx, tx, "a")
			if err != nil {
				return err
			}
			if err := l.GrantMonth(ctx, tx, s.o.MonthlyGrant); err != nil {
				return err
			}
			return l.TakeBack(ctx, tx, "refund:r", "refund", "", 130)
		})
		want(t, d, "a", 500, 0, 0, 0, 30)
		c := Charge{ItemID: "i1", Steps: steps}
		if err := s.Check(ctx, d, "a", []Charge{c}); !errors.Is(err, ErrDebt) {
			t.Fatalf("check: %v", err)
		}
		if err := d.InTx(ctx, func(tx *db.Tx) error { return s.Reserve(ctx, tx, "a", c) }); !errors.Is(err, ErrDebt) {
			t.Fatalf("reserve: %v", err)
		}
		buy(t, d, "a", "2", 20)
		want(t, d, "a", 500, 0, 0, 0, 10)
		buy(t, d, "a", "3", 20)
		want(t, d, "a", 500, 10, 0, 0, 0)
		inTx(t, d, func(tx *db.Tx) error { return s.Reserve(ctx, tx, "a", c) })
		want(t, d, "a", 400, 10, 100, 0, 0)
	})
}

func TestAMonthsGrantLapsesWithTheMonth(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := New(Options{DB: d, Mode: Enforce, MonthlyGrant: 200})
		in := func(month string) {
			inTx(t, d, func(tx *db.Tx) error {
				l, err := ledger.Open(ctx, tx, "a")
				if err != nil {
					return err
				}
				l.Month = month
				return l.GrantMonth(ctx, tx, s.o.MonthlyGrant)
			})
		}
		in("2026-01")
		in("2026-01")
		want(t, d, "a", 200, 0, 0, 0, 0)
		in("2026-02")
		want(t, d, "a", 200, 0, 0, 0, 0)
		in("2026-01") // a clock that went back gives nothing
		want(t, d, "a", 200, 0, 0, 0, 0)
		own := int64(70)
		if err := s.SetGrant(ctx, "a", &own); err != nil {
			t.Fatal(err)
		}
		in("2026-03")
		want(t, d, "a", 70, 0, 0, 0, 0)
	})
}

func TestPricesAreFrozenAtReservation(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := New(Options{DB: d, Mode: Enforce})
		buy(t, d, "a", "1", 1000)
		c := Charge{ItemID: "i1", Steps: []string{"generate_scene"}, Presets: []string{"etsy", "ebay"}}
		before, err := s.Quote(ctx, d, []Charge{c, c})
		if err != nil || before.Total != 2*(60+5+5) || before.PriceVersion != 1 || len(before.Lines) != 3 || before.Lines[0].Count != 2 {
			t.Fatalf("%+v, %v", before, err)
		}
		inTx(t, d, func(tx *db.Tx) error { return s.Reserve(ctx, tx, "a", c) })
		if v, err := s.Publish(ctx, []Price{{"step", "*", 1}, {"step", "generate_scene", 90}, {"preset", "*", 0}, {"preset", "etsy", 7}}); err != nil || v != 2 {
			t.Fatal(v, err)
		}
		for _, bad := range [][]Price{nil, {{"step", "*", 1}}, {{"step", "*", -1}, {"preset", "*", 1}}, {{"scene", "*", 1}}} {
			t.Run(fmt.Sprint(bad), func(t *testing.T) {
				if _, err := s.Publish(ctx, bad); !errors.Is(err, ErrPrices) {
					t.Errorf("published: %v", err)
				}
			})
		}
		inTx(t, d, func(tx *db.Tx) error { return s.Capture(ctx, tx, "a", "i1") })
		want(t, d, "a", 0, 930, 10, 60, 0)
		c.ItemID = "i2"
		inTx(t, d, func(tx *db.Tx) error { return s.Reserve(ctx, tx, "a", c) })
		want(t, d, "a", 0, 930-97, 10+97, 60, 0)
	})
}
