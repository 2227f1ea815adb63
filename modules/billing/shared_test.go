package billing

import (
	"testing"

	"github.com/opal-photo/opal/modules/db"
	"github.com/opal-photo/opal/modules/db/dbtest"
)

// photoOf makes rows of three items of one photo, as the job module does.
func photoOf(t *testing.T, d *db.DB, statuses ...string) {
	t.Helper()
	inTx(t, d, func(tx *db.Tx) error {
		if _, err := tx.Exec(`INSERT INTO jobs (job_id, tenant_id, brand_profile_id, correlation_id, status, presets, options, brand, total, open_items, created_at, updated_at)
			VALUES ('j', 'a', 'default', 'c', 'processing', '[]', '{}', '{}', $1, $1, now_ms(), now_ms())`, len(statuses)); err != nil {
			return err
		}
		for i, status := range statuses {
			id := string(rune('x' + i))
			if _, err := tx.Exec(`INSERT INTO items (item_id, job_id, tenant_id, correlation_id, position, entry_id, filename, scene_index, scene_type, scene_prompt, status, created_at, updated_at)
				VALUES ($1, 'j', 'a', 'c', $2, 'photo', 'a.jpg', 0, 'studio', '', $3, now_ms(), now_ms())`, id, i, status); err != nil {
				return err
			}
		}
		return nil
	})
}

func sharedCharge(id string) Charge {
	return Charge{ItemID: id, JobID: "j", BrandID: "default", Steps: []string{"generate_scene"}, Presets: []string{"white", "scene"}, PhotoID: "photo", Shared: []string{"white"}}
}

func TestAPresetWithoutASceneIsChargedOnceForAPhoto(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := New(Options{DB: d, Mode: Enforce})
		price := func(kind, name string) int64 {
			t.Helper()
			l, err := s.PriceList(ctx)
			if err != nil {
				t.Fatal(err)
			}
			p, err := l.of(kind, name)
			if err != nil {
				t.Fatal(err)
			}
			return p.Amount
		}
		scene, preset := price(kindStep, "generate_scene"), price(kindPreset, "white")
		due := 3*scene + 3*preset + preset
		buy(t, d, "a", "1", due) // not a hundredth more than is due
		photoOf(t, d, "queued", "queued", "queued")
		all := []Charge{sharedCharge("x"), sharedCharge("y"), sharedCharge("z")}
		q, err := s.Quote(ctx, d, all)
		if err != nil || q.Total != due {
			t.Fatalf("quoted %d, want %d: %v", q.Total, due, err)
		}
		for _, c := range all {
			inTx(t, d, func(tx *db.Tx) error { return s.Reserve(ctx, tx, "a", c) })
		}
		want(t, d, "a", 0, 0, due, 0, 0)
		if q, err := s.Quote(ctx, d, []Charge{sharedCharge("retry")}); err != nil || q.Total != scene+preset {
			t.Errorf("another item of the photo costs %d, want %d: %v", q.Total, scene+preset, err)
		}
		// the first item fails: what is held for the photo goes to the next
		inTx(t, d, func(tx *db.Tx) error {
			if _, err := tx.Exec(`UPDATE items SET status = 'failed' WHERE item_id = 'x'`); err != nil {
				return err
			}
			return s.Release(ctx, tx, "a", "x")
		})
		want(t, d, "a", 0, scene+preset, due-scene-preset, 0, 0)
		// the last one makes the file, and pays for it
		inTx(t, d, func(tx *db.Tx) error { return s.CaptureVariant(ctx, tx, "a", "z", "white") })
		want(t, d, "a", 0, scene+preset, due-scene-2*preset, preset, 0)
		inTx(t, d, func(tx *db.Tx) error { return s.ReleaseVariant(ctx, tx, "a", "y", "white") }) // it takes the file over
		want(t, d, "a", 0, scene+preset, due-scene-2*preset, preset, 0)
		for _, id := range []string{"y", "z"} {
			inTx(t, d, func(tx *db.Tx) error {
				if err := s.Capture(ctx, tx, "a", id); err != nil {
					return err
				}
				return s.CaptureVariant(ctx, tx, "a", id, "scene")
			})
		}
		want(t, d, "a", 0, scene+preset, 0, 2*scene+3*preset, 0)
		inTx(t, d, func(tx *db.Tx) error {
			for _, q := range []string{`UPDATE items SET status = 'completed' WHERE item_id <> 'x'`,
				`INSERT INTO exports (item_id, preset, job_id, tenant_id, correlation_id, status, due_at, created_at, updated_at)
				SELECT i.item_id, p.preset, 'j', 'a', 'c', 'completed', 0, 0, 0 FROM items i, (SELECT 'white' AS preset UNION ALL SELECT 'scene') p WHERE i.item_id <> 'x'`} {
				if _, err := tx.Exec(q); err != nil {
					return err
				}
			}
			return nil
		})
		if diffs, err := s.Audit(ctx); err != nil || len(diffs) > 0 {
			t.Errorf("audit: %v, %v", diffs, err)
		}
	})
}

func TestASharedHoldEndsWithTheLastItemThatNeedsIt(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := New(Options{DB: d, Mode: Enforce})
		buy(t, d, "a", "1", 10_000)
		photoOf(t, d, "queued", "queued", "queued")
		for _, id := range []string{"x", "y", "z"} {
			inTx(t, d, func(tx *db.Tx) error { return s.Reserve(ctx, tx, "a", sharedCharge(id)) })
		}
		inTx(t, d, func(tx *db.Tx) error { // the job is deleted while all are queued
			for _, id := range []string{"x", "y", "z"} {
				if err := s.Release(ctx, tx, "a", id); err != nil {
					return err
				}
			}
			return nil
		})
		want(t, d, "a", 0, 10_000, 0, 0, 0)
	})
}

// TestAQuoteIsWhatScenesOfOnePhotoCost holds a job of three scenes to its quote: each picture
// pays for its own steps, the cut-out among them, and the photo for its shared preset.
func TestAQuoteIsWhatScenesOfOnePhotoCost(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := New(Options{DB: d, Mode: Enforce})
		photoOf(t, d, "queued", "queued", "queued")
		var all []Charge
		for _, id := range []string{"x", "y", "z"} {
			c := sharedCharge(id)
			c.Steps = []string{"remove_background", "generate_scene", "upscale"}
			all = append(all, c)
		}
		q, err := s.Quote(ctx, d, all)
		if err != nil {
			t.Fatal(err)
		}
		counts := map[string]int64{}
		for _, l := range q.Lines {
			counts[l.Name] = l.Count
		}
		if counts["remove_background"] != 3 || counts["upscale"] != 3 || counts["scene"] != 3 || counts["white"] != 1 {
			t.Errorf("%v", counts)
		}
		const more = 777
		buy(t, d, "a", "1", q.Total+more)
		for _, c := range all {
			inTx(t, d, func(tx *db.Tx) error { return s.Reserve(ctx, tx, "a", c) })
		}
		want(t, d, "a", 0, more, q.Total, 0, 0)
		for _, c := range all {
			inTx(t, d, func(tx *db.Tx) error {
				if err := s.Capture(ctx, tx, "a", c.ItemID); err != nil {
					return err
				}
				for _, preset := range c.Presets {
					if err := s.CaptureVariant(ctx, tx, "a", c.ItemID, preset); err != nil {
						return err
					}
				}
				return nil
			})
		}
		want(t, d, "a", 0, more, 0, q.Total, 0)
	})
}
