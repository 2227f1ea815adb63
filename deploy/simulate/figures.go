package main

import (
	"math"
)

// figures are what one day takes of each resource, and what it costs.
type figures struct {
	Pictures     int
	P50, P95     float64 // seconds from the upload to the variants
	End          float64 // hours after midnight at which the last ZIP was there
	Left         int     // pictures that were not done when the run was stopped
	Workers      int     // maxWorkerReplicas
	Peak         [2]int  // replicas
	Mean         [2]float64
	Use          [2]float64 // the share of their hands that worked
	Engines      int
	EngineUse    float64 // over the hours in which photos came
	EnginePeak   float64 // pictures a second in the busiest minute × seconds of a slot ÷ slots
	PerSecond    float64 // pictures in the busiest minute
	Transactions float64 // a second, in the busiest minute
	Commits      float64 // writes of the log a second, then
	DatabaseCPU  float64 // cores, then
	Connections  int     // that all may open during a deployment, as the policy of deploy's tests counts them
	Bus          float64 // operations a second, in the busiest minute
	Store        float64 // calls a second, then
	Cores        float64 // of the environment, at the peak
	API          int     // replicas
	Server       server
	Disk         disk
	BusUnits     int // Premium; 0: Standard carries it
	Costs        []line
}

// line is one line of the bill, dollars a day.
type line struct {
	what string
	day  float64
}

// bill is the sum of all lines.
func (f figures) bill() (sum float64) {
	for _, l := range f.Costs {
		sum += l.day
	}
	return sum
}

// busOperations are those that a message takes: sent, received, settled.
const busOperations = 3

// The calls of the API that a picture takes, and the seconds of one; from these come its
// replicas.
const (
	apiCalls   = 6
	apiSeconds = .05
)

// jobConnections are those of an operator's job.
const jobConnections = 3

const daysOfMonth = 30.4

func quantile(sorted []float64, q float64) float64 {
	if len(sorted) == 0 {
		return math.NaN()
	}
	return sorted[min(len(sorted)-1, int(q*float64(len(sorted))))]
}

// peakOf is the mean a second in the busiest five minutes, so that one large order alone does
// not size a server.
func peakOf(perMinute []int) (peak float64) {
	const span = 5
	sum := 0
	for i, n := range perMinute {
		sum += n
		if i >= span {
			sum -= perMinute[i-span]
		}
		peak = max(peak, float64(sum)/span/60)
	}
	return peak
}

// figures reads them from a run.
func (in *inputs) figures(w *world, d deployed, v variation) figures {
	r := w.result
	f := figures{Pictures: r.Pictures, P50: quantile(r.Took, .5), P95: quantile(r.Took, .95), End: r.End.seconds() / 3600, Left: r.Pictures - r.Exported,
		Workers: d.Workers[0].Max, Engines: d.ScoreInstances, PerSecond: peakOf(r.PerMinute)}
	span := max(w.now.seconds(), day.seconds())
	for i, l := range w.lanes {
		f.Peak[i], f.Mean[i] = l.peak, l.replicaTime.seconds()/span
		if l.replicaTime > 0 {
			f.Use[i] = l.busyTime / l.replicaTime.seconds() / float64(l.Hands)
		}
	}
	f.EngineUse = w.engine.busyTime / span / float64(max(1, w.engine.slots))
	if made := float64(max(1, r.Made)); w.engine.slots > 0 {
		f.EnginePeak = f.PerSecond * w.engine.busyTime / made / float64(w.engine.slots)
	}

	c := in.Counts
	idle := func(of func(asked) float64) float64 {
		return float64(d.APIMin)*c.idle("serve-api", of) + float64(f.Peak[0])*c.idle("orchestrate", of) + float64(f.Peak[1])*c.idle("export", of)
	}
	rate := func(of func(asked) float64) float64 { return f.PerSecond*c.each(of) + idle(of) }
	f.Transactions, f.Commits, f.DatabaseCPU = rate(asked.transactions), rate(asked.writes), rate(asked.database)
	f.Store = rate(asked.puts) + rate(asked.gets)
	f.Bus = f.PerSecond * c.each(asked.messages) * busOperations
	f.API = min(d.APIMax, max(d.APIMin, int(math.Ceil(f.PerSecond*apiCalls*apiSeconds/float64(d.APICalls)))))
	for _, wk := range d.Workers {
		f.Connections += 2 * wk.Max * wk.Connected // a deployment has both revisions side by side
	}
	f.Connections += (d.APIMax+d.APIMin)*d.APIConnections + (d.BillingMax+1)*d.BillingConns + jobConnections
	f.Cores = float64(f.Peak[0])*d.Workers[0].Cores + float64(f.Peak[1])*d.Workers[1].Cores + float64(f.API) + float64(d.BillingMax)/2
	f.choose(in)
	f.price(in, w, d, v)
	return f
}

// choose takes the smallest server, disk and bus that carry the peak with something to spare.
func (f *figures) choose(in *inputs) {
	rows := float64(f.Pictures) * in.Counts.each(asked.size) * in.KeptDays / 1e9 // GB
	for _, s := range in.Postgres {
		if f.Server = s; s.SKU != "Standard_B1ms" && f.DatabaseCPU <= s.Cores*in.PeakUse && f.Connections <= s.Connections {
			break
		}
	}
	for _, d := range in.Disks {
		if f.Disk = d; d.GB >= 128 && f.Commits <= d.IOPS*in.PeakUse && rows <= d.GB*in.PeakUse {
			break
		}
	}
	if f.Bus > in.Limits["bus_credits"].Is*in.PeakUse {
		f.BusUnits = int(math.Ceil(f.Bus / in.PeakUse / in.Limits["bus_unit"].Is))
	}
}

// price adds up a day.
func (f *figures) price(in *inputs, w *world, d deployed, v variation) {
	p, c, n := in.Prices, in.Counts, float64(w.result.Exported)
	workers := 0.
	for i, l := range w.lanes {
		workers += l.replicaTime.seconds() * (d.Workers[i].Cores*p.CoreSecond + d.Workers[i].GiB*p.GiBSecond)
	}
	bus := p.BusMonth/daysOfMonth + max(0, n*c.each(asked.messages)*busOperations/1e6-p.BusMillionsFree/daysOfMonth)*p.BusMillion
	if f.BusUnits > 0 {
		bus = float64(f.BusUnits) * p.BusUnitMonth / daysOfMonth
	}
	kept := c.each(asked.in) // uploads, pictures, variants, ZIP
	f.Costs = []line{
		{"workers", workers},
		{"scenes", float64(f.Engines) * in.engine(v).Month / daysOfMonth},
		{"Postgres", (f.Server.Month + f.Disk.Month) / daysOfMonth},
		{"API, billing, fixed", (float64(f.API)*p.APIReplicaMonth + p.BillingMonth + p.FixedMonth) / daysOfMonth},
		{"Service Bus", bus},
		{"store: calls", n * (c.each(asked.puts)*p.Put10k + c.each(asked.gets)*p.Get10k) / 1e4},
		{"store: bytes kept", n * kept / 1e9 * p.GBMonth * in.KeptDays / daysOfMonth},
		{"downloads", n * float64(c.Delivered) / float64(c.Items) * in.Downloaded / 1e9 * p.GBOut},
		{"logs", n * p.LogBytes / 1e9 * p.LogGB},
	}
}
