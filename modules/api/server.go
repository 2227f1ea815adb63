package api

import (
	"net/http"
	"time"
)

// The server's limits. What takes longer (uploads, event streams) sets
// deadlines of its own per request.
const (
	readHeaderTimeout = 10 * time.Second
	idleTimeout       = 2 * time.Minute
	maxHeaderBytes    = 64 << 10
)

// Server returns a server for the handler with limits that slow and greedy
// clients can't get round. The caller sets Addr or a listener, and closes it.
func Server(h http.Handler) *http.Server {
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: readHeaderTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
	}
}
