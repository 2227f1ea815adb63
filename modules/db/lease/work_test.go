package lease_test

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/opal-photo/opal/modules/db"
	"github.com/opal-photo/opal/modules/db/lease"
	"github.com/opal-photo/opal/modules/fault"
)

// taken is work on the row x/1 that keeps what was called.
func taken(d *db.DB, calls *[]string, make func(ctx context.Context) (int, error)) lease.Work[lease.Held, int] {
	called := func(name string) { *calls = append(*calls, name) }
	return lease.Work[lease.Held, int]{
		Table: work, DB: d, Where: `a = $1 AND b = $2`, Args: []any{"x", "1"},
		Load: func(_ context.Context, _ *db.Tx, h lease.Held) (lease.Held, error) { called("load"); return h, nil },
		Make: func(ctx context.Context, _ lease.Held) (int, error) { called("make"); return make(ctx) },
		Complete: func(ctx context.Context, h lease.Held, n int) error {
			called("complete")
			return work.Update(ctx, d, h, `status = 'completed', error_code = $1`, string(rune('a'+n)))
		},
		Again: func(ctx context.Context, h lease.Held, v lease.Verdict, cause error) error {
			if called("again"); cause == nil {
				called("stopped")
			}
			return work.Again(ctx, d, h, v)
		},
		Fail: func(ctx context.Context, h lease.Held, v lease.Verdict, cause error) error {
			if called("fail"); v.Rescued {
				called("rescued")
			}
			return work.Fail(ctx, d, h, fault.CodeOf(cause), "m")
		},
	}
}

func TestDo(t *testing.T) {
	unavailable := fault.New(fault.Unavailable, "away", "It is away")
	invalid := fault.New(fault.Invalid, "bad", "It is bad")
	rows := map[string]struct {
		before string // SQL
		make   func(ctx context.Context, d *db.DB, stop func()) (int, error)
		judge  func(lease.Held, error) lease.Verdict
		calls  []string
		whole  bool
		status string
	}{
		"made":          {calls: []string{"load", "make", "complete"}, whole: true, status: "completed"},
		"nothing there": {before: `DELETE FROM work WHERE a = 'x'`, whole: true},
		"ended before":  {before: `UPDATE work SET status = 'completed'`, whole: true, status: "completed"},
		"another's":     {before: `UPDATE work SET status = 'processing', lease_until = now_ms() + 60000`, whole: true, status: "processing"},
		"away":          {make: func(context.Context, *db.DB, func()) (int, error) { return 0, unavailable }, calls: []string{"load", "make", "again"}, status: "waiting"},
		"bad":           {make: func(context.Context, *db.DB, func()) (int, error) { return 0, invalid }, calls: []string{"load", "make", "fail"}, status: "failed"},
		"a panic":       {make: func(context.Context, *db.DB, func()) (int, error) { panic("x") }, calls: []string{"load", "make", "again"}, status: "waiting"},
		"broken off":    {before: `UPDATE work SET rescues = 5`, calls: []string{"load", "fail", "rescued"}, status: "failed"},
		"judged by room": {
			make:  func(context.Context, *db.DB, func()) (int, error) { return 0, invalid },
			judge: func(lease.Held, error) lease.Verdict { return lease.Stopped }, calls: []string{"load", "make", "again"}, status: "waiting",
		},
		"stopped":         {make: func(ctx context.Context, _ *db.DB, stop func()) (int, error) { stop(); return 0, ctx.Err() }, calls: []string{"load", "make", "again", "stopped"}, status: "waiting"},
		"made as it ends": {make: func(_ context.Context, _ *db.DB, stop func()) (int, error) { stop(); return 0, nil }, calls: []string{"load", "make", "complete"}, whole: true, status: "completed"},
		"taken over, told by a write": {make: func(ctx context.Context, d *db.DB, _ func()) (int, error) {
			_, err := d.ExecContext(ctx, `UPDATE work SET attempt = attempt + 1`)
			return 0, errors.Join(err, lease.ErrLost)
		}, calls: []string{"load", "make"}, status: "processing"},
		"taken over, seen at the end": {make: func(ctx context.Context, d *db.DB, _ func()) (int, error) {
			_, err := d.ExecContext(ctx, `UPDATE work SET attempt = attempt + 1`)
			return 0, err
		}, calls: []string{"load", "make", "complete"}, status: "processing"},
	}
	each(t, func(t *testing.T, d *db.DB) {
		for name, c := range rows {
			t.Run(name, func(t *testing.T) {
				exec(t, d, `DELETE FROM work`)
				exec(t, d, `INSERT INTO work (a, b, status, due_at) VALUES ('x', '1', 'waiting', 0)`)
				if c.before != "" {
					exec(t, d, c.before)
				}
				ctx, stop := context.WithCancel(t.Context())
				defer stop()
				var calls []string
				w := taken(d, &calls, func(ctx context.Context) (int, error) {
					if c.make == nil {
						return 1, nil
					}
					return c.make(ctx, d, stop)
				})
				w.Judge = c.judge
				whole, err := w.Do(ctx)
				if err != nil || whole != c.whole {
					t.Errorf("whole %v: %v", whole, err)
				}
				if diff := cmp.Diff(c.calls, calls); diff != "" {
					t.Errorf("calls (-want +got):\n%s", diff)
				}
				if c.status != "" {
					if got := column(t, d, "status"); got != c.status {
						t.Errorf("it is %s, want %s", got, c.status)
					}
				}
			})
		}
	})
}

// What can't be recorded is an error: the message comes again.
func TestAnEndThatCantBeRecordedIsTold(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		var calls []string
		w := taken(d, &calls, func(context.Context) (int, error) { return 0, nil })
		refused := errors.New("no room")
		w.Complete = func(context.Context, lease.Held, int) error { return refused }
		if whole, err := w.Do(t.Context()); whole || !errors.Is(err, refused) {
			t.Errorf("whole %v: %v", whole, err)
		}
		exec(t, d, `UPDATE work SET status = 'waiting', attempt = 0`)
		w.Load = func(context.Context, *db.Tx, lease.Held) (lease.Held, error) { return lease.Held{}, refused }
		if whole, err := w.Do(t.Context()); whole || !errors.Is(err, refused) {
			t.Errorf("whole %v: %v", whole, err)
		}
		if got := column(t, d, "status"); got != "waiting" {
			t.Errorf("a claim whose row could not be loaded holds it: %s", got)
		}
	})
}
