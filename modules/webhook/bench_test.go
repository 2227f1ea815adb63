package webhook_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/opal-photo/opal/modules/db/dbtest"
	"github.com/opal-photo/opal/modules/event"
)

// BenchmarkOneDeadAmongLiveEndpoints measures how long an event takes to 99 live endpoints
// of a tenant while a hundredth never answers. p95-ms should be at most 2000.
func BenchmarkOneDeadAmongLiveEndpoints(b *testing.B) {
	const live = 99
	d := dbtest.SQLite(b)
	s := newService(b, d, loopback)
	var mu sync.Mutex
	var took []time.Duration
	var happened time.Time
	arrived := make(chan struct{}, live)
	good := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		mu.Lock()
		took = append(took, time.Since(happened))
		mu.Unlock()
		w.WriteHeader(http.StatusNoContent)
		arrived <- struct{}{}
	}))
	b.Cleanup(good.Close)
	over := make(chan struct{})
	dead := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-over:
		case <-r.Context().Done():
		}
	}))
	b.Cleanup(dead.Close)
	b.Cleanup(func() { close(over) })
	create(b, s, dead.URL)
	for i := range live {
		create(b, s, fmt.Sprintf("%s/%d", good.URL, i))
	}
	start(b, s)
	for b.Loop() {
		mu.Lock()
		happened = time.Now()
		mu.Unlock()
		happens(b, d, "j1", event.ItemFailed)
		for range live {
			<-arrived
		}
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)*95/100].Milliseconds()), "p95-ms")
	b.ReportMetric(float64(took[len(took)-1].Milliseconds()), "max-ms")
}
