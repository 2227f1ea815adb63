package app

import (
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/opal-photo/opal/modules/telemetry"
)

// part is one thing that a role runs until its context ends. Order of shutdown:
// workers first, because their unfinished work still needs the servers and the
// relay of the same process.
type part struct {
	name       string
	server     bool
	background bool // left out where the setting BACKGROUND is off
	// open prepares the part: it listens, or fails immediately with a clear error.
	open func(ctx context.Context, w *wire) (run func(ctx context.Context) error, err error)
}

// errDrain says that work was still running at the drain deadline. It was given
// back: nothing is lost.
var errDrain = errors.New("the drain deadline passed before all work had ended")

// serverGrace is how long servers may finish requests after the workers ended.
const serverGrace = 2 * time.Second

// runParts opens the parts, calls ready, and runs them until ctx ends or one
// fails. Then it stops them within the drain deadline.
func runParts(ctx context.Context, w *wire, parts []part, drain time.Duration, ready func()) error {
	log := telemetry.Log(ctx)
	base := context.WithoutCancel(ctx)
	workers, stopWorkers := context.WithCancel(base)
	defer stopWorkers()
	servers, stopServers := context.WithCancel(base)
	defer stopServers()

	var work, serve errgroup.Group
	failed := make(chan error, len(parts))
	for _, p := range parts {
		run, err := p.open(base, w)
		if err != nil {
			return fmt.Errorf("start %s: %w", p.name, err)
		}
		group, life := &work, workers
		if p.server {
			group, life = &serve, servers
		}
		group.Go(func() error {
			err := run(life)
			if err == nil && life.Err() == nil {
				err = errors.New("it ended by itself")
			}
			if err != nil && !errors.Is(err, context.Canceled) {
				err = fmt.Errorf("%s: %w", p.name, err)
				failed <- err
				return err
			}
			return nil
		})
	}
	ready()

	var cause error
	select {
	case <-ctx.Done():
		log.Info().Dur("deadline_ms", drain).Msg("Stopping: finishing what is in hand")
	case cause = <-failed:
		log.Error().Err(cause).Msg("Stopping: a part failed")
	}
	ended := make(chan error, 1)
	go func() {
		stopWorkers()
		err := work.Wait()
		stopServers()
		ended <- errors.Join(err, serve.Wait())
	}()
	select {
	case err := <-ended:
		if cause == nil {
			cause = err
		}
	case <-time.After(drain):
		log.Warn().Msg(errDrain.Error())
	}
	if cause == nil {
		log.Info().Msg("Stopped")
	}
	return cause
}
