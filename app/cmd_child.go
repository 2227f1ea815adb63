package app

import (
	"os"

	"github.com/spf13/cobra"

	"github.com/opal-photo/opal/modules/imaging"
)

// childCommand is the process in which a picture from outside is decoded. People
// have no use for it.
func childCommand(Streams) *cobra.Command {
	return &cobra.Command{
		Use: "imaging-child", Hidden: true, Args: cobra.NoArgs,
		Run: func(*cobra.Command, []string) { os.Exit(imaging.ServeChild()) },
	}
}
