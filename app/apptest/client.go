package apptest

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"testing"
	"time"
)

// Client calls the API.
type Client struct {
	T    testing.TB
	Base string
}

// Call sends body as JSON and decodes the answer into a value, where they are given. It
// returns the status, and fails the test when the API is out of order (5xx).
func (c Client) Call(method, path string, body any, into any) int {
	c.T.Helper()
	var rd io.Reader
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			c.T.Fatal(err)
		}
		rd = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(c.T.Context(), method, c.Base+path, rd)
	if err != nil {
		c.T.Fatal(err)
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		c.T.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		c.T.Fatal(err)
	}
	if into != nil {
		if err := json.Unmarshal(b, into); err != nil {
			c.T.Fatalf("%s %s: %d %s", method, path, res.StatusCode, b)
		}
	}
	if res.StatusCode >= 500 {
		c.T.Fatalf("%s %s: %d %s", method, path, res.StatusCode, b)
	}
	return res.StatusCode
}

// Try is Call for an API that may be without its dependencies.
func (c Client) Try(method, path string, into any) int {
	req, err := http.NewRequestWithContext(c.T.Context(), method, c.Base+path, nil)
	if err != nil {
		c.T.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0
	}
	defer res.Body.Close()
	if err := json.NewDecoder(res.Body).Decode(into); err != nil {
		return 0
	}
	return res.StatusCode
}

// WaitReady waits up to two minutes for the API: a fleet's processes start beside
// each other.
func (c Client) WaitReady() {
	c.T.Helper()
	ctx, cancel := context.WithTimeout(c.T.Context(), 2*time.Minute)
	defer cancel()
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.Base+"/readyz", nil)
		if err != nil {
			c.T.Fatal(err)
		}
		if res, err := http.DefaultClient.Do(req); err == nil {
			res.Body.Close()
			if res.StatusCode == http.StatusOK {
				return
			}
		}
		if ctx.Err() != nil {
			c.T.Fatal("the API does not become ready")
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// Job is a job as the API tells it.
type Job struct {
	JobID          string `json:"job_id"`
	Status         string `json:"status"`
	CorrelationID  string `json:"correlation_id"`
	ExportBlobPath string `json:"export_blob_path"`
	Items          []struct {
		ItemID      string  `json:"item_id"`
		Filename    string  `json:"filename"`
		Status      string  `json:"status"`
		SceneType   string  `json:"scene_type"`
		ErrorCode   string  `json:"error_code"`
		Confidence  float64 `json:"confidence"`
		NeedsReview bool    `json:"needs_review"`
		OutputPath  string  `json:"output_blob_path"`
		RawPath     string  `json:"raw_blob_path"`
		Exports     []struct {
			Preset string `json:"preset"`
			Status string `json:"status"`
			Checks []struct {
				Rule     string `json:"rule"`
				Passed   bool   `json:"passed"`
				Measured string `json:"measured"`
			} `json:"checks"`
		} `json:"exports"`
	} `json:"items"`
}

// JobPatience is how long a job may take on a busy machine with the race detector
// in the program, which makes it ten times slower.
const JobPatience = 6 * time.Minute

// Wait waits up to JobPatience for the end of a job.
func (c Client) Wait(jobID string) Job {
	c.T.Helper()
	for deadline := time.Now().Add(JobPatience); ; time.Sleep(100 * time.Millisecond) {
		var j Job
		c.Call(http.MethodGet, "/v1/jobs/"+jobID, nil, &j)
		if slices.Contains([]string{"completed", "failed", "partial", "cancelled"}, j.Status) {
			return j
		}
		if time.Now().After(deadline) {
			c.T.Fatalf("the job does not end: %+v", j)
		}
	}
}

// Upload takes a photo the contract's way, from the SAS to complete.
func (c Client) Upload(jobID, itemID, filename string, photo []byte) {
	c.T.Helper()
	ids := map[string]string{"tenant_id": "default", "job_id": jobID, "item_id": itemID, "filename": filename, "content_type": "image/jpeg"}
	var sas struct {
		UploadURL string `json:"upload_url"`
	}
	if code := c.Call(http.MethodPost, "/v1/uploads/sas", ids, &sas); code != http.StatusOK {
		c.T.Fatalf("sas: %d", code)
	}
	req, err := http.NewRequestWithContext(c.T.Context(), http.MethodPut, sas.UploadURL, bytes.NewReader(photo))
	if err != nil {
		c.T.Fatal(err)
	}
	req.Header.Set("x-ms-blob-type", "BlockBlob")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		c.T.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != http.StatusCreated {
		c.T.Fatalf("PUT: %d", res.StatusCode)
	}
	var ok struct {
		OK bool `json:"ok"`
	}
	if code := c.Call(http.MethodPost, "/v1/uploads/complete", ids, &ok); code != http.StatusOK || !ok.OK {
		c.T.Fatalf("complete: %d", code)
	}
}
