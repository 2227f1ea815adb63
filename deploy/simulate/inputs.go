package main

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"slices"
)

// measuredJSON is what BenchmarkScale* of app/ wrote in real runs.
//
//go:embed measured.json
var measuredJSON []byte

// assumedJSON is what nobody measured here, each with where it is from: Azure's limits and
// prices, how photos come in, the models' speed.
//
//go:embed assumed.json
var assumedJSON []byte

// measured is what real runs showed.
type measured struct {
	Machine string   `json:"machine"`
	Steps   []kind   `json:"steps"`
	Counts  counts   `json:"counts"`
	Drains  drainSet `json:"drains"`
}

// kind is one kind of photos.
type kind struct {
	Photo   string `json:"photo"`
	Width   int    `json:"width"`
	Height  int    `json:"height"`
	Bytes   int    `json:"photo_bytes"`
	Presets int    `json:"presets"`
	Peak    int64  `json:"peak_memory_bytes"` // of both workers and the API, two photos at once
	Items   []took `json:"items"`
}

// took is what one photo took alone: CPU seconds of opal and its children, and the wall time
// of each step, milliseconds.
type took struct {
	Jobs    float64          `json:"jobs_cpu_s"`
	Exports float64          `json:"exports_cpu_s"`
	Wall    float64          `json:"wall_s"`
	Steps   map[string]int64 `json:"steps_ms"`
}

// cost divides the CPU time of the work on queue jobs among its steps as their wall times are.
func (t took) cost() cost {
	var before, place, after float64
	for step, ms := range t.Steps {
		switch step {
		case "ingest", "cutout", "turn":
			before += float64(ms)
		case "place":
			place += float64(ms)
		default:
			after += float64(ms)
		}
	}
	all := max(before+place+after, 1)
	return cost{Before: t.Jobs * before / all, Place: t.Jobs * place / all, After: t.Jobs * after / all, Export: t.Exports}
}

// asked is what dependencies were asked for in some time.
type asked struct {
	Transactions int64   `json:"transactions"`
	Puts         int64   `json:"blob_puts"`
	Gets         int64   `json:"blob_gets"`
	Lists        int64   `json:"blob_lists"`
	In           int64   `json:"blob_bytes_in"`
	Out          int64   `json:"blob_bytes_out"`
	Messages     int64   `json:"messages"`
	Size         int64   `json:"database_bytes"`
	Writes       int64   `json:"wal_writes"`
	Database     float64 `json:"database_cpu_s"`
}

// counts are of roles that are processes of their own: idle, and for one job.
type counts struct {
	Photo       string           `json:"photo"`
	Items       int              `json:"items"`
	Presets     int              `json:"presets"`
	Seconds     float64          `json:"seconds"`
	Looks       int              `json:"looks"`
	IdleSeconds float64          `json:"idle_seconds"`
	Idle        map[string]asked `json:"idle"`
	AllIdle     asked            `json:"all_idle"`
	Job         asked            `json:"job"`
	Delivered   int64            `json:"delivered_bytes"`
	PhotoBytes  int64            `json:"photo_bytes"`
}

// each returns a figure of the job for one picture, without what an idle OPAL asks for.
func (c counts) each(of func(asked) float64) float64 {
	idle := of(c.AllIdle) * c.Seconds / c.IdleSeconds
	return max(0, of(c.Job)-idle) / float64(c.Items)
}

// idle returns a figure of an idle role, each second.
func (c counts) idle(role string, of func(asked) float64) float64 {
	return max(0, of(c.Idle[role])) / c.IdleSeconds
}

func (a asked) transactions() float64 { return float64(a.Transactions) }
func (a asked) writes() float64       { return float64(a.Writes) }
func (a asked) database() float64     { return a.Database }
func (a asked) puts() float64         { return float64(a.Puts + a.Lists) } // priced alike
func (a asked) gets() float64         { return float64(a.Gets) }
func (a asked) in() float64           { return float64(a.In) }
func (a asked) out() float64          { return float64(a.Out) }
func (a asked) messages() float64     { return float64(a.Messages) }
func (a asked) size() float64         { return float64(a.Size) }

// engine makes the scenes.
type engine struct {
	Title   string  `json:"title"`
	Slots   int     `json:"slots"`   // of an instance
	Seconds float64 `json:"seconds"` // 0: the measured ones of OPAL's own
	Spread  float64 `json:"spread"`  // standard deviation ÷ mean
	Month   float64 `json:"month"`   // price of an instance
	Source  string  `json:"source"`
}

type limit struct {
	Is     float64 `json:"is"`
	Source string  `json:"source"`
}

// server is a size of Postgres; its prices are those of two zones.
type server struct {
	SKU         string  `json:"sku"`
	Cores       float64 `json:"cores"`
	Connections int     `json:"connections"`
	Month       float64 `json:"month"`
}

type disk struct {
	GB    float64 `json:"gb"`
	IOPS  float64 `json:"iops"`
	Month float64 `json:"month"`
}

