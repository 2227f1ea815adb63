package billing

import (
	"errors"
	"slices"
	"testing"

	"github.com/opal-photo/opal/modules/billing/ledger"
	"github.com/opal-photo/opal/modules/billing/mollie"
	"github.com/opal-photo/opal/modules/db"
	"github.com/opal-photo/opal/modules/db/dbtest"
)

// unguard disables the guards of a table until the transaction ends, so that a
// test can write what the database would refuse.
func unguard(t *testing.T, tx *db.Tx, postgres bool, table string) {
	t.Helper()
	exec := func(q string) {
		t.Helper()
		if _, err := tx.ExecContext(ctx, q); err != nil {
			t.Fatal(err)
		}
	}
	if postgres {
		exec(`ALTER TABLE ` + table + ` DISABLE TRIGGER USER`)
		exec(`SET LOCAL session_replication_role = replica`) // foreign keys too
		return
	}
	exec(`PRAGMA defer_foreign_keys = ON`)
	rows, err := tx.QueryContext(ctx, `SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = $1`, table)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for rows.Next() {
		var n string
		if err := rows.Scan(&n); err != nil {
			t.Fatal(err)
		}
		names = append(names, n)
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		t.Fatal(err)
	}
	for _, n := range names {
		exec(`DROP TRIGGER ` + n)
	}
}

// addItem puts an item, and an export of it when exportStatus isn't "", as the
// job and export modules would.
func addItem(t *testing.T, d *db.DB, tenantID, itemID, status, exportStatus string) {
	t.Helper()
	inTx(t, d, func(tx *db.Tx) error {
		for _, q := range []string{
			`INSERT INTO jobs (job_id, tenant_id, brand_profile_id, correlation_id, status, presets, options, brand, total, open_items, created_at, updated_at)
				VALUES ('j-' || CAST($1 AS TEXT), $2, '', '', 'processing', '', '', '', 1, 1, now_ms(), now_ms())`,
			`INSERT INTO items (item_id, job_id, tenant_id, correlation_id, position, entry_id, filename, scene_index, scene_type, scene_prompt, status, created_at, updated_at)
				VALUES ($1, 'j-' || CAST($1 AS TEXT), $2, '', 0, '', '', 0, '', '', 'queued', now_ms(), now_ms())`,
		} {
			if _, err := tx.ExecContext(ctx, q, itemID, tenantID); err != nil {
				return err
			}
		}
		if exportStatus != "" {
			if _, err := tx.ExecContext(ctx, `INSERT INTO exports (item_id, preset, job_id, tenant_id, correlation_id, status, due_at, created_at, updated_at)
				VALUES ($1, 'etsy', '', $2, '', $3, 0, 0, 0)`, itemID, tenantID, exportStatus); err != nil {
				return err
			}
		}
		return nil
	})
	setItem(t, d, itemID, status)
}

func setItem(t *testing.T, d *db.DB, itemID, status string) {
	t.Helper()
	if _, err := d.Exec(`UPDATE items SET status = $2 WHERE item_id = $1`, itemID, status); err != nil {
		t.Fatal(err)
	}
}

