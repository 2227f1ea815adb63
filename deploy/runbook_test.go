package deploy_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/opal-photo/opal/deploy/internal/bicep"
)

var (
	workflowSetting = regexp.MustCompile(`(?:vars|secrets)\.([A-Z0-9_]+)`)
	alertRow        = regexp.MustCompile("(?m)^\\| `(opal-[a-z0-9-]+)`[^|]* \\| [^|]* \\| [^|]* \\|$")
	ownFile         = regexp.MustCompile(`\b(?:deploy|ml)/[A-Za-z0-9_./-]*[A-Za-z0-9]`)
)

// checkRunbook holds the runbook to what it tells of: the workflow's settings, the
// alerts, the files; and its commands to bash.
func checkRunbook(t *testing.T, text, scripted, workflowText string, made []string) []string {
	var found []string
	say := func(format string, args ...any) { found = append(found, fmt.Sprintf(format, args...)) }
	for _, m := range workflowSetting.FindAllStringSubmatch(workflowText, -1) {
		if !regexp.MustCompile(`\b(?:set_var|gh secret set) `+m[1]+`\b`).MatchString(text+scripted) && !slices.Contains(found, "not set: "+m[1]) {
			say("not set: %s", m[1])
		}
	}
	var told []string
	_, section, _ := strings.Cut(text, "\n## Alerts\n")
	section, _, _ = strings.Cut(section, "\n## ")
	for _, m := range alertRow.FindAllStringSubmatch(section, -1) {
		told = append(told, m[1])
	}
	slices.Sort(told)
	if len(made) == 0 || !slices.Equal(made, told) {
		say("alerts: there are %v, told of are %v", made, told)
	}
	found = append(found, leadsNowhere(text)...)
	for _, path := range ownFile.FindAllString(strings.ReplaceAll(text, "$OPAL_ENVIRONMENT", "dev"), -1) {
		if _, err := os.Stat(filepath.Join("..", path)); err != nil {
			say("there is no %s", path)
		}
	}
	for _, block := range commands(text) {
		if err := parses(t, block); err != nil {
			say("bash does not read:\n%s\n%v", block, err)
		}
	}
	return found
}

var (
	heading    = regexp.MustCompile(`(?m)^#{1,3} (.+)$`)
	quotedPart = regexp.MustCompile(`"([A-Z][A-Za-z0-9 .,'-]{2,})"`)
	stepOf     = regexp.MustCompile(`\((\d)\.[^)\d]*\)`)
	mailedPart = regexp.MustCompile(`README\.md#([a-z0-9-]+)`)
	described  = regexp.MustCompile(`README\.md(?:\*\*)?,? "([A-Z][^"]+)"`)
)

// elsewhere are phrases in quotes that name a part of something else.
var elsewhere = []string{
	"Test 1", "Test 2", "Test 3", "Key Vault Secrets Officer", "Cognitive Services OpenAI User",
	"Cut-outs as a service", // ml/README.md
}

