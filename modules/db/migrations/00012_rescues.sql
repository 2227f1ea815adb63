-- How often work on a row broke off since it last got on: its worker died or
-- panicked. See package lease.

-- +goose Up
ALTER TABLE items ADD COLUMN rescues BIGINT NOT NULL DEFAULT 0;
ALTER TABLE exports ADD COLUMN rescues BIGINT NOT NULL DEFAULT 0;

-- +goose Down
ALTER TABLE exports DROP COLUMN rescues;
ALTER TABLE items DROP COLUMN rescues;
