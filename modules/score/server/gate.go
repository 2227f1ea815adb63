package server

import (
	"context"
	"time"

	"golang.org/x/sync/semaphore"

	"github.com/opal-photo/opal/modules/fault"
)

// busyRetryAfter is what a full service asks for.
const busyRetryAfter = 2 * time.Second

// gate bounds how many requests work and how many wait.
type gate struct {
	admitted *semaphore.Weighted // working and waiting
	working  *semaphore.Weighted
}

func newGate(working, waiting int) *gate {
	return &gate{admitted: semaphore.NewWeighted(int64(working + waiting)), working: semaphore.NewWeighted(int64(working))}
}

// enter waits for a place and returns the function that gives it back. It
// returns errBusy immediately when too many wait already.
func (g *gate) enter(ctx context.Context) (leave func(), err error) {
	if !g.admitted.TryAcquire(1) {
		return nil, fault.Transient(errBusy, busyRetryAfter)
	}
	if err := g.working.Acquire(ctx, 1); err != nil {
		g.admitted.Release(1)
		return nil, err
	}
	return func() { g.working.Release(1); g.admitted.Release(1) }, nil
}
