package deploy_test

import (
	"os"
	"path/filepath"
	"slices"
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
"extension list"*) [ "$FAULT" = extension ] || echo ml ;;
"account show"*) [ "$FAULT" != login ] || exit 1; echo '{"id": "s", "name": "Example"}' ;;
"ad signed-in-user"*) echo me ;;
"role assignment list"*) if [ "$FAULT" = roles ]; then echo Contributor; else printf 'Contributor\nRole Based Access Control Administrator\n'; fi ;;
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
		args                     []string
		want                     string // "" for nothing to do
	}{
		{name: "all there", environment: "dev"},
		{name: "all there, prod", environment: "prod"},
		{name: "an az that knows the firewall rule's old flags", fault: "old", environment: "dev", want: "az is 2.86.0, 2.87.0 or newer is needed"},
		{name: "no extension", fault: "extension", environment: "dev", want: "do: az extension add -n ml"},
		{name: "nobody logged in", fault: "login", environment: "dev", want: "do: az login"},
		{name: "no right to give rights", fault: "roles", environment: "dev", want: "neither Owner, nor Contributor and Role Based Access Control Administrator"},
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
			out, ok := script(t, env, append([]string{"preflight.sh", c.environment, "westeurope"}, c.args...)...)
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

// azure is an az that remembers what was made, so that a second run finds it.
const azure = `
echo "$*" >>"$RECORD"
made() { grep -q -- "$1" "$RECORD"; }
case "$*" in
"group exists"*) made "^group create" && echo true || echo false ;;
"ad signed-in-user"*) echo me ;;
"ad group list"*) made "ad group create" && echo people || true ;;
"ad group create"*) echo people ;;
"deployment group show"*registryName*) echo reg ;;
"deployment group show"*vaultName*) echo vault ;;
"deployment group show"*storageName*) echo store ;;
"deployment group show"*workspaceName*) echo ws ;;
"deployment group show"*postgresHost*) echo pg.example.com ;;
"deployment group show"*apiUrl*) echo https://api.example.com ;;
"deployment group create"*) echo "APPS=$OPAL_DEPLOY_APPS" >>"$RECORD"; [ "$FAULT" != deploy ] || exit 1 ;;
"keyvault secret list"*) sed -n 's/^keyvault secret set .*--name \([a-z-]*\) .*/\1/p' "$RECORD" | sort -u ;;
"acr repository list"*) sed -n 's/^acr build .*--image \([a-z-]*\):.*/\1/p' "$RECORD" | sort -u ;;
"acr manifest list-metadata"*) echo sha256:1 ;;
"acr manifest show-metadata"*) echo sha256:2 ;;
"ml online-endpoint list"*) ! made "ml online-endpoint create" || echo opal-sd-placement-dev ;;
"ml online-deployment list"*) ! made "ml online-deployment create" || echo blue ;;
"containerapp job start"*) echo run-1 ;;
"containerapp job execution show"*) echo Succeeded ;;
"containerapp revision show"*) echo Running ;;
*show*|*get-credentials*) echo something ;;
esac
`

// The first deployment in one go, twice: the second run makes nothing anew.
func TestFirstMayBeRepeated(t *testing.T) {
	record := filepath.Join(t.TempDir(), "record")
	if err := os.WriteFile(record, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	env := []string{
		tools(t, map[string]string{"az": azure, "curl": "echo 192.0.2.1\n", "psql": "echo \"psql $*\" >>\"$RECORD\"\n", "sleep": "exit 0\n"}),
		"RECORD=" + record, "OPAL_ROLE_WAIT=0", "AZURE_ENV_NAME=",
	}
	once := []string{
		"\ngroup create", "\nad group create", "--name auth-key-pepper --value", "--name aml-endpoint-key", "--image opal:c-", "--image opal-score:c-",
		"ml online-endpoint create", "ml online-deployment create",
	}
	for run := 1; run <= 2; run++ {
		out, ok := script(t, env, "first.sh", "after", "dev", "opal-dev", "westeurope")
		if !ok || !strings.Contains(out, "the API is at https://api.example.com") {
			t.Fatalf("run %d: %s", run, out)
		}
		called := readFile(t, record)
		for _, want := range once {
			if n := strings.Count(called, want); n != 1 {
				t.Errorf("after run %d %q was done %d times:\n%s", run, want, n, called)
			}
		}
		for _, want := range []string{"users.sql", "job start --resource-group opal-dev --name opal-migrate-dev", "firewall-rule delete"} {
			if n := strings.Count(called, want); n < run {
				t.Errorf("after run %d %q was done %d times", run, want, n)
			}
		}
	}
	// azd deploy: the image that it pushed, by digest, for jobs, database and apps
	if err := os.WriteFile(record, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	pushed := append(slices.Clip(env), "SERVICE_OPAL_IMAGE_NAME=reg.azurecr.io/opal/opal-dev:azd-1")
	if out, ok := script(t, pushed, "first.sh", "published", "dev", "opal-dev", "westeurope"); !ok || !strings.Contains(out, "are at reg.azurecr.io/opal/opal-dev@sha256:2") {
		t.Errorf("after azd's push: %s", out)
	}
	called := readFile(t, record)
	last := -1
	for _, want := range []string{"--name opal/opal-dev:azd-1", "APPS=false", "job start --resource-group opal-dev --name opal-migrate-dev", "APPS=true"} {
		at := strings.Index(called, want)
		if at <= last || strings.Count(called, want) != 1 {
			t.Errorf("%q is not where it should be:\n%s", want, called)
		}
		last = at
	}
	if out, ok := script(t, env, "first.sh", "published", "dev", "opal-dev", "westeurope"); ok || !strings.Contains(out, "SERVICE_OPAL_IMAGE_NAME") {
		t.Errorf("without an image: %s", out)
	}
	if out, ok := script(t, env, "first.sh", "later", "dev", "opal-dev", "westeurope"); ok || !strings.Contains(out, "usage") {
		t.Errorf("a step that is none: %s", out)
	}
	if out, ok := script(t, append(env, "FAULT=deploy"), "first.sh", "after", "dev", "opal-dev", "westeurope"); ok {
		t.Errorf("a deployment that failed passes: %s", out)
	}
}