func TestAuditFindsWhatIsWrong(t *testing.T) {
	spoils := map[string]struct{ table, query string }{
		"balance":                            {"accounts", `UPDATE accounts SET balance = balance + 7 WHERE tenant_id = 'a' AND kind = 'paid'`},
		"tenant":                             {"accounts", `UPDATE accounts SET balance = balance + 7 WHERE tenant_id = 'a' AND kind = 'paid'`},
		"held":                               {"accounts", `UPDATE accounts SET balance = balance + 7 WHERE tenant_id = 'a' AND kind = 'held'`},
		"posting":                            {"transfers", `DELETE FROM transfers WHERE posting_key = 'res:ok' AND leg = 2`},
		"sequence":                           {"transfers", `DELETE FROM transfers WHERE posting_key = 'res:ok' AND leg = 2`},
		"reservation":                        {"transfers", `UPDATE transfers SET amount = amount + 1 WHERE posting_key = 'res:ok' AND leg = 1`},
		"capture":                            {"transfers", `UPDATE transfers SET amount = amount + 1 WHERE posting_key = 'cap:ok'`},
		"release":                            {"transfers", `UPDATE transfers SET amount = amount + 1 WHERE posting_key = 'rel:gone'`},
		"budget":                             {"budget_months", `UPDATE budget_months SET committed = committed + 1`},
		"item that failed and costs":         {"items", `UPDATE items SET status = 'failed' WHERE item_id = 'ok'`},
		"item that was made for nothing":     {"charges", `DELETE FROM charges WHERE item_id = 'plain'`},
		"item that is made without a hold":   {"charges", `DELETE FROM charges WHERE item_id = 'open'`},
		"step of a completed item":           {"items", `UPDATE items SET status = 'completed' WHERE item_id = 'open'`},
		"variant that was made for nothing":  {"exports", `UPDATE exports SET status = 'completed' WHERE item_id = 'gone'`},
		"variant that wasn't made and costs": {"exports", `UPDATE exports SET status = 'failed' WHERE item_id = 'ok'`},
		"charge of another's item":           {"items", `UPDATE items SET tenant_id = 'b' WHERE item_id = 'ok'`},
		"payment":                            {"transfers", `UPDATE transfers SET amount = amount - 1 WHERE kind = 'buy'`},
		"purchase without payment":           {"transfers", `UPDATE transfers SET posting_key = 'buy:x' WHERE kind = 'buy'`},
		"invoice":                            {"invoices", `DELETE FROM invoices`},
		"invoice numbers":                    {"invoices", `DELETE FROM invoices`},
		"money back":                         {"transfers", `UPDATE transfers SET amount = amount - 1 WHERE kind = 'refund'`},
		"money back, returned":               {"payment_reversals", `UPDATE payment_reversals SET state = 'returned'`},
		"payment that nobody asks after":     {"payments", `UPDATE payments SET status = 'open', paid_at = NULL, poll_at = NULL`},
		"notice of the payment provider's":   {"payment_notices", `INSERT INTO payment_notices (mollie_id, due_at, received_at) SELECT mollie_id, now_ms() - 3700000, 0 FROM payments`},
		"refund that was forgotten": {"refund_requests", `INSERT INTO refund_requests (request_id, tenant_id, payment_id, amount, description, created_at)
			SELECT 'q', tenant_id, payment_id, 10, '', 0 FROM payments`},
		"refund at the payment provider": {"refund_requests", `INSERT INTO refund_requests (request_id, tenant_id, payment_id, amount, description, reversal_id, created_at)
			SELECT 'q', tenant_id, payment_id, amount + 1, '', reversal_id, 0 FROM payment_reversals`},
		"more went back than was paid": {"payment_reversals", `UPDATE payment_reversals SET credits = 1001`},
	}
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := openShop(t, d)
		s.o.MonthlyGrant = 50
		id, m := s.paid("small")
		s.mollie.Refund(m, 100, "refunded")
		s.sweep()
		s.status(id, mollie.Paid)
		for _, it := range []struct {
			id, status, export string
			presets            []string
		}{{"ok", "completed", "completed", []string{"etsy"}}, {"gone", "failed", "cancelled", []string{"etsy"}}, {"open", "processing", "", []string{"etsy"}}, {"plain", "completed", "", nil}} {
			inTx(t, d, func(tx *db.Tx) error {
				return s.Reserve(ctx, tx, "a", Charge{ItemID: it.id, Steps: steps, Presets: it.presets})
			})
			addItem(t, d, "a", it.id, it.status, it.export)
		}
		inTx(t, d, func(tx *db.Tx) error { return s.Capture(ctx, tx, "a", "ok") })
		inTx(t, d, func(tx *db.Tx) error { return s.Capture(ctx, tx, "a", "plain") })
		inTx(t, d, func(tx *db.Tx) error { return s.CaptureVariant(ctx, tx, "a", "ok", "etsy") })
		inTx(t, d, func(tx *db.Tx) error { return s.Release(ctx, tx, "a", "gone") })
		// v0.2.1 had charged for the items that were taken over from it
		for id, status := range map[string]string{"taken": "completed", "taken and queued": "queued"} {
			addItem(t, d, "a", id, status, "")
			if _, err := d.Exec(`UPDATE items SET taken_over = TRUE WHERE item_id = $1`, id); err != nil {
				t.Fatal(err)
			}
		}
		for check, spoil := range spoils {
			t.Run(check, func(t *testing.T) {
				if diffs, err := s.Audit(ctx); err != nil || len(diffs) > 0 {
					t.Fatalf("before: %v, %v", diffs, err)
				}
				undo := errors.New("undo")
				err := d.InTx(ctx, func(tx *db.Tx) error {
					unguard(t, tx, d.Postgres(), spoil.table)
					r, err := tx.ExecContext(ctx, spoil.query)
					if err != nil {
						return err
					}
					if n, err := r.RowsAffected(); err != nil || n == 0 {
						t.Errorf("nothing was spoiled, %v", err)
					}
					diffs, err := ledger.Audit(ctx, tx, maxOpenAge)
					if err != nil {
						return err
					}
					if !slices.ContainsFunc(diffs, func(d ledger.Difference) bool { return d.Check == check }) {
						t.Errorf("found %v", diffs)
					}
					return undo
				})
				if !errors.Is(err, undo) {
					t.Error(err)
				}
			})
		}
		rules, err := ledger.Rules()
		if err != nil {
			t.Fatal(err)
		}
		if len(spoils) != len(rules)-1 { // a balance below zero, even an unguarded table refuses
			t.Errorf("%d rules, %d tried", len(rules), len(spoils))
		}
	})
}

func TestSweepGivesBackWhatEnded(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := New(Options{DB: d, Mode: Enforce, MonthlyGrant: 1000})
		for _, it := range []struct{ id, status, export string }{
			{"failed variant", "completed", "failed"}, {"cancelled variant", "completed", "cancelled"}, {"no variant", "completed", ""},
			{"open variant", "completed", "pending"}, {"failed item", "failed", ""}, {"open item", "processing", ""},
		} {
			inTx(t, d, func(tx *db.Tx) error {
				return s.Reserve(ctx, tx, "a", Charge{ItemID: it.id, Steps: steps, Presets: []string{"etsy"}})
			})
			if it.status == "completed" {
				inTx(t, d, func(tx *db.Tx) error { return s.Capture(ctx, tx, "a", it.id) })
			}
			addItem(t, d, "a", it.id, it.status, it.export)
		}
		want(t, d, "a", 370, 0, 230, 400, 0)
		for range 2 {
			if err := s.Sweep(ctx); err != nil {
				t.Fatal(err)
			}
			// open: a variant of 5, an item of 105
			want(t, d, "a", 370+3*5+105, 0, 5+105, 400, 0)
		}
	})
}
