package job

import (
	"context"
	"database/sql"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/opal-photo/opal/modules/db/paging"
	"github.com/opal-photo/opal/modules/fault"
)

// Filter says which of a tenant's jobs or items a list shows, and which page of it. The
// zero value is the first page of all.
type Filter struct {
	Status []string // any of them; empty: all
	Query  string   // a part of a file name, SKU, GTIN, ASIN or title, or the beginning of an id; case doesn't matter
	Brand  string   // brand profile
	SKU    string
	From   time.Time // made then or later
	To     time.Time // made before

	Collection  string    // in this collection
	Presets     []string  // ordered for any of these; empty: for whatever
	NeedsReview *bool     // items: whether a person has yet to look
	Decision    string    // items: those that people decided so; "": all
	JobID       string    // items: of one job
	IDs         []string  // items: only these, up to some hundred; nil: all
	Standing    bool      // items: without those whose place another's picture took
	Changed     time.Time // items: those that changed then or later, or whose job did
	Plain       bool      // items: without their timelines

	Cursor string // of the page before; "": the first page
	Limit  int    // 1 to MaxPage; 0: 50
}

// MaxPage bounds the page of a list.
const MaxPage = paging.Most

// ErrCursor says that a cursor is not one that List or Items returned.
var ErrCursor = fault.New(fault.Invalid, "cursor_invalid", "The cursor is not one that this call returned")

// query builds the conditions of a list.
type query struct {
	where []string
	args  []any
}

// add adds a condition. Each %s stands for one of the values.
func (q *query) add(condition string, values ...any) {
	names := make([]any, len(values))
	for i, v := range values {
		q.args = append(q.args, v)
		names[i] = "$" + strconv.Itoa(len(q.args))
	}
	q.where = append(q.where, fmt.Sprintf(condition, names...))
}

// places returns so many places for values.
func places(n int) string { return strings.TrimSuffix(strings.Repeat(`%s, `, n), `, `) }

// shared adds the conditions that jobs and items have in common. id is the column of
// the id by which rows of one moment are ordered.
func (f Filter) shared(tenantID, id string) (*query, error) {
	before, beforeID, ok := paging.After(f.Cursor, cursorID)
	if !ok {
		return nil, ErrCursor
	}
	q := &query{}
	q.add(`tenant_id = %s`, tenantID)
	q.add(`(created_at, `+id+`) < (%s, %s)`, before, beforeID)
	if len(f.Status) > 0 {
		values := make([]any, len(f.Status))
		for i, s := range f.Status {
			values[i] = s
		}
		q.add(`status IN (`+places(len(values))+`)`, values...)
	}
	if f.Collection != "" {
		q.add(`job_id IN (SELECT job_id FROM collection_jobs WHERE collection_id = %s)`, f.Collection)
	}
	if !f.From.IsZero() {
		q.add(`created_at >= %s`, f.From.UnixMilli())
	}
	if !f.To.IsZero() {
		q.add(`created_at < %s`, f.To.UnixMilli())
	}
	return q, nil
}

// ordered is a condition on jobs, with its values: they were ordered for one of the presets,
// which a job keeps as a JSON array.
func (f Filter) ordered() (condition string, values []any) {
	for _, name := range f.Presets {
		values = append(values, `%"`+paging.Like(name)+`"%`)
	}
	return `(` + strings.TrimSuffix(strings.Repeat(`presets LIKE %s ESCAPE '\' OR `, len(values)), ` OR `) + `)`, values
}

// says is a condition on items: one of their texts holds what is sought.
const says = `lower(COALESCE(filename, '') || ' ' || COALESCE(sku, '') || ' ' || COALESCE(gtin, '') || ' ' || COALESCE(asin, '') || ' ' || COALESCE(title, '')) LIKE lower(%s) ESCAPE '\'`

// List returns a tenant's jobs without their items, newest first, and the cursor of the
// next page ("" on the last).
func (s *Service) List(ctx context.Context, tenantID string, f Filter) (jobs []Job, next string, err error) {
	q, err := f.shared(tenantID, "job_id")
	if err != nil {
		return nil, "", err
	}
	if f.Brand != "" {
		q.add(`brand_profile_id = %s`, f.Brand)
	}
	if len(f.Presets) > 0 {
		ordered, values := f.ordered()
		q.add(ordered, values...)
	}
	if f.SKU != "" {
		q.add(`job_id IN (SELECT job_id FROM items WHERE tenant_id = %s AND sku = %s)`, tenantID, f.SKU)
	}
	if f.Query != "" {
		text := paging.Like(f.Query)
		q.add(`(job_id LIKE lower(%s) ESCAPE '\' OR EXISTS (SELECT 1 FROM items i WHERE i.job_id = jobs.job_id AND `+says+`))`, text+"%", "%"+text+"%")
	}
	return page(ctx, s, q, `SELECT `+jobColumns+` FROM jobs`, `created_at DESC, job_id DESC`, f.Limit, func(rows *sql.Rows) (j Job, cursor string, err error) {
		j, err = scanJob(rows)
		return j, paging.Cursor(j.CreatedAt, j.JobID), err
	})
}

