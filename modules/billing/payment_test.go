package billing

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/opal-photo/opal/modules/billing/invoice"
	"github.com/opal-photo/opal/modules/billing/mollie"
	"github.com/opal-photo/opal/modules/billing/mollietest"
	"github.com/opal-photo/opal/modules/db"
	"github.com/opal-photo/opal/modules/db/dbtest"
)

// shop is a service with a fake Mollie whose webhooks call Notice.
type shop struct {
	*Service
	t      *testing.T
	d      *db.DB
	mollie *mollietest.Server
}

func openShop(t *testing.T, d *db.DB) *shop {
	t.Helper()
	m := mollietest.New()
	t.Cleanup(m.Close)
	c, err := mollie.New(mollie.Options{URL: m.URL, Key: mollietest.Key, Client: m.Client(), Wait: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	s := New(Options{DB: d, Mode: Enforce, Mollie: c, RedirectURL: "http://127.0.0.1/", WebhookURL: "http://127.0.0.1/v1/mollie/webhook",
		Packages: []Package{{Name: "small", Title: "Small", Credits: 1000, Net: 1000, Currency: "EUR"}, {Name: "odd", Title: "Odd", Credits: 333, Net: 700, Currency: "EUR"}},
		Seller:   invoice.Seller{Name: "OPAL B.V.", Country: "NL", VATID: "NL123456789B01"}})
	m.Webhook = func(_, id string) {
		if err := s.Notice(ctx, id); err != nil {
			t.Errorf("notice %s: %v", id, err)
		}
	}
	return &shop{Service: s, t: t, d: d, mollie: m}
}

func withShop(t *testing.T, fn func(t *testing.T, s *shop)) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := openShop(t, d)
		fn(t, s)
		if diffs, err := s.Audit(ctx); err != nil || len(diffs) > 0 {
			t.Errorf("audit: %v, %v", diffs, err)
		}
	})
}

// in returns the shop for a subtest, which it fails in place of the whole test.
func (s *shop) in(t *testing.T) *shop {
	return &shop{Service: s.Service, t: t, d: s.d, mollie: s.mollie}
}

// buy buys a package and returns the payment's id here and at Mollie.
func (s *shop) buy(pkg string) (id, mollieID string) {
	s.t.Helper()
	r, err := s.Purchase(ctx, "a", pkg)
	if err != nil {
		s.t.Fatal(err)
	}
	p, err := getPayment(ctx, s.d, r.PaymentID)
	if err != nil || r.CheckoutURL == "" || p.mollieID == "" || p.Status != mollie.Open {
		s.t.Fatalf("%+v, %+v, %v", r, p, err)
	}
	return r.PaymentID, p.mollieID
}

func (s *shop) paid(pkg string) (id, mollieID string) {
	s.t.Helper()
	id, m := s.buy(pkg)
	s.mollie.Set(m, mollie.Paid)
	s.sweep()
	return id, m
}

func (s *shop) sweep() {
	s.t.Helper()
	if err := s.Sweep(ctx); err != nil {
		s.t.Fatal(err)
	}
}

// age makes payments and refund requests look so much older, and due.
func (s *shop) age(by time.Duration) {
	s.t.Helper()
	// the database keeps a payment's terms from changing: the test disables that
	// guard
	inTx(s.t, s.d, func(tx *db.Tx) error {
		for _, q := range []string{`UPDATE payments SET poll_at = 0 WHERE poll_at IS NOT NULL`, `UPDATE refund_requests SET retry_at = 0 WHERE retry_at IS NOT NULL`,
			`UPDATE payment_notices SET due_at = 0`, `UPDATE payment_unknowns SET next_at = 0`} {
			if _, err := tx.ExecContext(ctx, q); err != nil {
				return err
			}
		}
		if by == 0 {
			return nil
		}
		drop, guard := `DROP TRIGGER payments_guard`, ""
		if s.d.Postgres() {
			drop, guard = `ALTER TABLE payments DISABLE TRIGGER payments_guard`, `ALTER TABLE payments ENABLE TRIGGER payments_guard`
		}
		if _, err := tx.ExecContext(ctx, drop); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `UPDATE payments SET created_at = created_at - $1`, by.Milliseconds()); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `UPDATE refund_requests SET created_at = created_at - $1`, by.Milliseconds()); err != nil {
			return err
		}
		if guard != "" {
			_, err := tx.ExecContext(ctx, guard)
			return err
		}
		return nil
	})
}