// prices are in US dollars.
type prices struct {
	Source          string  `json:"source"`
	CoreSecond      float64 `json:"core_second"`
	GiBSecond       float64 `json:"gib_second"`
	APIReplicaMonth float64 `json:"api_replica_month"`
	BillingMonth    float64 `json:"billing_month"`
	FixedMonth      float64 `json:"fixed_month"`
	BusMonth        float64 `json:"bus_month"`
	BusMillion      float64 `json:"bus_million"`
	BusMillionsFree float64 `json:"bus_millions_free"`
	BusUnitMonth    float64 `json:"bus_unit_month"`
	Put10k          float64 `json:"put_10k"`
	Get10k          float64 `json:"get_10k"`
	GBMonth         float64 `json:"gb_month"`
	GBOut           float64 `json:"gb_out"`
	LogGB           float64 `json:"log_gb"`
	LogBytes        float64 `json:"log_bytes"` // of a picture's lines
}

// assumed is what was not measured here.
type assumed struct {
	Arrivals    arrivals           `json:"arrivals"`
	Mix         map[string]float64 `json:"mix"` // of the kinds of photos
	CoreSpeed   float64            `json:"core_speed"`
	Start       float64            `json:"replica_start_s"`
	StartSpread float64            `json:"replica_start_spread"`
	StoreCall   float64            `json:"store_call_s"`
	StoreBytes  float64            `json:"store_bytes_s"`
	Message     float64            `json:"message_s"`
	Poll        float64            `json:"poll_s"`
	Steady      float64            `json:"steady_s"`
	KeptDays    float64            `json:"kept_days"`
	Downloaded  float64            `json:"downloaded"` // how often a ZIP is fetched
	PeakUse     float64            `json:"peak_use"`   // the share of a size that the busiest minute may take
	Sources     map[string]string  `json:"sources"`    // of the figures above
	Engines     map[string]engine  `json:"engines"`
	Limits      map[string]limit   `json:"limits"`
	Postgres    []server           `json:"postgres"`
	Disks       []disk             `json:"disks"`
	Prices      prices             `json:"prices"`
}

// inputs are all that a simulation is fed with.
type inputs struct {
	measured
	assumed
	deployed deployed
}

// read reads the committed inputs and the templates of prod, from the package's folder.
func read() (*inputs, error) { return loadFrom("../..") }

func loadFrom(root string) (*inputs, error) {
	in := &inputs{}
	if err := strict(measuredJSON, &in.measured); err != nil {
		return nil, fmt.Errorf("measured.json: %w", err)
	}
	if err := strict(assumedJSON, &in.assumed); err != nil {
		return nil, fmt.Errorf("assumed.json: %w", err)
	}
	var err error
	if in.deployed, err = readTemplates(root, "prod"); err != nil {
		return nil, err
	}
	for _, k := range in.Steps {
		if len(k.Items) == 0 || in.Mix[k.Photo] == 0 {
			return nil, fmt.Errorf("of the photos %s there are no measures, or no share of the mix", k.Photo)
		}
	}
	if in.Engines["studio"].Slots != in.deployed.ScoreHand {
		return nil, fmt.Errorf("assumed.json gives the studio %d slots, and ml/deployment-studio.yml %d", in.Engines["studio"].Slots, in.deployed.ScoreHand)
	}
	return in, nil
}

func strict(b []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return err
	}
	if _, err := d.Token(); err != io.EOF {
		return fmt.Errorf("there is more than one value")
	}
	return nil
}

// variation changes what is supposed.
type variation struct {
	seed     uint64
	engine   string  // "": studio
	speed    float64 // of a core, times that which is supposed; 0: 1
	start    float64 // seconds of a replica's start; 0: the supposed ones
	only     string  // this kind of photos alone
	flat     bool    // photos come day and night
	oneOwner bool    // one tenant sends them all
	window   int     // of a tenant; 0: the code's, below 0: none
	twoDays  bool    // stop after two days
}

// engine returns the engine of the scenes.
func (in *inputs) engine(v variation) engine {
	if v.engine == "" {
		v.engine = "studio"
	}
	return in.Engines[v.engine]
}

// drawn returns the pictures' costs, each as often as the mix has its kind.
func (in *inputs) drawn(only string) (all []cost) {
	for _, k := range in.Steps {
		share := in.Mix[k.Photo]
		if only != "" {
			share = map[bool]float64{true: 1}[k.Photo == only]
		}
		for range int(math.Round(share * 20)) {
			for _, t := range k.Items {
				all = append(all, t.cost())
			}
		}
	}
	return all
}

// placed returns the seconds that the engine takes for a scene.
func (in *inputs) placed(v variation) func(w *world, item int32) float64 {
	e := in.engine(v)
	if e.Seconds == 0 {
		return func(w *world, item int32) float64 { return w.items[item].cost.Place / w.speed }
	}
	return spread(e.Seconds, e.Spread)
}

