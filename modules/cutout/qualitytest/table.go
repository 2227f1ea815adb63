package main

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/opal-photo/opal/modules/cutout"
	"github.com/opal-photo/opal/modules/cutout/cutouttest"
)

// goodIoU is the overlap from which a cut-out with known coverage counts as right.
const goodIoU = .95

// set is a group of pictures that has a line of the table for each engine.
type set struct {
	name   string
	rows   []row
	truth  bool     // their coverage is known
	judged verdicts // or a person judged them
	whole  bool     // of enough pictures for the reliability of the confidence
}

// right tells whether an engine's cut-out is one to publish; known is false where nobody
// said so.
func (s *set) right(r row, e int) (right, known bool) {
	if s.truth {
		return r.scored[e].IoU >= goodIoU, true
	}
	verdict := s.judged[r.name][e]
	return verdict == publishable, verdict != ""
}

// believed holds an engine's confidence in its cut-outs, and whether they are right.
type believed struct {
	names      []string
	confidence []float64
	right      []bool
}

// believed returns what is known of an engine; nothing of masks, which have no confidence.
func (s *set) believed(e int) (b believed) {
	for _, r := range s.rows {
		if right, known := s.right(r, e); known && r.result[e] != nil && !masksAlone(e) {
			b.names, b.confidence, b.right = append(b.names, r.name), append(b.confidence, r.result[e].Confidence), append(b.right, right)
		}
	}
	return b
}

// passed counts those that pass without a person, and lists those of them that are wrong.
func (b believed) passed() (n int, wrong []int) {
	for i, c := range b.confidence {
		if c >= cutout.ReviewBelow {
			n++
			if !b.right[i] {
				wrong = append(wrong, i)
			}
		}
	}
	return n, wrong
}

// bins are the parts of the confidence's range that are held against what is right.
var bins = [][2]float64{{0, .2}, {.2, .4}, {.4, .6}, {.6, .8}, {.8, math.Inf(1)}}

// bin returns how many have a confidence in that part, its mean, and the share that is right.
func (b believed) bin(of [2]float64) (n int, mean, right float64) {
	for i, c := range b.confidence {
		if c >= of[0] && c < of[1] {
			n++
			mean += c
			if b.right[i] {
				right++
			}
		}
	}
	return n, mean / float64(n), right / float64(n)
}

// off is the expected calibration error: how far the confidence is from the share that is right,
// 0–1, the mean over the bins by how many they hold. NaN of nothing.
func (b believed) off() (sum float64) {
	for _, of := range bins {
		if n, mean, right := b.bin(of); n > 0 {
			sum += float64(n) * math.Abs(mean-right)
		}
	}
	return sum / float64(len(b.confidence))
}

// of returns a number of every row that an engine made.
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

// middle is the median; NaN of nothing.
func middle(v []float64) float64 {
	if len(v) == 0 {
		return math.NaN()
	}
	v = slices.Sorted(slices.Values(v))
	return v[len(v)/2]
}

// number writes v, or a dash for what isn't known.
func number(format string, v float64) string {
	if math.IsNaN(v) {
		return "-"
	}
	return fmt.Sprintf(format, v)
}

// columns are the table's.
var columns = []string{
	"set", "engine", "n", "IoU", "lowest", "edge px", "BF@2px", "band", "judged", "P", "M", "U", "AUC", "calibration", "passed", "wrong", "CPU ms", "most", "runs", "MB",
}

// explained says how the table is read.
const explained = `IoU, boundary px (edge px: the median picture's), BF@2px and band (coverage error within 6 px of the outline) are of pictures with known coverage.
P, M, U: publishable, minor flaw, unusable, as a person judged. AUC: of the confidence, for what is publishable (known coverage: IoU from .95).
calibration: the expected error of the confidence. passed, wrong: passed without a person (confidence from %.2f), and of them not publishable.
CPU ms: mean and most processor time a picture, of all processes. runs: the same in runs of the bare model on the same picture, which does not depend on
how fast or busy a machine is. MB: peak memory of all processes.

`

