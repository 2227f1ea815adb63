package billing

import (
	"fmt"
	"testing"

	"github.com/opal-photo/opal/modules/db"
	"github.com/opal-photo/opal/modules/db/dbtest"
)

// BenchmarkItem measures all that an item does to the ledger: reserved,
// captured, and two variants captured.
func BenchmarkItem(b *testing.B) {
	for name, url := range map[string]func(testing.TB) string{"sqlite": dbtest.SQLiteURL, "postgres": dbtest.PostgresURL} {
		b.Run(name, func(b *testing.B) {
			d := dbtest.Open(b, url(b))
			s := New(Options{DB: d, Mode: Enforce})
			buy(b, d, "a", "1", 1<<40)
			i := 0
			for b.Loop() {
				i++
				id := fmt.Sprint("i", i)
				inTx(b, d, func(tx *db.Tx) error {
					return s.Reserve(ctx, tx, "a", Charge{ItemID: id, Steps: steps, Presets: []string{"etsy", "ebay"}})
				})
				inTx(b, d, func(tx *db.Tx) error { return s.Capture(ctx, tx, "a", id) })
				inTx(b, d, func(tx *db.Tx) error { return s.CaptureVariant(ctx, tx, "a", id, "etsy") })
				inTx(b, d, func(tx *db.Tx) error { return s.CaptureVariant(ctx, tx, "a", id, "ebay") })
			}
		})
	}
}
