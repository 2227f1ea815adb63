package webhook_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	standard "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"go.uber.org/goleak"

	"github.com/opal-photo/opal/modules/db"
	"github.com/opal-photo/opal/modules/db/dbtest"
	"github.com/opal-photo/opal/modules/egress"
	"github.com/opal-photo/opal/modules/event"
	"github.com/opal-photo/opal/modules/webhook"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m, dbtest.IgnoreServer()...) }

const tenantID = "t1"

var loopback = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}

func newService(t testing.TB, d *db.DB, allowed []netip.Prefix, waits ...time.Duration) *webhook.Service {
	t.Helper()
	urls := egress.NewURLs(allowed)
	t.Cleanup(urls.CloseIdleConnections)
	var types []string
	for _, e := range event.Types() {
		types = append(types, e.Name)
	}
	return webhook.New(webhook.Options{DB: d, URLs: urls, Secret: []byte("a secret of the operators"), Types: types, Waits: waits})
}

// start runs the service until the test ends.
func start(t testing.TB, s *webhook.Service) {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = s.Run(ctx) // it has no error
	}()
	t.Cleanup(func() { stop(); <-done })
}

// receiver is a tenant's server.
type receiver struct {
	*httptest.Server
	mu       sync.Mutex
	status   int
	requests []*http.Request
	bodies   []string
}

func newReceiver(t *testing.T) *receiver {
	t.Helper()
	r := &receiver{status: 204}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		b, _ := io.ReadAll(q.Body)
		r.mu.Lock()
		defer r.mu.Unlock()
		if r.status < 300 {
			r.requests = append(r.requests, q)
			r.bodies = append(r.bodies, string(b))
		}
		w.WriteHeader(r.status)
		_, _ = io.WriteString(w, "thanks")
	}))
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) answers(status int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.status = status
}

// taken returns the ids of the events that were taken, in order.
func (r *receiver) taken() (ids []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, q := range r.requests {
		ids = append(ids, q.Header.Get("webhook-id"))
	}
	return ids
}

func happens(t testing.TB, d *db.DB, jobID string, types ...string) {
	t.Helper()
	for _, kind := range types {
		if err := d.InTx(t.Context(), func(tx *db.Tx) error {
			return event.Add(t.Context(), tx, event.New{Type: kind, TenantID: tenantID, JobID: jobID, ItemID: "i1", Data: map[string]any{"status": "completed"}})
		}); err != nil {
			t.Fatal(err)
		}
	}
}

func create(t testing.TB, s *webhook.Service, url string, types ...string) (webhook.Endpoint, string) {
	t.Helper()
	e, secret, err := s.Create(t.Context(), tenantID, webhook.NewEndpoint{URL: url, Events: types})
	if err != nil {
		t.Fatal(err)
	}
	return e, secret
}

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !ok(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("never: %s", what)
		}
	}
}

