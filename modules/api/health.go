package api

import (
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/opal-photo/opal/modules/client"
	"github.com/opal-photo/opal/modules/fault"
)

// Check probes a dependency. While a critical one is down the service isn't
// ready.
type Check struct {
	Name     string
	Critical bool
	Probe    func(ctx context.Context) error
}

const (
	healthPath = "/healthz"
	readyPath  = "/readyz"

	probeTimeout = 2 * time.Second
	probeFresh   = 2 * time.Second // how long a result is returned without checking again
)

// health holds the last results.
type health struct {
	checks []Check
	mu     sync.Mutex
	at     time.Time
	found  client.Health
}

func newHealth(checks []Check) *health { return &health{checks: checks} }

// look checks all dependencies in parallel, or returns the result of a moment
// ago. Its deadline is its own, so that a caller who hangs up does not end the
// check for others.
func (h *health) look() client.Health {
	h.mu.Lock()
	defer h.mu.Unlock()
	if time.Since(h.at) < probeFresh && h.found.Dependencies != nil {
		return h.found
	}
	ctx, cancel := context.WithTimeout(context.Background(), probeTimeout)
	defer cancel()
	deps := make([]client.Dependency, len(h.checks))
	done := make(chan int, len(h.checks))
	began := time.Now()
	for i, c := range h.checks {
		deps[i] = client.Dependency{Status: "down", Critical: c.Critical, Millis: probeTimeout.Milliseconds(), Code: "timeout"}
	}
	found := make([]client.Dependency, len(h.checks))
	for i, c := range h.checks {
		go func() {
			found[i] = probe(ctx, c, began)
			done <- i
		}()
	}
	for range h.checks {
		select {
		case i := <-done:
			deps[i] = found[i]
		case <-ctx.Done(): // one that ignores its context stays "down"
		}
	}
	h.found = client.Health{Status: "ok", Ready: true, Dependencies: make(map[string]client.Dependency, len(h.checks))}
	for i, c := range h.checks {
		h.found.Dependencies[c.Name] = deps[i]
		if deps[i].Status != "ok" {
			h.found.Status = "degraded"
			h.found.Ready = h.found.Ready && !c.Critical
		}
	}
	h.at = time.Now()
	return h.found
}

func probe(ctx context.Context, c Check, began time.Time) (d client.Dependency) {
	d = client.Dependency{Status: "down", Critical: c.Critical, Code: "internal"}
	defer func() {
		_ = recover() // a probe that panics found its dependency down
		d.Millis = time.Since(began).Milliseconds()
	}()
	if err := c.Probe(ctx); err != nil {
		d.Code = fault.CodeOf(err)
		return d
	}
	return client.Dependency{Status: "ok", Critical: c.Critical}
}

type healthOutput struct {
	Status       int
	CacheControl string `header:"Cache-Control"`
	Body         client.Health
}

func healthRoutes(r *Routes) {
	Add(r, Route{Method: http.MethodGet, Path: healthPath, ID: "health", Summary: "Whether the service runs, and how its dependencies are", Tag: tagHealth, Public: true},
		func(context.Context, *struct{}) (*healthOutput, error) {
			return &healthOutput{Status: http.StatusOK, CacheControl: "no-store", Body: r.s.health.look()}, nil
		})
	Add(r, Route{Method: http.MethodGet, Path: readyPath, ID: "ready", Summary: "Whether the service can take requests; 503 if not", Tag: tagHealth, Public: true},
		func(context.Context, *struct{}) (*healthOutput, error) {
			o := &healthOutput{Status: http.StatusOK, CacheControl: "no-store", Body: r.s.health.look()}
			if !o.Body.Ready {
				o.Status = http.StatusServiceUnavailable
			}
			return o, nil
		})
}
