package fault_test

import (
	"errors"
	"fmt"
	"io"
	"testing"
	"time"

	"github.com/opal-photo/opal/modules/fault"
)

var errGone = fault.New(fault.NotFound, "thing_not_found", "There is no such thing")

func TestWithKeepsSentinelKindAndCode(t *testing.T) {
	err := fmt.Errorf("load: %w", errGone.With("id %s", "7"))
	if !errors.Is(err, errGone) {
		t.Fatal("a detailed error must be its sentinel")
	}
	if fault.KindOf(err) != fault.NotFound || fault.CodeOf(err) != "thing_not_found" {
		t.Fatalf("kind %v code %q", fault.KindOf(err), fault.CodeOf(err))
	}
	e, _ := fault.As(err)
	if got, want := e.Error(), "There is no such thing: id 7"; got != want {
		t.Fatalf("text %q, want %q", got, want)
	}
}

func TestUnknownErrorsAreInternalAndTransient(t *testing.T) {
	if fault.KindOf(io.EOF) != fault.Internal || fault.CodeOf(io.EOF) != "internal" || !fault.IsTransient(io.EOF) {
		t.Fatal("an unknown error is internal and worth another try")
	}
	if fault.IsTransient(nil) || fault.Transient(nil, 0) != nil || fault.Uncounted(nil, 0) != nil {
		t.Fatal("nil stays nil")
	}
}

func TestTransientOverridesKind(t *testing.T) {
	if fault.IsTransient(errGone) {
		t.Fatal("not found is permanent")
	}
	err := fmt.Errorf("call: %w", fault.Transient(errGone, 3*time.Second))
	if !fault.IsTransient(err) || fault.RetryAfter(err) != 3*time.Second || fault.CodeOf(err) != "thing_not_found" {
		t.Fatalf("lost the mark or the code: %v", err)
	}
	if fault.IsUncounted(err) || !fault.IsUncounted(fault.Uncounted(err, 0)) {
		t.Fatal("only an uncounted error is uncounted")
	}
}

func TestFieldsStayWithTheirError(t *testing.T) {
	err := errGone.With("id %s", "7").At("items[0].id", "kind")
	e, _ := fault.As(fmt.Errorf("load: %w", err))
	if got := fmt.Sprintf("%v %s %v", e.Fields(), e, errors.Is(e, errGone)); got != "[items[0].id kind] There is no such thing: id 7 true" {
		t.Fatal(got)
	}
	if errGone.Fields() != nil {
		t.Fatal("the sentinel has a case's fields")
	}
}
