package main

// moment is a time of the simulated world, in microseconds since its first midnight.
type moment int64

const (
	second moment = 1_000_000
	minute        = 60 * second
	hour          = 60 * minute
	day           = 24 * hour
)

// after returns the moment that is so many seconds later.
func (m moment) after(seconds float64) moment { return m + moment(seconds*float64(second)+.5) }

// seconds returns the time since the first midnight.
func (m moment) seconds() float64 { return float64(m) / float64(second) }

// happening is what takes place at a moment.
type happening int8

const (
	ordered    happening = iota // photos of an order are uploaded; ref: the order
	computes                    // a phase has waited and begins to compute
	phaseEnds                   // a phase of a piece of work ends
	hostTurns                   // the shared host's next phase ends; ref: its turn
	looks                       // the scaler looks; lane
	starts                      // a replica is ready; lane and replica
	placedNext                  // the scoring endpoint has a picture ready
)

// event is something that will happen. at and seq order events.
type event struct {
	at      moment
	seq     int64
	ref     int32 // the piece of work, unless said otherwise above
	replica int32
	what    happening
	lane    int8
}

// agenda holds the events to come: a binary heap, by time, those of one moment in the order
// in which they were added.
type agenda struct {
	heap []event
	seq  int64
}

func (e event) before(o event) bool { return e.at < o.at || e.at == o.at && e.seq < o.seq }

func (a *agenda) add(e event) {
	a.seq++
	e.seq = a.seq
	a.heap = append(a.heap, e)
	for i := len(a.heap) - 1; i > 0; {
		up := (i - 1) / 2
		if !a.heap[i].before(a.heap[up]) {
			break
		}
		a.heap[i], a.heap[up] = a.heap[up], a.heap[i]
		i = up
	}
}

// next takes the first event; ok is false when there is none.
func (a *agenda) next() (e event, ok bool) {
	if len(a.heap) == 0 {
		return e, false
	}
	e = a.heap[0]
	last := len(a.heap) - 1
	a.heap[0] = a.heap[last]
	a.heap = a.heap[:last]
	for i := 0; ; {
		least := i
		for _, child := range [2]int{2*i + 1, 2*i + 2} {
			if child < last && a.heap[child].before(a.heap[least]) {
				least = child
			}
		}
		if least == i {
			return e, true
		}
		a.heap[i], a.heap[least] = a.heap[least], a.heap[i]
		i = least
	}
}

// fifo is a queue of values: first in, first out.
type fifo[T any] struct {
	values []T
	head   int
}

func (q *fifo[T]) push(v T) { q.values = append(q.values, v) }

func (q *fifo[T]) size() int { return len(q.values) - q.head }

func (q *fifo[T]) pop() T {
	v := q.values[q.head]
	if q.head++; q.head > 1024 && 2*q.head > len(q.values) {
		q.values = append(q.values[:0], q.values[q.head:]...)
		q.head = 0
	}
	return v
}
