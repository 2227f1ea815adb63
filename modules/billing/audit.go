package billing

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/opal-photo/opal/modules/billing/ledger"
)

// Audit recomputes the books and returns what differs, nothing when all is well.
// It reads one consistent state and may run beside everything else.
func (s *Service) Audit(ctx context.Context) ([]ledger.Difference, error) {
	tx, err := s.o.DB.BeginTx(ctx, s.snapshot())
	if err != nil {
		return nil, fmt.Errorf("begin the audit: %w", err)
	}
	defer func() { _ = tx.Rollback() }()
	return ledger.Audit(ctx, tx, maxOpenAge)
}

// snapshot are the options of a transaction in which all reads see one state.
// SQLite's do so anyway; there, a transaction that only reads is one that says
// so, since others take the writer's lock.
func (s *Service) snapshot() *sql.TxOptions {
	if s.o.DB.Postgres() {
		return &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true}
	}
	return &sql.TxOptions{ReadOnly: true}
}
