package app

import (
	"context"
	"fmt"
	"strconv"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/opal-photo/opal/config"
)

// queuesCommand shows the queues and deals with their dead letters.
func queuesCommand(s Streams) *cobra.Command {
	var file string
	root := &cobra.Command{Use: "queues", Short: "Show the queues, and peek at, redrive or purge dead letters"}
	root.PersistentFlags().StringVar(&file, "config", "", "YAML file with settings")
	with := func(fn func(ctx context.Context, q deadLetters, args []string) error) func(*cobra.Command, []string) error {
		return func(cmd *cobra.Command, args []string) error {
			w, err := load(file, s, "queues", config.Role{Database: true, Queue: true}, true)
			if err != nil {
				return err
			}
			defer w.close()
			q, err := w.openQueues(cmd.Context())
			if err != nil {
				return err
			}
			return fn(cmd.Context(), deadLetters{q.jobs, q.exports}, args)
		}
	}
	list := &cobra.Command{Use: "list", Short: "Count messages and dead letters", Args: cobra.NoArgs,
		RunE: with(func(ctx context.Context, all deadLetters, _ []string) error {
			tw := tabwriter.NewWriter(s.Out, 0, 4, 2, ' ', 0)
			fmt.Fprintln(tw, "QUEUE\tMESSAGES\tDEAD")
			for _, q := range all {
				st, err := q.Stats(ctx)
				if err != nil {
					return err
				}
				fmt.Fprintf(tw, "%s\t%d\t%d\n", q.Name(), st.Active, st.Dead)
			}
			return tw.Flush()
		})}
	peek := &cobra.Command{Use: "peek QUEUE", Short: "Show dead letters without taking them", Args: cobra.ExactArgs(1),
		RunE: with(func(ctx context.Context, all deadLetters, args []string) error {
			q, err := all.named(args[0])
			if err != nil {
				return err
			}
			dead, err := q.PeekDead(ctx, maxDead)
			if err != nil {
				return err
			}
			tw := tabwriter.NewWriter(s.Out, 0, 4, 2, ' ', 0)
			fmt.Fprintln(tw, "ID\tENQUEUED\tDELIVERIES\tREASON\tBODY")
			for _, d := range dead {
				body := d.Body[:min(len(d.Body), 200)]
				// quoted: the bytes of a poison message may be anything
				fmt.Fprintf(tw, "%s\t%s\t%d\t%s\t%s\n", d.ID, d.EnqueuedAt.Format(time.DateTime), d.DeliveryCount, strconv.Quote(d.Reason+" "+d.Description), strconv.Quote(string(body)))
			}
			return tw.Flush()
		})}
	take := func(use, short, done string, do func(deadLetters, context.Context, string, ...string) (int, error)) *cobra.Command {
		return &cobra.Command{Use: use + " QUEUE [ID...]", Short: short, Args: cobra.MinimumNArgs(1),
			RunE: with(func(ctx context.Context, all deadLetters, args []string) error {
				n, err := do(all, ctx, args[0], args[1:]...)
				if err != nil {
					return err
				}
				fmt.Fprintf(s.Out, "%s %d dead letters of %s.\n", done, n, args[0])
				return nil
			})}
	}
	root.AddCommand(list, peek,
		take("redrive", "Send dead letters again: all, or those named", "Sent again", deadLetters.Redrive),
		take("purge", "Delete dead letters: all, or those named", "Deleted", deadLetters.Purge))
	return root
}
