package batch

import (
	"slices"
	"time"

	"github.com/opal-photo/opal/modules/channel"
	"github.com/opal-photo/opal/modules/check"
)

// The verdicts on a picture, for one preset and for all.
const (
	Passed       = check.Passed
	Warned       = check.Warned
	unsure       = check.Unsure
	couldNotRead = "failed"
)

// CheckReport is what a check of pictures came to.
type CheckReport struct {
	Tool       string         `json:"tool"` // "opal"
	Command    string         `json:"command"`
	Version    string         `json:"version"`
	State      string         `json:"state"`
	StartedAt  time.Time      `json:"started_at"`
	DurationMS int64          `json:"duration_ms"`
	AsOf       string         `json:"as_of"`          // the day whose rules counted
	Note       string         `json:"note,omitempty"` // which channels were meant, where none was named
	Presets    []CheckPreset  `json:"presets"`
	Totals     CheckTotals    `json:"totals"`
	Common     []Common       `json:"most_common"` // what is wrong with more than one picture, the most frequent first
	Items      []*CheckedItem `json:"items"`
}

// CheckPreset is a preset that pictures were held against, and how many did how.
type CheckPreset struct {
	Name     string `json:"name"`
	Title    string `json:"title"`
	Channel  string `json:"channel"`
	Pictures int    `json:"pictures"`
	Passed   int    `json:"passed"`
	Warned   int    `json:"warned"`
	Rejected int    `json:"rejected"`
	Unsure   int    `json:"unsure"`

	preset channel.Preset
}

// CheckTotals count pictures by their worst verdict.
type CheckTotals struct {
	Pictures int `json:"pictures"`
	Passed   int `json:"passed"`
	Warned   int `json:"warned"`
	Rejected int `json:"rejected"`
	Unsure   int `json:"unsure"`
	Failed   int `json:"failed"`  // that couldn't be read
	Breaks   int `json:"breaks"`  // that do worse on the day of AsOf than today
	Fixable  int `json:"fixable"` // of the rejected and warned: those that --fix makes anew
	Fixed    int `json:"fixed"`   // of the rejected and warned: finished files that keep all rules were made
	Pending  int `json:"pending"`
}

// CheckedItem is one picture.
type CheckedItem struct {
	File     string         `json:"file"`
	SKU      string         `json:"sku,omitempty"`
	Slot     string         `json:"slot,omitempty"`
	Status   string         `json:"status"` // passed, warned, rejected, unsure, failed, pending
	Error    string         `json:"error,omitempty"`
	Code     string         `json:"code,omitempty"`
	Format   string         `json:"format,omitempty"`
	Width    int            `json:"width,omitempty"`
	Height   int            `json:"height,omitempty"`
	Bytes    int            `json:"bytes,omitempty"`
	Product  *check.Located `json:"product"` // null where no rule asked for it
	Presets  []Verdict      `json:"presets"`
	Fixed    []Fixed        `json:"fixed,omitempty"`
	thumb    []byte         // a JPEG with the reasons drawn on it
	needsFix []string       // presets
}

// Common is a rule that several pictures break.
type Common struct {
	Rule     string `json:"rule"`
	Pictures int    `json:"pictures"`
	Advice   string `json:"advice,omitempty"`
}

// Verdict is a picture held against one preset.
type Verdict struct {
	Preset string        `json:"preset"`
	Status string        `json:"status"`
	Today  string        `json:"today,omitempty"` // the status by today's rules, where it is another
	Checks []check.Check `json:"checks"`
}

// Fixed is a finished file that was made of a picture.
type Fixed struct {
	Preset string        `json:"preset"`
	File   string        `json:"file"`
	Status string        `json:"status"` // by the same rules
	Checks []check.Check `json:"checks"`
}

// settle gives an item the worst of its verdicts.
func (it *CheckedItem) settle() {
	it.Status = Passed
	for _, v := range it.Presets {
		if check.Worse(v.Status, it.Status) {
			it.Status = v.Status
		}
	}
}

// breaks reports whether a picture does worse than by today's rules.
func (it *CheckedItem) breaks() bool {
	for _, v := range it.Presets {
		if v.Today != "" && check.Worse(v.Status, v.Today) {
			return true
		}
	}
	return false
}

// isFixed reports whether all that was wanted of an item was made and keeps the rules.
func (it *CheckedItem) isFixed() bool {
	good := 0
	for _, f := range it.Fixed {
		if f.Status == Passed {
			good++
		}
	}
	return len(it.needsFix) > 0 && good == len(it.needsFix)
}

// count sums the items up.
func (r *CheckReport) count() {
	t := CheckTotals{Pictures: len(r.Items)}
	by := map[string]*CheckPreset{}
	for i := range r.Presets {
		p := &r.Presets[i]
		p.Pictures, p.Passed, p.Warned, p.Rejected, p.Unsure = 0, 0, 0, 0, 0
		by[p.Name] = p
	}
	tally := func(status string, passed, warned, rejected, unknown *int) {
		switch status {
		case Passed:
			*passed++
		case Warned:
			*warned++
		case Rejected:
			*rejected++
		case unsure:
			*unknown++
		}
	}
	for _, it := range r.Items {
		tally(it.Status, &t.Passed, &t.Warned, &t.Rejected, &t.Unsure)
		switch it.Status {
		case couldNotRead:
			t.Failed++
		case Pending:
			t.Pending++
		}
		if it.breaks() {
			t.Breaks++
		}
		if len(it.needsFix) > 0 {
			t.Fixable++
		}
		if it.isFixed() {
			t.Fixed++
		}
		for _, v := range it.Presets {
			if p := by[v.Preset]; p != nil {
				p.Pictures++
				tally(v.Status, &p.Passed, &p.Warned, &p.Rejected, &p.Unsure)
			}
		}
	}
	r.Totals = t
	r.Common = common(r.Items)
}

// common counts the pictures that break a rule by which they are rejected or warned of. A
// few rules tell most of a report.
func common(items []*CheckedItem) []Common {
	const most = 5
	out := []Common{}
	for _, it := range items {
		counted := map[string]bool{}
		for _, v := range it.Presets {
			for _, c := range v.Checks {
				if !c.Broken() || c.Severity == string(channel.Advice) || counted[c.Rule] {
					continue
				}
				counted[c.Rule] = true
				i := slices.IndexFunc(out, func(o Common) bool { return o.Rule == c.Rule })
				if i < 0 {
					i = len(out)
					out = append(out, Common{Rule: c.Rule, Advice: c.Advice})
				}
				out[i].Pictures++
			}
		}
	}
	out = slices.DeleteFunc(out, func(c Common) bool { return c.Pictures < 2 })
	slices.SortStableFunc(out, func(a, b Common) int { return b.Pictures - a.Pictures })
	return out[:min(len(out), most)]
}

// fail reports whether a check counts as failed.
func (t CheckTotals) fail(onWarn bool) bool {
	return t.Failed > 0 || t.Rejected > 0 || onWarn && t.Warned > 0
}
