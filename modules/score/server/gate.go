package server

import (
	"context"
	"time"

	"github.com/opal-photo/opal/modules/fault"
)

// busyRetryAfter is what a full service asks for.
const busyRetryAfter = 2 * time.Second

// gate bounds how many requests work and how many wait.
type gate struct {
	admitted chan struct{} // working and waiting
	working  chan struct{}
}

func newGate(working, waiting int) *gate {
	return &gate{admitted: make(chan struct{}, working+waiting), working: make(chan struct{}, working)}
}

// enter waits for a place and returns the function that gives it back. It
// returns errBusy immediately when too many wait already.
func (g *gate) enter(ctx context.Context) (leave func(), err error) {
	select {
	case g.admitted <- struct{}{}:
	default:
		return nil, fault.Transient(errBusy, busyRetryAfter)
	}
	select {
	case g.working <- struct{}{}:
		return func() { <-g.working; <-g.admitted }, nil
	case <-ctx.Done():
		<-g.admitted
		return nil, ctx.Err()
	}
}
