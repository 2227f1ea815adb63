// Package queue is the port to the message queues, the loop that consumes one,
// and the outbox that is their only writer. Adapters are folders beside it; all
// pass queuetest.
package queue

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"go.opentelemetry.io/otel/attribute"

	"github.com/opal-photo/opal/modules/fault"
	"github.com/opal-photo/opal/modules/telemetry"
)

// The errors of a queue.
var (
	ErrUnavailable  = fault.New(fault.Unavailable, "queue_unavailable", "The message queue can't be reached; try again shortly")
	ErrUnauthorized = fault.New(fault.Forbidden, "queue_unauthorized", "The message queue refuses access; check the connection string, or the identity's role on the queue")
	ErrNoQueue      = fault.New(fault.NotFound, "queue_not_found", "There is no such queue; create it, or check SERVICEBUS_JOBS_QUEUE and SERVICEBUS_EXPORTS_QUEUE")
	ErrLockLost     = fault.New(fault.Conflict, "queue_lock_lost", "The message's lock ran out; it is delivered again")
	ErrTooLarge     = fault.New(fault.TooLarge, "message_too_large", "The message is too large for the queue")

	errBody = fault.New(fault.Malformed, "message_body_invalid", "The message is not the JSON object that the contract names")
)

// Body is the body of every message.
type Body struct {
	TenantID      string `json:"tenant_id"`
	JobID         string `json:"job_id"`
	ItemID        string `json:"item_id"`
	CorrelationID string `json:"correlation_id"`

	// Kind and Subject are not in the JSON: they travel as properties. A kind asks
	// for other work than the item's, and the subject is the id that this work is
	// about.
	Kind    string `json:"-"`
	Subject string `json:"-"`
	// Trace is the trace that the message continues, as W3C's traceparent; "": none.
	Trace string `json:"-"`
}

// The kinds of messages beside "", the work on the item. A worker that does not
// know a kind does the work on the item.
const (
	// KindBundle asks the export worker for the ZIP that is the subject.
	KindBundle = "bundle"
	// KindCutout asks the worker on jobs for the version of the item's cut-out that is
	// the subject.
	KindCutout = "cutout"
	// KindCheck asks the worker on jobs to find the product in a picture that is held
	// against channels' rules: the check that is the subject, and the body's item.
	KindCheck = "check"
	// KindRemake asks the export worker for the variants of the item, the subject,
	// that are to be made again.
	KindRemake = "remake"
)

// The names of the properties.
const (
	propertyKind    = "kind"
	propertySubject = "subject"
)

// properties returns the properties sent beside the body; nil when there are none.
func (b Body) properties() map[string]string {
	p := map[string]string{}
	if b.Kind != "" {
		p[propertyKind], p[propertySubject] = b.Kind, b.Subject
	}
	if b.Trace != "" {
		p[telemetry.Traceparent] = b.Trace
	}
	if len(p) == 0 {
		return nil
	}
	return p
}

// ids returns the ids that log lines and spans carry.
func (b Body) ids() telemetry.IDs {
	return telemetry.IDs{CorrelationID: b.CorrelationID, TenantID: b.TenantID, JobID: b.JobID, ItemID: b.ItemID}
}

// The names of a message's data on spans, by OpenTelemetry's conventions.
const (
	messagingQueue = attribute.Key("messaging.destination.name")
	messagingID    = attribute.Key("messaging.message.id")
)

// maxID bounds an id that a message names, in bytes: it ends up in log lines.
const maxID = 200

// check fails when a consumer would refuse the body.
func (b Body) check() error {
	for _, f := range [...]struct{ name, value string }{{"tenant_id", b.TenantID}, {"job_id", b.JobID}, {"item_id", b.ItemID}} {
		if f.value == "" || len(f.value) > maxID {
			return errBody.With("%s is missing or longer than %d bytes", f.name, maxID)
		}
	}
	if len(b.CorrelationID) > maxID {
		return errBody.With("correlation_id is longer than %d bytes", maxID)
	}
	if len(b.Kind) > maxID || len(b.Subject) > maxID {
		return errBody.With("its kind or its subject is longer than %d bytes", maxID)
	}
	return nil
}

// ParseBody reads a message's body. Unknown fields are ignored; the first three
// are required.
func ParseBody(b []byte) (Body, error) {
	var out Body
	if err := json.Unmarshal(b, &out); err != nil {
		return Body{}, errBody.With("it is no JSON object with strings")
	}
	if err := out.check(); err != nil {
		return Body{}, err
	}
	return out, nil
}

