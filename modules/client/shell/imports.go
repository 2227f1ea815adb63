package shell

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/opal-photo/opal/modules/client"
)

const importExample = "0198f7a0-0000-7000-8000-00000000000e"

// maxTable bounds a table, in bytes, as the API does.
const maxTable = 256 << 20

func importsCommand(streams Streams, agent string) *cobra.Command {
	s := &session{Streams: streams, agent: agent}
	c := &cobra.Command{Use: "imports", Short: "Import tables of products, whose rows become pictures",
		Example: "  opal imports create products_export.csv --scene studio --out finished/\n  opal imports errors " + importExample + " > errors.csv"}
	c.AddCommand(importsCreate(s), importsList(s), importsShow(s), importsErrors(s),
		s.importVerb("resume", "Let a paused import go on", (*client.Client).ResumeImport),
		s.importVerb("cancel", "Stop an import, and cancel what has not ended", (*client.Client).CancelImport))
	return s.flags(c)
}

func importHead(w io.Writer) {
	fmt.Fprintln(w, "IMPORT\tCREATED\tSTATUS\tFORMAT\tROWS\tPHOTOS\tERRORS\tDONE\tFAILED\tNAME")
}

func importRow(w io.Writer, i client.Import) {
	rows := "-"
	if i.Rows != nil {
		rows = fmt.Sprintf("%d/%d", i.RowsDone, *i.Rows)
	}
	fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%d\t%d\t%d\t%d\t%s\n", i.ImportID, short(i.CreatedAt), i.Status, text(i.Format), rows, i.Photos, i.Errors, i.Counts.Completed, i.Counts.Failed, clean(first(i.Name, i.Filename)))
}

func (s *session) showImport(i client.Import) error {
	return s.answer(i, func(w io.Writer) {
		importHead(w)
		importRow(w, i)
		if i.ErrorCode != nil {
			fmt.Fprintf(w, "%s: %s\n", clean(*i.ErrorCode), clean(text(i.ErrorMessage)))
		}
	})
}

func importsList(s *session) *cobra.Command {
	var f client.ImportFilter
	c := &cobra.Command{
		Use: "list", Short: "List the tenant's imports, newest first", Args: cobra.NoArgs, Example: "  opal imports list --status paused\n  opal imports list --limit 200 --json",
		RunE: s.do(func(ctx context.Context, c *client.Client, _ []string) error {
			page, err := c.Imports(ctx, f)
			if err != nil {
				return err
			}
			return s.answer(page, func(w io.Writer) {
				importHead(w)
				for _, i := range page.Imports {
					importRow(w, i)
				}
				if page.NextCursor != nil {
					s.say("More: --cursor %s", *page.NextCursor)
				}
			})
		}),
	}
	c.Flags().IntVar(&f.Limit, "limit", 50, "imports of a page, at most 200")
	c.Flags().StringVar(&f.Cursor, "cursor", "", "the page after another, as that one says")
	c.Flags().StringSliceVar(&f.Status, "status", nil, "created, queued, processing, working, paused, completed, partial, failed or cancelled; several with commas")
	return c
}

func importsShow(s *session) *cobra.Command {
	wait := false
	c := &cobra.Command{
		Use: "show IMPORT", Short: "Show an import with its progress", Args: cobra.ExactArgs(1), Example: "  opal imports show " + importExample + "\n  opal imports show " + importExample + " --wait",
		RunE: s.do(func(ctx context.Context, c *client.Client, args []string) error {
			if !wait {
				i, err := c.Import(ctx, args[0], 0)
				if err != nil {
					return err
				}
				return s.showImport(i)
			}
			i, err := s.followImport(ctx, c, args[0], client.Import.Ended)
			if err != nil {
				return err
			}
			return s.importEnd(i)
		}),
	}
	c.Flags().BoolVar(&wait, "wait", false, "wait for its end, or until it is paused")
	return c
}

// importEnd shows an import that is not to be waited for any longer: one that is not
// complete is a failure.
func (s *session) importEnd(i client.Import) error {
	if err := s.showImport(i); err != nil || i.Status == client.ImportCompleted {
		return err
	}
	if i.Status == client.ImportPaused {
		s.say("Paused: opal imports resume %s lets it go on", clean(i.ImportID))
	} else if i.Errors+i.Counts.Failed > 0 {
		s.say("opal imports errors %s writes the rows that have no picture, to be mended and sent again", clean(i.ImportID))
	}
	return ErrReported
}

