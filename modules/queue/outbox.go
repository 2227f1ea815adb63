package queue

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/opal-photo/opal/modules/db"
)

// The queues' names in the outbox. What they are called at the broker is the
// configuration's.
const (
	Jobs    = "jobs"
	Exports = "exports"
)

// Outbox is the only writer of the queues: a message is a row in the transaction
// whose state it tells of, and is sent after the commit. A crash between loses
// nothing, because a sweep sends what was left.
type Outbox struct{ wake chan struct{} }

// NewOutbox returns the outbox of this process.
func NewOutbox() *Outbox { return &Outbox{wake: make(chan struct{}, 1)} }

// SendOption changes how a message is sent.
type SendOption func(*sendOptions)

type sendOptions struct{ after time.Duration }

// NotBefore has the message sent no sooner than after the commit's time plus d,
// by the database's clock.
func NotBefore(d time.Duration) SendOption { return func(o *sendOptions) { o.after = d } }

// SendJob writes a message to queue "jobs" in the caller's transaction.
func (o *Outbox) SendJob(ctx context.Context, tx *db.Tx, b Body, opts ...SendOption) error {
	return o.send(ctx, tx, Jobs, b, opts)
}

// SendExport writes a message to queue "exports" in the caller's transaction.
func (o *Outbox) SendExport(ctx context.Context, tx *db.Tx, b Body, opts ...SendOption) error {
	return o.send(ctx, tx, Exports, b, opts)
}

func (o *Outbox) send(ctx context.Context, tx *db.Tx, queue string, b Body, opts []SendOption) error {
	var so sendOptions
	for _, f := range opts {
		f(&so)
	}
	body, err := json.Marshal(b)
	if err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, `INSERT INTO outbox (outbox_id, queue, tenant_id, body, not_before, created_at)
		VALUES ($1, $2, $3, $4, now_ms() + $5, now_ms())`,
		uuid.Must(uuid.NewV7()).String(), queue, b.TenantID, string(body), so.after.Milliseconds()); err != nil {
		return fmt.Errorf("write a message for queue %s: %w", queue, err)
	}
	tx.AfterCommit(o.Wake)
	return nil
}

// Wake has this process's relay look for rows now.
func (o *Outbox) Wake() {
	select {
	case o.wake <- struct{}{}:
	default: // it is awake already
	}
}
