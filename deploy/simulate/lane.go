package main

import "math"

// The two queues, each with its workers.
const (
	jobs    int8 = 0
	exports int8 = 1
)

// laneSetup says how a queue is served.
type laneSetup struct {
	Hands    int // messages that a replica works on at once (WORKER_CONCURRENCY)
	Min, Max int // replicas
	// Messages are those for which the scaler wants one replica; 0: Max replicas are
	// there from the beginning, and stay.
	Messages int
	Window   int // messages of a tenant that wait in the queue or are worked on; 0: all
}

// scaler is the rule by which Container Apps runs KEDA: looked at every Poll, up by steps,
// down to the most that was wanted within Steady.
type scaler struct {
	Poll, Steady moment
	Start        func(w *world) float64 // seconds until a new replica works
}

// message asks for a piece of work: an item's picture on jobs, its variants on exports, or
// there an order's ZIP.
type message struct {
	ref    int32 // the item, or the order
	tenant int32
	zip    bool
}

// replica is one container of a lane's workers.
type replica struct {
	state replicaState
	busy  int
	began moment
}

type replicaState int8

const (
	starting replicaState = iota
	running
	draining // takes no more work
	gone
)

// lane is a queue, the messages that wait in the outbox for a place in it, and its workers.
type lane struct {
	laneSetup
	id       int8
	outbox   []fifo[message] // by tenant
	flight   []int           // by tenant: in the queue or worked on
	queue    fifo[message]
	locked   int // worked on
	replicas []replica
	live     int     // starting or running
	free     []int32 // a replica for each of its free hands
	wanted   []int   // by the scaler's last looks
	at       int

	// figures
	peak        int
	replicaTime moment // over all replicas
	deepest     int    // most messages in the queue
	held        int    // messages in outbox, queue and hands
	heldTime    float64
	heldSince   moment
	busyTime    float64 // hands × seconds
	busySince   moment
}

func newLane(id int8, s laneSetup, tenants int, o scaler) *lane {
	l := &lane{laneSetup: s, id: id, outbox: make([]fifo[message], tenants), flight: make([]int, tenants)}
	if s.Messages > 0 {
		l.wanted = make([]int, max(1, int(o.Steady/o.Poll)))
	}
	return l
}

// hold counts messages that came (1) or went (-1), for the mean that Little's law wants.
func (l *lane) hold(now moment, by int) {
	l.heldTime += float64(l.held) * (now - l.heldSince).seconds()
	l.held, l.heldSince = l.held+by, now
}

func (l *lane) lock(now moment, by int) {
	l.busyTime += float64(l.locked) * (now - l.busySince).seconds()
	l.locked, l.busySince = l.locked+by, now
}

// offer writes a message: into the queue, or into the outbox while its tenant's window is full.
func (l *lane) offer(w *world, m message) {
	l.hold(w.now, 1)
	if l.Window > 0 && l.flight[m.tenant] >= l.Window {
		l.outbox[m.tenant].push(m)
		return
	}
	l.send(w, m)
}

func (l *lane) send(w *world, m message) {
	l.flight[m.tenant]++
	l.queue.push(m)
	l.deepest = max(l.deepest, l.queue.size()+l.locked)
	l.dispatch(w)
}

// dispatch gives what waits to free hands.
func (l *lane) dispatch(w *world) {
	for l.queue.size() > 0 && len(l.free) > 0 {
		r := l.free[len(l.free)-1]
		l.free = l.free[:len(l.free)-1]
		if l.replicas[r].state != running {
			continue
		}
		l.replicas[r].busy++
		l.lock(w.now, 1)
		w.begin(l, l.queue.pop(), r)
	}
}

// end settles a message: its hand is free, and its tenant's next one comes into the queue.
func (l *lane) end(w *world, m message, r int32) {
	l.hold(w.now, -1)
	l.lock(w.now, -1)
	l.flight[m.tenant]--
	p := &l.replicas[r]
	switch p.busy--; {
	case p.state == running:
		l.free = append(l.free, r)
	case p.busy == 0:
		l.remove(w, r)
	}
	if l.outbox[m.tenant].size() > 0 {
		l.send(w, l.outbox[m.tenant].pop())
	}
	l.dispatch(w)
}

// waiting is how many messages the scaler counts: those in work are in the queue, too.
func (l *lane) waiting() int { return l.queue.size() + l.locked }

// add starts a replica, which works after so many seconds.
func (l *lane) add(w *world, after float64) {
	l.replicas = append(l.replicas, replica{state: starting, began: w.now})
	l.live++
	l.peak = max(l.peak, l.live)
	w.agenda.add(event{at: w.now.after(after), what: starts, lane: l.id, replica: int32(len(l.replicas) - 1)})
}

func (l *lane) started(w *world, r int32) {
	if l.replicas[r].state != starting {
		return // it was given up meanwhile
	}
	l.replicas[r].state = running
	for range l.Hands {
		l.free = append(l.free, r)
	}
	l.dispatch(w)
}

func (l *lane) remove(w *world, r int32) {
	l.replicas[r].state = gone
	l.replicaTime += w.now - l.replicas[r].began
}

// scale looks at the queue as Container Apps does: one replica for so many messages, from none
// to one, then to four, then twice as many at a look at most; down to the most that was
// wanted within the time that keeps it steady.
func (l *lane) scale(w *world) {
	want := min(max(int(math.Ceil(float64(l.waiting())/float64(l.Messages))), l.Min), l.Max)
	l.wanted[l.at%len(l.wanted)] = want
	l.at++
	keep := 0
	for _, n := range l.wanted {
		keep = max(keep, n)
	}
	switch {
	case want > l.live:
		step := max(4, 2*l.live)
		if l.live == 0 {
			step = 1
		}
		for l.live < min(want, step) {
			l.add(w, w.scaler.Start(w))
		}
	case keep < l.live:
		// the youngest go first, and finish what they work on
		for r := len(l.replicas) - 1; r >= 0 && l.live > keep; r-- {
			p := &l.replicas[r]
			if p.state != starting && p.state != running {
				continue
			}
			p.state = draining
			l.live--
			if p.busy == 0 {
				l.remove(w, int32(r))
			}
		}
	}
	w.agenda.add(event{at: w.now + w.scaler.Poll, what: looks, lane: l.id})
}
