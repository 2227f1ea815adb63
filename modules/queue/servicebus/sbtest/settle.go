package sbtest

import (
	"container/heap"
	"maps"
	"strconv"
	"time"

	"github.com/Azure/go-amqp"
)

// outcome is how a delivery ends, in the words of the management operation.
type outcome struct {
	kind        string // completed, abandoned, suspended, defered, released
	reason      string
	description string
	modify      map[string]any
}

// outcomeOf maps an AMQP delivery state to what Service Bus does with it.
func outcomeOf(st described) outcome {
	f, _ := st.value.(fields)
	switch st.code {
	case uint64(dAccepted):
		return outcome{kind: "completed"}
	case uint64(dReleased):
		return outcome{kind: "released"} // does not count as a delivery
	case uint64(dModify): // delivery-failed, undeliverable-here, message-annotations
		o := outcome{kind: "abandoned", modify: strKeys(at[map[any]any](f, 2))}
		if at[bool](f, 1) {
			o.kind = "defered"
		}
		return o
	case uint64(dRejected):
		o := outcome{kind: "suspended"}
		e, _ := at[described](f, 0).value.(fields)
		info := strKeys(at[map[any]any](e, 2))
		o.reason, _ = info["DeadLetterReason"].(string)
		o.description, _ = info["DeadLetterErrorDescription"].(string)
		delete(info, "DeadLetterReason")
		delete(info, "DeadLetterErrorDescription")
		o.modify = info
		return o
	}
	return outcome{kind: "released"}
}

func strKeys(m map[any]any) map[string]any {
	out := map[string]any{}
	for k, v := range m {
		switch k := k.(type) {
		case string:
			out[k] = v
		case sym:
			out[string(k)] = v
		}
	}
	return out
}

// settle ends a lock. It reports whether the lock was still held.
func (q *queue) settle(token amqp.UUID, o outcome) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	e := q.locked[token]
	if e == nil || time.Now().After(e.lockedUntil) {
		return false
	}
	delete(q.locked, token)
	if len(o.modify) > 0 { // properties-to-modify become application properties
		p := maps.Clone(e.msg.ApplicationProperties)
		if p == nil {
			p = map[string]any{}
		}
		maps.Copy(p, o.modify)
		e.msg.ApplicationProperties = p
		e.encode()
	}
	switch o.kind {
	case "completed":
	case "released":
		q.releases++
		q.back(e)
	case "abandoned":
		e.deliveries++
		q.retry(e)
	case "defered":
		e.token, e.state, e.deferred = amqp.UUID{}, stateDeferred, false
		q.deferred[e.seq] = e
	case "suspended":
		q.deadLetter(e, o.reason, o.description)
	}
	q.pump()
	return true
}

// retry makes a failed delivery available again, or dead-letters it; q.mu held.
func (q *queue) retry(e *entry) {
	if q.dlq != nil && int(e.deliveries) >= q.cfg.MaxDeliveryCount {
		q.deadLetter(e, "MaxDeliveryCountExceeded",
			"Message could not be consumed after "+strconv.Itoa(q.cfg.MaxDeliveryCount)+" delivery attempts.")
		return
	}
	q.back(e)
}

func (q *queue) back(e *entry) {
	e.token = amqp.UUID{}
	if e.deferred { // a deferred message stays deferred when its lock goes
		e.state, e.deferred = stateDeferred, false
		q.deferred[e.seq] = e
		return
	}
	heap.Push(&q.ready, e)
}

func (q *queue) expire(e *entry) {
	if q.cfg.DeadLetterOnExpiry && q.dlq != nil {
		q.deadLetter(e, "TTLExpiredException", "The message expired and was dead lettered.")
	}
}

// deadLetter moves e to the dead-letter queue; q.mu held. Lock order: queue, then its DLQ.
func (q *queue) deadLetter(e *entry, reason, desc string) {
	d := q.dlq
	if d == nil { // dead-lettering out of a DLQ: stays there
		q.back(e)
		return
	}
	p := maps.Clone(e.msg.ApplicationProperties)
	if p == nil {
		p = map[string]any{}
	}
	p["DeadLetterReason"], p["DeadLetterErrorDescription"] = reason, desc
	e.msg.ApplicationProperties = p
	e.annotations = maps.Clone(e.annotations)
	if e.annotations == nil {
		e.annotations = amqp.Annotations{}
	}
	e.annotations["x-opt-deadletter-source"] = q.cfg.Name
	e.encode()
	e.token, e.state, e.expires, e.deferred = amqp.UUID{}, stateActive, time.Time{}, false
	d.mu.Lock()
	heap.Push(&d.ready, e)
	d.pump()
	d.mu.Unlock()
}
