package paging

import (
	"regexp"
	"testing"
	"time"
)

func TestACursorComesBackAsItWasMade(t *testing.T) {
	form := regexp.MustCompile(`^[0-9a-f-]{4}$`)
	at := time.UnixMilli(1_795_000_000_123)
	if created, id, ok := After(Cursor(at, "0a-f"), form); !ok || created != at.UnixMilli() || id != "0a-f" {
		t.Errorf("%d %q %v", created, id, ok)
	}
	for _, no := range []string{".", "x", "1.", ".0a-f", "-1.0a-f", "+1.0a-f", "1.0a-g", "1.0a-f.", "zzzzzzzzzzzzz.0a-f", "1 .0a-f"} {
		t.Run(no, func(t *testing.T) {
			if _, _, ok := After(no, form); ok {
				t.Error("it is taken for a cursor")
			}
		})
	}
}
