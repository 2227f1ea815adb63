package servicebus_test

import (
	"testing"
	"time"

	"github.com/opal-photo/opal/modules/queue/queuetest"
	"github.com/opal-photo/opal/modules/queue/servicebus"
	"github.com/opal-photo/opal/modules/queue/servicebus/sbtest"
)

// The emulator is not the bottleneck of this benchmark.
func BenchmarkEndToEnd(b *testing.B) {
	s := server(b, time.Minute, sbtest.Options{})
	o := servicebus.Options{ConnectionString: s.ConnectionString()}
	queuetest.Bench(b, open(b, jobs, o), open(b, jobs, o))
}
