package chaos_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/opal-photo/opal/app/apptest"
	"github.com/opal-photo/opal/modules/crashpoint"
)

// built is opal with its crash points, which all tests share: a link takes a
// gigabyte and minutes of a busy machine. TestMain removes it.
var built = sync.OnceValues(func() (exe string, err error) {
	if builtDir, err = os.MkdirTemp("", "opal-chaos-"); err != nil {
		return "", err
	}
	exe = filepath.Join(builtDir, "opal")
	if out, err := exec.Command("go", "build", "-tags", "chaos", "-o", exe, "../..").CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w\n%s", err, out)
	}
	return exe, nil
})

// builtDir is where built lies.
var builtDir string

// chaosBuild returns opal with its crash points.
func chaosBuild(t *testing.T) string {
	t.Helper()
	exe, err := built()
	if err != nil {
		t.Fatalf("build: %v", err)
	}
	return exe
}

// member is a role that is started again whenever it dies.
type member struct {
	fleet *fleet
	args  []string
	mu    sync.Mutex
	now   *apptest.Process
	all   []*apptest.Process
	quits bool          // it is being stopped, and not to be started again
	died  []time.Time   // was killed
	ended []time.Time   // ended by itself, as one that finds no database does
	idle  chan struct{} // closed when its supervisor has ended
}

// fleet is a set of supervised roles on one database.
type fleet struct {
	t       *testing.T
	exe     string
	env     []string
	members map[string]*member
	api     apptest.Client
}

// run starts a role and keeps it alive. aim, if any, is the point and hit at
// which its first process kills itself.
func (f *fleet) run(name, aim string, args ...string) {
	m := &member{fleet: f, args: args}
	f.members[name] = m
	m.begin(aim)
}

func (m *member) begin(aim string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.quits, m.idle = false, make(chan struct{})
	m.launch(aim)
	go m.keep(m.idle)
}

// launch starts a process; the caller holds the lock.
func (m *member) launch(aim string) {
	env := m.fleet.env
	if aim != "" {
		env = append([]string{crashpoint.Variable + "=" + aim}, env...)
	}
	m.now = apptest.StartExe(m.fleet.t, m.fleet.exe, env, m.args...)
	m.all = append(m.all, m.now)
}

// killed tells whether a process that has ended was killed.
func killed(p *apptest.Process) bool {
	status, ok := p.Cmd.ProcessState.Sys().(syscall.WaitStatus)
	return ok && status.Signaled()
}

// stillborn is how soon a process ends that could not start.
const stillborn = 200 * time.Millisecond

// keep starts the role again each time it dies.
func (m *member) keep(idle chan struct{}) {
	defer close(idle)
	early := 0
	for {
		m.mu.Lock()
		p := m.now
		m.mu.Unlock()
		began := time.Now()
		<-p.Done
		m.mu.Lock()
		if m.quits {
			m.mu.Unlock()
			return
		}
		if time.Since(began) > stillborn {
			early = 0
		} else if early++; early > 10 {
			m.fleet.t.Errorf("%v does not stay up", m.args)
			m.mu.Unlock()
			return
		}
		if killed(p) {
			m.died = append(m.died, time.Now())
		} else {
			m.ended = append(m.ended, time.Now())
		}
		m.launch("")
		m.mu.Unlock()
	}
}

// stop ends the role as the platform does.
func (m *member) stop() {
	m.mu.Lock()
	m.quits = true
	err := m.now.Cmd.Process.Signal(syscall.SIGTERM)
	m.mu.Unlock()
	if err != nil {
		m.fleet.t.Logf("stop %v: %v", m.args, err)
	}
	select {
	case <-m.idle:
	case <-time.After(time.Minute):
		m.fleet.t.Errorf("%v does not stop", m.args)
	}
}

// kill ends the role's process as a failing machine does.
func (m *member) kill() {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.now.Cmd.Process.Kill(); err != nil {
		m.fleet.t.Logf("kill %v: %v", m.args, err)
	}
}

// abandon kills all roles immediately, whatever they are doing, so that none is
// started again after the test.
func (f *fleet) abandon() {
	for _, m := range f.members {
		m.mu.Lock()
		m.quits = true
		_ = m.now.Cmd.Process.Kill()
		m.mu.Unlock()
		<-m.idle
	}
}

// aimAt starts the role anew, to kill itself there.
func (m *member) aimAt(aim string) {
	m.stop()
	m.begin(aim)
}

// deaths returns the times at which a role was killed.
func (f *fleet) deaths() []time.Time {
	return f.ends(func(m *member) []time.Time { return m.died })
}

// exits returns the times at which a role ended by itself.
func (f *fleet) exits() []time.Time {
	return f.ends(func(m *member) []time.Time { return m.ended })
}

func (f *fleet) ends(of func(*member) []time.Time) []time.Time {
	var all []time.Time
	for _, m := range f.members {
		m.mu.Lock()
		all = append(all, of(m)...)
		m.mu.Unlock()
	}
	return all
}

