package shell

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/opal-photo/opal/modules/client"
)

func jobsCommand(streams Streams, agent string) *cobra.Command {
	s := &session{Streams: streams, agent: agent}
	c := &cobra.Command{Use: "jobs", Short: "Send photos to an API and fetch their pictures", Example: "  opal jobs create photos/ --out finished/\n  opal jobs list"}
	c.AddCommand(createCommand(s), listCommand(s), showCommand(s), watchCommand(s), cancelCommand(s), downloadCommand(s), retryCommand(s))
	return s.flags(c)
}

func listCommand(s *session) *cobra.Command {
	var f client.Filter
	var from, to string
	c := &cobra.Command{
		Use: "list", Short: "List the tenant's jobs, newest first", Args: cobra.NoArgs,
		Example: "  opal jobs list --status failed,partial --from 2026-11-01\n  opal jobs list --query CHAIR-04 --limit 200 --json",
		RunE: s.do(func(ctx context.Context, c *client.Client, _ []string) error {
			var err error
			if f.From, err = day("--from", from); err != nil {
				return err
			}
			if f.To, err = day("--to", to); err != nil {
				return err
			}
			if to != "" {
				f.To = f.To.AddDate(0, 0, 1) // its whole day
			}
			page, err := c.Jobs(ctx, f)
			if err != nil {
				return err
			}
			return s.answer(page, func(w io.Writer) {
				fmt.Fprintln(w, "JOB\tCREATED\tSTATUS\tITEMS\tDONE\tFAILED")
				for _, j := range page.Jobs {
					fmt.Fprintf(w, "%s\t%s\t%s\t%d\t%d\t%d\n", j.JobID, short(j.CreatedAt), j.Status, j.Counts.Total, j.Counts.Completed, j.Counts.Failed)
				}
				if page.NextCursor != nil {
					s.say("More: --cursor %s", *page.NextCursor)
				}
			})
		}),
	}
	c.Flags().IntVar(&f.Limit, "limit", 50, "jobs of a page, at most 200")
	c.Flags().StringVar(&f.Cursor, "cursor", "", "the page after another, as that one says")
	c.Flags().StringSliceVar(&f.Status, "status", nil, "created, processing, completed, failed, partial or cancelled; several with commas")
	c.Flags().StringVar(&f.Query, "query", "", "a part of a file name, SKU, GTIN, ASIN or title, or the beginning of a job's id")
	c.Flags().StringVar(&f.Brand, "brand", "", "a brand profile")
	c.Flags().StringVar(&f.SKU, "sku", "", "the seller's own number, whole")
	c.Flags().StringVar(&from, "from", "", "made on that date or later, as 2026-11-27")
	c.Flags().StringVar(&to, "to", "", "made on that date or before")
	return c
}

// day reads the date of a flag, of midnight in UTC; "" is the zero time.
func day(flag, text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	at, err := time.Parse(time.DateOnly, text)
	if err != nil {
		return time.Time{}, errUsage.With("%s %q is not a date; write it as 2026-11-27", flag, text)
	}
	return at, nil
}

// instant reads the time of a flag: one by RFC 3339, or the midnight in UTC at which a date
// begins, or ends; nil for "".
func instant(flag, text string, ends bool) (*time.Time, error) {
	if text == "" {
		return nil, nil
	}
	if at, err := time.Parse(time.RFC3339, text); err == nil {
		return &at, nil
	}
	at, err := time.Parse(time.DateOnly, text)
	if err != nil {
		return nil, errUsage.With("%s %q is not a time; write it as 2026-11-27 or 2026-11-27T09:00:00Z", flag, text)
	}
	if ends {
		at = at.AddDate(0, 0, 1)
	}
	return &at, nil
}

