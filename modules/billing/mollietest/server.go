// Package mollietest is a fake Mollie for tests: payments, refunds and
// chargebacks as the provider's documentation describes them, on a loopback
// port, with the failures that real ones have.
package mollietest

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/opal-photo/opal/modules/billing/mollie"
)

// Key is the API key that the server takes.
const Key = "test_dHar4XY7LxsDOtmnkVtjNVWXLSlXsM"

// Fault is a failure of one call, instead of its work or after it.
type Fault struct {
	Status  int           // answer this and do nothing
	Lose    bool          // do the work, then break the connection
	Delay   time.Duration // before anything
	Header  http.Header   // of the answer
	Body    string        // of the answer with Status
	OnlyFor string        // "POST /v2/payments" and the like; "": any call
}

// Server is a fake Mollie. It is safe for concurrent use.
type Server struct {
	*httptest.Server

	// Webhook delivers a callback; nil: a POST to the payment's webhookUrl. A
	// function that does nothing loses them.
	Webhook func(webhookURL, id string)
	// EarlyWebhook has the webhook called while the payment is being created,
	// before its creator knows the id.
	EarlyWebhook bool

	mu       sync.Mutex
	payments map[string]*payment
	order    []string
	refunds  int
	keys     map[string]*replay
	faults   []Fault
	calls    map[string]int
}

type payment struct {
	mollie.Payment
	webhook string
	back    string // where the buyer goes after paying
}

// replay is the answer kept under an Idempotency-Key.
type replay struct {
	body   string
	done   bool
	status int
	answer []byte
}

// New starts a server. The caller closes it.
func New() *Server {
	s := &Server{payments: map[string]*payment{}, keys: map[string]*replay{}, calls: map[string]int{}}
	s.Server = httptest.NewServer(http.HandlerFunc(s.serve))
	return s
}

// Fail has the next calls fail, one fault each, in order.
func (s *Server) Fail(f ...Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, f...)
}

// Heal drops the faults that have not happened yet.
func (s *Server) Heal() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = nil
}

// Calls returns how often a call such as "POST /v2/payments" arrived.
func (s *Server) Calls(what string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.calls[what]
}

// CallsUnder returns how often calls arrived that begin so, such as
// "GET /v2/payments/".
func (s *Server) CallsUnder(prefix string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for what, times := range s.calls {
		if strings.HasPrefix(what, prefix) {
			n += times
		}
	}
	return n
}

// ForgetKeys forgets every Idempotency-Key, as Mollie does after an hour.
func (s *Server) ForgetKeys() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.keys = map[string]*replay{}
}

// IDs returns the payments' ids, oldest first.
func (s *Server) IDs() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.order...)
}

// Set gives a payment a status, as its buyer, bank or time does, and calls the
// webhook.
func (s *Server) Set(id, status string) {
	s.change(id, func(p *payment) {
		p.Status = status
		if status != mollie.Open {
			p.Links.Checkout = nil
		}
	})
}

// Tamper changes a payment in a way that Mollie never would, and calls the
// webhook.
func (s *Server) Tamper(id string, fn func(*mollie.Payment)) {
	s.change(id, func(p *payment) { fn(&p.Payment) })
}

// Refund refunds cents of a payment from Mollie's dashboard and returns its id.
func (s *Server) Refund(id string, cents int64, status string) string {
	var made string
	s.change(id, func(p *payment) {
		made = s.addRefund(p, mollie.Refund{Status: status, Amount: mollie.Cents(p.Amount.Currency, cents)}).ID
	})
	return made
}

// SetRefund gives a refund another status.
func (s *Server) SetRefund(id, refundID, status string) {
	s.change(id, func(p *payment) {
		for i := range p.Embedded.Refunds {
			if p.Embedded.Refunds[i].ID == refundID {
				p.Embedded.Refunds[i].Status = status
			}
		}
	})
}

// Chargeback has the buyer's bank take cents back and returns its id.
func (s *Server) Chargeback(id string, cents int64) string {
	var made string
	s.change(id, func(p *payment) {
		s.refunds++
		made = fmt.Sprintf("chb_%06d", s.refunds)
		p.Embedded.Chargebacks = append(p.Embedded.Chargebacks, mollie.Chargeback{ID: made, PaymentID: id, Amount: mollie.Cents(p.Amount.Currency, cents)})
	})
	return made
}

