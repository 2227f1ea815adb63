package api

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/rs/zerolog"

	"github.com/opal-photo/opal/modules/billing"
	"github.com/opal-photo/opal/modules/brand"
	"github.com/opal-photo/opal/modules/channel"
	"github.com/opal-photo/opal/modules/check"
	"github.com/opal-photo/opal/modules/check/proof"
	"github.com/opal-photo/opal/modules/client"
	"github.com/opal-photo/opal/modules/collection"
	"github.com/opal-photo/opal/modules/db"
	"github.com/opal-photo/opal/modules/egress"
	"github.com/opal-photo/opal/modules/event"
	"github.com/opal-photo/opal/modules/export"
	"github.com/opal-photo/opal/modules/fault"
	"github.com/opal-photo/opal/modules/intake"
	"github.com/opal-photo/opal/modules/intake/feed"
	"github.com/opal-photo/opal/modules/job"
	"github.com/opal-photo/opal/modules/picture"
	"github.com/opal-photo/opal/modules/preflight"
	"github.com/opal-photo/opal/modules/share"
	"github.com/opal-photo/opal/modules/telemetry"
	"github.com/opal-photo/opal/modules/tenant"
	"github.com/opal-photo/opal/modules/webhook"
)

// memoryJobs keeps jobs in memory: these tests are about the edge, and the job
// module's own are about jobs.
type memoryJobs struct {
	reexported []job.Reexport
	changed    []job.Change
	making     int // looks until the second version is completed
	mu         sync.Mutex
	jobs       map[string]*job.Job
	events     []event.Event
	bodies     [][]byte
	last       job.NewJob
	filter     job.Filter // of the last list
	fail       error
	panics     bool

	gets, looks, reads int               // calls of Get, Changes and After
	seen               map[string]string // each job as it was at the last look
	changes            map[string]int64

	deleted map[string][]job.Deletion // by tenant
}

// memoryChecks completes what comes with a mask, and leaves the rest to a worker that
// ends it before the second look.
type memoryChecks struct {
	mu     sync.Mutex
	checks map[string]preflight.Check
	last   preflight.NewCheck
	read   []byte
}

func (m *memoryChecks) Create(_ context.Context, n preflight.NewCheck) (preflight.Check, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	b, err := io.ReadAll(n.Picture.Body)
	if err != nil {
		return preflight.Check{}, err
	}
	m.last, m.read = n, b
	c := preflight.Check{CheckID: uuid.Must(uuid.NewV7()).String(), TenantID: n.TenantID, Filename: n.Filename, Status: preflight.Queued, CreatedAt: time.Now()}
	if n.Mask != nil {
		c.Status, c.Result = preflight.Completed, &preflight.Result{Verdict: check.Warned, Format: "jpeg", Presets: []preflight.PresetVerdict{
			{Preset: "ebay", Verdict: check.Warned, Checks: []check.Check{{Rule: "long_side", Measured: "1 px", Wanted: "at least 500 px", Severity: "warn"}}}}}
	}
	m.checks[c.CheckID] = c
	return c, nil
}

func (m *memoryChecks) Get(_ context.Context, tenantID, checkID string) (preflight.Check, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	c, ok := m.checks[checkID]
	if !ok || c.TenantID != tenantID {
		return preflight.Check{}, preflight.ErrNotFound
	}
	ended := c
	ended.Status = preflight.Failed
	m.checks[checkID] = ended
	return c, nil
}

// fixedDead has one dead letter.
type fixedDead struct{}

func (fixedDead) List(context.Context, string, int) ([]client.DeadLetter, error) {
	return []client.DeadLetter{{Queue: "jobs", ID: "m", Reason: "poison", Body: "x", Encoding: "text"}}, nil
}
func (fixedDead) Queues(context.Context) ([]client.QueueState, error) {
	return []client.QueueState{{Queue: "jobs", Waiting: 3, Dead: 1}}, nil
}
func (fixedDead) Redrive(_ context.Context, _ string, ids ...string) (int, error) {
	return len(ids), nil
}
func (fixedDead) Purge(_ context.Context, _ string, ids ...string) (int, error) { return len(ids), nil }

