package app

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/opal-photo/opal/config"
	"github.com/opal-photo/opal/modules/queue"
)

// queuesCommand shows the queues and deals with their dead letters.
func queuesCommand(s Streams) *cobra.Command {
	var file string
	root := &cobra.Command{
		Use: "queues", Short: "Show the queues, and peek at, redrive or purge dead letters",
		Example: "  opal queues list\n  opal queues redrive jobs",
	}
	root.PersistentFlags().StringVar(&file, "config", "", "YAML file with settings")
	r := &reply{Streams: s}
	r.flag(root.PersistentFlags())
	with := func(fn func(ctx context.Context, q deadLetters, args []string) error) func(*cobra.Command, []string) error {
		return func(cmd *cobra.Command, args []string) error {
			w, err := load(file, s, "queues", config.Role{Database: true, Queue: true}, true)
			if err != nil {
				return err
			}
			defer w.close()
			if w.cfg.EmbeddedQueue() {
				if _, err := w.migrated(cmd.Context()); err != nil {
					return err
				}
			}
			q, err := w.openQueues(cmd.Context())
			if err != nil {
				return err
			}
			return fn(cmd.Context(), deadLetters{q.jobs, q.exports}, args)
		}
	}
	root.AddCommand(queuesList(r, with), queuesPeek(r, with), queuesRedrive(r, with), queuesPurge(r, with))
	for _, c := range root.Commands() {
		if c.Name() != "list" {
			c.ValidArgsFunction = queueNames
		}
	}
	return root
}

// withQueues has a function called with the two queues open.
type withQueues func(fn func(ctx context.Context, q deadLetters, args []string) error) func(*cobra.Command, []string) error

// queueNames completes a queue's name: those of the settings' defaults.
func queueNames(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return []string{"jobs", "exports"}, cobra.ShellCompDirectiveNoFileComp
}

func queuesList(r *reply, with withQueues) *cobra.Command {
	cmd := &cobra.Command{
		Use: "list", Short: "Count messages and dead letters", Args: cobra.NoArgs,
		Example: "  opal queues list\n  opal queues list --json | jq '.[].dead'",
		RunE: with(func(ctx context.Context, all deadLetters, _ []string) error {
			type line struct {
				Queue string `json:"queue"`
				queue.Stats
			}
			var rows []line
			for _, q := range all {
				st, err := q.Stats(ctx)
				if err != nil {
					return err
				}
				rows = append(rows, line{q.Name(), st})
			}
			if r.json {
				return printJSON(r.Streams, rows)
			}
			tw := tabwriter.NewWriter(r.Out, 0, 4, 2, ' ', 0)
			fmt.Fprintln(tw, "QUEUE\tMESSAGES\tDEAD")
			for _, l := range rows {
				fmt.Fprintf(tw, "%s\t%d\t%d\n", l.Queue, l.Active, l.Dead)
			}
			return tw.Flush()
		}),
	}
	return cmd
}

func queuesPeek(r *reply, with withQueues) *cobra.Command {
	cmd := &cobra.Command{
		Use: "peek QUEUE", Short: "Show dead letters without taking them", Args: cobra.ExactArgs(1),
		Example: "  opal queues peek jobs\n  opal queues peek exports --json",
		RunE: with(func(ctx context.Context, all deadLetters, args []string) error {
			if r.json {
				dead, err := all.List(ctx, args[0], maxDead)
				if err != nil {
					return err
				}
				return printJSON(r.Streams, dead)
			}
			q, err := all.named(args[0])
			if err != nil {
				return err
			}
			dead, err := q.PeekDead(ctx, maxDead)
			if err != nil {
				return err
			}
			tw := tabwriter.NewWriter(r.Out, 0, 4, 2, ' ', 0)
			fmt.Fprintln(tw, "ID\tENQUEUED\tDELIVERIES\tREASON\tBODY")
			for _, d := range dead {
				body := d.Body[:min(len(d.Body), 200)]
				// quoted: the bytes of a poison message may be anything
				fmt.Fprintf(tw, "%s\t%s\t%d\t%s\t%s\n", d.ID, d.EnqueuedAt.Format(time.DateTime), d.DeliveryCount,
					strconv.Quote(d.Reason+" "+d.Description), strconv.Quote(string(body)))
			}
			return tw.Flush()
		}),
	}
	return cmd
}

// queueCount says how many dead letters of a queue a command dealt with.
type queueCount struct {
	Queue string `json:"queue"`
	Count int    `json:"count"`
}

func queuesRedrive(r *reply, with withQueues) *cobra.Command {
	return &cobra.Command{
		Use: "redrive QUEUE [ID...]", Short: "Send dead letters again: all, or those named", Args: cobra.MinimumNArgs(1),
		Example: "  opal queues redrive jobs\n  opal queues redrive jobs MESSAGE-ID",
		RunE: with(func(ctx context.Context, all deadLetters, args []string) error {
			n, err := all.Redrive(ctx, args[0], args[1:]...)
			if err != nil {
				return err
			}
			return r.with(queueCount{args[0], n}, "Sent again %d dead letters of %s.\n", n, args[0])
		}),
	}
}

func queuesPurge(r *reply, with withQueues) *cobra.Command {
	var yes bool
	cmd := &cobra.Command{
		Use: "purge QUEUE [ID...]", Short: "Delete dead letters: all, or those named", Args: cobra.MinimumNArgs(1),
		Example: "  opal queues purge jobs\n  opal queues purge jobs MESSAGE-ID --yes",
		RunE: with(func(ctx context.Context, all deadLetters, args []string) error {
			q, err := all.named(args[0])
			if err != nil {
				return err
			}
			if !yes {
				what := fmt.Sprintf("%d dead letters of %s", len(args)-1, args[0])
				if len(args) == 1 {
					st, err := q.Stats(ctx)
					if err != nil {
						return err
					}
					what = fmt.Sprintf("all %d dead letters of %s", st.Dead, args[0])
				}
				if err := confirm(r.Streams, "Delete "+what+" permanently?"); err != nil {
					return err
				}
			}
			n, err := all.Purge(ctx, args[0], args[1:]...)
			if err != nil {
				return err
			}
			return r.with(queueCount{args[0], n}, "Deleted %d dead letters of %s.\n", n, args[0])
		}),
	}
	cmd.Flags().BoolVar(&yes, "yes", false, "delete without asking")
	return cmd
}

// confirm asks a person at a terminal. Without one it refuses: a script says
// --yes.
func confirm(s Streams, question string) error {
	in, ok := s.In.(*os.File)
	if !ok || !term.IsTerminal(int(in.Fd())) {
		return errUsage.With("%s Nobody is there to be asked: say --yes", question)
	}
	return ask(s.In, s.Err, question)
}

// ask puts a question that y or yes answers in the affirmative.
func ask(in io.Reader, out io.Writer, question string) error {
	fmt.Fprintf(out, "%s [y/N] ", question)
	answer, err := bufio.NewReader(in).ReadString('\n')
	if err != nil && err != io.EOF {
		return err
	}
	switch strings.ToLower(strings.TrimSpace(answer)) {
	case "y", "yes":
		return nil
	}
	fmt.Fprintln(out, "Nothing was deleted.")
	return errReported
}
