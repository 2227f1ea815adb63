package sbtest

import (
	"strings"

	"github.com/Azure/go-amqp"
)

// session is one AMQP session. Its links and counters are guarded by its
// connection's mutex.
type session struct {
	c            *conn
	ch           uint16
	nextIn       uint32 // next-incoming-id
	inSince      uint32
	nextOut      uint32 // next-outgoing-id
	remoteWindow uint32
	nextDelivery uint32
	links        map[uint32]*link
	unsettled    map[uint32]delivery // delivery-id -> lock
}

type delivery struct {
	q     *queue
	token amqp.UUID
}

func (s *session) attach(f fields) {
	c := s.c
	l := &link{s: s, name: at[string](f, 0), handle: at[uint32](f, 1), toClient: at[bool](f, 2)}
	snd, rcv := f[3], at[uint8](f, 4)
	srcD, tgtD := at[described](f, 5), at[described](f, 6)
	src, _ := srcD.value.(fields)
	tgt, _ := tgtD.value.(fields)
	addr := at[string](tgt, 0)
	if l.toClient {
		addr = at[string](src, 0)
		l.replyTo = at[string](tgt, 0)
		l.presettl = snd == uint8(1)
	}
	var cond string
	switch {
	case addr == "$cbs":
		l.kind = kindCBS
	case strings.HasSuffix(addr, "/$management"):
		l.kind = kindMgmt
		l.q = c.srv.queue(strings.TrimSuffix(addr, "/$management"))
	default:
		l.q = c.srv.queue(addr)
	}
	if l.kind != kindCBS && l.q == nil {
		cond = "amqp:not-found"
	}
	if _, ok := at[map[any]any](src, 7)[sym("com.microsoft:session-filter")]; ok {
		cond = "amqp:not-implemented" // sessions are out of scope
	}
	if snd == nil {
		snd = uint8(2)
	}
	c.mu.Lock()
	if cond != "" { // refuse: attach with null terminus, then detach with the error
		c.send(s.ch, comp(dAttach, l.name, l.handle, !l.toClient), nil)
		c.send(s.ch, comp(dDetach, l.handle, true, amqpErr(cond, "entity '"+addr+"'")), nil)
		c.mu.Unlock()
		return
	}
	s.links[l.handle] = l
	// the settle modes the client asked for MUST be echoed; max-message-size MUST be non-zero,
	// or NewMessageBatch has room for nothing; initial-delivery-count MUST be set by a sender.
	var idc any
	if l.toClient {
		idc = uint32(0)
	}
	c.send(s.ch, comp(dAttach, l.name, l.handle, !l.toClient, snd, rcv,
		described{uint64(dSource), src}, described{uint64(dTarget), tgt},
		nil, nil, idc, c.srv.opt.MaxMessageSize), nil)
	if !l.toClient {
		l.credit = sendCredit
		s.sendFlow(l)
	}
	c.mu.Unlock()
	if l.toClient && l.kind == kindEntity {
		l.q.addConsumer(l)
	}
}

// sendFlow sends session flow, with the link's credit if l is not nil; c.mu held.
func (s *session) sendFlow(l *link) {
	f := []any{s.nextIn, uint32(inWindow), s.nextOut, uint32(inWindow), nil, nil, nil, nil, nil}
	if l != nil {
		f[4], f[5], f[6] = l.handle, l.count, l.credit
	}
	s.c.send(s.ch, comp(dFlow, f...), nil)
	s.inSince = 0
}

