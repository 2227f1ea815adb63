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
	"workflows": true, "workflows.up": true, "workflows.up.steps": true,
	"services": true, "services.NAME": true, "services.NAME.project": true, "services.NAME.language": true, "services.NAME.host": true,
	"services.NAME.resourceName": true, "services.NAME.docker": true, "services.NAME.docker.path": true, "services.NAME.docker.context": true,
	"services.NAME.docker.platform": true, "services.NAME.docker.remoteBuild": true, "services.NAME.hooks": true,
	"services.NAME.hooks.postpublish": true, "services.NAME.hooks.postpublish.shell": true, "services.NAME.hooks.postpublish.run": true,
	"services.NAME.hooks.postpublish.interactive": true,
	"services.NAME.hooks.postdeploy":              true, "services.NAME.hooks.postdeploy.shell": true, "services.NAME.hooks.postdeploy.run": true,
	"services.NAME.hooks.postdeploy.interactive": true,
}

// azdService holds a service to what azd makes of it: Azure/azure-dev,
// cli/azd/pkg/project/service_target_containerapp.go; seen 2026-11.
func azdService(t *testing.T, name string, service map[string]any) (found []string) {
	t.Helper()
	if _, err := os.Stat(name + ".bicep"); err == nil {
		found = append(found, name+".bicep is there: azd would deploy it alone")
	}
	if service["host"] != "containerapp" || service["project"] != "." {
		found = append(found, fmt.Sprintf("service %s: host %v, project %v", name, service["host"], service["project"]))
	}
	app, whole := strings.CutSuffix(fmt.Sprint(service["resourceName"]), "-${AZURE_ENV_NAME}")
	if !whole || !strings.Contains(readFile(t, "apps.bicep"), "'"+app+"-${environmentName}'") {
		found = append(found, fmt.Sprintf("service %s: apps.bicep makes no app %v", name, service["resourceName"]))
	}
	docker, _ := service["docker"].(map[string]any)
	context := fmt.Sprint(docker["context"])
	for _, file := range []string{fmt.Sprint(docker["path"]), context + "/go.mod", context + "/.dockerignore"} {
		if _, err := os.Stat(file); err != nil {
			found = append(found, err.Error())
		}
	}
	return found
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
			if prefix == "services." {
				k = "NAME"
			}
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
	all := []any{hooks["preprovision"], hooks["postprovision"]}
	services, _ := root["services"].(map[string]any)
	for name, s := range services {
		service, _ := s.(map[string]any)
		found = append(found, azdService(t, name, service)...)
		own, _ := service["hooks"].(map[string]any)
		all = append(all, own["postpublish"], own["postdeploy"])
	}
	if len(services) == 0 {
		found = append(found, "no services")
	}
	for _, h := range all {
		hook, _ := h.(map[string]any)
		if hook["run"] == nil {
			found = append(found, "a hook runs nothing")
		}
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
		"a field of no service":   {"      context: ", "      contexts: "},
		"another context":         {"context: ..", "context: ."},
		"another Dockerfile":      {"./Dockerfile", "./Containerfile"},
		"another host":            {"host: containerapp", "host: appservice"},
		"an app of none":          {"opal-web-api-$", "opal-api-$"},
		"a template's name":       {"\n  opal:\n", "\n  apps:\n"},
		"a hook of no script":     {"./first.sh published", "./deploy.sh published"},
		"nothing after the push":  {"      postpublish:", "      postbuild:"},
		"revisions that stay":     {"      postdeploy:", "      predeploy:"},
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
