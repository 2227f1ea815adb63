package deploy_test

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/rhysd/actionlint"
	"go.yaml.in/yaml/v3"
)

// folder of the workflows, from this package.
const workflowFolder = "../.github/workflows"

// Names of the workflows. The second is what `gh workflow run` is given.
const (
	ciWorkflow      = "ci.yml"
	deployWorkflow  = "build-deploy-dev.yml"
	intoWorkflow    = "deploy.yml" // called by the two others that deploy
	promoteWorkflow = "promote-prod.yml"
	pinWorkflow     = "pin-bases.yml"
)

var allWorkflows = []string{deployWorkflow, ciWorkflow, intoWorkflow, pinWorkflow, promoteWorkflow}

// workflow is what the checks read of a workflow's file.
type workflow struct {
	On          yaml.Node              `yaml:"on"`
	Permissions *map[string]string     `yaml:"permissions"`
	Concurrency *concurrency           `yaml:"concurrency"`
	Jobs        map[string]workflowJob `yaml:"jobs"`
}

type concurrency struct {
	Group            string    `yaml:"group"`
	CancelInProgress yaml.Node `yaml:"cancel-in-progress"`
}

type workflowJob struct {
	Needs       yaml.Node         `yaml:"needs"`
	If          string            `yaml:"if"`
	Uses        string            `yaml:"uses"`
	Environment string            `yaml:"environment"`
	Timeout     int               `yaml:"timeout-minutes"`
	Permissions map[string]string `yaml:"permissions"`
	Steps       []workflowStep    `yaml:"steps"`
}

// needs lists the jobs that this one waits for: one name or a list.
func (j workflowJob) needs() []string {
	if j.Needs.Kind == yaml.ScalarNode {
		return []string{j.Needs.Value}
	}
	var all []string
	for _, n := range j.Needs.Content {
		all = append(all, n.Value)
	}
	return all
}

type workflowStep struct {
	Name string            `yaml:"name"`
	Uses string            `yaml:"uses"`
	Run  string            `yaml:"run"`
	With map[string]string `yaml:"with"`
}

// pins are the actions that may run, each by the commit of its release. A tag
// can be moved to other code; a commit can't.
var pins = map[string]string{
	"actions/checkout":           "3d3c42e5aac5ba805825da76410c181273ba90b1",
	"actions/setup-go":           "b7ad1dad31e06c5925ef5d2fc7ad053ef454303e",
	"azure/login":                "f5d393ae46f8fde4be8b75f32e3fc50e654ad0ca",
	"docker/build-push-action":   "53b7df96c91f9c12dcc8a07bcb9ccacbed38856a",
	"docker/setup-buildx-action": "37fe631027851001ddb9b187196cc803df7f5f0e",
	"sigstore/cosign-installer":  "6f9f17788090df1f26f669e9d70d6ae9567deba6",
}

// deploymentOrder is the way of a change: each job waits for those before it.
var (
	buildOrder   = []string{"changes", "verify", "build", "scan", "deploy"}
	intoOrder    = []string{"plan", "migrate", "candidate", "smoke", "promote"}
	promoteOrder = []string{"approve", "copy", "deploy"}
)

// secretsInUse are the secrets that a workflow may name, and in which jobs.
var secretsInUse = map[string][]string{
	"OPAL_SMOKE_KEY": {"smoke"},
	// where v0.2.1's runbook put them
	"AML_ENDPOINT_URL": {"plan", "migrate", "candidate", "promote"},
	"AML_ENDPOINT_KEY": {"plan", "migrate", "candidate", "promote"},
}

var (
	anyExpression = regexp.MustCompile(`\$\{\{[^}]*\}\}`)
	anySecret     = regexp.MustCompile(`secrets\.([A-Za-z0-9_]+)`)
	// keyFetched matches a command that runs, not one that is printed with \$(.
	keyFetched = regexp.MustCompile(`(?m)(^\s*|(^|[^\\])\$\()az [^"\n]*get-credentials`)
)

