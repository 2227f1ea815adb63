package queuetest

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/opal-photo/opal/modules/queue"
)

const (
	benchBatch = 100
	benchHands = 32
)

// Bench measures messages end to end: sent in batches of 100 by one handle while
// another receives and completes them in 32 goroutines.
func Bench(b *testing.B, sender, receiver queue.Queue) {
	ctx, cancel := context.WithCancel(b.Context())
	defer cancel()
	var handled atomic.Int64
	consumed := make(chan error, 1)
	b.ResetTimer()
	go func() {
		consumed <- queue.Consume(ctx, queue.ConsumeOptions{Queue: receiver, Concurrency: benchHands, Drain: patience, Handler: func(context.Context, queue.Body) error {
			if handled.Add(1) == int64(b.N) {
				cancel()
			}
			return nil
		}})
	}()
	for n := 0; n < b.N; n += benchBatch {
		var m []queue.Message
		for i := n; i < min(n+benchBatch, b.N); i++ {
			m = append(m, message(fmt.Sprintf("%s-%d-%d", b.Name(), b.N, i)))
		}
		if err := sender.Send(b.Context(), m); err != nil {
			b.Fatal(err)
		}
	}
	if err := <-consumed; err != nil {
		b.Fatal(err)
	}
	b.StopTimer()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "messages/s")
	if n := handled.Load(); n != int64(b.N) {
		b.Fatalf("handled %d times for %d messages", n, b.N)
	}
}
