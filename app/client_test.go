package app_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/opal-photo/opal/app/apptest"
	"github.com/opal-photo/opal/modules/client"
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
	t.Run("own backgrounds", func(t *testing.T) { bringsPlates(t, "http://"+addr) })
	t.Run("agents", func(t *testing.T) { agentsUse(t, "http://"+addr) })
	t.Run("by the document", func(t *testing.T) { probeByTheDocument(t, "http://"+addr) })
	if code := p.Stop(t); code != 0 {
		t.Errorf("opal dev ended with %d", code)
	}
}

// bringsPlates PUTs photographs to the store: one becomes a background that an item can name,
// files that are none are refused with the reason, and another can be PUT in their place.
func bringsPlates(t *testing.T, api string) {
	ctx := t.Context()
	c, err := client.New(api, client.Options{})
	if err != nil {
		t.Fatal(err)
	}
	photo := func(w, h int) []byte {
		name := filepath.Join(t.TempDir(), "table.jpg")
		if err := apptest.WritePhoto(name, w, h, 5); err != nil {
			t.Fatal(err)
		}
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	u, err := c.PlateUpload(ctx, client.NewPlateUpload{Filename: "table.jpg"})
	if err != nil {
		t.Fatal(err)
	}
	for _, refused := range []struct {
		name, code string
		file       []byte
	}{
		{"nothing", "plate_upload_missing", nil},
		{"an empty file", "plate_upload_empty", []byte{}},
		{"text", "image_unsupported", []byte("a table")},
		{"a cut file", "image_corrupt", photo(700, 500)[:3000]},
		{"a stamp", "plate_too_small", photo(160, 120)},
	} {
		t.Run(refused.name, func(t *testing.T) {
			if refused.file != nil {
				if err := c.Put(ctx, u.UploadURL, refused.file); err != nil {
					t.Fatal(err)
				}
			}
			var p *client.Problem
			if _, err := c.CompletePlate(ctx, u.PlateID); !errors.As(err, &p) || p.Code != refused.code {
				t.Errorf("%v", err)
			}
		})
	}
	if err := c.Put(ctx, u.UploadURL, photo(700, 500)); err != nil {
		t.Fatal(err)
	}
	p, err := c.CompletePlate(ctx, u.PlateID)
	if err != nil || p.Width != 700 || p.About.Floor[3] != 1 {
		t.Fatalf("%+v, %v", p, err)
	}
	if again, err := c.CompletePlate(ctx, u.PlateID); err != nil || !again.CreatedAt.Equal(p.CreatedAt) {
		t.Errorf("completed twice: %+v, %v", again, err)
	}
	if _, err := c.CreateJob(ctx, client.NewJob{Items: []client.NewItem{{Filename: "vase.jpg", SceneTypes: []string{p.SceneType}}}}); err != nil {
		t.Errorf("an item on it: %v", err)
	}
}
