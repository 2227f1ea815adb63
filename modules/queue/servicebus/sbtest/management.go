package sbtest

import (
	"sort"
	"strings"
	"time"

	"github.com/Azure/go-amqp"
)

func response(code int32, desc string, value any) *amqp.Message {
	m := &amqp.Message{ApplicationProperties: map[string]any{
		// int32 on the wire is required; the client also accepts statusCode/statusDescription
		"status-code": code, "status-description": desc,
	}}
	if m.Value = value; value == nil {
		m.Value = map[string]any{}
	}
	return m
}

// cbs answers a put-token.
func (s *Server) cbs(req *amqp.Message) *amqp.Message {
	p := req.ApplicationProperties
	name, _ := p["name"].(string) // amqp[s]://host/entity
	typ, _ := p["type"].(string)
	token, _ := req.Value.(string)
	if p["operation"] != "put-token" {
		return response(400, "unknown operation", nil)
	}
	if s.opt.Authorize != nil {
		if code, desc := s.opt.Authorize(name, typ, token); code >= 300 {
			return response(code, desc, nil)
		}
	}
	path := name
	if _, rest, ok := strings.Cut(name, "://"); ok {
		_, path, _ = strings.Cut(rest, "/")
	}
	if s.queue(strings.TrimSuffix(path, "/$management")) == nil {
		return response(404, "The messaging entity '"+name+"' could not be found.", nil)
	}
	return response(202, "Accepted", nil)
}

// manage answers one request on <entity>/$management.
func (q *queue) manage(req *amqp.Message) *amqp.Message {
	q.mu.Lock()
	defer q.mu.Unlock()
	body, _ := req.Value.(map[string]any)
	op, _ := req.ApplicationProperties["operation"].(string)
	now := time.Now()
	lost := func() *amqp.Message {
		return response(410, "The lock supplied is invalid. Either the lock expired, or the message has already been removed from the queue.", nil)
	}
	switch strings.TrimPrefix(op, "com.microsoft:") {
	case "renew-lock":
		tokens, _ := body["lock-tokens"].([]amqp.UUID)
		var until []time.Time
		for _, t := range tokens {
			e := q.locked[t]
			if e == nil || now.After(e.lockedUntil) {
				return lost()
			}
			e.lockedUntil = now.Add(q.cfg.LockDuration)
			until = append(until, e.lockedUntil)
		}
		return response(200, "OK", map[string]any{"expirations": until}) // array of timestamp

	case "update-disposition":
		tokens, _ := body["lock-tokens"].([]amqp.UUID)
		o := outcome{}
		o.kind, _ = body["disposition-status"].(string)
		o.reason, _ = body["deadletter-reason"].(string)
		o.description, _ = body["deadletter-description"].(string)
		o.modify, _ = body["properties-to-modify"].(map[string]any)
		q.mu.Unlock()
		ok := true
		for _, t := range tokens {
			ok = q.settle(t, o) && ok
		}
		q.mu.Lock()
		if !ok {
			return lost()
		}
		return response(200, "OK", nil)

	case "schedule-message":
		list, _ := body["messages"].([]any)
		var seqs []int64
		for _, x := range list {
			m, _ := x.(map[string]any)
			raw, _ := m["message"].([]byte)
			msg := new(amqp.Message)
			if err := msg.UnmarshalBinary(raw); err != nil {
				return response(400, err.Error(), nil)
			}
			seqs = append(seqs, q.add(msg, time.Time{}))
		}
		q.pump()
		return response(200, "OK", map[string]any{"sequence-numbers": seqs}) // array of long

	case "cancel-scheduled-message":
		seqs, _ := body["sequence-numbers"].([]int64)
		for _, n := range seqs {
			if q.scheduled[n] == nil {
				return response(404, "The scheduled message was not found.", nil)
			}
			delete(q.scheduled, n)
		}
		return response(200, "OK", nil)

	case "peek-message":
		from, _ := body["from-sequence-number"].(int64)
		count, _ := body["message-count"].(int32)
		var all []*entry
		all = append(all, q.ready...)
		for _, m := range []map[int64]*entry{q.scheduled, q.deferred} {
			for _, e := range m {
				all = append(all, e)
			}
		}
		for _, e := range q.locked {
			all = append(all, e)
		}
		sort.Slice(all, func(i, j int) bool { return all[i].seq < all[j].seq })
		var out []any // list of maps
		for _, e := range all {
			if e.seq >= from && len(out) < int(count) {
				out = append(out, map[string]any{"message": e.wire(false)})
			}
		}
		if len(out) == 0 {
			return response(204, "No content", nil)
		}
		return response(200, "OK", map[string]any{"messages": out})

	case "receive-by-sequence-number":
		seqs, _ := body["sequence-numbers"].([]int64)
		mode, _ := body["receiver-settle-mode"].(uint32)
		var out []any
		for _, n := range seqs {
			e := q.deferred[n]
			if e == nil {
				return response(404, "Failed to find the deferred message.", nil)
			}
			delete(q.deferred, n)
			m := map[string]any{}
			if mode == 1 {
				e.deferred = true
				q.lock(e, now)
				m["lock-token"] = e.token
			}
			m["message"] = e.wire(mode == 1)
			out = append(out, m)
		}
		return response(200, "OK", map[string]any{"messages": out})
	}
	return response(501, "operation "+op+" is not implemented here", nil)
}
