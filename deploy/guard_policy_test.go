package deploy

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/opal-photo/opal/deploy/internal/bicep"
)

// guards checks what protects an environment that works: its logs, backups, locks, zones
// and bounds on costs, and that a revision which is only tried does no background work.
func (p *policy) guards() {
	p.logged()
	p.backedUp()
	p.candidates()
	if p.scenario.env == "prod" {
		p.locked()
		p.zones()
	} else if quota, ok := p.first("Microsoft.OperationalInsights/workspaces").Get("properties", "workspaceCapping", "dailyQuotaGb").(int64); !ok || quota <= 0 {
		p.found = append(p.found, "nothing bounds what dev's log lines cost")
	}
	if email, _ := p.scenario.ground["alertEmail"].(string); email != "" {
		p.budget()
	}
	if p.scenario.ground["privateEndpoints"] == true {
		p.privateLinks()
	}
}

// first returns the plan's first resource of a type, or one without a body.
func (p *policy) first(typ string) *bicep.Resource {
	for _, r := range p.plan.Find(typ) {
		return r
	}
	return &bicep.Resource{Type: typ, Name: "(none)"}
}

// kept are the resources whose loss or misuse matters: OPAL's own vault and account, not
// those that the workspace brings along.
func (p *policy) kept(types ...string) []*bicep.Resource {
	var all []*bicep.Resource
	for _, typ := range types {
		for _, r := range p.plan.Find(typ) {
			if !strings.HasPrefix(r.Name, "opal-mk-") && !strings.HasPrefix(r.Name, "opalml") {
				all = append(all, r)
			}
		}
	}
	return all
}

// logged checks that who did what to each resource is in the workspace.
func (p *policy) logged() {
	kept := map[string]string{}
	for _, r := range p.plan.Find("Microsoft.Insights/diagnosticSettings") {
		if len(list(r.Get("properties", "logs"))) > 0 && r.Get("properties", "workspaceId") == p.first("Microsoft.OperationalInsights/workspaces").ID {
			kept[r.Scope] = r.Name
		}
	}
	for _, r := range p.kept("Microsoft.App/managedEnvironments", "Microsoft.KeyVault/vaults", "Microsoft.ServiceBus/namespaces", "Microsoft.Storage/storageAccounts/blobServices",
		"Microsoft.ContainerRegistry/registries", "Microsoft.DBforPostgreSQL/flexibleServers", "Microsoft.MachineLearningServices/workspaces") {
		if kept[r.ID] == "" {
			p.say(r, "its log is kept nowhere")
		}
	}
}

// backedUp checks that rows and pictures can be had back as they were.
func (p *policy) backedUp() {
	least := map[string]int64{"dev": 7, "prod": 35}[p.scenario.env]
	for _, r := range p.plan.Find("Microsoft.DBforPostgreSQL/flexibleServers") {
		if days, _ := r.Get("properties", "backup", "backupRetentionDays").(int64); days < least {
			p.say(r, "its backups are kept %d days, %d are wanted", days, least)
		}
	}
	for _, r := range p.kept("Microsoft.Storage/storageAccounts/blobServices") {
		for _, on := range [][]string{{"isVersioningEnabled"}, {"changeFeed", "enabled"}, {"restorePolicy", "enabled"}, {"containerDeleteRetentionPolicy", "enabled"}} {
			p.want(r, true, append([]string{"properties"}, on...)...)
		}
		restored, _ := r.Get("properties", "restorePolicy", "days").(int64)
		deleted, _ := r.Get("properties", "deleteRetentionPolicy", "days").(int64)
		if restored < 7 || restored >= deleted {
			p.say(r, "it goes back %d days and keeps what was deleted for %d: Azure wants fewer than that", restored, deleted)
		}
	}
}

// candidates checks that a revision beside the running one leaves the background work to
// that one, and that every other does it.
func (p *policy) candidates() {
	tried := map[string]any{"opal-web-api": p.scenario.apps["stableApiRevision"], "opal-billing-service": p.scenario.apps["stableBillingRevision"]}
	for _, r := range p.plan.Find("Microsoft.App/containerApps") {
		off := false
		for _, c := range list(r.Get("properties", "template", "containers")) {
			off = off || slices.ContainsFunc(list(c["env"]), func(e map[string]any) bool { return e["name"] == "BACKGROUND" && e["value"] == "off" })
		}
		if beside := tried[strings.TrimSuffix(r.Name, "-"+p.env)] != nil; beside != off {
			p.say(r, "tried beside the running revision: %v, without background work: %v", beside, off)
		}
	}
}

// locked checks that prod's data can't be deleted by a slip.
func (p *policy) locked() {
	kept := map[string]bool{}
	for _, r := range p.plan.Find("Microsoft.Authorization/locks") {
		kept[r.Scope] = r.Get("properties", "level") == "CanNotDelete"
	}
	for _, r := range p.kept("Microsoft.Storage/storageAccounts", "Microsoft.KeyVault/vaults", "Microsoft.DBforPostgreSQL/flexibleServers") {
		if !kept[r.ID] {
			p.say(r, "no lock keeps it")
		}
	}
}

