package app

import (
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/opal-photo/opal/config"
)

// engineEnv gives every engine its settings.
var engineEnv = []string{
	"ENV_NAME=dev", "AML_ENDPOINT_URL=https://score.example.com/score", "AML_ENDPOINT_KEY=k",
	"CUTOUT_ENDPOINT_URL=https://cut.example.com/score", "REMOVEBG_API_KEY=k", "PHOTOROOM_API_KEY=k",
	"PLACE_ENDPOINT_URL=https://x.openai.azure.com/openai/v1/images/edits",
}

func TestEveryEngineOpens(t *testing.T) {
	for _, cutout := range config.CutoutEngines {
		for _, place := range config.PlaceEngines {
			w, err := loadFrom(append(engineEnv, "CUTOUT_ENGINE="+cutout, "PLACE_ENGINE="+place), "", Streams{Out: io.Discard, Err: io.Discard}, "t", config.Role{AML: true}, true)
			if err != nil {
				t.Fatal(err)
			}
			cutter, err := openCutter(w)
			if err != nil {
				t.Fatalf("%s: %v", cutout, err)
			}
			placer, err := openPlacer(w)
			if err != nil {
				t.Fatalf("%s: %v", place, err)
			}
			want := map[string]string{"studio": "studio.", "azureml": "azureml.", "removebg": "hosted.", "photoroom": "hosted."}[cutout]
			if kind := fmt.Sprintf("%T", cutter); !strings.Contains(kind, want) {
				t.Errorf("CUTOUT_ENGINE=%s opens a %s", cutout, kind)
			}
			want = map[string]string{"score": "azureml.", "openai": "openai."}[place]
			if kind := fmt.Sprintf("%T", placer); !strings.Contains(kind, want) {
				t.Errorf("PLACE_ENGINE=%s opens a %s", place, kind)
			}
			// each engine behind a network holds the worker back when it pauses
			providers := 1
			if cutout != "studio" {
				providers++
			}
			if len(w.providers) != providers {
				t.Errorf("%s, %s: %d providers are waited for, not %d", cutout, place, len(w.providers), providers)
			}
			w.close()
		}
	}
	for _, wrong := range []string{"CUTOUT_ENGINE=azure-vision", "PLACE_ENGINE=azure-vision"} {
		if _, err := loadFrom(append(engineEnv, wrong), "", Streams{Out: io.Discard, Err: io.Discard}, "t", config.Role{AML: true}, true); err == nil {
			t.Errorf("%s starts", wrong)
		}
	}
}
