// Command opal turns plain product photographs into finished, on-brand pictures.
package main

import (
	"os"

	"github.com/opal-photo/opal/app"
)

func main() { os.Exit(app.Main(os.Args, os.Stdin, os.Stdout, os.Stderr)) }
