package shell

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/opal-photo/opal/modules/client"
)

// maxPhoto bounds a photo's file, in bytes, as the API does.
const maxPhoto = 25 << 20

// creation is what opal jobs create does.
type creation struct {
	*session
	api    *client.Client
	wishes client.NewJob
	out    string
	wait   bool
	hands  int
}

func createCommand(s *session) *cobra.Command {
	n := &creation{session: s}
	var scenes []string
	var prompt string
	var fresh bool
	c := &cobra.Command{
		Use:   "create PATH...",
		Short: "Send photos, and fetch their pictures",
		Long: "Sends the photos of files, folders and CSV tables (columns file or url, sku, gtin, title, set_id, scene, prompt) in jobs of at most 100.\n" +
			"After Ctrl-C or a lost network the same command goes on where it was; nothing is sent or paid twice.",
		Example: "  opal jobs create photos/ --scene kitchen --out finished/\n  opal jobs create catalogue.csv --preset shopify,amazon_main --wait",
		Args:    cobra.MinimumNArgs(1),
		RunE: s.do(func(ctx context.Context, c *client.Client, args []string) error {
			n.api = c
			entries, err := find(args, scenes, prompt)
			if err != nil {
				return err
			}
			out := n.out
			if out != "" {
				if out, err = filepath.Abs(out); err != nil {
					return err
				}
				n.out, n.wait = out, true
			}
			o, again, err := openOrder(c.Address(), n.wishes, out, entries)
			if err != nil {
				return err
			}
			if again && fresh {
				if err := o.done(); err != nil {
					return err
				}
				if o, again, err = openOrder(c.Address(), n.wishes, out, entries); err != nil {
					return err
				}
			}
			if again {
				s.say("Going on with these %d photos; --new sends them anew", o.photos())
			}
			err = n.run(ctx, o)
			if errors.Is(err, context.Canceled) {
				s.say("Interrupted: run the same command again to go on")
			}
			return err
		}),
	}
	f := c.Flags()
	f.StringVar(&n.wishes.BrandProfileID, "brand", "", "the brand profile (default: default)")
	f.StringSliceVar(&scenes, "scene", nil, "scenes to make of each photo; opal process --help lists them")
	f.StringSliceVar(&n.wishes.Presets, "preset", nil, "variants to make (default: the brand's, else a default set)")
	f.StringVar(&prompt, "prompt", "", "words that steer the scene")
	f.StringVar(&n.wishes.CallbackURL, "callback-url", "", "where the jobs' events are sent")
	f.BoolVar(&n.wait, "wait", false, "wait for the pictures")
	f.StringVarP(&n.out, "out", "o", "", "folder for the finished files; waits for them")
	f.IntVarP(&n.hands, "parallel", "p", 4, "uploads at the same time")
	f.BoolVar(&fresh, "new", false, "send the photos anew, although a command before was interrupted")
	return c
}

// run takes an order to its end, as far as its flags ask for.
func (n *creation) run(ctx context.Context, o *order) error {
	for _, p := range o.Jobs {
		if err := n.make(ctx, o, p); err != nil {
			return err
		}
		if err := n.upload(ctx, o, p); err != nil {
			return err
		}
	}
	var jobs []client.Job
	bad := false
	for i, p := range o.Jobs {
		bad = bad || len(p.Refused) > 0
		if !n.wait {
			j, err := n.api.Job(ctx, p.JobID)
			if err != nil {
				return err
			}
			jobs = append(jobs, j)
			continue
		}
		j, err := n.follow(ctx, p.JobID)
		if err != nil {
			return err
		}
		jobs = append(jobs, j)
		bad = bad || j.Status != client.JobCompleted
		if n.out != "" && !p.Fetched && j.Counts.Completed > 0 {
			dir := n.out
			if len(o.Jobs) > 1 {
				dir = filepath.Join(n.out, fmt.Sprintf("part-%d", i+1))
			}
			files, _, err := fetchJob(ctx, n.api, p.JobID, dir)
			if err != nil {
				return err
			}
			p.Fetched = true
			if err := o.save(); err != nil {
				return err
			}
			n.say("%d files are in %s", files, dir)
		}
	}
	if err := o.done(); err != nil {
		return err
	}
	if err := n.showJobs(jobs); err != nil {
		return err
	}
	if bad {
		for _, j := range jobs {
			n.sayFailures(j)
		}
		return ErrReported
	}
	return nil
}

// make makes a part's job, once: the call has a key that was kept before it.
func (n *creation) make(ctx context.Context, o *order, p *part) error {
	if p.JobID != "" {
		return nil
	}
	w := n.wishes
	w.Uploads = true
	for _, e := range p.Entries {
		w.Items = append(w.Items, e.Item)
	}
	made, err := n.api.CreateJobOnce(ctx, w, p.Key)
	if err != nil {
		return err
	}
	p.urls = map[string]string{}
	p.ItemIDs = nil
	for _, it := range made.Items {
		if it.SceneIndex == 0 {
			p.ItemIDs = append(p.ItemIDs, it.ItemID)
			p.urls[it.ItemID] = it.UploadURL
		}
	}
	if len(p.ItemIDs) != len(p.Entries) {
		return client.ErrAnswer.With("a job of %d photos has %d", len(p.Entries), len(p.ItemIDs))
	}
	p.JobID = made.JobID
	n.say("job %s: %d photos", p.JobID, len(p.Entries))
	return o.save()
}

