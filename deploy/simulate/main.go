// Command simulate computes how OPAL carries ten thousand, a hundred thousand and a million
// pictures a day on Azure, what that takes and costs, and where the first limit is: what
// `make simulate` runs, and SCALE.md quotes.
//
// It simulates discrete events: photos arrive by the hour of the day, wait in outbox and queue,
// are worked on by replicas that the scaler adds and takes away by the rules of the Bicep files,
// wait for the scoring endpoint, get their variants and a ZIP. Costs come from real runs
// (measured.json, written by BenchmarkScale* of app/), limits, prices and the day's course from
// assumed.json. The same code, with one shared machine in the place of Azure, is held against
// real runs of `opal dev`.
package main

import (
	"flag"
	"fmt"
	"math"
	"os"
)

func main() {
	root := flag.String("root", ".", "folder of the repository")
	page := flag.String("page", "", "page that quotes the tables, written anew")
	flag.Parse()
	if err := run(*root, *page); err != nil {
		fmt.Fprintln(os.Stderr, "simulate:", err)
		os.Exit(1)
	}
}

func run(root, page string) error {
	in, err := loadFrom(root)
	if err != nil {
		return err
	}
	sections := in.sections(math.MaxInt)
	for _, name := range []string{"measured", "deployed", "sized", "costs", "changes", "check"} {
		fmt.Println(sections[name])
	}
	if page != "" {
		if err := write(page, sections); err != nil {
			return err
		}
	}
	for _, c := range in.compare() {
		if math.Abs(c.ratio()-1) > within {
			return fmt.Errorf("a backlog of %d photos (%s) took %.1f s, and the simulation says %.1f s: not within 25 %%", c.items, c.photo, c.seconds, c.simulated)
		}
	}
	return nil
}
