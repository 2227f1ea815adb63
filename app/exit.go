package app

import (
	"context"
	"errors"

	"github.com/opal-photo/opal/modules/batch"
	"github.com/opal-photo/opal/modules/client/shell"
	"github.com/opal-photo/opal/modules/fault"
)

// The exit codes, of every command. exitCodesHelp says them to people.
const (
	exitOK          = 0
	exitFailed      = 1   // the work failed, or some of it
	exitUsage       = 2   // the command line or the configuration is wrong
	exitNotFound    = 3   // opal verify: the product was not found, so nothing was compared
	exitInterrupted = 130 // a signal ended it, as shells say it of SIGINT
)

const exitCodesHelp = `  0    done; a role: stopped as it was told to
  1    the work failed, or some of it
  2    the command line or a setting is wrong; nothing was done
  3    opal verify alone: the product is not in the delivered picture, so nothing was compared
  130  interrupted (Ctrl+C); what had been done stays done`

// errReported ends a command with exitFailed when it has already said why.
var errReported = errors.New("reported")

// errUsage says that the command line is wrong.
var errUsage = fault.New(fault.Invalid, "usage", "Wrong usage")

// exitCode is the one place where a command's error becomes an exit code.
func exitCode(err error) int {
	switch {
	case err == nil:
		return exitOK
	case errors.Is(err, errReported), errors.Is(err, shell.ErrReported):
		return exitFailed
	case errors.Is(err, context.Canceled):
		return exitInterrupted
	case errors.Is(err, batch.ErrProductNotFound):
		return exitNotFound
	}
	switch fault.KindOf(err) {
	case fault.Invalid, fault.Malformed:
		return exitUsage
	}
	return exitFailed
}

// explain is what a person at the terminal reads; "" when there is nothing to
// add.
func explain(err error) string {
	if e, ok := fault.As(err); ok && errors.Is(err, errUsage) {
		return e.Detail()
	}
	if errors.Is(err, context.Canceled) {
		return "interrupted"
	}
	return err.Error()
}
