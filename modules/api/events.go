package api

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humaecho"

	"github.com/opal-photo/opal/modules/client"
	"github.com/opal-photo/opal/modules/fault"
	"github.com/opal-photo/opal/modules/job"
	"github.com/opal-photo/opal/modules/telemetry"
	"github.com/opal-photo/opal/modules/tenant"
)

// An event stream polls the database, which every process shares: so it works
// the same wherever the worker runs.
const (
	streamTick      = 600 * time.Millisecond
	streamHeartbeat = 15 * time.Second
	streamLife      = 10 * time.Minute // then the client reconnects with Last-Event-ID
	streamWrite     = 10 * time.Second // for a client to take what is sent
	streamBatch     = 100              // events per read
	streamRetry     = 2 * time.Second  // the wait of clients before they reconnect
	streamCheck     = 5 * time.Second  // how often its caller is authenticated again
)

var errStreams = fault.New(fault.Unavailable, "streams_full", "Too many event streams are open; ask GET /v1/jobs/{job_id} now and then instead")

type eventsInput struct {
	JobPath
	LastEventID string `header:"Last-Event-ID" doc:"The id of the last event seen; those after it are sent"`
	Delta       bool   `query:"delta" doc:"true: each progress names only the items that changed since the one before" example:"true"`
}

type eventsOutput struct {
	Body func(huma.Context)
}

// eventID matches event ids; with any other Last-Event-ID the stream begins
// with the first event.
var eventID = regexp.MustCompile(`^[0-9a-f-]{36}$`)

// streamPath matches the paths of event streams, which have no end that HEAD could tell of.
var streamPath = regexp.MustCompile(`^/v1/jobs/[^/]*/events$`)

func eventRoutes(r *Routes) {
	Add(r, Route{Method: http.MethodGet, Path: "/v1/jobs/{job_id}/events", ID: "jobEvents", Tag: tagJobs, Scope: tenant.Read, NotFound: job.ErrJobNotFound,
		Summary: "Server-sent events of a job: its events by type, \"progress\" at every change, \"end\" when it has ended"}, r.s.jobEvents)
}

func (s *server) jobEvents(ctx context.Context, in *eventsInput) (*eventsOutput, error) {
	id, err := in.id(ctx)
	if err != nil {
		return nil, err
	}
	tenantID := TenantID(ctx)
	if _, err := s.Jobs.Changes(ctx, tenantID, id); err != nil {
		return nil, err
	}
	if !s.streams.take(tenantID) {
		return nil, errStreams
	}
	after := ""
	if eventID.MatchString(in.LastEventID) {
		after = in.LastEventID
	}
	caller := s.recheck(ctx)
	return &eventsOutput{Body: func(hc huma.Context) {
		defer s.streams.give(tenantID)
		s.meters.stream(1)
		defer s.meters.stream(-1)
		c := humaecho.Unwrap(hc)
		shared, leave := s.watches.enter(tenantID, id)
		defer leave()
		st := &stream{server: s, w: c.Response(), tenantID: tenantID, jobID: id, after: after, shared: shared, seen: unseen, caller: caller}
		if in.Delta {
			st.sent = map[string]client.ItemProgress{}
		}
		st.run(hc.Context())
	}}, nil
}

// unseen is less than any job's count of changes.
const unseen = -1

// stream is one client's event stream.
type stream struct {
	*server
	w               http.ResponseWriter
	tenantID, jobID string
	after           string                         // the last event sent
	progress        string                         // the last progress sent
	sent            map[string]client.ItemProgress // of a stream of deltas: each item as it was last sent; else nil
	shared          *watched
	seen            int64 // the job's count of changes when it was last sent
	wrote           time.Time
	caller          *recheck
}