func (s *shop) status(id, want string) Payment {
	s.t.Helper()
	p, err := s.Payment(ctx, "a", id)
	if err != nil || p.Status != want {
		s.t.Fatalf("payment is %q, want %q: %v", p.Status, want, err)
	}
	return p
}

func TestAPaymentIsCreditedOnceHoweverOftenItIsTold(t *testing.T) {
	withShop(t, func(t *testing.T, s *shop) {
		id, m := s.buy("small")
		want(t, s.d, "a", 0, 0, 0, 0, 0)
		s.mollie.Set(m, mollie.Pending)
		s.sweep()
		s.status(id, mollie.Pending)
		for range 3 { // doubled
			s.mollie.Set(m, mollie.Paid)
			s.sweep()
			s.sweep()
		}
		p := s.status(id, mollie.Paid)
		if p.PaidAt == nil || p.CheckoutURL != nil || p.Amount != 1210 || p.VAT != 210 {
			t.Errorf("%+v", p)
		}
		want(t, s.d, "a", 0, 1000, 0, 0, 0)
		// an answer fetched earlier that comes late
		stale := mollie.Payment{ID: m, Mode: "test", Status: mollie.Open, Amount: mollie.Cents("EUR", 1210)}
		if err := s.apply(ctx, stale); err != nil {
			t.Fatal(err)
		}
		s.status(id, mollie.Paid)
		if _, err := s.Payment(ctx, "b", id); !errors.Is(err, ErrPaymentNotFound) {
			t.Errorf("another tenant's payment: %v", err)
		}
	})
}

func TestPaymentsThatEndUnpaidCreditNothing(t *testing.T) {
	withShop(t, func(t *testing.T, s *shop) {
		for _, status := range []string{mollie.Failed, mollie.Expired, mollie.Canceled} {
			id, m := s.buy("small")
			s.mollie.Set(m, status)
			s.sweep()
			s.status(id, status)
			s.mollie.Set(m, mollie.Open) // out of order
			s.sweep()
			s.status(id, status)
		}
		want(t, s.d, "a", 0, 0, 0, 0, 0)
	})
}

func TestAPaymentNoWebhookToldIsPolled(t *testing.T) {
	withShop(t, func(t *testing.T, s *shop) {
		s.mollie.Webhook = func(string, string) {} // all lost
		id, m := s.buy("small")
		s.mollie.Set(m, mollie.Paid)
		s.sweep() // not due yet
		s.status(id, mollie.Open)
		s.age(0)
		s.sweep()
		s.status(id, mollie.Paid)
		want(t, s.d, "a", 0, 1000, 0, 0, 0)
		// and so is a chargeback, later
		s.mollie.Chargeback(m, 1210)
		s.age(0)
		s.sweep()
		want(t, s.d, "a", 0, 0, 0, 0, 0)
	})
}

func TestAWebhookBeforeTheCreateCallReturned(t *testing.T) {
	withShop(t, func(t *testing.T, s *shop) {
		s.mollie.EarlyWebhook = true
		s.mollie.Webhook = func(_, id string) {
			if err := s.Notice(ctx, id); err != nil {
				t.Error(err)
			}
			if err := s.Sweep(ctx); err != nil { // worked on even before Notice returned
				t.Error(err)
			}
		}
		id, m := s.buy("small")
		s.mollie.Set(m, mollie.Paid)
		s.status(id, mollie.Paid)
		want(t, s.d, "a", 0, 1000, 0, 0, 0)
	})
}

