package lease

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/opal-photo/opal/modules/fault"
)

// MaxRescues is how often work on a row may break off without progress: its
// worker died, was stopped for longer than its lease, or panicked. Then the row
// is to blame.
const MaxRescues = 5

// Errors for work that ended without an error of its own.
var (
	ErrRescues = fault.New(fault.Invalid, "rescues_used_up", fmt.Sprintf(
		"The work broke off %d times without getting on; save the photo again with another program, or ask the operators, who have the details under the correlation id", MaxRescues))
	ErrTooOld = fault.New(fault.Unavailable, "waited_too_long", "The work could not be done in time, because something it needs was away; retry it")
)

// Policy says when failed work is tried again. Its zero value holds OPAL's
// defaults.
type Policy struct {
	Tries   int           // attempts that count, at most; 0: 8
	Min     time.Duration // the shortest wait; 0: 2 s
	Max     time.Duration // the longest wait; 0: 5 min
	Outages []error       // failures that use up no try: the work is not to blame
}

// DefaultTries is how often work that fails is tried, where a Policy sets no
// number.
const DefaultTries = 8

// The waits where a Policy sets none.
const (
	defaultMin = 2 * time.Second
	defaultMax = 5 * time.Minute
	// outageTries is the number of tries whose backoff work gets that waits for an
	// unavailable dependency: up to about half a minute, however long the outage
	// lasts.
	outageTries = 4
	maxDoubling = 10
)

func (p Policy) filled() Policy {
	if p.Tries == 0 {
		p.Tries = DefaultTries
	}
	if p.Min == 0 {
		p.Min = defaultMin
	}
	if p.Max == 0 {
		p.Max = defaultMax
	}
	return p
}

// Verdict is the decision about work that failed.
type Verdict struct {
	Again   bool // try again; else it has failed
	Counted bool // it uses up a try
	Rescued bool // it broke off
	After   time.Duration
}

// Stopped is the verdict on work that a shutdown ended.
var Stopped = Verdict{Again: true}

// Judge returns the verdict on a row whose attempt ended in an error. An error
// that the row is not to blame for uses up no try: an outage, or one marked by
// fault.Uncounted. A panic is a rescue.
func (p Policy) Judge(h Held, cause error) Verdict {
	p = p.filled()
	switch {
	case errors.Is(cause, ErrRescues):
		return Verdict{Rescued: true}
	case isPanic(cause):
		return Verdict{Again: h.Rescues+1 < MaxRescues, Rescued: true, After: p.Min}
	case fault.IsUncounted(cause), p.outage(cause):
		return Verdict{Again: true, After: p.Outage(fault.RetryAfter(cause))}
	case fault.IsTransient(cause) && h.Tries+1 < p.Tries:
		return Verdict{Again: true, Counted: true, After: p.Backoff(h.Tries, fault.RetryAfter(cause))}
	}
	return Verdict{Counted: true}
}

func (p Policy) outage(cause error) bool {
	for _, o := range p.Outages {
		if errors.Is(cause, o) {
			return true
		}
	}
	return false
}

// Backoff returns a wait with full jitter between Min and Max, and not less than
// the failed side asked for, as far as Max allows.
func (p Policy) Backoff(tries int, asked time.Duration) time.Duration {
	p = p.filled()
	d := p.Min + rand.N(min(p.Max, p.Min<<min(tries, maxDoubling)))
	return min(p.Max, max(d, asked))
}

// Outage returns the wait for an unavailable dependency. A wait that the
// dependency asked for is kept, however long.
func (p Policy) Outage(asked time.Duration) time.Duration {
	return max(p.Backoff(outageTries, 0), asked)
}

// Spent reports whether a claimed row has broken off too often and is to be failed
// with ErrRescues instead of worked on.
func (h Held) Spent() bool { return h.Rescues >= MaxRescues }

// Describe returns the code and the text of a failure for its tenant. An error
// that is not a *fault.Error is replaced by otherwise; its text stays in the log.
func Describe(err error, otherwise *fault.Error) (code, message string) {
	switch e, ok := fault.As(err); {
	case isPanic(err):
		return ErrRescues.Code, ErrRescues.Text
	case ok:
		return e.Code, e.Error()
	}
	return otherwise.Code, otherwise.Error()
}

// isPanic reports whether work ended in a panic that fault.Guard caught.
func isPanic(err error) bool {
	var p *fault.Panic
	return errors.As(err, &p)
}
