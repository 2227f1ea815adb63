package export

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"image"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/opal-photo/opal/modules/blob"
	"github.com/opal-photo/opal/modules/blob/fileblob"
	"github.com/opal-photo/opal/modules/db"
	"github.com/opal-photo/opal/modules/db/dbtest"
	"github.com/opal-photo/opal/modules/db/lease"
	"github.com/opal-photo/opal/modules/imaging"
	"github.com/opal-photo/opal/modules/queue"
	"github.com/opal-photo/opal/modules/telemetry"
)

// jobs stands for the job module: one job that asks for its ZIP when its variants
// have ended.
type jobs struct {
	s            *Service
	mu           sync.Mutex
	open         int
	done, failed int
	zip          string
	ended        int
	refused      []string
	remade       int // how often the ZIP was asked for after variants were made again
}

// ExportsRemade counts.
func (j *jobs) ExportsRemade(context.Context, *db.Tx, string, string, string) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.remade++
	return nil
}

// ExportsReviewed records the reason.
func (j *jobs) ExportsReviewed(_ context.Context, _ *db.Tx, _, _ string, needed bool, reason string) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.refused = append(j.refused, reason)
	return nil
}

// ExportsEnded counts, and asks for the ZIP.
func (j *jobs) ExportsEnded(ctx context.Context, tx *db.Tx, _, _ string, done, failed int) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.open, j.done, j.failed = j.open-done-failed, j.done+done, j.failed+failed
	if j.open > 0 {
		return nil
	}
	_, _, err := j.s.Bundle(ctx, tx, BundleRequest{TenantID: "t", JobID: "j", ItemID: "i", CorrelationID: "c", Round: 1})
	return err
}

// BundleEnded keeps the ZIP's path.
func (j *jobs) BundleEnded(_ context.Context, _ *db.Tx, _, _ string, _ int, path string) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.zip = path
	j.ended++
	return nil
}

// zipBody is the message that asks for the job's ZIP.
func (w *world) zipBody() queue.Body {
	w.t.Helper()
	b := w.body
	w.must(w.db.QueryRow(`SELECT kind, subject FROM outbox WHERE kind <> '' ORDER BY outbox_id DESC LIMIT 1`).Scan(&b.Kind, &b.Subject))
	return b
}

// failingStore is a store whose reads or writes fail as told.
type failingStore struct {
	blob.Store
	get, put error
	panics   bool   // of Get
	only     string // Put fails for names that contain it
	breaks   string // Put panics for names that contain it
}

// Get fails as told.
func (f *failingStore) Get(ctx context.Context, c, n string, limit int64) ([]byte, blob.Info, error) {
	if f.panics {
		panic("the store has a defect")
	}
	if f.get != nil {
		return nil, blob.Info{}, f.get
	}
	return f.Store.Get(ctx, c, n, limit)
}

// Put fails as told.
func (f *failingStore) Put(ctx context.Context, c, n string, b []byte, o blob.PutOptions) error {
	if f.breaks != "" && strings.Contains(n, f.breaks) {
		panic("odd")
	}
	if f.put != nil && strings.Contains(n, f.only) {
		return f.put
	}
	return f.Store.Put(ctx, c, n, b, o)
}

type world struct {
	t     *testing.T
	db    *db.DB
	store *failingStore
	jobs  *jobs
	s     *Worker
	body  queue.Body
}

// claim takes the variants that a message names and leaves them to themselves, as a worker
// that dies does; nil: there are none.
func (w *world) claim(ctx context.Context, how making, b queue.Body) (*work, error) {
	k, leave, err := w.s.take(ctx, how, b)
	if err == nil {
		leave()
	}
	return k, err
}

// wanted are presets that take little time.
var wanted = []string{"web_thumb", "facebook_ad", "instagram_square"}

// hands are as many as the worker's room is for.
const hands = 2

func each(t *testing.T, fn func(w *world)) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) { house(t, d, fn) })
}

