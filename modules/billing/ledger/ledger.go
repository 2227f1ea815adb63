// Package ledger is a tenant's credit ledger: six accounts whose balances add up
// to zero, transfers between them, each written once under the key of its cause,
// and the audit of the books. Amounts are hundredths of a credit, as int64.
//
// Every write locks the tenant's row first, so that writers of one tenant queue
// up instead of deadlocking. The database's own constraints and triggers refuse a
// ledger that doesn't add up.
package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/opal-photo/opal/modules/db"
)

// The accounts of a tenant. Only world, where credit comes from and goes to, may
// be below zero, so that a tenant's six balances add up to zero.
const (
	Free  = "free"  // granted
	Paid  = "paid"  // bought
	Held  = "held"  // reserved for items under way
	Spent = "spent" // used
	Debt  = "debt"  // spent, and then refunded or charged back
	World = "world"
)

// Accounts are the kinds of a tenant's accounts.
var Accounts = []string{Free, Paid, Held, Spent, Debt, World}

// monthFormat names a calendar month, UTC.
const monthFormat = "2006-01"

// Ledger is a tenant's ledger as it was read: by Open, locked until the
// transaction ends; by Read, without a lock.
type Ledger struct {
	TenantID string
	Balance  map[string]int64
	Now      int64         // ms, by the database's clock, at reading
	Month    string        // of Now: 2006-01
	Budget   sql.NullInt64 // the most that may be used in a calendar month

	seq          int64 // of the last transfer
	grantedMonth string
	grant        sql.NullInt64
}

// Available returns the credit that can be reserved: 0 while there is debt.
func (l *Ledger) Available() int64 {
	if l.Balance[Debt] > 0 {
		return 0
	}
	return l.Balance[Free] + l.Balance[Paid]
}

// Open locks a tenant's ledger and reads it, making it if there is none.
func Open(ctx context.Context, tx *db.Tx, tenantID string) (*Ledger, error) {
	l := &Ledger{TenantID: tenantID, Balance: map[string]int64{}}
	for made := false; ; made = true {
		err := tx.QueryRowContext(ctx, `SELECT monthly_grant, budget_cap, granted_month FROM billing_tenants WHERE tenant_id = $1`+tx.ForUpdate(), tenantID).
			Scan(&l.grant, &l.Budget, &l.grantedMonth)
		if err == nil {
			break
		}
		if !errors.Is(err, sql.ErrNoRows) || made {
			return nil, fmt.Errorf("lock the ledger of %s: %w", tenantID, err)
		}
		if _, err := tx.ExecContext(ctx, `INSERT INTO billing_tenants (tenant_id, created_at) VALUES ($1, now_ms()) ON CONFLICT (tenant_id) DO NOTHING`, tenantID); err != nil {
			return nil, fmt.Errorf("make the ledger of %s: %w", tenantID, err)
		}
	}
	if err := l.read(ctx, tx); err != nil {
		return nil, err
	}
	for _, k := range Accounts {
		if _, there := l.Balance[k]; there {
			continue
		}
		if _, err := tx.ExecContext(ctx, `INSERT INTO accounts (tenant_id, kind) VALUES ($1, $2)`, tenantID, k); err != nil {
			return nil, fmt.Errorf("make account %s of %s: %w", k, tenantID, err)
		}
		l.Balance[k] = 0
	}
	now, err := db.Now(ctx, tx)
	if err != nil {
		return nil, err
	}
	l.Now, l.Month = now.UnixMilli(), now.Format(monthFormat)
	return l, nil
}

func (l *Ledger) read(ctx context.Context, q db.Querier) error {
	rows, err := q.QueryContext(ctx, `SELECT kind, balance, seq FROM accounts WHERE tenant_id = $1`, l.TenantID)
	if err != nil {
		return fmt.Errorf("read the balances of %s: %w", l.TenantID, err)
	}
	defer rows.Close()
	for rows.Next() {
		var kind string
		var balance, seq int64
		if err := rows.Scan(&kind, &balance, &seq); err != nil {
			return err
		}
		l.Balance[kind], l.seq = balance, max(l.seq, seq)
	}
	return rows.Err()
}

// Balances returns the balance of each account of a tenant, by kind; an empty
// map for a tenant without a ledger.
func Balances(ctx context.Context, q db.Querier, tenantID string) (map[string]int64, error) {
	l := &Ledger{TenantID: tenantID, Balance: map[string]int64{}}
	return l.Balance, l.read(ctx, q)
}

// Leg is one transfer of a posting.
type Leg struct {
	Debit, Credit string
	Amount        int64
}

// Move returns the leg that takes an amount from one account to another.
func Move(from, to string, amount int64) Leg { return Leg{Debit: from, Credit: to, Amount: amount} }

// Posting is the transfers of one cause. Its key makes them happen once.
type Posting struct {
	Key, Kind         string
	ItemID, PaymentID string
	Legs              []Leg
}

