package export

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/opal-photo/opal/modules/blob"
	"github.com/opal-photo/opal/modules/db"
	"github.com/opal-photo/opal/modules/db/dbtest"
	"github.com/opal-photo/opal/modules/db/lease"
)

// zipNames lists what a stored part of the ZIP holds, and checks its manifest.
func (w *world) zipNames(path string) (names []string) {
	w.t.Helper()
	b, _, err := w.store.Get(w.t.Context(), "exports", path, 1<<24)
	w.must(err)
	z, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	w.must(err)
	var listed []Entry
	for _, f := range z.File {
		if f.Name == ManifestJSON {
			r, err := f.Open()
			w.must(err)
			w.must(json.NewDecoder(r).Decode(&listed))
			continue
		}
		if f.Name != ManifestCSV {
			names = append(names, f.Name)
		}
	}
	var told []string
	for _, e := range listed {
		told = append(told, e.File)
	}
	if diff := cmp.Diff(names, told); diff != "" {
		w.t.Errorf("the manifest of %s, holds -, tells +:\n%s", path, diff)
	}
	return names
}

// recorded lists the paths of the recorded parts.
func (w *world) recorded() (paths []string) {
	w.t.Helper()
	parts, err := w.s.parts(w.t.Context(), w.zipBody().Subject)
	w.must(err)
	for _, p := range parts {
		paths = append(paths, p.path)
	}
	return paths
}

func TestALargeZIPComesInParts(t *testing.T) {
	each(t, func(w *world) {
		w.s.PartBytes = 1 // each file has a part of its own
		w.must(w.s.Handle(w.t.Context(), w.body))
		w.must(w.s.Handle(w.t.Context(), w.zipBody()))
		paths := w.recorded()
		var names []string
		for _, p := range paths {
			names = append(names, w.zipNames(p)...)
		}
		slices.Sort(names)
		if diff := cmp.Diff([]string{"facebook/x-studio-ad.jpg", "instagram/x-studio-square.jpg", "website/x-studio-thumb.webp"}, names); diff != "" {
			w.t.Errorf("want -, got +:\n%s", diff)
		}
		if w.jobs.zip != paths[0] {
			w.t.Errorf("the job's ZIP is %s and the first part %s", w.jobs.zip, paths[0])
		}
		parts, err := w.s.Parts(w.t.Context(), "t", "j", "Spring / 26")
		w.must(err)
		for i, p := range parts {
			info, err := w.store.Head(w.t.Context(), "exports", paths[i])
			w.must(err)
			if p.Bytes != info.Size || !strings.Contains(p.URL, paths[i]) || !strings.Contains(p.URL, fmt.Sprintf("part-%d.zip", i+1)) {
				w.t.Errorf("part %d: %+v", i+1, p)
			}
		}
		if other, err := w.s.Parts(w.t.Context(), "other", "j", "x"); len(parts) != 3 || len(other) != 0 || err != nil {
			w.t.Errorf("%d parts, %d for another tenant, %v", len(parts), len(other), err)
		}
	})
}

// The most items that a job may have, each with a file of its own, come whole in parts of
// bounded size, and each file is in one of them.
func TestAThousandItemsComeWholeInParts(t *testing.T) {
	t.Parallel()
	const items, partBytes = 1000, 256 << 10
	house(t, dbtest.SQLite(t), func(w *world) { // a job of a hundred photos in ten scenes
		w.s.PartBytes = partBytes
		w.must(w.s.Handle(w.t.Context(), w.body))
		content := func(i int) string { return strings.Repeat(fmt.Sprintf("picture %d;", i), 20) }
		w.must(w.db.InTx(t.Context(), func(tx *db.Tx) error {
			if _, err := tx.Exec(`DELETE FROM exports`); err != nil {
				return err
			}
			for i := range items {
				id, path := fmt.Sprintf("item-%d", i), fmt.Sprintf("t/j/item-%d.webp", i)
				if err := w.store.Put(t.Context(), "exports", path, []byte(content(i)), blob.PutOptions{}); err != nil {
					return err
				}
				if _, err := tx.Exec(`INSERT INTO exports (item_id, preset, job_id, tenant_id, correlation_id, status, due_at, blob_path, format, width, height, bytes, checks, created_at, updated_at)
					VALUES ($1, 'web_thumb', 'j', 't', 'c', 'completed', 0, $2, 'webp', 8, 8, $3, '[]', $4, 0)`, id, path, len(content(i)), i); err != nil {
					return err
				}
				if _, err := tx.Exec(`INSERT INTO export_sources (item_id, source) SELECT $1, source FROM export_sources WHERE item_id = 'i'`, id); err != nil {
					return err
				}
			}
			return nil
		}))
		w.must(w.s.Handle(w.t.Context(), w.zipBody()))
		parts, err := w.s.Parts(w.t.Context(), "t", "j", "Spring / 26")
		w.must(err)
		if len(parts) < 2 {
			t.Fatalf("%d parts", len(parts))
		}
		names, found := map[string]bool{}, map[string]bool{}
		for i, path := range w.recorded() {
			b, _, err := w.store.Get(t.Context(), "exports", path, 1<<24)
			w.must(err)
			if int64(len(b)) != parts[i].Bytes || len(b) > partBytes {
				t.Errorf("part %d has %d bytes, told are %d, the most is %d", i+1, len(b), parts[i].Bytes, partBytes)
			}
			z, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
			w.must(err)
			for _, f := range z.File {
				if f.Name == ManifestJSON || f.Name == ManifestCSV {
					continue
				}
				if names[f.Name] {
					t.Errorf("%s is there twice", f.Name)
				}
				names[f.Name] = true
				r, err := f.Open()
				w.must(err)
				text, err := io.ReadAll(r) // checks its sum, too
				w.must(err)
				found[string(text)] = true
			}
		}
		if len(names) != items || len(found) != items {
			t.Fatalf("%d names and %d pictures of %d", len(names), len(found), items)
		}
		for i := range items {
			if !found[content(i)] {
				t.Errorf("picture %d is in no part", i)
			}
		}
	})
}

