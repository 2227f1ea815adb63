package billing

import (
	"context"
	"encoding/base64"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/opal-photo/opal/modules/billing/invoice"
	"github.com/opal-photo/opal/modules/billing/ledger"
	"github.com/opal-photo/opal/modules/db"
)

// The bounds of a page.
const (
	defaultLimit = 50
	maxLimit     = 500
)

func pageLimit(n int) int {
	if n <= 0 {
		return defaultLimit
	}
	return min(n, maxLimit)
}

// Balance is a tenant's credit, in hundredths of a credit.
type Balance struct {
	TenantID  string `json:"tenant_id"`
	Available int64  `json:"available"` // credit that can be reserved now; 0 while there is debt
	Held      int64  `json:"held"`      // reserved for items under way
}

// Balance returns a tenant's balance, this month's grant included.
func (s *Service) Balance(ctx context.Context, tenantID string) (Balance, error) {
	l, err := ledger.Read(ctx, s.o.DB, tenantID, s.o.MonthlyGrant)
	if err != nil {
		return Balance{}, err
	}
	return Balance{TenantID: tenantID, Available: l.Available(), Held: l.Balance[ledger.Held]}, nil
}

// Transaction is a transfer between a tenant's accounts.
type Transaction struct {
	TransactionID string    `json:"transaction_id"` // the posting's key and the leg
	Type          string    `json:"type"`           // buy, grant, lapse, reserve, capture, release, refund, chargeback, reversal, repay or import
	From          string    `json:"from"`           // free, paid, held, spent, debt or world
	To            string    `json:"to"`
	Amount        int64     `json:"amount"` // hundredths of a credit, above 0
	Available     int64     `json:"available"`
	ItemID        *string   `json:"item_id"`
	PaymentID     *string   `json:"payment_id"`
	CreatedAt     time.Time `json:"created_at"`
}

// TransactionPage is a page of transactions, newest first.
type TransactionPage struct {
	Transactions []Transaction `json:"transactions"`
	NextCursor   *string       `json:"next_cursor"` // nil: the last page
}

// Transactions returns a page of a tenant's transfers, newest first. limit 0 is
// 50, at most 500. Available is the change of what can be reserved.
func (s *Service) Transactions(ctx context.Context, tenantID, cursor string, limit int) (TransactionPage, error) {
	out := TransactionPage{Transactions: []Transaction{}}
	before := int64(1<<63 - 1)
	if cursor != "" {
		parts, err := decodeCursor(cursor, 1)
		if err != nil {
			return out, err
		}
		if before, err = strconv.ParseInt(parts[0], 10, 64); err != nil || before < 1 {
			return out, ErrCursor
		}
	}
	limit = pageLimit(limit)
	rows, err := s.o.DB.QueryContext(ctx, `SELECT posting_key, leg, seq, kind, debit, credit, amount, item_id, payment_id, created_at FROM transfers
		WHERE tenant_id = $1 AND seq < $2 ORDER BY seq DESC LIMIT $3`, tenantID, before, limit+1)
	if err != nil {
		return out, fmt.Errorf("list the transactions of %s: %w", tenantID, err)
	}
	defer rows.Close()
	var seq int64
	for rows.Next() {
		if len(out.Transactions) == limit {
			next := encodeCursor(strconv.FormatInt(seq, 10))
			out.NextCursor = &next
			break
		}
		var t Transaction
		var key string
		var leg, at int64
		if err := rows.Scan(&key, &leg, &seq, &t.Type, &t.From, &t.To, &t.Amount, &t.ItemID, &t.PaymentID, &at); err != nil {
			return out, err
		}
		t.TransactionID, t.CreatedAt = key+"/"+strconv.FormatInt(leg, 10), db.Time(at)
		if t.To == ledger.Free || t.To == ledger.Paid {
			t.Available += t.Amount
		}
		if t.From == ledger.Free || t.From == ledger.Paid {
			t.Available -= t.Amount
		}
		out.Transactions = append(out.Transactions, t)
	}
	return out, rows.Err()
}

// cursorSeparator occurs in none of the names that cursors are made of.
const cursorSeparator = "\x1f"

func encodeCursor(parts ...string) string {
	return base64.RawURLEncoding.EncodeToString([]byte(strings.Join(parts, cursorSeparator)))
}

func decodeCursor(s string, n int) ([]string, error) {
	b, err := base64.RawURLEncoding.DecodeString(s)
	parts := strings.Split(string(b), cursorSeparator)
	if err != nil || len(parts) != n || !utf8.Valid(b) {
		return nil, ErrCursor
	}
	for _, p := range parts {
		if p == "" || strings.ContainsFunc(p, unicode.IsControl) {
			return nil, ErrCursor
		}
	}
	return parts, nil
}

// The ways to group usage.
const (
	ByDay   = "day"
	ByStep  = "step" // steps and presets
	ByBrand = "brand"
)

// UsageQuery says what usage to count.
type UsageQuery struct {
	From, To time.Time // captured in [From, To); zero: the last 30 days
	By       string    // day, step or brand; "": day
	Cursor   string
	Limit    int // 0: 50, at most 500
}

// UsageRow is the usage of one day, step or brand.
type UsageRow struct {
	Key     string `json:"key"` // 2026-11-23, step/upscale, preset/etsy, or a brand profile's id
	Items   int64  `json:"items"`
	Uses    int64  `json:"uses"`    // of steps and presets
	Credits int64  `json:"credits"` // hundredths, at the frozen prices
	Billed  int64  `json:"billed"`  // the part of it that was charged; the rest was metered only
}

