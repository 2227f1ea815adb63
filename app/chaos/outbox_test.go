package chaos_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/opal-photo/opal/modules/db"
	"github.com/opal-photo/opal/modules/queue"
)

// damagedRows puts unreadable rows into the outbox, due together with the good
// rows. At the end it checks that each of them has been set aside.
func damagedRows(t *testing.T, g *ground) (end func()) {
	t.Helper()
	open := func() (context.Context, *db.DB, func()) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		d, err := db.Open(ctx, db.Options{URL: g.postgres.URL})
		if err != nil {
			t.Error(err)
			return ctx, nil, cancel
		}
		return ctx, d, func() { _ = d.Close(); cancel() }
	}
	ctx, d, done := open()
	defer done()
	if d == nil {
		return func() {}
	}
	var ids []string
	for _, name := range []string{queue.Jobs, queue.Exports} {
		for _, body := range []string{"{broken", "", `{"tenant_id":"default"}`} {
			id := uuid.Must(uuid.NewV7()).String()
			ids = append(ids, id)
			if _, err := d.ExecContext(ctx, `INSERT INTO outbox (outbox_id, queue, tenant_id, body, not_before, created_at) VALUES ($1, $2, 'default', $3, 0, now_ms())`, id, name, body); err != nil {
				t.Error(err)
			}
		}
	}
	return func() {
		ctx, d, done := open()
		defer done()
		if d == nil {
			return
		}
		aside := func() (n int) {
			for _, id := range ids {
				var one int
				if err := d.QueryRowContext(ctx, `SELECT count(*) FROM outbox_unreadable WHERE outbox_id = $1`, id).Scan(&one); err != nil {
					t.Error(err)
				}
				n += one
			}
			return n
		}
		for deadline := time.Now().Add(30 * time.Second); aside() < len(ids) && time.Now().Before(deadline); {
			time.Sleep(100 * time.Millisecond)
		}
		if n := aside(); n != len(ids) {
			t.Errorf("%d of %d damaged rows were set aside", n, len(ids))
		}
	}
}
