package api

import (
	"context"
	"net/http"
	"time"

	"github.com/opal-photo/opal/modules/fault"
	"github.com/opal-photo/opal/modules/tenant"
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
	caller := s.recheck(ctx)
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
		if err := caller.refused(ctx); err != nil {
			return nil, err
		}
	}
}

// recheck authenticates the caller of a call that lasts, again and again: its key may be
// revoked meanwhile, its token expire, its tenant be disabled.
type recheck struct {
	s        *server
	r        *http.Request // nil: there is none to look at
	tenantID string
	at       time.Time
}

func (s *server) recheck(ctx context.Context) *recheck {
	return &recheck{s: s, r: recordOf(ctx).request, tenantID: TenantID(ctx), at: time.Now()}
}

// refused returns why the caller may no longer read. While the credentials can't be checked
// it may.
func (c *recheck) refused(ctx context.Context) error {
	if c.r == nil || time.Since(c.at) < c.s.streamCheck {
		return nil
	}
	c.at = time.Now()
	who, err := c.s.Auth.Authenticate(ctx, c.r)
	switch kind := fault.KindOf(err); {
	case err == nil && who.TenantID != "" && who.TenantID != c.tenantID:
		return errTenantForeign
	case err == nil && !tenant.Allows(who.Scopes, tenant.Read):
		return errScope
	case err != nil && (kind == fault.Unauthorized || kind == fault.Forbidden):
		return err
	}
	return nil
}