// house makes a worker on a database, with an item whose variants are planned.
func house(t *testing.T, d *db.DB, fn func(w *world)) {
	t.Helper()
	files, err := fileblob.Open(fileblob.Options{Dir: filepath.Join(t.TempDir(), "b"), BaseURL: "http://127.0.0.1:1/b", Key: []byte("k")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = files.Close() })
	w := &world{t: t, db: d, store: &failingStore{Store: files}, jobs: &jobs{open: len(wanted)}, body: queue.Body{TenantID: "t", JobID: "j", ItemID: "i", CorrelationID: "c"}}
	w.jobs.s = New(Options{DB: d, Blobs: w.store, Outputs: "outputs", Exports: "exports", Outbox: queue.NewOutbox()})
	w.s = NewWorker(w.jobs.s, WorkerOptions{Jobs: w.jobs, Lease: 30 * time.Second, Room: imaging.NewRoom(hands)})
	l := scenery(60, 80)
	for path, layer := range map[string]*image.NRGBA{"t/cut.png": l.Cutout, "t/back.png": l.Backdrop, "t/shadow.png": l.Shadow} {
		b, err := imaging.Encode(layer, imaging.EncodeOptions{Format: imaging.PNG})
		if err != nil {
			t.Fatal(err)
		}
		if err := files.Put(t.Context(), "outputs", path, b, blob.PutOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	l.CutoutPath, l.BackdropPath, l.ShadowPath = "t/cut.png", "t/back.png", "t/shadow.png"
	w.must(d.InTx(t.Context(), func(tx *db.Tx) error {
		for range 2 { // called twice, planned once
			n, err := w.s.Plan(t.Context(), tx, PlanRequest{TenantID: "t", JobID: "j", ItemID: "i", CorrelationID: "c", Presets: wanted, Source: l.Source})
			if err != nil {
				return err
			}
			if n != len(wanted) && n != 0 {
				t.Errorf("planned %d", n)
			}
		}
		return nil
	}))
	fn(w)
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// statuses counts the variants by state.
func (w *world) statuses() map[string]int {
	w.t.Helper()
	list, err := w.s.List(w.t.Context(), "t", "j")
	w.must(err)
	out := map[string]int{}
	for _, e := range list {
		out[e.Status]++
	}
	return out
}

func (w *world) messages() (n int) {
	w.must(w.db.QueryRow(`SELECT count(*) FROM outbox WHERE queue = 'exports'`).Scan(&n))
	return n
}

// meter counts what is charged.
type meter struct {
	mu    sync.Mutex
	count map[string]int
	fails error
}

// Release counts what is given back.
func (m *meter) Release(_ context.Context, _ *db.Tx, tenantID, itemID, preset string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.count["back "+tenantID+"/"+itemID+"/"+preset]++
	return nil
}

// Capture counts, or fails as told.
func (m *meter) Capture(_ context.Context, _ *db.Tx, tenantID, itemID, preset string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.fails != nil {
		return m.fails
	}
	m.count[tenantID+"/"+itemID+"/"+preset]++
	return nil
}

// logged runs a message's handling and returns its log lines' messages.
func (w *world) logged() []string {
	w.t.Helper()
	var out bytes.Buffer
	log := zerolog.New(&out)
	w.must(w.s.Handle(telemetry.WithLogger(w.t.Context(), log), w.body))
	var lines []string
	for line := range strings.Lines(out.String()) {
		var l struct {
			Message string `json:"message"`
		}
		w.must(json.Unmarshal([]byte(line), &l))
		lines = append(lines, l.Message)
	}
	return lines
}

func TestTheLogTellsWhatRunbooksLookFor(t *testing.T) {
	each(t, func(w *world) {
		w.store.put = errors.New("the disk is odd today")
		if got := w.logged(); got[0] != "Processing export" || slices.Contains(got, "Completed export") {
			w.t.Errorf("a try that failed: %q", got)
		}
		w.store.put = nil
		w.exec(`UPDATE exports SET due_at = 0`)
		if got := w.logged(); !slices.Equal(got, []string{"Processing export", "Completed export"}) {
			w.t.Errorf("%q", got)
		}
	})
}

func TestAVariantIsChargedWithItsCompletion(t *testing.T) {
	each(t, func(w *world) {
		m := &meter{count: map[string]int{}, fails: errors.New("the ledger is odd today")}
		w.s.Meter = m
		w.must(w.s.Handle(w.t.Context(), w.body))
		if got := w.statuses(); got["pending"] != 3 || w.jobs.done != 0 {
			w.t.Fatalf("uncharged, %v, %+v", got, w.jobs)
		}
		m.fails = nil
		w.exec(`UPDATE exports SET due_at = 0`)
		for range 2 {
			w.must(w.s.Handle(w.t.Context(), w.body))
		}
		if len(m.count) != 3 || m.count["t/i/web_thumb"] != 1 {
			w.t.Errorf("%v", m.count)
		}
	})
}

// tries adds up the tries that were used up.
func (w *world) tries() (n int) {
	w.must(w.db.QueryRow(`SELECT sum(tries) FROM exports`).Scan(&n))
	return n
}

// exec changes the database as the passing of time or a crash would.
func (w *world) exec(q string, args ...any) {
	w.t.Helper()
	_, err := w.db.Exec(q, args...)
	w.must(err)
}

func TestVariantsAndTheZIPAreMadeOnce(t *testing.T) {
	each(t, func(w *world) {
		for range 3 { // redelivered
			w.must(w.s.Handle(w.t.Context(), w.body))
		}
		if w.jobs.ended != 0 || w.messages() != 1 {
			w.t.Fatalf("%+v, %d messages", w.jobs, w.messages())
		}
		for range 3 {
			w.must(w.s.Handle(w.t.Context(), w.zipBody()))
		}
		if got := w.statuses(); got["completed"] != 3 || w.jobs.done != 3 || w.jobs.failed != 0 || w.jobs.ended != 1 {
			w.t.Fatalf("%v, %+v", got, w.jobs)
		}
		list, err := w.s.List(w.t.Context(), "t", "j")
		w.must(err)
		for _, e := range list {
			if e.Proof == nil || e.Proof.Pixels == 0 || e.Proof.SSIM < e.Proof.Limits.SSIM || e.Proof.Limits.DeltaE95 == 0 || !e.Proof.Within {
				w.t.Errorf("%s: the proof of its file is %+v", e.Preset, e.Proof)
			}
			if e.BlobPath == nil || e.Bytes == 0 || e.Width == 0 || len(e.Checks) < 5 || e.Format == "" {
				w.t.Errorf("%+v", e)
			}
			if _, err := w.s.URL(w.t.Context(), "t", "i", e.Preset); err != nil {
				w.t.Error(err)
			}
			if _, err := w.s.URL(w.t.Context(), "other", "i", e.Preset); err == nil {
				w.t.Error("another tenant gets a URL")
			}
		}
		b, _, err := w.store.Get(w.t.Context(), "exports", w.jobs.zip, 1<<24)
		w.must(err)
		z, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
		w.must(err)
		var names []string
		for _, f := range z.File {
			names = append(names, f.Name)
		}
		slices.Sort(names)
		if got, want := strings.Join(names, " "), "facebook/x-studio-ad.jpg instagram/x-studio-square.jpg manifest.csv manifest.json website/x-studio-thumb.webp"; got != want {
			w.t.Errorf("ZIP holds %s", got)
		}
		f, err := z.Open("manifest.json")
		w.must(err)
		var manifest []Entry
		w.must(json.NewDecoder(f).Decode(&manifest))
		if len(manifest) != 3 || len(manifest[0].Checks) == 0 {
			w.t.Errorf("%+v", manifest)
		}
	})
}

func TestATransientFailureIsTriedAgainAndAPermanentOneEnds(t *testing.T) {
	each(t, func(w *world) {
		w.store.put = errors.New("the disk is odd today")
		w.must(w.s.Handle(w.t.Context(), w.body))
		if got := w.statuses(); got["pending"] != 3 || w.tries() != 3 || w.messages() != 1 || w.jobs.open != 3 {
			w.t.Fatalf("%v, %d messages, %+v", got, w.messages(), w.jobs)
		}
		// too early: the wait is kept
		w.must(w.s.Handle(w.t.Context(), w.body))
		if got := w.statuses(); got["pending"] != 3 || w.messages() != 1 {
			w.t.Fatalf("%v", got)
		}
		w.store.put, w.store.get = nil, blob.ErrNotFound
		_, err := w.db.Exec(`UPDATE exports SET due_at = 0`)
		w.must(err)
		w.must(w.s.Handle(w.t.Context(), w.body))
		if got := w.statuses(); got["failed"] != 3 || w.jobs.failed != 3 {
			w.t.Fatalf("%v", got)
		}
		list, err := w.s.List(w.t.Context(), "t", "j")
		w.must(err)
		if *list[0].ErrorCode != "blob_not_found" {
			w.t.Errorf("%+v", list[0])
		}
	})
}

func TestADeadWorkersVariantsAreMadeByAnother(t *testing.T) {
	each(t, func(w *world) {
		if _, err := w.claim(w.t.Context(), firstMaking{w.s}, w.body); err != nil {
			w.t.Fatal(err)
		}
		w.must(w.s.Handle(w.t.Context(), w.body)) // its lease is valid: nothing to do
		if got := w.statuses(); got["processing"] != 3 {
			w.t.Fatalf("%v", got)
		}
		w.must(w.s.Sweep(w.t.Context()))
		if w.messages() != 0 {
			w.t.Fatal("swept too early")
		}
		_, err := w.db.Exec(`UPDATE exports SET lease_until = now_ms() - 1`)
		w.must(err)
		w.must(w.s.Sweep(w.t.Context()))
		if got := w.statuses(); got["pending"] != 3 || w.messages() != 1 {
			w.t.Fatalf("%v, %d messages", got, w.messages())
		}
		w.must(w.s.Handle(w.t.Context(), w.body))
		if got := w.statuses(); got["completed"] != 3 {
			w.t.Fatalf("%v", got)
		}
	})
}

func TestAShutdownGivesVariantsBackUncounted(t *testing.T) {
	each(t, func(w *world) {
		ctx, stop := context.WithCancel(w.t.Context())
		work, err := w.claim(ctx, firstMaking{w.s}, w.body)
		w.must(err)
		stop()
		_, err = w.s.make(ctx, work)
		w.must(err)
		if got := w.statuses(); got["pending"] != 3 || w.tries() != 0 || w.messages() != 1 {
			w.t.Fatalf("%v, %d tries, %d messages", got, w.tries(), w.messages())
		}
	})
}

// An item's layers are fetched and wait for room before they are decoded; who gives up keeps
// none, and whoever ends leaves all of it.
func TestLayersWaitForRoom(t *testing.T) {
	each(t, func(w *world) {
		const large = 1_000_000_000
		room := w.s.Room
		leave, err := room.Enter(w.t.Context(), large)
		w.must(err)
		ctx, stop := context.WithCancel(w.t.Context())
		given, err := w.claim(ctx, firstMaking{w.s}, w.body)
		w.must(err)
		time.AfterFunc(50*time.Millisecond, stop)
		_, err = w.s.make(ctx, given)
		w.must(err)
		if got := w.statuses(); got["pending"] != 3 || w.tries() != 0 {
			w.t.Fatalf("of one that gave up: %v, %d tries", got, w.tries())
		}
		ended := make(chan error, 1)
		go func() { ended <- w.s.Handle(w.t.Context(), w.body) }()
		select {
		case err := <-ended:
			w.t.Fatalf("in a full room: %v, %v", w.statuses(), err)
		case <-time.After(300 * time.Millisecond): // the variants take a fraction of it
		}
		leave()
		w.must(<-ended)
		if got := w.statuses(); got["completed"] != 3 {
			w.t.Fatal(got)
		}
		if leave, err = room.Enter(w.t.Context(), large); err != nil { // it would wait for ever
			w.t.Fatal(err)
		}
		leave()
	})
}

func TestAFencedWorkerRecordsNothing(t *testing.T) {
	each(t, func(w *world) {
		late, err := w.claim(w.t.Context(), firstMaking{w.s}, w.body)
		w.must(err)
		_, err = w.db.Exec(`UPDATE exports SET lease_until = now_ms() - 1`)
		w.must(err)
		w.must(w.s.Handle(w.t.Context(), w.body)) // another worker takes over and finishes
		_, err = w.s.make(w.t.Context(), late)
		w.must(err)
		if got := w.statuses(); got["completed"] != 3 || w.jobs.done != 3 {
			w.t.Fatalf("%v, %+v", got, w.jobs)
		}
	})
}

func TestAStoreThatIsDownUsesUpNoTry(t *testing.T) {
	each(t, func(w *world) {
		for _, part := range []string{"get", "put"} {
			switch part {
			case "get":
				w.store.get = blob.ErrUnavailable
			case "put":
				w.store.get, w.store.put = nil, blob.ErrUnavailable
			}
			for range lease.DefaultTries + 2 {
				w.must(w.s.Handle(w.t.Context(), w.body))
				w.exec(`UPDATE exports SET due_at = 0`)
			}
			if got := w.statuses(); got["pending"] != 3 || w.tries() != 0 {
				w.t.Fatalf("%s: %v, %d tries", part, got, w.tries())
			}
		}
		w.store.only = "/export/"
		w.must(w.s.Handle(w.t.Context(), w.body))
		for range lease.DefaultTries + 2 {
			before := w.messages()
			w.must(w.s.Handle(w.t.Context(), w.zipBody()))
			if w.jobs.ended != 0 || w.messages() != before+1 {
				w.t.Fatalf("%+v, %d messages", w.jobs, w.messages()-before)
			}
			w.exec(`UPDATE bundles SET due_at = 0`)
		}
		w.store.put = nil
		w.must(w.s.Handle(w.t.Context(), w.zipBody()))
		if w.jobs.ended != 1 || w.jobs.zip == "" {
			w.t.Fatalf("%+v", w.jobs)
		}
	})
}

func TestOneVariantsFailureIsItsOwn(t *testing.T) {
	each(t, func(w *world) {
		w.store.put, w.store.only = blob.ErrForbidden, "/facebook_ad/"
		w.must(w.s.Handle(w.t.Context(), w.body))
		if got := w.statuses(); got["completed"] != 2 || got["failed"] != 1 || w.jobs.done != 2 || w.jobs.failed != 1 || w.messages() != 1 {
			w.t.Fatalf("%v, %+v", got, w.jobs)
		}
		w.must(w.s.Handle(w.t.Context(), w.zipBody()))
		if w.jobs.zip == "" {
			w.t.Error("the others are in no ZIP")
		}
	})
}

func TestTriesEnd(t *testing.T) {
	each(t, func(w *world) {
		w.store.get = errors.New("the disk is odd today")
		for range lease.DefaultTries {
			w.exec(`UPDATE exports SET due_at = 0`)
			w.must(w.s.Handle(w.t.Context(), w.body))
		}
		if got := w.statuses(); got["failed"] != 3 || w.messages() != lease.DefaultTries || w.jobs.failed != 3 {
			w.t.Fatalf("%v, %d messages, %+v", got, w.messages(), w.jobs)
		}
		list, err := w.s.List(w.t.Context(), "t", "j")
		w.must(err)
		if text := *list[0].ErrorMessage; strings.Contains(text, "disk") {
			w.t.Errorf("the tenant reads %q", text)
		}
	})
}

func TestBrokenLayersFailForGoodAndSayWhy(t *testing.T) {
	each(t, func(w *world) {
		w.must(w.store.Delete(w.t.Context(), "outputs", "t/cut.png"))
		w.must(w.store.Store.Put(w.t.Context(), "outputs", "t/cut.png", []byte("\x89PNG\r\n\x1a\n no picture"), blob.PutOptions{}))
		w.must(w.s.Handle(w.t.Context(), w.body))
		list, err := w.s.List(w.t.Context(), "t", "j")
		w.must(err)
		for _, e := range list {
			if e.Status != "failed" || *e.ErrorCode != imaging.ErrCorrupt.Code {
				w.t.Errorf("%+v", e)
			}
		}
	})
}

func TestManyWorkersMakeEachVariantOnce(t *testing.T) {
	each(t, func(w *world) {
		var g sync.WaitGroup
		for range 4 {
			g.Go(func() {
				if err := w.s.Handle(w.t.Context(), w.body); err != nil {
					w.t.Error(err)
				}
			})
		}
		g.Wait()
		if got := w.statuses(); got["completed"] != 3 || w.jobs.done != 3 {
			w.t.Fatalf("%v, %+v", got, w.jobs)
		}
		n := 0
		for b, err := range w.store.List(w.t.Context(), "exports", "t/j/i/") {
			w.must(err)
			if !strings.HasSuffix(b.Name, "/a1."+b.Name[strings.LastIndex(b.Name, ".")+1:]) {
				w.t.Errorf("%s", b.Name)
			}
			n++
		}
		if n != 3 {
			w.t.Errorf("%d files of 3 variants", n)
		}
	})
}

func TestALostMessageIsWrittenAgain(t *testing.T) {
	each(t, func(w *world) {
		w.exec(`UPDATE exports SET due_at = now_ms() - $1`, lease.LostMessage.Milliseconds()+1000)
		w.must(w.s.Sweep(w.t.Context()))
		w.must(w.s.Sweep(w.t.Context()))
		if w.messages() != 1 {
			w.t.Fatalf("%d messages", w.messages())
		}
	})
}
