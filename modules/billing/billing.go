// Package billing keeps OPAL's credits: prices, the ledger, payments through
// Mollie, usage and invoices.
//
// Credits are counted in hundredths, money in cents, both as int64. Package ledger
// moves and audits the credits, package invoice makes the invoices, package mollie
// calls the payment provider.
package billing

import (
	"time"

	"github.com/opal-photo/opal/modules/billing/invoice"
	"github.com/opal-photo/opal/modules/billing/mollie"
	"github.com/opal-photo/opal/modules/db"
)

// Mode says whether credits are asked for.
type Mode string

// The modes.
const (
	Off     Mode = "off"     // usage is recorded, nothing is blocked and nothing is charged
	Enforce Mode = "enforce" // work that can't be paid for isn't done
)

// Options are what a Service is made of.
type Options struct {
	DB   *db.DB
	Mode Mode // "": Off

	Metrics *Metrics // nil: none

	// MonthlyGrant is the free credit that a tenant gets for each calendar month
	// (UTC) when it has no amount of its own, in hundredths of a credit. The
	// unused rest lapses with the month.
	MonthlyGrant int64

	Mollie      *mollie.Client // nil: nothing can be bought here
	Packages    []Package      // nil: DefaultPackages
	Seller      invoice.Seller // printed on invoices
	WebhookURL  string         // where Mollie calls back; "": it doesn't, payments are polled
	RedirectURL string         // where the buyer comes back to; Mollie requires one

	PollEvery time.Duration // pace of Run; 0: 2 s

	// LowBelow is the available credit, in hundredths, below which a tenant is told that
	// it is low; 0: never.
	LowBelow int64
}

// defaultPoll is the pace of Run; a webhook that this process receives wakes it
// immediately.
const defaultPoll = 2 * time.Second

// Service does the billing of all tenants. It is safe for concurrent use.
type Service struct {
	o    Options
	wake chan struct{}
}

// New returns a service.
func New(o Options) *Service {
	if o.Mode == "" {
		o.Mode = Off
	}
	if o.Packages == nil {
		o.Packages = DefaultPackages
	}
	if o.PollEvery == 0 {
		o.PollEvery = defaultPoll
	}
	if o.Seller.Country == "" {
		o.Seller.Country = invoice.HomeCountry
	}
	return &Service{o: o, wake: make(chan struct{}, 1)}
}
