package queue

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/opal-photo/opal/modules/db"
	"github.com/opal-photo/opal/modules/telemetry"
)

// The queues' names in the outbox. The configuration sets their names at the
// broker.
const (
	Jobs    = "jobs"
	Exports = "exports"
)

// Outbox is the only writer of the queues: a message is a row in the transaction
// whose state it tells of, and is sent after the commit. A crash between loses
// nothing, because a later sweep sends the rows that were left. It is safe for
// concurrent use.
type Outbox struct{ jobs, exports chan struct{} }

// NewOutbox returns the outbox of this process. The process's Relay is made
// from it.
func NewOutbox() *Outbox {
	return &Outbox{jobs: make(chan struct{}, 1), exports: make(chan struct{}, 1)}
}

// SendOption changes how a message is sent.
type SendOption func(*sendOptions)

type sendOptions struct {
	after         time.Duration
	kind, subject string
}

// Kind makes the message ask for other work than the item's: see KindBundle.
func Kind(kind, subject string) SendOption {
	return func(o *sendOptions) { o.kind, o.subject = kind, subject }
}

// NotBefore has the message sent no sooner than d after now, by the database's
// clock. It is the backoff of a retry: broker-side schedules differ by adapter,
// a row does not.
func NotBefore(d time.Duration) SendOption { return func(o *sendOptions) { o.after = max(d, 0) } }

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
	b.Kind, b.Subject = so.kind, so.subject
	// a message that its consumer would refuse is the writer's error
	if err := b.check(); err != nil {
		return fmt.Errorf("write a message for queue %s: %w", queue, err)
	}
	body, err := json.Marshal(b)
	if err != nil {
		return fmt.Errorf("write a message for queue %s: %w", queue, err)
	}
	if _, err := tx.ExecContext(ctx, `INSERT INTO outbox (outbox_id, queue, tenant_id, body, kind, subject, traceparent, not_before, created_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, now_ms() + $8, now_ms())`,
		uuid.Must(uuid.NewV7()).String(), queue, b.TenantID, string(body), b.Kind, b.Subject, telemetry.TraceparentOf(ctx), so.after.Milliseconds()); err != nil {
		return fmt.Errorf("write a message for queue %s: %w", queue, err)
	}
	tx.AfterCommit(func() { wake(o.woken(queue)) })
	return nil
}

// NoneUnsent is a condition on rows of a table with tenant_id: their tenant has no
// message for the queue that waits in the outbox.
func NoneUnsent(queue, table string) string {
	return `NOT EXISTS (SELECT 1 FROM outbox o WHERE o.sent_at IS NULL AND o.queue = '` + queue + `' AND o.tenant_id = ` + table + `.tenant_id)`
}

// woken is the channel on which a queue's relay waits.
func (o *Outbox) woken(queue string) chan struct{} {
	if queue == Exports {
		return o.exports
	}
	return o.jobs
}

// wake signals a channel of one place; one waiting signal is enough.
func wake(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
