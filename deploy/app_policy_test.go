package deploy

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/opal-photo/opal/app"
	"github.com/opal-photo/opal/config"
	"github.com/opal-photo/opal/deploy/internal/bicep"
)

// appRole says which role an app runs and as whom.
type appRole struct{ command, identity, queue string }

// appRoles holds every app that the contract names.
var appRoles = map[string]appRole{
	"opal-web-api":         {command: "serve-api", identity: "api"},
	"opal-orchestrator":    {command: "orchestrate", identity: "orchestrator", queue: "jobs"},
	"opal-export-worker":   {command: "export", identity: "export", queue: "exports"},
	"opal-billing-service": {command: "billing", identity: "billing"},
}

// livenessPaths are served by the code: the API's own, and the probes' of others.
var livenessPaths = map[string]string{"serve-api": "/healthz", "billing": "/healthz"}

// The platform's limits.
const (
	graceLimit = 600 * time.Second
	graceSpare = 30 * time.Second
)

// pair is a setting and the command of an app or a job that has it.
type pair struct{ command, setting string }

// policy collects what is wrong with a plan.
type policy struct {
	plan  *bicep.Plan
	env   string
	roles map[string]config.Role
	names []string // of every setting
	found []string

	reads    map[string][]string // the settings that the code of a role or of a job reaches
	given    map[pair]bool       // settings that apps and jobs have
	scenario scenario
}

func (p *policy) say(r *bicep.Resource, format string, args ...any) {
	p.found = append(p.found, fmt.Sprintf("%s: %s", r, fmt.Sprintf(format, args...)))
}

func (p *policy) want(r *bicep.Resource, want any, path ...string) {
	if got := r.Get(path...); fmt.Sprint(got) != fmt.Sprint(want) {
		p.say(r, "%s is %v, must be %v", strings.Join(path, "."), got, want)
	}
}

func list(v any) []map[string]any {
	var out []map[string]any
	items, _ := v.([]any)
	for _, item := range items {
		if m, ok := item.(map[string]any); ok {
			out = append(out, m)
		}
	}
	return out
}

// apps checks the four container apps.
func (p *policy) apps() {
	seen := map[string]bool{}
	for _, r := range p.plan.Find("Microsoft.App/containerApps") {
		base := strings.TrimSuffix(r.Name, "-"+p.env)
		a, ok := appRoles[base]
		if !ok {
			p.say(r, "no app of OPAL has this name")
			continue
		}
		seen[base] = true
		p.app(r, a)
	}
	for name := range appRoles {
		if !seen[name] {
			p.found = append(p.found, "there is no app "+name+"-"+p.env)
		}
	}
}

func (p *policy) app(r *bicep.Resource, a appRole) {
	containers := list(r.Get("properties", "template", "containers"))
	if len(containers) != 1 {
		p.say(r, "it must have one container")
		return
	}
	c := containers[0]
	args, _ := c["args"].([]any)
	if len(args) == 0 || args[0] != a.command {
		p.say(r, "it runs %v, must run %s", args, a.command)
		return
	}
	needs, ok := p.roles[a.command]
	if !ok {
		p.say(r, "the code has no role %s", a.command)
		return
	}
	p.container(r, c, needs, a)
	p.probes(r, c, a, args)
	p.lifecycle(r, a)
}

