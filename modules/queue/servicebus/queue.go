package servicebus

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/messaging/azservicebus"

	"github.com/opal-photo/opal/modules/queue"
)

// contentType is that of queue.Body.
const contentType = "application/json"

// Queue is one queue of the namespace. It is a queue.Queue.
type Queue struct {
	ns   *Namespace
	name string

	mu    sync.Mutex
	links *links
}

// links are a queue's ends on one client. The library makes no network call to
// create them.
type links struct {
	life     *life
	sender   *azservicebus.Sender
	receiver *azservicebus.Receiver
	dead     *azservicebus.Receiver // of the dead-letter queue, for peeking
	opened   opened                 // the receiver's link is there
}

// opened has calls on the receiver wait while one of them opens its link. The
// library opens it once for each call that finds it missing, and forgets all but
// the last, with the goroutines that renew their claims.
type opened struct {
	mu    sync.Mutex
	ready atomic.Bool
}

// ensure opens the receiver's link by a call that changes nothing.
func (l *links) ensure(ctx context.Context) error {
	if l.opened.ready.Load() {
		return nil
	}
	l.opened.mu.Lock()
	defer l.opened.mu.Unlock()
	if l.opened.ready.Load() {
		return nil
	}
	err := look(ctx, l.receiver)
	l.opened.ready.Store(err == nil)
	return err
}

// failed notes that the receiver's link may be gone.
func (l *links) failed() { l.opened.ready.Store(false) }

// look asks for one message without locking it. One that can't be read is an
// answer too.
func look(ctx context.Context, r *azservicebus.Receiver) error {
	if _, err := peekFrom(ctx, r, 0, 1); err != nil && !errors.Is(err, errUnreadable) {
		return err
	}
	return nil
}

// Queue returns the queue of that name, whether it exists or not; Ping checks
// that.
func (n *Namespace) Queue(name string) *Queue { return &Queue{ns: n, name: name} }

// Name returns the queue's name.
func (q *Queue) Name() string { return q.name }

// open returns the links on the present client. They are kept: a link costs
// several round trips.
func (q *Queue) open() (*links, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	life := q.ns.current()
	if q.links != nil && q.links.life == life {
		return q.links, nil
	}
	l, c := &links{life: life}, life.client
	var err [3]error
	l.sender, err[0] = c.NewSender(q.name, nil)
	l.receiver, err[1] = c.NewReceiverForQueue(q.name, nil)
	l.dead, err[2] = c.NewReceiverForQueue(q.name, &azservicebus.ReceiverOptions{SubQueue: azservicebus.SubQueueDeadLetter})
	if err := errors.Join(err[:]...); err != nil {
		return nil, err
	}
	q.links = l
	return l, nil
}

// try calls op until it ends within the time of one try, as long as ctx lasts. After a try
// that hangs, the client is given up.
func (q *Queue) try(ctx context.Context, doing string, op func(ctx context.Context, l *links) error) error {
	for {
		l, err := q.open()
		if err != nil {
			return q.translate(doing, err)
		}
		began := time.Now()
		hung := false
		err = l.life.call(ctx, func(ctx context.Context) error {
			ctx, cancel := context.WithTimeout(ctx, q.ns.tryFor)
			defer cancel()
			err := op(ctx, l)
			if err != nil && !lockLost(err) {
				l.failed()
			}
			hung = errors.Is(ctx.Err(), context.DeadlineExceeded)
			return err
		})
		if err == nil {
			return nil
		}
		if hung && time.Since(began) >= q.ns.tryFor/2 {
			q.ns.giveUp(l.life)
		}
		gone := l.life.over() // given up during this call
		if q.closed(l) {
			return q.translate(doing, errors.Join(queue.ErrUnavailable, errClosed))
		}
		if ctx.Err() != nil || !hung && !gone {
			return q.translate(doing, err)
		}
	}
}

var errClosed = errors.New("the namespace is closed")

// closed reports whether the links' client was closed permanently.
func (q *Queue) closed(l *links) bool {
	life := q.ns.current()
	return l.life == life && life.over()
}

// Send sends the messages in batches as large as the service takes. Every
// message has its id, in batches too, where the library makes none: after a
// lost acknowledgement it sends again, and only the ids show the duplicates.
func (q *Queue) Send(ctx context.Context, messages []queue.Message) error {
	for len(messages) > 0 {
		n := 0
		err := q.try(ctx, "send to", func(ctx context.Context, l *links) error {
			var err error
			n, err = sendSome(ctx, l.sender, messages)
			return err
		})
		if err != nil {
			return err
		}
		messages = messages[n:]
	}
	return nil
}

// sendSome sends as many of the messages as one batch holds.
func sendSome(ctx context.Context, s *azservicebus.Sender, messages []queue.Message) (int, error) {
	batch, err := s.NewMessageBatch(ctx, nil)
	if err != nil {
		return 0, err
	}
	n := 0
	for _, m := range messages {
		err := batch.AddMessage(outgoing(m), nil)
		if errors.Is(err, azservicebus.ErrMessageTooLarge) && n > 0 {
			break
		}
		if err != nil {
			return 0, fmt.Errorf("message %s of %d bytes: %w", m.ID, len(m.Body), err)
		}
		n++
	}
	return n, s.SendMessageBatch(ctx, batch, nil)
}

func outgoing(m queue.Message) *azservicebus.Message {
	ct := contentType
	out := &azservicebus.Message{MessageID: &m.ID, Body: m.Body, ContentType: &ct}
	if m.CorrelationID != "" {
		out.CorrelationID = &m.CorrelationID
	}
	for name, value := range m.Properties {
		if out.ApplicationProperties == nil {
			out.ApplicationProperties = map[string]any{}
		}
		out.ApplicationProperties[name] = value
	}
	return out
}

// Ping looks at the queue. An identity that may only send passes when its
// sending link opens.
func (q *Queue) Ping(ctx context.Context) error {
	return q.try(ctx, "reach", func(ctx context.Context, l *links) error {
		err := l.ensure(ctx)
		if err == nil {
			err = look(ctx, l.receiver)
		}
		var sb *azservicebus.Error
		if errors.As(err, &sb) && sb.Code == azservicebus.CodeUnauthorizedAccess {
			_, err = l.sender.NewMessageBatch(ctx, nil)
		}
		return err
	})
}

// Close frees the links. The connection belongs to the namespace.
func (q *Queue) Close(ctx context.Context) error {
	q.mu.Lock()
	l := q.links
	q.links = nil
	q.mu.Unlock()
	if l == nil || l.life.over() {
		return nil
	}
	for _, end := range []interface{ Close(context.Context) error }{l.sender, l.receiver, l.dead} {
		// a link that can't be closed is one whose connection is gone
		if err := end.Close(ctx); err != nil && ctx.Err() != nil {
			return fmt.Errorf("close queue %s: %w", q.name, ctx.Err())
		}
	}
	return nil
}
