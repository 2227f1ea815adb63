// Package apptest is what the tests share that run opal as a program: the test
// binary as opal, its processes, a client of its API, and a photo.
package apptest

import (
	"os"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/opal-photo/opal/app"
)

// Main is a whole TestMain. It lets the test binary be the program: as its own
// children, and as the command "opal" of scripts and of Start.
func Main(m testscript.TestingM) {
	app.ServeIfChild()
	testscript.Main(m, map[string]func(){
		"opal": func() { os.Exit(app.Main(os.Args, os.Stdin, os.Stdout, os.Stderr)) },
	})
}
