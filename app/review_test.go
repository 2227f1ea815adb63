package app_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/opal-photo/opal/app/apptest"
)

// A picture that a person has to look at, from the photo to the ZIP that holds
// what the person said.
func TestDevDeliversNothingUnseen(t *testing.T) {
	t.Parallel()
	_, c, _ := runDev(t, "--engine", "stub")
	var j apptest.Job
	c.Call(http.MethodPost, "/v1/jobs", map[string]any{"presets": []string{"web_thumb"}, "review_below": 1,
		"items": []any{map[string]any{"filename": "a.jpg"}, map[string]any{"filename": "b.jpg"}}}, &j)
	for _, it := range j.Items {
		c.Upload(j.JobID, it.ItemID, "a.jpg", apptest.Photo(t, 320, 240))
	}
	j = c.Wait(j.JobID)
	if j.Status != "completed" || !j.Items[0].NeedsReview || !j.Items[1].NeedsReview {
		t.Fatalf("%+v", j)
	}
	checkZIP(c, j, []string{"manifest.csv", "manifest.json", "review/website/a-studio-thumb.webp", "review/website/b-studio-thumb.webp"})

	for i, verb := range []string{"approve", "reject"} {
		var it struct {
			Review struct {
				State, Note string
			} `json:"review"`
			NeedsReview bool `json:"needs_review"`
		}
		if code := c.Call(http.MethodPost, "/v1/jobs/"+j.JobID+"/items/"+j.Items[i].ItemID+"/"+verb, map[string]any{"note": "seen"}, &it); code != http.StatusOK || it.NeedsReview || it.Review.Note != "seen" {
			t.Fatalf("%s: %d %+v", verb, code, it)
		}
	}
	first := j.ExportBlobPath
	for deadline := time.Now().Add(apptest.JobPatience); j.ExportBlobPath == first; time.Sleep(200 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the ZIP is not made anew")
		}
		c.Call(http.MethodGet, "/v1/jobs/"+j.JobID, nil, &j)
		if j.Status != "completed" {
			t.Fatalf("the job is %s", j.Status)
		}
	}
	checkZIP(c, j, []string{"manifest.csv", "manifest.json", "website/a-studio-thumb.webp"})
}
