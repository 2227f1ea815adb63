package deploy_test

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// byHand is a shell that env.sh prepared, as the scripts for people expect it.
func byHand(t *testing.T, state string, more ...string) (env []string, record string) {
	t.Helper()
	env, record = azureTools(t)
	if err := os.WriteFile(record, []byte(state), 0o600); err != nil {
		t.Fatal(err)
	}
	env = append(env, "OPAL_ENVIRONMENT=dev", "GROUP=opal-dev", "VAULT=vault", "API=https://opal-web-api-dev.example.com")
	return append(env, more...), record
}

// recorded returns the lines of the record that begin with one of the words, without them.
func recorded(t *testing.T, record string, words ...string) []string {
	t.Helper()
	var found []string
	for line := range strings.Lines(readFile(t, record)) {
		if slices.ContainsFunc(words, func(w string) bool { return strings.HasPrefix(line, w) }) {
			found = append(found, strings.TrimSpace(line))
		}
	}
	return found
}

// A secret comes from a person, a pipe or chance; the pepper stays unless somebody insists.
func TestSecrets(t *testing.T) {
	held := "keyvault secret set --vault-name vault --name auth-key-pepper --file f --tags from=random --output none\n"
	for _, c := range []struct {
		name, state, command string
		fault                string
		ok                   bool
		says                 string
		sets                 int
		value                string // "" for any
	}{
		{name: "from a pipe", command: `printf 'k 1\r\n' | ./secret.sh mollie-api-key`, ok: true, sets: 1, value: "k 1", says: "mollie-api-key is in vault"},
		{name: "made", command: "./secret.sh auth-key-pepper --random", ok: true, sets: 1},
		{name: "made once", state: held, command: "./secret.sh auth-key-pepper --random", ok: true, says: "is there already"},
		{name: "the pepper once more", state: held, command: "echo new | ./secret.sh auth-key-pepper", says: "every API key is void"},
		{name: "the pepper, insisted on", state: held, command: "./secret.sh auth-key-pepper --random --replace", ok: true, sets: 1},
		{name: "another key once more", state: strings.ReplaceAll(held, "auth-key-pepper", "photoroom-api-key"), command: "echo new | ./secret.sh photoroom-api-key", ok: true, sets: 1, value: "new"},
		{name: "nothing in the pipe", command: "printf '' | ./secret.sh mollie-api-key", says: "would be empty"},
		{name: "a name that nothing reads", command: "echo k | ./secret.sh molly-api-key", says: "nothing reads molly-api-key"},
		{name: "an option of none", command: "./secret.sh mollie-api-key --ranndom", says: "usage"},
		{name: "no rights yet", fault: "rights", command: "echo k | ./secret.sh mollie-api-key", ok: true, sets: 1, value: "k", says: "giving you the right"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			env, record := byHand(t, c.state, "FAULT="+c.fault)
			out, ok := script(t, env, "-c", c.command)
			if ok != c.ok || !strings.Contains(out, c.says) {
				t.Errorf("passed %v: %s", ok, out)
			}
			values := recorded(t, record, "SECRET=")
			if len(values) != c.sets || c.value != "" && values[0] != "SECRET="+c.value || len(values) == 1 && len(values[0]) < len("SECRET=k") {
				t.Errorf("set %q", values)
			}
			for _, v := range values {
				if strings.Contains(out, strings.TrimPrefix(v, "SECRET=")) && c.value != "k" {
					t.Errorf("the value is printed: %s", out)
				}
			}
		})
	}
}

// secret.sh takes the secrets that the ground gives to somebody, and no others.
func TestSecretsAreThoseThatAreRead(t *testing.T) {
	names := func(text string) []string {
		var all []string
		for _, m := range regexp.MustCompile(`secret: '([a-z-]+)'`).FindAllStringSubmatch(text, -1) {
			all = append(all, m[1])
		}
		slices.Sort(all)
		return slices.Compact(all)
	}
	ground := readFile(t, "ground.bicep")
	_, after, _ := strings.Cut(readFile(t, "secret.sh"), "\nknown='")
	known, _, _ := strings.Cut(after, "'")
	taken := strings.Fields(known)
	slices.Sort(taken)
	if d := cmp.Diff(names(ground), taken); d != "" {
		t.Errorf("-ground.bicep +secret.sh\n%s", d)
	}
	if cmp.Equal(names(ground+"{ secret: 'another-key' }"), taken) {
		t.Error("one that only the ground has is not found")
	}
	rotated := readFile(t, "README.md")
	for _, name := range taken {
		if _, table, _ := strings.Cut(rotated, "## Rotating keys"); !strings.Contains(table, "`"+name+"`") {
			t.Errorf("README.md does not say how %s is renewed", name)
		}
	}
}

