package shell

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/opal-photo/opal/modules/client"
)

func webhooksCommand(streams Streams, agent string) *cobra.Command {
	s := &session{Streams: streams, agent: agent}
	c := &cobra.Command{Use: "webhooks", Short: "Have events sent to a server, and see what came of it",
		Example: "  opal webhooks create https://shop.example/opal --event job.finished\n  opal webhooks listen --forward-to http://127.0.0.1:3000/opal"}
	c.AddCommand(webhooksList(s), webhooksShow(s), webhooksCreate(s), webhooksUpdate(s), webhooksLog(s), webhooksReplay(s), listenCommand(s),
		s.webhookVerb("pause", "Hold a webhook's deliveries back; they wait", (*client.Client).PauseWebhook),
		s.webhookVerb("enable", "Have a paused or disabled webhook sent to again", (*client.Client).EnableWebhook),
		s.webhookSecret("rotate", "Give a webhook a new secret; the one before signs beside it for a day", (*client.Client).RotateWebhook),
		&cobra.Command{
			Use: "test WEBHOOK", Short: "Send a webhook a test now", Args: cobra.ExactArgs(1), Example: example("test"),
			RunE: s.do(func(ctx context.Context, c *client.Client, args []string) error {
				d, err := c.TestWebhook(ctx, args[0])
				if err != nil {
					return err
				}
				if err := s.answer(d, func(w io.Writer) {
					fmt.Fprintf(w, "%s\t%s\n", d.Status, clean(first(text(d.ErrorMessage), "-")))
				}); err != nil {
					return err
				}
				if d.Status != "delivered" {
					return ErrReported
				}
				return nil
			}),
		},
		&cobra.Command{
			Use: "delete WEBHOOK", Short: "Delete a webhook with its log", Args: cobra.ExactArgs(1), Example: example("delete"),
			RunE: s.do(func(ctx context.Context, c *client.Client, args []string) error {
				if err := c.DeleteWebhook(ctx, args[0]); err != nil {
					return err
				}
				s.say("webhook %s: deleted", clean(args[0]))
				return s.answer(map[string]any{"webhook_id": args[0], "deleted": true}, nil)
			}),
		})
	return s.flags(c)
}

// example is two examples of a command on a webhook.
func example(verb string) string {
	return "  opal webhooks " + verb + " 0198f7a0-0000-7000-8000-000000000009\n  opal webhooks " + verb + " 0198f7a0-0000-7000-8000-000000000009 --json"
}

func webhooksList(s *session) *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List the tenant's webhooks", Args: cobra.NoArgs, Example: "  opal webhooks list\n  opal webhooks list --json",
		RunE: s.do(func(ctx context.Context, c *client.Client, _ []string) error {
			list, err := c.Webhooks(ctx)
			if err != nil {
				return err
			}
			return s.answer(list, func(w io.Writer) {
				fmt.Fprintln(w, "WEBHOOK\tSTATUS\tURL\tEVENTS")
				for _, h := range list.Webhooks {
					s.webhookRow(w, h)
				}
			})
		}),
	}
}

func (s *session) webhookRow(w io.Writer, h client.Webhook) {
	fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", h.WebhookID, h.Status, clean(h.URL), first(strings.Join(h.Events, ","), "all"))
}

func webhooksCreate(s *session) *cobra.Command {
	var n client.NewWebhook
	c := &cobra.Command{
		Use: "create URL", Short: "Have events sent to a URL; shows the secret that signs them, once", Args: cobra.ExactArgs(1),
		Example: "  opal webhooks create https://shop.example/opal\n  opal webhooks create https://shop.example/opal --event item.completed,job.finished",
		RunE: s.do(func(ctx context.Context, c *client.Client, args []string) error {
			n.URL = args[0]
			h, err := c.CreateWebhook(ctx, n)
			if err != nil {
				return err
			}
			return s.showSecret(h)
		}),
	}
	c.Flags().StringSliceVar(&n.Events, "event", nil, "types of events (default: all)")
	c.Flags().StringVar(&n.Description, "description", "", "what it is for")
	return c
}

func (s *session) showSecret(h client.CreatedWebhook) error {
	return s.answer(h, func(w io.Writer) {
		fmt.Fprintf(w, "webhook\t%s\nurl\t%s\nsecret\t%s\n", h.WebhookID, clean(h.URL), h.Secret)
	})
}

