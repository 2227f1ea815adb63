package client

import (
	"context"
	"net/url"
	"strconv"
	"time"
)

// EventPage is a part of a tenant's events, oldest first.
type EventPage struct {
	Events     []Event `json:"events" nullable:"false"`
	NextCursor string  `json:"next_cursor" doc:"Send it as after to read on, also when no events came" example:"0198f7a0-0000-7000-8000-000000000005"`
}

// EventQuery selects a tenant's events.
type EventQuery struct {
	After  string        // next_cursor of the part before; "": from the first event on
	Latest bool          // no events: the cursor of those from now on
	Limit  int           // 0: 100
	Wait   time.Duration // how long the API holds the call when there is nothing, at most 30 s
}

// TenantEvents returns the tenant's events after a place.
func (c *Client) TenantEvents(ctx context.Context, q EventQuery) (EventPage, error) {
	v := url.Values{}
	if q.After != "" {
		v.Set("after", q.After)
	}
	if q.Latest {
		v.Set("latest", "true")
	}
	if q.Limit > 0 {
		v.Set("limit", strconv.Itoa(q.Limit))
	}
	if q.Wait > 0 {
		v.Set("wait", strconv.Itoa(int(q.Wait.Seconds())))
	}
	return get[EventPage](ctx, c, path("events"), v)
}