// Reverse has the bank give a chargeback's money back.
func (s *Server) Reverse(id, chargebackID string) {
	s.change(id, func(p *payment) {
		now := time.Now()
		for i := range p.Embedded.Chargebacks {
			if p.Embedded.Chargebacks[i].ID == chargebackID {
				p.Embedded.Chargebacks[i].ReversedAt = &now
			}
		}
	})
}

func (s *Server) change(id string, fn func(*payment)) {
	s.mu.Lock()
	p := s.payments[id]
	if p == nil {
		s.mu.Unlock()
		panic("mollietest: no payment " + id)
	}
	fn(p)
	hook := p.webhook
	s.mu.Unlock()
	s.call(hook, id)
}

// call calls a webhook.
func (s *Server) call(webhook, id string) {
	if s.Webhook != nil {
		s.Webhook(webhook, id)
		return
	}
	if webhook == "" {
		return
	}
	res, err := http.PostForm(webhook, url.Values{"id": {id}})
	if err == nil {
		_ = res.Body.Close()
	}
}

func (s *Server) addRefund(p *payment, r mollie.Refund) mollie.Refund {
	s.refunds++
	r.ID, r.PaymentID = fmt.Sprintf("re_%06d", s.refunds), p.ID
	p.Embedded.Refunds = append(p.Embedded.Refunds, r)
	return r
}

func (s *Server) fault(call string) Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls[call]++
	for i, f := range s.faults {
		if f.OnlyFor == "" || f.OnlyFor == call {
			s.faults = append(s.faults[:i], s.faults[i+1:]...)
			return f
		}
	}
	return Fault{}
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	if id, ok := strings.CutPrefix(r.URL.Path, "/checkout/"); ok {
		s.checkout(w, r, id)
		return
	}
	f := s.fault(r.Method + " " + r.URL.Path)
	time.Sleep(f.Delay)
	for k, v := range f.Header {
		w.Header()[k] = v
	}
	if f.Status != 0 {
		w.WriteHeader(f.Status)
		_, _ = io.WriteString(w, f.Body)
		return
	}
	status, answer := s.answer(r)
	if f.Lose {
		panic(http.ErrAbortHandler)
	}
	w.Header().Set("Content-Type", "application/hal+json")
	w.WriteHeader(status)
	_, _ = w.Write(answer)
}

// checkout is the provider's page, on which a buyer pays and goes back to the shop.
func (s *Server) checkout(w http.ResponseWriter, r *http.Request, id string) {
	s.mu.Lock()
	p := s.payments[id]
	s.mu.Unlock()
	switch {
	case p == nil:
		http.NotFound(w, r)
	case r.Method == http.MethodPost:
		s.Set(id, mollie.Paid)
		http.Redirect(w, r, p.back, http.StatusSeeOther)
	default:
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprintf(w, `<!doctype html><title>Pay</title><link rel="icon" href="data:,"><form method="post"><button id="pay">Pay %s %s</button></form>`, p.Amount.Value, p.Amount.Currency)
	}
}

// maxBody bounds a request.
const maxBody = 1 << 20

// answer does what a call asks for, once for an Idempotency-Key.
func (s *Server) answer(r *http.Request) (int, []byte) {
	if r.Header.Get("Authorization") != "Bearer "+Key {
		return problem(http.StatusUnauthorized, "Missing authentication, or failed to authenticate", "")
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody))
	if err != nil {
		return problem(http.StatusBadRequest, "The body can't be read", "")
	}
	key := r.Header.Get("Idempotency-Key")
	if key == "" || r.Method != http.MethodPost {
		return s.route(r, body)
	}
	s.mu.Lock()
	known := s.keys[key]
	if known == nil {
		known = &replay{body: r.URL.Path + string(body)}
		s.keys[key] = known
		s.mu.Unlock()
		status, answer := s.route(r, body)
		s.mu.Lock()
		defer s.mu.Unlock()
		known.done, known.status, known.answer = true, status, answer
		return status, answer
	}
	defer s.mu.Unlock()
	switch {
	case !known.done:
		return problem(http.StatusConflict, "Another request with the same idempotency key is being processed", "")
	case known.body != r.URL.Path+string(body):
		return problem(http.StatusBadRequest, "The idempotency key was used with other parameters", "")
	}
	return known.status, known.answer
}

