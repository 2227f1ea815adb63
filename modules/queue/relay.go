package queue

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/opal-photo/opal/modules/crashpoint"
	"github.com/opal-photo/opal/modules/db"
	"github.com/opal-photo/opal/modules/telemetry"
)

// The relay's pace.
const (
	relayBatch = 100
	// relayHold is how long a taken row is kept from other relays: longer than a
	// send and its marking may take, so that a row is sent twice only after a
	// crash.
	relayHold = 40 * time.Second
	sendWait  = 20 * time.Second
	markWait  = 10 * time.Second
	lastWait  = time.Second // for the last batch of a relay that ends

	sweepEvery = 2 * time.Second
	// After a failed send a queue's lane rests, longer each time.
	firstRest = 500 * time.Millisecond
	maxRest   = 15 * time.Second
)

// Relay sends the outbox's rows. Every role runs one; they pass over each
// other's rows. Tenants take turns, see dispatch.go.
type Relay struct {
	db      *db.DB
	lanes   []*lane
	metrics *Metrics
	window  int

	mu        sync.Mutex
	endings   []ending
	recording bool // a goroutine takes them
	ended     bool // Run has ended: Ended then records synchronously
	ends      sync.WaitGroup
}

// lane is one queue's part of a relay: a queue that can't be reached holds up
// only its own messages.
type lane struct {
	name   string // Jobs or Exports
	line   string // of the log, for each message
	queue  Queue
	wake   <-chan struct{} // rows were written
	freed  chan struct{}   // places got free
	cursor string          // the tenant that was served last
}

// RelayOption changes a relay.
type RelayOption func(*Relay)

// Window caps how many of a tenant's messages are in flight on each queue: sent,
// and not yet done with by a consumer. It keeps a tenant's backlog in the
// outbox, where tenants take turns, and out of the queue, where the first come
// are the first served. The consumers must be given the relay
// (ConsumeOptions.Relay), which learns from them which messages have ended. 0:
// no cap.
func Window(n int) RelayOption { return func(r *Relay) { r.window = n } }

// NewRelay returns a relay that sends the outbox's rows to jobs and exports.
func NewRelay(d *db.DB, o *Outbox, jobs, exports Queue, m *Metrics, opts ...RelayOption) *Relay {
	r := &Relay{db: d, metrics: m, lanes: []*lane{
		{name: Jobs, line: "Sent job message", queue: jobs, wake: o.jobs, freed: make(chan struct{}, 1)},
		{name: Exports, line: "Sent export message", queue: exports, wake: o.exports, freed: make(chan struct{}, 1)},
	}}
	for _, f := range opts {
		f(r)
	}
	return r
}

// Run sends rows as they are written and, every few seconds, those that became
// due or were left by others, until ctx ends. Rows that it can't send stay in
// the outbox. It returns nil.
func (r *Relay) Run(ctx context.Context) error {
	var all sync.WaitGroup
	for _, l := range r.lanes {
		all.Go(func() { r.serve(ctx, l) })
	}
	all.Go(func() { r.tidyUp(ctx) })
	all.Wait()
	r.mu.Lock()
	r.ended = true
	r.mu.Unlock()
	r.ends.Wait()
	// send the rows that the workers wrote while they ended
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastWait)
	defer cancel()
	if _, err := r.Flush(last); err != nil {
		telemetry.Log(ctx).Warn().Err(err).Msg("The outbox's last rows stay for the next process")
	}
	return nil
}

// serve sends one queue's rows.
func (r *Relay) serve(ctx context.Context, l *lane) {
	rest := firstRest
	sweep := time.NewTimer(0)
	defer sweep.Stop()
	var gathered <-chan time.Time
	for {
		select {
		case <-ctx.Done():
			return
		case <-l.freed:
			if gathered == nil {
				gathered = time.After(gather)
			}
			continue
		case <-gathered:
			gathered = nil
		case <-l.wake:
		case <-sweep.C:
			sweep.Reset(jittered(sweepEvery))
		}
		for {
			n, err := r.flush(ctx, l)
			if err != nil && ctx.Err() == nil {
				telemetry.Log(ctx).Warn().Err(err).Dur("rest_ms", rest).Msg("Sending messages failed; they stay in the outbox")
				sleep(ctx, rest)
				rest = min(2*rest, maxRest)
				continue
			}
			rest = firstRest
			if n == 0 || ctx.Err() != nil {
				break
			}
		}
	}
}

// Flush sends up to a batch of due rows of each queue and returns how many.
func (r *Relay) Flush(ctx context.Context) (int, error) {
	total := 0
	var errs []error
	for _, l := range r.lanes {
		n, err := r.flush(ctx, l)
		total += n
		errs = append(errs, err)
	}
	return total, errors.Join(errs...)
}

func (r *Relay) flush(ctx context.Context, l *lane) (int, error) {
	rows, err := r.take(ctx, l)
	if err != nil || len(rows) == 0 {
		return 0, err
	}
	crashpoint.Reach(crashpoint.OutboxTaken)
	return len(rows), r.send(ctx, l, rows)
}

// send sends rows and marks them. When the sending fails they are put back; when
// only the marking fails they are sent again later, and the queue's duplicate
// detection drops the second copy.
func (r *Relay) send(ctx context.Context, l *lane, rows []row) error {
	rows, bodies, broken := readable(rows)
	if err := r.setAside(ctx, l, broken); err != nil {
		return err
	}
	if len(rows) == 0 {
		return nil
	}
	messages := make([]Message, len(rows))
	lines := make([]context.Context, len(rows)) // with the ids of each
	ends := make([]func(error), len(rows))
	for i, c := range rows {
		lines[i] = telemetry.With(ctx, bodies[i].ids())
		bodies[i].Trace, ends[i] = telemetry.Send(lines[i], bodies[i].Trace, "send "+l.name, messagingQueue.String(l.name), messagingID.String(c.id))
		messages[i] = Message{ID: c.id, Body: []byte(c.body), CorrelationID: bodies[i].CorrelationID, Properties: bodies[i].properties()}
	}
	call, cancel := context.WithTimeout(ctx, sendWait)
	err := l.queue.Send(call, messages)
	cancel()
	for _, end := range ends {
		end(err)
	}
	// the rows' state is recorded even while the process ends
	record, cancel := context.WithTimeout(context.WithoutCancel(ctx), markWait)
	defer cancel()
	if err != nil {
		return errors.Join(fmt.Errorf("send %d messages to queue %s: %w", len(rows), l.queue.Name(), err), r.putBack(record, rows))
	}
	for i, c := range rows {
		telemetry.Log(lines[i]).Info().Str("message_id", c.id).Msg(l.line)
	}
	crashpoint.Reach(crashpoint.OutboxSent)
	r.metrics.sentMany(l.name, len(rows))
	return r.markSent(record, rows)
}

// jittered returns a random time between 0.5 d and 1.5 d, so that replicas
// don't try at the same moment.
func jittered(d time.Duration) time.Duration { return d/2 + time.Duration(rand.Int64N(int64(d))) }

// sleep waits about d, or until ctx ends.
func sleep(ctx context.Context, d time.Duration) {
	t := time.NewTimer(jittered(d))
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}
