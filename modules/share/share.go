// Package share keeps links by which people without an account look at a tenant's pictures,
// comment on them and approve them: with an end, revocable, and with a log of what was done.
//
// A link's token is 256 random bits, told once; its hash is stored. Who has the token may do
// what the link allows with the pictures that it lists, and nothing else.
package share

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/opal-photo/opal/modules/db"
	"github.com/opal-photo/opal/modules/event"
	"github.com/opal-photo/opal/modules/fault"
)

// What a link shows.
const (
	OfJob        = "job"
	OfCollection = "collection"
	OfItems      = "items"
)

// Bounds.
const (
	MaxItems   = 500                  // pictures that a link names one by one
	MaxLinks   = 1000                 // links of a tenant that have not ended
	MaxName    = 120                  // characters of a link's name
	MaxGuest   = 80                   // characters of a guest's name
	MaxText    = 2000                 // characters of a comment
	MaxLife    = 366 * 24 * time.Hour // of a link
	UsualLife  = 14 * 24 * time.Hour  // of a link whose maker names no end
	maxLog     = 10_000               // entries of a link's log
	maxOfItem  = 500                  // comments of a picture
	tokenBytes = 32
	maxToken   = 100 // bytes looked at of what a caller sends

	// Kept is how long an ended link is shown with its log.
	Kept = 90 * 24 * time.Hour
	// visit is how long a guest's calls count as one opening of the link.
	visit = time.Hour
	batch = 100
)

// Errors of callers.
var (
	ErrNotFound   = fault.New(fault.NotFound, "share_not_found", "There is no such link")
	ErrToken      = fault.New(fault.Unauthorized, "share_link_invalid", "This link is not valid")
	ErrEnded      = fault.New(fault.Forbidden, "share_link_ended", "This link has ended; ask for another")
	ErrRight      = fault.New(fault.Forbidden, "share_link_right", "This link does not allow that")
	ErrWhat       = fault.New(fault.Invalid, "share_target_invalid", fmt.Sprintf("A link shows a job, a collection, or 1 to %d items: name one of the three", MaxItems))
	ErrName       = fault.New(fault.Invalid, "share_name_invalid", fmt.Sprintf("A name has at most %d characters, without control characters", MaxName))
	ErrExpiry     = fault.New(fault.Invalid, "share_expiry_invalid", "A link ends in the future, within 366 days")
	ErrGuest      = fault.New(fault.Invalid, "guest_name_invalid", fmt.Sprintf("Say who you are: 1 to %d characters, without control characters", MaxGuest))
	ErrText       = fault.New(fault.Invalid, "comment_invalid", fmt.Sprintf("A comment has 1 to %d characters, without control characters", MaxText))
	ErrTooMany    = fault.New(fault.Conflict, "shares_full", fmt.Sprintf("%d links have not ended; revoke some first", MaxLinks))
	ErrFull       = fault.New(fault.Conflict, "share_link_full", "So much was done by this link that it takes no more; ask for another")
	ErrManyOfItem = fault.New(fault.Conflict, "comments_full", fmt.Sprintf("The picture has %d comments, and takes no more", maxOfItem))
	ErrCursor     = fault.New(fault.Invalid, "cursor_invalid", "The cursor is not one that this call returned")
)

// Item names a picture.
type Item struct{ JobID, ItemID string }

// New asks for a link.
type New struct {
	TenantID     string
	Name         string // for people
	JobID        string // what it shows: one of these three
	CollectionID string
	Items        []Item
	Comment      bool // guests may comment
	Approve      bool // guests may approve and reject
	Download     bool // guests may have the finished files
	By           string
	ExpiresAt    *time.Time // nil: after UsualLife
}

// Link is a link without its token.
type Link struct {
	ID, TenantID, Name, Kind, Target string

	Comment, Approve, Download bool

	By        string
	CreatedAt time.Time
	ExpiresAt time.Time
	RevokedAt *time.Time
	OpenedAt  *time.Time
	Items     int // that it names one by one
}

// Service keeps the links of all tenants. It is safe for concurrent use.
type Service struct{ db *db.DB }

// NewService returns a service.
func NewService(d *db.DB) *Service { return &Service{d} }

