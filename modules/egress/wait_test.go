package egress

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/opal-photo/opal/modules/fault"
)

func TestBackoffIsBoundedAndSpread(t *testing.T) {
	for name, p := range map[string]Policy{
		"full jitter": DefaultPolicy,
		"at least":    {Base: time.Second, Max: 5 * time.Second, Least: 700 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			seen := map[time.Duration]bool{}
			for try := 1; try < 40; try++ {
				d := p.backoff(try)
				if d < p.Least || d > p.Max {
					t.Errorf("try %d: %v", try, d)
				}
				seen[d] = true
			}
			if len(seen) < 20 {
				t.Error("waits are not spread")
			}
		})
	}
}

var (
	errTestDown = fault.New(fault.Unavailable, "test_down", "Down")
	errTestBad  = fault.New(fault.Invalid, "test_bad", "Bad")
)

func TestRetry(t *testing.T) {
	p := Policy{Tries: 3, Base: time.Second, Max: 4 * time.Second}
	for _, c := range []struct {
		name   string
		policy Policy
		errs   []error // of the tries
		want   error
		tries  int
		least  time.Duration
	}{
		{"works", p, []error{nil}, nil, 1, 0},
		{"works the third time", p, []error{errTestDown, errTestDown, nil}, nil, 3, 0},
		{"gives up", p, []error{errTestDown, errTestDown, errTestDown, nil}, errTestDown, 3, 0},
		{"does not repeat what can't succeed", p, []error{errTestBad, nil}, errTestBad, 1, 0},
		{"waits as asked", p, []error{fault.Transient(errTestDown, 3*time.Second), nil}, nil, 2, 3 * time.Second},
		{"returns when asked for too long a wait", p, []error{fault.Transient(errTestDown, time.Minute), nil}, errTestDown, 1, 0},
		{"cuts a long wait", Policy{Tries: 3, Base: 1, Max: 4 * time.Second, Cut: true}, []error{fault.Transient(errTestDown, time.Minute), nil}, nil, 2, 4 * time.Second},
		{"waits at least", Policy{Tries: 2, Base: 2 * time.Second, Max: 2 * time.Second, Least: time.Second}, []error{errTestDown, nil}, nil, 2, time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				begun, tries := time.Now(), 0
				err := Retry(t.Context(), c.policy, func(try int) error {
					if tries++; try != tries {
						t.Errorf("try %d is called %d", tries, try)
					}
					return c.errs[try-1]
				})
				if !errors.Is(err, c.want) || (err == nil) != (c.want == nil) || tries != c.tries || time.Since(begun) < c.least {
					t.Errorf("%v after %d tries and %v", err, tries, time.Since(begun))
				}
			})
		})
	}
	t.Run("ends with its context", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(time.Second, cancel)
			err := Retry(ctx, Policy{Tries: 2, Base: time.Hour, Max: time.Hour, Least: time.Minute}, func(int) error { return errTestDown })
			if !errors.Is(err, errTestDown) || !errors.Is(err, context.Canceled) {
				t.Error(err)
			}
		})
	})
}

func TestRetryAfter(t *testing.T) {
	for name, c := range map[string]struct {
		header http.Header
		want   time.Duration
	}{
		"nothing":         {http.Header{}, 0},
		"seconds":         {http.Header{"Retry-After": {"7"}}, 7 * time.Second},
		"a past date":     {http.Header{"Retry-After": {"Wed, 21 Oct 2015 07:28:00 GMT"}}, 0},
		"far too long":    {http.Header{"Retry-After": {"999999999"}}, MaxRetryAfter},
		"nonsense":        {http.Header{"Retry-After": {"soon"}}, 0},
		"a negative one":  {http.Header{"Retry-After": {"-5"}}, 0},
		"a reset in 1970": {http.Header{"X-Ratelimit-Reset": {"1"}}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			if got := RetryAfter(c.header); got != c.want {
				t.Errorf("%v; want %v", got, c.want)
			}
		})
	}
}
