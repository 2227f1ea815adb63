package api

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/opal-photo/opal/modules/db/dbtest"
)

// slowClients is how many connections send their headers byte by byte.
const slowClients = 500

// BenchmarkBesideSlowClients measures a healthy client's calls while many others
// never finish their headers. Metric p99-ms is the 99th percentile.
func BenchmarkBesideSlowClients(b *testing.B) {
	h := newHouse(b)
	srv := &http.Server{Handler: h.handler, ReadHeaderTimeout: 10 * time.Second}
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
	p99(b, took)
}

// p99 reports the 99th percentile.
func p99(b *testing.B, took []time.Duration) {
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
}

// BenchmarkCreateJob measures POST /v1/jobs over HTTP, eight clients at the
// same time. Metric req/s is their total rate.
func BenchmarkCreateJob(b *testing.B) {
	for name, url := range map[string]func(testing.TB) string{"sqlite": dbtest.SQLiteURL, "postgres": dbtest.PostgresURL} {
		b.Run(name, func(b *testing.B) {
			h := newRealHouse(b, dbtest.Open(b, url(b)))
			var mu sync.Mutex
			var took []time.Duration
			b.SetParallelism(8 / runtime.GOMAXPROCS(0))
			began := time.Now()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					at := time.Now()
					resp, err := http.Post(h.URL+"/v1/jobs", "application/json", strings.NewReader(`{"tenant_id":"t1","items":[{"filename":"a.jpg"}]}`))
					if err != nil {
						b.Error(err)
						return
					}
					if _, err := io.Copy(io.Discard, resp.Body); err != nil || resp.StatusCode != http.StatusOK {
						b.Errorf("%d %v", resp.StatusCode, err)
					}
					resp.Body.Close()
					mu.Lock()
					took = append(took, time.Since(at))
					mu.Unlock()
				}
			})
			b.ReportMetric(float64(len(took))/time.Since(began).Seconds(), "req/s")
			p99(b, took)
		})
	}
}
