package db

import (
	"context"
	"database/sql"
	"errors"
)

// maxDelta bounds a row of the old ledger, so that sums can't overflow.
const maxDelta = `1000000000`

// ledger carries v0.2.1's credits over: each row of credit_ledger becomes a
// posting under the key legacy:{id}, a whole credit a hundred hundredths.
// Incoming credits count as bought and are posted before used ones, so that no
// account falls below zero in between; use beyond them is debt. At the end
// proveLedger checks for each tenant that the accounts hold a hundred times the
// sum of the rows.
func (c copying) ledger(ctx context.Context) error {
	at := "NULL::timestamptz"
	if c.old["credit_ledger"].has("created_at") {
		at = "created_at"
	}
	old := `(SELECT id, tenant_id, ` + quote(deltaOf(c.old["credit_ledger"])) + ` AS delta, ` + at + ` AS created_at FROM ` + backupSchema + `.credit_ledger)`
	var bad, total int64
	if err := c.tx.QueryRowContext(ctx, `SELECT count(*) FILTER (WHERE delta IS NULL OR delta <> trunc(delta) OR abs(delta) > `+maxDelta+` OR COALESCE(tenant_id::text, '') = ''), count(*)
		FROM `+old+` l`).Scan(&bad, &total); err != nil {
		return err
	}
	if bad > 0 {
		return ErrTakeover.With("%d of %d rows of %s.credit_ledger name no tenant or no whole number of credits", bad, total, backupSchema)
	}
	const amount = `abs(delta)::bigint * 100`
	err := run(ctx, c.tx,
		`CREATE TEMP TABLE taken_credits ON COMMIT DROP AS SELECT *,
			CASE WHEN delta > 0 THEN 0 ELSE LEAST(amount, GREATEST(0, came - (used - amount))) END AS covered FROM (
			SELECT id::text AS id, tenant_id::text AS tenant_id, delta, `+amount+` AS amount, COALESCE((extract(epoch FROM created_at) * 1000)::bigint, now_ms()) AS created_at,
			COALESCE(sum(`+amount+`) FILTER (WHERE delta > 0) OVER (PARTITION BY tenant_id), 0) AS came,
			COALESCE(sum(`+amount+`) FILTER (WHERE delta < 0) OVER (PARTITION BY tenant_id ORDER BY delta < 0, created_at, id), 0) AS used,
			row_number() OVER (PARTITION BY tenant_id ORDER BY delta < 0, created_at, id) AS n
			FROM `+old+` l WHERE delta <> 0) x`,
		`INSERT INTO tenants (tenant_id, name, created_at) SELECT tenant_id, tenant_id, min(created_at) FROM taken_credits GROUP BY tenant_id ON CONFLICT DO NOTHING`,
		`INSERT INTO billing_tenants (tenant_id, created_at) SELECT tenant_id, min(created_at) FROM taken_credits GROUP BY tenant_id`,
		`INSERT INTO accounts (tenant_id, kind) SELECT tenant_id, kind FROM billing_tenants, unnest(ARRAY['free', 'paid', 'held', 'spent', 'debt', 'world']) AS kind`,
		// a balance that thousands of transfers move one by one in one transaction
		// takes quadratic time: here one statement sets each balance
		`ALTER TABLE transfers DISABLE TRIGGER transfers_apply`,
		`ALTER TABLE accounts DISABLE TRIGGER accounts_guard`,
		`INSERT INTO transfers (posting_key, leg, legs, prev_leg, tenant_id, seq, kind, debit, credit, amount, created_at)
			SELECT 'legacy:' || id, leg, legs, CASE WHEN leg > 1 THEN leg - 1 END, tenant_id, row_number() OVER (PARTITION BY tenant_id ORDER BY n, leg), 'import', debit, credit, part, created_at
			FROM (SELECT *, row_number() OVER (PARTITION BY id ORDER BY place) AS leg, count(*) OVER (PARTITION BY id) AS legs FROM (
				SELECT *, 1 AS place, 'world' AS debit, 'paid' AS credit, amount AS part FROM taken_credits WHERE delta > 0
				UNION ALL SELECT *, 1, 'paid', 'spent', covered FROM taken_credits WHERE covered > 0
				UNION ALL SELECT *, 2, 'world', 'debt', amount - covered FROM taken_credits WHERE delta < 0 AND amount > covered) x) y ORDER BY tenant_id, n, leg`,
		`UPDATE accounts a SET balance = t.balance, seq = t.seq FROM (SELECT tenant_id, kind, sum(moved) AS balance, max(seq) AS seq FROM (
			SELECT tenant_id, credit AS kind, amount AS moved, seq FROM transfers UNION ALL SELECT tenant_id, debit, -amount, seq FROM transfers) x GROUP BY tenant_id, kind) t
			WHERE a.tenant_id = t.tenant_id AND a.kind = t.kind`,
		`ALTER TABLE transfers ENABLE TRIGGER transfers_apply`,
		`ALTER TABLE accounts ENABLE TRIGGER accounts_guard`,
	)
	if err != nil {
		return err
	}
	return c.proveLedger(ctx, old)
}

// proveLedger compares the accounts with v0.2.1's own rows, old.
func (c copying) proveLedger(ctx context.Context, old string) error {
	var tenantID string
	var was, isNow int64
	err := c.tx.QueryRowContext(ctx, `SELECT tenant_id, COALESCE(max(was), 0), COALESCE(max(is_now), 0) FROM (
			SELECT tenant_id::text AS tenant_id, sum(delta)::bigint * 100 AS was, NULL::bigint AS is_now FROM `+old+` l GROUP BY 1
			UNION ALL SELECT tenant_id, NULL, sum(CASE kind WHEN 'paid' THEN balance WHEN 'debt' THEN -balance ELSE 0 END)::bigint FROM accounts GROUP BY 1) x
		GROUP BY tenant_id HAVING COALESCE(max(was), 0) <> COALESCE(max(is_now), 0) ORDER BY 1 LIMIT 1`).Scan(&tenantID, &was, &isNow)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	return ErrTakeover.With("the rows of tenant %.60q add up to %d hundredths of a credit, its accounts to %d", tenantID, was, isNow)
}
