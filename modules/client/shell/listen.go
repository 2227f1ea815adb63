package shell

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
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
	var show bool
	c := &cobra.Command{
		Use: "listen", Short: "Show events as they happen, and forward them to a server on this machine", Args: cobra.NoArgs,
		Long: "Shows the tenant's events from now on. With --forward-to each is also POSTed to a URL, signed as a webhook's delivery is, once.\n" +
			"The secret is shown at the start and stays the same on this machine; --print-secret shows it alone. No webhook is made, and nothing has to be reachable from the internet.",
		Example: "  opal webhooks listen\n  opal webhooks listen --forward-to http://127.0.0.1:3000/opal --event job.finished",
		RunE: s.do(func(ctx context.Context, c *client.Client, _ []string) error {
			secret, err := listenSecret()
			if err != nil {
				return err
			}
			if show {
				return s.answer(map[string]any{"secret": secret}, func(w io.Writer) { fmt.Fprintln(w, secret) })
			}
			l := &listener{session: s, to: to, types: types, secret: secret, http: &http.Client{Timeout: forwardTimeout,
				CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}} // deliveries follow none
			if to != "" {
				u, err := url.Parse(to)
				if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
					return errUsage.With("--forward-to %s is not a URL; it is like http://127.0.0.1:3000/opal", to)
				}
				s.say("Forwarding to %s, signed with %s", to, secret)
			}
			s.say("Listening; Ctrl+C stops")
			return l.run(ctx, c)
		}),
	}
	c.Flags().StringVar(&to, "forward-to", "", "a URL to POST the events to, such as http://127.0.0.1:3000/opal")
	c.Flags().BoolVar(&show, "print-secret", false, "show the secret that signs what is forwarded, and end")
	c.Flags().StringSliceVar(&types, "event", nil, "types of events (default: all)")
	return c
}

// listenSecret returns the secret of this machine's listeners: a server that is being written
// can keep it in its settings. It is made at the first call, in a file that only its owner
// reads.
func listenSecret() (string, error) {
	dir, err := configFolder()
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "listen.json")
	var kept struct {
		Secret string `json:"secret"`
	}
	b, err := os.ReadFile(path)
	if err == nil && json.Unmarshal(b, &kept) == nil && kept.Secret != "" {
		return kept.Secret, nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("read the secret of listeners: %w", err)
	}
	random := make([]byte, secretBytes)
	_, _ = rand.Read(random) // never fails
	kept.Secret = "whsec_" + base64.StdEncoding.EncodeToString(random)
	return kept.Secret, writeJSON(path, kept)
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
	began := time.Now()
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
		if len(page.Events) == 0 {
			if err := since(ctx, began); err != nil {
				return err
			}
		}
		began = time.Now()
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
		fmt.Fprintf(l.Out, "%s  %-19s %s%s\n", e.CreatedAt.Local().Format(time.TimeOnly), clean(e.Type), e.ID, about(e))
	}
	if l.to == "" {
		return nil
	}
	began := time.Now()
	status, err := l.forward(ctx, e)
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil:
		l.say("  not forwarded %s: %s", e.ID, err)
	default:
		l.say("  forwarded %s: status %d in %d ms", e.ID, status, time.Since(began).Milliseconds())
	}
	return nil
}

// about names the job, the item, the collection or the import that an event is about.
func about(e client.Event) (words string) {
	ids := map[string]any{}
	_ = json.Unmarshal(e.Data, &ids) // an event may have no data
	ids["job_id"], ids["item_id"] = e.JobID, strings.Trim(text(e.ItemID), "-")
	for _, name := range []string{"job", "item", "collection", "import"} {
		if id, ok := ids[name+"_id"].(string); ok && id != "" {
			words += fmt.Sprintf("  %s %s", name, clean(id))
		}
	}
	return words
}

// deliveryOf returns the body of a delivery of an event.
func deliveryOf(e client.Event) ([]byte, error) {
	data := map[string]json.RawMessage{}
	if len(e.Data) > 0 {
		if err := json.Unmarshal(e.Data, &data); err != nil {
			return nil, client.ErrAnswer
		}
	}
	for name, id := range map[string]string{"tenant_id": e.TenantID, "job_id": e.JobID, "item_id": strings.Trim(text(e.ItemID), "-")} {
		if id != "" {
			data[name] = json.RawMessage(strconv.Quote(id))
		}
	}
	whole, err := json.Marshal(data)
	if err != nil {
		return nil, err
	}
	return json.Marshal(client.WebhookEvent{ID: e.ID, Type: e.Type, Timestamp: e.CreatedAt, Data: whole})
}

// forward POSTs an event as a webhook's delivery is.
func (l *listener) forward(ctx context.Context, e client.Event) (status int, err error) {
	body, err := deliveryOf(e)
	if err != nil {
		return 0, err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, l.to, bytes.NewReader(body))
	if err != nil {
		return 0, err
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
