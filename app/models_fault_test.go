package app_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"unicode/utf8"

	"github.com/opal-photo/opal/app"
	"github.com/opal-photo/opal/app/apptest"
	"github.com/opal-photo/opal/modules/pipeline/onnx/onnxtest"
)

// wrongModels are folders of models that a person set up and that can't make cut-outs: settings,
// and what has to be said of each.
func wrongModels(t *testing.T) map[string]struct {
	env  []string
	says string
} {
	t.Helper()
	library := "CUTOUT_RUNTIME=" + onnxtest.Library(t)
	changed := func(change func(file string) error) []string {
		dir, m := tinyModel(t, redness())
		if err := change(m.File); err != nil {
			t.Fatal(err)
		}
		return []string{"MODELS_DIR=" + dir, library}
	}
	instead := func(make func(file string) error) []string {
		return changed(func(file string) error {
			if err := os.Remove(file); err != nil {
				return err
			}
			return make(file)
		})
	}
	good, _ := tinyModel(t, redness())
	text := filepath.Join(t.TempDir(), "library")
	if err := os.WriteFile(text, []byte("root:x:0:0"), 0o600); err != nil {
		t.Fatal(err)
	}
	return map[string]struct {
		env  []string
		says string
	}{
		"a pipe":             {instead(func(file string) error { return syscall.Mkfifo(file, 0o600) }), "model.onnx is a pipe, not a plain file"},
		"no end":             {instead(func(file string) error { return os.Symlink("/dev/zero", file) }), "model.onnx is a device, not a plain file"},
		"no file":            {instead(func(string) error { return nil }), "model.onnx is not there"},
		"cut short":          {changed(func(file string) error { return os.Truncate(file, 60) }), "the model's file is not the one its manifest describes"},
		"a broken manifest":  {changed(func(file string) error { return os.Truncate(filepath.Join(filepath.Dir(file), "manifest.json"), 9) }), "not the JSON of one"},
		"no folder":          {[]string{"MODELS_DIR=/nowhere/models", library}, "MODELS_DIR=/nowhere/models doesn't exist"},
		"no library":         {[]string{"MODELS_DIR=" + good, "CUTOUT_RUNTIME=/nowhere/lib.so"}, "CUTOUT_RUNTIME: /nowhere/lib.so is not there"},
		"a text for library": {[]string{"MODELS_DIR=" + good, "CUTOUT_RUNTIME=" + text}, text + " can't be opened as a library"},
		"another name":       {[]string{"MODELS_DIR=" + good, library, "CUTOUT_MODEL=nope"}, `CUTOUT_MODEL=nope: there is no such model: "nope" in ` + good + "; there is tiny"},
		"no card":            {[]string{"MODELS_DIR=" + good, library, "CUTOUT_DEVICE=cuda"}, "CUTOUT_DEVICE is cuda, and no NVIDIA card can be used"},
	}
}

// opal runs a command in this process.
func opal(args ...string) (code int, out, err string) {
	var o, e bytes.Buffer
	code = app.Main(append([]string{"opal"}, args...), strings.NewReader(""), &o, &e)
	return code, o.String(), e.String()
}

func setenv(t *testing.T, env []string) {
	t.Helper()
	for _, e := range env {
		name, v, _ := strings.Cut(e, "=")
		t.Setenv(name, v)
	}
}

