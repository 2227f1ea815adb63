// Package collection groups any number of jobs of a tenant: one progress, one ZIP in
// parts, one event at the end.
//
// A collection is open until it is closed: then no job joins it any more, and it ends
// when all of its jobs have ended and its ZIP is made. Its counters are those of its
// jobs, read when they are asked for. Deleting a collection leaves its jobs as they are;
// deleting a job takes it out of its collections, with the ZIPs that hold its pictures.
package collection

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/opal-photo/opal/modules/blob"
	"github.com/opal-photo/opal/modules/db"
	"github.com/opal-photo/opal/modules/fault"
)

// The states of a collection. An open one takes jobs; a processing one waits for the end
// of its jobs and for its ZIP; the others have ended.
const (
	Open       = "open"
	Processing = "processing"
	Completed  = "completed" // all of its jobs are completed
	Partial    = "partial"   // some pictures are there
	Failed     = "failed"    // no picture is there, and a job failed
	Cancelled  = "cancelled"

	deleted = "deleted" // it is shown to nobody, and goes when its files have gone
)

// The states of a collection's ZIP.
const (
	NoZIP      = "none"
	ZIPPending = "pending"
	ZIPReady   = "ready"
	ZIPFailed  = "failed"
)

const (
	// MaxJobs bounds the jobs of a collection.
	MaxJobs = 10_000
	// MaxOpen bounds a tenant's collections that have not ended.
	MaxOpen = 1000
	// MaxAdded bounds the jobs of one call.
	MaxAdded = 1000
	// MaxName bounds a collection's name, in characters.
	MaxName = 200
)

// Errors of callers.
var (
	ErrNotFound = fault.New(fault.NotFound, "collection_not_found", "There is no such collection")
	ErrName     = fault.New(fault.Invalid, "collection_name_invalid", fmt.Sprintf("A collection's name has at most %d characters, without control characters", MaxName))
	ErrJob      = fault.New(fault.Invalid, "collection_job_unknown", "The collection can't take a job that does not exist")
	ErrClosed   = fault.New(fault.Conflict, "collection_closed", "The collection is closed; make another for more jobs")
	ErrFull     = fault.New(fault.Conflict, "collection_full", fmt.Sprintf("A collection holds at most %d jobs; make another", MaxJobs))
	ErrTooMany  = fault.New(fault.RateLimited, "collections_full", fmt.Sprintf("%d collections have not ended; close or delete some first", MaxOpen))
	ErrNoZIP    = fault.New(fault.NotFound, "collection_zip_not_ready", "The collection's ZIP is not there: it is made when the collection is closed and all of its jobs have ended, and again when that is asked for")
	ErrUnended  = fault.New(fault.Conflict, "collection_not_ended", "The collection has not ended; its ZIP is made when it does")
	ErrEmpty    = fault.New(fault.Conflict, "collection_empty", "The collection has no finished picture, so there is nothing to put into a ZIP")
	ErrCursor   = fault.New(fault.Invalid, "cursor_invalid", "The cursor is not one that this call returned")
)

// ZIPs makes the ZIPs of collections: the export module does.
type ZIPs interface {
	// AskForZIP asks for a collection's ZIP under a round, in the caller's transaction.
	// The end is told by Service.ZIPEnded.
	AskForZIP(ctx context.Context, tx *db.Tx, z ZIP) error
	// ForgetZIPs deletes the records of a collection's ZIPs. A worker that is making one
	// loses it.
	ForgetZIPs(ctx context.Context, tx *db.Tx, collectionID string) error
	// ZIPPaths returns the paths of the files of a collection's ZIPs.
	ZIPPaths(ctx context.Context, collectionID string) ([]string, error)
}

// ZIP asks for the ZIP of a collection. Its message names one of the completed items.
type ZIP struct {
	TenantID, CollectionID, CorrelationID string

	JobID, ItemID string
	Round         int
}

// Ended tells of a collection's end.
type Ended struct {
	TenantID, CollectionID, Status string
	Progress                       Progress
	Deleted                        bool // it was deleted before its end, and has no status
}

// Options are what a Service is made of.
type Options struct {
	DB      *db.DB
	ZIPs    ZIPs
	Blobs   blob.Store
	Exports string // the container of ZIPs
	// Ended is called in the transaction that ends a collection, or deletes one that has not
	// ended; nil: it isn't.
	Ended func(ctx context.Context, tx *db.Tx, e Ended) error
}

// Service holds the collections of all tenants. It is safe for concurrent use.
type Service struct{ Options }

// New returns a service.
func New(o Options) *Service { return &Service{o} }

