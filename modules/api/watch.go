package api

import (
	"context"
	"encoding/json"
	"sync"

	"github.com/opal-photo/opal/modules/client"
	"github.com/opal-photo/opal/modules/job"
)

// view is the state of a whole job at a change, as event streams send it.
type view struct {
	changes  int64 // the job's counter, read before the job itself
	progress []byte
	items    client.Progress
	status   string
	finished bool
}

// watched is a job that streams of this process watch. They share its newest view,
// so that a change costs one load of the job and not one a stream.
type watched struct {
	streams int
	mu      sync.Mutex // held while the job is loaded
	newest  *view
}

// watches are the jobs that are watched, by tenant and id.
type watches struct {
	mu sync.Mutex
	by map[[2]string]*watched
}

// enter adds a stream to those that watch a job. leave is called when it ends.
func (w *watches) enter(tenantID, jobID string) (shared *watched, leave func()) {
	key := [2]string{tenantID, jobID}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.by == nil {
		w.by = map[[2]string]*watched{}
	}
	if w.by[key] == nil {
		w.by[key] = &watched{}
	}
	shared = w.by[key]
	shared.streams++
	return shared, func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		if shared.streams--; shared.streams == 0 {
			delete(w.by, key)
		}
	}
}

// at returns a view of at least the given number of changes.
func (w *watched) at(ctx context.Context, jobs Jobs, tenantID, jobID string, changes int64) (*view, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.newest != nil && w.newest.changes >= changes {
		return w.newest, nil
	}
	j, err := jobs.Get(ctx, tenantID, jobID)
	if err != nil {
		return nil, err
	}
	w.newest, err = viewOf(j, changes)
	return w.newest, err
}

func viewOf(j job.Job, changes int64) (*view, error) {
	p := progressOf(j)
	b, err := json.Marshal(p)
	if err != nil {
		return nil, err
	}
	return &view{changes: changes, progress: b, items: p, status: j.Status, finished: j.FinishedAt != nil}, nil
}
