package queue

import (
	"context"
	"fmt"

	"github.com/opal-photo/opal/modules/db"
	"github.com/opal-photo/opal/modules/telemetry"
)

// unreadable is an outbox row that every consumer would refuse. It was damaged:
// the outbox itself never writes such a row.
type unreadable struct {
	row
	err error
}

// readable separates the rows that can be sent, with their bodies, from the
// unreadable ones.
func readable(rows []row) (good []row, bodies []Body, broken []unreadable) {
	for _, c := range rows {
		b, err := ParseBody([]byte(c.body))
		if err != nil {
			broken = append(broken, unreadable{c, err})
			continue
		}
		b.Kind, b.Subject, b.Trace = c.kind, c.subject, c.trace
		good, bodies = append(good, c), append(bodies, b)
	}
	return good, bodies, broken
}

// setAside takes unreadable rows out of the outbox, so that they hold up no
// others, and keeps them for operators: the metric counts them. The sweeps of
// jobs and exports write new messages for the work that they asked for.
func (r *Relay) setAside(ctx context.Context, l *lane, broken []unreadable) error {
	if len(broken) == 0 {
		return nil
	}
	record, cancel := context.WithTimeout(context.WithoutCancel(ctx), markWait)
	defer cancel()
	err := r.db.InTx(record, func(tx *db.Tx) error {
		for _, b := range broken {
			if _, err := tx.ExecContext(record, `INSERT INTO outbox_unreadable (outbox_id, queue, tenant_id, body, reason, created_at, set_aside_at)
				SELECT outbox_id, queue, tenant_id, body, $2, created_at, now_ms() FROM outbox WHERE outbox_id = $1 ON CONFLICT DO NOTHING`, b.id, b.err.Error()); err != nil {
				return err
			}
			if _, err := tx.ExecContext(record, `DELETE FROM outbox WHERE outbox_id = $1`, b.id); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("set %d unreadable outbox rows aside: %w", len(broken), err)
	}
	for _, b := range broken {
		telemetry.Log(ctx).Error().Err(b.err).Str("queue", l.name).Str("message_id", b.id).Msg("Set an unreadable message of the outbox aside")
	}
	return nil
}
