package api

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"testing"
	"time"
)

// slowClients is how many connections send their headers byte by byte.
const slowClients = 500

// BenchmarkBesideSlowClients measures a healthy client's calls while many others
// never finish their headers. Metric p99-ms is the 99th percentile.
func BenchmarkBesideSlowClients(b *testing.B) {
	h := newHouse(b)
	srv := Server(h.handler)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	go func() { _ = srv.Serve(l) }()
	defer srv.Close()
	for range slowClients {
		c, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			b.Fatal(err)
		}
		defer c.Close()
		if _, err := io.WriteString(c, "GET /v1/presets HTTP/1.1\r\nHost: x\r\nX-Slow: "); err != nil {
			b.Fatal(err)
		}
	}
	var took []time.Duration
	for b.Loop() {
		began := time.Now()
		resp, err := http.Get(fmt.Sprintf("http://%s/v1/presets", l.Addr()))
		if err != nil {
			b.Fatal(err)
		}
		if _, err := io.Copy(io.Discard, resp.Body); err != nil {
			b.Fatal(err)
		}
		resp.Body.Close()
		took = append(took, time.Since(began))
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
}
