package queue

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/opal-photo/opal/modules/db/dbtest"
	"github.com/opal-photo/opal/modules/telemetry"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m, dbtest.IgnoreServer()...) }

// script is a queue whose calls the test answers. It has only the methods that
// Consume calls.
type script struct {
	Queue
	ready  chan []*Delivery
	fails  chan error // of Receive
	renew  func(ctx context.Context) (time.Time, error)
	settle func(ctx context.Context, try int) error

	mu    sync.Mutex
	asked []int
	calls []string
}

func newScript() *script {
	return &script{
		ready: make(chan []*Delivery, 10), fails: make(chan error, 10),
		renew:  func(context.Context) (time.Time, error) { return time.Now().Add(time.Minute), nil },
		settle: func(context.Context, int) error { return nil },
	}
}

func (s *script) Name() string { return "script" }

func (s *script) Receive(ctx context.Context, max int) ([]*Delivery, error) {
	s.mu.Lock()
	s.asked = append(s.asked, max)
	s.mu.Unlock()
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case d := <-s.ready:
		return d, nil
	case err := <-s.fails:
		return nil, err
	}
}

func (s *script) Renew(ctx context.Context, _ *Delivery) (time.Time, error) {
	s.note("renew")
	return s.renew(ctx)
}

func (s *script) note(call string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls = append(s.calls, call)
	n := 0
	for _, c := range s.calls {
		if c == call {
			n++
		}
	}
	return n
}

func (s *script) Complete(ctx context.Context, _ *Delivery) error {
	return s.settle(ctx, s.note("complete"))
}

func (s *script) Abandon(ctx context.Context, _ *Delivery) error {
	return s.settle(ctx, s.note("abandon"))
}

func (s *script) DeadLetter(ctx context.Context, _ *Delivery, reason, _ string) error {
	return s.settle(ctx, s.note("dead:"+reason))
}

func (s *script) did() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.calls)
}

func (s *script) askedFor() []int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.asked)
}

func delivery(lock time.Duration) *Delivery {
	return &Delivery{Message: Message{ID: "m", Body: []byte(`{"tenant_id":"t","job_id":"j","item_id":"i","correlation_id":"c"}`)}, DeliveryCount: 1, LockedUntil: time.Now().Add(lock)}
}

// consumed runs Consume in the bubble; end signals it and waits.
func consumed(t *testing.T, o ConsumeOptions) (end func()) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- Consume(ctx, o) }()
	return func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("consume: %v", err)
		}
	}
}

func is(t *testing.T, what string, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

func TestLockIsRenewedAtHalfItsTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript()
		var at []time.Duration
		began := time.Now()
		s.renew = func(context.Context) (time.Time, error) {
			at = append(at, time.Since(began))
			if len(at) == 2 {
				return time.Time{}, ErrUnavailable // the next half is tried
			}
			return time.Now().Add(time.Minute), nil
		}
		end := consumed(t, ConsumeOptions{Queue: s, Concurrency: 1, Drain: time.Hour, Handler: func(ctx context.Context, _ Body) error {
			time.Sleep(100 * time.Second)
			return ctx.Err()
		}})
		s.ready <- []*Delivery{delivery(time.Minute)}
		time.Sleep(3 * time.Minute)
		end()
		want := []time.Duration{30 * time.Second, 60 * time.Second, 75 * time.Second}
		if !slices.Equal(at, want) {
			t.Errorf("renewed at %v, want %v", at, want)
		}
		is(t, "calls", s.did(), "renew", "renew", "renew", "complete")
	})
}

