package sbtest

import "time"

// AMQP conditions with which the service refuses.
const (
	// ServerBusy is the answer of a throttled namespace.
	ServerBusy = "com.microsoft:server-busy"
	// DetachForced is how the service drops idle links.
	DetachForced = "amqp:link:detach-forced"
)

// faults are those that tests asked for; Server.mu guards them.
type faults struct {
	refuseUntil time.Time
	throttle    int // sends yet to be refused
	loseAck     int // sends yet to be stored and not acknowledged
}

// DropConnections cuts every connection without an AMQP close.
func (s *Server) DropConnections() {
	for _, c := range s.snapshot() {
		_ = c.nc.Close()
	}
}

// Refuse cuts every connection and, for d, ends new ones immediately.
func (s *Server) Refuse(d time.Duration) {
	s.mu.Lock()
	s.faults.refuseUntil = time.Now().Add(d)
	s.mu.Unlock()
	s.DropConnections()
}

func (s *Server) refuses() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return time.Now().Before(s.faults.refuseUntil)
}

// Freeze makes every open connection go silent in both directions, as a
// half-open TCP connection is. New ones work.
func (s *Server) Freeze() {
	for _, c := range s.snapshot() {
		c.mu.Lock()
		c.frozen = true
		c.mu.Unlock()
	}
}

// DetachLinks detaches every link of a queue with the condition.
func (s *Server) DetachLinks(queue, condition string) {
	for _, c := range s.snapshot() {
		c.detachLinks(s.queue(queue), condition)
	}
}

// Throttle refuses the next n sends with ServerBusy.
func (s *Server) Throttle(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults.throttle = n
}

// LoseAcknowledgements stores the next n sends and cuts their connections before
// it acknowledges them.
func (s *Server) LoseAcknowledgements(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults.loseAck = n
}

// sendFault takes the fault of one send: a condition to refuse it with, or
// whether to lose its acknowledgement.
func (s *Server) sendFault() (condition string, lose bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch f := &s.faults; {
	case f.throttle > 0:
		f.throttle--
		return ServerBusy, false
	case f.loseAck > 0:
		f.loseAck--
		return "", true
	}
	return "", false
}
