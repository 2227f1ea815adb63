package azureml

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/opal-photo/opal/modules/egress"
	"github.com/opal-photo/opal/modules/fault"
	"github.com/opal-photo/opal/modules/score"
)

// script answers one status after another, and then 200s.
func script(calls *int, statuses ...int) roundTrip {
	return func(*http.Request) (*http.Response, error) {
		*calls++
		if *calls <= len(statuses) {
			return respond(statuses[*calls-1], "{}")
		}
		return respond(200, okBody)
	}
}

func TestTransientStatusesAreTriedAgain(t *testing.T) {
	for _, c := range []struct {
		name     string
		statuses []int
		calls    int
		want     error
	}{
		{"once", []int{503}, 2, nil},
		{"twice", []int{500, 408}, 3, nil},
		{"too often", []int{500, 502, 504, 500}, 3, ErrUnavailable},
		{"busy", []int{429, 429, 429}, 3, ErrBusy},
		{"refused", []int{422}, 1, ErrRejected},
		{"unauthorized", []int{403}, 1, ErrUnauthorized},
		{"refused later", []int{500, 404}, 2, ErrRejected},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				calls := 0
				client := newClient(t, Options{URL: "http://s", Tries: 3, Transport: script(&calls, c.statuses...)})
				_, err := client.Score(context.Background(), score.Request{})
				if !errors.Is(err, c.want) || calls != c.calls {
					t.Errorf("%d calls, %v; want %d, %v", calls, err, c.calls, c.want)
				}
			})
		})
	}
}

func TestRetryAfterIsHonoured(t *testing.T) {
	for name, c := range map[string]struct {
		header func() string
		waits  time.Duration // inside the call
		after  time.Duration // passed to the queue
	}{
		"seconds":    {func() string { return "5" }, 5 * time.Second, 0},
		"date":       {func() string { return time.Now().Add(6 * time.Second).UTC().Format(http.TimeFormat) }, 6 * time.Second, 0},
		"too long":   {func() string { return "90" }, 0, 90 * time.Second},
		"absurd":     {func() string { return "2000000000" }, 0, egress.MaxRetryAfter},
		"no meaning": {func() string { return "soon" }, 0, 0},
		"past":       {func() string { return "Sun, 06 Nov 1994 08:49:37 GMT" }, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				calls := 0
				client := newClient(t, Options{URL: "http://s", Tries: 2, Transport: roundTrip(func(*http.Request) (*http.Response, error) {
					if calls++; calls == 1 {
						return respond(429, "{}", "Retry-After", c.header())
					}
					return respond(200, okBody)
				})})
				start := time.Now()
				_, err := client.Score(context.Background(), score.Request{})
				waited := time.Since(start)
				if c.after > 0 {
					if !errors.Is(err, ErrBusy) || fault.RetryAfter(err) != c.after || waited != 0 {
						t.Errorf("%v after %v, retry after %v", err, waited, fault.RetryAfter(err))
					}
					return
				}
				if err != nil || waited < c.waits-time.Second || waited > c.waits+time.Second {
					t.Errorf("%v after %v", err, waited)
				}
			})
		})
	}
}

func TestTimeoutBoundsAllTries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := newClient(t, Options{URL: "http://s", Timeout: time.Hour, Tries: 100, Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
			select {
			case <-r.Context().Done():
				return nil, r.Context().Err()
			case <-time.After(50 * time.Second):
				return respond(504, "{}")
			}
		})})
		start := time.Now()
		_, err := client.Score(context.Background(), score.Request{})
		wantError(t, err, ErrUnavailable, true)
		if took := time.Since(start); took > egress.MaxTimeout {
			t.Errorf("took %v", took)
		}
	})
}

func TestCancellationIsReturnedAsSuch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(context.Background())
		client := newClient(t, Options{URL: "http://s", Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
			<-r.Context().Done()
			return nil, r.Context().Err()
		})})
		time.AfterFunc(time.Second, cancel)
		for range 2 * egress.BreakerCalls {
			if _, err := client.Score(ctx, score.Request{}); !errors.Is(err, context.Canceled) {
				t.Fatal(err)
			}
		}
		if client.Open() {
			t.Error("callers that went away opened the breaker")
		}
	})
}
