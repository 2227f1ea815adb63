package main

import (
	"math/rand/v2"
	"slices"
)

// cost is what one picture takes.
type cost struct {
	Before float64 // CPU seconds of an orchestrator before the scene: ingest, cut-out
	Place  float64 // CPU seconds of the scene, where OPAL's own compositor makes it
	After  float64 // CPU seconds after it: enlarge, lock, output
	Export float64 // CPU seconds of the variants
}

// setup is a world to be run.
type setup struct {
	seed    uint64
	orders  []order
	tenants int
	lanes   [2]laneSetup
	scaler  scaler
	costs   []cost // one of them is drawn for each picture
	// drawn, when set, draws a picture's cost in their place.
	drawn  func(r *rand.Rand) cost
	speed  float64    // of a core, 1: that of the machine on which costs were measured
	waits  [2]float64 // seconds that a piece of work waits for the store, database and queue
	zip    float64    // seconds of a hand for each photo of an order's ZIP
	slots  int        // of the scoring endpoint; 0: unbounded
	placed func(w *world, item int32) float64

	shared *host  // all work on one machine, scenes included
	until  moment // when to stop, whatever is left; 0: when all is done
}

// order is a job: photos of a tenant, uploaded at once.
type order struct {
	at     moment
	tenant int32
	photos int32
}

// item is a picture that is made.
type item struct {
	order    int32
	cost     cost
	queued   moment
	stage    int8 // 0 before the scene, 1 after it
	message  message
	exported moment // 0: not yet
}

// world is a running simulation.
type world struct {
	setup
	rng    *rand.Rand
	agenda agenda
	now    moment
	lanes  [2]*lane
	engine *station
	items  []item
	left   []int32 // by order: pictures without variants
	zips   []message

	result result
}

// result is what a run showed.
type result struct {
	Pictures, Made, Exported, ZIPs int
	End                            moment    // when the last ZIP was there
	Took                           []float64 // seconds of each picture from its upload to its variants, sorted
	Waited                         []float64 // seconds in outbox and queue jobs, sorted
	PerMinute                      []int     // pictures that ended
	Replicas                       [2][]int  // live ones, by minute: the most
}

// simulate runs a world to its end.
func simulate(s setup) *world {
	w := &world{setup: s, rng: rand.New(rand.NewPCG(s.seed, 21))}
	if w.speed == 0 {
		w.speed = 1
	}
	w.engine = &station{slots: s.slots, service: s.placed}
	w.left = make([]int32, len(s.orders))
	for i := range w.lanes {
		l := newLane(int8(i), s.lanes[i], s.tenants, s.scaler)
		w.lanes[i] = l
		if l.Messages == 0 {
			for range l.Max {
				l.add(w, 0)
			}
			continue
		}
		for range l.Min {
			l.add(w, 0)
		}
		w.agenda.add(event{at: s.scaler.Poll, what: looks, lane: l.id})
	}
	for i, o := range s.orders {
		w.left[i] = o.photos
		w.result.Pictures += int(o.photos)
	}
	if len(s.orders) > 0 {
		w.agenda.add(event{at: s.orders[0].at, what: ordered})
	}
	for !w.done() {
		e, ok := w.agenda.next()
		if !ok || w.until > 0 && e.at > w.until {
			break
		}
		w.now = e.at
		w.happen(e)
	}
	w.close()
	return w
}

// done tells whether every order has its ZIP.
func (w *world) done() bool { return w.result.ZIPs == len(w.orders) }

func (w *world) happen(e event) {
	switch e.what {
	case ordered:
		w.take(e.ref)
	case computes:
		w.shared.compute(w, w.cpuOf(e), event{what: phaseEnds, ref: e.ref, lane: e.lane, replica: e.replica})
	case phaseEnds:
		w.ended(e)
	case hostTurns:
		w.shared.turned(w, e.ref)
	case looks:
		l := w.lanes[e.lane]
		l.scale(w)
		w.watch(l)
	case starts:
		w.lanes[e.lane].started(w, e.replica)
	case placedNext:
		w.engine.leave(w)
		w.items[e.ref].stage = 1
		w.phase(jobs, e.ref, e.replica, 0)
	}
}