func TestAZIPGoesOnWhereItBrokeOff(t *testing.T) {
	each(t, func(w *world) {
		w.s.PartBytes = 1
		w.must(w.s.Handle(w.t.Context(), w.body))
		w.store.put, w.store.only = errors.New("the disk is odd today"), "-p2.zip"
		w.must(w.s.Handle(w.t.Context(), w.zipBody()))
		if got := w.recorded(); len(got) != 1 || w.jobs.ended != 0 {
			w.t.Fatalf("%v", got)
		}
		w.store.put = nil
		w.exec(`UPDATE bundles SET due_at = 0`)
		w.must(w.s.Handle(w.t.Context(), w.zipBody()))
		var attempts []string
		for _, p := range w.recorded() {
			attempts = append(attempts, p[strings.LastIndex(p, "-a"):])
		}
		if diff := cmp.Diff([]string{"-a1-p1.zip", "-a2-p2.zip", "-a2-p3.zip"}, attempts); diff != "" || w.jobs.ended != 1 {
			w.t.Errorf("want -, got +:\n%s", diff)
		}
	})
}

func TestAZIPWhoseWorkersDieFails(t *testing.T) {
	each(t, func(w *world) {
		w.must(w.s.Handle(w.t.Context(), w.body))
		for range lease.MaxRescues {
			w.exec(`UPDATE bundles SET status = 'processing', attempt = attempt + 1, lease_until = now_ms() - 1`)
			w.must(w.s.Sweep(w.t.Context()))
		}
		w.poisoned(w.s.Handle(w.t.Context(), w.zipBody()))
		if w.jobs.ended != 1 || w.jobs.zip != "" {
			w.t.Errorf("%+v", w.jobs)
		}
	})
}

func TestAZIPsTriesEnd(t *testing.T) {
	each(t, func(w *world) {
		w.must(w.s.Handle(w.t.Context(), w.body))
		w.store.put, w.store.only = blob.ErrForbidden, "/export/"
		w.must(w.s.Handle(w.t.Context(), w.zipBody()))
		if w.jobs.ended != 1 || w.jobs.zip != "" {
			w.t.Errorf("%+v", w.jobs)
		}
		w.must(w.db.InTx(w.t.Context(), func(tx *db.Tx) error {
			ended, failed, err := w.s.Bundle(w.t.Context(), tx, BundleRequest{TenantID: "t", JobID: "j", ItemID: "i", Round: 1})
			if !ended || !failed {
				w.t.Errorf("ended %v, failed %v", ended, failed)
			}
			return err
		}))
	})
}

func TestAZIPIsAskedForOnceAndMadeOnce(t *testing.T) {
	each(t, func(w *world) {
		for range 2 {
			w.must(w.s.Handle(w.t.Context(), w.body))
		}
		w.must(w.db.InTx(w.t.Context(), func(tx *db.Tx) error {
			_, _, err := w.s.Bundle(w.t.Context(), tx, BundleRequest{TenantID: "t", JobID: "j", ItemID: "i", Round: 1})
			return err
		}))
		w.must(w.s.Sweep(w.t.Context()))
		if w.messages() != 1 {
			w.t.Errorf("%d messages", w.messages())
		}
		w.must(w.s.Handle(w.t.Context(), w.zipBody()))
		w.must(w.s.Handle(w.t.Context(), w.body))
		w.must(w.s.Handle(w.t.Context(), w.zipBody()))
		zips := 0
		for _, err := range w.store.List(w.t.Context(), "exports", "t/j/export/") {
			w.must(err)
			zips++
		}
		if zips != 1 || w.jobs.ended != 1 {
			w.t.Errorf("%d ZIPs, ended %d times", zips, w.jobs.ended)
		}
	})
}

