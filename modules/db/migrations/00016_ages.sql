-- The oldest open work is looked up often, to be seen before it is too old.

-- +goose Up
CREATE INDEX items_open_age ON items (created_at) WHERE status IN ('queued', 'processing');
CREATE INDEX exports_open_age ON exports (created_at) WHERE status IN ('pending', 'processing');

-- +goose Down
DROP INDEX exports_open_age;
DROP INDEX items_open_age;
