package billing

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/opal-photo/opal/modules/billing/ledger"
	"github.com/opal-photo/opal/modules/db"
)

// The states of a charge.
const (
	stateHeld     = "held"
	stateCaptured = "captured"
	stateReleased = "released"
)

// Check fails with a fault of kind PaymentRequired, which names the needed and
// the available credits, when the tenant can't pay for the items. It reserves
// nothing.
func (s *Service) Check(ctx context.Context, q db.Querier, tenantID string, items []Charge) error {
	if s.o.Mode != Enforce {
		return nil
	}
	quote, err := s.Quote(ctx, q, items)
	if err != nil {
		return err
	}
	l, err := ledger.Read(ctx, q, tenantID, s.o.MonthlyGrant)
	if err != nil {
		return err
	}
	return s.affords(ctx, q, l, quote.Total)
}

// affords fails when a ledger does not cover an amount.
func (s *Service) affords(ctx context.Context, q db.Querier, l *ledger.Ledger, needed int64) error {
	if needed == 0 {
		return nil
	}
	if d := l.Balance[ledger.Debt]; d > 0 {
		return ErrDebt.With("needed %d, available 0, debt %d (hundredths of a credit)", needed, d)
	}
	if a := l.Available(); a < needed {
		return ErrCredits.With("needed %d, available %d (hundredths of a credit)", needed, a)
	}
	if !l.Budget.Valid {
		return nil
	}
	var committed int64
	err := q.QueryRowContext(ctx, `SELECT committed FROM budget_months WHERE tenant_id = $1 AND month = $2`, l.TenantID, l.Month).Scan(&committed)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("read the budget of %s: %w", l.TenantID, err)
	}
	if left := l.Budget.Int64 - committed; left < needed {
		return ErrBudget.With("needed %d, available %d (hundredths of a credit)", needed, max(0, left))
	}
	return nil
}

// Reserve holds the price of an item, free credit before paid, and freezes its
// prices. A fault of kind PaymentRequired reserves nothing. Reserving a second
// time changes nothing.
func (s *Service) Reserve(ctx context.Context, tx *db.Tx, tenantID string, c Charge) error {
	l, err := ledger.Open(ctx, tx, tenantID)
	if err != nil {
		return err
	}
	if err := l.GrantMonth(ctx, tx, s.o.MonthlyGrant); err != nil {
		return err
	}
	var there, open int
	if err := tx.QueryRowContext(ctx, `SELECT count(*), count(CASE WHEN state <> 'released' THEN 1 END) FROM charges WHERE item_id = $1`, c.ItemID).Scan(&there, &open); err != nil {
		return fmt.Errorf("look for the charges of item %s: %w", c.ItemID, err)
	}
	if there > 0 {
		if open == 0 {
			return ErrResolved
		}
		return nil
	}
	prices, err := currentPrices(ctx, tx)
	if err != nil {
		return err
	}
	lines, err := prices.lines(c)
	if err != nil {
		return err
	}
	if lines, err = unpaid(ctx, tx, c, lines); err != nil {
		return err
	}
	var total int64
	for _, n := range lines {
		total += n.price
	}
	billed := s.o.Mode == Enforce
	key, fromFree := "", int64(0)
	if billed {
		if err := s.affords(ctx, tx, l, total); err != nil {
			return err
		}
		before := l.Available()
		fromFree = min(l.Balance[ledger.Free], total)
		if key, err = l.Post(ctx, tx, ledger.Posting{Key: "res:" + c.ItemID, Kind: "reserve", ItemID: c.ItemID,
			Legs: []ledger.Leg{ledger.Move(ledger.Free, ledger.Held, fromFree), ledger.Move(ledger.Paid, ledger.Held, total-fromFree)}}); err != nil {
			return err
		}
		if err := commit(ctx, tx, tenantID, l.Month, total); err != nil {
			return err
		}
		if err := s.tellLow(ctx, tx, l, before); err != nil {
			return err
		}
	}
	for _, n := range lines {
		var f, p int64
		if billed {
			f = min(fromFree, n.price)
			p = n.price - f
			fromFree -= f
		}
		if _, err := tx.ExecContext(ctx, `INSERT INTO charges (item_id, kind, name, tenant_id, job_id, brand_id, price_version, price_name, price,
			billed, from_free, from_paid, state, month, reserved_by, held_at, photo_id) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 'held', $13, $14, $15, $16)`,
			c.ItemID, n.kind, n.name, tenantID, c.JobID, c.BrandID, prices.Version, n.priceName, n.price, billed, f, p, l.Month, orNull(key), l.Now, orNull(c.sharer(n.kind, n.name))); err != nil {
			return fmt.Errorf("charge item %s for %s: %w", c.ItemID, n.name, err)
		}
	}
	tx.AfterCommit(func() { s.o.Metrics.moved(stateHeld, total) })
	return nil
}

