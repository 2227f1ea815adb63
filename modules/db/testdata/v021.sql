-- A database of v0.2.1 with rows in every state, as pg_dump writes it.
CREATE TYPE jobstatus AS ENUM ('created', 'processing', 'completed', 'failed');
CREATE TYPE itemstatus AS ENUM ('created', 'uploaded', 'queued', 'processing', 'completed', 'failed');

CREATE TABLE alembic_version (version_num character varying(32) NOT NULL PRIMARY KEY);
CREATE TABLE jobs (
    id character varying(64) NOT NULL,
    tenant_id character varying(128) NOT NULL,
    brand_profile_id character varying(128) NOT NULL,
    status jobstatus NOT NULL,
    correlation_id character varying(64) NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT jobs_pkey PRIMARY KEY (id)
);
CREATE INDEX ix_jobs_tenant_id ON jobs (tenant_id);
CREATE INDEX ix_jobs_correlation_id ON jobs (correlation_id);
CREATE TABLE job_items (
    id character varying(64) NOT NULL,
    job_id character varying(64) NOT NULL,
    tenant_id character varying(128) NOT NULL,
    filename character varying(512) NOT NULL,
    status itemstatus NOT NULL,
    raw_blob_path character varying(1024),
    output_blob_path character varying(1024),
    error_message text,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT job_items_pkey PRIMARY KEY (id),
    CONSTRAINT job_items_job_id_fkey FOREIGN KEY (job_id) REFERENCES jobs (id)
);
CREATE INDEX ix_job_items_job_id ON job_items (job_id);
CREATE INDEX ix_job_items_tenant_id ON job_items (tenant_id);
CREATE TABLE credit_ledger (
    id SERIAL PRIMARY KEY,
    tenant_id character varying(128) NOT NULL,
    delta integer NOT NULL,
    reason character varying(256) NOT NULL,
    ref character varying(256),
    created_at timestamp with time zone DEFAULT now() NOT NULL
);
CREATE INDEX ix_credit_ledger_tenant_id ON credit_ledger (tenant_id);

INSERT INTO alembic_version VALUES ('3f1c2a9d7b60');

INSERT INTO jobs (id, tenant_id, brand_profile_id, status, correlation_id, created_at, updated_at) VALUES
    ('job_every', 'acme', 'spring', 'processing', 'c-every', '2026-11-01 10:00:00.250+00', '2026-11-01 10:30:00+00'),
    ('job_waiting', 'acme', 'default', 'created', 'c-waiting', '2026-11-02 10:00:00+00', '2026-11-02 10:00:00+00'),
    ('job_done', 'beta', 'Brand 7!', 'completed', 'c-done', '2026-11-03 10:00:00+00', '2026-11-03 11:00:00+00'),
    ('job_failed', 'beta', 'default', 'created', 'c-failed', '2026-11-04 10:00:00+00', '2026-11-04 10:00:00+00'),
    ('job_lost', 'beta', 'default', 'processing', 'c-lost', '2026-11-04 12:00:00+00', '2026-11-04 12:00:00+00'),
    ('job_empty', 'gamma', 'default', 'created', 'c-empty', '2026-11-05 10:00:00+00', '2026-11-05 10:00:00+00');

INSERT INTO job_items (id, job_id, tenant_id, filename, status, raw_blob_path, output_blob_path, error_message, created_at, updated_at) VALUES
    ('item_created', 'job_every', 'acme', 'a.jpg', 'created', NULL, NULL, NULL, '2026-11-01 10:00:01+00', '2026-11-01 10:00:01+00'),
    ('item_signed', 'job_every', 'acme', 'b.jpg', 'created', 'acme/jobs/job_every/items/item_signed/raw/b.jpg', NULL, NULL, '2026-11-01 10:00:02+00', '2026-11-01 10:00:02+00'),
    ('item_uploaded', 'job_every', 'acme', 'c.jpg', 'uploaded', 'acme/jobs/job_every/items/item_uploaded/raw/c.jpg', NULL, NULL, '2026-11-01 10:00:03+00', '2026-11-01 10:10:00+00'),
    ('item_queued', 'job_every', 'acme', 'd.jpg', 'queued', 'acme/jobs/job_every/items/item_queued/raw/d.jpg', NULL, NULL, '2026-11-01 10:00:04+00', '2026-11-01 10:10:00+00'),
    ('item_processing', 'job_every', 'acme', 'e "x" ü.jpg', 'processing', 'acme/jobs/job_every/items/item_processing/raw/e.jpg', NULL, NULL, '2026-11-01 10:00:05+00', '2026-11-01 10:20:00+00'),
    ('item_completed', 'job_every', 'acme', 'f.jpg', 'completed', 'acme/jobs/job_every/items/item_completed/raw/f.jpg', 'acme/jobs/job_every/items/item_completed/outputs/out_1.png', NULL, '2026-11-01 10:00:06+00', '2026-11-01 10:25:00+00'),
    ('item_failed', 'job_every', 'acme', 'g.jpg', 'failed', 'acme/jobs/job_every/items/item_failed/raw/g.jpg', NULL, 'AML returned no image bytes', '2026-11-01 10:00:07+00', '2026-11-01 10:26:00+00'),
    ('item_w1', 'job_waiting', 'acme', 'h.jpg', 'created', NULL, NULL, NULL, '2026-11-02 10:00:00+00', '2026-11-02 10:00:00+00'),
    ('item_d1', 'job_done', 'beta', 'i.jpg', 'completed', 'beta/jobs/job_done/items/item_d1/raw/i.jpg', 'beta/jobs/job_done/items/item_d1/outputs/out_2.png', NULL, '2026-11-03 10:00:00+00', '2026-11-03 10:50:00+00'),
    ('item_d2', 'job_done', 'beta', 'j.jpg', 'completed', 'beta/jobs/job_done/items/item_d2/raw/j.jpg', 'beta/jobs/job_done/items/item_d2/outputs/out_3.png', NULL, '2026-11-03 10:00:00+00', '2026-11-03 11:00:00+00'),
    ('item_f1', 'job_failed', 'beta', 'k.jpg', 'failed', NULL, NULL, 'Missing raw_blob_path', '2026-11-04 10:00:00+00', '2026-11-04 10:05:00+00'),
    -- marked in flight by /enqueue, though nothing was ever uploaded
    ('item_l1', 'job_lost', 'beta', 'l.jpg', 'queued', NULL, NULL, NULL, '2026-11-04 12:00:00+00', '2026-11-04 12:00:00+00');

INSERT INTO credit_ledger (tenant_id, delta, reason, ref, created_at) VALUES
    ('acme', -3, 'job', 'job_every', '2026-10-01 09:00:00+00'),
    ('acme', 100, 'purchase', 'tr_1', '2026-10-01 10:00:00+00'),
    ('acme', -30, 'job', 'job_every', '2026-10-02 10:00:00+00'),
    ('acme', 0, 'note', NULL, '2026-10-03 10:00:00+00'),
    ('beta', 5, 'welcome', NULL, '2026-10-01 10:00:00+00'),
    ('beta', -4, 'job', 'job_done', '2026-10-04 10:00:00+00'),
    ('beta', -8, 'job', 'job_done', '2026-10-05 10:00:00+00'),
    ('delta', 7, 'purchase', 'tr_2', '2026-10-06 10:00:00+00');
