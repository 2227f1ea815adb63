package deploy_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var (
	workflowSetting = regexp.MustCompile(`(?:vars|secrets)\.([A-Z0-9_]+)`)
	alertName       = regexp.MustCompile(`(?s)resource \w+ 'Microsoft\.Insights/(?:metricAlerts|scheduledQueryRules)@[^']*' = (?:if \([^)]*\) )?\{\s*name: '(opal-[a-z-]+)-\$\{`)
	alertRow        = regexp.MustCompile("(?m)^\\| `(opal-[a-z-]+)-dev` \\| [^|]* \\| [^|]* \\|$")
	ownFile         = regexp.MustCompile(`\b(?:deploy|ml)/[A-Za-z0-9_./-]*[A-Za-z0-9]`)
)

// checkRunbook holds the runbook to what it tells of: the workflow's settings, the
// alerts, the files; and its commands to bash.
func checkRunbook(t *testing.T, text, workflowText, alerts string) []string {
	var found []string
	say := func(format string, args ...any) { found = append(found, fmt.Sprintf(format, args...)) }
	for _, m := range workflowSetting.FindAllStringSubmatch(workflowText, -1) {
		if !regexp.MustCompile(`\b(?:set_var|gh secret set) `+m[1]+`\b`).MatchString(text) && !slices.Contains(found, "not set: "+m[1]) {
			say("not set: %s", m[1])
		}
	}
	var made, told []string
	for _, m := range alertName.FindAllStringSubmatch(alerts, -1) {
		made = append(made, m[1])
	}
	_, section, _ := strings.Cut(text, "\n## Alerts\n")
	section, _, _ = strings.Cut(section, "\n## ")
	for _, m := range alertRow.FindAllStringSubmatch(section, -1) {
		told = append(told, m[1])
	}
	slices.Sort(made)
	slices.Sort(told)
	if len(made) == 0 || !slices.Equal(made, told) {
		say("alerts: there are %v, told of are %v", made, told)
	}
	for _, path := range ownFile.FindAllString(text, -1) {
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

func runbookParts(t *testing.T) (text, workflowText, alerts string) {
	t.Helper()
	var parts []string
	for _, path := range []string{"README.md", filepath.Join(workflowFolder, deployWorkflow), "modules/alerts.bicep"} {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		parts = append(parts, string(b))
	}
	return parts[0], parts[1], parts[2]
}

func TestRunbookTellsOfWhatThereIs(t *testing.T) {
	text, workflowText, alerts := runbookParts(t)
	if n := len(commands(text)); n < 10 {
		t.Fatalf("only %d blocks of commands", n)
	}
	for _, f := range checkRunbook(t, text, workflowText, alerts) {
		t.Error(f)
	}
}

func TestRunbookRulesBite(t *testing.T) {
	text, workflowText, alerts := runbookParts(t)
	for _, c := range []struct{ old, new, want string }{
		{"set_var OPAL_REGISTRY", "set_var OPAL_ACR", "not set: OPAL_REGISTRY"},
		{"gh secret set OPAL_SMOKE_KEY", "gh secret set SMOKE", "not set: OPAL_SMOKE_KEY"},
		{"| `opal-errors-dev`", "| `opal-mistakes-dev`", "alerts: there are"},
		{"deploy/grants.sql", "deploy/rights.sql", "there is no deploy/rights.sql"},
		{"    for p in App", "    fi; for p in App", "bash does not read"},
	} {
		planted := strings.ReplaceAll(text, c.old, c.new)
		if found := strings.Join(checkRunbook(t, planted, workflowText, alerts), "\n"); planted == text || !strings.Contains(found, c.want) {
			t.Errorf("%q for %q is not found, only: %s", c.new, c.old, found)
		}
	}
}