// NewCollection asks for a collection.
type NewCollection struct {
	ID            string // "": a new one; when it is there already, the request was carried out before
	TenantID      string
	CorrelationID string
	Name          string
	JobIDs        []string // that are there; with Closed set no other comes
	Closed        bool
}

// Progress is the sum over a collection's jobs.
type Progress struct {
	Jobs     int
	OpenJobs int // that have not ended

	Total, Open, Completed, Failed, Cancelled int // items
	OpenExports, DoneExports, FailedExports   int
}

// Collection is a group of jobs.
type Collection struct {
	CollectionID  string
	TenantID      string
	CorrelationID string
	Name          string
	Status        string
	ZIP           string
	Progress      Progress
	CreatedAt     time.Time
	UpdatedAt     time.Time
	FinishedAt    *time.Time
}

// Ended reports whether the collection has ended.
func (c Collection) Ended() bool { return c.Status != Open && c.Status != Processing }

// NewID returns the id of a collection that is to be made.
func NewID() string { return uuid.Must(uuid.NewV7()).String() }

// Create makes a collection. Errors: ErrName, ErrJob, ErrTooMany.
func (s *Service) Create(ctx context.Context, n NewCollection) (Collection, error) {
	id := cmp.Or(n.ID, NewID())
	err := s.DB.InTx(ctx, func(tx *db.Tx) error { return s.create(ctx, tx, id, n) })
	if db.IsUnique(err) && n.ID != "" { // the same request, at the same time
		err = nil
	}
	if err != nil {
		return Collection{}, fmt.Errorf("create a collection: %w", err)
	}
	return s.Get(ctx, n.TenantID, id)
}

func (s *Service) create(ctx context.Context, tx *db.Tx, id string, n NewCollection) error {
	if !fault.IsLine(n.Name, MaxName) {
		return ErrName
	}
	var there bool
	if err := tx.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM collections WHERE collection_id = $1)`, id).Scan(&there); err != nil || there {
		return err
	}
	var open int
	if err := tx.QueryRowContext(ctx, `SELECT count(*) FROM collections WHERE tenant_id = $1 AND status IN ('open', 'processing')`, n.TenantID).Scan(&open); err != nil {
		return err
	}
	if open >= MaxOpen {
		return ErrTooMany
	}
	if _, err := tx.ExecContext(ctx, `INSERT INTO collections (collection_id, tenant_id, correlation_id, name, status, created_at, updated_at)
		VALUES ($1, $2, $3, $4, 'open', now_ms(), now_ms())`, id, n.TenantID, n.CorrelationID, n.Name); err != nil {
		return err
	}
	if err := s.add(ctx, tx, n.TenantID, id, n.JobIDs); err != nil || !n.Closed {
		return err
	}
	return s.close(ctx, tx, id)
}

// CreateIn makes an open collection in the caller's transaction, whatever is open: of an import, which
// has limits of its own.
func (s *Service) CreateIn(ctx context.Context, tx *db.Tx, n NewCollection) error {
	if _, err := tx.ExecContext(ctx, `INSERT INTO collections (collection_id, tenant_id, correlation_id, name, status, created_at, updated_at)
		VALUES ($1, $2, $3, $4, 'open', now_ms(), now_ms())`, n.ID, n.TenantID, n.CorrelationID, n.Name); err != nil {
		return fmt.Errorf("create a collection: %w", err)
	}
	return nil
}

// lock returns a collection's state and keeps it until the transaction ends.
func lock(ctx context.Context, tx *db.Tx, tenantID, id string) (status string, err error) {
	err = tx.QueryRowContext(ctx, `SELECT status FROM collections WHERE collection_id = $1 AND tenant_id = $2 AND status <> 'deleted'`+tx.ForUpdate(), id, tenantID).Scan(&status)
	if errors.Is(err, sql.ErrNoRows) {
		return "", ErrNotFound
	}
	return status, err
}

// Add puts jobs that are there into a collection. Repeated, it changes nothing. Errors:
// ErrNotFound, ErrJob, ErrClosed, ErrFull.
func (s *Service) Add(ctx context.Context, tenantID, id string, jobIDs []string) (Collection, error) {
	err := s.DB.InTx(ctx, func(tx *db.Tx) error {
		if _, err := lock(ctx, tx, tenantID, id); err != nil {
			return err
		}
		return s.add(ctx, tx, tenantID, id, jobIDs)
	})
	if err != nil {
		return Collection{}, fmt.Errorf("add to collection %s: %w", id, err)
	}
	return s.Get(ctx, tenantID, id)
}

// add puts jobs into a collection whose row is locked, or new.
func (s *Service) add(ctx context.Context, tx *db.Tx, tenantID, id string, jobIDs []string) error {
	for _, jobID := range jobIDs {
		var there bool
		if err := tx.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM jobs WHERE job_id = $1 AND tenant_id = $2)`, jobID, tenantID).Scan(&there); err != nil {
			return err
		}
		if !there {
			return ErrJob.With("%.64q", jobID)
		}
		if err := s.join(ctx, tx, id, jobID); err != nil {
			return err
		}
	}
	return nil
}

