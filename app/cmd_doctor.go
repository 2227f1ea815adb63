package app

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/opal-photo/opal/config"
	"github.com/opal-photo/opal/modules/db"
	"github.com/opal-photo/opal/modules/egress"
	"github.com/opal-photo/opal/modules/fault"
	"github.com/opal-photo/opal/modules/imaging"
	"github.com/opal-photo/opal/modules/pipeline/onnx"
)

// finding is what the doctor says of one dependency.
type finding struct {
	what string
	err  error
	cure string
	can  bool // OPAL works without it: the finding is told and is not a failure
}

// failed reports whether something has to be done.
func (f finding) failed() bool { return f.err != nil && !f.can }

// maxSkew is how far the database's clock may be from this machine's before
// signed URLs and leases are in danger.
const maxSkew = 30 * time.Second

// doctorCommand checks every configured dependency and says what to do.
func doctorCommand(s Streams) *cobra.Command {
	var file string
	var asJSON bool
	cmd := &cobra.Command{
		Use:     "doctor",
		Short:   "Check every configured dependency and say what to do about each that fails",
		Example: "  opal doctor --config opal.yaml\n  set -a; . .opal/dev.env; opal doctor",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			w, err := read(os.Environ(), file, s, "doctor")
			if err != nil {
				return err
			}
			defer w.close()
			found := w.examine(cmd.Context())
			if err := cmd.Context().Err(); err != nil {
				return err // what was not examined any more is no finding
			}
			if asJSON {
				return reportJSON(s, found)
			}
			fmt.Fprintln(s.Out, w.cfg.Rules()+".")
			return report(s.Out, found)
		},
	}
	cmd.Flags().StringVar(&file, "config", "", "YAML file with settings")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// reportJSON prints the findings for a script; errReported when one is bad.
func reportJSON(s Streams, findings []finding) error {
	type row struct {
		Check string `json:"check"`
		OK    bool   `json:"ok"`
		Error string `json:"error,omitempty"`
		Note  string `json:"note,omitempty"` // in place of an error, where OPAL works without it
		Cure  string `json:"cure,omitempty"`
	}
	rows, bad := make([]row, len(findings)), false
	for i, f := range findings {
		rows[i] = row{Check: f.what, OK: !f.failed()}
		switch {
		case f.failed():
			rows[i].Error, rows[i].Cure, bad = f.err.Error(), f.cure, true
		case f.err != nil:
			rows[i].Note, rows[i].Cure = f.err.Error(), f.cure
		}
	}
	if err := printJSON(s, rows); err != nil {
		return err
	}
	if bad {
		return errReported
	}
	return nil
}

// report prints the findings; errReported when one is bad.
func report(out io.Writer, findings []finding) error {
	bad := 0
	for _, f := range findings {
		if f.err == nil {
			fmt.Fprintf(out, "ok      %s\n", f.what)
			continue
		}
		if f.can {
			fmt.Fprintf(out, "note    %s: %v\n        %s\n", f.what, f.err, f.cure)
			continue
		}
		bad++
		fmt.Fprintf(out, "FAILED  %s: %v\n        %s\n", f.what, f.err, f.cure)
	}
	if bad > 0 {
		fmt.Fprintf(out, "%d of %d checks failed.\n", bad, len(findings))
		return errReported
	}
	fmt.Fprintf(out, "All %d checks passed.\n", len(findings))
	return nil
}

// checkTimeout bounds one check.
const checkTimeout = 15 * time.Second

// examine runs the checks. One that fails doesn't keep the others from running.
func (w *wire) examine(ctx context.Context) []finding {
	var all []finding
	within := func(timeout time.Duration, what, cure string, check func(ctx context.Context) error) bool {
		ctx, cancel := context.WithTimeout(ctx, timeout)
		defer cancel()
		err := check(ctx)
		all = append(all, finding{what: what, err: err, cure: cure})
		return err == nil
	}
	add := func(what, cure string, check func(ctx context.Context) error) bool {
		return within(checkTimeout, what, cure, check)
	}
	role := config.Role{Database: true, Storage: true, Queue: true, AML: len(endpoints(w.cfg)) > 0, API: true}
	add("settings", "set what is named; `opal settings` explains each setting", func(context.Context) error { return w.cfg.Validate(role, true, checkOtherEngines) })
	if dir := w.cfg.Channels.Dir; dir != "" {
		add("channels of "+channelsDir, "correct the file that is named; modules/channel/schema.json says what a file holds", func(context.Context) error { return loadChannels(dir) })
	}
	if w.cfg.Database.URL != "" && add("database: reached, and lets us in", "check DATABASE_URL's host, user and password, the firewall, and DATABASE_AUTH", func(ctx context.Context) error {
		_, err := w.database(ctx)
		return err
	}) {
		add("database: schema up to date", "run `opal migrate`", func(ctx context.Context) error {
			n, err := w.db.Pending(ctx)
			if err == nil && n > 0 {
				err = errSchema.With("%d migrations have not run", n)
			}
			return err
		})
		if w.db.Postgres() {
			add("database: clock", "bring the clocks together (NTP): leases and signed URLs depend on them", w.clock)
		}
	}
	if !w.cfg.EmbeddedStorage() || w.cfg.Storage.Dir != "" {
		c := w.containers()
		if add("blob store: reached, and lets us in", "check STORAGE_ACCOUNT_NAME or STORAGE_CONNECTION_STRING, and the identity's role Storage Blob Data Contributor", func(ctx context.Context) error {
			store, err := w.blobStore(ctx)
			if err != nil {
				return err
			}
			return store.Ping(ctx)
		}) {
			for _, name := range []string{c.Raw, c.Outputs, c.Exports} {
				add("blob store: container "+name, "create the container", func(ctx context.Context) error {
					for _, err := range w.blobs.store.List(ctx, name, "doctor/") {
						return err
					}
					return nil
				})
			}
		}
	}
	if (!w.cfg.EmbeddedQueue() || w.db != nil) && add("queues: opened", "check SERVICEBUS_NAMESPACE or SERVICEBUS_CONNECTION_STRING", func(ctx context.Context) error {
		_, err := w.openQueues(ctx)
		return err
	}) {
		add("queue "+w.queues.jobs.Name(), "create the queue, and give the identity Azure Service Bus Data Sender and Receiver", w.queues.jobs.Ping)
		add("queue "+w.queues.exports.Name(), "create the queue, and give the identity Azure Service Bus Data Sender and Receiver", w.queues.exports.Ping)
	}
	if f := cutoutFinding(w.cfg); f.what != "" {
		all = append(all, f)
	} else if w.modelChosen() {
		if within(tryTimeout, "cut-outs: the model "+w.modelNamed()+" is whole, and runs", "`opal models list` shows what is in "+modelsPlace(w.cfg)+"; CUTOUT_ENGINE=own does without a model", w.tryModel) {
			add("cut-outs: enough memory for the model", "give the worker more memory, lower WORKER_CONCURRENCY, or set CUTOUT_ENGINE=own", w.enoughMemory)
		}
	}
	all = append(all, pictures(imaging.HEIFVersion))
	for _, e := range endpoints(w.cfg) {
		add("engine "+e.engine+": reached", "check "+e.setting+", that the service is running, and what the network lets out",
			func(ctx context.Context) error { return reach(ctx, e.url) })
	}
	return all
}