// What an operator set up and what doesn't work ends a command before its first photo, in words
// for people; the doctor says the same.
func TestAModelThatCantRunEndsTheStart(t *testing.T) {
	photo := filepath.Join(t.TempDir(), "vase.jpg")
	if err := apptest.WritePhoto(photo, 320, 240, 1); err != nil {
		t.Fatal(err)
	}
	wrong := wrongModels(t) // from here, where ONNX Runtime is found
	t.Chdir(t.TempDir())
	for name, c := range wrong {
		t.Run(name, func(t *testing.T) {
			setenv(t, append(c.env, "ENV_NAME=dev"))
			for _, line := range [][]string{{"cutout", photo}, {"process", photo, "--no-scene", "--out", "finished"}, {"check", photo}} {
				code, out, err := opal(line...)
				if code != 2 || out != "" || !strings.Contains(err, c.says) {
					t.Errorf("opal %s: exit code %d, it says\n%s%s, not\n%s", line[0], code, out, err, c.says)
				}
				for _, word := range []string{"child", "\x1b", "onnxruntime_src", "exit status", "built-in engine makes"} {
					if strings.Contains(err, word) {
						t.Errorf("opal %s: %q is not for people: %s", line[0], word, err)
					}
				}
			}
			if _, out, _ := opal("doctor"); !strings.Contains(out, "FAILED  cut-outs: the model ") || strings.Count(out, c.says) != 1 {
				t.Errorf("the doctor says\n%s, not once\n%s", out, c.says)
			}
		})
	}
}

// A worker ends as the commands do.
func TestAWorkerEndsWithAModelThatCantRun(t *testing.T) {
	dir, m := tinyModel(t, redness())
	if err := os.Truncate(m.File, 60); err != nil {
		t.Fatal(err)
	}
	p := apptest.Start(t, []string{"MODELS_DIR=" + dir, "CUTOUT_RUNTIME=" + onnxtest.Library(t)}, "dev", "--data", t.TempDir(), "--listen", apptest.FreeAddr(t))
	if err := <-p.Done; err == nil || !strings.Contains(p.Said(), "the model's file is not the one its manifest describes") {
		t.Errorf("%v\n%s", err, p.Said())
	}
}

// The doctor says what makes the cut-outs, whatever it is.
func TestTheDoctorSaysWhatMakesTheCutouts(t *testing.T) {
	library := "CUTOUT_RUNTIME=" + onnxtest.Library(t)
	good, _ := tinyModel(t, redness())
	other, _ := tinyModel(t, onnxtest.Network(onnxtest.Side, [3]float32{.92, -2.6, 2.69}, 0, false))
	useless, _ := tinyModel(t, onnxtest.Network(onnxtest.Side, [3]float32{}, float32(math.NaN()), false))
	none := t.TempDir()
	t.Setenv("XDG_DATA_HOME", none)
	for name, c := range map[string]struct {
		env  []string
		says string
	}{
		"a model":           {[]string{"MODELS_DIR=" + good, library}, "ok      cut-outs: the model tiny is whole, and runs\nok      cut-outs: enough memory"},
		"no numbers":        {[]string{"MODELS_DIR=" + useless, library}, "FAILED  cut-outs: the model tiny is whole, and runs: the cut-out model's answer is of no use: tiny answers no numbers"},
		"no cut-outs":       {[]string{"MODELS_DIR=" + other, library}, "FAILED  cut-outs: the model tiny is whole, and runs: the cut-out model's answer is of no use: tiny doesn't tell a product"},
		"none":              {[]string{"MODELS_DIR=" + none}, "note    cut-outs: the built-in engine makes them: no model is in MODELS_DIR=" + none},
		"none in the usual": {nil, "note    cut-outs: the built-in engine makes them: no model is in " + none + "/opal/models"},
		"studio":            {[]string{"MODELS_DIR=" + good, "CUTOUT_ENGINE=studio"}, "ok      cut-outs: the built-in engine makes them, as CUTOUT_ENGINE=studio says"},
		"a service":         {[]string{"CUTOUT_ENGINE=photoroom", "PHOTOROOM_API_KEY=k", "PHOTOROOM_API_URL=http://127.0.0.1:1"}, "ok      cut-outs: the service photoroom makes them"},
	} {
		t.Run(name, func(t *testing.T) {
			setenv(t, append(c.env, "ENV_NAME=dev"))
			if _, out, _ := opal("doctor"); !strings.Contains(out, c.says) {
				t.Errorf("it says\n%s, not\n%s", out, c.says)
			}
		})
	}
}

