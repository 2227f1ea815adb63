package share

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/opal-photo/opal/modules/db"
	"github.com/opal-photo/opal/modules/event"
)

// What guests do, as the log has it.
const (
	Opened     = "opened"
	Commented  = "commented"
	Approved   = "approved"
	Rejected   = "rejected"
	Downloaded = "downloaded"
)

// Visit says who does something by a link.
type Visit struct {
	Guest   string // the name that the guest gave; "": none yet
	Address string
}

// Entry is a line of a link's log.
type Entry struct {
	ID, Act, ItemID, Guest, Address string

	At time.Time
}

// Comment is what somebody wrote about a picture.
type Comment struct {
	ID, JobID, ItemID string
	ShareID           string // "": somebody of the tenant wrote it
	Author, Text      string
	At                time.Time
}

// Came notes that a guest opened a link, once an hour and address.
func (s *Service) Came(ctx context.Context, l Link, v Visit) error {
	err := s.db.InTx(ctx, func(tx *db.Tx) error {
		var last sql.NullInt64
		if err := tx.QueryRowContext(ctx, `SELECT max(at) FROM share_log WHERE share_id = $1 AND act = 'opened' AND address = $2`, l.ID, v.Address).Scan(&last); err != nil {
			return err
		}
		now, err := db.Now(ctx, tx)
		if err != nil || last.Valid && now.UnixMilli()-last.Int64 < visit.Milliseconds() {
			return err
		}
		if _, err := tx.ExecContext(ctx, `UPDATE share_links SET opened_at = now_ms() WHERE share_id = $1`, l.ID); err != nil {
			return err
		}
		return note(ctx, tx, l, Opened, "", v)
	})
	if errors.Is(err, ErrFull) { // it may still be looked at
		return nil
	}
	return err
}

// Did notes what a guest did to a picture, and tells it as an event.
//
// Errors: ErrGuest, ErrFull.
func (s *Service) Did(ctx context.Context, l Link, act string, it Item, v Visit) error {
	var err error
	if v.Guest, err = guestName(v.Guest, act != Downloaded); err != nil {
		return err
	}
	return s.db.InTx(ctx, func(tx *db.Tx) error {
		if err := note(ctx, tx, l, act, it.ItemID, v); err != nil || act == Downloaded {
			return err
		}
		return tell(ctx, tx, event.ShareDecided, l, it, map[string]any{"guest": v.Guest, "decision": act})
	})
}

// note writes a line of a link's log.
func note(ctx context.Context, tx *db.Tx, l Link, act, itemID string, v Visit) error {
	var n int
	if err := tx.QueryRowContext(ctx, `SELECT count(*) FROM share_log WHERE share_id = $1`, l.ID).Scan(&n); err != nil {
		return err
	}
	if n >= maxLog {
		return ErrFull
	}
	_, err := tx.ExecContext(ctx, `INSERT INTO share_log (log_id, share_id, act, item_id, guest, address, at) VALUES ($1, $2, $3, $4, $5, $6, now_ms())`,
		uuid.Must(uuid.NewV7()).String(), l.ID, act, itemID, v.Guest, v.Address)
	return err
}

// tell writes an event of a link.
func tell(ctx context.Context, tx *db.Tx, kind string, l Link, it Item, data map[string]any) error {
	data["share_id"], data["name"], data["job_id"], data["item_id"] = l.ID, l.Name, it.JobID, it.ItemID
	return event.Add(ctx, tx, event.New{Type: kind, TenantID: l.TenantID, JobID: l.ID, Data: data})
}

