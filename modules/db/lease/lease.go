// Package lease is how workers hold rows of work, so that a row is worked on by
// one of them at a time and outlives each of them.
//
// A leased table has a primary key of TEXT columns and these:
//
//	status       'processing' while a worker holds the row
//	attempt      the fence: every claim adds one, and every later write names it
//	tries        attempts that failed and count
//	rescues      attempts that broke off since the work last made progress
//	lease_until  when another worker may take the row, unless a heartbeat came
//	due_at       when a waiting row may be claimed, or its message should be there
//	error_code, error_message, updated_at
//
// All times are milliseconds of the database's clock.
package lease

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/opal-photo/opal/modules/db"
	"github.com/opal-photo/opal/modules/telemetry"
)

// DefaultTime is the lease of a Table that names none.
const DefaultTime = 45 * time.Second

// SettleTime bounds the transaction that ends an attempt, which must happen even
// when the attempt's own context is over.
const SettleTime = 20 * time.Second

// Settle returns the context of the transaction that ends an attempt.
func Settle(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), SettleTime)
}

// ErrLost says that another worker has claimed the row, or that it has ended: the
// attempt's result is discarded.
var ErrLost = errors.New("the work was claimed by another worker or has ended")

// Table is a table of leased work.
type Table struct {
	Name    string
	Key     []string // the primary key's columns, all TEXT
	Waiting string   // the status of rows that wait for a worker
	// Prompt tables have waiting rows claimed no sooner than their due_at. In the
	// other tables a message that comes early starts the work early.
	Prompt bool
	Time   time.Duration // of a lease; 0: DefaultTime
	Lost   time.Duration // by which a waiting row's message is overdue and taken to be lost; 0: LostMessage
	Policy Policy
	// Before is called in the claim's transaction, for locks that come first; nil: nothing.
	// later leaves the rows to a later message, which it has written.
	Before func(ctx context.Context, tx *db.Tx) (later bool, err error)
}

// Held is a row under this worker's fence.
type Held struct {
	Key     []string
	Attempt int
	Tries   int
	Rescues int
}

func (t *Table) time() time.Duration {
	if t.Time == 0 {
		return DefaultTime
	}
	return t.Time
}

func (t *Table) lost() time.Duration {
	if t.Lost == 0 {
		return LostMessage
	}
	return t.Lost
}

// until returns the SQL of the end of a lease that begins now.
func (t *Table) until() string {
	return `now_ms() + ` + strconv.FormatInt(t.time().Milliseconds(), 10)
}

const expired = `status = 'processing' AND lease_until < now_ms()`

// Claim takes the rows that where selects and that wait, or whose worker's lease
// ran out. The caller checks Spent for each. args are those of where, from $1
// on.
func (t *Table) Claim(ctx context.Context, tx *db.Tx, where string, args ...any) ([]Held, error) {
	ready := `status = '` + t.Waiting + `'`
	if t.Prompt {
		ready += ` AND due_at <= now_ms()`
	}
	rows, err := tx.QueryContext(ctx, `UPDATE `+t.Name+` SET rescues = rescues + CASE WHEN status = 'processing' THEN 1 ELSE 0 END,
		status = 'processing', attempt = attempt + 1, lease_until = `+t.until()+`, updated_at = now_ms()
		WHERE `+where+` AND (`+ready+` OR `+expired+`) RETURNING attempt, tries, rescues, `+strings.Join(t.Key, `, `), args...)
	if err != nil {
		return nil, fmt.Errorf("claim %s: %w", t.Name, err)
	}
	defer rows.Close()
	var out []Held
	for rows.Next() {
		h := Held{Key: make([]string, len(t.Key))}
		dest := []any{&h.Attempt, &h.Tries, &h.Rescues}
		for i := range h.Key {
			dest = append(dest, &h.Key[i])
		}
		if err := rows.Scan(dest...); err != nil {
			return nil, fmt.Errorf("claim %s: %w", t.Name, err)
		}
		out = append(out, h)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("claim %s: %w", t.Name, err)
	}
	return out, nil
}

