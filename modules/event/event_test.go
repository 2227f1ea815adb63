package event

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/opal-photo/opal/modules/db"
	"github.com/opal-photo/opal/modules/db/dbtest"
)

func add(t *testing.T, d *db.DB, n New) {
	t.Helper()
	if err := d.InTx(t.Context(), func(tx *db.Tx) error { return Add(t.Context(), tx, n) }); err != nil {
		t.Fatal(err)
	}
}

func TestReadersSeeEachEventOnceAndInOrder(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		add(t, d, New{Type: JobCreated, TenantID: "t", JobID: "j", Data: map[string]int{"items": 2}})
		// a process whose clock is an hour ahead
		if _, err := d.ExecContext(t.Context(), `UPDATE events SET event_id = $1`, "ffffffff-0000-7000-bfff-fffffffffffe"); err != nil {
			t.Fatal(err)
		}
		add(t, d, New{Type: ItemFailed, TenantID: "t", JobID: "j", ItemID: "i"})
		add(t, d, New{Type: ItemFailed, TenantID: "t", JobID: "other"})
		add(t, d, New{Type: ItemFailed, TenantID: "u", JobID: "j"})
		var got []string
		for after := ""; ; {
			page, err := After(t.Context(), d, "t", "j", after, 1)
			if err != nil {
				t.Fatal(err)
			}
			if len(page) == 0 {
				break
			}
			got, after = append(got, page[0].Type), page[0].ID
		}
		if diff := cmp.Diff([]string{JobCreated, ItemFailed}, got); diff != "" {
			t.Errorf("want -, got +:\n%s", diff)
		}
	})
}

func TestIDsOfOneJobGrow(t *testing.T) {
	last := ""
	var ids []string
	for range 1000 {
		last = idAfter(last)
		ids = append(ids, last)
	}
	if !slices.IsSorted(ids) || len(slices.Compact(ids)) != len(ids) {
		t.Error("ids don't grow")
	}
	if got := idAfter("no id"); len(got) != len(last) {
		t.Errorf("after a damaged id: %q", got)
	}
}

func TestAnUnknownTypeIsRefused(t *testing.T) {
	d := dbtest.SQLite(t)
	if err := d.InTx(t.Context(), func(tx *db.Tx) error {
		return Add(t.Context(), tx, New{Type: "job.surprised", TenantID: "t", JobID: "j"})
	}); err == nil {
		t.Error("took it")
	}
}
