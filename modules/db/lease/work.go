package lease

import (
	"context"
	"errors"
	"fmt"

	"github.com/opal-photo/opal/modules/db"
	"github.com/opal-photo/opal/modules/fault"
	"github.com/opal-photo/opal/modules/telemetry"
)

// Work is how a room does what a message names: it takes a row, makes something of it and
// records the end. C is what the room knows of a claimed row, R what it makes.
//
// Load's transaction is the claim's, and may be repeated. Make's context ends when another
// worker has the row. The other functions record the end of an attempt, each in a
// transaction of its own under the row's fence, in the context of Settle.
type Work[C, R any] struct {
	Table *Table
	DB    *db.DB
	Where string // selects the row
	Args  []any  // of Where, from $1 on

	Load     func(ctx context.Context, tx *db.Tx, h Held) (C, error)
	Make     func(ctx context.Context, c C) (R, error)
	Complete func(ctx context.Context, c C, r R) error
	// Judge returns what becomes of an attempt that failed; nil: what the table's policy says.
	Judge func(c C, cause error) Verdict
	// Again gives the row back with its next message; cause is nil when a shutdown ended
	// the attempt.
	Again func(ctx context.Context, c C, v Verdict, cause error) error
	// Fail ends the row permanently. Its error is Do's: one that marks the message as a
	// dead letter, when v.Rescued.
	Fail func(ctx context.Context, c C, v Verdict, cause error) error
}

// Do does the work. It returns nil when the message is done with: also when there was
// nothing to do, another worker has the row, or it was given back or failed. An error means
// that nothing could be recorded and the message is to come again. whole reports whether
// nothing is left to do.
func (w Work[C, R]) Do(ctx context.Context) (whole bool, err error) {
	c, rows, leave, err := Take(ctx, w.Table, w.DB, w.Where, w.Args, func(ctx context.Context, tx *db.Tx, rows []Held) (C, error) {
		return w.Load(ctx, tx, rows[0])
	})
	if err != nil {
		return false, err
	}
	defer leave()
	if len(rows) == 0 {
		telemetry.Log(ctx).Info().Msg("Nothing to do for this message")
		return true, nil
	}
	h := rows[0]
	run, stop := w.Table.Keep(ctx, w.DB, rows)
	var made R
	err = fault.Guard(func() (err error) {
		if h.Spent() {
			return ErrRescues
		}
		made, err = w.Make(run, c)
		return err
	})
	lost := Lost(run, err)
	stop()
	settle, done := Settle(ctx)
	defer done()
	switch {
	case lost:
		err = ErrLost
	case err == nil:
		err = w.Complete(settle, c, made)
		whole = err == nil
	case ctx.Err() != nil:
		telemetry.Log(ctx).Info().Str("table", w.Table.Name).Int("attempt", h.Attempt).Msg("Gave the work back")
		err = w.Again(settle, c, Stopped, nil)
	default:
		err = w.failed(settle, c, h, err)
	}
	if errors.Is(err, ErrLost) {
		telemetry.Log(ctx).Warn().Str("table", w.Table.Name).Int("attempt", h.Attempt).Msg("Discarded an attempt: the work is another worker's, or has ended")
		return false, nil
	}
	return whole, err
}

func (w Work[C, R]) failed(ctx context.Context, c C, h Held, cause error) error {
	telemetry.Failed(ctx, cause)
	v := w.Table.Policy.Judge(h, cause)
	if w.Judge != nil {
		v = w.Judge(c, cause)
	}
	if v.Again {
		return w.Again(ctx, c, v, cause)
	}
	return w.Fail(ctx, c, v, cause)
}

// Take claims the rows that where selects, after the work that they may have to wait for
// (Alone), and loads what the room needs to know of them in the claim's transaction. rows is
// empty when there is nothing to do, and load was not called then. The caller calls leave
// when its work has ended. A shutdown in mid-claim leaves it not open whether rows were
// taken: they are, and then given back.
func Take[C any](ctx context.Context, t *Table, d *db.DB, where string, args []any, load func(ctx context.Context, tx *db.Tx, rows []Held) (C, error)) (c C, rows []Held, leave func(), err error) {
	leave, err = t.Alone(ctx, d, where, args...)
	if err != nil {
		return c, nil, nil, err
	}
	taking, taken := Settle(ctx)
	defer taken()
	err = d.InTx(taking, func(tx *db.Tx) (err error) {
		var none C // a transaction that is repeated begins with nothing
		c, rows = none, nil
		if t.Before != nil {
			if later, err := t.Before(taking, tx); err != nil || later {
				return err
			}
		}
		if rows, err = t.Claim(taking, tx, where, args...); err != nil || len(rows) == 0 {
			return err
		}
		c, err = load(taking, tx, rows)
		return err
	})
	if err != nil {
		leave()
		return c, nil, nil, fmt.Errorf("take %s: %w", t.Name, err)
	}
	return c, rows, leave, nil
}
