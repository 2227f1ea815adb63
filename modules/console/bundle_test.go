package console

import (
	"bytes"
	"compress/gzip"
	"io"
	"io/fs"
	"maps"
	"net/http/httptest"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"
)

// most is how much a visitor of the console may load, compressed, on the way from a drop to a
// ZIP: home, a new set, its sheet and pictures, and all that an action fetches later, in one
// language. The pages of another part of the work (shelf, style, ground, account or office)
// may add mostOfPart. Whoever opens every page loads at most mostOfAll.
const most, mostOfPart, mostOfAll = 80_000, 10_000, 112_000

// serving returns a console that serves a bundle of these files.
func serving(t *testing.T, files fs.FS) *Console {
	t.Helper()
	b, err := bundle(files, "/")
	if err != nil {
		t.Fatal(err)
	}
	return &Console{policy: policy(nil), bundle: b}
}

func ask(c *Console, path string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest("GET", path, nil)
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	c.serve(w, r)
	return w
}

var sketch = fstest.MapFS{
	"dist/index.html":           {Data: []byte(`<link href="/assets/console.css"><script src="/assets/main.js"></script>`)},
	"dist/missing.html":         {Data: []byte(`make build`)},
	"dist/main-4QJ2AB7C.js":     {Data: bytes.Repeat([]byte("let a = 1;\n"), 100)},
	"dist/console-ABCDEFGH.css": {Data: []byte("a{}")},
	"dist/mark.svg":             {Data: []byte("<svg/>")},
}

func TestThePageNamesItsFilesByTheirHash(t *testing.T) {
	c := serving(t, sketch)
	page := ask(c, "/")
	if got, want := page.Body.String(), `<link href="/assets/console-ABCDEFGH.css"><script src="/assets/main-4QJ2AB7C.js"></script>`; got != want || page.Header().Get("Cache-Control") != "no-cache" {
		t.Errorf("%s %v", got, page.Header())
	}
	script := ask(c, "/assets/main-4QJ2AB7C.js")
	if script.Code != 200 || script.Header().Get("Cache-Control") != "public, max-age=31536000, immutable" || script.Header().Get("Content-Security-Policy") == "" {
		t.Errorf("%d %v", script.Code, script.Header())
	}
	if mark := ask(c, "/assets/mark.svg"); mark.Header().Get("Cache-Control") != "no-cache" || mark.Header().Get("Content-Type") != "image/svg+xml" {
		t.Errorf("%v", mark.Header())
	}
	if gone := ask(c, "/assets/main-00000000.js"); gone.Code != 404 {
		t.Errorf("%d", gone.Code)
	}
}

func TestFilesAreCompressedForWhoTakesThem(t *testing.T) {
	c := serving(t, sketch)
	for name, s := range map[string]struct {
		accepts string
		packed  bool
	}{
		"a browser": {"gzip, deflate, br", true}, "nothing": {"", false}, "only br": {"br", false}, "refused": {"gzip;q=0, br", false}, "refused with a space": {"gzip; q=0.000", false},
	} {
		t.Run(name, func(t *testing.T) {
			w := ask(c, "/assets/main-4QJ2AB7C.js", "Accept-Encoding", s.accepts)
			body := w.Body.Bytes()
			if got := w.Header().Get("Content-Encoding") == "gzip"; got != s.packed || w.Header().Get("Vary") != "Accept-Encoding" {
				t.Fatalf("%v", w.Header())
			}
			if s.packed {
				r, err := gzip.NewReader(w.Body)
				if err != nil {
					t.Fatal(err)
				}
				if body, err = io.ReadAll(r); err != nil {
					t.Fatal(err)
				}
			}
			if !bytes.Equal(body, sketch["dist/main-4QJ2AB7C.js"].Data) {
				t.Errorf("%d bytes", len(body))
			}
			if again := ask(c, "/assets/main-4QJ2AB7C.js", "Accept-Encoding", s.accepts, "If-None-Match", w.Header().Get("ETag")); again.Code != 304 {
				t.Errorf("asked again: %d", again.Code)
			}
		})
	}
	if small := ask(c, "/assets/console-ABCDEFGH.css", "Accept-Encoding", "gzip"); small.Header().Get("Content-Encoding") != "" {
		t.Error("a file is sent larger than it is")
	}
}

func TestABuildWithoutNpmSaysWhatToDo(t *testing.T) {
	c := serving(t, fstest.MapFS{"dist/missing.html": sketch["dist/missing.html"]})
	if page := ask(c, "/"); page.Code != 200 || !strings.Contains(page.Body.String(), "make build") {
		t.Errorf("%d %s", page.Code, page.Body)
	}
	b, err := dist.ReadFile(missingPage)
	if err != nil || !strings.Contains(string(b), "make build") {
		t.Errorf("%v: the page in the binary does not say it", err)
	}
}

// built skips a test of the bundle where there is none, or fails it where all must run.
func built(t *testing.T) {
	t.Helper()
	if _, err := dist.ReadFile("dist/index.html"); err != nil {
		const what = "the console is not built: make console"
		if os.Getenv("OPAL_REQUIRE_ALL") == "1" {
			t.Fatal(what)
		}
		t.Skip(what)
	}
}

