-- A message may ask for more than the work on the item that its body names: its
-- kind and what it is about are properties beside the body, which stays as it is.
-- Messages that can't be read are set aside, so that they hold up no others.

-- +goose Up
ALTER TABLE outbox ADD COLUMN kind TEXT NOT NULL DEFAULT '';
ALTER TABLE outbox ADD COLUMN subject TEXT NOT NULL DEFAULT '';
ALTER TABLE queue_messages ADD COLUMN properties TEXT NOT NULL DEFAULT ''; -- JSON object of strings, or empty

CREATE TABLE outbox_unreadable (
    outbox_id    TEXT PRIMARY KEY,
    queue        TEXT   NOT NULL,
    tenant_id    TEXT   NOT NULL,
    body         TEXT   NOT NULL,
    reason       TEXT   NOT NULL,
    created_at   BIGINT NOT NULL,
    set_aside_at BIGINT NOT NULL
);

-- +goose Down
DROP TABLE outbox_unreadable;
ALTER TABLE queue_messages DROP COLUMN properties;
ALTER TABLE outbox DROP COLUMN subject;
ALTER TABLE outbox DROP COLUMN kind;
