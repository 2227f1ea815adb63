package mollie_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/opal-photo/opal/modules/billing/mollie"
	"github.com/opal-photo/opal/modules/billing/mollietest"
)

var ctx = context.Background()

func connect(t *testing.T, url string) *mollie.Client {
	t.Helper()
	c, err := mollie.New(mollie.Options{URL: url, Key: mollietest.Key, Wait: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func order(cents int64) mollie.NewPayment {
	return mollie.NewPayment{Amount: mollie.Cents("EUR", cents), Description: "x", RedirectURL: "http://127.0.0.1/"}
}

func TestCreateIsDoneOnceForAKey(t *testing.T) {
	m := mollietest.New()
	defer m.Close()
	c := connect(t, m.URL)
	m.Fail(mollietest.Fault{Status: 503}, mollietest.Fault{Status: 429, Header: http.Header{"Retry-After": {"0"}}}, mollietest.Fault{Lose: true})
	var wg sync.WaitGroup
	ids := make([]string, 4)
	for i := range ids {
		wg.Go(func() {
			p, err := c.Create(ctx, "key", order(1210))
			if err != nil {
				t.Error(err)
			}
			ids[i] = p.ID
		})
	}
	wg.Wait()
	if len(m.IDs()) != 1 || ids[0] != ids[3] || ids[0] != m.IDs()[0] {
		t.Errorf("Mollie has %v, the calls got %v", m.IDs(), ids)
	}
	if _, err := c.Create(ctx, "key", order(1)); !mollie.Refused(err) {
		t.Errorf("the same key for something else: %v", err)
	}
}

func TestListPagesAndGetEmbeds(t *testing.T) {
	m := mollietest.New()
	defer m.Close()
	c := connect(t, m.URL)
	const n = 260 // more than a page
	for range n {
		if _, err := c.Create(ctx, "", order(100)); err != nil {
			t.Fatal(err)
		}
	}
	seen := map[string]bool{}
	if err := c.List(ctx, func(p mollie.Payment) bool { seen[p.ID] = true; return true }); err != nil || len(seen) != n {
		t.Fatalf("%d payments, %v", len(seen), err)
	}
	id := m.IDs()[0]
	m.Set(id, mollie.Paid)
	r, err := c.Refund(ctx, "r", id, mollie.NewRefund{Amount: mollie.Cents("EUR", 40), Description: "x"})
	if err != nil {
		t.Fatal(err)
	}
	m.Chargeback(id, 10)
	p, err := c.Get(ctx, id)
	if err != nil || len(p.Embedded.Refunds) != 1 || p.Embedded.Refunds[0].ID != r.ID || len(p.Embedded.Chargebacks) != 1 {
		t.Fatalf("%+v, %v", p, err)
	}
	if _, err := c.Refund(ctx, "r2", id, mollie.NewRefund{Amount: mollie.Cents("EUR", 61)}); !mollie.Refused(err) {
		t.Errorf("refunded too much: %v", err)
	}
	for _, bad := range []string{"tr_none", "x/../../y"} {
		t.Run(bad, func(t *testing.T) {
			if _, err := c.Get(ctx, bad); !mollie.NotFound(err) {
				t.Error(err)
			}
		})
	}
}

func TestAnswersAreNotTrusted(t *testing.T) {
	elsewhere := 0
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { elsewhere++ }))
	defer other.Close()
	for name, h := range map[string]http.HandlerFunc{
		"redirect": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, other.URL, http.StatusTemporaryRedirect)
		},
		"endless":  func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(strings.Repeat(" ", 5<<20))) },
		"no JSON":  func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>")) },
		"other id": func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`{"id":"tr_2"}`)) },
		"key in error": func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(401)
			_, _ = w.Write([]byte(`{"detail":"no"}`))
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := httptest.NewServer(h)
			defer s.Close()
			_, err := connect(t, s.URL).Get(ctx, "tr_1")
			if err == nil || strings.Contains(err.Error(), mollietest.Key) {
				t.Error(err)
			}
		})
	}
	if elsewhere > 0 {
		t.Error("a redirect was followed")
	}
}

func TestTriesAreBounded(t *testing.T) {
	calls := 0
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { calls++; w.WriteHeader(500) }))
	defer s.Close()
	var e *mollie.Error
	if _, err := connect(t, s.URL).Get(ctx, "tr_1"); !errors.As(err, &e) || e.Status != 500 || mollie.Refused(err) || calls != 4 {
		t.Errorf("%d calls, %v", calls, err)
	}
}

func TestNewRefusesWhatCannotBeRight(t *testing.T) {
	for _, o := range []mollie.Options{{URL: "", Key: mollietest.Key}, {URL: "ftp://x", Key: mollietest.Key}, {URL: "https://x", Key: "secretkey"}, {URL: "https://x"}} {
		t.Run(fmt.Sprintf("%+v", o), func(t *testing.T) {
			if _, err := mollie.New(o); err == nil || strings.Contains(err.Error(), "secretkey") {
				t.Errorf("%+v: %v", o, err)
			}
		})
	}
}

func TestAmounts(t *testing.T) {
	for _, cents := range []int64{0, 1, 99, 100, 121000} {
		t.Run(strconv.FormatInt(cents, 10), func(t *testing.T) {
			if n, err := mollie.Cents("EUR", cents).Cents(); err != nil || n != cents {
				t.Errorf("became %d, %v", n, err)
			}
		})
	}
	for _, bad := range []string{"", "1", "1.0", "1.000", "-1.00", "1,00", "1e3.00", "+1.00", "99999999999.00", "1.-1", "1.+1"} {
		t.Run(strconv.Quote(bad), func(t *testing.T) {
			if n, err := (mollie.Amount{Value: bad}).Cents(); err == nil {
				t.Errorf("is %d cents", n)
			}
		})
	}
}