// watch notes the replicas by minute.
func (w *world) watch(l *lane) {
	at := int(w.now / minute)
	for len(w.result.Replicas[l.id]) <= at {
		w.result.Replicas[l.id] = append(w.result.Replicas[l.id], 0)
	}
	w.result.Replicas[l.id][at] = max(w.result.Replicas[l.id][at], l.live)
}

// take offers an order's photos, and puts the next order on the agenda.
func (w *world) take(i int32) {
	o := w.orders[i]
	for range o.photos {
		it := item{order: i, queued: w.now}
		if w.drawn != nil {
			it.cost = w.drawn(w.rng)
		} else {
			it.cost = w.costs[w.rng.IntN(len(w.costs))]
		}
		w.items = append(w.items, it)
		w.lanes[jobs].offer(w, message{ref: int32(len(w.items) - 1), tenant: o.tenant})
	}
	if next := int(i) + 1; next < len(w.orders) {
		w.agenda.add(event{at: w.orders[next].at, what: ordered, ref: int32(next)})
	}
}

// begin starts the work that a message asks for.
func (w *world) begin(l *lane, m message, r int32) {
	if m.zip {
		w.zips[m.ref] = m
		w.phase(l.id, -1-m.ref, r, w.waits[exports])
		return
	}
	it := &w.items[m.ref]
	it.message = m
	if l.id == jobs {
		w.result.Waited = append(w.result.Waited, (w.now - it.queued).seconds())
	}
	w.phase(l.id, m.ref, r, w.waits[l.id])
}

// phase waits, then computes. A ref below zero is the ZIP of order -1 - ref.
func (w *world) phase(l int8, ref, r int32, wait float64) {
	e := event{what: phaseEnds, ref: ref, lane: l, replica: r}
	if w.shared != nil {
		e.what, e.at = computes, w.now.after(wait)
		w.agenda.add(e)
		return
	}
	e.at = w.now.after(wait + w.cpuOf(e)/w.speed)
	w.agenda.add(e)
}

// cpuOf returns the CPU seconds of the phase that an event is about.
func (w *world) cpuOf(e event) float64 {
	if e.ref < 0 {
		return w.zip * float64(w.orders[-1-e.ref].photos)
	}
	it := &w.items[e.ref]
	switch {
	case e.lane == exports:
		return it.cost.Export
	case it.stage == 0 && w.shared != nil:
		return it.cost.Before + it.cost.Place + it.cost.After
	case it.stage == 0:
		return it.cost.Before
	}
	return it.cost.After
}

func (w *world) ended(e event) {
	switch {
	case e.ref < 0:
		m := w.zips[-1-e.ref]
		w.result.ZIPs++
		w.result.End = w.now
		w.lanes[exports].end(w, m, e.replica)
	case e.lane == exports:
		w.exportEnded(e)
	case w.items[e.ref].stage == 0 && w.shared == nil:
		w.engine.enter(w, e.ref, e.replica)
	default:
		it := &w.items[e.ref]
		w.result.Made++
		m := it.message
		w.lanes[exports].offer(w, message{ref: e.ref, tenant: m.tenant})
		w.lanes[jobs].end(w, m, e.replica)
	}
}

func (w *world) exportEnded(e event) {
	it := &w.items[e.ref]
	if it.exported > 0 {
		panic("a picture was exported twice")
	}
	it.exported = w.now
	w.result.Exported++
	w.result.Took = append(w.result.Took, (w.now - it.queued).seconds())
	at := int(w.now / minute)
	for len(w.result.PerMinute) <= at {
		w.result.PerMinute = append(w.result.PerMinute, 0)
	}
	w.result.PerMinute[at]++
	m := it.message
	if w.left[it.order]--; w.left[it.order] == 0 {
		if w.zips == nil {
			w.zips = make([]message, len(w.orders))
		}
		w.lanes[exports].offer(w, message{ref: it.order, tenant: m.tenant, zip: true})
	}
	w.lanes[exports].end(w, m, e.replica)
}

// close ends the figures at the last moment.
func (w *world) close() {
	for _, l := range w.lanes {
		l.hold(w.now, 0)
		l.lock(w.now, 0)
		for r := range l.replicas {
			if l.replicas[r].state != gone {
				l.replicaTime += w.now - l.replicas[r].began
			}
		}
	}
	w.engine.count(w.now, 0)
	slices.Sort(w.result.Took)
	slices.Sort(w.result.Waited)
}
