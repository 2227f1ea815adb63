package batch

import (
	"encoding/json"
	"fmt"
	"path"
	"strings"

	"github.com/opal-photo/opal/modules/channel"
	"github.com/opal-photo/opal/modules/filename"
)

// sum tells people what came of a run.
func (r *run) sum() {
	rep := r.journal.report
	var lines []string
	var broken []string
	for _, it := range rep.Items {
		lines = append(lines, it.words()...)
		broken = append(broken, it.broken()...)
	}
	if len(broken) > mostBroken {
		broken = append(broken[:mostBroken], fmt.Sprintf("        ... and %d more", len(broken)-mostBroken))
	}
	lines = append(lines, broken...)
	lines = append(lines, rep.twins()...)
	t := rep.Totals
	if t.PassedOver > 0 {
		lines = append(lines, fmt.Sprintf("%d passed over: OPAL made them (--own takes them for photos)", t.PassedOver))
	}
	if n := len(rep.Earlier); n > 0 {
		lines = append(lines, fmt.Sprintf("%d files of earlier runs are still in %s", n, filename.Show(r.Dir)))
	}
	if n := rep.doubtful(); n > 0 {
		lines = append(lines, fmt.Sprintf("%d to be looked at before they are used are in %s", n, filename.Show(r.folder.shown(reviewFolder))))
	}
	end := fmt.Sprintf("%d finished (%d to be reviewed), %d failed", t.Completed, t.NeedsReview, t.Failed)
	if t.Rejected+t.Warned > 0 {
		lines = append(lines, fmt.Sprintf("%d variants: %d rejected, %d with a warning", t.Variants, t.Rejected, t.Warned))
	}
	if t.Reused > 0 {
		end += fmt.Sprintf(", %d taken from the run before", t.Reused)
	}
	if rep.State == Interrupted {
		end = fmt.Sprintf("interrupted: %s, %d not done; --resume goes on", end, t.Pending)
	}
	r.say(append(lines, end+"; see "+filename.Show(r.folder.shown(reportName))))
}

// twins tells of files that hold the same photo, byte for byte: each was made.
func (r *Report) twins() (lines []string) {
	first, told := map[string]string{}, map[string]bool{}
	for _, it := range r.Items {
		if it.SHA256 == "" || it.Status == Failed {
			continue
		}
		switch other, there := first[it.SHA256]; {
		case !there:
			first[it.SHA256] = it.File
		case other != it.File && !told[it.File]:
			told[it.File] = true
			lines = append(lines, fmt.Sprintf("same    %s: the same photo as %s, byte for byte; both were made", filename.Show(it.File), filename.Show(other)))
		}
	}
	if n := len(lines); n > mostBroken {
		lines = append(lines[:mostBroken], fmt.Sprintf("        ... and %d more", n-mostBroken))
	}
	return lines
}

// doubtful counts the items whose files are in the folder for what has to be looked at.
func (r *Report) doubtful() (n int) {
	for _, it := range r.Items {
		if len(it.Files) > 0 && strings.HasPrefix(it.Files[0].Path, reviewFolder+"/") {
			n++
		}
	}
	return n
}

// words are what is to be said of an item.
func (it *Item) words() (lines []string) {
	name := filename.Show(it.File)
	switch {
	case it.Status == Failed:
		return []string{"failed  " + name + ": " + printable(*it.Error)}
	case it.Status != Completed:
		return nil
	case it.NeedsReview:
		lines = append(lines, "review  "+name+": "+printable(it.ReviewReason))
	}
	return lines
}

// mostBroken bounds how many broken rules are told; all are in the report.
const mostBroken = 20

// broken are the rules that an item breaks: one line for each, however many variants
// break it.
func (it *Item) broken() (lines []string) {
	name := filename.Show(it.File)
	type broken struct{ severity, rule, measured, wanted string }
	var order []broken
	presets := map[broken][]string{}
	for _, v := range it.Variants {
		for _, c := range v.Checks {
			b := broken{c.Severity, c.Rule, c.Measured, c.Wanted}
			if c.Rule == "enlargement" {
				b.measured = "" // another figure for each size
			}
			if !c.Passed && c.Severity != string(channel.Advice) {
				if presets[b] == nil {
					order = append(order, b)
				}
				presets[b] = append(presets[b], v.Preset)
			}
		}
	}
	for _, b := range order {
		measured := ""
		if b.measured != "" {
			measured = b.measured + ", "
		}
		lines = append(lines, fmt.Sprintf("%-7s %s: %s (%swanted %s) in %s", b.severity, name, b.rule, measured, b.wanted, strings.Join(presets[b], ", ")))
	}
	return lines
}

// printable takes out of words what would move the cursor: they may quote a name.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 {
			return '?'
		}
		return r
	}, s)
}

// rehearse tells what a run would make, and what is in its way.
func (r *run) rehearse(items []work) error {
	failed := 0
	for _, w := range items {
		would := r.would(w)
		if would.Error != "" {
			failed++
		}
		if r.JSON {
			if err := json.NewEncoder(r.Out).Encode(would); err != nil {
				return err
			}
			continue
		}
		fmt.Fprintln(r.Out, would)
	}
	if failed > 0 {
		return ErrFailed
	}
	return nil
}

// Would is what a run would make of a photo in a scene.
type Would struct {
	File       string   `json:"file"`
	Scene      string   `json:"scene"`
	PassedOver bool     `json:"passed_over,omitempty"` // OPAL made it
	Error      string   `json:"error,omitempty"`       // why nothing would be made
	Folder     string   `json:"folder,omitempty"`
	Files      []string `json:"files,omitempty"` // of the presets, beside the output and the cut-out
}

// would looks at what a run would make of an item.
func (r *run) would(w work) Would {
	out := Would{File: w.photo.Path, Scene: w.item.Scene}
	if w.photo.Own && !r.Own {
		out.PassedOver = true
		return out
	}
	err := w.photo.Err
	if err == nil {
		err = r.free(w)
	}
	if err != nil {
		out.Error = printable(err.Error())
		return out
	}
	out.Folder = r.folder.shown(path.Clean(w.dir))
	for _, n := range w.presets {
		if p, ok := channel.Find(n); ok {
			out.Files = append(out.Files, variantName(p))
		}
	}
	return out
}

// String is a line for people.
func (w Would) String() string {
	name := filename.Show(w.File)
	switch {
	case w.PassedOver:
		return name + ": would be passed over: OPAL made it"
	case w.Error != "":
		return name + ": would fail: " + w.Error
	}
	return fmt.Sprintf("%s -> %s: output, cut-out, %s", name, w.Folder, strings.Join(w.Files, ", "))
}
