package billing

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/opal-photo/opal/modules/db"
)

// Difference is something in the books that doesn't add up.
type Difference struct {
	Check   string `json:"check"`   // which rule
	Subject string `json:"subject"` // tenant, item, payment or posting
	Detail  string `json:"detail"`  // what is and what should be
}

func (d Difference) String() string { return d.Check + ": " + d.Subject + ": " + d.Detail }

// maxDifferences bounds those of one rule that are listed.
const maxDifferences = 1000

// audits are the rules. Each query returns, for each violation, the subject and
// two values of which the words tell. Everything is recomputed: balances from
// transfers, transfers from charges and payments, charges from items. Items older
// than the first that was ever metered are nobody's debt, nor are those that
// were taken over from v0.2.1, which had settled their price.
var audits = []struct{ name, query, words string }{
	{"balance", `SELECT a.tenant_id || ' ' || a.kind, a.balance, COALESCE(sum(CASE WHEN t.credit = a.kind THEN t.amount ELSE -t.amount END), 0)
		FROM accounts a LEFT JOIN transfers t ON t.tenant_id = a.tenant_id AND (t.credit = a.kind OR t.debit = a.kind)
		GROUP BY a.tenant_id, a.kind, a.balance HAVING a.balance <> COALESCE(sum(CASE WHEN t.credit = a.kind THEN t.amount ELSE -t.amount END), 0)`,
		"the balance is %v, its transfers add up to %v"},
	{"balance below zero", `SELECT tenant_id || ' ' || kind, balance, 0 FROM accounts WHERE kind <> 'world' AND balance < 0`, "the balance is %v, at least %v is allowed"},
	{"tenant", `SELECT tenant_id, sum(balance), 0 FROM accounts GROUP BY tenant_id HAVING sum(balance) <> 0`, "its balances add up to %v instead of %v"},
	{"posting", `SELECT posting_key, count(*), max(legs) FROM transfers GROUP BY posting_key HAVING count(*) <> max(legs)`, "it has %v transfers of %v"},
	{"sequence", `SELECT tenant_id, count(*), max(seq) FROM transfers GROUP BY tenant_id HAVING count(*) <> max(seq)`, "there are %v transfers, the last is number %v"},

	{"held", `SELECT a.tenant_id, a.balance, COALESCE((SELECT sum(c.from_free + c.from_paid) FROM charges c WHERE c.tenant_id = a.tenant_id AND c.state = 'held'), 0)
		FROM accounts a WHERE a.kind = 'held' AND a.balance <> COALESCE((SELECT sum(c.from_free + c.from_paid) FROM charges c WHERE c.tenant_id = a.tenant_id AND c.state = 'held'), 0)`,
		"%v is held, its open charges add up to %v"},
	{"reservation", perItem("reserve", "TRUE"), "%v was reserved, its charges add up to %v"},
	{"capture", perItem("capture", "state = 'captured'"), "%v was captured, its captured charges add up to %v"},
	{"release", perItem("release", "state = 'released'"), "%v was released, its released charges add up to %v"},
	{"budget", `SELECT x.tenant_id || ' ' || x.month, sum(x.counted), sum(x.used) FROM (
			SELECT tenant_id, month, committed AS counted, 0 AS used FROM budget_months
			UNION ALL SELECT tenant_id, month, 0, price FROM charges WHERE billed AND state <> 'released') x
		GROUP BY x.tenant_id, x.month HAVING sum(x.counted) <> sum(x.used)`, "the month's budget counts %v, its charges add up to %v"},

	{"item that failed and costs", `SELECT c.item_id, sum(c.price), 0 FROM charges c JOIN items i ON i.item_id = c.item_id
		WHERE i.status IN ('failed', 'cancelled', 'created', 'uploaded') AND c.state = 'captured' GROUP BY c.item_id`, "%v was captured instead of %v"},
	{"item that was made for nothing", `SELECT i.item_id, count(c.item_id), 1 FROM items i LEFT JOIN charges c ON c.item_id = i.item_id AND c.kind = 'step'
		WHERE i.status = 'completed' AND NOT i.taken_over AND i.created_at >= (SELECT min(f.created_at) FROM items f JOIN charges n ON n.item_id = f.item_id) GROUP BY i.item_id HAVING count(c.item_id) = 0`, "it has %v charges, at least %v is due"},
	{"item that is made without a hold", `SELECT i.item_id, count(c.item_id), 1 FROM items i LEFT JOIN charges c ON c.item_id = i.item_id AND c.kind = 'step' AND c.state = 'held'
		WHERE i.status IN ('queued', 'processing') AND NOT i.taken_over AND i.created_at >= (SELECT min(f.created_at) FROM items f JOIN charges n ON n.item_id = f.item_id) GROUP BY i.item_id HAVING count(c.item_id) = 0`, "it has %v open charges, at least %v is due"},
	{"step of a completed item", `SELECT c.item_id || ' ' || c.name, c.state, 'captured' FROM charges c JOIN items i ON i.item_id = c.item_id
		WHERE i.status = 'completed' AND c.kind = 'step' AND c.state <> 'captured'`, "its charge is %v instead of %v"},
	{"variant that was made for nothing", `SELECT e.item_id || ' ' || e.preset, c.state, 'captured' FROM exports e JOIN charges c ON c.item_id = e.item_id AND c.kind = 'preset' AND c.name = e.preset
		WHERE e.status = 'completed' AND c.state <> 'captured'`, "its charge is %v instead of %v"},
	{"variant that wasn't made and costs", `SELECT c.item_id || ' ' || c.name, COALESCE(e.status, 'missing'), 'completed' FROM charges c JOIN items i ON i.item_id = c.item_id
		LEFT JOIN exports e ON c.item_id = e.item_id AND c.name = e.preset
		WHERE c.kind = 'preset' AND c.state = 'captured' AND COALESCE(e.status, '') <> 'completed'`, "its charge is captured and it is %v instead of %v"},
	{"charge of another's item", `SELECT c.item_id, c.tenant_id, i.tenant_id FROM charges c JOIN items i ON i.item_id = c.item_id WHERE c.tenant_id <> i.tenant_id`,
		"charged to %v, the item is %v's"},

	{"payment", `SELECT p.payment_id, COALESCE((SELECT sum(t.amount) FROM transfers t WHERE t.posting_key = 'buy:' || p.payment_id), 0),
			CASE WHEN p.status = 'paid' THEN p.credits ELSE 0 END FROM payments p
		WHERE COALESCE((SELECT sum(t.amount) FROM transfers t WHERE t.posting_key = 'buy:' || p.payment_id), 0) <> CASE WHEN p.status = 'paid' THEN p.credits ELSE 0 END`,
		"%v was credited instead of %v"},
	{"purchase without payment", `SELECT t.posting_key, t.amount, 0 FROM transfers t WHERE t.kind = 'buy'
		AND NOT EXISTS (SELECT 1 FROM payments p WHERE t.posting_key = 'buy:' || p.payment_id AND t.tenant_id = p.tenant_id AND t.payment_id = p.payment_id)`, "%v was credited instead of %v"},
	{"invoice", `SELECT p.payment_id, count(i.payment_id), CASE WHEN p.status = 'paid' THEN 1 ELSE 0 END FROM payments p LEFT JOIN invoices i ON i.payment_id = p.payment_id
		GROUP BY p.payment_id, p.status HAVING count(i.payment_id) <> CASE WHEN p.status = 'paid' THEN 1 ELSE 0 END`, "it has %v invoices instead of %v"},
	{"invoice numbers", `SELECT CAST(c.year AS TEXT), count(i.number), c.last FROM invoice_counters c LEFT JOIN invoices i ON i.year = c.year
		GROUP BY c.year, c.last HAVING count(i.number) <> c.last OR COALESCE(max(i.number), 0) <> c.last`, "there are %v invoices, the last number is %v"},
	{"payment that nobody asks after", `SELECT p.payment_id, p.status, 'a time to be asked after' FROM payments p
		WHERE p.status IN ('creating', 'open', 'pending', 'authorized') AND p.poll_at IS NULL AND p.created_at > now_ms() - ` + millis(maxOpenAge) + `
		AND NOT EXISTS (SELECT 1 FROM payment_notices n WHERE n.mollie_id = p.mollie_id)`, "it is %v and has not %v"},
	{"notice of the payment provider's", `SELECT n.mollie_id, COALESCE((SELECT p.status FROM payments p WHERE p.mollie_id = n.mollie_id), 'of no payment'), n.tries FROM payment_notices n
		WHERE n.due_at < now_ms() - ` + millis(noticePatience), "the payment is %v; it waits for an hour and has been looked at %v times: does opal billing run?"},
	{"refund that was forgotten", `SELECT q.request_id, q.payment_id, q.amount FROM refund_requests q WHERE q.retry_at IS NULL AND q.reversal_id IS NULL AND q.problem IS NULL`,
		"of payment %v, %v cents: Mollie neither made nor refused it"},
	{"refund at the payment provider", `SELECT q.request_id, q.amount, r.amount FROM refund_requests q JOIN payment_reversals r ON r.reversal_id = q.reversal_id
		WHERE r.amount <> q.amount OR r.payment_id <> q.payment_id OR r.kind <> 'refund'`, "%v cents were asked for, Mollie's has %v"},
	{"money back", `SELECT r.reversal_id, COALESCE((SELECT sum(t.amount) FROM transfers t WHERE t.posting_key = CASE WHEN r.kind = 'refund' THEN 'refund:' ELSE 'cb:' END || r.reversal_id), 0), r.credits
		FROM payment_reversals r WHERE r.credits <> COALESCE((SELECT sum(t.amount) FROM transfers t WHERE t.posting_key = CASE WHEN r.kind = 'refund' THEN 'refund:' ELSE 'cb:' END || r.reversal_id), 0)`,
		"%v was taken back instead of %v"},
	{"money back, returned", `SELECT r.reversal_id, COALESCE((SELECT sum(t.amount) FROM transfers t WHERE t.posting_key = 'rev:' || r.reversal_id), 0), CASE WHEN r.state = 'returned' THEN r.credits ELSE 0 END
		FROM payment_reversals r WHERE COALESCE((SELECT sum(t.amount) FROM transfers t WHERE t.posting_key = 'rev:' || r.reversal_id), 0) <> CASE WHEN r.state = 'returned' THEN r.credits ELSE 0 END`,
		"%v was returned instead of %v"},
	{"more went back than was paid", `SELECT p.payment_id, sum(r.credits), p.credits FROM payments p JOIN payment_reversals r ON r.payment_id = p.payment_id AND r.state = 'taken'
		GROUP BY p.payment_id, p.credits HAVING sum(r.credits) > p.credits`, "%v credits went back of %v"},
}

