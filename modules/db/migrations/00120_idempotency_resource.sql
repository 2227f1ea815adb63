-- The id of what the call makes, chosen with the key: a call that is done again after a
-- crash finds what the first one made. NULL: claimed before there was one.

-- +goose Up
ALTER TABLE idempotency_keys ADD COLUMN resource_id TEXT;

-- +goose Down
ALTER TABLE idempotency_keys DROP COLUMN resource_id;
