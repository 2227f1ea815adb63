package deploy_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// azure is an az that remembers what was made, so that a second run finds it. What
// it was called with, and the settings of each deployment, are lines of RECORD.
const azure = `
echo "$*" >>"$RECORD"
[ -z "$BROKEN" ] || case "$*" in "$BROKEN"*) echo "no network" >&2; exit 1 ;; esac
made() { grep -q -- "$1" "$RECORD"; }
case "$*" in
ml\ *--workspace-name*) ;;
ml\ *) [ "$AZURE_DEFAULTS_WORKSPACE" = ws ] || { echo "ml: which workspace?" >&2; exit 1; } ;;
*) [ -z "$AZURE_DEFAULTS_GROUP$AZURE_DEFAULTS_WORKSPACE" ] || { echo "Resource group is redundant" >&2; exit 1; } ;;
esac
apps() { made "^APPS=true"; }
case "$*" in
"account show --query [id, tenantId, name] --output tsv") printf 's\nt\nExample\n' ;;
"account show"*) echo s ;;
"account get-access-token"*) echo token ;;
"group exists"*) made "^group create" && echo true || echo false ;;
"group show"*) expr "$*" : '.*--name \([^ ]*\)' | tr A-Z a-z; echo westeurope ;;
"ad signed-in-user"*) echo me ;;
"ad group list"*) made "ad group create" && echo people || true ;;
"ad group create"* | "ad group show"*) echo people ;;
"deployment group list"*) [ "$FAULT" != forgotten ] || exit 0; made "^GROUND=" && echo ground || true ;;
"deployment group show"*parameters*outputs*)
	email=$(sed -n 's/^GROUND=\([^ ]*\) .*/\1/p' "$RECORD" | tail -n 1)
	echo "{\"parameters\": {\"alertEmail\": {\"value\": \"$email\"}, \"databaseAdminName\": {\"value\": \"opal-dba-$OPAL_ENVIRONMENT\"}, \"databaseAdminObjectId\": {\"value\": \"people\"}, \"vaultSecrets\": {\"value\": [\"old\"]}, \"githubSubject\": {\"value\": \"$(sed -n 's/^GROUND=.* SUBJECT=\([^ ]*\) .*/\1/p' "$RECORD" | tail -n 1)\"}},"
	if [ "$FAULT" = halfway ]; then echo '"outputs": null}'; else echo '"outputs": {"registryName": {"value": "reg"}, "vaultName": {"value": "vault"}, "storageName": {"value": "store"}, "workspaceName": {"value": "ws"}, "postgresHost": {"value": "pg.example.com"}, "apiUrl": {"value": "https://opal-web-api-dev.example.com"}}}'; fi ;;
"deployment group show"*githubClientId*) echo client ;;
"deployment group create"*ground.*)
	echo "GROUND=$OPAL_ALERT_EMAIL ADMIN=$OPAL_DB_ADMIN_ID SECRETS=$OPAL_SECRETS SUBJECT=$OPAL_GITHUB_SUBJECT WATCH=$OPAL_WATCH_APPS ENDPOINT=$OPAL_WATCH_ENDPOINT RUNBOOK=$OPAL_RUNBOOK_URL BUDGET=$OPAL_BUDGET_START GB=$OPAL_POSTGRES_GB" >>"$RECORD"
	[ "$FAULT" != deploy ] || exit 1 ;;
"deployment group create"*)
	echo "APPS=$OPAL_DEPLOY_APPS IMAGE=$OPAL_IMAGE REVISION=$OPAL_REVISION STABLE=$OPAL_STABLE_API WORKERS=$OPAL_WORKER_REVISION URL=$AML_ENDPOINT_URL DOMAIN=$OPAL_CUSTOM_DOMAIN CERTIFICATE=$OPAL_CERTIFICATE_ID" >>"$RECORD"
	[ "$FAULT" != deploy ] || exit 1 ;;
"keyvault secret list"*) [ "$FAULT" != rights ] || made "^role assignment create --role Key Vault Secrets Officer" || exit 1
	sed -n 's/^keyvault secret set .*--name \([a-z-]*\) .*/\1/p' "$RECORD" | sort -u ;;
"keyvault secret set"*) echo "SECRET=$(cat "$(expr "$*" : '.*--file \([^ ]*\)')")" >>"$RECORD" ;;
"keyvault secret show"*tags.from*) sed -n 's/^keyvault secret set .*--name aml-endpoint-key .*--tags from=\([a-z]*\) .*/\1/p' "$RECORD" | tail -n 1 ;;
"consumption budget list"*) [ "$FAULT" != budget ] || exit 1; echo "$BUDGET" ;;
"postgres flexible-server show"*) if [ "$FAULT" = private ]; then echo Disabled; else echo Enabled; fi ;;
"postgres flexible-server list"*) echo 64 ;;
"lock list"*) echo /lock ;;
"acr list"*) echo /subscriptions/s/registries/devs ;;
"containerapp env list"*) echo opal-env-prod ;;
"containerapp env certificate create"*) exit 0 ;;
"containerapp env certificate list"*provisioningState*) if [ "$FAULT" = certificate ]; then echo Failed; elif [ "$(grep -c provisioningState "$RECORD")" -gt 2 ]; then echo Succeeded; else echo Pending; fi ;;
"containerapp env certificate list"*) ! made "certificate create" || echo /certificates/api ;;
"acr build"*) [ "$FAULT" != tasks ] || { echo "(TasksOperationsNotAllowed) not here" >&2; exit 1; }; [ "$FAULT" != build ] || { echo "no such base" >&2; exit 1; }
	[ "$FAULT" != hub ] || { echo "toomanyrequests: You have reached your unauthenticated pull rate limit" >&2; exit 1; } ;;
"acr repository list"*) sed -n 's/^acr build .*--image \([a-z-]*\):.*/\1/p' "$RECORD" | sort -u ;;
"acr manifest list-metadata"*) made "^acr build .*$(expr "$*" : ".*tags, .\([a-z0-9-]*\)")" && echo sha256:1 || true ;;
"acr manifest show-metadata"*) echo sha256:2 ;;
"ml online-endpoint list"*) ! made "ml online-endpoint create" || echo "${OTHER:-opal-sd-placement-$OPAL_ENVIRONMENT}" ;;
"ml online-deployment list"*instance_type*) echo "$SIZE" ;;
"ml online-deployment list"*) ! made "ml online-deployment create" || echo blue ;;
"ml online-endpoint show"*scoring_uri*) echo https://scoring.example.com/score ;;
"containerapp list"*) ! apps || printf "opal-%s-$OPAL_ENVIRONMENT\n" web-api orchestrator billing-service ;;
"containerapp job list"*) ! made "^APPS=" || echo "opal-migrate-$OPAL_ENVIRONMENT" ;;
"containerapp job show"*image*) sed -n 's/^APPS=.* IMAGE=\([^ ]*\) .*/\1/p' "$RECORD" | tail -n 1 ;;
"containerapp job show"*) echo '{"containers": [{"name": "opal", "image": "i"}]}' ;;
"containerapp job start"*) echo run-1 ;;
"containerapp job execution show"*) echo Succeeded ;;
"containerapp show"*latestRevisionName*) echo opal-web-api-dev--azd-7 ;;
"containerapp show"*--output\ json)
	echo '{"properties": {"template": {"containers": [{"args": ["serve-api"], "env": [{"name": "PUBLIC_BASE_URL", "value": "https://opal-web-api-dev.example.com"}, {"name": "AML_ENDPOINT_URL", "value": "https://scoring.example.com/score"}]}]}}}' ;;
"containerapp revision list"*image*) sed -n 's/^APPS=true IMAGE=\([^ ]*\) .*/\1/p' "$RECORD" | tail -n 1 ;;
"containerapp revision list"*trafficWeight*) # one that is up to now given the traffic
	sed -n 's/^APPS=true .*REVISION=\([^ ]*\) STABLE= .*/\1/p' "$RECORD" | tail -n 1 | sed "s/^/$(expr "$*" : '.*--name \([a-z-]*\)')--/" ;;
"containerapp revision list"*name!=*)
	sed -n 's/^APPS=true .*REVISION=\([^ ]*\) STABLE.*/\1/p' "$RECORD" | sed "s/^/$(expr "$*" : '.*--name \([a-z-]*\)')--/" |
		grep -vx -- "$(expr "$*" : ".*name!='\([a-z0-9-]*\)'")" || true ;;
"containerapp revision list"*name==*) expr "$*" : ".*name=='\([a-z0-9-]*\)'" ;;
"containerapp revision list"*--all*)
	app=$(expr "$*" : '.*--name \([a-z-]*\)')
	printf '[{"name": "%s", "properties": {"active": true, "trafficWeight": 100, "createdTime": "2026-02-03", "template": {"containers": [{"image": "i"}]}}},' "$app--r2-live"
	printf '{"name": "%s", "properties": {"active": false, "template": {"containers": [{"image": "i", "env": [{"name": "BACKGROUND", "value": "off"}]}]}}},' "$app--r1"
	printf '{"name": "%s", "properties": {"active": false, "template": {"containers": [{"image": "i", "env": []}]}}}]' "$app--r1-live" ;;
"containerapp revision list"*) printf 'opal-any--1\nopal-any--2\n' ;;
"containerapp revision show"*trafficWeight*) if [ "$FAULT" = traffic ]; then echo 0; else echo 100; fi ;;
"containerapp revision show"*) if [ "$FAULT" = candidate ]; then echo Failed; else echo Running; fi ;;
*show*|*get-credentials*) echo something ;;
esac
`

