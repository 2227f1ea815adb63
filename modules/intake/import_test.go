package intake_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/opal-photo/opal/modules/blob"
	"github.com/opal-photo/opal/modules/blob/fileblob"
	"github.com/opal-photo/opal/modules/collection"
	"github.com/opal-photo/opal/modules/db"
	"github.com/opal-photo/opal/modules/db/dbtest"
	"github.com/opal-photo/opal/modules/db/lease"
	"github.com/opal-photo/opal/modules/egress"
	"github.com/opal-photo/opal/modules/fault"
	"github.com/opal-photo/opal/modules/intake"
	"github.com/opal-photo/opal/modules/job"
	"github.com/opal-photo/opal/modules/pipeline"
)

// imports is a world of imports whose jobs the test makes and ends.
type imports struct {
	t      *testing.T
	db     *db.DB
	s      *intake.Imports
	groups *collection.Service
	blobs  blob.Store

	mu      sync.Mutex
	name    string // of the imports; "": none
	jobs    map[string]*job.Job
	order   []string                // of their making
	photos  map[string]int          // how often each became an item
	create  func() error            // is asked before each job is made; nil: no error
	after   func(made int)          // is called when a job is made
	refused map[string]*fault.Error // items by file name or address
	orders  map[string]int          // by id
}

func eachImports(t *testing.T, f func(w *imports)) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		store, err := fileblob.Open(fileblob.Options{Dir: filepath.Join(t.TempDir(), "b"), BaseURL: "http://127.0.0.1:1/blobs", Key: []byte("k")})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = store.Close() })
		if err := store.EnsureContainers(t.Context(), "raw", "exports"); err != nil {
			t.Fatal(err)
		}
		w := &imports{t: t, db: d, blobs: store, jobs: map[string]*job.Job{}, photos: map[string]int{}, refused: map[string]*fault.Error{}, orders: map[string]int{}}
		w.groups = collection.New(collection.Options{DB: d, ZIPs: w, Blobs: store, Exports: "exports"})
		urls := egress.NewURLs([]netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")})
		t.Cleanup(urls.CloseIdleConnections)
		w.s = intake.NewImports(intake.ImportOptions{DB: d, Blobs: store, Raw: "raw", Fetcher: intake.NewFetcher(urls), Jobs: w, Collections: w.groups, Orders: w})
		w.groups.Ended = w.s.CollectionEnded
		f(w)
	})
}

func (w *imports) AskForZIP(context.Context, *db.Tx, collection.ZIP) error { return nil }
func (w *imports) ForgetZIPs(context.Context, *db.Tx, string) error        { return nil }
func (w *imports) ZIPPaths(context.Context, string) ([]string, error)      { return nil, nil }
func (w *imports) CheckJob(_ context.Context, n job.NewJob) error {
	if n.BrandProfileID == "nobody" {
		return fault.New(fault.NotFound, "brand_profile_not_found", "There is no such brand profile")
	}
	return nil
}

func (w *imports) CheckItem(n job.NewItem, _ pipeline.Options) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if f := w.refused[n.Filename+n.SourceURL]; f != nil {
		return f
	}
	return nil
}

func (w *imports) Order(_ context.Context, _, id string, _ job.NewJob) (func(error) error, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.orders[id]++
	return func(err error) error { return err }, nil
}