// newest returns an endpoint's newest delivery with its log; the zero value when it has
// none.
func newest(t *testing.T, s *webhook.Service, e webhook.Endpoint) webhook.Delivery {
	t.Helper()
	page, _, err := s.Deliveries(t.Context(), tenantID, e.EndpointID, webhook.Query{Limit: 1})
	if err != nil {
		t.Fatal(err)
	}
	if len(page) == 0 {
		return webhook.Delivery{}
	}
	d, err := s.Delivery(t.Context(), tenantID, e.EndpointID, page[0].DeliveryID)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestEventsArriveSignedAndOnce(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		t.Parallel()
		s := newService(t, d, loopback)
		all, some := newReceiver(t), newReceiver(t)
		e, secret := create(t, s, all.URL+"/hook?x=1")
		create(t, s, some.URL, event.JobFinished)
		start(t, s)
		start(t, newService(t, d, loopback)) // another process
		happens(t, d, "j1", event.JobCreated, event.ItemCompleted, event.JobFinished)
		eventually(t, "all events come", func() bool { return len(all.taken()) == 3 && len(some.taken()) == 1 })

		verify, err := standard.NewWebhook(secret)
		if err != nil {
			t.Fatal(err)
		}
		for i, q := range all.requests {
			if err := verify.Verify([]byte(all.bodies[i]), q.Header); err != nil {
				t.Errorf("delivery %d: %v", i, err)
			}
		}
		var m struct {
			ID, Type  string
			Timestamp time.Time
			Data      map[string]string
		}
		if err := json.Unmarshal([]byte(some.bodies[0]), &m); err != nil {
			t.Fatal(err)
		}
		if m.ID != some.taken()[0] || m.Type != event.JobFinished || m.Data["job_id"] != "j1" || m.Data["item_id"] != "i1" || m.Data["status"] != "completed" || time.Since(m.Timestamp) > time.Minute {
			t.Errorf("%s", some.bodies[0])
		}
		eventually(t, "the log says so", func() bool { return newest(t, s, e).Status == webhook.Delivered })
		got := newest(t, s, e)
		if len(got.Attempts) != 1 || *got.Attempts[0].StatusCode != 204 || got.DueAt != nil || got.DeliveredAt == nil {
			t.Errorf("%+v", got)
		}

		_, fresh, err := s.Rotate(t.Context(), tenantID, e.EndpointID)
		if err != nil || fresh == secret {
			t.Fatal(err)
		}
		happens(t, d, "j2", event.JobCreated)
		eventually(t, "one more", func() bool { return len(all.taken()) == 4 })
		for name, one := range map[string]string{"new": fresh, "old": secret} {
			t.Run("signed by the "+name+" secret", func(t *testing.T) {
				v, err := standard.NewWebhook(one)
				if err == nil {
					err = v.Verify([]byte(all.bodies[3]), all.requests[3].Header)
				}
				if err != nil {
					t.Error(err)
				}
			})
		}
		if now, err := s.Get(t.Context(), tenantID, e.EndpointID); err != nil || now.OldUntil == nil || now.OldUntil.Sub(time.Now().Add(24*time.Hour)).Abs() > time.Minute {
			t.Errorf("the old secret is valid until %v, %v", now.OldUntil, err)
		}
		if _, err := d.ExecContext(t.Context(), `UPDATE webhook_endpoints SET old_until = now_ms() - 1 WHERE endpoint_id = $1`, e.EndpointID); err != nil {
			t.Fatal(err)
		}
		happens(t, d, "j3", event.JobCreated)
		eventually(t, "one more", func() bool { return len(all.taken()) == 5 })
		for name, c := range map[string]struct {
			secret string
			ok     bool
		}{"new": {fresh, true}, "old": {secret, false}} {
			t.Run("a day later by the "+name+" secret", func(t *testing.T) {
				v, err := standard.NewWebhook(c.secret)
				if err == nil {
					err = v.Verify([]byte(all.bodies[4]), all.requests[4].Header)
				}
				if (err == nil) != c.ok {
					t.Error(err)
				}
			})
		}
		var rows int
		if err := d.QueryRowContext(t.Context(), `SELECT count(*) FROM webhook_deliveries WHERE endpoint_id = $1`, e.EndpointID).Scan(&rows); err != nil || rows != 5 {
			t.Errorf("%d rows, %v", rows, err)
		}
	})
}

func TestAReceiverThatWasDownGetsEverythingOnce(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		t.Parallel()
		s := newService(t, d, loopback, 0, 200*time.Millisecond, 200*time.Millisecond, 200*time.Millisecond, 200*time.Millisecond, 200*time.Millisecond, 200*time.Millisecond, 200*time.Millisecond, 200*time.Millisecond, time.Minute)
		r := newReceiver(t)
		r.answers(500)
		e, _ := create(t, s, r.URL)
		start(t, s)
		happens(t, d, "j1", event.JobCreated, event.ItemCompleted, event.JobFinished)
		eventually(t, "it is tried again", func() bool { return newest(t, s, e).Tries >= 2 })
		if now, err := s.Get(t.Context(), tenantID, e.EndpointID); err != nil || now.FailingSince == nil || now.Status != webhook.Enabled {
			t.Errorf("%+v, %v", now, err)
		}
		r.answers(200)
		eventually(t, "everything comes", func() bool { return len(r.taken()) == 3 })
		ids := r.taken()
		slices.Sort(ids)
		if len(slices.Compact(ids)) != 3 {
			t.Errorf("twice: %v", ids)
		}
		eventually(t, "it is well again", func() bool {
			now, err := s.Get(t.Context(), tenantID, e.EndpointID)
			return err == nil && now.FailingSince == nil
		})
	})
}

func TestEndpointsThatAreOverAreDisabled(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		t.Parallel()
		s := newService(t, d, loopback, 0, 0, 0)
		start(t, s)
		for _, c := range []struct {
			status   int
			reason   string
			attempts int
		}{{410, "gone", 1}, {503, "failing", 3}} {
			t.Run(c.reason, func(t *testing.T) {
				r := newReceiver(t)
				r.answers(c.status)
				e, _ := create(t, s, r.URL)
				happens(t, d, "first of "+c.reason, event.JobCreated)
				eventually(t, "it is disabled", func() bool {
					now, err := s.Get(t.Context(), tenantID, e.EndpointID)
					return err == nil && now.Status == webhook.Disabled && *now.DisabledReason == c.reason
				})
				if got := newest(t, s, e); got.Status != webhook.Failed || len(got.Attempts) != c.attempts || got.Attempts[0].Response != "thanks" {
					t.Errorf("%+v", got)
				}
				happens(t, d, "of "+c.reason, event.JobFinished)
				eventually(t, "what happens meanwhile is kept as failed", func() bool {
					got := newest(t, s, e)
					return got.JobID == "of "+c.reason && got.Status == webhook.Failed && *got.ErrorCode == "endpoint_disabled"
				})
				r.answers(200)
				if now, err := s.Enable(t.Context(), tenantID, e.EndpointID); err != nil || now.Status != webhook.Enabled || now.DisabledReason != nil {
					t.Fatalf("%+v, %v", now, err)
				}
				n, err := s.ReplayRange(t.Context(), tenantID, e.EndpointID, time.Now().Add(-time.Hour), time.Now().Add(time.Hour), false)
				if err != nil || n < 2 {
					t.Fatalf("%d, %v", n, err)
				}
				eventually(t, "they come", func() bool { return len(r.taken()) >= n })
			})
		}
	})
}