func (s *session) webhookVerb(verb, short string, do func(*client.Client, context.Context, string) (client.Webhook, error)) *cobra.Command {
	return &cobra.Command{
		Use: verb + " WEBHOOK", Short: short, Args: cobra.ExactArgs(1), Example: example(verb),
		RunE: s.do(func(ctx context.Context, c *client.Client, args []string) error {
			h, err := do(c, ctx, args[0])
			if err != nil {
				return err
			}
			return s.answer(h, func(w io.Writer) { s.webhookRow(w, h) })
		}),
	}
}

func (s *session) webhookSecret(verb, short string, do func(*client.Client, context.Context, string) (client.CreatedWebhook, error)) *cobra.Command {
	return &cobra.Command{
		Use: verb + " WEBHOOK", Short: short, Args: cobra.ExactArgs(1), Example: example(verb),
		RunE: s.do(func(ctx context.Context, c *client.Client, args []string) error {
			h, err := do(c, ctx, args[0])
			if err != nil {
				return err
			}
			return s.showSecret(h)
		}),
	}
}

func webhooksLog(s *session) *cobra.Command {
	var p client.Page
	c := &cobra.Command{
		Use: "log WEBHOOK", Short: "List a webhook's deliveries, newest first", Args: cobra.ExactArgs(1), Example: example("log"),
		RunE: s.do(func(ctx context.Context, c *client.Client, args []string) error {
			page, err := c.Deliveries(ctx, args[0], p)
			if err != nil {
				return err
			}
			return s.answer(page, func(w io.Writer) {
				fmt.Fprintln(w, "DELIVERY\tCREATED\tEVENT\tSTATUS\tTRIES\tERROR")
				for _, d := range page.Deliveries {
					fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%d\t%s\n", d.DeliveryID, short(d.CreatedAt), clean(d.EventType), d.Status, d.Tries, text(d.ErrorCode))
				}
				if page.NextCursor != nil {
					s.say("More: --cursor %s", *page.NextCursor)
				}
			})
		}),
	}
	c.Flags().IntVar(&p.Limit, "limit", 50, "deliveries of a page, at most 200")
	c.Flags().StringVar(&p.Cursor, "cursor", "", "the page after another, as that one says")
	return c
}

// webhooksShow shows a webhook, or one of its deliveries with the log of its tries.
func webhooksShow(s *session) *cobra.Command {
	return &cobra.Command{
		Use: "show WEBHOOK [DELIVERY]", Short: "Show a webhook, or one of its deliveries with each try", Args: cobra.RangeArgs(1, 2),
		Example: "  opal webhooks show 0198f7a0-0000-7000-8000-000000000009\n  opal webhooks show 0198f7a0-0000-7000-8000-000000000009 0198f7a0-0000-7000-8000-00000000000a --json",
		RunE: s.do(func(ctx context.Context, c *client.Client, args []string) error {
			if len(args) == 2 {
				d, err := c.Delivery(ctx, args[0], args[1])
				if err != nil {
					return err
				}
				return s.answer(d, func(w io.Writer) { showDelivery(w, d) })
			}
			h, err := c.Webhook(ctx, args[0])
			if err != nil {
				return err
			}
			return s.answer(h, func(w io.Writer) {
				for _, row := range [][2]string{{"webhook", h.WebhookID}, {"url", h.URL}, {"events", first(strings.Join(h.Events, ","), "all")}, {"description", h.Description}, {"status", h.Status},
					{"disabled because", text(h.DisabledReason)}, {"failing since", moment(h.FailingSince)}, {"old secret until", moment(h.OldSecretUntil)}, {"created", short(h.CreatedAt)}} {
					fmt.Fprintf(w, "%s\t%s\n", row[0], clean(first(row[1], "-")))
				}
			})
		}),
	}
}

