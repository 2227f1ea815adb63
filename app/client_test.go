package app_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/opal-photo/opal/app/apptest"
)

// TestClientScripts runs the client's commands against one running opal dev.
func TestClientScripts(t *testing.T) {
	if testing.Short() {
		t.Skip("not among the short tests: it starts opal dev")
	}
	data, addr := filepath.Join(t.TempDir(), "state"), apptest.FreeAddr(t)
	p := apptest.Start(t, []string{"EGRESS_ALLOWED_NETWORKS=127.0.0.0/8"}, "dev", "--data", data, "--listen", addr, "--engine", "stub")
	apptest.Client{T: t, Base: "http://" + addr}.WaitReady()
	hook := newReceiver(t)
	t.Run("scripts", func(t *testing.T) {
		testscript.Run(t, testscript.Params{
			Dir:  "testdata/client",
			Cmds: hook.commands(),
			Setup: func(e *testscript.Env) error {
				e.Setenv("HOOK", hook.URL)
				e.Setenv("OPAL_API", "http://"+addr)
				e.Setenv("OPAL_CONFIG_DIR", filepath.Join(e.WorkDir, "conf"))
				e.Setenv("OPAL_STATE_DIR", filepath.Join(e.WorkDir, "orders"))
				if err := os.MkdirAll(filepath.Join(e.WorkDir, "photos"), 0o755); err != nil {
					return err
				}
				for seed, name := range []string{"vase.jpg", "photos/vase.jpg", "cup.jpg", "mug.jpg"} {
					if err := apptest.WritePhoto(filepath.Join(e.WorkDir, name), 160, 120, uint64(seed+1)); err != nil {
						return err
					}
				}
				return nil
			},
		})
	})
	t.Run("agents", func(t *testing.T) { agentsUse(t, "http://"+addr) })
	t.Run("by the document", func(t *testing.T) { probeByTheDocument(t, "http://"+addr) })
	if code := p.Stop(t); code != 0 {
		t.Errorf("opal dev ended with %d", code)
	}
}