// pictures says which libraries decode photos. HEIC, the format of phones, is the
// one that OPAL can be without: its library is not part of libvips.
func pictures(heif func() (string, error)) finding {
	version, err := heif()
	if err != nil {
		return finding{
			what: "photos: libvips " + imaging.LibraryVersion() + "; HEIC photos are refused", err: err, can: true,
			cure: "to take them install libheif 1.12 or newer with its HEVC decoder, and start OPAL anew: apt-get install libheif1 (and libheif-plugin-libde265 " +
				"where it is a package), or brew install libheif. HEVC has patents: see modules/imaging/NOTICE-libvips.md",
		}
	}
	return finding{what: "photos: libvips " + imaging.LibraryVersion() + ", and libheif " + version + " for HEIC"}
}

// modelChosen reports whether a model of the operator's makes the cut-outs.
func (w *wire) modelChosen() bool {
	row, _ := cutters.choose(w.cfg)
	return row.name == engineModel
}

// modelNamed names the model that was chosen, as far as it is known, to people.
func (w *wire) modelNamed() string {
	if o, found, _ := findModel(w.cfg); found {
		return o.Model.Name
	}
	return cmp.Or(w.cfg.Cutout.Model, "of "+modelsPlace(w.cfg))
}

// checkOtherEngines is CheckEngines without the operator's model, of which the doctor has a
// finding of its own.
func checkOtherEngines(c *config.Config) []string {
	if row, _ := cutters.choose(c); row.name == engineModel {
		return placers.faults(c)
	}
	return CheckEngines(c)
}

// cutoutFinding says what makes the cut-outs where that is no model of the operator's; the zero finding
// where it is, and where the settings' own finding tells that nothing does.
func cutoutFinding(c *config.Config) finding {
	row, why := cutters.choose(c)
	switch {
	case why != "" || row.name == engineModel:
		return finding{}
	case row.at != nil:
		return finding{what: "cut-outs: the service " + row.name + " makes them"}
	case c.Cutout.Engine == auto:
		return finding{
			what: "cut-outs: the built-in engine makes them", err: fault.New(fault.NotFound, "model_not_found", "no model is in "+modelsPlace(c)), can: true,
			cure: "that is enough for plain backdrops. `opal models get isnet` brings a large model that tells products from busy ones",
		}
	}
	return finding{what: "cut-outs: the built-in engine makes them, as CUTOUT_ENGINE=" + row.name + " says"}
}

// tryTimeout bounds how long a model may take to load and to look at two pictures.
const tryTimeout = 3 * time.Minute

// tryModel checks the operator's model and runs it.
func (w *wire) tryModel(ctx context.Context) error {
	o, found, err := findModel(w.cfg)
	if err != nil {
		return err
	}
	if !found {
		return onnx.ErrNoModel.With("%s", strings.Join(checkModel(w.cfg), ""))
	}
	return runModel(ctx, o)
}

// clock compares the clocks of the database and of this machine.
func (w *wire) clock(ctx context.Context) error {
	before := time.Now()
	now, err := db.Now(ctx, w.db)
	if err != nil {
		return err
	}
	// the answer belongs to some moment between asking and receiving
	off := now.Sub(before.Add(time.Since(before) / 2)).Abs()
	if off > maxSkew {
		return fault.New(fault.Conflict, "clock_skew", fmt.Sprintf("it is %s off this machine's", off.Round(time.Second)))
	}
	return nil
}

// reachTimeout bounds one call of reach.
const reachTimeout = 10 * time.Second

// reach makes one call without a body: any answer shows that somebody listens.
func reach(ctx context.Context, target string) error {
	u, err := url.Parse(target)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return err
	}
	res, err := egress.Direct(reachTimeout).Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode >= http.StatusInternalServerError {
		return fault.New(fault.Unavailable, "scoring_unavailable", fmt.Sprintf("it answers %d", res.StatusCode))
	}
	return nil
}
