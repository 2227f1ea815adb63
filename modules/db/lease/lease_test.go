package lease_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/opal-photo/opal/modules/db"
	"github.com/opal-photo/opal/modules/db/dbtest"
	"github.com/opal-photo/opal/modules/db/lease"
	"github.com/opal-photo/opal/modules/fault"
)

// work is a table of leased work with a key of two columns.
var work = &lease.Table{Name: "work", Key: []string{"a", "b"}, Waiting: "waiting", Prompt: true}

func each(t *testing.T, fn func(t *testing.T, d *db.DB)) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		for _, q := range []string{
			`CREATE TABLE work (a TEXT, b TEXT, status TEXT NOT NULL, attempt BIGINT NOT NULL DEFAULT 0, tries BIGINT NOT NULL DEFAULT 0, rescues BIGINT NOT NULL DEFAULT 0,
				lease_until BIGINT, due_at BIGINT, error_code TEXT, error_message TEXT, updated_at BIGINT, PRIMARY KEY (a, b))`,
			`INSERT INTO work (a, b, status, due_at) VALUES ('x', '1', 'waiting', 0), ('x', '2', 'waiting', 0), ('y', '1', 'waiting', 0)`,
		} {
			exec(t, d, q)
		}
		fn(t, d)
	})
}

func exec(t *testing.T, d *db.DB, q string) {
	t.Helper()
	if _, err := d.ExecContext(t.Context(), q); err != nil {
		t.Fatal(err)
	}
}

func claim(t *testing.T, d *db.DB, a string) (rows []lease.Held) {
	t.Helper()
	if err := d.InTx(t.Context(), func(tx *db.Tx) (err error) {
		rows, err = work.Claim(t.Context(), tx, `a = $1`, a)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return rows
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// column reads one column of row x/1.
func column(t *testing.T, d *db.DB, name string) string {
	t.Helper()
	var v any
	must(t, d.QueryRowContext(t.Context(), `SELECT `+name+` FROM work WHERE a = 'x' AND b = '1'`).Scan(&v))
	return fmt.Sprint(v)
}

func TestARowIsOneWorkersAtATime(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		first := claim(t, d, "x")
		if len(first) != 2 || len(claim(t, d, "x")) != 0 {
			t.Fatalf("claimed %v", first)
		}
		exec(t, d, `UPDATE work SET lease_until = now_ms() - 1 WHERE b = '1' AND a = 'x'`)
		second := claim(t, d, "x")
		want := []lease.Held{{Key: []string{"x", "1"}, Attempt: 2, Rescues: 1}}
		if diff := cmp.Diff(want, second); diff != "" {
			t.Fatalf("taken over, want -, got +:\n%s", diff)
		}
		for _, h := range first {
			if h.Key[1] == "1" {
				if err := work.Again(t.Context(), d, h, lease.Verdict{Again: true}); !errors.Is(err, lease.ErrLost) {
					t.Errorf("the first worker writes on: %v", err)
				}
			}
		}
		must(t, work.GoesOn(t.Context(), d, second[0], `error_code = $1`, "none"))
		if got := column(t, d, "rescues"); got != "0" {
			t.Errorf("%s rescues after it got on", got)
		}
		must(t, work.Fail(t.Context(), d, second[0], "bad", "It is bad"))
		if err := work.Update(t.Context(), d, second[0], `tries = 0`); !errors.Is(err, lease.ErrLost) {
			t.Errorf("an ended row was written: %v", err)
		}
	})
}

func TestAPromptTableKeepsItsWaits(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		h := claim(t, d, "y")[0]
		must(t, work.Again(t.Context(), d, h, lease.Verdict{Again: true, Counted: true, After: time.Hour}))
		if len(claim(t, d, "y")) != 0 {
			t.Error("it was claimed before its time")
		}
		exec(t, d, `UPDATE work SET due_at = 0`)
		if h := claim(t, d, "y"); len(h) != 1 || h[0].Tries != 1 || h[0].Rescues != 0 {
			t.Errorf("got %v", h)
		}
	})
}