// leadsNowhere looks up what the runbook, its alerts and scripts refer to: parts by
// their heading, saved queries by their title, steps by their number.
func leadsNowhere(text string) []string {
	var found []string
	known := slices.Clone(elsewhere)
	slugs := map[string]bool{}
	mailed, _, _ := strings.Cut(text, "\n# Choosing engines") // README.md alone
	for _, m := range heading.FindAllStringSubmatch(text, -1) {
		known = append(known, m[1])
	}
	for _, m := range heading.FindAllStringSubmatch(mailed, -1) {
		slugs[strings.ReplaceAll(strings.ToLower(m[1]), " ", "-")] = true
	}
	// Parts of a heading or of a paragraph's beginning will do: "By azd".
	begins := func(what string) bool {
		return slices.ContainsFunc(known, func(k string) bool { return strings.HasPrefix(k, what) }) || strings.Contains(text, "\n"+what) || strings.Contains(text, "\n**"+what)
	}
	alerts, _ := os.ReadFile("modules/alerts.bicep")
	for _, m := range quotedPart.FindAllStringSubmatch(text, -1) {
		if !begins(m[1]) && !strings.Contains(string(alerts), "title: '"+m[1]) {
			found = append(found, "no part is called "+m[1])
		}
	}
	for _, m := range stepOf.FindAllStringSubmatch(text, -1) {
		if !begins(m[1] + ". ") {
			found = append(found, "there is no step "+m[1])
		}
	}
	scripts, _ := filepath.Glob("*.sh")
	templates, _ := filepath.Glob("modules/*.bicep")
	for _, path := range append(scripts, templates...) {
		b, _ := os.ReadFile(path)
		for _, m := range mailedPart.FindAllStringSubmatch(string(b), -1) {
			if !slugs[m[1]] {
				found = append(found, path+" links to #"+m[1])
			}
		}
		for _, m := range described.FindAllStringSubmatch(string(b), -1) {
			if !begins(m[1]) {
				found = append(found, path+" names the part "+m[1])
			}
		}
	}
	return found
}

// commands returns the runbook's indented blocks.
func commands(text string) []string {
	var blocks, block []string
	for _, line := range append(strings.Split(text, "\n"), "") {
		if after, ok := strings.CutPrefix(line, "    "); ok {
			block = append(block, strings.TrimSpace(after))
			continue
		}
		if line == "" && len(block) > 0 {
			blocks = append(blocks, strings.Join(block, "\n"))
			block = nil
		}
	}
	return blocks
}

func runbookParts(t *testing.T) (text, scripted, workflowText string, alerts []string) {
	t.Helper()
	for _, name := range allWorkflows {
		workflowText += string(readWorkflow(t, name))
	}
	plan, err := bicep.EvaluateWith("ground.dev.bicepparam", map[string]any{"watchApps": true, "watchEndpoint": "e", "alertEmail": "you@example.com"})
	if err != nil {
		t.Fatal(err)
	}
	for _, typ := range []string{"Microsoft.Insights/metricAlerts", "Microsoft.Insights/scheduledQueryRules", "Microsoft.Consumption/budgets"} {
		for _, r := range plan.Find(typ) {
			// one row tells of all four apps
			if name := strings.TrimSuffix(r.Name, "-dev"); !strings.HasPrefix(name, "opal-restarts-") || strings.HasSuffix(name, "-web-api") {
				alerts = append(alerts, name)
			}
		}
	}
	slices.Sort(alerts)
	// the pages beside it are one with it, but that mails lead to the first alone
	return readFile(t, "README.md") + "\n" + readFile(t, "engines.md") + "\n" + readFile(t, "upgrade.md"), readFile(t, "github.sh"), workflowText, alerts
}

func TestRunbookTellsOfWhatThereIs(t *testing.T) {
	text, scripted, workflowText, alerts := runbookParts(t)
	if n := len(commands(text)); n < 10 {
		t.Fatalf("only %d blocks of commands", n)
	}
	for _, f := range checkRunbook(t, text, scripted, workflowText, alerts) {
		t.Error(f)
	}
}

