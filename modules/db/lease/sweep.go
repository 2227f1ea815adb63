package lease

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/opal-photo/opal/modules/db"
)

const (
	// SweepBatch bounds the rows that one sweep takes on.
	SweepBatch = 200
	// LostMessage is when a waiting row's message is taken to be lost. Queues keep
	// messages, so this only repairs rows whose message was purged by an operator
	// or became a dead letter.
	LostMessage = time.Hour
	// MaxAge is how long a row may wait for an unavailable dependency. It bounds
	// how long credit is held for it.
	MaxAge = 7 * 24 * time.Hour
)

// Rescue takes back rows whose worker's lease ran out, and rows that wait although
// their message is overdue. It returns columns of them, for the caller to write
// their messages. Any number of processes may do so at the same time; a worker
// that is still alive loses its fence. honest is an SQL condition that selects the
// waiting rows whose message may be lost: not those of a tenant whose messages
// still wait in the outbox.
func (t *Table) Rescue(ctx context.Context, tx *db.Tx, honest, columns string, scan func(scan func(dest ...any) error) error) (died, lost int, err error) {
	for _, kind := range []struct {
		n        *int
		where    string
		rescued  int
		argument int64
	}{
		{&died, `status = 'processing' AND lease_until < now_ms() - $2`, 1, 0},
		{&lost, `status = '` + t.Waiting + `' AND due_at < now_ms() - $2 AND ` + honest, 0, t.lost().Milliseconds()},
	} {
		key := strings.Join(t.Key, `, `)
		rows, err := tx.QueryContext(ctx, `UPDATE `+t.Name+` SET status = '`+t.Waiting+`', lease_until = NULL, due_at = now_ms(), updated_at = now_ms(), rescues = rescues + $3
			WHERE (`+key+`) IN (SELECT `+key+` FROM `+t.Name+` WHERE `+kind.where+` ORDER BY `+key+` LIMIT $1`+tx.SkipLocked()+`) RETURNING `+columns,
			SweepBatch, kind.argument, kind.rescued)
		if err != nil {
			return 0, 0, fmt.Errorf("sweep %s: %w", t.Name, err)
		}
		for rows.Next() {
			*kind.n++
			if err := scan(rows.Scan); err != nil {
				_ = rows.Close()
				return 0, 0, fmt.Errorf("sweep %s: %w", t.Name, err)
			}
		}
		_ = rows.Close()
		if err := rows.Err(); err != nil {
			return 0, 0, fmt.Errorf("sweep %s: %w", t.Name, err)
		}
	}
	return died, lost, nil
}