// upload sends a part's photos that have not arrived, several at the same time, and
// has them queued.
func (n *creation) upload(ctx context.Context, o *order, p *part) error {
	if p.Queued {
		return nil
	}
	bars := newBars(n.session, len(p.Entries))
	defer bars.end()
	hands, flying := errgroup.WithContext(ctx)
	hands.SetLimit(max(1, n.hands))
	var ids []string
	refused := maps.Clone(p.Refused) // by the first item of a photo
	if refused == nil {
		refused = map[string]bool{}
	}
	for i, e := range p.Entries {
		id := p.ItemIDs[i]
		if e.File == "" {
			bars.done(e.Item.SourceURL)
			continue
		}
		ids = append(ids, id)
		if refused[id] { // it was told before
			continue
		}
		if o.arrived(p, id) {
			bars.done(e.Item.Filename)
			continue
		}
		photo, err := readPhoto(e.File)
		if err != nil { // the others go on
			n.say("%s: %s", clean(e.File), err)
			refused[id] = true
			continue
		}
		hands.Go(func() error {
			if err := n.send(flying, p, id, e, photo, bars); err != nil {
				return fmt.Errorf("%s: %w", e.File, err)
			}
			bars.done(e.Item.Filename)
			return o.uploaded(p, id)
		})
	}
	if err := hands.Wait(); err != nil {
		return err
	}
	ids = slices.DeleteFunc(ids, func(id string) bool { return refused[id] })
	bars.end()
	if len(ids) > 0 {
		err := n.complete(ids, func(some []string) (client.Completed, error) { return n.api.CompleteAll(ctx, p.JobID, some) }, func(it client.CompletedItem) {
			n.say("%s: %s", clean(nameOf(p, it.ItemID)), clean(it.Error.Detail))
			refused[it.ItemID] = true
		})
		if err != nil {
			return errors.Join(err, o.refused(p, refused))
		}
	}
	if err := n.leaveOut(ctx, p.JobID, refused); err != nil {
		return err
	}
	p.Queued = true
	return o.refused(p, refused)
}

// complete has photos queued, and calls refuse with each that is not taken. Photos that
// wait for credits, or for a part of the API that is away, make it fail: they stay where
// they are, and the command can be run again.
func (s *session) complete(ids []string, do func(ids []string) (client.Completed, error), refuse func(client.CompletedItem)) error {
	done, err := do(ids)
	if err != nil {
		return err
	}
	waiting, why := 0, ""
	for _, it := range done.Items {
		switch {
		case it.OK || it.Error == nil || it.Error.Code == "upload_closed":
		case it.Error.Unpaid(), it.Error.Again():
			waiting++
			why = it.Error.Detail
		default:
			refuse(it)
		}
	}
	if waiting == 0 {
		return nil
	}
	s.say("%d of the photos that were sent are not queued: %s", waiting, clean(why))
	s.say("Then run the same command again to go on; nothing is sent twice")
	return ErrReported
}

// leaveOut cancels the items of photos that were not taken, so that the job ends without
// them.
func (n *creation) leaveOut(ctx context.Context, jobID string, refused map[string]bool) error {
	if len(refused) == 0 {
		return nil
	}
	j, err := n.api.Job(ctx, jobID)
	if err != nil {
		return err
	}
	for id := range refused {
		if err := leaveOut(ctx, n.api, j, id); err != nil {
			return err
		}
	}
	return nil
}

func nameOf(p *part, itemID string) string {
	for i, id := range p.ItemIDs {
		if id == itemID {
			return p.Entries[i].Item.Filename
		}
	}
	return itemID
}

// The tries of an upload: about two minutes of a lost network.
const (
	sendTries = 8
	sendWait  = time.Second
	maxWait   = 30 * time.Second
)

// send puts one photo, and tries again while the network is away.
func (n *creation) send(ctx context.Context, p *part, itemID string, e entry, photo []byte, bars *bars) (err error) {
	url := p.urls[itemID]
	for try, wait := 1, sendWait; ; try, wait = try+1, min(2*wait, maxWait) {
		if url == "" {
			u, err := n.api.UploadURL(ctx, client.UploadRequest{JobID: p.JobID, ItemID: itemID, Filename: e.Item.Filename})
			var problem *client.Problem
			if errors.As(err, &problem) && problem.Code == "upload_closed" {
				return nil // it had arrived, and is worked on
			}
			if err == nil {
				url = u.UploadURL
			} else if !client.Again(err) {
				return err
			}
		}
		if url != "" {
			err = n.api.PutFrom(ctx, url, photo, func(sent int64) { bars.at(e.Item.Filename, sent, int64(len(photo))) })
			var problem *client.Problem
			switch {
			case err == nil:
				return nil
			case errors.As(err, &problem) && problem.Status == http.StatusConflict:
				return nil // a call before had put it
			case errors.As(err, &problem) && problem.Status == http.StatusForbidden && try < sendTries:
				url = "" // it has ended, or was used
				continue
			case !client.Again(err):
				return err
			}
		}
		if try >= sendTries {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(wait):
		}
	}
}

func readPhoto(file string) ([]byte, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, cause(err)
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxPhoto+1))
	if err != nil {
		return nil, cause(err)
	}
	if len(b) > maxPhoto {
		return nil, errors.New("it is larger than 25 MB")
	}
	return b, nil
}
