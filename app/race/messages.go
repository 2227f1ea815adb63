package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/opal-photo/opal/modules/db"
	"github.com/opal-photo/opal/modules/queue"
	"github.com/opal-photo/opal/modules/queue/sqlqueue"
)

// messageBody is as long as the bodies of OPAL's messages.
const messageBody = `{"tenant_id":"default","job_id":"0198f7a0-0000-7000-8000-000000000001","item_id":"0198f7a0-0000-7000-8000-000000000002","correlation_id":"0198f7a0-0000-7000-8000-000000000003"}`

// messages sends, receives and completes messages of the embedded queue, one after another,
// and writes how many a second went all the way.
func messages(ctx context.Context, dir string, n int) error {
	d, err := db.Open(ctx, db.Options{URL: db.SQLiteURL(filepath.Join(dir, "opal.db"))})
	if err != nil {
		return err
	}
	defer d.Close()
	if err := d.Migrate(ctx); err != nil {
		return err
	}
	q := sqlqueue.Open(sqlqueue.Options{DB: d, Name: "race"})
	defer func() { _ = q.Close(ctx) }()
	began := time.Now()
	for i := range n {
		if err := q.Send(ctx, []queue.Message{{ID: strconv.Itoa(i), Body: []byte(messageBody)}}); err != nil {
			return err
		}
	}
	for i := range n {
		got, err := q.Receive(ctx, 1)
		if err != nil {
			return err
		}
		if len(got) == 0 {
			return fmt.Errorf("%d of %d messages came", i, n)
		}
		if err := q.Complete(ctx, got[0]); err != nil {
			return err
		}
	}
	fmt.Fprintf(os.Stdout, "figure %g\n", float64(n)/time.Since(began).Seconds())
	return nil
}
