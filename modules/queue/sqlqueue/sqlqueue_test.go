package sqlqueue_test

import (
	"testing"
	"time"

	"github.com/opal-photo/opal/modules/db"
	"github.com/opal-photo/opal/modules/db/dbtest"
	"github.com/opal-photo/opal/modules/queue"
	"github.com/opal-photo/opal/modules/queue/queuetest"
	"github.com/opal-photo/opal/modules/queue/sqlqueue"
)

// poll is short, because a second handle stands for another process.
const poll = 20 * time.Millisecond

func TestSuite(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		queuetest.Run(t, func(t *testing.T, lock time.Duration) queuetest.Harness {
			return queuetest.Harness{Open: func(t *testing.T) queue.Queue {
				q := sqlqueue.Open(sqlqueue.Options{DB: d, Name: t.Name(), Lock: lock, Poll: poll})
				t.Cleanup(func() { _ = q.Close(t.Context()) })
				return q
			}}
		})
	})
}
