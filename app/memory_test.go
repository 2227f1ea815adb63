package app

import (
	"os"
	"regexp"
	"slices"
	"strconv"
	"testing"

	"github.com/opal-photo/opal/config"
	"github.com/opal-photo/opal/modules/pipeline/onnx"
)

// The container of the worker that cuts products out has room for the model that
// `opal models get` brings, as its manifest says.
func TestTheWorkersContainerHoldsTheModel(t *testing.T) {
	b, err := os.ReadFile("../deploy/apps.bicep")
	if err != nil {
		t.Fatal(err)
	}
	m := regexp.MustCompile(`(?s)args: \['orchestrate'.*?memory: '(\d+)Gi'`).FindSubmatch(b)
	if m == nil {
		t.Fatal("the orchestrator's memory is not found")
	}
	gi, err := strconv.Atoi(string(m[1]))
	if err != nil {
		t.Fatal(err)
	}
	isnet, ok := onnx.KnownBy("isnet")
	if !ok {
		t.Fatal("isnet is not known")
	}
	cfg, err := config.Load("", nil)
	if err != nil {
		t.Fatal(err)
	}
	if need := workerMemory(cfg.Worker.Concurrency, isnet.MemoryMB); need > int64(gi)<<30 {
		t.Errorf("the worker takes %s, its container has %d GiB", gigabytes(need), gi)
	}
}

func TestTotalMemoryIsRead(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		want int64
	}{
		"a machine's":   {"MemFree:  3 kB\nMemTotal:       16384 kB\n", 16 << 20},
		"nothing":       {"", 0},
		"another text":  {"MemTotal: lots kB", 0},
		"a line's half": {"MemTotal:", 0},
	} {
		t.Run(name, func(t *testing.T) {
			if n := totalMemory([]byte(c.text)); n != c.want {
				t.Errorf("%d", n)
			}
		})
	}
}

// A role's share of memory counts all of its parts that hold pictures.
func TestRolesCountWhatHoldsPictures(t *testing.T) {
	holders := []string{jobWorker.name, exportWorker.name, scoreServer.name}
	for _, r := range append([]role{devRole}, roles...) {
		n := 0
		for _, p := range r.parts {
			if slices.Contains(holders, p.name) {
				n++
			}
		}
		if max(n, 1) != max(r.holders, 1) {
			t.Errorf("%s has %d such parts and says %d", r.name, n, r.holders)
		}
	}
}