// The doctor ends when it is told to, also while what it asks doesn't answer.
func TestTheDoctorEndsWhenToldTo(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	asked := make(chan struct{})
	go func() {
		if c, err := l.Accept(); err == nil {
			close(asked)
			_, _ = io.Copy(io.Discard, c) // and no answer
			c.Close()
		}
	}()
	t.Cleanup(func() { l.Close() })
	p := apptest.Start(t, []string{"ENV_NAME=dev", "CUTOUT_ENGINE=studio", "AML_ENDPOINT_URL=http://" + l.Addr().String() + "/score"}, "doctor")
	select {
	case <-asked:
	case err := <-p.Done:
		t.Fatalf("it ended before: %v\n%s", err, p.Said())
	}
	if err := p.Cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	var exit *exec.ExitError
	if err := <-p.Done; !errors.As(err, &exit) || exit.ExitCode() != 130 || !strings.Contains(p.Said(), "interrupted") {
		t.Errorf("%v\n%s", err, p.Said())
	}
}

// The list of models says which are damaged, and fits a terminal.
func TestTheListOfModelsTellsDamagedOnes(t *testing.T) {
	for name, c := range wrongModels(t) {
		if strings.HasPrefix(name, "no folder") {
			continue
		}
		t.Run(name, func(t *testing.T) {
			setenv(t, c.env)
			code, out, err := opal("models", "list")
			damaged := slices.Contains([]string{"a pipe", "no end", "no file", "cut short", "a broken manifest"}, name)
			row := ""
			head, _, _ := strings.Cut(out, "\n")
			for line := range strings.Lines(out) {
				for _, column := range []string{"LICENCE", "HOW"} {
					at := strings.Index(head, column)
					if cells := []rune(strings.TrimRight(line, "\n")); len(cells) > at && cells[at-1] != ' ' {
						t.Errorf("the column %s is not straight: %s", column, line)
					}
				}
				if strings.HasPrefix(line, "tiny ") {
					row = line
				}
				if n := utf8.RuneCountInString(strings.TrimRight(line, "\n")); n > 100 {
					t.Errorf("a line of %d columns: %s", n, line)
				}
			}
			unusable := damaged || slices.Contains([]string{"no library", "another name"}, name) // OPAL doesn't start
			if (code == 1) != unusable || code > 1 || strings.Contains(row, "damaged") != damaged || strings.Contains(row, "in use") && name != "a text for library" && name != "no card" {
				t.Errorf("exit code %d\n%s", code, out)
			}
			if damaged && strings.Count(err, c.says) != 1 {
				t.Errorf("it says\n%s, not once\n%s", err, c.says)
			}
			_, out, _ = opal("models", "list", "--json")
			var lines []struct{ Name, Damaged string }
			if err := json.Unmarshal([]byte(out), &lines); err != nil {
				t.Fatal(err)
			}
			if i := slices.IndexFunc(lines, func(l struct{ Name, Damaged string }) bool { return l.Name == "tiny" }); i < 0 || (lines[i].Damaged != "") != damaged {
				t.Errorf("as JSON %+v", lines)
			}
		})
	}
	t.Run("a file beside the folders", func(t *testing.T) {
		dir := t.TempDir()
		t.Setenv("MODELS_DIR", dir)
		loose := filepath.Join(dir, "mine.ONNX")
		if err := os.WriteFile(loose, []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
		if code, _, err := opal("models", "list"); code != 0 || !strings.Contains(err, loose+" is not used") || !strings.Contains(err, "opal models add "+loose) {
			t.Errorf("exit code %d\n%s", code, err)
		}
	})
	t.Run("no folder", func(t *testing.T) {
		t.Setenv("MODELS_DIR", "/nowhere/models")
		if code, out, err := opal("models", "list"); code != 1 || !strings.Contains(out, "opal models get isnet") || !strings.Contains(err, "MODELS_DIR=/nowhere/models doesn't exist") {
			t.Errorf("exit code %d\n%s%s", code, out, err)
		}
	})
}

// A model that is added is looked at first, and a person reads which one is used then.
func TestAddingAModelSaysWhichIsUsed(t *testing.T) {
	t.Setenv("CUTOUT_RUNTIME", onnxtest.Library(t))
	dir := filepath.Join(t.TempDir(), "made", "models") // MODELS_DIR may be made by the first
	t.Setenv("MODELS_DIR", dir)
	add := func(name string, network []byte, more ...string) (int, string, string) {
		file, manifest := filepath.Join(t.TempDir(), "net.onnx"), filepath.Join(t.TempDir(), "net.json")
		if err := os.WriteFile(file, network, 0o600); err != nil {
			t.Fatal(err)
		}
		text := fmt.Sprintf(`{"name":%q,"licence":"none needed","source":"this test","width":%d,"height":%d,"layout":"nchw",
			"mean":[0,0,0],"scale":[255,255,255],"activation":"none","memory_mb":256}`, name, onnxtest.Side, onnxtest.Side)
		if err := os.WriteFile(manifest, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return opal(append([]string{"models", "add", file, "--manifest", manifest}, more...)...)
	}
	bluer := onnxtest.Network(onnxtest.Side, [3]float32{.92, -2.6, 2.69}, 0, false) // of each photo its light
	constant := func(v float32) []byte { return onnxtest.Network(onnxtest.Side, [3]float32{}, v, false) }
	for _, c := range []struct {
		name    string
		network []byte
		env     string
		code    int
		says    string
	}{
		{"mine", redness(), "", 0, "OPAL uses mine now"},
		{"another", redness(), "", 0, "OPAL uses another now"},
		{"later", redness(), "", 0, "OPAL uses another now"},
		{"named", redness(), "CUTOUT_MODEL=mine", 0, "OPAL uses mine, which CUTOUT_MODEL names"},
		{"unused", redness(), "CUTOUT_ENGINE=studio", 0, "CUTOUT_ENGINE=studio uses no model"},
		{"nan", constant(float32(math.NaN())), "", 1, "nan isn't added: the cut-out model's answer is of no use: nan answers no numbers"},
		{"inf", constant(float32(math.Inf(1))), "", 1, "inf isn't added: "},
		{"zero", constant(0), "", 1, "zero isn't added: the cut-out model's answer is of no use: zero answers the same, about 0.00, to different photos"},
		{"one", constant(1), "", 1, "one isn't added: "},
		{"other", bluer, "", 1, "other isn't added: the cut-out model's answer is of no use: other doesn't tell a product from its backdrop: of drawn photos it covers"},
		{"page", []byte("<html>not found</html>"), "", 2, "page isn't added: the model can't be used"},
		{"mine", []byte("<html>not found</html>"), "", 2, "mine isn't added: the model can't be used"},
	} {
		t.Run(c.name+" "+c.env, func(t *testing.T) {
			setenv(t, strings.Fields(c.env))
			if code, out, err := add(c.name, c.network); code != c.code || !strings.Contains(out+err, c.says) || strings.Contains(err, "child") {
				t.Errorf("exit code %d\n%s%s, not %s", code, out, err, c.says)
			}
		})
	}
	// What was refused is not there, and what it would have replaced still is.
	left, err := os.ReadDir(dir)
	if err != nil || len(left) != 5 {
		t.Errorf("%v, %v", left, err)
	}
	if _, out, _ := opal("models", "remove", "another"); !strings.Contains(out, "Removed another. OPAL uses later now") {
		t.Error(out)
	}
	if _, out, _ := opal("models", "list"); !strings.Contains(out, "later") || strings.Contains(out, "damaged") {
		t.Error(out)
	}
	for _, file := range []string{"/dev/zero", t.TempDir()} {
		if code, out, err := opal("models", "add", file, "--as", "u2net"); code != 2 || !strings.Contains(err, "nothing is added: ") || !strings.Contains(err, "not a plain file") {
			t.Errorf("%s: exit code %d\n%s%s", file, code, out, err)
		}
	}
}
