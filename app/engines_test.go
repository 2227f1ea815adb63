package app

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"

	"github.com/opal-photo/opal/config"
	"github.com/opal-photo/opal/modules/picture"
	"github.com/opal-photo/opal/modules/pipeline/onnx"
)

// engineEnv gives every engine its settings; a new engine's belong here, else its row seems to have a fault.
var engineEnv = []string{
	"ENV_NAME=dev", "AML_ENDPOINT_URL=https://score.example.com/score", "AML_ENDPOINT_KEY=k",
	"CUTOUT_ENDPOINT_URL=https://cut.example.com/score", "REMOVEBG_API_KEY=k", "PHOTOROOM_API_KEY=k",
	"PLACE_ENDPOINT_URL=https://x.openai.azure.com/openai/v1/images/edits", "PLACE_MODEL=m",
}

// modelEnv gives the engine that needs one a model; it isn't loaded before the
// first picture.
func modelEnv(t *testing.T) []string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "net.onnx")
	if err := os.WriteFile(file, []byte("not looked into"), 0o600); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	m, _ := onnx.KnownBy("u2net")
	if _, err := (onnx.Store{Dir: dir}).Add(t.Context(), file, m, nil); err != nil {
		t.Fatal(err)
	}
	return []string{"MODELS_DIR=" + dir, "CUTOUT_RUNTIME=" + file}
}