// The repository is set up for the environment that the shell is ready for, and for none beside it.
func TestGithubIsSetUp(t *testing.T) {
	policy := `{"deployment_branch_policy":{"protected_branches":false,"custom_branch_policies":true}`
	for _, c := range []struct {
		name, environment, fault string
		args                     []string
		ok                       bool
		says                     string
		want                     []string // among what gh was told
		not                      string
		more                     []string
	}{
		{
			name: "dev", environment: "dev", ok: true, says: "o/r is set up for dev", not: "OPAL_WITHOUT_ENDPOINT",
			want: []string{
				"gh api -X PUT repos/o/r/environments/dev --input - " + policy + "}", "gh api -X POST repos/o/r/environments/dev/deployment-branch-policies -f name=main",
				"gh variable set AZURE_CLIENT_ID --env dev --body client", "gh variable set OPAL_REGISTRY --env dev --body reg",
				"gh secret set OPAL_SMOKE_KEY --env dev opal_k",
			},
		},
		{
			name: "prod", environment: "prod", args: []string{"opal-dev"}, ok: true, says: "only main deploys to prod-approval", not: "--env dev",
			want: []string{
				"gh api -X PUT repos/o/r/environments/prod --input - " + policy + "}",
				"gh api -X PUT repos/o/r/environments/prod-approval --input - " + policy + `,"reviewers":[{"type":"User","id":7}]}`,
				"gh variable set OPAL_SELLER_COUNTRY --env prod --body NL", "role assignment create --role AcrPull",
			},
		},
		{
			name: "prod again, with reviewers that somebody added", environment: "prod", fault: "agreed", args: []string{"opal-dev"}, ok: true, says: "only main deploys to prod-approval",
			want: []string{"gh api -X PUT repos/o/r/environments/prod-approval --input - " + policy + `,"reviewers":[{"type":"Team","id":9}]}`},
		},
		{
			name: "no reviewers", environment: "prod", fault: "reviewers", args: []string{"opal-dev"}, ok: true, says: "so nobody is asked",
			want: []string{"gh api -X PUT repos/o/r/environments/prod-approval --input - " + policy + "}", "gh api -X POST repos/o/r/environments/prod-approval/deployment-branch-policies -f name=main"},
		},
		{
			name: "dev with a domain, without an endpoint", environment: "dev", ok: true, says: "o/r is set up for dev", not: "prod",
			more: []string{"OPAL_CUSTOM_DOMAIN=api.example.com", "OPAL_WITHOUT_ENDPOINT=true"},
			want: []string{"gh variable set OPAL_CUSTOM_DOMAIN --env dev --body api.example.com", "gh variable set OPAL_WITHOUT_ENDPOINT --env dev --body true"},
		},
		{name: "prod without dev", environment: "prod", says: "usage: github.sh GROUP_OF_DEV"},
		{name: "somebody else's repository", environment: "dev", fault: "stranger", says: "gh auth login, in a clone of your own"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			env, record := byHand(t, laid, "FAULT="+c.fault, "OPAL_ENVIRONMENT="+c.environment, "GROUP=opal-"+c.environment, "OPAL_API_KEY=opal_k")
			env = append(env, c.more...)
			out, ok := script(t, env, append([]string{"github.sh"}, c.args...)...)
			if ok != c.ok || !strings.Contains(out, c.says) || strings.Contains(out, "opal_k") {
				t.Errorf("passed %v: %s", ok, out)
			}
			all := recorded(t, record, "gh ", "role assignment")
			for _, want := range c.want {
				if !slices.ContainsFunc(all, func(l string) bool { return strings.HasPrefix(l, want) }) {
					t.Errorf("gh was not told %s, only:\n%s", want, strings.Join(all, "\n"))
				}
			}
			if c.not != "" && strings.Contains(strings.Join(all, "\n"), c.not) {
				t.Errorf("told of %s:\n%s", c.not, strings.Join(all, "\n"))
			}
		})
	}
}