// checkWorkflow holds one workflow to OPAL's rules and returns what breaks them.
func checkWorkflow(name string, text []byte) []string {
	var found []string
	say := func(format string, args ...any) { found = append(found, name+": "+fmt.Sprintf(format, args...)) }
	var w workflow
	if err := yaml.Unmarshal(text, &w); err != nil {
		return []string{fmt.Sprintf("%s: %v", name, err)}
	}
	if w.Permissions == nil {
		say("no permissions at the top: the token would have the repository's default rights")
	} else if (*w.Permissions)["id-token"] != "" {
		say("id-token is for single jobs")
	}
	if w.Concurrency == nil || w.Concurrency.Group == "" {
		say("no concurrency group: two runs could deploy at once")
	}
	for id, j := range w.Jobs {
		checkJob(id, j, say)
	}
	for _, m := range anySecret.FindAllSubmatch(text, -1) {
		if _, ok := secretsInUse[string(m[1])]; !ok {
			say("secret %s is not one that OPAL has", m[1])
		}
	}
	if bytes.Contains(text, []byte("|| true")) {
		say("`|| true` hides a failure")
	}
	switch name {
	case deployWorkflow:
		checkDeployment(w, string(text), say)
	case intoWorkflow:
		checkInto(w, string(text), say)
	case promoteWorkflow:
		checkPromotion(w, string(text), say)
	}
	for id := range w.Jobs {
		for _, m := range anySecret.FindAllStringSubmatch(section(string(text), id), -1) {
			if jobs, ok := secretsInUse[m[1]]; ok && !slices.Contains(jobs, id) {
				say("job %s has the secret %s, which is for %s", id, m[1], strings.Join(jobs, ", "))
			}
		}
	}
	slices.Sort(found)
	return found
}

func checkJob(id string, j workflowJob, say func(string, ...any)) {
	if j.Uses == "" && j.Timeout == 0 {
		say("job %s has no timeout-minutes", id)
	}
	if j.Uses != "" && !strings.HasPrefix(j.Uses, "./") {
		say("job %s calls a workflow from elsewhere: %s", id, j.Uses)
	}
	login := false
	for _, s := range j.Steps {
		action, commit, _ := strings.Cut(s.Uses, "@")
		if s.Uses != "" && pins[action] != commit {
			say("job %s uses %s, which is not a pinned release", id, s.Uses)
		}
		if action == "actions/checkout" && s.With["persist-credentials"] != "false" {
			say("job %s leaves the repository's token in the checkout", id)
		}
		if action == "azure/login" {
			login = true
			if s.With["creds"] != "" || s.With["client-secret"] != "" {
				say("job %s logs in with a stored secret", id)
			}
		}
		if anyExpression.MatchString(s.Run) {
			say("job %s, step %q: an expression inside a script is code from outside; pass it in env", id, s.Name)
		}
		if keyFetched.MatchString(s.Run) {
			say("job %s, step %q fetches the endpoint's key onto the runner", id, s.Name)
		}
		if strings.Contains(s.Run, "--assignee ") {
			say("job %s, step %q asks the directory who somebody is, which its identity may not: --assignee-object-id", id, s.Name)
		}
		if strings.Contains(s.Run, "add-mask") {
			say("job %s, step %q masks a value that it should not have", id, s.Name)
		}
	}
	switch {
	case login && j.Environment == "":
		say("job %s logs in outside an environment, which the identity is bound to", id)
	case login && j.Permissions["id-token"] != "write":
		say("job %s logs in without id-token: write", id)
	case !login && j.Uses == "" && j.Permissions["id-token"] != "":
		say("job %s has a right to log in that it does not use", id)
	}
}

