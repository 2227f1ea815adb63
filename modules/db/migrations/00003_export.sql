-- +goose Up
CREATE TABLE exports (
    item_id        TEXT   NOT NULL,
    preset         TEXT   NOT NULL,
    job_id         TEXT   NOT NULL,
    tenant_id      TEXT   NOT NULL,
    correlation_id TEXT   NOT NULL,
    status         TEXT   NOT NULL CHECK (status IN ('pending', 'processing', 'completed', 'failed', 'cancelled')),
    attempt        BIGINT NOT NULL DEFAULT 0, -- the fence: every claim adds one
    tries          BIGINT NOT NULL DEFAULT 0,
    lease_until    BIGINT,
    due_at         BIGINT NOT NULL,
    blob_path      TEXT,
    format         TEXT,
    width          BIGINT,
    height         BIGINT,
    bytes          BIGINT,
    checks         TEXT,                      -- JSON, see export.Check
    error_code     TEXT,
    error_message  TEXT,
    created_at     BIGINT NOT NULL,
    updated_at     BIGINT NOT NULL,
    PRIMARY KEY (item_id, preset)
);
CREATE INDEX exports_by_job ON exports (job_id);
CREATE INDEX exports_open ON exports (due_at) WHERE status IN ('pending', 'processing');

CREATE TABLE export_sources (
    item_id TEXT PRIMARY KEY,
    source  TEXT NOT NULL -- JSON, see export.Source
);

-- +goose Down
DROP TABLE export_sources;
DROP TABLE exports;