// TestTheAnswerToCreateIsLost covers a kill between the payment's row, the call
// to Mollie and its answer.
func TestTheAnswerToCreateIsLost(t *testing.T) {
	lost := mollietest.Fault{Lose: true, OnlyFor: "POST /v2/payments"}
	for name, after := range map[string]time.Duration{"soon": 0, "later": 2 * time.Hour} {
		t.Run(name, func(t *testing.T) {
			withShop(t, func(t *testing.T, s *shop) {
				down := mollietest.Fault{Status: http.StatusBadGateway, OnlyFor: "POST /v2/payments"}
				s.mollie.Fail(lost, down, down, down, down)
				if _, err := s.Purchase(ctx, "a", "small"); !errors.Is(err, ErrProvider) {
					t.Fatal(err)
				}
				s.mollie.Heal()
				page, err := s.Payments(ctx, "a", "", 0)
				if err != nil || len(page.Payments) != 1 || page.Payments[0].Status != statusCreating {
					t.Fatalf("%+v, %v", page, err)
				}
				if after > 0 {
					s.mollie.ForgetKeys()
				}
				s.age(after)
				s.sweep()
				p := s.status(page.Payments[0].PaymentID, mollie.Open)
				if p.CheckoutURL == nil || len(s.mollie.IDs()) != 1 {
					t.Fatalf("%+v; Mollie has %v", p, s.mollie.IDs())
				}
				s.mollie.Set(s.mollie.IDs()[0], mollie.Paid)
				s.sweep()
				want(t, s.d, "a", 0, 1000, 0, 0, 0)
			})
		})
	}
}

func TestAPaymentThatNeverReachedMollieExpires(t *testing.T) {
	withShop(t, func(t *testing.T, s *shop) {
		down := mollietest.Fault{Status: http.StatusServiceUnavailable, OnlyFor: "POST /v2/payments"}
		s.mollie.Fail(down, down, down, down)
		if _, err := s.Purchase(ctx, "a", "small"); !errors.Is(err, ErrProvider) {
			t.Fatal(err)
		}
		s.age(2 * time.Hour)
		s.sweep()
		page, err := s.Payments(ctx, "a", "", 0)
		if err != nil || page.Payments[0].Status != mollie.Expired {
			t.Fatalf("%+v, %v", page, err)
		}
	})
}

func TestARefusedPaymentFails(t *testing.T) {
	withShop(t, func(t *testing.T, s *shop) {
		s.mollie.Fail(mollietest.Fault{Status: 422, Body: `{"detail":"The amount is too low","field":"amount"}`})
		if _, err := s.Purchase(ctx, "a", "small"); !errors.Is(err, ErrProviderRefused) {
			t.Fatal(err)
		}
		if n := s.mollie.Calls("POST /v2/payments"); n != 1 {
			t.Errorf("%d calls", n)
		}
		if _, err := s.Purchase(ctx, "a", "gold"); !errors.Is(err, ErrPackage) {
			t.Fatal(err)
		}
	})
}

func TestAPaymentThatIsNotTheOneAskedForIsRejected(t *testing.T) {
	withShop(t, func(t *testing.T, s *shop) {
		for name, change := range map[string]func(*mollie.Payment){
			"amount":   func(p *mollie.Payment) { p.Amount = mollie.Cents("EUR", 1) },
			"currency": func(p *mollie.Payment) { p.Amount = mollie.Cents("HUF", 1210) },
			"mode":     func(p *mollie.Payment) { p.Mode = "live" },
			"form":     func(p *mollie.Payment) { p.Amount.Value = "12.1" },
		} {
			t.Run(name, func(t *testing.T) {
				s := s.in(t)
				id, m := s.buy("small")
				s.mollie.Tamper(m, func(p *mollie.Payment) { p.Status = mollie.Paid; change(p) })
				if err := s.Sweep(ctx); !errors.Is(err, ErrRejected) {
					t.Errorf("%v", err)
				}
				if p := s.status(id, statusRejected); p.Problem == nil {
					t.Error("it doesn't say why")
				}
				s.sweep() // its notice is done with
			})
		}
		want(t, s.d, "a", 0, 0, 0, 0, 0)
	})
}

// TestForgedNoticesWaitBehindRealOnes sends thousands of unknown ids before a real
// one.
func TestForgedNoticesWaitBehindRealOnes(t *testing.T) {
	withShop(t, func(t *testing.T, s *shop) {
		id, real := s.buy("small")
		inTx(t, s.d, func(tx *db.Tx) error {
			for i := range 3000 {
				if _, err := tx.ExecContext(ctx, `INSERT INTO payment_notices (mollie_id, due_at, received_at) VALUES ($1, now_ms() - 1000, now_ms())`, fmt.Sprintf("tr_forged%d", i)); err != nil {
					return err
				}
			}
			return nil
		})
		s.mollie.Set(real, mollie.Paid)
		if err := s.Notice(ctx, real); err != nil {
			t.Fatal(err)
		}
		before := s.mollie.CallsUnder("GET /v2/payments/")
		for range 5 {
			s.sweep()
		}
		if p, err := getPayment(ctx, s.d, id); err != nil || p.Status != mollie.Paid {
			t.Errorf("the real payment is %s, %v", p.Status, err)
		}
		if n := s.mollie.CallsUnder("GET /v2/payments/") - before; n > 5 {
			t.Errorf("the provider was asked %d times within a moment", n)
		}
		if _, err := s.d.Exec(`UPDATE payment_notices SET received_at = received_at - 7200000`); err != nil {
			t.Fatal(err)
		}
		s.age(0)
		s.sweep()
		var n int
		if err := s.d.QueryRow(`SELECT count(*) FROM payment_notices`).Scan(&n); err != nil || n != 0 {
			t.Errorf("%d notices are left after hours, %v", n, err)
		}
	})
}