// container checks image, environment and secrets of the container of an app or a job.
func (p *policy) container(r *bicep.Resource, c map[string]any, needs config.Role, a appRole) {
	if image, _ := c["image"].(string); !strings.Contains(image, "@sha256:") {
		p.say(r, "its image is %q, not one by digest", image)
	}
	if who := fmt.Sprint(r.Get("properties", "configuration", "registries")); !strings.Contains(who, "userAssignedIdentities/") {
		p.say(r, "it pulls its image with no identity")
	}
	secrets := map[string]string{}
	for _, s := range list(r.Get("properties", "configuration", "secrets")) {
		url, inVault := s["keyVaultUrl"].(string)
		if !inVault && s["name"] == "aml-endpoint-key" && p.scenario.apps["scoringKey"] == s["value"] {
			secrets["aml-endpoint-key"] = "aml-endpoint-key" // from the workflow's secrets
			continue
		}
		name := url[strings.LastIndexByte(url, '/')+1:]
		secrets[fmt.Sprint(s["name"])] = name
		if !p.mayRead(a.identity, name) {
			p.say(r, "its identity may not read the secret %q", name)
		}
	}
	var environ, given []string
	for _, e := range list(c["env"]) {
		name, _ := e["name"].(string)
		value, _ := e["value"].(string)
		if ref, ok := e["secretRef"].(string); ok {
			if _, ok := secrets[ref]; !ok {
				p.say(r, "%s refers to the secret %s, which it does not have", name, ref)
			}
			delete(secrets, ref)
			value = "a-secret-of-the-vault"
		} else if strings.Contains(name, "KEY") || strings.Contains(name, "CONNECTION_STRING") {
			p.say(r, "%s is a secret and is written out", name)
		}
		if !slices.Contains(p.names, name) {
			p.say(r, "no code reads %s", name)
		} else if !slices.Contains(p.reads[a.command], name) {
			p.found = append(p.found, fmt.Sprintf("role %s does not read %s: take it from the app in deploy/apps.bicep", a.command, name))
		} else if why := needless(a.command, name); why != "" {
			p.found = append(p.found, fmt.Sprintf("role %s is given %s, although: %s", a.command, name, why))
		}
		if slices.Contains(given, name) {
			p.say(r, "%s is given twice", name)
		}
		given = append(given, name)
		p.given[pair{a.command, name}] = true
		environ = append(environ, name+"="+onlyAzureKnows.ReplaceAllString(value, "x.example.com"))
		p.refersTo(r, name, value)
	}
	for name := range secrets {
		p.say(r, "the secret %s is given to no setting", name)
	}
	cfg, err := config.Load("", environ)
	if err == nil {
		err = cfg.Validate(needs, false, app.CheckEngines)
	}
	if err != nil {
		p.say(r, "the settings don't pass: %v", err)
		return
	}
	if cfg.Environment != p.env {
		p.say(r, "ENV_NAME is %s", cfg.Environment)
	}
	if id := "<" + a.identity + ".properties.clientId>"; !slices.ContainsFunc(list(c["env"]), func(e map[string]any) bool { return e["name"] == "AZURE_CLIENT_ID" && e["value"] == id }) {
		p.say(r, "AZURE_CLIENT_ID is not its own identity's")
	}
	if needs.Database && !strings.Contains(cfg.Database.URL.Value(), "://"+r.Name+"@") {
		p.say(r, "its user in the database must be its identity's name")
	}
}

// onlyAzureKnows is text that a plan can't know.
var onlyAzureKnows = regexp.MustCompile(`<[^<>]*>`)