func TestALostZIPsMessageIsWrittenAgain(t *testing.T) {
	each(t, func(w *world) {
		w.must(w.s.Handle(w.t.Context(), w.body))
		w.exec(`UPDATE outbox SET sent_at = now_ms()`)
		w.exec(`UPDATE bundles SET due_at = due_at - 660000`)
		for range 2 {
			w.must(w.s.Sweep(w.t.Context()))
		}
		if w.messages() != 2 {
			w.t.Fatalf("%d messages", w.messages())
		}
	})
}

// outdated holds what is said of the job's ZIP against what it is.
func (w *world) outdated(when string, want bool) {
	w.t.Helper()
	if got, err := w.s.Outdated(w.t.Context(), "t", "j"); got != want || err != nil {
		w.t.Errorf("%s the ZIP is outdated: %v, %v", when, got, err)
	}
}

func TestTheZIPOfARoundBeforeGoesWithTheNewOne(t *testing.T) {
	each(t, func(w *world) {
		w.must(w.s.Handle(w.t.Context(), w.body))
		w.must(w.s.Handle(w.t.Context(), w.zipBody()))
		w.must(w.db.InTx(w.t.Context(), func(tx *db.Tx) error {
			_, _, err := w.s.Bundle(w.t.Context(), tx, BundleRequest{TenantID: "t", JobID: "j", ItemID: "i", Round: 2})
			return err
		}))
		if parts, err := w.s.Parts(w.t.Context(), "t", "j", "Spring / 26"); err != nil || len(parts) != 1 {
			w.t.Fatalf("while the second is made: %v, %v", parts, err)
		}
		w.outdated("while the second is made", true)
		if other, err := w.s.Outdated(w.t.Context(), "other", "j"); other || err != nil {
			w.t.Errorf("for another tenant: %v, %v", other, err)
		}
		w.must(w.s.Handle(w.t.Context(), w.zipBody()))
		w.outdated("when it is there", false)
		var bundles, parts int
		w.must(w.db.QueryRow(`SELECT (SELECT count(*) FROM bundles), (SELECT count(*) FROM bundle_parts)`).Scan(&bundles, &parts))
		if bundles != 1 || parts != 1 {
			w.t.Errorf("%d ZIPs with %d parts", bundles, parts)
		}
		w.must(w.db.InTx(w.t.Context(), func(tx *db.Tx) error { _, err := w.s.Forget(w.t.Context(), tx, "j"); return err }))
		w.must(w.db.QueryRow(`SELECT (SELECT count(*) FROM bundles) + (SELECT count(*) FROM bundle_parts)`).Scan(&bundles))
		if bundles != 0 {
			w.t.Error("a deleted job's ZIP is still there")
		}
	})
}

// A message of an unknown kind is work on its item.
func TestAnUnknownKindIsWorkOnTheItem(t *testing.T) {
	each(t, func(w *world) {
		b := w.body
		b.Kind, b.Subject = "poster", "x"
		w.must(w.s.Handle(w.t.Context(), b))
		if got := w.statuses(); got["completed"] != 3 {
			w.t.Errorf("%v", got)
		}
	})
}

func TestSplit(t *testing.T) {
	file := func(bytes int64) bundled { return bundled{Export: Export{Bytes: bytes}} }
	const lot = (256<<20 - perFile) / (1<<20 + perFile) // megabytes in a part, with what the ZIP adds for each and for itself
	if lot < 250 {
		t.Errorf("only %d files of a megabyte fit into a part of 256", lot)
	}
	for name, c := range map[string]struct {
		limit int64
		bytes []int64
		want  string
	}{
		"nothing is one part":             {100_000, nil, "[0]"},
		"all that fits":                   {100_000, []int64{10, 10, 10}, "[3]"},
		"one that is too large is alone":  {100_000, []int64{10, 200_000, 10}, "[1 1 1]"},
		"the first may be too large":      {100_000, []int64{200_000, 10, 10}, "[1 2]"},
		"a part takes no more than fits":  {70_000 + 3*perFile, []int64{40_000, 30_000, 30_000}, "[2 1]"},
		"a thousand of a megabyte, a lot": {256 << 20, slices.Repeat([]int64{1 << 20}, 1000), fmt.Sprint([]int{lot, lot, lot, 1000 - 3*lot})},
	} {
		t.Run(name, func(t *testing.T) {
			var files []bundled
			for _, n := range c.bytes {
				files = append(files, file(n))
			}
			var got []int
			cut := splitter{limit: c.limit, full: func(_ int, part []bundled) error {
				got = append(got, len(part))
				return nil
			}}
			for i := range files { // one by one, as they come from many jobs
				if err := cut.add(files[i : i+1]); err != nil {
					t.Fatal(err)
				}
			}
			if err := cut.end(); err != nil {
				t.Fatal(err)
			}
			if fmt.Sprint(got) != c.want {
				t.Errorf("got %v, want %s", got, c.want)
			}
		})
	}
}