// zones checks that prod goes on when one zone of its region fails.
func (p *policy) zones() {
	p.want(p.first("Microsoft.App/managedEnvironments"), true, "properties", "zoneRedundant")
	p.want(p.first("Microsoft.DBforPostgreSQL/flexibleServers"), "ZoneRedundant", "properties", "highAvailability", "mode")
	for _, r := range p.kept("Microsoft.Storage/storageAccounts") {
		if sku := fmt.Sprint(r.Get("sku", "name")); !strings.HasSuffix(sku, "ZRS") {
			p.say(r, "%s keeps its copies in one zone", sku)
		}
	}
	for _, r := range p.plan.Find("Microsoft.ContainerRegistry/registries") {
		if r.Get("sku", "name") == "Basic" {
			p.say(r, "Basic is too slow for many replicas that start at a time")
		}
	}
	guarded := false
	for _, r := range p.plan.Find("Microsoft.Network/virtualNetworks") {
		for _, s := range list(r.Get("properties", "subnets")) {
			properties, _ := s["properties"].(map[string]any)
			guarded = guarded || s["name"] == "apps" && properties["networkSecurityGroup"] != nil
		}
	}
	if !guarded {
		p.found = append(p.found, "no network security group guards the apps' subnet")
	}
}

// budget checks that somebody is told before the month's money is gone.
func (p *policy) budget() {
	r := p.first("Microsoft.Consumption/budgets")
	notes, _ := r.Get("properties", "notifications").(map[string]any)
	told := map[string]bool{}
	for _, n := range notes {
		note, _ := n.(map[string]any)
		told[fmt.Sprint(note["threshold"], note["enabled"], note["contactEmails"])] = true
	}
	for _, share := range []int{50, 80, 100} {
		if !told[fmt.Sprint(share, true, []any{p.scenario.ground["alertEmail"]})] {
			p.say(r, "nobody is told when %d %% of the month's budget is spent", share)
		}
	}
}

// privateLinks checks that each private endpoint's name leads to its address from inside.
func (p *policy) privateLinks() {
	parts := map[string]string{} // the zone of each part
	zones := map[string]string{"vault": "privatelink.vaultcore.azure.net", "blob": "privatelink.blob.core.windows.net", "registry": "privatelink.azurecr.io"}
	linked := map[string]bool{}
	for _, r := range p.plan.Find("Microsoft.Network/privateDnsZones/virtualNetworkLinks") {
		zone, _, _ := strings.Cut(r.Name, "/")
		linked[zone] = r.Get("properties", "virtualNetwork", "id") == p.first("Microsoft.Network/virtualNetworks").ID
	}
	for _, r := range p.plan.Find("Microsoft.Network/privateEndpoints/privateDnsZoneGroups") {
		for _, c := range list(r.Get("properties", "privateDnsZoneConfigs")) {
			id := fmt.Sprint(c["properties"].(map[string]any)["privateDnsZoneId"])
			parts[strings.TrimSuffix(r.Name, "/default")] = id[strings.LastIndexByte(id, '/')+1:]
		}
	}
	for _, r := range p.plan.Find("Microsoft.Network/privateEndpoints") {
		for _, c := range list(r.Get("properties", "privateLinkServiceConnections")) {
			part := strings.Trim(fmt.Sprint(c["properties"].(map[string]any)["groupIds"]), "[]")
			if zone := zones[part]; parts[r.Name] != zone || !linked[zone] {
				p.say(r, "the name of its %s does not lead to it from the network: zone %q, linked %v", part, parts[r.Name], linked[zone])
			}
			delete(zones, part)
		}
	}
	for part := range zones {
		p.found = append(p.found, "no private endpoint leads to the "+part)
	}
	p.want(p.first("Microsoft.ContainerRegistry/registries"), "Premium", "sku", "name") // others have no private endpoints
}

// TestPreflightKnowsEveryProvider holds preflight.sh to the providers of what the templates
// make, and of what makes a subscription's first scoring endpoint and the shell for prod.
func TestPreflightKnowsEveryProvider(t *testing.T) {
	b, err := os.ReadFile("preflight.sh")
	if err != nil {
		t.Fatal(err)
	}
	used := map[string]bool{"Microsoft.PolicyInsights": true, "Microsoft.Cdn": true, "Microsoft.ContainerInstance": true}
	for _, c := range scenarios() {
		plan, err := evaluate(".", c)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range plan.Resources {
			if provider, _, _ := strings.Cut(r.Type, "/"); provider != "Microsoft.Authorization" { // which every subscription has
				used[provider] = true
			}
		}
	}
	missing := func(script string) (found []string) {
		_, after, _ := strings.Cut(script, "\nproviders=(")
		asked, _, _ := strings.Cut(after, ")")
		for provider := range used {
			if !slices.Contains(strings.Fields(asked), provider) {
				found = append(found, provider)
			}
		}
		return found
	}
	if found := missing(string(b)); len(found) > 0 {
		t.Errorf("preflight.sh does not look at %v", found)
	}
	for provider := range used {
		if found := missing(regexp.MustCompile(regexp.QuoteMeta(provider)+`\b`).ReplaceAllString(string(b), "")); !slices.Equal(found, []string{provider}) {
			t.Errorf("without %s missing are %v", provider, found)
		}
	}
}
