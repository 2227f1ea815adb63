package app

import (
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// TestAHugeHeaderIsRefused keeps the servers' limit on what a stranger can send
// before anything is known of it.
func TestAHugeHeaderIsRefused(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- serveHTTP(ctx, l, http.NotFoundHandler(), time.Second) }()
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	go func() {
		_, _ = io.WriteString(c, "GET / HTTP/1.1\r\nHost: x\r\nX: "+strings.Repeat("x", 100<<10)+"\r\n\r\n")
	}()
	if b, _ := io.ReadAll(c); !strings.HasPrefix(string(b), "HTTP/1.1 431") { // what came before a reset is what counts
		t.Errorf("%.200s", b)
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}
