package queue

import (
	"context"
	"fmt"
	"time"

	"github.com/opal-photo/opal/modules/db"
)

const (
	// endBatch bounds how many ends one transaction records.
	endBatch = 100
	// gather is how long a lane collects free places before it fills them: a batch
	// costs as much as a single message.
	gather = 10 * time.Millisecond
)

// ending is a message whose end is to be recorded.
type ending struct {
	id   string
	done chan error
}

// Ended records that a consumer of the queue is done with a message, which frees
// its place in its tenant's window. A row whose marking as sent was lost is
// marked here, and not sent again. A message without a row, such as a redriven
// one, is ignored. Calls at the same time share a transaction.
func (r *Relay) Ended(ctx context.Context, queue, messageID string) error {
	e := ending{id: messageID, done: make(chan error, 1)}
	r.mu.Lock()
	r.endings = append(r.endings, e)
	mine := false
	if !r.recording {
		r.recording = true
		if mine = r.ended; !mine {
			r.ends.Go(r.recordEnds) // Run waits for it
		}
	}
	r.mu.Unlock()
	if mine {
		r.recordEnds()
	}
	select {
	case err := <-e.done:
		if err != nil {
			return fmt.Errorf("end outbox row %s: %w", messageID, err)
		}
	case <-ctx.Done():
		return fmt.Errorf("end outbox row %s: %w", messageID, ctx.Err())
	}
	for _, l := range r.lanes {
		if r.window > 0 && l.queue.Name() == queue {
			wake(l.freed)
		}
	}
	return nil
}

// recordEnds records the waiting ends, batch by batch, until none is left.
func (r *Relay) recordEnds() {
	for {
		r.mu.Lock()
		batch := r.endings[:min(len(r.endings), endBatch)]
		r.endings = r.endings[len(batch):]
		r.recording = len(batch) > 0
		r.mu.Unlock()
		if len(batch) == 0 {
			return
		}
		rows := make([]row, len(batch))
		for i, e := range batch {
			rows[i] = row{id: e.id}
		}
		ctx, cancel := context.WithTimeout(context.Background(), endWait)
		err := r.db.InTx(ctx, func(tx *db.Tx) error {
			return update(ctx, tx, rows, `ended_at = COALESCE(ended_at, now_ms() + $1), sent_at = COALESCE(sent_at, now_ms())`, 0)
		})
		cancel()
		for _, e := range batch {
			e.done <- err
		}
	}
}
