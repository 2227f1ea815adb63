package app

import (
	"archive/zip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/opal-photo/opal/modules/client"
	"github.com/opal-photo/opal/modules/fault"
	"github.com/opal-photo/opal/modules/sample"
)

// errNoAPI says that no API answers at the demo's address.
var errNoAPI = fault.New(fault.Unavailable, "api_not_reached", "The API does not answer; start it with `make dev` in another terminal")

// demoCommand sends the sample photo through a running API, as a client would.
func demoCommand(s Streams) *cobra.Command {
	var base, out string
	var scenes []string
	r := &reply{Streams: s}
	cmd := &cobra.Command{
		Use:     "demo",
		Short:   "Send the sample photo through a running opal dev and fetch the results",
		Example: "  opal demo\n  opal demo --api http://127.0.0.1:9090 --scene kitchen --out /tmp/demo",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if !strings.Contains(base, "://") {
				base = "http://" + base
			}
			c, err := client.New(base, client.Options{Tenant: "default"})
			if err != nil {
				return errUsage.With("--api %s is not an address; it is like http://127.0.0.1:8080", base)
			}
			got, err := (&demo{api: c, out: out, log: s.Err}).run(cmd.Context(), scenes)
			if errors.Is(err, client.ErrUnreachable) {
				return errNoAPI.With("%s", base)
			}
			if err != nil {
				return err
			}
			return r.with(got, "")
		},
	}
	r.flag(cmd.Flags())
	cmd.Flags().StringVar(&base, "api", "http://127.0.0.1:8080", "address of the API")
	cmd.Flags().StringVar(&out, "out", filepath.Join("out", "demo"), "folder for the results")
	cmd.Flags().StringSliceVar(&scenes, "scene", []string{"kitchen", "minimal", "luxury"}, "scenes to make")
	return cmd
}

type demo struct {
	api *client.Client
	out string
	log io.Writer
}

// demonstrated says where the results are.
type demonstrated struct {
	JobID  string `json:"job_id"`
	Files  int    `json:"files"`
	Folder string `json:"folder"`
}

func (d *demo) run(ctx context.Context, scenes []string) (got demonstrated, err error) {
	fmt.Fprintln(d.log, "drawing the sample photo")
	photo, err := sample.JPEG(sample.Size)
	if err != nil {
		return got, fmt.Errorf("draw the sample: %w", err)
	}
	const name = "amber-bottle.jpg"
	made, err := d.api.CreateJob(ctx, client.NewJob{Items: []client.NewItem{{Filename: name, SceneTypes: scenes}}})
	if err != nil {
		return got, err
	}
	if err := d.api.Upload(ctx, made.JobID, made.Items[0].ItemID, name, photo); err != nil {
		return got, err
	}
	fmt.Fprintf(d.log, "job %s: uploaded, waiting\n", made.JobID)
	last := ""
	j, err := d.api.Wait(ctx, made.JobID, func(j client.Job) { // the steps as they come
		if line := strings.Join(stepsNow(j), ", "); line != last {
			fmt.Fprintf(d.log, "  %s\n", line)
			last = line
		}
	})
	if err != nil {
		return got, err
	}
	if j.Status != client.JobCompleted {
		return got, fault.New(fault.Internal, "demo_failed", fmt.Sprintf("The job ended %s; see %s/v1/jobs/%s", j.Status, d.api.Address(), j.JobID))
	}
	return d.fetch(ctx, j.JobID)
}

// stepsNow is where each item is: its step while it is worked on, else its status.
func stepsNow(j client.Job) []string {
	now := make([]string, len(j.Items))
	for i, it := range j.Items {
		now[i] = it.Status
		if n := len(it.Steps); n > 0 && it.Status == client.ItemProcessing {
			now[i] = it.Steps[n-1].Step
		}
	}
	return now
}

// fetch unpacks all parts of the job's ZIP into one folder.
func (d *demo) fetch(ctx context.Context, jobID string) (got demonstrated, err error) {
	u, err := d.api.ExportURL(ctx, jobID)
	if err != nil {
		return got, err
	}
	to := filepath.Join(d.out, jobID)
	if err := os.MkdirAll(to, 0o755); err != nil {
		return got, err
	}
	files := 0
	lines := []json.RawMessage{} // of all parts' manifests
	for i, part := range u.Parts {
		fmt.Fprintf(d.log, "fetching part %d of %d of the ZIP (%.1f MB)\n", i+1, len(u.Parts), float64(part.Bytes)/1e6)
		n, some, err := d.unpack(ctx, part.URL, to)
		if err != nil {
			return got, fmt.Errorf("part %d of the ZIP: %w", i+1, err)
		}
		files, lines = files+n, append(lines, some...)
	}
	b, err := json.MarshalIndent(lines, "", "  ")
	if err != nil {
		return got, err
	}
	if err := os.WriteFile(filepath.Join(to, manifestName), append(b, '\n'), 0o644); err != nil {
		return got, err
	}
	fmt.Fprintf(d.log, "%d files are in %s\nThe console shows them at %s\n", files+1, to, d.api.Address())
	return demonstrated{jobID, files + 1, to}, nil
}

// manifestName is the file in each part of a ZIP that lists the part's pictures.
const manifestName = "manifest.json"

// unpack fetches a ZIP and writes its files below a folder. It returns their
// number, and the lines of the manifest, which is not written.
func (d *demo) unpack(ctx context.Context, url, to string) (files int, lines []json.RawMessage, err error) {
	f, err := os.CreateTemp("", "opal-demo-*.zip")
	if err != nil {
		return 0, nil, err
	}
	defer func() { err = errors.Join(err, f.Close(), os.Remove(f.Name())) }()
	n, err := d.api.Fetch(ctx, url, f)
	if err != nil {
		return 0, nil, err
	}
	z, err := zip.NewReader(f, n)
	if err != nil {
		return 0, nil, fmt.Errorf("read it: %w", err)
	}
	// a folder that can't be left, whatever the names in the ZIP
	root, err := os.OpenRoot(to)
	if err != nil {
		return 0, nil, err
	}
	defer root.Close()
	for _, entry := range z.File {
		if err := func() error {
			r, err := entry.Open()
			if err != nil {
				return err
			}
			defer r.Close()
			if entry.Name == manifestName {
				return json.NewDecoder(r).Decode(&lines)
			}
			if entry.FileInfo().IsDir() {
				return nil
			}
			if err := root.MkdirAll(filepath.FromSlash(path.Dir(entry.Name)), 0o755); err != nil {
				return err
			}
			w, err := root.OpenFile(filepath.FromSlash(entry.Name), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
			if err != nil {
				return err
			}
			files++
			_, err = io.Copy(w, r)
			return errors.Join(err, w.Close())
		}(); err != nil {
			return 0, nil, fmt.Errorf("unpack %s: %w", entry.Name, err)
		}
	}
	return files, lines, nil
}
