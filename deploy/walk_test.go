package deploy_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// lived is RECORD of an environment after its first deployment.
func lived(environment string) string {
	return strings.ReplaceAll(laid, "ad group create", "ad group create --display-name opal-dba-"+environment)
}

// walked is a part of the pages that follows the first deployment: the calls that its lines
// lead to, in their order, in dev and in prod. Without any the part is left out there.
type walked struct {
	heading   string
	dev, prod []string
}

// afterwards are those parts in the order in which a reader meets them.
var afterwards = []walked{
	{"### The environment prod", nil, []string{
		"gh api -X PUT repos/o/r/environments/prod-approval", "gh secret set OPAL_SMOKE_KEY --env prod opal_k", "gh workflow run promote-prod.yml -f image=REGISTRY_OF_DEV.azurecr.io/opal@sha256:bbbb",
	}},
	{"### A domain of its own", nil, []string{
		"DOMAIN=api.example.com CERTIFICATE=\n", "env certificate create --resource-group opal-prod", "DOMAIN=api.example.com CERTIFICATE=/certificates/api", "GROUND=",
	}},
	{
		"### Signing in to the console", []string{"secret set --vault-name vault --name auth-client-secret --file", "SECRETS=auth-client-secret auth-key-pepper ", "APPS=true"},
		[]string{"secret set --vault-name vault --name auth-client-secret --file", "SECRETS=auth-client-secret auth-key-pepper ", "APPS=true"},
	},
	{"### A shell inside the network", nil, []string{
		"container create -g opal-prod -n psql", "PGHOST=pg.example.com PGUSER=opal-dba-prod", "get-access-token --resource-type oss-rdbms", "container exec -g opal-prod -n psql", "container delete -g opal-prod",
	}},
	{
		"## Rollback", []string{
			"acr manifest list-metadata -r reg", "gh workflow run build-deploy-dev.yml -f rollback_image=reg.azurecr.io/opal@sha256:bbbb", "revision list --resource-group opal-dev --name opal-web-api-dev --all",
			"revision activate --resource-group opal-dev --name opal-web-api-dev --revision opal-web-api-dev--r1-live", "--name opal-web-api-dev --revision-weight opal-web-api-dev--r1-live=100", "revision deactivate",
		},
		[]string{"revision activate --resource-group opal-prod --name opal-web-api-prod", "name opal-web-api-prod --revision-weight opal-web-api-prod--r1-live=100", "revision deactivate"},
	},
	{"## Dead letters", slices.Repeat([]string{"name opal-operate-dev --query name --output tsv --yaml"}, 4), slices.Repeat([]string{"name opal-operate-prod --query name --output tsv --yaml"}, 4)},
	{
		"### Putting back", []string{
			"ingress disable -g opal-dev -n opal-web-api-dev", "deactivate -g opal-dev -n opal-orchestrator-dev", "deactivate -g opal-dev -n opal-export-worker-dev", "deactivate -g opal-dev -n opal-billing-service-dev",
			"flexible-server restore -g opal-dev -n pg-back --source-server pg --restore-time", "GROUND=", "firewall-rule create", "psql -d opal -c select max(created_at) from jobs as opal-dba-dev with token at pg.example.com",
			"firewall-rule delete", "storage blob restore --account-name store", "storage account show -n store --expand blobRestoreStatus", "APPS=true",
		},
		[]string{"ingress disable -g opal-prod -n opal-web-api-prod", "restore -g opal-prod -n pg-back", "GROUND=", "storage blob restore --account-name store", "APPS=true"},
	},
	{
		"# Choosing engines", []string{"secret set --vault-name vault --name photoroom-api-key --file", "auth-key-pepper photoroom-api-key SUBJECT", "APPS=true", "role assignment create --role Cognitive Services OpenAI User"},
		[]string{"secret set --vault-name vault --name photoroom-api-key --file", "auth-key-pepper photoroom-api-key SUBJECT", "APPS=true"},
	},
	{
		"## Taking it down", []string{
			"ml online-endpoint list --query [].name", "ml online-endpoint delete -n opal-sd-placement-dev --yes", "group delete -n opal-dev --yes", "ad group delete --group opal-dba-dev", "gh api -X DELETE repos/o/r/environments/dev\n",
		},
		[]string{
			"ml online-endpoint delete -n opal-sd-placement-prod --yes", "lock list -g opal-prod", "lock delete --ids /lock", "group delete -n opal-prod --yes", "ad group delete --group opal-dba-prod",
			"gh api -X DELETE repos/o/r/environments/prod\n", "gh api -X DELETE repos/o/r/environments/prod-approval",
		},
	},
}