func showDelivery(w io.Writer, d client.Delivery) {
	for _, row := range [][2]string{{"delivery", d.DeliveryID}, {"event", d.EventType + " " + d.EventID}, {"status", d.Status}, {"next try", moment(d.NextTryAt)},
		{"error", text(d.ErrorMessage)}, {"body", string(d.Payload)}} {
		fmt.Fprintf(w, "%s\t%s\n", row[0], clean(first(row[1], "-")))
	}
	fmt.Fprintln(w, "\nTRY\tSTARTED\tMS\tSTATUS\tERROR\tANSWER")
	for _, a := range d.Attempts {
		status := "-"
		if a.StatusCode != nil {
			status = fmt.Sprint(*a.StatusCode)
		}
		fmt.Fprintf(w, "%d\t%s\t%d\t%s\t%s\t%s\n", a.Attempt, a.StartedAt.Local().Format(time.DateTime), a.Millis, status, text(a.ErrorCode), clean(first(a.Response, "-")))
	}
}

// webhooksUpdate changes what its flags name and leaves the rest.
func webhooksUpdate(s *session) *cobra.Command {
	var to client.NewWebhook
	c := &cobra.Command{
		Use: "update WEBHOOK", Short: "Change a webhook's URL, events or description; its secret stays", Args: cobra.ExactArgs(1),
		Example: "  opal webhooks update 0198f7a0-0000-7000-8000-000000000009 --url https://shop.example/opal2\n  opal webhooks update 0198f7a0-0000-7000-8000-000000000009 --event all",
	}
	c.RunE = s.do(func(ctx context.Context, api *client.Client, args []string) error {
		h, err := api.Webhook(ctx, args[0])
		if err != nil {
			return err
		}
		n := client.NewWebhook{URL: h.URL, Events: h.Events, Description: h.Description}
		changed := c.Flags().Changed
		if changed("url") {
			n.URL = to.URL
		}
		if changed("event") {
			n.Events = to.Events
			if len(n.Events) == 1 && n.Events[0] == "all" {
				n.Events = nil
			}
		}
		if changed("description") {
			n.Description = to.Description
		}
		if h, err = api.ReplaceWebhook(ctx, args[0], n); err != nil {
			return err
		}
		return s.answer(h, func(w io.Writer) { s.webhookRow(w, h) })
	})
	c.Flags().StringVar(&to.URL, "url", "", "where its events are sent")
	c.Flags().StringSliceVar(&to.Events, "event", nil, "types of events, or all")
	c.Flags().StringVar(&to.Description, "description", "", "what it is for")
	return c
}

func webhooksReplay(s *session) *cobra.Command {
	var r client.Replay
	var from, to string
	c := &cobra.Command{
		Use: "replay WEBHOOK [DELIVERY...]", Short: "Send deliveries again: those named, or all that failed", Args: cobra.MinimumNArgs(1),
		Example: "  opal webhooks replay 0198f7a0-0000-7000-8000-000000000009 --from 2026-11-27T09:00:00Z --to 2026-11-27T10:30:00Z --all\n  opal webhooks replay 0198f7a0-0000-7000-8000-000000000009 0198f7a0-0000-7000-8000-00000000000a",
		RunE: s.do(func(ctx context.Context, c *client.Client, args []string) error {
			if len(args) > 1 && (from != "" || to != "" || r.All) {
				return errUsage.With("--from, --to and --all choose deliveries, and so do their ids: give one or the other")
			}
			var err error
			if r.From, err = instant("--from", from, false); err != nil {
				return err
			}
			if r.To, err = instant("--to", to, true); err != nil {
				return err
			}
			n := client.Count{Count: len(args) - 1}
			for _, id := range args[1:] {
				if _, err := c.ReplayDelivery(ctx, args[0], id); err != nil {
					return err
				}
			}
			if len(args) == 1 {
				if n, err = c.ReplayDeliveries(ctx, args[0], r); err != nil {
					return err
				}
			}
			if h, err := c.Webhook(ctx, args[0]); err == nil && h.Status != "enabled" && n.Count > 0 {
				s.say("The webhook is %s: they wait until opal webhooks enable %s", clean(h.Status), clean(args[0]))
			}
			return s.answer(n, func(w io.Writer) { fmt.Fprintf(w, "Sent again: %d\n", n.Count) })
		}),
	}
	c.Flags().BoolVar(&r.All, "all", false, "also what was delivered")
	c.Flags().StringVar(&from, "from", "", "only those of that time or later, as 2026-11-27 or 2026-11-27T09:00:00Z (default: 30 days ago)")
	c.Flags().StringVar(&to, "to", "", "only those before that time; a date includes its whole day (default: now)")
	return c
}
