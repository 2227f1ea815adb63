package sandbox

import (
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// inner tells the test binary that it was started as a user without privileges.
const inner = "OPAL_TEST_AS_NOBODY"

// In production no process is root. What root may do without asking has to be asked for there,
// on every thread of a child.
func TestChildrenWorkForAUserWithoutPrivileges(t *testing.T) {
	if os.Getenv(inner) != "" {
		workAsNobody(t)
		return
	}
	cmd := exec.CommandContext(t.Context(), copied(t), "-test.run", "^"+t.Name()+"$", "-test.v")
	cmd.Env = append(os.Environ(), inner+"=1")
	cmd.Dir = "/"
	if os.Geteuid() == 0 {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534, NoSetGroups: false}}
	}
	if out, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(out), "--- PASS: "+t.Name()) {
		t.Errorf("%v:\n%s", err, out)
	}
}

// copied returns a copy of this program that everybody may run: Go builds it in a folder
// that is the builder's alone.
func copied(t *testing.T) string {
	t.Helper()
	own, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	from, err := os.Open(own)
	if err != nil {
		t.Fatal(err)
	}
	defer from.Close()
	dir := t.TempDir()
	for _, d := range []string{dir, filepath.Dir(dir)} {
		if err := os.Chmod(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	at := filepath.Join(dir, "children")
	to, err := os.OpenFile(at, os.O_CREATE|os.O_WRONLY, 0o755)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(to, from); err != nil {
		t.Fatal(err)
	}
	if err := to.Close(); err != nil {
		t.Fatal(err)
	}
	return at
}

// workAsNobody has children that lie on other threads than they began on.
func workAsNobody(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Fatal("it is root")
	}
	p := newPool(t, Options{Kind: "wandering", Jobs: 1, Concurrency: 1, Tries: 1})
	for range 3 {
		if _, err := do(t, p, "hello"); err != nil {
			t.Error(err)
		}
	}
}

// wander leaves the threads on which new privileges are barred to others, as far as it can,
// so that the rest of the child's life is on one that was there before.
func wander([]string) (Worker, error) {
	barred := func() bool {
		v, err := unix.PrctlRetInt(unix.PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0)
		return err == nil && v == 1
	}
	for range 50 {
		if !barred() {
			break
		}
		go func() {
			if runtime.LockOSThread(); barred() {
				select {}
			}
			runtime.UnlockOSThread()
		}()
		time.Sleep(time.Millisecond)
	}
	return echoWork, nil
}
