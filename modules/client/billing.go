package client

import (
	"math"
	"strconv"
	"time"

	"github.com/opal-photo/opal/modules/fault"
)

// ErrCredits says that a text is not an amount of credits.
var ErrCredits = fault.New(fault.Invalid, "credits_invalid", "An amount of credits is a number such as 50 or 12.5")

// ParseCredits returns an amount that people write in credits in hundredths of a credit.
func ParseCredits(text string) (int64, error) {
	f, err := strconv.ParseFloat(text, 64)
	if n := math.Round(f * 100); err == nil && n >= 0 && n <= 1e11 && math.Abs(n-f*100) < 1e-6 {
		return int64(n), nil
	}
	return 0, ErrCredits.With("%q", text)
}

// Balance is a tenant's credit, in hundredths of a credit.
type Balance struct {
	TenantID  string `json:"tenant_id" example:"default"`
	Available int64  `json:"available" doc:"Hundredths of a credit that can be reserved now; 0 while there is debt" example:"1000"`
	Held      int64  `json:"held" doc:"Hundredths of a credit that are reserved for items under way" example:"105"`
}

// Transaction is a transfer between a tenant's accounts.
type Transaction struct {
	TransactionID string    `json:"transaction_id" doc:"The posting's key and the leg" example:"buy:0198f7a0-0000-7000-8000-000000000007#1"`
	Type          string    `json:"type" enum:"buy,grant,lapse,reserve,capture,release,refund,chargeback,reversal,repay,import" example:"capture"`
	From          string    `json:"from" enum:"free,paid,held,spent,debt,world" example:"held"`
	To            string    `json:"to" enum:"free,paid,held,spent,debt,world" example:"spent"`
	Amount        int64     `json:"amount" doc:"Hundredths of a credit, above 0" example:"105"`
	Available     int64     `json:"available" doc:"What the transfer changed of what is available, in hundredths of a credit" example:"0"`
	ItemID        *string   `json:"item_id"`
	PaymentID     *string   `json:"payment_id"`
	CreatedAt     time.Time `json:"created_at" example:"2026-11-27T09:30:00Z"`
}

// TransactionPage is a page of transactions, newest first.
type TransactionPage struct {
	Transactions []Transaction `json:"transactions" nullable:"false"`
	NextCursor   *string       `json:"next_cursor" doc:"The cursor of the next page; null on the last"`
}

// UsageRow is the usage of one day, step or brand.
type UsageRow struct {
	Key     string `json:"key" doc:"2026-11-23, step/upscale, preset/etsy, or a brand profile's id" example:"2026-11-23"`
	Items   int64  `json:"items" example:"3"`
	Uses    int64  `json:"uses" doc:"Of steps and presets" example:"12"`
	Credits int64  `json:"credits" doc:"Hundredths of a credit, at the prices of then" example:"315"`
	Billed  int64  `json:"billed" doc:"The part of it that was charged; the rest was metered only" example:"315"`
}

// UsagePage is a page of usage, ordered by key.
type UsagePage struct {
	By         string     `json:"by" enum:"day,step,brand" example:"day"`
	From       time.Time  `json:"from" example:"2026-10-28T09:30:00Z"`
	To         time.Time  `json:"to" example:"2026-11-27T09:30:00Z"`
	Usage      []UsageRow `json:"usage" nullable:"false"`
	NextCursor *string    `json:"next_cursor" doc:"The cursor of the next page; null on the last"`
}

// Price is the price of one use of a step or preset.
type Price struct {
	Kind   string `json:"kind" enum:"step,preset" example:"step"`
	Name   string `json:"name" doc:"*: every one that is not listed" example:"upscale"`
	Amount int64  `json:"amount" doc:"Hundredths of a credit" example:"20"`
}

// PriceList is an immutable list of prices.
type PriceList struct {
	Version int64   `json:"version" example:"1"`
	Prices  []Price `json:"prices" nullable:"false"`
}

// Quote is the price of a job if all of it succeeds.
type Quote struct {
	Total        int64       `json:"total" doc:"Hundredths of a credit" example:"110"`
	PriceVersion int64       `json:"price_version" example:"1"`
	Lines        []QuoteLine `json:"lines" nullable:"false"`
}

