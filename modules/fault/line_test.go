package fault_test

import (
	"testing"

	"github.com/opal-photo/opal/modules/fault"
)

func TestALineIsShortAndHasNoControlCharacters(t *testing.T) {
	for text, want := range map[string]bool{"": true, "Stühle": true, "Stuehle": false, "a\nb": false, "a\x00": false, "a\u0085b": false, "\xff": false, "🪑🪑🪑": true} {
		if got := fault.IsLine(text, 6); got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
}
