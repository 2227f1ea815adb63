package app_test

import (
	"bytes"
	"encoding/json"
	"image"
	"math"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/opal-photo/opal/app/apptest"
	"github.com/opal-photo/opal/modules/imaging"
	"github.com/opal-photo/opal/modules/pipeline/azureml"
	"github.com/opal-photo/opal/modules/pipeline/cuttertest"
	"github.com/opal-photo/opal/modules/pipeline/onnx"
	"github.com/opal-photo/opal/modules/pipeline/onnx/onnxtest"
	"github.com/opal-photo/opal/modules/score"
)

// tinyModel puts the tests' network, for which what is dark in red is product, into a
// folder of models.
func tinyModel(t *testing.T, network []byte) (dir string, m onnx.Model) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "net.onnx")
	if err := os.WriteFile(file, network, 0o600); err != nil {
		t.Fatal(err)
	}
	dir = t.TempDir()
	m, err := (onnx.Store{Dir: dir}).Add(t.Context(), file, onnx.Manifest{
		Name: "tiny", Licence: "none needed", Source: "this test", Width: onnxtest.Side, Height: onnxtest.Side, Layout: onnx.NCHW,
		Scale: [3]float32{255, 255, 255}, Activation: onnx.None, MemoryMB: 256,
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return dir, m
}

func redness() []byte {
	return onnxtest.Network(onnxtest.Side, [3]float32{-255. / 138, 0, 0}, 228./138, false)
}

// waitFor waits until a role listens, or ends.
func waitFor(t *testing.T, p *apptest.Process, addr string) {
	t.Helper()
	for {
		select {
		case err := <-p.Done:
			t.Fatalf("it ended: %v\n%s", err, p.Said())
		case <-time.After(50 * time.Millisecond):
		}
		if res, err := http.Get("http://" + addr + "/readyz"); err == nil {
			res.Body.Close()
			if res.StatusCode == http.StatusOK {
				return
			}
		}
	}
}

// A worker whose CUTOUT_ENGINE is azureml gets from the service what the service's own
// engine makes in a worker: the same cut-out, confidence and reasons to look.
func TestScoreServesCutouts(t *testing.T) {
	library := onnxtest.Library(t)
	dir, model := tinyModel(t, redness())
	addr := apptest.FreeAddr(t)
	p := apptest.Start(t, []string{
		"ENV_NAME=prod", "SCORE_KEY=the-key", "CUTOUT_ENGINE=onnx", "MODELS_DIR=" + dir, "CUTOUT_RUNTIME=" + library, "LOG_LEVEL=info",
	}, "score", "--engine", "cutout", "--listen", addr)
	waitFor(t, p, addr)

	decoder := imaging.NewDecoder(imaging.DecoderOptions{})
	t.Cleanup(func() { _ = decoder.Close() })
	remote, err := azureml.NewCutter(azureml.CutterOptions{Options: azureml.Options{URL: "http://" + addr, Key: "the-key"}, Decoder: decoder})
	if err != nil {
		t.Fatal(err)
	}
	defer remote.CloseIdle()
	local, err := onnx.New(onnx.Options{Library: library, Model: model})
	if err != nil {
		t.Fatal(err)
	}
	defer local.Close()
	cuttertest.Run(t, remote)

	photo, _, err := decoder.Decode(t.Context(), apptest.Photo(t, 1600, 1200))
	if err != nil {
		t.Fatal(err)
	}
	here, err := local.Cut(t.Context(), photo)
	if err != nil {
		t.Fatal(err)
	}
	there, err := remote.Cut(t.Context(), photo)
	if err != nil {
		t.Fatal(err)
	}
	if iou := overlap(here.Image, there.Image); iou < .99 || here.Whole != there.Whole {
		t.Errorf("the cut-outs overlap by %.3f", iou)
	}
	if math.Abs(here.Confidence-there.Confidence) > .1 || there.Logits == nil || (there.Reason == "") != (here.Reason == "") || len(there.Concerns) != len(here.Concerns) {
		t.Errorf("the service says %.2f %q %v, the engine here %.2f %q %v", there.Confidence, there.Reason, there.Concerns, here.Confidence, here.Reason, here.Concerns)
	}
	if lines := p.Lines(func(l map[string]any) bool { return l["message"] == "Cut out image" && l["engine"] == "tiny" }); len(lines) == 0 {
		t.Errorf("no line says what was cut out: %s", p.Said())
	}

	body, err := json.Marshal(score.CutRequest{ImageBytes: apptest.Photo(t, 64, 48)})
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.Post("http://"+addr+"/score", "application/json", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != http.StatusUnauthorized {
		t.Errorf("%d without the key", res.StatusCode)
	}
	if code := p.Stop(t); code != 0 {
		t.Errorf("it ended with %d", code)
	}
}

// overlap is the intersection over union of two cut-outs.
func overlap(a, b *image.NRGBA) float64 {
	both, either := 0, 0
	for i := 3; i < len(a.Pix) && i < len(b.Pix); i += 4 {
		x, y := a.Pix[i] > 127, b.Pix[i] > 127
		if x && y {
			both++
		}
		if x || y {
			either++
		}
	}
	return float64(both) / float64(max(either, 1))
}

// A service that can't cut out ends before it listens, and says why.
func TestScoreSaysWhyItServesNoCutouts(t *testing.T) {
	library := onnxtest.Library(t)
	good, _ := tinyModel(t, redness())
	broken, _ := tinyModel(t, []byte("<html>not found</html>"))
	for name, c := range map[string]struct {
		env  []string
		says string
	}{
		"an engine behind a network": {[]string{"CUTOUT_ENGINE=azureml", "CUTOUT_ENDPOINT_URL=https://x.example.com/score"}, "not azureml"},
		"no model":                   {[]string{"CUTOUT_ENGINE=onnx", "MODELS_DIR=" + t.TempDir()}, "needs a model in MODELS_DIR"},
		"no library":                 {[]string{"CUTOUT_ENGINE=onnx", "MODELS_DIR=" + good, "CUTOUT_RUNTIME=/nowhere/lib.so"}, "CUTOUT_RUNTIME"},
		"a card that is not there": {
			[]string{"CUTOUT_ENGINE=onnx", "MODELS_DIR=" + good, "CUTOUT_RUNTIME=" + library, "CUTOUT_DEVICE=cuda"}, "no NVIDIA card can be used",
		},
		"another device": {[]string{"CUTOUT_ENGINE=onnx", "MODELS_DIR=" + good, "CUTOUT_RUNTIME=" + library, "CUTOUT_DEVICE=gpu"}, "CUTOUT_DEVICE"},
		"a broken model": {[]string{"CUTOUT_ENGINE=onnx", "MODELS_DIR=" + broken, "CUTOUT_RUNTIME=" + library}, "can't be used"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := apptest.Start(t, append([]string{"ENV_NAME=dev", "SCORE_KEY=k"}, c.env...), "score", "--engine", "cutout", "--listen", apptest.FreeAddr(t))
			if err := <-p.Done; err == nil || !strings.Contains(p.Said(), c.says) {
				t.Errorf("%v, %s, which doesn't say %q", err, p.Said(), c.says)
			}
		})
	}
}