func importsErrors(s *session) *cobra.Command {
	var out string
	c := &cobra.Command{
		Use: "errors IMPORT", Short: "Write the rows without a picture as a CSV table, to be mended and sent again", Args: cobra.ExactArgs(1),
		Example: "  opal imports errors " + importExample + " --out errors.csv\n  opal imports errors " + importExample + " --json",
		RunE: s.do(func(ctx context.Context, c *client.Client, args []string) (err error) {
			if s.json {
				all := []client.ImportError{}
				for p := (client.Page{Limit: 200}); ; {
					page, err := c.ImportErrors(ctx, args[0], p)
					if err != nil {
						return err
					}
					all = append(all, page.Errors...)
					if page.NextCursor == nil {
						return s.answer(map[string]any{"errors": all}, nil)
					}
					p.Cursor = *page.NextCursor
				}
			}
			if out == "" {
				return c.WriteImportErrors(ctx, args[0], s.Out)
			}
			f, err := os.CreateTemp(filepath.Dir(out), ".opal-*")
			if err != nil {
				return err
			}
			if err := errors.Join(c.WriteImportErrors(ctx, args[0], f), f.Chmod(0o644), f.Close()); err != nil {
				return errors.Join(err, os.Remove(f.Name()))
			}
			return os.Rename(f.Name(), out)
		}),
	}
	c.Flags().StringVarP(&out, "out", "o", "", "the file (default: standard output)")
	return c
}

func (s *session) importVerb(verb, short string, do func(*client.Client, context.Context, string) (client.Import, error)) *cobra.Command {
	return &cobra.Command{
		Use: verb + " IMPORT", Short: short, Args: cobra.ExactArgs(1), Example: exampleOf("imports "+verb, importExample),
		RunE: s.do(func(ctx context.Context, c *client.Client, args []string) error {
			i, err := do(c, ctx, args[0])
			if err != nil {
				return err
			}
			return s.showImport(i)
		}),
	}
}

// followImport waits until an import is paused or done says so, and says how it gets on.
// While the API is not reached it asks again.
func (s *session) followImport(ctx context.Context, c *client.Client, id string, done func(client.Import) bool) (client.Import, error) {
	last := ""
	for {
		began := time.Now()
		i, err := c.Import(ctx, id, longest/10)
		switch {
		case err != nil && client.Again(err):
			s.say("The API is not reached; asking again")
			if err := pause(ctx, lostPause); err != nil {
				return i, err
			}
			continue
		case err != nil || done(i) || i.Ended() || i.Status == client.ImportPaused:
			return i, err
		}
		line := fmt.Sprintf("import %s: %s, %d rows, %d of %d items", clean(i.ImportID), i.Status, i.RowsDone, i.Counts.Total-i.Counts.Open, i.Counts.Total)
		if line != last {
			last = line
			s.say("%s", line)
		}
		if err := since(ctx, began); err != nil {
			return i, err
		}
	}
}

// delivery is what opal imports create does. It is kept in a file until its end, so that
// the same command goes on after Ctrl-C or a lost network.
type delivery struct {
	Key      string          `json:"key"` // the Idempotency-Key of the call that makes the import
	ImportID string          `json:"import_id,omitempty"`
	Started  bool            `json:"started"`
	Sent     map[string]bool `json:"sent"`    // items whose photo was put and not completed
	Refused  map[string]bool `json:"refused"` // items whose file is not there, or not taken

	path string
}

func (d *delivery) save() error { return writeJSON(d.path, d) }

// importing is one run of opal imports create.
type importing struct {
	*session
	api    *client.Client
	wishes client.NewImport
	table  string // the file; "": the API fetches it
	folder string // where the photos are
	hands  int
}