// Without a model, auto is the built-in engine, and says what one would add; with
// one it is the model. What was asked for and can't run is named, and never passed over: a
// setting that is wrong, or a model that is there.
func TestAutoUsesAModel(t *testing.T) {
	model := modelEnv(t)
	none := "MODELS_DIR=" + t.TempDir()
	t.Setenv("XDG_DATA_HOME", t.TempDir()) // where models lie that no setting names
	damaged := t.TempDir()
	if err := os.Mkdir(filepath.Join(damaged, "isnet"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(damaged, "isnet", "manifest.json"), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	with := func(more ...string) []string { return append(slices.Clone(model), more...) }
	for name, c := range map[string]struct {
		env  []string
		want string // kind of engine, or what the error says
		note string // part of it
	}{
		"auto, no model":               {[]string{none}, "studio.OwnCutter", "opal models get isnet"},
		"auto, no folder":              {nil, "studio.OwnCutter", "opal models get isnet"},
		"auto, a folder of nowhere":    {[]string{"MODELS_DIR=/nowhere"}, "MODELS_DIR=/nowhere doesn't exist", ""},
		"auto, a folder that is none":  {[]string{"MODELS_DIR=/dev/null"}, "MODELS_DIR=/dev/null is a device, not a folder", ""},
		"auto, no model, no library":   {[]string{none, "CUTOUT_RUNTIME=/nowhere"}, "CUTOUT_RUNTIME: /nowhere is not there", ""},
		"auto, a folder for a library": {with("CUTOUT_RUNTIME=/usr"), "CUTOUT_RUNTIME: /usr is a folder", ""},
		"auto, a card, no model":       {[]string{none, "CUTOUT_DEVICE=cuda"}, "CUTOUT_DEVICE=cuda needs a model", ""},
		"auto, a model":                {model, "onnx.", ""},
		"auto, a model, no library":    {model[:1], "library can't be used", ""},
		"auto, another model":          {with("CUTOUT_MODEL=isnet"), `CUTOUT_MODEL=isnet: there is no such model: "isnet" in`, ""},
		"auto, a damaged model":        {[]string{"MODELS_DIR=" + damaged}, "`opal models get isnet` fetches it again", ""},
		"own, a damaged model":         {[]string{"MODELS_DIR=" + damaged, "CUTOUT_ENGINE=own"}, "studio.OwnCutter", ""},
		"studio, a folder of nowhere":  {[]string{"MODELS_DIR=/nowhere", "CUTOUT_ENGINE=studio"}, "studio.Cutter", ""},
		"studio, a model":              {with("CUTOUT_ENGINE=studio"), "studio.Cutter", ""},
		"own, a model":                 {with("CUTOUT_ENGINE=own"), "studio.OwnCutter", ""},
		"onnx, a model":                {with("CUTOUT_ENGINE=onnx", "CUTOUT_MODEL=u2net"), "onnx.", ""},
		"onnx, no model":               {[]string{none, "CUTOUT_ENGINE=onnx"}, "CUTOUT_ENGINE=onnx needs a model", ""},
		"onnx, a model, no library":    {[]string{model[0], "CUTOUT_ENGINE=onnx"}, "library can't be used", ""},
		"onnx, a library of nowhere":   {[]string{model[0], "CUTOUT_ENGINE=onnx", "CUTOUT_RUNTIME=/nowhere"}, "CUTOUT_RUNTIME", ""},
	} {
		t.Run(name, func(t *testing.T) {
			w, err := loadFrom(append(slices.Clone(engineEnv), c.env...), "", Streams{Out: io.Discard, Err: io.Discard}, "t", config.Role{AML: true}, true)
			if err != nil {
				if !strings.Contains(err.Error(), c.want) {
					t.Errorf("%v, not %s", err, c.want)
				}
				return
			}
			defer w.close()
			cutter, err := cutters.open(w)
			if got := fmt.Sprintf("%T %v", cutter, err); !strings.Contains(got, c.want) {
				t.Errorf("%s, not %s", got, c.want)
			}
			if note := modelNote(w.cfg); c.note == "" && note != "" || !strings.Contains(note, c.note) {
				t.Errorf("it says %q, want %q", note, c.note)
			}
		})
	}
}

// Photos' previews are cut out as their pictures are, but for larger models.
func TestPreviewsAreCutOutByTheNetwork(t *testing.T) {
	for chosen, want := range map[string]string{"auto": "*studio.OwnCutter", "own": "*studio.OwnCutter", "onnx": "*studio.OwnCutter", "removebg": "*studio.OwnCutter", "studio": "studio.Cutter"} {
		if c, err := previewCutter(chosen); fmt.Sprintf("%T", c) != want || err != nil {
			t.Errorf("%s: %T, %v", chosen, c, err)
		}
	}
}

func TestEveryEngineOpens(t *testing.T) {
	model := modelEnv(t)
	// the package that each engine comes from, and whether it is behind a network
	type kind struct {
		from    string
		network bool
	}
	kinds := map[string]kind{
		"auto": {"onnx.", false}, "onnx": {"onnx.", false}, "own": {"studio.", false}, "studio": {"studio.", false},
		"azureml": {"azureml.", true}, "removebg": {"hosted.", true}, "photoroom": {"hosted.", true},
		"score": {"azureml.", true}, "openai": {"openai.", true},
	}
	for _, name := range append(cutters.values(), placers.values()...) {
		if _, ok := kinds[name]; !ok {
			t.Fatalf("add %q to kinds in this test: its package, and whether it is behind a network", name)
		}
	}
	for _, cutout := range cutters.values() {
		for _, place := range placers.values() {
			t.Run(cutout+" and "+place, func(t *testing.T) {
				w, err := loadFrom(append(append(slices.Clone(engineEnv), model...), "CUTOUT_ENGINE="+cutout, "PLACE_ENGINE="+place), "", Streams{Out: io.Discard, Err: io.Discard}, "t", config.Role{AML: true}, true)
				if err != nil {
					t.Fatal(err)
				}
				defer w.close()
				cutter, err := cutters.open(w)
				if err != nil {
					t.Fatal(err)
				}
				placer, err := placers.open(w)
				if err != nil {
					t.Fatal(err)
				}
				if got := fmt.Sprintf("%T", cutter); !strings.Contains(got, kinds[cutout].from) {
					t.Errorf("CUTOUT_ENGINE opens a %s", got)
				}
				if got := fmt.Sprintf("%T", placer); !strings.Contains(got, kinds[place].from) {
					t.Errorf("PLACE_ENGINE opens a %s", got)
				}
				// each engine behind a network holds the worker back when it pauses, and
				// is where the doctor looks
				behind := 0
				for _, name := range []string{cutout, place} {
					if kinds[name].network {
						behind++
					}
				}
				if len(w.providers) != behind || len(endpoints(w.cfg)) != behind {
					t.Errorf("%d are waited for and %d are asked, not %d: the row of an engine behind a network has at, and others have none", len(w.providers), len(endpoints(w.cfg)), behind)
				}
			})
		}
	}
}

func TestEnginesNeedTheirSettings(t *testing.T) {
	const aml = "AML_ENDPOINT_URL=https://opal.westeurope.inference.ml.azure.com/score"
	for name, c := range map[string]struct {
		env  []string
		want string // part of the error; "" when it is valid
	}{
		"nothing but the scoring endpoint": {[]string{aml}, ""},
		"auto":                             {[]string{aml, "CUTOUT_ENGINE=auto"}, ""},
		"no scoring endpoint":              {nil, "AML_ENDPOINT_URL is missing"},
		"a retired engine":                 {[]string{aml, "CUTOUT_ENGINE=azure-vision"}, "retired Azure AI Vision's background removal on 31 March 2025; set CUTOUT_ENGINE=azureml"},
		"an unknown cutter":                {[]string{aml, "CUTOUT_ENGINE=rembg"}, "CUTOUT_ENGINE must be auto, onnx, own, studio, azureml, removebg or photoroom"},
		"an endpoint without its URL":      {[]string{aml, "CUTOUT_ENGINE=azureml"}, "CUTOUT_ENDPOINT_URL is missing"},
		"an endpoint":                      {[]string{aml, "CUTOUT_ENGINE=azureml", "CUTOUT_ENDPOINT_URL=https://x.inference.ml.azure.com/score"}, ""},
		"removebg without its key":         {[]string{aml, "CUTOUT_ENGINE=removebg"}, "REMOVEBG_API_KEY is missing"},
		"removebg":                         {[]string{aml, "CUTOUT_ENGINE=removebg", "REMOVEBG_API_KEY=k"}, ""},
		"removebg at no URL":               {[]string{aml, "CUTOUT_ENGINE=removebg", "REMOVEBG_API_KEY=k", "REMOVEBG_API_URL=api.remove.bg"}, "REMOVEBG_API_URL must be a URL"},
		"photoroom without its key":        {[]string{aml, "CUTOUT_ENGINE=photoroom"}, "PHOTOROOM_API_KEY is missing"},
		"photoroom":                        {[]string{aml, "CUTOUT_ENGINE=photoroom", "PHOTOROOM_API_KEY=k"}, ""},
		"an unknown placer":                {[]string{"PLACE_ENGINE=dalle"}, "PLACE_ENGINE must be score or openai"},
		"openai without its URL":           {[]string{"PLACE_ENGINE=openai"}, "PLACE_ENDPOINT_URL is missing"},
		"openai at a URL of another kind":  {[]string{"PLACE_ENGINE=openai", "PLACE_ENDPOINT_KEY=k", "PLACE_ENDPOINT_URL=https://api.openai.com/v1"}, "PLACE_ENDPOINT_URL is missing or not"},
		"openai":                           {[]string{"PLACE_ENGINE=openai", "PLACE_MODEL=m", "PLACE_ENDPOINT_KEY=k", "PLACE_ENDPOINT_URL=https://api.openai.com/v1/images/edits"}, ""},
		"openai without a model":           {[]string{"PLACE_ENGINE=openai", "PLACE_ENDPOINT_KEY=k", "PLACE_ENDPOINT_URL=https://api.openai.com/v1/images/edits"}, "PLACE_MODEL is missing"},
		"openai without its key":           {[]string{"PLACE_ENGINE=openai", "PLACE_ENDPOINT_URL=https://api.openai.com/v1/images/edits"}, "PLACE_ENDPOINT_KEY is missing"},
		"a deployment without its version": {[]string{"PLACE_ENGINE=openai", "PLACE_ENDPOINT_URL=https://x.openai.azure.com/openai/deployments/d/images/edits"}, "api-version"},
		"a deployment":                     {[]string{"PLACE_ENGINE=openai", "PLACE_MODEL=m", "PLACE_ENDPOINT_URL=https://x.openai.azure.com/openai/v1/images/edits"}, ""},
		"an unknown quality":               {[]string{aml, "PLACE_QUALITY=best"}, "PLACE_QUALITY must be low, medium or high"},
	} {
		t.Run(name, func(t *testing.T) {
			load := func(r config.Role) error {
				_, err := loadFrom(append([]string{"ENV_NAME=dev"}, c.env...), "", Streams{Out: io.Discard, Err: io.Discard}, "t", r, true)
				return err
			}
			if err := load(config.Role{AML: true}); c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("%v, want %q", err, c.want)
			}
			// the engines are the orchestrator's affair alone
			if err := load(config.Role{}); err != nil && !strings.Contains(c.want, "must be") {
				t.Errorf("a role without engines: %v", err)
			}
		})
	}
}

// The engines are calibrated to the default, which the setting tells.
func TestTheSettingTellsTheEnginesThreshold(t *testing.T) {
	w, err := loadFrom(engineEnv, "", Streams{Out: io.Discard, Err: io.Discard}, "t", config.Role{AML: true}, true)
	if err != nil {
		t.Fatal(err)
	}
	if w.cfg.Review.Below != picture.ReviewBelow {
		t.Errorf("REVIEW_BELOW is %v by default, the engines' threshold %v", w.cfg.Review.Below, picture.ReviewBelow)
	}
}

// TestEveryEnginePassesItsSuite finds engines whose package calls the port's suite less often
// than it has rows: what a port promises is held there.
func TestEveryEnginePassesItsSuite(t *testing.T) {
	for suite, rows := range map[string]map[string][]string{
		"cuttertest": packagesOf(t, cutters.rows),
		"placertest": packagesOf(t, placers.rows),
	} {
		for pkg, names := range rows {
			t.Run(suite+" in "+pkg, func(t *testing.T) {
				calls := 0
				files, err := filepath.Glob("../modules/pipeline/" + pkg + "/*_test.go")
				if err != nil {
					t.Fatal(err)
				}
				for _, f := range files {
					b, err := os.ReadFile(f)
					if err != nil {
						t.Fatal(err)
					}
					calls += suiteRuns(t, suite, b)
				}
				if calls < len(names) {
					t.Errorf("the tests of modules/pipeline/%s run the suite %d times, for the engines %v: give each engine a test that calls %s.Run or RunRemote", pkg, calls, names, suite)
				}
			})
		}
	}
}

// suiteRuns counts the places in the tests of a file that name a suite's Run or RunRemote.
func suiteRuns(t *testing.T, suite string, src []byte) (n int) {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), "", src, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	called := ""
	for _, i := range f.Imports {
		if strings.HasSuffix(i.Path.Value, "/modules/pipeline/"+suite+`"`) {
			if called = suite; i.Name != nil {
				called = i.Name.Name
			}
		}
	}
	for _, d := range f.Decls {
		fn, ok := d.(*ast.FuncDecl)
		if !ok || called == "" || fn.Recv != nil || !strings.HasPrefix(fn.Name.Name, "Test") {
			continue
		}
		ast.Inspect(fn, func(node ast.Node) bool {
			if s, ok := node.(*ast.SelectorExpr); ok && (s.Sel.Name == "Run" || s.Sel.Name == "RunRemote") {
				if x, ok := s.X.(*ast.Ident); ok && x.Name == called {
					n++
				}
			}
			return true
		})
	}
	return n
}

