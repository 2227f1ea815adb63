package shell

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/opal-photo/opal/modules/client"
)

func brandsCommand(streams Streams, agent string) *cobra.Command {
	s := &session{Streams: streams, agent: agent}
	c := &cobra.Command{Use: "brands", Short: "Look at the tenant's brand profiles", Example: "  opal brands list\n  opal brands show default --json"}
	c.AddCommand(&cobra.Command{
		Use: "list", Short: "List the brand profiles, default first", Args: cobra.NoArgs, Example: "  opal brands list\n  opal brands list --json",
		RunE: s.do(func(ctx context.Context, c *client.Client, _ []string) error {
			list, err := c.BrandProfiles(ctx)
			if err != nil {
				return err
			}
			return s.answer(list, func(w io.Writer) {
				fmt.Fprintln(w, "BRAND\tNAME\tPALETTE\tPRESETS")
				for _, b := range list.Profiles {
					fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", b.ID, clean(b.Name), strings.Join(b.Palette, ","), strings.Join(b.DefaultPresets, ","))
				}
			})
		}),
	}, &cobra.Command{
		Use: "show BRAND", Short: "Show a brand profile", Args: cobra.ExactArgs(1), Example: "  opal brands show default\n  opal brands show acme --json",
		RunE: s.do(func(ctx context.Context, c *client.Client, args []string) error {
			b, err := c.BrandProfile(ctx, args[0])
			if err != nil {
				return err
			}
			return s.answer(b, func(w io.Writer) {
				for _, row := range [][2]string{{"brand", b.ID}, {"name", b.Name}, {"scene prompt", b.ScenePrompt}, {"negative prompt", b.NegativePrompt},
					{"palette", strings.Join(b.Palette, " ")}, {"mood", b.Mood}, {"keywords", strings.Join(b.Keywords, ", ")}, {"light", b.LightDirection},
					{"presets", strings.Join(b.DefaultPresets, " ")}, {"review", b.Review}} {
					fmt.Fprintf(w, "%s\t%s\n", row[0], clean(first(row[1], "-")))
				}
			})
		}),
	})
	return s.flags(c)
}
