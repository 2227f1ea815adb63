// Package fault gives errors a kind and a stable code.
//
// Modules declare their sentinels with New and add the facts of a case with
// Error.With. Three edges read them, once each: the HTTP API (kind to status),
// the queue consumer (retry or give up) and the command line (exit code). An
// error without a kind is Internal: its text stays in the log.
package fault

import (
	"errors"
	"fmt"
	"time"
)

// Kind is the class of an error. It decides the HTTP status and whether work is
// tried again.
type Kind int

// The kinds. All but Internal, Unavailable and RateLimited are permanent: the
// same call fails again.
const (
	Internal        Kind = iota // a defect or an unknown failure; tried again
	Invalid                     // the request is well formed but wrong
	Malformed                   // the request can't be read
	Unauthorized                // no valid credentials
	PaymentRequired             // the balance does not cover it
	Forbidden                   // valid credentials, not for this
	NotFound                    // it does not exist, or belongs to another caller
	Conflict                    // the state does not allow it
	TooLarge                    // over a size limit
	Unsupported                 // a format that is not taken
	RateLimited                 // too many calls; tried again
	Unavailable                 // a dependency is down; tried again
)

// Error is a sentinel, or a sentinel with the facts of a case. Text and detail
// are shown to callers, so they hold no secrets and no internals.
type Error struct {
	Kind   Kind
	Code   string // stable, snake_case; clients and runbooks match on it
	Text   string // what happened and what to do, one sentence
	detail string
	fields []string
	root   *Error
}

// New returns a sentinel. Declare it once, at package level.
func New(kind Kind, code, text string) *Error {
	return &Error{Kind: kind, Code: code, Text: text}
}

// With returns an error that is the sentinel (errors.Is) and holds the facts of
// this case.
func (e *Error) With(format string, args ...any) *Error {
	return &Error{Kind: e.Kind, Code: e.Code, Text: e.Text, detail: fmt.Sprintf(format, args...), root: e.sentinel()}
}

// Error returns the public text.
func (e *Error) Error() string {
	if e.detail == "" {
		return e.Text
	}
	return e.Text + ": " + e.detail
}

// At returns an error like e that is about these fields of a request, by their paths in it, such as
// items[3].steering.x.
func (e *Error) At(fields ...string) *Error {
	out := *e
	out.fields, out.root = fields, e.sentinel()
	return &out
}

// Fields returns the paths of the fields that the error is about; nil where it says nothing of them.
func (e *Error) Fields() []string { return e.fields }

// Detail returns the facts of the case, or "".
func (e *Error) Detail() string { return e.detail }

// Is reports whether target is the same sentinel.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.sentinel() == e.sentinel()
}

func (e *Error) sentinel() *Error {
	if e.root != nil {
		return e.root
	}
	return e
}

// As returns the outermost Error in err's chain.
func As(err error) (*Error, bool) {
	var e *Error
	ok := errors.As(err, &e)
	return e, ok
}

// KindOf returns the kind of err; Internal when it has none.
func KindOf(err error) Kind {
	if e, ok := As(err); ok {
		return e.Kind
	}
	return Internal
}

// CodeOf returns the stable code of err; "internal" when it has none.
func CodeOf(err error) string {
	if e, ok := As(err); ok {
		return e.Code
	}
	return "internal"
}

// transient marks an error as worth another try, whatever its kind.
type transient struct {
	error
	after   time.Duration
	uncount bool
}

func (t *transient) Unwrap() error { return t.error }

// Transient marks err as worth another try, not before after has passed (0: the
// caller's own backoff). It keeps the kind and the code. nil stays nil.
func Transient(err error, after time.Duration) error {
	if err == nil {
		return nil
	}
	return &transient{error: err, after: after}
}

// Uncounted marks err as worth another try that uses up none of the tries: the
// work was never begun (an open circuit breaker, a shutdown). nil stays nil.
func Uncounted(err error, after time.Duration) error {
	if err == nil {
		return nil
	}
	return &transient{error: err, after: after, uncount: true}
}

// IsTransient reports whether another try may succeed. Unknown errors are
// transient, so that a defect uses up tries before it fails a customer's
// picture.
func IsTransient(err error) bool {
	if err == nil {
		return false
	}
	var t *transient
	if errors.As(err, &t) {
		return true
	}
	switch KindOf(err) {
	case Internal, RateLimited, Unavailable:
		return true
	}
	return false
}

// IsUncounted reports whether the try that ended in err is not to be counted.
func IsUncounted(err error) bool {
	var t *transient
	return errors.As(err, &t) && t.uncount
}

// RetryAfter returns the wait that the failed side asked for, or 0.
func RetryAfter(err error) time.Duration {
	var t *transient
	if errors.As(err, &t) {
		return t.after
	}
	return 0
}