func TestSuitesAreFoundInTheCode(t *testing.T) {
	const imports = `import "github.com/opal-photo/opal/modules/pipeline/cuttertest"` + "\n"
	for name, c := range map[string]struct {
		src  string
		want int
	}{
		"a call":              {imports + `func TestA(t *testing.T) { cuttertest.Run(t, c) }`, 1},
		"a remote one":        {imports + `func TestA(t *testing.T) { cuttertest.RunRemote(t, c) }`, 1},
		"by a variable":       {imports + `func TestA(t *testing.T) { run := cuttertest.RunRemote; run(t, c) }`, 1},
		"under another name":  {`import suite "github.com/opal-photo/opal/modules/pipeline/cuttertest"` + "\n" + `func TestA(t *testing.T) { suite.Run(t, c) }`, 1},
		"two":                 {imports + `func TestA(t *testing.T) { cuttertest.Run(t, c) }; func TestB(t *testing.T) { cuttertest.Run(t, d) }`, 2},
		"a comment":           {imports + `func TestA(t *testing.T) { /* cuttertest.Run(t, c) */ }`, 0},
		"a text":              {imports + `func TestA(t *testing.T) { t.Log("cuttertest.Run(t, c)") }`, 0},
		"no test":             {imports + `func later(t *testing.T) { cuttertest.Run(t, c) }`, 0},
		"half of the suite":   {imports + `func TestA(t *testing.T) { cuttertest.RunGood(t, c) }`, 0},
		"another's of a name": {`import "example.com/cuttertest"` + "\n" + `func TestA(t *testing.T) { cuttertest.Run(t, c) }`, 0},
	} {
		t.Run(name, func(t *testing.T) {
			if got := suiteRuns(t, "cuttertest", []byte("package p\n"+c.src)); got != c.want {
				t.Errorf("%d, want %d", got, c.want)
			}
		})
	}
}

