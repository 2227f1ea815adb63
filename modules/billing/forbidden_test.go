package billing

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/opal-photo/opal/modules/db"
	"github.com/opal-photo/opal/modules/db/dbtest"
)

// TestTheDatabaseRefusesAWrongLedger writes rows to the tables directly that
// OPAL's code never writes. Each write is tried on its own, and the ledger must
// be as before.
func TestTheDatabaseRefusesAWrongLedger(t *testing.T) {
	const transfer = `INSERT INTO transfers (posting_key, leg, legs, prev_leg, tenant_id, seq, kind, debit, credit, amount, created_at) VALUES `
	const charge = `INSERT INTO charges (item_id, kind, name, tenant_id, job_id, brand_id, price_version, price_name, price,
		billed, from_free, from_paid, state, month, held_at) VALUES `
	const reservation = `INSERT INTO charges (item_id, kind, name, tenant_id, job_id, brand_id, price_version, price_name, price,
		billed, from_free, from_paid, state, month, reserved_by, held_at) VALUES `
	forbidden := map[string]string{
		"a transfer changed":                 `UPDATE transfers SET amount = amount + 1 WHERE posting_key = 'import:1'`,
		"a transfer deleted":                 `DELETE FROM transfers WHERE posting_key = 'import:1'`,
		"a transfer of nothing":              transfer + `('x', 1, 1, NULL, 'a', 100, 'buy', 'world', 'paid', 0, 0)`,
		"a transfer below zero":              transfer + `('x', 1, 1, NULL, 'a', 100, 'buy', 'world', 'paid', -5, 0)`,
		"a transfer to itself":               transfer + `('x', 1, 1, NULL, 'a', 100, 'buy', 'paid', 'paid', 5, 0)`,
		"an account that there isn't":        transfer + `('x', 1, 1, NULL, 'a', 100, 'buy', 'world', 'gold', 5, 0)`,
		"a tenant that there isn't":          transfer + `('x', 1, 1, NULL, 'nobody', 100, 'buy', 'world', 'paid', 5, 0)`,
		"more than there is":                 transfer + `('x', 1, 1, NULL, 'a', 100, 'capture', 'free', 'spent', 1000000, 0)`,
		"a posting twice":                    transfer + `('import:1', 1, 1, NULL, 'a', 100, 'import', 'world', 'paid', 5, 0)`,
		"a posting twice, for another":       transfer + `('import:1', 1, 1, NULL, 'b', 100, 'import', 'world', 'paid', 5, 0)`,
		"a leg more than the posting has":    transfer + `('import:1', 2, 1, 1, 'a', 100, 'import', 'world', 'paid', 5, 0)`,
		"a leg that changes their number":    transfer + `('import:1', 2, 2, 1, 'a', 100, 'import', 'world', 'paid', 5, 0)`,
		"a leg of another tenant's posting":  transfer + `('half', 2, 2, 1, 'b', 100, 'import', 'world', 'paid', 5, 0)`,
		"a leg before the first":             transfer + `('x', 2, 2, 1, 'a', 100, 'import', 'world', 'paid', 5, 0)`,
		"a kind of transfer there isn't":     transfer + `('x', 1, 1, NULL, 'a', 100, 'gift', 'world', 'paid', 5, 0)`,
		"a transfer put before others":       transfer + `('x', 1, 1, NULL, 'a', 0, 'buy', 'world', 'paid', 5, 0)`,
		"a sequence number twice":            transfer + `('x', 1, 1, NULL, 'a', 1, 'buy', 'world', 'paid', 5, 0)`,
		"a balance set":                      `UPDATE accounts SET balance = balance + 1000 WHERE tenant_id = 'a' AND kind = 'paid'`,
		"a balance set as if by a transfer":  `UPDATE accounts SET balance = balance + 500, seq = seq + 1 WHERE tenant_id = 'a' AND kind = 'paid'`,
		"a transfer counted twice":           `UPDATE accounts SET balance = balance + 500 WHERE tenant_id = 'a' AND kind = 'paid'`,
		"an account deleted":                 `DELETE FROM accounts WHERE tenant_id = 'a' AND kind = 'debt'`,
		"an account that begins with credit": `INSERT INTO accounts (tenant_id, kind, balance) VALUES ('c', 'paid', 100)`,
		"an account of a seventh kind":       `INSERT INTO accounts (tenant_id, kind) VALUES ('c', 'gold')`,
		"a price changed":                    `UPDATE prices SET amount = 0 WHERE version = 1 AND name = 'upscale'`,
		"a price deleted":                    `DELETE FROM prices WHERE version = 1 AND kind = 'preset'`,
		"a charge cheaper than its price":    charge + `('x', 'step', 'upscale', 'a', '', '', 1, 'upscale', 1, FALSE, 0, 0, 'held', '', 0)`,
		"a charge nobody paid for":           charge + `('x', 'step', 'upscale', 'a', '', '', 1, 'upscale', 20, TRUE, 20, 0, 'held', '', 0)`,
		"a charge that pays half":            reservation + `('x', 'step', 'upscale', 'a', '', '', 1, 'upscale', 20, TRUE, 10, 0, 'held', '', 'res:i1', 0)`,
		"another tenant's hold":              reservation + `('x', 'step', 'upscale', 'b', '', '', 1, 'upscale', 20, TRUE, 0, 20, 'held', '', 'res:i1', 0)`,
		"a frozen price changed":             `UPDATE charges SET price = 20, from_paid = 20, price_name = '*' WHERE item_id = 'i2' AND name = 'generate_scene'`,
		"a hold resolved without a posting":  `UPDATE charges SET state = 'captured', ended_at = 1 WHERE item_id = 'i2'`,
		"a hold resolved twice":              `UPDATE charges SET state = 'released' WHERE item_id = 'i1'`,
		"a charge deleted":                   `DELETE FROM charges WHERE item_id = 'i1'`,
		"credits of a payment changed":       `UPDATE payments SET credits = 999999 WHERE payment_id = 'p1'`,
		"a payment unpaid":                   `UPDATE payments SET status = 'failed', paid_at = NULL WHERE payment_id = 'p1'`,
		"a payment deleted":                  `DELETE FROM payments WHERE payment_id = 'p1'`,
		"an invoice number left out":         `INSERT INTO invoices (year, number, prev_number, tenant_id, payment_id, document, created_at) VALUES (2026, 3, 2, 'a', 'p2', '{}', 0)`,
		"an invoice number twice":            `INSERT INTO invoices (year, number, prev_number, tenant_id, payment_id, document, created_at) VALUES (2026, 1, NULL, 'a', 'p2', '{}', 0)`,
		"two invoices of a payment":          `INSERT INTO invoices (year, number, prev_number, tenant_id, payment_id, document, created_at) VALUES (2026, 2, 1, 'a', 'p1', '{}', 0)`,
		"an invoice for another tenant":      `INSERT INTO invoices (year, number, prev_number, tenant_id, payment_id, document, created_at) VALUES (2026, 2, 1, 'b', 'p2', '{}', 0)`,
		"an invoice changed":                 `UPDATE invoices SET document = '{"total":0}'`,
		"an invoice deleted":                 `DELETE FROM invoices`,
		"a month's budget below zero":        `UPDATE budget_months SET committed = -1`,
	}
	lite := map[string]string{
		"a transfer replaced": `INSERT OR REPLACE INTO transfers (posting_key, leg, legs, tenant_id, seq, kind, debit, credit, amount, created_at)
			VALUES ('import:1', 1, 1, 'a', 100, 'import', 'world', 'paid', 5, 0)`,
		"an account replaced": `INSERT OR REPLACE INTO accounts (tenant_id, kind) VALUES ('a', 'debt')`,
		"an invoice replaced": `INSERT OR REPLACE INTO invoices (year, number, tenant_id, payment_id, document, created_at) VALUES (2026, 1, 'a', 'p1', '{}', 0)`,
	}
	postgres := map[string]string{
		"the transfers truncated": `TRUNCATE transfers CASCADE`,
		"the accounts truncated":  `TRUNCATE accounts CASCADE`,
		"the invoices truncated":  `TRUNCATE invoices`,
	}
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := New(Options{DB: d, Mode: Enforce})
		buy(t, d, "a", "1", 500)
		buy(t, d, "b", "2", 500)
		for _, c := range []Charge{{ItemID: "i1", Steps: steps}, {ItemID: "i2", Steps: steps}} {
			inTx(t, d, func(tx *db.Tx) error { return s.Reserve(ctx, tx, "a", c) })
		}
		inTx(t, d, func(tx *db.Tx) error { return s.Capture(ctx, tx, "a", "i1") })
		inTx(t, d, func(tx *db.Tx) error {
			for _, q := range []string{
				`INSERT INTO billing_tenants (tenant_id, created_at) VALUES ('c', 0)`,
				`INSERT INTO payments (payment_id, tenant_id, package, credits, net, vat, amount, currency, vat_rate, vat_rule, customer, mode, status, paid_at, created_at, updated_at)
					VALUES ('p1', 'a', 'x', 1, 1, 0, 1, 'EUR', 0, 'standard', '{}', 'test', 'paid', 1, 0, 0), ('p2', 'a', 'x', 1, 1, 0, 1, 'EUR', 0, 'standard', '{}', 'test', 'paid', 1, 0, 0)`,
				`INSERT INTO invoices (year, number, tenant_id, payment_id, document, created_at) VALUES (2026, 1, 'a', 'p1', '{}', 0)`,
				transfer + `('half', 1, 2, NULL, 'a', 50, 'import', 'world', 'paid', 5, 0)`,
			} {
				if _, err := tx.ExecContext(ctx, q); err != nil {
					return err
				}
			}
			return nil
		})
		before := dump(t, d)
		own := lite
		if d.Postgres() {
			own = postgres
		}
		for _, set := range []map[string]string{forbidden, own} {
			for what, q := range set {
				t.Run(what, func(t *testing.T) {
					err := d.InTx(ctx, func(tx *db.Tx) error { _, err := tx.ExecContext(ctx, q); return err })
					if err == nil || !dbtest.IsConstraint(err) {
						t.Error(err)
					}
					if now := dump(t, d); now != before {
						t.Fatalf("the ledger changed (-was +is):\n%s", cmp.Diff(before, now))
					}
				})
			}
		}
	})
}

