// Package app is the composition root: it reads the command line, opens what a
// role needs and runs it. It alone imports config and every module.
package app

import (
	"context"
	"errors"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/opal-photo/opal/modules/client/shell"
	"github.com/opal-photo/opal/modules/sandbox"
)

// Streams are the process's standard streams.
type Streams struct {
	In       io.Reader
	Out, Err io.Writer
}

// Main runs the command line and returns the exit code.
func Main(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	if isChild(args) {
		return sandbox.Serve(children(), args[2:])
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	s := Streams{In: stdin, Out: stdout, Err: stderr}
	_ = loadChannels(os.Getenv(channelsDir)) // for help and completion; commands that use channels say what is wrong
	cmd := command(s)
	cmd.SetArgs(args[1:])
	cmd.SetIn(stdin)
	cmd.SetOut(stdout)
	cmd.SetErr(stderr)
	err := cmd.ExecuteContext(ctx)
	if err != nil && !errors.Is(err, errReported) && !errors.Is(err, shell.ErrReported) {
		tell(stderr, err, wantsJSON(args[1:]))
	}
	return exitCode(err)
}

// commands makes the commands that are not roles.
var commands = []func(Streams) *cobra.Command{
	devCommand, migrateCommand, processCommand, cutoutCommand, checkCommand, verifyCommand, consistencyCommand, modelsCommand, doctorCommand, tenantsCommand, keysCommand, queuesCommand, settingsCommand,
	demoCommand, versionCommand, manCommand, childCommand, exitCodesTopic, jsonTopic,
}

// command builds the command tree: one command per role, and the others.
func command(s Streams) *cobra.Command {
	root := &cobra.Command{
		Use:           "opal",
		Short:         "Turns plain product photos into finished, on-brand pictures",
		Example:       "  opal dev\n  opal process photos/ --out finished/",
		Version:       version(),
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	for _, r := range roles {
		root.AddCommand(roleCommand(r, s))
	}
	for _, c := range commands {
		root.AddCommand(c(s))
	}
	root.AddCommand(shell.Commands(shell.Streams(s), "opal/"+version(), serveAgent)...)
	root.SetHelpTemplate(root.HelpTemplate() + helpFooter)
	root.SetHelpCommand(helpCommand(s))
	root.SetOut(s.Out) // completions keep where they are written from here on
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	strict(root)
	return root
}
