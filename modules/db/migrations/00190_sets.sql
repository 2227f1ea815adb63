-- Photos of one product from several angles, whose pictures have one scale and one crop.

-- +goose Up
ALTER TABLE items ADD COLUMN set_id TEXT; -- NULL: the photo is in no set
CREATE INDEX items_by_set ON items (job_id, set_id) WHERE set_id IS NOT NULL;
CREATE TABLE item_sets (
    job_id      TEXT   NOT NULL,
    sku         TEXT   NOT NULL, -- '': the items have none
    set_id      TEXT   NOT NULL,
    waits_until BIGINT NOT NULL, -- by when the scale is settled, whatever photos are missing
    width       DOUBLE PRECISION, -- of the box that the products share, as a share of their photos' longer side; NULL: not settled
    height      DOUBLE PRECISION,
    PRIMARY KEY (job_id, sku, set_id)
);

-- +goose Down
DROP TABLE item_sets;
DROP INDEX items_by_set;
ALTER TABLE items DROP COLUMN set_id;
