-- +goose Up
CREATE TABLE outbox (
    outbox_id  TEXT PRIMARY KEY, -- UUIDv7; the message's id
    queue      TEXT   NOT NULL CHECK (queue IN ('jobs', 'exports')),
    tenant_id  TEXT   NOT NULL,
    body       TEXT   NOT NULL,  -- the JSON that is sent
    not_before BIGINT NOT NULL,  -- also the end of a relay's hold on the row
    tries      BIGINT NOT NULL DEFAULT 0,
    created_at BIGINT NOT NULL,
    taken_at   BIGINT,           -- a relay is sending it, or has
    sent_at    BIGINT,
    ended_at   BIGINT            -- its consumer is done with it
);
CREATE INDEX outbox_unsent ON outbox (queue, tenant_id, not_before, outbox_id) WHERE sent_at IS NULL;
-- a tenant's messages in flight
CREATE INDEX outbox_flying ON outbox (queue, tenant_id, taken_at) WHERE taken_at IS NOT NULL AND ended_at IS NULL;
CREATE INDEX outbox_sent ON outbox (sent_at) WHERE sent_at IS NOT NULL;

CREATE TABLE queue_messages (
    message_id      TEXT   NOT NULL,
    queue           TEXT   NOT NULL,
    sequence        TEXT   NOT NULL, -- UUIDv7: the order of arrival
    body            TEXT   NOT NULL, -- base64: poison has any bytes
    correlation_id  TEXT   NOT NULL,
    enqueued_at     BIGINT NOT NULL,
    visible_at      BIGINT NOT NULL, -- also the end of a lock
    lock_token      TEXT,
    delivery_count  BIGINT NOT NULL DEFAULT 0,
    dead_at         BIGINT,
    dead_reason     TEXT,
    dead_text       TEXT,
    PRIMARY KEY (queue, message_id)
);
CREATE INDEX queue_live ON queue_messages (queue, visible_at, sequence) WHERE dead_at IS NULL;
CREATE INDEX queue_dead ON queue_messages (queue, dead_at, sequence) WHERE dead_at IS NOT NULL;

-- what was sent lately, so that a message sent twice arrives once
CREATE TABLE queue_seen (
    queue      TEXT   NOT NULL,
    message_id TEXT   NOT NULL,
    seen_at    BIGINT NOT NULL,
    PRIMARY KEY (queue, message_id)
);
CREATE INDEX queue_seen_age ON queue_seen (seen_at);

-- +goose Down
DROP TABLE queue_seen;
DROP TABLE queue_messages;
DROP TABLE outbox;
