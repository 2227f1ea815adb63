package deploy_test

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// script runs one of this folder's scripts and returns what it said and whether
// it succeeded.
func script(t *testing.T, env []string, args ...string) (string, bool) {
	t.Helper()
	if testing.Short() {
		t.Skip("not among the short tests: it starts scripts")
	}
	for _, name := range []string{"curl", "jq", "python3"} {
		program(t, name)
	}
	cmd := exec.CommandContext(t.Context(), program(t, "bash"), args...)
	cmd.Env = append(os.Environ(), env...)
	out, err := cmd.CombinedOutput()
	return string(out), err == nil
}

// fakeAPI answers the flow that smoke.sh walks, as the API would, or with one
// fault planted.
type fakeAPI struct {
	fault string
	key   string

	mu   sync.Mutex
	puts int
	keys map[string]bool // the keys that came
}

func (f *fakeAPI) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	answer := func(status int, body any) {
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(body)
	}
	base := "http://" + r.Host
	if strings.HasPrefix(r.URL.Path, "/v1/") {
		f.keys[r.Header.Get("X-API-Key")] = true
		if r.Header.Get("X-API-Key") != f.key {
			answer(http.StatusUnauthorized, map[string]string{"code": "unauthenticated"})
			return
		}
	}
	switch r.Method + " " + r.URL.Path {
	case "GET /readyz":
		if f.fault == "not ready" {
			answer(http.StatusServiceUnavailable, nil)
			return
		}
		answer(http.StatusOK, nil)
	case "GET /v1/nowhere":
		if f.fault == "no problem document" {
			http.NotFound(w, r)
			return
		}
		answer(http.StatusNotFound, map[string]string{"code": "not_found"})
	case "POST /v1/jobs":
		answer(http.StatusOK, map[string]any{"job_id": "j", "items": []any{map[string]string{"item_id": "i"}}})
	case "POST /v1/uploads/sas":
		answer(http.StatusOK, map[string]string{"upload_url": base + "/blob"})
	case "PUT /blob":
		body, err := io.ReadAll(r.Body)
		if err != nil || !bytes.HasPrefix(body, []byte("\x89PNG")) || r.Header.Get("x-ms-blob-type") != "BlockBlob" || r.Header.Get("X-API-Key") != "" {
			answer(http.StatusBadRequest, nil)
			return
		}
		f.puts++
		if f.puts > 1 && f.fault != "overwritten" {
			answer(http.StatusConflict, nil)
			return
		}
		answer(http.StatusCreated, nil)
	case "POST /v1/uploads/complete":
		answer(http.StatusOK, map[string]bool{"ok": true})
	case "GET /v1/jobs/j":
		status := "completed"
		switch f.fault {
		case "failed":
			status = "failed"
		case "stuck":
			status = "processing"
		}
		answer(http.StatusOK, map[string]any{"status": status, "items": []any{map[string]string{"status": status, "error_message": "it broke"}}})
	case "GET /v1/downloads/i":
		answer(http.StatusOK, map[string]string{"download_url": base + "/picture"})
	case "GET /v1/downloads/jobs/j/export":
		answer(http.StatusOK, map[string]string{"download_url": base + "/zip"})
	case "GET /picture":
		if f.fault != "empty picture" {
			_, _ = w.Write([]byte("picture"))
		}
	case "GET /zip":
		if f.fault == "no ZIP" {
			_, _ = w.Write([]byte("not one"))
			return
		}
		_ = zip.NewWriter(w).Close()
	default:
		http.NotFound(w, r)
	}
}

func TestSmokeWalksTheFlow(t *testing.T) {
	photo := filepath.Join(t.TempDir(), "photo.png")
	if err := os.WriteFile(photo, []byte("\x89PNG"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ fault, want string }{
		{"", "smoke: ok"},
		{"not ready", "status 503"},
		{"no problem document", "no .code"},
		{"overwritten", "status 201 instead of 403,409"},
		{"failed", "it broke"},
		{"stuck", "the job is processing after"},
		{"empty picture", "download: empty"},
		{"no ZIP", "the export is no ZIP"},
	} {
		t.Run(c.fault, func(t *testing.T) {
			t.Parallel()
			f := &fakeAPI{fault: c.fault, key: "opal_k", keys: map[string]bool{}}
			s := httptest.NewServer(f)
			defer s.Close()
			args := []string{"smoke.sh", s.URL + "/", "acme"}
			if c.fault != "" { // without a photo it draws one, which the first case tries
				args = append(args, photo)
			}
			out, ok := script(t, []string{"OPAL_API_KEY=opal_k", "OPAL_SMOKE_WAIT=2"}, args...)
			if ok != (c.fault == "") || !strings.Contains(out, c.want) {
				t.Errorf("passed %v: %s", ok, out)
			}
			if strings.Contains(out, "opal_k") {
				t.Errorf("the key is printed: %s", out)
			}
			for k := range f.keys {
				if k != "opal_k" {
					t.Errorf("a call came with the key %q", k)
				}
			}
		})
	}
}

// standIn is an az that knows the three calls of run-job.sh. It writes down how it
// was called and returns the run's file.
const standIn = `#!/bin/sh
echo "$*" >>"$RECORD"
case "$*" in
*"job show"*) echo '{"containers":[{"name":"opal","image":"i","args":["doctor"],"env":[{"name":"A","value":"b"}]}],"volumes":null}' ;;
*"execution show"*) echo "$STATUS" ;;
*"job start"*)
	for a in "$@"; do case $a in */run.yaml) cat "$a" >>"$RECORD" ;; esac; done
	[ "$STATUS" = refused ] && { echo "no such job" >&2; exit 3; }
	echo run-1 ;;
*) exit 64 ;;
esac
`

func TestRunJobWaitsForTheEnd(t *testing.T) {
	for _, c := range []struct {
		status string
		args   []string
		ok     bool
		want   string // of what it says
		called string // of how az was called
	}{
		{"Succeeded", nil, true, "run-1 succeeded", "job start --resource-group g --name j"},
		{"Failed", nil, false, "run-1 is Failed", ""},
		{"Running", nil, false, "has not ended", ""},
		{"refused", nil, false, "no such job", ""},
		{"Succeeded", []string{"keys", "create", "acme", "--name", "a b"}, true, "succeeded", `"a b"`},
	} {
		t.Run(strings.Join(append([]string{c.status}, c.args...), " "), func(t *testing.T) {
			dir := t.TempDir()
			record := filepath.Join(dir, "record")
			if err := os.WriteFile(filepath.Join(dir, "az"), []byte(standIn), 0o700); err != nil {
				t.Fatal(err)
			}
			env := []string{"PATH=" + dir + ":" + os.Getenv("PATH"), "RECORD=" + record, "STATUS=" + c.status, "OPAL_JOB_WAIT=1"}
			out, ok := script(t, env, append([]string{"run-job.sh", "g", "j"}, c.args...)...)
			called, err := os.ReadFile(record)
			if err != nil || ok != c.ok || !strings.Contains(out, c.want) || !strings.Contains(string(called), c.called) {
				t.Errorf("%s %v: passed %v, said %s, called %s (%v)", c.status, c.args, ok, out, called, err)
			}
			if len(c.args) > 0 && (!strings.Contains(string(called), `"image": "i"`) || strings.Contains(string(called), `"doctor"`)) {
				t.Errorf("the run's file: %s", called)
			}
		})
	}
}
