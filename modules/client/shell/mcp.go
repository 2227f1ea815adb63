package shell

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/opal-photo/opal/modules/client"
)

// Agents is what opal mcp offers to an agent.
type Agents struct {
	Folders  []string // that photos are read below
	Out      string   // where finished files go; "": nowhere
	Budget   *int64   // of the process, in hundredths of a credit; nil: none
	ReadOnly bool     // only what changes nothing
}

// Serve offers the API's tools on the standard streams until the agent has gone.
type Serve func(ctx context.Context, s Streams, api *client.Client, a Agents) error

// mcpCommand serves the client's tools to an agent that started this program.
func mcpCommand(streams Streams, agent string, serve Serve) *cobra.Command {
	s := &session{Streams: streams, agent: agent}
	var a Agents
	var budget string
	c := s.flags(&cobra.Command{
		Use:   "mcp [FOLDER...]",
		Short: "Offer OPAL to an agent as tools of the Model Context Protocol",
		Long: "Speaks the Model Context Protocol on standard input and output, for an agent that starts it. The tools quote, create, wait, look, check and\n" +
			"download by the API of the profile. Photos are read below the folders alone, and links that lead out of them are refused. Finished files are\n" +
			"written into the folder of --out, never over others. The same tools are at /mcp of the API, without files.",
		Example: "  opal mcp ~/Pictures/products --out ~/Pictures/finished --budget 50\n  opal mcp --read-only",
		RunE: s.do(func(ctx context.Context, api *client.Client, folders []string) error {
			a.Folders = folders
			if budget != "" {
				most, err := client.ParseCredits(budget)
				if err != nil {
					return err
				}
				a.Budget = &most
			}
			return serve(ctx, s.Streams, api, a)
		}),
	})
	f := c.Flags()
	f.StringVarP(&a.Out, "out", "o", "", "folder for finished files (default: URLs are answered)")
	f.StringVar(&budget, "budget", "", "credits that this process may order, as quoted, such as 50 (default: what the key may)")
	f.BoolVar(&a.ReadOnly, "read-only", false, "offer only the tools that change nothing and cost nothing")
	return c
}
