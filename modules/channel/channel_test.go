package channel

import (
	"encoding/json"
	"fmt"
	"image"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/opal-photo/opal/modules/fault"
)

// TestMain reads OPAL's own channels first: a fault in one of their files is then told by its
// name, and not as the failure of a test that happens to come first.
func TestMain(m *testing.M) {
	if _, err := read(map[string]file{}, embedded, "channels"); err != nil {
		fmt.Fprintf(os.Stderr, "modules/channel/channels: %v\n", err)
		os.Exit(1)
	}
	m.Run()
}

// Whoever writes a channel's file has the schema to read.
func TestTheSchemaSaysWhatEachFieldIs(t *testing.T) {
	b, err := embedded.ReadFile("schema.json")
	if err != nil {
		t.Fatal(err)
	}
	var doc any
	if err := json.Unmarshal(b, &doc); err != nil {
		t.Fatal(err)
	}
	fields := 0
	var walk func(at string, v any)
	walk = func(at string, v any) {
		m, _ := v.(map[string]any)
		for key, below := range m {
			properties, _ := below.(map[string]any)
			if key != "properties" {
				walk(at, below)
				continue
			}
			for name, field := range properties {
				fields++
				text, _ := field.(map[string]any)["description"].(string)
				if text == "" {
					t.Errorf("%s%s has no description", at, name)
				}
				walk(at+name+".", field)
			}
		}
	}
	walk("", doc)
	if fields < 30 {
		t.Errorf("only %d fields were found", fields)
	}
}

func TestPresetNames(t *testing.T) {
	for _, n := range []string{"amazon_main", "shopify", "etsy", "ebay", "google_shopping", "instagram_square", "instagram_portrait",
		"instagram_story", "pinterest", "facebook_ad", "web_large", "web_large_avif", "web_thumb", "cutout_png", "cutout_webp"} {
		t.Run(n, func(t *testing.T) {
			if _, ok := Find(n); !ok {
				t.Error("no such preset")
			}
		})
	}
	if err := Validate([]string{"shopify", "moon"}); err == nil {
		t.Error("an unknown preset is taken")
	}
	want := []string{"amazon_main", "shopify", "instagram_square", "instagram_story", "web_large", "cutout_png"}
	if d := cmp.Diff(want, Defaults()); d != "" {
		t.Errorf("defaults (-want +got):\n%s", d)
	}
}

func TestChannels(t *testing.T) {
	for _, name := range []string{"Amazon", "bol", "Zalando", "About You", "Otto", "Kaufland", "Walmart", "TikTok Shop", "GS1", "Website", "Shopify", "Google", "Facebook"} {
		t.Run("there is "+name, func(t *testing.T) {
			if !slices.Contains(Channels(), name) {
				t.Errorf("there is no channel %s", name)
			}
		})
	}
	for _, name := range Channels() {
		t.Run(name, func(t *testing.T) {
			presets := Of(Folder(name))
			if len(presets) == 0 {
				t.Fatal("there is none")
			}
			suffixes := map[string]bool{}
			for _, p := range presets {
				if len(presets) > 1 && (p.Suffix == "" || suffixes[p.Suffix]) {
					t.Errorf("%s: suffix %q doesn't tell it from the others", p.Name, p.Suffix)
				}
				suffixes[p.Suffix] = true
			}
		})
	}
}

// A rule last read half a year ago may have changed since. HEAD's date stands for
// today, so that the test of one commit never changes.
func TestSourcesWereSeenOfLate(t *testing.T) {
	out, err := exec.Command("git", "log", "-1", "--format=%cI").Output()
	if err != nil {
		t.Fatalf("HEAD's date: %v", err)
	}
	head, err := time.Parse(time.RFC3339, strings.TrimSpace(string(out)))
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range Presets() {
		for _, r := range p.Rules {
			seen, err := time.Parse(day, r.Source.Seen)
			if err != nil || head.Sub(seen) > 180*24*time.Hour {
				t.Errorf("%s: %s (%s) was last seen on %s: read it again, put it right and write the day: %v", p.Name, r.Name, r.Source.Title, r.Source.Seen, err)
			}
		}
	}
}