func TestOpenPaymentsAreBounded(t *testing.T) {
	withShop(t, func(t *testing.T, s *shop) {
		first, real := s.buy("small")
		inTx(t, s.d, func(tx *db.Tx) error { // others of the tenant's, begun before
			for i := range maxBegun - 2 {
				if _, err := tx.ExecContext(ctx, `INSERT INTO payments (payment_id, tenant_id, package, credits, net, vat, amount, currency, vat_rate, vat_rule, customer, mode,
					status, created_at, updated_at) SELECT $1, tenant_id, package, credits, net, vat, amount, currency, vat_rate, vat_rule, customer, mode, 'open', 0, 0
					FROM payments WHERE payment_id = $2`, fmt.Sprintf("begun-%d", i), first); err != nil {
					return err
				}
			}
			return nil
		})
		var made, refused atomic.Int64
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				switch _, err := s.Purchase(ctx, "a", "small"); {
				case err == nil:
					made.Add(1)
				case errors.Is(err, ErrOpenPayments):
					refused.Add(1)
				default:
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if made.Load() != 1 || refused.Load() != 3 {
			t.Errorf("%d were begun, %d refused", made.Load(), refused.Load())
		}
		if _, err := s.Purchase(ctx, "b", "small"); err != nil {
			t.Errorf("another tenant: %v", err)
		}
		s.mollie.Set(real, mollie.Paid)
		if err := s.Notice(ctx, real); err != nil {
			t.Fatal(err)
		}
		s.sweep()
		if _, err := s.Purchase(ctx, "a", "small"); err != nil {
			t.Errorf("after one is paid: %v", err)
		}
	})
}

func TestNoticesOfUnknownIDs(t *testing.T) {
	withShop(t, func(t *testing.T, s *shop) {
		for _, id := range []string{"tr_unknown", "tr_unknown", "tr_other"} {
			if err := s.Notice(ctx, id); err != nil {
				t.Fatal(err)
			}
		}
		for _, bad := range []string{"", "tr_", "re_12", "tr_../../x", "tr_" + strings.Repeat("a", 100), "tr_a\x00"} {
			t.Run(strconv.Quote(bad), func(t *testing.T) {
				if err := s.Notice(ctx, bad); !errors.Is(err, ErrNotice) {
					t.Error(err)
				}
			})
		}
		for range 2 {
			s.sweep()
			s.age(0)
		}
		var n int
		if err := s.d.QueryRow(`SELECT count(*) FROM payment_notices`).Scan(&n); err != nil || n != 0 {
			t.Errorf("%d notices are left, %v", n, err)
		}
		// Mollie down: the notice stays
		_, m := s.buy("small")
		down := mollietest.Fault{Status: http.StatusInternalServerError}
		s.mollie.Fail(down, down, down, down)
		s.mollie.Set(m, mollie.Paid)
		if err := s.Sweep(ctx); !errors.Is(err, ErrProvider) {
			t.Fatal(err)
		}
		s.age(0)
		s.sweep()
		want(t, s.d, "a", 0, 1000, 0, 0, 0)
	})
}

func TestRefundsAndChargebacks(t *testing.T) {
	withShop(t, func(t *testing.T, s *shop) {
		id, m := s.paid("odd") // 333 for 8.47
		if _, err := s.Refund(ctx, RefundOrder{PaymentID: id, Cents: 900}); !errors.Is(err, ErrRefund) {
			t.Fatal(err)
		}
		if _, err := s.Refund(ctx, RefundOrder{PaymentID: id, Cents: 100, Description: "partly"}); err != nil {
			t.Fatal(err)
		}
		want(t, s.d, "a", 0, 333-40, 0, 0, 0) // 39.3…, rounded up
		re := s.mollie.Refund(m, 200, "queued")
		s.sweep()
		want(t, s.d, "a", 0, 333-118, 0, 0, 0)
		s.mollie.SetRefund(m, re, "failed")
		s.sweep()
		s.sweep()
		want(t, s.d, "a", 0, 333-40, 0, 0, 0)
		// spend all, then the bank takes the rest
		c := Charge{ItemID: "i", Steps: steps, Presets: nil}
		for i := range 2 {
			c.ItemID = strings.Repeat("i", i+1)
			inTx(t, s.d, func(tx *db.Tx) error { return s.Reserve(ctx, tx, "a", c) })
			inTx(t, s.d, func(tx *db.Tx) error { return s.Capture(ctx, tx, "a", c.ItemID) })
		}
		want(t, s.d, "a", 0, 93, 0, 200, 0)
		cb := s.mollie.Chargeback(m, 747)
		s.sweep()
		s.sweep()
		want(t, s.d, "a", 0, 0, 0, 200, 200)
		if p := s.status(id, mollie.Paid); p.Refunded != 847 || p.CreditsBack != 333 {
			t.Errorf("%+v", p)
		}
		s.mollie.Reverse(m, cb)
		s.sweep()
		want(t, s.d, "a", 0, 93, 0, 200, 0)
	})
}

func TestTheAnswerToARefundIsLost(t *testing.T) {
	for name, after := range map[string]time.Duration{"soon": 0, "later": 2 * time.Hour} {
		t.Run(name, func(t *testing.T) {
			withShop(t, func(t *testing.T, s *shop) {
				id, m := s.paid("small")
				call := "POST /v2/payments/" + m + "/refunds"
				down := mollietest.Fault{Status: http.StatusBadGateway, OnlyFor: call}
				s.mollie.Fail(mollietest.Fault{Lose: true, OnlyFor: call}, down, down, down, down) // net/http may repeat a lost call itself
				if r, err := s.Refund(ctx, RefundOrder{PaymentID: id, Cents: 1000}); err != nil || r.Status != "pending" {
					t.Fatal(err)
				}
				s.mollie.Heal()
				if _, err := s.Refund(ctx, RefundOrder{PaymentID: id, Cents: 1000}); !errors.Is(err, ErrRefund) { // the refund is under way
					t.Fatal(err)
				}
				if after > 0 {
					s.mollie.ForgetKeys()
				}
				s.age(after)
				s.sweep()
				if p := s.status(id, mollie.Paid); p.Refunded != 1000 || p.CreditsBack != 827 {
					t.Errorf("%+v", p)
				}
			})
		})
	}
}

func TestInvoices(t *testing.T) {
	withShop(t, func(t *testing.T, s *shop) {
		for i, c := range []struct {
			customer invoice.Customer
			rule     string
			total    int64
		}{
			{invoice.Customer{Name: "Jansen", Address: "Dam 1\nAmsterdam", Country: "nl", VATID: "NL 1234.56.789.B01"}, invoice.Standard, 1210},
			{invoice.Customer{Name: "Müller GmbH", Address: "Hof 1\nBerlin", Country: "DE", VATID: "DE123456789"}, invoice.ReverseCharge, 1000},
			{invoice.Customer{Name: "Μαρία", Address: "Οδός 1\nΑθήνα", Country: "EL"}, invoice.Standard, 1240},
			{invoice.Customer{Name: "Smith", Country: "US"}, invoice.OutsideEU, 1000},
		} {
			t.Run(c.customer.Name, func(t *testing.T) {
				if _, err := s.SetCustomer(ctx, "a", c.customer); err != nil {
					t.Fatal(err)
				}
				id, _ := s.paid("small")
				inv, err := s.Invoice(ctx, "a", id)
				if err != nil || inv.VATRule != c.rule || inv.Total != c.total || inv.Net+inv.VAT != inv.Total || inv.Customer.Name != c.customer.Name {
					t.Fatalf("%+v, %v", inv, err)
				}
				if want := time.Now().UTC().Format("2006") + "-00000" + string(rune('1'+i)); inv.Number != want {
					t.Errorf("number %s, want %s", inv.Number, want)
				}
				if (inv.Note != "") != (c.rule != invoice.Standard) {
					t.Errorf("%s says %q", c.rule, inv.Note)
				}
				pdf, err := inv.PDF()
				if err != nil || !bytes.HasPrefix(pdf, []byte("%PDF-")) || !bytes.Contains(pdf[len(pdf)-32:], []byte("%%EOF")) || !bytes.Contains(pdf, []byte("/Count 1\n")) {
					t.Fatalf("%d bytes, %v", len(pdf), err)
				}
				if again, err := inv.PDF(); err != nil || !bytes.Equal(pdf, again) {
					t.Error("the same invoice gave another PDF")
				}
				if b, err := json.Marshal(inv); err != nil || !bytes.Contains(b, []byte(`"vat_rule"`)) {
					t.Fatal(err)
				}
				if _, err := s.Invoice(ctx, "b", id); !errors.Is(err, ErrInvoiceNotFound) {
					t.Errorf("another tenant's invoice: %v", err)
				}
			})
		}
		for _, bad := range []invoice.Customer{{Country: "Holland"}, {Country: "DE", VATID: "NL123456789B01"}, {Country: "DE", VATID: "DE12"}, {Email: "x"}, {Name: "a\x00"},
			{Name: strings.Repeat("n", 201)}, {Address: strings.Repeat("a\n", 9)}, {Country: "XX"},
			{Country: "EU"}, {Country: "12"}, {Name: "x", Country: "DE", VATID: "DE123456789"}} {
			t.Run(fmt.Sprintf("%+.60v", bad), func(t *testing.T) {
				if _, err := s.SetCustomer(ctx, "a", bad); !errors.Is(err, invoice.ErrCustomer) {
					t.Errorf("%+v: %v", bad, err)
				}
			})
		}
	})
}

func TestATenantsOwnRefunds(t *testing.T) {
	withShop(t, func(t *testing.T, s *shop) {
		id, _ := s.paid("odd") // 333 for 8.47
		c := Charge{ItemID: "i", Steps: steps}
		inTx(t, s.d, func(tx *db.Tx) error { return s.Reserve(ctx, tx, "a", c) })
		order := RefundOrder{TenantID: "a", PaymentID: id, Unused: true, Key: "k"}
		if _, err := s.Refund(ctx, order); !errors.Is(err, ErrRefund) { // 100 of it are held
			t.Fatal(err)
		}
		order.TenantID = "b"
		if _, err := s.Refund(ctx, order); !errors.Is(err, ErrPaymentNotFound) {
			t.Fatal(err)
		}
		order.TenantID, order.Cents = "a", 500
		first, err := s.Refund(ctx, order)
		if err != nil || first.Status != "done" || first.Amount != 500 || first.Payment.Refunded != 500 {
			t.Fatalf("%+v, %v", first, err)
		}
		// the same order again returns the first refund
		again, err := s.Refund(ctx, order)
		if err != nil || again.RefundID != first.RefundID || again.Payment.Refunded != 500 {
			t.Fatalf("%+v, %v", again, err)
		}
		want(t, s.d, "a", 0, 333-100-197, 100, 0, 0)
		inTx(t, s.d, func(tx *db.Tx) error { return s.Release(ctx, tx, "a", "i") })
		order.Key, order.Cents = "k2", 0 // all that is left
		if r, err := s.Refund(ctx, order); err != nil || r.Amount != 347 {
			t.Fatalf("%+v, %v", r, err)
		}
		want(t, s.d, "a", 0, 0, 0, 0, 0)
		if _, err := s.Refund(ctx, RefundOrder{PaymentID: id}); !errors.Is(err, ErrRefund) {
			t.Fatal(err)
		}
	})
}

func TestARefusedRefundStaysRefused(t *testing.T) {
	withShop(t, func(t *testing.T, s *shop) {
		id, m := s.paid("small")
		s.mollie.Fail(mollietest.Fault{Status: http.StatusUnprocessableEntity, OnlyFor: "POST /v2/payments/" + m + "/refunds"})
		for range 2 {
			if _, err := s.Refund(ctx, RefundOrder{PaymentID: id, Key: "k"}); !errors.Is(err, ErrProviderRefused) {
				t.Fatal(err)
			}
		}
		want(t, s.d, "a", 0, 1000, 0, 0, 0)
		if r, err := s.Refund(ctx, RefundOrder{PaymentID: id, Key: "another"}); err != nil || r.Status != "done" {
			t.Fatalf("%+v, %v", r, err)
		}
	})
}
