package console_test

import (
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/opal-photo/opal/modules/console"
)

func serve(t *testing.T, o console.Options) *http.ServeMux {
	t.Helper()
	c, err := console.New(o)
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	for path, h := range c.Handlers() {
		if path == "/" {
			path = "/{$}"
		}
		mux.Handle(path, h)
	}
	return mux
}

func get(h http.Handler, method, path string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, nil)
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestThePageAnswersWhereNothingIs(t *testing.T) {
	c, err := console.New(console.Options{})
	if err != nil {
		t.Fatal(err)
	}
	got, page := get(http.HandlerFunc(c.Nowhere), "GET", "/new"), get(serve(t, console.Options{}), "GET", "/")
	if got.Code != http.StatusNotFound || got.Body.String() != page.Body.String() || got.Header().Get("Content-Security-Policy") != page.Header().Get("Content-Security-Policy") ||
		got.Header().Get("Content-Type") != page.Header().Get("Content-Type") || got.Header().Get("ETag") != "" || got.Header().Get("Cache-Control") != "no-store" {
		t.Errorf("%d %v", got.Code, got.Header())
	}
}

func TestPageLoadsItsOwnFilesOnly(t *testing.T) {
	h := serve(t, console.Options{Origins: []string{"https://x.blob.core.windows.net"}})
	page := get(h, "GET", "/")
	policy := page.Header().Get("Content-Security-Policy")
	if page.Code != 200 || !strings.HasPrefix(policy, "default-src 'none'") || strings.Contains(policy, "unsafe") ||
		!strings.Contains(policy, "connect-src 'self' https://x.blob.core.windows.net;") || !strings.Contains(policy, "img-src 'self' blob: https://x.blob.core.windows.net;") {
		t.Errorf("%d %q", page.Code, policy)
	}
	if regexp.MustCompile(`(?i)<script>|<style|\sstyle=|\son[a-z]+=|javascript:`).MatchString(page.Body.String()) {
		t.Error("the page holds inline code or style")
	}
	if strings.Contains(page.Body.String(), "make build") {
		return // the page of a build without npm has no parts
	}
	todo := regexp.MustCompile(`(?:src|href)="([^"#]+)"`).FindAllStringSubmatch(page.Body.String(), -1)
	seen := map[string]bool{}
	for i := 0; i < len(todo); i++ {
		path := todo[i][1]
		if seen[path] {
			continue
		}
		seen[path] = true
		f := get(h, "GET", path)
		if f.Code != 200 || !strings.HasPrefix(path, "/assets/") {
			t.Errorf("%s: %d", path, f.Code)
		}
		if strings.HasSuffix(path, ".js") {
			if ct := f.Header().Get("Content-Type"); ct != "text/javascript; charset=utf-8" {
				t.Errorf("%s: %s", path, ct)
			}
			for _, m := range regexp.MustCompile(`(?:from|import\()\s*"\./([^"]+)"`).FindAllStringSubmatch(f.Body.String(), -1) {
				todo = append(todo, []string{"", "/assets/" + m[1]})
			}
		}
	}
	if len(seen) < 10 {
		t.Errorf("only %d files found", len(seen))
	}
}

// TestTextsAreNeverMarkup holds the sources to Preact's own way of writing text.
func TestTextsAreNeverMarkup(t *testing.T) {
	sources := 0
	err := filepath.WalkDir("src", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		sources++
		if regexp.MustCompile(`innerHTML|InnerHTML|insertAdjacent|document\.write|\beval\(`).Match(b) {
			t.Errorf("%s makes markup or code of text", path)
		}
		return nil
	})
	if err != nil || sources < 20 {
		t.Errorf("%d sources, %v", sources, err)
	}
}

func TestThePageIsAskedForAgainOnlyWhenChanged(t *testing.T) {
	h := serve(t, console.Options{})
	first := get(h, "GET", "/")
	if again := get(h, "GET", "/", "If-None-Match", first.Header().Get("ETag")); first.Code != http.StatusOK || again.Code != http.StatusNotModified {
		t.Errorf("%d, then %d", first.Code, again.Code)
	}
	w := get(h, "POST", "/")
	if w.Code != 405 || w.Header().Get("Content-Type") != "application/problem+json" || !strings.Contains(w.Body.String(), `"code":"method_not_allowed"`) {
		t.Errorf("POST: %d %s", w.Code, w.Body)
	}
}

