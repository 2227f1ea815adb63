package db

import (
	"context"
	"database/sql"
	"fmt"
	"time"
)

// Age returns how long ago the oldest of a query's times was, by the database's
// clock; 0 when there is none. The query selects one column, in milliseconds.
func Age(ctx context.Context, q Querier, query string) (time.Duration, error) {
	var ms sql.NullInt64
	if err := q.QueryRowContext(ctx, `SELECT now_ms() - (`+query+`)`).Scan(&ms); err != nil {
		return 0, fmt.Errorf("look for the oldest: %w", err)
	}
	return max(0, time.Duration(ms.Int64)*time.Millisecond), nil
}
