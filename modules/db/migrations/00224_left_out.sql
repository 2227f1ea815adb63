-- When an item that failed was left out of its job; NULL: it was not.

-- +goose Up
ALTER TABLE items ADD COLUMN left_out_at BIGINT;

-- +goose Down
ALTER TABLE items DROP COLUMN left_out_at;