// noticePatience is how long a notice may wait beyond its time.
const noticePatience = time.Hour

// millis writes a duration into SQL.
func millis(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) }

// perItem compares an item's transfers of a kind with those of its charges that
// the condition selects.
func perItem(kind, where string) string {
	return `SELECT x.item_id, sum(x.moved), sum(x.due) FROM (
			SELECT item_id, amount AS moved, 0 AS due FROM transfers WHERE kind = '` + kind + `'
			UNION ALL SELECT item_id, 0, from_free + from_paid FROM charges WHERE ` + where + `) x
		GROUP BY x.item_id HAVING sum(x.moved) <> sum(x.due)`
}

// Audit recomputes the books and returns what differs, nothing when all is well.
// It reads one consistent state and may run beside everything else.
func (s *Service) Audit(ctx context.Context) ([]Difference, error) {
	tx, err := s.o.DB.BeginTx(ctx, s.snapshot())
	if err != nil {
		return nil, fmt.Errorf("begin the audit: %w", err)
	}
	defer func() { _ = tx.Rollback() }()
	return audit(ctx, tx)
}

func audit(ctx context.Context, q db.Querier) ([]Difference, error) {
	var out []Difference
	for _, a := range audits {
		rows, err := q.QueryContext(ctx, `SELECT * FROM (`+a.query+`) v LIMIT $1`, maxDifferences)
		if err != nil {
			return nil, fmt.Errorf("audit %s: %w", a.name, err)
		}
		for rows.Next() {
			var subject string
			var is, due any
			if err := rows.Scan(&subject, &is, &due); err != nil {
				_ = rows.Close()
				return nil, fmt.Errorf("audit %s: %w", a.name, err)
			}
			out = append(out, Difference{Check: a.name, Subject: subject, Detail: fmt.Sprintf(a.words, text(is), text(due))})
		}
		if err := rows.Close(); err != nil {
			return nil, fmt.Errorf("audit %s: %w", a.name, err)
		}
		if err := rows.Err(); err != nil {
			return nil, fmt.Errorf("audit %s: %w", a.name, err)
		}
	}
	return out, nil
}

// text reads what a driver gives as bytes.
func text(v any) any {
	if b, ok := v.([]byte); ok {
		return string(b)
	}
	return v
}