// run sends until the job has ended, the client is gone, the server stops or the
// stream's life is over.
func (st *stream) run(ctx context.Context) {
	h := st.w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no") // tells proxies not to buffer events
	ctx, cancel := context.WithTimeout(ctx, streamLife)
	defer cancel()
	// The server's own deadline for reading would end the stream.
	_ = http.NewResponseController(st.w).SetReadDeadline(time.Time{})
	if st.send(fmt.Sprintf("retry: %d\n\n", streamRetry.Milliseconds())) != nil {
		return
	}
	tick := time.NewTicker(streamTick)
	defer tick.Stop()
	for {
		ended, err := st.look(ctx)
		if err != nil && ctx.Err() == nil {
			// The client reconnects; the database may be reachable by then.
			telemetry.Log(ctx).Error().Err(err).Msg("Event stream ended")
		}
		if err != nil || ended {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-st.Stop:
			return
		case <-tick.C:
		}
		if st.caller.refused(ctx) != nil {
			return
		}
	}
}

// look sends new events and progress, and reports whether the job has ended.
// While nothing changes it reads one number.
func (st *stream) look(ctx context.Context) (ended bool, err error) {
	// The number is read first: later changes are sent next time.
	changes, err := st.Jobs.Changes(ctx, st.tenantID, st.jobID)
	if err != nil {
		return false, err
	}
	if changes == st.seen {
		if time.Since(st.wrote) >= streamHeartbeat {
			return false, st.send(": still here\n\n")
		}
		return false, nil
	}
	now, err := st.shared.at(ctx, st.Jobs, st.tenantID, st.jobID, changes)
	if err != nil {
		return false, err
	}
	for {
		events, err := st.Events.After(ctx, st.tenantID, st.jobID, st.after, streamBatch)
		if err != nil {
			return false, err
		}
		for _, e := range events {
			if err := st.event(e.Type, e.ID, eventOf(e)); err != nil {
				return false, err
			}
			st.after = e.ID
		}
		if len(events) < streamBatch {
			break
		}
	}
	if string(now.progress) != st.progress {
		st.progress = string(now.progress)
		if err := st.event("progress", "", st.delta(now)); err != nil {
			return false, err
		}
	}
	if now.finished {
		return true, st.event("end", "", client.End{JobID: st.jobID, Status: now.status})
	}
	st.seen = changes
	return false, nil
}

// delta returns what a progress event says: all of it, or what changed since the last.
func (st *stream) delta(now *view) any {
	if st.sent == nil {
		return json.RawMessage(now.progress)
	}
	p := now.items
	p.Items = []client.ItemProgress{}
	for _, it := range now.items.Items {
		if st.sent[it.ItemID] != it {
			p.Items, st.sent[it.ItemID] = append(p.Items, it), it
		}
	}
	return p
}

func (st *stream) event(kind, id string, data any) error {
	b, err := json.Marshal(data) // on one line: JSON escapes line ends
	if err != nil {
		return err
	}
	text := "event: " + kind + "\ndata: " + string(b) + "\n\n"
	if id != "" {
		text = "id: " + id + "\n" + text
	}
	return st.send(text)
}

func (st *stream) send(text string) error {
	ctl := http.NewResponseController(st.w)
	_ = ctl.SetWriteDeadline(time.Now().Add(streamWrite)) // not every writer has deadlines; the server's does
	if _, err := st.w.Write([]byte(text)); err != nil {
		return err
	}
	st.wrote = time.Now()
	return ctl.Flush()
}

func progressOf(j job.Job) client.Progress {
	p := client.Progress{JobID: j.JobID, Status: j.Status, Counts: client.Counts(j.Counts), Items: make([]client.ItemProgress, len(j.Items))}
	for i, it := range j.Items {
		p.Items[i] = client.ItemProgress{ItemID: it.ItemID, Status: it.Status, Attempt: it.Attempt}
		if it.ErrorCode != nil {
			p.Items[i].Error = *it.ErrorCode
		}
		if it.Review != nil {
			p.Items[i].Review = it.Review.State
		}
		if n := len(it.Steps); n > 0 {
			p.Items[i].Step, p.Items[i].State = it.Steps[n-1].Step, it.Steps[n-1].Status
		}
	}
	return p
}
