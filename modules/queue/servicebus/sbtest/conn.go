package sbtest

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"
)

const (
	maxFrame    = 65536   // bytes, announced to the client
	inWindow    = 1 << 16 // frames of a session
	sendCredit  = 1000    // messages of a sending link
	idleTimeout = 240_000 // milliseconds, as the service announces
	maxChannel  = 4999
	minPeerMax  = 512 // bytes: no peer may announce less
	minFrame    = 8   // bytes: a frame's header
	batchFormat = uint32(0x80013700)
)

// conn is one TCP connection.
type conn struct {
	srv  *Server
	nc   net.Conn
	br   *bufio.Reader
	idle time.Duration // peer's advertised idle timeout

	mu       sync.Mutex // guards everything below; taken after queue.mu
	wake     *sync.Cond
	out      []byte
	dead     bool
	frozen   bool
	peerMax  int
	sessions map[uint16]*session
}

func newConn(s *Server, nc net.Conn) *conn {
	c := &conn{srv: s, nc: nc, br: bufio.NewReaderSize(nc, 128<<10), peerMax: minPeerMax, sessions: map[uint16]*session{}}
	c.wake = sync.NewCond(&c.mu)
	return c
}

// run serves the connection until it ends. Malformed frames panic in the decoder
// and end it.
func (c *conn) run() {
	go c.writer()
	defer c.shutdown()
	defer func() {
		if r := recover(); r != nil {
			c.srv.opt.Logf("bad frame: %v", r)
		}
	}()
	if err := c.handshake(); err != nil {
		c.srv.opt.Logf("handshake: %v", err)
		return
	}
	for {
		ch, body, err := c.readFrame()
		if err != nil {
			return
		}
		if len(body) == 0 {
			continue // keep-alive
		}
		if c.isFrozen() {
			continue // what arrives on a half-open connection is lost
		}
		v, payload := get(body)
		d := v.(described)
		f, _ := d.value.(fields)
		if c.srv.opt.Trace {
			c.srv.opt.Logf("<- ch%d %#x %v payload=%d", ch, d.code, f, len(payload))
		}
		if d.code == uint64(dClose) {
			c.lockedSend(0, comp(dClose), nil)
			return
		}
		c.handle(ch, d.code.(uint64), f, payload)
	}
}

func (c *conn) isFrozen() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.frozen
}

// shutdown takes the connection's receivers off their queues.
func (c *conn) shutdown() {
	c.mu.Lock()
	var ls []*link
	for _, s := range c.sessions {
		for _, l := range s.links {
			ls = append(ls, l)
		}
	}
	c.mu.Unlock()
	for _, l := range ls {
		l.drop()
	}
	c.mu.Lock()
	c.dead = true
	c.wake.Signal()
	c.mu.Unlock()
}

// writer coalesces frames and sends keep-alives: go-amqp drops a connection from
// which it has read nothing for 60 s.
func (c *conn) writer() {
	defer func() { _ = c.nc.Close() }()
	tick := time.AfterFunc(time.Hour, func() {})
	defer func() { tick.Stop() }()
	var buf []byte
	for {
		c.mu.Lock()
		for (len(c.out) == 0 || c.frozen) && !c.dead {
			if c.idle > 0 {
				tick.Stop()
				tick = time.AfterFunc(c.idle/2, func() {
					c.mu.Lock()
					c.out = append(c.out, 0, 0, 0, 8, 2, 0, 0, 0)
					c.wake.Signal()
					c.mu.Unlock()
				})
			}
			c.wake.Wait()
		}
		buf, c.out = c.out, buf[:0]
		dead := c.dead
		c.mu.Unlock()
		if len(buf) > 0 {
			if _, err := c.nc.Write(buf); err != nil {
				return
			}
		}
		if dead {
			return
		}
	}
}

func (c *conn) readFrame() (uint16, []byte, error) {
	var h [8]byte
	if _, err := io.ReadFull(c.br, h[:]); err != nil {
		return 0, nil, err
	}
	n, doff := int(binary.BigEndian.Uint32(h[:])), int(h[4])*4
	if n < doff || doff < minFrame || n > maxFrame {
		return 0, nil, errors.New("bad frame size")
	}
	b := make([]byte, n-8)
	_, err := io.ReadFull(c.br, b)
	return binary.BigEndian.Uint16(h[6:]), b[doff-8:], err
}