// upgrade are the parts of upgrade.md, whose steps are written for dev.
var upgrade = []walked{
	{"# Upgrade from v0.2.1", []string{
		"secret list -g opal-dev -n opal-web-api-dev --show-values",
		"ingress disable -g opal-dev -n opal-web-api-dev", "update -g opal-dev -n opal-web-api-dev --min-replicas 0 --max-replicas 1", "deactivate -g opal-dev -n opal-web-api-dev --revision opal-any--1",
		"deactivate -g opal-dev -n opal-jobs-worker-dev --revision opal-any--2", "containerapp list -g opal-dev -o json", "containerapp delete -g opal-dev -n opal-billing-service-dev --yes",
		"pg_dump -Fc -f v021.dump postgresql://...", "psql postgresql://... -c select tenant_id", "psql postgresql://... -c select status", "firewall-rule create",
		"pg_restore --no-owner --no-privileges --exit-on-error --single-transaction -d opal v021.dump as opal-dba-dev with token at pg.example.com",
		"psql -d opal -v ON_ERROR_STOP=1 --single-transaction -c create schema v021 -c alter table jobs set schema v021", `-c grant select on all tables in schema v021 to "opal-migrate-dev" as opal-dba-dev`,
		"psql -d opal -c select max(version_id) from goose_db_version as opal-dba-dev", "psql -d postgres -c drop database opal -c create database opal owner azure_pg_admin as opal-dba-dev",
	}, nil},
	{"## Deleting opal-jobs-worker-dev", []string{"containerapp delete -g opal-dev -n opal-jobs-worker-dev --yes", "role assignment list --all"}, nil},
}

func (w walked) wanted(environment string) []string {
	if environment == "prod" {
		return w.prod
	}
	return w.dev
}

// lines are the part's commands, with what a reader fills in.
func (w walked) lines(t *testing.T, pages, environment string) string {
	t.Helper()
	_, part, found := strings.Cut(pages, "\n"+w.heading+"\n")
	if !found {
		t.Fatalf("no part is called %s", w.heading)
	}
	for _, next := range []string{"\n# ", "\n## ", "\n### "} {
		part, _, _ = strings.Cut(part, next)
	}
	text := strings.Join(commands(part), "\n")
	if environment == "prod" { // its database is looked at from a shell inside the network
		text = strings.Replace(text, "ground && deploy/with-database.sh", "ground #", 1)
	}
	for _, filled := range [][2]string{
		{"$OPAL_ENVIRONMENT REVISION", "$OPAL_ENVIRONMENT r1-live"}, {"deploy/github.sh", "OPAL_API_KEY=opal_k deploy/github.sh"},
		{"secret.sh auth-client-secret", "secret.sh auth-client-secret <<<s"}, {"secret.sh photoroom-api-key", "secret.sh photoroom-api-key <<<s"},
		{"sha256:...", "sha256:" + strings.Repeat("b", 64)}, {"> v021-apps.json", ">/dev/null"},
	} {
		text = strings.ReplaceAll(text, filled[0], filled[1])
	}
	return text
}

// walk runs parts of the pages in one shell that env.sh prepared, against the stand-ins, and
// says what went wrong or was not done. Folder holds deploy/.
func walk(t *testing.T, folder, pages, environment string, parts []walked) error {
	t.Helper()
	env, record := azureTools(t)
	if err := os.WriteFile(record, []byte(lived(environment)), 0o600); err != nil {
		t.Fatal(err)
	}
	lines := "cd " + folder + " && set -euo pipefail\n. deploy/env.sh " + environment + "\nexport OPAL_SELLER_NAME=x OPAL_SELLER_ADDRESS=y\n"
	var wanted []string
	for _, w := range parts {
		if want := w.wanted(environment); len(want) > 0 {
			lines += w.lines(t, pages, environment) + "\n"
			wanted = append(wanted, want...)
		}
	}
	out, ok := script(t, env, "-c", lines)
	called := readFile(t, record)[len(lived(environment)):]
	if !ok {
		return fmt.Errorf("it fails: %s\n%s", lines, out)
	}
	at := 0
	for _, want := range wanted {
		i := strings.Index(called[at:], want)
		if i < 0 {
			return fmt.Errorf("after %d: no %s in\n%s", at, want, called)
		}
		at += i + 1
	}
	return nil
}

