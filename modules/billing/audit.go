package billing

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/opal-photo/opal/modules/billing/ledger"
)

// Audit recomputes the books and returns the differences, an empty list when
// there are none. It reads one consistent state and may run beside everything
// else.
func (s *Service) Audit(ctx context.Context) ([]ledger.Difference, error) {
	tx, err := s.o.DB.BeginTx(ctx, s.snapshot())
	if err != nil {
		return nil, fmt.Errorf("begin the audit: %w", err)
	}
	defer func() { _ = tx.Rollback() }()
	return ledger.Audit(ctx, tx, maxOpenAge)
}

// snapshot returns the options of a transaction in which all reads see one
// state. SQLite's transactions do so anyway; there it is marked read-only,
// since others take the writer's lock.
func (s *Service) snapshot() *sql.TxOptions {
	if s.o.DB.Postgres() {
		return &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true}
	}
	return &sql.TxOptions{ReadOnly: true}
}
