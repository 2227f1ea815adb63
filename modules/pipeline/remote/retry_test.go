package remote

import (
	"testing"
	"time"
)

func TestBackoffIsBoundedAndSpread(t *testing.T) {
	seen := map[time.Duration]bool{}
	for try := 1; try < 40; try++ {
		d := backoff(try)
		if d < 0 || d > maxWait {
			t.Errorf("try %d: %v", try, d)
		}
		seen[d] = true
	}
	if len(seen) < 20 {
		t.Error("waits are not spread")
	}
}
