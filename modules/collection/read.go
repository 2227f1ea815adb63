package collection

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/opal-photo/opal/modules/db"
	"github.com/opal-photo/opal/modules/db/paging"
)

const columns = `collection_id, tenant_id, correlation_id, name, status, zip, created_at, updated_at, finished_at`

func scan(r interface{ Scan(dest ...any) error }) (Collection, error) {
	var c Collection
	var created, updated int64
	var finished sql.NullInt64
	if err := r.Scan(&c.CollectionID, &c.TenantID, &c.CorrelationID, &c.Name, &c.Status, &c.ZIP, &created, &updated, &finished); err != nil {
		return Collection{}, err
	}
	c.CreatedAt, c.UpdatedAt, c.FinishedAt = db.Time(created), db.Time(updated), db.MaybeTime(finished)
	return c, nil
}

// Get returns a collection; ErrNotFound for another tenant's.
func (s *Service) Get(ctx context.Context, tenantID, id string) (Collection, error) {
	c, err := scan(s.DB.QueryRowContext(ctx, `SELECT `+columns+` FROM collections WHERE collection_id = $1 AND tenant_id = $2 AND status <> 'deleted'`, id, tenantID))
	if errors.Is(err, sql.ErrNoRows) {
		return Collection{}, ErrNotFound
	}
	if err != nil {
		return Collection{}, fmt.Errorf("load collection %s: %w", id, err)
	}
	all, err := s.progress(ctx, s.DB, id)
	c.Progress = all[id]
	return c, err
}

// progress sums up the jobs of collections.
func (s *Service) progress(ctx context.Context, q db.Querier, ids ...string) (map[string]Progress, error) {
	out := make(map[string]Progress, len(ids))
	if len(ids) == 0 {
		return out, nil
	}
	args, places := make([]any, len(ids)), make([]string, len(ids))
	for i, id := range ids {
		args[i], places[i] = id, "$"+strconv.Itoa(i+1)
	}
	sum := func(column string) string { return `CAST(sum(` + column + `) AS BIGINT)` }
	rows, err := q.QueryContext(ctx, `SELECT m.collection_id, count(*), `+sum(`CASE WHEN j.finished_at IS NULL THEN 1 ELSE 0 END`)+`, `+sum(`j.total`)+`, `+sum(`j.open_items`)+`, `+
		sum(`j.done_items`)+`, `+sum(`j.failed_items`)+`, `+sum(`j.cancelled_items`)+`, `+sum(`j.open_exports`)+`, `+sum(`j.done_exports`)+`, `+sum(`j.failed_exports`)+`
		FROM collection_jobs m JOIN jobs j ON j.job_id = m.job_id WHERE m.collection_id IN (`+strings.Join(places, `, `)+`) GROUP BY m.collection_id`, args...)
	if err != nil {
		return nil, fmt.Errorf("sum up collections: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var id string
		var p Progress
		if err := rows.Scan(&id, &p.Jobs, &p.OpenJobs, &p.Total, &p.Open, &p.Completed, &p.Failed, &p.Cancelled, &p.OpenExports, &p.DoneExports, &p.FailedExports); err != nil {
			return nil, fmt.Errorf("sum up collections: %w", err)
		}
		out[id] = p
	}
	return out, rows.Err()
}

// Filter says which of a tenant's collections a list shows, and which page of it.
type Filter struct {
	Status []string // any of them; empty: all
	Query  string   // a part of the name; capitals don't matter
	Cursor string   // of the page before; "": the first page
	Limit  int      // 1 to 200; 0: 50
}

// cursorID matches the ids in cursors.
var cursorID = regexp.MustCompile(`^[0-9a-f-]{36}$`)

// List returns a tenant's collections, newest first, and the cursor of the next page (""
// on the last). Errors: ErrCursor.
func (s *Service) List(ctx context.Context, tenantID string, f Filter) (page []Collection, next string, err error) {
	f.Limit = paging.Size(f.Limit)
	before, beforeID, ok := paging.After(f.Cursor, cursorID)
	if !ok {
		return nil, "", ErrCursor
	}
	args := []any{tenantID, before, beforeID, f.Limit + 1}
	where := ``
	if f.Query != "" {
		args = append(args, "%"+paging.Like(f.Query)+"%")
		where += ` AND lower(name) LIKE lower($` + strconv.Itoa(len(args)) + `) ESCAPE '\'`
	}
	if len(f.Status) > 0 {
		places := make([]string, len(f.Status))
		for i, one := range f.Status {
			args = append(args, one)
			places[i] = "$" + strconv.Itoa(len(args))
		}
		where += ` AND status IN (` + strings.Join(places, `, `) + `)`
	}
	rows, err := s.DB.QueryContext(ctx, `SELECT `+columns+` FROM collections WHERE tenant_id = $1 AND (created_at, collection_id) < ($2, $3) AND status <> 'deleted'`+where+
		` ORDER BY created_at DESC, collection_id DESC LIMIT $4`, args...)
	if err != nil {
		return nil, "", fmt.Errorf("list collections: %w", err)
	}
	defer rows.Close()
	page = []Collection{}
	var ids []string
	for rows.Next() {
		c, err := scan(rows)
		if err != nil {
			return nil, "", fmt.Errorf("list collections: %w", err)
		}
		page, ids = append(page, c), append(ids, c.CollectionID)
	}
	if err := rows.Err(); err != nil {
		return nil, "", fmt.Errorf("list collections: %w", err)
	}
	if len(page) > f.Limit {
		page, ids = page[:f.Limit], ids[:f.Limit]
		last := page[f.Limit-1]
		next = paging.Cursor(last.CreatedAt, last.CollectionID)
	}
	all, err := s.progress(ctx, s.DB, ids...)
	for i := range page {
		page[i].Progress = all[page[i].CollectionID]
	}
	return page, next, err
}

// Jobs returns the ids of a collection's jobs in their order.
func (s *Service) Jobs(ctx context.Context, collectionID string) ([]string, error) {
	ids, err := texts(ctx, s.DB, `SELECT job_id FROM collection_jobs WHERE collection_id = $1 ORDER BY position`, collectionID)
	if err != nil {
		return nil, fmt.Errorf("load the jobs of collection %s: %w", collectionID, err)
	}
	return ids, nil
}

// Oldest returns how long the oldest collection has waited for its ZIP alone: closed,
// with all jobs ended.
func (s *Service) Oldest(ctx context.Context) (time.Duration, error) {
	return db.Age(ctx, s.DB, `SELECT min(updated_at) FROM collections WHERE status = 'processing' AND zip = 'pending'`)
}
