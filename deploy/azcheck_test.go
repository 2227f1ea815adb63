package deploy_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// az is a Python that has the real az, which .ci/test-dependencies installs from
// azcheck/requirements.txt.
const azPython = "../.build/azcli/bin/python"

// extensionFlags are the flags of commands that are extensions, which can't be had
// from a registry: those that OPAL uses and their neighbours, as the reference
// says (learn.microsoft.com/cli/azure/ml/online-endpoint, …/online-deployment,
// …/model, …/compute; seen 2026-11). A flag in ! must be given.
var extensionFlags = map[string][]string{
	"ml online-endpoint create":          {"!--file", "--name", "--set", "--auth-mode", "--no-wait"},
	"ml online-endpoint update":          {"--name", "--file", "--traffic", "--mirror-traffic", "--defaults", "--set", "--add", "--remove", "--no-wait"},
	"ml online-endpoint show":            {"!--name"},
	"ml online-endpoint list":            {},
	"ml online-endpoint delete":          {"!--name", "--yes", "--no-wait"},
	"ml online-endpoint get-credentials": {"!--name"},
	"ml online-endpoint regenerate-keys": {"!--name", "--key-type", "--key-value", "--no-wait"},
	"ml online-endpoint invoke":          {"!--name", "--request-file", "--deployment-name", "--params-override"},
	"ml online-deployment create":        {"!--file", "--name", "--endpoint-name", "--all-traffic", "--set", "--no-wait", "--skip-script-validation"},
	"ml online-deployment update":        {"--file", "--name", "--endpoint-name", "--set", "--add", "--remove", "--no-wait"},
	"ml online-deployment show":          {"!--name", "!--endpoint-name"},
	"ml online-deployment list":          {"!--endpoint-name"},
	"ml online-deployment delete":        {"!--name", "!--endpoint-name", "--yes", "--no-wait"},
	"ml online-deployment get-logs":      {"!--name", "!--endpoint-name", "--lines", "--container", "--instance-id"},
	"ml model create":                    {"--file", "--name", "--version", "--type", "--path", "--set", "--stage"},
	"ml compute list-usage":              {"--location"},
	// the extension containerapp
	"containerapp job logs show": {"!--name", "!--container", "--execution", "--replica", "--follow", "--tail", "--format"},
	// the extension log-analytics
	"monitor log-analytics query": {"!--workspace", "!--analytics-query", "--timespan"},
}

// everywhere are the flags that each command of az takes, and az ml besides.
var everywhere = []string{"--output", "--query", "--only-show-errors", "--resource-group", "--workspace-name", "--subscription", "--verbose", "--debug"}

var shortFlags = map[string]string{"-n": "--name", "-f": "--file", "-e": "--endpoint-name", "-g": "--resource-group", "-w": "--workspace-name", "-o": "--output", "-y": "--yes", "-d": "--deployment-name", "-r": "--request-file", "-l": "--lines"}

// extensionFault says what is wrong with a call of az ml, "" for nothing.
func extensionFault(words []string) string {
	n := slices.IndexFunc(words, func(w string) bool { return strings.HasPrefix(w, "-") })
	if n < 0 {
		n = len(words)
	}
	name := strings.Join(words[:n], " ")
	flags, ok := extensionFlags[name]
	if !ok {
		return name + " is no command of the table"
	}
	var given []string
	for _, w := range words[n:] {
		if !strings.HasPrefix(w, "-") {
			continue
		}
		flag, _, _ := strings.Cut(w, "=")
		if long, ok := shortFlags[flag]; ok {
			flag = long
		}
		switch {
		case name == "ml compute list-usage" && flag == "--lines":
			flag = "--location"
		case name == "monitor log-analytics query" && flag == "--workspace-name":
			flag = "--workspace"
		}
		if !slices.Contains(everywhere, flag) && !slices.Contains(flags, flag) && !slices.Contains(flags, "!"+flag) {
			return name + " takes no " + w
		}
		given = append(given, flag)
	}
	for _, f := range flags {
		if must, ok := strings.CutPrefix(f, "!"); ok && !slices.Contains(given, must) {
			return name + " needs " + must
		}
	}
	return ""
}

