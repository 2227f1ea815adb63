package app

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"os"
	"runtime/debug"
	"strconv"
	"strings"

	"github.com/opal-photo/opal/modules/fault"
)

// memoryPerHand is the heap, in bytes, that one worker's photo may take before the
// collector works harder: a 12-megapixel photo with its cut-out and layers.
// Without it the heap doubles before each collection, and two such photos took
// 945 MB where 600 do. A process that holds more pictures beside each other than it may
// spends a fifth of its CPU on collecting.
const memoryPerHand = 200 << 20

// The memory of the children beside a worker, in bytes, with a photo of 12 megapixels.
const (
	decodeMemory = 400 << 20 // one that decodes
	refineMemory = 450 << 20 // one that changes a cut-out
)

// limitMemory sets the collector's soft limit, unless GOMEMLIMIT says one.
func limitMemory(hands int) {
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(heap(hands))
	}
}

func heap(hands int) int64 { return int64(max(2, hands)) * memoryPerHand }

// workerMemory is the memory, in bytes, that a worker on queue jobs takes with its
// children: its heap, a decoder, a change of a cut-out, and the process that runs the
// model, whose manifest says modelMB.
func workerMemory(hands, modelMB int) int64 {
	return heap(hands) + decodeMemory + refineMemory + int64(modelMB)<<20
}

var errMemory = fault.New(fault.Invalid, "memory_short", "There is too little memory for the cut-out model")

// enoughMemory tells whether a worker and the model fit into this machine or container.
func (w *wire) enoughMemory(context.Context) error {
	o, found, err := findModel(w.cfg)
	if err != nil || !found {
		return err
	}
	need, have := workerMemory(w.cfg.Worker.Concurrency, o.Model.MemoryMB), memoryHere()
	if have > 0 && have < need {
		return errMemory.With("a worker takes up to %s with %s at WORKER_CONCURRENCY=%d, and there are %s", gigabytes(need), o.Model.Name, w.cfg.Worker.Concurrency, gigabytes(have))
	}
	return nil
}

func gigabytes(n int64) string { return fmt.Sprintf("%.1f GB", float64(n)/(1<<30)) }

// memoryHere is the memory, in bytes, of this container, or of the machine where no
// container bounds it; 0 where that is not known.
func memoryHere() int64 {
	for _, f := range []string{"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"} {
		b, err := os.ReadFile(f)
		if err != nil {
			continue
		}
		if n, err := strconv.ParseInt(strings.TrimSpace(string(b)), 10, 64); err == nil && n > 0 && n < 1<<50 { // else it is unbounded
			return n
		}
	}
	b, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return 0
	}
	return totalMemory(b)
}

// totalMemory reads MemTotal of /proc/meminfo, in bytes.
func totalMemory(meminfo []byte) int64 {
	for lines := bufio.NewScanner(bytes.NewReader(meminfo)); lines.Scan(); {
		f := strings.Fields(lines.Text())
		if len(f) < 2 || f[0] != "MemTotal:" {
			continue
		}
		kb, err := strconv.ParseInt(f[1], 10, 64)
		if err != nil {
			return 0
		}
		return kb << 10
	}
	return 0
}
