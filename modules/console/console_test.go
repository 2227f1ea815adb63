package console_test

import (
	"net/http"
	"net/http/httptest"
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
	todo := regexp.MustCompile(`(?:src|href)="([^"#]+)"`).FindAllStringSubmatch(page.Body.String(), -1)
	seen := map[string]bool{}
	for i := 0; i < len(todo); i++ {
		path := todo[i][1]
		if path == "/" || path == "/docs" || seen[path] {
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
		if body := f.Body.String(); !strings.HasSuffix(path, ".svg") && regexp.MustCompile(`https?://|innerHTML|eval\(`).MatchString(body) {
			t.Errorf("%s names another place or makes markup of text", path)
		}
	}
	if len(seen) < 10 {
		t.Errorf("only %d files found", len(seen))
	}
}

func TestFilesAreAskedForAgainOnlyWhenChanged(t *testing.T) {
	h := serve(t, console.Options{})
	first := get(h, "GET", "/assets/console.css")
	if again := get(h, "GET", "/assets/console.css", "If-None-Match", first.Header().Get("ETag")); again.Code != http.StatusNotModified {
		t.Errorf("%d", again.Code)
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
