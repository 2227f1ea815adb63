package billing

import (
	"errors"
	"flag"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/opal-photo/opal/modules/billing/ledger"
	"github.com/opal-photo/opal/modules/billing/mollie"
	"github.com/opal-photo/opal/modules/db"
	"github.com/opal-photo/opal/modules/db/dbtest"
)

// modelSize is how many runs of how many steps the model test makes.
// OPAL_BILLING_FULL=1 makes all of them, and a minute of eight clients at the
// same time.
var modelSize = map[string]struct{ short, runs, steps int }{
	"sqlite":   {15, 500, 60},
	"postgres": {5, 200, 40},
}

// model is the expected state of a tenant's ledger, computed in a simple way.
type model struct {
	free, paid, held, spent, debt int64
	granted                       bool
	items                         []*modelItem
	payments                      []*modelPayment
}

type modelItem struct {
	id                string
	steps, preset     int64 // prices
	freePart          [2]int64
	stepsIn, presetIn string // held, captured or released
}

type modelPayment struct {
	id, mollieID string
	status       string
	refunded     int64
	back         int64
	cbs          map[string]int64 // chargebacks that stand, and the credits they took
}

func (m *model) available() int64 {
	if m.debt > 0 {
		return 0
	}
	return m.free + m.paid
}

func (m *model) repay() {
	n := min(m.paid, m.debt)
	m.paid, m.debt = m.paid-n, m.debt-n
}

func (m *model) takeBack(n int64) {
	k := min(m.paid, n)
	m.paid, m.debt = m.paid-k, m.debt+n-k
}

const (
	modelGrant   = 150
	modelCredits = 333
	modelAmount  = 847 // 7.00 and 21 %
)

// errCrash stands for a process that dies before its commit, and leaves
// nothing.
var errCrash = errors.New("crash")

func TestLedgerFollowsTheModel(t *testing.T) {
	var serial atomic.Int64
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		size := modelSize["sqlite"]
		if d.Postgres() {
			size = modelSize["postgres"]
		}
		if !full() {
			size.runs = size.short
		}
		s := openShop(t, d)
		s.o.MonthlyGrant = modelGrant
		s.o.Packages = []Package{{Name: "odd", Credits: modelCredits, Net: 700, Currency: "EUR"}}
		check := func(rt *rapid.T) {
			tenantID := fmt.Sprint("m", serial.Add(1))
			m := &model{}
			for range size.steps {
				step(rt, s, tenantID, m, &serial)
			}
		}
		run(t, size.runs, check)
		if diffs, err := s.Audit(ctx); err != nil || len(diffs) > 0 {
			t.Errorf("audit: %v, %v", diffs, err)
		}
	})
}

// run is rapid.Check with a number of runs of its own.
func run(t *testing.T, runs int, check func(*rapid.T)) {
	t.Helper()
	const name = "rapid.checks"
	before := flag.Lookup(name).Value.String()
	if err := flag.Set(name, strconv.Itoa(runs)); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = flag.Set(name, before) }()
	rapid.Check(t, check)
}