func showCommand(s *session) *cobra.Command {
	return &cobra.Command{
		Use: "show JOB", Short: "Show a job with its items", Args: cobra.ExactArgs(1),
		Example: "  opal jobs show 0198f7a0-0000-7000-8000-000000000001\n  opal jobs show 0198f7a0-0000-7000-8000-000000000001 --json",
		RunE: s.do(func(ctx context.Context, c *client.Client, args []string) error {
			j, err := c.Job(ctx, args[0])
			if err != nil {
				return err
			}
			return s.answer(j, func(w io.Writer) {
				fmt.Fprintf(w, "job\t%s\nstatus\t%s\ncreated\t%s\n\n", j.JobID, j.Status, short(j.CreatedAt))
				fmt.Fprintln(w, "ITEM\tFILE\tSCENE\tSTATUS\tREVIEW\tERROR")
				for _, it := range j.Items {
					review := "-"
					if it.NeedsReview {
						review = "pending"
					} else if it.Review != nil {
						review = it.Review.State
					}
					fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", it.ItemID, clean(it.Filename), it.SceneType, it.Status, review, text(it.ErrorCode))
				}
			})
		}),
	}
}

// showJobs writes jobs as opal jobs create and wait answer them.
func (s *session) showJobs(jobs []client.Job) error {
	return s.answer(map[string]any{"jobs": jobs}, func(w io.Writer) {
		fmt.Fprintln(w, "JOB\tSTATUS\tITEMS\tDONE\tFAILED\tCANCELLED") // those whose photo was refused among the last
		for _, j := range jobs {
			fmt.Fprintf(w, "%s\t%s\t%d\t%d\t%d\t%d\n", j.JobID, j.Status, j.Counts.Total, j.Counts.Completed, j.Counts.Failed, j.Counts.Cancelled)
		}
	})
}

// sayFailures says which items of a job failed, and why.
func (s *session) sayFailures(j client.Job) {
	for _, it := range j.Items {
		if it.Status == client.ItemFailed && it.RetriedBy == nil {
			s.say("%s: %s", clean(it.Filename), clean(text(it.ErrorMessage)))
		}
	}
}

// follow waits for a job's end and says how it gets on. While the API is not reached it
// asks again.
func (s *session) follow(ctx context.Context, jobID string) (client.Job, error) {
	last := ""
	c, err := s.client()
	if err != nil {
		return client.Job{}, err
	}
	for {
		got, err := c.Wait(ctx, jobID, func(j client.Job) {
			line := fmt.Sprintf("job %s: %d of %d items, %d variants", j.JobID, j.Counts.Completed+j.Counts.Failed+j.Counts.Cancelled, j.Counts.Total, j.Counts.DoneExports)
			if line != last {
				last = line
				s.say("%s", line)
			}
		})
		if err == nil || !client.Again(err) {
			return got, err
		}
		s.say("The API is not reached; asking again")
		if err := pause(ctx, lostPause); err != nil {
			return got, err
		}
	}
}

func watchCommand(s *session) *cobra.Command {
	return &cobra.Command{
		Use: "watch JOB", Short: "Show a job's events as they happen, until its end", Args: cobra.ExactArgs(1),
		Example: "  opal jobs watch 0198f7a0-0000-7000-8000-000000000001\n  opal jobs watch 0198f7a0-0000-7000-8000-000000000001 --json",
		RunE: s.do(func(ctx context.Context, c *client.Client, args []string) error {
			after := ""
			for {
				for e, err := range c.Events(ctx, args[0], after) {
					if ctx.Err() != nil {
						return ctx.Err()
					}
					if err != nil && !client.Again(err) {
						return err
					}
					if err != nil {
						break
					}
					if e.ID != "" {
						after = e.ID
					}
					if e.Kind == "end" {
						return s.ended(e.Data)
					}
					if err := s.event(e); err != nil {
						return err
					}
				}
				select { // the server ends a stream from time to time
				case <-ctx.Done():
					return ctx.Err()
				case <-time.After(time.Second):
				}
			}
		}),
	}
}

// ended says how a job ended: one that is not complete is a failure.
func (s *session) ended(data json.RawMessage) error {
	var end client.End
	if err := json.Unmarshal(data, &end); err != nil {
		return client.ErrAnswer
	}
	if s.json {
		fmt.Fprintln(s.Out, string(data))
	} else {
		fmt.Fprintf(s.Out, "job %s: %s\n", end.JobID, end.Status)
	}
	if end.Status != client.JobCompleted {
		return ErrReported
	}
	return nil
}

