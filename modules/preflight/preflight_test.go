package preflight_test

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/opal-photo/opal/modules/blob"
	"github.com/opal-photo/opal/modules/blob/fileblob"
	"github.com/opal-photo/opal/modules/channel"
	"github.com/opal-photo/opal/modules/check"
	"github.com/opal-photo/opal/modules/db"
	"github.com/opal-photo/opal/modules/db/dbtest"
	"github.com/opal-photo/opal/modules/db/lease"
	"github.com/opal-photo/opal/modules/fault"
	"github.com/opal-photo/opal/modules/imagefile"
	"github.com/opal-photo/opal/modules/imaging"
	"github.com/opal-photo/opal/modules/pipeline"
	"github.com/opal-photo/opal/modules/preflight"
	"github.com/opal-photo/opal/modules/queue"
)

// decoder decodes PNGs in this process.
type decoder struct{}

func (decoder) Decode(_ context.Context, b []byte) (*image.NRGBA, imaging.Info, error) {
	info, err := imagefile.Inspect(b)
	if err != nil {
		return nil, info, err
	}
	img, err := png.Decode(bytes.NewReader(b))
	if err != nil {
		return nil, info, imagefile.ErrCorrupt
	}
	out := image.NewNRGBA(img.Bounds())
	draw.Draw(out, out.Rect, img, image.Point{}, draw.Src)
	return out, info, nil
}

// cutter takes the dark pixels for the product.
type cutter struct {
	err   error
	panic bool
	calls int
}

func (c *cutter) Cut(_ context.Context, photo *image.NRGBA) (pipeline.Cutout, error) {
	c.calls++
	if c.panic {
		panic("a defect")
	}
	out := image.NewNRGBA(photo.Rect)
	for i := 0; i < len(photo.Pix); i += 4 {
		if photo.Pix[i] < 200 {
			copy(out.Pix[i:i+4], photo.Pix[i:i+4])
		}
	}
	return pipeline.Cutout{Image: out, Confidence: .95}, c.err
}

// product is a picture of a dark product on a ground, and its mask.
func product(t *testing.T, ground uint8) (picture, mask []byte) {
	t.Helper()
	img, m := image.NewNRGBA(image.Rect(0, 0, 300, 300)), image.NewGray(image.Rect(0, 0, 300, 300))
	box := image.Rect(15, 40, 285, 260)
	draw.Draw(img, img.Rect, image.NewUniform(color.NRGBA{ground, ground, ground, 255}), image.Point{}, draw.Src)
	draw.Draw(img, box, image.NewUniform(color.NRGBA{90, 40, 60, 255}), image.Point{}, draw.Src)
	draw.Draw(m, box, image.White, image.Point{}, draw.Src)
	return encoded(t, img), encoded(t, m)
}

