package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/opal-photo/opal/deploy/internal/bicep"
)

// deployed is what the templates and parameters of an environment deploy.
type deployed struct {
	Workers                   [2]worker // the orchestrator, the export worker
	APIMin, APIMax, APICalls  int       // replicas, and the calls at once for which there is one
	APIConnections            int
	BillingMax, BillingConns  int
	Postgres                  string // SKU
	PostgresGB                int
	Bus                       string // SKU
	ScoreInstances, ScoreHand int    // of ml/deployment-studio.yml
	Window                    int    // messages of a tenant in a queue, of app/parts.go
}

// worker is a container app that a queue scales.
type worker struct {
	Cores, GiB          float64
	Hands, Min, Max     int
	Messages, Connected int
}

// readTemplates evaluates the Bicep files below the repository's root.
func readTemplates(root, environment string) (d deployed, err error) {
	apps, err := bicep.EvaluateWith(filepath.Join(root, "deploy", "apps."+environment+".bicepparam"),
		map[string]any{"image": "registry.example.com/opal@sha256:" + strings.Repeat("0", 64), "deployApps": true})
	if err != nil {
		return d, err
	}
	ground, err := bicep.EvaluateWith(filepath.Join(root, "deploy", "ground."+environment+".bicepparam"), nil)
	if err != nil {
		return d, err
	}
	var faults []string
	for _, r := range apps.Find("Microsoft.App/containerApps") {
		a := app{r, &faults}
		switch name := strings.TrimSuffix(r.Name, "-"+environment); name {
		case "opal-web-api":
			d.APIMin, d.APIMax, d.APIConnections = a.number("minReplicas"), a.number("maxReplicas"), a.setting("DATABASE_MAX_CONNS")
			d.APICalls = a.rule("http", "concurrentRequests")
		case "opal-billing-service":
			d.BillingMax, d.BillingConns = a.number("maxReplicas"), a.setting("DATABASE_MAX_CONNS")
		case "opal-orchestrator", "opal-export-worker":
			w := worker{Min: a.number("minReplicas"), Max: a.number("maxReplicas"), Hands: a.setting("WORKER_CONCURRENCY"),
				Messages: a.rule("custom", "messageCount"), Connected: a.setting("DATABASE_MAX_CONNS")}
			w.Cores, w.GiB = a.size()
			d.Workers[map[string]int{"opal-orchestrator": 0, "opal-export-worker": 1}[name]] = w
		}
	}
	for _, r := range ground.Find("Microsoft.DBforPostgreSQL/flexibleServers") {
		d.Postgres = fmt.Sprint(r.Get("sku", "name"))
		d.PostgresGB = toInt(r.Get("properties", "storage", "storageSizeGB"))
	}
	for _, r := range ground.Find("Microsoft.ServiceBus/namespaces") {
		d.Bus = fmt.Sprint(r.Get("sku", "name"))
	}
	if err := d.readScore(filepath.Join(root, "ml", "deployment-studio.yml")); err != nil {
		return d, err
	}
	if d.Window, err = constant(filepath.Join(root, "app", "parts.go"), "windowOfBroker"); err != nil {
		return d, err
	}
	if len(faults) > 0 || d.Workers[0].Max == 0 || d.Workers[1].Max == 0 || d.APIMax == 0 || d.Postgres == "" || d.Bus == "" {
		return d, fmt.Errorf("the templates of %s lack something: %v, %+v", environment, faults, d)
	}
	return d, nil
}

// app reads a container app of a plan.
type app struct {
	*bicep.Resource
	faults *[]string
}

func (a app) number(name string) int { return toInt(a.Get("properties", "template", "scale", name)) }

func toInt(v any) int {
	n, err := strconv.Atoi(fmt.Sprint(v))
	if err != nil {
		return 0
	}
	return n
}

func (a app) container() map[string]any {
	all, _ := a.Get("properties", "template", "containers").([]any)
	if len(all) != 1 {
		return nil
	}
	c, _ := all[0].(map[string]any)
	return c
}

func (a app) setting(name string) int {
	env, _ := a.container()["env"].([]any)
	for _, e := range env {
		if m, ok := e.(map[string]any); ok && m["name"] == name {
			return toInt(m["value"])
		}
	}
	*a.faults = append(*a.faults, a.Name+" has no "+name)
	return 0
}

// rule returns a number of the app's one scale rule.
func (a app) rule(kind, name string) int {
	rules, _ := a.Get("properties", "template", "scale", "rules").([]any)
	if len(rules) == 1 {
		if r, ok := rules[0].(map[string]any); ok {
			if k, ok := r[kind].(map[string]any); ok {
				if m, ok := k["metadata"].(map[string]any); ok {
					return toInt(m[name])
				}
			}
		}
	}
	*a.faults = append(*a.faults, a.Name+" has no rule "+name)
	return 0
}

// size returns a replica's cores and memory.
func (a app) size() (cores, gib float64) {
	r, _ := a.container()["resources"].(map[string]any)
	_, err := fmt.Sscanf(fmt.Sprint(r["cpu"], " ", r["memory"]), "%g %gGi", &cores, &gib)
	if err != nil {
		*a.faults = append(*a.faults, fmt.Sprintf("%s: its size %v: %v", a.Name, r, err))
	}
	return cores, gib
}

func (d *deployed) readScore(path string) error {
	b, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var score struct {
		Count int               `yaml:"instance_count"`
		Env   map[string]string `yaml:"environment_variables"`
	}
	if err := yaml.Unmarshal(b, &score); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	d.ScoreInstances, d.ScoreHand = score.Count, toInt(score.Env["SCORE_CONCURRENCY"])
	return nil
}

// constant reads a number that a line of Go names.
func constant(path, name string) (int, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return 0, err
	}
	m := regexp.MustCompile(`(?m)^\s*` + name + `\s*=\s*(\d+)\s*$`).FindSubmatch(b)
	if m == nil {
		return 0, fmt.Errorf("%s has no constant %s", path, name)
	}
	return strconv.Atoi(string(m[1]))
}