func (w *imports) Create(ctx context.Context, n job.NewJob) (job.Job, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.create != nil {
		if err := w.create(); err != nil {
			return job.Job{}, err
		}
	}
	j := &job.Job{JobID: n.ID, TenantID: n.TenantID, Name: n.Name, BrandProfileID: n.BrandProfileID, Presets: n.Presets, Counts: job.Counts{Total: len(n.Items), Open: len(n.Items)}}
	for _, e := range n.Items {
		it := job.Item{ItemID: uuid.Must(uuid.NewV7()).String(), Filename: e.Filename, Status: job.ItemCreated, Product: e.Product, SceneType: "studio"}
		if e.SourceURL != "" {
			it.SourceURL, it.Status = &e.SourceURL, job.ItemQueued
		}
		j.Items = append(j.Items, it)
	}
	err := w.db.InTx(ctx, func(tx *db.Tx) error {
		if _, err := tx.ExecContext(ctx, `INSERT INTO jobs (job_id, tenant_id, brand_profile_id, correlation_id, status, presets, options, brand, total, open_items, created_at, updated_at)
			VALUES ($1, $2, 'default', 'c', 'processing', '[]', '{}', '{}', $3, $3, now_ms(), now_ms())`, n.ID, n.TenantID, len(n.Items)); err != nil {
			return err
		}
		return w.groups.Join(ctx, tx, n.TenantID, n.CollectionID, n.ID)
	})
	if err != nil {
		return job.Job{}, err
	}
	for _, it := range j.Items {
		name := it.Filename
		if it.SourceURL != nil {
			name = *it.SourceURL
		}
		w.photos[name]++
	}
	w.jobs[n.ID] = j
	w.order = append(w.order, n.ID)
	if w.after != nil {
		w.after(len(w.order))
	}
	return *j, nil
}

func (w *imports) Get(_ context.Context, tenantID, id string) (job.Job, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if j := w.jobs[id]; j != nil && j.TenantID == tenantID {
		return *j, nil
	}
	return job.Job{}, job.ErrJobNotFound
}

func (w *imports) Cancel(_ context.Context, _, id string) error {
	w.end(id, job.ItemCancelled)
	return nil
}

func (w *imports) Unsent(_ context.Context, _, id string) (ids []string, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, it := range w.jobs[id].Items {
		if it.Status == job.ItemCreated {
			ids = append(ids, it.ItemID)
		}
	}
	return ids, nil
}

func (w *imports) UploadURL(_ context.Context, r job.UploadRequest) (string, string, error) {
	return "http://127.0.0.1:1/put/" + r.ItemID, "p", nil
}

// end ends the open items of a job alike, but those named, which fail.
func (w *imports) end(id, status string, failing ...string) {
	w.t.Helper()
	w.mu.Lock()
	j := w.jobs[id]
	done, failed, cancelled := 0, 0, 0
	for i := range j.Items {
		it := &j.Items[i]
		s := status
		for _, f := range failing {
			if it.Filename == f || it.SourceURL != nil && *it.SourceURL == f {
				s = job.ItemFailed
			}
		}
		switch it.Status = s; s {
		case job.ItemCompleted:
			done++
		case job.ItemFailed:
			failed++
			it.ErrorCode, it.ErrorMessage = new("source_url_not_found"), new("There is nothing at the source_url")
		default:
			cancelled++
			it.ErrorCode, it.ErrorMessage = new("cancelled"), new("Cancelled on request")
		}
	}
	j.Counts = job.Counts{Total: len(j.Items), Completed: done, Failed: failed, Cancelled: cancelled}
	w.mu.Unlock()
	w.must(w.db.InTx(w.t.Context(), func(tx *db.Tx) error {
		end := job.JobCompleted
		if done < len(j.Items) {
			end = job.JobPartial
		}
		if _, err := tx.ExecContext(w.t.Context(), `UPDATE jobs SET open_items = 0, done_items = $2, failed_items = $3, cancelled_items = $4, status = $5, finished_at = now_ms() WHERE job_id = $1`,
			id, done, failed, cancelled, end); err != nil {
			return err
		}
		return w.groups.JobEnded(w.t.Context(), tx, id)
	}))
}

func (w *imports) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *imports) exec(q string, args ...any) {
	w.t.Helper()
	_, err := w.db.ExecContext(w.t.Context(), q, args...)
	w.must(err)
}

// put makes an import of a table and starts it.
func (w *imports) put(table string, wishes intake.Wishes) intake.Import {
	w.t.Helper()
	return w.start("t", table, wishes)
}

