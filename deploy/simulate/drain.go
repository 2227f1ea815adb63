package main

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
)

// drainSet is how long backlogs took in real runs of `opal dev`.
type drainSet struct {
	Processors int       `json:"processors"`
	Backlogs   []backlog `json:"backlogs"`
}

type backlog struct {
	Photo string  `json:"photo"`
	Cores float64 `json:"alone_cores"` // left to opal while single photos were measured
	Alone []took  `json:"alone"`
	Runs  []drain `json:"runs"`
}

// drain is one run: so many items, released at once, until their job's ZIP was there.
type drain struct {
	Items   int     `json:"items"`
	Cores   float64 `json:"cores"` // that other processes left to it
	Seconds float64 `json:"seconds"`
}

// compared is a size of a backlog: medians of its runs and of as many simulations, each with
// the cores that its run had.
type compared struct {
	photo              string
	items, runs        int
	cores              float64
	seconds, simulated float64
}

func (c compared) ratio() float64 { return c.simulated / c.seconds }

func median(all []float64) float64 {
	s := slices.Sorted(slices.Values(all))
	if len(s)%2 == 0 {
		return (s[len(s)/2-1] + s[len(s)/2]) / 2
	}
	return s[len(s)/2]
}

// devWorld is a machine that runs `opal dev` and drains a backlog: both workers and the scenes
// share its processors.
func (in *inputs) devWorld(b backlog, d drain, seed uint64) setup {
	const hands = 2 // WORKER_CONCURRENCY's default, of each worker
	processors := float64(in.Drains.Processors)
	s := setup{seed: seed, orders: []order{{photos: int32(d.Items)}}, tenants: 1,
		shared: &host{cores: d.Cores, each: d.Cores / processors}}
	for i := range s.lanes {
		s.lanes[i] = laneSetup{Hands: hands, Min: 1, Max: 1, Window: 4 * hands}
	}
	var waits []float64
	var costs []cost
	for _, t := range b.Alone {
		costs = append(costs, t.cost())
		waits = append(waits, max(0, t.Wall-(t.Jobs+t.Exports)/(b.Cores/processors)))
	}
	s.waits = [2]float64{median(waits) / 2, median(waits) / 2}
	next := -1
	s.drawn = func(*rand.Rand) cost { // the backlog was made of these photos in turn
		next++
		return costs[next%len(costs)]
	}
	s.placed = func(*world, int32) float64 { return 0 }
	return s
}

// compare holds the simulation against the real runs.
func (in *inputs) compare() (all []compared) {
	for _, b := range in.Drains.Backlogs {
		sizes := map[int][]drain{}
		var order []int
		for _, d := range b.Runs {
			if sizes[d.Items] == nil {
				order = append(order, d.Items)
			}
			sizes[d.Items] = append(sizes[d.Items], d)
		}
		for _, n := range order {
			var real, simulated, cores []float64
			for i, d := range sizes[n] {
				w := simulate(in.devWorld(b, d, uint64(i)))
				real, simulated, cores = append(real, d.Seconds), append(simulated, w.result.End.seconds()), append(cores, d.Cores)
			}
			all = append(all, compared{photo: b.Photo, items: n, runs: len(real), cores: median(cores), seconds: median(real), simulated: median(simulated)})
		}
	}
	return all
}

// within is how far the simulation may be from the real runs.
const within = .25

func compareTable(all []compared) string {
	var b strings.Builder
	b.WriteString("| photos | backlog | runs | cores | real, median | simulated | ratio | |\n| --- | --- | --- | --- | --- | --- | --- | --- |\n")
	for _, c := range all {
		verdict := "within 25 %"
		if math.Abs(c.ratio()-1) > within {
			verdict = "**not within 25 %**"
		}
		fmt.Fprintf(&b, "| %s | %d | %d | %.2f | %.1f s | %.1f s | %.2f | %s |\n", c.photo, c.items, c.runs, c.cores, c.seconds, c.simulated, c.ratio(), verdict)
	}
	return b.String()
}