// Message is a message to be sent. The id is stable: sent again within the
// queue's window of duplicate detection (ten minutes) it arrives once. Properties
// are a few short strings beside the body; nil means no properties.
type Message struct {
	ID            string
	Body          []byte
	CorrelationID string
	Properties    map[string]string
}

// Delivery is a message under a lock.
type Delivery struct {
	Message
	DeliveryCount int       // of this delivery, from 1
	EnqueuedAt    time.Time // by the queue's clock
	LockedUntil   time.Time // by this process's clock
	Token         any       // the adapter's own data
}

// Dead is a message in the dead-letter queue.
type Dead struct {
	Message
	Reason, Description string
	DeliveryCount       int
	EnqueuedAt          time.Time
}

// Stats are a queue's counts. An adapter that has to look at each message stops
// at a bound and says so.
type Stats struct {
	Active  int64 `json:"active"` // waiting or locked
	Dead    int64 `json:"dead"`
	AtLeast bool  `json:"at_least,omitempty"` // there are more
}

// Queue is one queue with its dead letters.
//
// It is safe for concurrent use, but for Receive, which one goroutine calls at a
// time. Delivery is at least once: a message whose lock ran out comes again with
// a higher count, and after MaxDeliveries becomes a dead letter. Errors are
// those of this package or of the context; ErrUnavailable stands for every
// failure that may pass by itself. Calls end with their context, and no call
// goes on retrying in the background.
//
// Settling (Complete, Abandon, DeadLetter) a message whose lock is lost is
// ErrLockLost. A settling that failed otherwise may be called again, and then
// takes another way where the adapter has one.
type Queue interface {
	// Name is the queue's name at the broker.
	Name() string
	// Send stores the messages, in their order. After an error some may be
	// stored; sending all again is safe, as their ids are detected.
	Send(ctx context.Context, messages []Message) error
	// Receive waits for messages and locks up to max of them. It may return no
	// messages and no error. It never returns both messages and an error.
	Receive(ctx context.Context, max int) ([]*Delivery, error)
	// Renew extends the lock and returns its new end, by this process's clock. It
	// does not change d.
	Renew(ctx context.Context, d *Delivery) (time.Time, error)
	// Complete removes the message.
	Complete(ctx context.Context, d *Delivery) error
	// Abandon makes the message available again immediately, with a higher
	// delivery count.
	Abandon(ctx context.Context, d *Delivery) error
	// DeadLetter moves the message to the dead letters, its bytes kept. Reason is
	// a code, description a text; both are cut to 4,096 bytes.
	DeadLetter(ctx context.Context, d *Delivery, reason, description string) error

	// PeekDead lists up to max dead letters, oldest first, without locking.
	PeekDead(ctx context.Context, max int) ([]Dead, error)
	// Redrive sends up to max dead letters again, under new ids, and returns how
	// many. With ids it takes only those; without, all.
	Redrive(ctx context.Context, max int, ids ...string) (int, error)
	// PurgeDead deletes up to max dead letters and returns how many.
	PurgeDead(ctx context.Context, max int, ids ...string) (int, error)

	Stats(ctx context.Context) (Stats, error)
	// Ping checks that the queue is there and may be used.
	Ping(ctx context.Context) error
	// Close ends a waiting Receive and frees the queue's resources. All other
	// calls must have returned before.
	Close(ctx context.Context) error
}

// maxDeadText bounds the reason and the description of a dead letter, in bytes,
// as Service Bus does.
const maxDeadText = 4096

// DeadText returns the text as a dead letter can keep it: UTF-8 without NUL, at
// most 4,096 bytes.
func DeadText(s string) string {
	s = strings.ReplaceAll(strings.ToValidUTF8(s, "\ufffd"), "\x00", "")
	if len(s) > maxDeadText {
		s = strings.ToValidUTF8(s[:maxDeadText], "")
	}
	return s
}

// MaxDeliveries is how often a message is delivered before it is a dead letter.
const MaxDeliveries = 10

// poison is a handler's verdict that a message can never be handled.
type poison struct {
	reason string
	err    error
}

func (p *poison) Error() string { return fmt.Sprintf("%s: %v", p.reason, p.err) }
func (p *poison) Unwrap() error { return p.err }

// Poison has Consume move the message to the dead letters, its bytes kept.
func Poison(reason string, err error) error { return &poison{reason, err} }

// PoisonReason returns the reason of an error that Poison made.
func PoisonReason(err error) (string, bool) {
	p, ok := asPoison(err)
	if !ok {
		return "", false
	}
	return p.reason, true
}

func asPoison(err error) (*poison, bool) {
	var p *poison
	ok := errors.As(err, &p)
	return p, ok
}