// aligned writes tables with even columns.
func aligned(w io.Writer) *tabwriter.Writer { return tabwriter.NewWriter(w, 0, 0, 2, ' ', 0) }

func line(w io.Writer, cells ...string) { fmt.Fprintln(w, strings.Join(cells, "\t")) }

// table prints a line for each set and engine.
func table(w io.Writer, sets []set) {
	fmt.Fprintf(w, explained, cutout.ReviewBelow)
	t := aligned(w)
	line(t, columns...)
	for i := range sets {
		for e := range engines {
			if cells := sets[i].cells(e); cells != nil {
				line(t, append([]string{sets[i].name, engineNames[e]}, cells...)...)
			}
		}
	}
	_ = t.Flush()
	fmt.Fprintln(w)
}

// cells are those of the columns after the set's and the engine's names; nil where the engine
// made nothing.
func (s *set) cells(e int) (c []string) {
	n := len(of(s.rows, e, func(row) float64 { return 0 }))
	if n == 0 {
		return nil
	}
	c = append(c, fmt.Sprint(n))
	if s.truth {
		iou := of(s.rows, e, func(r row) float64 { return r.scored[e].IoU })
		c = append(c, number("%.4f", mean(iou)), number("%.3f", slices.Min(iou)),
			number("%.2f", middle(of(s.rows, e, func(r row) float64 { return r.scored[e].Boundary }))),
			number("%.3f", mean(of(s.rows, e, func(r row) float64 { return r.scored[e].BF }))),
			number("%.4f", mean(of(s.rows, e, func(r row) float64 { return r.scored[e].Band }))), "-", "-", "-", "-")
	} else {
		c = append(c, "-", "-", "-", "-", "-")
		count, judged := map[string]int{}, 0
		for _, r := range s.rows {
			if verdict := s.judged[r.name][e]; verdict != "" && r.result[e] != nil {
				count[verdict]++
				judged++
			}
		}
		if c = append(c, fmt.Sprint(judged)); judged == 0 {
			c = append(c, "-", "-", "-")
		} else {
			c = append(c, fmt.Sprint(count[publishable]), fmt.Sprint(count[minorFlaw]), fmt.Sprint(count[unusable]))
		}
	}
	if b := s.believed(e); len(b.right) > 0 {
		passed, wrong := b.passed()
		c = append(c, number("%.3f", cutouttest.AUC(b.confidence, b.right)), number("%.3f", b.off()), fmt.Sprint(passed), fmt.Sprint(len(wrong)))
	} else {
		c = append(c, "-", "-", "-", "-")
	}
	cpu := of(s.rows, e, func(r row) float64 { return r.cost[e].cpu })
	return append(c, number("%.0f", mean(cpu)), number("%.0f", slices.Max(cpu)), number("%.2f", inRuns(s.rows, e)),
		number("%.0f", slices.Max(of(s.rows, e, func(r row) float64 { return float64(r.cost[e].peakKB) / 1024 }))))
}

// inRuns is an engine's processor time in runs of the bare model: the median of pictures. NaN
// without a model.
func inRuns(rows []row, e int) float64 {
	var v []float64
	for _, r := range rows {
		if r.result[e] != nil && r.bare > 0 {
			v = append(v, r.cost[e].cpu/r.bare)
		}
	}
	return middle(v)
}

// The reach of joined cut-outs with a model, a photo of 2 MP on one core, in seconds: 3.0 without
// a second look and 5.5 with it, set on a machine on which a run of the bare model took 1.6 to 1.9.
var (
	reachSeconds = [...]float64{1: 3.0, 2: 5.5}
	reachBare    = [2]float64{1.6, 1.9}
)