func (s *session) flow(f fields) {
	c := s.c
	c.mu.Lock()
	s.remoteWindow = at[uint32](f, 0) + at[uint32](f, 1) - s.nextOut
	h, hasHandle := at[uint32](f, 4), len(f) > 4 && f[4] != nil
	l := s.links[h]
	var wake []*queue
	for _, x := range s.links {
		if x.toClient && x.kind == kindEntity {
			wake = append(wake, x.q)
		}
	}
	if echo := at[bool](f, 9); echo && !hasHandle {
		s.sendFlow(nil)
	}
	c.mu.Unlock()
	if hasHandle && l != nil && l.toClient && l.kind == kindEntity {
		l.q.mu.Lock()
		c.mu.Lock()
		l.credit = at[uint32](f, 5) + at[uint32](f, 6) - l.count
		c.mu.Unlock()
		l.q.pump()
		if at[bool](f, 8) { // drain: give back what is left
			c.mu.Lock()
			l.count += l.credit
			l.credit = 0
			c.send(s.ch, comp(dFlow, s.nextIn, uint32(inWindow), s.nextOut, uint32(inWindow),
				l.handle, l.count, l.credit, nil, true), nil)
			c.mu.Unlock()
		}
		l.q.mu.Unlock()
		return
	}
	for _, q := range wake {
		q.mu.Lock()
		q.pump()
		q.mu.Unlock()
	}
}

// transfer handles one incoming transfer frame.
func (s *session) transfer(f fields, payload []byte) {
	c := s.c
	c.mu.Lock()
	l := s.links[at[uint32](f, 0)]
	s.nextIn++
	s.inSince++
	if s.inSince >= inWindow/4 {
		s.sendFlow(nil)
	}
	c.mu.Unlock()
	if l == nil || l.toClient {
		return
	}
	if len(f) > 1 && f[1] != nil {
		l.pid, l.pformat = at[uint32](f, 1), at[uint32](f, 3)
	}
	l.psettle = l.psettle || at[bool](f, 4)
	if at[bool](f, 9) { // aborted
		l.partial = nil
		return
	}
	l.partial = append(l.partial, payload...)
	if at[bool](f, 5) { // more
		return
	}
	raw, settled := l.partial, l.psettle
	l.partial, l.psettle = nil, false
	c.mu.Lock()
	l.count++
	l.credit--
	if l.credit <= sendCredit/2 {
		l.credit = sendCredit
		s.sendFlow(l)
	}
	c.mu.Unlock()

	msg := new(amqp.Message)
	if err := msg.UnmarshalBinary(raw); err != nil {
		panic(err) // ends the connection, see run
	}
	state := comp(dAccepted)
	switch l.kind {
	case kindCBS:
		s.reply(msg, c.srv.cbs(msg))
	case kindMgmt:
		s.reply(msg, l.q.manage(msg))
	default:
		cond, drop := c.srv.enqueue(l.q, l.pformat, msg, uint64(len(raw)))
		if drop {
			_ = c.nc.Close()
			return
		}
		if cond != "" {
			state = comp(dRejected, amqpErr(cond, "refused"))
		}
	}
	if !settled {
		c.lockedSend(s.ch, comp(dDisposition, true, l.pid, l.pid, true, state), nil)
	}
}

func (s *session) disposition(f fields) {
	if role, _ := f[0].(bool); !role {
		return // settlement echoes from a sender
	}
	first := at[uint32](f, 1)
	last := first
	if len(f) > 2 && f[2] != nil {
		last = at[uint32](f, 2)
	}
	settled := at[bool](f, 3)
	state := at[described](f, 4)
	for id := first; id <= last; id++ {
		s.c.mu.Lock()
		d, ok := s.unsettled[id]
		delete(s.unsettled, id)
		s.c.mu.Unlock()
		// a dead-lettering reject is answered without its error, or the caller sees
		// it as a failure
		reply := described{state.code, fields(nil)}
		if !ok || !d.q.settle(d.token, outcomeOf(state)) {
			reply = comp(dRejected, amqpErr("com.microsoft:message-lock-lost",
				"The lock supplied is invalid. Either the lock expired, or the message has already been removed from the queue."))
		}
		if !settled {
			s.c.lockedSend(s.ch, comp(dDisposition, false, id, id, true, reply), nil)
		}
	}
}

func amqpErr(cond, desc string) described { return comp(dError, sym(cond), desc) }

// swapGUID converts between RFC 4122 order and .NET Guid byte order (delivery tags).
func swapGUID(u amqp.UUID) amqp.UUID {
	u[0], u[1], u[2], u[3] = u[3], u[2], u[1], u[0]
	u[4], u[5] = u[5], u[4]
	u[6], u[7] = u[7], u[6]
	return u
}
