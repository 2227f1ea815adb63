package deploy

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// roleNames are Azure's built-in roles that OPAL gives.
var roleNames = map[string]string{
	"7f951dda-4ed3-4680-a7ca-43fe172d538d": "AcrPull",
	"4633458b-17de-408a-b874-0445c86b69e6": "Key Vault Secrets User",
	"ba92f5b4-2d11-453d-a403-e96b0029c9fe": "Storage Blob Data Contributor",
	"2a2b9908-6ea1-4ae2-8e65-a410df84e7d1": "Storage Blob Data Reader",
	"db58b8e5-c6ad-4a2a-8342-4190687cbf4a": "Storage Blob Delegator",
	"69a216fc-b8fb-44d8-bc22-1f3c2cd27a39": "Azure Service Bus Data Sender",
	"4f6d3b9b-027b-4f4c-9142-0e5a2a2247e0": "Azure Service Bus Data Receiver",
	"090c5cfd-751d-490a-894a-3ce6f1109419": "Azure Service Bus Data Owner",
	"f6c7c914-8db3-469d-8ca1-694a8f32e121": "AzureML Data Scientist",
	"acdd72a7-3385-48ef-bd42-f606fba81ae7": "Reader",
	"358470bc-b998-42bd-ab17-a7e34c199c0f": "Container Apps Contributor",
	"4e3d2b60-56ae-4dc6-a233-09c8e5a82e68": "Container Apps Jobs Contributor",
	"f1a07417-d97a-45cb-824c-7a7467783830": "Managed Identity Operator",
	"8311e382-0749-4cb8-b61a-304f252e45ec": "AcrPush",
	"fb382eab-e894-4461-af04-94435c366c3f": "Container Registry Tasks Contributor",
	"f58310d9-a9f6-439a-9e8d-f62e7b41a168": "Role Based Access Control Administrator",
}

// rights are what each identity may do: what its role's code does, and no more.
// Scopes are the last parts of resource names; * stands for a generated one.
var rights = map[string][]string{
	"api": {
		"AcrPull on registry", "Key Vault Secrets User on auth-key-pepper", "Storage Blob Delegator on account",
		"Storage Blob Data Contributor on raw", "Storage Blob Data Contributor on outputs", "Storage Blob Data Contributor on exports",
		"Azure Service Bus Data Sender on jobs", "Azure Service Bus Data Sender on queue exports",
		"Azure Service Bus Data Receiver on jobs", "Azure Service Bus Data Receiver on queue exports",
	},
	"orchestrator": {
		"AcrPull on registry", "Storage Blob Delegator on account",
		"Storage Blob Data Reader on raw", "Storage Blob Data Contributor on outputs",
		"Azure Service Bus Data Sender on jobs", "Azure Service Bus Data Sender on queue exports", "Azure Service Bus Data Receiver on jobs",
	},
	"export": {
		"AcrPull on registry", "Storage Blob Delegator on account",
		"Storage Blob Data Reader on raw", "Storage Blob Data Reader on outputs", "Storage Blob Data Contributor on exports",
		"Azure Service Bus Data Sender on jobs", "Azure Service Bus Data Sender on queue exports", "Azure Service Bus Data Receiver on queue exports",
	},
	"billing": {
		"AcrPull on registry", "Key Vault Secrets User on auth-key-pepper", "Storage Blob Data Reader on raw",
		"Azure Service Bus Data Sender on jobs", "Azure Service Bus Data Sender on queue exports",
	},
	"migrate": {"AcrPull on registry"},
	"operate": {
		"AcrPull on registry", "Key Vault Secrets User on auth-key-pepper",
		"Storage Blob Data Reader on raw", "Storage Blob Data Reader on outputs", "Storage Blob Data Reader on exports",
		"Azure Service Bus Data Sender on jobs", "Azure Service Bus Data Sender on queue exports",
		"Azure Service Bus Data Receiver on jobs", "Azure Service Bus Data Receiver on queue exports",
	},
	"scaler": {"Azure Service Bus Data Owner on jobs", "Azure Service Bus Data Owner on queue exports"},
}

// githubRights are what the workflows may do: bring images, apps and scoring
// deployments, and give AcrPull to a new endpoint.
var githubRights = []string{
	"Reader on group", "Container Apps Contributor on group", "Container Apps Jobs Contributor on group", "Managed Identity Operator on an app's identity",
	"AcrPush on registry", "Container Registry Tasks Contributor on registry", "Role Based Access Control Administrator on registry",
	"AzureML Data Scientist on workspace",
}

