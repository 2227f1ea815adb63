package job_test

import (
	"strings"
	"testing"

	"github.com/opal-photo/opal/modules/db"
	"github.com/opal-photo/opal/modules/db/dbtest"
	"github.com/opal-photo/opal/modules/job"
)

// TestAnItemThatHasEndedStaysAsItEnded writes to the table directly, which the
// database must refuse.
func TestAnItemThatHasEndedStaysAsItEnded(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		j := w.create(2, bare)
		ended, open := j.Items[0].ItemID, j.Items[1].ItemID
		w.exec(`UPDATE items SET status = 'completed', attempt = 3, output_blob_path = 'a', ended_at = now_ms() WHERE item_id = $1`, ended)
		for _, c := range []struct{ name, set string }{
			{"begun again", `status = 'processing'`},
			{"failed", `status = 'failed', error_code = 'x'`},
			{"another attempt", `attempt = attempt + 1`},
			{"another output", `output_blob_path = 'b'`},
			{"no output", `output_blob_path = NULL`},
			{"another tenant's", `tenant_id = 'other'`},
			{"ended at another time", `ended_at = ended_at + 1`},
			{"not ended", `ended_at = NULL`},
		} {
			t.Run(c.name, func(t *testing.T) {
				_, err := d.ExecContext(t.Context(), `UPDATE items SET `+c.set+` WHERE item_id = $1`, ended)
				if err == nil || !dbtest.IsConstraint(err) || !strings.Contains(err.Error(), "stays as it ended") {
					t.Errorf("written: %v", err)
				}
			})
		}
		w.exec(`UPDATE items SET needs_review = TRUE, updated_at = now_ms() WHERE item_id = $1`, ended) // decisions about it stay possible
		w.exec(`UPDATE items SET status = 'failed', error_code = 'x' WHERE item_id = $1`, open)
		if it := w.get(j.JobID).Items[0]; it.Status != job.ItemCompleted || it.Attempt != 3 || *it.OutputBlobPath != "a" {
			t.Errorf("%+v", it)
		}
	})
}
