-- The round of the ZIP that a decision about a picture asked for after its job had
-- ended. NULL: none is being made.

-- +goose Up
ALTER TABLE jobs ADD COLUMN late_round BIGINT;

-- +goose Down
ALTER TABLE jobs DROP COLUMN late_round;
