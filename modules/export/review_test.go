package export

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/opal-photo/opal/modules/db"
	"github.com/opal-photo/opal/modules/picture"
)

// manifest reads a stored ZIP's files and its manifest.
func (w *world) manifest(path string) (names []string, lines []Entry) {
	w.t.Helper()
	b, _, err := w.store.Get(w.t.Context(), "exports", path, 1<<24)
	w.must(err)
	z, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	w.must(err)
	for _, f := range z.File {
		if f.Name == ManifestCSV {
			continue
		}
		if f.Name != ManifestJSON {
			names = append(names, f.Name)
			continue
		}
		r, err := f.Open()
		w.must(err)
		w.must(json.NewDecoder(r).Decode(&lines))
	}
	slices.Sort(names)
	return names, lines
}

func TestWhatAPersonHasToLookAtIsNotDeliveredUnseen(t *testing.T) {
	each(t, func(w *world) {
		src := w.source()
		confidence := .2
		src.Confidence, src.NeedsReview, src.ReviewReason = &confidence, true, "A soft edge (at the left)"
		w.must(w.db.InTx(w.t.Context(), func(tx *db.Tx) error {
			_, err := w.s.Plan(w.t.Context(), tx, PlanRequest{TenantID: "t", JobID: "j", ItemID: "i", CorrelationID: "c", Presets: wanted, Source: src})
			return err
		}))
		w.must(w.s.Handle(w.t.Context(), w.body))
		plain := []string{"facebook/x-studio-ad.jpg", "instagram/x-studio-square.jpg", "website/x-studio-thumb.webp"}
		round := 1
		for _, step := range []struct {
			said   string // "" before any decision
			review string
			names  []string
		}{
			{"", picture.ReviewPending, []string{"review/" + plain[0], "review/" + plain[1], "review/" + plain[2]}},
			{picture.ReviewApproved, picture.ReviewApproved, plain},
			{picture.ReviewRejected, picture.ReviewRejected, nil},
		} {
			if step.said != "" {
				round++
				w.must(w.db.InTx(w.t.Context(), func(tx *db.Tx) error {
					if err := w.s.Review(w.t.Context(), tx, "i", step.said); err != nil {
						return err
					}
					_, _, err := w.s.Bundle(w.t.Context(), tx, BundleRequest{TenantID: "t", JobID: "j", ItemID: "i", CorrelationID: "c", Round: round, After: time.Minute})
					return err
				}))
			}
			waits := false
			w.must(w.db.InTx(w.t.Context(), func(tx *db.Tx) (err error) {
				waits, err = w.s.BundleWaits(w.t.Context(), tx, "j", round)
				return err
			}))
			if !waits {
				w.t.Errorf("%s: the ZIP doesn't wait for a worker", step.review)
			}
			w.must(w.s.Handle(w.t.Context(), w.zipBody()))
			if step.said != "" && w.jobs.ended == round {
				w.t.Errorf("%s: the ZIP is made before its time", step.review)
			}
			w.exec(`UPDATE bundles SET due_at = 0`)
			w.must(w.s.Handle(w.t.Context(), w.zipBody()))
			names, lines := w.manifest(w.jobs.zip)
			if d := cmp.Diff(step.names, names); d != "" {
				w.t.Errorf("%s: %s", step.review, d)
			}
			for _, l := range lines {
				if l.Review == nil || *l.Review != step.review || l.NeedsReview != (step.review == picture.ReviewPending) || *l.Confidence != .2 || l.ReviewReason != src.ReviewReason {
					w.t.Errorf("%s: %+v", step.review, l)
				}
				if (l.File == "") != (step.review == picture.ReviewRejected) {
					w.t.Errorf("%s: the manifest names the file %q", step.review, l.File)
				}
			}
			// the files one by one, for who packs some of them, are those of the ZIP
			files, err := w.s.Files(w.t.Context(), "t", "j")
			w.must(err)
			var each []string
			for _, f := range files {
				if (f.URL == "") != (f.File == "") || f.ItemID != "i" || len(f.Row()) != len(ManifestColumns()) || f.Row()[0] != f.File {
					w.t.Errorf("%s: %+v", step.review, f)
				}
				if f.File != "" {
					each = append(each, f.File)
				}
			}
			slices.Sort(each)
			if d := cmp.Diff(step.names, each); d != "" {
				w.t.Errorf("%s: %s", step.review, d)
			}
			if none, err := w.s.Files(w.t.Context(), "another", "j"); err != nil || len(none) > 0 {
				w.t.Errorf("another tenant has %v, %v", none, err)
			}
			list, err := w.s.List(w.t.Context(), "t", "j")
			w.must(err)
			for _, e := range list {
				if e.Status != "completed" || e.Review == nil || *e.Review != step.review {
					w.t.Errorf("%s: variant %+v", step.review, e)
				}
			}
		}
		if w.jobs.ended != 3 {
			w.t.Errorf("%d ZIPs ended", w.jobs.ended)
		}
		if n := w.messages(); n != 3 {
			w.t.Errorf("%d messages", n)
		}
	})
}

// source is what the world's item was planned with.
func (w *world) source() (src Source) {
	w.t.Helper()
	var text string
	w.must(w.db.QueryRow(`SELECT source FROM export_sources WHERE item_id = 'i'`).Scan(&text))
	w.must(json.Unmarshal([]byte(text), &src))
	return src
}

// A source written by a version without reviews is delivered as before.
func TestAFormerSourceNeedsNoReview(t *testing.T) {
	each(t, func(w *world) {
		w.exec(`UPDATE export_sources SET review = NULL, source = '{"cutout":"t/cut.png","backdrop":"t/back.png","shadow":"t/shadow.png","width":512,"height":512,` +
			`"box":[151,160,210,280],"cutout_bounds":[20,30,60,80],"floor_y":440,"horizon_y":300,"filename":"x.jpg","scene":"studio"}'`)
		w.must(w.s.Handle(w.t.Context(), w.body))
		w.must(w.s.Handle(w.t.Context(), w.zipBody()))
		names, lines := w.manifest(w.jobs.zip)
		if len(names) != 3 || len(lines) != 3 || lines[0].NeedsReview || lines[0].Review != nil {
			w.t.Errorf("%v %+v", names, lines)
		}
	})
}
