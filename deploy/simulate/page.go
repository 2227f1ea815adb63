package main

import (
	"cmp"
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
)

// scaleOf is a number of pictures a day, by name.
type scaleOf struct {
	name     string
	pictures int
}

var scales = []scaleOf{{"10,000", 10_000}, {"100,000", 100_000}, {"1,000,000", 1_000_000}}

// seed is that of the committed tables.
const seed = 1

// day runs one day and reads its figures.
func (in *inputs) day(pictures int, d deployed, v variation) figures {
	return in.figures(simulate(in.world(pictures, d, v)), d, v)
}

// row is a line of a table: a name and a cell for each scale.
type row struct {
	name string
	cell func(f figures) string
}

func number(v float64) string {
	switch {
	case math.IsNaN(v):
		return "none"
	case v == math.Trunc(v) && v < 1e9:
		return commas(int(v))
	case v >= 1000:
		return commas(int(math.Round(v)))
	case v >= 100:
		return fmt.Sprintf("%.0f", v)
	case v >= 10:
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.2f", v)
}

func commas(n int) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

func clock(seconds float64) string {
	switch {
	case math.IsNaN(seconds):
		return "never"
	case seconds < 100:
		return fmt.Sprintf("%.0f s", seconds)
	case seconds < 6000:
		return fmt.Sprintf("%.0f min", seconds/60)
	}
	return fmt.Sprintf("%.0f h", seconds/3600)
}

func percent(v float64) string { return fmt.Sprintf("%.0f %%", 100*v) }

// of writes a share of a limit, in bold beyond it.
func of(use, most float64) string {
	s := number(use) + " of " + number(most)
	if use > most {
		return "**" + s + "**"
	}
	return s
}

// thousand is what a thousand pictures cost.
func (f figures) thousand() string { return number(1000 * f.bill() / float64(max(1, f.Pictures))) }

func table(head string, rows []row, days []figures) string {
	var b strings.Builder
	fmt.Fprintf(&b, "| %s |", head)
	for _, s := range scales[:len(days)] {
		fmt.Fprintf(&b, " %s |", s.name)
	}
	b.WriteString("\n| --- |" + strings.Repeat(" --- |", len(days)) + "\n")
	for _, r := range rows {
		fmt.Fprintf(&b, "| %s |", r.name)
		for _, f := range days {
			fmt.Fprintf(&b, " %s |", r.cell(f))
		}
		b.WriteString("\n")
	}
	return b.String()
}

// deployedRows show a day on what the templates deploy.
func (in *inputs) deployedRows() []row {
	d := in.deployed
	return []row{
		{"pictures of this day", func(f figures) string { return commas(f.Pictures) }},
		{"from upload to variants, median", func(f figures) string { return clock(f.P50) }},
		{"95 of 100 within", func(f figures) string { return clock(f.P95) }},
		{"not done after two days", func(f figures) string { return commas(f.Left) }},
		{"orchestrators, most", func(f figures) string { return of(float64(f.Peak[0]), float64(d.Workers[0].Max)) }},
		{"export workers, most", func(f figures) string { return of(float64(f.Peak[1]), float64(d.Workers[1].Max)) }},
		{"scoring slots that work, of " + fmt.Sprint(d.ScoreInstances*in.engine(variation{}).Slots), func(f figures) string { return percent(f.EngineUse) }},
	}
}

// use is what the busiest five minutes take of something that is bounded.
type use struct {
	what, short string
	takes, most float64
}

// uses lists what a day takes of all that is deployed, or that Azure bounds.
func (in *inputs) uses(f figures) []use {
	d, l := in.deployed, in.Limits
	var has server
	for _, s := range in.Postgres {
		if s.SKU == d.Postgres {
			has = s
		}
	}
	iops := 0.
	for _, k := range in.Disks {
		if k.GB <= float64(d.PostgresGB) {
			iops = k.IOPS
		}
	}
	sku := strings.TrimPrefix(d.Postgres, "Standard_")
	return []use{
		{"`maxWorkerReplicas` that is enough, of the one deployed", "`maxWorkerReplicas`", float64(f.Workers), float64(d.Workers[0].Max)},
		{"cores of the environment, of its quota", "the environment's cores", f.Cores, l["environment_cores"].Is},
		{"scoring instances (F4s_v2) that work, of those deployed", "the scoring endpoint", f.EnginePeak * float64(f.Engines), float64(d.ScoreInstances)},
		{"API replicas, of `maxApiReplicas`", "`maxApiReplicas`", float64(f.API), float64(d.APIMax)},
		{"Postgres: connections that a deployment may open, of a " + sku, "Postgres' connections", float64(f.Connections), float64(has.Connections)},
		{"Postgres: cores, of a " + sku, "Postgres' cores", f.DatabaseCPU, has.Cores},
		{fmt.Sprintf("Postgres: writes of its log a second, of the IOPS of %d GB", d.PostgresGB), "Postgres' disk", f.Commits, iops},
		{"Service Bus: operations a second, of a Standard namespace", "Service Bus", f.Bus, l["bus_credits"].Is},
		{"store: calls a second, of an account", "the store's calls", f.Store, l["store_calls"].Is},
	}
}

// first names what is used up first, and the share that is used.
func first(all []use) string {
	most := slices.MaxFunc(all, func(a, b use) int { return cmp.Compare(a.takes/a.most, b.takes/b.most) })
	return fmt.Sprintf("%s, %s", most.short, percent(most.takes/most.most))
}

// sizedRows show a day on what carries it, and what of each resource that takes.
func (in *inputs) sizedRows() []row {
	rows := []row{
		{"from upload to variants, median", func(f figures) string { return clock(f.P50) }},
		{"95 of 100 within", func(f figures) string { return clock(f.P95) }},
		{"pictures a second, busiest five minutes", func(f figures) string { return number(f.PerSecond) }},
		{"orchestrators and export workers, most", func(f figures) string { return fmt.Sprintf("%d and %d", f.Peak[0], f.Peak[1]) }},
		{"both, mean over the day", func(f figures) string { return number(f.Mean[0]) + " and " + number(f.Mean[1]) }},
		{"share of their hands' time that is work", func(f figures) string { return percent(f.Use[0]) + " and " + percent(f.Use[1]) }},
	}
	for i, u := range in.uses(figures{}) {
		rows = append(rows, row{u.what, func(f figures) string {
			u := in.uses(f)[i]
			return of(u.takes, u.most)
		}})
	}
	return append(rows,
		row{"**the first limit**, its use", func(f figures) string { return first(in.uses(f)) }},
		row{"scoring instances that carry it", func(f figures) string { return fmt.Sprint(f.Engines) }},
		row{"Postgres: transactions a second", func(f figures) string { return number(f.Transactions) }},
		row{"Postgres, the size that carries it", func(f figures) string {
			return fmt.Sprintf("%s, %s GB", strings.TrimPrefix(f.Server.SKU, "Standard_"), number(f.Disk.GB))
		}},
		row{"Service Bus: Premium units", func(f figures) string {
			if f.BusUnits == 0 {
				return "none"
			}
			return fmt.Sprint(f.BusUnits)
		}},
		row{"store: written a day", func(f figures) string { return number(float64(f.Pictures)*in.Counts.each(asked.in)/1e9) + " GB" }},
	)
}

// costRows are the lines of the bill, dollars a day, and the sum for a thousand pictures.
func costRows(days []figures) (rows []row) {
	for i, l := range days[0].Costs {
		rows = append(rows, row{l.what, func(f figures) string { return number(f.Costs[i].day) }})
	}
	return append(rows,
		row{"**a day**", func(f figures) string { return "**" + number(f.bill()) + "**" }},
		row{"**a thousand pictures**", func(f figures) string { return "**" + f.thousand() + "**" }})
}

// change is a line of the table of what matters.
type change struct {
	what string
	v    variation
}

func (in *inputs) changes() []change {
	return []change{
		{"as above", variation{}},
		{"another day (seed)", variation{seed: seed + 1}},
		{"photos of 2 MP alone", variation{only: "2mp"}},
		{"photos of 12 MP alone", variation{only: "12mp"}},
		{"cores half as fast", variation{speed: .5}},
		{"cores twice as fast", variation{speed: 2}},
		{"a replica starts within 5 s", variation{start: 5}},
		{"a replica starts after 90 s", variation{start: 90}},
		{"photos come day and night alike", variation{flat: true}},
		{"one tenant sends all", variation{oneOwner: true, twoDays: true}},
		{"no window for a tenant", variation{window: -1}},
		{"scenes by " + in.Engines["sdxl-t4"].Title, variation{engine: "sdxl-t4"}},
		{"scenes by " + in.Engines["klein-a100"].Title, variation{engine: "klein-a100"}},
	}
}

// changesTable shows a day of 100,000 pictures on what carries it, with one thing changed.
func (in *inputs) changesTable() string {
	const pictures = 100_000
	var b strings.Builder
	b.WriteString("| 100,000 a day | median | 95 of 100 within | orchestrators, export workers | scoring instances | $ a thousand |\n" +
		"| --- | --- | --- | --- | --- | --- |\n")
	for _, c := range in.changes() {
		if c.v.seed == 0 {
			c.v.seed = seed
		}
		_, f := in.sized(pictures, c.v)
		fmt.Fprintf(&b, "| %s | %s | %s | %d, %d | %d | %s |\n", c.what, clock(f.P50), clock(f.P95), f.Peak[0], f.Peak[1], f.Engines, f.thousand())
	}
	return b.String()
}

// costsTable shows what was measured of one picture.
func (in *inputs) costsTable() string {
	var b strings.Builder
	line := func(what string, parts ...string) { fmt.Fprintf(&b, "| %s | %s |\n", what, strings.Join(parts, "; ")) }
	fmt.Fprintf(&b, "| of one picture | %s |\n| --- | --- |\n", in.Machine)
	for _, k := range in.Steps {
		var sum cost
		n := float64(len(k.Items))
		for _, t := range k.Items {
			c := t.cost()
			sum.Before, sum.Place, sum.After, sum.Export = sum.Before+c.Before/n, sum.Place+c.Place/n, sum.After+c.After/n, sum.Export+c.Export/n
		}
		line(fmt.Sprintf("CPU seconds, photo of %d × %d, %d variants", k.Width, k.Height, k.Presets),
			"ingest and cut-out "+number(sum.Before), "scene "+number(sum.Place), "enlarge, lock and output "+number(sum.After), "variants and ZIP "+number(sum.Export))
		line("memory of all roles in one process, two such photos at once", number(float64(k.Peak)/1e6)+" MB")
	}
	c := in.Counts
	each := func(of func(asked) float64, unit float64) string { return number(c.each(of) / unit) }
	idle := func(role string) string { return number(c.idle(role, asked.transactions)) }
	line("Postgres", each(asked.transactions, 1)+" transactions", each(asked.database, 1e-3)+" ms of CPU", each(asked.writes, 1)+" writes of its log",
		each(asked.size, 1e3)+" kB kept")
	line("Postgres, of an idle role, transactions a second", "API "+idle("serve-api"), "orchestrator "+idle("orchestrate"), "export worker "+idle("export"))
	line("store", each(asked.puts, 1)+" writes and lists", each(asked.gets, 1)+" reads", each(asked.in, 1e6)+" MB in", each(asked.out, 1e6)+" MB out")
	line("queues", each(asked.messages, 1)+" messages", number(c.each(asked.messages)*busOperations)+" operations")
	line("ZIP", number(float64(c.Delivered)/float64(c.Items)/1e6)+" MB")
	return b.String()
}

// sections are the page's tables, by the names in its markers. most bounds the scales: the
// test runs the small ones.
func (in *inputs) sections(most int) map[string]string {
	var now, carried []figures
	for _, s := range scales {
		if s.pictures > most {
			break
		}
		d := in.asDeployed()
		now = append(now, in.day(s.pictures, d, variation{seed: seed, twoDays: true}))
		_, f := in.sized(s.pictures, variation{seed: seed})
		carried = append(carried, f)
	}
	return map[string]string{
		"measured": in.costsTable(),
		"deployed": table("as deployed, pictures a day", in.deployedRows(), now),
		"sized":    table("as it has to be, pictures a day", in.sizedRows(), carried),
		"costs":    table("dollars a day", costRows(carried), carried),
		"changes":  in.changesTable(),
		"check":    compareTable(in.compare()),
	}
}

// The lines between which a table of a page stands.
func marks(section string) (begin, end string) {
	return "<!-- make simulate writes this: " + section + " -->\n", "<!-- end: " + section + " -->\n"
}

// cut returns a section's table as a page has it.
func cut(page, section string) (before, table, after string, err error) {
	begin, end := marks(section)
	before, rest, ok := strings.Cut(page, begin)
	table, after, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		return "", "", "", fmt.Errorf("the page has no place for the table %s: the lines %q and %q", section, strings.TrimSpace(begin), strings.TrimSpace(end))
	}
	return before, table, after, nil
}

// write puts the tables into the page.
func write(file string, sections map[string]string) error {
	b, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	page := string(b)
	for name, table := range sections {
		before, _, after, err := cut(page, name)
		if err != nil {
			return err
		}
		begin, end := marks(name)
		page = before + begin + table + end + after
	}
	return os.WriteFile(file, []byte(page), 0o644) //nolint:gosec // a page for everybody
}
