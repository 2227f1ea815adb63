package batch

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/opal-photo/opal/modules/channel"
	"github.com/opal-photo/opal/modules/check"
	"github.com/opal-photo/opal/modules/check/proof"
	"github.com/opal-photo/opal/modules/picture"
	"github.com/opal-photo/opal/modules/pipeline"
	"github.com/opal-photo/opal/modules/provenance"
)

// reportName is the report's file in the folder of the results.
const reportName = "report.json"

// The states of a run.
const (
	Running     = "running"
	Finished    = "finished"
	Interrupted = "interrupted"
)

// The statuses of an item.
const (
	Pending   = "pending" // not begun, or interrupted
	Completed = "completed"
	Failed    = "failed"
	Rejected  = "rejected" // of a variant
	skipped   = "skipped"  // one of OPAL's own results; never in a report
)

// Report is report.json: what a run was asked for, and what came of each photo. It is
// written anew as items end, so that a run that is killed leaves one.
type Report struct {
	Tool       string     `json:"tool"` // "opal"
	Command    string     `json:"command"`
	Version    string     `json:"version"`
	State      string     `json:"state"`
	StartedAt  time.Time  `json:"started_at"`
	EndedAt    *time.Time `json:"ended_at"`
	DurationMS int64      `json:"duration_ms"`
	Options    Options    `json:"options"`
	Totals     Totals     `json:"totals"`
	Items      []*Item    `json:"items"`
	// PassedOver are files that are OPAL's own results and not photos.
	PassedOver []string `json:"passed_over,omitempty"`
	// Delivery are the files under their channels' names, and the manifests.
	Delivery []File `json:"delivery,omitempty"`
	// Earlier are files of runs before, in the same folder, that this run didn't
	// make anew.
	Earlier []File `json:"earlier,omitempty"`
}

// Totals count items.
type Totals struct {
	Photos      int `json:"photos"`
	Items       int `json:"items"`
	Completed   int `json:"completed"`
	Reused      int `json:"reused"` // of the completed: taken from a run before
	Failed      int `json:"failed"`
	PassedOver  int `json:"passed_over"`
	Pending     int `json:"pending"`
	NeedsReview int `json:"needs_review"`
	Variants    int `json:"variants"`
	BrokenRules int `json:"broken_rules"` // checks that variants didn't pass, of all severities
	Rejected    int `json:"rejected"`     // variants that their channel refuses
	Warned      int `json:"warned"`       // variants that break a rule by which it shows them less well
}

// File is a file that a run made.
type File struct {
	Path   string `json:"path"` // below the report's folder, with slashes
	SHA256 string `json:"sha256"`
	Bytes  int    `json:"bytes"`
}

// Item is one photo in one scene.
type Item struct {
	File         string   `json:"file"` // the photo, as it was named
	Scene        string   `json:"scene"`
	SKU          string   `json:"sku,omitempty"`
	SetID        string   `json:"set_id,omitempty"` // photos of one SKU that have the same one keep one scale and one crop
	Status       string   `json:"status"`
	Reused       bool     `json:"reused,omitempty"`
	Error        *string  `json:"error"`
	Code         *string  `json:"code,omitempty"`
	SHA256       string   `json:"sha256,omitempty"` // of the photo
	Key          string   `json:"key,omitempty"`    // of the photo and of all that its picture depends on
	Output       string   `json:"output,omitempty"`
	Confidence   *float64 `json:"confidence"`
	NeedsReview  bool     `json:"needs_review"`
	ReviewReason string   `json:"review_reason,omitempty"`
	// Concerns are what may be wrong with the cut-out and where, in pixels of the photo.
	Concerns []picture.Concern  `json:"concerns,omitempty"`
	Fidelity *pipeline.Fidelity `json:"fidelity"`
	Steps    map[string]int64   `json:"step_ms"`
	Variants []Variant          `json:"variants"`
	Files    []File             `json:"files,omitempty"`
}

