// Package webhook tells tenants' own servers what happened: endpoints, one delivery
// for each event and endpoint, signatures by Standard Webhooks, a log that the tenant
// can read, and replay.
//
// An event becomes deliveries in the transaction that marks it as told (fanout.go). A
// delivery is leased work (db/lease): whichever process runs Run takes those that are
// due, few of an endpoint at the same time and one of an endpoint that fails, so that a
// slow endpoint holds up no other.
package webhook

import (
	"context"
	"encoding/json"
	"net/http"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/opal-photo/opal/modules/db"
	"github.com/opal-photo/opal/modules/db/lease"
	"github.com/opal-photo/opal/modules/egress"
	"github.com/opal-photo/opal/modules/fault"
)

// The states of an endpoint. A paused one keeps its deliveries waiting; to a disabled
// one nothing is sent, and its deliveries have failed until they are replayed.
const (
	Enabled  = "enabled"
	Paused   = "paused"
	Disabled = "disabled"
)

// The states of a delivery.
const (
	Pending    = "pending"
	Processing = "processing"
	Delivered  = "delivered"
	Failed     = "failed"
)

// Test is the type of the event with which an endpoint is tried.
const Test = "webhook.test"

// Errors of callers.
var (
	ErrNotFound         = fault.New(fault.NotFound, "webhook_not_found", "There is no such webhook")
	ErrDeliveryNotFound = fault.New(fault.NotFound, "delivery_not_found", "There is no such delivery; they are kept for 30 days")
	ErrURL              = fault.New(fault.Invalid, "webhook_url_invalid", "The webhook's URL can't be used")
	ErrEvents           = fault.New(fault.Invalid, "webhook_events_invalid", "The webhook asks for events that do not exist")
	ErrDescription      = fault.New(fault.Invalid, "webhook_description_invalid", "The description must be at most 200 characters, without control characters")
	ErrTooMany          = fault.New(fault.Conflict, "webhooks_full", "There are as many webhooks as a tenant can have; delete one first")
	ErrCursor           = fault.New(fault.Invalid, "cursor_invalid", "The cursor is not one that this call returned")
	ErrBusy             = fault.New(fault.Conflict, "delivery_in_flight", "The delivery is being sent; look again shortly")
)

// Failures of deliveries, as their log has them.
var (
	errProhibited  = fault.New(fault.Invalid, "address_prohibited", "The URL leads to an address that is not public")
	errUnreachable = fault.New(fault.Unavailable, "endpoint_unreachable", "The endpoint does not answer")
	errTimeout     = fault.New(fault.Unavailable, "endpoint_timeout", "The endpoint did not answer within 15 seconds")
	errCertificate = fault.New(fault.Unavailable, "endpoint_certificate", "The endpoint has no valid certificate")
	errStatus      = fault.New(fault.Unavailable, "endpoint_status", "The endpoint did not answer with a status of 200 to 299")
	errRedirect    = fault.New(fault.Invalid, "endpoint_redirects", "The endpoint redirects elsewhere; set the final URL")
	errGone        = fault.New(fault.Invalid, "endpoint_gone", "The endpoint answered 410: it wants no more events")
	errDisabled    = fault.New(fault.Conflict, "endpoint_disabled", "The webhook is disabled; enable it, and replay what it missed")
	errSecret      = fault.New(fault.Invalid, "secret_unreadable", "The webhook's secret can't be read any more; rotate it")
	errRescues     = fault.New(fault.Internal, "delivery_broke_off", "Sending broke off too often; replay the delivery")
)

// Why an endpoint is disabled.
const (
	reasonGone    = "gone"    // it answered 410
	reasonFailing = "failing" // all of a delivery's tries failed, and nothing succeeded meanwhile
)

const (
	// MaxEndpoints bounds a tenant's endpoints, without those of jobs.
	MaxEndpoints = 100
	// Kept is how long deliveries are kept, and can be replayed.
	Kept = 30 * 24 * time.Hour

	maxDescription = 200
	timeout        = 15 * time.Second // of an attempt
	overlap        = 24 * time.Hour   // in which a rotated secret is valid beside the new one
)

// Endpoint is where a tenant's events are sent.
type Endpoint struct {
	EndpointID     string
	TenantID       string
	JobID          *string // of a job's callback
	URL            string
	Description    string
	Events         []string // types; empty: all
	Status         string
	DisabledReason *string
	FailingSince   *time.Time
	OldUntil       *time.Time // until when the secret before the last rotation signs, too
	CreatedAt      time.Time
	UpdatedAt      time.Time
}

// NewEndpoint asks for an endpoint.
type NewEndpoint struct {
	ID          string // "": a new one; when it is there already, the request was carried out before
	URL         string
	Description string
	Events      []string // types; empty: all
}

// Delivery is an event on its way to an endpoint.
type Delivery struct {
	DeliveryID   string
	EndpointID   string
	EventID      string
	EventType    string
	JobID        string
	Status       string
	Tries        int
	DueAt        *time.Time // of the next try; nil when it has ended
	ErrorCode    *string
	ErrorMessage *string
	DeliveredAt  *time.Time
	CreatedAt    time.Time
	Payload      json.RawMessage
	Attempts     []Attempt // of one delivery that is looked at; in lists none
}

// Attempt is one try of a delivery.
type Attempt struct {
	Attempt    int
	StartedAt  time.Time
	Millis     int64
	StatusCode *int    // nil: no answer
	ErrorCode  *string // nil: delivered
	Response   string  // the beginning of the answer
}

// Options are what a Service is made of. Secret seals the endpoints' secrets in the
// database: another one can't read them.
type Options struct {
	DB      *db.DB
	URLs    *egress.URLs
	Secret  []byte
	Types   []string        // the events that endpoints may ask for
	Metrics *Metrics        // nil: none
	Waits   []time.Duration // before each try; nil: the schedule
}

// Service holds the webhooks of all tenants. It is safe for concurrent use.
type Service struct {
	Options
	client *http.Client
	wake   chan struct{} // there may be something to send

	mu     sync.Mutex
	flying map[string]int // deliveries that this process sends, by endpoint
	total  int
}

// New returns a service.
func New(o Options) *Service {
	if o.Waits == nil {
		o.Waits = schedule
	}
	return &Service{Options: o, client: o.URLs.Once(timeout), wake: make(chan struct{}, 1), flying: map[string]int{}}
}

// deliveries returns the leased table.
func (s *Service) deliveries() *lease.Table {
	return &lease.Table{Name: "webhook_deliveries", Key: []string{"delivery_id"}, Waiting: Pending, Prompt: true}
}

func newID() string { return uuid.Must(uuid.NewV7()).String() }

// hurry has Run look immediately.
func (s *Service) hurry() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// Oldest returns how long the oldest delivery that is due to an enabled endpoint has
// waited; 0 when there is none.
func (s *Service) Oldest(ctx context.Context) (time.Duration, error) {
	return db.Age(ctx, s.DB, `SELECT min(d.due_at) FROM webhook_deliveries d JOIN webhook_endpoints e ON e.endpoint_id = d.endpoint_id
		WHERE d.status = 'pending' AND e.status = 'enabled' AND d.due_at <= now_ms()`)
}
