package deploy_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"go.yaml.in/yaml/v3"
)

// imageRegistry is a registry of images on this machine, which gives anybody a token
// and names a digest for each tag, or has one fault planted.
func imageRegistry(t *testing.T, fault string) (host string, asked *atomic.Int32) {
	t.Helper()
	asked = &atomic.Int32{}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/token" {
			if r.URL.Query().Get("scope") != "repository:team/go:pull" || r.URL.Query().Get("service") != "images" || fault == "token" {
				w.WriteHeader(http.StatusForbidden)
				return
			}
			fmt.Fprint(w, `{"token":"let-me-in"}`)
			return
		}
		asked.Add(1)
		switch {
		case r.Method != http.MethodHead || !strings.Contains(r.Header.Get("Accept"), "image.index"):
			w.WriteHeader(http.StatusBadRequest)
		case r.Header.Get("Authorization") != "Bearer let-me-in":
			realm := "http://" + r.Host + "/token"
			if fault == "realm" {
				realm = "ftp://elsewhere.example.com/token"
			}
			w.Header().Set("Www-Authenticate", `Bearer realm="`+realm+`",service="images",scope="x"`)
			w.WriteHeader(http.StatusUnauthorized)
		case fault == "missing":
			w.WriteHeader(http.StatusNotFound)
		case r.URL.Path == "/v2/team/go/manifests/1.2":
			digest := "sha256:" + strings.Repeat("a", 64)
			if fault == "digest" {
				digest = "sha256:short"
			}
			w.Header().Set("Docker-Content-Digest", digest)
		default:
			w.WriteHeader(http.StatusNotFound)
		}
	}))
	t.Cleanup(s.Close)
	return strings.TrimPrefix(s.URL, "http://"), asked
}

// The bases get the digests that the registry names; a second run changes nothing, and
// a registry that can't tell changes nothing either.
func TestBasesArePinned(t *testing.T) {
	pinned := "@sha256:" + strings.Repeat("a", 64)
	old := "@sha256:" + strings.Repeat("b", 64)
	for name, c := range map[string]struct {
		fault, digest string // the digest of before
		check, ok     bool
		says          string
	}{
		"no digest yet":          {"", "", false, true, "the registry has"},
		"an older digest":        {"", old, false, true, "the registry has"},
		"the same":               {"", pinned, false, true, ""},
		"checked, no digest":     {"", "", true, false, "the registry has"},
		"checked, another":       {"", old, true, false, "the registry has"},
		"checked, the same":      {"", pinned, true, true, ""},
		"no such tag":            {"missing", "", false, false, "404"},
		"no token":               {"token", "", false, false, "gives no token"},
		"a login somewhere else": {"realm", "", false, false, "asks for a login at"},
		"no digest of the image": {"digest", "", false, false, "names no digest"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			host, asked := imageRegistry(t, c.fault)
			file := filepath.Join(t.TempDir(), "Dockerfile")
			text := "# a comment\nARG GO_IMAGE=" + host + "/team/go:1.2" + c.digest + "\nARG HEIF=yes\nFROM ${GO_IMAGE}\nRUN true\n"
			if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			args := []string{"pin-bases.sh"}
			if c.check {
				args = append(args, "--check")
			}
			out, ok := script(t, []string{"OPAL_PIN_FILES=" + file, "no_proxy=127.0.0.1"}, args...)
			if ok != c.ok || !strings.Contains(out, c.says) || asked.Load() == 0 {
				t.Errorf("passed %v, asked %d times: %s", ok, asked.Load(), out)
			}
			want := text
			if c.ok && !c.check {
				want = strings.Replace(text, "go:1.2"+c.digest, "go:1.2"+pinned, 1)
			}
			if got := readFile(t, file); got != want {
				t.Errorf("the file is now\n%s", got)
			}
		})
	}
}

// New digests become one pull request; one that GitHub refused is proposed by the next run.
func TestPinnedBasesAreProposed(t *testing.T) {
	t.Parallel()
	var w workflow
	if err := yaml.Unmarshal(readWorkflow(t, pinWorkflow), &w); err != nil {
		t.Fatal(err)
	}
	steps := w.Jobs["pin"].Steps
	dir, summary := t.TempDir(), filepath.Join(t.TempDir(), "summary")
	record := filepath.Join(dir, "record")
	env := []string{
		tools(t, map[string]string{"gh": `case "$*" in
"pr list"*"--state all"*) grep -c "^pr create" "$RECORD" || true ;; # one that was closed is no news
"pr list"*) echo 0 ;;
"pr create"*) [ "$FAULT" != refused ] || exit 1; echo "$*" >>"$RECORD" ;;
esac
`}),
		"RECORD=" + record, "GITHUB_STEP_SUMMARY=" + summary, "HOME=" + dir, "GIT_CONFIG_NOSYSTEM=1",
	}
	if err := os.WriteFile(record, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	git := "cd " + dir + "; git init -q --bare origin; git init -q -b main work; cd work; git remote add origin ../origin\n" +
		"echo golang:1 >Dockerfile; git add .; git -c user.name=a -c user.email=a@example.com commit -qm first; git push -q origin main"
	if out, ok := script(t, env, "-ec", git); !ok {
		t.Fatal(out)
	}
	run := func(fault string) (string, bool) {
		t.Helper()
		return script(t, append(env, "FAULT="+fault), "-ec", "cd "+dir+"/work; git switch -q main\n"+
			"git branch -q -D $(git branch --list 'pin-*' --format '%(refname:short)') 2>/dev/null || true\n"+
			"echo golang:1@sha256:1 >Dockerfile\n"+steps[len(steps)-1].Run)
	}
	if out, ok := run("refused"); ok || !strings.Contains(out, "allow GitHub Actions to create pull requests") {
		t.Errorf("passed %v: %s", ok, out)
	}
	for range 2 { // the second finds it proposed
		if out, ok := run(""); !ok {
			t.Errorf("failed: %s", out)
		}
	}
	if n := strings.Count(readFile(t, record), "pr create --head pin-bases-"); n != 1 || !strings.Contains(readFile(t, summary), "was proposed already") {
		t.Errorf("%d pull requests; %s", n, readFile(t, summary))
	}
}