func TestRunbookRulesBite(t *testing.T) {
	text, scripted, workflowText, alerts := runbookParts(t)
	for _, c := range []struct{ old, new, want string }{
		{"set_var OPAL_REGISTRY", "set_var OPAL_ACR", "not set: OPAL_REGISTRY"},
		{"gh secret set OPAL_SMOKE_KEY", "gh secret set SMOKE", "not set: OPAL_SMOKE_KEY"},
		{"| `opal-errors`", "| `opal-mistakes`", "alerts: there are"},
		{"deploy/users.sql", "deploy/rights.sql", "there is no deploy/rights.sql"},
		{"    az login", "    fi; az login", "bash does not read"},
		{"### Putting back", "### Restoring", "no part is called Putting back"},
		{"saved query \"API calls", "saved query \"Calls", "no part is called Calls by route"},
		{"## Alerts", "## Warnings", "env.sh links to #alerts"},
		{"### 8. The watch", "### The watch", "there is no step 8"},
	} {
		t.Run(c.want, func(t *testing.T) {
			planted, script := strings.ReplaceAll(text, c.old, c.new), strings.ReplaceAll(scripted, c.old, c.new)
			if found := strings.Join(checkRunbook(t, planted, script, workflowText, alerts), "\n"); planted+script == text+scripted || !strings.Contains(found, c.want) {
				t.Errorf("%q for %q is not found, only: %s", c.new, c.old, found)
			}
		})
	}
}

// Every line of the first deployment, in order and in one shell, as a reader types them:
// against stand-ins, from an empty subscription to the watched apps.
func TestRunbookWalk(t *testing.T) {
	page := readFile(t, "README.md")
	from, to := strings.Index(page, "\n## Before you begin"), strings.Index(page, "\n### By azd")
	if from < 0 || to < from {
		t.Fatal("the first deployment is not where it was")
	}
	for _, environment := range []string{"dev", "prod"} {
		t.Run(environment, func(t *testing.T) {
			t.Parallel()
			env, record := azureTools(t)
			var lines []string
			for _, block := range commands(page[from:to]) {
				for _, line := range strings.Split(strings.ReplaceAll(block, "env.sh dev", "env.sh "+environment), "\n") {
					if environment == "dev" && strings.Contains(line, "OPAL_SELLER") || // of prod alone
						strings.HasPrefix(line, "deploy/smoke.sh") || strings.HasPrefix(line, "deploy/preflight.sh") {
						continue // both have tests of their own
					}
					if environment == "prod" {
						line = strings.Replace(line, "deploy/github.sh", "deploy/github.sh opal-dev", 1)
					}
					lines = append(lines, strings.Replace(line, "read -rs OPAL_API_KEY", "read -rs OPAL_API_KEY <<<opal_k", 1))
				}
			}
			out, ok := script(t, env, "-c", "cd .. && set -euo pipefail\n"+strings.Join(lines, "\n"))
			if !ok {
				t.Fatalf("%s\n%s", strings.Join(lines, "\n"), out)
			}
			at := 0
			called := readFile(t, record)
			for _, want := range []string{
				"group create -n opal-" + environment, "ad group create --display-name opal-dba-" + environment, "GROUND=you@example.com ADMIN=people SECRETS= ",
				"--name auth-key-pepper --file", "acr build --registry reg --image opal:first", "ml online-endpoint create -n opal-sd-placement-" + environment,
				"ml online-deployment create", "instance_type=Standard_DS2_v2 environment_variables.ENV_NAME=" + environment, "--name aml-endpoint-key --file", "SECRET=something",
				"SECRETS=aml-endpoint-key auth-key-pepper ", "-v env=" + environment + " -f deploy/users.sql as opal-dba-" + environment + " with token at pg.example.com", "APPS=false",
				"job start --resource-group opal-" + environment + " --name opal-migrate-" + environment, "APPS=true", "--command /opt/opal/opal tenants create smoke",
				"gh secret set OPAL_SMOKE_KEY --env " + environment + " opal_k", "WATCH=true ENDPOINT=opal-sd-placement-" + environment,
			} {
				i := strings.Index(called[at:], want)
				if i < 0 {
					t.Fatalf("after %d: no %s in\n%s", at, want, called)
				}
				at += i
			}
			for _, other := range []string{"dev", "prod"} {
				if other != environment && regexp.MustCompile(`(group|name|-n) opal-[a-z-]*`+other+`\b`).MatchString(strings.ReplaceAll(called, "acr list --resource-group opal-dev", "")) {
					t.Errorf("a line is about %s", other)
				}
			}
		})
	}
}
