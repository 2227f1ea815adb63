-- What keys and checks can't refuse, for SQLite. Its REPLACE deletes rows without
-- firing their delete triggers, hence the ones named _no_replace.

-- +goose Up

-- +goose StatementBegin
CREATE TRIGGER transfers_no_update BEFORE UPDATE ON transfers
BEGIN
    SELECT RAISE(ABORT, 'transfers: rows are never changed');
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER transfers_no_delete BEFORE DELETE ON transfers
BEGIN
    SELECT RAISE(ABORT, 'transfers: rows are never deleted');
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER transfers_no_replace BEFORE INSERT ON transfers
WHEN EXISTS (SELECT 1 FROM transfers WHERE (posting_key = NEW.posting_key AND leg = NEW.leg) OR (tenant_id = NEW.tenant_id AND seq = NEW.seq))
BEGIN
    SELECT RAISE(ABORT, 'transfers: the row is there already');
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER invoices_no_update BEFORE UPDATE ON invoices
BEGIN
    SELECT RAISE(ABORT, 'invoices: rows are never changed');
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER invoices_no_delete BEFORE DELETE ON invoices
BEGIN
    SELECT RAISE(ABORT, 'invoices: rows are never deleted');
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER invoices_no_replace BEFORE INSERT ON invoices
WHEN EXISTS (SELECT 1 FROM invoices WHERE (year = NEW.year AND number = NEW.number) OR payment_id = NEW.payment_id)
BEGIN
    SELECT RAISE(ABORT, 'invoices: the row is there already');
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER prices_no_update BEFORE UPDATE ON prices
BEGIN
    SELECT RAISE(ABORT, 'prices: rows are never changed');
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER prices_no_delete BEFORE DELETE ON prices
BEGIN
    SELECT RAISE(ABORT, 'prices: rows are never deleted');
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER prices_no_replace BEFORE INSERT ON prices
WHEN EXISTS (SELECT 1 FROM prices WHERE version = NEW.version AND kind = NEW.kind AND name = NEW.name)
BEGIN
    SELECT RAISE(ABORT, 'prices: the row is there already');
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER price_lists_no_update BEFORE UPDATE ON price_lists
BEGIN
    SELECT RAISE(ABORT, 'price_lists: rows are never changed');
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER price_lists_no_delete BEFORE DELETE ON price_lists
BEGIN
    SELECT RAISE(ABORT, 'price_lists: rows are never deleted');
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER price_lists_no_replace BEFORE INSERT ON price_lists
WHEN EXISTS (SELECT 1 FROM price_lists WHERE version = NEW.version)
BEGIN
    SELECT RAISE(ABORT, 'price_lists: the row is there already');
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER accounts_no_delete BEFORE DELETE ON accounts
BEGIN
    SELECT RAISE(ABORT, 'accounts: rows are never deleted');
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER accounts_no_replace BEFORE INSERT ON accounts
WHEN EXISTS (SELECT 1 FROM accounts WHERE tenant_id = NEW.tenant_id AND kind = NEW.kind)
BEGIN
    SELECT RAISE(ABORT, 'accounts: the row is there already');
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER charges_no_delete BEFORE DELETE ON charges
BEGIN
    SELECT RAISE(ABORT, 'charges: rows are never deleted');
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER charges_no_replace BEFORE INSERT ON charges
WHEN EXISTS (SELECT 1 FROM charges WHERE item_id = NEW.item_id AND kind = NEW.kind AND name = NEW.name)
BEGIN
    SELECT RAISE(ABORT, 'charges: the row is there already');
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER payments_no_delete BEFORE DELETE ON payments
BEGIN
    SELECT RAISE(ABORT, 'payments: rows are never deleted');
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER payments_no_replace BEFORE INSERT ON payments
WHEN EXISTS (SELECT 1 FROM payments WHERE payment_id = NEW.payment_id OR mollie_id = NEW.mollie_id)
BEGIN
    SELECT RAISE(ABORT, 'payments: the row is there already');
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER payment_reversals_no_delete BEFORE DELETE ON payment_reversals
BEGIN
    SELECT RAISE(ABORT, 'payment_reversals: rows are never deleted');
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER payment_reversals_no_replace BEFORE INSERT ON payment_reversals
WHEN EXISTS (SELECT 1 FROM payment_reversals WHERE reversal_id = NEW.reversal_id)
BEGIN
    SELECT RAISE(ABORT, 'payment_reversals: the row is there already');
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER accounts_guard BEFORE UPDATE ON accounts
WHEN NEW.tenant_id <> OLD.tenant_id OR NEW.kind <> OLD.kind OR NEW.seq <= OLD.seq
    OR NEW.balance - OLD.balance IS NOT (SELECT CASE WHEN t.credit = NEW.kind THEN t.amount ELSE -t.amount END FROM transfers t
        WHERE t.tenant_id = NEW.tenant_id AND t.seq = NEW.seq AND (t.debit = NEW.kind OR t.credit = NEW.kind))