// checkDeployment holds the deploying workflow to the order of its jobs and to
// what it is started by.
func checkDeployment(w workflow, text string, say func(string, ...any)) {
	var on struct {
		Push     *struct{ Branches []string } `yaml:"push"`
		Dispatch *struct {
			Inputs map[string]yaml.Node `yaml:"inputs"`
		} `yaml:"workflow_dispatch"`
	}
	if err := w.On.Decode(&on); err != nil || on.Push == nil || !slices.Equal(on.Push.Branches, []string{"main"}) {
		say("it does not start on a push to main alone")
	}
	if on.Dispatch == nil || on.Dispatch.Inputs["rollback_image"].Kind == 0 {
		say("it can't be started by hand with rollback_image")
	}
	inOrder(w, buildOrder, say)
	if aml, ok := w.Jobs["aml"]; !ok || !slices.Contains(aml.needs(), "build") {
		say("job aml does not wait for build")
	}
	has(text, say, []stepRule{
		{"build", "sbom: true", "no list of what the image holds"},
		{"build", "provenance: mode=max", "no record of how the image was built"},
		{"build", "opal@$digest", "the image is not named by digest"},
		{"build", "steps.found.outputs.digest == ''", "an image that is there is built again"},
		{"build", "cosign sign", "the image is not signed"},
		{"scan", "--fail-on critical", "nobody looks for known holes in the image"},
		{"aml", `[ "$state" = Succeeded ]`, "a deployment that did not come up passes"},
		{"aml", `[ "$state" != Succeeded ]`, "an endpoint that did not come up passes"},
		{"aml", `elif [ -n "$deployments" ]; then`, "the stub takes the traffic of what took its place"},
		{"aml", "vars.OPAL_WITHOUT_ENDPOINT != 'true'", "who took the endpoint away gets it again at the next push"},
	})
}

// checkInto holds the workflow that both environments share to its order, and the
// new revision to no traffic before it is tried.
func checkInto(w workflow, text string, say func(string, ...any)) {
	inOrder(w, intoOrder, say)
	has(text, say, []stepRule{
		{"plan", "what-if", "nobody sees what would change"},
		{"plan", "diagnostics", "nobody sees what the look ahead left out"},
		{"plan", "cosign verify", "nobody checks who built the image"},
		{"plan", "build-deploy-dev.yml@refs/heads/main", "an image from any branch is taken"},
		{"migrate", "deploy/run-job.sh", "the migration's end is not waited for"},
		{"candidate", "OPAL_STABLE_API: ${{ needs.plan.outputs.api }}", "the new revision gets traffic before it is tried"},
		{"candidate", "OPAL_STABLE_BILLING: ${{ needs.plan.outputs.billing }}", "the new revision gets traffic before it is tried"},
		{"smoke", "deploy/smoke.sh", "the new revision is not tried"},
		{"migrate", "--name opal-jobs ", "deployments pile up until Azure forgets the ground's"},
		{"candidate", "--name opal-apps ", "deployments pile up until Azure forgets the ground's"},
		{"promote", "--name opal-apps ", "deployments pile up until Azure forgets the ground's"},
		{"promote", "deploy/retire.sh", "the revisions before go on running"},
		{"withdraw", "revision deactivate", "a candidate that failed goes on running"},
		{"withdraw", "needs.smoke.result == 'failure'", "a candidate that failed goes on running"},
	})
	if strings.Contains(section(text, "promote"), "OPAL_STABLE_") {
		say("job promote keeps the traffic where it was")
	}
}

// checkPromotion holds prod to what dev proved, and to an approval.
func checkPromotion(w workflow, text string, say func(string, ...any)) {
	inOrder(w, promoteOrder, say)
	if w.Jobs["approve"].Environment != "prod-approval" {
		say("nobody is asked")
	}
	has(text, say, []stepRule{
		{"approve", "sha256:[0-9a-f]{64}", "an image that is no digest passes"},
		{"copy", "copy --recursive ", "the signature stays behind"},
		{"copy", `opal@$DIGEST" --output none`, "another image than the approved one could be deployed"},
	})
	if strings.Contains(text, "build-push-action") {
		say("prod builds an image of its own")
	}
}

// inOrder checks that each job waits for the one before it, and that no run is
// cut off half way.
func inOrder(w workflow, order []string, say func(string, ...any)) {
	if w.Concurrency != nil && w.Concurrency.CancelInProgress.Value != "false" {
		say("a deployment could be cut off half way")
	}
	for i, id := range order[1:] {
		j, ok := w.Jobs[id]
		if !ok || !slices.Contains(j.needs(), order[i]) {
			say("job %s does not wait for %s", id, order[i])
		}
	}
}

type stepRule struct{ job, text, why string }

func has(text string, say func(string, ...any), rules []stepRule) {
	for _, want := range rules {
		if !strings.Contains(section(text, want.job), want.text) {
			say("job %s: %s", want.job, want.why)
		}
	}
}

