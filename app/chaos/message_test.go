package chaos_test

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/opal-photo/opal/modules/db"
	"github.com/opal-photo/opal/modules/queue"
	"github.com/opal-photo/opal/modules/queue/servicebus"
)

// poisons are messages that no worker can handle.
func poisons() [][]byte {
	return [][]byte{
		nil, []byte("not JSON"), []byte("\xff\xfe\x00"), []byte(`[]`), []byte(`{}`), []byte(`{"tenant_id":"default"}`), []byte(`{"tenant_id":1,"job_id":2,"item_id":3}`),
		bytes.Repeat([]byte("["), 100_000), []byte(`{"tenant_id":"` + string(bytes.Repeat([]byte("x"), 100_000)) + `","job_id":"j","item_id":"i"}`),
	}
}

// badMessages puts poison on both queues, and repeats the earlier messages under
// other ids and in another order.
func badMessages(t *testing.T, g *ground) (end func()) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	d, err := db.Open(ctx, db.Options{URL: g.postgres.URL})
	if err != nil {
		t.Error(err)
		return func() {}
	}
	defer d.Close()
	n, err := servicebus.Open(ctx, servicebus.Options{ConnectionString: g.broker.ConnectionString()})
	if err != nil {
		t.Error(err)
		return func() {}
	}
	defer func() { _ = n.Close(ctx) }()
	for _, name := range []string{queue.Jobs, queue.Exports} {
		q := n.Queue(name)
		var all []queue.Message
		for _, p := range poisons() {
			all = append(all, queue.Message{ID: uuid.NewString(), Body: p})
		}
		rows, err := d.QueryContext(ctx, `SELECT body FROM outbox WHERE queue = $1`, name)
		if err != nil {
			t.Error(err)
			break
		}
		for rows.Next() {
			var body string
			if err := rows.Scan(&body); err != nil {
				t.Error(err)
			}
			for range 2 {
				all = append(all, queue.Message{ID: uuid.NewString(), Body: []byte(body)})
			}
		}
		if err := rows.Err(); err != nil {
			t.Error(err)
		}
		rand.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
		for some := range slices.Chunk(all, 50) {
			if err := q.Send(ctx, some); err != nil {
				t.Errorf("send %d messages to %s: %v", len(some), name, err)
			}
		}
	}
	return func() {
		for _, name := range []string{queue.Jobs, queue.Exports} {
			dead := func() int { return g.broker.DeadStats(name).Active }
			for deadline := time.Now().Add(30 * time.Second); dead() < len(poisons()) && time.Now().Before(deadline); {
				time.Sleep(100 * time.Millisecond)
			}
			if n := dead(); n != len(poisons()) {
				t.Errorf("%d dead letters in %s, want the %d poisons: %s", n, name, len(poisons()), fmt.Sprint(g.broker.Stats(name)))
			}
		}
	}
}
