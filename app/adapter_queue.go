package app

import (
	"context"
	"encoding/base64"
	"unicode/utf8"

	"github.com/opal-photo/opal/modules/client"
	"github.com/opal-photo/opal/modules/db"
	"github.com/opal-photo/opal/modules/queue"
)

// maxDead bounds how many dead letters one command or call takes on.
const maxDead = 1000

// deadLetters gives the API the queues' dead letters.
type deadLetters []queue.Queue

// named finds a queue.
func (d deadLetters) named(name string) (queue.Queue, error) {
	for _, q := range d {
		if q.Name() == name {
			return q, nil
		}
	}
	return nil, queue.ErrNoQueue.With("%q; there are %s and %s", name, d[0].Name(), d[1].Name())
}

// List peeks at the dead letters of one queue, or of all queues.
func (d deadLetters) List(ctx context.Context, name string, limit int) ([]client.DeadLetter, error) {
	queues := []queue.Queue(d)
	if name != "" {
		q, err := d.named(name)
		if err != nil {
			return nil, err
		}
		queues = []queue.Queue{q}
	}
	var out []client.DeadLetter
	for _, q := range queues {
		if limit <= len(out) {
			break
		}
		dead, err := q.PeekDead(ctx, limit-len(out))
		if err != nil {
			return nil, err
		}
		for _, m := range dead {
			out = append(out, deadLetter(q.Name(), m))
		}
	}
	return out, nil
}

// queueBoard adds to the dead letters what waits.
type queueBoard struct {
	deadLetters
	db *db.DB
}

// Queues returns what waits in each queue, under its name in the outbox.
func (b queueBoard) Queues(ctx context.Context) ([]client.QueueState, error) {
	out := make([]client.QueueState, 0, len(b.deadLetters))
	for i, name := range []string{queue.Jobs, queue.Exports} {
		w, err := queue.Waits(ctx, b.db, name)
		if err != nil {
			return nil, err
		}
		s, err := b.deadLetters[i].Stats(ctx)
		if err != nil {
			return nil, err
		}
		out = append(out, client.QueueState{Queue: name, Waiting: w.Unsent, Taken: s.Active, OldestSeconds: w.Oldest.Seconds(), Dead: s.Dead})
	}
	return out, nil
}

func deadLetter(name string, m queue.Dead) client.DeadLetter {
	l := client.DeadLetter{
		Queue: name, ID: m.ID, Reason: m.Reason, Description: m.Description, DeliveryCount: m.DeliveryCount, EnqueuedAt: m.EnqueuedAt.UTC(),
		CorrelationID: m.CorrelationID, Body: string(m.Body), Encoding: "text",
	}
	if !utf8.Valid(m.Body) {
		l.Body, l.Encoding = base64.StdEncoding.EncodeToString(m.Body), "base64"
	}
	if b, err := queue.ParseBody(m.Body); err == nil {
		l.TenantID, l.JobID, l.ItemID = b.TenantID, b.JobID, b.ItemID
	}
	return l
}

// Redrive sends dead letters again.
func (d deadLetters) Redrive(ctx context.Context, name string, ids ...string) (int, error) {
	q, err := d.named(name)
	if err != nil {
		return 0, err
	}
	return q.Redrive(ctx, maxDead, ids...)
}

// Purge deletes dead letters.
func (d deadLetters) Purge(ctx context.Context, name string, ids ...string) (int, error) {
	q, err := d.named(name)
	if err != nil {
		return 0, err
	}
	return q.PurgeDead(ctx, maxDead, ids...)
}
