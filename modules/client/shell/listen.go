package shell

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/spf13/cobra"
	standard "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/opal-photo/opal/modules/client"
)

const (
	// listenWait is how long the API holds a call that has no news.
	listenWait = 20 * time.Second
	// forwardTimeout bounds a call of the local server.
	forwardTimeout = 15 * time.Second
	secretBytes    = 24
)

func listenCommand(s *session) *cobra.Command {
	var to string
	var types []string
	c := &cobra.Command{
		Use: "listen", Short: "Show events as they happen, and forward them to a server on this machine", Args: cobra.NoArgs,
		Long: "Shows the tenant's events from now on. With --forward-to each is also POSTed to a URL, signed as a webhook's delivery is;\n" +
			"the secret is shown at the start. No webhook is made, and nothing has to be reachable from the internet.",
		Example: "  opal webhooks listen\n  opal webhooks listen --forward-to http://127.0.0.1:3000/opal --event job.finished",
		RunE: s.do(func(ctx context.Context, c *client.Client, _ []string) error {
			b := make([]byte, secretBytes)
			_, _ = rand.Read(b) // never fails
			l := &listener{session: s, to: to, types: types, secret: "whsec_" + base64.StdEncoding.EncodeToString(b), http: &http.Client{Timeout: forwardTimeout}}
			if to != "" {
				s.say("Forwarding to %s, signed with %s", to, l.secret)
			}
			s.say("Listening; Ctrl+C stops")
			return l.run(ctx, c)
		}),
	}
	c.Flags().StringVar(&to, "forward-to", "", "a URL to POST the events to, such as http://127.0.0.1:3000/opal")
	c.Flags().StringSliceVar(&types, "event", nil, "types of events (default: all)")
	return c
}

// listener shows and forwards events.
type listener struct {
	*session
	to, secret string
	types      []string
	http       *http.Client
}

func (l *listener) run(ctx context.Context, c *client.Client) error {
	page, err := c.TenantEvents(ctx, client.EventQuery{Latest: true})
	for {
		if err != nil && (!client.Again(err) || ctx.Err() != nil) {
			return err
		}
		for _, e := range page.Events {
			if len(l.types) == 0 || slices.Contains(l.types, e.Type) {
				if err := l.one(ctx, e); err != nil {
					return err
				}
			}
		}
		after := page.NextCursor
		if err != nil {
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-time.After(time.Second):
			}
		}
		var next client.EventPage
		if next, err = c.TenantEvents(ctx, client.EventQuery{After: after, Wait: listenWait}); err != nil {
			next.NextCursor = after
		}
		page = next
	}
}

func (l *listener) one(ctx context.Context, e client.Event) error {
	if l.json {
		if err := json.NewEncoder(l.Out).Encode(e); err != nil {
			return err
		}
	} else {
		fmt.Fprintf(l.Out, "%s  %-18s job %s item %s\n", e.CreatedAt.Local().Format(time.TimeOnly), clean(e.Type), e.JobID, text(e.ItemID))
	}
	if l.to == "" {
		return nil
	}
	status, err := l.forward(ctx, e)
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil:
		l.say("  not forwarded: %s", err)
	default:
		l.say("  forwarded: status %d", status)
	}
	return nil
}

// forward POSTs an event as a webhook's delivery is.
func (l *listener) forward(ctx context.Context, e client.Event) (status int, err error) {
	data := map[string]any{}
	if len(e.Data) > 0 {
		if err := json.Unmarshal(e.Data, &data); err != nil {
			return 0, client.ErrAnswer
		}
	}
	data["tenant_id"], data["job_id"] = e.TenantID, e.JobID
	if e.ItemID != nil {
		data["item_id"] = *e.ItemID
	}
	body, err := json.Marshal(map[string]any{"id": e.ID, "type": e.Type, "timestamp": e.CreatedAt, "data": data})
	if err != nil {
		return 0, err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, l.to, bytes.NewReader(body))
	if err != nil {
		return 0, errUsage.With("--forward-to %s is not a URL", l.to)
	}
	now := time.Now()
	w, err := standard.NewWebhook(l.secret)
	if err != nil {
		return 0, err
	}
	signature, err := w.Sign(e.ID, now, body)
	if err != nil {
		return 0, err
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set(standard.HeaderWebhookID, e.ID)
	r.Header.Set(standard.HeaderWebhookTimestamp, strconv.FormatInt(now.Unix(), 10))
	r.Header.Set(standard.HeaderWebhookSignature, signature)
	res, err := l.http.Do(r)
	if err != nil {
		return 0, err
	}
	return res.StatusCode, res.Body.Close()
}
