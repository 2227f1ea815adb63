package app

import (
	"maps"
	"os"

	"github.com/spf13/cobra"

	"github.com/opal-photo/opal/app/decoding"
	"github.com/opal-photo/opal/modules/cutout/refine"
	"github.com/opal-photo/opal/modules/pipeline/onnx"
	"github.com/opal-photo/opal/modules/sandbox"
)

// children are the processes that work on bytes from outside, a row a kind.
func children() map[string]sandbox.Handler {
	all := decoding.Children()
	maps.Copy(all, map[string]sandbox.Handler{
		onnx.ChildKind:     onnx.ChildHandler(),
		onnx.CUDAChildKind: onnx.CUDAChildHandler(),
		refine.ChildKind:   refine.ChildHandler(),
	})
	return all
}

// ServeIfChild exits after serving when this process was started as a child of one of
// these kinds; else it returns immediately. It is for tests whose binary is the program.
func ServeIfChild() { sandbox.ServeIfChild(children()) }

// isChild reports whether another opal process has started this one as a child. It is asked
// before the commands are made: each photo has a child of its own, and the commands' help,
// which lists all presets, took a third of the time in which one is ready.
func isChild(args []string) bool {
	return len(args) > 2 && args[1] == sandbox.Argument && os.Getenv(sandbox.Marker) != ""
}

// childCommand answers people, who have no use for it. Children don't come here, see isChild.
func childCommand(Streams) *cobra.Command {
	return &cobra.Command{
		Use: sandbox.Argument + " KIND [ARG...]", Hidden: true, DisableFlagParsing: true,
		Run: func(_ *cobra.Command, args []string) { os.Exit(sandbox.Serve(children(), args)) },
	}
}