// azFaults has every command parsed and returns what is wrong with them.
func azFaults(t *testing.T, all []azCommand) []string {
	t.Helper()
	if testing.Short() {
		t.Skip("not among the short tests: it starts the real az")
	}
	python, err := filepath.Abs(azPython)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(python); err != nil {
		if os.Getenv("OPAL_REQUIRE_ALL") == "1" {
			t.Fatal("the real az is missing: make test-dependencies")
		}
		t.Skip("the real az is missing: make test-dependencies")
	}
	var found []string
	var parsed []azCommand
	lists := [][]string{}
	for _, c := range all {
		line := strings.Join(c.words, " ")
		if c.words[0] == "ml" || strings.HasPrefix(line, "monitor log-analytics query ") || strings.HasPrefix(line, "containerapp job logs ") {
			if fault := extensionFault(c.words); fault != "" {
				found = append(found, c.where+": az "+fault)
			}
			continue
		}
		parsed = append(parsed, c)
		if !slices.ContainsFunc(c.words, func(w string) bool { return strings.HasPrefix(w, "-") }) {
			c.words = append(c.words, "--help") // only named: is there such a command?
		}
		lists = append(lists, c.words)
	}
	in, err := json.Marshal(lists)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), python, "-B", "azcheck/azcheck.py")
	cmd.Stdin = bytes.NewReader(in)
	// az keeps an index of its commands there, and nothing else
	cmd.Env = append(os.Environ(), "AZURE_CONFIG_DIR="+filepath.Join(filepath.Dir(filepath.Dir(python)), "config"))
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %s", err, errs.String())
	}
	var said []string
	if err := json.Unmarshal(out, &said); err != nil || len(said) != len(parsed) {
		t.Fatalf("%v: %s", err, out)
	}
	for i, s := range said {
		if s != "" {
			found = append(found, fmt.Sprintf("%s: az %s: %s", parsed[i].where, strings.Join(parsed[i].words, " "), s))
		}
	}
	return found
}

// TestAzTakesEveryCommand parses every command that people and workflows are to
// run, and some that az must refuse.
func TestAzTakesEveryCommand(t *testing.T) {
	t.Parallel()
	all := everyAzCommand(t)
	if len(all) < 120 {
		t.Fatalf("only %d commands were found", len(all))
	}
	planted := []string{
		"az postgres flexible-server firewall-rule create -g g -n server -r me --start-ip-address 1.2.3.4",
		"az deployment group create -g g --parameters-file x",
		"az containerapp ingress traffic put -g g -n n",
		"az keyvault secret list --vault-name v --query '[.name'",
		"az keyvault secrets list",
		"az ml online-endpoint show --endpoint e",
		"az ml online-deployment show -n blue",
		"az ml online-deployment restart -n blue",
		"az containerapp job logs show -g g -n j --run r --container opal",
		"x=$(az acr manifest show-metadata -r r --nome x)",
		`args=(--nome x); az acr list "${args[@]}"`,
		"echo x | xargs -n 1 az lock remove --name",
	}
	for _, script := range planted {
		commands, err := azCommands(script, script)
		if err != nil || len(commands) != 1 {
			t.Fatalf("%v, %v", commands, err)
		}
		all = append(all, commands...)
	}
	for _, say := range []string{"say \"look at it: az acr list --registrie $REGISTRY\" >&2"} { // and those that are said
		commands, err := azCommands("said", strings.Join(told(say), "\n"))
		if err != nil || len(commands) != 1 {
			t.Fatalf("%v, %v", commands, err)
		}
		all, planted = append(all, commands...), append(planted, "said")
	}
	found := azFaults(t, all)
	for _, script := range planted {
		t.Run(script, func(t *testing.T) {
			n := len(found)
			found = slices.DeleteFunc(found, func(f string) bool { return strings.HasPrefix(f, script+":1: ") })
			if len(found) == n {
				t.Errorf("az takes %s", script)
			}
		})
	}
	for _, f := range found {
		t.Error(f)
	}
}
