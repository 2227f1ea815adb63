package batch

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/opal-photo/opal/modules/channel"
	"github.com/opal-photo/opal/modules/check"
	"github.com/opal-photo/opal/modules/filename"
)

// writeTable writes for people at a terminal: the pictures with what is wrong with
// each, then a table of presets.
func writeTable(w io.Writer, r *CheckReport, o CheckOptions) error {
	for _, it := range r.Items {
		for _, l := range it.lines(o.Advice) {
			if _, err := fmt.Fprintln(w, l); err != nil {
				return err
			}
		}
	}
	t := tabwriter.NewWriter(w, 0, 8, 2, ' ', tabwriter.AlignRight)
	if len(r.Presets) > 0 { // else no picture could be read
		fmt.Fprintln(t, "preset\tpictures\tpassed\twarned\trejected\tunsure\t")
	}
	for _, p := range r.Presets {
		fmt.Fprintf(t, "%s\t%d\t%d\t%d\t%d\t%d\t\n", p.Name, p.Pictures, p.Passed, p.Warned, p.Rejected, p.Unsure)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	for _, l := range append(r.most(), r.sums()...) {
		if _, err := fmt.Fprintln(w, l); err != nil {
			return err
		}
	}
	return nil
}

// most says in words what is wrong with most pictures, and what to do.
func (r *CheckReport) most() (lines []string) {
	for _, c := range r.Common {
		line := fmt.Sprintf("%d of %d: %s", c.Pictures, r.Totals.Pictures, strings.ReplaceAll(c.Rule, "_", " "))
		if c.Advice != "" {
			line += ". " + c.Advice
		}
		lines = append(lines, line)
	}
	if len(lines) > 0 {
		lines = append([]string{"most common:"}, lines...)
	}
	return lines
}

// sums are the report's totals in words.
func (r *CheckReport) sums() (lines []string) {
	t := r.Totals
	pictures := "pictures"
	if t.Pictures == 1 {
		pictures = "picture"
	}
	line := fmt.Sprintf("%d %s: %d passed, %d with warnings, %d rejected", t.Pictures, pictures, t.Passed, t.Warned, t.Rejected)
	if t.Unsure > 0 {
		line += fmt.Sprintf(", %d unsure", t.Unsure)
	}
	if t.Failed > 0 {
		line += fmt.Sprintf(", %d not readable", t.Failed)
	}
	if t.Pending > 0 {
		line = fmt.Sprintf("interrupted: %s, %d not checked", line, t.Pending)
	}
	lines = append(lines, line+"; by the rules of "+r.AsOf)
	if r.Note != "" {
		lines = append(lines, r.Note)
	}
	if t.Breaks > 0 {
		lines = append(lines, fmt.Sprintf("%d do worse on %s than today", t.Breaks, r.AsOf))
	}
	if t.Fixable > 0 && t.Fixed == 0 {
		lines = append(lines, fmt.Sprintf("--fix DIR has OPAL make finished files of %d of them", t.Fixable))
	}
	if t.Fixed > 0 {
		lines = append(lines, fmt.Sprintf("%d were fixed: files that keep the rules were made", t.Fixed))
	}
	if t.Unsure > 0 {
		lines = append(lines, "unsure: the product was not found for certain; give a mask (--masks DIR) to decide")
	}
	return lines
}

// lines are what is to be said of an item, nothing when it keeps all rules.
func (it *CheckedItem) lines(advice bool) (lines []string) {
	name := filename.Show(it.File)
	switch it.Status {
	case couldNotRead:
		return []string{name + ": " + printable(it.Error), ""}
	case Pending:
		return nil
	}
	for _, f := range it.findings() {
		if f.check.Severity == string(channel.Advice) && !advice {
			continue
		}
		kind := f.check.Severity
		if f.check.Unsure {
			kind = "unsure"
		}
		line := fmt.Sprintf("  %-7s %s: %s, wanted %s (%s)", kind, strings.ReplaceAll(f.check.Rule, "_", " "), printable(f.check.Measured), f.check.Wanted, strings.Join(f.presets, ", "))
		if f.check.Advice != "" {
			line += "\n          " + f.check.Advice
		}
		lines = append(lines, line)
	}
	if fits := it.fits(); fits != "" {
		lines = append(lines, "  keeps the rules of "+fits)
	}
	for _, v := range it.Presets {
		if v.Today != "" {
			lines = append(lines, fmt.Sprintf("  %s: %s today", v.Preset, v.Today))
		}
	}
	for _, f := range it.Fixed {
		lines = append(lines, fmt.Sprintf("  fixed   %s: %s, %s", f.Preset, filename.Show(f.File), f.Status))
	}
	if len(lines) == 0 {
		return nil
	}
	head := fmt.Sprintf("%s: %s (%d × %d %s, %s)", name, it.Status, it.Width, it.Height, it.Format, check.Size(float64(it.Bytes)))
	if p := it.Product; p != nil && !p.Certain {
		head += fmt.Sprintf("; the product was found with a confidence of only %.2f", p.Confidence)
	}
	return append(append([]string{head}, lines...), "")
}

// fits lists the presets whose rules a picture keeps, where it doesn't keep others'.
func (it *CheckedItem) fits() string {
	var names []string
	for _, v := range it.Presets {
		if v.Status == Passed {
			names = append(names, v.Preset)
		}
	}
	if len(names) == len(it.Presets) {
		return ""
	}
	return strings.Join(names, ", ")
}

// finding is a rule that a picture breaks, or may break, in some presets.
type finding struct {
	check   check.Check
	presets []string
}

// findings are the rules that are not kept, each with the presets that have it: the
// worst first. Where presets advise otherwise on the same measure, all advice is kept.
func (it *CheckedItem) findings() (out []finding) {
	for _, severity := range []channel.Severity{channel.Reject, channel.Warn, channel.Advice} {
		for _, sure := range []bool{true, false} {
			at := map[check.Check]int{}
			for _, v := range it.Presets {
				for _, c := range v.Checks {
					if c.Passed || c.Severity != string(severity) || c.Unsure == sure {
						continue
					}
					key := c
					key.Source, key.Advice = "", ""
					i, ok := at[key]
					if !ok {
						i = len(out)
						at[key] = i
						out = append(out, finding{check: c})
					} else if have := out[i].check.Advice; !strings.Contains(have, c.Advice) {
						out[i].check.Advice = have + "; for " + v.Preset + ": " + c.Advice
					}
					out[i].presets = append(out[i].presets, v.Preset)
				}
			}
		}
	}
	return out
}