func TestPathsNamesWhateverAJobsFilesAre(t *testing.T) {
	each(t, func(w *world) {
		w.must(w.s.Handle(w.t.Context(), w.body))
		w.must(w.s.Handle(w.t.Context(), w.zipBody()))
		paths, err := w.s.Paths(w.t.Context(), "j")
		w.must(err)
		n := 0
		for b, err := range w.store.List(w.t.Context(), "exports", "t/j/") {
			w.must(err)
			n++
			if !slices.Contains(paths, b.Name) {
				w.t.Errorf("it does not name %s", b.Name)
			}
		}
		if n != len(wanted)+1 || !slices.Contains(paths, "t/cut.png") || !slices.Contains(paths, "t/back.png") || !slices.Contains(paths, "t/shadow.png") {
			w.t.Errorf("%d files; it names %v", n, paths)
		}
	})
}

// groups is one collection, which keeps what it is told.
type groups struct {
	jobs  []string
	ended []string
}

func (g *groups) Jobs(context.Context, string) ([]string, error) { return g.jobs, nil }

func (g *groups) ZIPEnded(_ context.Context, _ *db.Tx, id string, round int, made bool) error {
	g.ended = append(g.ended, fmt.Sprint(id, " ", round, " ", made))
	return nil
}

func TestACollectionsZIPHoldsItsJobsUnderUniqueNames(t *testing.T) {
	each(t, func(w *world) {
		all := &groups{jobs: []string{"j", "j"}} // two jobs of the same names
		w.s.Groups = all
		ask := func(round int) {
			w.must(w.db.InTx(w.t.Context(), func(tx *db.Tx) error {
				_, _, err := w.s.Bundle(w.t.Context(), tx, BundleRequest{TenantID: "t", CollectionID: "c", JobID: "j", ItemID: "i", Round: round})
				return err
			}))
		}
		w.must(w.s.Handle(w.t.Context(), w.body))
		ask(1)
		w.must(w.s.Handle(w.t.Context(), w.zipBody()))
		var names []string
		for _, p := range w.recorded() {
			names = append(names, w.zipNames(p)...)
		}
		slices.Sort(names)
		want := []string{"facebook/x-studio-ad-2.jpg", "facebook/x-studio-ad.jpg", "instagram/x-studio-square-2.jpg", "instagram/x-studio-square.jpg", "website/x-studio-thumb-2.webp", "website/x-studio-thumb.webp"}
		if diff := cmp.Diff(want, names); diff != "" {
			w.t.Errorf("want -, got +:\n%s", diff)
		}
		paths, err := w.s.CollectionPaths(w.t.Context(), "c")
		w.must(err)
		if diff := cmp.Diff(w.recorded(), paths); diff != "" || !slices.Equal(all.ended, []string{"c 1 true"}) || w.jobs.ended != 0 {
			w.t.Errorf("told %v; recorded -, named +:\n%s", all.ended, diff)
		}
		if parts, err := w.s.CollectionParts(w.t.Context(), "t", "c", "x"); err != nil || len(parts) != 1 {
			w.t.Errorf("%v, %v", parts, err)
		}
		if parts, err := w.s.CollectionParts(w.t.Context(), "other", "c", "x"); err != nil || len(parts) != 0 {
			w.t.Errorf("for another tenant: %v, %v", parts, err)
		}
		for round, want := range []bool{false, true} {
			if round > 0 {
				ask(2)
			}
			if got, err := w.s.CollectionOutdated(w.t.Context(), "t", "c"); got != want || err != nil {
				w.t.Errorf("outdated with %d rounds: %v, %v", round+1, got, err)
			}
		}
		w.must(w.db.InTx(w.t.Context(), func(tx *db.Tx) error { return w.s.ForgetCollection(w.t.Context(), tx, "c") }))
		w.must(w.s.Handle(w.t.Context(), w.zipBody())) // of a ZIP that is forgotten nothing is made
		if paths, err = w.s.CollectionPaths(w.t.Context(), "c"); err != nil || len(paths) != 0 || len(all.ended) != 1 {
			w.t.Errorf("%v, %v, told %v", paths, err, all.ended)
		}
	})
}
