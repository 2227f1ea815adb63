package main

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// poisson returns single photos of one tenant, as many a second as rate says.
func poisson(n int, rate float64, seed uint64) (all []order) {
	r := rand.New(rand.NewPCG(seed, 5))
	t := 0.
	for range n {
		t += r.ExpFloat64() / rate
		all = append(all, order{at: moment(0).after(t), photos: 1})
	}
	return all
}

func near(t *testing.T, what string, got, want, within float64) {
	t.Helper()
	if math.Abs(got-want) > within*math.Abs(want) {
		t.Errorf("%s is %g, must be %g within %g %%", what, got, want, 100*within)
	}
}

// simple is a world in which only the queue jobs has work, on c hands with exponential times
// of work of mean 1 s.
func simple(c, n int, rate float64, seed uint64) setup {
	return setup{
		seed: seed, orders: poisson(n, rate, seed), tenants: 1,
		lanes:  [2]laneSetup{{Hands: 1, Min: c, Max: c}, {Hands: 1, Min: 1, Max: 1}},
		drawn:  func(r *rand.Rand) cost { return cost{Before: r.ExpFloat64()} },
		placed: func(*world, int32) float64 { return 0 },
	}
}

func mean(all []float64) float64 {
	sum := 0.
	for _, v := range all {
		sum += v
	}
	return sum / float64(len(all))
}

// erlangC is the chance that an arrival waits, with c servers and a offered load of a.
func erlangC(c int, a float64) float64 {
	sum, term := 0., 1.
	for k := range c {
		sum += term
		term *= a / float64(k+1)
	}
	last := term * float64(c) / (float64(c) - a)
	return last / (sum + last)
}

// TestWaitsAreThoseOfErlang holds the wait for a hand against the formula of a queue with
// Poisson arrivals, exponential work and c servers.
func TestWaitsAreThoseOfErlang(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		hands int
		rate  float64
	}{{"one hand", 1, .6}, {"four hands", 4, 3.2}, {"twenty hands", 20, 17}} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := simulate(simple(c.hands, 120_000, c.rate, 11))
			want := erlangC(c.hands, c.rate) / (float64(c.hands) - c.rate)
			near(t, "the mean wait", mean(w.result.Waited), want, .06)
			waits := 0
			for _, s := range w.result.Waited {
				if s > 0 {
					waits++
				}
			}
			near(t, "the share that waits", float64(waits)/float64(len(w.result.Waited)), erlangC(c.hands, c.rate), .04)
			l := w.lanes[jobs]
			near(t, "utilisation", l.busyTime/w.now.seconds(), c.rate, .02)
			// Little: the mean number is the rate of arrivals times the mean time
			inside := mean(w.result.Waited) + l.busyTime/float64(w.result.Made)
			near(t, "the mean number of messages", l.heldTime/w.now.seconds(), float64(w.result.Made)/w.now.seconds()*inside, .001)
		})
	}
}

// TestTheSharedHostSharesFairly holds a shared processor against the formula of processor
// sharing, which does not ask how times of work are spread.
func TestTheSharedHostSharesFairly(t *testing.T) {
	t.Parallel()
	for name, draw := range map[string]func(r *rand.Rand) cost{
		"exponential": func(r *rand.Rand) cost { return cost{Before: r.ExpFloat64()} },
		"constant":    func(*rand.Rand) cost { return cost{Before: 1} },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := simple(1000, 60_000, .5, 3)
			s.drawn, s.shared = draw, &host{cores: 1, each: 1}
			w := simulate(s)
			near(t, "the mean time", mean(w.result.Took), 1/(1-.5), .06)
		})
	}
}

func TestTheScoringEndpointIsAQueueToo(t *testing.T) {
	t.Parallel()
	s := simple(1000, 120_000, 3.2, 7)
	s.drawn = func(*rand.Rand) cost { return cost{} }
	s.slots, s.placed = 4, func(w *world, _ int32) float64 { return w.rng.ExpFloat64() }
	w := simulate(s)
	near(t, "the mean time", mean(w.result.Took), 1+erlangC(4, 3.2)/.8, .05)
	near(t, "utilisation", w.engine.busyTime/w.now.seconds(), 3.2, .02)
}