// dump returns the ledger's rows as text.
func dump(t *testing.T, d *db.DB) string {
	t.Helper()
	var out strings.Builder
	for _, q := range []string{
		`SELECT tenant_id || ' ' || kind || ' ' || balance || ' ' || seq FROM accounts ORDER BY tenant_id, kind`,
		`SELECT posting_key || ' ' || leg || ' ' || debit || ' ' || credit || ' ' || amount FROM transfers ORDER BY posting_key, leg`,
		`SELECT item_id || ' ' || name || ' ' || state || ' ' || price || ' ' || from_paid FROM charges ORDER BY item_id, name`,
		`SELECT payment_id || ' ' || credits || ' ' || status FROM payments ORDER BY payment_id`,
		`SELECT year || ' ' || number || ' ' || document FROM invoices ORDER BY year, number`,
		`SELECT version || ' ' || name || ' ' || amount FROM prices ORDER BY version, kind, name`,
		`SELECT month || ' ' || committed FROM budget_months`,
	} {
		rows, err := d.QueryContext(ctx, q)
		if err != nil {
			t.Fatal(err)
		}
		for rows.Next() {
			var s string
			if err := rows.Scan(&s); err != nil {
				t.Fatal(err)
			}
			out.WriteString(s + "\n")
		}
		if err := errors.Join(rows.Err(), rows.Close()); err != nil {
			t.Fatal(err)
		}
	}
	return out.String()
}