func TestOriginsAreChecked(t *testing.T) {
	for _, bad := range []string{"", "x", "https://", "https://a/b", "https://a; script-src *", "ftp://a", "https://a 'unsafe-inline'"} {
		t.Run(strconv.Quote(bad), func(t *testing.T) {
			if _, err := console.New(console.Options{Origins: []string{bad}}); err == nil {
				t.Error("was taken")
			}
		})
	}
}

// commands are the rooms whose errors people meet in a shell alone, or when a service starts.
var commands = regexp.MustCompile(`^\.\./(client|batch|sandbox|telemetry|provenance|pipeline/onnx|score/server|db|queue)/`)

// TestEveryCodeHasPlainWords holds the console to every code that the service's sources
// name: it has words of its own, or those of a family, in each language; so has each rule of
// the channels.
func TestEveryCodeHasPlainWords(t *testing.T) {
	text := func(path string) string {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	type rule struct {
		fits   *regexp.Regexp
		family string
	}
	var rules []rule
	for _, m := range regexp.MustCompile(`(?m)^  \[/(.+)/, "(\w+)"\],$`).FindAllStringSubmatch(text("src/state/codes.ts"), -1) {
		rules = append(rules, rule{regexp.MustCompile(m[1]), m[2]})
	}
	codes := map[string]string{}
	for _, m := range regexp.MustCompile("`([a-z]+(?:_[a-z0-9]+)*)`: ").FindAllStringSubmatch(text("../api/testdata/golden/openapi.json"), -1) {
		codes[m[1]] = "the API's document"
	}
	if len(rules) < 10 || len(codes) < 100 {
		t.Fatalf("%d rules, %d codes", len(rules), len(codes))
	}
	made := regexp.MustCompile(`fault\.New\(fault\.\w+, "(\w+)"`)
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() && (d.Name() == "node_modules" || strings.HasSuffix(d.Name(), "test")) {
			return fs.SkipDir
		}
		if err != nil {
			return err
		}
		if d.IsDir() || filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go") || commands.MatchString(filepath.ToSlash(path)) {
			return nil
		}
		for _, m := range made.FindAllStringSubmatch(text(path), -1) {
			codes[m[1]] = path
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	words := map[string]string{}
	for _, language := range []string{"en", "nl", "de", "fr"} {
		words[language] = text("src/words/" + language + ".ts")
	}
	used := map[string]bool{}
	for code, where := range codes {
		key := "error." + code
		if !strings.Contains(words["en"], `"`+key+`"`) {
			key = ""
			for _, r := range rules {
				if r.fits.MatchString(code) {
					key, used[r.family] = "code."+r.family, true
					break
				}
			}
		}
		if key == "" {
			t.Errorf("%s (%s) has no plain words in the console: give it some in words/, or a family in state/codes.ts", code, where)
			continue
		}
		for language, all := range words {
			if !strings.Contains(all, `"`+key+`": "`) {
				t.Errorf("%s has no words in %s.ts", key, language)
			}
		}
	}
	for _, m := range regexp.MustCompile(`(?m)^\t[A-Z]\w+ += "(\w+)" +//`).FindAllStringSubmatch(text("../channel/rule.go"), -1) {
		for language, all := range words {
			if !strings.Contains(all, `"rule.`+m[1]+`": "`) {
				t.Errorf("the channels' rule %s has no words in %s.ts", m[1], language)
			}
			if language != "en" && !strings.Contains(all, `"mend.`+m[1]+`": "`) {
				t.Errorf("%s.ts doesn't say what to do about the channels' rule %s", language, m[1])
			}
		}
	}
	for _, m := range regexp.MustCompile(`(?m)^\tConcern\w+ += "(\w+)" +//`).FindAllStringSubmatch(text("../cutout/concern.go")+text("../pipeline/framing.go"), -1) {
		for language, all := range words {
			if !strings.Contains(all, `"concern.`+m[1]+`": "`) {
				t.Errorf("the concern %s has no words in %s.ts", m[1], language)
			}
		}
	}
	for _, r := range rules {
		if !used[r.family] {
			t.Errorf("no code is of the family %s", r.family)
		}
	}
}
