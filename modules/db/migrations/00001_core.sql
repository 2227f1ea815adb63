-- +goose Up
CREATE TABLE tenants (
    tenant_id      TEXT PRIMARY KEY,
    name           TEXT   NOT NULL,
    retention_days BIGINT,          -- NULL: the service's own
    disabled_at    BIGINT,
    created_at     BIGINT NOT NULL
);

CREATE TABLE brand_profiles (
    tenant_id        TEXT   NOT NULL,
    brand_profile_id TEXT   NOT NULL,
    profile          TEXT   NOT NULL, -- JSON, see brand.Profile
    created_at       BIGINT NOT NULL,
    updated_at       BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, brand_profile_id)
);

CREATE TABLE jobs (
    job_id           TEXT PRIMARY KEY,
    tenant_id        TEXT   NOT NULL,
    brand_profile_id TEXT   NOT NULL,
    correlation_id   TEXT   NOT NULL,
    status           TEXT   NOT NULL CHECK (status IN ('created', 'processing', 'completed', 'failed', 'partial', 'cancelled')),
    presets          TEXT   NOT NULL, -- JSON array of names
    options          TEXT   NOT NULL, -- JSON, see pipeline.Options
    brand            TEXT   NOT NULL, -- JSON: the profile as it was when the job was made
    total            BIGINT NOT NULL CHECK (total BETWEEN 1 AND 1000),
    open_items       BIGINT NOT NULL CHECK (open_items >= 0),
    done_items       BIGINT NOT NULL DEFAULT 0 CHECK (done_items >= 0),
    failed_items     BIGINT NOT NULL DEFAULT 0 CHECK (failed_items >= 0),
    cancelled_items  BIGINT NOT NULL DEFAULT 0 CHECK (cancelled_items >= 0),
    open_exports     BIGINT NOT NULL DEFAULT 0 CHECK (open_exports >= 0),
    done_exports     BIGINT NOT NULL DEFAULT 0 CHECK (done_exports >= 0),
    failed_exports   BIGINT NOT NULL DEFAULT 0 CHECK (failed_exports >= 0),
    bundle           TEXT   NOT NULL DEFAULT 'waiting' CHECK (bundle IN ('waiting', 'requested', 'done', 'failed', 'none')),
    bundle_asked_at  BIGINT,
    export_blob_path TEXT,
    created_at       BIGINT NOT NULL,
    updated_at       BIGINT NOT NULL,
    finished_at      BIGINT,
    CHECK (total = open_items + done_items + failed_items + cancelled_items),
    CHECK (finished_at IS NULL OR (open_items = 0 AND open_exports = 0))
);
CREATE INDEX jobs_by_tenant ON jobs (tenant_id, job_id);
CREATE INDEX jobs_bundles ON jobs (bundle_asked_at) WHERE bundle = 'requested';

CREATE TABLE items (
    item_id          TEXT PRIMARY KEY,
    job_id           TEXT    NOT NULL REFERENCES jobs (job_id) ON DELETE CASCADE,
    tenant_id        TEXT    NOT NULL,
    correlation_id   TEXT    NOT NULL,
    position         BIGINT  NOT NULL,
    entry_id         TEXT    NOT NULL, -- siblings of one request entry share it, and one upload
    filename         TEXT    NOT NULL,
    scene_index      BIGINT  NOT NULL,
    scene_type       TEXT    NOT NULL,
    scene_prompt     TEXT    NOT NULL,
    status           TEXT    NOT NULL CHECK (status IN ('created', 'uploaded', 'queued', 'processing', 'completed', 'failed', 'cancelled')),
    attempt          BIGINT  NOT NULL DEFAULT 0, -- the fence: every claim adds one
    tries            BIGINT  NOT NULL DEFAULT 0, -- failed attempts that count
    deaths           BIGINT  NOT NULL DEFAULT 0, -- times the photo killed its decoder
    lease_until      BIGINT,
    due_at           BIGINT,                     -- queued: when its message is to be there
    raw_blob_path    TEXT,
    output_blob_path TEXT,
    cutout_blob_path TEXT,
    placement        TEXT,                       -- JSON checkpoint of the placed scene, see pipeline.Placed
    error_code       TEXT,
    error_message    TEXT,
    needs_review     BOOLEAN NOT NULL DEFAULT FALSE,
    review_reason    TEXT,
    confidence       DOUBLE PRECISION,
    fidelity         TEXT,                       -- JSON, see pipeline.Fidelity
    created_at       BIGINT  NOT NULL,
    updated_at       BIGINT  NOT NULL,
    ended_at         BIGINT,
    UNIQUE (job_id, position)
);
CREATE INDEX items_by_entry ON items (entry_id);
CREATE INDEX items_leases ON items (lease_until) WHERE status = 'processing';
CREATE INDEX items_due ON items (due_at) WHERE status = 'queued';
CREATE INDEX items_waiting ON items (created_at) WHERE status IN ('created', 'uploaded');

CREATE TABLE uploads (
    raw_blob_path TEXT PRIMARY KEY,
    tenant_id     TEXT   NOT NULL,
    entry_id      TEXT   NOT NULL,
    content_type  TEXT   NOT NULL,
    created_at    BIGINT NOT NULL
);
CREATE INDEX uploads_by_entry ON uploads (entry_id, created_at);

CREATE TABLE item_steps (
    item_id    TEXT   NOT NULL REFERENCES items (item_id) ON DELETE CASCADE,
    attempt    BIGINT NOT NULL,
    step       TEXT   NOT NULL,
    status     TEXT   NOT NULL CHECK (status IN ('running', 'done', 'failed', 'reused')),
    error_code TEXT,
    started_at BIGINT NOT NULL,
    ended_at   BIGINT,
    PRIMARY KEY (item_id, attempt, step)
);

CREATE TABLE events (
    event_id   TEXT PRIMARY KEY, -- UUIDv7: in order
    tenant_id  TEXT   NOT NULL,
    job_id     TEXT   NOT NULL,
    item_id    TEXT,
    type       TEXT   NOT NULL,
    data       TEXT   NOT NULL,  -- JSON
    created_at BIGINT NOT NULL
);
CREATE INDEX events_by_tenant ON events (tenant_id, event_id);
CREATE UNIQUE INDEX events_finished_once ON events (job_id) WHERE type = 'job.finished';

-- +goose Down
DROP TABLE events;
DROP TABLE item_steps;
DROP TABLE uploads;
DROP TABLE items;
DROP TABLE jobs;
DROP TABLE brand_profiles;
DROP TABLE tenants;
