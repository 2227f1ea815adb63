package batch

import (
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"strings"

	"github.com/opal-photo/opal/modules/channel"
	"github.com/opal-photo/opal/modules/check"
	"github.com/opal-photo/opal/modules/filename"
)

//go:embed check_page.html
var checkPage string

var page = template.Must(template.New("check").Funcs(template.FuncMap{
	"thumb": func(it *CheckedItem) template.URL {
		return template.URL("data:image/jpeg;base64," + base64.StdEncoding.EncodeToString(it.thumb)) // base64 holds nothing that ends an attribute
	},
	"hasThumb": func(it *CheckedItem) bool { return len(it.thumb) > 0 },
	"findings": func(it *CheckedItem, severity string) (out []finding) {
		for _, f := range it.findings() {
			if f.check.Severity == severity || severity == "serious" && f.check.Severity != string(channel.Advice) {
				out = append(out, f)
			}
		}
		return out
	},
	"kind": func(f finding) string {
		if f.check.Unsure {
			return unsure
		}
		return f.check.Severity
	},
	"name":    filename.Show,
	"text":    printable,
	"rule":    func(f finding) string { return strings.ReplaceAll(f.check.Rule, "_", " ") },
	"check":   func(f finding) check.Check { return f.check },
	"presets": func(f finding) string { return strings.Join(f.presets, ", ") },
	"size":    func(n int) string { return check.Size(float64(n)) },
	"of":      func(p *check.Located) string { return fmt.Sprintf("%.2f", p.Confidence) },
	"most":    func(r *CheckReport) []string { return r.most() },
	"fits":    func(it *CheckedItem) string { return it.fits() },
	"sums":    func(r *CheckReport) []string { return r.sums() },
	"worst": func(items []*CheckedItem) (out []*CheckedItem) {
		for _, status := range []string{couldNotRead, Rejected, Warned, unsure, Passed, Pending} {
			for _, it := range items {
				if it.Status == status {
					out = append(out, it)
				}
			}
		}
		return out
	},
	"source": func(r *CheckReport, f finding) template.HTML {
		for _, p := range r.Presets {
			if p.Name != f.presets[0] {
				continue
			}
			for _, rule := range p.preset.Rules {
				if rule.Name != f.check.Rule || rule.Source.Title != f.check.Source {
					continue
				}
				text := template.HTMLEscapeString(rule.Source.Title)
				if u, ok := webAddress(rule.Source.Address); ok {
					text = `<a rel="noreferrer" href="` + template.HTMLEscapeString(u.String()) + `">` + text + "</a>"
				}
				return template.HTML(text + ", seen " + template.HTMLEscapeString(rule.Source.Seen)) // escaped above
			}
		}
		return ""
	},
}).Parse(checkPage))

// writeHTML writes one page that loads nothing from elsewhere.
func writeHTML(w io.Writer, r *CheckReport, _ CheckOptions) error { return page.Execute(w, r) }