// leftOut are the settings that no app on Azure is given, and why. Whoever adds a
// setting gives it to the apps that read it, or says here why not.
var leftOut = map[string]string{
	"STORAGE_CONNECTION_STRING":          "identities have no keys",
	"SERVICEBUS_CONNECTION_STRING":       "identities have no keys",
	"STORAGE_ENDPOINT":                   "the account's public name resolves to its private endpoint",
	"STORAGE_DIR":                        "embedded",
	"STORAGE_URL_KEY":                    "embedded",
	"AUTH_ROLE_CLAIM":                    "the default claim is Entra's own for roles of an app",
	"AUTH_SIGN_IN_SCOPES":                "the default suits",
	"AUTH_SESSION_LIFE":                  "the default suits",
	"AUTH_SESSION_IDLE":                  "the default suits",
	"MOLLIE_API_URL":                     "there is one Mollie",
	"REMOVEBG_API_URL":                   "there is one remove.bg",
	"PHOTOROOM_API_URL":                  "there is one Photoroom",
	"RATE_LIMIT_BURST":                   "the default suits",
	"WORKER_LEASE":                       "the default suits a lock of a minute",
	"SCORE_KEY":                          "the scoring service runs on Azure ML: ml/deployment*.yml",
	"SCORE_AUTH":                         "the scoring service runs on Azure ML: ml/deployment*.yml",
	"REVIEW_BELOW":                       "its default is what the engines are calibrated to; brands choose for themselves",
	"CHANNELS_DIR":                       "an image that carries channels of its own sets it",
	"MODELS_DIR":                         "an image that carries a model sets it: deploy/engines.md",
	"CUTOUT_MODEL":                       "an image that carries a model carries one",
	"CUTOUT_DEVICE":                      "an image that carries CUDA sets it: ml/cutout/Dockerfile",
	"CUTOUT_RUNTIME":                     "the library lies beside the program in the image",
	"SCORE_ENGINE":                       "the scoring service runs on Azure ML: ml/deployment*.yml",
	"SCORE_ALLOWED_HOSTS":                "the scoring service runs on Azure ML: ml/deployment*.yml",
	"SCORE_ALLOWED_NETWORKS":             "the scoring service runs on Azure ML: ml/deployment*.yml",
	"EGRESS_ALLOWED_NETWORKS":            "refused in production; on Azure customers' URLs lead to public addresses",
	"METRICS_LISTEN":                     "nothing on Azure scrapes: figures go by the platform's own",
	"OTEL_EXPORTER_OTLP_ENDPOINT":        "the environment's OpenTelemetry agent sets it: the runbook's The watch",
	"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "for other collectors than the environment's agent",
	"OTEL_EXPORTER_OTLP_PROTOCOL":        "the environment's OpenTelemetry agent sets it: the runbook's The watch",
	"OTEL_EXPORTER_OTLP_HEADERS":         "for other collectors than the environment's agent",
	"OTEL_SERVICE_NAME":                  "the role's name suits",
	"OTEL_RESOURCE_ATTRIBUTES":           "for other collectors than the environment's agent",
	"OTEL_TRACES_SAMPLER":                "all are recorded; the runbook's The watch says how to record fewer",
	"OTEL_TRACES_SAMPLER_ARG":            "all are recorded; the runbook's The watch says how to record fewer",
	"OTEL_TRACES_EXPORTER":               "for other collectors than the environment's agent",
	"OTEL_SDK_DISABLED":                  "for other collectors than the environment's agent",
	"BILLING_LOW_BELOW":                  "the default suits",
	"STORAGE_CORS_ORIGINS":               "the storage account has CORS rules of its own: modules/storage.bicep",
	"SCORE_CONCURRENCY":                  "the scoring service runs on Azure ML: ml/deployment*.yml",

	"OTEL_METRICS_EXPORTER":               "Application Insights takes no figures from the agent; the workbook reads the log",
	"OTEL_EXPORTER_OTLP_METRICS_ENDPOINT": "for other collectors than the environment's agent",
}

// notFor are the settings that the code of some commands reaches and that they are not
// given, and why: those whose names begin so.
var notFor = []struct {
	settings string
	commands []string
	why      string
}{
	{"BACKGROUND", []string{"orchestrate", "export", "migrate", "doctor"}, "a revision of it is never tried beside another"},
	{"WORKER_", []string{"serve-api", "billing", "migrate", "doctor"}, "it has no workers, and an end of its own"},
	{"MOLLIE_", []string{"orchestrate", "export", "doctor"}, "the payments' key is for those who take payments"},
	{"PUBLIC_BASE_URL", []string{"orchestrate", "export"}, "it gives out no address: payments begin in the API"},
	{"AUTH_KEY_PEPPER", []string{"orchestrate", "export"}, "it checks no key and sends no webhook"},
	{"AUTH_CLIENT_", []string{"billing", "doctor"}, "browsers sign in at the API"},
	{"RATE_PROXIES", []string{"billing"}, "guests come to the API"},
	{"RETENTION_", []string{"orchestrate", "export"}, "the API's sweep deletes"},
	{"RATE_", []string{"doctor"}, "it answers nobody"},
	{"AML_", []string{"doctor"}, "the operators' job has no engines"},
	{"CUTOUT_ENDPOINT_", []string{"doctor"}, "the operators' job has no engines"},
	{"CUTOUT_ENGINE", []string{"billing"}, "previews are the API's"},
	{"PLACE_", []string{"doctor"}, "the operators' job has no engines"},
	{"REMOVEBG_", []string{"doctor"}, "the operators' job has no engines"},
	{"PHOTOROOM_", []string{"doctor"}, "the operators' job has no engines"},
}

