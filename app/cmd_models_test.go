package app

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A person who interrupts a download reads what has become of it.
func TestInterruptedModelDownload(t *testing.T) {
	bin, models := t.TempDir(), filepath.Join(t.TempDir(), "models")
	if err := os.WriteFile(filepath.Join(bin, "npm"), []byte("#!/bin/sh\nexit 1\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", bin)
	t.Setenv("MODELS_DIR", models)
	ctx, stop := context.WithCancel(t.Context())
	stop()
	var said bytes.Buffer
	cmd := modelsCommand(Streams{In: strings.NewReader(""), Out: &said, Err: &said})
	cmd.SetArgs([]string{"get", "isnet", "--accept-licence"})
	cmd.SetOut(&said)
	cmd.SetErr(&said)
	if err := cmd.ExecuteContext(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	if !strings.Contains(said.String(), brokenOff) {
		t.Errorf("it said\n%s", said.String())
	}
	if left, _ := os.ReadDir(models); len(left) != 0 {
		t.Errorf("it left %v", left)
	}
}