// page reads a page of the rows that a query selects, in an order, and the cursor of the next
// one ("" on the last). scan reads a row, and gives the cursor of the page that begins after it.
func page[T any](ctx context.Context, s *Service, q *query, selects, order string, limit int,
	scan func(rows *sql.Rows) (one T, cursor string, err error),
) (all []T, next string, err error) {
	limit = paging.Size(limit)
	rows, err := s.DB.QueryContext(ctx, selects+` WHERE `+strings.Join(q.where, ` AND `)+` ORDER BY `+order+` LIMIT `+strconv.Itoa(limit+1), q.args...)
	if err != nil {
		return nil, "", fmt.Errorf("list: %w", err)
	}
	defer rows.Close()
	all = []T{}
	for rows.Next() {
		one, cursor, err := scan(rows)
		if err != nil {
			return nil, "", fmt.Errorf("list: %w", err)
		}
		if len(all) == limit { // there is more after the last one
			return all, next, nil
		}
		all, next = append(all, one), cursor
	}
	if err := rows.Err(); err != nil {
		return nil, "", fmt.Errorf("list: %w", err)
	}
	return all, "", nil
}

// Found is an item of a list over all jobs.
type Found struct {
	JobID string
	Item
}

// Items returns a tenant's items of all jobs with their timelines, unless Plain leaves them out,
// newest first, and the cursor of the next page ("" on the last).
func (s *Service) Items(ctx context.Context, tenantID string, f Filter) (items []Found, next string, err error) {
	q, err := f.shared(tenantID, "item_id")
	if err != nil {
		return nil, "", err
	}
	if f.JobID != "" {
		q.add(`job_id = %s`, f.JobID)
	}
	if f.IDs != nil {
		ids := make([]any, len(f.IDs))
		for i, id := range f.IDs {
			ids[i] = id
		}
		if len(ids) == 0 {
			q.add(`FALSE`)
		} else {
			q.add(`item_id IN (`+places(len(ids))+`)`, ids...)
		}
	}
	if f.Standing {
		q.add(`superseded_by IS NULL AND left_out_at IS NULL`)
	}
	if f.Brand != "" {
		q.add(`job_id IN (SELECT job_id FROM jobs WHERE tenant_id = %s AND brand_profile_id = %s)`, tenantID, f.Brand)
	}
	if f.SKU != "" {
		q.add(`sku = %s`, f.SKU)
	}
	if len(f.Presets) > 0 {
		ordered, values := f.ordered()
		q.add(`job_id IN (SELECT job_id FROM jobs WHERE tenant_id = %s AND `+ordered+`)`, append([]any{tenantID}, values...)...)
	}
	if f.Decision != "" {
		q.add(`EXISTS (SELECT 1 FROM reviews r WHERE r.item_id = items.item_id AND r.decision = %s)`, f.Decision)
	}
	if !f.Changed.IsZero() {
		at := f.Changed.UnixMilli()
		q.add(`(updated_at >= %s OR EXISTS (SELECT 1 FROM reviews r WHERE r.item_id = items.item_id AND r.decided_at >= %s)
			OR EXISTS (SELECT 1 FROM jobs j WHERE j.job_id = items.job_id AND j.updated_at >= %s))`, at, at, at)
	}
	if f.NeedsReview != nil {
		// of what was left out, or failed, there is nothing to look at
		const waits = `(needs_review AND status NOT IN ('cancelled', 'failed') AND NOT EXISTS (SELECT 1 FROM reviews r WHERE r.item_id = items.item_id))`
		if *f.NeedsReview {
			q.add(waits)
		} else {
			q.add(`NOT ` + waits)
		}
	}
	if f.Query != "" {
		text := paging.Like(f.Query)
		q.add(`(item_id LIKE lower(%s) ESCAPE '\' OR `+says+`)`, text+"%", "%"+text+"%")
	}
	items, next, err = page(ctx, s, q, `SELECT job_id, `+itemColumns+` FROM items`, `created_at DESC, item_id DESC`, f.Limit, func(rows *sql.Rows) (one Found, cursor string, err error) {
		one.Item, err = scanItem(prefixed{rows, &one.JobID})
		return one, paging.Cursor(one.CreatedAt, one.ItemID), err
	})
	if err != nil {
		return nil, "", err
	}
	waits := func(yield func(string, *Item) bool) {
		for i := range items {
			if !yield(items[i].JobID, &items[i].Item) {
				return
			}
		}
	}
	if err := tellWaits(ctx, s.DB, waits); err != nil {
		return nil, "", err
	}
	if f.Plain {
		return items, next, nil
	}
	return items, next, s.itemTimelines(ctx, items)
}

func (s *Service) itemTimelines(ctx context.Context, items []Found) error {
	if len(items) == 0 {
		return nil
	}
	ids, at := make([]any, len(items)), make(map[string]*Item, len(items))
	for i := range items {
		ids[i], at[items[i].ItemID] = items[i].ItemID, &items[i].Item
	}
	q := &query{}
	q.add(`t.item_id IN (`+places(len(ids))+`)`, ids...)
	rows, err := s.DB.QueryContext(ctx, `SELECT `+stepColumns+` FROM item_steps t WHERE `+q.where[0]+` ORDER BY t.attempt, t.started_at, `+stepOrder, q.args...)
	if err != nil {
		return fmt.Errorf("load timelines: %w", err)
	}
	return addSteps(rows, at)
}

// cursorID matches the ids in cursors; those of v0.2.1 have another form.
var cursorID = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)