func TestRulesHoldForTheirTime(t *testing.T) {
	p, _ := Find("google_shopping")
	for name, c := range map[string]struct {
		on   string
		want []Severity
	}{
		"before":            {"2026-04-13", nil},
		"with a warning":    {"2026-11-27", []Severity{Warn}},
		"on the last day":   {"2027-01-30", []Severity{Warn}},
		"from the day on":   {"2027-01-31", []Severity{Reject}},
		"and ever since it": {"2030-01-01", []Severity{Reject}},
	} {
		t.Run(name, func(t *testing.T) {
			on, err := time.Parse(day, c.on)
			if err != nil {
				t.Fatal(err)
			}
			var got []Severity
			for _, r := range p.Rules {
				if r.Name == ShortSide && r.Limit == 500 && r.Holds(on) {
					got = append(got, r.Severity)
				}
			}
			if d := cmp.Diff(c.want, got); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		})
	}
}

const own = `channel: Market
order: 1
sources:
  terms: {title: Terms, address: "https://market.example/terms", seen: 2026-11-01, official: true}
presets:
  - {name: market, title: Market, width: 900, height: 900, background: white, fill: 0.8, format: jpeg,
     rules: [{rule: long_side, limit: 900, severity: reject, source: terms}]}
`

// laughs is a small text of very many words.
func laughs() string {
	var b strings.Builder
	b.WriteString("a: &a [x,x,x,x,x,x,x,x,x]\n")
	for c := 'b'; c < 'k'; c++ {
		fmt.Fprintf(&b, "%c: &%c [%s]\n", c, c, strings.Join(slices.Repeat([]string{"*" + string(c-1)}, 9), ","))
	}
	return b.String()
}

func TestWhatIsNoChannelsFileIsNamed(t *testing.T) {
	t.Cleanup(func() { current.Store(nil) })
	for name, c := range map[string]struct {
		make func(dir string) error
		says string
	}{
		"nothing":   {func(string) error { return nil }, "no file in it ends with .yaml"},
		"a pipe":    {func(dir string) error { return syscall.Mkfifo(filepath.Join(dir, "a.yaml"), 0o600) }, "a.yaml: it is not a file"},
		"a link":    {func(dir string) error { return os.Symlink("/nowhere", filepath.Join(dir, "a.yaml")) }, "a.yaml: it can't be read: no such file"},
		"no folder": {func(dir string) error { return os.Remove(dir) }, "no such file"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if err := c.make(dir); err != nil {
				t.Fatal(err)
			}
			if err := Load(dir); fault.CodeOf(err) != "channel_invalid" || !strings.Contains(err.Error(), c.says) {
				t.Errorf("%v doesn't say %q", err, c.says)
			}
		})
	}
}

// second returns a preset's line to put before own's.
func second(more string) string {
	return "  - {name: other, title: Other, " + more + " width: 9, height: 9, background: white, fill: 0.8, format: jpeg}\n"
}