// second is a sleep that takes no time and a date that moves on a second with each
// look, for names that are made of it.
const second = `case $* in +%Y*) echo 2026-02-01; exit ;; esac
n=$(cat "$RECORD.date" 2>/dev/null || echo 1764327600); echo $((n + 1)) >"$RECORD.date"; echo $n
`

// github is a gh that is an admin's, writes down what it is told, and lacks reviewers
// where FAULT is reviewers, and has some where it is agreed.
const github = `[ "$FAULT" != stranger ] || exit 1
case "$*" in
*viewerPermission*) echo o/r ;;
*oidc*) echo repo:o@1/r@2 ;;
"api user"*) echo 7 ;;
"api repos/o/r/environments/prod-approval --jq "*) case $FAULT in agreed) echo '[{"type":"Team","id":9}]' ;; *) echo "HTTP 404" >&2; exit 1 ;; esac ;;
"api -X PUT"*)
	body=$(jq -c .)
	case "$FAULT$body" in reviewers*reviewers*) echo "HTTP 422" >&2; exit 1 ;; esac
	echo "gh $* $body" >>"$RECORD" ;;
"api -X POST"* | "api -X DELETE"* | "workflow run"*) echo "gh $*" >>"$RECORD" ;;
"secret set"*) echo "gh $* $(cat)" >>"$RECORD" ;;
"variable set"*) for last; do :; done; [ -n "$last" ] || exit 1; echo "gh $*" >>"$RECORD" ;;
esac
`

