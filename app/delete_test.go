package app_test

import (
	"context"
	"io/fs"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/opal-photo/opal/app/apptest"
	"github.com/opal-photo/opal/modules/db"
	"github.com/opal-photo/opal/modules/queue"
	"github.com/opal-photo/opal/modules/queue/sqlqueue"
)

// The whole way of a job that is deleted: over the API, on disk, in the ledger.
func TestDevDeletesAJobWithAllItsFiles(t *testing.T) {
	t.Parallel()
	_, c, data := runDev(t, "--engine", "stub")
	var j apptest.Job
	c.Call(http.MethodPost, "/v1/jobs", map[string]any{"presets": []string{"web_thumb"}, "items": []any{map[string]any{"filename": "a.jpg"}}}, &j)
	c.Upload(j.JobID, j.Items[0].ItemID, "a.jpg", apptest.Photo(t, 320, 240))
	if j = c.Wait(j.JobID); j.Status != "completed" {
		t.Fatalf("%+v", j)
	}
	lying := func() (files []string) {
		err := filepath.WalkDir(filepath.Join(data, "blobs"), func(p string, d fs.DirEntry, err error) error {
			if err == nil && !d.IsDir() && strings.Contains(p, j.JobID) {
				files = append(files, p)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return files
	}
	if len(lying()) == 0 {
		t.Fatal("the job's files are not where this test looks")
	}
	var receipt struct {
		DeletionID string     `json:"deletion_id"`
		Items      int        `json:"items"`
		Variants   int        `json:"variants"`
		Files      int        `json:"files"`
		FilesAt    *time.Time `json:"files_at"`
	}
	if code := c.Call(http.MethodDelete, "/v1/jobs/"+j.JobID, nil, &receipt); code != http.StatusOK || receipt.Items != 1 || receipt.Variants != 1 {
		t.Fatalf("%d %+v", code, receipt)
	}
	for _, path := range []string{"/v1/jobs/" + j.JobID, "/v1/downloads/" + j.Items[0].ItemID, "/v1/downloads/jobs/" + j.JobID + "/export", "/v1/jobs/" + j.JobID + "/events"} {
		t.Run(path, func(t *testing.T) {
			if code := c.Call(http.MethodGet, path, nil, nil); code != http.StatusNotFound {
				t.Errorf("%s: %d", path, code)
			}
		})
	}
	for deadline := time.Now().Add(time.Minute); receipt.FilesAt == nil; time.Sleep(200 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("the files stay: %v", lying())
		}
		c.Call(http.MethodGet, "/v1/deletions/"+receipt.DeletionID, nil, &receipt)
	}
	if left := lying(); len(left) > 0 || receipt.Files == 0 {
		t.Errorf("%+v, but there are %v", receipt, left)
	}
}

// Operators see a message that no worker can handle, and purge it.
func TestDevShowsDeadLetters(t *testing.T) {
	t.Parallel()
	_, c, data := runDev(t, "--engine", "stub")
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	d, err := db.Open(ctx, db.Options{URL: db.SQLiteURL(filepath.Join(data, "opal.db"))})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	q := sqlqueue.Open(sqlqueue.Options{DB: d, Name: "jobs"})
	poison := []string{"not JSON", "\xff\xfe\x00", `{"tenant_id":"t1"}`}
	for _, body := range poison {
		if err := q.Send(ctx, []queue.Message{{ID: uuid.NewString(), Body: []byte(body)}}); err != nil {
			t.Fatal(err)
		}
	}
	var list struct {
		Dead []struct {
			Queue, ID, Reason, Body string
			Encoding                string `json:"body_encoding"`
		} `json:"dead_letters"`
	}
	for len(list.Dead) < len(poison) && ctx.Err() == nil {
		time.Sleep(100 * time.Millisecond)
		c.Call(http.MethodGet, "/v1/dead-letters", nil, &list)
	}
	got := map[string]bool{}
	for _, l := range list.Dead {
		got[l.Encoding+" "+l.Body] = l.Reason != "" && l.Queue == "jobs"
	}
	if len(got) != 3 || !got["text not JSON"] || !got["base64 //4A"] {
		t.Fatalf("%+v", list)
	}
	var n struct{ Count int }
	if code := c.Call(http.MethodPost, "/v1/dead-letters/purge", map[string]any{"queue": "jobs", "ids": []string{list.Dead[0].ID}}, &n); code != http.StatusOK || n.Count != 1 {
		t.Errorf("purge: %d %+v", code, n)
	}
	if code := c.Call(http.MethodPost, "/v1/dead-letters/redrive", map[string]any{"queue": "moon"}, nil); code != http.StatusNotFound {
		t.Errorf("of a queue that is not there: %d", code)
	}
	if code := c.Call(http.MethodPost, "/v1/dead-letters/redrive", map[string]any{"queue": "jobs"}, &n); code != http.StatusOK || n.Count != 2 {
		t.Errorf("redrive: %d %+v", code, n)
	}
}