func TestLoad(t *testing.T) {
	t.Cleanup(func() { current.Store(nil) })
	for name, c := range map[string]struct{ file, says string }{
		"a channel":              {own, ""},
		"an unknown field":       {strings.Replace(own, "order: 1", "order: 1\nrulez: []", 1), "market.yaml: line 1: file: additional properties 'rulez'"},
		"an unknown rule":        {strings.Replace(own, "long_side", "moon", 1), "market.yaml: line 7: file.presets.0.rules.0.rule: market: there is no rule \"moon\""},
		"a missing source":       {strings.Replace(own, "source: terms", "source: none", 1), "none"},
		"no official source":     {strings.Replace(own, "official: true", "official: false", 1), "not the channel's own"},
		"a fill above 1":         {strings.Replace(own, "fill: 0.8", "fill: 8", 1), "fill"},
		"an unknown slot":        {strings.Replace(own, "{name: market,", "{name: market, slot: ZZ99,", 1) + "slots: [{name: MAIN, title: Main}]\n", "line 6: file.presets.0.slot: market: slot \"ZZ99\""},
		"a taken name":           {strings.Replace(own, "name: market", "name: shopify", 1), "shopify"},
		"two presets, no suffix": {strings.Replace(own, "presets:\n", "presets:\n"+second(""), 1), "market.yaml: line 6: file.presets.0.suffix: other: the channel has 2 presets"},
		"two of one suffix": {strings.Replace(strings.Replace(own, "{name: market,", "{name: market, suffix: a,", 1), "presets:\n", "presets:\n"+second("suffix: a,"), 1),
			"line 7: file.presets.1.suffix: market: other has the suffix \"a\", too"},
		"a zone without inside":      {strings.Replace(own, "{name: market,", "{name: market, safe_zone: [0, 0.8, 1, 0.2],", 1), "line 6: file.presets.0.safe_zone: market: the safe zone is left, top"},
		"no zone":                    {strings.Replace(own, "rule: long_side", "rule: safe_zone", 1), "market: the rule safe_zone needs a box"},
		"another's folder":           {strings.Replace(own, "channel: Market", "channel: ETSY", 1), "the channels ETSY and Etsy have one folder, etsy"},
		"no day":                     {strings.Replace(own, "2026-11-01", "yesterday", 1), "seen"},
		"something else":             {"just words", ""},
		"a path for a name":          {strings.Replace(own, "channel: Market", "channel: ../../etc", 1), "line 1: file.channel: a folder is called after the channel"},
		"a device for a name":        {strings.Replace(own, "channel: Market", "channel: CON", 1), "a folder is called"},
		"OPAL's own folder":          {strings.Replace(own, "channel: Market", "channel: Review", 1), "a folder is called"},
		"no limit":                   {strings.Replace(own, "limit: 900, ", "", 1), "file.presets.0.rules.0.limit: market: rule long_side: it needs a limit above 0"},
		"a limit below 0":            {strings.Replace(own, "limit: 900", "limit: -900", 1), "above 0"},
		"a limit without end":        {strings.Replace(own, "limit: 900", "limit: .inf", 1), "Inf"},
		"a limit beyond reason":      {strings.Replace(own, "limit: 900", "limit: 1e300", 1), "above 100000"},
		"percent for a share":        {strings.Replace(own, "long_side, limit: 900", "fill, limit: 85", 1), "its limit is a share, from 0 to 1: 0.85 is 85 %"},
		"formats of none":            {strings.Replace(own, "long_side, limit: 900", "formats", 1), "it needs any_of: jpeg"},
		"jpg for jpeg":               {strings.Replace(own, "long_side, limit: 900", "formats, any_of: [jpg]", 1), `"jpg" is not one of jpeg`},
		"no tolerance":               {strings.Replace(own, "long_side, limit: 900", "aspect, limit: 1", 1), "needs a tolerance"},
		"no form of names":           {strings.Replace(own, "long_side, limit: 900", "file_name", 1), "the preset a file_name"},
		"a form without fields":      {strings.Replace(own, "{name: market,", "{name: market, file_name: x,", 1), "names all files alike"},
		"an unknown field of a form": {strings.Replace(own, "{name: market,", `{name: market, file_name: "{foo}",`, 1), `"{foo}" is not one of {asin}`},
		"a form with a path":         {strings.Replace(own, "{name: market,", `{name: market, file_name: "../{sku}",`, 1), "may hold letters"},
		"an end before":              {strings.Replace(own, "limit: 900,", "limit: 900, from: 2027-01-01, until: 2026-01-01,", 1), "lies after from"},
		"an hour":                    {strings.Replace(own, "limit: 900,", "limit: 900, from: 2027-01-01T10:00:00Z,", 1), "is not a day"},
		"a slot twice":               {own + "slots: [{name: AA01, to: AA09, title: x}, {name: AA05, title: y}]\n", "AA05 is there twice"},
		"a row of two names":         {own + "slots: [{name: AA01, to: BB09, title: x}]\n", "the last of the row"},
		"a transparent JPEG":         {strings.Replace(own, "background: white", "background: transparent", 1), "JPEG holds no transparency"},
		"two documents":              {own + "---\n" + own, "several documents"},
		"a terminal's escapes":       {strings.Replace(own, "title: Market", `title: "\e[31mMarket"`, 1), "line 6: file.presets.0.title: it holds control characters"},
		"aliases of aliases":         {laughs(), "excessive aliasing"},
		"far too much":               {own + "# " + strings.Repeat("x", maxFile), "is the limit"},
		"YAML that is broken":        {"a: [", ""},
	} {
		t.Run(name, func(t *testing.T) {
			current.Store(nil)
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, "market.yaml"), []byte(c.file), 0o644); err != nil {
				t.Fatal(err)
			}
			err := Load(dir)
			if name == "a channel" {
				if p, ok := Find("market"); err != nil || !ok || p.Channel != "Market" || p.Rules[0].Source.Title != "Terms" || Presets()[0].Name != "market" {
					t.Errorf("%v %+v", err, p)
				}
				return
			}
			if fault.CodeOf(err) != "channel_invalid" || !strings.Contains(err.Error(), c.says) {
				t.Errorf("%v doesn't name %q", err, c.says)
			}
			if _, ok := Find("market"); ok {
				t.Error("it was taken all the same")
			}
		})
	}
}

