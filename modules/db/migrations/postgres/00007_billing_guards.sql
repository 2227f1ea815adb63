-- What keys and checks can't refuse, for Postgres.

-- +goose Up

-- +goose StatementBegin
CREATE FUNCTION billing_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '%', TG_ARGV[0];
END $$;
-- +goose StatementEnd

CREATE TRIGGER transfers_keep BEFORE UPDATE OR DELETE ON transfers FOR EACH ROW EXECUTE FUNCTION billing_refuse('transfers: rows are never changed or deleted');

CREATE TRIGGER transfers_no_truncate BEFORE TRUNCATE ON transfers EXECUTE FUNCTION billing_refuse('transfers: rows are never deleted');

CREATE TRIGGER invoices_keep BEFORE UPDATE OR DELETE ON invoices FOR EACH ROW EXECUTE FUNCTION billing_refuse('invoices: rows are never changed or deleted');

CREATE TRIGGER invoices_no_truncate BEFORE TRUNCATE ON invoices EXECUTE FUNCTION billing_refuse('invoices: rows are never deleted');

CREATE TRIGGER prices_keep BEFORE UPDATE OR DELETE ON prices FOR EACH ROW EXECUTE FUNCTION billing_refuse('prices: rows are never changed or deleted');

CREATE TRIGGER prices_no_truncate BEFORE TRUNCATE ON prices EXECUTE FUNCTION billing_refuse('prices: rows are never deleted');

CREATE TRIGGER price_lists_keep BEFORE UPDATE OR DELETE ON price_lists FOR EACH ROW EXECUTE FUNCTION billing_refuse('price_lists: rows are never changed or deleted');

CREATE TRIGGER price_lists_no_truncate BEFORE TRUNCATE ON price_lists EXECUTE FUNCTION billing_refuse('price_lists: rows are never deleted');

CREATE TRIGGER accounts_keep BEFORE DELETE ON accounts FOR EACH ROW EXECUTE FUNCTION billing_refuse('accounts: rows are never deleted');

CREATE TRIGGER accounts_no_truncate BEFORE TRUNCATE ON accounts EXECUTE FUNCTION billing_refuse('accounts: rows are never deleted');

CREATE TRIGGER charges_keep BEFORE DELETE ON charges FOR EACH ROW EXECUTE FUNCTION billing_refuse('charges: rows are never deleted');

CREATE TRIGGER charges_no_truncate BEFORE TRUNCATE ON charges EXECUTE FUNCTION billing_refuse('charges: rows are never deleted');

CREATE TRIGGER payments_keep BEFORE DELETE ON payments FOR EACH ROW EXECUTE FUNCTION billing_refuse('payments: rows are never deleted');

CREATE TRIGGER payments_no_truncate BEFORE TRUNCATE ON payments EXECUTE FUNCTION billing_refuse('payments: rows are never deleted');

CREATE TRIGGER payment_reversals_keep BEFORE DELETE ON payment_reversals FOR EACH ROW EXECUTE FUNCTION billing_refuse('payment_reversals: rows are never deleted');

CREATE TRIGGER payment_reversals_no_truncate BEFORE TRUNCATE ON payment_reversals EXECUTE FUNCTION billing_refuse('payment_reversals: rows are never deleted');

-- +goose StatementBegin
CREATE FUNCTION billing_accounts() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.tenant_id <> OLD.tenant_id OR NEW.kind <> OLD.kind OR NEW.seq <= OLD.seq
    OR NEW.balance - OLD.balance IS DISTINCT FROM (SELECT CASE WHEN t.credit = NEW.kind THEN t.amount ELSE -t.amount END FROM transfers t
        WHERE t.tenant_id = NEW.tenant_id AND t.seq = NEW.seq AND (t.debit = NEW.kind OR t.credit = NEW.kind)) THEN
        RAISE EXCEPTION 'accounts: a balance changes by a transfer alone';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd

CREATE TRIGGER accounts_guard BEFORE UPDATE ON accounts FOR EACH ROW EXECUTE FUNCTION billing_accounts();

CREATE TRIGGER charges_guard BEFORE UPDATE ON charges FOR EACH ROW WHEN (OLD.state <> 'held' OR NEW.state = 'held' OR NEW.item_id IS DISTINCT FROM OLD.item_id OR NEW.kind IS DISTINCT FROM OLD.kind OR NEW.name IS DISTINCT FROM OLD.name OR NEW.tenant_id IS DISTINCT FROM OLD.tenant_id OR NEW.job_id IS DISTINCT FROM OLD.job_id OR NEW.brand_id IS DISTINCT FROM OLD.brand_id OR NEW.price_version IS DISTINCT FROM OLD.price_version OR NEW.price_name IS DISTINCT FROM OLD.price_name OR NEW.price IS DISTINCT FROM OLD.price OR NEW.billed IS DISTINCT FROM OLD.billed OR NEW.from_free IS DISTINCT FROM OLD.from_free OR NEW.from_paid IS DISTINCT FROM OLD.from_paid OR NEW.month IS DISTINCT FROM OLD.month OR NEW.reserved_by IS DISTINCT FROM OLD.reserved_by OR NEW.held_at IS DISTINCT FROM OLD.held_at)
    EXECUTE FUNCTION billing_refuse('charges: a hold is resolved once, and its price is frozen');

