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
	kinds := map[string]string{"auto": "studio.", "studio": "studio.", "azureml": "azureml.", "removebg": "hosted.", "photoroom": "hosted.", "score": "azureml.", "openai": "openai."}
	for _, cutout := range cutters.values() {
		for _, place := range placers.values() {
			t.Run(cutout+" and "+place, func(t *testing.T) {
				w, err := loadFrom(append(engineEnv, "CUTOUT_ENGINE="+cutout, "PLACE_ENGINE="+place), "", Streams{Out: io.Discard, Err: io.Discard}, "t", config.Role{AML: true}, true)
				if err != nil {
					t.Fatal(err)
				}
				defer w.close()
				cutter, err := cutters.open(w)
				if err != nil {
					t.Fatal(err)
				}
				placer, err := placers.open(w)
				if err != nil {
					t.Fatal(err)
				}
				if kind := fmt.Sprintf("%T", cutter); !strings.Contains(kind, kinds[cutout]) {
					t.Errorf("CUTOUT_ENGINE opens a %s", kind)
				}
				if kind := fmt.Sprintf("%T", placer); !strings.Contains(kind, kinds[place]) {
					t.Errorf("PLACE_ENGINE opens a %s", kind)
				}
				// each engine behind a network holds the worker back when it pauses, and
				// is where the doctor looks
				behind := 1
				if kinds[cutout] != "studio." {
					behind++
				}
				if len(w.providers) != behind || len(endpoints(w.cfg)) != behind {
					t.Errorf("%d are waited for and %d are asked, not %d", len(w.providers), len(endpoints(w.cfg)), behind)
				}
			})
		}
	}
}

func TestEnginesNeedTheirSettings(t *testing.T) {
	const aml = "AML_ENDPOINT_URL=https://opal.westeurope.inference.ml.azure.com/score"
	for name, c := range map[string]struct {
		env  []string
		want string // part of the error; "" when it is valid
	}{
		"nothing but the scoring endpoint": {[]string{aml}, ""},
		"auto":                             {[]string{aml, "CUTOUT_ENGINE=auto"}, ""},
		"no scoring endpoint":              {nil, "AML_ENDPOINT_URL is missing"},
		"a retired engine":                 {[]string{aml, "CUTOUT_ENGINE=azure-vision"}, "retired Azure AI Vision's background removal on 31 March 2025; set CUTOUT_ENGINE=azureml"},
		"an unknown cutter":                {[]string{aml, "CUTOUT_ENGINE=rembg"}, "CUTOUT_ENGINE must be auto, studio, azureml, removebg or photoroom"},
		"an endpoint without its URL":      {[]string{aml, "CUTOUT_ENGINE=azureml"}, "CUTOUT_ENDPOINT_URL is missing"},
		"an endpoint":                      {[]string{aml, "CUTOUT_ENGINE=azureml", "CUTOUT_ENDPOINT_URL=https://x.inference.ml.azure.com/score"}, ""},
		"removebg without its key":         {[]string{aml, "CUTOUT_ENGINE=removebg"}, "REMOVEBG_API_KEY is missing"},
		"removebg":                         {[]string{aml, "CUTOUT_ENGINE=removebg", "REMOVEBG_API_KEY=k"}, ""},
		"removebg at no URL":               {[]string{aml, "CUTOUT_ENGINE=removebg", "REMOVEBG_API_KEY=k", "REMOVEBG_API_URL=api.remove.bg"}, "REMOVEBG_API_URL must be a URL"},
		"photoroom without its key":        {[]string{aml, "CUTOUT_ENGINE=photoroom"}, "PHOTOROOM_API_KEY is missing"},
		"photoroom":                        {[]string{aml, "CUTOUT_ENGINE=photoroom", "PHOTOROOM_API_KEY=k"}, ""},
		"an unknown placer":                {[]string{"PLACE_ENGINE=dalle"}, "PLACE_ENGINE must be score or openai"},
		"openai without its URL":           {[]string{"PLACE_ENGINE=openai"}, "PLACE_ENDPOINT_URL is missing"},
		"openai at a URL of another kind":  {[]string{"PLACE_ENGINE=openai", "PLACE_ENDPOINT_KEY=k", "PLACE_ENDPOINT_URL=https://api.openai.com/v1"}, "PLACE_ENDPOINT_URL is missing or not"},
		"openai":                           {[]string{"PLACE_ENGINE=openai", "PLACE_ENDPOINT_KEY=k", "PLACE_ENDPOINT_URL=https://api.openai.com/v1/images/edits"}, ""},
		"openai without its key":           {[]string{"PLACE_ENGINE=openai", "PLACE_ENDPOINT_URL=https://api.openai.com/v1/images/edits"}, "PLACE_ENDPOINT_KEY is missing"},
		"a deployment without its version": {[]string{"PLACE_ENGINE=openai", "PLACE_ENDPOINT_URL=https://x.openai.azure.com/openai/deployments/d/images/edits"}, "api-version"},
		"a deployment":                     {[]string{"PLACE_ENGINE=openai", "PLACE_ENDPOINT_URL=https://x.openai.azure.com/openai/v1/images/edits"}, ""},
		"an unknown quality":               {[]string{aml, "PLACE_QUALITY=best"}, "PLACE_QUALITY must be low, medium or high"},
	} {
		t.Run(name, func(t *testing.T) {
			load := func(r config.Role) error {
				_, err := loadFrom(append([]string{"ENV_NAME=dev"}, c.env...), "", Streams{Out: io.Discard, Err: io.Discard}, "t", r, true)
				return err
			}
			if err := load(config.Role{AML: true}); c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("%v, want %q", err, c.want)
			}
			// the engines are the orchestrator's affair alone
			if err := load(config.Role{}); err != nil && !strings.Contains(c.want, "must be") {
				t.Errorf("a role without engines: %v", err)
			}
		})
	}
}

// Operators read the setting's line, and not this list.
func TestTheSettingsNameTheEngines(t *testing.T) {
	for setting, names := range map[string][]string{cutters.setting: cutters.values(), placers.setting: placers.values()} {
		t.Run(setting, func(t *testing.T) {
			for _, s := range config.Settings() {
				if s.Name != setting {
					continue
				}
				for _, name := range names {
					if !strings.Contains(s.Doc, name) {
						t.Errorf("%q doesn't name %s", s.Doc, name)
					}
				}
				return
			}
			t.Error("there is no such setting")
		})
	}
}