// putFor is put for another tenant.
func (w *imports) putFor(tenantID, table string) intake.Import {
	w.t.Helper()
	return w.start(tenantID, table, intake.Wishes{})
}

func (w *imports) start(tenantID, table string, wishes intake.Wishes) intake.Import {
	w.t.Helper()
	i, err := w.s.Create(w.t.Context(), intake.NewImport{TenantID: tenantID, Name: w.name, Filename: "table.csv", CorrelationID: "c", Wishes: wishes, KeyID: "k"})
	w.must(err)
	if _, err := w.s.Start(w.t.Context(), tenantID, i.ImportID); !errors.Is(err, intake.ErrTableMissing) {
		w.t.Errorf("started without a table: %v", err)
	}
	var path string
	w.must(w.db.QueryRowContext(w.t.Context(), `SELECT blob_path FROM imports WHERE import_id = $1`, i.ImportID).Scan(&path))
	w.must(w.blobs.Put(w.t.Context(), "raw", path, []byte(table), blob.PutOptions{}))
	i, err = w.s.Start(w.t.Context(), tenantID, i.ImportID)
	w.must(err)
	return i
}

// work works until nothing is due.
func (w *imports) work() {
	w.t.Helper()
	for {
		worked, err := w.s.Work(w.t.Context())
		w.must(err)
		if !worked {
			return
		}
	}
}

func (w *imports) get(id string) intake.Import {
	w.t.Helper()
	i, err := w.s.Get(w.t.Context(), "t", id)
	w.must(err)
	return i
}

func (w *imports) events(id string) (n int) {
	w.t.Helper()
	w.must(w.db.QueryRowContext(w.t.Context(), `SELECT count(*) FROM events WHERE type = 'import.finished' AND job_id = $1`, id).Scan(&n))
	return n
}

// once fails where a photo became an item twice, or one of n not at all.
func (w *imports) once(n int) {
	w.t.Helper()
	if len(w.photos) != n {
		w.t.Errorf("%d of %d photos became items", len(w.photos), n)
	}
	for name, times := range w.photos {
		if times != 1 {
			w.t.Errorf("%s became an item %d times", name, times)
		}
	}
	for id, times := range w.orders {
		if times != 1 {
			w.t.Errorf("job %s was ordered %d times", id, times)
		}
	}
}

// rowsOf is a table of n photos at addresses.
func rowsOf(n int) string {
	var b strings.Builder
	b.WriteString("url,sku\n")
	for i := range n {
		fmt.Fprintf(&b, "https://x.example/%d.jpg,S%d\n", i, i)
	}
	return b.String()
}