// event writes one event of a job: progress alone is for programs.
func (s *session) event(e client.StreamEvent) error {
	if s.json {
		_, err := fmt.Fprintln(s.Out, string(e.Data))
		return err
	}
	if e.Kind == "progress" {
		return nil
	}
	var one client.Event
	if err := json.Unmarshal(e.Data, &one); err != nil {
		return client.ErrAnswer
	}
	_, err := fmt.Fprintf(s.Out, "%s  %-18s %s\n", one.CreatedAt.Local().Format(time.TimeOnly), one.Type, text(one.ItemID))
	return err
}

func cancelCommand(s *session) *cobra.Command {
	return &cobra.Command{
		Use: "cancel JOB...", Short: "Cancel what has not ended", Args: cobra.MinimumNArgs(1),
		Example: "  opal jobs cancel 0198f7a0-0000-7000-8000-000000000001\n  opal jobs list --json | jq -r '.jobs[].job_id' | xargs opal jobs cancel",
		RunE: s.do(func(ctx context.Context, c *client.Client, args []string) error {
			done := []string{}
			var err error
			for _, id := range args {
				if err = c.Cancel(ctx, id); err != nil {
					break
				}
				done = append(done, id)
				s.say("job %s: cancelled", clean(id))
			}
			return errors.Join(s.answer(map[string]any{"cancelled": done}, nil), err)
		}),
	}
}

func downloadCommand(s *session) *cobra.Command {
	out := "."
	c := &cobra.Command{
		Use: "download JOB", Short: "Fetch a job's finished files", Args: cobra.ExactArgs(1),
		Example: "  opal jobs download 0198f7a0-0000-7000-8000-000000000001 --out finished/\n  opal jobs download 0198f7a0-0000-7000-8000-000000000001",
		RunE: s.do(func(ctx context.Context, c *client.Client, args []string) error {
			n, outdated, err := fetchJob(ctx, c, args[0], out)
			if err != nil {
				return err
			}
			if outdated {
				s.say("job %s: pictures have changed since, and a newer ZIP is being made: fetch it again in some seconds", clean(args[0]))
			}
			return s.answer(map[string]any{"job_id": args[0], "files": n, "folder": out, "outdated": outdated}, func(w io.Writer) { fmt.Fprintf(w, "%d files are in %s\n", n, out) })
		}),
	}
	c.Flags().StringVarP(&out, "out", "o", out, "folder for the files")
	return c
}

func retryCommand(s *session) *cobra.Command {
	return &cobra.Command{
		Use: "retry JOB [ITEM...]", Short: "Try a job's failed items again: all of them, or those named", Args: cobra.MinimumNArgs(1),
		Example: "  opal jobs retry 0198f7a0-0000-7000-8000-000000000001\n  opal jobs retry 0198f7a0-0000-7000-8000-000000000001 0198f7a0-0000-7000-8000-000000000002",
		RunE: s.do(func(ctx context.Context, c *client.Client, args []string) error {
			items := args[1:]
			if len(items) == 0 {
				j, err := c.Job(ctx, args[0])
				if err != nil {
					return err
				}
				for _, it := range j.Items {
					if it.Status == client.ItemFailed && it.RetriedBy == nil {
						items = append(items, it.ItemID)
					}
				}
			}
			made := []client.RetriedItem{}
			var failed error
			for _, id := range items {
				r, err := c.Retry(ctx, args[0], id)
				if err != nil {
					failed = errors.Join(failed, fmt.Errorf("item %s: %w", id, err))
					continue
				}
				made = append(made, r)
			}
			return errors.Join(s.answer(map[string]any{"items": made}, func(w io.Writer) {
				fmt.Fprintln(w, "ITEM\tRETRY OF\tSTATUS")
				for _, r := range made {
					fmt.Fprintf(w, "%s\t%s\t%s\n", r.ItemID, r.RetryOf, r.Status)
				}
			}), failed)
		}),
	}
}