func TestHandlerEndsWithItsLock(t *testing.T) {
	for name, c := range map[string]struct {
		renew func(ctx context.Context) (time.Time, error)
		after time.Duration
	}{
		"lost":             {func(context.Context) (time.Time, error) { return time.Time{}, fmt.Errorf("renew: %w", ErrLockLost) }, 30 * time.Second},
		"never renewed":    {func(context.Context) (time.Time, error) { return time.Time{}, ErrUnavailable }, time.Minute},
		"renewing hangs":   {func(ctx context.Context) (time.Time, error) { <-ctx.Done(); return time.Time{}, ctx.Err() }, time.Minute},
		"renewed too late": {func(context.Context) (time.Time, error) { return time.Now(), nil }, 30 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newScript()
				s.renew = c.renew
				var ended time.Duration
				var cause error
				began := time.Now()
				end := consumed(t, ConsumeOptions{Queue: s, Concurrency: 1, Drain: time.Hour, Handler: func(ctx context.Context, _ Body) error {
					<-ctx.Done()
					ended, cause = time.Since(began), context.Cause(ctx)
					return ctx.Err()
				}})
				s.ready <- []*Delivery{delivery(time.Minute)}
				time.Sleep(2 * time.Minute)
				end()
				if ended != c.after || !errors.Is(cause, ErrLockLost) {
					t.Errorf("ended after %v with %v, want after %v", ended, cause, c.after)
				}
				for _, call := range s.did() {
					if call != "renew" {
						t.Errorf("settled a message of another's: %s", call)
					}
				}
			})
		})
	}
}

func TestReceiveAsksForTheFreeSlots(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript()
		release := make(chan struct{})
		end := consumed(t, ConsumeOptions{Queue: s, Concurrency: 3, Drain: time.Hour, Handler: func(context.Context, Body) error { <-release; return nil }})
		s.ready <- []*Delivery{delivery(time.Hour)}
		synctest.Wait()
		s.ready <- nil // an empty receive, as after a lost connection
		synctest.Wait()
		s.ready <- []*Delivery{delivery(time.Hour), delivery(time.Hour)}
		synctest.Wait()
		release <- struct{}{}
		synctest.Wait()
		close(release)
		synctest.Wait()
		end()
		if got := s.askedFor(); !slices.Equal(got, []int{3, 2, 2, 1}) {
			t.Errorf("asked for %v", got)
		}
	})
}

func TestReceivingPausesAfterErrorsAndAtTheGate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript()
		gate := make(chan struct{})
		end := consumed(t, ConsumeOptions{Queue: s, Concurrency: 1, Drain: time.Hour, Handler: func(context.Context, Body) error { return nil }, Gate: func(ctx context.Context) error {
			select {
			case <-gate:
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		}})
		time.Sleep(time.Minute)
		if n := len(s.askedFor()); n != 0 {
			t.Fatalf("received %d times with the gate shut", n)
		}
		close(gate)
		for range 10 {
			s.fails <- ErrUnavailable
		}
		time.Sleep(time.Second)
		if n := len(s.askedFor()); n < 2 || n > 6 {
			t.Errorf("tried %d times within a second", n)
		}
		time.Sleep(5 * time.Minute)
		if n := len(s.askedFor()); n != 11 {
			t.Errorf("tried %d times, want 10 failures and a wait", n)
		}
		end()
	})
}

func TestSettlingIsTriedTwice(t *testing.T) {
	for name, c := range map[string]struct {
		settle func(ctx context.Context, try int) error
		want   []string
		took   time.Duration
	}{
		"at once": {func(context.Context, int) error { return nil }, []string{"complete"}, 0},
		"the second time": {func(ctx context.Context, try int) error {
			if try == 1 {
				<-ctx.Done()
				return ctx.Err()
			}
			return nil
		}, []string{"complete", "complete"}, 2 * time.Second},
		"never":         {func(ctx context.Context, _ int) error { <-ctx.Done(); return ctx.Err() }, []string{"complete", "complete"}, 17 * time.Second},
		"the lock went": {func(context.Context, int) error { return ErrLockLost }, []string{"complete"}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newScript()
				s.settle = c.settle
				end := consumed(t, ConsumeOptions{Queue: s, Concurrency: 1, Drain: time.Hour, Handler: func(context.Context, Body) error { return nil }})
				s.ready <- []*Delivery{delivery(time.Minute)}
				synctest.Wait()
				began := time.Now()
				end() // waits for the settling
				is(t, "calls", s.did(), c.want...)
				if took := time.Since(began); took != c.took {
					t.Errorf("took %v, want %v", took, c.took)
				}
			})
		})
	}
}

func TestDrainEndsAtItsDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript()
		end := consumed(t, ConsumeOptions{Queue: s, Concurrency: 2, Drain: 9 * time.Second, Handler: func(ctx context.Context, _ Body) error {
			<-ctx.Done()
			if errors.Is(context.Cause(ctx), ErrLockLost) {
				t.Error("the lock was lost in the drain")
			}
			return ctx.Err()
		}})
		s.ready <- []*Delivery{delivery(5 * time.Second)}
		synctest.Wait()
		began := time.Now()
		end()
		if took := time.Since(began); took != 9*time.Second {
			t.Errorf("took %v", took)
		}
		got := s.did()
		if got[len(got)-1] != "abandon" || !slices.Contains(got, "renew") {
			t.Errorf("calls: %v", got)
		}
	})
}

// A failed message rests under its lock before it is given back, but not in a
// drain.
func TestFailedMessageRests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript()
		end := consumed(t, ConsumeOptions{Queue: s, Concurrency: 2, Drain: time.Hour, Handler: func(context.Context, Body) error { return errors.New("no luck") }})
		d := delivery(2 * time.Second)
		d.DeliveryCount = 8
		s.ready <- []*Delivery{d}
		time.Sleep(3 * time.Second)
		if got := s.did(); slices.Contains(got, "abandon") || !slices.Contains(got, "renew") {
			t.Errorf("after 3 s: %v", got)
		}
		time.Sleep(15 * time.Second)
		if got := s.did(); !slices.Contains(got, "abandon") {
			t.Errorf("after 18 s: %v", got)
		}
		s.ready <- []*Delivery{d}
		synctest.Wait()
		began := time.Now()
		end()
		if took := time.Since(began); took != 0 {
			t.Errorf("the drain took %v", took)
		}
	})
}

func TestCorrelationIDIsSafeToCarry(t *testing.T) {
	for name, c := range map[string]struct{ inBody, onMessage, want string }{
		"the body's":             {"c-1", "c-2", "c-1"},
		"else the message's":     {"", "c-2", "c-2"},
		"a new one for nothing":  {"", "", ""},
		"a new one for an odd 1": {"a\\nb", "c-2", ""},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newScript()
				var got Body
				var carried string
				end := consumed(t, ConsumeOptions{Queue: s, Concurrency: 1, Drain: time.Hour, Handler: func(ctx context.Context, b Body) error {
					got, carried = b, telemetry.CorrelationID(ctx)
					return nil
				}})
				d := delivery(time.Minute)
				d.Body = fmt.Appendf(nil, `{"tenant_id":"t","job_id":"j","item_id":"i","correlation_id":"%s"}`, c.inBody)
				d.CorrelationID = c.onMessage
				s.ready <- []*Delivery{d}
				synctest.Wait()
				end()
				if got.CorrelationID == "" || carried != got.CorrelationID || c.want != "" && carried != c.want || strings.ContainsAny(carried, "\n ") {
					t.Errorf("got %q and %q, want %q", got.CorrelationID, carried, c.want)
				}
			})
		})
	}
}

func TestConsumeNeedsHands(t *testing.T) {
	if err := Consume(context.Background(), ConsumeOptions{Queue: newScript()}); err == nil {
		t.Fatal("it would wait for ever")
	}
}

func FuzzParseBody(f *testing.F) {
	for _, s := range []string{`{"tenant_id":"t","job_id":"j","item_id":"i","correlation_id":"c"}`, `{"tenant_id":1}`, `[]`, `null`, "\xff", `{"tenant_id":"t","job_id":"j","item_id":"i","more":{}}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		got, err := ParseBody(b)
		if err != nil {
			if got != (Body{}) {
				t.Fatalf("an error and %+v", got)
			}
			return
		}
		for _, id := range []string{got.TenantID, got.JobID, got.ItemID} {
			if id == "" || len(id) > maxID {
				t.Fatalf("took %+v", got)
			}
		}
	})
}
