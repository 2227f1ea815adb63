package billing

import (
	"context"
	"os"
	"testing"

	"github.com/opal-photo/opal/modules/billing/ledger"
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
		l, err := ledger.Open(ctx, tx, tenantID)
		if err != nil {
			return err
		}
		return l.BringIn(ctx, tx, "import:"+key, "import", "", credits)
	})
}

// want compares a tenant's balances, in the order free, paid, held, spent, debt.
func want(t testing.TB, d *db.DB, tenantID string, balances ...int64) {
	t.Helper()
	has, err := ledger.Balances(ctx, d, tenantID)
	if err != nil {
		t.Fatal(err)
	}
	sum := int64(0)
	for i, k := range ledger.Accounts {
		sum += has[k]
		if k != ledger.World && has[k] != balances[i] {
			t.Errorf("%s has %d %s, want %d (all: %v)", tenantID, has[k], k, balances[i], has)
		}
	}
	if sum != 0 {
		t.Errorf("the balances of %s add up to %d", tenantID, sum)
	}
}

// full reports whether the long versions of the tests are asked for.
func full() bool { return os.Getenv("OPAL_BILLING_FULL") == "1" }
