-- Lists of a tenant's jobs and items, newest first, by status, brand and age.

-- +goose Up
CREATE INDEX jobs_by_age ON jobs (tenant_id, created_at, job_id);
CREATE INDEX jobs_by_status ON jobs (tenant_id, status, created_at, job_id);
CREATE INDEX jobs_by_brand ON jobs (tenant_id, brand_profile_id, created_at, job_id);
CREATE INDEX items_by_age ON items (tenant_id, created_at, item_id);
CREATE INDEX items_by_status ON items (tenant_id, status, created_at, item_id);
CREATE INDEX items_to_review ON items (tenant_id, created_at, item_id) WHERE needs_review;

-- +goose Down
DROP INDEX items_to_review;
DROP INDEX items_by_status;
DROP INDEX items_by_age;
DROP INDEX jobs_by_brand;
DROP INDEX jobs_by_status;
DROP INDEX jobs_by_age;
