package job_test

import (
	"os"
	"strconv"
	"testing"
)

// backlogItems is how many items BenchmarkBacklog makes: 10,000, or as many as
// OPAL_BACKLOG_ITEMS says, in hundreds.
func backlogItems(b *testing.B) int {
	const usual, least = 10_000, 100
	text := os.Getenv("OPAL_BACKLOG_ITEMS")
	if text == "" {
		return usual
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < least {
		b.Fatalf("OPAL_BACKLOG_ITEMS=%s: it is a number from %d on", text, least)
	}
	return n
}
