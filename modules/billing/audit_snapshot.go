package billing

import "database/sql"

// snapshot are the options of a transaction in which all reads see one state.
// SQLite's do so anyway; there, a transaction that only reads is one that says
// so, since others take the writer's lock.
func (s *Service) snapshot() *sql.TxOptions {
	if s.o.DB.Postgres() {
		return &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true}
	}
	return &sql.TxOptions{ReadOnly: true}
}
