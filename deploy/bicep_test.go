// Package deploy holds no code, only what puts OPAL on Azure; its tests check it
// as far as that can be done without Azure.
package deploy

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/opal-photo/opal/config"
	"github.com/opal-photo/opal/deploy/internal/bicep"
)

// someImage stands for an image by digest.
const someImage = "opalacrdev.azurecr.io/opal@sha256:0000000000000000000000000000000000000000000000000000000000000000"

// uncheckedTypes are those that no schema could be had for offline. The
// deployment's workflow has the real compiler check them.
var uncheckedTypes = []string{
	"Microsoft.DBforPostgreSQL/flexibleServers", "Microsoft.DBforPostgreSQL/flexibleServers/administrators",
	"Microsoft.DBforPostgreSQL/flexibleServers/databases", "Microsoft.DBforPostgreSQL/flexibleServers/firewallRules",
	"Microsoft.Insights/actionGroups", "Microsoft.Insights/metricAlerts", "Microsoft.Insights/scheduledQueryRules",
	"Microsoft.Network/privateDnsZones", "Microsoft.Network/privateDnsZones/virtualNetworkLinks",
}

func bicepFiles(t *testing.T, dir string) []string {
	t.Helper()
	var all []string
	for _, pattern := range []string{"*.bicep", "modules/*.bicep", "*.bicepparam"} {
		found, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, found...)
	}
	if len(all) < 10 {
		t.Fatalf("only %d files in %s", len(all), dir)
	}
	return all
}

// faults runs every check over the files of a folder.
func faults(t *testing.T, dir string) []string {
	t.Helper()
	var found []string
	for _, path := range bicepFiles(t, dir) {
		f, err := bicep.Load(path)
		if err != nil {
			found = append(found, err.Error())
			continue
		}
		found = append(found, bicep.Check(f)...)
	}
	if len(found) > 0 {
		return found
	}
	schemas, err := bicep.LoadSchemas("testdata/resource-types.json")
	if err != nil {
		t.Fatal(err)
	}
	names, err := config.Names()
	if err != nil {
		t.Fatal(err)
	}
	roles := codeRoles(t)
	roles["migrate"] = config.Role{Database: true}
	roles["doctor"] = config.Role{Database: true, Storage: true, Queue: true, API: true}
	given := map[string]bool{}
	scoring := []string{"aml-endpoint-key"}
	for _, c := range []struct {
		env     string
		over    map[string]any
		billed  bool
		secrets []string // of the orchestrator
		tokens  bool     // it calls Azure ML as itself
	}{
		{env: "dev", secrets: scoring},
		{env: "prod", billed: true, secrets: scoring},
		// the second deployment, with a revision that keeps its traffic
		{"prod", map[string]any{"stableApiRevision": "opal-web-api-prod--r1", "stableBillingRevision": "opal-billing-service-prod--r1", "revision": "r2"}, true, scoring, false},
		{"prod", map[string]any{"authMode": "oidc", "authIssuer": "https://login.example.com", "authAudience": "opal"}, true, scoring, false},
		// the longest name that an environment may have
		{"prod", map[string]any{"environmentName": "prodwest", "suffix": "abcdef"}, true, scoring, false},
		// every engine, with a key and as oneself
		{"dev", map[string]any{"scoringKeyInVault": false}, false, nil, true},
		{"dev", map[string]any{"cutoutEngine": "removebg"}, false, []string{"aml-endpoint-key", "removebg-api-key"}, false},
		{"dev", map[string]any{"cutoutEngine": "photoroom"}, false, []string{"aml-endpoint-key", "photoroom-api-key"}, false},
		{"dev", map[string]any{"cutoutEngine": "azureml", "cutoutUrl": "https://cut.example.com/score"}, false, []string{"aml-endpoint-key", "cutout-endpoint-key"}, false},
		{"dev", map[string]any{"cutoutEngine": "azureml", "cutoutUrl": "https://cut.example.com/score", "cutoutKeyInVault": false}, false, scoring, true},
		{"prod", map[string]any{"placeEngine": "openai", "placeUrl": "https://api.openai.com/v1/images/edits", "placeQuality": "high"}, true, []string{"place-endpoint-key"}, false},
		{"dev", map[string]any{"placeEngine": "openai", "placeUrl": "https://x.openai.azure.com/openai/v1/images/edits", "placeKeyInVault": false}, false, nil, false},
	} {
		over := map[string]any{"image": someImage, "deployApps": true, "scoringUrl": "https://scoring.example.com/score"}
		for k, v := range c.over {
			over[k] = v
		}
		plan, err := bicep.EvaluateWith(filepath.Join(dir, c.env+".bicepparam"), over)
		if err != nil {
			found = append(found, err.Error())
			continue
		}
		wrong, unchecked := schemas.Check(plan)
		found = append(found, wrong...)
		for _, typ := range unchecked {
			if !slices.Contains(uncheckedTypes, typ) {
				found = append(found, "there is no schema for "+typ)
			}
		}
		env := c.env
		if name, ok := over["environmentName"].(string); ok {
			env = name
		}
		p := &policy{plan: plan, env: env, roles: roles, names: names, engineSecrets: c.secrets, engineTokens: c.tokens, given: given}
		found = append(found, p.check(c.billed)...)
	}
	return append(found, neverGiven(names, given)...)
}

