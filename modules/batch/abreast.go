package batch

import (
	"context"
	"time"

	"golang.org/x/sync/errgroup"
)

// grace is how long an interrupted run waits for items that are about to end.
const grace = 700 * time.Millisecond

// abreast does the work on n items, at most jobs of them at the same time, and reports
// whether it was interrupted. No item is begun then, and the work on those that don't
// end within grace goes on without anybody waiting for it.
func abreast(ctx context.Context, jobs, n int, do func(i int)) (interrupted bool) {
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		var g errgroup.Group
		g.SetLimit(jobs)
		for i := range n {
			if ctx.Err() != nil {
				break
			}
			g.Go(func() error {
				do(i)
				return nil
			})
		}
		_ = g.Wait()
	}()
	select {
	case <-ended:
	case <-ctx.Done():
		select {
		case <-ended:
		case <-time.After(grace):
		}
	}
	return ctx.Err() != nil
}
