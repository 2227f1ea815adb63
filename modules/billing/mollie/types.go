package mollie

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// The statuses of a payment.
const (
	Open       = "open"
	Pending    = "pending"
	Authorized = "authorized"
	Paid       = "paid"
	Failed     = "failed"
	Expired    = "expired"
	Canceled   = "canceled"
)

// Amount is money as Mollie writes it: a decimal string with the currency's own
// number of places.
type Amount struct {
	Currency string `json:"currency"`
	Value    string `json:"value"`
}

// centsPerUnit holds for all currencies that OPAL sells in.
const centsPerUnit = 100

// maxUnits bounds an amount, so that cents can't overflow.
const maxUnits = 1_000_000_000

// Cents returns an amount of money; cents must not be negative.
func Cents(currency string, cents int64) Amount {
	return Amount{Currency: currency, Value: fmt.Sprintf("%d.%02d", cents/centsPerUnit, cents%centsPerUnit)}
}

// Cents returns the amount in cents. It fails for one that isn't written with
// two decimal places.
func (a Amount) Cents() (int64, error) {
	units, cents, ok := strings.Cut(a.Value, ".")
	u, err := strconv.ParseUint(units, 10, 63)
	c, err2 := strconv.ParseUint(cents, 10, 63)
	if !ok || len(cents) != 2 || err != nil || err2 != nil || u > maxUnits {
		return 0, fmt.Errorf("%q is not an amount with two decimal places", a.Value)
	}
	return int64(u)*centsPerUnit + int64(c), nil
}

// NewPayment asks for a payment.
type NewPayment struct {
	Amount      Amount   `json:"amount"`
	Description string   `json:"description"`
	RedirectURL string   `json:"redirectUrl"`
	WebhookURL  string   `json:"webhookUrl,omitempty"` // "": Mollie sends no webhook
	Metadata    Metadata `json:"metadata,omitempty"`
}

// Metadata is the seller's data kept with a payment or refund. Data of another
// shape than OPAL's is read as empty.
type Metadata map[string]string

// UnmarshalJSON reads an object of strings and ignores anything else. It never
// fails.
func (m *Metadata) UnmarshalJSON(b []byte) error {
	var v map[string]string
	if json.Unmarshal(b, &v) == nil {
		*m = v
	}
	return nil
}

// Link is a URL of an answer.
type Link struct {
	Href string `json:"href"`
}

// Payment is a payment as Mollie has it now.
type Payment struct {
	ID        string    `json:"id"`
	Mode      string    `json:"mode"` // test or live
	Status    string    `json:"status"`
	Amount    Amount    `json:"amount"`
	Metadata  Metadata  `json:"metadata"`
	CreatedAt time.Time `json:"createdAt"`
	Links     struct {
		Checkout *Link `json:"checkout"` // nil once it can't be paid any more
	} `json:"_links"`
	Embedded struct {
		Refunds     []Refund     `json:"refunds"`
		Chargebacks []Chargeback `json:"chargebacks"`
	} `json:"_embedded"` // of Get alone
}

// Refund is money given back by the seller.
type Refund struct {
	ID        string   `json:"id"`
	Status    string   `json:"status"` // queued, pending, processing, refunded, failed or canceled
	Amount    Amount   `json:"amount"`
	PaymentID string   `json:"paymentId"`
	Metadata  Metadata `json:"metadata"`
}

// Void reports whether the money stays with the seller after all.
func (r Refund) Void() bool { return r.Status == "failed" || r.Status == "canceled" }

// Chargeback is money taken back by the buyer's bank.
type Chargeback struct {
	ID         string     `json:"id"`
	Amount     Amount     `json:"amount"`
	PaymentID  string     `json:"paymentId"`
	ReversedAt *time.Time `json:"reversedAt"` // when the bank gave it back
}

// NewRefund asks for a refund.
type NewRefund struct {
	Amount      Amount   `json:"amount"`
	Description string   `json:"description"`
	Metadata    Metadata `json:"metadata,omitempty"`
}
