// Package ml holds no code, only the files that deploy the scoring service to
// Azure Machine Learning; its tests check them.
package ml

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v3"
)

// deploymentFiles are the deployments and the engine of each.
var deploymentFiles = []string{"cutout/deployment.yml", "deployment-stub.yml", "deployment-studio.yml", "deployment.yml"}

// cutoutEndpoint is the endpoint of cut-outs: endpoint.yml under another name.
const cutoutEndpoint = "opal-cutout-dev"

// admittedPerWorker is how many requests OPAL's own service admits for each
// that it works on.
const admittedPerWorker = 3

// admittedPerPlace is how many calls ml/sd can answer in time for each picture that it
// paints at once: that one, and one that waits for its place up to SCORE_WAIT.
const admittedPerPlace = 2

func compile(t *testing.T, file string) *jsonschema.Schema {
	t.Helper()
	s, err := jsonschema.NewCompiler().Compile(file)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func parse(data []byte) (map[string]any, error) {
	var v map[string]any
	d := yaml.NewDecoder(bytes.NewReader(data))
	if err := d.Decode(&v); err != nil {
		return nil, fmt.Errorf("parse YAML: %w", err)
	}
	if d.Decode(new(any)) == nil {
		return nil, errors.New("more than one document")
	}
	return v, nil
}

func load(t *testing.T, file string) map[string]any {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	v, err := parse(data)
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	return v
}

func TestFilesFollowTheSchemas(t *testing.T) {
	endpoint := load(t, "endpoint.yml")
	if err := compile(t, "schema/endpoint.schema.json").Validate(endpoint); err != nil {
		t.Errorf("endpoint.yml: %v", err)
	}
	schema := compile(t, "schema/deployment.schema.json")
	names := map[any]string{}
	for _, file := range deploymentFiles {
		t.Run(file, func(t *testing.T) {
			d := load(t, file)
			if err := schema.Validate(d); err != nil {
				t.Error(err)
			}
			want := endpoint["name"]
			if strings.HasPrefix(file, "cutout/") {
				want = cutoutEndpoint
			}
			if d["endpoint_name"] != want {
				t.Errorf("is for endpoint %v, not %v", d["endpoint_name"], want)
			}
			if other, taken := names[d["name"]]; taken {
				t.Errorf("%s and %s have the same name: one would replace the other", file, other)
			}
			names[d["name"]] = file
		})
	}
	found, err := filepath.Glob("deployment*.yml")
	nested, _ := filepath.Glob("*/deployment*.yml")
	if found = append(nested, found...); err != nil || !slices.Equal(found, deploymentFiles) {
		t.Errorf("files %v, checked %v: %v", found, deploymentFiles, err)
	}
}

func TestEachDeploymentRunsItsEngine(t *testing.T) {
	for file, want := range map[string]any{"cutout/deployment.yml": "cutout", "deployment-stub.yml": "stub", "deployment-studio.yml": "studio", "deployment.yml": nil} {
		t.Run(file, func(t *testing.T) {
			d := load(t, file)
			env := d["environment_variables"].(map[string]any)
			if env["SCORE_ENGINE"] != want {
				t.Errorf("engine %v, want %v", env["SCORE_ENGINE"], want)
			}
			admitted := admittedPerWorker
			if want == nil {
				admitted = admittedPerPlace
			}
			workers, err := strconv.Atoi(env["SCORE_CONCURRENCY"].(string))
			most := d["request_settings"].(map[string]any)["max_concurrent_requests_per_instance"]
			if err != nil || most != workers*admitted {
				t.Errorf("the platform lets %v requests through, the service admits %d: %v", most, workers*admitted, err)
			}
		})
	}
	if load(t, "deployment-stub.yml")["name"] != "blue" || load(t, "endpoint.yml")["name"] != "opal-sd-placement-dev" {
		t.Error("names that scripts rely on changed")
	}
}

// Each planted fault must be found: a check that passes everything checks nothing.
func TestSchemaFindsFaults(t *testing.T) {
	deployment, endpoint := compile(t, "schema/deployment.schema.json"), compile(t, "schema/endpoint.schema.json")
	good, err := os.ReadFile("deployment.yml")
	if err != nil {
		t.Fatal(err)
	}
	goodEndpoint, err := os.ReadFile("endpoint.yml")
	if err != nil {
		t.Fatal(err)
	}
	cutouts, err := os.ReadFile("cutout/deployment.yml")
	if err != nil {
		t.Fatal(err)
	}
	edit := func(data []byte, old, replacement string) []byte {
		if !bytes.Contains(data, []byte(old)) {
			t.Fatalf("the file does not hold %q", old)
		}
		return bytes.Replace(data, []byte(old), []byte(replacement), 1)
	}
	for name, c := range map[string]struct {
		schema *jsonschema.Schema
		data   []byte
	}{
		"retired GPU":            {deployment, edit(good, "Standard_NC4as_T4_v3", "Standard_NC6s_v3")},
		"default timeout":        {deployment, edit(good, "  request_timeout_ms: 180000\n", "")},
		"timeout over the limit": {deployment, edit(good, "180000", "300000")},
		"other port":             {deployment, edit(good, "{port: 8080, path: /score}", "{port: 5001, path: /score}")},
		"other path":             {deployment, edit(good, "/readyz", "/health")},
		"no scoring route":       {deployment, edit(good, "    scoring_route: {port: 8080, path: /score}\n", "")},
		"key checked twice":      {deployment, edit(good, "SCORE_AUTH: platform", "SCORE_AUTH: key")},
		"no hosts":               {deployment, edit(good, "SCORE_ALLOWED_HOSTS:", "SCORE_HOSTS:")},
		"a scene without hosts":  {deployment, edit(cutouts, "SCORE_ENGINE: cutout", "SCORE_ENGINE: studio")},
		"misspelt key":           {deployment, edit(good, "instance_count", "instances")},
		"number as variable":     {deployment, edit(good, `SD_PIPELINE: ""`, "SD_PIPELINE: 1")},
		"image without a tag":    {deployment, edit(good, ":set-on-the-command-line", "")},
		"model without a mount":  {deployment, edit(good, "model_mount_path: /models\n", "")},
		"name too long":          {deployment, edit(good, "name: green", "name: "+strings.Repeat("g", 33))},
		"endpoint name":          {endpoint, edit(goodEndpoint, "opal-sd-placement-dev", "opal-sd-placement-prod-")},
		"endpoint auth":          {endpoint, edit(goodEndpoint, "auth_mode: key", "auth_mode: none")},
		"no identity":            {endpoint, edit(goodEndpoint, "identity:\n  type: system_assigned\n", "")},
		// A deployment of a custom container as a first attempt may look: it has
		// neither inference_config nor settings.
		"no inference_config": {deployment, []byte("$schema: https://azuremlschemas.azureedge.net/latest/managedOnlineDeployment.schema.json\nname: blue\nendpoint_name: opal-sd-placement-dev\nenvironment:\n  image: x.azurecr.io/opal:1\ninstance_type: Standard_NC6s_v3\ninstance_count: 1\n")},
	} {
		t.Run(name, func(t *testing.T) {
			v, err := parse(c.data)
			if err != nil {
				t.Fatal(err)
			}
			if c.schema.Validate(v) == nil {
				t.Error("not found")
			}
		})
	}
}

func TestContractCasesNameKnownEngines(t *testing.T) {
	files, err := filepath.Glob("contract/*.json")
	if err != nil || len(files) < 25 {
		t.Fatalf("%d cases: %v", len(files), err)
	}
	known := map[string]bool{"stub": true, "studio": true, "sd": true}
	for _, file := range files {
		c := load(t, file) // JSON is YAML
		if c["description"] == nil {
			t.Errorf("%s: no description", file)
		}
		engines, _ := c["engines"].([]any)
		for _, e := range engines {
			if !known[e.(string)] {
				t.Errorf("%s: engine %v is none of %v", file, e, slices.Sorted(maps.Keys(known)))
			}
		}
		if strings.HasPrefix(filepath.Base(file), "request-") == (len(engines) == 0) {
			t.Errorf("%s: engines %v", file, engines)
		}
	}
}