// A domain is bound with the certificate that was made, not with one that is still pending.
func TestDomain(t *testing.T) {
	for _, c := range []struct {
		name, environment, fault string
		ok                       bool
		says                     string
		brought                  int
	}{
		{name: "as it should be", environment: "prod", ok: true, says: "the API is at https://api.example.com", brought: 2},
		{name: "the certificate fails", environment: "prod", fault: "certificate", says: "the certificate is Failed", brought: 1},
		{name: "an environment without one", environment: "dev", says: "has no domain"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			env, record := byHand(t, laid, "FAULT="+c.fault, "OPAL_ENVIRONMENT="+c.environment, "GROUP=opal-"+c.environment, "OPAL_SELLER_NAME=x", "OPAL_SELLER_ADDRESS=x")
			out, ok := script(t, env, "domain.sh", "api.example.com")
			if ok != c.ok || !strings.Contains(out, c.says) {
				t.Errorf("passed %v: %s", ok, out)
			}
			if n := len(recorded(t, record, "APPS=true")) - 1; n != c.brought {
				t.Errorf("brought %d times, want %d", n, c.brought)
			}
			if c.ok {
				called := readFile(t, record)
				made, waited, bound := strings.Index(called, "env certificate create"), strings.Index(called, "provisioningState"), strings.LastIndex(called, "APPS=true")
				if made < 0 || waited < made || bound < waited {
					t.Errorf("out of order:\n%s", called)
				}
				if rows := recorded(t, record, "APPS=true"); len(rows) != 3 || !strings.HasSuffix(rows[1], "DOMAIN=api.example.com CERTIFICATE=") || !strings.HasSuffix(rows[2], "DOMAIN=api.example.com CERTIFICATE=/certificates/api") {
					t.Errorf("bound as %q", rows)
				}
			}
		})
	}
}

// Traffic goes back to a revision that does all of its work, and none is stopped that clients have.
func TestBackAndRetire(t *testing.T) {
	for _, c := range []struct {
		name, fault string
		args        []string
		ok          bool
		says        string
		want        []string
	}{
		{name: "those that there are", args: []string{"back.sh", "g", "opal-web-api-dev"}, ok: true, says: "opal-web-api-dev--r1-live "},
		{name: "one of them", args: []string{"back.sh", "g", "opal-web-api-dev", "r1-live"}, ok: true, says: "opal-web-api-dev--r1-live has the traffic", want: []string{
			"containerapp revision activate --resource-group g --name opal-web-api-dev --revision opal-web-api-dev--r1-live --output none",
			"containerapp ingress traffic set --resource-group g --name opal-web-api-dev --revision-weight opal-web-api-dev--r1-live=100 --output none",
			"containerapp revision deactivate --resource-group g --name opal-web-api-dev --revision opal-web-api-dev--r7-live --output none",
		}},
		{name: "one that was tried", args: []string{"back.sh", "g", "opal-web-api-dev", "r1"}, says: "does no background work"},
		{name: "one of none", args: []string{"back.sh", "g", "opal-web-api-dev", "opal-web-api-dev--r9"}, says: "there is no opal-web-api-dev--r9; there are"},
		{name: "the others of one without traffic", fault: "traffic", args: []string{"retire.sh", "g", "opal-web-api-dev", "r1-live"}, says: "Nothing was stopped"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			env, record := byHand(t, laid, "FAULT="+c.fault)
			out, ok := script(t, env, c.args...)
			if ok != c.ok || !strings.Contains(out, c.says) {
				t.Errorf("passed %v: %s", ok, out)
			}
			if got := recorded(t, record, "containerapp revision activate", "containerapp revision deactivate", "containerapp ingress"); !cmp.Equal(c.want, got) {
				t.Error(cmp.Diff(c.want, got))
			}
		})
	}
}

// What a commit does not hold is not built under its name.
func TestFirstBuildsWhatIsCommitted(t *testing.T) {
	t.Parallel()
	env, record := azureTools(t)
	out, ok := script(t, append(env, "DIRTY= M main.go"), "first.sh", "after", "dev", "opal-dev", "westeurope")
	if ok || !strings.Contains(out, "not committed") || !strings.Contains(out, "main.go") {
		t.Errorf("passed %v: %s", ok, out)
	}
	if strings.Contains(readFile(t, record), "acr build") {
		t.Error("built all the same")
	}
}

// unportable is what the tools of macOS, or its bash 3.2, take otherwise or not at all.
var unportable = map[string]*regexp.Regexp{
	"\\| in a basic expression": regexp.MustCompile(`(?m)\b(sed|grep)( -[a-zA-Z]*)* '?"?[^'"|]*\\\|`),
	"a program of Linux":        regexp.MustCompile(`\b(sha256sum|md5sum|nproc|tac|timeout) `),
	"readlink -f":               regexp.MustCompile(`readlink -f`),
	"date -d":                   regexp.MustCompile(`date (-u )?-d`),
	"grep -P":                   regexp.MustCompile(`grep -[a-zA-Z]*P`),
	"sed -i":                    regexp.MustCompile(`sed -i`),
	"sed's flag I":              regexp.MustCompile(`/[gp]*I[gp]*["']`),
	"bash 4":                    regexp.MustCompile(`\b(mapfile|readarray|coproc)\b|declare -A|\$\{[a-zA-Z_]+(,,|\^\^)`),
}

