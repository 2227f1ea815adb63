package job_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/opal-photo/opal/modules/blob"
	"github.com/opal-photo/opal/modules/blob/fileblob"
	"github.com/opal-photo/opal/modules/db"
	"github.com/opal-photo/opal/modules/db/dbtest"
	"github.com/opal-photo/opal/modules/fault"
	"github.com/opal-photo/opal/modules/imagefile"
	"github.com/opal-photo/opal/modules/imaging"
	_ "github.com/opal-photo/opal/modules/imaging/imagingtest" // the test binary serves as the decoding child
	"github.com/opal-photo/opal/modules/job"
	"github.com/opal-photo/opal/modules/picture"
	"github.com/opal-photo/opal/modules/pipeline"
	"github.com/opal-photo/opal/modules/queue"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, dbtest.IgnoreServer()...)
}

const tenantID = "t1"

// world is a job service whose dependencies the test controls.
type world struct {
	t     testing.TB
	db    *db.DB
	blobs blob.Store
	dir   string // where they lie
	jobs  *job.Service

	cutter   cutter
	placer   placer
	refiner  refiner
	plans    []job.Plan
	planning sync.Mutex // of plans, which items that are worked on together add

	remakes   []job.Remake
	rerenders []job.Rerender
	reopened  job.Rerendered     // what Rerender answers
	paths     []string           // that variants name
	zips      map[string]*zipped // by job and round
	meter     ledger

	brand    job.Brand
	replaced []string // items in the ZIP
	unknown  string   // a preset that there is not; "": there are all
	reviews  []string // reviews that the export side was told of
}

// cutter cuts nothing out, or fails with err.
type cutter struct {
	mu       sync.Mutex // of calls, which may come together
	err      error
	panics   bool
	calls    int
	concerns []picture.Concern
	block    chan struct{} // closed: go on
}

// Cut returns the photo.
func (c *cutter) Cut(ctx context.Context, photo *image.NRGBA) (pipeline.Cutout, error) {
	c.mu.Lock()
	c.calls++
	c.mu.Unlock()
	if c.panics {
		panic("the cutter has a defect")
	}
	if c.block != nil {
		select {
		case <-c.block:
		case <-ctx.Done():
			return pipeline.Cutout{}, ctx.Err()
		}
	}
	return pipeline.Cutout{Image: photo, Confidence: .9, Concerns: c.concerns, Logits: image.NewGray(image.Rect(0, 0, 6, 4))}, c.err
}

// refiner makes the cut-out clear at its first pixel, or fails with err.
type refiner struct {
	err    error
	panics bool
	calls  int
	logits *image.Gray // of the last call
	hints  picture.Hints
}

// Refine returns the cut-out with one pixel less.
func (r *refiner) Refine(_ context.Context, photo, cut *image.NRGBA, logits *image.Gray, _ bool, h picture.Hints) (*image.NRGBA, error) {
	r.calls++
	r.logits, r.hints = logits, h
	if r.panics {
		panic("the refiner has a defect")
	}
	out := image.NewNRGBA(photo.Rect)
	copy(out.Pix, cut.Pix)
	clear(out.Pix[:4])
	return out, r.err
}

// placer makes a plain scene, or fails with err.
type placer struct {
	mu     sync.Mutex // of calls
	err    error
	panics bool
	calls  int
}

// Place returns a grey scene.
func (p *placer) Place(ctx context.Context, r pipeline.Placement) (*picture.Placed, error) {
	p.mu.Lock()
	p.calls++
	p.mu.Unlock()
	if p.panics {
		panic("the placer has a defect")
	}
	if p.err != nil {
		return nil, p.err
	}
	img := image.NewNRGBA(image.Rect(0, 0, 64, 64))
	for i := range img.Pix {
		img.Pix[i] = 200 | uint8(i%4/3*55)
	}
	b, err := imaging.Encode(img, imaging.EncodeOptions{Format: imaging.JPEG})
	if err != nil {
		return nil, err
	}
	path, err := r.Artifacts.Put(ctx, "backdrop", "jpg", "image/jpeg", b)
	return &picture.Placed{Engine: "test", Width: 64, Height: 64, BackdropPath: path}, err
}

