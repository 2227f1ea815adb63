package main

import "fmt"

// metric is what a row compares.
type metric struct {
	name string // as the table has it
	of   func(usage) float64
	more bool // more is better, and a reach is what is wanted at least
	tree bool // it asks for the memory of all processes, which has to be watched
}

var (
	byCPU    = metric{name: "CPU", of: cpuOf}
	byMemory = metric{name: "memory of all processes", of: func(u usage) float64 { return float64(u.tree) }, tree: true}
	byMedian = metric{name: "median of a call", of: figureOf}
	byRate   = metric{name: "messages a second", of: figureOf, more: true}
	byTime   = metric{name: "time to the end", of: figureOf}
)

func figureOf(u usage) float64 { return u.figure }

// metricOf is what the row compares: CPU where it names nothing.
func (r row) metricOf() metric {
	if r.by.of == nil {
		return byCPU
	}
	return r.by
}

// missed reports whether a ratio is beyond a row's reach.
func (r row) missed(ratio float64) bool {
	if r.metricOf().more {
		return ratio < r.reach
	}
	return ratio > r.reach
}

// wanted writes the row's reach.
func (r row) wanted() string {
	sign := "≤"
	if r.metricOf().more {
		sign = "≥"
	}
	return fmt.Sprintf("%s %.2f", sign, r.reach)
}
