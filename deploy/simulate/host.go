package main

// host is one machine on which all work shares the cores, as under `opal dev`: processor
// sharing, at most one core a phase.
type host struct {
	cores float64 // that the work gets
	each  float64 // the most that one phase gets: cores ÷ processors
	now   moment
	phase []sharing
	turn  int32
}

// sharing is a phase that computes.
type sharing struct {
	left float64 // CPU seconds
	then event
}

// rate is what each phase gets at present.
func (h *host) rate() float64 {
	if len(h.phase) == 0 {
		return 0
	}
	return min(h.each, h.cores/float64(len(h.phase)))
}

func (h *host) advance(now moment) {
	did := h.rate() * (now - h.now).seconds()
	for i := range h.phase {
		h.phase[i].left -= did
	}
	h.now = now
}

// compute adds a phase, after which then happens.
func (h *host) compute(w *world, cpu float64, then event) {
	h.advance(w.now)
	h.phase = append(h.phase, sharing{cpu, then})
	h.plan(w)
}

// plan puts the end of the phase that ends first on the agenda, in the place of the one that
// was there.
func (h *host) plan(w *world) {
	h.turn++
	if len(h.phase) == 0 {
		return
	}
	least := h.phase[0].left
	for _, p := range h.phase {
		least = min(least, p.left)
	}
	w.agenda.add(event{at: w.now.after(max(least, 0) / h.rate()), what: hostTurns, ref: h.turn})
}

// turned ends the phases that have computed enough.
func (h *host) turned(w *world, turn int32) {
	if turn != h.turn {
		return // others came or went meanwhile
	}
	h.advance(w.now)
	var ended []event
	rest := h.phase[:0]
	for _, p := range h.phase {
		if p.left > 1e-6 {
			rest = append(rest, p)
			continue
		}
		p.then.at = w.now
		ended = append(ended, p.then)
	}
	h.phase = rest
	for _, e := range ended {
		w.agenda.add(e)
	}
	h.plan(w)
}