func TestTheRuleOfASafeZoneTakesThePresets(t *testing.T) {
	p, _ := Find("instagram_story")
	i := slices.IndexFunc(p.Rules, func(r Rule) bool { return r.Name == SafeZone })
	if i < 0 || !slices.Equal(p.Rules[i].Box, p.SafeZone) || p.Zone() != image.Rect(0, 269, 1080, 1536) {
		t.Errorf("%+v %v", p, p.Zone())
	}
}

func TestAChannelIsReplaced(t *testing.T) {
	t.Cleanup(func() { current.Store(nil) })
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "etsy.yaml"), []byte(strings.Replace(own, "channel: Market", "channel: Etsy", 1)), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := Load(dir); err != nil {
		t.Fatal(err)
	}
	if _, ok := Find("etsy"); ok || len(Of("etsy")) != 1 {
		t.Error("the channel's own presets are still there")
	}
}

func TestSlotsChooseThePreset(t *testing.T) {
	amazon, err := Want([]string{"amazon"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ slot, category, want string }{
		"the first":             {"", "", "amazon_main"},
		"the main one":          {"MAIN", "", "amazon_main"},
		"the main one of shoes": {"MAIN", "shoes", "amazon_shoes"},
		"a further one":         {"PT07", "", "amazon_pt"},
		"a swatch":              {"SWCH", "", "amazon_swatch"},
		"a back":                {"BACK", "", "amazon_pt"},
		"a back of clothing":    {"BACK", "clothing", "amazon_pt"},
		"an energy label":       {"EEGL", "", "amazon_pt"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := amazon.For(c.slot, c.category); len(got) != 1 || got[0].Name != c.want {
				t.Errorf("%+v", got)
			}
		})
	}
}

func TestUnknownSlotsAreNamed(t *testing.T) {
	for slot, says := range map[string]string{
		"": "", "main": "", "PT42": "", "BOTT": "",
		"FRONT": "did you mean FRNT?", "PT1": "did you mean PT01?", "MIAN": "did you mean MAIN?", "PT00": "did you mean PT0", "ZZZZZZ": "There are MAIN, PT01 to PT99",
		strings.Repeat("x", 9999): "There are MAIN",
	} {
		t.Run(slot[:min(len(slot), 9)], func(t *testing.T) {
			err := CheckSlot(slot)
			if (err == nil) != (says == "") || err != nil && (!strings.Contains(err.Error(), says) || len(err.Error()) > 400 || fault.CodeOf(err) != "slot_unknown") {
				t.Errorf("%v doesn't say %q", err, says)
			}
		})
	}
}

// Whoever asks for all channels isn't told what OPAL alone thinks of pictures.
func TestAllChannelsAreThoseThatDemandSomething(t *testing.T) {
	w, err := Want(nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range w.Presets {
		if p.Channel == "Cut-out" || p.Channel == "Website" {
			t.Errorf("%s is among them", p.Name)
		}
	}
	if d := cmp.Diff([]string{"Website", "Cut-out"}, OwnAdvice()); d != "" || len(Demanding()) != len(Channels())-2 {
		t.Errorf("own advice (-want +got):\n%s", d)
	}
	if named, err := Want([]string{"cut-out"}, nil); err != nil || len(named.Presets) != 2 {
		t.Errorf("named: %+v %v", named, err)
	}
}
