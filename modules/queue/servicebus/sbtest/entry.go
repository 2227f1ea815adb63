package sbtest

import (
	"maps"
	"time"

	"github.com/Azure/go-amqp"
)

// The states of a message, as x-opt-message-state has them.
const (
	stateActive int32 = iota
	stateDeferred
	stateScheduled
)

// entry is one stored message.
type entry struct {
	seq         int64
	enqueued    time.Time
	scheduled   time.Time
	expires     time.Time
	deliveries  uint32 // that failed: the header's delivery-count
	state       int32
	header      amqp.MessageHeader
	annotations amqp.Annotations
	msg         *amqp.Message // properties, application-properties and body
	bare        []byte        // msg, encoded

	token       amqp.UUID
	lockedUntil time.Time
	deferred    bool // locked out of the deferred set
}

// seqHeap orders messages by sequence number.
type seqHeap []*entry

func (h seqHeap) Len() int           { return len(h) }
func (h seqHeap) Less(i, j int) bool { return h[i].seq < h[j].seq }
func (h seqHeap) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *seqHeap) Push(x any)        { *h = append(*h, x.(*entry)) }
func (h *seqHeap) Pop() any {
	o := *h
	e := o[len(o)-1]
	o[len(o)-1] = nil
	*h = o[:len(o)-1]
	return e
}

func (e *entry) encode() {
	b, err := e.msg.MarshalBinary()
	if err != nil {
		panic(err)
	}
	e.bare = b
}

// wire is the message as the client gets it.
func (e *entry) wire(lockInDelivery bool) []byte {
	h := e.header
	h.DeliveryCount = e.deliveries
	a := amqp.Annotations{}
	maps.Copy(a, e.annotations)
	a["x-opt-sequence-number"] = e.seq    // long
	a["x-opt-enqueued-time"] = e.enqueued // timestamp
	a["x-opt-message-state"] = e.state    // int
	if e.token != (amqp.UUID{}) {
		a["x-opt-locked-until"] = e.lockedUntil // timestamp
	}
	top := amqp.Message{Header: &h, Annotations: a}
	if lockInDelivery {
		top.DeliveryAnnotations = amqp.Annotations{"x-opt-lock-token": e.token}
	}
	b, err := top.MarshalBinary()
	if err != nil {
		panic(err)
	}
	return append(b, e.bare...)
}