func azureTools(t *testing.T) (env []string, record string) {
	t.Helper()
	record = filepath.Join(t.TempDir(), "record")
	if err := os.WriteFile(record, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	return []string{
		tools(t, map[string]string{
			"az": azure, "curl": "echo 192.0.2.1\n", "pg_dump": "echo \"pg_dump $*\" >>\"$RECORD\"\n", "pg_restore": "echo \"pg_restore $* as $PGUSER with $PGPASSWORD at $PGHOST\" >>\"$RECORD\"\n",
			"psql":  "echo \"psql $* as $PGUSER with $PGPASSWORD at $PGHOST\" >>\"$RECORD\"; [ \"$FAULT\" != psql ]\n",
			"sleep": "exit 0\n", "docker": "echo \"docker $*\" >>\"$RECORD\"\n",
			"date": second, "gh": github, "git": "case \"$*\" in status*) echo \"$DIRTY\" ;; *) exec " + program(t, "git") + " \"$@\" ;; esac\n",
		}),
		"RECORD=" + record, "OPAL_ROLE_WAIT=0", "AZURE_ENV_NAME=", "AZURE_SUBSCRIPTION_ID=", "FAULT=", "OPAL_ENVIRONMENT=", "DIRTY=", "BUDGET=", "SIZE=", "OTHER=", "AZURE_DEFAULTS_GROUP=", "AZURE_DEFAULTS_WORKSPACE=",
	}, record
}

// deployments are the lines that the stand-in wrote of the apps' deployments.
func deployments(called string) []string {
	return slices.DeleteFunc(strings.Split(called, "\n"), func(l string) bool { return !strings.HasPrefix(l, "APPS=") })
}

// The first deployment in one go, twice: the second run makes nothing anew, and its
// revision has a name of its own.
func TestFirstMayBeRepeated(t *testing.T) {
	t.Parallel()
	env, record := azureTools(t)
	once := []string{
		"\ngroup create", "\nad group create", "--name auth-key-pepper --file", "--name aml-endpoint-key --file", "SECRET=something", "--image opal:first-", "--image opal-score:first-",
		"ml online-endpoint create", "ml online-deployment create",
	}
	for run := 1; run <= 2; run++ {
		out, ok := script(t, env, "first.sh", "after", "dev", "opal-dev", "westeurope")
		if !ok || !strings.Contains(out, "the API is at https://opal-web-api-dev.example.com") {
			t.Fatalf("run %d: %s", run, out)
		}
		called := readFile(t, record)
		for _, want := range once {
			if n := strings.Count(called, want); n != 1 {
				t.Errorf("after run %d %q was done %d times:\n%s", run, want, n, called)
			}
		}
		for _, want := range []string{"users.sql as opal-dba-dev with token at pg.example.com", "job start --resource-group opal-dev --name opal-migrate-dev", "firewall-rule delete"} {
			if n := strings.Count(called, want); n < run {
				t.Errorf("after run %d %q was done %d times", run, want, n)
			}
		}
	}
	called := readFile(t, record)
	var revisions []string
	for _, d := range deployments(called) {
		_, after, _ := strings.Cut(d, "REVISION=")
		name, _, _ := strings.Cut(after, " ")
		if strings.HasPrefix(d, "APPS=true") {
			revisions = append(revisions, name)
		}
	}
	if len(revisions) != 2 || revisions[0] == revisions[1] {
		t.Fatalf("revisions %v: a name that is taken is refused by Azure", revisions)
	}
	for _, app := range []string{"opal-web-api-dev", "opal-billing-service-dev"} {
		if want := "revision deactivate --resource-group opal-dev --name " + app + " --revision " + app + "--" + revisions[0]; !strings.Contains(called, want) {
			t.Errorf("the first revision goes on running: no %s", want)
		}
		if strings.Contains(called, "--revision "+app+"--"+revisions[1]+" --output none") {
			t.Errorf("%s: the new revision is stopped", app)
		}
	}
	grounds := strings.Count(called, "GROUND=")
	if want := "GROUND= ADMIN=people SECRETS=aml-endpoint-key auth-key-pepper SUBJECT=repo:o@1/r@2:environment:dev WATCH=true " +
		"ENDPOINT=opal-sd-placement-dev RUNBOOK=https://github.com/o/r/blob/main/deploy/README.md#alerts BUDGET=2026-02-01 GB=64"; grounds != 6 || !strings.Contains(called, want) {
		t.Errorf("%d times the ground, never %s:\n%s", grounds, want, called)
	}
	if out, ok := script(t, env, "first.sh", "later", "dev", "opal-dev", "westeurope"); ok || !strings.Contains(out, "usage") {
		t.Errorf("a step that is none: %s", out)
	}
	if out, ok := script(t, append(env, "FAULT=deploy"), "first.sh", "after", "dev", "opal-dev", "westeurope"); ok {
		t.Errorf("a deployment that failed passes: %s", out)
	}
	other := append(slices.Clip(env), "AZURE_ENV_NAME=dev", "AZURE_SUBSCRIPTION_ID=another")
	if out, ok := script(t, other, "first.sh", "before", "dev", "opal-dev", "westeurope"); ok || !strings.Contains(out, "az account set -s another") {
		t.Errorf("azd in another subscription than az: %s", out)
	}
}

// azd deploy: the image that it pushed, by digest, for jobs, database and apps; then
// the revision before azd's own is stopped.
func TestFirstBringsWhatAzdPushed(t *testing.T) {
	t.Parallel()
	env, record := azureTools(t)
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
	if out, ok := script(t, env, "first.sh", "deployed", "dev", "opal-dev", "westeurope"); !ok {
		t.Errorf("after azd's deployment: %s", out)
	}
	if called := readFile(t, record); strings.Count(called, "revision deactivate --resource-group opal-dev --name opal-web-api-dev --revision opal-web-api-dev--h") != 1 ||
		strings.Contains(called, "--revision opal-web-api-dev--azd-7 --output none") {
		t.Errorf("stopped is another revision than the one before azd's:\n%s", called)
	}
}

// By hand: tried with a key beside the running revision, promoted when it passed,
// withdrawn when it did not.
func TestBringTriesThenPromotes(t *testing.T) {
	t.Parallel()
	env, record := azureTools(t)
	first := "reg.azurecr.io/opal@sha256:" + strings.Repeat("a", 64)
	next := "reg.azurecr.io/opal@sha256:" + strings.Repeat("b", 64)
	if out, ok := script(t, env, "bring.sh", "dev", "opal-dev"); ok || !strings.Contains(out, "build the image first") {
		t.Fatalf("without an image: %s", out)
	}
	// bring.sh reads the group only where it is
	if err := os.WriteFile(record, []byte(laid[:strings.Index(laid, "APPS=")]), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, ok := script(t, env, "bring.sh", "dev", "opal-dev", first); !ok {
		t.Fatal(out)
	}
	withKey := append(slices.Clip(env), "OPAL_API_KEY=opal_k", "OPAL_MIGRATE=false", "FAULT=candidate")
	out, ok := script(t, withKey, "bring.sh", "dev", "opal-dev", next)
	called := readFile(t, record)
	all := deployments(called)
	if ok || !strings.Contains(out, "clients have opal-web-api-dev--h") || strings.Contains(out, "opal_k") {
		t.Errorf("a candidate that failed: %s", out)
	}
	if len(all) != 4 || !strings.Contains(all[3], "IMAGE="+next) || !strings.Contains(all[3], "STABLE=opal-web-api-dev--h") {
		t.Fatalf("deployments:\n%s", strings.Join(all, "\n"))
	}
	_, tried, _ := strings.Cut(all[3], "REVISION=")
	tried, _, _ = strings.Cut(tried, " ")
	for _, app := range []string{"opal-web-api-dev", "opal-billing-service-dev"} {
		if !strings.Contains(called, "deactivate --resource-group opal-dev --name "+app+" --revision "+app+"--"+tried) {
			t.Errorf("the candidate of %s goes on running", app)
		}
	}
	if n := strings.Count(called, "job start"); n != 1 {
		t.Errorf("migrated %d times, OPAL_MIGRATE=false the second", n)
	}
	// without an image and without a key: what clients have, once more, with a new name
	if out, ok := script(t, env, "bring.sh", "dev", "opal-dev"); !ok {
		t.Fatal(out)
	}
	all = deployments(readFile(t, record))
	if last := all[len(all)-1]; strings.Contains(last, tried) || !strings.Contains(last, "STABLE= WORKERS= URL=https://scoring.example.com/score ") {
		t.Errorf("brought again: %s", last)
	}
}

func TestBuildFallsBackToDocker(t *testing.T) {
	for _, c := range []struct {
		fault  string
		ok     bool
		docker bool
	}{{"", true, false}, {"tasks", true, true}, {"build", false, false}} {
		t.Run("fault "+c.fault, func(t *testing.T) {
			env, record := azureTools(t)
			out, ok := script(t, append(env, "FAULT="+c.fault), "-c", "./build.sh reg opal:first Dockerfile .. A=1 B=2 2>/dev/null")
			if ok != c.ok || c.ok && out != "reg.azurecr.io/opal@sha256:2\n" {
				t.Errorf("passed %v: %q", ok, out)
			}
			called := readFile(t, record)
			want := "docker buildx build --push --platform linux/amd64 --provenance mode=max --sbom true --build-arg A=1 --build-arg B=2 --file Dockerfile --tag reg.azurecr.io/opal:first .."
			if strings.Contains(called, want) != c.docker {
				t.Errorf("called:\n%s", called)
			}
		})
	}
}

// What an image is built on is named by digest, or nothing is built.
func TestBuildWantsBasesByDigest(t *testing.T) {
	t.Parallel()
	digest := "@sha256:" + strings.Repeat("a", 64)
	for argument, ok := range map[string]bool{
		"BASE=pytorch/pytorch:2.9": false, "BASE=": false, "OPAL_IMAGE=reg.azurecr.io/opal:first": false,
		"BASE=pytorch/pytorch" + digest: true, "OPAL_IMAGE=reg.azurecr.io/opal" + digest: true, "REVISION=1": true,
	} {
		t.Run(argument, func(t *testing.T) {
			env, record := azureTools(t)
			out, passed := script(t, env, "build.sh", "reg", "opal-sd:1", "Dockerfile", "..", argument)
			if built := strings.Contains(readFile(t, record), "acr build"); passed != ok || built != ok || !ok && !strings.Contains(out, "is no image by digest") {
				t.Errorf("passed %v, built %v: %s", passed, built, out)
			}
		})
	}
}

// Where Docker Hub refuses a base, the lines that bring it in another way are said.
func TestBuildSaysHowToGetABase(t *testing.T) {
	env, _ := azureTools(t)
	out, ok := script(t, append(env, "FAULT=hub"), "build.sh", "reg", "opal:first", "Dockerfile", "..")
	if ok || !strings.Contains(out, "az acr import -n reg --source docker.io/library/golang:") || !strings.Contains(out, "GO_IMAGE=reg.azurecr.io/golang:") {
		t.Errorf("passed %v: %s", ok, out)
	}
}

// Whatever becomes of the command, the firewall is closed again.
func TestWithDatabaseClosesTheFirewall(t *testing.T) {
	for _, fault := range []string{"", "psql"} {
		t.Run("fault "+fault, func(t *testing.T) {
			env, record := azureTools(t)
			env = append(env, "FAULT="+fault, "GROUP=g", "DATABASE=pg.example.com", "OPAL_DB_ADMIN_NAME=people")
			out, ok := script(t, env, "with-database.sh", "psql", "-d", "postgres")
			if ok != (fault == "") {
				t.Errorf("passed %v: %s", ok, out)
			}
			var rules []string
			for _, line := range strings.Split(readFile(t, record), "\n") {
				if _, after, ok := strings.Cut(line, "firewall-rule "); ok {
					verb, rest, _ := strings.Cut(after, " ")
					_, name, _ := strings.Cut(rest, "--name ")
					name, _, _ = strings.Cut(name, " ")
					rules = append(rules, verb, name)
				}
			}
			if len(rules) != 4 || rules[0] != "create" || rules[2] != "delete" || rules[1] != rules[3] {
				t.Errorf("rules: %v", rules)
			}
		})
	}
	env, record := azureTools(t)
	env = append(env, "FAULT=private", "GROUP=g", "DATABASE=pg.example.com", "OPAL_DB_ADMIN_NAME=people")
	if out, ok := script(t, env, "with-database.sh", "psql"); ok || !strings.Contains(out, "A shell inside the network") || strings.Contains(readFile(t, record), "firewall-rule") {
		t.Errorf("a server without a public address: %s", out)
	}
	if out, ok := script(t, []string{"GROUP="}, "with-database.sh", "psql"); ok || !strings.Contains(out, ". deploy/env.sh") {
		t.Errorf("in a shell that nothing prepared: %s", out)
	}
}

// Where Azure ML has no cores yet, the rest comes up; the endpoint, and its key,
// come with a later run.
func TestFirstWithoutAnEndpoint(t *testing.T) {
	t.Parallel()
	env, record := azureTools(t)
	env = append(env, "OPAL_ENVIRONMENT=dev")
	if out, ok := script(t, append(slices.Clip(env), "OPAL_WITHOUT_ENDPOINT=true"), "first.sh", "after", "dev", "opal-dev", "westeurope"); !ok || !strings.Contains(out, "items wait") {
		t.Fatal(out)
	}
	called := readFile(t, record)
	if strings.Contains(called, "online-endpoint create") || !strings.Contains(called, "--name aml-endpoint-key --file") || strings.Contains(called, "SECRET=something") || !strings.Contains(called, "URL=https://not-yet.invalid/score") {
		t.Errorf("without an endpoint:\n%s", called)
	}
	if out, ok := script(t, env, "first.sh", "after", "dev", "opal-dev", "westeurope"); !ok {
		t.Fatal(out)
	}
	if called := readFile(t, record); !strings.Contains(called, "online-endpoint create") || !strings.Contains(called, "SECRET=something") {
		t.Errorf("with one later:\n%s", called)
	}
}

// A script says what it is for when asked, and finds bash by itself.
func TestScriptsHelp(t *testing.T) {
	scripts, err := filepath.Glob("*.sh")
	if err != nil || len(scripts) < 13 {
		t.Fatalf("%v, %v", scripts, err)
	}
	for _, name := range scripts {
		if name == "env.sh" { // read into a shell
			continue
		}
		out, ok := script(t, nil, "-c", "sh ./"+name+" --help")
		if !ok || !strings.Contains(out, "deploy/"+name) || strings.Contains(out, "set -euo") {
			t.Errorf("%s --help: %s", name, out)
		}
	}
}
