package deploy_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// azdFields are the fields of azure.yaml that OPAL uses, by their path, as the
// published schema has them (Azure/azure-dev, schemas/v1.0/azure.yaml.json; seen
// 2026-11). No registry that tests may use has the schema.
var azdFields = map[string]bool{
	"name": true, "metadata": true, "metadata.template": true, "requiredVersions": true, "requiredVersions.azd": true,
	"infra": true, "infra.provider": true, "infra.path": true, "infra.module": true, "hooks": true,
	"hooks.preprovision": true, "hooks.preprovision.shell": true, "hooks.preprovision.run": true, "hooks.preprovision.interactive": true,
	"hooks.postprovision": true, "hooks.postprovision.shell": true, "hooks.postprovision.run": true, "hooks.postprovision.interactive": true,
}

func azdFaults(t *testing.T, text string) []string {
	t.Helper()
	var found []string
	var root map[string]any
	if err := yaml.Unmarshal([]byte(text), &root); err != nil {
		return []string{err.Error()}
	}
	var walk func(prefix string, m map[string]any)
	walk = func(prefix string, m map[string]any) {
		for k, v := range m {
			if !azdFields[prefix+k] {
				found = append(found, "no field "+prefix+k)
			}
			if inner, ok := v.(map[string]any); ok {
				walk(prefix+k+".", inner)
			}
		}
	}
	walk("", root)
	infra, _ := root["infra"].(map[string]any)
	if _, err := os.Stat(fmt.Sprint(infra["module"], ".bicepparam")); err != nil || infra["provider"] != "bicep" {
		found = append(found, fmt.Sprintf("infra: %v", err))
	}
	hooks, _ := root["hooks"].(map[string]any)
	for _, name := range []string{"preprovision", "postprovision"} {
		hook, _ := hooks[name].(map[string]any)
		line := fmt.Sprint(hook["run"])
		if err := parses(t, line); err != nil {
			found = append(found, err.Error())
		}
		for _, word := range strings.Fields(line) {
			if path, ok := strings.CutPrefix(word, "./"); ok {
				if _, err := os.Stat(path); err != nil {
					found = append(found, err.Error())
				}
			}
		}
	}
	return found
}

func TestAzureYAML(t *testing.T) {
	text := readFile(t, "azure.yaml")
	for _, f := range azdFaults(t, text) {
		t.Error(f)
	}
	for name, c := range map[string][2]string{
		"a field that is none":    {"  module: ", "  modul: "},
		"parameters that are not": {"ground.dev", "main"},
		"a script that is gone":   {"./first.sh after", "./second.sh after"},
		"a hook bash can't read":  {"run: bash ./first.sh", "run: fi; bash ./first.sh"},
	} {
		t.Run(name, func(t *testing.T) {
			planted := strings.Replace(text, c[0], c[1], 1)
			if planted == text || len(azdFaults(t, planted)) == 0 {
				t.Error("not found")
			}
		})
	}
}
