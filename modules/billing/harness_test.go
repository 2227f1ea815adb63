package billing

import (
	"context"
	"os"
	"testing"

	"github.com/opal-photo/opal/modules/db"
)

var ctx = context.Background()

// steps is what a full picture takes.
var steps = []string{"remove_background", "generate_scene", "upscale"}

// inTx runs fn in a transaction that must succeed.
func inTx(t testing.TB, d *db.DB, fn func(tx *db.Tx) error) {
	t.Helper()
	if err := d.InTx(ctx, fn); err != nil {
		t.Fatal(err)
	}
}

// buy gives a tenant paid credit, as a payment would.
func buy(t testing.TB, d *db.DB, tenantID, key string, credits int64) {
	t.Helper()
	inTx(t, d, func(tx *db.Tx) error {
		l, err := open(ctx, tx, tenantID)
		if err != nil {
			return err
		}
		return bringIn(ctx, tx, l, "import:"+key, "import", "", credits)
	})
}

// want compares a tenant's balances, in the order free, paid, held, spent, debt.
func want(t testing.TB, d *db.DB, tenantID string, balances ...int64) {
	t.Helper()
	l := &ledger{tenantID: tenantID, balance: map[string]int64{}}
	if err := l.read(ctx, d); err != nil {
		t.Fatal(err)
	}
	sum := int64(0)
	for i, k := range accountKinds {
		sum += l.balance[k]
		if k != world && l.balance[k] != balances[i] {
			t.Errorf("%s has %d %s, want %d (all: %v)", tenantID, l.balance[k], k, balances[i], l.balance)
		}
	}
	if sum != 0 {
		t.Errorf("the balances of %s add up to %d", tenantID, sum)
	}
}

// full reports whether the long versions of the tests are asked for.
func full() bool { return os.Getenv("OPAL_BILLING_FULL") == "1" }
