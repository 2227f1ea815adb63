package app_test

import (
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/opal-photo/opal/app/apptest"
)

func TestMain(m *testing.M) { apptest.Main(closingBrowser{m}) }

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(e *testscript.Env) error {
			return apptest.WritePhoto(filepath.Join(e.WorkDir, "vase.jpg"), 640, 480, 1)
		},
	})
}
