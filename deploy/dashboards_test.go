package deploy

import (
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

var (
	// A figure as code declares it, with its kind, or as one of the watched ages.
	declared = regexp.MustCompile(`(?:prometheus\.New(Histogram|Counter|Gauge)(?:Vec)?\(prometheus\.\w+\{\s*Name: |\{)"(opal_[a-z_]+)"`)
	named    = regexp.MustCompile(`opal_[a-z_]+`)
	labels   = regexp.MustCompile(`\b(by|without) \(([^)]*)\)`)
)

// figures returns the series that the code makes, and each one's declaration.
func figures(t *testing.T) map[string]string {
	t.Helper()
	found := map[string]string{}
	for _, root := range []string{"../app", "../modules"} {
		err := filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			if d.IsDir() && d.Name() == "node_modules" {
				return fs.SkipDir
			}
			if d.IsDir() || !strings.HasSuffix(p, ".go") || strings.HasSuffix(p, "_test.go") {
				return nil
			}
			b, err := os.ReadFile(p)
			if err != nil {
				return err
			}
			for _, m := range declared.FindAllStringSubmatch(string(b), -1) {
				names := []string{m[2]}
				if m[1] == "Histogram" {
					names = []string{m[2] + "_bucket", m[2] + "_sum", m[2] + "_count"}
				}
				for _, n := range names {
					found[n] = string(b)
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if len(found) < 20 {
		t.Fatalf("found %d figures in the code; the pattern has become blind", len(found))
	}
	return found
}

// expressions returns the expressions of the dashboard and of the alerts, by title.
func expressions(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{}
	b, err := os.ReadFile("dashboards/grafana.json")
	if err != nil {
		t.Fatal(err)
	}
	var page struct {
		Panels []struct {
			Title   string
			Targets []struct{ Expr string }
		}
	}
	if err := json.Unmarshal(b, &page); err != nil || len(page.Panels) < 10 {
		t.Fatalf("the dashboard: %v, %d panels", err, len(page.Panels))
	}
	for _, p := range page.Panels {
		for _, one := range p.Targets {
			all[p.Title+": "+one.Expr] = one.Expr
		}
	}
	f, err := os.Open("dashboards/alerts.yaml")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var rules struct {
		Groups []struct {
			Name  string
			Rules []struct {
				Alert, Expr, For    string
				Labels, Annotations map[string]string
			}
		}
	}
	d := yaml.NewDecoder(f)
	d.KnownFields(true)
	if err := d.Decode(&rules); err != nil || len(rules.Groups) != 1 || len(rules.Groups[0].Rules) < 8 {
		t.Fatalf("the alerts: %v", err)
	}
	for _, r := range rules.Groups[0].Rules {
		if r.Alert == "" || r.For == "" || r.Labels["severity"] == "" || r.Annotations["summary"] == "" || r.Annotations["description"] == "" {
			t.Errorf("alert %q lacks its time, severity or words", r.Alert)
		}
		all[r.Alert] = r.Expr
	}
	return all
}

// TestDashboardAndAlertsNameFiguresThatExist reads what the code makes.
func TestDashboardAndAlertsNameFiguresThatExist(t *testing.T) {
	known := figures(t)
	for title, expr := range expressions(t) {
		t.Run(title, func(t *testing.T) {
			names := named.FindAllString(expr, -1)
			if len(names) == 0 {
				t.Errorf("it names no figure of OPAL: %s", expr)
			}
			text := ""
			for _, n := range names {
				if known[n] == "" {
					t.Errorf("no code makes %s", n)
				}
				text += known[n]
			}
			for _, m := range labels.FindAllStringSubmatch(expr, -1) {
				for _, label := range strings.Split(m[2], ", ") {
					if label != "le" && !strings.Contains(text, `"`+label+`"`) {
						t.Errorf("no figure has the label %q", label)
					}
				}
			}
			for _, pair := range []string{"()", "[]", "{}"} {
				if strings.Count(expr, pair[:1]) != strings.Count(expr, pair[1:]) {
					t.Errorf("%s is not closed in %s", pair, expr)
				}
			}
		})
	}
}
