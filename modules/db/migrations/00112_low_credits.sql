-- When a tenant was last told that its credit is low; NULL: never.

-- +goose Up
ALTER TABLE billing_tenants ADD COLUMN low_told_at BIGINT;

-- +goose Down
ALTER TABLE billing_tenants DROP COLUMN low_told_at;
