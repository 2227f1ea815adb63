package sandbox

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/opal-photo/opal/modules/fault"
)

var errClosed = errors.New("the pool of children is closed")

// inTurn writes the errors of several tries on one line, each text once.
func inTurn(errs []error) string {
	var all []string
	for _, err := range errs {
		if text := err.Error(); !slices.Contains(all, text) {
			all = append(all, text)
		}
	}
	return strings.Join(all, "; then ")
}

// RefusedError says that a worker called its input bad, and why.
type RefusedError struct{ Reason string }

func (e *RefusedError) Error() string { return e.Reason }

// DiedError says that every child that took the job ended without an answer: it
// crashed, failed, or ran over its time or its memory.
type DiedError struct{ Deaths []error }

func (e *DiedError) Error() string { return inTurn(e.Deaths) }

func (e *DiedError) Unwrap() []error { return e.Deaths }

// UnavailableError says that no child could be started. The machine is the cause
// and not the job, so it is worth another try.
type UnavailableError struct{ Causes []error }

func (e *UnavailableError) Error() string { return inTurn(e.Causes) }

func (e *UnavailableError) Unwrap() []error { return e.Causes }

// childDeath says how a child ended that had taken a job.
type childDeath struct {
	how     string
	timeout bool
}

func (e *childDeath) Error() string { return e.how }

// spareGone says that a child ended before it took a job.
type spareGone struct{ err error }

func (e *spareGone) Error() string {
	return fmt.Sprintf("the child ended while it waited: %v", e.err)
}

func (e *spareGone) Unwrap() error { return e.err }

// PrepareError says in a Handler's words why a child could not be prepared: Prepare's error,
// which is that of package fault where it has a Code.
type PrepareError struct {
	Code   string `json:"code,omitempty"` // of the fault
	Text   string `json:"text"`           // all of the error
	Detail string `json:"detail,omitempty"`
}

func (e *PrepareError) Error() string { return e.Text }

// prepareError puts the error of Prepare into a form that the parent reads.
func prepareError(err error) *PrepareError {
	said := &PrepareError{Text: string(short(err.Error()))}
	if f, ok := fault.As(err); ok {
		said.Code, said.Detail = f.Code, string(short(f.Detail()))
	}
	return said
}