func pagesAfterwards(t *testing.T) string {
	t.Helper()
	return readFile(t, "README.md") + "\n" + readFile(t, "engines.md")
}

// Every line after the first deployment, in one shell, against the same stand-ins.
func TestRunbookWalkAfterwards(t *testing.T) {
	for _, environment := range []string{"dev", "prod"} {
		t.Run(environment, func(t *testing.T) {
			t.Parallel()
			if err := walk(t, "..", pagesAfterwards(t), environment, afterwards); err != nil {
				t.Error(err)
			}
		})
	}
}

// The upgrade's lines, which stop v0.2.1 and move its rows, in the same way.
func TestUpgradeWalk(t *testing.T) {
	t.Parallel()
	page := "\n" + readFile(t, "upgrade.md")
	if err := walk(t, "..", page, "dev", upgrade); err != nil {
		t.Error(err)
	}
	for _, c := range [][2]string{
		{"orchestrator export-worker billing-service jobs-worker; do", "orchestrator export-worker billing-service; do"},
		{"deploy/with-database.sh pg_restore", "pg_restore"},
		{"    az containerapp delete -g $GROUP -n opal-jobs-worker-dev --yes\n", "    az containerapp show -g $GROUP -n opal-jobs-worker-dev\n"},
	} {
		if planted := strings.Replace(page, c[0], c[1], 1); planted == page || walk(t, "..", planted, "dev", upgrade) == nil {
			t.Errorf("%q for %q is not found", c[1], c[0])
		}
	}
}

// A fault planted in each part is found, in the pages or in a script that they call.
func TestRunbookWalkAfterwardsBites(t *testing.T) {
	for _, c := range []struct{ heading, environment, file, old, new string }{
		{"### The environment prod", "prod", "README.md", "-f image=REGISTRY_OF_DEV", "-f digest=REGISTRY_OF_DEV"},
		{"### A domain of its own", "prod", "domain.sh", "OPAL_CERTIFICATE_ID=$(certificate id)", "OPAL_CERTIFICATE_ID="},
		{"### Signing in to the console", "dev", "README.md", "    ground && bring\n\n### A shell", "    bring\n\n### A shell"},
		{"### A shell inside the network", "prod", "README.md", "PGUSER=$OPAL_DB_ADMIN_NAME", "PGUSER=postgres"},
		{"## Rollback", "dev", "back.sh", "\"$here/retire.sh\"", ": \"$here/retire.sh\""},
		{"## Dead letters", "dev", "run-job.sh", "\tstart+=(--yaml \"$work/run.yaml\")\n", ""},
		{"### Putting back", "dev", "README.md", "    bring    # opens the ingress, too\n", ""},
		{"# Choosing engines", "dev", "engines.md", "    ground && bring    # and", "    bring    # and"},
		{"## Taking it down", "prod", "README.md", "az lock list -g $GROUP --query \"[].id\"", "az lock list -g other --query \"[?none].id\""},
	} {
		t.Run(c.file+" "+c.heading, func(t *testing.T) {
			t.Parallel()
			pages := pagesAfterwards(t)
			folder := ".."
			switch strings.HasSuffix(c.file, ".md") {
			case true:
				planted := strings.Replace(pages, c.old, c.new, 1)
				if planted == pages {
					t.Fatalf("%s no longer holds %q", c.file, c.old)
				}
				pages = planted
			default:
				folder = t.TempDir()
				if err := os.Mkdir(filepath.Join(folder, "deploy"), 0o700); err != nil {
					t.Fatal(err)
				}
				files, err := filepath.Glob("*.*")
				if err != nil {
					t.Fatal(err)
				}
				for _, name := range files {
					text := readFile(t, name)
					if name == c.file {
						if text = strings.Replace(text, c.old, c.new, 1); text == readFile(t, name) {
							t.Fatalf("%s no longer holds %q", name, c.old)
						}
					}
					if err := os.WriteFile(filepath.Join(folder, "deploy", name), []byte(text), 0o700); err != nil {
						t.Fatal(err)
					}
				}
			}
			i := slices.IndexFunc(afterwards, func(w walked) bool { return w.heading == c.heading })
			if err := walk(t, folder, pages, c.environment, afterwards[i:i+1]); err == nil {
				t.Errorf("%q for %q is not found", c.new, c.old)
			}
		})
	}
}