// Update writes a row under its fence; ErrLost when the fence is lost. args are
// those of the assignments, from $1 on.
func (t *Table) Update(ctx context.Context, q db.Querier, h Held, set string, args ...any) error {
	var fence strings.Builder
	all := append([]any{}, args...)
	for i, k := range t.Key {
		fence.WriteString(k + ` = $` + strconv.Itoa(len(args)+i+1) + ` AND `)
		all = append(all, h.Key[i])
	}
	r, err := q.ExecContext(ctx, `UPDATE `+t.Name+` SET `+set+`, updated_at = now_ms() WHERE `+fence.String()+
		`attempt = $`+strconv.Itoa(len(all)+1)+` AND status = 'processing'`, append(all, h.Attempt)...)
	if err != nil {
		return fmt.Errorf("update %s %s: %w", t.Name, strings.Join(h.Key, "/"), err)
	}
	n, err := r.RowsAffected()
	if err != nil {
		return err
	}
	if n == 0 {
		return ErrLost
	}
	return nil
}

// Again gives a row back to wait, as the verdict says. The caller writes its next
// message, if it has one.
func (t *Table) Again(ctx context.Context, q db.Querier, h Held, v Verdict) error {
	return t.Update(ctx, q, h, `status = '`+t.Waiting+`', lease_until = NULL, due_at = now_ms() + $1, tries = tries + $2, rescues = rescues + $3`,
		v.After.Milliseconds(), one(v.Counted), one(v.Rescued))
}

// Fail ends a row with a code and a text for its tenant.
func (t *Table) Fail(ctx context.Context, q db.Querier, h Held, code, message string) error {
	return t.Update(ctx, q, h, `status = 'failed', lease_until = NULL, tries = tries + 1, error_code = $1, error_message = $2`, code, message)
}

func one(b bool) int {
	if b {
		return 1
	}
	return 0
}

// Keep renews the rows' leases at a third of their time until stop is called. The
// context that it returns is for the work: it ends, with ErrLost as its cause,
// when none of the rows is this worker's any more. A database that can't be
// reached is not a loss: the lease may still be valid, and the fence protects
// whatever is written. stop waits for the heartbeat's end.
func (t *Table) Keep(ctx context.Context, q db.Querier, rows []Held) (work context.Context, stop func()) {
	work, cancel := context.WithCancelCause(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		beat := time.NewTicker(t.time() / 3)
		defer beat.Stop()
		for {
			select {
			case <-work.Done():
				return
			case <-beat.C:
			}
			if t.renew(work, q, rows) {
				cancel(ErrLost)
				return
			}
		}
	}()
	return work, func() { cancel(nil); <-ended }
}

// renew is one heartbeat. It reports whether all rows are lost.
func (t *Table) renew(ctx context.Context, q db.Querier, rows []Held) (lost bool) {
	lost = true
	for _, h := range rows {
		err := t.Update(ctx, q, h, `lease_until = `+t.until())
		if errors.Is(err, ErrLost) {
			continue
		}
		lost = false
		if err != nil && ctx.Err() == nil {
			telemetry.Log(ctx).Warn().Err(err).Str("table", t.Name).Msg("Could not renew a lease")
		}
	}
	return lost
}

// Lost reports whether work ended because its row was lost: by its context's
// cause, or by the error of a write.
func Lost(work context.Context, err error) bool {
	return errors.Is(context.Cause(work), ErrLost) || errors.Is(err, ErrLost)
}

// GoesOn records that an attempt made progress, and sets rescues to 0. set
// holds further assignments, with its own args from $1 on, or is "".
func (t *Table) GoesOn(ctx context.Context, q db.Querier, h Held, set string, args ...any) error {
	if set != "" {
		set += `, `
	}
	return t.Update(ctx, q, h, set+`rescues = 0`, args...)
}
