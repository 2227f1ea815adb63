package fault_test

import (
	"strings"
	"testing"

	"github.com/opal-photo/opal/modules/fault"
)

func TestNearest(t *testing.T) {
	known := []string{"kitchen", "office", "MAIN"}
	for word, want := range map[string]string{
		"kitchn": "kitchen", "Ofice": "office", "main": "MAIN", "kitchen": "kitchen", "garden": "", "": "",
		strings.Repeat("k", 1<<20): "",
	} {
		if got := fault.Nearest(word, known, 2); got != want {
			t.Errorf("%.20q: %q, want %q", word, got, want)
		}
	}
}