func step(rt *rapid.T, s *shop, tenantID string, m *model, serial *atomic.Int64) {
	crash := rapid.IntRange(0, 9).Draw(rt, "crash") == 0
	// tx runs fn, and once more when the first try dies before its commit
	tx := func(fn func(tx *db.Tx) error) error {
		if crash {
			err := s.d.InTx(ctx, func(tx *db.Tx) error {
				if err := fn(tx); err != nil {
					return err
				}
				return errCrash
			})
			if err != nil && !errors.Is(err, errCrash) {
				return err
			}
		}
		return s.d.InTx(ctx, fn)
	}
	must := func(err error) {
		if err != nil {
			rt.Fatal(err)
		}
	}
	pickItem := func() *modelItem {
		if len(m.items) == 0 {
			return nil
		}
		return rapid.SampledFrom(m.items).Draw(rt, "item")
	}
	pickPayment := func(status string) *modelPayment {
		var some []*modelPayment
		for _, p := range m.payments {
			if p.status == status {
				some = append(some, p)
			}
		}
		if len(some) == 0 {
			return nil
		}
		return rapid.SampledFrom(some).Draw(rt, "payment")
	}
	release := func(it *modelItem, part int, price int64, state *string) {
		if *state != stateHeld {
			return
		}
		*state = stateReleased
		m.held -= price
		m.free += it.freePart[part]
		m.paid += price - it.freePart[part]
	}
	switch op := rapid.SampledFrom([]string{"buy", "pay", "expire", "reserve", "reserve", "reserve", "capture", "variant", "release", "refund", "chargeback", "reverse", "sweep"}).Draw(rt, "op"); op {
	case "buy":
		r, err := s.Purchase(ctx, tenantID, "odd")
		must(err)
		p, err := getPayment(ctx, s.d, r.PaymentID)
		must(err)
		m.payments = append(m.payments, &modelPayment{id: p.PaymentID, mollieID: p.mollieID, status: mollie.Open, cbs: map[string]int64{}})
	case "pay", "expire":
		p := pickPayment(mollie.Open)
		if p == nil {
			return
		}
		p.status = mollie.Expired
		if op == "pay" {
			p.status = mollie.Paid
			m.paid += modelCredits
			m.repay()
		}
		s.mollie.Set(p.mollieID, p.status)
		must(s.Sweep(ctx))
	case "refund":
		p := pickPayment(mollie.Paid)
		if p == nil || p.refunded == modelAmount {
			return
		}
		cents := int64(rapid.IntRange(1, int(modelAmount-p.refunded)).Draw(rt, "cents"))
		p.refunded += cents
		back := (modelCredits*p.refunded+modelAmount-1)/modelAmount - p.back
		p.back += back
		m.takeBack(back)
		_, err := s.Refund(ctx, RefundOrder{PaymentID: p.id, Cents: cents, Description: "x"})
		must(err)
	case "chargeback":
		p := pickPayment(mollie.Paid)
		if p == nil || p.refunded == modelAmount {
			return
		}
		cents := modelAmount - p.refunded
		p.refunded += cents
		back := modelCredits - p.back
		p.back += back
		m.takeBack(back)
		p.cbs[s.mollie.Chargeback(p.mollieID, cents)+"/"+strconv.FormatInt(cents, 10)] = back
		must(s.Sweep(ctx))
	case "reverse":
		p := pickPayment(mollie.Paid)
		if p == nil || len(p.cbs) == 0 {
			return
		}
		for key, back := range p.cbs { // one at most: it takes all that is left
			var id string
			var cents int64
			_, err := fmt.Sscanf(key, "chb_%6s/%d", &id, &cents)
			must(err)
			delete(p.cbs, key)
			p.refunded -= cents
			p.back -= back
			m.paid += back
			m.repay()
			s.mollie.Reverse(p.mollieID, "chb_"+id)
		}
		must(s.Sweep(ctx))
	case "reserve":
		it := &modelItem{id: fmt.Sprint("item", serial.Add(1)), stepsIn: stateHeld, presetIn: stateHeld}
		c := Charge{ItemID: it.id, Steps: rapid.SampledFrom([][]string{steps, steps[:1], steps[1:2]}).Draw(rt, "steps"), Presets: []string{"etsy"}}
		for _, n := range c.Steps {
			it.steps += map[string]int64{"remove_background": 20, "generate_scene": 60, "upscale": 20}[n]
		}
		it.preset = 5
		if !m.granted {
			m.granted, m.free = true, m.free+modelGrant
		}
		err := tx(func(tx *db.Tx) error { return s.Reserve(ctx, tx, tenantID, c) })
		total := it.steps + it.preset
		if m.available() < total {
			if !errors.Is(err, ErrCredits) && !errors.Is(err, ErrDebt) {
				rt.Fatalf("reserved %d of %d: %v", total, m.available(), err)
			}
			// the refusal rolled the month's grant back
			var given int
			must(s.d.QueryRow(`SELECT count(*) FROM transfers WHERE tenant_id = $1 AND kind = 'grant'`, tenantID).Scan(&given))
			if given == 0 {
				m.granted, m.free = false, m.free-modelGrant
			}
			return
		}
		must(err)
		it.freePart[0] = min(m.free, it.steps)
		it.freePart[1] = min(m.free-it.freePart[0], it.preset)
		fromFree := it.freePart[0] + it.freePart[1]
		m.free, m.paid, m.held = m.free-fromFree, m.paid-(total-fromFree), m.held+total
		m.items = append(m.items, it)
	case "capture":
		if it := pickItem(); it != nil {
			must(tx(func(tx *db.Tx) error { return s.Capture(ctx, tx, tenantID, it.id) }))
			if it.stepsIn == stateHeld {
				it.stepsIn = stateCaptured
				m.held, m.spent = m.held-it.steps, m.spent+it.steps
			}
		}
	case "variant":
		if it := pickItem(); it != nil {
			must(tx(func(tx *db.Tx) error { return s.CaptureVariant(ctx, tx, tenantID, it.id, "etsy") }))
			if it.presetIn == stateHeld {
				it.presetIn = stateCaptured
				m.held, m.spent = m.held-it.preset, m.spent+it.preset
			}
		}
	case "release":
		if it := pickItem(); it != nil {
			must(tx(func(tx *db.Tx) error { return s.Release(ctx, tx, tenantID, it.id) }))
			release(it, 0, it.steps, &it.stepsIn)
			release(it, 1, it.preset, &it.presetIn)
			m.repay()
		}
	case "sweep":
		must(s.Sweep(ctx))
	}
	has, err := ledger.Balances(ctx, s.d, tenantID)
	must(err)
	got := [5]int64{has[ledger.Free], has[ledger.Paid], has[ledger.Held], has[ledger.Spent], has[ledger.Debt]}
	if should := [5]int64{m.free, m.paid, m.held, m.spent, m.debt}; got != should {
		rt.Fatalf("free, paid, held, spent, debt are %v, want %v", got, should)
	}
}