// Say adds a comment to a picture: a guest's, or with a Link without id one of the tenant's own.
//
// Errors: ErrGuest, ErrText, ErrFull, ErrManyOfItem.
func (s *Service) Say(ctx context.Context, l Link, it Item, v Visit, text string) (Comment, error) {
	guest := l.ID != ""
	name, err := guestName(v.Guest, guest)
	if err != nil {
		return Comment{}, err
	}
	text = strings.TrimSpace(strings.ReplaceAll(text, "\r\n", "\n"))
	if text == "" || !plain(text, MaxText, true) {
		return Comment{}, ErrText
	}
	c := Comment{ID: uuid.Must(uuid.NewV7()).String(), JobID: it.JobID, ItemID: it.ItemID, ShareID: l.ID, Author: name, Text: text}
	err = s.db.InTx(ctx, func(tx *db.Tx) error {
		var n int
		if err := tx.QueryRowContext(ctx, `SELECT count(*) FROM share_comments WHERE item_id = $1`, it.ItemID).Scan(&n); err != nil {
			return err
		}
		if n >= maxOfItem {
			return ErrManyOfItem
		}
		now, err := db.Now(ctx, tx)
		if err != nil {
			return err
		}
		c.At = now
		if _, err := tx.ExecContext(ctx, `INSERT INTO share_comments (comment_id, tenant_id, job_id, item_id, share_id, author, text, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
			c.ID, l.TenantID, c.JobID, c.ItemID, sql.NullString{String: c.ShareID, Valid: guest}, c.Author, c.Text, now.UnixMilli()); err != nil {
			return err
		}
		if !guest {
			return nil
		}
		v.Guest = name
		if err := note(ctx, tx, l, Commented, it.ItemID, v); err != nil {
			return err
		}
		return tell(ctx, tx, event.ShareCommented, l, it, map[string]any{"guest": name, "text": text})
	})
	if err != nil {
		return Comment{}, fmt.Errorf("comment on item %s: %w", it.ItemID, err)
	}
	return c, nil
}

// Comments returns what was written about a picture of a tenant, oldest first.
func (s *Service) Comments(ctx context.Context, tenantID, itemID string) ([]Comment, error) {
	rows, err := s.db.QueryContext(ctx, `SELECT comment_id, job_id, item_id, COALESCE(share_id, ''), author, text, created_at FROM share_comments
		WHERE item_id = $1 AND tenant_id = $2 ORDER BY comment_id`, itemID, tenantID)
	if err != nil {
		return nil, fmt.Errorf("load the comments of item %s: %w", itemID, err)
	}
	defer rows.Close()
	out := []Comment{}
	for rows.Next() {
		var c Comment
		var at int64
		if err := rows.Scan(&c.ID, &c.JobID, &c.ItemID, &c.ShareID, &c.Author, &c.Text, &at); err != nil {
			return nil, err
		}
		c.At = db.Time(at)
		out = append(out, c)
	}
	return out, rows.Err()
}

// Log returns the newest lines of a link's log, newest first; ErrNotFound when the tenant has
// no such link.
func (s *Service) Log(ctx context.Context, tenantID, shareID string) ([]Entry, error) {
	var there bool
	if err := s.db.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM share_links WHERE share_id = $1 AND tenant_id = $2)`, shareID, tenantID).Scan(&there); err != nil {
		return nil, fmt.Errorf("load the log of link %s: %w", shareID, err)
	}
	if !there {
		return nil, ErrNotFound
	}
	rows, err := s.db.QueryContext(ctx, `SELECT log_id, act, item_id, guest, address, at FROM share_log WHERE share_id = $1 ORDER BY log_id DESC LIMIT 500`, shareID)
	if err != nil {
		return nil, fmt.Errorf("load the log of link %s: %w", shareID, err)
	}
	return entries(rows)
}

// entries reads and closes lines of logs.
func entries(rows *sql.Rows) ([]Entry, error) {
	defer rows.Close()
	out := []Entry{}
	for rows.Next() {
		var e Entry
		var at int64
		if err := rows.Scan(&e.ID, &e.Act, &e.ItemID, &e.Guest, &e.Address, &at); err != nil {
			return nil, err
		}
		e.At = db.Time(at)
		out = append(out, e)
	}
	return out, rows.Err()
}

// Lately returns what the guests of all of a tenant's links did to pictures, newest first.
func (s *Service) Lately(ctx context.Context, tenantID string, limit int) ([]Entry, error) {
	rows, err := s.db.QueryContext(ctx, `SELECT log_id, act, item_id, guest, address, at FROM share_log
		WHERE share_id IN (SELECT share_id FROM share_links WHERE tenant_id = $1) AND item_id <> '' ORDER BY log_id DESC LIMIT $2`, tenantID, limit)
	if err != nil {
		return nil, fmt.Errorf("load what guests of tenant %s did: %w", tenantID, err)
	}
	return entries(rows)
}

// Counts returns how many comments pictures of a tenant have, those that have any.
func (s *Service) Counts(ctx context.Context, tenantID string, itemIDs []string) (map[string]int, error) {
	counts := map[string]int{}
	for part := range slices.Chunk(itemIDs, batch) {
		args, places := []any{tenantID}, make([]string, len(part))
		for i, id := range part {
			args = append(args, id)
			places[i] = fmt.Sprintf("$%d", len(args))
		}
		rows, err := s.db.QueryContext(ctx, `SELECT item_id, count(*) FROM share_comments WHERE tenant_id = $1 AND item_id IN (`+strings.Join(places, ", ")+`) GROUP BY item_id`, args...)
		if err != nil {
			return nil, fmt.Errorf("count comments: %w", err)
		}
		for rows.Next() {
			var id string
			var n int
			if err := rows.Scan(&id, &n); err != nil {
				rows.Close()
				return nil, err
			}
			counts[id] = n
		}
		if err := errors.Join(rows.Err(), rows.Close()); err != nil {
			return nil, err
		}
	}
	return counts, nil
}

// guestName checks the name that a guest gives.
func guestName(name string, needed bool) (string, error) {
	name = strings.TrimSpace(name)
	if needed && name == "" || !plain(name, MaxGuest, false) {
		return "", ErrGuest
	}
	return name, nil
}