func TestAnImportsRowsBecomeJobsAndEndOnce(t *testing.T) {
	eachImports(t, func(w *imports) {
		w.refused["bad.jpg"] = fault.New(fault.Invalid, "gtin_invalid", "The GTIN is not valid")
		i := w.put(rowsOf(230)+"bad.jpg,\nhttps://x.example/0.jpg,S0\n,\n\"x\"y,\n", intake.Wishes{})
		w.work()
		got := w.get(i.ImportID)
		if got.Status != intake.Working || *got.Rows != 233 || got.RowsDone != 233 || got.Photos != 230 || got.Errors != 3 || *got.Format != "csv" || len(w.jobs) != 3 {
			w.t.Fatalf("%+v, %d jobs", got, len(w.jobs))
		}
		w.once(230)
		for _, id := range w.order {
			if name := w.jobs[id].Name; name != got.Filename {
				w.t.Errorf("job %s is called %q, its table %q", id, name, got.Filename)
			}
		}
		w.end(w.order[0], job.ItemCompleted, "https://x.example/7.jpg")
		w.end(w.order[1], job.ItemCompleted)
		if w.get(i.ImportID).Ended() || w.events(i.ImportID) != 0 {
			w.t.Error("it ended before its jobs")
		}
		w.end(w.order[2], job.ItemCancelled)
		got = w.get(i.ImportID)
		if got.Status != intake.Partial || got.EndedAt == nil || w.events(i.ImportID) != 1 || got.Progress.Completed != 199 {
			w.t.Errorf("%+v, %d events", got, w.events(i.ImportID))
		}
		var file bytes.Buffer
		w.must(w.s.WriteErrors(w.t.Context(), "t", i.ImportID, &file))
		lines := strings.Split(strings.TrimSpace(file.String()), "\r\n")
		want := []string{
			"file,url,sku,gtin,asin,slot,title,set_id,scene,prompt,brand,presets,line,error_code,error",
			"bad.jpg,,,,,,,,,,,,232,gtin_invalid,The GTIN is not valid",
			",https://x.example/0.jpg,S0,,,,,,,,,,233,row_duplicate,The same photo of the same product comes before: in row 1",
			`,,,,,,,,,,,,235,row_unreadable,"The row can't be read: a quote is out of place: quotes within a cell are doubled, and the cell is quoted"`,
			",https://x.example/7.jpg,S7,,,,,,studio,,,,9,source_url_not_found,There is nothing at the source_url",
		}
		if diff := cmp.Diff(want, lines[:min(5, len(lines))]); diff != "" || len(lines) != 1+3+1+30 {
			w.t.Errorf("%d lines; want -, got +:\n%s", len(lines), diff)
		}
		if _, err := w.s.Get(w.t.Context(), "other", i.ImportID); !errors.Is(err, intake.ErrImportNotFound) {
			w.t.Errorf("for another tenant: %v", err)
		}
	})
}

func TestAnImportsLongNameIsCutForItsJobs(t *testing.T) {
	eachImports(t, func(w *imports) {
		w.name = strings.Repeat("ü", job.MaxName-1) + " and more"
		w.put(rowsOf(1), intake.Wishes{})
		w.work()
		if got, want := w.jobs[w.order[0]].Name, strings.Repeat("ü", job.MaxName-1); got != want {
			w.t.Errorf("its job is called %q", got)
		}
	})
}

func TestAWorkerThatDiesMakesNoRowTwice(t *testing.T) {
	for _, at := range []int{1, 5, 6, 8} { // within and at the edges of windows of five jobs
		t.Run(fmt.Sprint(at), func(t *testing.T) {
			eachImports(t, func(w *imports) {
				i := w.put(rowsOf(1203), intake.Wishes{})
				w.after = func(made int) {
					if made == at {
						panic("killed")
					}
				}
				_, err := w.s.Work(w.t.Context())
				w.must(err)
				w.after = nil
				w.exec(`UPDATE imports SET due_at = 0`)
				w.work()
				if got := w.get(i.ImportID); got.Status != intake.Working || got.Photos != 1203 || got.Errors != 0 {
					w.t.Errorf("%+v", got)
				}
				w.once(1203)
			})
		})
	}
}

// What is no fault of the table pauses an import: when it is resumed, it goes on where it
// was, and nobody was told of an end that was none.
func TestAnImportGoesOnAfterAFailure(t *testing.T) {
	for name, c := range map[string]struct {
		create func() error
		code   string
	}{
		"its workers died":    {func() error { panic("killed") }, intake.ErrBrokeOff.Code},
		"an unknown error":    {func() error { return errors.New("x") }, "internal"},
		"a part stays away":   {func() error { return errAway }, errAway.Code},
		"the budget is spent": {func() error { return errCredits }, errCredits.Code},
	} {
		t.Run(name, func(t *testing.T) {
			eachImports(t, func(w *imports) {
				i := w.put(rowsOf(700), intake.Wishes{})
				w.create = func() error {
					if len(w.order) >= 6 {
						return c.create()
					}
					return nil
				}
				for range lease.DefaultTries + 1 {
					w.exec(`UPDATE imports SET due_at = 0 WHERE due_at IS NOT NULL`)
					w.work()
				}
				got := w.get(i.ImportID)
				if got.Status != intake.Paused || got.ErrorCode == nil || *got.ErrorCode != c.code || got.RowsDone != 500 || w.events(i.ImportID) != 0 {
					w.t.Fatalf("%+v, %v", got, got.ErrorCode)
				}
				w.create = nil
				_, err := w.s.Resume(w.t.Context(), "t", i.ImportID)
				w.must(err)
				w.orders = map[string]int{} // what was refused is ordered again
				w.work()
				if got := w.get(i.ImportID); got.Status != intake.Working || got.ErrorCode != nil || got.Photos != 700 {
					w.t.Errorf("%+v", got)
				}
				w.once(700)
			})
		})
	}
}

