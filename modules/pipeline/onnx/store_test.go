package onnx

import (
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestKnownManifestsAreWhole(t *testing.T) {
	seen := map[string]bool{}
	for _, m := range Known() {
		t.Run(m.Name, func(t *testing.T) {
			if err := m.Check(); err != nil {
				t.Error(err)
			}
			if seen[m.Name] {
				t.Error("two manifests of that name")
			}
			seen[m.Name] = true
			if m.SHA256 == "" && !m.Untried {
				t.Error("not marked untried")
			}
			if strings.Contains(m.Licence, "non-commercial") && m.Notice == "" {
				t.Error("nobody is asked about its licence")
			}
		})
	}
}

func TestStoreKeepsModels(t *testing.T) {
	s := Store{Dir: filepath.Join(t.TempDir(), "models")}
	if all, bad, err := s.List(); err != nil || len(all)+len(bad) != 0 {
		t.Fatalf("before the first: %v, %v, %v", all, bad, err)
	}
	added, err := s.Add(t.Context(), write(t, "a.onnx", redness()), tinyManifest(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := added.Verify(t.Context()); err != nil {
		t.Error(err)
	}
	other := tinyManifest()
	other.Name = "u2net"
	if _, err := s.Add(t.Context(), write(t, "b.onnx", []byte("b")), other, nil); err != nil {
		t.Fatal(err)
	}
	all, bad, err := s.List()
	if err != nil || len(bad) != 0 || len(all) != 2 || cmp.Diff(added, all[0]) != "" {
		t.Errorf("%v, %v: %s", all, err, cmp.Diff(added, all[0]))
	}
	for name, want := range map[string]string{"": "u2net", "tiny": "tiny"} {
		t.Run(strconv.Quote(name), func(t *testing.T) {
			if m, found, err := s.Choose(name); err != nil || !found || m.Name != want {
				t.Errorf("chosen: %v, %v, %v", m.Name, found, err)
			}
		})
	}
	if _, _, err := s.Choose("isnet"); !errors.Is(err, ErrNoModel) {
		t.Errorf("a model that is not there: %v", err)
	}
	if err := s.Remove("tiny"); err != nil {
		t.Error(err)
	}
	if err := s.Remove("tiny"); !errors.Is(err, ErrNoModel) {
		t.Errorf("removed twice: %v", err)
	}
}

// A folder of something else is neither removed nor replaced, and what lies beside a model's files
// stays: MODELS_DIR may be mistyped.
func TestTheStoreKeepsWhatIsNoModel(t *testing.T) {
	dir := t.TempDir()
	s := Store{Dir: dir}
	file := func(name string) string {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte("mine"), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	kept := []string{file("photos/2026/a.jpg"), file("tiny/thesis.txt")}
	if err := s.Remove("photos"); !errors.Is(err, ErrNoModel) {
		t.Errorf("a folder of photos: %v", err)
	}
	onnxFile := write(t, "a.onnx", redness())
	if _, err := s.Add(t.Context(), onnxFile, tinyManifest(), nil); !errors.Is(err, ErrFolder) || !strings.Contains(err.Error(), "thesis.txt") {
		t.Errorf("in the place of another folder: %v", err)
	}
	if err := os.Rename(filepath.Join(dir, "tiny"), filepath.Join(dir, "aside")); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Add(t.Context(), onnxFile, tinyManifest(), nil); err != nil {
		t.Fatal(err)
	}
	kept[1] = filepath.Join(dir, "aside", "thesis.txt")
	kept = append(kept, file("tiny/notes.txt"))
	if err := s.Remove("tiny"); err != nil {
		t.Error(err)
	}
	if _, err := s.Get("tiny"); !errors.Is(err, ErrNoModel) {
		t.Errorf("the model is there still: %v", err)
	}
	for _, path := range kept {
		if _, err := os.Stat(path); err != nil {
			t.Errorf("lost: %v", err)
		}
	}
}

func TestStoreRefuses(t *testing.T) {
	s := Store{Dir: t.TempDir()}
	good := write(t, "a.onnx", redness())
	for name, c := range map[string]struct {
		file   string
		change func(*Manifest)
		want   error
	}{
		"another hash":     {good, func(m *Manifest) { m.SHA256 = strings.Repeat("0", 64) }, ErrChanged},
		"no hash":          {good, func(m *Manifest) { m.SHA256 = "latest" }, ErrBadModel},
		"a way out":        {good, func(m *Manifest) { m.Name = "../tiny" }, ErrBadModel},
		"no licence":       {good, func(m *Manifest) { m.Licence = "" }, ErrBadModel},
		"no size":          {good, func(m *Manifest) { m.Width = 0 }, ErrBadModel},
		"huge":             {good, func(m *Manifest) { m.Height = 1 << 20 }, ErrBadModel},
		"division by none": {good, func(m *Manifest) { m.Scale[1] = 0 }, ErrBadModel},
		"not a number":     {good, func(m *Manifest) { m.Mean[2] = float32(math.NaN()) }, ErrBadModel},
		"unknown layout":   {good, func(m *Manifest) { m.Layout = "chw" }, ErrBadModel},
		"unknown meaning":  {good, func(m *Manifest) { m.Activation = "softmax" }, ErrBadModel},
		"all the memory":   {good, func(m *Manifest) { m.MemoryMB = 1 << 30 }, ErrBadModel},
		"no file":          {filepath.Join(s.Dir, "nowhere"), func(*Manifest) {}, os.ErrNotExist},
		"a folder":         {s.Dir, func(*Manifest) {}, ErrBadModel},
		"an empty file":    {write(t, "empty", nil), func(*Manifest) {}, ErrBadModel},
	} {
		t.Run(name, func(t *testing.T) {
			m := tinyManifest()
			c.change(&m)
			if _, err := s.Add(t.Context(), c.file, m, nil); !errors.Is(err, c.want) {
				t.Errorf("%v, want %v", err, c.want)
			}
			if left, _ := os.ReadDir(s.Dir); len(left) != 0 {
				t.Errorf("it left %v", left)
			}
		})
	}
}

// What lies in the folder is input from outside: what can't be a model is told by name, and
// without waiting for a pipe's writer or a device's end.
func TestDamagedStoreIsNamed(t *testing.T) {
	manifest := func(name string) string {
		return `{"name":"` + name + `","licence":"x","source":"x","sha256":"` + strings.Repeat("0", 64) +
			`","width":64,"height":64,"layout":"nchw","mean":[0,0,0],"scale":[1,1,1],"activation":"none","memory_mb":64}`
	}
	file := func(text string) func(string) error {
		return func(at string) error { return os.WriteFile(at, []byte(text), 0o600) }
	}
	link := func(to string) func(string) error { return func(at string) error { return os.Symlink(to, at) } }
	pipe := func(at string) error { return syscall.Mkfifo(at, 0o600) }
	socket := func(at string) error {
		fd, err := syscall.Socket(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
		if err != nil {
			return err
		}
		defer syscall.Close(fd)
		return syscall.Bind(fd, &syscall.SockaddrUnix{Name: at})
	}
	folder := func(at string) error { return os.Mkdir(at, 0o700) }
	elsewhere := filepath.Join(t.TempDir(), "pipe")
	if err := pipe(elsewhere); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		manifest, model func(at string) error
		says            string
	}{
		"broken":            {file("{"), file("x"), "not the JSON"},
		"misspelt":          {file(`{"name":"misspelt","licenze":"x"}`), file("x"), `unknown field "licenze"`},
		"huge-number":       {file(`{"name":"huge-number","mean":[1e999,0,0]}`), file("x"), "mean can't be number 1e999"},
		"lies":              {file(manifest("tiny")), file("x"), `is of "tiny"`},
		"no-manifest":       {nil, file("x"), "manifest.json is not there"},
		"no-model":          {file(manifest("no-model")), nil, "model.onnx is not there"},
		"empty":             {file(manifest("empty")), file(""), "model.onnx is empty"},
		"pipe":              {file(manifest("pipe")), pipe, "model.onnx is a pipe"},
		"endless":           {file(manifest("endless")), link("/dev/zero"), "model.onnx is a device"},
		"link-to-a-pipe":    {file(manifest("link-to-a-pipe")), link(elsewhere), "model.onnx is a pipe"},
		"link-to-nothing":   {file(manifest("link-to-nothing")), link("nowhere"), "model.onnx is not there"},
		"folder":            {file(manifest("folder")), folder, "model.onnx is a folder"},
		"socket":            {file(manifest("socket")), socket, "model.onnx is a socket"},
		"manifest-pipe":     {pipe, file("x"), "manifest.json is a pipe"},
		"manifest-endless":  {link("/dev/zero"), file("x"), "manifest.json is a device"},
		"manifest-too-long": {file(strings.Repeat(" ", maxManifest+1)), file("x"), "1 are the most"},
		"Capital":           {file(manifest("Capital")), file("x"), "lower-case"},
	} {
		t.Run(name, func(t *testing.T) {
			s := Store{Dir: t.TempDir()}
			good, err := s.Add(t.Context(), write(t, "a.onnx", redness()), tinyManifest(), nil)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.Mkdir(filepath.Join(s.Dir, "lost+found"), 0o700); err != nil { // of a mounted disk
				t.Fatal(err)
			}
			if err := os.Mkdir(filepath.Join(s.Dir, name), 0o700); err != nil {
				t.Fatal(err)
			}
			t.Chdir(filepath.Join(s.Dir, name)) // a socket's path is short
			for file, make := range map[string]func(string) error{manifestFile: c.manifest, modelFile: c.model} {
				if make != nil {
					if err := make(file); err != nil {
						t.Fatal(err)
					}
				}
			}
			all, bad, err := s.List()
			if err != nil || len(all) != 1 || len(bad) != 1 || bad[0].Name != name || !errors.Is(bad[0].Err, ErrBadModel) || !strings.Contains(bad[0].Err.Error(), c.says) {
				t.Errorf("%v, %v, %v; want one that says %q", all, bad, err, c.says)
			}
			// It might be the one that is meant; another has to be named.
			if _, _, err := s.Choose(""); !errors.Is(err, ErrBadModel) {
				t.Errorf("chosen beside it: %v", err)
			}
			if m, found, err := s.Choose("tiny"); err != nil || !found || m.File != good.File {
				t.Errorf("named beside it: %v, %v", m, err)
			}
		})
	}
}

// A file that is no plain one is refused where people bring models, too.
func TestOnlyPlainFilesAreRead(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	s := Store{Dir: t.TempDir()}
	for _, file := range []string{pipe, "/dev/zero", t.TempDir()} {
		t.Run(file, func(t *testing.T) {
			if _, err := s.Add(t.Context(), file, tinyManifest(), nil); !errors.Is(err, ErrBadModel) {
				t.Errorf("added: %v", err)
			}
			if _, err := Recognise(t.Context(), file); !errors.Is(err, ErrBadModel) {
				t.Errorf("recognised: %v", err)
			}
			if _, err := ReadManifest(file); !errors.Is(err, ErrBadModel) {
				t.Errorf("a manifest: %v", err)
			}
			if err := (Model{tinyManifest(), file}).Verify(t.Context()); !errors.Is(err, ErrBadModel) {
				t.Errorf("verified: %v", err)
			}
			if _, err := FindLibrary(file); !errors.Is(err, ErrNoRuntime) {
				t.Errorf("a library: %v", err)
			}
		})
	}
}

// A folder that an operator names has to be there; the usual one may be missing.
func TestTheFolderOfModelsIsNamed(t *testing.T) {
	file := write(t, "file", []byte("x"))
	for name, c := range map[string]struct {
		store Store
		says  string // "" is no error
	}{
		"nobody's":        {Store{Dir: filepath.Join(t.TempDir(), "none")}, ""},
		"one set":         {Store{Dir: "/nowhere/models", Setting: "MODELS_DIR"}, "MODELS_DIR=/nowhere/models doesn't exist; correct it"},
		"a file":          {Store{Dir: file}, file + " is a file, not a folder"},
		"a file, set":     {Store{Dir: file, Setting: "MODELS_DIR"}, "MODELS_DIR=" + file},
		"below a file":    {Store{Dir: file + "/models", Setting: "MODELS_DIR"}, "can't be read: not a directory"},
		"one that is set": {Store{Dir: t.TempDir(), Setting: "MODELS_DIR"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			_, found, err := c.store.Choose("")
			if found || c.says == "" && err != nil || c.says != "" && (!errors.Is(err, ErrFolder) || !strings.Contains(err.Error(), c.says)) {
				t.Errorf("%v, %v, want %q", found, err, c.says)
			}
		})
	}
}

func TestHashingEndsWithItsContext(t *testing.T) {
	model := stored(t, tinyManifest(), redness())
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if err := model.Verify(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("verified: %v", err)
	}
	if _, err := hashOf(ctx, strings.NewReader("x")); !errors.Is(err, context.Canceled) {
		t.Errorf("hashed: %v", err)
	}
}

// A model that is refused when it is tried leaves the one of its name in its place.
func TestARefusedModelReplacesNothing(t *testing.T) {
	s := Store{Dir: t.TempDir()}
	before, err := s.Add(t.Context(), write(t, "a.onnx", redness()), tinyManifest(), nil)
	if err != nil {
		t.Fatal(err)
	}
	refused := errors.New("refused")
	if _, err := s.Add(t.Context(), write(t, "b.onnx", []byte("b")), tinyManifest(), func(Model) error { return refused }); !errors.Is(err, refused) {
		t.Fatal(err)
	}
	if err := before.Verify(t.Context()); err != nil {
		t.Error(err)
	}
	if left, _ := os.ReadDir(s.Dir); len(left) != 1 {
		t.Errorf("it left %v", left)
	}
}
