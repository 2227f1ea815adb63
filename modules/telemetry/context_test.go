package telemetry_test

import (
	"bytes"
	"context"
	"encoding/json"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rs/zerolog"

	"github.com/opal-photo/opal/modules/telemetry"
)

func TestLogCarriesTheContextsIDs(t *testing.T) {
	var out bytes.Buffer
	ctx := telemetry.WithLogger(context.Background(), telemetry.NewLogger(&out, zerolog.InfoLevel, "orchestrator"))
	ctx = telemetry.With(ctx, telemetry.IDs{CorrelationID: "c", TenantID: "t"})
	ctx = telemetry.With(ctx, telemetry.IDs{JobID: "j"})
	telemetry.Log(ctx).Info().Msg("Sent job message")

	var line map[string]string
	if err := json.Unmarshal(out.Bytes(), &line); err != nil {
		t.Fatal(err)
	}
	if _, err := time.Parse(time.RFC3339, line["time"]); err != nil {
		t.Fatalf("time: %v", err)
	}
	delete(line, "time")
	want := map[string]string{"level": "info", "message": "Sent job message", "service": "orchestrator",
		"correlation_id": "c", "tenant_id": "t", "job_id": "j"}
	if diff := cmp.Diff(want, line); diff != "" {
		t.Errorf("the line (-want +got):\n%s", diff)
	}
}

func TestCleanCorrelationID(t *testing.T) {
	for _, keep := range []string{"abc", "req-1/2:3", strings.Repeat("x", 128)} {
		t.Run(strconv.Quote(keep), func(t *testing.T) {
			if got := telemetry.CleanCorrelationID(keep); got != keep {
				t.Errorf("became %q", got)
			}
		})
	}
	for _, bad := range []string{"", "a b", "a\nb", "ä", strings.Repeat("x", 129)} {
		t.Run(strconv.Quote(bad), func(t *testing.T) {
			if got := telemetry.CleanCorrelationID(bad); got == bad || len(got) != 36 {
				t.Errorf("became %q", got)
			}
		})
	}
}
