package job

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// Part selects some of a job's items.
type Part struct {
	IDs     []string  // only these, up to some hundred; empty: all
	Changed time.Time // only those that changed then or later, or were decided on; zero: all
	From    int       // how many are passed over
	Limit   int       // how many are returned at most, above 0
}

// Page returns a part of a job's items in their order, without their timelines, and
// whether there are more behind it.
func (s *Service) Page(ctx context.Context, tenantID, jobID string, p Part) (items []Item, more bool, err error) {
	if _, err := getJob(ctx, s.DB, tenantID, jobID); err != nil {
		return nil, false, err
	}
	q := &query{}
	q.add(`job_id = %s`, jobID)
	if len(p.IDs) > 0 {
		ids := make([]any, len(p.IDs))
		for i, id := range p.IDs {
			ids[i] = id
		}
		q.add(`item_id IN (`+places(len(ids))+`)`, ids...)
	}
	if !p.Changed.IsZero() {
		since := p.Changed.UnixMilli()
		q.add(`(updated_at >= %s OR item_id IN (SELECT r.item_id FROM reviews r WHERE r.job_id = %s AND r.decided_at >= %s))`, since, jobID, since)
	}
	at := len(q.args)
	rows, err := s.DB.QueryContext(ctx, fmt.Sprintf(`SELECT `+itemColumns+` FROM items WHERE `+strings.Join(q.where, ` AND `)+` ORDER BY position LIMIT $%d OFFSET $%d`, at+1, at+2),
		append(q.args, p.Limit+1, p.From)...)
	if err != nil {
		return nil, false, fmt.Errorf("load items of job %s: %w", jobID, err)
	}
	defer rows.Close()
	items = []Item{}
	for rows.Next() {
		it, err := scanItem(rows)
		if err != nil {
			return nil, false, err
		}
		items = append(items, it)
	}
	if more = len(items) > p.Limit; more {
		items = items[:p.Limit]
	}
	if err := rows.Err(); err != nil {
		return nil, false, err
	}
	return items, more, tellWaits(ctx, s.DB, ofJob(jobID, items))
}

// Item returns an item of a job with its timeline.
func (s *Service) Item(ctx context.Context, tenantID, jobID, itemID string) (Item, error) {
	it, owner, err := getItem(ctx, s.DB, tenantID, jobID, itemID)
	if err != nil {
		return Item{}, err
	}
	found := []Found{{Item: it, JobID: owner}}
	if err := s.itemTimelines(ctx, found); err != nil {
		return Item{}, err
	}
	return found[0].Item, nil
}