func TestAnImportThatNobodyResumesIsCancelled(t *testing.T) {
	eachImports(t, func(w *imports) {
		i := w.put(rowsOf(3), intake.Wishes{})
		w.create = func() error { return errCredits }
		w.work()
		w.must(w.s.Sweep(w.t.Context()))
		w.work()
		if got := w.get(i.ImportID); got.Status != intake.Paused {
			w.t.Fatalf("%+v", got)
		}
		w.exec(`UPDATE imports SET updated_at = updated_at - $1`, (2 * intake.Kept).Milliseconds())
		w.must(w.s.Sweep(w.t.Context()))
		w.work()
		if got := w.get(i.ImportID); !got.Cancelling && got.Status != intake.Cancelled {
			w.t.Errorf("%+v", got)
		}
	})
}

func TestAnImportThatIsTakenOverByAnotherWorker(t *testing.T) {
	eachImports(t, func(w *imports) {
		i := w.put(rowsOf(700), intake.Wishes{})
		w.after = func(made int) {
			if made == 2 { // its lease runs out, and another worker has it
				w.after = nil
				w.exec(`UPDATE imports SET attempt = attempt + 1, lease_until = 0`)
			}
		}
		w.work()
		if got := w.get(i.ImportID); got.Status != intake.Working || got.Photos != 700 {
			w.t.Errorf("%+v", got)
		}
		w.once(700)
	})
}

var errAway = fault.New(fault.Unavailable, "part_away", "A part is away")

var errCredits = fault.New(fault.PaymentRequired, "insufficient_credits", "The credits don't suffice")

func TestCreditsThatRunOutPauseAnImport(t *testing.T) {
	eachImports(t, func(w *imports) {
		i := w.put(rowsOf(700), intake.Wishes{})
		w.create = func() error {
			if len(w.order) >= 6 {
				return errCredits
			}
			return nil
		}
		w.work()
		got := w.get(i.ImportID)
		if got.Status != intake.Paused || *got.ErrorCode != errCredits.Code || got.RowsDone != 500 || w.events(i.ImportID) != 0 {
			w.t.Fatalf("%+v", got)
		}
		w.create = nil
		_, err := w.s.Resume(w.t.Context(), "t", i.ImportID)
		w.must(err)
		w.orders = map[string]int{} // what was refused is ordered again
		w.work()
		if got := w.get(i.ImportID); got.Status != intake.Working || got.ErrorCode != nil || got.Photos != 700 {
			w.t.Errorf("%+v", got)
		}
		w.once(700)
		if _, err := w.s.Resume(w.t.Context(), "t", i.ImportID); !errors.Is(err, intake.ErrNotPaused) {
			w.t.Errorf("resumed again: %v", err)
		}
	})
}

