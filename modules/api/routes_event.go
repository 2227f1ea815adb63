package api

import (
	"context"
	"net/http"
	"time"

	"github.com/google/uuid"

	"github.com/opal-photo/opal/modules/client"
	"github.com/opal-photo/opal/modules/event"
	"github.com/opal-photo/opal/modules/job"
	"github.com/opal-photo/opal/modules/tenant"
)

// eventLag is how old an event is before lists of all jobs' events show it: the
// transactions of several jobs commit in no order, and a reader with a cursor must miss
// none of them.
const eventLag = 2 * time.Second

type tenantEventsInput struct {
	TenantQuery
	After  string `query:"after" maxLength:"100" doc:"next_cursor of the part before; left out: from the first event on"`
	Latest bool   `query:"latest" doc:"true: no events, but the cursor of those from now on"`
	Limit  int    `query:"limit" minimum:"1" maximum:"200" default:"100" doc:"events of a part"`
	Wait   int    `query:"wait" minimum:"0" maximum:"30" default:"0" doc:"seconds to wait for an event when there is none"`
}

func tenantEventRoutes(r *Routes) {
	Add(r, Route{Method: http.MethodGet, Path: "/v1/events", ID: "listEvents", Summary: "The events of all of the tenant's jobs, oldest first", Tag: tagWebhooks, Scope: tenant.Read}, r.s.listEvents)
}

func (s *server) listEvents(ctx context.Context, in *tenantEventsInput) (*reply[client.EventPage], error) {
	if in.After != "" && !eventID.MatchString(in.After) {
		return nil, job.ErrCursor
	}
	if in.Latest {
		return replyOf(client.EventPage{Events: []client.Event{}, NextCursor: uuid.Must(uuid.NewV7()).String()}, nil)
	}
	wait := s.hold(ctx, in.Wait)
	defer wait.end()
	for {
		found, err := s.Events.Of(ctx, TenantID(ctx), in.After, in.Limit)
		if err != nil {
			return nil, err
		}
		page := client.EventPage{Events: []client.Event{}, NextCursor: in.After}
		for _, e := range settled(found) {
			page.Events, page.NextCursor = append(page.Events, eventOf(e)), e.ID
		}
		if len(page.Events) > 0 {
			return replyOf(page, nil)
		}
		if again, err := wait.again(ctx); err != nil || !again {
			return replyOf(page, err)
		}
	}
}

// settled returns the events before the first that is younger than eventLag.
func settled(events []event.Event) []event.Event {
	for i, e := range events {
		if time.Since(e.CreatedAt) < eventLag {
			return events[:i]
		}
	}
	return events
}

// held is a call that waits for news.
type held struct {
	s      *server
	tenant string
	until  time.Time
	slot   bool
	caller *recheck
}

// hold lets a call wait up to so many seconds. It takes one of the places of event
// streams; when there is none the call doesn't wait.
func (s *server) hold(ctx context.Context, seconds int) *held {
	h := &held{s: s, tenant: TenantID(ctx), until: time.Now().Add(time.Duration(seconds) * time.Second), caller: s.recheck(ctx)}
	h.slot = seconds > 0 && s.streams.take(h.tenant)
	return h
}

// again waits a moment; false when the call is to answer now. It fails when the caller may
// no longer read.
func (h *held) again(ctx context.Context) (bool, error) {
	if !h.slot || time.Now().After(h.until) {
		return false, nil
	}
	select {
	case <-ctx.Done():
		return false, nil
	case <-h.s.Stop:
		return false, nil
	case <-time.After(streamTick):
		return true, h.caller.refused(ctx)
	}
}

func (h *held) end() {
	if h.slot {
		h.s.streams.give(h.tenant)
	}
}
