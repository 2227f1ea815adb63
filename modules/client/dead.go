package client

import "time"

// DeadLetter is a message that no worker can handle.
type DeadLetter struct {
	Queue         string    `json:"queue" example:"jobs"`
	ID            string    `json:"id" example:"42"`
	Reason        string    `json:"reason" doc:"A code" example:"message_malformed"`
	Description   string    `json:"description"`
	DeliveryCount int       `json:"delivery_count" example:"1"`
	EnqueuedAt    time.Time `json:"enqueued_at" example:"2026-11-27T09:30:00Z"`
	CorrelationID string    `json:"correlation_id"`
	Body          string    `json:"body" doc:"Of a poison message any bytes: see body_encoding"`
	Encoding      string    `json:"body_encoding" enum:"text,base64" doc:"base64 where the body is not text" example:"text"`
	TenantID      string    `json:"tenant_id,omitzero" doc:"Where the body names it" example:"default"`
	JobID         string    `json:"job_id,omitzero"`
	ItemID        string    `json:"item_id,omitzero"`
}

// DeadLetterList are the dead letters, oldest first.
type DeadLetterList struct {
	DeadLetters []DeadLetter `json:"dead_letters" nullable:"false"`
}

// QueueState is what waits in a queue.
type QueueState struct {
	Queue         string  `json:"queue" enum:"jobs,exports" doc:"jobs: pictures to be made; exports: their sizes and ZIPs" example:"jobs"`
	Waiting       int64   `json:"waiting" doc:"Messages that no worker has yet" example:"44"`
	Taken         int64   `json:"taken" doc:"Messages on their way to a worker, or with one" example:"8"`
	OldestSeconds float64 `json:"oldest_seconds" doc:"For how long the oldest of them has been there; 0: there is none" example:"61.5"`
	Dead          int64   `json:"dead" doc:"Messages that no worker can handle" example:"0"`
}

// QueueList are the queues.
type QueueList struct {
	Queues []QueueState `json:"queues" nullable:"false"`
}

// TakeDead names the dead letters to send again or to delete.
type TakeDead struct {
	TenantID string   `json:"tenant_id,omitempty" nullable:"true" doc:"The operators' tenant; may be left out where the credentials name one" example:"default"`
	Queue    string   `json:"queue" maxLength:"260" example:"jobs"`
	IDs      []string `json:"ids,omitempty" nullable:"true" maxItems:"200" doc:"Left out: all, up to 1,000" example:"[\"42\"]"`
}

// Count is the number of dead letters that were sent again or deleted.
type Count struct {
	Count int `json:"count" example:"1"`
}
