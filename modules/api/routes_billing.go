package api

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/opal-photo/opal/modules/billing"
	"github.com/opal-photo/opal/modules/client"
	"github.com/opal-photo/opal/modules/fault"
	"github.com/opal-photo/opal/modules/job"
	"github.com/opal-photo/opal/modules/tenant"
)

const tagBilling = "Billing"

// Billing is the billing module's service, in three parts.
type Billing struct {
	Books    Books
	Payments Payments
	Accounts Accounts
}

// Books reads a tenant's credit and usage.
type Books interface {
	Balance(ctx context.Context, tenantID string) (billing.Balance, error)
	Transactions(ctx context.Context, tenantID, cursor string, limit int) (billing.TransactionPage, error)
	Usage(ctx context.Context, tenantID string, q billing.UsageQuery) (billing.UsagePage, error)
	PriceList(ctx context.Context) (billing.PriceList, error)
}

// Quotes prices a job that is not made.
type Quotes interface {
	Quote(ctx context.Context, n job.NewJob) (billing.Quote, error)
	// QuoteRemake returns what making a finished item's picture again would cost, in a scene; "": as it was.
	QuoteRemake(ctx context.Context, tenantID, jobID, itemID, scene string) (billing.Quote, error)
	// QuoteItem returns what another attempt at an item would cost.
	QuoteItem(ctx context.Context, tenantID, jobID, itemID string) (billing.Quote, error)
}

var errNoQuotes = fault.New(fault.Unavailable, "quotes_off", "Nothing has a price here")

// BillingPage is a page of a tenant's books.
type BillingPage struct {
	TenantQuery
	Cursor string `query:"cursor" maxLength:"200" doc:"next_cursor of the page before"`
	Limit  int    `query:"limit" minimum:"0" maximum:"500" doc:"0: 50"`
}

type usageInput struct {
	BillingPage
	By   string    `query:"by" doc:"day, step or brand; day when left out"`
	From time.Time `query:"from" doc:"30 days ago when left out"`
	To   time.Time `query:"to" doc:"now when left out"`
}

// rawOutput is an answer whose form the request chose.
type rawOutput struct {
	ContentType string `header:"Content-Type"`
	Vary        string `header:"Vary"`
	Link        string `header:"Link"`
	Body        []byte
}

// readBilling and changeBilling are routes of a tenant's billing; notFound nil: the
// error for an unknown tenant.
func readBilling(path, id, summary string, notFound *fault.Error) Route {
	return Route{Method: http.MethodGet, Path: path, ID: id, Summary: summary, Tag: tagBilling, Scope: tenant.Read, NotFound: notFound}
}

func changeBilling(method, path, id, summary string, notFound *fault.Error) Route {
	return Route{Method: method, Path: path, ID: id, Summary: summary, Tag: tagBilling, Scope: tenant.Admin, Body: JSONBody, NotFound: notFound}
}

func billingRoutes(r *Routes) {
	b := r.s.Billing.Books
	Add(r, readBilling("/v1/billing/balance", "getBalance", "What the tenant has, in hundredths of a credit", nil),
		func(ctx context.Context, _ *TenantQuery) (*reply[client.Balance], error) {
			return wired(balanceOf)(b.Balance(ctx, TenantID(ctx)))
		})
	Add(r, readBilling("/v1/billing/transactions", "listTransactions", "The ledger's entries, newest first", nil),
		func(ctx context.Context, in *BillingPage) (*reply[client.TransactionPage], error) {
			return wired(transactionsOf)(b.Transactions(ctx, TenantID(ctx), in.Cursor, in.Limit))
		})
	Add(r, readBilling("/v1/billing/usage", "getUsage", "What finished pictures used, by day, step or brand; CSV by Accept", nil), usageOf(b))
	Add(r, readBilling("/v1/billing/prices", "getPrices", "What a step and a preset cost", nil),
		func(ctx context.Context, _ *TenantQuery) (*reply[client.PriceList], error) {
			return wired(pricesOf)(b.PriceList(ctx))
		})
}

func usageOf(b Books) func(context.Context, *usageInput) (*rawOutput, error) {
	return func(ctx context.Context, in *usageInput) (*rawOutput, error) {
		page, err := b.Usage(ctx, TenantID(ctx), billing.UsageQuery{From: in.From, To: in.To, By: in.By, Cursor: in.Cursor, Limit: in.Limit})
		if err != nil {
			return nil, err
		}
		if !strings.Contains(recordOf(ctx).accept, "text/csv") {
			out, err := jsonOf(usagePageOf(page))
			if err == nil && page.NextCursor != nil {
				out.Link = nextLink(recordOf(ctx).request.URL, *page.NextCursor)
			}
			return out, err
		}
		var out bytes.Buffer
		w := csv.NewWriter(&out)
		if err := w.WriteAll(page.Table()); err != nil {
			return nil, err
		}
		return &rawOutput{ContentType: "text/csv; charset=utf-8", Vary: "Accept", Body: out.Bytes()}, nil
	}
}

func jsonOf(v any) (*rawOutput, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	return &rawOutput{ContentType: jsonType, Vary: "Accept", Body: b}, nil
}
