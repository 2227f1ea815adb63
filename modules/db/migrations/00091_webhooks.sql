-- Events go to their tenants' webhooks: one delivery for each event and endpoint. An
-- event is untold until its deliveries are written, in one transaction.

-- +goose Up
ALTER TABLE events ADD COLUMN untold BOOLEAN NOT NULL DEFAULT TRUE;
UPDATE events SET untold = FALSE;
CREATE INDEX events_untold ON events (event_id) WHERE untold;

CREATE TABLE webhook_endpoints (
    endpoint_id     TEXT PRIMARY KEY, -- UUIDv7
    tenant_id       TEXT   NOT NULL,
    job_id          TEXT,             -- a job's callback_url; NULL: all of the tenant's jobs
    url             TEXT   NOT NULL,
    description     TEXT   NOT NULL,
    events          TEXT   NOT NULL,  -- JSON array of types; []: all
    status          TEXT   NOT NULL CHECK (status IN ('enabled', 'paused', 'disabled')),
    disabled_reason TEXT,
    secret          TEXT   NOT NULL,  -- sealed
    old_secret      TEXT,             -- sealed; valid beside the new one until old_until
    old_until       BIGINT,
    failing_since   BIGINT,           -- the first failure since the last success
    created_at      BIGINT NOT NULL,
    updated_at      BIGINT NOT NULL
);
CREATE INDEX webhook_endpoints_by_tenant ON webhook_endpoints (tenant_id, endpoint_id);
CREATE UNIQUE INDEX webhook_endpoints_by_job ON webhook_endpoints (job_id) WHERE job_id IS NOT NULL;

CREATE TABLE webhook_deliveries (
    delivery_id   TEXT PRIMARY KEY, -- UUIDv7
    endpoint_id   TEXT   NOT NULL REFERENCES webhook_endpoints (endpoint_id) ON DELETE CASCADE,
    tenant_id     TEXT   NOT NULL,
    event_id      TEXT   NOT NULL,
    event_type    TEXT   NOT NULL,
    job_id        TEXT   NOT NULL,
    payload       TEXT   NOT NULL,  -- the body, as it is signed
    status        TEXT   NOT NULL CHECK (status IN ('pending', 'processing', 'delivered', 'failed')),
    attempt       BIGINT NOT NULL DEFAULT 0,
    tries         BIGINT NOT NULL DEFAULT 0,
    rescues       BIGINT NOT NULL DEFAULT 0,
    lease_until   BIGINT,
    due_at        BIGINT NOT NULL,
    error_code    TEXT,
    error_message TEXT,
    delivered_at  BIGINT,
    created_at    BIGINT NOT NULL,
    updated_at    BIGINT NOT NULL,
    UNIQUE (endpoint_id, event_id)
);
CREATE INDEX webhook_deliveries_by_endpoint ON webhook_deliveries (endpoint_id, delivery_id);
CREATE INDEX webhook_deliveries_by_job ON webhook_deliveries (job_id);
CREATE INDEX webhook_deliveries_due ON webhook_deliveries (endpoint_id, due_at) WHERE status = 'pending';
CREATE INDEX webhook_deliveries_leases ON webhook_deliveries (lease_until) WHERE status = 'processing';
CREATE INDEX webhook_deliveries_age ON webhook_deliveries (created_at);

CREATE TABLE webhook_attempts (
    delivery_id TEXT   NOT NULL REFERENCES webhook_deliveries (delivery_id) ON DELETE CASCADE,
    attempt     BIGINT NOT NULL,
    started_at  BIGINT NOT NULL,
    ms          BIGINT NOT NULL,
    status_code BIGINT,           -- NULL: no answer
    error_code  TEXT,             -- NULL: delivered
    response    TEXT   NOT NULL,  -- the beginning of the answer
    PRIMARY KEY (delivery_id, attempt)
);

-- +goose Down
DROP TABLE webhook_attempts;
DROP TABLE webhook_deliveries;
DROP TABLE webhook_endpoints;
DROP INDEX events_untold;
ALTER TABLE events DROP COLUMN untold;