// spread draws from a lognormal distribution of a mean and a relative deviation.
func spread(mean, deviation float64) func(*world, int32) float64 {
	sigma := math.Sqrt(math.Log(1 + deviation*deviation))
	return func(w *world, _ int32) float64 { return mean * math.Exp(sigma*w.rng.NormFloat64()-sigma*sigma/2) }
}

// waits returns how long a picture waits for store, database and queue on each queue, half
// of its calls and bytes on each, one call after the other.
func (in *inputs) waits() float64 {
	calls := in.Counts.each(asked.puts) + in.Counts.each(asked.gets)
	bytes := in.Counts.each(asked.in) + in.Counts.each(asked.out)
	return in.Message + calls/2*in.StoreCall + bytes/2/in.StoreBytes
}

// world returns a day of so many pictures on what is deployed.
func (in *inputs) world(pictures int, d deployed, v variation) setup {
	a := in.Arrivals
	a.Flat, a.OneOwner = v.flat, v.oneOwner
	start := v.start
	if start == 0 {
		start = in.Start
	}
	draw := spread(start, in.StartSpread)
	window := d.Window
	if v.window != 0 {
		window = max(v.window, 0)
	}
	speed := in.CoreSpeed
	if v.speed > 0 {
		speed *= v.speed
	}
	s := setup{
		seed: v.seed, orders: a.ofDay(pictures, v.seed), tenants: a.tenants(pictures), costs: in.drawn(v.only), speed: speed,
		scaler: scaler{Poll: moment(0).after(in.Poll), Steady: moment(0).after(in.Steady), Start: func(w *world) float64 { return draw(w, 0) }},
		waits:  [2]float64{in.waits(), in.waits()},
		// read from the store and written to it again
		zip:    float64(in.Counts.Delivered) / float64(in.Counts.Items) * 2 / in.StoreBytes,
		slots:  d.ScoreInstances * in.engine(v).Slots,
		placed: in.placed(v),
	}
	if v.twoDays {
		s.until = 2 * day
	}
	for i, w := range d.Workers {
		s.lanes[i] = laneSetup{Hands: w.Hands, Min: w.Min, Max: w.Max, Messages: w.Messages, Window: window}
	}
	return s
}

// asDeployed is what the templates deploy, with OPAL's own compositor in the stub's place.
func (in *inputs) asDeployed() deployed { return in.deployed }

// promised is how soon 95 of 100 pictures are to be there, seconds.
const promised = 300

// steps are the values of maxWorkerReplicas that are tried.
var steps = []int{2, 5, 10, 20, 30, 40, 50, 60, 80, 100, 120, 150, 200, 250, 300, 400, 600, 1000}

// sized returns the least that carries a day as promised, and the day: the first value of
// maxWorkerReplicas with which it does, or beyond which nothing gets faster, and instances of
// the scoring endpoint of which the busiest hour takes the share PeakUse.
func (in *inputs) sized(pictures int, v variation) (d deployed, f figures) {
	d = in.deployed
	busiest, load := in.busiest(pictures, v), in.load(v)
	d.ScoreInstances = max(1, int(math.Ceil(busiest*load.scene/float64(in.engine(v).Slots)/in.PeakUse)))
	before := math.Inf(1)
	for i, n := range steps {
		hands := float64(n * d.Workers[0].Hands)
		if i+1 < len(steps) && busiest*max(load.orchestrator, load.export) > hands && !v.oneOwner {
			continue // it can't
		}
		for k := range d.Workers {
			d.Workers[k].Max = n
		}
		f = in.day(pictures, d, v)
		if f.P95 <= promised || f.P95 > .98*before {
			break
		}
		before = f.P95
	}
	return d, f
}

// busiest is the mean number of pictures a second in the busiest hour.
func (in *inputs) busiest(pictures int, v variation) float64 {
	if v.flat {
		return float64(pictures) / 24 / 3600
	}
	a, sum := in.Arrivals, 0.
	for _, h := range a.Hours {
		sum += h
	}
	return float64(pictures) * slices.Max(a.Hours[:]) / sum / 3600
}

// handTime is how many seconds a picture takes of an orchestrator's hand, of a slot of the scoring
// endpoint, and of an export worker's hand.
type handTime struct{ orchestrator, scene, export float64 }

func (in *inputs) load(v variation) (l handTime) {
	speed := in.CoreSpeed
	if v.speed > 0 {
		speed *= v.speed
	}
	all := in.drawn(v.only)
	n := float64(len(all)) * speed
	for _, c := range all {
		l.orchestrator, l.scene, l.export = l.orchestrator+(c.Before+c.After)/n, l.scene+c.Place/n, l.export+c.Export/n
	}
	if e := in.engine(v); e.Seconds > 0 {
		l.scene = e.Seconds
	}
	l.orchestrator, l.export = l.orchestrator+l.scene+in.waits(), l.export+in.waits()
	return l
}
