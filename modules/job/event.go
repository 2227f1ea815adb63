package job

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"

	"github.com/opal-photo/opal/modules/db"
)

// addEvent records what happened, in the transaction in which it did.
func addEvent(ctx context.Context, tx *db.Tx, kind, tenantID, jobID, itemID string, data any) error {
	b, err := json.Marshal(data)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO events (event_id, tenant_id, job_id, item_id, type, data, round, created_at)
		VALUES ($1, $2, $3, $4, $5, $6, COALESCE((SELECT round FROM jobs WHERE job_id = $3), 1), now_ms())`,
		newID(), tenantID, jobID, sql.NullString{String: itemID, Valid: itemID != ""}, kind, string(b))
	if err != nil {
		return fmt.Errorf("insert event %s: %w", kind, err)
	}
	return nil
}

// Events returns up to limit events of a job that came after the one named,
// oldest first.
func (s *Service) Events(ctx context.Context, tenantID, jobID, after string, limit int) ([]Event, error) {
	rows, err := s.DB.QueryContext(ctx, `SELECT event_id, type, tenant_id, job_id, item_id, data, created_at FROM events
		WHERE tenant_id = $1 AND job_id = $2 AND event_id > $3 ORDER BY event_id LIMIT $4`, tenantID, jobID, after, limit)
	if err != nil {
		return nil, fmt.Errorf("load events of job %s: %w", jobID, err)
	}
	defer rows.Close()
	var out []Event
	for rows.Next() {
		var e Event
		var data string
		var at int64
		if err := rows.Scan(&e.ID, &e.Type, &e.TenantID, &e.JobID, &e.ItemID, &data, &at); err != nil {
			return nil, err
		}
		e.Data, e.CreatedAt = json.RawMessage(data), db.Time(at)
		out = append(out, e)
	}
	return out, rows.Err()
}
