package sbtest

import (
	"container/heap"
	"crypto/rand"
	"sync"
	"time"

	"github.com/Azure/go-amqp"
)

// queue is a queue or a dead-letter queue. Its mutex is taken before that of its
// dead-letter queue, and before those of connections.
type queue struct {
	srv *Server
	cfg QueueConfig
	dlq *queue // nil for a dead-letter queue

	mu        sync.Mutex
	seq       int64
	ready     seqHeap
	locked    map[amqp.UUID]*entry
	scheduled map[int64]*entry
	deferred  map[int64]*entry
	seen      map[string]time.Time // duplicate detection
	consumers []*link
	next      int
	timer     *time.Timer
	timerAt   time.Time
	transfers int
	releases  int
}

func newQueue(s *Server, cfg QueueConfig) *queue {
	q := &queue{srv: s, cfg: cfg, locked: map[amqp.UUID]*entry{}, scheduled: map[int64]*entry{},
		deferred: map[int64]*entry{}, seen: map[string]time.Time{}}
	q.timer = time.AfterFunc(time.Hour, q.tick)
	return q
}

// enqueue stores a transfer, which may be a batch. It returns the condition with
// which it is refused, or whether to cut the connection instead of answering.
func (s *Server) enqueue(q *queue, format uint32, msg *amqp.Message, size uint64) (cond string, drop bool) {
	if size > s.opt.MaxMessageSize {
		return "amqp:link:message-size-exceeded", false
	}
	msgs := []*amqp.Message{msg}
	if format == batchFormat { // every data section is an encoded message
		msgs = nil
		for _, b := range msg.Data {
			m := new(amqp.Message)
			if err := m.UnmarshalBinary(b); err != nil {
				return "amqp:decode-error", false
			}
			msgs = append(msgs, m)
		}
	}
	if cond, drop = s.sendFault(); cond != "" {
		return cond, false
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.cfg.MaxMessages > 0 && len(q.ready)+len(q.locked)+len(q.scheduled)+len(q.deferred)+len(msgs) > q.cfg.MaxMessages {
		return "amqp:resource-limit-exceeded", false
	}
	for _, m := range msgs {
		q.add(m, time.Time{})
	}
	q.pump()
	return "", drop
}

// add stores one message, active or scheduled, and returns its sequence number;
// q.mu held.
func (q *queue) add(m *amqp.Message, at time.Time) int64 {
	now := time.Now()
	q.seq++
	if q.cfg.DuplicateDetection > 0 && m.Properties != nil {
		if id, ok := m.Properties.MessageID.(string); ok && id != "" {
			if t, dup := q.seen[id]; dup && now.Before(t) {
				return q.seq // accepted and silently dropped, as the service does
			}
			q.seen[id] = now.Add(q.cfg.DuplicateDetection)
		}
	}
	e := &entry{seq: q.seq, enqueued: now, annotations: m.Annotations, msg: m}
	if m.Header != nil {
		e.header = *m.Header
	}
	if at.IsZero() {
		at, _ = m.Annotations["x-opt-scheduled-enqueue-time"].(time.Time)
	}
	ttl := q.cfg.DefaultTTL
	if h := e.header.TTL; h > 0 && (ttl == 0 || h < ttl) {
		ttl = h
	}
	if ttl > 0 {
		e.header.TTL = ttl
		e.expires = now.Add(ttl)
	}
	if m.Properties == nil {
		m.Properties = &amqp.MessageProperties{} // azservicebus reads the header only beside properties
	}
	m.Header, m.Annotations, m.DeliveryAnnotations = nil, nil, nil
	e.encode()
	if at.After(now) {
		e.state, e.scheduled = stateScheduled, at
		if ttl > 0 {
			e.expires = at.Add(ttl)
		}
		q.scheduled[e.seq] = e
		q.arm(at)
	} else {
		heap.Push(&q.ready, e)
		q.arm(e.expires)
	}
	return e.seq
}

func (q *queue) stats() Stats {
	q.mu.Lock()
	defer q.mu.Unlock()
	return Stats{len(q.ready), len(q.locked), len(q.scheduled), len(q.deferred), q.transfers, q.releases}
}

func (q *queue) addConsumer(l *link) {
	q.mu.Lock()
	q.consumers = append(q.consumers, l)
	q.mu.Unlock()
}

func (q *queue) removeConsumer(l *link) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for i, x := range q.consumers {
		if x == l {
			q.consumers = append(q.consumers[:i:i], q.consumers[i+1:]...)
			return
		}
	}
}

// pump delivers ready messages to consumers with credit, in turn; q.mu held.
func (q *queue) pump() {
	now := time.Now()
	for len(q.ready) > 0 {
		if e := q.ready[0]; !e.expires.IsZero() && now.After(e.expires) {
			heap.Pop(&q.ready)
			q.expire(e)
			continue
		}
		var l *link
		for range q.consumers {
			q.next = (q.next + 1) % len(q.consumers)
			if c := q.consumers[q.next]; c.wants() {
				l = c
				break
			}
		}
		if l == nil {
			return
		}
		e := heap.Pop(&q.ready).(*entry)
		q.transfers++
		if l.presettl {
			l.deliver(e.wire(false), amqp.UUID{})
			continue
		}
		q.lock(e, now)
		l.deliver(e.wire(false), e.token)
	}
}

func (q *queue) lock(e *entry, now time.Time) {
	_, _ = rand.Read(e.token[:]) // never fails
	e.lockedUntil = now.Add(q.cfg.LockDuration)
	q.locked[e.token] = e
	q.arm(e.lockedUntil)
}

// arm makes the timer fire no later than t; q.mu held.
func (q *queue) arm(t time.Time) {
	if !t.IsZero() && (q.timerAt.IsZero() || t.Before(q.timerAt)) {
		q.timerAt = t
		q.timer.Reset(time.Until(t) + time.Millisecond)
	}
}

// tick expires locks, activates scheduled messages and drops the dead.
func (q *queue) tick() {
	q.mu.Lock()
	defer q.mu.Unlock()
	now := time.Now()
	q.timerAt = time.Time{}
	for tok, e := range q.locked {
		if now.After(e.lockedUntil) {
			delete(q.locked, tok)
			e.deliveries++
			q.retry(e)
		} else {
			q.arm(e.lockedUntil)
		}
	}
	for n, e := range q.scheduled {
		if now.After(e.scheduled) {
			delete(q.scheduled, n)
			e.state, e.enqueued = stateActive, now
			heap.Push(&q.ready, e)
			q.arm(e.expires)
		} else {
			q.arm(e.scheduled)
		}
	}
	keep := q.ready[:0:0]
	for _, e := range q.ready {
		if !e.expires.IsZero() && now.After(e.expires) {
			q.expire(e)
			continue
		}
		q.arm(e.expires)
		keep = append(keep, e)
	}
	if len(keep) != len(q.ready) {
		q.ready = keep
		heap.Init(&q.ready)
	}
	for id, t := range q.seen {
		if now.After(t) {
			delete(q.seen, id)
		}
	}
	q.pump()
}
