package job

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/opal-photo/opal/modules/db"
	"github.com/opal-photo/opal/modules/fault"
	"github.com/opal-photo/opal/modules/picture"
	"github.com/opal-photo/opal/modules/telemetry"
)

// MaxNote bounds what a person writes to a decision, in characters.
const MaxNote = 2000

// Errors of a decision.
var (
	ErrNotFinished = fault.New(fault.Conflict, "item_not_completed", "Only an item that is completed can be approved or rejected")
	ErrDecided     = fault.New(fault.Conflict, "decided_meanwhile", "Somebody else has decided otherwise on the picture meanwhile; look at it, and decide again if you still want to")
	ErrNote        = fault.New(fault.Invalid, "note_invalid", fmt.Sprintf("The note must be at most %d characters, without control characters", MaxNote))
)

// Review is the state of a picture that a person had to look at, or looked at
// unasked.
type Review struct {
	State     string     `json:"state"` // picture.ReviewPending, ReviewApproved or ReviewRejected
	Note      string     `json:"note"`
	DecidedAt *time.Time `json:"decided_at"` // nil while it is pending
	By        string     `json:"by"`         // who decided; "": not known
	Guest     bool       `json:"guest"`      // by a share link: nobody has checked the name
}

// Decision is a person's decision about a finished picture.
type Decision struct {
	TenantID, JobID, ItemID string

	State string // picture.ReviewApproved or ReviewRejected
	Seen  string // the state that it was decided by: of a picture that others decided on since, nothing is decided; "": whatever it is
	Note  string
	By    string // who decides, as the caller knows them; "": not known
	Guest bool   // by a share link
}

// Outdated reports whether somebody else has decided otherwise since the state that a decision
// names. now is the picture's: approved or rejected, or anything else while nobody has decided.
func (d Decision) Outdated(now string) bool {
	decided := now == picture.ReviewApproved || now == picture.ReviewRejected
	return d.Seen != "" && decided && now != d.Seen && now != d.State
}

// Decide records a person's decision about a finished picture, and has the job's
// ZIP made again when the decision moves the picture. The last of several
// decisions counts. The item itself, its price, the job's state and its events
// stay as they are.
//
// Errors: ErrItemNotFound, ErrNotFinished, ErrDecided, ErrNote.
func (s *Service) Decide(ctx context.Context, d Decision) (Item, error) {
	d.Note = strings.TrimSpace(d.Note)
	if utf8.RuneCountInString(d.Note) > MaxNote || !utf8.ValidString(d.Note) ||
		strings.ContainsFunc(d.Note, func(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\r' && r != '\t' }) {
		return Item{}, ErrNote
	}
	if err := s.DB.InTx(ctx, func(tx *db.Tx) error { return s.decide(ctx, tx, d) }); err != nil {
		return Item{}, fmt.Errorf("decide on item %s: %w", d.ItemID, err)
	}
	it, _, err := getItem(ctx, s.DB, d.TenantID, d.JobID, d.ItemID)
	return it, err
}

// decide locks in the order of all transitions: the item, then its job.
func (s *Service) decide(ctx context.Context, tx *db.Tx, d Decision) error {
	rows, err := selectRows(ctx, tx, `item_id = $1`+tx.ForUpdate(), d.ItemID)
	if err != nil {
		return err
	}
	if len(rows) == 0 || rows[0].jobID != d.JobID || rows[0].tenantID != d.TenantID {
		return ErrItemNotFound
	}
	if rows[0].status != ItemCompleted {
		return ErrNotFinished.With("it is %s", rows[0].status)
	}
	var before sql.NullString
	err = tx.QueryRowContext(ctx, `SELECT decision FROM reviews WHERE item_id = $1`, d.ItemID).Scan(&before)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	if d.Outdated(before.String) {
		return ErrDecided.With("it is %s", before.String)
	}
	if _, err := tx.ExecContext(ctx, `INSERT INTO reviews (item_id, job_id, tenant_id, decision, note, decided_by, by_guest, decided_at) VALUES ($1, $2, $3, $4, $5, $6, $7, now_ms())
		ON CONFLICT (item_id) DO UPDATE SET decision = excluded.decision, note = excluded.note, decided_by = excluded.decided_by, by_guest = excluded.by_guest, decided_at = excluded.decided_at`,
		d.ItemID, d.JobID, d.TenantID, d.State, d.Note, d.By, d.Guest); err != nil {
		return fmt.Errorf("record the decision: %w", err)
	}
	if before.String == d.State {
		return nil // nothing moves
	}
	tx.AfterCommit(func() {
		telemetry.Log(telemetry.With(ctx, telemetry.IDs{TenantID: d.TenantID, JobID: d.JobID, ItemID: d.ItemID})).Info().Str("decision", d.State).Msg("Decided on a picture")
	})
	if err := s.Exporter.Review(ctx, tx, d.ItemID, d.State); err != nil {
		return err
	}
	return s.zipAgain(ctx, tx, rows[0])
}

// zipAgain asks for the ZIP's next round, unless work that is still open will
// have it made, or one is asked for that nobody has begun.
func (s *Service) zipAgain(ctx context.Context, tx *db.Tx, it row) error {
	var open, round int
	var finished sql.NullInt64
	if err := tx.QueryRowContext(ctx, `SELECT open_items + open_exports, round, finished_at FROM jobs WHERE job_id = $1`+tx.ForUpdate(), it.jobID).
		Scan(&open, &round, &finished); err != nil {
		return fmt.Errorf("load job %s: %w", it.jobID, err)
	}
	if open > 0 {
		return nil
	}
	waits, err := s.Exporter.BundleWaits(ctx, tx, it.jobID, round)
	if err != nil || waits {
		return err
	}
	round++
	if _, err := tx.ExecContext(ctx, `UPDATE jobs SET round = round + 1, late_round = CASE WHEN finished_at IS NULL THEN NULL ELSE round + 1 END, `+counted+`, updated_at = now_ms()
		WHERE job_id = $1`, it.jobID); err != nil {
		return fmt.Errorf("begin the ZIP's next round: %w", err)
	}
	_, _, err = s.Exporter.Bundle(ctx, tx, BundleRequest{TenantID: it.tenantID, JobID: it.jobID, ItemID: it.itemID, CorrelationID: it.correlationID, Round: round, After: decisionsTogether})
	return err
}

// decisionsTogether is how long a ZIP that a decision asks for waits, so that a
// person who goes through many pictures has it made once.
const decisionsTogether = 5 * time.Second

// concernsText returns the concerns as an item's row keeps them; NULL when there
// are none.
func concernsText(concerns []picture.Concern) sql.NullString {
	if len(concerns) == 0 {
		return sql.NullString{}
	}
	b, err := json.Marshal(concerns)
	return sql.NullString{String: string(b), Valid: err == nil}
}
