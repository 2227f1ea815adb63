package configtest

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/opal-photo/opal/config"
)

// TestEverySettingIsRead finds settings that were added and lead nowhere: no code of app or
// config names their field, in their group.
func TestEverySettingIsRead(t *testing.T) {
	code, err := Read("../..")
	if err != nil {
		t.Fatal(err)
	}
	read := code.All()
	if len(read) < 50 {
		t.Errorf("only %d settings were found", len(read))
	}
	for _, s := range config.Settings() {
		t.Run(s.Name, func(t *testing.T) {
			if !slices.Contains(read, s.Name) {
				t.Error("no code reads it: hand it to its room in app/wire.go, or in the part of the role that needs it, or take it out")
			}
		})
	}
}

func TestSettingsAreReadByTheirGroup(t *testing.T) {
	for _, c := range []struct {
		name, src string
		want      []string
	}{
		{"of the whole", `func f(w *wire) { g(w.cfg.Cutout.Engine) }`, []string{"CUTOUT_ENGINE"}},
		{"of a parameter", `func f(c *config.Config) string { return c.Place.Engine }`, []string{"PLACE_ENGINE"}},
		{"of a function in a row", `var r = row{at: func(c *config.Config) string { return c.AML.EndpointURL }}`, []string{"AML_ENDPOINT_URL"}},
		{"of a group in a variable", `func f(w *wire) { s := w.cfg.Score; g(s.Key) }`, []string{"SCORE_KEY"}},
		{"of a group in a declared variable", `func f(w *wire) { var s = w.cfg.Score; g(s.Key) }`, []string{"SCORE_KEY"}},
		{"of a variable that changes", `func f(w *wire) { s := w.cfg.Score; g(s.Key); s2, s := 1, w.cfg.Place; g(s.Model, s2) }`, []string{"PLACE_MODEL", "SCORE_KEY"}},
		{"of a group as parameter", `func f(s config.Storage) string { return s.Dir }`, []string{"STORAGE_DIR"}},
		{"of a group as receiver", `func (d *Database) f() string { return d.URL }`, []string{"DATABASE_URL"}},
		{"of no group", `func f(w *wire) { g(w.cfg.PublicBaseURL) }`, []string{"PUBLIC_BASE_URL"}},
		{"through a variable", `func f(w *wire) { key := w.cfg.Score.Key; g(key) }`, []string{"SCORE_KEY"}},
		{"through a declared variable", `func f(w *wire) { var key = w.cfg.Score.Key; g(key) }`, []string{"SCORE_KEY"}},
		{"added to another", `func f(w *wire) { n += w.cfg.Worker.Concurrency }`, []string{"WORKER_CONCURRENCY"}},
		{"within an expression", `func f(w *wire) { base := w.cfg.PublicBaseURL + "/x"; _ = base }`, []string{"PUBLIC_BASE_URL"}},
		{"of something else", `func f(o Options) { g(o.Engine, o.URL) }`, nil},
		{"written alone", `func f(c *Config) { c.Place.Engine = "x" }`, nil},
		{"given to nobody", `func f(c *Config) { _ = c.Place.Engine }`, nil},
		{"given to nobody beside another", `func f(c *Config) { _, a := c.Place.Engine, c.Place.Model; g(a) }`, []string{"PLACE_MODEL"}},
		{"given to nobody through a variable", `func f(c *Config) { a := c.Place.Engine; _ = a }`, nil},
		{"given to nobody from a group", `func f(c *Config) { p := c.Place; _ = p.Engine }`, nil},
		{"declared for nobody", `func f(c *Config) { var _ = c.Place.Engine }`, nil},
		{"declared for nobody at the top", `var _ = cfg.Place.Engine`, nil},
		{"no group in a variable of its name", `func f(c *Config) { s := c.Score; g(s.Key) }; func h(s Options) { g(s.Engine) }`, []string{"SCORE_KEY"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			code := newCode()
			if err := code.file("a.go", []byte("package p\n"+c.src)); err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(c.want, code.All()); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		})
	}
}

func TestARoleReadsWhatItsPartsReach(t *testing.T) {
	code := newCode()
	if err := code.file("a.go", []byte(`package p
var roles = []role{
	{name: "serve", service: "x", parts: []part{server, sweep}},
	{name: "work", parts: []part{worker}},
}
var server = part{name: "the server", open: func(w *wire) { w.listen() }}
var sweep = sweeper(func(w *wire) { w.open(w.cfg.Retention.Days) })
var worker = part{open: func(w *wire) { w.open(engines.open(w)) }}
var engines = rows{{open: func(w *wire) { other(w) }}}
func (w *wire) listen() { use(w.cfg.PublicBaseURL) }
func (w *wire) open(n int) { if n > 0 { w.open(n - 1) } }
func other(w *wire) { use(w.cfg.Cutout.Engine) }
func unused(w *wire) { use(w.cfg.AML.EndpointURL) }
func (w *wire) run(r role) { use(w.cfg.Metrics.Listen); CheckEngines(w.cfg) }
func CheckEngines(c *Config) { use(c.Place.Engine) }
`)); err != nil {
		t.Fatal(err)
	}
	for role, want := range map[string][]string{
		"serve": {"METRICS_LISTEN", "PUBLIC_BASE_URL", "RETENTION_DAYS"},
		"work":  {"CUTOUT_ENGINE", "METRICS_LISTEN"},
		"play":  nil,
	} {
		t.Run(role, func(t *testing.T) {
			if d := cmp.Diff(want, code.Role(role)); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		})
	}
	if d := cmp.Diff([]string{"serve", "work"}, code.Roles()); d != "" {
		t.Errorf("roles (-want +got):\n%s", d)
	}
}
