package sbtest

import "github.com/Azure/go-amqp"

// linkKind says what a link leads to.
type linkKind int

const (
	kindEntity linkKind = iota
	kindCBS
	kindMgmt
)

// link is one end of a link, guarded by its connection's mutex; partial and what
// follows belong to the connection's reader.
type link struct {
	s        *session
	handle   uint32
	name     string
	toClient bool // client is the receiver
	kind     linkKind
	q        *queue
	presettl bool   // receive-and-delete
	replyTo  string // client's target address, for response links
	gone     bool

	credit  uint32 // link credit (toClient: granted by the client; else by the server)
	count   uint32 // delivery-count
	partial []byte
	pid     uint32
	pformat uint32
	psettle bool
}

// reply sends an RPC response on the session's link whose target is the request's reply-to.
func (s *session) reply(req *amqp.Message, res *amqp.Message) {
	if req.Properties == nil || req.Properties.ReplyTo == nil {
		return
	}
	res.Properties = &amqp.MessageProperties{CorrelationID: req.Properties.MessageID}
	b, err := res.MarshalBinary()
	if err != nil {
		panic(err)
	}
	s.c.mu.Lock()
	defer s.c.mu.Unlock()
	for _, l := range s.links {
		if l.toClient && l.replyTo == *req.Properties.ReplyTo {
			l.transmit(b, []byte("rpc"), true)
			return
		}
	}
}

// transmit sends one delivery, in as many frames as needed; c.mu held.
func (l *link) transmit(b, tag []byte, settled bool) uint32 {
	s := l.s
	id := s.nextDelivery
	s.nextDelivery++
	l.count++
	l.credit--
	room := s.c.peerMax - 128
	for first := true; first || len(b) > 0; first = false {
		n := min(len(b), room)
		more := n < len(b)
		if first {
			s.c.send(s.ch, comp(dTransfer, l.handle, id, tag, uint32(0), settled, more), b[:n])
		} else {
			s.c.send(s.ch, comp(dTransfer, l.handle, nil, nil, nil, settled, more), b[:n])
		}
		b = b[n:]
		s.nextOut++
		s.remoteWindow--
	}
	return id
}

// wants reports whether the link can take a delivery now; q.mu held.
func (l *link) wants() bool {
	l.s.c.mu.Lock()
	defer l.s.c.mu.Unlock()
	return !l.gone && l.credit > 0 && l.s.remoteWindow > 64 && !l.s.c.dead
}

// deliver sends an entity message to the client; q.mu held.
func (l *link) deliver(b []byte, token amqp.UUID) {
	tag := swapGUID(token)
	c := l.s.c
	c.mu.Lock()
	defer c.mu.Unlock()
	id := l.transmit(b, tag[:], l.presettl)
	if !l.presettl {
		l.s.unsettled[id] = delivery{l.q, token}
	}
}

func (l *link) drop() {
	if l.q != nil && l.toClient && l.kind == kindEntity {
		l.q.removeConsumer(l)
	}
}

func (c *conn) detachLinks(q *queue, cond string) {
	c.mu.Lock()
	var ls []*link
	for _, s := range c.sessions {
		for h, l := range s.links {
			if l.q == q && l.kind == kindEntity {
				c.send(s.ch, comp(dDetach, h, true, amqpErr(cond, "detached")), nil)
				delete(s.links, h)
				l.gone = true
				ls = append(ls, l)
			}
		}
	}
	c.mu.Unlock()
	for _, l := range ls {
		l.drop()
	}
}