func TestAnImportIsCancelled(t *testing.T) {
	eachImports(t, func(w *imports) {
		ctx := w.t.Context()
		waiting, err := w.s.Create(ctx, intake.NewImport{TenantID: "t"})
		w.must(err)
		_, err = w.s.Cancel(ctx, "t", waiting.ImportID)
		w.must(err)
		if got := w.get(waiting.ImportID); got.Status != intake.Cancelled || w.events(waiting.ImportID) != 1 {
			w.t.Errorf("without a table: %+v", got)
		}
		i := w.put(rowsOf(900), intake.Wishes{})
		w.after = func(made int) {
			if made == 7 { // in the middle of a window
				w.after = nil
				w.mu.Unlock()
				_, err := w.s.Cancel(ctx, "t", i.ImportID)
				w.must(err)
				w.mu.Lock()
			}
		}
		w.work()
		got := w.get(i.ImportID)
		if got.Status != intake.Cancelled || w.events(i.ImportID) != 1 || got.Progress.Open != 0 {
			w.t.Errorf("%+v, %d events", got, w.events(i.ImportID))
		}
		for range 2 { // repeated
			if again, err := w.s.Cancel(ctx, "t", i.ImportID); err != nil || again.Status != intake.Cancelled {
				w.t.Errorf("%+v, %v", again, err)
			}
		}
	})
}

func TestAnImportEndsWithItsCollectionsDeletion(t *testing.T) {
	eachImports(t, func(w *imports) {
		ctx := w.t.Context()
		working, running := w.put(rowsOf(3), intake.Wishes{}), w.put(rowsOf(900), intake.Wishes{})
		w.after = func(made int) {
			if made == 3 { // in the middle of the second one's first window
				w.after = nil
				w.mu.Unlock()
				w.must(w.groups.Delete(ctx, "t", running.CollectionID))
				w.mu.Lock()
			}
		}
		w.work()
		w.must(w.groups.Delete(ctx, "t", working.CollectionID))
		w.work()
		for _, i := range []intake.Import{working, running} {
			if got := w.get(i.ImportID); got.Status != intake.Cancelled || *got.ErrorCode != "import_collection_deleted" || w.events(i.ImportID) != 1 {
				w.t.Errorf("%+v, %d events", got, w.events(i.ImportID))
			}
		}
	})
}

func TestPhotosOfRowsAreUploaded(t *testing.T) {
	eachImports(t, func(w *imports) {
		var table strings.Builder
		table.WriteString("file,url\n")
		for n := range 250 {
			fmt.Fprintf(&table, "photos/%d.jpg,\n,https://x.example/%d.jpg\n", n, n)
		}
		i := w.put(table.String(), intake.Wishes{})
		page := func() (files []string, all bool) {
			for cursor := ""; ; {
				got, next, whole, err := w.s.Uploads(w.t.Context(), "t", i.ImportID, cursor, 60)
				w.must(err)
				for _, u := range got {
					files = append(files, u.File)
					if !strings.HasSuffix(u.URL, u.ItemID) || u.Row%2 != 1 {
						w.t.Fatalf("%+v", u)
					}
				}
				if all, cursor = whole, next; next == "" {
					return files, all
				}
			}
		}
		if files, all := page(); len(files) != 0 || all {
			w.t.Errorf("before the rows are read: %d, %v", len(files), all)
		}
		w.work()
		files, all := page()
		if len(files) != 250 || !all || files[0] != "photos/0.jpg" || w.get(i.ImportID).Files != 250 {
			w.t.Errorf("%d files, %v", len(files), all)
		}
		w.end(w.order[0], job.ItemCompleted)
		if files, _ = page(); len(files) != 200 {
			w.t.Errorf("%d are left", len(files))
		}
		if _, _, _, err := w.s.Uploads(w.t.Context(), "t", i.ImportID, "x", 1); !errors.Is(err, intake.ErrCursor) {
			w.t.Errorf("a strange cursor: %v", err)
		}
	})
}