// mollieRight is held by the roles that make payments, where credits are charged.
const mollieRight = "Key Vault Secrets User on mollie-api-key"

// signInSecret is the API's, where browsers sign in with an issuer.
const signInSecret = "auth-client-secret"

// grants lists what the plan gives to each identity.
func (p *policy) grants() map[string][]string {
	out := map[string][]string{}
	for _, r := range p.plan.Find("Microsoft.Authorization/roleAssignments") {
		who, _, _ := strings.Cut(strings.Trim(fmt.Sprint(r.Get("properties", "principalId")), "<>"), ".")
		id := fmt.Sprint(r.Get("properties", "roleDefinitionId"))
		role, ok := roleNames[id[strings.LastIndexByte(id, '/')+1:]]
		if !ok {
			p.say(r, "the role %s is not one of OPAL's", id)
			continue
		}
		p.want(r, "ServicePrincipal", "properties", "principalType")
		scope := r.Scope[strings.LastIndexByte(r.Scope, '/')+1:]
		switch {
		case r.Scope == "" && who != "github":
			p.say(r, "it is for the whole resource group")
			continue
		case r.Scope == "":
			scope = "group"
		case role == "Managed Identity Operator":
			scope = "an app's identity"
		case who == "github" && scope != "workspace" && role != "AzureML Data Scientist":
			scope = "registry"
		case role == "AzureML Data Scientist":
			scope = "workspace"
		case role == "AcrPull":
			scope = "registry"
		case role == "Storage Blob Delegator":
			scope = "account"
		case scope == "exports" && strings.Contains(r.Scope, "Microsoft.ServiceBus"):
			scope = "queue exports"
		}
		if condition := fmt.Sprint(r.Get("properties", "condition")); role == "Role Based Access Control Administrator" &&
			(strings.Count(condition, ":GuidEquals {7f951dda-4ed3-4680-a7ca-43fe172d538d}") != 2 || r.Get("properties", "conditionVersion") != "2.0") {
			p.say(r, "%s may give itself any right", who)
		}
		out[who] = append(out[who], role+" on "+scope)
	}
	return out
}

// mayRead reports whether an identity may read a secret of the vault.
func (p *policy) mayRead(identity, secret string) bool {
	silent := &policy{plan: p.plan, env: p.env}
	return slices.Contains(silent.grants()[identity], "Key Vault Secrets User on "+secret)
}

// identities compares what is given with what is needed.
func (p *policy) identities(billed bool) {
	given := p.grants()
	rights := maps.Clone(rights)
	if p.scenario.ground["githubSubject"] != nil {
		rights["github"] = githubRights
	}
	for _, who := range slices.Sorted(maps.Keys(rights)) {
		needed := slices.Clone(rights[who])
		if (who == "billing" || who == "api") && billed {
			needed = append(needed, mollieRight)
		}
		if who == "api" && slices.Contains(p.scenario.secrets, signInSecret) {
			needed = append(needed, "Key Vault Secrets User on "+signInSecret)
		}
		if who == "orchestrator" {
			for _, secret := range p.scenario.secrets {
				if secret == signInSecret {
					continue
				}
				needed = append(needed, "Key Vault Secrets User on "+secret)
			}
			if p.scenario.tokens {
				needed = append(needed, "AzureML Data Scientist on workspace")
			}
		}
		for _, r := range needed {
			if !slices.Contains(given[who], r) {
				p.found = append(p.found, fmt.Sprintf("identity %s lacks %s", who, r))
			}
		}
		for _, r := range given[who] {
			if !slices.Contains(needed, r) {
				p.found = append(p.found, fmt.Sprintf("identity %s needs no %s", who, r))
			}
		}
	}
	for who := range given {
		if _, ok := rights[who]; !ok {
			p.found = append(p.found, "rights for somebody unknown: "+who)
		}
	}
	if n := len(p.plan.Find("Microsoft.ManagedIdentity/userAssignedIdentities")); n != len(rights) {
		p.found = append(p.found, fmt.Sprintf("%d identities, %d wanted", n, len(rights)))
	}
}

