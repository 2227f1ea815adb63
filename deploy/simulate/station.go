package main

// station is the scoring endpoint: so many slots, and a line before them. The worker's hand
// waits for its picture.
type station struct {
	slots    int // 0: as many as are asked for
	busy     int
	line     fifo[queued]
	service  func(w *world, item int32) float64 // seconds
	busyTime float64
	since    moment
	longest  float64 // wait in the line, seconds
}

type queued struct {
	item, replica int32
	since         moment
}

func (s *station) count(now moment, by int) {
	s.busyTime += float64(s.busy) * (now - s.since).seconds()
	s.busy, s.since = s.busy+by, now
}

func (s *station) enter(w *world, item, replica int32) {
	if s.slots > 0 && s.busy >= s.slots {
		s.line.push(queued{item, replica, w.now})
		return
	}
	s.serve(w, item, replica)
}

func (s *station) serve(w *world, item, replica int32) {
	s.count(w.now, 1)
	w.agenda.add(event{at: w.now.after(s.service(w, item)), what: placedNext, ref: item, replica: replica})
}

// leave frees a slot for the next in the line.
func (s *station) leave(w *world) {
	s.count(w.now, -1)
	if s.line.size() > 0 {
		q := s.line.pop()
		s.longest = max(s.longest, (w.now - q.since).seconds())
		s.serve(w, q.item, q.replica)
	}
}