func encoded(t *testing.T, img image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

type world struct {
	*preflight.Service
	t     *testing.T
	db    *db.DB
	blobs blob.Store
	cut   *cutter
}

func newWorld(t *testing.T, d *db.DB) *world {
	t.Helper()
	store, err := fileblob.Open(fileblob.Options{Dir: filepath.Join(t.TempDir(), "b"), BaseURL: "http://127.0.0.1:1/blobs", Key: []byte("k")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	w := &world{t: t, db: d, blobs: store, cut: &cutter{}}
	w.Service = preflight.New(preflight.Options{DB: d, Blobs: store, Raw: "raw", Outbox: queue.NewOutbox(), Decoder: decoder{}, Cutter: w.cut})
	return w
}

func file(b []byte) preflight.File {
	return preflight.File{Body: bytes.NewReader(b), Size: int64(len(b))}
}

func (w *world) ask(picture, mask []byte) (preflight.Check, error) {
	n := preflight.NewCheck{TenantID: "t1", Filename: "mug.png", Picture: file(picture), Presets: []string{"amazon_main"}}
	if mask != nil {
		m := file(mask)
		n.Mask = &m
	}
	return w.Create(w.t.Context(), n)
}

func (w *world) must(c preflight.Check, err error) preflight.Check {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
	return c
}

func (w *world) work(id string) error {
	return w.Process(w.t.Context(), queue.Body{TenantID: "t1", JobID: id, ItemID: id, Kind: queue.KindCheck, Subject: id})
}

func (w *world) files() (n int) {
	w.t.Helper()
	for _, err := range w.blobs.List(w.t.Context(), "raw", "") {
		if err != nil {
			w.t.Fatal(err)
		}
		n++
	}
	return n
}

func (w *world) messages() (n int) {
	w.t.Helper()
	if err := w.db.QueryRowContext(w.t.Context(), `SELECT count(*) FROM outbox WHERE kind = 'check'`).Scan(&n); err != nil {
		w.t.Fatal(err)
	}
	return n
}

func (w *world) exec(q string, args ...any) {
	w.t.Helper()
	if _, err := w.db.ExecContext(w.t.Context(), q, args...); err != nil {
		w.t.Fatal(err)
	}
}

// passed says of a rule what came of it.
func passed(t *testing.T, c preflight.Check, rule string) bool {
	t.Helper()
	for _, k := range c.Result.Presets[0].Checks {
		if k.Rule == rule {
			return k.Passed
		}
	}
	t.Fatalf("no check of %s in %+v", rule, c.Result)
	return false
}

func TestAPictureWithItsMaskIsCheckedAtTheSameMoment(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		white, mask := product(t, 255)
		grey, _ := product(t, 228)
		for name, c := range map[string]struct {
			picture []byte
			white   bool
		}{"on white": {white, true}, "on grey": {grey, false}} {
			got := w.must(w.ask(c.picture, mask))
			if got.Status != preflight.Completed || got.Result == nil || got.Result.Product == nil || got.Result.Product.FoundBy != check.ByMask || got.EndedAt == nil {
				t.Fatalf("%s: %+v", name, got)
			}
			if passed(t, got, channel.WhiteBackground) != c.white || got.Result.Verdict != check.Rejected { // 300 pixels are too few
				t.Errorf("%s: %+v", name, got.Result)
			}
		}
		if w.files() != 0 || w.messages() != 0 || w.cut.calls != 0 {
			t.Errorf("%d files, %d messages, %d cut-outs", w.files(), w.messages(), w.cut.calls)
		}
	})
}

func TestAWorkerFindsTheProduct(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		picture, _ := product(t, 255)
		c := w.must(w.ask(picture, nil))
		if !c.Open() || w.files() != 1 || w.messages() != 1 {
			t.Fatalf("%+v, %d files, %d messages", c, w.files(), w.messages())
		}
		if _, err := w.Get(t.Context(), "t2", c.CheckID); !errors.Is(err, preflight.ErrNotFound) {
			t.Errorf("another tenant's: %v", err)
		}
		if err := w.work(c.CheckID); err != nil {
			t.Fatal(err)
		}
		c = w.must(w.Get(t.Context(), "t1", c.CheckID))
		if c.Status != preflight.Completed || c.Result.Product.FoundBy != check.ByCutter || !passed(t, c, channel.WhiteBackground) || w.files() != 0 {
			t.Errorf("%+v, %d files", c, w.files())
		}
		if err := w.work(c.CheckID); err != nil || w.cut.calls != 1 { // its message may come twice
			t.Errorf("repeated: %v, %d cut-outs", err, w.cut.calls)
		}
		again := preflight.NewCheck{ID: c.CheckID, TenantID: "t1", Filename: "mug.png", Picture: file(picture), Presets: []string{"amazon_main"}}
		if got := w.must(w.Create(t.Context(), again)); got.CheckID != c.CheckID || got.Status != preflight.Completed {
			t.Errorf("asked again under its id: %+v", got)
		}
	})
}