// commit adds an amount to a month's budget; a negative amount is one given
// back.
func commit(ctx context.Context, tx *db.Tx, tenantID, month string, amount int64) error {
	if amount == 0 {
		return nil
	}
	r, err := tx.ExecContext(ctx, `UPDATE budget_months SET committed = committed + $3 WHERE tenant_id = $1 AND month = $2`, tenantID, month, amount)
	if err != nil {
		return fmt.Errorf("count on the budget of %s: %w", tenantID, err)
	}
	n, err := r.RowsAffected()
	if err != nil || n > 0 {
		return err
	}
	if _, err = tx.ExecContext(ctx, `INSERT INTO budget_months (tenant_id, month, committed) VALUES ($1, $2, $3)`, tenantID, month, amount); err != nil {
		return fmt.Errorf("count on the budget of %s: %w", tenantID, err)
	}
	return nil
}

// Capture spends what is held for an item's steps, in the transaction that
// completes it. Its presets stay held until each variant ends. It does nothing
// the second time.
func (s *Service) Capture(ctx context.Context, tx *db.Tx, tenantID, itemID string) error {
	return s.resolve(ctx, tx, tenantID, itemID, stateCaptured, "cap:"+itemID, kindStep, "")
}

// CaptureVariant spends what is held for one preset of an item, in the
// transaction that completes the variant. It does nothing the second time.
func (s *Service) CaptureVariant(ctx context.Context, tx *db.Tx, tenantID, itemID, preset string) error {
	if err := s.inherit(ctx, tx, tenantID, itemID, preset); err != nil {
		return err
	}
	return s.resolve(ctx, tx, tenantID, itemID, stateCaptured, "cap:"+itemID+":"+preset, kindPreset, preset)
}

// Release gives back all that is still held for an item: it failed or was
// cancelled. It does nothing the second time.
func (s *Service) Release(ctx context.Context, tx *db.Tx, tenantID, itemID string) error {
	return s.resolve(ctx, tx, tenantID, itemID, stateReleased, "rel:"+itemID, "", "")
}

// ReleaseVariant gives back what is held for one preset of an item: its variant
// failed permanently or was cancelled. Sweep does the same for variants whose
// end was never reported.
func (s *Service) ReleaseVariant(ctx context.Context, tx *db.Tx, tenantID, itemID, preset string) error {
	return s.resolve(ctx, tx, tenantID, itemID, stateReleased, "rel:"+itemID+":"+preset, kindPreset, preset)
}

// resolve ends an item's holds of a kind and name ("": all).
func (s *Service) resolve(ctx context.Context, tx *db.Tx, tenantID, itemID, state, key, kind, name string) error {
	const mine = ` FROM charges WHERE item_id = $1 AND tenant_id = $2 AND state = 'held' AND ($3 = '' OR kind = $3) AND ($4 = '' OR name = $4)`
	var n int
	if err := tx.QueryRowContext(ctx, `SELECT count(*)`+mine, itemID, tenantID, kind, name).Scan(&n); err != nil {
		return fmt.Errorf("look for the holds of item %s: %w", itemID, err)
	}
	if n == 0 {
		return nil
	}
	l, err := ledger.Open(ctx, tx, tenantID)
	if err != nil {
		return err
	}
	if state == stateReleased && kind != kindStep {
		if err := s.bequeath(ctx, tx, l, itemID, name); err != nil {
			return err
		}
	}
	// read again under the lock; an item is reserved once and so in one month
	var f, p, price sql.NullInt64
	var month sql.NullString
	if err := tx.QueryRowContext(ctx, `SELECT sum(from_free), sum(from_paid), sum(price), max(month)`+mine, itemID, tenantID, kind, name).Scan(&f, &p, &price, &month); err != nil {
		return fmt.Errorf("read the holds of item %s: %w", itemID, err)
	}
	if !month.Valid {
		return nil
	}
	total := f.Int64 + p.Int64
	ps := ledger.Posting{Key: key, Kind: "capture", ItemID: itemID, Legs: []ledger.Leg{ledger.Move(ledger.Held, ledger.Spent, total)}}
	if state == stateReleased {
		ps.Kind, ps.Legs = "release", []ledger.Leg{ledger.Move(ledger.Held, ledger.Free, f.Int64), ledger.Move(ledger.Held, ledger.Paid, p.Int64)}
		if err := commit(ctx, tx, tenantID, month.String, -total); err != nil {
			return err
		}
	}
	by, err := l.Post(ctx, tx, ps)
	if err != nil {
		return err
	}
	if state == stateReleased && p.Int64 > 0 {
		if err := l.Repay(ctx, tx, key, ""); err != nil {
			return err
		}
	}
	if _, err := tx.ExecContext(ctx, `UPDATE charges SET state = $5, ended_at = $6, resolved_by = $7
		WHERE item_id = $1 AND tenant_id = $2 AND state = 'held' AND ($3 = '' OR kind = $3) AND ($4 = '' OR name = $4)`,
		itemID, tenantID, kind, name, state, l.Now, orNull(by)); err != nil {
		return fmt.Errorf("resolve the holds of item %s: %w", itemID, err)
	}
	tx.AfterCommit(func() { s.o.Metrics.moved(state, price.Int64) })
	return nil
}

func orNull(s string) sql.NullString { return sql.NullString{String: s, Valid: s != ""} }
