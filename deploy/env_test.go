package deploy_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// laid is what RECORD holds of an environment whose apps run.
var laid = strings.Join([]string{
	"group create", "ad group create", "GROUND=on-call@example.com ADMIN=people SECRETS= SUBJECT=repo:o/r:environment:dev WATCH=true",
	"keyvault secret set --vault-name vault --name auth-key-pepper ", "ml online-endpoint create",
	"APPS=true IMAGE=reg.azurecr.io/opal@sha256:" + strings.Repeat("a", 64) + " REVISION=r7-live STABLE= WORKERS=", "",
}, "\n")

// A new shell knows what the last one did, whatever it held before.
func TestEnvReadsTheGroup(t *testing.T) {
	present := "reg.azurecr.io/opal@sha256:" + strings.Repeat("a", 64)
	own := "reg.azurecr.io/opal@sha256:" + strings.Repeat("c", 64)
	show := func(names ...string) string {
		s := ""
		for _, n := range names {
			s += "echo \"=" + n + "=${" + n + "-unset}\"; "
		}
		return s
	}
	for _, c := range []struct {
		name, state string
		env         []string
		script      string
		want        []string // lines
		fails       bool
	}{
		{
			name: "a new shell", state: laid, env: []string{"AZURE_DEFAULTS_GROUP=another"}, script: ". ./env.sh dev; " + show("GROUP", "LOCATION", "REGISTRY", "VAULT", "DATABASE", "API", "ENDPOINT",
				"OPAL_IMAGE", "OPAL_ALERT_EMAIL", "OPAL_DB_ADMIN_ID", "OPAL_SECRETS", "OPAL_WATCH_APPS", "OPAL_DEPLOY_APPS", "OPAL_WATCH_ENDPOINT", "OPAL_GITHUB_SUBJECT", "AML_ENDPOINT_URL",
				"OPAL_PUBLIC_BASE_URL", "AZURE_DEFAULTS_GROUP", "OPAL_RUNBOOK_URL", "OPAL_BUDGET_START", "OPAL_POSTGRES_GB", "OPAL_SCORE_INSTANCE_TYPE"),
			want: []string{
				"GROUP=opal-dev", "LOCATION=westeurope", "REGISTRY=reg", "VAULT=vault", "DATABASE=pg.example.com", "API=https://opal-web-api-dev.example.com",
				"ENDPOINT=opal-sd-placement-dev", "OPAL_IMAGE=" + present, "OPAL_ALERT_EMAIL=on-call@example.com", "OPAL_DB_ADMIN_ID=people", "OPAL_SECRETS=auth-key-pepper",
				"OPAL_WATCH_APPS=true", "OPAL_DEPLOY_APPS=true", "OPAL_WATCH_ENDPOINT=opal-sd-placement-dev", "OPAL_GITHUB_SUBJECT=repo:o/r:environment:dev",
				"AML_ENDPOINT_URL=https://scoring.example.com/score", "OPAL_PUBLIC_BASE_URL=", "AZURE_DEFAULTS_GROUP=unset",
				"OPAL_RUNBOOK_URL=https://github.com/o/r/blob/main/deploy/README.md#alerts", "OPAL_BUDGET_START=2026-02-01", "OPAL_POSTGRES_GB=64", "OPAL_SCORE_INSTANCE_TYPE=Standard_DS2_v2",
			},
		},
		{
			name: "what dev left, for prod", state: "group create\n",
			env: []string{
				"OPAL_ENVIRONMENT=dev", "OPAL_SECRETS=a b", "OPAL_GITHUB_SUBJECT=repo:o/r:environment:dev", "OPAL_WATCH_ENDPOINT=opal-sd-placement-dev", "OPAL_DEPLOY_APPS=true",
				"OPAL_REVISION=r2", "OPAL_IMAGE=devs.azurecr.io/opal@sha256:1", "OPAL_STABLE_API=opal-web-api-dev--r1", "REGISTRY=devs", "GROUP=opal-dev",
				"AML_ENDPOINT_URL=https://dev.example.com/score", "OPAL_API_KEY=k", "OPAL_DB_ADMIN_ID=devs",
			},
			script: ". ./env.sh prod; " + show("GROUP", "REGISTRY", "OPAL_SECRETS", "OPAL_GITHUB_SUBJECT", "OPAL_WATCH_ENDPOINT", "OPAL_DEPLOY_APPS", "OPAL_IMAGE", "OPAL_STABLE_API",
				"AML_ENDPOINT_URL", "OPAL_API_KEY", "OPAL_DB_ADMIN_ID"),
			want: []string{
				"GROUP=opal-prod", "REGISTRY=", "OPAL_SECRETS=", "OPAL_GITHUB_SUBJECT=repo:o@1/r@2:environment:prod", "OPAL_WATCH_ENDPOINT=", "OPAL_DEPLOY_APPS=false", "OPAL_IMAGE=",
				"OPAL_STABLE_API=unset", "AML_ENDPOINT_URL=https://not-yet.invalid/score", "OPAL_API_KEY=unset", "OPAL_DB_ADMIN_ID=",
			},
		},
		{
			name: "a choice is kept, what was found is read anew", state: laid,
			script: ". ./env.sh dev; export OPAL_ALERT_EMAIL=me@example.com OPAL_SUFFIX=abc; sed -i 's/aaa/bbb/' $RECORD; . ./env.sh dev; " + show("OPAL_ALERT_EMAIL", "OPAL_SUFFIX") +
				`[[ $OPAL_IMAGE == *bbb* ]] && echo =read anew; OPAL_IMAGE=` + own + `; . ./env.sh dev; ` + show("OPAL_IMAGE"),
			want: []string{"OPAL_ALERT_EMAIL=me@example.com", "OPAL_SUFFIX=abc", "read anew", "OPAL_IMAGE=" + own},
		},
		{
			name: "a choice that the group took over is one no longer", state: laid,
			script: ". ./env.sh dev; export OPAL_ALERT_EMAIL=me@example.com; ground; ground; sed -i 's/GROUND=me@/GROUND=you@/' $RECORD; . ./env.sh dev; " + show("OPAL_ALERT_EMAIL"),
			want:   []string{"OPAL_ALERT_EMAIL=you@example.com"},
		},
		{
			name: "an image that was brought is one no longer", state: laid,
			script: ". ./env.sh dev; export OPAL_IMAGE=" + own + "; bring; sed -i s/cccc/dddd/ $RECORD; . ./env.sh dev; [[ $OPAL_IMAGE == *dddd* ]] && echo =followed",
			want:   []string{"followed"},
		},
		{
			name: "the budget's first month, the size and the endpoint that there are", state: laid,
			env:    []string{"BUDGET=2025-11-01T00:00:00+00:00", "SIZE=Standard_D2as_v5", "OTHER=opal-mine"},
			script: ". ./env.sh dev; " + show("OPAL_BUDGET_START", "OPAL_SCORE_INSTANCE_TYPE", "ENDPOINT"),
			want:   []string{"OPAL_BUDGET_START=2025-11-01", "OPAL_SCORE_INSTANCE_TYPE=Standard_D2as_v5", "ENDPOINT=opal-mine"},
		},
		{
			name: "values of several lines and of several words, and one of another name", state: laid,
			script: `. ./env.sh dev; table=$(_opal_table '.[]' '[{"name": "A", "value": "1 Street\nTown"}, {"name": "AB", "value": ["x", "y=z"]}, {"name": "B", "value": true}, {"name": "C"}]')
				echo "=$(_opal_value "$table" A)" | tr '\n' '|'; echo; for n in AB B C D; do echo "=$n $(_opal_value "$table" $n)"; done`,
			want: []string{"1 Street|Town|", "AB x y=z", "B true", "C", "D"},
		},
		{
			name: "a subscription without budgets", state: laid, env: []string{"FAULT=budget"},
			script: ". ./env.sh dev; " + show("OPAL_BUDGET_START"), want: []string{"OPAL_BUDGET_START=2026-02-01"},
		},
		{
			name: "what azd pushed, by digest", state: strings.ReplaceAll(laid, "IMAGE=reg.azurecr.io/opal@sha256:"+strings.Repeat("a", 64), "IMAGE=reg.azurecr.io/opal/opal-dev:azd-1"),
			script: ". ./env.sh dev; " + show("OPAL_IMAGE"), want: []string{"OPAL_IMAGE=reg.azurecr.io/opal/opal-dev@sha256:2"},
		},
		{
			name: "told of are people's choices alone", state: laid,
			script: `. ./env.sh dev >/dev/null; export OPAL_ALERT_EMAIL=me@example.com; . ./env.sh prod 2>&1 | sed -n 's/^env: cleared/=/p'`,
			want:   []string{"OPAL_ALERT_EMAIL; choices for prod are exported after this"},
		},
		{
			name: "the ground's deployment forgotten", state: laid, env: []string{"FAULT=forgotten"},
			script: `. ./env.sh dev 2>&1 | grep -o 'no longer keeps the deployment named ground' | sed 's/^/=/'; exit "${PIPESTATUS[0]}"`, fails: true,
			want: []string{"no longer keeps the deployment named ground"},
		},
		{name: "no repository", state: "group create\n", env: []string{"FAULT=stranger"}, script: `. ./env.sh dev | grep -o 'no GitHub repository' | sed 's/^/=/'`, want: []string{"no GitHub repository"}},
		{
			name: "a word with a space", state: laid, script: `. ./env.sh dev; opal keys create acme --name 'Acme B.V.' 2>&1 | grep -o 'cuts a command at its spaces' | sed 's/^/=/'; grep -c 'containerapp exec' $RECORD | sed 's/^/=/'`,
			want: []string{"cuts a command at its spaces", "0"},
		},
		{
			name: "restarted are all that run", state: laid, script: `. ./env.sh dev; restart web-api sd; grep -c '^containerapp revision restart .* --revision opal-any--[12] ' $RECORD | sed 's/^/=/'`, want: []string{"4"},
		},
		{
			name: "one request's lines", state: laid, script: `. ./env.sh dev; lines abc-1; lines "x' or true" || echo =refused; grep -c "^monitor log-analytics query .*l.item_id == 'abc-1'" $RECORD | sed 's/^/=/'`,
			want: []string{"refused", "1"},
		},
		{
			name: "a revision's name is new each time, none is kept stable", state: laid,
			script: ". ./env.sh dev; a=$OPAL_REVISION; OPAL_STABLE_API=x OPAL_STABLE_BILLING=x OPAL_WORKER_REVISION=x; . ./env.sh dev; [ $a != $OPAL_REVISION ] && echo =new; " +
				show("OPAL_STABLE_API", "OPAL_STABLE_BILLING", "OPAL_WORKER_REVISION"),
			want: []string{"new", "OPAL_STABLE_API=unset", "OPAL_STABLE_BILLING=unset", "OPAL_WORKER_REVISION=unset"},
		},
		{
			name: "v0.2.1's image is none of OPAL's", state: strings.ReplaceAll(laid, "IMAGE=reg.azurecr.io/opal@sha256:"+strings.Repeat("a", 64), "IMAGE=reg.azurecr.io/opal/web-api:9"),
			script: ". ./env.sh dev other; " + show("GROUP", "OPAL_IMAGE"), want: []string{"GROUP=other", "OPAL_IMAGE="},
		},
		{
			name: "functions", state: laid,
			script: `. ./env.sh dev; sleep() { :; }; echo "=$(live opal-web-api-dev)"; operate queues list >/dev/null; opal tenants list; grep -c -e '^containerapp job start --resource-group opal-dev --name opal-operate-dev --query name --output tsv --yaml' -e '^containerapp exec .*--command /opt/opal/opal tenants list' $RECORD | sed 's/^/=/'`,
			want:   []string{"opal-web-api-dev--r7-live", "2"},
		},
		{name: "the ground by what was found", state: laid, script: `. ./env.sh dev; ground; grep '^GROUND' $RECORD | tail -n 1 | sed 's/^/=/'`, want: []string{
			"GROUND=on-call@example.com ADMIN=people SECRETS=auth-key-pepper SUBJECT=repo:o/r:environment:dev WATCH=true ENDPOINT=opal-sd-placement-dev RUNBOOK=https://github.com/o/r/blob/main/deploy/README.md#alerts BUDGET=2026-02-01 GB=64",
		}},
		{name: "the ground's last deployment failed", state: laid, env: []string{"FAULT=halfway"}, script: `. ./env.sh dev | grep -o 'last deployment of the ground failed' | sed 's/^/=/'`, want: []string{"last deployment of the ground failed"}},
		{name: "an answer that fails is none", state: laid, env: []string{"BROKEN=deployment group show"}, script: ". ./env.sh dev", fails: true},
		{name: "a list that fails is none", state: laid, env: []string{"BROKEN=containerapp list"}, script: ". ./env.sh dev", fails: true},
		{name: "a group that is not there", script: `. ./env.sh dev other | grep -o 'there is no group other' | sed 's/^/=/'`, want: []string{"there is no group other"}},
		{name: "a group as Azure spells it", state: laid, script: ". ./env.sh dev OPAL-DEV; " + show("GROUP"), want: []string{"GROUP=opal-dev"}},
		{
			name: "an environment in capitals, on a disk that takes both", want: []string{"usage"},
			script: `d=$(mktemp -d); cp env.sh "$d"; touch "$d"/{ground,apps}.DEV.bicepparam; . "$d/env.sh" DEV 2>&1 | sed -n 's/^env: usage.*/=usage/p'; rm -rf "$d"`,
		},
		{name: "no such environment", script: ". ./env.sh qa", fails: true},
		{name: "no environment", script: ". ./env.sh", fails: true},
		{name: "run, not read", script: "./env.sh dev || bash ./env.sh dev", fails: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			env, record := azureTools(t)
			if err := os.WriteFile(record, []byte(c.state), 0o600); err != nil {
				t.Fatal(err)
			}
			out, ok := script(t, append(slices.Clip(env), c.env...), "-c", c.script)
			var got []string
			for line := range strings.Lines(out) {
				if after, ok := strings.CutPrefix(line, "="); ok {
					got = append(got, strings.TrimSpace(after))
				}
			}
			if diff := cmp.Diff(c.want, got); diff != "" || ok == c.fails {
				t.Errorf("succeeded %v, said\n%s\n%s", ok, out, diff)
			}
		})
	}
}