// Create makes a link and returns its token, which is shown only this once. The caller has
// checked that the tenant has what it shows.
func (s *Service) Create(ctx context.Context, n New) (l Link, token string, err error) {
	n.Name = strings.TrimSpace(n.Name)
	if !plain(n.Name, MaxName, false) {
		return Link{}, "", ErrName
	}
	l = Link{ID: uuid.Must(uuid.NewV7()).String(), TenantID: n.TenantID, Name: n.Name, Comment: n.Comment, Approve: n.Approve, Download: n.Download, By: n.By, Items: len(n.Items)}
	named := 0
	for kind, target := range map[string]string{OfJob: n.JobID, OfCollection: n.CollectionID} {
		if target != "" {
			l.Kind, l.Target = kind, target
			named++
		}
	}
	if len(n.Items) > 0 {
		l.Kind, l.Target = OfItems, ""
		named++
	}
	if named != 1 || len(n.Items) > MaxItems {
		return Link{}, "", ErrWhat
	}
	secret := make([]byte, tokenBytes)
	_, _ = rand.Read(secret) // never fails: the runtime ends the process first
	token = base64.RawURLEncoding.EncodeToString(secret)
	if err := s.db.InTx(ctx, func(tx *db.Tx) error { return insert(ctx, tx, &l, n, token) }); err != nil {
		return Link{}, "", fmt.Errorf("make a link of tenant %s: %w", n.TenantID, err)
	}
	return l, token, nil
}

func insert(ctx context.Context, tx *db.Tx, l *Link, n New, token string) error {
	now, err := db.Now(ctx, tx)
	if err != nil {
		return err
	}
	l.CreatedAt, l.ExpiresAt = now, now.Add(UsualLife)
	if n.ExpiresAt != nil {
		l.ExpiresAt = n.ExpiresAt.UTC().Truncate(time.Millisecond)
	}
	if !l.ExpiresAt.After(now) || l.ExpiresAt.After(now.Add(MaxLife)) {
		return ErrExpiry
	}
	var open int
	if err := tx.QueryRowContext(ctx, `SELECT count(*) FROM share_links WHERE tenant_id = $1 AND revoked_at IS NULL AND expires_at > now_ms()`, n.TenantID).Scan(&open); err != nil {
		return err
	}
	if open >= MaxLinks {
		return ErrTooMany
	}
	if _, err := tx.ExecContext(ctx, `INSERT INTO share_links (share_id, tenant_id, digest, name, kind, target, may_comment, may_approve, may_download, made_by, created_at, expires_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`, l.ID, l.TenantID, digest(token), l.Name, l.Kind, l.Target, l.Comment, l.Approve, l.Download, l.By,
		now.UnixMilli(), l.ExpiresAt.UnixMilli()); err != nil {
		return err
	}
	for _, it := range n.Items {
		if _, err := tx.ExecContext(ctx, `INSERT INTO share_items (share_id, item_id, job_id) VALUES ($1, $2, $3) ON CONFLICT (share_id, item_id) DO NOTHING`, l.ID, it.ItemID, it.JobID); err != nil {
			return err
		}
	}
	return nil
}

const linkColumns = `l.share_id, l.tenant_id, l.name, l.kind, l.target, l.may_comment, l.may_approve, l.may_download, l.made_by, l.created_at, l.expires_at, l.revoked_at, l.opened_at,
	(SELECT count(*) FROM share_items i WHERE i.share_id = l.share_id)`

// Open returns the link of a token.
//
// Errors: ErrToken for a text that is the token of no link, ErrEnded.
func (s *Service) Open(ctx context.Context, token string) (Link, error) {
	if token == "" || len(token) > maxToken {
		return Link{}, ErrToken
	}
	l, err := scanLink(s.db.QueryRowContext(ctx, `SELECT `+linkColumns+` FROM share_links l WHERE l.digest = $1`, digest(token)))
	if errors.Is(err, sql.ErrNoRows) {
		return Link{}, ErrToken
	}
	if err != nil {
		return Link{}, fmt.Errorf("look up a link: %w", err)
	}
	now, err := db.Now(ctx, s.db)
	if err != nil {
		return Link{}, fmt.Errorf("look up a link: %w", err)
	}
	if l.RevokedAt != nil || !l.ExpiresAt.After(now) {
		return Link{}, ErrEnded
	}
	return l, nil
}

// Items returns the pictures that a link names one by one.
func (s *Service) Items(ctx context.Context, shareID string) ([]Item, error) {
	rows, err := s.db.QueryContext(ctx, `SELECT job_id, item_id FROM share_items WHERE share_id = $1 ORDER BY item_id`, shareID)
	if err != nil {
		return nil, fmt.Errorf("load the pictures of link %s: %w", shareID, err)
	}
	defer rows.Close()
	var out []Item
	for rows.Next() {
		var it Item
		if err := rows.Scan(&it.JobID, &it.ItemID); err != nil {
			return nil, err
		}
		out = append(out, it)
	}
	return out, rows.Err()
}

// cursorForm matches the ids of links, which are their lists' cursors.
var cursorForm = regexp.MustCompile(`^[0-9a-f-]{36}$`)

