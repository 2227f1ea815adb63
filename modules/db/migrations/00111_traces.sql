-- A message, an event and a delivery carry the trace that they continue, as W3C's
-- traceparent, and the correlation id. '' is none, as in rows of before.

-- +goose Up
ALTER TABLE outbox ADD COLUMN traceparent TEXT NOT NULL DEFAULT '';
ALTER TABLE events ADD COLUMN traceparent TEXT NOT NULL DEFAULT '';
ALTER TABLE events ADD COLUMN correlation_id TEXT NOT NULL DEFAULT '';
ALTER TABLE webhook_deliveries ADD COLUMN traceparent TEXT NOT NULL DEFAULT '';
ALTER TABLE webhook_deliveries ADD COLUMN correlation_id TEXT NOT NULL DEFAULT '';

-- +goose Down
ALTER TABLE webhook_deliveries DROP COLUMN correlation_id;
ALTER TABLE webhook_deliveries DROP COLUMN traceparent;
ALTER TABLE events DROP COLUMN correlation_id;
ALTER TABLE events DROP COLUMN traceparent;
ALTER TABLE outbox DROP COLUMN traceparent;
