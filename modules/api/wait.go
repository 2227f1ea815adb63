package api

import (
	"context"
	"time"
)

// lookEvery is how often a call that waits looks again.
const lookEvery = 400 * time.Millisecond

// waitFor answers with what look finds when that is done, at the latest after some
// seconds. Where many calls wait already, in all or for the tenant, it looks once: the
// caller asks again.
func waitFor[T any](ctx context.Context, s *server, seconds int, look func() (found T, done bool, err error)) (*reply[T], error) {
	end := time.Now().Add(time.Duration(seconds) * time.Second)
	if seconds > 0 {
		if id := TenantID(ctx); s.waits.take(id) {
			defer s.waits.give(id)
		} else {
			end = time.Now()
		}
	}
	for {
		found, done, err := look()
		if err != nil || done || !time.Now().Before(end) {
			return replyOf(found, err)
		}
		select {
		case <-time.After(min(lookEvery, time.Until(end))):
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-s.Stop:
			end = time.Now()
		}
	}
}
