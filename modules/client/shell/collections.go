package shell

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/opal-photo/opal/modules/client"
)

const collectionExample = "0198f7a0-0000-7000-8000-00000000000d"

func collectionsCommand(streams Streams, agent string) *cobra.Command {
	s := &session{Streams: streams, agent: agent}
	c := &cobra.Command{Use: "collections", Short: "Group jobs: one progress, one ZIP, one event at the end",
		Example: "  opal collections create --name 'Spring 2027'\n  opal collections download " + collectionExample + " --out finished/"}
	c.AddCommand(collectionsList(s), collectionsCreate(s), collectionsShow(s), collectionsAdd(s), collectionsDownload(s),
		s.collectionVerb("close", "Say that no other job comes: the collection ends with its jobs", (*client.Client).CloseCollection),
		s.collectionVerb("zip", "Have the ZIP of an ended collection made again, of its pictures as they are now", (*client.Client).RemakeCollectionZIP),
		&cobra.Command{
			Use: "delete COLLECTION", Short: "Delete a collection with its ZIP; its jobs and their pictures stay", Args: cobra.ExactArgs(1), Example: exampleOf("collections delete", collectionExample),
			RunE: s.do(func(ctx context.Context, c *client.Client, args []string) error {
				if err := c.DeleteCollection(ctx, args[0]); err != nil {
					return err
				}
				s.say("collection %s: deleted", clean(args[0]))
				return s.answer(map[string]any{"collection_id": args[0], "deleted": true}, nil)
			}),
		})
	return s.flags(c)
}

// exampleOf is two examples of a command on one thing.
func exampleOf(command, id string) string {
	return "  opal " + command + " " + id + "\n  opal " + command + " " + id + " --json"
}

func collectionsList(s *session) *cobra.Command {
	var f client.CollectionFilter
	c := &cobra.Command{
		Use: "list", Short: "List the tenant's collections, newest first", Args: cobra.NoArgs, Example: "  opal collections list --status open,processing\n  opal collections list --query spring --json",
		RunE: s.do(func(ctx context.Context, c *client.Client, _ []string) error {
			page, err := c.Collections(ctx, f)
			if err != nil {
				return err
			}
			return s.answer(page, func(w io.Writer) {
				collectionHead(w)
				for _, one := range page.Collections {
					collectionRow(w, one)
				}
				if page.NextCursor != nil {
					s.say("More: --cursor %s", *page.NextCursor)
				}
			})
		}),
	}
	c.Flags().IntVar(&f.Limit, "limit", 50, "collections of a page, at most 200")
	c.Flags().StringVar(&f.Cursor, "cursor", "", "the page after another, as that one says")
	c.Flags().StringSliceVar(&f.Status, "status", nil, "open, processing, completed, partial, failed or cancelled; several with commas")
	c.Flags().StringVar(&f.Query, "query", "", "a part of the name")
	return c
}

func collectionHead(w io.Writer) {
	fmt.Fprintln(w, "COLLECTION\tCREATED\tSTATUS\tJOBS\tITEMS\tDONE\tFAILED\tZIP\tNAME")
}

func collectionRow(w io.Writer, c client.Collection) {
	fmt.Fprintf(w, "%s\t%s\t%s\t%d\t%d\t%d\t%d\t%s\t%s\n", c.CollectionID, short(c.CreatedAt), c.Status, c.Jobs.Total, c.Counts.Total, c.Counts.Completed, c.Counts.Failed, c.ZIP, clean(c.Name))
}

func (s *session) showCollection(c client.Collection) error {
	return s.answer(c, func(w io.Writer) {
		collectionHead(w)
		collectionRow(w, c)
	})
}

func collectionsCreate(s *session) *cobra.Command {
	var n client.NewCollection
	c := &cobra.Command{
		Use: "create [JOB...]", Short: "Make a collection, of jobs that are there or for jobs to come", Args: cobra.ArbitraryArgs,
		Example: "  opal collections create --name 'Spring 2027'\n  opal collections create --close 0198f7a0-0000-7000-8000-000000000001 0198f7a0-0000-7000-8000-000000000002",
		RunE: s.do(func(ctx context.Context, c *client.Client, args []string) error {
			n.JobIDs = args
			made, err := c.CreateCollection(ctx, n)
			if err != nil {
				return err
			}
			return s.showCollection(made)
		}),
	}
	c.Flags().StringVar(&n.Name, "name", "", "a name for people")
	c.Flags().BoolVar(&n.Closed, "close", false, "no other job comes")
	return c
}