func importsCreate(s *session) *cobra.Command {
	n := &importing{session: s}
	var out, prompt string
	var wait, fresh bool
	c := &cobra.Command{
		Use:   "create FILE|URL",
		Short: "Import a table, and send the photos that its rows name",
		Long: "Sends a table of products, CSV or JSON lines, or has the API fetch it. Columns: file or url, sku, gtin, asin, slot, title, set_id, scene, prompt, brand, presets;\n" +
			"product exports of Shopify, WooCommerce and Google Merchant are recognised by their headings. Photos that rows name by a file are sent from the folder of the table.\n" +
			"After Ctrl-C or a lost network the same command goes on where it was; nothing is sent or paid twice.",
		Example: "  opal imports create products_export.csv --scene studio --out finished/\n  opal imports create https://shop.example/feed.tsv --preset shopify --wait",
		Args:    cobra.ExactArgs(1),
		RunE: s.do(func(ctx context.Context, c *client.Client, args []string) error {
			n.api, n.wishes.ScenePrompt = c, prompt
			d, again, err := n.open(args[0], out, fresh)
			if err != nil {
				return err
			}
			if again {
				s.say("Going on with this import; --new sends the table anew")
			}
			err = n.run(ctx, d, wait || out != "", out)
			if errors.Is(err, context.Canceled) {
				s.say("Interrupted: run the same command again to go on")
			}
			return err
		}),
	}
	f := c.Flags()
	f.StringVar(&n.wishes.Name, "name", "", "a name for people (default: the file's)")
	f.StringVar(&n.wishes.BrandProfileID, "brand", "", "the brand profile of rows that name none (default: default)")
	f.StringSliceVar(&n.wishes.SceneTypes, "scene", nil, "scenes for rows that name none; opal process --help lists them")
	f.StringSliceVar(&n.wishes.Presets, "preset", nil, "variants for rows that name none (default: the brand's, else a default set)")
	f.StringVar(&prompt, "prompt", "", "words that steer the scene, for rows that have none")
	f.StringVar(&n.folder, "folder", "", "where the photos are that rows name by a file (default: the table's folder)")
	f.BoolVar(&wait, "wait", false, "wait for the pictures")
	f.StringVarP(&out, "out", "o", "", "folder for the finished files; waits for them")
	f.IntVarP(&n.hands, "parallel", "p", 4, "uploads at the same time")
	f.BoolVar(&fresh, "new", false, "import the table anew, although a command before was interrupted")
	return c
}

// open returns the delivery of the same table and wishes that was begun before, or a new
// one.
func (n *importing) open(from, out string, fresh bool) (d *delivery, again bool, err error) {
	dir, err := stateFolder()
	if err != nil {
		return nil, false, err
	}
	h := sha256.New()
	say := func(v ...any) { _ = json.NewEncoder(h).Encode(v) } // a hash takes everything
	if strings.Contains(from, "://") {
		n.wishes.URL = from
		if n.folder == "" {
			n.folder = "."
		}
	} else {
		if n.table, err = filepath.Abs(from); err != nil {
			return nil, false, err
		}
		info, err := os.Stat(n.table)
		switch {
		case err != nil:
			return nil, false, errUsage.With("%s: %s", from, cause(err))
		case info.IsDir():
			return nil, false, errUsage.With("%s is a folder; opal jobs create takes folders of photos", from)
		case info.Size() > maxTable:
			return nil, false, errUsage.With("%s is larger than %d MB; leave out columns, or split it", from, maxTable>>20)
		}
		n.wishes.Filename = filepath.Base(n.table)
		if n.folder == "" {
			n.folder = filepath.Dir(n.table)
		}
		say(n.table, info.Size(), info.ModTime().UnixNano())
	}
	if out != "" {
		if out, err = filepath.Abs(out); err != nil {
			return nil, false, err
		}
	}
	say(n.api.Address(), n.wishes, out)
	d = &delivery{path: filepath.Join(dir, "import-"+hex.EncodeToString(h.Sum(nil))[:32]+".json"), Sent: map[string]bool{}, Refused: map[string]bool{}}
	b, err := os.ReadFile(d.path)
	if err == nil && !fresh && json.Unmarshal(b, d) == nil && d.Key != "" {
		return d, true, nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, false, fmt.Errorf("read the import: %w", err)
	}
	*d = delivery{Key: client.NewIdempotencyKey(), Sent: map[string]bool{}, Refused: map[string]bool{}, path: d.path}
	return d, false, d.save()
}