func (s *Service) join(ctx context.Context, tx *db.Tx, id, jobID string) error {
	var there bool
	var last int
	var status string
	if err := tx.QueryRowContext(ctx, `SELECT status, EXISTS (SELECT 1 FROM collection_jobs WHERE collection_id = $1 AND job_id = $2),
		(SELECT COALESCE(max(position), 0) FROM collection_jobs WHERE collection_id = $1) FROM collections WHERE collection_id = $1`, id, jobID).Scan(&status, &there, &last); err != nil {
		return err
	}
	switch {
	case there:
		return nil
	case status != Open:
		return ErrClosed
	case last >= MaxJobs:
		return ErrFull
	}
	if _, err := tx.ExecContext(ctx, `INSERT INTO collection_jobs (collection_id, job_id, position) VALUES ($1, $2, $3)`, id, jobID, last+1); err != nil {
		return err
	}
	return touch(ctx, tx, id)
}

func touch(ctx context.Context, tx *db.Tx, id string) error {
	_, err := tx.ExecContext(ctx, `UPDATE collections SET updated_at = now_ms() WHERE collection_id = $1`, id)
	return err
}

// Join puts a job into a collection in the transaction that makes the job. Errors:
// ErrNotFound, ErrClosed, ErrFull.
func (s *Service) Join(ctx context.Context, tx *db.Tx, tenantID, collectionID, jobID string) error {
	if _, err := lock(ctx, tx, tenantID, collectionID); err != nil {
		return err
	}
	return s.join(ctx, tx, collectionID, jobID)
}

// Close says that no other job comes: the collection ends with its jobs. Repeated, it
// changes nothing.
func (s *Service) Close(ctx context.Context, tenantID, id string) (Collection, error) {
	if err := s.DB.InTx(ctx, func(tx *db.Tx) error { return s.CloseIn(ctx, tx, tenantID, id) }); err != nil {
		return Collection{}, fmt.Errorf("close collection %s: %w", id, err)
	}
	return s.Get(ctx, tenantID, id)
}

// CloseIn closes a collection in the caller's transaction.
func (s *Service) CloseIn(ctx context.Context, tx *db.Tx, tenantID, id string) error {
	status, err := lock(ctx, tx, tenantID, id)
	if err != nil || status != Open {
		return err
	}
	return s.close(ctx, tx, id)
}

func (s *Service) close(ctx context.Context, tx *db.Tx, id string) error {
	if _, err := tx.ExecContext(ctx, `UPDATE collections SET status = 'processing', updated_at = now_ms() WHERE collection_id = $1`, id); err != nil {
		return err
	}
	return s.settle(ctx, tx, id)
}

// Delete deletes a collection with its ZIP. Its jobs and their pictures stay.
func (s *Service) Delete(ctx context.Context, tenantID, id string) error {
	err := s.DB.InTx(ctx, func(tx *db.Tx) error {
		status, err := lock(ctx, tx, tenantID, id)
		if err != nil {
			return err
		}
		if s.Ended != nil && !(Collection{Status: status}).Ended() {
			all, err := s.progress(ctx, tx, id)
			if err != nil {
				return err
			}
			if err := s.Ended(ctx, tx, Ended{TenantID: tenantID, CollectionID: id, Progress: all[id], Deleted: true}); err != nil {
				return err
			}
		}
		return s.delete(ctx, tx, id)
	})
	if err != nil {
		return fmt.Errorf("delete collection %s: %w", id, err)
	}
	return nil
}

// Remake has the ZIP of an ended collection made again, of the pictures as they are now.
// Errors: ErrNotFound, ErrUnended, ErrEmpty.
func (s *Service) Remake(ctx context.Context, tenantID, id string) (Collection, error) {
	err := s.DB.InTx(ctx, func(tx *db.Tx) error {
		status, err := lock(ctx, tx, tenantID, id)
		if err != nil {
			return err
		}
		if !(Collection{Status: status}).Ended() {
			return ErrUnended
		}
		c, err := s.load(ctx, tx, id)
		if err != nil || c.zip == ZIPPending {
			return err
		}
		asked, err := s.ask(ctx, tx, c)
		if err == nil && !asked {
			return ErrEmpty
		}
		return err
	})
	if err != nil {
		return Collection{}, fmt.Errorf("make the ZIP of collection %s: %w", id, err)
	}
	return s.Get(ctx, tenantID, id)
}
