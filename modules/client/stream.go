package client

import (
	"bufio"
	"context"
	"encoding/json"
	"iter"
	"net/http"
	"net/url"
	"strings"
)

// StreamEvent is one event of a job's stream. Kind is an Event's type, "progress"
// (Data is a Progress) or "end" (Data is an End).
type StreamEvent struct {
	ID   string // of an Event; pass it to Events as after to get the later ones
	Kind string
	Data json.RawMessage
}

// maxLine bounds a line of an event stream.
const maxLine = 4 << 20

// Events yields a job's events as they happen, those after the event with id after
// first ("": all). It ends when the server ends the stream, which it does after the
// job's end and from time to time: ask again with the last id.
func (c *Client) Events(ctx context.Context, jobID, after string) iter.Seq2[StreamEvent, error] {
	return func(yield func(StreamEvent, error) bool) {
		p := path("jobs", jobID, "events")
		if c.o.Tenant != "" {
			p += "?tenant_id=" + url.QueryEscape(c.o.Tenant)
		}
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.base+p, nil)
		if err != nil {
			yield(StreamEvent{}, ErrAddress)
			return
		}
		for name, value := range map[string]string{keyHeader: c.o.Key, "Last-Event-ID": after, "User-Agent": c.o.Agent, "Accept": "text/event-stream"} {
			if value != "" {
				req.Header.Set(name, value)
			}
		}
		if c.o.Bearer != "" {
			req.Header.Set("Authorization", "Bearer "+c.o.Bearer)
		}
		res, err := c.o.HTTP.Do(req)
		if err != nil {
			yield(StreamEvent{}, c.unreached(ctx, err))
			return
		}
		defer res.Body.Close()
		if res.StatusCode >= http.StatusBadRequest {
			yield(StreamEvent{}, problemOf(res))
			return
		}
		lines := bufio.NewScanner(res.Body)
		lines.Buffer(nil, maxLine)
		var e StreamEvent
		for lines.Scan() {
			if strings.HasPrefix(lines.Text(), ":") {
				continue // a comment
			}
			name, value, _ := strings.Cut(lines.Text(), ":")
			value = strings.TrimPrefix(value, " ")
			switch name {
			case "id":
				e.ID = value
			case "event":
				e.Kind = value
			case "data":
				e.Data = append(e.Data, value...)
			case "":
				if e.Kind != "" && !yield(e, nil) {
					return
				}
				e = StreamEvent{}
			}
		}
		if err := lines.Err(); err != nil {
			yield(StreamEvent{}, c.unreached(ctx, err))
		}
	}
}
