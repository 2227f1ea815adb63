-- A key may have a budget: what it may order in all, in hundredths of a credit as
-- quoted. budget_used holds what is reserved and what is committed.

-- +goose Up
ALTER TABLE api_keys ADD COLUMN budget BIGINT;
ALTER TABLE api_keys ADD COLUMN budget_used BIGINT NOT NULL DEFAULT 0;
CREATE TABLE key_orders (
    order_id   TEXT PRIMARY KEY,
    key_id     TEXT NOT NULL REFERENCES api_keys (key_id) ON DELETE CASCADE,
    amount     BIGINT NOT NULL CHECK (amount >= 0),
    state      TEXT NOT NULL CHECK (state IN ('reserved', 'committed', 'released')),
    created_at BIGINT NOT NULL,
    ended_at   BIGINT
);
CREATE INDEX key_orders_key ON key_orders (key_id);

-- +goose Down
DROP TABLE key_orders;
ALTER TABLE api_keys DROP COLUMN budget_used;
ALTER TABLE api_keys DROP COLUMN budget;