// packagesOf returns the names of engines by the package that each is of.
func packagesOf[E any](t *testing.T, rows []engine[E]) map[string][]string {
	t.Helper()
	of := map[string][]string{}
	for _, r := range rows {
		w, err := loadFrom(append(append(slices.Clone(engineEnv), modelEnv(t)...), "CUTOUT_ENGINE=auto"), "", Streams{Out: io.Discard, Err: io.Discard}, "t", config.Role{AML: true}, true)
		if err != nil {
			t.Fatal(err)
		}
		defer w.close()
		e, err := r.open(w)
		if err != nil {
			t.Fatalf("%s: %v", r.name, err)
		}
		pkg, _, _ := strings.Cut(strings.TrimPrefix(fmt.Sprintf("%T", e), "*"), ".")
		if pkg == "app" {
			t.Fatalf("%s is of package app: an engine has a folder under modules/pipeline", r.name)
		}
		of[pkg] = append(of[pkg], r.name)
	}
	return of
}

// Operators read the setting's line, and not this list.
func TestTheSettingsNameTheEngines(t *testing.T) {
	for setting, names := range map[string][]string{cutters.setting: cutters.values(), placers.setting: placers.values()} {
		t.Run(setting, func(t *testing.T) {
			for _, s := range config.Settings() {
				if s.Name != setting {
					continue
				}
				for _, name := range names {
					if !namesEngine(s.Doc, name) {
						t.Errorf("the doc of %s in config/config.go, %q, doesn't name %s", setting, s.Doc, name)
					}
				}
				return
			}
			t.Error("there is no such setting")
		})
	}
}