BEGIN
    SELECT RAISE(ABORT, 'accounts: a balance changes by a transfer alone');
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER charges_guard BEFORE UPDATE ON charges
WHEN OLD.state <> 'held' OR NEW.state = 'held' OR NEW.item_id IS NOT OLD.item_id OR NEW.kind IS NOT OLD.kind OR NEW.name IS NOT OLD.name OR NEW.tenant_id IS NOT OLD.tenant_id OR NEW.job_id IS NOT OLD.job_id OR NEW.brand_id IS NOT OLD.brand_id OR NEW.price_version IS NOT OLD.price_version OR NEW.price_name IS NOT OLD.price_name OR NEW.price IS NOT OLD.price OR NEW.billed IS NOT OLD.billed OR NEW.from_free IS NOT OLD.from_free OR NEW.from_paid IS NOT OLD.from_paid OR NEW.month IS NOT OLD.month OR NEW.reserved_by IS NOT OLD.reserved_by OR NEW.held_at IS NOT OLD.held_at
BEGIN
    SELECT RAISE(ABORT, 'charges: a hold is resolved once, and its price is frozen');
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER payments_guard BEFORE UPDATE ON payments
WHEN NEW.payment_id IS NOT OLD.payment_id OR NEW.tenant_id IS NOT OLD.tenant_id OR NEW.package IS NOT OLD.package OR NEW.credits IS NOT OLD.credits OR NEW.net IS NOT OLD.net OR NEW.vat IS NOT OLD.vat OR NEW.amount IS NOT OLD.amount OR NEW.currency IS NOT OLD.currency OR NEW.vat_rate IS NOT OLD.vat_rate OR NEW.vat_rule IS NOT OLD.vat_rule OR NEW.customer IS NOT OLD.customer OR NEW.mode IS NOT OLD.mode OR NEW.created_at IS NOT OLD.created_at
    OR (OLD.status = 'paid' AND (NEW.status <> 'paid' OR NEW.paid_at IS NOT OLD.paid_at)) OR (OLD.mollie_id IS NOT NULL AND NEW.mollie_id IS NOT OLD.mollie_id)
BEGIN
    SELECT RAISE(ABORT, 'payments: what was agreed and what was paid stay');
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER payment_reversals_guard BEFORE UPDATE ON payment_reversals
WHEN OLD.state <> 'taken' OR NEW.state = 'taken' OR NEW.reversal_id IS NOT OLD.reversal_id OR NEW.tenant_id IS NOT OLD.tenant_id OR NEW.payment_id IS NOT OLD.payment_id OR NEW.kind IS NOT OLD.kind OR NEW.amount IS NOT OLD.amount OR NEW.credits IS NOT OLD.credits OR NEW.created_at IS NOT OLD.created_at
BEGIN
    SELECT RAISE(ABORT, 'payment_reversals: a reversal is returned once, and its amounts stay');
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER accounts_empty BEFORE INSERT ON accounts
WHEN NEW.balance <> 0 OR NEW.seq <> 0
BEGIN
    SELECT RAISE(ABORT, 'accounts: an account begins empty');
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER transfers_apply AFTER INSERT ON transfers
BEGIN
    UPDATE accounts SET balance = balance - NEW.amount, seq = NEW.seq WHERE tenant_id = NEW.tenant_id AND kind = NEW.debit;
    UPDATE accounts SET balance = balance + NEW.amount, seq = NEW.seq WHERE tenant_id = NEW.tenant_id AND kind = NEW.credit;
END;
-- +goose StatementEnd

-- +goose Down
DROP TRIGGER transfers_apply;
DROP TRIGGER accounts_empty;
DROP TRIGGER payment_reversals_guard;
DROP TRIGGER payments_guard;
DROP TRIGGER charges_guard;
DROP TRIGGER accounts_guard;
DROP TRIGGER payment_reversals_no_replace;
DROP TRIGGER payment_reversals_no_delete;
DROP TRIGGER payments_no_replace;
DROP TRIGGER payments_no_delete;
DROP TRIGGER charges_no_replace;
DROP TRIGGER charges_no_delete;
DROP TRIGGER accounts_no_replace;
DROP TRIGGER accounts_no_delete;
DROP TRIGGER price_lists_no_replace;
DROP TRIGGER price_lists_no_delete;
DROP TRIGGER price_lists_no_update;
DROP TRIGGER prices_no_replace;
DROP TRIGGER prices_no_delete;
DROP TRIGGER prices_no_update;
DROP TRIGGER invoices_no_replace;
DROP TRIGGER invoices_no_delete;
DROP TRIGGER invoices_no_update;
DROP TRIGGER transfers_no_replace;
DROP TRIGGER transfers_no_delete;
DROP TRIGGER transfers_no_update;
