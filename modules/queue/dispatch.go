package queue

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/opal-photo/opal/modules/db"
)

// How tenants share a queue. The backlog waits in the outbox. A relay takes a
// batch by giving each tenant with due rows one place in turn, starting after
// the tenant it served last, and no tenant more places than its window has
// left. So ten rows of one tenant pass ten thousand of another: they wait for at
// most a window of messages in the queue. The cost of a batch depends on the
// number of tenants that wait, not on how much waits.
//
// The window is counted in the table, across processes. Two relays that count
// at the same instant may both see the same free places, so for a moment more
// messages may be in flight than the window allows.

// flightTime is how long a message counts as in flight when no consumer reports
// its end: it was purged, or its consumer could not reach the database.
const flightTime = 10 * time.Minute

// row is an outbox row that this relay has taken.
type row struct{ id, body, kind, subject, trace string }

// waiting is a tenant with due rows.
type waiting struct {
	tenant string
	places int // free in its window
}

// take takes due rows by moving their not_before ahead, so that no lock is held
// while they are sent. It returns them in the order of the tenants' turns.
func (r *Relay) take(ctx context.Context, l *lane) ([]row, error) {
	// looked up outside the write transaction: an idle relay must not hold up
	// those who write
	tenants, err := r.waiting(ctx, l)
	if err != nil {
		return nil, fmt.Errorf("look for outbox rows: %w", err)
	}
	places, last := share(tenants, l.cursor, relayBatch)
	if len(places) == 0 {
		return nil, nil
	}
	var taken []row
	err = r.db.InTx(ctx, func(tx *db.Tx) error {
		var turns [][]row
		for _, w := range places {
			rows, err := dueRows(ctx, tx, l.name, w)
			if err != nil {
				return err
			}
			turns = append(turns, rows)
		}
		taken = interleave(turns)
		return update(ctx, tx, taken, `not_before = now_ms() + $1, taken_at = now_ms(), tries = tries + 1`, relayHold.Milliseconds())
	})
	if err != nil {
		return nil, fmt.Errorf("take outbox rows: %w", err)
	}
	l.cursor = last
	return taken, nil
}

// waitingTenants steps from tenant to tenant in the index of unsent rows: a
// plain DISTINCT would read every row that waits. A row counts as in flight when
// it was sent or a relay holds it; a row whose relay crashed becomes due again
// and does not count.
const waitingTenants = `WITH RECURSIVE w(tenant_id) AS (
	SELECT min(tenant_id) FROM outbox WHERE queue = $1 AND sent_at IS NULL
	UNION ALL
	SELECT (SELECT min(o.tenant_id) FROM outbox AS o WHERE o.queue = $1 AND o.sent_at IS NULL AND o.tenant_id > w.tenant_id)
	FROM w WHERE w.tenant_id IS NOT NULL
)
SELECT w.tenant_id,
	(SELECT count(*) FROM outbox AS f WHERE f.queue = $1 AND f.tenant_id = w.tenant_id
		AND f.taken_at > (SELECT now_ms()) - $2 AND f.taken_at IS NOT NULL AND f.ended_at IS NULL
		AND (f.sent_at IS NOT NULL OR f.not_before > (SELECT now_ms())))
FROM w
WHERE w.tenant_id IS NOT NULL
	AND EXISTS (SELECT 1 FROM outbox AS d WHERE d.queue = $1 AND d.tenant_id = w.tenant_id AND d.sent_at IS NULL AND d.not_before <= (SELECT now_ms()))`

// waiting returns the tenants with due rows and room in their window, in the
// order of their ids.
func (r *Relay) waiting(ctx context.Context, l *lane) ([]waiting, error) {
	rows, err := r.db.QueryContext(ctx, waitingTenants, l.name, flightTime.Milliseconds())
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []waiting
	for rows.Next() {
		w := waiting{places: relayBatch}
		var flying int
		if err := rows.Scan(&w.tenant, &flying); err != nil {
			return nil, err
		}
		if r.window > 0 {
			w.places = r.window - flying
		}
		if w.places > 0 {
			out = append(out, w)
		}
	}
	// here, because databases order text in ways of their own
	slices.SortFunc(out, func(a, b waiting) int { return strings.Compare(a.tenant, b.tenant) })
	return out, rows.Err()
}

// share deals n places out among the tenants, one each in turn, from the tenant
// after cursor on. It returns the tenants that got any, in that order, and the
// one whose turn was last.
func share(tenants []waiting, cursor string, n int) ([]waiting, string) {
	start, found := slices.BinarySearchFunc(tenants, cursor, func(w waiting, c string) int { return strings.Compare(w.tenant, c) })
	if found {
		start++
	}
	turns := make([]waiting, len(tenants))
	for i := range tenants {
		turns[i] = waiting{tenant: tenants[(start+i)%len(tenants)].tenant}
	}
	last := cursor
	for dealt := true; dealt && n > 0; {
		dealt = false
		for i := range turns {
			if n > 0 && turns[i].places < tenants[(start+i)%len(tenants)].places {
				turns[i].places++
				n--
				last, dealt = turns[i].tenant, true
			}
		}
	}
	return slices.DeleteFunc(turns, func(w waiting) bool { return w.places == 0 }), last
}

func dueRows(ctx context.Context, tx *db.Tx, queue string, w waiting) ([]row, error) {
	rows, err := tx.QueryContext(ctx, `SELECT outbox_id, body, kind, subject, traceparent FROM outbox
		WHERE queue = $1 AND tenant_id = $2 AND sent_at IS NULL AND not_before <= (SELECT now_ms())
		ORDER BY not_before, outbox_id LIMIT $3`+tx.SkipLocked(), queue, w.tenant, w.places)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []row
	for rows.Next() {
		var c row
		if err := rows.Scan(&c.id, &c.body, &c.kind, &c.subject, &c.trace); err != nil {
			return nil, err
		}
		out = append(out, c)
	}
	return out, rows.Err()
}

// interleave takes one of each in turn.
func interleave(turns [][]row) []row {
	var out []row
	for i := 0; ; i++ {
		before := len(out)
		for _, t := range turns {
			if i < len(t) {
				out = append(out, t[i])
			}
		}
		if len(out) == before {
			return out
		}
	}
}