CREATE TRIGGER payments_guard BEFORE UPDATE ON payments FOR EACH ROW WHEN (NEW.payment_id IS DISTINCT FROM OLD.payment_id OR NEW.tenant_id IS DISTINCT FROM OLD.tenant_id OR NEW.package IS DISTINCT FROM OLD.package OR NEW.credits IS DISTINCT FROM OLD.credits OR NEW.net IS DISTINCT FROM OLD.net OR NEW.vat IS DISTINCT FROM OLD.vat OR NEW.amount IS DISTINCT FROM OLD.amount OR NEW.currency IS DISTINCT FROM OLD.currency OR NEW.vat_rate IS DISTINCT FROM OLD.vat_rate OR NEW.vat_rule IS DISTINCT FROM OLD.vat_rule OR NEW.customer IS DISTINCT FROM OLD.customer OR NEW.mode IS DISTINCT FROM OLD.mode OR NEW.created_at IS DISTINCT FROM OLD.created_at
    OR (OLD.status = 'paid' AND (NEW.status <> 'paid' OR NEW.paid_at IS DISTINCT FROM OLD.paid_at)) OR (OLD.mollie_id IS NOT NULL AND NEW.mollie_id IS DISTINCT FROM OLD.mollie_id))
    EXECUTE FUNCTION billing_refuse('payments: what was agreed and what was paid stay');

CREATE TRIGGER payment_reversals_guard BEFORE UPDATE ON payment_reversals FOR EACH ROW WHEN (OLD.state <> 'taken' OR NEW.state = 'taken' OR NEW.reversal_id IS DISTINCT FROM OLD.reversal_id OR NEW.tenant_id IS DISTINCT FROM OLD.tenant_id OR NEW.payment_id IS DISTINCT FROM OLD.payment_id OR NEW.kind IS DISTINCT FROM OLD.kind OR NEW.amount IS DISTINCT FROM OLD.amount OR NEW.credits IS DISTINCT FROM OLD.credits OR NEW.created_at IS DISTINCT FROM OLD.created_at)
    EXECUTE FUNCTION billing_refuse('payment_reversals: a reversal is returned once, and its amounts stay');

CREATE TRIGGER accounts_empty BEFORE INSERT ON accounts FOR EACH ROW WHEN (NEW.balance <> 0 OR NEW.seq <> 0)
    EXECUTE FUNCTION billing_refuse('accounts: an account begins empty');

-- +goose StatementBegin
CREATE FUNCTION billing_apply() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE accounts SET balance = balance - NEW.amount, seq = NEW.seq WHERE tenant_id = NEW.tenant_id AND kind = NEW.debit;
    UPDATE accounts SET balance = balance + NEW.amount, seq = NEW.seq WHERE tenant_id = NEW.tenant_id AND kind = NEW.credit;
    RETURN NULL;
END $$;
-- +goose StatementEnd

CREATE TRIGGER transfers_apply AFTER INSERT ON transfers FOR EACH ROW EXECUTE FUNCTION billing_apply();

-- +goose Down
DROP TRIGGER transfers_apply ON transfers;
DROP TRIGGER accounts_empty ON accounts;
DROP TRIGGER payment_reversals_guard ON payment_reversals;
DROP TRIGGER payments_guard ON payments;
DROP TRIGGER charges_guard ON charges;
DROP TRIGGER accounts_guard ON accounts;
DROP TRIGGER payment_reversals_keep ON payment_reversals;
DROP TRIGGER payment_reversals_no_truncate ON payment_reversals;
DROP TRIGGER payments_keep ON payments;
DROP TRIGGER payments_no_truncate ON payments;
DROP TRIGGER charges_keep ON charges;
DROP TRIGGER charges_no_truncate ON charges;
DROP TRIGGER accounts_keep ON accounts;
DROP TRIGGER accounts_no_truncate ON accounts;
DROP TRIGGER price_lists_keep ON price_lists;
DROP TRIGGER price_lists_no_truncate ON price_lists;
DROP TRIGGER prices_keep ON prices;
DROP TRIGGER prices_no_truncate ON prices;
DROP TRIGGER invoices_keep ON invoices;
DROP TRIGGER invoices_no_truncate ON invoices;
DROP TRIGGER transfers_keep ON transfers;
DROP TRIGGER transfers_no_truncate ON transfers;
DROP FUNCTION billing_apply();
DROP FUNCTION billing_accounts();
DROP FUNCTION billing_refuse();