func TestSweepsTakeBackWhatDied(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		claim(t, d, "x")
		exec(t, d, `UPDATE work SET lease_until = now_ms() - 1 WHERE a = 'x' AND b = '1'`)
		exec(t, d, `UPDATE work SET due_at = now_ms() - 3601000 WHERE a = 'y'`)
		var found []string
		var died, lost int
		rescue := func(honest string) {
			t.Helper()
			found = nil
			must(t, d.InTx(t.Context(), func(tx *db.Tx) (err error) {
				died, lost, err = work.Rescue(t.Context(), tx, honest, `a`, func(scan func(...any) error) error {
					var a string
					err := scan(&a)
					found = append(found, a)
					return err
				})
				return err
			}))
		}
		rescue(`1 = 0`) // no waiting row's message is taken to be lost
		if died != 1 || lost != 0 || column(t, d, "rescues") != "1" || column(t, d, "status") != "waiting" {
			t.Fatalf("%d died, %d lost, %v", died, lost, found)
		}
		rescue(`1 = 1`)
		if died != 0 || lost != 1 || found[0] != "y" {
			t.Fatalf("%d died, %d lost, %v", died, lost, found)
		}
	})
}

func TestAHeartbeatKeepsALeaseAndTellsItsLoss(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		quick := *work
		quick.Time = 90 * time.Millisecond
		var rows []lease.Held
		must(t, d.InTx(t.Context(), func(tx *db.Tx) (err error) {
			rows, err = quick.Claim(t.Context(), tx, `a = $1`, "x")
			return err
		}))
		before := column(t, d, "lease_until")
		ctx, stop := quick.Keep(t.Context(), d, rows)
		defer stop()
		for deadline := time.Now().Add(20 * time.Second); column(t, d, "lease_until") == before; time.Sleep(5 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatal("no heartbeat came")
			}
		}
		exec(t, d, `UPDATE work SET attempt = attempt + 1 WHERE a = 'x' AND b = '1'`)
		if ctx.Err() != nil {
			t.Fatal("it ended with a row still held")
		}
		exec(t, d, `UPDATE work SET attempt = attempt + 1 WHERE a = 'x' AND b = '2'`)
		select {
		case <-ctx.Done():
			if !lease.Lost(ctx, nil) {
				t.Errorf("it ended with %v", context.Cause(ctx))
			}
		case <-time.After(20 * time.Second):
			t.Error("the loss was not told")
		}
	})
}

func TestVerdicts(t *testing.T) {
	away := fault.New(fault.Unavailable, "away", "away")
	p := lease.Policy{Outages: []error{away}}
	boom := fault.Guard(func() error { panic("boom") })
	for _, c := range []struct {
		name  string
		held  lease.Held
		cause error
		want  lease.Verdict // without its wait
	}{
		{"an unknown error", lease.Held{}, io.EOF, lease.Verdict{Again: true, Counted: true}},
		{"the last try", lease.Held{Tries: 7}, io.EOF, lease.Verdict{Counted: true}},
		{"a permanent error", lease.Held{}, fault.New(fault.Invalid, "bad", "bad"), lease.Verdict{Counted: true}},
		{"an outage, whatever was tried", lease.Held{Tries: 7}, fmt.Errorf("store: %w", away), lease.Verdict{Again: true}},
		{"an uncounted error", lease.Held{Tries: 7}, fault.Uncounted(io.EOF, 0), lease.Verdict{Again: true}},
		{"a panic", lease.Held{}, fmt.Errorf("step: %w", boom), lease.Verdict{Again: true, Rescued: true}},
		{"the last panic", lease.Held{Rescues: lease.MaxRescues - 1}, boom, lease.Verdict{Rescued: true}},
		{"a row that is spent", lease.Held{Rescues: lease.MaxRescues}, lease.ErrRescues, lease.Verdict{Rescued: true}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := p.Judge(c.held, c.cause)
			if got.Again && (got.After < 2*time.Second || got.After > 5*time.Minute) {
				t.Errorf("it waits %v", got.After)
			}
			got.After = 0
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("want -, got +:\n%s", diff)
			}
		})
	}
	if d := p.Judge(lease.Held{}, fault.Transient(away, time.Hour)).After; d != time.Hour {
		t.Errorf("asked for an hour, it waits %v", d)
	}
}

func TestDescribeKeepsWhatIsNoFault(t *testing.T) {
	otherwise := fault.New(fault.Internal, "odd", "It is odd")
	for _, c := range []struct {
		name  string
		cause error
		code  string
	}{
		{"a fault", fmt.Errorf("deep: %w", lease.ErrTooOld), "waited_too_long"},
		{"an error with internals", errors.New("password is 123"), "odd"},
		{"a panic", fault.Guard(func() error { panic(lease.ErrTooOld) }), "rescues_used_up"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if code, text := lease.Describe(c.cause, otherwise); code != c.code || text == "" {
				t.Errorf("got %s: %s", code, text)
			}
		})
	}
}