// namesEngine reports whether a text has an engine's name as a word of its own.
func namesEngine(text, name string) bool {
	return slices.Contains(strings.FieldsFunc(text, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '-' && r != '_' && r != '\''
	}), name)
}

func TestAnEnginesNameIsAWord(t *testing.T) {
	for _, c := range []struct {
		text, name string
		want       bool
	}{
		{"auto is onnx where a model is, else own; studio", "own", true},
		{"score calls a URL, openai another.", "openai", true},
		{"own and studio are built in", "stud", false},
		{"download it", "own", false},
		{"OPAL's own-brand engine", "own", false},
		{"remove_bg2 is a service", "remove_bg2", true},
	} {
		t.Run(c.name+" in "+c.text, func(t *testing.T) {
			if got := namesEngine(c.text, c.name); got != c.want {
				t.Error(got)
			}
		})
	}
}

func TestTheDeploymentOffersEveryEngine(t *testing.T) {
	b, err := os.ReadFile("../deploy/apps.bicep")
	if err != nil {
		t.Fatal(err)
	}
	manual, err := os.ReadFile("../deploy/engines.md")
	if err != nil {
		t.Fatal(err)
	}
	for param, names := range map[string][]string{"cutoutEngine": cutters.values(), "placeEngine": placers.values()} {
		t.Run(param, func(t *testing.T) {
			m := regexp.MustCompile(`@allowed\(\[([^\]]*)\]\)\nparam ` + param + ` `).FindStringSubmatch(string(b))
			if m == nil {
				t.Fatalf("deploy/apps.bicep has no @allowed before param %s", param)
			}
			var offered []string
			for _, name := range strings.Split(m[1], ",") {
				offered = append(offered, strings.Trim(name, " '"))
			}
			if d := cmp.Diff(slices.Sorted(slices.Values(names)), slices.Sorted(slices.Values(offered))); d != "" {
				t.Errorf("@allowed of %s in deploy/apps.bicep (-rows of app/engines.go +offered):\n%s", param, d)
			}
			for _, name := range names {
				if !strings.Contains(string(manual), "\n| `'"+name+"'` |") {
					t.Errorf("the table of param %s in deploy/engines.md has no row for %s", param, name)
				}
			}
		})
	}
}
