package fault_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/opal-photo/opal/modules/fault"
)

func raise() { panic("a bad pixel") }

func TestAPanicBecomesAnError(t *testing.T) {
	for name, f := range map[string]func() error{
		"in the caller's goroutine": func() error { raise(); return nil },
		"in another goroutine":      func() error { fault.Together(func() {}, raise); return nil },
		"of another goroutine's own": func() error {
			fault.Together(func() { fault.Together(raise, func() {}) })
			return nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			err := fault.Guard(f)
			var p *fault.Panic
			if !errors.As(err, &p) || p.Value != "a bad pixel" || !strings.Contains(string(p.Stack), "raise") {
				t.Fatal(err)
			}
			if fault.KindOf(err) != fault.Internal || !fault.IsTransient(err) {
				t.Error("it is not internal, or not worth another try")
			}
		})
	}
}

func TestGuardLeavesErrorsAlone(t *testing.T) {
	want := errors.New("ordinary")
	if err := fault.Guard(func() error { return want }); !errors.Is(err, want) {
		t.Error(err)
	}
	if err := fault.Guard(func() error { return nil }); err != nil {
		t.Error(err)
	}
}
