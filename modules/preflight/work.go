package preflight

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/opal-photo/opal/modules/blob"
	"github.com/opal-photo/opal/modules/channel"
	"github.com/opal-photo/opal/modules/db"
	"github.com/opal-photo/opal/modules/db/lease"
	"github.com/opal-photo/opal/modules/fault"
	"github.com/opal-photo/opal/modules/imagefile"
	"github.com/opal-photo/opal/modules/queue"
	"github.com/opal-photo/opal/modules/telemetry"
)

const (
	// lostCheck is how long the message of a check may be overdue: a program waits for
	// it. A worker of the version before finds no work for it.
	lostCheck = lease.LostMessage / 30
	// maxAge is how long a check may wait for a worker.
	maxAge = 24 * time.Hour
	// tidyBatch bounds what one sweep deletes.
	tidyBatch = 200
	// tries bounds the attempts that fail: a person may wait.
	tries = 4
)

// errCheck stands for errors that have no code of their own.
var errCheck = fault.New(fault.Internal, "internal", "The picture could not be checked; the operators have the details under the check's correlation id")

// table returns the leased table of checks.
func (s *Service) table() *lease.Table {
	return &lease.Table{Name: "picture_checks", Key: []string{"check_id"}, Waiting: Queued, Prompt: true, Time: s.Lease, Lost: lostCheck,
		Policy: lease.Policy{Tries: tries, Outages: []error{blob.ErrUnavailable, db.ErrUnavailable}}}
}

// claimed is a check under a worker's fence.
type claimed struct {
	open
	held          lease.Held
	filename      string
	wanted        Wanted
	picture, mask sql.NullString
}

// Process does the check that a message names. It returns nil when the message is done
// with; an error means that nothing could be recorded and the message is to come again.
func (s *Service) Process(ctx context.Context, b queue.Body) error {
	_, err := lease.Work[*claimed, *Result]{
		Table: s.table(), DB: s.DB, Where: `check_id = $1 AND tenant_id = $2`, Args: []any{b.Subject, b.TenantID},
		Load: func(ctx context.Context, tx *db.Tx, h lease.Held) (*claimed, error) {
			return s.load(ctx, tx, &claimed{open: open{id: b.Subject, tenantID: b.TenantID}, held: h})
		},
		Make: s.make, Complete: s.complete, Again: s.again, Fail: s.fail,
	}.Do(ctx)
	return err
}

// load reads what the worker needs to know of a check.
func (s *Service) load(ctx context.Context, tx *db.Tx, c *claimed) (*claimed, error) {
	var wanted string
	if err := tx.QueryRowContext(ctx, `SELECT correlation_id, filename, wanted, picture_path, mask_path FROM picture_checks WHERE check_id = $1`, c.id).
		Scan(&c.correlationID, &c.filename, &wanted, &c.picture, &c.mask); err != nil {
		return nil, fmt.Errorf("load check %s: %w", c.id, err)
	}
	return c, json.Unmarshal([]byte(wanted), &c.wanted)
}

// make reads the files of a check and judges the picture.
func (s *Service) make(ctx context.Context, c *claimed) (*Result, error) {
	var presets []channel.Preset
	for _, name := range c.wanted.Presets {
		p, ok := channel.Find(name)
		if !ok {
			return nil, channel.ErrPreset.With("%q is no longer there", name)
		}
		presets = append(presets, p)
	}
	var files [2]*photo
	for i, path := range []sql.NullString{c.picture, c.mask} {
		if !path.Valid {
			continue
		}
		b, _, err := s.Blobs.Get(ctx, s.Raw, path.String, imagefile.MaxBytes)
		if err != nil {
			return nil, fmt.Errorf("load the picture: %w", err)
		}
		info, err := imagefile.Inspect(b)
		if err != nil {
			return nil, err
		}
		files[i] = &photo{b, info}
	}
	if files[0] == nil {
		return nil, errors.New("the check has no picture")
	}
	return s.judge(ctx, *files[0], files[1], c.filename, presets, c.wanted.On, true)
}

// complete records the result, and deletes the files.
func (s *Service) complete(ctx context.Context, c *claimed, res *Result) error {
	b, err := json.Marshal(res)
	if err != nil {
		return err
	}
	if err := s.table().Update(ctx, s.DB, c.held, `status = 'completed', result = $1, lease_until = NULL, due_at = NULL, error_code = NULL, error_message = NULL, ended_at = now_ms()`, string(b)); err != nil {
		return fmt.Errorf("complete check %s: %w", c.id, err)
	}
	telemetry.Log(ctx).Info().Str("check", c.id).Str("verdict", res.Verdict).Msg("Checked a picture")
	s.forget(ctx, c.id, c.picture, c.mask)
	return nil
}