func portable(text string) (found []string) {
	for what, r := range unportable {
		if r.MatchString(text) {
			found = append(found, what+": "+r.FindString(text))
		}
	}
	return found
}

func TestScriptsRunOnAMac(t *testing.T) {
	scripts, err := filepath.Glob("*.sh")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range scripts {
		for _, f := range portable(readFile(t, name)) {
			t.Errorf("%s: %s", name, f)
		}
	}
	for _, planted := range []string{
		`value() { sed -n "s/^\(a\|b\)//p" f; }`, "git ls-tree HEAD | sha256sum | cut -c1-24", "sed -i s/a/b/ f", `sed -n "s/^$1: *//Ip"`, "mapfile -t all < f", "date -d yesterday",
		"grep -oP x", "readlink -f x",
	} {
		if len(portable(planted)) == 0 {
			t.Errorf("not found: %s", planted)
		}
	}
}

// memoryFaults are ways in which Azure would forget what env.sh reads of the ground, or
// refuse the ground's next deployment.
func memoryFaults(files map[string]string) (found []string) {
	for _, m := range regexp.MustCompile(`(?m)^  name: '([a-z-]*\$\{[^']*)'\n  params`).FindAllStringSubmatch(files["apps.bicep"], -1) {
		found = append(found, "each push leaves a deployment of another name: "+m[1])
	}
	if strings.Contains(files["ground.bicep"], "utcNow(") {
		found = append(found, "the ground differs by its day: a budget takes no other first month")
	}
	for _, env := range []string{"dev", "prod"} {
		text := files["ground."+env+".bicepparam"]
		for _, m := range regexp.MustCompile(`readEnvironmentVariable\('([A-Z_]+)'`).FindAllStringSubmatch(text+files["apps."+env+".bicepparam"], -1) {
			// the three of a trial are bring.sh's, the key comes from the workflow's secrets
			if !slices.Contains([]string{"OPAL_STABLE_API", "OPAL_STABLE_BILLING", "OPAL_WORKER_REVISION", "AML_ENDPOINT_KEY"}, m[1]) &&
				!regexp.MustCompile(`(?m)(_opal_found |^\s*export .*\b)`+m[1]+`\b`).MatchString(files["env.sh"]) {
				found = append(found, env+": a new shell forgets "+m[1])
			}
		}
		if !strings.Contains(text, "readEnvironmentVariable('OPAL_BUDGET_START')") {
			found = append(found, env+": the budget's first month is not the one that it has")
		}
		if !regexp.MustCompile(`storageGb: max\(\d+, int\(readEnvironmentVariable\('OPAL_POSTGRES_GB', '0'\)\)\)`).MatchString(text) {
			found = append(found, env+": a database that has grown would have to shrink")
		}
	}
	return found
}

func TestTheGroundMayBeRepeated(t *testing.T) {
	files := map[string]string{}
	for _, name := range []string{"apps.bicep", "ground.bicep", "ground.dev.bicepparam", "ground.prod.bicepparam", "apps.dev.bicepparam", "apps.prod.bicepparam", "env.sh"} {
		files[name] = readFile(t, name)
	}
	for _, f := range memoryFaults(files) {
		t.Error(f)
	}
	for name, c := range map[string][3]string{
		"a name for each push":     {"apps.bicep", "  name: 'web-api'\n", "  name: 'web-api-${revision}'\n"},
		"a choice forgotten":       {"env.sh", "_opal_found OPAL_TRACES ", "export OPAL_OTHER="},
		"another month":            {"ground.bicep", "param budgetStart string", "param budgetStart string = utcNow('yyyy-MM-01')"},
		"dev's budget of today":    {"ground.dev.bicepparam", "OPAL_BUDGET_START", "TODAY"},
		"prod's database as small": {"ground.prod.bicepparam", "max(128, int(readEnvironmentVariable('OPAL_POSTGRES_GB', '0')))", "128"},
	} {
		t.Run(name, func(t *testing.T) {
			planted := maps.Clone(files)
			planted[c[0]] = strings.Replace(files[c[0]], c[1], c[2], 1)
			if planted[c[0]] == files[c[0]] || len(memoryFaults(planted)) == 0 {
				t.Error("not found")
			}
		})
	}
}