func TestBicepFiles(t *testing.T) {
	for _, f := range faults(t, ".") {
		t.Error(f)
	}
}

func TestWithoutAnImageOnlyTheGroundIsLaid(t *testing.T) {
	plan, err := bicep.EvaluateWith("dev.bicepparam", nil)
	if err != nil {
		t.Fatal(err)
	}
	if n := len(plan.Find("Microsoft.App/containerApps")) + len(plan.Find("Microsoft.App/jobs")); n != 0 {
		t.Errorf("%d apps and jobs without an image", n)
	}
	plan, err = bicep.EvaluateWith("dev.bicepparam", map[string]any{"image": someImage})
	if err != nil {
		t.Fatal(err)
	}
	if len(plan.Find("Microsoft.App/containerApps")) != 0 || len(plan.Find("Microsoft.App/jobs")) != 2 {
		t.Error("the jobs come before the apps, so that migrations run first")
	}
	if plan.Outputs["registryServer"] == nil || plan.Outputs["apiUrl"] == nil {
		t.Errorf("outputs: %v", plan.Outputs)
	}
}

// A new revision gets no traffic while another keeps it.
func TestNewRevisionsStartAtNothing(t *testing.T) {
	plan, err := bicep.EvaluateWith("dev.bicepparam", map[string]any{
		"image": someImage, "deployApps": true, "revision": "r2", "stableApiRevision": "opal-web-api-dev--r1",
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range plan.Find("Microsoft.App/containerApps") {
		if r.Name != "opal-web-api-dev" {
			continue
		}
		traffic := list(r.Get("properties", "configuration", "ingress", "traffic"))
		if len(traffic) != 2 || traffic[0]["revisionName"] != "opal-web-api-dev--r1" || traffic[0]["weight"] != int64(100) ||
			traffic[1]["revisionName"] != "opal-web-api-dev--r2" || traffic[1]["weight"] != int64(0) || traffic[1]["label"] != "candidate" {
			t.Errorf("traffic %v", traffic)
		}
		return
	}
	t.Error("there is no web API")
}

// Each planted fault must be found: a check that passes everything is none.
func TestPlantedFaultsAreFound(t *testing.T) {
	for name, c := range map[string]struct{ file, old, new, says string }{
		"syntax":                     {"main.bicep", "param location string = ", "param location string = = ", "line"},
		"undeclared":                 {"main.bicep", "suffix: suffix", "suffix: sufix", "sufix is not declared"},
		"unused parameter":           {"modules/ml.bicep", "param suffix string", "param suffix string\nparam spare string", "spare is never used"},
		"unknown module parameter":   {"modules/vault.bicep", "param readers array", "param readrs array", "readers is not declared"},
		"missing parameter":          {"dev.bicepparam", "param billingMode = 'off'\n", "", "billingMode is not given"},
		"value not allowed":          {"dev.bicepparam", "billingMode = 'off'", "billingMode = 'maybe'", "billingMode must be one of"},
		"misspelt property":          {"modules/app.bicep", "targetPort: port", "targetport: port", "no such property"},
		"missing property":           {"modules/monitoring.bicep", "  kind: 'web'\n", "", "kind: is missing"},
		"wrong type":                 {"modules/storage.bicep", "days: 14", "days: '14'", "must be int"},
		"wrong value":                {"modules/vault.bicep", "name: 'standard'", "name: 'cheap'", "cheap"},
		"preview version":            {"modules/host.bicep", "managedEnvironments@2025-01-01", "managedEnvironments@2025-02-02-preview", "preview"},
		"setting nobody reads":       {"main.bicep", "'RATE_LIMIT_PER_SECOND'", "'RATE_LIMIT_PER_MINUTE'", "no code reads RATE_LIMIT_PER_MINUTE"},
		"setting of another role":    {"main.bicep", "{ name: 'PLACE_ENGINE', value: placeEngine }", "{ name: 'PLACE_ENGINE', value: placeEngine }\n    { name: 'PUBLIC_BASE_URL', value: baseUrl }", "does not read PUBLIC_BASE_URL"},
		"missing setting":            {"main.bicep", "  { name: 'AUTH_KEY_PEPPER', secretRef: 'auth-key-pepper' }\n", "", "AUTH_KEY_PEPPER is missing"},
		"setting nobody is given":    {"main.bicep", "  { name: 'BILLING_SELLER_VAT_ID', value: billingSeller.vatId }\n", "", "no app is given BILLING_SELLER_VAT_ID"},
		"seller without a country":   {"dev.bicepparam", "country: 'NL', ", "", "country"},
		"grant below nothing":        {"dev.bicepparam", "param billingMode = 'off'\n", "param billingMode = 'off'\nparam monthlyGrant = -100\n", "BILLING_MONTHLY_GRANT"},
		"engine that is retired":     {"main.bicep", "value: cutoutEngine }", "value: 'azure-vision' }", "retired Azure AI Vision"},
		"engine without its address": {"main.bicep", "cutoutEngine == 'azureml' ? [{ name: 'CUTOUT", "cutoutEngine == 'removebg' ? [{ name: 'CUTOUT", "CUTOUT_ENDPOINT_URL is missing"},
		"engine without its key":     {"main.bicep", "[{ setting: 'REMOVEBG_API_KEY', secret: 'removebg-api-key' }]", "[]", "REMOVEBG_API_KEY is missing"},
		"engine's key nobody needs":  {"main.bicep", "placeEngine == 'score' && scoringKeyInVault ?", "scoringKeyInVault ?", "orchestrator needs no Key Vault Secrets User on aml-endpoint-key"},
		"token without a right":      {"main.bicep", " || (cutoutEngine == 'azureml' && !cutoutKeyInVault)", "", "orchestrator lacks AzureML Data Scientist"},
		"secret written out":         {"main.bicep", "{ name: 'AUTH_KEY_PEPPER', secretRef: 'auth-key-pepper' }", "{ name: 'AUTH_KEY_PEPPER', value: 'pepper-pepper-pepper' }", "is a secret and is written out"},
		"secret without a right":     {"main.bicep", "{ secret: key.secret, principal: identities.outputs.orchestrator.principalId }", "{ secret: key.secret, principal: identities.outputs.api.principalId }", "may not read the secret"},
		"queue that is not made":     {"modules/servicebus.bicep", "jobs: jobs.name", "jobs: 'job'", "which the deployment does not make"},
		"lock of 5 minutes":          {"modules/servicebus.bicep", "'PT1M'", "'PT5M'", "lockDuration"},
		"partitioned queue":          {"modules/servicebus.bicep", "enablePartitioning: false", "enablePartitioning: true", "enablePartitioning"},
		"role of the code":           {"main.bicep", "args: ['orchestrate',", "args: ['work',", "must run orchestrate"},
		"jobs worker":                {"main.bicep", "'opal-orchestrator-${environmentName}'", "'opal-jobs-worker-${environmentName}'", "no app of OPAL"},
		"probe path":                 {"main.bicep", "livenessPath: '/livez'\n    drainSeconds: 600", "livenessPath: '/health'\n    drainSeconds: 600", "probe asks"},
		"no readiness probe":         {"modules/app.bicep", "            { type: 'Readiness', httpGet: { path: '/readyz', port: port }, periodSeconds: 5, failureThreshold: 3, timeoutSeconds: 5 }\n", "", "no Readiness probe"},
		"grace shorter than drain":   {"main.bicep", "drainSeconds: 600", "drainSeconds: 300", "the platform waits"},
		"worker that never starts":   {"modules/app.bicep", "rules: scale", "rules: []", ""},
		"scale by the other queue":   {"main.bicep", "queueName: serviceBus.outputs.queues.exports", "queueName: serviceBus.outputs.queues.jobs", "must scale by queue exports"},
		"image by tag":               {"modules/app.bicep", "image: image\n", "image: replace(image, '@', ':')\n", "not one by digest"},
		"missing right":              {"modules/storage.bicep", "for principal in [api, orchestrator, exporter]", "for principal in [api, exporter]", "orchestrator lacks Storage Blob Delegator"},
		"right too many":             {"modules/servicebus.bicep", "scope: jobs\n  properties: { roleDefinitionId: role.receiver, principalId: orchestrator", "scope: namespace\n  properties: { roleDefinitionId: role.receiver, principalId: orchestrator", "orchestrator lacks Azure Service Bus Data Receiver"},
		"vault name that ends badly": {"main.bicep", "'opal-kv-${environmentName}-${suffix}'", "take('opal-keyvault-${environmentName}-${suffix}', 14)", "Azure refuses this name"},
		"name too long":              {"main.bicep", "'opal-billing-service-${environmentName}'", "'opal-billing-service-app-${environmentName}'", ""},
		"account keys":               {"modules/storage.bicep", "allowSharedKeyAccess: false", "allowSharedKeyAccess: true", "allowSharedKeyAccess"},
		"database out of reach":      {"modules/postgres.bicep", "= if (empty(subnetId)) {", "= if (!empty(subnetId)) {", "nobody can reach it"},
		"database password":          {"modules/postgres.bicep", "passwordAuth: 'Disabled'", "passwordAuth: 'Enabled'", "passwordAuth"},
		"traffic to nobody":          {"modules/app.bicep", "latestRevision: true, weight: 100", "latestRevision: true, weight: 10", "adds up to 10"},
		"secret in an output":        {"modules/registry.bicep", "output id string", "output password string = 'x'\noutput id string", "looks like a secret"},
		"other identity":             {"main.bicep", "{ name: 'AZURE_CLIENT_ID', value: identities.outputs.export.clientId }", "{ name: 'AZURE_CLIENT_ID', value: identities.outputs.api.clientId }", "not its own identity"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.CopyFS(filepath.Join(dir, "modules"), os.DirFS("modules")); err != nil {
				t.Fatal(err)
			}
			for _, f := range []string{"main.bicep", "dev.bicepparam", "prod.bicepparam"} {
				copyFile(t, f, filepath.Join(dir, f))
			}
			path := filepath.Join(dir, c.file)
			b, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(string(b), c.old) {
				t.Fatalf("%s does not hold %q", c.file, c.old)
			}
			if err := os.WriteFile(path, []byte(strings.Replace(string(b), c.old, c.new, 1)), 0o600); err != nil {
				t.Fatal(err)
			}
			found := faults(t, dir)
			if len(found) == 0 || !strings.Contains(strings.Join(found, "\n"), c.says) {
				t.Errorf("found %q", found)
			}
		})
	}
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	b, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to, b, 0o600); err != nil {
		t.Fatal(err)
	}
}
