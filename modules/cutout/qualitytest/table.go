package main

import (
	"encoding/csv"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strings"

	"github.com/opal-photo/opal/modules/cutout"
	"github.com/opal-photo/opal/modules/cutout/cutouttest"
)

// goodIoU is the overlap from which a cut-out with known coverage counts as right.
const goodIoU = .95

// of returns a number of every row for one engine; nil when it isn't there.
func of(rows []row, e int, f func(row) float64) (v []float64) {
	for _, r := range rows {
		if r.result[e] != nil {
			v = append(v, f(r))
		}
	}
	return v
}

func mean(v []float64) float64 {
	var s float64
	for _, x := range v {
		s += x
	}
	return s / float64(len(v))
}

// scores prints a line for each engine.
func (b *bench) scores(title string, rows []row) {
	for e := range engines {
		iou := of(rows, e, func(r row) float64 { return r.scored[e].IoU })
		if len(iou) == 0 {
			continue
		}
		edge := of(rows, e, func(r row) float64 { return r.scored[e].Boundary })
		slices.Sort(edge)
		wrong, passed := 0, 0
		for _, r := range rows {
			if !masksAlone(e) && r.result[e].Confidence >= cutout.ReviewBelow {
				passed++
				if r.scored[e].IoU < goodIoU {
					wrong++
				}
			}
		}
		said := fmt.Sprintf("%2d passed, %d of them wrong", passed, wrong)
		if masksAlone(e) {
			said = ""
		}
		fmt.Printf("  %-14s %-8s n %3d  IoU %.4f (lowest %.3f)  boundary px %6.2f  BF@2px %.3f  band %.4f  %s\n", title, engineNames[e], len(iou), mean(iou), slices.Min(iou),
			edge[len(edge)/2], mean(of(rows, e, func(r row) float64 { return r.scored[e].BF })), mean(of(rows, e, func(r row) float64 { return r.scored[e].Band })), said)
	}
}

// readJudgements reads lines NAME,studio,network,joined,own,built-in; the last two may
// be missing.
func readJudgements(file string) (map[string][engines]string, error) {
	all := map[string][engines]string{}
	if file == "" {
		return all, nil
	}
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	r := csv.NewReader(f)
	r.Comment, r.FieldsPerRecord, r.TrimLeadingSpace = '#', -1, true
	for {
		line, err := r.Read()
		if err == io.EOF {
			return all, nil
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		if len(line) != 1+own && len(line) != 1+engines {
			return nil, fmt.Errorf("%s: a line of %d fields; NAME and a judgement for each of %s", file, len(line), strings.Join(engineNames[:], ", "))
		}
		var j [engines]string
		for e := range len(line) - 1 {
			if j[e] = strings.TrimSpace(line[1+e]); j[e] != "" && !strings.Contains("PMU", j[e]) {
				return nil, fmt.Errorf("%s: %s is judged %q; P, M or U", file, line[0], j[e])
			}
		}
		all[line[0]] = j
	}
}

// judgements prints a person's judgements of the cut-outs, and how well the
// confidence predicts them.
func (b *bench) judgements(rows []row, judged map[string][engines]string) {
	fmt.Printf("%d photographs\n", len(rows))
	for e := range engines {
		var confidence []float64
		var good []bool
		count := map[string]int{}
		for _, r := range rows {
			j := judged[r.name][e]
			if r.result[e] == nil || j == "" {
				continue
			}
			count[j]++
			confidence, good = append(confidence, r.result[e].Confidence), append(good, j == "P")
		}
		if len(good) == 0 {
			fmt.Printf("  %-8s not judged\n", engineNames[e])
			continue
		}
		fmt.Printf("  %-8s publishable %d, minor flaw %d, unusable %d", engineNames[e], count["P"], count["M"], count["U"])
		if masksAlone(e) {
			fmt.Println()
			continue
		}
		if auc := cutouttest.AUC(confidence, good); math.IsNaN(auc) {
			fmt.Println("; no AUC: all are publishable, or none is")
		} else {
			fmt.Printf("; AUC for publishable %.3f\n", auc)
		}
		reliability(confidence, good)
		var wrong []string
		passed, right := 0, 0
		for _, r := range rows {
			j := judged[r.name][e]
			if r.result[e] == nil || j == "" || r.result[e].Confidence < cutout.ReviewBelow {
				continue
			}
			passed++
			if j == "P" {
				right++
			} else {
				wrong = append(wrong, fmt.Sprintf("%s (%s, %.2f)", r.name, j, r.result[e].Confidence))
			}
		}
		fmt.Printf("           at %.2f and more %d pass without a person, %d of them publishable", cutout.ReviewBelow, passed, right)
		if len(wrong) > 0 {
			fmt.Printf("; not: %s", strings.Join(wrong, ", "))
		}
		fmt.Println()
	}
	for _, r := range rows {
		j := judged[r.name]
		last := r.result[builtIn]
		fmt.Printf("  %-20s studio %.2f %1s  built-in %.2f %1s", r.name, r.result[studio].Confidence, j[studio], last.Confidence, j[builtIn])
		if r.result[joined] != nil {
			last = r.result[joined]
			fmt.Printf("  joined %.2f %1s", last.Confidence, j[joined])
		}
		fmt.Printf("  %s\n", last.ReviewReason)
	}
	fmt.Println()
}

// reliability compares the confidence with the share that is publishable, a line
// for each part of its range.
func reliability(confidence []float64, good []bool) {
	for _, bin := range [][2]float64{{0, .2}, {.2, .4}, {.4, .6}, {.6, .8}, {.8, math.Inf(1)}} {
		n, right, sum := 0, 0, 0.
		for i, c := range confidence {
			if c >= bin[0] && c < bin[1] {
				n++
				sum += c
				if good[i] {
					right++
				}
			}
		}
		if n > 0 {
			fmt.Printf("           confidence %.1f-%.1f: %2d photographs, mean %.2f, publishable %.2f\n", bin[0], min(bin[1], 1), n, sum/float64(n), float64(right)/float64(n))
		}
	}
}

// costs prints the cost of a picture. Processor time is that of this machine; wall
// time says little on a busy machine.
func (b *bench) costs() {
	for e := range engines {
		if len(b.cpu[e]) > 0 {
			fmt.Printf("  %-8s CPU ms a picture: mean %.0f, most %.0f; peak memory %d MB\n", engineNames[e], mean(b.cpu[e]), slices.Max(b.cpu[e]), b.peak[e]/1024)
		}
	}
}
