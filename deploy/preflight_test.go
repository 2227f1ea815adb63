package deploy_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// tools writes stand-ins for programs into a folder and returns a PATH that finds
// them first.
func tools(t *testing.T, scripts map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, body := range scripts {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\n"+body), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	return "PATH=" + dir + ":" + os.Getenv("PATH")
}

// subscription is an az of a subscription that has all, or lacks what FAULT says.
const subscription = `
case "$*" in
"version "*) if [ "$FAULT" = old ]; then echo '{"azure-cli": "2.86.0"}'; else echo '{"azure-cli": "2.91.0"}'; fi ;;
"extension list"*) [ "$FAULT" = extension ] || echo ml; [ "$FAULT" = containerapp ] || echo containerapp ;;
"group exists"*) if [ "$FAULT" = group ]; then echo true; else echo false; fi ;;
"account show"*) [ "$FAULT" != login ] || exit 1; echo '{"id": "s", "name": "Example"}' ;;
"ad signed-in-user"*) echo me ;;
"role assignment list"*/resourceGroups/*) echo Owner ;;
"role assignment list"*)
	echo Contributor
	case $FAULT in roles | group) ;; locks) echo Role Based Access Control Administrator ;; *) echo User Access Administrator ;; esac ;;
"provider list"*)
	for p in App Cdn Consumption ContainerInstance ContainerRegistry DBforPostgreSQL Insights KeyVault MachineLearningServices ManagedIdentity Network \
		OperationalInsights PolicyInsights ServiceBus Storage; do
		state=Registered; [ "$FAULT$p" != providerCdn ] || state=NotRegistered
		printf '{"name": "Microsoft.%s", "state": "%s"}\n' $p $state
	done | jq -s . ;;
"provider register"*) echo "$*" >>"$RECORD" ;;
"postgres flexible-server list-skus"*)
	name=Standard_B1ms; [ "$FAULT" != postgres ] || name=Standard_B2ms
	modes='["ZoneRedundant", "SameZone"]'; [ "$FAULT" != zones ] || modes='["SameZone"]'
	printf '[{"reason": null, "supportedServerEditions": [{"name": "Burstable", "supportedServerSkus": [{"name": "%s", "supportedHaMode": %s}, {"name": "Standard_D2ds_v5", "supportedHaMode": %s}]}]}]\n' $name "$modes" "$modes" ;;
"rest --method get"*) free=4; [ "$FAULT" != quota ] || free=2; printf '{"value": [{"name": {"value": "standardDSv2Family"}, "limit": %s, "currentValue": 0}]}\n' $free ;;
"keyvault list-deleted"*) [ "$FAULT" != deleted ] || echo opal-kv-dev-abc ;;
"storage account check-name"*) if [ "$FAULT" = name ]; then echo false; else echo true; fi ;;
"acr check-name"*) echo true ;;
*) echo "not expected: az $*" >&2; exit 64 ;;
esac
`

func TestPreflightSaysWhatIsMissing(t *testing.T) {
	for _, c := range []struct {
		name, fault, environment string
		args, more               []string
		want                     string // "" for nothing to do
	}{
		{name: "all there", environment: "dev"},
		{name: "all there, prod", environment: "prod"},
		{name: "an az that knows the firewall rule's old flags", fault: "old", environment: "dev", want: "az is 2.86.0, 2.87.0 or newer is needed"},
		{name: "no extension", fault: "extension", environment: "dev", want: "do: az extension add -n ml"},
		{name: "no extension for the jobs' lines", fault: "containerapp", environment: "dev", want: "do: az extension add -n containerapp"},
		{name: "rights on the group alone", fault: "group", environment: "dev"},
		{name: "azd elsewhere", environment: "dev", more: []string{"AZURE_SUBSCRIPTION_ID=other"}, want: "do: az account set -s other"},
		{name: "no cores, none wanted", fault: "quota", environment: "dev", more: []string{"OPAL_WITHOUT_ENDPOINT=true"}},
		{name: "nobody logged in", fault: "login", environment: "dev", want: "do: az login"},
		{name: "no right to give rights", fault: "roles", environment: "dev", want: "neither Owner, nor Contributor and Role Based Access Control Administrator"},
		{name: "rights, but not to the locks of prod", fault: "locks", environment: "prod", want: "but not set the locks"},
		{name: "rights, and no locks in dev", fault: "locks", environment: "dev"},
		{name: "a provider", fault: "provider", environment: "dev", want: "the provider Microsoft.Cdn is NotRegistered"},
		{name: "a provider, registered", fault: "provider", environment: "dev", args: []string{"--register"}},
		{name: "no such server", fault: "postgres", environment: "dev", want: "Postgres Standard_B1ms can't be had in westeurope"},
		{name: "no second zone", fault: "zones", environment: "prod", want: "has no ZoneRedundant in westeurope"},
		{name: "no second zone, none wanted", fault: "zones", environment: "dev"},
		{name: "no cores", fault: "quota", environment: "dev", want: "2 cores of standardDSv2Family are free in Azure ML, Standard_DS2_v2 needs 4"},
		{name: "a vault that was deleted", fault: "deleted", environment: "dev", want: "opal-kv-dev-abc"},
		{name: "a name that is taken", fault: "name", environment: "dev", want: "the name opalstdevabcdef is taken"},
		{name: "an environment without parameters", environment: "qa", want: "there is no"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			record := filepath.Join(t.TempDir(), "record")
			path := tools(t, map[string]string{"az": subscription, "gh": "exit 0\n", "psql": "echo 'psql (PostgreSQL) 18.1'\n"})
			env := []string{path, "FAULT=" + c.fault, "RECORD=" + record, "OPAL_SUFFIX=abcdef"}
			out, ok := script(t, append(env, c.more...), append([]string{"preflight.sh", c.environment, "westeurope"}, c.args...)...)
			if ok != (c.want == "") || !strings.Contains(out, c.want) || ok && !strings.Contains(out, "ready for README.md") {
				t.Errorf("passed %v: %s", ok, out)
			}
			if len(c.args) > 0 {
				if called, err := os.ReadFile(record); err != nil || !strings.Contains(string(called), "Microsoft.Cdn") {
					t.Errorf("registered %q: %v", called, err)
				}
			}
		})
	}
}

func TestWaitRevision(t *testing.T) {
	for _, c := range []struct {
		state string
		ok    bool
		want  string
	}{
		{"Running", true, ""},
		{"ScaledToZero", true, ""},
		{"RunningAtMaxScale", true, ""},
		{"Failed", false, "a--r1 is Failed"},
		{"Processing", false, "a--r1 is Processing"},
	} {
		t.Run(c.state, func(t *testing.T) {
			t.Parallel()
			env := []string{tools(t, map[string]string{"az": "echo $STATE\n", "sleep": "exit 0\n"}), "STATE=" + c.state, "OPAL_REVISION_WAIT=20"}
			out, ok := script(t, env, "wait-revision.sh", "g", "a", "r1")
			if ok != c.ok || !strings.Contains(out, c.want) {
				t.Errorf("passed %v: %s", ok, out)
			}
		})
	}
}
