package webhook

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/opal-photo/opal/modules/crashpoint"
	"github.com/opal-photo/opal/modules/db"
	"github.com/opal-photo/opal/modules/event"
)

// fanoutBatch bounds the events of one transaction.
const fanoutBatch = 100

// message is the body of a delivery, by Standard Webhooks.
type message struct {
	ID        string                     `json:"id"`
	Type      string                     `json:"type"`
	Timestamp time.Time                  `json:"timestamp"`
	Data      map[string]json.RawMessage `json:"data"`
}

// payload returns the body for an event. It is thin: ids, and the event's own few
// fields; whoever wants more asks the API.
func payload(e event.Event) (string, error) {
	m := message{ID: e.ID, Type: e.Type, Timestamp: e.CreatedAt, Data: map[string]json.RawMessage{}}
	if len(e.Data) > 0 {
		if err := json.Unmarshal(e.Data, &m.Data); err != nil { // not an object
			m.Data = map[string]json.RawMessage{"value": e.Data}
		}
	}
	if m.Data == nil {
		m.Data = map[string]json.RawMessage{}
	}
	ids := map[string]string{"tenant_id": e.TenantID, "job_id": e.JobID}
	if e.ItemID != nil {
		ids["item_id"] = *e.ItemID
	}
	for name, id := range ids {
		if id == "" {
			continue
		}
		text, err := json.Marshal(id)
		if err != nil {
			return "", err
		}
		m.Data[name] = text
	}
	b, err := json.Marshal(m)
	return string(b), err
}

// Spread writes the deliveries of events that have none yet, exactly one for each
// event and endpoint, and returns the number of events. Any number of processes may
// spread at the same time.
func (s *Service) Spread(ctx context.Context) (int, error) {
	if any, err := event.AnyUntold(ctx, s.DB); err != nil || !any {
		return 0, err
	}
	n := 0
	err := s.DB.InTx(ctx, func(tx *db.Tx) error {
		events, err := event.Untold(ctx, tx, fanoutBatch)
		n = len(events)
		if err != nil || n == 0 {
			return err
		}
		endpoints, err := endpointsOf(ctx, tx, events)
		if err != nil {
			return err
		}
		for _, e := range events {
			if err := spreadOne(ctx, tx, e, endpoints[e.TenantID]); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("spread events: %w", err)
	}
	if n > 0 {
		crashpoint.Reach(crashpoint.WebhookSpread)
	}
	return n, nil
}

func spreadOne(ctx context.Context, tx *db.Tx, e event.Event, endpoints []Endpoint) error {
	body := ""
	for _, to := range endpoints {
		if to.JobID != nil && *to.JobID != e.JobID || len(to.Events) > 0 && !slices.Contains(to.Events, e.Type) {
			continue
		}
		if body == "" {
			var err error
			if body, err = payload(e); err != nil {
				return err
			}
		}
		status, code, text := Pending, (*string)(nil), (*string)(nil)
		if to.Status == Disabled {
			status, code, text = Failed, &errDisabled.Code, &errDisabled.Text
		}
		if _, err := tx.ExecContext(ctx, `INSERT INTO webhook_deliveries
			(delivery_id, endpoint_id, tenant_id, event_id, event_type, job_id, payload, status, error_code, error_message, traceparent, correlation_id, due_at, created_at, updated_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, now_ms(), now_ms(), now_ms()) ON CONFLICT (endpoint_id, event_id) DO NOTHING`,
			newID(), to.EndpointID, e.TenantID, e.ID, e.Type, e.JobID, body, status, code, text, e.Trace, e.CorrelationID); err != nil {
			return fmt.Errorf("write a delivery: %w", err)
		}
	}
	return nil
}

// endpointsOf loads the endpoints of the events' tenants, by tenant. Endpoints of jobs
// are loaded when one of the events is of their job.
func endpointsOf(ctx context.Context, tx *db.Tx, events []event.Event) (map[string][]Endpoint, error) {
	out := map[string][]Endpoint{}
	load := func(where string, args ...any) error {
		rows, err := tx.QueryContext(ctx, `SELECT `+endpointColumns+` FROM webhook_endpoints WHERE `+where+` ORDER BY endpoint_id`, args...)
		if err != nil {
			return fmt.Errorf("load webhooks: %w", err)
		}
		defer rows.Close()
		for rows.Next() {
			e, err := scanEndpoint(rows)
			if err != nil {
				return fmt.Errorf("load webhooks: %w", err)
			}
			out[e.TenantID] = append(out[e.TenantID], e)
		}
		return rows.Err()
	}
	tenants, jobs := map[string]bool{}, map[string]bool{}
	for _, e := range events {
		if !tenants[e.TenantID] {
			tenants[e.TenantID] = true
			if err := load(`tenant_id = $1 AND job_id IS NULL`, e.TenantID); err != nil {
				return nil, err
			}
		}
		if e.JobID != "" && !jobs[e.JobID] {
			jobs[e.JobID] = true
			if err := load(`tenant_id = $1 AND job_id = $2`, e.TenantID, e.JobID); err != nil {
				return nil, err
			}
		}
	}
	return out, nil
}
