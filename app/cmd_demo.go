package app

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/opal-photo/opal/modules/fault"
	"github.com/opal-photo/opal/modules/sample"
)

// errNoAPI says that nobody answers at the demo's address.
var errNoAPI = fault.New(fault.Unavailable, "api_not_reached", "The API does not answer; start it with `make dev` in another terminal")

// demoCommand sends the sample photo through a running API, as a client would.
func demoCommand(s Streams) *cobra.Command {
	var base, out string
	var scenes []string
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Send the sample photo through a running opal dev and fetch the results",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			d := &demo{base: strings.TrimRight(base, "/"), out: out, log: s.Err, client: &http.Client{Timeout: time.Minute}}
			return d.run(cmd.Context(), scenes)
		},
	}
	cmd.Flags().StringVar(&base, "api", "http://127.0.0.1:8080", "address of the API")
	cmd.Flags().StringVar(&out, "out", filepath.Join("out", "demo"), "folder for the results")
	cmd.Flags().StringSliceVar(&scenes, "scene", []string{"kitchen", "minimal", "luxury"}, "scenes to make")
	return cmd
}

type demo struct {
	base, out string
	log       io.Writer
	client    *http.Client
}

// demoJob is what the demo reads of a job.
type demoJob struct {
	JobID  string `json:"job_id"`
	Status string `json:"status"`
	Items  []struct {
		ItemID string `json:"item_id"`
		Status string `json:"status"`
		Steps  []struct {
			Step   string `json:"step"`
			Status string `json:"status"`
		} `json:"steps"`
	} `json:"items"`
}

func (d *demo) run(ctx context.Context, scenes []string) error {
	photo, err := sample.JPEG(sample.Size)
	if err != nil {
		return fmt.Errorf("draw the sample: %w", err)
	}
	const name = "amber-bottle.jpg"
	var j demoJob
	if err := d.post(ctx, "/v1/jobs", map[string]any{"tenant_id": "default", "items": []any{map[string]any{"filename": name, "scene_types": scenes}}}, &j); err != nil {
		return err
	}
	ids := map[string]string{"tenant_id": "default", "job_id": j.JobID, "item_id": j.Items[0].ItemID, "filename": name, "content_type": "image/jpeg"}
	var sas struct {
		UploadURL string `json:"upload_url"`
	}
	if err := d.post(ctx, "/v1/uploads/sas", ids, &sas); err != nil {
		return err
	}
	if _, err := d.do(ctx, http.MethodPut, sas.UploadURL, photo, "image/jpeg"); err != nil {
		return err
	}
	if err := d.post(ctx, "/v1/uploads/complete", ids, nil); err != nil {
		return err
	}
	fmt.Fprintf(d.log, "job %s: uploaded, waiting\n", j.JobID)
	if err := d.wait(ctx, &j); err != nil {
		return err
	}
	return d.fetch(ctx, j)
}

// wait shows the steps as they come, until the job has ended.
func (d *demo) wait(ctx context.Context, j *demoJob) error {
	last := ""
	for {
		if err := d.get(ctx, "/v1/jobs/"+j.JobID+"?tenant_id=default", j); err != nil {
			return err
		}
		var now []string
		for _, it := range j.Items {
			step := it.Status
			if n := len(it.Steps); n > 0 && it.Status == "processing" {
				step = it.Steps[n-1].Step
			}
			now = append(now, step)
		}
		if line := strings.Join(now, ", "); line != last {
			fmt.Fprintf(d.log, "  %s\n", line)
			last = line
		}
		if slices.Contains([]string{"completed", "partial", "failed", "cancelled"}, j.Status) {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(200 * time.Millisecond):
		}
	}
}

// fetch unpacks the job's ZIP.
func (d *demo) fetch(ctx context.Context, j demoJob) error {
	if j.Status != "completed" {
		return fault.New(fault.Internal, "demo_failed", fmt.Sprintf("The job ended %s; see %s/v1/jobs/%s", j.Status, d.base, j.JobID))
	}
	var u struct {
		URL string `json:"download_url"`
	}
	if err := d.get(ctx, "/v1/downloads/jobs/"+j.JobID+"/export?tenant_id=default", &u); err != nil {
		return err
	}
	b, err := d.do(ctx, http.MethodGet, u.URL, nil, "")
	if err != nil {
		return err
	}
	z, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		return fmt.Errorf("read the ZIP: %w", err)
	}
	if err := os.MkdirAll(d.out, 0o755); err != nil {
		return err
	}
	if err := os.CopyFS(filepath.Join(d.out, j.JobID), z); err != nil {
		return fmt.Errorf("unpack the ZIP: %w", err)
	}
	fmt.Fprintf(d.log, "%d files are in %s\nThe console shows them at %s\n", len(z.File), filepath.Join(d.out, j.JobID), d.base)
	return nil
}

func (d *demo) post(ctx context.Context, path string, body, into any) error {
	b, err := json.Marshal(body)
	if err != nil {
		return err
	}
	return d.decode(into)(d.do(ctx, http.MethodPost, d.base+path, b, "application/json"))
}

func (d *demo) get(ctx context.Context, path string, into any) error {
	return d.decode(into)(d.do(ctx, http.MethodGet, d.base+path, nil, ""))
}

func (*demo) decode(into any) func([]byte, error) error {
	return func(b []byte, err error) error {
		if err != nil || into == nil {
			return err
		}
		return json.Unmarshal(b, into)
	}
}

// maxAnswer bounds what the demo reads.
const maxAnswer = 1 << 30

func (d *demo) do(ctx context.Context, method, url string, body []byte, contentType string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	if method == http.MethodPut {
		req.Header.Set("x-ms-blob-type", "BlockBlob")
	}
	res, err := d.client.Do(req)
	if err != nil {
		return nil, errNoAPI.With("%s", d.base)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if err != nil {
		return nil, err
	}
	if res.StatusCode >= http.StatusBadRequest {
		return nil, fault.New(fault.Internal, "demo_failed", fmt.Sprintf("%s %s answered %d: %s", method, req.URL.Path, res.StatusCode, b))
	}
	return b, nil
}