// lines returns the log lines of every process that ran.
func (f *fleet) lines(message string) []map[string]any {
	var out []map[string]any
	for _, m := range f.members {
		m.mu.Lock()
		all := m.all
		m.mu.Unlock()
		for _, p := range all {
			out = append(out, p.Lines(func(l map[string]any) bool { return l["message"] == message })...)
		}
	}
	return out
}

func (f *fleet) stop() {
	for _, m := range f.members {
		m.stop()
	}
}

// insistence is how long a client goes on. A crash in the middle of a creation
// keeps its Idempotency-Key for two minutes.
const insistence = 4 * time.Minute

// insist calls the API until it answers: what a client does whose server may be
// gone in the middle of a call. key makes a repeated creation the same one.
func (f *fleet) insist(method, path, key string, body, into any) int {
	f.t.Helper()
	b, err := json.Marshal(body)
	if err != nil {
		f.t.Error(err)
		return 0
	}
	var last string
	for deadline := time.Now().Add(insistence); time.Now().Before(deadline); time.Sleep(100 * time.Millisecond) {
		code, answer, err := f.once(method, f.api.Base+path, key, b, nil)
		last = fmt.Sprint(code, string(answer), err)
		if err != nil || code >= 500 || code == http.StatusTooManyRequests || strings.Contains(string(answer), "idempotency") {
			continue
		}
		if into != nil && code < 300 {
			if err := json.Unmarshal(answer, into); err != nil {
				continue
			}
		}
		return code
	}
	f.t.Errorf("%s %s is never answered: %s", method, path, last)
	return 0
}

func (f *fleet) once(method, url, key string, body []byte, header http.Header) (int, []byte, error) {
	ctx, cancel := context.WithTimeout(f.t.Context(), 20*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	for k, v := range header {
		req.Header[k] = v
	}
	if header == nil && len(body) > 0 {
		req.Header.Set("Content-Type", "application/json")
	}
	if key != "" {
		req.Header.Set("Idempotency-Key", key)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	return res.StatusCode, answer, err
}

// send makes a job of n items and takes each to upload complete, whatever dies
// meanwhile. It returns the job's id.
func (f *fleet) send(key string, n int, photo []byte) string {
	f.t.Helper()
	var items []any
	for i := range n {
		items = append(items, map[string]any{"filename": fmt.Sprintf("p%d.jpg", i)})
	}
	return f.sendItems(key, items, photo)
}

// sendItems is send for items that say more than their file name.
func (f *fleet) sendItems(key string, items []any, photo []byte) string {
	f.t.Helper()
	var j apptest.Job
	if code := f.insist(http.MethodPost, "/v1/jobs", key, map[string]any{"tenant_id": "default", "presets": chaosPresets, "items": items,
		"processing_options": map[string]any{"upscale": false}}, &j); code != http.StatusOK {
		f.t.Errorf("create: %d", code)
		return ""
	}
	var all sync.WaitGroup
	for _, it := range j.Items {
		all.Go(func() { f.upload(j.JobID, it.ItemID, photo) })
	}
	all.Wait()
	return j.JobID
}

// upload goes from the SAS to complete, and begins again where a crash took the
// answer away.
func (f *fleet) upload(jobID, itemID string, photo []byte) {
	ids := map[string]string{"tenant_id": "default", "job_id": jobID, "item_id": itemID, "filename": "p.jpg", "content_type": "image/jpeg"}
	var sas struct {
		UploadURL string `json:"upload_url"`
	}
	for deadline := time.Now().Add(insistence); time.Now().Before(deadline); {
		if sas.UploadURL == "" { // a URL is used until it is refused: an item has 20 at most
			switch code := f.insist(http.MethodPost, "/v1/uploads/sas", "", ids, &sas); code {
			case http.StatusOK:
			case http.StatusConflict:
				return // complete had got through
			default:
				f.t.Errorf("sas: %d", code)
				return
			}
		}
		code, _, err := f.once(http.MethodPut, sas.UploadURL, "", photo, http.Header{"X-Ms-Blob-Type": {"BlockBlob"}})
		if err != nil || code != http.StatusCreated {
			if err == nil && code < 500 {
				sas.UploadURL = ""
			}
			time.Sleep(200 * time.Millisecond)
			continue
		}
		if code := f.insist(http.MethodPost, "/v1/uploads/complete", "", ids, nil); code == http.StatusOK {
			return
		}
	}
	f.t.Errorf("item %s can't be uploaded", itemID)
}

// finish waits for a job's end and returns it.
func (f *fleet) finish(jobID string) apptest.Job {
	var j apptest.Job
	for deadline := time.Now().Add(apptest.JobPatience); time.Now().Before(deadline); time.Sleep(150 * time.Millisecond) {
		f.insist(http.MethodGet, "/v1/jobs/"+jobID, "", nil, &j)
		if j.Status != "created" && j.Status != "processing" {
			return j
		}
	}
	f.t.Errorf("job %s is stuck: %+v", jobID, j)
	return j
}