// needless returns why a command is not given a setting that its code reaches, or "".
func needless(command, setting string) string {
	for _, n := range notFor {
		if strings.HasPrefix(setting, n.settings) && slices.Contains(n.commands, command) {
			return n.why
		}
	}
	return ""
}

// neverGiven compares the settings that the code reads with those that some app
// or job was given under some parameters.
func neverGiven(names []string, reads map[string][]string, had map[pair]bool) []string {
	var found []string
	given := map[string]bool{}
	for had := range had {
		given[had.setting] = true
	}
	for command, settings := range reads {
		if command == "score" { // cutout-app.bicep and ml/ run it
			continue
		}
		for _, name := range settings {
			if given[name] && !had[pair{command, name}] && needless(command, name) == "" {
				found = append(found, "role "+command+" is not given "+name+", which its code reads: add it to the app in deploy/apps.bicep (a list there serves several apps), or say in notFor of "+
					"deploy/app_policy_test.go why it does without")
			}
		}
	}
	for _, n := range notFor {
		for _, command := range n.commands {
			if !slices.ContainsFunc(names, func(name string) bool {
				return strings.HasPrefix(name, n.settings) && slices.Contains(reads[command], name)
			}) {
				found = append(found, "role "+command+" reads no setting "+n.settings+", which notFor of deploy/app_policy_test.go excuses")
			}
		}
	}
	for _, name := range names {
		why := leftOut[name]
		if !given[name] && why == "" {
			found = append(found, "no app is given "+name+": add it to the apps whose code reads it in deploy/apps.bicep (where they get it under a "+
				"condition, add a scenario to deploy/scenarios_test.go in which that holds), or say in leftOut of deploy/app_policy_test.go why none gets it")
		}
		if given[name] && why != "" {
			found = append(found, name+" is given, although: "+why)
		}
	}
	for name := range leftOut {
		if !slices.Contains(names, name) {
			found = append(found, "no code reads "+name+", which is left out")
		}
	}
	return found
}

// refersTo checks that the queue, container or account that a setting names is
// one that the deployment makes.
func (p *policy) refersTo(r *bicep.Resource, setting, value string) {
	typ := map[string]string{
		"SERVICEBUS_NAMESPACE": "Microsoft.ServiceBus/namespaces", "SERVICEBUS_JOBS_QUEUE": "Microsoft.ServiceBus/namespaces/queues",
		"SERVICEBUS_EXPORTS_QUEUE": "Microsoft.ServiceBus/namespaces/queues", "STORAGE_ACCOUNT_NAME": "Microsoft.Storage/storageAccounts",
		"STORAGE_RAW_CONTAINER":     "Microsoft.Storage/storageAccounts/blobServices/containers",
		"STORAGE_OUTPUTS_CONTAINER": "Microsoft.Storage/storageAccounts/blobServices/containers",
		"STORAGE_EXPORTS_CONTAINER": "Microsoft.Storage/storageAccounts/blobServices/containers",
	}[setting]
	if typ == "" {
		return
	}
	value = value[strings.LastIndexByte(value, '/')+1:]
	if !slices.ContainsFunc(p.plan.Find(typ), func(x *bicep.Resource) bool { return x.Name[strings.LastIndexByte(x.Name, '/')+1:] == value }) {
		p.say(r, "%s is %s, which the deployment does not make", setting, value)
	}
}

