package app

import (
	"context"
	"errors"

	"github.com/opal-photo/opal/modules/fault"
)

// The exit codes.
const (
	exitOK     = 0
	exitFailed = 1 // the work failed, or some of it
	exitUsage  = 2 // the command line or the configuration is wrong
)

// errReported ends a command with exitFailed when it has already said why.
var errReported = errors.New("reported")

// exitCode is the one place where a command's error becomes an exit code.
func exitCode(err error) int {
	switch {
	case err == nil, errors.Is(err, context.Canceled):
		return exitOK
	case errors.Is(err, errReported):
		return exitFailed
	}
	switch fault.KindOf(err) {
	case fault.Invalid, fault.Malformed:
		return exitUsage
	}
	return exitFailed
}

// explain is what a person at the terminal reads.
func explain(err error) string { return err.Error() }
