package servicebus_test

import (
	"context"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/opal-photo/opal/modules/queue"
	"github.com/opal-photo/opal/modules/queue/queuetest"
	"github.com/opal-photo/opal/modules/queue/servicebus"
	"github.com/opal-photo/opal/modules/queue/servicebus/sbtest"
)

// renewer is what the library leaves behind when two calls find a link missing
// at the same time. The adapter opens links one call at a time, but a link that
// is lost under several calls is the library's own to open again.
const renewer = "github.com/Azure/azure-sdk-for-go/sdk/messaging/azservicebus/internal.(*Namespace).startNegotiateClaimRenewer.func3"

func TestMain(m *testing.M) { goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction(renewer)) }

const jobs = "jobs"

// server starts an emulator with a queue as deploy makes them.
func server(t testing.TB, lock time.Duration, o sbtest.Options) *sbtest.Server {
	t.Helper()
	o.Queues = append(o.Queues, sbtest.QueueConfig{Name: jobs, LockDuration: lock, MaxDeliveryCount: queue.MaxDeliveries, DuplicateDetection: 10 * time.Minute})
	return sbtest.New(t, o)
}

// open opens a queue of the server, closed with the test.
func open(t testing.TB, name string, o servicebus.Options) *servicebus.Queue {
	t.Helper()
	ns, err := servicebus.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	q := ns.Queue(name)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := q.Close(ctx); err != nil {
			t.Errorf("close the queue: %v", err)
		}
		if err := ns.Close(ctx); err != nil {
			t.Errorf("close the namespace: %v", err)
		}
	})
	return q
}

func TestSuite(t *testing.T) {
	if testing.Short() {
		t.Skip("not among the short tests: half a minute of waiting for locks")
	}
	t.Parallel()
	queuetest.Run(t, func(t *testing.T, lock time.Duration) queuetest.Harness {
		s := server(t, lock, sbtest.Options{})
		at := func(name, cs string) func(t *testing.T) queue.Queue {
			return func(t *testing.T) queue.Queue {
				return open(t, name, servicebus.Options{ConnectionString: cs, Lock: lock, Try: 2 * time.Second})
			}
		}
		shut := server(t, lock, sbtest.Options{Authorize: func(string, string, string) (int32, string) { return 401, "no such key" }})
		return queuetest.Harness{
			Open: at(jobs, s.ConnectionString()), Missing: at("nobody", s.ConnectionString()), Unauthorized: at(jobs, shut.ConnectionString()),
			Faults: &queuetest.Faults{Drop: s.DropConnections, Refuse: s.Refuse, Freeze: s.Freeze, Throttle: s.Throttle, LoseAnswer: s.LoseAcknowledgements},
		}
	})
}