// Post writes a posting and returns its key, or "" when all its amounts are 0.
// The database moves the balances; l follows.
func (l *Ledger) Post(ctx context.Context, tx *db.Tx, p Posting) (string, error) {
	legs := make([]Leg, 0, len(p.Legs))
	for _, g := range p.Legs {
		if g.Amount != 0 {
			legs = append(legs, g)
		}
	}
	if len(legs) == 0 {
		return "", nil
	}
	for i, g := range legs {
		l.seq++
		if _, err := tx.ExecContext(ctx, `INSERT INTO transfers (posting_key, leg, legs, prev_leg, tenant_id, seq, kind, debit, credit, amount, item_id, payment_id, created_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`,
			p.Key, i+1, len(legs), sql.NullInt64{Int64: int64(i), Valid: i > 0}, l.TenantID, l.seq, p.Kind, g.Debit, g.Credit, g.Amount,
			orNull(p.ItemID), orNull(p.PaymentID), l.Now); err != nil {
			return "", fmt.Errorf("post %s: %w", p.Key, err)
		}
		l.Balance[g.Debit] -= g.Amount
		l.Balance[g.Credit] += g.Amount
	}
	return p.Key, nil
}

func orNull(s string) sql.NullString { return sql.NullString{String: s, Valid: s != ""} }

// Repay pays debt from paid credit, as far as that reaches, after the posting
// with the given key has brought some in.
func (l *Ledger) Repay(ctx context.Context, tx *db.Tx, key, paymentID string) error {
	n := min(l.Balance[Paid], l.Balance[Debt])
	_, err := l.Post(ctx, tx, Posting{Key: "repay:" + key, Kind: "repay", PaymentID: paymentID, Legs: []Leg{{Paid, World, n}, {Debt, World, n}}})
	return err
}

// TakeBack takes credit back whose money went back to its owner: from the paid
// account, and the part that has been spent as debt.
func (l *Ledger) TakeBack(ctx context.Context, tx *db.Tx, key, kind, paymentID string, credits int64) error {
	n := min(l.Balance[Paid], credits)
	_, err := l.Post(ctx, tx, Posting{Key: key, Kind: kind, PaymentID: paymentID, Legs: []Leg{{Paid, World, n}, {World, Debt, credits - n}}})
	return err
}

// BringIn adds bought credit and first pays debt with it.
func (l *Ledger) BringIn(ctx context.Context, tx *db.Tx, key, kind, paymentID string, credits int64) error {
	if _, err := l.Post(ctx, tx, Posting{Key: key, Kind: kind, PaymentID: paymentID, Legs: []Leg{{World, Paid, credits}}}); err != nil {
		return err
	}
	return l.Repay(ctx, tx, key, paymentID)
}

// GrantMonth gives the month's free credit, once, and lapses the rest of an
// earlier month's grant. A tenant without a grant of its own gets the general
// one.
func (l *Ledger) GrantMonth(ctx context.Context, tx *db.Tx, general int64) error {
	if l.Month <= l.grantedMonth {
		return nil
	}
	suffix := l.TenantID + ":" + l.Month
	if _, err := l.Post(ctx, tx, Posting{Key: "lapse:" + suffix, Kind: "lapse", Legs: []Leg{{Free, World, l.Balance[Free]}}}); err != nil {
		return err
	}
	if _, err := l.Post(ctx, tx, Posting{Key: "grant:" + suffix, Kind: "grant", Legs: []Leg{{World, Free, l.Grant(general)}}}); err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, `UPDATE billing_tenants SET granted_month = $2 WHERE tenant_id = $1`, l.TenantID, l.Month); err != nil {
		return fmt.Errorf("record the grant of %s: %w", suffix, err)
	}
	l.grantedMonth = l.Month
	return nil
}

// Grant returns the free credit of a month: the tenant's own, else the general one.
func (l *Ledger) Grant(general int64) int64 {
	if l.grant.Valid {
		return l.grant.Int64
	}
	return general
}

// Read reads a tenant's ledger without locking or making it, as it will be once
// the month's grant is given.
func Read(ctx context.Context, q db.Querier, tenantID string, general int64) (*Ledger, error) {
	l := &Ledger{TenantID: tenantID, Balance: map[string]int64{}}
	err := q.QueryRowContext(ctx, `SELECT monthly_grant, budget_cap, granted_month FROM billing_tenants WHERE tenant_id = $1`, tenantID).
		Scan(&l.grant, &l.Budget, &l.grantedMonth)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return nil, fmt.Errorf("read the ledger of %s: %w", tenantID, err)
	}
	if err := l.read(ctx, q); err != nil {
		return nil, err
	}
	now, err := db.Now(ctx, q)
	if err != nil {
		return nil, err
	}
	l.Now, l.Month = now.UnixMilli(), now.Format(monthFormat)
	if l.Month > l.grantedMonth {
		l.Balance[Free] = l.Grant(general)
	}
	return l, nil
}