func TestTheBundleIsSmallAndKeepsToItself(t *testing.T) {
	built(t)
	all, err := bundle(dist, "/")
	if err != nil {
		t.Fatal(err)
	}
	for at, a := range all {
		if regexp.MustCompile(`\beval\(|new Function\(|(?:src|href)=["']https?://`).Match(a.body) {
			t.Errorf("%s makes code of text, or loads from another place", at)
		}
	}
	visitor, part, everything := loaded(all)
	t.Logf("a visitor loads %d bytes compressed from a drop to a ZIP, at most %d for another part, %d for all pages", visitor, part, everything)
	if visitor == 0 || visitor > most || part > mostOfPart || everything > mostOfAll {
		t.Errorf("wanted at most %d, %d and %d", most, mostOfPart, mostOfAll)
	}
	page := string(all["/"].body)
	if !regexp.MustCompile(`/assets/main-[0-9A-Z]{8}\.js`).MatchString(page) || !regexp.MustCompile(`/assets/console-[0-9A-Z]{8}\.css`).MatchString(page) || regexp.MustCompile(`(?i)<script>|<style|\sstyle=|\son[a-z]+=`).MatchString(page) {
		t.Error(page)
	}
}

// loaded returns how many bytes, compressed, a visitor loads: what the first page brings and
// imports, what an action imports later, and the largest language; then what the largest part
// of the work adds, with what it alone imports; and all that whoever opens every page loads.
func loaded(all map[string]asset) (visitor, largest, everything int) {
	statics, dynamics := regexp.MustCompile(`(?:from|import)\s*"\./([^"]+)"`), regexp.MustCompile(`import\(\s*"\./([^"]+)"`)
	part, language := regexp.MustCompile(`/(?:shelf|style|ground|account|office)-[0-9A-Z]{8}\.js$`), regexp.MustCompile(`/(?:[a-z]+_)?[a-z]{2}-[0-9A-Z]{8}\.js$`)
	guests := regexp.MustCompile(`/guest-[0-9A-Z]{8}\.js$`) // who opens a share link loads little else, and nobody of the console loads this
	var take func(at string, into map[string]bool, later bool)
	take = func(at string, into map[string]bool, later bool) {
		if into[at] {
			return
		}
		into[at] = true
		for _, m := range statics.FindAllSubmatch(all[at].body, -1) {
			take(assets+string(m[1]), into, later)
		}
		for _, m := range dynamics.FindAllSubmatch(all[at].body, -1) {
			if next := assets + string(m[1]); later && !part.MatchString(next) && !language.MatchString(next) && !guests.MatchString(next) {
				take(next, into, later)
			}
		}
	}
	size := func(a asset) int {
		if a.packed != nil {
			return len(a.packed)
		}
		return len(a.body)
	}
	begin, words := map[string]bool{}, map[string]int{}
	for at, a := range all {
		switch {
		case language.MatchString(at):
			of, _, with := strings.Cut(path.Base(at), "_")
			if !with {
				of = ""
			}
			words[of] = max(words[of], size(a))
		case strings.HasPrefix(at, assets+"main-"), path.Ext(at) != ".js":
			take(at, begin, true)
		}
	}
	every := maps.Clone(begin)
	for at := range all {
		if part.MatchString(at) {
			of, _, _ := strings.Cut(path.Base(at), "-")
			own, n := map[string]bool{}, words[of]
			everything += n
			take(at, own, true)
			for one := range own {
				if every[one] = true; !begin[one] {
					n += size(all[one])
				}
			}
			largest = max(largest, n)
		}
	}
	for at := range every {
		if everything += size(all[at]); begin[at] {
			visitor += size(all[at])
		}
	}
	if largest == 0 {
		return 0, 0, 0 // the parts were not found
	}
	return visitor + words[""], largest, everything + words[""]
}

// TestTheSourcesFitTheAPI type-checks the console against the golden OpenAPI document.
func TestTheSourcesFitTheAPI(t *testing.T) {
	if testing.Short() {
		t.Skip("not among the short tests: it starts Node")
	}
	modules, err := filepath.Abs("node_modules")
	if err != nil {
		t.Fatal(err)
	}
	node, err := exec.LookPath("node")
	if _, missing := os.Stat(filepath.Join(modules, "typescript")); err != nil || missing != nil {
		const what = "the checks of the console are missing: run npm ci in modules/console"
		if os.Getenv("OPAL_REQUIRE_ALL") == "1" {
			t.Fatal(what)
		}
		t.Skip(what)
	}
	dir := t.TempDir()
	if err := os.CopyFS(filepath.Join(dir, "src"), os.DirFS("src")); err != nil {
		t.Fatal(err)
	}
	config, err := os.ReadFile("tsconfig.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "tsconfig.json"), config, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(modules, filepath.Join(dir, "node_modules")); err != nil {
		t.Fatal(err)
	}
	document, err := filepath.Abs("../api/testdata/golden/openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"openapi-typescript/bin/cli.js", document, "--output", "src/schema.d.ts"}, {"typescript/bin/tsc", "-p", "tsconfig.json"}} {
		cmd := exec.CommandContext(t.Context(), node, append([]string{filepath.Join(modules, args[0])}, args[1:]...)...)
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
	}
}
