// Command race measures OPAL beside what people would use instead, on the same work in
// one run, and prints the table that the README quotes: what `make race` runs.
//
// Machines are noisy, so it compares and never says how long something took alone: the
// two contenders of a row take turns, each as a process of its own, and the medians of
// their CPU time (their children's included), wall time and peak memory are divided.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"regexp"
	"strings"
	"syscall"

	_ "github.com/opal-photo/opal/app/decoding" // the decoding child, as the program has it
)

type options struct {
	opal, peers, python string
	build, rembg, model string
	only                string
	rounds, photos      int
	short               bool
	profile, readme     string
}

func main() {
	var o options
	flag.StringVar(&o.opal, "opal", "bin/opal", "the program that is measured")
	flag.StringVar(&o.peers, "peers", "app/race/peers", "folder of the peers' scripts")
	flag.StringVar(&o.python, "python", "/usr/bin/python3", "Python with OpenCV")
	flag.StringVar(&o.build, "build", ".build", "folder of what `make race` has built beside OPAL: peers, benchmarks")
	flag.StringVar(&o.rembg, "rembg", ".build/race-python/bin/python", "Python with rembg")
	flag.StringVar(&o.model, "model", os.Getenv("RACE_MODEL"), "ONNX file of ISNet, for rembg and for OPAL (RACE_MODEL)")
	flag.BoolVar(&o.short, "short", false, "fewer photos, calls and messages where a row has many")
	flag.StringVar(&o.only, "only", "", "rows whose name this regular expression finds: "+names())
	flag.IntVar(&o.rounds, "rounds", 3, "turns of each contender, at most")
	flag.IntVar(&o.photos, "photos", 4, "photos of a turn, where the row has no number of its own")
	flag.StringVar(&o.profile, "profile", "", "folder for a CPU profile of each of our turns that this program does itself (go tool pprof)")
	flag.StringVar(&o.readme, "readme", "", "page that quotes the table; rows that were not raced keep their lines")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if name := flag.Arg(0); name != "" { // one of ours, in a process of its own
		if err := profiled(o.profile, name, func() error { return contend(ctx, name, flag.Args()[1:]) }); err != nil {
			fmt.Fprintln(os.Stderr, "race:", err)
			os.Exit(1)
		}
		return
	}
	if err := run(ctx, o); err != nil {
		fmt.Fprintln(os.Stderr, "race:", err)
		os.Exit(1)
	}
}

// names lists the rows.
func names() string {
	var all []string
	for _, r := range rows {
		all = append(all, r.name)
	}
	return strings.Join(all, ", ")
}

func run(ctx context.Context, o options) (err error) {
	only, err := regexp.Compile(o.only)
	if err != nil {
		return fmt.Errorf("--only: %w", err)
	}
	if o.rounds < 1 || o.photos < 1 {
		return errors.New("--rounds and --photos are at least 1")
	}
	dir, err := os.MkdirTemp("", "opal-race-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	track, err := newTrack(o, dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, track.close()) }()
	var results []result
	var failed []error
	for _, r := range rows {
		if !only.MatchString(r.name) {
			continue
		}
		fmt.Fprintf(os.Stderr, "race: %s: %s\n", r.name, r.work)
		got, err := track.race(ctx, r)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil { // the others are worth having
			err = fmt.Errorf("%s: %w", r.name, err)
			fmt.Fprintln(os.Stderr, "race:", err)
			failed = append(failed, err)
			continue
		}
		results = append(results, got)
		fmt.Fprint(os.Stderr, strings.TrimPrefix(table(results[len(results)-1:]), tableHead))
		if o.readme != "" { // now, as a run takes long and may be interrupted
			if err := quote(o.readme, results); err != nil {
				return err
			}
		}
	}
	if len(results) == 0 && len(failed) == 0 {
		return fmt.Errorf("--only: no row is called so; there are %s", names())
	}
	fmt.Print(table(results))
	return errors.Join(failed...)
}