// run takes an import to its end, as far as its flags ask for.
func (n *importing) run(ctx context.Context, d *delivery, wait bool, out string) error {
	i, err := n.begin(ctx, d)
	if err != nil {
		return err
	}
	if i, err = n.photos(ctx, d, i); err != nil {
		return err
	}
	if wait && !i.Ended() && i.Status != client.ImportPaused {
		if i, err = n.end(ctx, d, i); err != nil {
			return err
		}
	}
	if out != "" && i.Counts.Completed > 0 && i.Ended() {
		c, err := n.followCollection(ctx, n.api, i.CollectionID, true)
		if err != nil {
			return err
		}
		if c.ZIP == "ready" {
			files, err := fetchCollection(ctx, n.api, i.CollectionID, out)
			if err != nil {
				return err
			}
			n.say("%d files are in %s", files, out)
		}
	}
	if i.Status == client.ImportPaused {
		return n.importEnd(i) // the same command goes on when it is resumed
	}
	if err := os.Remove(d.path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if wait {
		return n.importEnd(i)
	}
	if err := n.showImport(i); err != nil || len(d.Refused) == 0 {
		return err
	}
	return ErrReported
}

// begin makes the import, sends its table and starts it, each once.
func (n *importing) begin(ctx context.Context, d *delivery) (i client.Import, err error) {
	if d.ImportID == "" {
		if i, err = n.api.CreateImportOnce(ctx, n.wishes, d.Key); err != nil {
			return i, err
		}
		d.ImportID = i.ImportID
		n.say("import %s", i.ImportID)
		if err := d.save(); err != nil {
			return i, err
		}
	}
	if i, err = n.api.Import(ctx, d.ImportID, 0); err != nil || d.Started || n.table == "" || i.Status != client.ImportCreated {
		return i, err
	}
	table, err := os.ReadFile(n.table)
	if err != nil {
		return i, cause(err)
	}
	bars := newBars(n.session, 1)
	defer bars.end()
	name := filepath.Base(n.table)
	err = n.put(ctx, i.UploadURL, table, func(sent int64) { bars.at(name, sent, int64(len(table))) }, func() (string, error) {
		again, err := n.api.Import(ctx, d.ImportID, 0)
		return again.UploadURL, err
	})
	if err != nil {
		return i, fmt.Errorf("%s: %w", name, err)
	}
	bars.done(name)
	if i, err = n.api.StartImport(ctx, d.ImportID); err != nil {
		return i, err
	}
	d.Started = true
	return i, d.save()
}

// put sends bytes to an upload URL, and tries again while the network is away. fresh
// returns another URL where one has ended.
func (n *importing) put(ctx context.Context, url string, body []byte, progress func(sent int64), fresh func() (string, error)) error {
	for try, wait := 1, sendWait; ; try, wait = try+1, min(2*wait, maxWait) {
		err := n.api.PutFrom(ctx, url, body, progress)
		var problem *client.Problem
		switch {
		case err == nil, errors.As(err, &problem) && problem.Status == http.StatusConflict: // a call before had put it
			return nil
		case errors.As(err, &problem) && problem.Status == http.StatusForbidden && try < sendTries: // the address has ended
			if url, err = fresh(); err != nil && !client.Again(err) {
				return err
			}
			continue
		case !client.Again(err), try >= sendTries:
			return err
		}
		if err := pause(ctx, wait); err != nil {
			return err
		}
	}
}

// photos sends the photos that rows name by their files, as far as rows have become
// items, until all have.
func (n *importing) photos(ctx context.Context, d *delivery, i client.Import) (client.Import, error) {
	if err := n.complete(ctx, d); err != nil {
		return i, err
	}
	for {
		sent, all, err := n.sendAll(ctx, d)
		if err != nil {
			return i, err
		}
		if i, err = n.api.Import(ctx, d.ImportID, 0); err != nil || i.Ended() || i.Status == client.ImportPaused || all && sent == 0 {
			return i, err
		}
		if sent == 0 {
			before := i.Uploads
			if i, err = n.followImport(ctx, n.api, d.ImportID, func(now client.Import) bool { return now.Status == client.ImportWorking || now.Uploads > before }); err != nil {
				return i, err
			}
		}
	}
}

// sendAll sends the photos that have not arrived. It returns how many it sent, and whether
// all rows have become items.
func (n *importing) sendAll(ctx context.Context, d *delivery) (sent int, all bool, err error) {
	for cursor := ""; ; {
		page, err := n.api.ImportUploads(ctx, d.ImportID, client.Page{Limit: 100, Cursor: cursor})
		if err != nil {
			return sent, false, err
		}
		done, err := n.sendPage(ctx, d, page.Uploads)
		sent += done
		if err == nil {
			err = n.complete(ctx, d)
		}
		if err != nil {
			return sent, false, err
		}
		if page.NextCursor == nil {
			return sent, page.AllRows, nil
		}
		cursor = *page.NextCursor
	}
}

// sendPage sends the photos of a page, several at the same time.
func (n *importing) sendPage(ctx context.Context, d *delivery, page []client.ImportUpload) (sent int, err error) {
	bars := newBars(n.session, len(page))
	defer bars.end()
	hands, flying := errgroup.WithContext(ctx)
	hands.SetLimit(max(1, n.hands))
	put := make([]bool, len(page))
	for k, u := range page {
		if d.Refused[u.ItemID] || d.Sent[u.ItemID] {
			continue
		}
		file, err := n.local(u.File)
		var photo []byte
		if err == nil {
			photo, err = readPhoto(file)
		}
		if err != nil { // the others go on; it is told again at the end
			n.say("row %d: %s: %s", u.Row, clean(u.File), cause(err))
			d.Refused[u.ItemID] = true
			continue
		}
		hands.Go(func() error {
			err := n.put(flying, u.UploadURL, photo, func(at int64) { bars.at(u.File, at, int64(len(photo))) }, func() (string, error) {
				fresh, err := n.api.UploadURL(flying, client.UploadRequest{JobID: u.JobID, ItemID: u.ItemID})
				return fresh.UploadURL, err
			})
			if err != nil {
				return fmt.Errorf("%s: %w", u.File, err)
			}
			put[k] = true
			bars.done(u.File)
			return nil
		})
	}
	err = hands.Wait()
	for k, ok := range put {
		if ok {
			d.Sent[page[k].ItemID] = true
			sent++
		}
	}
	return sent, errors.Join(err, d.save())
}

// local returns the file that a row names: below the folder of photos and nowhere else,
// as a table may come from others.
func (n *importing) local(name string) (string, error) {
	name = filepath.FromSlash(strings.ReplaceAll(name, `\`, "/"))
	if !filepath.IsLocal(name) {
		return "", errors.New("it is not below the folder of photos; --folder names another")
	}
	return filepath.Join(n.folder, name), nil
}

// complete has the photos queued that were put.
func (n *importing) complete(ctx context.Context, d *delivery) error {
	if len(d.Sent) == 0 {
		return nil
	}
	var ids []string
	for id := range d.Sent {
		ids = append(ids, id)
	}
	for len(ids) > 0 {
		some := ids[:min(maxItems, len(ids))]
		ids = ids[len(some):]
		err := n.session.complete(some, func(ids []string) (client.Completed, error) { return n.api.CompleteItems(ctx, ids...) }, func(it client.CompletedItem) {
			n.say("item %s: %s", clean(it.ItemID), clean(it.Error.Detail))
			d.Refused[it.ItemID] = true
		})
		if err != nil {
			return errors.Join(err, d.save())
		}
		for _, id := range some {
			delete(d.Sent, id)
		}
	}
	return d.save()
}

// end leaves out the photos that are not there, as they would hold the import open, and
// waits for its end.
func (n *importing) end(ctx context.Context, d *delivery, i client.Import) (client.Import, error) {
	for cursor := ""; len(d.Refused) > 0; {
		page, err := n.api.ImportUploads(ctx, d.ImportID, client.Page{Limit: 100, Cursor: cursor})
		if err != nil {
			return i, err
		}
		jobs := map[string]client.Job{}
		for _, u := range page.Uploads {
			j, ok := jobs[u.JobID]
			if !ok {
				if j, err = n.api.Job(ctx, u.JobID); err != nil {
					return i, err
				}
				jobs[u.JobID] = j
			}
			if err := leaveOut(ctx, n.api, j, u.ItemID); err != nil {
				return i, err
			}
		}
		if page.NextCursor == nil {
			break
		}
		cursor = *page.NextCursor
	}
	return n.followImport(ctx, n.api, d.ImportID, client.Import.Ended)
}

// leaveOut cancels an item and those of the same photo in other scenes, which follow it.
func leaveOut(ctx context.Context, c *client.Client, j client.Job, itemID string) error {
	inside := false
	for _, it := range j.Items {
		if it.SceneIndex == 0 {
			inside = it.ItemID == itemID
		}
		if inside && (it.Status == client.ItemCreated || it.Status == client.ItemUploaded) {
			if err := c.CancelItem(ctx, j.JobID, it.ItemID); err != nil {
				return err
			}
		}
	}
	return nil
}
