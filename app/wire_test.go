package app

import (
	"io"
	"path/filepath"
	"testing"
	"time"

	"github.com/opal-photo/opal/config"
	"github.com/opal-photo/opal/modules/db"
)

func TestTheLeaseOfTheSettingsReachesBothWorkers(t *testing.T) {
	dir := t.TempDir()
	env := []string{"ENV_NAME=test", "DATABASE_URL=" + db.SQLiteURL(filepath.Join(dir, "opal.db")), "STORAGE_DIR=" + filepath.Join(dir, "blobs"), "STORAGE_URL_KEY=k", "PUBLIC_BASE_URL=http://127.0.0.1:1", "WORKER_LEASE=33s", "BILLING_MODE=off"}
	w, err := loadFrom(env, "", Streams{Out: io.Discard, Err: io.Discard}, "test", config.Role{Database: true}, true)
	if err != nil {
		t.Fatal(err)
	}
	defer w.close()
	jobs, exports, err := w.jobServices(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if jobs.Lease != 33*time.Second || exports.Lease != 33*time.Second {
		t.Errorf("jobs %v, exports %v", jobs.Lease, exports.Lease)
	}
}
