-- An item that has ended stays as it ended, for Postgres: its price is guarded by its
-- charges. What is decided about it later (reviews, later versions of its cut-out) has
-- tables of its own.

-- +goose Up

-- +goose StatementBegin
CREATE FUNCTION items_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '%', TG_ARGV[0];
END $$;
-- +goose StatementEnd

CREATE TRIGGER items_ended BEFORE UPDATE ON items FOR EACH ROW
WHEN (OLD.status IN ('completed', 'failed', 'cancelled')
    AND (NEW.status IS DISTINCT FROM OLD.status OR NEW.attempt IS DISTINCT FROM OLD.attempt OR NEW.output_blob_path IS DISTINCT FROM OLD.output_blob_path
        OR NEW.item_id IS DISTINCT FROM OLD.item_id OR NEW.job_id IS DISTINCT FROM OLD.job_id OR NEW.tenant_id IS DISTINCT FROM OLD.tenant_id
        OR NEW.error_code IS DISTINCT FROM OLD.error_code OR NEW.ended_at IS DISTINCT FROM OLD.ended_at))
EXECUTE FUNCTION items_refuse('items: an item that has ended stays as it ended');

-- +goose Down
DROP TRIGGER items_ended ON items;
DROP FUNCTION items_refuse();
