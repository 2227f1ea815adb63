package deploy_test

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// lived is RECORD of an environment after its first deployment.
func lived(environment string) string {
	return strings.ReplaceAll(laid, "ad group create", "ad group create --display-name opal-dba-"+environment)
}

// afterwards are the lines of the pages that follow the first deployment, in their order: a
// domain, sign-in, going back, dead letters, putting back, taking down. What a reader fills
// in is filled in, and what is of prod alone is left out of dev.
func afterwards(t *testing.T, environment string) string {
	t.Helper()
	page := readFile(t, "README.md")
	from := strings.Index(page, "\n### The environment prod")
	if from < 0 {
		t.Fatal("the part about prod is not where it was")
	}
	engines := readFile(t, "engines.md")
	down := strings.Index(page, "\n## Taking it down")
	var lines []string
	for _, block := range commands(page[from:down] + "\n" + engines + page[down:]) {
		if environment == "dev" && regexp.MustCompile(`github\.sh opal-dev|domain\.sh|opal-vnet-prod --subnet tools`).MatchString(block) {
			continue
		}
		lines = append(lines, block)
	}
	text := strings.Join(lines, "\n")
	if environment == "prod" { // its database is looked at from a shell inside the network
		text = strings.Replace(text, "ground && deploy/with-database.sh", "ground #", 1)
	}
	for _, filled := range [][2]string{
		{"$OPAL_ENVIRONMENT REVISION", "$OPAL_ENVIRONMENT r1-live"}, {"deploy/github.sh", "OPAL_API_KEY=opal_k deploy/github.sh"},
		{"secret.sh auth-client-secret", "secret.sh auth-client-secret <<<s"}, {"secret.sh photoroom-api-key", "secret.sh photoroom-api-key <<<s"},
		{"sha256:...", "sha256:" + strings.Repeat("b", 64)},
	} {
		text = strings.ReplaceAll(text, filled[0], filled[1])
	}
	return text
}

// Every line after the first deployment, in one shell that env.sh prepared, against the
// same stand-ins.
func TestRunbookWalkAfterwards(t *testing.T) {
	for environment, wanted := range map[string][]string{
		"dev": {
			"secret set --vault-name vault --name auth-client-secret --file", "GROUND=", "APPS=true",
			"gh workflow run build-deploy-dev.yml -f rollback_image=reg.azurecr.io/opal@sha256:bbbb",
			"ingress traffic set --resource-group opal-dev --name opal-web-api-dev --revision-weight opal-web-api-dev--r1-live=100",
			"name opal-operate-dev --query name --output tsv --yaml", "name opal-operate-dev --query name --output tsv --yaml",
			"name opal-operate-dev --query name --output tsv --yaml", "name opal-operate-dev --query name --output tsv --yaml",
			"ingress disable -g opal-dev -n opal-web-api-dev", "deactivate -g opal-dev -n opal-billing-service-dev",
			"flexible-server restore -g opal-dev -n pg-back --source-server pg", "GROUND=",
			"psql -d opal -c select max(created_at) from jobs as opal-dba-dev with token at pg.example.com",
			"storage blob restore --account-name store", "APPS=true", "secret set --vault-name vault --name photoroom-api-key --file",
			"ml online-endpoint delete -n opal-sd-placement-dev --yes", "lock delete --ids /lock",
			"group delete -n opal-dev --yes", "ad group delete --group opal-dba-dev",
			"gh api -X DELETE repos/o/r/environments/dev",
		},
		"prod": {
			"gh secret set OPAL_SMOKE_KEY --env prod opal_k", "gh workflow run promote-prod.yml -f image=REGISTRY_OF_DEV.azurecr.io/opal@sha256:bbbb",
			"env certificate create --resource-group opal-prod", "DOMAIN=api.example.com CERTIFICATE=/certificates/api", "container create -g opal-prod -n psql",
			"PGHOST=pg.example.com PGUSER=opal-dba-prod", "container delete -g opal-prod", "name opal-web-api-prod --revision-weight opal-web-api-prod--r1-live=100",
			"restore -g opal-prod -n pg-back", "group delete -n opal-prod --yes", "gh api -X DELETE repos/o/r/environments/prod-approval",
		},
	} {
		t.Run(environment, func(t *testing.T) {
			t.Parallel()
			env, record := azureTools(t)
			if err := os.WriteFile(record, []byte(lived(environment)), 0o600); err != nil {
				t.Fatal(err)
			}
			walk := afterwards(t, environment)
			setUp := "cd .. && set -euo pipefail\n. deploy/env.sh " + environment + "\nexport OPAL_SELLER_NAME=x OPAL_SELLER_ADDRESS=y\n"
			out, ok := script(t, env, "-c", setUp+walk)
			if !ok {
				t.Fatalf("%s\n%s", walk, out)
			}
			called := readFile(t, record)
			at := 0
			for _, want := range wanted {
				i := strings.Index(called[at:], want)
				if i < 0 {
					t.Fatalf("after %d: no %s in\n%s", at, want, called)
				}
				at += i + 1
			}
		})
	}
}
