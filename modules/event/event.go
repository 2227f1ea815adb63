// Package event keeps events: a row is written in the transaction of the change
// that it tells of, and read by a cursor, the id of the last event seen.
package event

import (
	"context"
	"database/sql"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/opal-photo/opal/modules/db"
	"github.com/opal-photo/opal/modules/telemetry"
)

// Event is one thing that happened, as the event stream sends it.
type Event struct {
	ID        string          `json:"id"`
	Type      string          `json:"type"` // a row of Types
	TenantID  string          `json:"tenant_id"`
	JobID     string          `json:"job_id"` // "": of a collection or an import, which Data names
	ItemID    *string         `json:"item_id"`
	Data      json.RawMessage `json:"data"`
	CreatedAt time.Time       `json:"created_at"`

	// Trace and CorrelationID are those of the change: who tells of it carries them on.
	Trace         string `json:"-"`
	CorrelationID string `json:"-"`
}

// New is an event to be written.
type New struct {
	Type            string
	TenantID, JobID string // of a collection's or an import's event: its own id; "": it concerns the tenant alone
	ItemID          string // "": it concerns the job as a whole
	Round           int    // of the job: each retry begins another; 0: the first. job.finished comes once a round.
	Data            any    // as JSON
}

// Add records an event in the transaction of the change that it tells of. The
// caller holds the lock on the job's row, or has just made the job, or it is of no job: so a job's
// events get their ids in the order in which they are committed, and a reader
// with a cursor misses none.
func Add(ctx context.Context, tx *db.Tx, n New) error {
	if !Known(n.Type) {
		return fmt.Errorf("insert event: there is no type %q", n.Type)
	}
	data, err := json.Marshal(n.Data)
	if err != nil {
		return fmt.Errorf("insert event %s: %w", n.Type, err)
	}
	var last sql.NullString
	if err := tx.QueryRowContext(ctx, `SELECT max(event_id) FROM events WHERE job_id = $1`, n.JobID).Scan(&last); err != nil {
		return fmt.Errorf("look for the last event of job %s: %w", n.JobID, err)
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO events (event_id, tenant_id, job_id, item_id, type, data, round, traceparent, correlation_id, created_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, now_ms())`,
		idAfter(last.String), n.TenantID, n.JobID, sql.NullString{String: n.ItemID, Valid: n.ItemID != ""}, n.Type, string(data), max(1, n.Round),
		telemetry.TraceparentOf(ctx), telemetry.CorrelationID(ctx))
	if err != nil {
		return fmt.Errorf("insert event %s: %w", n.Type, err)
	}
	return nil
}

// idAfter returns an id that sorts after last. Ids begin with the time of the
// process that makes them, and processes' clocks differ.
func idAfter(last string) string {
	id := uuid.Must(uuid.NewV7())
	before, err := uuid.Parse(last)
	if err != nil || id.String() > last {
		return id.String()
	}
	// adds one to the 62 bits behind the variant; they are so many that a carry
	// never reaches the clock
	const clear = 1<<62 - 1
	tail := binary.BigEndian.Uint64(before[8:])
	binary.BigEndian.PutUint64(before[8:], tail&^clear|(tail+1)&clear)
	return before.String()
}

// After returns up to limit events of a job that came after the one named ("":
// from the first on), oldest first.
func After(ctx context.Context, q db.Querier, tenantID, jobID, after string, limit int) ([]Event, error) {
	rows, err := q.QueryContext(ctx, `SELECT `+columns+` FROM events
		WHERE job_id = $2 AND tenant_id = $1 AND event_id > $3 ORDER BY event_id LIMIT $4`, tenantID, jobID, after, limit)
	if err != nil {
		return nil, fmt.Errorf("load events of job %s: %w", jobID, err)
	}
	out, err := scan(rows)
	if err != nil {
		return nil, fmt.Errorf("load events of job %s: %w", jobID, err)
	}
	return out, nil
}

const columns = `event_id, type, tenant_id, job_id, item_id, data, created_at, traceparent, correlation_id`

// scan reads and closes rows of columns.
func scan(rows *sql.Rows) ([]Event, error) {
	defer rows.Close()
	var out []Event
	for rows.Next() {
		var e Event
		var data string
		var at int64
		if err := rows.Scan(&e.ID, &e.Type, &e.TenantID, &e.JobID, &e.ItemID, &data, &at, &e.Trace, &e.CorrelationID); err != nil {
			return nil, err
		}
		e.Data, e.CreatedAt = json.RawMessage(data), db.Time(at)
		if grouped(e.Type) {
			e.JobID = ""
		}
		out = append(out, e)
	}
	return out, rows.Err()
}

// Untold returns up to limit events that were returned to no committed transaction
// before, oldest first. The caller writes what it makes of them in the same
// transaction, so each event is told once, whatever crashes. Any number of processes
// may ask at the same time.
func Untold(ctx context.Context, tx *db.Tx, limit int) ([]Event, error) {
	rows, err := tx.QueryContext(ctx, `UPDATE events SET untold = FALSE WHERE event_id IN (SELECT event_id FROM events WHERE untold ORDER BY event_id LIMIT $1`+
		tx.SkipLocked()+`) RETURNING `+columns, limit)
	if err != nil {
		return nil, fmt.Errorf("take untold events: %w", err)
	}
	out, err := scan(rows)
	if err != nil {
		return nil, fmt.Errorf("take untold events: %w", err)
	}
	slices.SortFunc(out, func(a, b Event) int { return strings.Compare(a.ID, b.ID) })
	return out, nil
}

// AnyUntold reports whether there are untold events. It locks nothing.
func AnyUntold(ctx context.Context, q db.Querier) (bool, error) {
	var id string
	err := q.QueryRowContext(ctx, `SELECT event_id FROM events WHERE untold LIMIT 1`).Scan(&id)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return err == nil, err
}

// Of returns up to limit events of a tenant after the one named ("": from the first
// on), oldest first. Transactions of different jobs commit in no order, so a reader
// that wants all events looks again at those of the last seconds.
func Of(ctx context.Context, q db.Querier, tenantID, after string, limit int) ([]Event, error) {
	rows, err := q.QueryContext(ctx, `SELECT `+columns+` FROM events WHERE tenant_id = $1 AND event_id > $2 ORDER BY event_id LIMIT $3`, tenantID, after, limit)
	if err != nil {
		return nil, fmt.Errorf("load events of tenant %s: %w", tenantID, err)
	}
	out, err := scan(rows)
	if err != nil {
		return nil, fmt.Errorf("load events of tenant %s: %w", tenantID, err)
	}
	return out, nil
}

// Forget deletes a job's events, in the transaction that deletes the job.
func Forget(ctx context.Context, tx *db.Tx, jobID string) error {
	if _, err := tx.ExecContext(ctx, `DELETE FROM events WHERE job_id = $1`, jobID); err != nil {
		return fmt.Errorf("delete the events of job %s: %w", jobID, err)
	}
	return nil
}

// Log reads the events of a database.
type Log struct{ DB db.Querier }

// After calls the function After on the database.
func (l Log) After(ctx context.Context, tenantID, jobID, after string, limit int) ([]Event, error) {
	return After(ctx, l.DB, tenantID, jobID, after, limit)
}

// Of calls the function Of on the database.
func (l Log) Of(ctx context.Context, tenantID, after string, limit int) ([]Event, error) {
	return Of(ctx, l.DB, tenantID, after, limit)
}