// section returns a job's text: from its key to the next job's key.
func section(text, id string) string {
	_, after, _ := strings.Cut(text, "\n  "+id+":\n")
	if end := regexp.MustCompile(`(?m)^  \S`).FindStringIndex(after); end != nil {
		return after[:end[0]]
	}
	return after
}

func readWorkflow(t *testing.T, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(workflowFolder, name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestWorkflowsKeepTheRules(t *testing.T) {
	all, err := filepath.Glob(workflowFolder + "/*.yml")
	if err != nil || len(all) != len(allWorkflows) {
		t.Fatalf("%v, %v", all, err)
	}
	for _, path := range all {
		for _, f := range checkWorkflow(filepath.Base(path), readWorkflow(t, filepath.Base(path))) {
			t.Error(f)
		}
	}
}

// TestWorkflowRulesBite plants one fault after the other, v0.2.1's among them.
func TestWorkflowRulesBite(t *testing.T) {
	for _, c := range []struct{ file, old, new, want string }{
		{ciWorkflow, "permissions:\n  contents: read\n", "", "no permissions"},
		{ciWorkflow, "@3d3c42e5aac5ba805825da76410c181273ba90b1", "@v7", "not a pinned release"},
		{ciWorkflow, "actions/setup-go@", "someone/setup-go@", "not a pinned release"},
		{ciWorkflow, "          persist-credentials: false", "          fetch-depth: 1", "token in the checkout"},
		{ciWorkflow, "    timeout-minutes: 60\n", "", "no timeout"},
		{ciWorkflow, "run: .ci/run", "run: .ci/run ${{ github.head_ref }}", "code from outside"},
		{ciWorkflow, "run: .ci/run", "run: .ci/run || true", "hides a failure"},
		{deployWorkflow, "  cancel-in-progress: false", "  cancel-in-progress: true", "cut off half way"},
		{deployWorkflow, "branches: [main]", "branches: ['**']", "push to main"},
		{deployWorkflow, "      rollback_image:\n", "      image:\n", "rollback_image"},
		{deployWorkflow, "needs: [changes, verify]", "needs: [changes]", "build does not wait for verify"},
		{intoWorkflow, "needs: [plan, migrate]", "needs: [plan]", "candidate does not wait for migrate"},
		{intoWorkflow, "needs: [plan, smoke]", "needs: [plan, candidate]", "promote does not wait for smoke"},
		{intoWorkflow, "          OPAL_STABLE_API: ${{ needs.plan.outputs.api }}\n", "", "before it is tried"},
		{intoWorkflow, "          OPAL_WORKER_REVISION:", "          OPAL_STABLE_API: ${{ needs.plan.outputs.api }}\n          OPAL_WORKER_REVISION:", "keeps the traffic where it was"},
		{intoWorkflow, "cosign verify", "cosign version", "who built the image"},
		{intoWorkflow, "@refs/heads/main", "@refs/heads/other", "from any branch"},
		{intoWorkflow, ".diagnostics //", ".nothing //", "left out"},
		{intoWorkflow, "needs.smoke.result == 'failure'", "false", "goes on running"},
		{intoWorkflow, "run: deploy/smoke.sh", "run: echo", "not tried"},
		{intoWorkflow, "deploy/retire.sh", "deploy/wait-revision.sh", "the revisions before go on running"},
		{intoWorkflow, "          URL: ${{ needs.candidate.outputs.url }}", "          URL: ${{ secrets.AML_ENDPOINT_KEY }}", "which is for plan"},
		{promoteWorkflow, "environment: prod-approval", "environment: prod", "nobody is asked"},
		{promoteWorkflow, "copy --recursive", "copy", "signature stays behind"},
		{promoteWorkflow, "needs: [approve, copy]", "needs: approve", "deploy does not wait for copy"},
		{deployWorkflow, "cosign sign", "cosign version", "not signed"},
		{deployWorkflow, "sbom: true", "sbom: false", "what the image holds"},
		{deployWorkflow, "    timeout-minutes: 45\n    environment: dev\n", "    timeout-minutes: 45\n", "outside an environment"},
		{deployWorkflow, "      id-token: write\n", "", "without id-token"},
		{intoWorkflow, "secrets.OPAL_SMOKE_KEY", "secrets.AZURE_CREDENTIALS", "AZURE_CREDENTIALS"},
		{deployWorkflow, "          IMAGE: ${{ steps.image.outputs.image }}", "          IMAGE: ${{ secrets.OPAL_SMOKE_KEY }}", "which is for smoke"},
		{deployWorkflow, "run: az acr login --name", "run: az ml online-endpoint get-credentials --name", "key onto the runner"},
		{deployWorkflow, "run: az acr login", "run: echo '::add-mask::x'; az acr login", "masks a value"},
		{deployWorkflow, `--assignee-object-id "$principal" --assignee-principal-type ServicePrincipal`, `--assignee "$principal"`, "asks the directory"},
		{deployWorkflow, `[ "$state" = Succeeded ]`, "true", "did not come up"},
		{deployWorkflow, `[ "$state" != Succeeded ]`, "false", "an endpoint that did not come up"},
		{deployWorkflow, `elif [ -n "$deployments" ]; then`, "elif false; then", "takes the traffic of what took its place"},
		{deployWorkflow, " && vars.OPAL_WITHOUT_ENDPOINT != 'true'", "", "gets it again at the next push"},
		{intoWorkflow, "--name opal-jobs ", `--name "opal-jobs-$OPAL_REVISION" `, "forgets the ground's"},
		{intoWorkflow, "--name opal-apps ", `--name "opal-$OPAL_REVISION" `, "forgets the ground's"},
	} {
		t.Run(c.file+" "+c.want, func(t *testing.T) {
			text := readWorkflow(t, c.file)
			planted := bytes.ReplaceAll(text, []byte(c.old), []byte(c.new))
			if bytes.Equal(text, planted) {
				t.Errorf("%s no longer holds %q", c.file, c.old)
				return
			}
			if found := strings.Join(checkWorkflow(c.file, planted), "\n"); !strings.Contains(found, c.want) {
				t.Errorf("%q for %q is not found, only:\n%s", c.new, c.old, found)
			}
		})
	}
}

// uncompiled are the templates that no pull request has the real compiler look at.
func uncompiled(t *testing.T, ci string) (found []string) {
	t.Helper()
	templates, err := filepath.Glob("*.bicep")
	if err != nil || len(templates) < 4 {
		t.Fatalf("%v, %v", templates, err)
	}
	for _, name := range templates {
		if !strings.Contains(ci, " deploy/"+name) {
			found = append(found, name)
		}
	}
	for _, command := range []string{`az bicep build --file "$template"`, `az bicep lint --file "$template"`, `in deploy/*.bicepparam`, `az bicep build-params --file "$parameters"`} {
		if !strings.Contains(ci, command) {
			found = append(found, command)
		}
	}
	return found
}

func TestCICompilesEveryTemplate(t *testing.T) {
	text := string(readWorkflow(t, ciWorkflow))
	if found := uncompiled(t, text); len(found) > 0 {
		t.Errorf("ci.yml does not compile %v", found)
	}
	for _, part := range []string{" deploy/cutout-app.bicep", " deploy/ground.bicep", "az bicep lint"} {
		if len(uncompiled(t, strings.ReplaceAll(text, part, ""))) == 0 {
			t.Errorf("without %s nothing is found", part)
		}
	}
}

// scoringFaults are the packages of the scoring service by whose change the workflow would
// not deploy it anew.
func scoringFaults(workflowText string, packages []string) (found []string) {
	m := regexp.MustCompile(`scoring=c-\$\(content ([^)]+)\)`).FindStringSubmatch(workflowText)
	if m == nil {
		return []string{"the workflow no longer names the scoring service by its content"}
	}
	for _, p := range packages {
		path, own := strings.CutPrefix(p, "github.com/opal-photo/opal/")
		if own && !slices.ContainsFunc(strings.Fields(m[1]), func(part string) bool { return path == part || strings.HasPrefix(path, part+"/") }) {
			found = append(found, path)
		}
	}
	return found
}

func TestTheScoringServiceIsNamedByAllItRuns(t *testing.T) {
	t.Parallel()
	out, err := exec.CommandContext(t.Context(), program(t, "go"), "list", "-deps", "../modules/score/server").Output()
	if err != nil {
		t.Fatal(err)
	}
	packages, text := strings.Fields(string(out)), string(readWorkflow(t, deployWorkflow))
	if found := scoringFaults(text, packages); len(found) > 0 {
		t.Errorf("a change of %v would not reach the endpoint", found)
	}
	for _, part := range []string{"modules/egress", "modules/scene"} {
		if found := scoringFaults(strings.ReplaceAll(text, part+" ", ""), packages); !slices.Contains(found, part) {
			t.Errorf("without %s found is %v", part, found)
		}
	}
}

// program returns the path of a program that a test needs.
func program(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		if os.Getenv("OPAL_REQUIRE_ALL") == "1" {
			t.Fatalf("%s is missing: install it (apt-get install %s)", name, name)
		}
		t.Skipf("%s is missing: install it (apt-get install %s)", name, name)
	}
	return path
}

// lint runs actionlint with shellcheck over one workflow's text.
func lint(t *testing.T, name string, text []byte) []*actionlint.Error {
	t.Helper()
	l, err := actionlint.NewLinter(io.Discard, &actionlint.LinterOptions{Shellcheck: program(t, "shellcheck")})
	if err != nil {
		t.Fatal(err)
	}
	project, err := actionlint.NewProject("..")
	if err != nil {
		t.Fatal(err)
	}
	found, err := l.Lint(filepath.Join(workflowFolder, name), text, project)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestWorkflowsPassActionlint(t *testing.T) {
	for _, name := range allWorkflows {
		t.Run(name, func(t *testing.T) {
			for _, e := range lint(t, name, readWorkflow(t, name)) {
				t.Error(e)
			}
		})
	}
}

func TestActionlintBites(t *testing.T) {
	for _, c := range []struct{ old, new, want string }{
		{"          content() {", "          fi\n          content() {", "SC1089"},
		{"needs.build.outputs.image", "needs.build.outputs.picture", "picture"},
		{`--name "$REGISTRY"`, "--name $REGISTRY", "SC2086"},
		{"needs: [changes, build]", "needs: [changes, bild]", "bild"},
	} {
		t.Run(c.want, func(t *testing.T) {
			text := readWorkflow(t, deployWorkflow)
			planted := bytes.ReplaceAll(text, []byte(c.old), []byte(c.new))
			found := fmt.Sprint(lint(t, deployWorkflow, planted))
			if bytes.Equal(text, planted) || !strings.Contains(found, c.want) {
				t.Errorf("%q for %q is not found: %s", c.new, c.old, found)
			}
		})
	}
}

// parsedShell holds what bash said to each script: planted faults change one of many blocks.
var parsedShell sync.Map

// parses reports what bash says to a script that it only reads.
func parses(t *testing.T, script string) error {
	if said, ok := parsedShell.Load(script); ok {
		return *said.(*error)
	}
	cmd := exec.CommandContext(t.Context(), program(t, "bash"), "-n")
	cmd.Stdin = strings.NewReader(script)
	out, err := cmd.CombinedOutput()
	if err != nil {
		err = fmt.Errorf("%w: %s", err, out)
	}
	parsedShell.Store(script, &err)
	return err
}

func TestShellParses(t *testing.T) {
	for _, name := range allWorkflows {
		t.Run(name, func(t *testing.T) {
			var w workflow
			if err := yaml.Unmarshal(readWorkflow(t, name), &w); err != nil {
				t.Fatal(err)
			}
			for id, j := range w.Jobs {
				for _, s := range j.Steps {
					if err := parses(t, s.Run); err != nil {
						t.Errorf("%s, job %s, step %q: %v", name, id, s.Name, err)
					}
				}
			}
		})
	}
	scripts, err := filepath.Glob("*.sh")
	if err != nil || len(scripts) == 0 {
		t.Fatalf("%v, %v", scripts, err)
	}
	for _, path := range scripts {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := parses(t, string(b)); err != nil {
			t.Errorf("%s: %v", path, err)
		}
		if out, err := exec.CommandContext(t.Context(), program(t, "shellcheck"), path).CombinedOutput(); err != nil {
			t.Errorf("%s", out)
		}
	}
	if parses(t, "if true; then :; fi; fi") == nil {
		t.Error("an orphan fi parses")
	}
}
