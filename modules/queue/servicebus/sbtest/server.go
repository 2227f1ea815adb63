// Package sbtest is an in-process emulator of Azure Service Bus queues for
// tests: the AMQP 1.0 data plane as azservicebus uses it (peek-lock, settling,
// renewal, dead letters, schedules, deferral, peeking, duplicate detection, time
// to live) with faults on demand. Messages live in memory. It listens on
// loopback, so roles that run as processes of their own can use it by its
// connection string.
//
// It has no sessions, topics, transactions, partitions or administration over
// HTTP.
package sbtest

import (
	"crypto/tls"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"time"
)

// The service's own defaults.
const (
	defaultLock           = time.Minute
	defaultMaxDeliveries  = 10
	defaultMaxMessageSize = 256 << 10 // bytes, of the standard tier
	deadLetterSuffix      = "/$DeadLetterQueue"
)

// QueueConfig are the properties of a queue.
type QueueConfig struct {
	Name               string
	LockDuration       time.Duration // 0: one minute
	MaxDeliveryCount   int           // 0: 10
	DuplicateDetection time.Duration // the window; 0: off
	DefaultTTL         time.Duration // 0: messages don't expire
	DeadLetterOnExpiry bool
	MaxMessages        int // beyond it a send is refused; 0: no limit
}

// Options say how the server runs.
type Options struct {
	Addr           string      // 0: a free port of 127.0.0.1
	TLS            *tls.Config // nil: plain, as UseDevelopmentEmulator=true asks for
	MaxMessageSize uint64      // bytes; 0: 256 KiB
	Queues         []QueueConfig
	// Authorize, when set, answers every put-token with 202, 401 or 404 and a
	// text.
	Authorize func(audience, tokenType, token string) (code int32, text string)
	// Logf, when set, gets the connections' errors, and with Trace every frame.
	Logf  func(format string, args ...any)
	Trace bool
}

// Server is a running emulator. It is safe for concurrent use.
type Server struct {
	opt Options
	ln  net.Listener
	wg  sync.WaitGroup

	mu      sync.Mutex
	conns   map[*conn]bool
	queues  map[string]*queue // by lower-case path, dead-letter queues included
	accepts int
	faults  faults
}

// New starts a server that ends with the test.
func New(t testing.TB, o Options) *Server {
	t.Helper()
	s, err := Start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// Start starts a server; Close ends it.
func Start(o Options) (*Server, error) {
	if o.Addr == "" {
		o.Addr = "127.0.0.1:0"
	}
	if o.MaxMessageSize == 0 {
		o.MaxMessageSize = defaultMaxMessageSize
	}
	if o.Logf == nil {
		o.Logf = func(string, ...any) {}
	}
	ln, err := net.Listen("tcp", o.Addr)
	if err != nil {
		return nil, fmt.Errorf("listen: %w", err)
	}
	s := &Server{opt: o, ln: ln, conns: map[*conn]bool{}, queues: map[string]*queue{}}
	for _, q := range o.Queues {
		s.CreateQueue(q)
	}
	s.wg.Go(s.accept)
	return s, nil
}

func (s *Server) accept() {
	for {
		nc, err := s.ln.Accept()
		if err != nil {
			return
		}
		if s.refuses() {
			_ = nc.Close()
			continue
		}
		if s.opt.TLS != nil {
			nc = tls.Server(nc, s.opt.TLS)
		}
		c := newConn(s, nc)
		s.mu.Lock()
		s.accepts++
		s.conns[c] = true
		s.mu.Unlock()
		s.wg.Go(func() {
			c.run()
			s.mu.Lock()
			delete(s.conns, c)
			s.mu.Unlock()
		})
	}
}

// Addr is the server's host:port.
func (s *Server) Addr() string { return s.ln.Addr().String() }

// ConnectionString is what azservicebus and SERVICEBUS_CONNECTION_STRING take.
func (s *Server) ConnectionString() string {
	return fmt.Sprintf("Endpoint=sb://%s;SharedAccessKeyName=RootManageSharedAccessKey;SharedAccessKey=SAS_KEY_VALUE;UseDevelopmentEmulator=true", s.Addr())
}

// CreateQueue adds a queue with its dead-letter queue; one that is there stays.
func (s *Server) CreateQueue(c QueueConfig) {
	if c.LockDuration == 0 {
		c.LockDuration = defaultLock
	}
	if c.MaxDeliveryCount == 0 {
		c.MaxDeliveryCount = defaultMaxDeliveries
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	key := strings.ToLower(c.Name)
	if s.queues[key] != nil {
		return
	}
	q := newQueue(s, c)
	d := QueueConfig{Name: c.Name + deadLetterSuffix, LockDuration: c.LockDuration}
	q.dlq = newQueue(s, d)
	s.queues[key] = q
	s.queues[strings.ToLower(d.Name)] = q.dlq
}

// queue returns the queue of a path, or nil.
func (s *Server) queue(path string) *queue {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.queues[strings.ToLower(strings.Trim(path, "/"))]
}

func (s *Server) snapshot() (cs []*conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.conns {
		cs = append(cs, c)
	}
	return cs
}

// Accepts is the number of connections accepted so far.
func (s *Server) Accepts() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.accepts
}

// Stats are a queue's counts: messages by state, and since the start the
// messages handed to receivers (Transfers) and those they handed back unread
// (Releases).
type Stats struct{ Active, Locked, Scheduled, Deferred, Transfers, Releases int }

// Stats returns the counts of a queue.
func (s *Server) Stats(name string) Stats { return s.queue(name).stats() }

// DeadStats returns the counts of a queue's dead-letter queue.
func (s *Server) DeadStats(name string) Stats { return s.queue(name + deadLetterSuffix).stats() }

// Close ends the server and its connections.
func (s *Server) Close() {
	_ = s.ln.Close()
	s.DropConnections()
	s.wg.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, q := range s.queues {
		q.mu.Lock()
		q.timer.Stop()
		q.mu.Unlock()
	}
}