// nameRules holds Azure's rules for names, by type: the greatest length and the letters.
var nameRules = map[string]struct {
	most    int
	letters *regexp.Regexp
}{
	"Microsoft.Storage/storageAccounts":                                             {24, regexp.MustCompile(`^[a-z0-9]{3,}$`)},
	"Microsoft.KeyVault/vaults":                                                     {24, regexp.MustCompile(`^[a-zA-Z]([a-zA-Z0-9]|-[a-zA-Z0-9]){2,}$`)},
	"Microsoft.ServiceBus/namespaces":                                               {50, regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9-]{4,}[a-zA-Z0-9]$`)},
	"Microsoft.ContainerRegistry/registries":                                        {50, regexp.MustCompile(`^[a-zA-Z0-9]{5,}$`)},
	"Microsoft.App/containerApps":                                                   {32, regexp.MustCompile(`^[a-z]([a-z0-9]|-[a-z0-9])+$`)},
	"Microsoft.App/jobs":                                                            {32, regexp.MustCompile(`^[a-z]([a-z0-9]|-[a-z0-9])+$`)},
	"Microsoft.App/managedEnvironments":                                             {32, regexp.MustCompile(`^[a-z]([a-z0-9]|-[a-z0-9])+$`)},
	"Microsoft.DBforPostgreSQL/flexibleServers":                                     {63, regexp.MustCompile(`^[a-z0-9][a-z0-9-]+[a-z0-9]$`)},
	"Microsoft.MachineLearningServices/workspaces":                                  {33, regexp.MustCompile(`^[a-zA-Z0-9][a-zA-Z0-9_-]{2,}$`)},
	"Microsoft.OperationalInsights/workspaces":                                      {63, regexp.MustCompile(`^[a-zA-Z0-9][a-zA-Z0-9-]{2,}[a-zA-Z0-9]$`)},
	"Microsoft.ManagedIdentity/userAssignedIdentities":                              {63, regexp.MustCompile(`^[a-zA-Z0-9][a-zA-Z0-9_-]{2,}$`)}, // 63: a database user has this name
	"Microsoft.Storage/storageAccounts/blobServices/containers":                     {63, regexp.MustCompile(`^[a-z0-9]([a-z0-9]|-[a-z0-9])+$`)},
	"Microsoft.ServiceBus/namespaces/queues":                                        {260, regexp.MustCompile(`^[a-zA-Z0-9][a-zA-Z0-9._-]+$`)},
	"Microsoft.Insights/actionGroups":                                               {260, regexp.MustCompile(`^[^<>*%&:?+/\\]+$`)},
	"Microsoft.Network/privateDnsZones":                                             {63, regexp.MustCompile(`^(.*\.postgres\.database\.azure\.com|privatelink\.[a-z.]+)$`)},
	"Microsoft.Network/networkSecurityGroups":                                       {80, regexp.MustCompile(`^[a-zA-Z0-9][a-zA-Z0-9._-]+$`)},
	"Microsoft.Network/privateEndpoints":                                            {64, regexp.MustCompile(`^[a-zA-Z0-9][a-zA-Z0-9._-]+$`)},
	"Microsoft.Network/privateEndpoints/privateDnsZoneGroups":                       {80, regexp.MustCompile(`^default$`)},
	"Microsoft.Authorization/locks":                                                 {90, regexp.MustCompile(`^[a-zA-Z0-9_-]+$`)},
	"Microsoft.Consumption/budgets":                                                 {63, regexp.MustCompile(`^[a-zA-Z0-9_-]+$`)},
	"Microsoft.Insights/diagnosticSettings":                                         {260, regexp.MustCompile(`^[a-zA-Z0-9_-]+$`)},
	"Microsoft.Insights/webtests":                                                   {260, regexp.MustCompile(`^[a-zA-Z0-9_-]+$`)},
	"Microsoft.Insights/workbooks":                                                  {36, guidName},
	"Microsoft.OperationalInsights/queryPacks":                                      {63, regexp.MustCompile(`^[a-zA-Z0-9][a-zA-Z0-9-]{2,}$`)},
	"Microsoft.OperationalInsights/queryPacks/queries":                              {36, guidName},
	"Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials": {120, regexp.MustCompile(`^[a-zA-Z0-9][a-zA-Z0-9_-]{2,}$`)},
	"Microsoft.Storage/storageAccounts/managementPolicies":                          {7, regexp.MustCompile(`^default$`)},
	"Microsoft.Network/privateDnsZones/virtualNetworkLinks":                         {80, regexp.MustCompile(`^[a-zA-Z0-9][a-zA-Z0-9._-]+$`)},
	"Microsoft.DBforPostgreSQL/flexibleServers/databases":                           {63, regexp.MustCompile(`^[a-z][a-z0-9_]+$`)},
	"Microsoft.DBforPostgreSQL/flexibleServers/firewallRules":                       {80, regexp.MustCompile(`^[a-zA-Z0-9_-]+$`)},
	"Microsoft.Insights/metricAlerts":                                               {260, regexp.MustCompile(`^[a-zA-Z0-9_-]+$`)},
	"Microsoft.Insights/scheduledQueryRules":                                        {260, regexp.MustCompile(`^[a-zA-Z0-9_-]+$`)},
	"Microsoft.Insights/components":                                                 {260, regexp.MustCompile(`^[a-zA-Z0-9_-]+$`)},
	"Microsoft.Network/virtualNetworks":                                             {64, regexp.MustCompile(`^[a-zA-Z0-9][a-zA-Z0-9._-]+$`)},
	"Microsoft.Storage/storageAccounts/blobServices":                                {7, regexp.MustCompile(`^default$`)},
	"Microsoft.DBforPostgreSQL/flexibleServers/administrators":                      {200, regexp.MustCompile(`.`)},
	"Microsoft.Authorization/roleAssignments":                                       {36, guidName},
}

var guidName = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)

// resourceNames checks every name's length and letters, and that none is there twice.
func (p *policy) resourceNames() {
	seen := map[string]bool{}
	for _, r := range p.plan.Resources {
		if r.Existing {
			continue
		}
		rule, ok := nameRules[r.Type]
		own := r.Name[strings.LastIndexByte(r.Name, '/')+1:]
		switch {
		case !ok:
			p.say(r, "the rules for names of this type are not known")
		case len(own) > rule.most || !rule.letters.MatchString(own):
			p.say(r, "Azure refuses this name (at most %d characters)", rule.most)
		case strings.HasSuffix(own, "-sb") || strings.HasSuffix(own, "-mgmt"):
			p.say(r, "Service Bus reserves names that end so")
		}
		if r.Type == "Microsoft.Authorization/roleAssignments" && strings.Contains(r.Scope, "<") {
			p.say(r, "its scope is not known before the deployment")
		}
		id := r.Type + " " + r.Name + " " + r.Scope
		if seen[id] {
			p.say(r, "it is there twice")
		}
		seen[id] = true
	}
}

// queueSettings are fixed when a queue is made.
var queueSettings = map[string]any{
	"lockDuration": "PT1M", "maxDeliveryCount": 10, "deadLetteringOnMessageExpiration": true,
	"requiresDuplicateDetection": true, "duplicateDetectionHistoryTimeWindow": "PT10M", "enablePartitioning": false, "requiresSession": false,
}

// ground checks queues, storage, database, vault and registry.
func (p *policy) ground() {
	var queues []string
	for _, r := range p.plan.Find("Microsoft.ServiceBus/namespaces/queues") {
		queues = append(queues, r.Name[strings.LastIndexByte(r.Name, '/')+1:])
		for _, k := range slices.Sorted(maps.Keys(queueSettings)) {
			p.want(r, queueSettings[k], "properties", k)
		}
	}
	slices.Sort(queues)
	if !slices.Equal(queues, []string{"exports", "jobs"}) {
		p.found = append(p.found, fmt.Sprintf("the queues are %v", queues))
	}
	for _, r := range p.plan.Find("Microsoft.ServiceBus/namespaces") {
		p.want(r, true, "properties", "disableLocalAuth")
	}
	var containers []string
	for _, r := range p.plan.Find("Microsoft.Storage/storageAccounts/blobServices/containers") {
		containers = append(containers, r.Name[strings.LastIndexByte(r.Name, '/')+1:])
		p.want(r, "None", "properties", "publicAccess")
	}
	slices.Sort(containers)
	if !slices.Equal(containers, []string{"exports", "outputs", "raw"}) {
		p.found = append(p.found, fmt.Sprintf("the containers are %v", containers))
	}
	for _, r := range p.plan.Find("Microsoft.Storage/storageAccounts") {
		p.want(r, false, "properties", "allowBlobPublicAccess")
		p.want(r, true, "properties", "supportsHttpsTrafficOnly")
		p.want(r, false, "properties", "allowSharedKeyAccess")
	}
	for _, r := range p.plan.Find("Microsoft.Storage/storageAccounts/blobServices") {
		p.want(r, true, "properties", "deleteRetentionPolicy", "enabled")
		rules := list(r.Get("properties", "cors", "corsRules"))
		if len(rules) != 1 || !strings.Contains(fmt.Sprint(rules[0]["allowedHeaders"]), "x-ms-blob-type") || strings.Contains(fmt.Sprint(rules[0]["allowedOrigins"]), "*") {
			p.say(r, "the console's page must be able to upload, and no other: %v", rules)
		}
	}
	for _, r := range p.plan.Find("Microsoft.DBforPostgreSQL/flexibleServers") {
		p.want(r, "Enabled", "properties", "authConfig", "activeDirectoryAuth")
		p.want(r, "Disabled", "properties", "authConfig", "passwordAuth")
		inside := r.Get("properties", "network", "delegatedSubnetResourceId") != nil && r.Get("properties", "network", "privateDnsZoneArmResourceId") != nil
		rules := p.plan.Find("Microsoft.DBforPostgreSQL/flexibleServers/firewallRules")
		if !inside && len(rules) == 0 {
			p.say(r, "nobody can reach it: neither a subnet nor a firewall rule")
		}
		for _, f := range rules {
			p.want(f, "0.0.0.0", "properties", "startIpAddress")
			p.want(f, "0.0.0.0", "properties", "endIpAddress")
		}
	}
	for _, r := range p.plan.Find("Microsoft.KeyVault/vaults") {
		p.want(r, true, "properties", "enableRbacAuthorization")
		p.want(r, true, "properties", "enablePurgeProtection")
	}
	if n := len(p.plan.Find("Microsoft.KeyVault/vaults/secrets")); n > 0 {
		p.found = append(p.found, "a deployment writes secrets; their values would be in its history")
	}
	for _, r := range p.plan.Find("Microsoft.ContainerRegistry/registries") {
		p.want(r, false, "properties", "adminUserEnabled")
	}
	for _, r := range p.plan.Resources {
		// Diagnostic settings only exist as preview versions, and so does the OpenTelemetry agent.
		agent := p.scenario.ground["traces"] == true && strings.HasSuffix(r.File, "host-traced.bicep")
		if strings.Contains(r.APIVersion, "preview") && r.Type != "Microsoft.Insights/diagnosticSettings" && !agent {
			p.say(r, "its API version %s is a preview", r.APIVersion)
		}
	}
}

// jobs checks the jobs of the migration and of the operators.
func (p *policy) jobs() {
	want := map[string]appRole{
		"opal-migrate": {command: "migrate", identity: "migrate"},
		"opal-operate": {command: "doctor", identity: "operate"},
	}
	var users []string
	for _, name := range slices.Sorted(maps.Keys(appRoles)) {
		users = append(users, name+"-"+p.env)
	}
	users = append(users, "opal-operate-"+p.env)
	slices.Sort(users)
	for _, r := range p.plan.Find("Microsoft.App/jobs") {
		base := strings.TrimSuffix(r.Name, "-"+p.env)
		a, ok := want[base]
		containers := list(r.Get("properties", "template", "containers"))
		args := []any{}
		if len(containers) == 1 {
			args, _ = containers[0]["args"].([]any)
		}
		if !ok || len(args) == 0 || args[0] != a.command {
			p.say(r, "no job of OPAL is called so and does this")
			continue
		}
		if a.command == "migrate" {
			granted := []string{}
			if len(args) > 2 && args[1] == "--grant-to" {
				granted = strings.Split(fmt.Sprint(args[2]), ",")
				slices.Sort(granted)
			}
			if len(args) != 5 || args[3] != "--read-to" || args[4] != "azure_pg_admin" {
				p.say(r, "those who administer the server may not look at a row")
			}
			if !slices.Equal(granted, users) {
				p.say(r, "it gives the database's rows to %v, the roles are %v", granted, users)
			}
		}
		p.container(r, containers[0], p.roles[a.command], a)
		p.want(r, "Manual", "properties", "configuration", "triggerType")
		delete(want, base)
	}
	for name := range want {
		p.found = append(p.found, "there is no job "+name)
	}
}

// check runs every policy.
func (p *policy) check() []string {
	p.apps()
	p.jobs()
	p.identities(p.scenario.billed)
	p.resourceNames()
	p.ground()
	p.foundation()
	p.connections()
	p.alerts()
	p.guards()
	return p.found
}
