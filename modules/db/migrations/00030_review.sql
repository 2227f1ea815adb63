-- What a person should look at in a picture, and what people decided. A decision
-- has a row of its own: the item, which has ended, stays as it is.

-- +goose Up
ALTER TABLE items ADD COLUMN concerns TEXT; -- JSON, see picture.Concern
CREATE TABLE reviews (
    item_id    TEXT PRIMARY KEY REFERENCES items (item_id) ON DELETE CASCADE,
    job_id     TEXT   NOT NULL,
    tenant_id  TEXT   NOT NULL,
    decision   TEXT   NOT NULL CHECK (decision IN ('approved', 'rejected')),
    note       TEXT   NOT NULL,
    decided_at BIGINT NOT NULL
);
CREATE INDEX reviews_by_job ON reviews (job_id);
ALTER TABLE export_sources ADD COLUMN review TEXT CHECK (review IN ('pending', 'approved', 'rejected')); -- NULL: nobody has to look

-- +goose Down
ALTER TABLE export_sources DROP COLUMN review;
DROP TABLE reviews;
ALTER TABLE items DROP COLUMN concerns;
