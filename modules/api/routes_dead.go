package api

import (
	"context"
	"net/http"

	"github.com/opal-photo/opal/modules/client"
	"github.com/opal-photo/opal/modules/fault"
	"github.com/opal-photo/opal/modules/tenant"
)

// DeadLetters are the messages that no worker can handle, of all tenants.
type DeadLetters interface {
	// List returns up to limit dead letters of a queue, or of every queue for "",
	// oldest first. A queue that doesn't exist is not found.
	List(ctx context.Context, queue string, limit int) ([]client.DeadLetter, error)
	// Queues returns what waits in each queue.
	Queues(ctx context.Context) ([]client.QueueState, error)
	// Redrive sends a queue's dead letters again: those named, or all; Purge
	// deletes them. Both return the number of messages.
	Redrive(ctx context.Context, queue string, ids ...string) (int, error)
	Purge(ctx context.Context, queue string, ids ...string) (int, error)
}

var errOperators = fault.New(fault.Forbidden, "operators_only", "Dead letters are of all tenants: only an admin key of the operators' tenant (AUTH_OPERATOR_TENANT) may deal with them")

type deadLettersInput struct {
	TenantQuery
	Queue string `query:"queue" maxLength:"260" doc:"left out: all queues"`
	Limit int    `query:"limit" minimum:"1" maximum:"200" default:"50" doc:"how many, oldest first"`
}

type takeDeadInput struct {
	TenantQuery
	Body client.TakeDead
}

func deadRoutes(r *Routes) {
	s := r.s
	Add(r, Route{Method: http.MethodGet, Path: "/v1/queues", ID: "listQueues", Summary: "For operators: what waits in the queues", Tag: tagQueues,
		Scope: tenant.Admin}, func(ctx context.Context, _ *TenantQuery) (*reply[client.QueueList], error) {
		if err := s.operates(ctx); err != nil {
			return nil, err
		}
		all, err := s.Dead.Queues(ctx)
		return replyOf(client.QueueList{Queues: all}, err)
	})
	Add(r, Route{Method: http.MethodGet, Path: "/v1/dead-letters", ID: "listDeadLetters", Summary: "For operators: messages that no worker can handle", Tag: tagQueues,
		Scope: tenant.Admin}, s.listDead)
	Add(r, Route{Method: http.MethodPost, Path: "/v1/dead-letters/redrive", ID: "redriveDeadLetters", Summary: "For operators: send dead letters again", Tag: tagQueues,
		Scope: tenant.Admin, Body: JSONBody}, takeDead(s, s.Dead.Redrive))
	Add(r, Route{Method: http.MethodPost, Path: "/v1/dead-letters/purge", ID: "purgeDeadLetters", Summary: "For operators: delete dead letters", Tag: tagQueues,
		Scope: tenant.Admin, Body: JSONBody}, takeDead(s, s.Dead.Purge))
}

// operates refuses callers who are not of the operators' tenant.
func (s *server) operates(ctx context.Context) error {
	if s.Operators == "" || TenantID(ctx) != s.Operators {
		return errOperators
	}
	return nil
}

func (s *server) listDead(ctx context.Context, in *deadLettersInput) (*reply[client.DeadLetterList], error) {
	if err := s.operates(ctx); err != nil {
		return nil, err
	}
	dead, err := s.Dead.List(ctx, in.Queue, in.Limit)
	return replyOf(client.DeadLetterList{DeadLetters: append([]client.DeadLetter{}, dead...)}, err)
}

func takeDead(s *server, do func(ctx context.Context, queue string, ids ...string) (int, error)) func(context.Context, *takeDeadInput) (*reply[client.Count], error) {
	return func(ctx context.Context, in *takeDeadInput) (*reply[client.Count], error) {
		if err := s.operates(ctx); err != nil {
			return nil, err
		}
		n, err := do(ctx, in.Body.Queue, in.Body.IDs...)
		return replyOf(client.Count{Count: n}, err)
	}
}