func collectionsShow(s *session) *cobra.Command {
	wait := false
	c := &cobra.Command{
		Use: "show COLLECTION", Short: "Show a collection with its progress", Args: cobra.ExactArgs(1), Example: "  opal collections show " + collectionExample + "\n  opal collections show " + collectionExample + " --wait",
		RunE: s.do(func(ctx context.Context, c *client.Client, args []string) error {
			got, err := s.followCollection(ctx, c, args[0], wait)
			if err != nil {
				return err
			}
			if err := s.showCollection(got); err != nil || !wait || got.Status == client.JobCompleted {
				return err
			}
			return ErrReported
		}),
	}
	c.Flags().BoolVar(&wait, "wait", false, "wait for its end")
	return c
}

// longest is how long one call waits.
const longest = 25 * time.Second

// followCollection returns a collection, with wait at its end, and says how it gets on.
func (s *session) followCollection(ctx context.Context, c *client.Client, id string, wait bool) (client.Collection, error) {
	last := ""
	for {
		hold := time.Duration(0)
		if wait && last != "" {
			hold = longest / 10
		}
		began := time.Now()
		got, err := c.Collection(ctx, id, hold)
		switch {
		case err != nil && wait && client.Again(err):
			s.say("The API is not reached; asking again")
			if err := pause(ctx, lostPause); err != nil {
				return got, err
			}
			continue
		case err != nil || !wait || got.Ended():
			return got, err
		}
		line := fmt.Sprintf("collection %s: %d of %d items, %d of %d jobs", clean(got.CollectionID), got.Counts.Total-got.Counts.Open, got.Counts.Total, got.Jobs.Total-got.Jobs.Open, got.Jobs.Total)
		if line != last {
			last = line
			s.say("%s", line)
		}
		if err := since(ctx, began); err != nil {
			return got, err
		}
	}
}

// lostPause is how long a command waits before it asks again for what it did not reach.
const lostPause = 3 * time.Second

// leastWait is how long a command waits, in all, between two calls that find nothing new:
// where many calls wait already the API answers the next one immediately.
const leastWait = time.Second

// since waits until so much has passed since a call began.
func since(ctx context.Context, began time.Time) error {
	return pause(ctx, leastWait-time.Since(began))
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

func collectionsAdd(s *session) *cobra.Command {
	return &cobra.Command{
		Use: "add COLLECTION JOB...", Short: "Put jobs into an open collection", Args: cobra.MinimumNArgs(2),
		Example: "  opal collections add " + collectionExample + " 0198f7a0-0000-7000-8000-000000000001\n  opal jobs list --json | jq -r '.jobs[].job_id' | xargs opal collections add " + collectionExample,
		RunE: s.do(func(ctx context.Context, c *client.Client, args []string) error {
			got, err := c.AddToCollection(ctx, args[0], args[1:]...)
			if err != nil {
				return err
			}
			return s.showCollection(got)
		}),
	}
}

func collectionsDownload(s *session) *cobra.Command {
	out := "."
	c := &cobra.Command{
		Use: "download COLLECTION", Short: "Fetch the finished files of a collection", Args: cobra.ExactArgs(1),
		Example: "  opal collections download " + collectionExample + " --out finished/\n  opal collections download " + collectionExample,
		RunE: s.do(func(ctx context.Context, c *client.Client, args []string) error {
			n, err := fetchCollection(ctx, c, args[0], out)
			if err != nil {
				return err
			}
			return s.answer(map[string]any{"collection_id": args[0], "files": n, "folder": out}, func(w io.Writer) { fmt.Fprintf(w, "%d files are in %s\n", n, out) })
		}),
	}
	c.Flags().StringVarP(&out, "out", "o", out, "folder for the files")
	return c
}

// fetchCollection writes the files of all parts of a collection's ZIP into a folder and
// returns their number.
func fetchCollection(ctx context.Context, c *client.Client, id, dir string) (files int, err error) {
	u, err := c.CollectionExportURL(ctx, id)
	if err != nil {
		return 0, err
	}
	return fetchParts(ctx, c, u, dir)
}

func (s *session) collectionVerb(verb, short string, do func(*client.Client, context.Context, string) (client.Collection, error)) *cobra.Command {
	return &cobra.Command{
		Use: verb + " COLLECTION", Short: short, Args: cobra.ExactArgs(1), Example: exampleOf("collections "+verb, collectionExample),
		RunE: s.do(func(ctx context.Context, c *client.Client, args []string) error {
			got, err := do(c, ctx, args[0])
			if err != nil {
				return err
			}
			return s.showCollection(got)
		}),
	}
}