// ledger counts each item's reservations and how they are resolved.
type ledger struct {
	mu    sync.Mutex
	broke bool
	held  map[string]int // reserved less resolved
	spent map[string]int
}

// blobsAway is the error of a store that can't be reached.
var blobsAway = blob.ErrUnavailable.With("away")

var errNoPreset = fault.New(fault.Invalid, "preset_unknown", "No such preset")

var errBroke = errors.New("no credits")

// Check always passes.
func (l *ledger) Check(context.Context, db.Querier, string, []job.Charge) error { return nil }

// Reserve holds the price, unless the tenant has no credit.
func (l *ledger) Reserve(_ context.Context, _ *db.Tx, _ string, c job.Charge) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.broke {
		return errBroke
	}
	l.held[c.ItemID]++
	return nil
}

// Capture spends the hold.
func (l *ledger) Capture(_ context.Context, _ *db.Tx, _, itemID string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.held[itemID]--
	l.spent[itemID]++
	return nil
}

// Release gives the hold back.
func (l *ledger) Release(_ context.Context, _ *db.Tx, _, itemID string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.held[itemID] > 0 {
		l.held[itemID]--
	}
	return nil
}

// the brand and export ports of the service
func (w *world) Brand(context.Context, string, string) (job.Brand, error) { return w.brand, nil }
func (w *world) CheckPresets(names []string) error {
	if w.unknown != "" && slices.Contains(names, w.unknown) {
		return errNoPreset
	}
	return nil
}
func (w *world) CheckSlot(name string) error {
	if name == "ZZ99" {
		return fault.New(fault.Invalid, "slot_unknown", "No such slot")
	}
	return nil
}
func (w *world) DefaultPresets() []string { return []string{"p1", "p2"} }
func (w *world) Plan(_ context.Context, _ *db.Tx, p job.Plan) (int, error) {
	w.planning.Lock()
	defer w.planning.Unlock()
	w.plans = append(w.plans, p)
	return len(p.Presets), nil
}

// zipped is the export side's record of a round's ZIP.
type zipped struct {
	round         int
	asked         int
	waits         bool // for a worker
	ended, failed bool
}

// Bundle asks for a ZIP once.
func (w *world) Bundle(_ context.Context, _ *db.Tx, r job.BundleRequest) (ended, failed bool, err error) {
	key := fmt.Sprint(r.JobID, r.Round)
	if w.zips[key] == nil {
		w.zips[key] = &zipped{round: r.Round}
	}
	z := w.zips[key]
	z.asked++
	return z.ended, z.failed, nil
}

func (w *world) BundleWaits(_ context.Context, _ *db.Tx, jobID string, round int) (bool, error) {
	z := w.zips[fmt.Sprint(jobID, round)]
	return z != nil && z.waits, nil
}

// Rerender opens the variants that the test names.
func (w *world) Rerender(_ context.Context, _ *db.Tx, r job.Rerender) (job.Rerendered, error) {
	w.rerenders = append(w.rerenders, r)
	return w.reopened, nil
}

// Layers returns those of the item's plan.
func (w *world) Layers(_ context.Context, _ db.Querier, itemID string) (picture.Layers, error) {
	for _, p := range w.plans {
		if p.ItemID == itemID {
			return p.Result.Layers, nil
		}
	}
	return picture.Layers{}, errors.New("no plan")
}

// Remake keeps what is asked for.
func (w *world) Remake(_ context.Context, _ *db.Tx, r job.Remake) (int, error) {
	w.remakes = append(w.remakes, r)
	return 1, nil
}

func (w *world) Review(_ context.Context, _ *db.Tx, itemID, state string) error {
	w.reviews = append(w.reviews, state)
	return nil
}

func (w *world) Paths(context.Context, string) ([]string, error) { return w.paths, nil }

func (w *world) Forget(context.Context, *db.Tx, string) (int, error) { return 0, nil }