func TestRowsOfDifferentBrandsAreInJobsOfTheirOwn(t *testing.T) {
	eachImports(t, func(w *imports) {
		i := w.put("file,brand,presets\na.jpg,summer,\nb.jpg,winter,\nc.jpg,summer,\nd.jpg,nobody,\ne.jpg,,shopify\n", intake.Wishes{Brand: "plain", Presets: []string{"bol_main"}})
		w.work()
		got := map[string]string{}
		for _, j := range w.jobs {
			for _, it := range j.Items {
				got[it.Filename] = j.BrandProfileID + " " + strings.Join(j.Presets, ",")
			}
		}
		if diff := cmp.Diff(map[string]string{"a.jpg": "summer bol_main", "b.jpg": "winter bol_main", "c.jpg": "summer bol_main", "e.jpg": "plain shopify"}, got); diff != "" || len(w.jobs) != 3 {
			w.t.Errorf("%d jobs; want -, got +:\n%s", len(w.jobs), diff)
		}
		page, _, err := w.s.Errors(w.t.Context(), "t", i.ImportID, "", 10)
		if err != nil || len(page) != 1 || page[0].Code != "brand_profile_not_found" || page[0].File != "d.jpg" {
			w.t.Errorf("%+v, %v", page, err)
		}
	})
}

func TestTablesThatCanNotBeImported(t *testing.T) {
	many := "file,brand\n"
	for n := range 30 {
		many += fmt.Sprintf("%d.jpg,b%d\n", n, n)
	}
	for name, c := range map[string]struct{ table, code string }{
		"a workbook":              {"PK\x03\x04xxxxxxx", "import_file_format"},
		"no column of photos":     {"a,b\n1,2\n", "import_columns_unknown"},
		"nothing":                 {"", "import_file_empty"},
		"too many kinds of rows":  {many, "import_too_mixed"},
		"broken behind good rows": {rowsOf(600) + "\"" + strings.Repeat("x", 9<<20), "import_record_too_large"},
	} {
		t.Run(name, func(t *testing.T) {
			eachImports(t, func(w *imports) {
				i := w.put(c.table, intake.Wishes{})
				w.work()
				if got := w.get(i.ImportID); got.Status != intake.Failed || got.ErrorCode == nil || *got.ErrorCode != c.code || len(w.jobs) != 0 || w.events(i.ImportID) != 1 {
					w.t.Errorf("%+v, %d jobs", got, len(w.jobs))
				}
				if _, err := w.groups.Get(w.t.Context(), "t", i.CollectionID); !errors.Is(err, collection.ErrNotFound) {
					w.t.Errorf("its collection is left: %v", err)
				}
			})
		})
	}
}

func TestAnImportOfRowsThatAreAllWrongFails(t *testing.T) {
	eachImports(t, func(w *imports) {
		i := w.put("file,title\n,x\n,y\n", intake.Wishes{})
		w.work()
		if got := w.get(i.ImportID); got.Status != intake.Failed || got.Errors != 2 || w.events(i.ImportID) != 1 {
			w.t.Errorf("%+v", got)
		}
	})
}

func TestATableIsFetchedOnce(t *testing.T) {
	eachImports(t, func(w *imports) {
		calls := 0
		s := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			calls++
			switch {
			case r.URL.Path == "/gone.csv":
				http.NotFound(rw, r)
			case calls == 1:
				rw.WriteHeader(http.StatusServiceUnavailable)
			default:
				rw.Header().Set("Content-Type", "text/csv")
				_, _ = rw.Write([]byte(rowsOf(3)))
			}
		}))
		defer s.Close()
		i, err := w.s.Create(w.t.Context(), intake.NewImport{TenantID: "t", SourceURL: s.URL + "/feeds/products.csv?key=1"})
		w.must(err)
		for range 3 {
			w.exec(`UPDATE imports SET due_at = 0 WHERE status = 'queued'`)
			w.work()
		}
		if got := w.get(i.ImportID); got.Status != intake.Working || got.Filename != "products.csv" || calls != 2 || got.Photos != 3 {
			w.t.Errorf("%+v, %d calls", got, calls)
		}
		gone, err := w.s.Create(w.t.Context(), intake.NewImport{TenantID: "t", SourceURL: s.URL + "/gone.csv"})
		w.must(err)
		w.work()
		if got := w.get(gone.ImportID); got.Status != intake.Failed || *got.ErrorCode != "source_url_not_found" {
			w.t.Errorf("%+v", got)
		}
		if _, err := w.s.Create(w.t.Context(), intake.NewImport{TenantID: "t", SourceURL: "http://10.0.0.1/x.csv"}); !errors.Is(err, intake.ErrProhibited) {
			w.t.Errorf("of a private address: %v", err)
		}
	})
}

