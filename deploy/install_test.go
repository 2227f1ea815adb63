package deploy

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// fakes writes programs for a PATH of their own, beside the real ones that
// .ci/apt-get needs.
func fakes(t *testing.T, programs map[string]string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	for name, text := range programs {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\n"+text+"\n"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"sh", "mktemp", "rm", "env", "grep", "cat", "sed", "tr", "sleep"} {
		path, err := exec.LookPath(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(path, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestPackagesAreInstalled(t *testing.T) {
	const (
		root, user = "echo 0", "echo 1000"
		works      = `case "$*" in
*--assume-no*) echo '3 upgraded, 240 newly installed, 0 to remove and 1 not upgraded.'
	echo 'Need to get 116 MB of archives.'
	echo 'After this operation, 443 MB of additional disk space will be used.'; exit 1 ;;
esac
echo "ran: $*" >>"$RAN"`
		busyTwice = `if [ "$(cat "$RAN" 2>/dev/null | grep -c busy)" -lt 2 ]; then echo busy >>"$RAN"
	echo 'E: Could not get lock /var/lib/apt/lists/lock. It is held by process 7' >&2; exit 100; fi
` + works
	)
	for _, c := range []struct {
		name     string
		programs map[string]string
		ok       bool
		says     []string // on stderr
		ran      string   // part of what apt-get and sudo were called with
	}{
		{"as root", map[string]string{"id": root, "apt-get": works}, true,
			[]string{"installing libvips-dev pkg-config (3 upgraded, 240 newly installed, 116 MB to fetch, 443 MB on disk)"},
			"install -y --no-install-recommends libvips-dev pkg-config"},
		{"by sudo", map[string]string{"id": user, "apt-get": works, "sudo": `echo sudo >>"$RAN"; exec "$@"`}, true, []string{"asking sudo for root"}, "sudo\nran:"},
		{"neither", map[string]string{"id": user, "apt-get": works}, false,
			[]string{"Have root run this once", "apt-get update && apt-get install -y --no-install-recommends libvips-dev pkg-config\n"}, ""},
		{"while another has the lock", map[string]string{"id": root, "apt-get": busyTwice}, true, []string{"another program has apt's lock; waiting"}, "ran: -q -o DPkg::Lock::Timeout=300 install -y"},
		{"without a network", map[string]string{"id": root, "apt-get": "echo 'E: Temporary failure resolving' >&2; exit 100"}, false,
			[]string{"Temporary failure resolving", "apt-get update failed"}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := fakes(t, c.programs)
			ran := filepath.Join(t.TempDir(), "ran")
			cmd := exec.CommandContext(t.Context(), filepath.Join(dir, "sh"), "../.ci/apt-get", "libvips-dev", "pkg-config")
			cmd.Env = []string{"PATH=" + dir, "RAN=" + ran, "APT_LOCK_PAUSE=0"}
			out, err := cmd.CombinedOutput()
			if (err == nil) != c.ok {
				t.Errorf("%v:\n%s", err, out)
			}
			for _, want := range c.says {
				if !strings.Contains(string(out), want) {
					t.Errorf("it does not say %q:\n%s", want, out)
				}
			}
			b, err := os.ReadFile(ran)
			if err != nil && c.ran != "" {
				t.Fatal(err)
			}
			if !strings.Contains(string(b), c.ran) || c.ran == "" && strings.Contains(string(b), "install") {
				t.Errorf("it ran:\n%s", b)
			}
		})
	}
}
