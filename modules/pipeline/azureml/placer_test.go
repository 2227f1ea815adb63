package azureml_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/opal-photo/opal/modules/imaging"
	"github.com/opal-photo/opal/modules/pipeline"
	"github.com/opal-photo/opal/modules/pipeline/azureml"
	"github.com/opal-photo/opal/modules/pipeline/placertest"
	"github.com/opal-photo/opal/modules/scene"
	"github.com/opal-photo/opal/modules/score"
	"github.com/opal-photo/opal/modules/score/server"
)

// The engines of the scoring service, behind its HTTP.
func TestPlacerSuite(t *testing.T) {
	for name, engine := range map[string]func() server.Engine{
		"stub":   func() server.Engine { return server.NewStub() },
		"studio": func() server.Engine { return server.NewStudio(scene.New(4)) },
	} {
		t.Run(name, func(t *testing.T) {
			run := placertest.RunRemote
			if name == "studio" {
				run = placertest.RunGood // the same client
			}
			run(t, placertest.Service{
				Open: func(t testing.TB, o placertest.Options) pipeline.Placer {
					c, err := azureml.New(azureml.Options{URL: o.URL, Key: placertest.Key, Timeout: o.Timeout, Tries: o.Tries, MaxResponse: o.MaxResponse})
					if err != nil {
						t.Fatal(err)
					}
					return azureml.NewPlacer(c)
				},
				Good: func(t testing.TB, s *placertest.Store, d *imaging.Decoder) http.Handler {
					h, err := server.New(server.Options{
						Engine: engine(), Auth: server.AuthKey, Key: placertest.Key, AllowedHosts: []string{s.Host()}, AllowLoopback: true, Decoder: d, Concurrency: 4,
					})
					if err != nil {
						t.Fatal(err)
					}
					ready(t, h)
					return h
				},
				Picture: func(w http.ResponseWriter, picture []byte) {
					_ = json.NewEncoder(w).Encode(score.Response{ImageBytes: picture, Meta: score.Meta{Engine: "fake", Width: 1024, Height: 1024}})
				},
				Refuse: func(w http.ResponseWriter, status int) {
					w.Header().Set("Content-Type", "application/problem+json")
					w.WriteHeader(status)
					fmt.Fprintf(w, `{"status":%d,"code":"something","detail":"https://example.com/?sig=SECRET"}`, status)
				},
				Prefix: "scoring", Unpaid: "rejected",
			})
		})
	}
}

// ready waits until the service has made its first picture.
func ready(t testing.TB, h http.Handler) {
	t.Helper()
	for range 200 {
		rec := httptest.NewRecorder()
		if h.ServeHTTP(rec, httptest.NewRequest(http.MethodGet, "/readyz", nil)); rec.Code == http.StatusOK {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatal("the scoring service did not become ready")
}