// QuoteLine is the part of a step or preset in a quote.
type QuoteLine struct {
	Kind  string `json:"kind" enum:"step,preset" example:"step"`
	Name  string `json:"name" example:"upscale"`
	Price int64  `json:"price" doc:"Of one, in hundredths of a credit" example:"20"`
	Count int64  `json:"count" example:"1"`
	Total int64  `json:"total" example:"20"`
}

// Package is an amount of credits with a price.
type Package struct {
	Name     string `json:"package" example:"starter"`
	Title    string `json:"title" example:"Starter"`
	Credits  int64  `json:"credits" doc:"Hundredths of a credit" example:"10000"`
	Net      int64  `json:"net" doc:"Cents, before VAT" example:"1000"`
	Currency string `json:"currency" example:"EUR"`
}

// PackageList lists the packages that can be bought.
type PackageList struct {
	Packages []Package `json:"packages" nullable:"false"`
	Payable  bool      `json:"payable" doc:"false: no payments are set up here, and nothing can be bought" example:"true"`
}

// Purchase asks for a payment.
type Purchase struct {
	TenantID string `json:"tenant_id,omitempty" nullable:"true" doc:"The tenant; may be left out where the credentials name one" example:"default"`
	Package  string `json:"package" required:"false" doc:"A name from GET /v1/billing/packages" example:"starter"`
}

// PurchaseResult is a payment that was begun.
type PurchaseResult struct {
	PaymentID   string `json:"payment_id" example:"0198f7a0-0000-7000-8000-000000000007"`
	CheckoutURL string `json:"checkout_url" doc:"Send the buyer there" example:"https://pay.example/checkout/1"`
}

// Payment is a payment as its tenant sees it.
type Payment struct {
	PaymentID   string     `json:"payment_id" example:"0198f7a0-0000-7000-8000-000000000007"`
	TenantID    string     `json:"tenant_id" example:"default"`
	Package     string     `json:"package" example:"starter"`
	Status      string     `json:"status" enum:"creating,open,pending,authorized,paid,failed,expired,canceled,rejected" example:"paid"`
	Credits     int64      `json:"credits" doc:"Hundredths of a credit" example:"10000"`
	Net         int64      `json:"net" doc:"Cents" example:"1000"`
	VAT         int64      `json:"vat" doc:"Cents" example:"210"`
	Amount      int64      `json:"amount" doc:"Cents: net and VAT" example:"1210"`
	Currency    string     `json:"currency" example:"EUR"`
	VATRule     string     `json:"vat_rule" enum:"standard,reverse_charge,outside_eu" example:"standard"`
	VATRate     int64      `json:"vat_rate" doc:"Hundredths of a percent" example:"2100"`
	CheckoutURL *string    `json:"checkout_url" doc:"null once it can't be paid any more"`
	Refunded    int64      `json:"refunded" doc:"Cents: refunds and chargebacks that stand" example:"0"`
	CreditsBack int64      `json:"credits_back" doc:"Hundredths of a credit that went back with them" example:"0"`
	Problem     *string    `json:"problem"`
	CreatedAt   time.Time  `json:"created_at" example:"2026-11-27T09:30:00Z"`
	PaidAt      *time.Time `json:"paid_at"`
}

// PaymentPage is a page of payments, newest first.
type PaymentPage struct {
	Payments   []Payment `json:"payments" nullable:"false"`
	NextCursor *string   `json:"next_cursor" doc:"The cursor of the next page; null on the last"`
}

// RefundRequest asks for money of a payment back.
type RefundRequest struct {
	TenantID    string `json:"tenant_id,omitempty" nullable:"true" doc:"The tenant; may be left out where the credentials name one" example:"default"`
	Amount      int64  `json:"amount,omitempty" minimum:"0" doc:"Cents; 0 or left out: all that is left" example:"0"`
	Description string `json:"description,omitempty" maxLength:"140" doc:"What the buyer's statement says" example:"Ordered twice"`
}

