package server

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/opal-photo/opal/modules/imaging"
	"github.com/opal-photo/opal/modules/score"
)

// contractDir holds the cases that all sides of the contract read.
const contractDir = "../../../ml/contract"

type requestCase struct {
	Engines []string        `json:"engines"`
	Body    json.RawMessage `json:"body"`
	Raw     string          `json:"raw"`
	Status  int             `json:"status"`
	Code    string          `json:"code"`
	Expect  struct {
		Image  bool          `json:"image"`
		Width  int           `json:"width"`
		Height int           `json:"height"`
		Seed   uint64        `json:"seed"`
		Layers *score.Layers `json:"layers"`
	} `json:"expect"`
}

func TestServiceKeepsTheContract(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(contractDir, "request-*.json"))
	if err != nil || len(files) < 10 {
		t.Fatalf("%d cases: %v", len(files), err)
	}
	engines := map[string]Engine{"stub": NewStub(), "studio": studioEngine()}
	for _, name := range slices.Sorted(maps.Keys(engines)) {
		s := start(t, Options{Engine: engines[name]})
		for _, file := range files {
			var c requestCase
			readCase(t, file, &c)
			if !slices.Contains(c.Engines, name) {
				continue
			}
			t.Run(name+"/"+filepath.Base(file), func(t *testing.T) {
				blobs := newBlobServer(t)
				body := string(c.Body)
				if c.Raw != "" {
					body = c.Raw
				}
				body = strings.NewReplacer(
					"{{input}}", blobs.put("/cut.png", mug(t, 300, 260)), "{{text}}", blobs.put("/text", []byte("not a picture")),
					"{{missing}}", blobs.URL+"/missing?sig=x", "{{output}}", blobs.URL+"/output?sig=x",
					"{{backdrop}}", blobs.URL+"/backdrop.jpg?sig=x", "{{shadow}}", blobs.URL+"/shadow.png?sig=x",
				).Replace(body)
				status, h, answer := post(t, s, body)
				if c.Status != 200 {
					wantProblem(t, "case", status, h, answer, c.Status, c.Code)
					return
				}
				if status != 200 || h.Get("X-Correlation-Id") != "c-1" {
					t.Fatalf("%d %s", status, answer)
				}
				checkAnswer(t, name, c, answer, blobs)
			})
		}
	}
}

func readCase(t *testing.T, file string, v any) {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, v); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
}

func checkAnswer(t *testing.T, engine string, c requestCase, answer []byte, blobs *blobServer) {
	t.Helper()
	var res score.Response
	if err := json.Unmarshal(answer, &res); err != nil {
		t.Fatal(err)
	}
	m := res.Meta
	if m.Engine != engine || m.Width != c.Expect.Width || m.Height != c.Expect.Height || m.Seed != c.Expect.Seed || m.Generated {
		if c.Expect.Width > 0 {
			t.Errorf("meta %+v, want %+v", m, c.Expect)
		}
	}
	if box, ok := m.Box(); ok != (engine == "studio") || ok && (box[2] < 5 || box[3] < 5) {
		t.Errorf("product box %v", m.ProductBox)
	}
	picture, kind := res.ImageBytes, m.ContentType
	if !c.Expect.Image {
		if len(picture) > 0 || strings.Contains(string(answer), "image_bytes_b64") {
			t.Error("a stored picture is in the body too")
		}
		picture, kind = blobs.get("/output")
	}
	checkPicture(t, "picture", picture, kind, m)
	if c.Expect.Layers == nil {
		return
	}
	if m.Layers == nil || *m.Layers != *c.Expect.Layers {
		t.Fatalf("layers %+v", m.Layers)
	}
	data, kind := blobs.get("/backdrop.jpg")
	checkPicture(t, "backdrop", data, kind, m)
	data, kind = blobs.get("/shadow.png")
	checkPicture(t, "shadow", data, kind, m)
}

// checkPicture decodes a picture and holds it against what meta says.
func checkPicture(t *testing.T, what string, data []byte, kind string, m score.Meta) {
	t.Helper()
	info, err := imaging.Inspect(data)
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	if info.Width != m.Width || info.Height != m.Height || info.Format.MediaType() != kind || info.HasAlpha != (what == "shadow") {
		t.Errorf("%s: %+v as %s, meta %+v", what, info, kind, m)
	}
}

// The errors in the client's cases must be errors of this service, so that the
// cases describe the real service.
func TestErrorCasesLookLikeThisServicesErrors(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(contractDir, "error-*.json"))
	if err != nil || len(files) == 0 {
		t.Fatal(err)
	}
	var own map[string]any
	s := start(t, Options{})
	_, _, body := post(t, s, "{", "Authorization", "Bearer x")
	if err := json.Unmarshal(body, &own); err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		var c struct {
			Status int            `json:"status"`
			Body   map[string]any `json:"body"`
		}
		readCase(t, file, &c)
		if _, ok := c.Body["code"]; !ok {
			continue // what a platform answers by itself
		}
		for member := range c.Body {
			if _, ok := own[member]; !ok {
				t.Errorf("%s: the service's errors have no %q", filepath.Base(file), member)
			}
		}
	}
}
