package shell

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/opal-photo/opal/modules/client"
)

func TestAddressesAreCompleted(t *testing.T) {
	for given, want := range map[string]string{
		"127.0.0.1:8080": "http://127.0.0.1:8080", "localhost": "http://localhost", "[::1]:80": "http://[::1]:80", "opal.localhost/": "http://opal.localhost",
		"opal.example": "https://opal.example", "opal.example:8443/": "https://opal.example:8443", "10.0.0.1:8080": "https://10.0.0.1:8080", "http://opal.example": "http://opal.example",
	} {
		t.Run(given, func(t *testing.T) {
			if got := address(given); got != want || bare(got) != (given == "http://opal.example") {
				t.Errorf("%s, bare %v", got, bare(got))
			}
		})
	}
}

// api is an API that takes one order. Each call of complete answers with the next of its
// answers: by file name, the code of an error.
type api struct {
	*httptest.Server
	mu        sync.Mutex
	names     []string
	answers   []map[string]string
	put       map[string]int
	completed [][]string
	cancelled []string
}

func newAPI(t *testing.T, answers ...map[string]string) *api {
	a := &api{answers: answers, put: map[string]int{}}
	a.Server = httptest.NewServer(http.HandlerFunc(a.serve))
	t.Cleanup(a.Close)
	t.Setenv("OPAL_API", a.URL)
	t.Setenv("OPAL_CONFIG_DIR", t.TempDir())
	t.Setenv("OPAL_STATE_DIR", t.TempDir())
	return a
}

func (a *api) serve(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	say := func(v any) { _ = json.NewEncoder(w).Encode(v) }
	switch {
	case r.Method == http.MethodPut:
		_, _ = io.Copy(io.Discard, r.Body)
		a.put[filepath.Base(r.URL.Path)]++
		w.WriteHeader(http.StatusCreated)
	case r.URL.Path == "/v1/jobs":
		var n client.NewJob
		_ = json.NewDecoder(r.Body).Decode(&n)
		made := client.CreatedJob{JobID: "j"}
		for _, it := range n.Items {
			a.names = append(a.names, it.Filename)
			made.Items = append(made.Items, client.CreatedItem{ItemID: it.Filename, UploadURL: a.URL + "/put/" + it.Filename})
		}
		say(made)
	case r.URL.Path == "/v1/uploads/complete":
		var in client.CompleteRequest
		_ = json.NewDecoder(r.Body).Decode(&in)
		out := client.Completed{OK: true}
		var ids []string
		for _, it := range in.Items {
			ids = append(ids, it.ItemID)
			one := client.CompletedItem{ItemID: it.ItemID, OK: true}
			if code := a.answers[0][it.ItemID]; code != "" {
				one.OK, out.OK, one.Error = false, false, &client.ItemError{Code: code, Detail: "because of " + code}
			}
			out.Items = append(out.Items, one)
		}
		a.completed, a.answers = append(a.completed, ids), a.answers[1:]
		say(out)
	case strings.HasSuffix(r.URL.Path, "/cancel"):
		a.cancelled = append(a.cancelled, strings.Split(r.URL.Path, "/")[5])
		say(client.OK{OK: true})
	default:
		var j client.Job
		j.JobID, j.Status = "j", client.JobProcessing
		for _, name := range a.names {
			j.Items = append(j.Items, client.Item{ItemID: name, Filename: name, Status: client.ItemCreated})
		}
		say(j)
	}
}

// create runs opal jobs create and returns what it said.
func create(t *testing.T, args ...string) (said string, err error) {
	t.Helper()
	var stderr bytes.Buffer
	c := jobsCommand(Streams{In: strings.NewReader(""), Out: io.Discard, Err: &stderr}, "test")
	c.SetArgs(append([]string{"create"}, args...))
	c.SilenceErrors, c.SilenceUsage = true, true
	err = c.ExecuteContext(t.Context())
	return stderr.String(), err
}

func photos(t *testing.T, names ...string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	for _, name := range names {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(name), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestOnePhotoHoldsUpNoOther(t *testing.T) {
	a := newAPI(t, map[string]string{"c.jpg": "image_corrupt"})
	dir := photos(t, "a.jpg", "c.jpg", "d.jpg")
	large, err := os.Create(filepath.Join(dir, "b.jpg"))
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(large.Truncate(maxPhoto+1), large.Close()); err != nil {
		t.Fatal(err)
	}
	said, err := create(t, dir)
	if !errors.Is(err, ErrReported) || !strings.Contains(said, "b.jpg: ") || !strings.Contains(said, "larger than 25 MB") || !strings.Contains(said, "c.jpg: because of image_corrupt") {
		t.Errorf("%v\n%s", err, said)
	}
	if d := cmp.Diff([][]string{{"a.jpg", "c.jpg", "d.jpg"}}, a.completed); d != "" {
		t.Error(d)
	}
	left := map[string]bool{}
	for _, id := range a.cancelled {
		left[id] = true
	}
	if d := cmp.Diff(map[string]bool{"b.jpg": true, "c.jpg": true}, left); d != "" {
		t.Errorf("left out: %s", d)
	}
}

func TestPhotosWaitForCredits(t *testing.T) {
	a := newAPI(t, map[string]string{"b.jpg": "insufficient_credits", "c.jpg": "image_corrupt"}, map[string]string{})
	dir := photos(t, "a.jpg", "b.jpg", "c.jpg")
	said, err := create(t, dir)
	if !errors.Is(err, ErrReported) || !strings.Contains(said, "1 of the photos that were sent are not queued: because of insufficient_credits") || len(a.cancelled) != 0 {
		t.Fatalf("%v, left out %v\n%s", err, a.cancelled, said)
	}
	said, err = create(t, dir)
	if !errors.Is(err, ErrReported) || !strings.Contains(said, "Going on with these 3 photos") { // one was not taken
		t.Errorf("%v\n%s", err, said)
	}
	if d := cmp.Diff([][]string{{"a.jpg", "b.jpg", "c.jpg"}, {"a.jpg", "b.jpg"}}, a.completed); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff(map[string]int{"a.jpg": 1, "b.jpg": 1, "c.jpg": 1}, a.put); d != "" {
		t.Errorf("sent: %s", d)
	}
	if fmt.Sprint(a.cancelled) != "[c.jpg]" {
		t.Errorf("left out: %v", a.cancelled)
	}
}

func TestPhotosWaitForWhatIsBusy(t *testing.T) {
	a := newAPI(t, map[string]string{"b.jpg": "uploads_busy"}, map[string]string{})
	if said, err := create(t, photos(t, "a.jpg", "b.jpg")); err != nil {
		t.Errorf("%v\n%s", err, said)
	}
	if d := cmp.Diff([][]string{{"a.jpg", "b.jpg"}, {"b.jpg"}}, a.completed); d != "" {
		t.Error(d)
	}
}

func TestPrivateFilesAreTheirOwners(t *testing.T) {
	path := filepath.Join(t.TempDir(), "opal", "profiles.json")
	for range 2 {
		if err := writeJSON(path, map[string]string{"key": "secret"}); err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(path)
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%v, %v", info.Mode(), err)
		}
		if err := os.Chmod(path, 0o644); err != nil { // as a careless copy would
			t.Fatal(err)
		}
	}
	if left, err := os.ReadDir(filepath.Dir(path)); err != nil || len(left) != 1 {
		t.Errorf("%v, %v", left, err)
	}
}