func (s *Server) route(r *http.Request, body []byte) (int, []byte) {
	parts := strings.Split(strings.TrimPrefix(r.URL.Path, "/v2/payments"), "/")
	switch {
	case !strings.HasPrefix(r.URL.Path, "/v2/payments"):
	case r.Method == http.MethodPost && len(parts) == 1:
		return s.create(body)
	case r.Method == http.MethodGet && len(parts) == 1:
		return s.list(r.URL.Query())
	case r.Method == http.MethodGet && len(parts) == 2:
		return s.get(parts[1], r.URL.Query().Get("embed") != "")
	case r.Method == http.MethodPost && len(parts) == 3 && parts[2] == "refunds":
		return s.refund(parts[1], body)
	}
	return problem(http.StatusNotFound, "No such resource", "")
}

func (s *Server) create(body []byte) (int, []byte) {
	var in mollie.NewPayment
	if err := json.Unmarshal(body, &in); err != nil {
		return problem(http.StatusBadRequest, "The body is no JSON", "")
	}
	cents, err := in.Amount.Cents()
	switch {
	case err != nil || cents == 0:
		return problem(http.StatusUnprocessableEntity, "The amount is invalid", "amount")
	case in.Description == "":
		return problem(http.StatusUnprocessableEntity, "The description is missing", "description")
	case in.RedirectURL == "":
		return problem(http.StatusUnprocessableEntity, "The redirect URL is missing", "redirectUrl")
	}
	s.mu.Lock()
	p := &payment{webhook: in.WebhookURL, back: in.RedirectURL}
	p.ID = fmt.Sprintf("tr_%08d", len(s.order)+1)
	p.Mode, p.Status, p.Amount, p.Metadata, p.CreatedAt = "test", mollie.Open, in.Amount, in.Metadata, time.Now().UTC()
	p.Links.Checkout = &mollie.Link{Href: s.URL + "/checkout/" + p.ID}
	s.payments[p.ID] = p
	s.order = append(s.order, p.ID)
	answer := render(p.Payment)
	early := s.EarlyWebhook
	s.mu.Unlock()
	if early {
		s.call(p.webhook, p.ID)
	}
	return http.StatusCreated, answer
}

func (s *Server) get(id string, embed bool) (int, []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.payments[id]
	if p == nil {
		return problem(http.StatusNotFound, "No payment exists with token "+id+".", "")
	}
	out := p.Payment
	if !embed {
		out.Embedded.Refunds, out.Embedded.Chargebacks = nil, nil
	}
	return http.StatusOK, render(out)
}

// list answers a page, newest first.
func (s *Server) list(q url.Values) (int, []byte) {
	const standardPage = 50
	limit, err := strconv.Atoi(q.Get("limit"))
	if err != nil {
		limit = standardPage
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var page struct {
		Embedded struct {
			Payments []mollie.Payment `json:"payments"`
		} `json:"_embedded"`
		Links map[string]*mollie.Link `json:"_links"`
	}
	page.Links = map[string]*mollie.Link{}
	started := q.Get("from") == ""
	for i := len(s.order) - 1; i >= 0; i-- {
		started = started || s.order[i] == q.Get("from")
		if !started {
			continue
		}
		if len(page.Embedded.Payments) == limit {
			page.Links["next"] = &mollie.Link{Href: s.URL + "/v2/payments?from=" + s.order[i] + "&limit=" + strconv.Itoa(limit)}
			break
		}
		page.Embedded.Payments = append(page.Embedded.Payments, s.payments[s.order[i]].Payment)
	}
	return http.StatusOK, render(page)
}

func (s *Server) refund(id string, body []byte) (int, []byte) {
	var in mollie.NewRefund
	if err := json.Unmarshal(body, &in); err != nil {
		return problem(http.StatusBadRequest, "The body is no JSON", "")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.payments[id]
	if p == nil {
		return problem(http.StatusNotFound, "No payment exists with token "+id+".", "")
	}
	total, err := p.Amount.Cents()
	cents, err2 := in.Amount.Cents()
	for _, r := range p.Embedded.Refunds {
		if n, err := r.Amount.Cents(); err == nil && !r.Void() {
			total -= n
		}
	}
	if err != nil || err2 != nil || p.Status != mollie.Paid || cents == 0 || cents > total {
		return problem(http.StatusUnprocessableEntity, "The amount is higher than the maximum", "amount")
	}
	return http.StatusCreated, render(s.addRefund(p, mollie.Refund{Status: "pending", Amount: in.Amount, Metadata: in.Metadata}))
}

func render(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return b
}

func problem(status int, detail, field string) (int, []byte) {
	v := map[string]any{"status": status, "title": http.StatusText(status), "detail": detail}
	if field != "" {
		v["field"] = field
	}
	return status, render(v)
}
