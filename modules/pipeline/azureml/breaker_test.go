package azureml

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/opal-photo/opal/modules/egress"
	"github.com/opal-photo/opal/modules/fault"
	"github.com/opal-photo/opal/modules/score"
)

func TestBreakerPausesAfterHalfOfTwentyCallsFailed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		calls, status := 0, 200
		c := newClient(t, Options{URL: "http://s", Transport: roundTrip(func(*http.Request) (*http.Response, error) {
			calls++
			return respond(status, okBody)
		})})
		score := func() error { _, err := c.Score(context.Background(), score.Request{}); return err }
		for i := range egress.BreakerCalls {
			if c.Open() {
				t.Fatalf("open after %d calls", i)
			}
			status = 200 + i%2*300 // every other call fails
			_ = score()
		}
		if !c.Open() {
			t.Fatal("not open although half of the calls failed")
		}
		err := score()
		if !errors.Is(err, ErrBreakerOpen) || !fault.IsUncounted(err) || fault.RetryAfter(err) != egress.BreakerPause || calls != egress.BreakerCalls {
			t.Fatalf("%v, uncounted %v, retry after %v, %d calls", err, fault.IsUncounted(err), fault.RetryAfter(err), calls)
		}

		// One probe each 30 s; a failed one pauses again.
		status = 500
		for range 3 {
			start := time.Now()
			<-c.Ready()
			if waited := time.Since(start); waited < egress.BreakerPause || waited > egress.BreakerPause+time.Second || c.Open() {
				t.Fatalf("ready after %v, open %v", waited, c.Open())
			}
			before := calls
			if err := score(); !errors.Is(err, ErrUnavailable) {
				t.Fatal(err)
			}
			if !c.Open() || !errors.Is(score(), ErrBreakerOpen) || calls != before+1 {
				t.Fatalf("%d calls after a failed probe", calls-before)
			}
		}
		<-c.Ready()
		status = 200
		for range 5 {
			if err := score(); err != nil {
				t.Fatalf("after recovery: %v", err)
			}
		}
	})
}

func TestOnlyOneProbeAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		status, calls := 500, 0
		c := newClient(t, Options{URL: "http://s", Transport: roundTrip(func(*http.Request) (*http.Response, error) {
			calls++
			time.Sleep(5 * time.Second)
			return respond(status, okBody)
		})})
		for range egress.BreakerCalls {
			_, _ = c.Score(context.Background(), score.Request{})
		}
		<-c.Ready()
		status, calls = 200, 0
		errs := make(chan error, 10)
		for range cap(errs) {
			go func() { _, err := c.Score(context.Background(), score.Request{}); errs <- err }()
		}
		passed := 0
		for range cap(errs) {
			if err := <-errs; err == nil {
				passed++
			} else if !errors.Is(err, ErrBreakerOpen) || !fault.IsUncounted(err) {
				t.Error(err)
			}
		}
		if passed != 1 || calls != 1 {
			t.Errorf("%d probes, %d passed", calls, passed)
		}
	})
}

func TestRefusalsAndBusynessDoNotPause(t *testing.T) {
	for _, status := range []int{422, 401, 429} {
		t.Run(strconv.Itoa(status), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newClient(t, Options{URL: "http://s", Transport: roundTrip(func(*http.Request) (*http.Response, error) { return respond(status, "{}") })})
				for range 3 * egress.BreakerCalls {
					_, _ = c.Score(context.Background(), score.Request{})
				}
				if c.Open() {
					t.Error("the breaker opened")
				}
			})
		})
	}
}

func TestOldFailuresAreForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newClient(t, Options{URL: "http://s", Transport: roundTrip(func(*http.Request) (*http.Response, error) { return respond(500, "{}") })})
		for range 3 * egress.BreakerCalls {
			_, _ = c.Score(context.Background(), score.Request{})
			time.Sleep(egress.BreakerWindow / (egress.BreakerCalls / 2))
		}
		if c.Open() {
			t.Error("ten failures in a window opened the breaker")
		}
	})
}