// List returns a tenant's links, newest first, ended ones included, and the cursor of the
// next page ("" on the last). target, a job's or a collection's id, chooses those that show it; "": all.
func (s *Service) List(ctx context.Context, tenantID, target, cursor string, limit int) (all []Link, next string, err error) {
	if cursor != "" && !cursorForm.MatchString(cursor) {
		return nil, "", ErrCursor
	}
	if cursor == "" {
		cursor = "g" // after every id
	}
	rows, err := s.db.QueryContext(ctx, `SELECT `+linkColumns+` FROM share_links l WHERE l.tenant_id = $1 AND l.share_id < $2
		AND ($3 = '' OR l.target = $3 OR EXISTS (SELECT 1 FROM share_items i WHERE i.share_id = l.share_id AND i.job_id = $3)) ORDER BY l.share_id DESC LIMIT $4`, tenantID, cursor, target, limit+1)
	if err != nil {
		return nil, "", fmt.Errorf("list the links of tenant %s: %w", tenantID, err)
	}
	defer rows.Close()
	all = []Link{}
	for rows.Next() {
		l, err := scanLink(rows)
		if err != nil {
			return nil, "", fmt.Errorf("list the links of tenant %s: %w", tenantID, err)
		}
		if len(all) == limit {
			next = all[limit-1].ID
			break
		}
		all = append(all, l)
	}
	return all, next, rows.Err()
}

// Revoke ends a link; ErrNotFound when the tenant has none of that id. Repeated, it changes
// nothing.
func (s *Service) Revoke(ctx context.Context, tenantID, shareID string) error {
	res, err := s.db.ExecContext(ctx, `UPDATE share_links SET revoked_at = COALESCE(revoked_at, now_ms()) WHERE share_id = $1 AND tenant_id = $2`, shareID, tenantID)
	if err != nil {
		return fmt.Errorf("revoke link %s: %w", shareID, err)
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return errors.Join(ErrNotFound, err)
	}
	return nil
}

// JobForgotten deletes what was said of a job's pictures, and the links that show nothing
// else, in the transaction that deletes the job.
func (s *Service) JobForgotten(ctx context.Context, tx *db.Tx, jobID string) error {
	rows, err := tx.QueryContext(ctx, `SELECT share_id FROM share_links WHERE target = $1
		UNION SELECT share_id FROM share_items WHERE job_id = $1`, jobID)
	if err != nil {
		return fmt.Errorf("look for the links of job %s: %w", jobID, err)
	}
	var links []string
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			rows.Close()
			return err
		}
		links = append(links, id)
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return err
	}
	for _, q := range []string{`DELETE FROM share_comments WHERE job_id = $1`, `DELETE FROM share_items WHERE job_id = $1`, `DELETE FROM share_links WHERE target = $1`} {
		if _, err := tx.ExecContext(ctx, q, jobID); err != nil {
			return fmt.Errorf("delete the links of job %s: %w", jobID, err)
		}
	}
	for _, id := range links {
		if _, err := tx.ExecContext(ctx, `DELETE FROM share_links WHERE share_id = $1 AND kind = 'items' AND NOT EXISTS (SELECT 1 FROM share_items i WHERE i.share_id = share_links.share_id)`, id); err != nil {
			return fmt.Errorf("delete link %s: %w", id, err)
		}
		// its events may name the job's pictures
		if err := event.Forget(ctx, tx, id); err != nil {
			return err
		}
	}
	return nil
}

// Tidy deletes links that ended long ago, with their logs. Any number of processes may run it
// at the same time.
func (s *Service) Tidy(ctx context.Context) error {
	if _, err := s.db.ExecContext(ctx, `DELETE FROM share_links WHERE share_id IN (SELECT share_id FROM share_links WHERE expires_at < now_ms() - $1 OR revoked_at < now_ms() - $1 LIMIT $2)`,
		Kept.Milliseconds(), batch); err != nil {
		return fmt.Errorf("delete old links: %w", err)
	}
	return nil
}

func scanLink(r interface{ Scan(dest ...any) error }) (Link, error) {
	var l Link
	var created, expires int64
	var revoked, opened sql.NullInt64
	if err := r.Scan(&l.ID, &l.TenantID, &l.Name, &l.Kind, &l.Target, &l.Comment, &l.Approve, &l.Download, &l.By, &created, &expires, &revoked, &opened, &l.Items); err != nil {
		return Link{}, err
	}
	l.CreatedAt, l.ExpiresAt, l.RevokedAt, l.OpenedAt = db.Time(created), db.Time(expires), db.MaybeTime(revoked), db.MaybeTime(opened)
	return l, nil
}

// digest is what is stored of a token. The token is random, so its hash needs no secret.
func digest(token string) string {
	sum := sha256.Sum256([]byte(token))
	return base64.StdEncoding.EncodeToString(sum[:])
}

// plain reports whether a text has at most so many characters and none that controls.
func plain(text string, most int, lines bool) bool {
	return utf8.ValidString(text) && utf8.RuneCountInString(text) <= most && !strings.ContainsFunc(text, func(r rune) bool {
		return unicode.IsControl(r) && !(lines && (r == '\n' || r == '\t')) || r >= '\u202a' && r <= '\u202e' || r >= '\u2066' && r <= '\u2069' // writing that turns others' words around
	})
}