// An endpoint that says when to come again is not called before.
func TestRetryAfterIsHeeded(t *testing.T) {
	t.Parallel()
	s := newService(t, dbtest.SQLite(t), loopback, 0, time.Second)
	start(t, s)
	busy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "600")
		w.WriteHeader(http.StatusServiceUnavailable)
	}))
	t.Cleanup(busy.Close)
	e, _ := create(t, s, busy.URL)
	const jobs = 8 // a wait that chance makes shorter is seen with one of them
	for i := range jobs {
		happens(t, s.DB, fmt.Sprint("job ", i), event.JobCreated)
	}
	eventually(t, "each is tried", func() bool {
		page, _, err := s.Deliveries(t.Context(), tenantID, e.EndpointID, webhook.Query{Limit: 2 * jobs})
		if err != nil || len(page) != jobs {
			return false
		}
		for _, d := range page {
			if d.Tries != 1 {
				return false
			}
			if wait := d.DueAt.Sub(d.CreatedAt); wait < 600*time.Second {
				t.Fatalf("the next try is after %v", wait)
			}
		}
		return true
	})
}

// A call whose answer was lost is done again with the id of what it made.
func TestAWebhookIsMadeOnceUnderItsID(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := newService(t, d, loopback)
		const id = "01900000-0000-7000-8000-000000000001"
		n := webhook.NewEndpoint{ID: id, URL: "https://shop.example/hook"}
		_, first, err := s.Create(t.Context(), tenantID, n)
		if err != nil {
			t.Fatal(err)
		}
		e, again, err := s.Create(t.Context(), tenantID, n)
		if err != nil || e.EndpointID != id || again != first {
			t.Errorf("%+v, the same secret: %v, %v", e, again == first, err)
		}
		if list, err := s.List(t.Context(), tenantID); err != nil || len(list) != 1 {
			t.Errorf("%d, %v", len(list), err)
		}
		if _, _, err := s.Create(t.Context(), "another", n); err == nil {
			t.Error("another tenant was given it")
		}
		var secret string
		if err := d.InTx(t.Context(), func(tx *db.Tx) error {
			secret, err = s.Callback(t.Context(), tx, tenantID, "j1", "https://shop.example/job")
			return err
		}); err != nil {
			t.Fatal(err)
		}
		if got, err := s.CallbackSecret(t.Context(), tenantID, "j1"); err != nil || got != secret {
			t.Errorf("a callback's secret: %q, %v", got, err)
		}
	})
}

func TestASlowEndpointHoldsUpNoOther(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		t.Parallel()
		s := newService(t, d, loopback)
		release := make(chan struct{})
		slow := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
			<-release
		}))
		t.Cleanup(func() { close(release); slow.Close() })
		for range 3 {
			create(t, s, slow.URL)
		}
		live := newReceiver(t)
		create(t, s, live.URL)
		for i := range 30 {
			happens(t, d, fmt.Sprint("j", i), event.JobCreated)
		}
		start(t, s)
		eventually(t, "the live one has all while the slow ones hang", func() bool { return len(live.taken()) == 30 })
	})
}