func newWorld(t testing.TB, d *db.DB) *world {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "b")
	store, err := fileblob.Open(fileblob.Options{Dir: dir, BaseURL: "http://127.0.0.1:1/blobs", Key: []byte("k")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	w := &world{t: t, db: d, blobs: store, dir: dir, zips: map[string]*zipped{}, meter: ledger{held: map[string]int{}, spent: map[string]int{}}}
	dec := imaging.NewDecoder(imaging.DecoderOptions{})
	t.Cleanup(func() { _ = dec.Close() })
	w.jobs = job.New(job.Options{
		DB: d, Blobs: store, Containers: job.Containers{Raw: "raw", Outputs: "outputs", Exports: "exports"}, Outbox: queue.NewOutbox(),
		Brands: w, Exporter: w, Meter: &w.meter, Lease: 30 * time.Second,
		Inspect:  imagefile.InspectHead,
		Decoder:  dec,
		Pipeline: pipeline.New(dec, &w.cutter, &w.placer).WithRefiner(&w.refiner),
	})
	return w
}

// row runs a row of a table test as a subtest of its own, whose failures are its own.
func (w *world) row(name string, fn func()) {
	whole := w.t.(*testing.T)
	whole.Run(name, func(t *testing.T) {
		w.t = t
		defer func() { w.t = whole }()
		fn()
	})
}

// create makes a job of n entries, one scene each.
func (w *world) create(n int, opts pipeline.Options) job.Job {
	w.t.Helper()
	items := make([]job.NewItem, n)
	for i := range items {
		items[i] = job.NewItem{Filename: "a.png"}
	}
	j, err := w.jobs.Create(w.t.Context(), job.NewJob{TenantID: tenantID, CorrelationID: "c", Items: items, Options: opts})
	if err != nil {
		w.t.Fatal(err)
	}
	return j
}

// bare asks for no step: the whole frame is the output.
var bare = pipeline.Options{}

// photo is a small PNG.
func photo() []byte {
	img := image.NewNRGBA(image.Rect(0, 0, 36, 27))
	for i := range 36 * 27 {
		img.Set(i%36, i/36, color.NRGBA{uint8(i), 90, 40, 255})
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		panic(err)
	}
	return b.Bytes()
}

// upload puts a photo for an item and completes the upload.
func (w *world) upload(jobID, itemID string) error {
	w.t.Helper()
	_, path, err := w.jobs.UploadURL(w.t.Context(), job.UploadRequest{TenantID: tenantID, JobID: jobID, ItemID: itemID, Filename: "a.png"})
	if err != nil {
		w.t.Fatal(err)
	}
	if err := w.blobs.Put(w.t.Context(), "raw", path, photo(), blob.PutOptions{IfNoneMatch: true, ContentType: "image/png"}); err != nil {
		w.t.Fatal(err)
	}
	return w.jobs.Complete(w.t.Context(), tenantID, jobID, itemID)
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) get(jobID string) job.Job {
	w.t.Helper()
	j, err := w.jobs.Get(w.t.Context(), tenantID, jobID)
	w.must(err)
	return j
}

// messages counts the outbox's rows of a queue.
func (w *world) messages(name string) int {
	w.t.Helper()
	var n int
	w.must(w.db.QueryRow(`SELECT count(*) FROM outbox WHERE queue = $1`, name).Scan(&n))
	return n
}

func body(j job.Job, i int) queue.Body {
	return queue.Body{TenantID: tenantID, JobID: j.JobID, ItemID: j.Items[i].ItemID, CorrelationID: j.CorrelationID}
}

// exec changes the database as the passing of time or a crash would.
func (w *world) exec(q string, args ...any) {
	w.t.Helper()
	_, err := w.db.Exec(q, args...)
	w.must(err)
}

// unguard lets the test write what the database would refuse: that an item has not
// ended.
func (w *world) unguard() {
	w.t.Helper()
	if w.db.Postgres() {
		w.exec(`ALTER TABLE items DISABLE TRIGGER items_ended`)
		return
	}
	w.exec(`DROP TRIGGER items_ended`)
}

// Replace keeps what replaces what.
func (w *world) Replace(_ context.Context, _ *db.Tx, itemID, by string) error {
	w.replaced = append(w.replaced, itemID+" by "+by)
	return nil
}
