-- An import makes jobs, in a collection, of the rows of a table. A worker holds it by a
-- lease. Rows that can't become items are kept with their cells; all others are named by
-- the jobs that they are in.

-- +goose Up
CREATE TABLE imports (
    import_id      TEXT PRIMARY KEY, -- UUIDv7
    tenant_id      TEXT   NOT NULL,
    correlation_id TEXT   NOT NULL,
    collection_id  TEXT   NOT NULL,
    name           TEXT   NOT NULL,
    filename       TEXT   NOT NULL,
    wishes         TEXT   NOT NULL,  -- JSON, see intake.Wishes
    key_id         TEXT,             -- the API key whose budget pays; NULL: none has to
    source_url     TEXT,             -- where the table is fetched; NULL: it is uploaded
    blob_path      TEXT,             -- where the table is kept, or may be put to
    status         TEXT   NOT NULL CHECK (status IN ('created', 'queued', 'processing', 'working', 'paused', 'completed', 'partial', 'failed', 'cancelled')),
    cancelling     BOOLEAN NOT NULL DEFAULT FALSE,
    format         TEXT,
    total_rows     BIGINT,           -- NULL: not counted yet
    total_entries  BIGINT,           -- photos and errors
    entries_done   BIGINT NOT NULL DEFAULT 0,
    rows_done      BIGINT NOT NULL DEFAULT 0,
    photos         BIGINT NOT NULL DEFAULT 0, -- that became items
    files          BIGINT NOT NULL DEFAULT 0, -- of them, those that are uploaded
    failed_entries BIGINT NOT NULL DEFAULT 0,
    attempt        BIGINT NOT NULL DEFAULT 0,
    tries          BIGINT NOT NULL DEFAULT 0,
    rescues        BIGINT NOT NULL DEFAULT 0,
    lease_until    BIGINT,
    due_at         BIGINT,
    error_code     TEXT,
    error_message  TEXT,
    created_at     BIGINT NOT NULL,
    updated_at     BIGINT NOT NULL,
    ended_at       BIGINT
);
CREATE INDEX imports_by_age ON imports (tenant_id, created_at, import_id);
CREATE INDEX imports_due ON imports (due_at) WHERE status = 'queued';
CREATE INDEX imports_leases ON imports (lease_until) WHERE status = 'processing';
CREATE UNIQUE INDEX imports_by_collection ON imports (collection_id);
CREATE INDEX imports_created ON imports (created_at) WHERE status = 'created';
CREATE INDEX imports_ended ON imports (ended_at) WHERE ended_at IS NOT NULL;

CREATE TABLE import_jobs (
    import_id TEXT   NOT NULL REFERENCES imports (import_id) ON DELETE CASCADE,
    seq       BIGINT NOT NULL, -- the number of its first entry in the table
    job_id    TEXT   NOT NULL,
    files     BIGINT NOT NULL, -- entries whose photo is uploaded
    entries   TEXT   NOT NULL, -- JSON, see intake.placed
    PRIMARY KEY (import_id, seq)
);

CREATE TABLE import_errors (
    import_id TEXT   NOT NULL REFERENCES imports (import_id) ON DELETE CASCADE,
    entry     BIGINT NOT NULL, -- its number in the table
    row_no    BIGINT NOT NULL,
    line      BIGINT NOT NULL,
    code      TEXT   NOT NULL,
    message   TEXT   NOT NULL,
    photo     TEXT   NOT NULL, -- JSON, see feed.Photo
    PRIMARY KEY (import_id, entry)
);

-- +goose Down
DROP TABLE import_errors;
DROP TABLE import_jobs;
DROP TABLE imports;
