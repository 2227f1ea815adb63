package servicebus_test

import (
	"testing"
	"time"

	"github.com/opal-photo/opal/modules/queue/queuetest"
	"github.com/opal-photo/opal/modules/queue/servicebus"
	"github.com/opal-photo/opal/modules/queue/servicebus/sbtest"
)

// Against the emulator, which is not what limits it.
func BenchmarkEndToEnd(b *testing.B) {
	s := server(b, time.Minute, sbtest.Options{})
	o := servicebus.Options{ConnectionString: s.ConnectionString()}
	queuetest.Bench(b, open(b, jobs, o), open(b, jobs, o))
}
