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
	"github.com/opal-photo/opal/modules/pipeline"
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
	what  string // the line's first word
	alike string // what is the same in scenes that are told together
	text  string
	short string // text without what differs between scenes; "": text is told of the first
	// shared says that photos of which the same is said of the same scenes are told together, too.
	shared bool
}

// about is something that is told once, of which scenes of which photos.
type about struct {
	said
	photos, scenes []string
	of             int // scenes that the photo has
}

// told is what is to be said of the items: once for a photo, with the scenes of which it is, as
// many lines as most, and how many more there are; 0: all.
func (r *Report) told(of func(*Item) []said, most int) (lines []string) {
	var order []*about
	known, scenes := map[[3]string]*about{}, map[string]int{}
	for _, it := range r.Items {
		scenes[it.File]++
		for _, w := range of(it) {
			key := [3]string{it.File, w.what, w.alike}
			a := known[key]
			if a == nil {
				a = &about{said: w, photos: []string{it.File}}
				known[key], order = a, append(order, a)
			} else if a.text != w.text && a.short != "" {
				a.text = a.short
			}
			if !slices.Contains(a.scenes, it.Scene) {
				a.scenes = append(a.scenes, it.Scene)
			}
		}
	}
	merged := map[string]*about{}
	for _, a := range order {
		if a.of = scenes[a.photos[0]]; !a.shared {
			continue
		}
		key := a.alike + strings.Join(a.scenes, " ")
		if first := merged[key]; first != nil {
			first.photos, a.photos = append(first.photos, a.photos...), nil
		} else {
			merged[key] = a
		}
	}
	for _, a := range order {
		if len(a.photos) > 0 {
			lines = append(lines, a.String())
		}
	}
	return bounded(lines, most)
}

// String is the line.
func (a *about) String() string {
	photos := filename.Show(a.photos[0])
	if n := len(a.photos) - 1; n > 0 {
		photos += fmt.Sprintf(" and %d more", n)
	}
	line := fmt.Sprintf("%-7s %s: %s", a.what, photos, a.text)
	switch n := len(a.scenes); {
	case a.of == 1:
		return line
	case n > mostNamed:
		return line + fmt.Sprintf(" (%d scenes)", n)
	}
	return line + " (" + strings.Join(a.scenes, ", ") + ")"
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
	switch {
	case it.Status == Failed:
		return []said{{what: "failed", alike: *it.Error, text: printable(*it.Error)}}
	case it.Status == Completed && it.NeedsReview:
		return []said{{what: "review", alike: it.ReviewReason, text: printable(it.ReviewReason)}}
	}
	return nil
}

var digits = regexp.MustCompile(`[0-9.]+`)

// notes are what of the wishes a picture doesn't follow, and why, and a product that they have
// the frame cut off or show with few pixels.
func (it *Item) notes() (all []said) {
	if it.Status != Completed {
		return nil
	}
	var notes []string
	for _, c := range it.Concerns {
		if c.Kind == pipeline.ConcernCropped || c.Kind == pipeline.ConcernTiny {
			notes = append(notes, c.Text)
		}
	}
	if it.Fidelity != nil && it.Fidelity.Note != "" {
		notes = append(notes, strings.Split(it.Fidelity.Note, "; ")...)
	}
	for _, note := range notes {
		alike := digits.ReplaceAllString(note, "#") // other figures in each scene
		all = append(all, said{what: "note", alike: alike, text: printable(note), shared: alike == note})
	}
	return all
}

// broken are the rules that an item breaks: one line for each, however many variants
// break it. Of a rule with several limits the gravest counts.
func (it *Item) broken() (all []said) {
	type broken struct{ severity, rule, measured, wanted string }
	var order []broken
	presets := map[broken][]string{}
	for _, v := range it.Variants {
		refused := map[string]bool{}
		for _, c := range v.Checks {
			refused[c.Rule] = refused[c.Rule] || !c.Passed && c.Severity == string(channel.Reject)
		}
		for _, c := range v.Checks {
			b := broken{c.Severity, c.Rule, c.Measured, c.Wanted}
			if c.Rule == "enlargement" {
				b.measured = "" // another figure for each size
			}
			if c.Passed || c.Severity == string(channel.Advice) || refused[c.Rule] && c.Severity != string(channel.Reject) {
				continue
			}
			if presets[b] == nil {
				order = append(order, b)
			}
			presets[b] = append(presets[b], v.Preset)
		}
	}
	for _, b := range order {
		line := func(measured string) string {
			return fmt.Sprintf("%s (%swanted %s) in %s", b.rule, measured, b.wanted, strings.Join(presets[b], ", "))
		}
		w := said{what: b.severity, alike: line(""), text: line(""), short: line("")}
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
