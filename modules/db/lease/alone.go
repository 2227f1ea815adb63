package lease

import (
	"context"
	"fmt"

	"golang.org/x/sync/semaphore"

	"github.com/opal-photo/opal/modules/db"
)

// Suspicious is from how many rescues on a row is worked on alone: something ends
// its workers, and that may be the row itself or one that happened to lie beside it.
const Suspicious = 2

// place is the one that suspicious work takes in turn. It is the process's, since
// the process is what dies.
var place = semaphore.NewWeighted(1)

// Alone is called before a claim. Where work on the rows that where selects has
// broken off Suspicious times or more, it waits until no other such work is under
// way in this process. So a row that ends its workers can't use up the rescues of
// one that was only there when it did. The caller calls leave when its work has
// ended; err is the context's or the database's.
func (t *Table) Alone(ctx context.Context, q db.Querier, where string, args ...any) (leave func(), err error) {
	var n int
	if err := q.QueryRowContext(ctx, `SELECT count(*) FROM `+t.Name+` WHERE (`+where+`) AND status IN ('`+t.Waiting+`', 'processing')
		AND rescues + CASE WHEN status = 'processing' THEN 1 ELSE 0 END >= `+fmt.Sprint(Suspicious), args...).Scan(&n); err != nil {
		return nil, fmt.Errorf("look whether work on %s broke off: %w", t.Name, err)
	}
	if n == 0 {
		return func() {}, nil
	}
	if err := place.Acquire(ctx, 1); err != nil {
		return nil, err
	}
	return func() { place.Release(1) }, nil
}