// send appends a frame; c.mu must be held.
func (c *conn) send(ch uint16, v described, payload []byte, typ ...byte) {
	if c.srv.opt.Trace {
		c.srv.opt.Logf("-> ch%d %#x %v payload=%d", ch, v.code, v.value, len(payload))
	}
	at := len(c.out)
	c.out = append(c.out, 0, 0, 0, 0, 2, 0, byte(ch>>8), byte(ch))
	if len(typ) > 0 {
		c.out[at+5] = typ[0]
	}
	c.out = append(put(c.out, v), payload...)
	binary.BigEndian.PutUint32(c.out[at:], uint32(len(c.out)-at))
	c.wake.Signal()
}

func (c *conn) lockedSend(ch uint16, v described, payload []byte, typ ...byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.send(ch, v, payload, typ...)
}

func (c *conn) raw(b string) {
	c.mu.Lock()
	c.out = append(c.out, b...)
	c.wake.Signal()
	c.mu.Unlock()
}

func (c *conn) handshake() error {
	hdr := make([]byte, 8)
	if _, err := io.ReadFull(c.br, hdr); err != nil {
		return err
	}
	if string(hdr) == "AMQP\x03\x01\x00\x00" {
		c.raw(string(hdr))
		// sasl-server-mechanisms is "multiple": a lone symbol is valid. ANONYMOUS (all that
		// azservicebus offers) and MSSBCBS are what the service announces.
		c.lockedSend(0, comp(dSASLMech, sym("ANONYMOUS")), nil, 1)
		if _, _, err := c.readFrame(); err != nil { // sasl-init
			return err
		}
		c.lockedSend(0, comp(dSASLOutcome, uint8(0)), nil, 1)
		if _, err := io.ReadFull(c.br, hdr); err != nil {
			return err
		}
	}
	if string(hdr) != "AMQP\x00\x01\x00\x00" {
		c.raw("AMQP\x00\x01\x00\x00")
		return fmt.Errorf("unexpected header %q", hdr)
	}
	c.raw(string(hdr))
	_, body, err := c.readFrame()
	if err != nil {
		return err
	}
	v, _ := get(body)
	open := v.(described).value.(fields)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.peerMax = maxFrame
	if n := at[uint32](open, 2); n >= minPeerMax && n < maxFrame {
		c.peerMax = int(n)
	}
	c.idle = time.Duration(at[uint32](open, 4)) * time.Millisecond
	c.send(0, comp(dOpen, "sbtest", nil, uint32(maxFrame), uint16(maxChannel), uint32(idleTimeout)), nil)
	return nil
}

func (c *conn) handle(ch uint16, code uint64, f fields, payload []byte) {
	if code == dBegin {
		s := &session{c: c, ch: ch, nextIn: at[uint32](f, 1), remoteWindow: at[uint32](f, 2),
			links: map[uint32]*link{}, unsettled: map[uint32]delivery{}}
		c.mu.Lock()
		c.sessions[ch] = s
		c.send(ch, comp(dBegin, ch, uint32(0), uint32(inWindow), uint32(inWindow), uint32(255)), nil)
		c.mu.Unlock()
		return
	}
	c.mu.Lock()
	s := c.sessions[ch]
	c.mu.Unlock()
	if s == nil {
		return
	}
	switch code {
	case dAttach:
		s.attach(f)
	case dFlow:
		s.flow(f)
	case dTransfer:
		s.transfer(f, payload)
	case dDisposition:
		s.disposition(f)
	case dDetach:
		h := at[uint32](f, 0)
		c.mu.Lock()
		l := s.links[h]
		delete(s.links, h)
		c.mu.Unlock()
		if l != nil {
			l.drop()
			c.lockedSend(ch, comp(dDetach, h, true), nil)
		}
	case dEnd:
		c.mu.Lock()
		delete(c.sessions, ch)
		ls := s.links
		s.links = map[uint32]*link{}
		c.mu.Unlock()
		for _, l := range ls {
			l.drop()
		}
		c.lockedSend(ch, comp(dEnd), nil)
	}
}
