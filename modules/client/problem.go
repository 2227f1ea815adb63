package client

import "time"

// Problem is the body of every error (RFC 9457, application/problem+json). Code is
// stable; match on it. It is an error.
type Problem struct {
	Type          string         `json:"type" doc:"Opens a page about the error" example:"/docs/errors/job_not_found"`
	Title         string         `json:"title" example:"Not Found"`
	Status        int            `json:"status" minimum:"400" maximum:"599" example:"404"`
	Detail        string         `json:"detail" doc:"What is wrong and what to do, for people" example:"There is no such job"`
	Code          string         `json:"code" doc:"What is wrong, stable" example:"job_not_found"`
	CorrelationID string         `json:"correlation_id" doc:"Quote it when you ask for help" example:"0198f7a0-0000-7000-8000-00000000000c"`
	Errors        []ProblemField `json:"errors,omitempty" nullable:"false" doc:"What is wrong with which field, at most 20"`

	// RetryAfter is how long to wait before the call is made again, from the
	// header Retry-After; 0: the answer has none.
	RetryAfter time.Duration `json:"-"`
}

// ProblemField is one wrong field of a request.
type ProblemField struct {
	Location string `json:"location" example:"body.items[0].filename"`
	Message  string `json:"message" example:"expected string"`
}

// Error returns the detail.
func (p *Problem) Error() string { return p.Detail }
