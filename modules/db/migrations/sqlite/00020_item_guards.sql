-- An item that has ended stays as it ended, for SQLite: its price is guarded by its
-- charges. What is decided about it later (reviews, later versions of its cut-out) has
-- tables of its own.

-- +goose Up

-- +goose StatementBegin
CREATE TRIGGER items_ended BEFORE UPDATE ON items FOR EACH ROW
WHEN OLD.status IN ('completed', 'failed', 'cancelled')
    AND (NEW.status IS NOT OLD.status OR NEW.attempt IS NOT OLD.attempt OR NEW.output_blob_path IS NOT OLD.output_blob_path
        OR NEW.item_id IS NOT OLD.item_id OR NEW.job_id IS NOT OLD.job_id OR NEW.tenant_id IS NOT OLD.tenant_id
        OR NEW.error_code IS NOT OLD.error_code OR NEW.ended_at IS NOT OLD.ended_at)
BEGIN
    SELECT RAISE(ABORT, 'items: an item that has ended stays as it ended');
END;
-- +goose StatementEnd

-- +goose Down
DROP TRIGGER items_ended;
