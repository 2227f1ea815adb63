package sqlqueue_test

import (
	"testing"

	"github.com/opal-photo/opal/modules/db/dbtest"
	"github.com/opal-photo/opal/modules/queue/queuetest"
	"github.com/opal-photo/opal/modules/queue/sqlqueue"
)

func BenchmarkEndToEnd(b *testing.B) {
	for name, url := range map[string]func(testing.TB) string{"sqlite": dbtest.SQLiteURL, "postgres": dbtest.PostgresURL} {
		b.Run(name, func(b *testing.B) {
			d := dbtest.Open(b, url(b))
			q := sqlqueue.Open(sqlqueue.Options{DB: d, Name: "bench"})
			defer func() { _ = q.Close(b.Context()) }()
			queuetest.Bench(b, q, q)
		})
	}
}
