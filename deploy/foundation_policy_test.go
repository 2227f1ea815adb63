package deploy

import (
	"fmt"
	"slices"
	"strings"

	"github.com/opal-photo/opal/deploy/internal/bicep"
)

// foundation checks that the apps look up what the ground makes, and the faults
// that a first deployment showed.
func (p *policy) foundation() {
	made := map[string]bool{}
	for _, r := range p.plan.Resources {
		if !r.Existing {
			made[strings.ToLower(r.Type+" "+r.Name)] = true
		}
	}
	for _, r := range p.plan.Resources {
		if r.Existing && strings.HasSuffix(r.File, "known.bicep") && !made[strings.ToLower(r.Type+" "+r.Name)] {
			p.say(r, "the apps look up %s, which the ground does not make", r.Name)
		}
	}
	for _, r := range p.plan.Find("Microsoft.App/managedEnvironments") {
		p.want(r, "azure-monitor", "properties", "appLogsConfiguration", "destination")
		if p.scenario.ground["traces"] == true {
			p.want(r, "<insights.properties.ConnectionString>", "properties", "appInsightsConfiguration", "connectionString")
			if to := fmt.Sprint(r.Get("properties", "openTelemetryConfiguration", "tracesConfiguration", "destinations")); to != "[appInsights]" {
				p.say(r, "traces go to %s", to)
			}
		}
	}
	for _, r := range p.plan.Find("Microsoft.OperationalInsights/workspaces") {
		p.want(r, true, "properties", "features", "disableLocalAuth")
	}
	for _, r := range p.plan.Find("Microsoft.Storage/storageAccounts/managementPolicies") {
		for _, rule := range list(r.Get("properties", "policy", "rules")) {
			definition, _ := rule["definition"].(map[string]any)
			actions, _ := definition["actions"].(map[string]any)
			base, _ := actions["baseBlob"].(map[string]any)
			if base["delete"] != nil {
				p.say(r, "the rule %v deletes pictures that the API keeps", rule["name"])
			}
		}
	}
	for _, r := range p.plan.Find("Microsoft.MachineLearningServices/workspaces") {
		if vault := fmt.Sprint(r.Get("properties", "keyVault")); !strings.Contains(vault, "/opal-mk-") {
			p.say(r, "its identity may read all secrets of %s: it needs a vault of its own", vault)
		}
		p.want(r, "identity", "properties", "systemDatastoresAuthMode")
	}
	for _, r := range p.plan.Find("Microsoft.Network/networkSecurityGroups") {
		rules := fmt.Sprint(r.Get("properties", "securityRules"))
		for _, port := range []string{"31443", "30000-32767"} { // for clients, and for the probes of the platform
			if !strings.Contains(rules, port) {
				p.say(r, "it keeps out what comes to port %s", port)
			}
		}
	}
	for _, r := range p.plan.Find("Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials") {
		if to := r.Get("properties", "subject"); to != p.scenario.ground["githubSubject"] || r.Get("properties", "issuer") != "https://token.actions.githubusercontent.com" {
			p.say(r, "it takes tokens of %v", to)
		}
	}
	p.chain()
	for _, r := range p.plan.Find("Microsoft.App/containerApps") {
		domain, _ := p.scenario.apps["customDomain"].(string)
		if strings.HasPrefix(r.Name, "opal-web-api-") && domain != "" && len(list(r.Get("properties", "configuration", "ingress", "customDomains"))) != 1 {
			p.say(r, "a deployment takes the own domain away")
		}
	}
}

// chain checks that the database's parts are changed one after the other.
func (p *policy) chain() {
	before := ""
	for _, r := range p.plan.Resources {
		if r.Existing || !strings.HasPrefix(r.Type, "Microsoft.DBforPostgreSQL/flexibleServers/") {
			continue
		}
		if before != "" && !slices.Contains(r.After, before) {
			p.say(r, "%s does not wait for %s: the server takes one change at a time", r.Symbol, before)
		}
		before = r.Symbol
	}
}

// serverConnections are what each size leaves to users: max_connections less the
// 15 that Azure keeps (Azure Database for PostgreSQL, "Limits").
var serverConnections = map[string]int64{
	"Standard_B1ms": 35, "Standard_B2s": 414, "Standard_B2ms": 844, "Standard_D2ds_v5": 844, "Standard_D4ds_v5": 1703,
}

// connections checks that all replicas fit the server at a deployment's worst:
// each worker's old and new revision side by side, the candidates of API and
// billing, and an operator's job.
func (p *policy) connections() {
	var sku string
	for _, r := range p.plan.Find("Microsoft.DBforPostgreSQL/flexibleServers") {
		sku = fmt.Sprint(r.Get("sku", "name"))
	}
	sum := int64(0)
	number := func(v any) int64 { n, _ := v.(int64); return n }
	perReplica := func(r *bicep.Resource) int64 {
		for _, e := range list(list(r.Get("properties", "template", "containers"))[0]["env"]) {
			if e["name"] == "DATABASE_MAX_CONNS" {
				var n int64
				_, _ = fmt.Sscan(fmt.Sprint(e["value"]), &n)
				return n
			}
		}
		return 10 // the code's default
	}
	for _, r := range p.plan.Find("Microsoft.App/containerApps") {
		most, least := number(r.Get("properties", "template", "scale", "maxReplicas")), number(r.Get("properties", "template", "scale", "minReplicas"))
		if r.Get("properties", "configuration", "ingress") == nil {
			least = most
		}
		sum += (most + least) * perReplica(r)
	}
	jobs := int64(0)
	for _, r := range p.plan.Find("Microsoft.App/jobs") {
		jobs = max(jobs, perReplica(r))
	}
	if sum += jobs; sum > serverConnections[sku] {
		p.found = append(p.found, fmt.Sprintf("a deployment may open %d connections, the server leaves %d (%s)", sum, serverConnections[sku], sku))
	}
}

// alerts checks that each can fire and says what to do.
func (p *policy) alerts() {
	for _, typ := range []string{"Microsoft.Insights/metricAlerts", "Microsoft.Insights/scheduledQueryRules"} {
		for _, r := range p.plan.Find(typ) {
			if r.Get("properties", "severity") == nil || !strings.Contains(fmt.Sprint(r.Get("properties", "description")), "README.md") {
				p.say(r, "it has no severity, or does not say where to read on")
			}
			for _, c := range list(r.Get("properties", "criteria", "allOf")) {
				queue := c["metricName"] == "ActiveMessages" || c["metricName"] == "DeadletteredMessages"
				if d := list(c["dimensions"]); queue && (len(d) != 1 || d[0]["name"] != "EntityName" || fmt.Sprint(d[0]["values"]) != "[jobs exports]") {
					p.say(r, "one queue's silence hides the other's messages")
				}
			}
		}
	}
}
