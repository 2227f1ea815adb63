package config_test

import (
	"strings"
	"testing"

	"github.com/opal-photo/opal/config"
)

func TestEnginesNeedTheirSettings(t *testing.T) {
	const aml = "AML_ENDPOINT_URL=https://opal.westeurope.inference.ml.azure.com/score"
	for _, c := range []struct {
		env  []string
		want string // part of the error; "" when it is valid
	}{
		{[]string{aml}, ""},
		{nil, "AML_ENDPOINT_URL is missing"},
		{[]string{aml, "CUTOUT_ENGINE=azure-vision"}, "retired Azure AI Vision's background removal on 31 March 2025; set CUTOUT_ENGINE=azureml"},
		{[]string{aml, "CUTOUT_ENGINE=rembg"}, "CUTOUT_ENGINE must be studio, azureml, removebg or photoroom"},
		{[]string{aml, "CUTOUT_ENGINE=azureml"}, "CUTOUT_ENDPOINT_URL is missing"},
		{[]string{aml, "CUTOUT_ENGINE=azureml", "CUTOUT_ENDPOINT_URL=https://x.inference.ml.azure.com/score"}, ""},
		{[]string{aml, "CUTOUT_ENGINE=removebg"}, "REMOVEBG_API_KEY is missing"},
		{[]string{aml, "CUTOUT_ENGINE=removebg", "REMOVEBG_API_KEY=k"}, ""},
		{[]string{aml, "CUTOUT_ENGINE=removebg", "REMOVEBG_API_KEY=k", "REMOVEBG_API_URL=api.remove.bg"}, "REMOVEBG_API_URL must be a URL"},
		{[]string{aml, "CUTOUT_ENGINE=photoroom"}, "PHOTOROOM_API_KEY is missing"},
		{[]string{aml, "CUTOUT_ENGINE=photoroom", "PHOTOROOM_API_KEY=k"}, ""},
		{[]string{"PLACE_ENGINE=dalle"}, "PLACE_ENGINE must be score or openai"},
		{[]string{"PLACE_ENGINE=openai"}, "PLACE_ENDPOINT_URL is missing"},
		{[]string{"PLACE_ENGINE=openai", "PLACE_ENDPOINT_KEY=k", "PLACE_ENDPOINT_URL=https://api.openai.com/v1/images/edits"}, ""},
		{[]string{"PLACE_ENGINE=openai", "PLACE_ENDPOINT_URL=https://api.openai.com/v1/images/edits"}, "PLACE_ENDPOINT_KEY is missing"},
		{[]string{"PLACE_ENGINE=openai", "PLACE_ENDPOINT_URL=https://x.openai.azure.com/openai/deployments/d/images/edits"}, "api-version"},
		{[]string{"PLACE_ENGINE=openai", "PLACE_ENDPOINT_URL=https://x.openai.azure.com/openai/v1/images/edits"}, ""},
		{[]string{"PLACE_ENGINE=openai", "PLACE_ENDPOINT_URL=https://x.openai.azure.com/openai/v1/images/edits", "PLACE_QUALITY=best"}, "PLACE_QUALITY must be"},
	} {
		cfg, err := config.Load("", append([]string{"ENV_NAME=dev"}, c.env...))
		if err != nil {
			t.Fatal(err)
		}
		err = cfg.Validate(config.Role{AML: true}, false)
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%v: %v, want %q", c.env, err, c.want)
		}
		// the engines are the orchestrator's affair alone
		if err := cfg.Validate(config.Role{}, false); err != nil {
			t.Errorf("%v: a role without engines: %v", c.env, err)
		}
	}
}