func TestOldImportsAndTheirTablesAreDeleted(t *testing.T) {
	eachImports(t, func(w *imports) {
		i := w.put(rowsOf(2), intake.Wishes{})
		var path string
		w.must(w.db.QueryRowContext(w.t.Context(), `SELECT blob_path FROM imports`).Scan(&path))
		if paths, ok, err := w.s.Names(w.t.Context(), "t", i.ImportID); !ok || err != nil || len(paths) != 1 || paths[0] != path {
			w.t.Errorf("it names %v, %v, %v", paths, ok, err)
		}
		w.work()
		w.end(w.order[0], job.ItemFailed)
		w.exec(`UPDATE imports SET updated_at = 0`)
		w.must(w.s.Tidy(w.t.Context()))
		if _, err := w.blobs.Head(w.t.Context(), "raw", path); !errors.Is(err, blob.ErrNotFound) {
			w.t.Errorf("its table is left: %v", err)
		}
		if got := w.get(i.ImportID); got.Status != intake.Failed {
			w.t.Errorf("%+v", got)
		}
		w.exec(`UPDATE imports SET ended_at = 0`)
		w.must(w.s.Tidy(w.t.Context()))
		var left int
		w.must(w.db.QueryRowContext(w.t.Context(), `SELECT (SELECT count(*) FROM imports) + (SELECT count(*) FROM import_jobs) + (SELECT count(*) FROM events WHERE type = 'import.finished')`).Scan(&left))
		if left != 0 {
			w.t.Errorf("%d rows are left", left)
		}
		late, err := w.s.Create(w.t.Context(), intake.NewImport{TenantID: "t"})
		w.must(err)
		w.exec(`UPDATE imports SET created_at = 0`)
		w.must(w.s.Sweep(w.t.Context()))
		if got := w.get(late.ImportID); got.Status != intake.Cancelled || *got.ErrorCode != "import_file_expired" {
			w.t.Errorf("without a table for a day: %+v", got)
		}
	})
}

func TestOneTenantsImportsLetOthersThrough(t *testing.T) {
	eachImports(t, func(w *imports) {
		for range intake.MaxOpen {
			_, err := w.s.Create(w.t.Context(), intake.NewImport{TenantID: "t"})
			w.must(err)
		}
		if _, err := w.s.Create(w.t.Context(), intake.NewImport{TenantID: "t"}); !errors.Is(err, intake.ErrImportsFull) {
			w.t.Errorf("one too many: %v", err)
		}
		first, second := w.putFor("v", rowsOf(1)), w.putFor("v", rowsOf(2))
		for _, c := range []struct {
			set, want string
			worked    bool
		}{
			{`status = 'processing', lease_until = now_ms() + 60000`, intake.Queued, false},
			{`status = 'processing', lease_until = now_ms() + 60000, cancelling = TRUE`, intake.Working, true},
		} {
			w.exec(`UPDATE imports SET `+c.set+` WHERE import_id = $1`, first.ImportID)
			worked, err := w.s.Work(w.t.Context())
			w.must(err)
			got, err := w.s.Get(w.t.Context(), "v", second.ImportID)
			w.must(err)
			if worked != c.worked || got.Status != c.want {
				w.t.Errorf("beside one with %s: %s", c.set, got.Status)
			}
		}
		same, err := w.s.Create(w.t.Context(), intake.NewImport{TenantID: "u", ID: collection.NewID()})
		w.must(err)
		again, err := w.s.Create(w.t.Context(), intake.NewImport{TenantID: "u", ID: same.ImportID})
		if err != nil || again.ImportID != same.ImportID {
			w.t.Errorf("the same request again: %+v, %v", again, err)
		}
	})
}