// TestAllAtOnce has eight clients buy, spend and refund in two tenants' ledgers
// at the same time, with webhooks and sweeps between them: no drift, no
// deadlock.
func TestAllAtOnce(t *testing.T) {
	rounds, long := 8, time.Duration(0)
	if full() {
		rounds, long = 1_000_000, time.Minute
	}
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := openShop(t, d)
		s.mollie.Webhook = func(_, id string) {
			if err := s.Notice(ctx, id); err != nil {
				t.Error(err)
			}
		}
		start := time.Now()
		var items, blocked atomic.Int64
		var wg sync.WaitGroup
		for client := range 8 {
			wg.Go(func() {
				tenantID := []string{"a", "b"}[client%2]
				for i := 0; i < rounds && (long == 0 || time.Since(start) < long); i++ {
					if err := oneRound(s, tenantID, fmt.Sprintf("%d-%d", client, i), client, i, &items, &blocked); err != nil {
						t.Error(err)
						return
					}
				}
			})
		}
		wg.Wait()
		s.age(0)
		for range 2 {
			s.sweep()
		}
		t.Logf("%d items reserved, %d refused, in %v", items.Load(), blocked.Load(), time.Since(start).Round(time.Millisecond))
		if items.Load() == 0 {
			t.Error("nothing was reserved")
		}
		if diffs, err := s.Audit(ctx); err != nil || len(diffs) > 0 {
			t.Errorf("audit: %v, %v", diffs, err)
		}
		var invoices, paidOnes int
		err := d.QueryRow(`SELECT (SELECT count(*) FROM invoices), (SELECT count(*) FROM payments WHERE status = 'paid')`).Scan(&invoices, &paidOnes)
		if err != nil || invoices != paidOnes || invoices == 0 {
			t.Errorf("%d invoices of %d payments, %v", invoices, paidOnes, err)
		}
	})
}

func oneRound(s *shop, tenantID, name string, client, i int, items, blocked *atomic.Int64) error {
	if i%4 == 0 {
		r, err := s.Purchase(ctx, tenantID, "small")
		if err != nil {
			return err
		}
		p, err := getPayment(ctx, s.d, r.PaymentID)
		if err != nil {
			return err
		}
		s.mollie.Set(p.mollieID, mollie.Paid)
		if err := s.Sweep(ctx); err != nil {
			return err
		}
		if client%4 == 0 && i > 0 {
			if _, err := s.Refund(ctx, RefundOrder{PaymentID: p.PaymentID, Cents: 605, Description: "half"}); err != nil && !errors.Is(err, ErrRefund) {
				return err
			}
		}
	}
	c := Charge{ItemID: name, Steps: steps, Presets: []string{"etsy", "ebay"}}
	err := s.d.InTx(ctx, func(tx *db.Tx) error { return s.Reserve(ctx, tx, tenantID, c) })
	if errors.Is(err, ErrCredits) || errors.Is(err, ErrDebt) {
		blocked.Add(1)
		return nil
	}
	if err != nil {
		return err
	}
	items.Add(1)
	return s.d.InTx(ctx, func(tx *db.Tx) error {
		if i%3 == 0 {
			return s.Release(ctx, tx, tenantID, name)
		}
		if err := s.Capture(ctx, tx, tenantID, name); err != nil {
			return err
		}
		if err := s.CaptureVariant(ctx, tx, tenantID, name, "etsy"); err != nil {
			return err
		}
		return s.ReleaseVariant(ctx, tx, tenantID, name, "ebay")
	})
}