// small is a day as the templates deploy it.
func small(t *testing.T, pictures int, seed uint64) setup {
	t.Helper()
	in, err := read()
	if err != nil {
		t.Fatal(err)
	}
	return in.world(pictures, in.asDeployed(), variation{seed: seed})
}

func TestNothingIsLostOrDoubled(t *testing.T) {
	t.Parallel()
	for seed := range uint64(3) {
		w := simulate(small(t, 5000, seed))
		r := w.result
		if r.Pictures < 4000 || r.Made != r.Pictures || r.Exported != r.Pictures || len(r.Took) != r.Pictures || r.ZIPs != len(w.orders) {
			t.Errorf("%d pictures of %d orders: %d made, %d exported, %d ZIPs", r.Pictures, len(w.orders), r.Made, r.Exported, r.ZIPs)
		}
		for _, l := range w.lanes {
			if l.held != 0 || l.locked != 0 || l.queue.size() != 0 {
				t.Errorf("queue %d holds %d messages at the end, %d locked", l.id, l.held, l.locked)
			}
			if slices.ContainsFunc(l.flight, func(n int) bool { return n != 0 }) {
				t.Errorf("queue %d: a tenant's window is not empty at the end", l.id)
			}
		}
	}
}

func TestTheSameSeedGivesTheSameDay(t *testing.T) {
	t.Parallel()
	a, b, other := simulate(small(t, 3000, 1)).result, simulate(small(t, 3000, 1)).result, simulate(small(t, 3000, 2)).result
	if diff := cmp.Diff(a, b); diff != "" {
		t.Error(diff)
	}
	if cmp.Equal(a.Took, other.Took) {
		t.Error("another seed gives the same day")
	}
}

// TestAWindowLetsOthersIn: ten photos of one tenant behind a thousand of another don't wait
// for them.
func TestAWindowLetsOthersIn(t *testing.T) {
	t.Parallel()
	s := simple(4, 0, 1, 1)
	s.tenants, s.drawn = 2, func(*rand.Rand) cost { return cost{Before: 1} }
	s.orders = []order{{0, 0, 1000}, {second, 1, 10}}
	longest := func(window int) (longest float64) {
		s.lanes[jobs].Window = window
		w := simulate(s)
		for i, it := range w.items {
			if it.message.tenant == 1 && i >= 1000 {
				longest = max(longest, it.exported.seconds())
			}
		}
		return longest
	}
	if got := longest(24); got > 20 {
		t.Errorf("with a window the second tenant's last photo is done after %g s", got)
	}
	if got := longest(0); got < 240 {
		t.Errorf("without a window it is done after %g s, before the first tenant's", got)
	}
}

// TestTheScalerFollowsItsRule: none to one, four, twice as many, and down only when nothing
// more was wanted for five minutes.
func TestTheScalerFollowsItsRule(t *testing.T) {
	t.Parallel()
	s := simple(1, 0, 1, 1)
	s.drawn = func(*rand.Rand) cost { return cost{Before: 10} }
	s.lanes[jobs] = laneSetup{Hands: 1, Max: 20, Messages: 4}
	s.scaler = scaler{Poll: 30 * second, Steady: 5 * minute, Start: func(*world) float64 { return 0 }}
	s.orders = []order{{0, 0, 100}, {15 * minute, 0, 1}}
	w := simulate(s)
	got := w.result.Replicas[jobs]
	// looks at 0:30 and 1:00 ... see 100 messages: 1, 4, 8, 16, then what is left
	if want := []int{1, 8, 16}; len(got) < 14 || !cmp.Equal(got[:3], want) {
		t.Errorf("replicas by minute %v, must begin with %v", got, want)
	}
	for _, at := range []int{4, 6} {
		if len(got) > at && got[at] < 16 {
			t.Errorf("minute %d has %d replicas: it came down before five minutes were over", at, got[at])
		}
	}
	if len(got) > 13 && got[13] != 0 {
		t.Errorf("minute 13 has %d replicas and nothing to do", got[13])
	}
}
