// Package deploy holds no code, only what puts OPAL on Azure; its tests check it
// as far as that can be done without Azure.
package deploy

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/opal-photo/opal/config"
	"github.com/opal-photo/opal/deploy/internal/bicep"
)

// someImage stands for an image by digest.
const someImage = "opalacrdev.azurecr.io/opal@sha256:0000000000000000000000000000000000000000000000000000000000000000"

// uncheckedTypes are those that no schema could be had for offline. CI has the
// real compiler check them.
var uncheckedTypes = []string{
	"Microsoft.Authorization/locks",
	"Microsoft.DBforPostgreSQL/flexibleServers", "Microsoft.DBforPostgreSQL/flexibleServers/administrators",
	"Microsoft.DBforPostgreSQL/flexibleServers/databases", "Microsoft.DBforPostgreSQL/flexibleServers/firewallRules",
	"Microsoft.Insights/actionGroups", "Microsoft.Insights/diagnosticSettings", "Microsoft.Insights/metricAlerts",
	"Microsoft.Insights/scheduledQueryRules",
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

// faults runs every check over the files of a folder, or those up to the first
// set of parameters where something is found.
func faults(t *testing.T, dir string, all bool) []string {
	t.Helper()
	var found []string
	for _, path := range bicepFiles(t, dir) {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		found = append(found, wordFaults(path, string(b))...)
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
	reads, given := codeReads(t), map[pair]bool{}
	for _, c := range scenarios() {
		plan, err := evaluate(dir, c)
		if err != nil {
			return append(found, fmt.Sprintf("%s: %v", c.name, err))
		}
		wrong, unchecked := schemas.Check(plan)
		found = append(found, wrong...)
		for _, typ := range unchecked {
			if !slices.Contains(uncheckedTypes, typ) {
				found = append(found, "there is no schema for "+typ)
			}
		}
		p := &policy{plan: plan, env: c.environment(), roles: roles, names: names, reads: reads, given: given, scenario: c}
		found = append(found, p.check()...)
		if len(found) > 0 && !all {
			return found
		}
	}
	return append(found, neverGiven(names, reads, given)...)
}

var (
	declaredName = regexp.MustCompile(`(?m)^(?:param|var) (\w+)`)
	defaultModel = regexp.MustCompile(`(?m)^param placeModel string = '([^']+)'`)
	secretOutput = regexp.MustCompile(`(?mi)^output (\w*(?:password|secret|key|connectionstring)) `)
)

// wordFaults finds in a file's text what no plan shows: names that are never used, and
// outputs that give a secret away.
func wordFaults(path, text string) (found []string) {
	for _, m := range secretOutput.FindAllStringSubmatch(text, -1) {
		found = append(found, fmt.Sprintf("%s: output %s looks like a secret; outputs are kept readable", path, m[1]))
	}
	for _, m := range defaultModel.FindAllStringSubmatch(text, -1) {
		found = append(found, fmt.Sprintf("%s: %s is retired after a year or so: who takes OpenAI names a model", path, m[1]))
	}
	words := map[string]int{}
	for _, w := range regexp.MustCompile(`\w+`).FindAllString(text, -1) {
		words[w]++
	}
	for _, m := range declaredName.FindAllStringSubmatch(text, -1) {
		if words[m[1]] == 1 && !strings.HasSuffix(path, "param") {
			found = append(found, fmt.Sprintf("%s: %s is never used", path, m[1]))
		}
	}
	return found
}

// evaluate gives the plan of the ground and of the apps on it.
func evaluate(dir string, c scenario) (*bicep.Plan, error) {
	ground, err := bicep.EvaluateWith(filepath.Join(dir, "ground."+c.env+".bicepparam"), c.groundParams())
	if err != nil {
		return nil, err
	}
	apps, err := bicep.EvaluateWith(filepath.Join(dir, "apps."+c.env+".bicepparam"), c.appsParams())
	if err != nil {
		return nil, err
	}
	return &bicep.Plan{Resources: append(ground.Resources, apps.Resources...), Outputs: ground.Outputs}, nil
}

func TestBicepFiles(t *testing.T) {
	said := map[string]bool{} // many sets of parameters show one fault
	for _, f := range faults(t, ".", true) {
		if !said[f] {
			said[f] = true
			t.Error(f)
		}
	}
}

// A push makes apps and jobs, and changes nothing that they stand on.
func TestAPushTouchesNoGround(t *testing.T) {
	plan, err := bicep.EvaluateWith("apps.dev.bicepparam", map[string]any{"image": someImage, "deployApps": true})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range plan.Resources {
		if !r.Existing && r.Type != "Microsoft.App/containerApps" && r.Type != "Microsoft.App/jobs" {
			t.Errorf("%s is made with every push", r)
		}
	}
	before, err := bicep.EvaluateWith("apps.dev.bicepparam", map[string]any{"image": someImage})
	if err != nil {
		t.Fatal(err)
	}
	if len(before.Find("Microsoft.App/containerApps")) != 0 || len(before.Find("Microsoft.App/jobs")) != 2 {
		t.Error("the jobs come before the apps, so that migrations run first")
	}
	ground, err := bicep.EvaluateWith("ground.dev.bicepparam", nil)
	if err != nil {
		t.Fatal(err)
	}
	if n := len(ground.Find("Microsoft.App/containerApps")) + len(ground.Find("Microsoft.App/jobs")); n != 0 {
		t.Errorf("%d apps and jobs without an image", n)
	}
}

// A new revision gets no traffic while another keeps it, and an own domain stays.
func TestNewRevisionsStartAtNothing(t *testing.T) {
	plan, err := bicep.EvaluateWith("apps.dev.bicepparam", map[string]any{
		"image": someImage, "deployApps": true, "revision": "r2", "stableApiRevision": "opal-web-api-dev--r1",
		"customDomain": "api.example.com", "certificateId": "/c",
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
		if domains := list(r.Get("properties", "configuration", "ingress", "customDomains")); len(domains) != 1 ||
			domains[0]["name"] != "api.example.com" || domains[0]["bindingType"] != "SniEnabled" || domains[0]["certificateId"] != "/c" {
			t.Errorf("domains %v: a deployment without one takes it away", domains)
		}
		return
	}
	t.Error("there is no web API")
}

// Each planted fault must be found: a check that passes everything checks nothing.
func TestPlantedFaultsAreFound(t *testing.T) {
	for name, c := range map[string]struct{ file, old, new, says string }{
		"syntax":                     {"ground.bicep", "param location string = ", "param location string = = ", "line"},
		"undeclared":                 {"ground.bicep", "suffix: suffix", "suffix: sufix", "sufix is not declared"},
		"unused parameter":           {"modules/ml.bicep", "param suffix string", "param suffix string\nparam spare string", "spare is never used"},
		"unknown module parameter":   {"modules/vault.bicep", "param readers array", "param readrs array", "takes no parameter readers"},
		"missing parameter":          {"apps.dev.bicepparam", "param billingMode = 'off'\n", "", "billingMode is not given"},
		"value not allowed":          {"apps.dev.bicepparam", "billingMode = 'off'", "billingMode = 'maybe'", "billingMode must be one of"},
		"misspelt property":          {"modules/app.bicep", "targetPort: port", "targetport: port", "no such property"},
		"missing property":           {"modules/monitoring.bicep", "  kind: 'web'\n", "", "kind: is missing"},
		"wrong type":                 {"modules/storage.bicep", "days: 14", "days: '14'", "must be int"},
		"wrong value":                {"modules/vault.bicep", "name: 'standard'", "name: 'cheap'", "cheap"},
		"preview version":            {"modules/host.bicep", "managedEnvironments@2025-01-01", "managedEnvironments@2025-02-02-preview", "preview"},
		"setting nobody reads":       {"apps.bicep", "'RATE_LIMIT_PER_SECOND'", "'RATE_LIMIT_PER_MINUTE'", "no code reads RATE_LIMIT_PER_MINUTE"},
		"setting of another role":    {"apps.bicep", "{ name: 'PLACE_ENGINE', value: placeEngine }", "{ name: 'PLACE_ENGINE', value: placeEngine }\n    { name: 'RATE_LIMIT_PER_SECOND', value: '20' }", "does not read RATE_LIMIT_PER_SECOND"},
		"setting for another role":   {"apps.bicep", "{ name: 'PLACE_ENGINE', value: placeEngine }", "{ name: 'PLACE_ENGINE', value: placeEngine }\n    { name: 'PUBLIC_BASE_URL', value: baseUrl }", "orchestrate is given PUBLIC_BASE_URL, although"},
		"a worker without settings":  {"apps.bicep", "env: concat(commonEnv, storageEnv, queueEnv, ledgerEnv, workerEnv, [\n", "env: concat(commonEnv, storageEnv, queueEnv, ledgerEnv, [\n", "export is not given WORKER_CONCURRENCY"},
		"a model in a job of 1 GiB":  {"apps.bicep", "      { name: 'CUTOUT_ENGINE', value: 'studio' }\n", "", "role doctor is not given CUTOUT_ENGINE"},
		"a setting for half of them": {"apps.bicep", "mollieEnv, [\n      { name: 'AZURE_CLIENT_ID', value: known.outputs.billing.clientId }\n", "[\n      { name: 'AZURE_CLIENT_ID', value: known.outputs.billing.clientId }\n", "MOLLIE_API_KEY"},
		"missing setting":            {"apps.bicep", "  { name: 'AUTH_KEY_PEPPER', secretRef: 'auth-key-pepper' }\n", "", "AUTH_KEY_PEPPER is missing"},
		"setting nobody is given":    {"apps.bicep", "  { name: 'BILLING_SELLER_VAT_ID', value: billingSeller.vatId }\n", "", "no app is given BILLING_SELLER_VAT_ID"},
		"seller without a country":   {"apps.dev.bicepparam", "country: 'NL', ", "", "country"},
		"grant below nothing":        {"apps.dev.bicepparam", "param billingMode = 'off'\n", "param billingMode = 'off'\nparam monthlyGrant = -100\n", "BILLING_MONTHLY_GRANT"},
		"engine that is retired":     {"apps.bicep", "value: cutoutEngine }", "value: 'azure-vision' }", "retired Azure AI Vision"},
		"engine without its address": {"apps.bicep", "cutoutEngine == 'azureml' ? [{ name: 'CUTOUT", "cutoutEngine == 'removebg' ? [{ name: 'CUTOUT", "CUTOUT_ENDPOINT_URL is missing"},
		"engine without its key":     {"apps.bicep", "[{ setting: 'REMOVEBG_API_KEY', secret: 'removebg-api-key' }]", "[]", "REMOVEBG_API_KEY is missing"},
		"secret written out":         {"apps.bicep", "{ name: 'AUTH_KEY_PEPPER', secretRef: 'auth-key-pepper' }", "{ name: 'AUTH_KEY_PEPPER', value: 'pepper-pepper-pepper' }", "is a secret and is written out"},
		"secret without a right":     {"ground.bicep", "{ secret: 'aml-endpoint-key', principal: identities.outputs.orchestrator.principalId }", "{ secret: 'aml-endpoint-key', principal: identities.outputs.api.principalId }", "may not read the secret"},
		"queue that is not made":     {"apps.bicep", "{ name: 'SERVICEBUS_JOBS_QUEUE', value: 'jobs' }", "{ name: 'SERVICEBUS_JOBS_QUEUE', value: 'job' }", "which the deployment does not make"},
		"lock of 5 minutes":          {"modules/servicebus.bicep", "'PT1M'", "'PT5M'", "lockDuration"},
		"partitioned queue":          {"modules/servicebus.bicep", "enablePartitioning: false", "enablePartitioning: true", "enablePartitioning"},
		"role of the code":           {"apps.bicep", "args: ['orchestrate',", "args: ['work',", "must run orchestrate"},
		"administrators kept out":    {"apps.bicep", ", '--read-to', 'azure_pg_admin'", "", "may not look at a row"},
		"jobs worker":                {"apps.bicep", "'opal-orchestrator-${environmentName}'", "'opal-jobs-worker-${environmentName}'", "no app of OPAL"},
		"probe path":                 {"apps.bicep", "livenessPath: '/livez'\n    drainSeconds: 600", "livenessPath: '/health'\n    drainSeconds: 600", "probe asks"},
		"no readiness probe":         {"modules/app.bicep", "            { type: 'Readiness', httpGet: { path: '/readyz', port: port }, periodSeconds: 15, failureThreshold: 2, timeoutSeconds: 5 }\n", "", "no Readiness probe"},
		"a hasty readiness probe":    {"modules/app.bicep", "periodSeconds: 15", "periodSeconds: 5", "billed as active"},
		"grace shorter than drain":   {"apps.bicep", "drainSeconds: 600", "drainSeconds: 300", "the platform waits"},
		"worker that never starts":   {"modules/app.bicep", "rules: scale", "rules: []", ""},
		"scale by the other queue":   {"apps.bicep", "queueName: 'exports'", "queueName: 'jobs'", "must scale by queue exports"},
		"image by tag":               {"modules/app.bicep", "image: image\n", "image: replace(image, '@', ':')\n", "not one by digest"},
		"missing right":              {"modules/storage.bicep", "for principal in [api, orchestrator, exporter]", "for principal in [api, exporter]", "orchestrator lacks Storage Blob Delegator"},
		"right too many":             {"modules/servicebus.bicep", "scope: jobs\n  properties: { roleDefinitionId: role.receiver, principalId: orchestrator", "scope: namespace\n  properties: { roleDefinitionId: role.receiver, principalId: orchestrator", "orchestrator lacks Azure Service Bus Data Receiver"},
		"vault name that ends badly": {"ground.bicep", "'opal-kv-${environmentName}-${suffix}'", "take('opal-keyvault-${environmentName}-${suffix}', 14)", "Azure refuses this name"},
		"name too long":              {"apps.bicep", "'opal-billing-service-${environmentName}'", "'opal-billing-service-app-${environmentName}'", ""},
		"account keys":               {"modules/storage.bicep", "allowSharedKeyAccess: false", "allowSharedKeyAccess: true", "allowSharedKeyAccess"},
		"database out of reach":      {"modules/postgres.bicep", "= if (empty(subnetId)) {", "= if (!empty(subnetId)) {", "nobody can reach it"},
		"database password":          {"modules/postgres.bicep", "passwordAuth: 'Disabled'", "passwordAuth: 'Enabled'", "passwordAuth"},
		"traffic to nobody":          {"modules/app.bicep", "latestRevision: true, weight: 100", "latestRevision: true, weight: 10", "adds up to 10"},
		"secret in an output":        {"modules/registry.bicep", "output id string", "output password string = 'x'\noutput id string", "looks like a secret"},
		"a queue's silence hides":    {"modules/alerts.bicep", "every: 'PT5M', split: [queues], why: 'A queue was", "every: 'PT5M', split: [], why: 'A queue was", "one queue's silence hides the other's"},
		"too many connections":       {"apps.dev.bicepparam", "api: 3, billing: 2, worker: 2", "api: 10, billing: 5, worker: 5", "connections, the server leaves 35"},
		"pictures deleted too early": {"modules/storage.bicep", "tierToCool: { daysAfterModificationGreaterThan: 30 } }", "tierToCool: { daysAfterModificationGreaterThan: 30 }, delete: { daysAfterModificationGreaterThan: 180 } }", "deletes pictures that the API keeps"},
		"two changes at once":        {"modules/postgres.bicep", "dependsOn: [database, azure]", "dependsOn: []", "one change at a time"},
		"workspace in OPAL's vault":  {"modules/ml.bicep", "keyVault: vault.id", "keyVault: resourceId('Microsoft.KeyVault/vaults', 'opal-kv-dev-x')", "a vault of its own"},
		"apps on other ground":       {"apps.bicep", "param serviceBusName string = 'opal-bus-${environmentName}", "param serviceBusName string = 'opal-sb-${environmentName}", "which the ground does not make"},
		"right to give any right":    {"modules/github.bicep", "GuidEquals {${pull}} AND", "GuidNotEquals {${pull}} AND", "may give itself any right"},
		"domain that is lost":        {"modules/app.bicep", "customDomains: empty(customDomain)", "customDomains: !empty(customDomain)", "takes the own domain away"},
		"clients kept out":           {"modules/network.bicep", "'443', '31443'", "'443'", "keeps out what comes to port 31443"},
		"shared key of the logs":     {"ground.bicep", "destination: 'azure-monitor'", "destination: 'log-analytics'", "appLogsConfiguration"},
		"traces that go nowhere":     {"modules/host-traced.bicep", "destinations: ['appInsights']", "destinations: []", "traces go to []"},
		"an agent without a target":  {"modules/host-traced.bicep", "insights.properties.ConnectionString", "''", "ConnectionString"},
		"sweeps of a candidate":      {"modules/app.bicep", "candidate ? [{ name: 'BACKGROUND', value: 'off' }] : []", "[]", "without background work: false"},
		"sweeps of nobody":           {"modules/app.bicep", "candidate ? [{ name: 'BACKGROUND', value: 'off' }] : []", "[{ name: 'BACKGROUND', value: 'off' }]", "although: a revision of it is never tried"},
		"pictures without a lock":    {"modules/storage.bicep", "level: 'CanNotDelete'", "level: 'ReadOnly'", "no lock keeps it"},
		"a vault without a lock":     {"modules/vault.bicep", "= if (lock) {", "= if (!lock) {", "no lock keeps it"},
		"a server without a lock":    {"modules/postgres.bicep", "  scope: server\n  properties: { level: 'CanNotDelete'", "  scope: database\n  properties: { level: 'CanNotDelete'", "no lock keeps it"},
		"nobody saw who asked":       {"modules/diagnostics.bicep", "  name: 'opal'\n  scope: vault\n", "  name: 'opal'\n  scope: registry\n", "its log is kept nowhere"},
		"deletions unseen":           {"modules/diagnostics.bicep", "logs: [{ category: 'StorageDelete', enabled: true }]", "logs: []", "its log is kept nowhere"},
		"apps without lines":         {"modules/host.bicep", "logs: [{ categoryGroup: 'allLogs', enabled: true }]", "logs: []", "its log is kept nowhere"},
		"backups of a day":           {"ground.prod.bicepparam", "backupDays: 35", "backupDays: 7", "35 are wanted"},
		"pictures as they are alone": {"modules/storage.bicep", "restorePolicy: { enabled: true, days: 13 }", "restorePolicy: { enabled: false }", "restorePolicy"},
		"going back too far":         {"modules/storage.bicep", "restorePolicy: { enabled: true, days: 13 }", "restorePolicy: { enabled: true, days: 14 }", "Azure wants fewer than that"},
		"no versions":                {"modules/storage.bicep", "isVersioningEnabled: true", "isVersioningEnabled: false", "isVersioningEnabled"},
		"one zone":                   {"ground.prod.bicepparam", "'Standard_ZRS'", "'Standard_LRS'", "in one zone"},
		"one zone's database":        {"ground.prod.bicepparam", "highAvailability: 'ZoneRedundant'", "highAvailability: 'SameZone'", "highAvailability.mode"},
		"one zone's apps":            {"ground.bicep", "zoneRedundant: privateNetwork", "zoneRedundant: false", "zoneRedundant"},
		"a small registry":           {"ground.prod.bicepparam", "param registrySku = 'Standard'\n", "", "Basic is too slow"},
		"a subnet without a guard":   {"modules/network.bicep", "          networkSecurityGroup: { id: guard.id }\n", "", "no network security group"},
		"log lines without a bound":  {"ground.dev.bicepparam", "logQuotaGb = 1", "logQuotaGb = -1", "nothing bounds"},
		"a budget that says nothing": {"modules/alerts.bicep", "operator: 'GreaterThan', threshold: 80, contactEmails: [email]", "operator: 'GreaterThan', threshold: 80, contactEmails: []", "80 % of the month's budget"},
		"a name that leads outside":  {"modules/private.bicep", "virtualNetwork: { id: networkId }", "virtualNetwork: { id: '${networkId}-other' }", "does not lead to it from the network"},
		"a zone of another service":  {"modules/private.bicep", "part: 'blob', zone: 'privatelink.blob.", "part: 'blob', zone: 'privatelink.file.", "does not lead to it from the network"},
		"keys of the workspace's":    {"modules/ml.bicep", "allowSharedKeyAccess: false", "allowSharedKeyAccess: true", "allowSharedKeyAccess"},
		"an environment in capitals": {"ground.dev.bicepparam", "param environmentName = 'dev'", "param environmentName = 'Dev'", "Azure refuses this name"},
		"a mode of none":             {"ground.dev.bicepparam", "highAvailability: 'Disabled'", "highAvailability: 'Always'", "highAvailability must be one of"},
		"a size without backups":     {"ground.dev.bicepparam", "  backupDays: 7\n", "", "postgresSku lacks backupDays"},
		"days in words":              {"ground.dev.bicepparam", "backupDays: 7", "backupDays: 'seven'", "backupDays must be int"},
		"a seller's misspelt field":  {"apps.dev.bicepparam", "vatId: ''", "vatID: ''", "billingSeller lacks vatId"},
		"a field too many":           {"apps.dev.bicepparam", "worker: 2 }", "worker: 2, export: 2 }", "connections has no export"},
		"a scene engine's no model":  {"apps.bicep", "{ name: 'PLACE_MODEL', value: placeModel }", "{ name: 'PLACE_MODEL', value: take(placeModel, 0) }", "PLACE_MODEL"},
		"a model that is retired":    {"apps.bicep", "param placeModel string = ''", "param placeModel string = 'gpt-image-1'", "gpt-image-1 is retired"},
		"anybody's tokens":           {"modules/github.bicep", "    subject: subject\n", "    subject: 'repo:owner/opal:*'\n", "takes tokens of"},
		"other identity":             {"apps.bicep", "{ name: 'AZURE_CLIENT_ID', value: known.outputs.export.clientId }", "{ name: 'AZURE_CLIENT_ID', value: known.outputs.api.clientId }", "not its own identity"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			for _, folder := range []string{"modules", "dashboards"} {
				if err := os.CopyFS(filepath.Join(dir, folder), os.DirFS(folder)); err != nil {
					t.Fatal(err)
				}
			}
			for _, f := range []string{"ground.bicep", "apps.bicep", "ground.dev.bicepparam", "apps.dev.bicepparam", "ground.prod.bicepparam", "apps.prod.bicepparam"} {
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
			found := faults(t, dir, false)
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

// The GPU app stands beside the rest and is held to the same schemas and names.
func TestTheGPUApp(t *testing.T) {
	plan := standing(t, "sd-gpu-app.bicep", map[string]any{"allowedHosts": "a.blob.core.windows.net"})
	for _, r := range plan.Find("Microsoft.App/containerApps") {
		if r.Get("properties", "template", "scale", "minReplicas") != int64(0) {
			t.Error("a GPU that waits is paid for")
		}
	}
	// an environment of its own, whose lines would be nowhere
	if len(plan.Find("Microsoft.Insights/diagnosticSettings")) != 1 {
		t.Error("nobody sees what the service says")
	}
}

// The cut-out service is reached from inside the environment alone, asks for a key,
// and runs as the role and with the settings that the code reads.
func TestTheCutoutApp(t *testing.T) {
	plan, reads := standing(t, "cutout-app.bicep", nil), codeReads(t)["score"]
	for _, f := range cutoutAppFaults(plan, reads) {
		t.Error(f)
	}
	b, err := os.ReadFile("cutout-app.bicep")
	if err != nil {
		t.Fatal(err)
	}
	source := string(b)
	for name, c := range map[string][2]string{
		"open to everybody":  {"external: false", "external: true"},
		"no key":             {"{ name: 'SCORE_AUTH', value: 'key' }", "{ name: 'SCORE_AUTH', value: 'platform' }"},
		"scenes":             {"value: 'cutout'", "value: 'studio'"},
		"a setting of none":  {"'SCORE_CONCURRENCY'", "'SCORE_WORKERS'"},
		"another's setting":  {"'SCORE_CONCURRENCY'", "'RETENTION_DAYS'"},
		"its key from a URL": {"secretRef: 'score-key'", "value: 'k'"},
	} {
		t.Run(name, func(t *testing.T) {
			text := strings.Replace(source, c[0], c[1], 1)
			file := filepath.Join(t.TempDir(), "cutout-app.bicep")
			if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			if text == source || len(cutoutAppFaults(standing(t, file, nil), reads)) == 0 {
				t.Error("not found")
			}
		})
	}
}

// With a GPU the cut-out service asks for CUDA on a profile that the ground makes, takes all
// that a replica of it has, and costs nothing while nobody calls.
func TestTheCutoutAppOnAGPU(t *testing.T) {
	cores := map[string]string{"": "2", "Consumption-GPU-NC8as-T4": "8", "Consumption-GPU-NC24-A100": "24"}
	for gpu, cpu := range cores {
		t.Run("gpu "+gpu, func(t *testing.T) {
			for _, f := range gpuFaults(t, "cutout-app.bicep", gpu, cpu) {
				t.Error(f)
			}
		})
	}
	for name, c := range map[string][2]string{
		"on the processor's profile": {"empty(gpu) ? 'Consumption' : 'gpu'", "'Consumption'"},
		"another profile's name":     {"empty(gpu) ? 'Consumption' : 'gpu'", "empty(gpu) ? 'Consumption' : 'card'"},
		"a card that is not used":    {"empty(gpu) ? 'cpu' : 'cuda'", "'cpu'"},
		"a card that always waits":   {"param minReplicas int = 0", "param minReplicas int = 1"},
		"half of the machine":        {"json('8')", "json('4')"},
	} {
		t.Run(name, func(t *testing.T) {
			source, err := os.ReadFile("cutout-app.bicep")
			if err != nil {
				t.Fatal(err)
			}
			text := strings.Replace(string(source), c[0], c[1], 1)
			file := filepath.Join(t.TempDir(), "cutout-app.bicep")
			if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			if text == string(source) || len(gpuFaults(t, file, "Consumption-GPU-NC8as-T4", "8")) == 0 {
				t.Error("not found")
			}
		})
	}
}

// gpuFaults compares the app with what the ground's environment offers under the same gpu.
func gpuFaults(t *testing.T, app, gpu, cpu string) (found []string) {
	t.Helper()
	ground, err := bicep.EvaluateWith("ground.dev.bicepparam", map[string]any{"gpu": gpu})
	if err != nil {
		t.Fatal(err)
	}
	profiles := map[string]any{}
	for _, r := range ground.Find("Microsoft.App/managedEnvironments") {
		list, _ := r.Get("properties", "workloadProfiles").([]any)
		for _, p := range list {
			profiles[fmt.Sprint(p.(map[string]any)["name"])] = p.(map[string]any)["workloadProfileType"]
		}
	}
	device, want := "cpu", "Consumption"
	if gpu != "" {
		device, want = "cuda", gpu
	}
	if gpu == "" && len(profiles) != 1 {
		found = append(found, fmt.Sprintf("the ground has the profiles %v without gpu", profiles))
	}
	for _, r := range standing(t, app, map[string]any{"gpu": gpu}).Find("Microsoft.App/containerApps") {
		if name := fmt.Sprint(r.Get("properties", "workloadProfileName")); profiles[name] != want {
			found = append(found, fmt.Sprintf("it runs on the profile %s, of %v", name, profiles))
		}
		if r.Get("properties", "template", "scale", "minReplicas") != int64(0) {
			found = append(found, "a replica that waits is paid for")
		}
		containers, _ := r.Get("properties", "template", "containers").([]any)
		c := containers[0].(map[string]any)
		if has := fmt.Sprint(c["resources"].(map[string]any)["cpu"]); has != cpu {
			found = append(found, "it has "+has+" cores")
		}
		for _, v := range c["env"].([]any) {
			if e := v.(map[string]any); e["name"] == "CUTOUT_DEVICE" && e["value"] != device {
				found = append(found, fmt.Sprintf("CUTOUT_DEVICE is %v", e["value"]))
			}
		}
	}
	return found
}

func cutoutAppFaults(plan *bicep.Plan, reads []string) (found []string) {
	known := map[string]bool{}
	for _, name := range reads {
		known[name] = true
	}
	apps := plan.Find("Microsoft.App/containerApps")
	if len(apps) != 1 {
		return []string{fmt.Sprintf("%d apps", len(apps))}
	}
	if apps[0].Get("properties", "configuration", "ingress", "external") != false {
		found = append(found, "it is reached from outside")
	}
	env := map[string]any{}
	containers, _ := apps[0].Get("properties", "template", "containers").([]any)
	for _, c := range containers {
		list, _ := c.(map[string]any)["env"].([]any)
		for _, v := range list {
			e := v.(map[string]any)
			name := fmt.Sprint(e["name"])
			if env[name] = e["value"]; !known[name] {
				found = append(found, "the scoring service does not read "+name)
			}
			if ref := e["secretRef"]; ref != nil {
				env[name] = fmt.Sprint("secret ", ref)
			}
		}
	}
	for name, want := range map[string]any{"SCORE_AUTH": "key", "SCORE_ENGINE": "cutout", "SCORE_KEY": "secret score-key"} {
		if env[name] != want {
			found = append(found, fmt.Sprintf("%s is %v", name, env[name]))
		}
	}
	return found
}

// standing evaluates a template that stands beside the rest, and holds it to the same
// schemas and names.
func standing(t *testing.T, file string, params map[string]any) *bicep.Plan {
	t.Helper()
	all := map[string]any{"environmentName": "staging1", "suffix": "abcdef", "image": someImage}
	maps.Copy(all, params)
	plan, err := bicep.Evaluate(file, all)
	if err != nil {
		t.Fatal(err)
	}
	schemas, err := bicep.LoadSchemas("testdata/resource-types.json")
	if err != nil {
		t.Fatal(err)
	}
	found, _ := schemas.Check(plan)
	p := &policy{plan: plan, env: "staging1"}
	p.resourceNames()
	for _, f := range append(found, p.found...) {
		t.Error(f)
	}
	return plan
}

// The workbook's file is one that the portal can read, and every query asks a
// table that there is.
func TestTheWorkbook(t *testing.T) {
	b, err := os.ReadFile("dashboards/workbook.json")
	if err != nil {
		t.Fatal(err)
	}
	var page struct {
		Version string
		Items   []struct {
			Type    int
			Name    string
			Content struct{ Query string }
		}
	}
	if err := json.Unmarshal(b, &page); err != nil || page.Version != "Notebook/1.0" || len(page.Items) < 8 {
		t.Fatalf("%v: %s with %d parts", err, page.Version, len(page.Items))
	}
	for _, item := range page.Items {
		if table, _, _ := strings.Cut(item.Content.Query, " "); item.Type == 3 && !slices.Contains([]string{"ContainerAppConsoleLogs", "Usage"}, table) {
			t.Errorf("%s asks the table %q", item.Name, table)
		}
	}
	for _, message := range logMessages.FindAllStringSubmatch(string(b)+alertsText(t), -1) {
		if !written(t, message[1]) {
			t.Errorf("no code logs %q, which a query or an alert looks for", message[1])
		}
	}
}

// logMessages are log lines that a query names, with quotes as in JSON or KQL.
var logMessages = regexp.MustCompile(`message (?:== |startswith |in \()\\?"([A-Z][^"\\]+)\\?"`)

func alertsText(t *testing.T) string {
	t.Helper()
	b, err := os.ReadFile("modules/alerts.bicep")
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// written reports whether some code logs a message.
func written(t *testing.T, message string) bool {
	t.Helper()
	found := false
	for _, root := range []string{"../modules", "../app"} {
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err != nil || found || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			b, err := os.ReadFile(path)
			found = found || strings.Contains(string(b), message)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return found
}
