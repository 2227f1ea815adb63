-- A variant is made anew after a rule, a preset or a brand changed, and only then.

-- +goose Up
ALTER TABLE exports ADD COLUMN recipe TEXT;                         -- digest of all that its file depends on; NULL: not recorded
ALTER TABLE exports ADD COLUMN rerenders BIGINT NOT NULL DEFAULT 0; -- how often it was asked for anew

-- +goose Down
ALTER TABLE exports DROP COLUMN rerenders;
ALTER TABLE exports DROP COLUMN recipe;