// A worker that dies leaves its lease behind: the check is asked for again, and after
// five such ends the picture is to blame.
func TestACheckOutlivesItsWorker(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		picture, _ := product(t, 255)
		c := w.must(w.ask(picture, nil))
		for i := range lease.MaxRescues {
			w.exec(`UPDATE picture_checks SET status = 'processing', attempt = attempt + 1, lease_until = now_ms() - 1 WHERE check_id = $1`, c.CheckID)
			if err := w.Sweep(t.Context()); err != nil {
				t.Fatal(err)
			}
			if n := w.messages(); n != i+2 {
				t.Fatalf("%d messages after sweep %d", n, i+1)
			}
		}
		if err := w.work(c.CheckID); err == nil {
			t.Error("the message is no dead letter")
		}
		c = w.must(w.Get(t.Context(), "t1", c.CheckID))
		if c.Status != preflight.Failed || c.ErrorCode == nil || *c.ErrorCode != lease.ErrRescues.Code || w.files() != 0 || w.cut.calls != 0 {
			t.Errorf("%+v, %d files, %d cut-outs", c, w.files(), w.cut.calls)
		}
	})
}

func TestAFailedCheckSaysWhyAndLeavesNothing(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		picture, _ := product(t, 255)
		t.Run("an engine that is away", func(t *testing.T) {
			w.cut.err = fault.New(fault.Unavailable, "engine_away", "The engine does not answer")
			c := w.must(w.ask(picture, nil))
			if err := w.work(c.CheckID); err != nil {
				t.Fatal(err)
			}
			if c = w.must(w.Get(t.Context(), "t1", c.CheckID)); c.Status != preflight.Queued || w.files() != 1 {
				t.Errorf("%+v, %d files", c, w.files())
			}
			w.cut.err = nil
			w.exec(`UPDATE picture_checks SET due_at = now_ms() WHERE check_id = $1`, c.CheckID)
			if err := w.work(c.CheckID); err != nil {
				t.Fatal(err)
			}
			if c = w.must(w.Get(t.Context(), "t1", c.CheckID)); c.Status != preflight.Completed || w.files() != 0 {
				t.Errorf("%+v, %d files", c, w.files())
			}
		})
		t.Run("a picture that is damaged further on", func(t *testing.T) {
			c := w.must(w.ask(picture[:len(picture)-40], nil))
			if err := w.work(c.CheckID); err != nil {
				t.Fatal(err)
			}
			if c = w.must(w.Get(t.Context(), "t1", c.CheckID)); c.Status != preflight.Failed || c.ErrorCode == nil || *c.ErrorCode != imagefile.ErrCorrupt.Code || w.files() != 0 {
				t.Errorf("%+v, %d files", c, w.files())
			}
		})
		t.Run("one that waits too long", func(t *testing.T) {
			c := w.must(w.ask(picture, nil))
			w.exec(`UPDATE picture_checks SET created_at = now_ms() - 90000000, updated_at = now_ms() - 90000000 WHERE check_id = $1`, c.CheckID)
			if err := w.Sweep(t.Context()); err != nil {
				t.Fatal(err)
			}
			w.exec(`UPDATE picture_checks SET updated_at = now_ms() - 90000000 WHERE check_id = $1`, c.CheckID)
			if err := w.Tidy(t.Context()); err != nil {
				t.Fatal(err)
			}
			if c = w.must(w.Get(t.Context(), "t1", c.CheckID)); c.Status != preflight.Failed || *c.ErrorCode != lease.ErrTooOld.Code || w.files() != 0 {
				t.Errorf("%+v, %d files", c, w.files())
			}
		})
	})
}

func TestOldChecksAreDeleted(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		picture, mask := product(t, 255)
		old, fresh := w.must(w.ask(picture, mask)), w.must(w.ask(picture, mask))
		w.exec(`UPDATE picture_checks SET created_at = now_ms() - $1 WHERE check_id = $2`, (preflight.Kept + time.Hour).Milliseconds(), old.CheckID)
		if err := w.Tidy(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Get(t.Context(), "t1", old.CheckID); !errors.Is(err, preflight.ErrNotFound) {
			t.Errorf("the old one: %v", err)
		}
		w.must(w.Get(t.Context(), "t1", fresh.CheckID))
	})
}

