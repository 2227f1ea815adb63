package webhook_test

import (
	"bufio"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/opal-photo/opal/modules/db/dbtest"
	"github.com/opal-photo/opal/modules/event"
	"github.com/opal-photo/opal/modules/webhook"
)

// TestNPMLibraryVerifies has a receiver in JavaScript check deliveries with the library
// of Standard Webhooks: by the secret that an endpoint began with, and by the one of its
// rotation.
func TestNPMLibraryVerifies(t *testing.T) {
	t.Parallel()
	const folder = "testdata/receiver"
	if _, err := os.Stat(folder + "/node_modules"); errors.Is(err, fs.ErrNotExist) {
		const text = "the library standardwebhooks is missing: run sh .ci/test-dependencies"
		if os.Getenv("OPAL_REQUIRE_ALL") == "1" {
			t.Fatal(text)
		}
		t.Skip(text)
	}
	d := dbtest.SQLite(t)
	s := newService(t, d, loopback)
	e, old := create(t, s, "http://127.0.0.1:1/later")
	_, fresh, err := s.Rotate(t.Context(), tenantID, e.EndpointID)
	if err != nil {
		t.Fatal(err)
	}

	node := exec.CommandContext(t.Context(), "node", "receiver.js", old, fresh)
	node.Dir, node.Stderr = folder, os.Stderr
	in, err := node.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := node.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := node.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { in.Close(); _ = node.Wait() })
	lines := bufio.NewScanner(out)
	if !lines.Scan() {
		t.Fatalf("the receiver does not start: %v", lines.Err())
	}
	url := "http://127.0.0.1:" + lines.Text() + "/hook"
	if _, err := s.Update(t.Context(), tenantID, e.EndpointID, webhook.NewEndpoint{URL: url}); err != nil {
		t.Fatal(err)
	}
	start(t, s)
	happens(t, d, "j1", event.ItemCompleted)
	if !lines.Scan() {
		t.Fatalf("nothing was delivered: %v", lines.Err())
	}
	type check struct {
		Event *struct {
			ID, Type string
			Data     map[string]string
		}
		Error string
	}
	var got struct {
		ID       string
		Verified []check
		Tampered check
	}
	if err := json.Unmarshal(lines.Bytes(), &got); err != nil {
		t.Fatalf("%v: %s", err, lines.Text())
	}
	for i, c := range got.Verified {
		if c.Event == nil || c.Event.ID != got.ID || c.Event.Type != event.ItemCompleted || c.Event.Data["job_id"] != "j1" {
			t.Errorf("by secret %d: %s", i, lines.Text())
		}
	}
	if diff := cmp.Diff(2, len(got.Verified)); diff != "" {
		t.Errorf("the secrets (-want +got):\n%s", diff)
	}
	if got.Tampered.Event != nil || !strings.Contains(got.Tampered.Error, "signature") {
		t.Errorf("a changed body passes: %s", lines.Text())
	}
}
