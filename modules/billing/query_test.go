package billing

import (
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/opal-photo/opal/modules/db"
	"github.com/opal-photo/opal/modules/db/dbtest"
)

func TestBalanceTransactionsAndUsage(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := New(Options{DB: d, Mode: Enforce, MonthlyGrant: 1000})
		b, err := s.Balance(ctx, "a")
		if err != nil {
			t.Fatal(err)
		}
		if j, err := json.Marshal(b); err != nil || string(j) != `{"tenant_id":"a","available":1000,"held":0}` {
			t.Fatalf("%s, %v", j, err)
		}
		for i := range 4 {
			id := fmt.Sprint("i", i)
			inTx(t, d, func(tx *db.Tx) error {
				return s.Reserve(ctx, tx, "a", Charge{ItemID: id, BrandID: []string{"=acme", "other"}[i%2], Steps: steps[:2], Presets: []string{"etsy"}})
			})
			inTx(t, d, func(tx *db.Tx) error { return s.Capture(ctx, tx, "a", id) })
		}
		if b, err = s.Balance(ctx, "a"); err != nil || b.Available != 660 || b.Held != 20 {
			t.Fatalf("%+v, %v", b, err)
		}

		var all []Transaction
		cursor, pages := "", 0
		for {
			p, err := s.Transactions(ctx, "a", cursor, 4)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, p.Transactions...)
			if pages++; p.NextCursor == nil {
				break
			}
			cursor = *p.NextCursor
		}
		if len(all) != 9 || pages != 3 || all[8].Type != "grant" || all[8].Available != 1000 || all[0].Type != "capture" || all[0].Available != 0 || *all[0].ItemID != "i3" {
			t.Fatalf("%d in %d pages: %+v", len(all), pages, all)
		}
		if p, err := s.Transactions(ctx, "b", "", 0); err != nil || len(p.Transactions) != 0 || p.NextCursor != nil {
			t.Fatalf("%+v, %v", p, err)
		}
		for _, bad := range []string{"x", "!!", encodeCursor("a", "b"), encodeCursor("one")} {
			t.Run(bad, func(t *testing.T) {
				if _, err := s.Transactions(ctx, "a", bad, 0); !errors.Is(err, ErrCursor) {
					t.Error(err)
				}
			})
		}

		day, err := s.Usage(ctx, "a", UsageQuery{})
		today := time.Now().UTC().Format(time.DateOnly)
		if err != nil || len(day.Usage) != 1 || day.Usage[0] != (UsageRow{Key: today, Items: 4, Uses: 8, Credits: 320, Billed: 320}) {
			t.Fatalf("%+v, %v", day, err)
		}
		step, err := s.Usage(ctx, "a", UsageQuery{By: ByStep, Limit: 1})
		if err != nil || len(step.Usage) != 1 || step.Usage[0].Key != "step/generate_scene" || step.Usage[0].Credits != 240 || step.NextCursor == nil {
			t.Fatalf("%+v, %v", step, err)
		}
		step, err = s.Usage(ctx, "a", UsageQuery{By: ByStep, Limit: 1, Cursor: *step.NextCursor})
		if err != nil || len(step.Usage) != 1 || step.Usage[0].Key != "step/remove_background" || step.NextCursor != nil {
			t.Fatalf("%+v, %v", step, err)
		}
		brand, err := s.Usage(ctx, "a", UsageQuery{By: ByBrand})
		if err != nil || len(brand.Usage) != 2 {
			t.Fatalf("%+v, %v", brand, err)
		}
		table := brand.Table()
		if len(table) != 3 || table[0][0] != "brand" || table[1][0] != "'=acme" || table[1][3] != "1.60" {
			t.Fatalf("%v", table)
		}
		for name, bad := range map[string]UsageQuery{"an unknown key": {By: "hour"}, "an end before its start": {From: time.Now(), To: time.Now().Add(-time.Hour)}} {
			t.Run(name, func(t *testing.T) {
				if _, err := s.Usage(ctx, "a", bad); !errors.Is(err, ErrQuery) {
					t.Errorf("%+v: %v", bad, err)
				}
			})
		}
		if p, err := s.Usage(ctx, "a", UsageQuery{From: time.Unix(0, 0), To: time.Unix(10, 0)}); err != nil || len(p.Usage) != 0 {
			t.Fatalf("%+v, %v", p, err)
		}
	})
}
