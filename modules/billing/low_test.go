package billing

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/opal-photo/opal/modules/db"
	"github.com/opal-photo/opal/modules/db/dbtest"
)

// TestLowCreditIsToldOnce tells a tenant when its credit falls below the threshold: not
// for each item after, nor for each hold that is given back and taken again, but anew
// when credit came in and it falls again, and after a day.
func TestLowCreditIsToldOnce(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := New(Options{DB: d, Mode: Enforce, LowBelow: 250})
		n := 0
		reserve := func() (item string) {
			n++
			item = fmt.Sprintf("i%d", n)
			inTx(t, d, func(tx *db.Tx) error {
				return s.Reserve(ctx, tx, "a", Charge{ItemID: item, JobID: "j", BrandID: "default", Steps: steps})
			})
			return item
		}
		told := func(want ...string) {
			t.Helper()
			rows, err := d.Query(`SELECT data FROM events WHERE type = 'credits.low' AND tenant_id = 'a' AND job_id = '' ORDER BY event_id`)
			if err != nil {
				t.Fatal(err)
			}
			defer rows.Close()
			got := []string{}
			for rows.Next() {
				var data string
				if err := rows.Scan(&data); err != nil {
					t.Fatal(err)
				}
				got = append(got, data)
			}
			if err := rows.Err(); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(append([]string{}, want...), got); diff != "" {
				t.Errorf("told (-want +got):\n%s", diff)
			}
		}
		const first, second = `{"available":200,"threshold":250}`, `{"available":150,"threshold":250}`
		buy(t, d, "a", "1", 400)
		reserve() // 300
		told()
		last := reserve() // 200
		told(first)
		inTx(t, d, func(tx *db.Tx) error { return s.Release(ctx, tx, "a", last) }) // 300
		reserve()                                                                  // 200
		reserve()                                                                  // 100
		told(first)
		if _, err := d.Exec(`UPDATE billing_tenants SET low_told_at = low_told_at - 1000`); err != nil { // a second ago
			t.Fatal(err)
		}
		buy(t, d, "a", "2", 150) // 250
		reserve()                // 150
		told(first, second)
		if err := d.InTx(ctx, func(tx *db.Tx) error { // an order that fails tells of nothing
			if err := s.Reserve(ctx, tx, "a", Charge{ItemID: "x", JobID: "j", BrandID: "default", Steps: steps}); err != nil {
				return err
			}
			return fmt.Errorf("the order fails")
		}); err == nil {
			t.Error("no error")
		}
		told(first, second)
		if _, err := d.Exec(`UPDATE billing_tenants SET low_told_at = low_told_at - 90000000`); err != nil { // a day and an hour ago
			t.Fatal(err)
		}
		reserve() // 50: it was below before
		told(first, second)
	})
}
