package billing

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
	free  = "free"  // granted
	paid  = "paid"  // bought
	held  = "held"  // reserved for items under way
	spent = "spent" // used
	debt  = "debt"  // spent, and then refunded or charged back
	world = "world"
)

var accountKinds = []string{free, paid, held, spent, debt, world}

// monthFormat names a calendar month, UTC.
const monthFormat = "2006-01"

// ledger is a tenant's ledger, locked until the transaction ends.
type ledger struct {
	tenantID     string
	balance      map[string]int64
	seq          int64 // of the last transfer
	now          int64 // ms, by the database's clock, at locking
	month        string
	grantedMonth string
	grant        sql.NullInt64
	budget       sql.NullInt64
}

// available is what can be reserved: nothing while there is debt.
func (l *ledger) available() int64 {
	if l.balance[debt] > 0 {
		return 0
	}
	return l.balance[free] + l.balance[paid]
}

// open locks a tenant's ledger and reads it, making it if there is none.
func open(ctx context.Context, tx *db.Tx, tenantID string) (*ledger, error) {
	l := &ledger{tenantID: tenantID, balance: map[string]int64{}}
	for made := false; ; made = true {
		err := tx.QueryRowContext(ctx, `SELECT monthly_grant, budget_cap, granted_month FROM billing_tenants WHERE tenant_id = $1`+tx.ForUpdate(), tenantID).
			Scan(&l.grant, &l.budget, &l.grantedMonth)
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
	for _, k := range accountKinds {
		if _, there := l.balance[k]; there {
			continue
		}
		if _, err := tx.ExecContext(ctx, `INSERT INTO accounts (tenant_id, kind) VALUES ($1, $2)`, tenantID, k); err != nil {
			return nil, fmt.Errorf("make account %s of %s: %w", k, tenantID, err)
		}
		l.balance[k] = 0
	}
	now, err := db.Now(ctx, tx)
	if err != nil {
		return nil, err
	}
	l.now, l.month = now.UnixMilli(), now.Format(monthFormat)
	return l, nil
}

func (l *ledger) read(ctx context.Context, q db.Querier) error {
	rows, err := q.QueryContext(ctx, `SELECT kind, balance, seq FROM accounts WHERE tenant_id = $1`, l.tenantID)
	if err != nil {
		return fmt.Errorf("read the balances of %s: %w", l.tenantID, err)
	}
	defer rows.Close()
	for rows.Next() {
		var kind string
		var balance, seq int64
		if err := rows.Scan(&kind, &balance, &seq); err != nil {
			return err
		}
		l.balance[kind], l.seq = balance, max(l.seq, seq)
	}
	return rows.Err()
}

// leg is one transfer of a posting.
type leg struct {
	debit, credit string
	amount        int64
}

// posting is what one cause does to a ledger. Its key makes it happen once.
type posting struct {
	key, kind         string
	itemID, paymentID string
	legs              []leg
}

// post writes a posting and returns its key, or "" when all its amounts are 0.
// The database moves the balances; l follows.
func post(ctx context.Context, tx *db.Tx, l *ledger, p posting) (string, error) {
	legs := make([]leg, 0, len(p.legs))
	for _, g := range p.legs {
		if g.amount != 0 {
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
			p.key, i+1, len(legs), sql.NullInt64{Int64: int64(i), Valid: i > 0}, l.tenantID, l.seq, p.kind, g.debit, g.credit, g.amount,
			orNull(p.itemID), orNull(p.paymentID), l.now); err != nil {
			return "", fmt.Errorf("post %s: %w", p.key, err)
		}
		l.balance[g.debit] -= g.amount
		l.balance[g.credit] += g.amount
	}
	return p.key, nil
}

func orNull(s string) sql.NullString { return sql.NullString{String: s, Valid: s != ""} }

// repay settles debt from paid credit, as far as it reaches, after the posting
// with the given key has brought some in.
func repay(ctx context.Context, tx *db.Tx, l *ledger, key, paymentID string) error {
	n := min(l.balance[paid], l.balance[debt])
	_, err := post(ctx, tx, l, posting{key: "repay:" + key, kind: "repay", paymentID: paymentID, legs: []leg{{paid, world, n}, {debt, world, n}}})
	return err
}

// takeBack takes credit back that its owner has the money for again: from what
// is bought, and for what has been spent of it as debt.
func takeBack(ctx context.Context, tx *db.Tx, l *ledger, key, kind, paymentID string, credits int64) error {
	n := min(l.balance[paid], credits)
	_, err := post(ctx, tx, l, posting{key: key, kind: kind, paymentID: paymentID, legs: []leg{{paid, world, n}, {world, debt, credits - n}}})
	return err
}

// bringIn adds bought credit and settles debt with it first.
func bringIn(ctx context.Context, tx *db.Tx, l *ledger, key, kind, paymentID string, credits int64) error {
	if _, err := post(ctx, tx, l, posting{key: key, kind: kind, paymentID: paymentID, legs: []leg{{world, paid, credits}}}); err != nil {
		return err
	}
	return repay(ctx, tx, l, key, paymentID)
}

// grantMonth gives the month's free credit, once, and lapses what is left of an
// earlier month's.
func (s *Service) grantMonth(ctx context.Context, tx *db.Tx, l *ledger) error {
	if l.month <= l.grantedMonth {
		return nil
	}
	suffix := l.tenantID + ":" + l.month
	if _, err := post(ctx, tx, l, posting{key: "lapse:" + suffix, kind: "lapse", legs: []leg{{free, world, l.balance[free]}}}); err != nil {
		return err
	}
	if _, err := post(ctx, tx, l, posting{key: "grant:" + suffix, kind: "grant", legs: []leg{{world, free, s.grantOf(l)}}}); err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, `UPDATE billing_tenants SET granted_month = $2 WHERE tenant_id = $1`, l.tenantID, l.month); err != nil {
		return fmt.Errorf("record the grant of %s: %w", suffix, err)
	}
	l.grantedMonth = l.month
	return nil
}

func (s *Service) grantOf(l *ledger) int64 {
	if l.grant.Valid {
		return l.grant.Int64
	}
	return s.o.MonthlyGrant
}

// look reads a tenant's ledger without locking or making it, as it will be once
// the month's grant is given.
func (s *Service) look(ctx context.Context, q db.Querier, tenantID string) (*ledger, error) {
	l := &ledger{tenantID: tenantID, balance: map[string]int64{}}
	err := q.QueryRowContext(ctx, `SELECT monthly_grant, budget_cap, granted_month FROM billing_tenants WHERE tenant_id = $1`, tenantID).
		Scan(&l.grant, &l.budget, &l.grantedMonth)
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
	l.now, l.month = now.UnixMilli(), now.Format(monthFormat)
	if l.month > l.grantedMonth {
		l.balance[free] = s.grantOf(l)
	}
	return l, nil
}
