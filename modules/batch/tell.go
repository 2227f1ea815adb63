package batch

import (
	"encoding/json"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/opal-photo/opal/modules/channel"
	"github.com/opal-photo/opal/modules/filename"
	"github.com/opal-photo/opal/modules/picture"
)

// sum tells people what came of a run.
func (r *run) sum() {
	rep := r.journal.report
	lines := rep.told((*Item).words, 0)
	lines = append(lines, rep.told((*Item).broken, mostTold)...)
	lines = append(lines, rep.told((*Item).notes, mostTold)...)
	lines = append(lines, rep.twins()...)
	lines = append(lines, rep.mirrored()...)
	t := rep.Totals
	if t.PassedOver > 0 {
		lines = append(lines, fmt.Sprintf("%d passed over: OPAL made them (--own takes them for photos)", t.PassedOver))
	}
	if n := len(rep.Earlier); n > 0 {
		lines = append(lines, fmt.Sprintf("%d files of earlier runs, which this one didn't make, are still in %s: %s; opal process --resume with their photos takes them over, and what isn't wanted can be deleted",
			n, filename.Show(r.Dir), namedFiles(rep.Earlier)))
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

// namedFiles names the first of some files.
func namedFiles(files []File) string {
	var names []string
	for _, f := range files {
		names = append(names, f.Path)
	}
	return filesNamed(names)
}

// mirrored tells of pictures whose scene is lit from the other side than most in the same scene
// are: side by side that is seen first.
func (r *Report) mirrored() []string {
	lit := map[string]map[string]int{} // by scene and side
	for _, it := range r.Items {
		if it.Status != Completed || it.Fidelity == nil || it.Fidelity.Seen == nil || it.Fidelity.Seen.Light == "" {
			continue
		}
		if lit[it.Scene] == nil {
			lit[it.Scene] = map[string]int{}
		}
		lit[it.Scene][it.Fidelity.Seen.Light]++
	}
	odd, all := 0, 0
	for _, sides := range lit {
		left, right := sides[picture.LightLeft], sides[picture.LightRight]
		odd, all = odd+min(left, right), all+left+right
	}
	if odd == 0 {
		return nil
	}
	return []string{fmt.Sprintf("%d of %d pictures are lit from the other side than the others of their scene, as their photos are: --light left, or right, has all alike", odd, all)}
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
	return bounded(lines, mostTold)
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

// said is something to be told of an item: a photo's scenes of which the same is said are told
// together.
type said struct {
	alike string // what is the same in scenes that are told together
	text  string
	short string // text without what differs between scenes; "": text is told of the first
}

// told is what is to be said of the items: once for a photo, with the scenes of which it is, as
// many lines as most, and how many more there are; 0: all.
func (r *Report) told(of func(*Item) []said, most int) (lines []string) {
	type about struct {
		said
		scenes []string
		photo  string
	}
	var order []*about
	known, scenes := map[[2]string]*about{}, map[string]int{}
	for _, it := range r.Items {
		scenes[it.File]++
		for _, w := range of(it) {
			key := [2]string{it.File, w.alike}
			a := known[key]
			if a == nil {
				a = &about{said: w, photo: it.File}
				known[key], order = a, append(order, a)
			} else if a.text != w.text && a.short != "" {
				a.text = a.short
			}
			if !slices.Contains(a.scenes, it.Scene) {
				a.scenes = append(a.scenes, it.Scene)
			}
		}
	}
	for _, a := range order {
		line := a.text
		switch n := len(a.scenes); {
		case scenes[a.photo] == 1:
		case n > mostNamed:
			line += fmt.Sprintf(" (%d scenes)", n)
		default:
			line += " (" + strings.Join(a.scenes, ", ") + ")"
		}
		lines = append(lines, line)
	}
	return bounded(lines, most)
}

const (
	mostTold  = 20 // lines of one kind; all is in the report
	mostNamed = 2  // scenes; more are counted
)

// bounded leaves out what is more than so many lines, and says how much; 0: nothing.
func bounded(lines []string, most int) []string {
	if n := len(lines); most > 0 && n > most {
		return append(lines[:most], fmt.Sprintf("        ... and %d more, which are in the report", n-most))
	}
	return lines
}

// words say that an item failed, or why a person is to look at it.
func (it *Item) words() []said {
	name := filename.Show(it.File)
	var line string
	switch {
	case it.Status == Failed:
		line = "failed  " + name + ": " + printable(*it.Error)
	case it.Status == Completed && it.NeedsReview:
		line = "review  " + name + ": " + printable(it.ReviewReason)
	default:
		return nil
	}
	return []said{{alike: line, text: line}}
}

var digits = regexp.MustCompile(`[0-9.]+`)

// notes are what of the wishes a picture doesn't follow, and why.
func (it *Item) notes() (all []said) {
	if it.Status != Completed || it.Fidelity == nil || it.Fidelity.Note == "" {
		return nil
	}
	for _, note := range strings.Split(it.Fidelity.Note, "; ") {
		line := "note    " + filename.Show(it.File) + ": " + printable(note)
		all = append(all, said{alike: digits.ReplaceAllString(line, "#"), text: line}) // other figures in each scene
	}
	return all
}

// broken are the rules that an item breaks: one line for each, however many variants
// break it.
func (it *Item) broken() (all []said) {
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
		line := func(measured string) string {
			return fmt.Sprintf("%-7s %s: %s (%swanted %s) in %s", b.severity, name, b.rule, measured, b.wanted, strings.Join(presets[b], ", "))
		}
		w := said{alike: line(""), text: line(""), short: line("")}
		if b.measured != "" {
			w.text = line(b.measured + ", ")
		}
		all = append(all, w)
	}
	return all
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