// RefundResult is a refund that was begun.
type RefundResult struct {
	RefundID string  `json:"refund_id" example:"0198f7a0-0000-7000-8000-000000000008"`
	Amount   int64   `json:"amount" doc:"Cents" example:"1210"`
	Status   string  `json:"status" enum:"done,pending" doc:"pending: the payment provider has not answered and is asked again" example:"done"`
	Payment  Payment `json:"payment"`
}

// NewCustomer sets who the invoices are made out to.
type NewCustomer struct {
	TenantID string `json:"tenant_id,omitempty" nullable:"true" doc:"The tenant; may be left out where the credentials name one" example:"default"`
	Name     string `json:"name,omitempty" doc:"The company's, or the buyer's" example:"Bakkerij Jansen"`
	Email    string `json:"email,omitempty" example:"jansen@bakkerij.example"`
	Address  string `json:"address,omitempty" doc:"At most 8 lines" example:"Dam 1\n1012 JS Amsterdam"`
	Country  string `json:"country,omitempty" doc:"Two letters, ISO 3166-1; left out: the seller's" example:"NL"`
	VATID    string `json:"vat_id,omitempty" doc:"With the country's letters; a company elsewhere in the EU gets an invoice with reverse charge" example:"NL987654321B02"`
}

// Customer is who a tenant's invoices are made out to.
type Customer struct {
	Name    string `json:"name" example:"Bakkerij Jansen"`
	Email   string `json:"email" example:"jansen@bakkerij.example"`
	Address string `json:"address" doc:"Lines separated by line ends" example:"Dam 1\n1012 JS Amsterdam"`
	Country string `json:"country" doc:"Two letters, ISO 3166-1" example:"NL"`
	VATID   string `json:"vat_id" doc:"Empty: a consumer" example:"NL987654321B02"`
}

// Seller is who issues the invoices.
type Seller struct {
	Name    string `json:"name" example:"OPAL Photo B.V."`
	Address string `json:"address" example:"Keizersgracht 1\n1015 CJ Amsterdam"`
	Country string `json:"country" example:"NL"`
	VATID   string `json:"vat_id" example:"NL123456789B01"`
	Email   string `json:"email" example:"billing@opal.example"`
}

// Invoice is the document of a paid payment, as it was issued. It never changes.
type Invoice struct {
	Number      string    `json:"number" doc:"The year and its sequence" example:"2026-000001"`
	IssuedAt    time.Time `json:"issued_at" example:"2026-11-27T09:30:00Z"`
	PaymentID   string    `json:"payment_id" example:"0198f7a0-0000-7000-8000-000000000007"`
	Seller      Seller    `json:"seller"`
	Customer    Customer  `json:"customer"`
	Description string    `json:"description"`
	Credits     int64     `json:"credits" doc:"Hundredths of a credit" example:"10000"`
	Net         int64     `json:"net" doc:"Cents" example:"1000"`
	VATRate     int64     `json:"vat_rate" doc:"Hundredths of a percent" example:"2100"`
	VATRule     string    `json:"vat_rule" enum:"standard,reverse_charge,outside_eu" example:"standard"`
	VAT         int64     `json:"vat" doc:"Cents" example:"210"`
	Total       int64     `json:"total" doc:"Cents" example:"1210"`
	Currency    string    `json:"currency" example:"EUR"`
	Note        string    `json:"note" doc:"What the VAT rule has to say, or empty"`
}

// NewLimits sets the most that may be used in a month.
type NewLimits struct {
	TenantID  string `json:"tenant_id,omitempty" nullable:"true" doc:"The tenant; may be left out where the credentials name one" example:"default"`
	BudgetCap *int64 `json:"budget_cap,omitempty" nullable:"true" minimum:"0" doc:"Hundredths of a credit that may be used in a calendar month (UTC); null or left out: no cap" example:"100000"`
}

// MonthLimits is how much a tenant may use in a calendar month (UTC), in hundredths
// of a credit.
type MonthLimits struct {
	TenantID     string `json:"tenant_id" example:"default"`
	Month        string `json:"month" example:"2026-11"`
	MonthlyGrant int64  `json:"monthly_grant" doc:"Free credit of each month" example:"1000"`
	BudgetCap    *int64 `json:"budget_cap" doc:"null: no cap"`
	Committed    int64  `json:"committed" doc:"Of the budget: used or reserved this month" example:"315"`
}