func newMemoryJobs() *memoryJobs {
	return &memoryJobs{jobs: map[string]*job.Job{}, deleted: map[string][]job.Deletion{}}
}

func (m *memoryJobs) Create(_ context.Context, n job.NewJob) (job.Job, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.panics {
		panic("a defect with s3cret in it")
	}
	if m.fail != nil {
		return job.Job{}, m.fail
	}
	m.last = n
	j := &job.Job{JobID: uuid.Must(uuid.NewV7()).String(), TenantID: n.TenantID, BrandProfileID: n.BrandProfileID, Status: job.JobCreated,
		CorrelationID: n.CorrelationID, Presets: n.Presets, Options: n.Options, CreatedAt: time.Now().UTC()}
	for _, it := range n.Items {
		if strings.ContainsAny(it.Filename, `/\`) {
			return job.Job{}, job.ErrFilename.With("%q", it.Filename)
		}
		for i := range max(1, it.SceneCount, len(it.SceneTypes)) {
			j.Items = append(j.Items, job.Item{ItemID: uuid.Must(uuid.NewV7()).String(), Filename: it.Filename, Status: job.ItemCreated, Product: it.Product,
				SceneIndex: i, SceneType: "studio", ScenePrompt: it.ScenePrompt, Steps: []job.Step{}})
		}
	}
	m.jobs[j.JobID] = j
	m.event(j, "job.created")
	return *j, nil
}

func (m *memoryJobs) Plan(_ context.Context, n job.NewJob) (job.Job, error) {
	if m.fail != nil {
		return job.Job{}, m.fail
	}
	j := job.Job{TenantID: n.TenantID}
	for _, it := range n.Items {
		j.Items = append(j.Items, job.Item{Filename: it.Filename, Product: it.Product, SceneType: "studio", ScenePrompt: it.ScenePrompt})
	}
	return j, nil
}

func (m *memoryJobs) event(j *job.Job, kind string) {
	m.events = append(m.events, event.Event{ID: uuid.Must(uuid.NewV7()).String(), Type: kind, TenantID: j.TenantID, JobID: j.JobID, Data: json.RawMessage(`{"n":1}`)})
}

func (m *memoryJobs) job(tenantID, jobID string) (*job.Job, error) {
	if m.fail != nil {
		return nil, m.fail
	}
	if j := m.jobs[jobID]; j != nil && j.TenantID == tenantID {
		return j, nil
	}
	return nil, job.ErrJobNotFound
}

func (m *memoryJobs) item(tenantID, jobID, itemID string) (*job.Item, error) {
	if m.fail != nil {
		return nil, m.fail
	}
	for _, j := range m.jobs {
		for i := range j.Items {
			if j.TenantID == tenantID && (jobID == "" || j.JobID == jobID) && j.Items[i].ItemID == itemID {
				return &j.Items[i], nil
			}
		}
	}
	return nil, job.ErrItemNotFound
}

func (m *memoryJobs) UploadURL(_ context.Context, r job.UploadRequest) (string, string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, err := m.item(r.TenantID, r.JobID, r.ItemID); err != nil {
		return "", "", err
	}
	path := r.TenantID + "/" + r.JobID + "/" + r.ItemID + "/" + uuid.NewString()
	return "http://blobs.test/raw/" + path, path, nil
}

func (m *memoryJobs) RenamePhoto(_ context.Context, tenantID, jobID, itemID, filename string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	it, err := m.item(tenantID, jobID, itemID)
	if err == nil {
		it.Filename = filename
	}
	return err
}

func (m *memoryJobs) Complete(_ context.Context, tenantID, jobID, itemID string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	it, err := m.item(tenantID, jobID, itemID)
	if err == nil {
		it.Status = job.ItemQueued
	}
	return err
}

func (m *memoryJobs) Direct(_ context.Context, tenantID, jobID, itemID, filename string, size int64, body io.Reader) (string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	it, err := m.item(tenantID, jobID, itemID)
	if err != nil {
		return "", err
	}
	photo, err := io.ReadAll(body)
	if err != nil || int64(len(photo)) != size {
		return "", fmt.Errorf("%d bytes of %d: %w", len(photo), size, err)
	}
	it.Status = job.ItemUploaded
	m.bodies = append(m.bodies, photo)
	return tenantID + "/" + filename, nil
}

func (m *memoryJobs) onJob(tenantID, jobID string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	_, err := m.job(tenantID, jobID)
	return err
}

func (m *memoryJobs) Enqueue(_ context.Context, tenantID, jobID string) error {
	return m.onJob(tenantID, jobID)
}

func (m *memoryJobs) Cancel(_ context.Context, tenantID, jobID string) error {
	return m.onJob(tenantID, jobID)
}

func (m *memoryJobs) Rename(_ context.Context, tenantID, jobID, name string) (job.Job, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	j, err := m.job(tenantID, jobID)
	if err != nil {
		return job.Job{}, err
	}
	j.Name = name
	return *j, nil
}

func (m *memoryJobs) CancelItem(_ context.Context, tenantID, jobID, itemID string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	it, err := m.item(tenantID, jobID, itemID)
	if err != nil {
		return err
	}
	if it.Status == job.ItemCompleted {
		return job.ErrItemEnded
	}
	it.Status = job.ItemCancelled
	return nil
}

func (m *memoryJobs) Preview(ctx context.Context, tenantID, jobID, itemID string) ([]byte, error) {
	return m.Thumbnail(ctx, tenantID, jobID, itemID)
}

func (m *memoryJobs) PhotoThumbnail(ctx context.Context, tenantID, jobID, itemID string) ([]byte, error) {
	b, err := m.Thumbnail(ctx, tenantID, jobID, itemID)
	return append(b, "photo"...), err
}

func (m *memoryJobs) Pace(context.Context) (job.Pace, error) {
	return job.Pace{First: 12 * time.Second, Each: 4500 * time.Millisecond}, nil
}

func (m *memoryJobs) Thumbnail(_ context.Context, tenantID, jobID, itemID string) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, err := m.item(tenantID, jobID, itemID); err != nil {
		return nil, err
	}
	return []byte("RIFF"), nil
}

func (m *memoryJobs) Delete(_ context.Context, tenantID, jobID string) (job.Deletion, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, err := m.job(tenantID, jobID); err != nil {
		return job.Deletion{}, err
	}
	d := job.Deletion{DeletionID: "d" + jobID, JobID: jobID, Reason: job.DeletedOnRequest}
	m.deleted[tenantID] = append(m.deleted[tenantID], d)
	delete(m.jobs, jobID)
	return d, nil
}

func (m *memoryJobs) Deletion(_ context.Context, tenantID, deletionID string) (job.Deletion, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, d := range m.deleted[tenantID] {
		if d.DeletionID == deletionID {
			return d, nil
		}
	}
	return job.Deletion{}, job.ErrNoDeletion
}

func (m *memoryJobs) Deletions(_ context.Context, tenantID, cursor string, limit int) ([]job.Deletion, string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.deleted[tenantID], "", nil
}

func (*memoryJobs) Kept(context.Context, string) (job.Kept, error) {
	return job.Kept{Days: 7, Own: true, Service: 20, Waits: 24 * time.Hour}, nil
}

func (m *memoryJobs) Retry(_ context.Context, a job.Again) (job.Item, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	it, err := m.item(a.TenantID, a.JobID, a.ItemID)
	if err != nil {
		return job.Item{}, err
	}
	again := *it
	again.ItemID, again.Status, again.RetryOf = uuid.Must(uuid.NewV7()).String(), job.ItemQueued, &it.ItemID
	m.jobs[a.JobID].Items = append(m.jobs[a.JobID].Items, again)
	return again, nil
}

func (m *memoryJobs) RemakeItem(_ context.Context, o job.Other) (job.Item, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := o.Steering.Check(); err != nil {
		return job.Item{}, err
	}
	it, err := m.item(o.TenantID, o.JobID, o.ItemID)
	if err != nil {
		return job.Item{}, err
	}
	again := *it
	again.ItemID, again.Status, again.RemakeOf, again.Steering = uuid.Must(uuid.NewV7()).String(), job.ItemQueued, &o.ItemID, o.Steering
	m.jobs[o.JobID].Items = append(m.jobs[o.JobID].Items, again)
	return again, nil
}

func (m *memoryJobs) Decide(_ context.Context, d job.Decision) (job.Item, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	it, err := m.item(d.TenantID, d.JobID, d.ItemID)
	if err != nil {
		return job.Item{}, err
	}
	now := time.Now()
	it.Review = &job.Review{State: d.State, Note: d.Note, DecidedAt: &now, By: d.By, Guest: d.Guest}
	return *it, nil
}

func (m *memoryJobs) Reexport(_ context.Context, r job.Reexport) (job.Item, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	it, err := m.item(r.TenantID, r.JobID, r.ItemID)
	if err != nil {
		return job.Item{}, err
	}
	if it.Status != job.ItemCompleted {
		return job.Item{}, job.ErrNotExportable
	}
	m.reexported = append(m.reexported, r)
	return *it, nil
}

func (m *memoryJobs) ChangeCutout(_ context.Context, c job.Change) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	it, err := m.item(c.TenantID, c.JobID, c.ItemID)
	switch {
	case err != nil:
		return err
	case it.Status != job.ItemCompleted:
		return job.ErrNoCutout
	case (c.Hints == nil) == (c.Restore == 0):
		return job.ErrHintsMissing
	}
	if c.Hints != nil {
		if err := c.Hints.Check(0, 0); err != nil {
			return err
		}
	}
	m.changed = append(m.changed, c)
	return nil
}

func (m *memoryJobs) Versions(_ context.Context, tenantID, jobID, itemID string) ([]job.Version, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, err := m.item(tenantID, jobID, itemID); err != nil {
		return nil, err
	}
	second := job.Version{Version: 2, Status: job.VersionCompleted, Hints: &picture.Hints{}}
	if m.making > 0 {
		m.making--
		second.Status = job.VersionProcessing
	}
	return []job.Version{{Version: 1, Status: job.VersionCompleted, Current: true}, second}, nil
}

// Changes counts how often a job differed from the previous call.
func (m *memoryJobs) Changes(_ context.Context, tenantID, jobID string) (int64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.looks++
	j, err := m.job(tenantID, jobID)
	if err != nil {
		return 0, err
	}
	b, err := json.Marshal(j)
	if err != nil {
		return 0, err
	}
	if m.seen == nil {
		m.seen, m.changes = map[string]string{}, map[string]int64{}
	}
	if m.seen[jobID] != string(b) {
		m.seen[jobID] = string(b)
		m.changes[jobID]++
	}
	return m.changes[jobID], nil
}

// calls returns how often jobs were loaded, looked at, and asked for events.
func (m *memoryJobs) calls() (gets, looks, reads int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.gets, m.looks, m.reads
}

func (m *memoryJobs) Get(_ context.Context, tenantID, jobID string) (job.Job, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.gets++
	j, err := m.job(tenantID, jobID)
	if err != nil {
		return job.Job{}, err
	}
	c := *j
	c.Items = slices.Clone(j.Items)
	return c, nil
}

func (m *memoryJobs) Page(_ context.Context, tenantID, jobID string, p job.Part) ([]job.Item, bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	j, err := m.job(tenantID, jobID)
	if err != nil {
		return nil, false, err
	}
	all := slices.DeleteFunc(slices.Clone(j.Items), func(it job.Item) bool {
		return len(p.IDs) > 0 && !slices.Contains(p.IDs, it.ItemID) || it.UpdatedAt.Before(p.Changed)
	})
	from := min(p.From, len(all))
	end := min(from+p.Limit, len(all))
	return all[from:end], end < len(all), nil
}

func (m *memoryJobs) Item(_ context.Context, tenantID, jobID, itemID string) (job.Item, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	j, err := m.job(tenantID, jobID)
	if err != nil {
		return job.Item{}, job.ErrItemNotFound
	}
	for _, it := range j.Items {
		if it.ItemID == itemID {
			return it, nil
		}
	}
	return job.Item{}, job.ErrItemNotFound
}

func (m *memoryJobs) Items(_ context.Context, tenantID string, f job.Filter) ([]job.Found, string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.filter = f
	var out []job.Found
	for _, j := range m.jobs {
		for _, it := range j.Items {
			named := (f.JobID == "" || f.JobID == j.JobID) && (f.IDs == nil || slices.Contains(f.IDs, it.ItemID)) && (len(f.Status) == 0 || !slices.Contains(f.Status, job.ItemCompleted) || it.Status == job.ItemCompleted)
			if j.TenantID == tenantID && named && len(out) < max(1, f.Limit) {
				out = append(out, job.Found{JobID: j.JobID, Item: it})
			}
		}
	}
	return out, "", nil
}

func (m *memoryJobs) List(_ context.Context, tenantID string, f job.Filter) ([]job.Job, string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.filter = f
	cursor, limit := f.Cursor, f.Limit
	if m.fail != nil {
		return nil, "", m.fail
	}
	var out []job.Job
	for _, j := range m.jobs {
		if j.TenantID == tenantID && (cursor == "" || j.JobID < cursor) {
			out = append(out, *j)
		}
	}
	slices.SortFunc(out, func(a, b job.Job) int { return strings.Compare(b.JobID, a.JobID) })
	if len(out) > limit {
		return out[:limit], out[limit-1].JobID, nil
	}
	return out, "", nil
}

func (m *memoryJobs) url(tenantID, itemID, kind string) (string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	it, err := m.item(tenantID, "", itemID)
	if err != nil {
		return "", err
	}
	if it.Status != job.ItemCompleted {
		return "", job.ErrOutputMissing
	}
	return "http://blobs.test/" + kind + "/" + itemID, nil
}

func (m *memoryJobs) OutputURL(_ context.Context, tenantID, itemID string) (string, error) {
	return m.url(tenantID, itemID, "output")
}

func (m *memoryJobs) CutoutURL(_ context.Context, tenantID, itemID string) (string, error) {
	return m.url(tenantID, itemID, "cutout")
}

func (m *memoryJobs) RawURL(_ context.Context, tenantID, itemID string) (string, error) {
	return m.url(tenantID, itemID, "raw")
}

func (m *memoryJobs) ExportURL(_ context.Context, tenantID, jobID string) (url, name string, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	j, err := m.job(tenantID, jobID)
	if err != nil {
		return "", "", err
	}
	if j.ExportBlobPath == nil {
		return "", "", job.ErrExportMissing
	}
	return "http://blobs.test/" + *j.ExportBlobPath, j.Name, nil
}

func (m *memoryJobs) Of(_ context.Context, tenantID, after string, limit int) ([]event.Event, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []event.Event
	for _, e := range m.events {
		if e.TenantID == tenantID && e.ID > after && len(out) < limit {
			out = append(out, e)
		}
	}
	return out, nil
}

func (m *memoryJobs) After(_ context.Context, tenantID, jobID, after string, limit int) ([]event.Event, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.reads++
	var out []event.Event
	for _, e := range m.events {
		if e.TenantID == tenantID && e.JobID == jobID && e.ID > after && len(out) < limit {
			out = append(out, e)
		}
	}
	return out, nil
}

// finish ends a job with everything completed.
func (m *memoryJobs) finish(jobID string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	j := m.jobs[jobID]
	now, zip := time.Now().UTC(), "exports/"+jobID+".zip"
	j.Status, j.FinishedAt, j.ExportBlobPath = job.JobCompleted, &now, &zip
	for i := range j.Items {
		path, confidence := "outputs/x.png", 0.91
		j.Items[i].Status, j.Items[i].OutputBlobPath, j.Items[i].Confidence = job.ItemCompleted, &path, &confidence
		j.Items[i].Steps = []job.Step{{Attempt: 1, Step: "cutout", Status: "done"}}
	}
	m.event(j, "job.finished")
}

// fixedExports has one variant for each completed item.
type fixedExports struct{ jobs *memoryJobs }

func (f fixedExports) List(ctx context.Context, tenantID, jobID string) ([]export.Export, error) {
	j, err := f.jobs.Get(ctx, tenantID, jobID)
	if err != nil {
		return nil, nil
	}
	var out []export.Export
	for _, it := range j.Items {
		if it.Status == job.ItemCompleted {
			out = append(out, export.Export{ItemID: it.ItemID, Preset: "etsy", Status: "completed", Format: "jpeg", Width: 2000, Height: 2000, Bytes: 7,
				Checks: []check.Check{{Rule: "min_side", Passed: true}},
				Proof:  &export.Proof{Delivered: proof.Delivered{SSIM: .99, Shift: .02, Pixels: 9}, Limits: proof.DefaultLimits, Within: true, Held: true}})
		}
	}
	return out, nil
}

// CollectionParts has none.
func (fixedExports) CollectionParts(context.Context, string, string, string) ([]export.Part, error) {
	return nil, nil
}

// noZIPs makes no ZIPs of collections.
type noZIPs struct{}

func (noZIPs) AskForZIP(context.Context, *db.Tx, collection.ZIP) error { return nil }
func (noZIPs) ForgetZIPs(context.Context, *db.Tx, string) error        { return nil }
func (noZIPs) ZIPPaths(context.Context, string) ([]string, error)      { return nil, nil }

// fixedImports has one import, which is paused, and one row of each kind.
type fixedImports struct{}

const importID = "0198f7a0-0000-7000-8000-00000000000e"

func (fixedImports) Create(_ context.Context, n intake.NewImport) (intake.Import, error) {
	if strings.ContainsAny(n.Filename, "/\n") {
		return intake.Import{}, intake.ErrImportFile
	}
	return intake.Import{ImportID: importID, TenantID: n.TenantID, Status: intake.Created, UploadURL: "http://127.0.0.1:1/raw/x"}, nil
}
func (fixedImports) Preview(_ context.Context, n intake.NewImport, read func() ([]byte, error)) (intake.Preview, error) {
	var table []byte
	if n.SourceURL == "" {
		var err error
		if table, err = read(); err != nil {
			return intake.Preview{}, err
		}
	}
	p := intake.Preview{Format: "csv", Rows: 4, Photos: 3, Products: 2, Wrong: 1, Errors: []intake.RowError{{Row: 2, Line: 3, Code: "row_duplicate", Message: "x"}}}
	p.First = []feed.Entry{{Row: 1, Line: 2, Photo: feed.Photo{File: string(table), URL: n.SourceURL, Product: picture.Product{SKU: n.Wishes.Brand}}}}
	for _, count := range []int{2, 1} {
		p.Orders = append(p.Orders, intake.Order{Job: job.NewJob{TenantID: n.TenantID, Presets: n.Wishes.Presets, Items: []job.NewItem{{Filename: "a.jpg", SceneTypes: n.Wishes.Scenes}}}, Photos: count})
	}
	return p, nil
}
func (fixedImports) Get(_ context.Context, tenantID, id string) (intake.Import, error) {
	if id != importID || tenantID != "t1" {
		return intake.Import{}, intake.ErrImportNotFound
	}
	return intake.Import{ImportID: id, TenantID: tenantID, Status: intake.Paused, Rows: new(3), RowsDone: 1, ErrorCode: new("insufficient_credits")}, nil
}
func (fixedImports) List(_ context.Context, tenantID string, f intake.ImportFilter) ([]intake.Import, string, error) {
	if f.Cursor != "" {
		return nil, "", intake.ErrCursor
	}
	return []intake.Import{{ImportID: importID, TenantID: tenantID, Status: intake.Queued, Cancelling: true}}, "", nil
}
func (m fixedImports) Start(ctx context.Context, tenantID, id string) (intake.Import, error) {
	return m.Get(ctx, tenantID, id)
}
func (m fixedImports) Resume(ctx context.Context, tenantID, id string) (intake.Import, error) {
	return m.Get(ctx, tenantID, id)
}
func (m fixedImports) Cancel(ctx context.Context, tenantID, id string) (intake.Import, error) {
	return m.Get(ctx, tenantID, id)
}
func (m fixedImports) Uploads(ctx context.Context, tenantID, id, _ string, _ int) ([]intake.Upload, string, bool, error) {
	if _, err := m.Get(ctx, tenantID, id); err != nil {
		return nil, "", false, err
	}
	return []intake.Upload{{Row: 1, File: "a/b.jpg", JobID: "j", ItemID: "i", URL: "http://127.0.0.1:1/raw/y"}}, "99", true, nil
}
func (m fixedImports) Errors(ctx context.Context, tenantID, id, _ string, _ int) ([]intake.RowError, string, error) {
	if _, err := m.Get(ctx, tenantID, id); err != nil {
		return nil, "", err
	}
	return []intake.RowError{{Row: 2, Line: 3, Code: "row_duplicate", Message: "x"}}, "", nil
}
func (fixedImports) WriteErrors(_ context.Context, _, _ string, to io.Writer) error {
	_, err := io.WriteString(to, "file,error\r\na.jpg,x\r\n")
	return err
}

// OfItems has one variant for each item.
func (f fixedExports) OfItems(_ context.Context, _ string, itemIDs []string) ([]export.Export, error) {
	return each(itemIDs, func(id string) export.Export { return export.Export{ItemID: id, Preset: "etsy", Status: "completed"} }), nil
}

// Parts cuts each ZIP in two.
func (f fixedExports) Parts(ctx context.Context, tenantID, jobID, _ string) ([]export.Part, error) {
	u, _, err := f.jobs.ExportURL(ctx, tenantID, jobID)
	return []export.Part{{URL: u, Bytes: 7}, {URL: u + ".2", Bytes: 5}}, err
}

// Outdated says so of every ZIP.
func (fixedExports) Outdated(context.Context, string, string) (bool, error) { return true, nil }

// CollectionOutdated says so of none.
func (fixedExports) CollectionOutdated(context.Context, string, string) (bool, error) {
	return false, nil
}

// Files has one file for a job.
func (f fixedExports) Files(_ context.Context, tenantID, jobID string) ([]export.File, error) {
	return []export.File{{Entry: export.Entry{File: "etsy/=mug.jpg", ItemID: "i", Source: "=mug.jpg", Status: "completed"}, URL: "https://store.example/" + tenantID + "/" + jobID}}, nil
}

func (f fixedExports) URL(ctx context.Context, tenantID, itemID, preset string) (string, error) {
	if preset != "etsy" {
		return "", job.ErrOutputMissing
	}
	return f.jobs.OutputURL(ctx, tenantID, itemID)
}

// house is an API for tests: jobs in memory, and real brands, keys and
// idempotency.
type house struct {
	*server
	handler http.Handler
	jobs    *memoryJobs
	tenants *tenant.Service
	log     *lockedBuffer
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(b)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// anyLogo takes every file for the PNG of a logo.
type anyLogo struct{}

func (anyLogo) Logo(_ context.Context, file []byte) ([]byte, error) { return file, nil }

func newHouse(t testing.TB, change ...func(o *Options)) *house {
	t.Helper()
	d := testDB(t)
	tenants, err := tenant.New(d, []byte("a pepper that is long enough"))
	if err != nil {
		t.Fatal(err)
	}
	h := &house{jobs: newMemoryJobs(), tenants: tenants, log: &lockedBuffer{}}
	o := Options{
		Jobs: h.jobs, Uploads: h.jobs, Downloads: h.jobs, Deletions: h.jobs, Events: h.jobs, Brands: brand.New(d, nil), Plates: shelf{brand.NewPlates(d, noFiles{})}, Previews: noPictures{h.jobs}, Logos: anyLogo{},
		Presets: channel.Presets(), Exports: fixedExports{h.jobs}, Keys: tenants, Idempotency: tenants, Sessions: tenants,
		Scenes: []string{"studio", "nature"}, Meters: telemetry.NewRegistry(), Log: telemetry.NewLogger(h.log, zerolog.InfoLevel, "api"),
		Checks:  []Check{{Name: "database", Critical: true, Probe: d.Ping}},
		Billing: billingOf(billing.New(billing.Options{DB: d})), Dead: fixedDead{}, Operators: "t1",
		Webhooks:      webhook.New(webhook.Options{DB: d, URLs: egress.NewURLs([]netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}), Secret: []byte("s"), Types: []string{"item.completed", "job.finished"}}),
		Collections:   collection.New(collection.Options{DB: d, ZIPs: noZIPs{}}),
		Imports:       fixedImports{},
		Shares:        share.NewService(d),
		PictureChecks: &memoryChecks{checks: map[string]preflight.Check{}},
		Settings:      []SettingGroup{{Title: "The <workers>", Settings: []SettingRow{{Name: "WORKER_LEASE", Doc: "How long.", Default: "45s", Rule: "at least 10s"}}}},
	}
	for _, c := range change {
		c(&o)
	}
	if h.server, err = build(o); err != nil {
		t.Fatal(err)
	}
	h.handler = documented(t, h.server, h.edge())
	return h
}

// text returns the OpenAPI document.
func (h *house) text(t testing.TB) []byte {
	t.Helper()
	b, err := h.openAPI()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// billingOf returns a service as the parts that the API takes.
func billingOf(b *billing.Service) *Billing { return &Billing{Books: b, Payments: b, Accounts: b} }

// withKeys is AUTH_MODE=api-key.
func withKeys(o *Options) { o.Auth = APIKeys{Check: o.Keys.(*tenant.Service).Authenticate} }

// key makes a key of a tenant, which is made when it is new.
func (h *house) key(t testing.TB, tenantID string, scopes ...tenant.Scope) (text string, k tenant.Key) {
	t.Helper()
	if _, err := h.tenants.Create(context.Background(), tenantID, ""); err != nil && fault.KindOf(err) != fault.Conflict {
		t.Fatal(err)
	}
	k, text, err := h.tenants.CreateKey(context.Background(), tenantID, tenant.NewKey{Scopes: scopes})
	if err != nil {
		t.Fatal(err)
	}
	return text, k
}

// answer is a response, read.
type answer struct {
	status int
	header http.Header
	body   string
}

func (a answer) json(t testing.TB) map[string]any {
	t.Helper()
	var v map[string]any
	if err := json.Unmarshal([]byte(a.body), &v); err != nil {
		t.Fatalf("%d %q: %v", a.status, a.body, err)
	}
	return v
}

// do sends a request; headers come in pairs.
func (h *house) do(t testing.TB, method, target, body string, headers ...string) answer {
	t.Helper()
	var r io.Reader
	if body != "" {
		r = strings.NewReader(body)
	}
	req := httptest.NewRequest(method, target, r)
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		if headers[i+1] == "" {
			req.Header.Del(headers[i])
		} else {
			req.Header.Set(headers[i], headers[i+1])
		}
	}
	w := httptest.NewRecorder()
	h.handler.ServeHTTP(w, req)
	return answer{w.Code, w.Header(), w.Body.String()}
}

// make creates a job and returns its id and that of its first item.
func (h *house) make(t testing.TB, tenantID string, headers ...string) (jobID, itemID string) {
	t.Helper()
	a := h.do(t, "POST", "/v1/jobs", fmt.Sprintf(`{"tenant_id":%q,"items":[{"filename":"a.jpg"}]}`, tenantID), headers...)
	if a.status != 200 {
		t.Fatalf("create: %d %s", a.status, a.body)
	}
	v := a.json(t)
	return v["job_id"].(string), v["items"].([]any)[0].(map[string]any)["item_id"].(string)
}

// wantProblem checks that an answer is a whole problem document.
func wantProblem(t *testing.T, what string, a answer, status int, code string) {
	t.Helper()
	if a.status != status || a.header.Get("Content-Type") != problemType {
		t.Errorf("%s: %d %s %s, want %d %s", what, a.status, a.header.Get("Content-Type"), a.body, status, problemType)
		return
	}
	p := a.json(t)
	if p["code"] != code || p["status"] != float64(status) || p["title"] == "" || p["detail"] == "" || p["correlation_id"] != a.header.Get(CorrelationHeader) || p["correlation_id"] == "" {
		t.Errorf("%s: %s, want code %s and correlation id %s", what, a.body, code, a.header.Get(CorrelationHeader))
	}
	if _, ok := p["$schema"]; ok {
		t.Errorf("%s: has $schema", what)
	}
}

// The services that app passes in implement the API's interfaces.
var (
	_ Jobs        = (*job.Service)(nil)
	_ Uploads     = (*job.Service)(nil)
	_ Downloads   = (*job.Service)(nil)
	_ Deletions   = (*job.Service)(nil)
	_ Exports     = (*export.Service)(nil)
	_ Brands      = (*brand.Service)(nil)
	_ Keys        = (*tenant.Service)(nil)
	_ Idempotency = (*tenant.Service)(nil)
)