// plainMask is a mask of a picture's size and of one colour.
func plainMask(t *testing.T, picture []byte, c color.Color) []byte {
	t.Helper()
	info, err := imagefile.Inspect(picture)
	if err != nil {
		t.Fatal(err)
	}
	m := image.NewGray(image.Rect(0, 0, info.Width, info.Height))
	draw.Draw(m, m.Rect, image.NewUniform(c), image.Point{}, draw.Src)
	return encoded(t, m)
}

func TestWhatCannotBeCheckedIsRefused(t *testing.T) {
	w := newWorld(t, dbtest.SQLite(t))
	picture, mask := product(t, 255)
	small := encoded(t, image.NewGray(image.Rect(0, 0, 20, 20)))
	for name, c := range map[string]struct {
		change func(n *preflight.NewCheck)
		want   error
	}{
		"no name":                {func(n *preflight.NewCheck) { n.Filename = "" }, preflight.ErrName},
		"a name with a line":     {func(n *preflight.NewCheck) { n.Filename = "a\nb.jpg" }, preflight.ErrName},
		"a long name":            {func(n *preflight.NewCheck) { n.Filename = strings.Repeat("a", 300) }, preflight.ErrName},
		"an unknown channel":     {func(n *preflight.NewCheck) { n.Channels = []string{"moon"} }, channel.ErrNoChannel},
		"an unknown preset":      {func(n *preflight.NewCheck) { n.Presets = []string{"moon"} }, channel.ErrPreset},
		"an unknown category":    {func(n *preflight.NewCheck) { n.Category = "moons" }, preflight.ErrCategory},
		"an unknown slot":        {func(n *preflight.NewCheck) { n.Slot = "FRONT" }, channel.ErrSlot},
		"no picture":             {func(n *preflight.NewCheck) { n.Picture = file([]byte("<html>")) }, imagefile.ErrUnsupported},
		"nothing":                {func(n *preflight.NewCheck) { n.Picture = file(nil) }, imagefile.ErrEmpty},
		"too much":               {func(n *preflight.NewCheck) { n.Picture.Size = imagefile.MaxBytes + 1 }, imagefile.ErrTooLarge},
		"a mask of another size": {func(n *preflight.NewCheck) { m := file(small); n.Mask = &m }, preflight.ErrMask},
		"a mask that is none":    {func(n *preflight.NewCheck) { m := file([]byte("x")); n.Mask = &m }, preflight.ErrMask},
		"an empty mask":          {func(n *preflight.NewCheck) { m := file(plainMask(t, picture, color.Black)); n.Mask = &m }, preflight.ErrMask},
		"a mask without ground":  {func(n *preflight.NewCheck) { m := file(plainMask(t, picture, color.White)); n.Mask = &m }, preflight.ErrMask},
		"a broken mask":          {func(n *preflight.NewCheck) { m := file(mask[:len(mask)-30]); n.Mask = &m }, preflight.ErrMask},
	} {
		t.Run(name, func(t *testing.T) {
			n := preflight.NewCheck{TenantID: "t1", Filename: "a.png", Picture: file(picture)}
			c.change(&n)
			if _, err := w.Create(t.Context(), n); !errors.Is(err, c.want) {
				t.Errorf("%v, want %v", err, c.want)
			}
		})
	}
	if n := w.files(); n != 0 {
		t.Errorf("%d files stay", n)
	}
}

func TestATenantsOpenChecksAreBounded(t *testing.T) {
	w := newWorld(t, dbtest.SQLite(t))
	picture, _ := product(t, 255)
	first := w.must(w.ask(picture, nil))
	w.exec(`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 199) INSERT INTO picture_checks (check_id, tenant_id, correlation_id, filename, wanted, status, created_at, updated_at)
		SELECT 'x' || i, tenant_id, '', filename, wanted, 'queued', created_at, updated_at FROM picture_checks, n WHERE check_id = $1`, first.CheckID)
	if _, err := w.ask(picture, nil); !errors.Is(err, preflight.ErrFull) {
		t.Errorf("%v", err)
	}
	if w.files() != 1 {
		t.Errorf("%d files", w.files())
	}
}