// idlePeriod is the least pace of readiness probes, in seconds: each asks the database
// and the storage account.
const idlePeriod = 15

// probes checks that there are three and that they reach what the code serves.
func (p *policy) probes(r *bicep.Resource, c map[string]any, a appRole, args []any) {
	port := ""
	if i := slices.Index(args, any("--listen")); i >= 0 && i+1 < len(args) {
		port = strings.TrimPrefix(fmt.Sprint(args[i+1]), ":")
	}
	live := livenessPaths[a.command]
	if live == "" {
		live = "/livez"
	}
	paths := map[string]string{"Startup": live, "Liveness": live, "Readiness": "/readyz"}
	for _, probe := range list(c["probes"]) {
		get, _ := probe["httpGet"].(map[string]any)
		kind := fmt.Sprint(probe["type"])
		if get["path"] != paths[kind] || fmt.Sprint(get["port"]) != port {
			p.say(r, "the %s probe asks %v on port %v, the code answers %s on %s", kind, get["path"], get["port"], paths[kind], port)
		}
		if period, _ := probe["periodSeconds"].(int64); kind == "Readiness" && period < idlePeriod {
			p.say(r, "readiness is asked every %d s: a replica that answers that often is billed as active", period)
		}
		delete(paths, kind)
	}
	for kind := range paths {
		p.say(r, "it has no %s probe", kind)
	}
	if ingress, ok := r.Get("properties", "configuration", "ingress").(map[string]any); ok && fmt.Sprint(ingress["targetPort"]) != port {
		p.say(r, "ingress goes to port %v, the code listens on %s", ingress["targetPort"], port)
	}
}

// lifecycle checks revisions, scaling and how long a stop may take.
func (p *policy) lifecycle(r *bicep.Resource, a appRole) {
	grace, _ := r.Get("properties", "template", "terminationGracePeriodSeconds").(int64)
	drain := 60 * time.Second // drain time of the API and of the scoring service
	for _, e := range list(list(r.Get("properties", "template", "containers"))[0]["env"]) {
		if e["name"] == "WORKER_DRAIN" {
			drain, _ = time.ParseDuration(fmt.Sprint(e["value"]))
		}
	}
	if g := time.Duration(grace) * time.Second; g < drain+graceSpare || g > graceLimit {
		p.say(r, "the platform waits %s, the code drains for %s (at most %s are allowed)", g, drain, graceLimit)
	}
	if a.queue == "" {
		p.want(r, "Multiple", "properties", "configuration", "activeRevisionsMode")
		p.want(r, true, "properties", "configuration", "ingress", "external")
		p.want(r, false, "properties", "configuration", "ingress", "allowInsecure")
		total := 0
		for _, t := range list(r.Get("properties", "configuration", "ingress", "traffic")) {
			w, _ := strconv.Atoi(fmt.Sprint(t["weight"]))
			total += w
		}
		if total != 100 {
			p.say(r, "its traffic adds up to %d", total)
		}
		return
	}
	p.want(r, "Single", "properties", "configuration", "activeRevisionsMode")
	p.want(r, nil, "properties", "configuration", "ingress")
	p.want(r, 0, "properties", "template", "scale", "minReplicas")
	rules := list(r.Get("properties", "template", "scale", "rules"))
	if len(rules) != 1 {
		p.say(r, "scaled to nothing and without one rule it never starts")
		return
	}
	rule, _ := rules[0]["custom"].(map[string]any)
	meta, _ := rule["metadata"].(map[string]any)
	queue := fmt.Sprint(meta["queueName"])
	if rule["type"] != "azure-servicebus" || queue[strings.LastIndexByte(queue, '/')+1:] != a.queue || !strings.HasSuffix(fmt.Sprint(rule["identity"]), "opal-scaler-"+p.env) {
		p.say(r, "it must scale by queue %s with the scaler's identity: %v", a.queue, rule)
	}
}
