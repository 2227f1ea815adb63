package db

import (
	"net"
	"sync"
	"time"
)

// defaultPatience bounds how long a Postgres server may send nothing while a
// call waits for it.
const defaultPatience = 30 * time.Second

// patientConn ends a read on which nothing arrives for too long, where the
// driver has set no deadline of its own. Without it a call on a connection that
// a firewall or a proxy has dropped would wait permanently: neither side is
// told, and the device in between may answer the keep-alives.
type patientConn struct {
	net.Conn
	patience time.Duration

	mu    sync.Mutex
	asked bool // the driver has set a deadline
}

// Read reads within the driver's deadline, or else within the connection's
// patience.
func (c *patientConn) Read(p []byte) (int, error) {
	c.mu.Lock()
	if !c.asked {
		if err := c.Conn.SetReadDeadline(time.Now().Add(c.patience)); err != nil {
			c.mu.Unlock()
			return 0, err
		}
	}
	c.mu.Unlock()
	return c.Conn.Read(p)
}

// SetDeadline notes the driver's deadline, which ends calls whose context is
// over.
func (c *patientConn) SetDeadline(t time.Time) error {
	return c.set(t, c.Conn.SetDeadline)
}

// SetReadDeadline notes the driver's deadline, as SetDeadline does.
func (c *patientConn) SetReadDeadline(t time.Time) error {
	return c.set(t, c.Conn.SetReadDeadline)
}

func (c *patientConn) set(t time.Time, set func(time.Time) error) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.asked = !t.IsZero()
	return set(t)
}