// looks prints what cut-outs cost by how often their network was asked.
func looks(w io.Writer, rows []row) {
	t := aligned(w)
	line(t, "engine", "looks", "n", "CPU ms", "most", "runs", "reach")
	var bare []float64
	for _, r := range rows {
		if r.bare > 0 {
			bare = append(bare, r.bare)
		}
	}
	if len(bare) > 0 {
		line(t, "bare model", "1", fmt.Sprint(len(bare)), number("%.0f", mean(bare)), number("%.0f", slices.Max(bare)), "1.00", "-")
	}
	for _, e := range []int{joined, builtIn} {
		by := map[int][]row{}
		for _, r := range rows {
			if r.result[e] != nil {
				by[r.cost[e].looks] = append(by[r.cost[e].looks], r)
			}
		}
		most := 0
		for n := range by {
			most = max(most, n)
		}
		for n := range most + 1 {
			if len(by[n]) == 0 {
				continue
			}
			reach := "-"
			if e == joined && n > 0 {
				most := reachSeconds[min(n, len(reachSeconds)-1)] // a third look has the reach of a second
				reach = fmt.Sprintf("%.1f s where a run takes %.1f to %.1f s: %.2f to %.2f runs", most, reachBare[0], reachBare[1], most/reachBare[1], most/reachBare[0])
			}
			cpu := of(by[n], e, func(r row) float64 { return r.cost[e].cpu })
			line(t, engineNames[e], fmt.Sprint(n), fmt.Sprint(len(cpu)), number("%.0f", mean(cpu)), number("%.0f", slices.Max(cpu)), number("%.2f", inRuns(by[n], e)), reach)
		}
	}
	_ = t.Flush()
	fmt.Fprintln(w)
}

// reliability prints, for each part of the confidence's range, its mean and the share that is
// publishable, and names what passed without a person and isn't.
func reliability(w io.Writer, sets []set) {
	t := aligned(w)
	head := []string{"mean confidence > share publishable (n)", "engine"}
	for _, b := range bins {
		head = append(head, fmt.Sprintf("%.1f-%.1f", b[0], min(b[1], 1)))
	}
	line(t, head...)
	var wrong []string
	for i := range sets {
		for e := range engines {
			b := sets[i].believed(e)
			if !sets[i].whole || len(b.right) == 0 {
				continue
			}
			cells := []string{sets[i].name, engineNames[e]}
			for _, of := range bins {
				if n, mean, right := b.bin(of); n > 0 {
					cells = append(cells, fmt.Sprintf("%.2f > %.2f (%d)", mean, right, n))
				} else {
					cells = append(cells, "-")
				}
			}
			line(t, cells...)
			_, bad := b.passed()
			for _, k := range bad {
				wrong = append(wrong, fmt.Sprintf("%s, %s: %s, confidence %.2f", sets[i].name, engineNames[e], b.names[k], b.confidence[k]))
			}
		}
	}
	_ = t.Flush()
	fmt.Fprintln(w)
	if len(wrong) > 0 {
		fmt.Fprintf(w, "passed without a person and not publishable:\n  %s\n\n", strings.Join(wrong, "\n  "))
	}
}

// photographs prints each photograph's confidences and verdicts.
func photographs(w io.Writer, s set) {
	t := aligned(w)
	head := []string{"photograph"}
	var shown []int
	for e := range engines {
		if !masksAlone(e) && len(of(s.rows, e, func(row) float64 { return 0 })) > 0 {
			shown = append(shown, e)
			head = append(head, engineNames[e])
		}
	}
	line(t, append(head, "why a person looks at it")...)
	for _, r := range s.rows {
		cells, reason := []string{r.name}, ""
		for _, e := range shown {
			cells = append(cells, strings.TrimSpace(fmt.Sprintf("%.2f %s", r.result[e].Confidence, s.judged[r.name][e])))
			if e != builtIn || reason == "" {
				reason = r.result[e].ReviewReason
			}
		}
		line(t, append(cells, reason)...)
	}
	_ = t.Flush()
	if without := s.judged.without(s.rows); len(without) > 0 {
		fmt.Fprintf(w, "judged, and no photograph here: %s\n", strings.Join(without, ", "))
	}
	fmt.Fprintln(w)
}
