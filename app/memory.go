package app

import (
	"os"
	"runtime/debug"
)

// memoryPerHand is the heap, in bytes, that one worker's photo may take before the
// collector works harder: a 12-megapixel photo with its cut-out and layers.
// Without it the heap doubles before each collection, and two such photos took
// 945 MB where 600 do.
const memoryPerHand = 200 << 20

// limitMemory sets the collector's soft limit, unless GOMEMLIMIT says one.
func limitMemory(hands int) {
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(int64(max(2, hands)) * memoryPerHand)
	}
}
