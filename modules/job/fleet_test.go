package job_test

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/opal-photo/opal/modules/imaging"
	"github.com/opal-photo/opal/modules/job"
	"github.com/opal-photo/opal/modules/pipeline"
	"github.com/opal-photo/opal/modules/pipeline/azureml"
)

// unused returns an address of this machine at which no server listens.
func unused(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return "http://" + l.Addr().String()
}

// A lone item is shared by several processes, each with a breaker of its own that
// sees too few calls to open.
func TestALoneItemOutlastsAScoringOutage(t *testing.T) {
	const rounds = 20 // an hour has some 200; eight used up all tries
	gateway := func(status int) func(t *testing.T) string {
		return func(t *testing.T) string {
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }))
			t.Cleanup(s.Close)
			return s.URL
		}
	}
	for _, outage := range []struct {
		name string
		url  func(t *testing.T) string
	}{{"nobody listens", unused}, {"the gateway says 502", gateway(502)}} {
		for processes := 1; processes <= 3; processes++ {
			t.Run(fmt.Sprintf("%s, %d processes", outage.name, processes), func(t *testing.T) {
				each(t, func(w *world) {
					j := w.create(1, pipeline.DefaultOptions)
					w.must(w.upload(j.JobID, j.Items[0].ItemID))
					url := outage.url(t)
					var fleet []*job.Service
					for range processes {
						client, err := azureml.New(azureml.Options{URL: url, Key: "k", Tries: 1})
						w.must(err)
						t.Cleanup(client.CloseIdle)
						dec := imaging.NewDecoder(imaging.DecoderOptions{})
						t.Cleanup(func() { _ = dec.Close() })
						o := w.jobs.Options
						o.Pipeline = pipeline.New(dec, &w.cutter, azureml.NewPlacer(client))
						fleet = append(fleet, job.New(o))
					}
					for n := range rounds {
						w.must(fleet[n%processes].Process(t.Context(), body(j, 0)))
					}
					var tries int
					w.must(w.db.QueryRow(`SELECT tries FROM items WHERE job_id = $1`, j.JobID).Scan(&tries))
					if it := w.get(j.JobID).Items[0]; it.Status != job.ItemQueued || tries != 0 || it.Attempt != rounds {
						t.Fatalf("%s after %d attempts, of which %d count", it.Status, it.Attempt, tries)
					}
				})
			})
		}
	}
}