// again gives a check back with its next message.
func (s *Service) again(ctx context.Context, c *claimed, v lease.Verdict, cause error) error {
	if cause != nil {
		telemetry.Log(ctx).Warn().Err(cause).Str("check", c.id).Dur("after_ms", v.After).Msg("A check is tried again")
	}
	err := s.DB.InTx(ctx, func(tx *db.Tx) error {
		if err := s.table().Again(ctx, tx, c.held, v); err != nil {
			return err
		}
		return s.ask(ctx, tx, c.open, queue.NotBefore(v.After))
	})
	if err != nil {
		return fmt.Errorf("give check %s back: %w", c.id, err)
	}
	return nil
}

// fail ends a check permanently.
func (s *Service) fail(ctx context.Context, c *claimed, v lease.Verdict, cause error) error {
	telemetry.Log(ctx).Warn().Err(cause).Str("check", c.id).Msg("A check failed")
	code, message := lease.Describe(cause, errCheck)
	err := s.DB.InTx(ctx, func(tx *db.Tx) error {
		if err := s.table().Update(ctx, tx, c.held, `due_at = NULL, ended_at = now_ms()`); err != nil {
			return err
		}
		return s.table().Fail(ctx, tx, c.held, code, message)
	})
	if err != nil {
		return fmt.Errorf("fail check %s: %w", c.id, err)
	}
	s.forget(ctx, c.id, c.picture, c.mask)
	if v.Rescued {
		return queue.Poison(lease.ErrRescues.Code, cause)
	}
	return nil
}

// forget deletes the files of a check that has ended. The next sweep deletes what stays.
func (s *Service) forget(ctx context.Context, id string, paths ...sql.NullString) {
	for _, p := range paths {
		if !p.Valid {
			continue
		}
		if err := s.Blobs.Delete(ctx, s.Raw, p.String); err != nil {
			telemetry.Log(ctx).Warn().Err(err).Str("check", id).Msg("A checked picture could not be deleted; trying again")
			return
		}
	}
	if _, err := s.DB.ExecContext(ctx, `UPDATE picture_checks SET picture_path = NULL, mask_path = NULL WHERE check_id = $1 AND status IN ('completed', 'failed')`, id); err != nil {
		telemetry.Log(ctx).Warn().Err(err).Str("check", id).Msg("A check's files could not be forgotten; trying again")
	}
}

// Sweep writes new messages for checks whose worker died or whose message was lost, and
// ends those that waited too long. Any number of processes may sweep at the same time.
func (s *Service) Sweep(ctx context.Context) error {
	var died, lost int
	err := s.DB.InTx(ctx, func(tx *db.Tx) error {
		var all []open
		var err error
		died, lost, err = s.table().Rescue(ctx, tx, queue.NoneUnsent(queue.Jobs, "picture_checks"), `check_id, tenant_id, correlation_id`, func(scan func(dest ...any) error) error {
			var o open
			defer func() { all = append(all, o) }()
			return scan(&o.id, &o.tenantID, &o.correlationID)
		})
		if err != nil {
			return err
		}
		for _, o := range all {
			if err := s.ask(ctx, tx, o); err != nil {
				return err
			}
		}
		code, message := lease.Describe(lease.ErrTooOld, errCheck)
		_, err = tx.ExecContext(ctx, `UPDATE picture_checks SET status = 'failed', error_code = $2, error_message = $3, due_at = NULL, ended_at = now_ms(), updated_at = now_ms()
			WHERE status = 'queued' AND created_at < now_ms() - $1`, maxAge.Milliseconds(), code, message)
		return err
	})
	if err != nil {
		return fmt.Errorf("sweep checks: %w", err)
	}
	if died+lost > 0 {
		telemetry.Log(ctx).Warn().Int("worker_died", died).Int("message_lost", lost).Msg("Asked for checks again")
	}
	return nil
}

// lateFiles is how long the files of a check may stay after its end before a sweep
// deletes them.
const lateFiles = time.Minute

// Tidy deletes files that ended checks left, and checks that have been kept long enough.
func (s *Service) Tidy(ctx context.Context) error {
	rows, err := s.DB.QueryContext(ctx, `SELECT check_id, picture_path, mask_path FROM picture_checks
		WHERE picture_path IS NOT NULL AND status IN ('completed', 'failed') AND updated_at < now_ms() - $1 ORDER BY updated_at LIMIT $2`, lateFiles.Milliseconds(), tidyBatch)
	if err != nil {
		return fmt.Errorf("look for files of checks: %w", err)
	}
	defer rows.Close()
	var left []claimed
	for rows.Next() {
		var c claimed
		if err := rows.Scan(&c.id, &c.picture, &c.mask); err != nil {
			return fmt.Errorf("look for files of checks: %w", err)
		}
		left = append(left, c)
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("look for files of checks: %w", err)
	}
	for _, c := range left {
		s.forget(ctx, c.id, c.picture, c.mask)
	}
	if _, err := s.DB.ExecContext(ctx, `DELETE FROM picture_checks WHERE check_id IN (SELECT check_id FROM picture_checks
		WHERE created_at < now_ms() - $1 AND status IN ('completed', 'failed') AND picture_path IS NULL ORDER BY created_at LIMIT $2)`, s.Kept.Milliseconds(), tidyBatch); err != nil {
		return fmt.Errorf("delete old checks: %w", err)
	}
	return nil
}
