package chaos_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/opal-photo/opal/app/apptest"
	"github.com/opal-photo/opal/modules/crashpoint"
	"github.com/opal-photo/opal/modules/db"
)

// webhookPatience bounds how long the last delivery may take: its lease runs out, and
// then the next look for it comes.
const webhookPatience = 4 * time.Minute

// shop is a tenant's server that counts how often each event came.
type shop struct {
	*httptest.Server
	mu   sync.Mutex
	came map[string]int // by path and event
}

func newShop(t *testing.T) *shop {
	s := &shop{came: map[string]int{}}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		s.mu.Lock()
		s.came[r.URL.Path+" "+r.Header.Get("webhook-id")]++
		s.mu.Unlock()
		w.WriteHeader(http.StatusNoContent)
	}))
	t.Cleanup(s.Close)
	return s
}

// counts returns how many events came to all paths, and how many of them again.
func (s *shop) counts() (events, again int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, n := range s.came {
		events, again = events+1, again+n-1
	}
	return events, again
}

// TestChaosWebhooks kills OPAL between an event and its deliveries, between a delivery
// and its call, and between the call and its record. Each event has exactly one delivery
// for each endpoint that asks for it, each is delivered, and a kill repeats the calls of
// a process at most.
func TestChaosWebhooks(t *testing.T) {
	if testing.Short() {
		t.Skip("not among the short tests: it starts a fleet")
	}
	t.Parallel() // most of it is waiting
	exe := chaosBuild(t)
	photo := apptest.Photo(t, 160, 120)
	for i, s := range setups {
		if !*full && i > 0 {
			continue
		}
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			hooks := newShop(t)
			f, database := s.begin(t, exe, "EGRESS_ALLOWED_NETWORKS=127.0.0.0/8")
			defer f.abandon()
			f.api.WaitReady()
			for path, events := range map[string][]string{"/all": nil, "/finished": {"job.finished"}} {
				if code := f.insist(http.MethodPost, "/v1/webhooks", path, map[string]any{"tenant_id": "default", "url": hooks.URL + path, "events": events}, nil); code >= http.StatusBadRequest {
					t.Fatalf("create the webhook: %d", code)
				}
			}
			hits := []int{1}
			if *full {
				hits = []int{1, 2, 3, 4}
			}
			points := 0
			for _, point := range crashpoint.Points() {
				if !strings.HasPrefix(point, "webhook.") {
					continue
				}
				for _, hit := range hits {
					points++
					f.webhookRound(s, point, hit, photo)
				}
			}
			kills := len(f.deaths())
			if kills != points {
				t.Errorf("%d of %d points killed their process", kills, points)
			}
			f.checkDeliveries(s.name, database, hooks, kills)
		})
	}
}

// webhookRound aims the role that sends deliveries at a point, makes jobs and waits for
// their ends and for the kill.
func (f *fleet) webhookRound(s setup, point string, hit int, photo []byte) {
	f.t.Helper()
	before := len(f.deaths())
	f.members[s.roleOf(point)].aimAt(fmt.Sprintf("%s:%d", point, hit))
	f.api.WaitReady()
	// one job after the other: events that come together are spread together
	for i := range hit {
		if got := f.finish(f.send(fmt.Sprintf("%s-%d-%d", point, hit, i), 1, photo)); got.Status != "completed" {
			f.t.Errorf("%s, hit %d: the job ended %s", point, hit, got.Status)
		}
	}
	for deadline := time.Now().Add(time.Minute); len(f.deaths()) == before && time.Now().Before(deadline); {
		time.Sleep(50 * time.Millisecond)
	}
	if len(f.deaths()) == before {
		f.t.Errorf("%s, hit %d: nothing died", point, hit)
	}
}

// checkDeliveries waits until nothing is on its way, and counts.
func (f *fleet) checkDeliveries(name, database string, hooks *shop, kills int) {
	t := f.t
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 2*webhookPatience)
	defer cancel()
	d, err := db.Open(ctx, db.Options{URL: database})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	count := func(query string) (n int) {
		t.Helper()
		if err := d.QueryRowContext(ctx, query).Scan(&n); err != nil {
			t.Fatalf("%s: %v", query, err)
		}
		return n
	}
	began := time.Now()
	for time.Since(began) < webhookPatience && count(`SELECT count(*) FROM events WHERE untold`)+count(`SELECT count(*) FROM webhook_deliveries WHERE status IN ('pending', 'processing')`) > 0 {
		time.Sleep(200 * time.Millisecond)
	}
	took := time.Since(began)
	f.stop()
	events, finished := count(`SELECT count(*) FROM events`), count(`SELECT count(*) FROM events WHERE type = 'job.finished'`)
	rows, delivered := count(`SELECT count(*) FROM webhook_deliveries`), count(`SELECT count(*) FROM webhook_deliveries WHERE status = 'delivered'`)
	doubled := count(`SELECT count(*) FROM (SELECT event_id FROM webhook_deliveries GROUP BY endpoint_id, event_id HAVING count(*) > 1) AS x`)
	if want := events + finished; events == 0 || rows != want || delivered != want || doubled != 0 {
		t.Errorf("%d events and %d ends of jobs have %d deliveries, %d of them delivered and %d doubled", events, finished, rows, delivered, doubled)
	}
	came, again := hooks.counts()
	if came != rows {
		t.Errorf("%d of %d deliveries came", came, rows)
	}
	// a killed process had as many calls under way as it sends at the same time to the two
	if again > kills*mostUnderWay {
		t.Errorf("%d calls were repeated for %d kills", again, kills)
	}
	if *full {
		fmt.Printf("\n| set-up | events | kills | deliveries | doubled | calls repeated | last one after |\n| --- | ---: | ---: | ---: | ---: | ---: | ---: |\n| %s | %d | %d | %d | %d | %d | %.1f s |\n\n",
			name, events, kills, rows, doubled, again, took.Seconds())
	}
}

// mostUnderWay is how many calls a process has under way to two endpoints at most.
const mostUnderWay = 8