// UsagePage is a page of usage, ordered by key.
type UsagePage struct {
	By         string     `json:"by"`
	From       time.Time  `json:"from"`
	To         time.Time  `json:"to"`
	Usage      []UsageRow `json:"usage"`
	NextCursor *string    `json:"next_cursor"` // nil: the last page
}

// defaultUsage is how far back usage is counted when a query names no time.
const defaultUsage = 30 * 24 * time.Hour

// usageKeys holds the SQL of a group's key. Days are counted since 1970.
var usageKeys = map[string]string{
	ByDay:   `CAST(ended_at / 86400000 AS TEXT)`,
	ByStep:  `kind || '/' || name`,
	ByBrand: `brand_id`,
}

// Usage counts the steps and presets that a tenant's completed items and
// variants used.
func (s *Service) Usage(ctx context.Context, tenantID string, q UsageQuery) (UsagePage, error) {
	if q.By == "" {
		q.By = ByDay
	}
	out := UsagePage{By: q.By, Usage: []UsageRow{}}
	key, ok := usageKeys[q.By]
	if !ok {
		return out, ErrQuery.With("by must be day, step or brand, got %.20q", q.By)
	}
	if q.To.IsZero() {
		now, err := db.Now(ctx, s.o.DB)
		if err != nil {
			return out, err
		}
		q.To = now.Add(time.Millisecond)
	}
	if q.From.IsZero() {
		q.From = q.To.Add(-defaultUsage)
	}
	if !q.From.Before(q.To) {
		return out, ErrQuery.With("from must be before to")
	}
	out.From, out.To = q.From.UTC(), q.To.UTC()
	after := ""
	if q.Cursor != "" {
		parts, err := decodeCursor(q.Cursor, 2)
		if err != nil || parts[0] != q.By {
			return out, ErrCursor
		}
		after = parts[1]
	}
	limit := pageLimit(q.Limit)
	rows, err := s.o.DB.QueryContext(ctx, `SELECT k, count(DISTINCT item_id), count(*), sum(price), sum(CASE WHEN billed THEN price ELSE 0 END) FROM
		(SELECT `+key+` AS k, item_id, price, billed FROM charges WHERE tenant_id = $1 AND state = 'captured' AND ended_at >= $2 AND ended_at < $3) c
		WHERE $4 = '' OR k > $4 GROUP BY k ORDER BY k LIMIT $5`, tenantID, q.From.UnixMilli(), q.To.UnixMilli(), after, limit+1)
	if err != nil {
		return out, fmt.Errorf("count the usage of %s: %w", tenantID, err)
	}
	defer rows.Close()
	for rows.Next() {
		if len(out.Usage) == limit {
			next := encodeCursor(q.By, after)
			out.NextCursor = &next
			break
		}
		var r UsageRow
		if err := rows.Scan(&r.Key, &r.Items, &r.Uses, &r.Credits, &r.Billed); err != nil {
			return out, err
		}
		after = r.Key
		if q.By == ByDay {
			day, err := strconv.ParseInt(r.Key, 10, 64)
			if err != nil {
				return out, err
			}
			r.Key = time.Unix(day*24*60*60, 0).UTC().Format(time.DateOnly)
		}
		out.Usage = append(out.Usage, r)
	}
	return out, rows.Err()
}

// Table returns the page as the rows of a CSV file, its heading first. A key
// that a spreadsheet would take for a formula is quoted with an apostrophe.
func (p UsagePage) Table() [][]string {
	out := [][]string{{p.By, "items", "uses", "credits", "billed"}}
	for _, r := range p.Usage {
		k := r.Key
		if k != "" && strings.ContainsAny(k[:1], "=+-@\t") {
			k = "'" + k
		}
		out = append(out, []string{k, strconv.FormatInt(r.Items, 10), strconv.FormatInt(r.Uses, 10), invoice.Hundredths(r.Credits), invoice.Hundredths(r.Billed)})
	}
	return out
}

// PaymentPage is a page of payments, newest first.
type PaymentPage struct {
	Payments   []Payment `json:"payments"`
	NextCursor *string   `json:"next_cursor"`
}

// paymentID matches the ids of payments.
var paymentID = regexp.MustCompile(`^[0-9a-f-]{36}$`)

// Payments returns a page of a tenant's payments, newest first.
func (s *Service) Payments(ctx context.Context, tenantID, cursor string, limit int) (PaymentPage, error) {
	out := PaymentPage{Payments: []Payment{}}
	before := ""
	if cursor != "" {
		parts, err := decodeCursor(cursor, 1)
		if err != nil {
			return out, err
		}
		if before = parts[0]; !paymentID.MatchString(before) {
			return out, ErrCursor
		}
	}
	limit = pageLimit(limit)
	rows, err := s.o.DB.QueryContext(ctx, `SELECT `+paymentColumns+` FROM payments p WHERE p.tenant_id = $1 AND ($2 = '' OR p.payment_id < $2)
		ORDER BY p.payment_id DESC LIMIT $3`, tenantID, before, limit+1)
	if err != nil {
		return out, fmt.Errorf("list the payments of %s: %w", tenantID, err)
	}
	defer rows.Close()
	for rows.Next() {
		if len(out.Payments) == limit {
			next := encodeCursor(out.Payments[limit-1].PaymentID)
			out.NextCursor = &next
			break
		}
		p, err := scanPayment(rows)
		if err != nil {
			return out, err
		}
		out.Payments = append(out.Payments, p)
	}
	return out, rows.Err()
}