func TestPauseReplayAndTest(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		t.Parallel()
		s := newService(t, d, loopback)
		r := newReceiver(t)
		e, _ := create(t, s, r.URL)
		if now, err := s.Pause(t.Context(), tenantID, e.EndpointID); err != nil || now.Status != webhook.Paused {
			t.Fatalf("%+v, %v", now, err)
		}
		happens(t, d, "j1", event.JobCreated)
		start(t, s)
		eventually(t, "its delivery is written", func() bool {
			page, _, err := s.Deliveries(t.Context(), tenantID, e.EndpointID, webhook.Query{Status: webhook.Pending})
			return err == nil && len(page) == 1
		})
		tried, err := s.Try(t.Context(), tenantID, e.EndpointID)
		if err != nil || tried.Status != webhook.Delivered || tried.EventType != webhook.Test || len(tried.Attempts) != 1 {
			t.Fatalf("a test is sent to a paused one: %+v, %v", tried, err)
		}
		if n := len(r.taken()); n != 1 {
			t.Errorf("%d came while it is paused", n)
		}
		if _, err := s.Enable(t.Context(), tenantID, e.EndpointID); err != nil {
			t.Fatal(err)
		}
		eventually(t, "it comes", func() bool { return len(r.taken()) == 2 })
		eventually(t, "it is recorded", func() bool {
			page, _, err := s.Deliveries(t.Context(), tenantID, e.EndpointID, webhook.Query{Status: webhook.Delivered})
			return err == nil && len(page) == 2
		})
		page, next, err := s.Deliveries(t.Context(), tenantID, e.EndpointID, webhook.Query{Limit: 1})
		if err != nil || len(page) != 1 || next == "" {
			t.Fatalf("%v %q %v", page, next, err)
		}
		rest, last, err := s.Deliveries(t.Context(), tenantID, e.EndpointID, webhook.Query{Limit: 1, Cursor: next})
		if err != nil || len(rest) != 1 || last != "" {
			t.Fatalf("%v %q %v", rest, last, err)
		}
		if _, err := s.Replay(t.Context(), tenantID, e.EndpointID, rest[0].DeliveryID); err != nil {
			t.Fatal(err)
		}
		eventually(t, "it comes again", func() bool { return len(r.taken()) == 3 })
		if ids := r.taken(); ids[2] != rest[0].EventID {
			t.Errorf("under another id: %v", ids)
		}
		for name, err := range map[string]error{
			"another tenant's": func() error { _, err := s.Get(t.Context(), "t2", e.EndpointID); return err }(),
			"its log":          func() error { _, _, err := s.Deliveries(t.Context(), "t2", e.EndpointID, webhook.Query{}); return err }(),
			"its replay": func() error {
				_, err := s.ReplayRange(t.Context(), "t2", e.EndpointID, time.Time{}, time.Now(), true)
				return err
			}(),
			"its deletion": s.Delete(t.Context(), "t2", e.EndpointID),
			"its test":     func() error { _, err := s.Try(t.Context(), "t2", e.EndpointID); return err }(),
		} {
			t.Run(name, func(t *testing.T) {
				if !errors.Is(err, webhook.ErrNotFound) {
					t.Error(err)
				}
			})
		}
		if err := s.Delete(t.Context(), tenantID, e.EndpointID); err != nil {
			t.Error(err)
		}
	})
}

func TestAddressesThatAreNotPublicAreNotCalled(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		t.Parallel()
		s := newService(t, d, nil, 0)
		for _, bad := range []string{"", "x", "http://shop.example", "https://127.0.0.1/", "https://10.1.2.3/", "https://169.254.169.254/", "https://168.63.129.16/", "https://[::1]/", "https://u:p@shop.example/"} {
			t.Run(bad, func(t *testing.T) {
				if _, _, err := s.Create(t.Context(), tenantID, webhook.NewEndpoint{URL: bad}); !errors.Is(err, webhook.ErrURL) {
					t.Error(err)
				}
			})
		}
		if _, _, err := s.Create(t.Context(), tenantID, webhook.NewEndpoint{URL: "https://shop.example", Events: []string{"item.complete"}}); !errors.Is(err, webhook.ErrEvents) || !strings.Contains(err.Error(), "item.completed") {
			t.Error(err)
		}
		e, _ := create(t, s, "https://localhost:1/hook") // a name: the guard sees where it leads
		got, err := s.Try(t.Context(), tenantID, e.EndpointID)
		if err != nil || got.Status != webhook.Failed || *got.ErrorCode != "address_prohibited" {
			t.Errorf("%+v, %v", got, err)
		}
	})
}

func TestACallbackIsToldOfItsJobAlone(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		t.Parallel()
		s := newService(t, d, loopback)
		r := newReceiver(t)
		var secret string
		if err := d.InTx(t.Context(), func(tx *db.Tx) (err error) {
			secret, err = s.Callback(t.Context(), tx, tenantID, "j1", r.URL)
			return err
		}); err != nil || !strings.HasPrefix(secret, "whsec_") {
			t.Fatal(secret, err)
		}
		happens(t, d, "j1", event.JobCreated)
		happens(t, d, "j2", event.JobCreated, event.JobFinished)
		happens(t, d, "j1", event.JobFinished)
		start(t, s)
		eventually(t, "both come", func() bool { return len(r.taken()) == 2 })
		if list, err := s.List(t.Context(), tenantID); err != nil || len(list) != 0 {
			t.Errorf("it is not among the tenant's own: %v, %v", list, err)
		}
		if err := d.InTx(t.Context(), func(tx *db.Tx) error { return s.Forget(t.Context(), tx, "j1") }); err != nil {
			t.Fatal(err)
		}
	})
}