// Variant is one preset's file.
type Variant struct {
	Preset string `json:"preset"`
	File   string `json:"file"`
	Width  int    `json:"width"`
	Height int    `json:"height"`
	Bytes  int    `json:"bytes"`
	// Status is completed, or rejected when it breaks a rule by which its channel
	// refuses it. The file is there all the same.
	Status   string            `json:"status"`
	Fidelity *proof.Delivered  `json:"fidelity"`                  // of the product in the file; null where nothing was cut out
	Place    *provenance.Place `json:"place,omitempty"`           // where the file shows the product of the photo
	Unlit    *proof.Delivered  `json:"fidelity_unlit,omitempty"`  // Fidelity with the scene's light taken for a change; absent where none fell on the product
	Limits   *proof.Limits     `json:"fidelity_limits,omitempty"` // that Fidelity has to keep
	Checks   []check.Check     `json:"checks"`
}

// count sums the items up.
func (r *Report) count() {
	t := Totals{Items: len(r.Items), PassedOver: len(r.PassedOver)}
	photos := map[string]bool{}
	for _, it := range r.Items {
		photos[it.File] = true
		switch it.Status {
		case Completed:
			t.Completed++
		case Failed:
			t.Failed++
		default:
			t.Pending++
		}
		if it.Reused {
			t.Reused++
		}
		if it.NeedsReview {
			t.NeedsReview++
		}
		t.Variants += len(it.Variants)
		for _, v := range it.Variants {
			switch check.Worst(v.Checks) {
			case channel.Reject:
				t.Rejected++
			case channel.Warn:
				t.Warned++
			}
			for _, c := range v.Checks {
				if !c.Passed {
					t.BrokenRules++
				}
			}
		}
	}
	t.Photos = len(photos)
	r.Totals = t
}

// all are the files that a report names.
func (r *Report) all() []File {
	out := slices.Concat(r.Earlier, r.Delivery)
	for _, it := range r.Items {
		out = append(out, it.Files...)
	}
	return out
}

// maxReport bounds a report that is read.
const maxReport = 256 << 20

// loadReport reads a report that OPAL wrote; nil when there is none.
func loadReport(path string) (*Report, error) {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil || !info.Mode().IsRegular() || info.Size() > maxReport {
		return nil, ErrReport.With("it is not a file of a run")
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	var r Report
	if err := json.Unmarshal(b, &r); err != nil || r.Items == nil {
		return nil, ErrReport.With("OPAL didn't write it")
	}
	for i, it := range r.Items {
		if it == nil {
			r.Items[i] = &Item{}
		}
	}
	return &r, nil
}

// adopt adds what a report says of its files to what is known as OPAL's own.
func (o *own) adopt(r *Report) {
	if o.hashes == nil {
		o.hashes = map[string]bool{}
	}
	for _, f := range r.all() {
		if f.SHA256 != "" {
			o.hashes[f.SHA256] = true
		}
	}
}

// journal keeps the report on disk as the items end.
type journal struct {
	folder *folder
	mu     sync.Mutex
	report *Report
	next   time.Time // before which it is not written again
}

// costShare bounds the time that a large report takes to be written: a twentieth.
const costShare = 20

// slowWrite is how long a write takes after which the report waits for the next one. Tests change it.
var slowWrite = 10 * time.Millisecond

// update changes the report and writes it, now or with a later update.
func (j *journal) update(change func(r *Report)) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	change(j.report)
	began := time.Now()
	if began.Before(j.next) {
		return nil
	}
	err := j.write()
	if took := time.Since(began); took > slowWrite {
		j.next = time.Now().Add(costShare * took)
	}
	return err
}

// end changes the report for the last time and writes it.
func (j *journal) end(state string) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	now := time.Now().UTC()
	j.report.State, j.report.EndedAt = state, &now
	return j.write()
}

// write replaces the report as a whole; the caller holds the lock.
func (j *journal) write() error {
	j.report.sort()
	j.report.count()
	j.report.DurationMS = time.Since(j.report.StartedAt).Milliseconds()
	b, err := json.MarshalIndent(j.report, "", "  ")
	if err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	temp := ".opal-" + rand.Text() + ".part"
	err = j.folder.root.WriteFile(temp, append(b, '\n'), 0o644)
	if err == nil {
		err = j.folder.root.Rename(temp, reportName)
	}
	if err != nil {
		_ = j.folder.root.Remove(temp)
		return fmt.Errorf("write the report %s: %w", j.folder.shown(reportName), err)
	}
	return nil
}
