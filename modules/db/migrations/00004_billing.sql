-- Amounts of credit are hundredths of a credit, amounts of money cents. What
-- keys and checks can't refuse, 00007_billing_guards does in each engine's own
-- trigger language.

-- +goose Up
-- The row that every write to a tenant's ledger locks first.
CREATE TABLE billing_tenants (
    tenant_id     TEXT PRIMARY KEY,
    monthly_grant BIGINT CHECK (monthly_grant >= 0), -- NULL: the service's own
    budget_cap    BIGINT CHECK (budget_cap >= 0),    -- per calendar month; NULL: none
    granted_month TEXT   NOT NULL DEFAULT '',        -- YYYY-MM of the last grant
    name          TEXT   NOT NULL DEFAULT '',
    email         TEXT   NOT NULL DEFAULT '',
    address       TEXT   NOT NULL DEFAULT '',
    country       TEXT   NOT NULL DEFAULT '',        -- ISO 3166-1, two letters
    vat_id        TEXT   NOT NULL DEFAULT '',
    created_at    BIGINT NOT NULL
);

CREATE TABLE price_lists (
    version    BIGINT PRIMARY KEY CHECK (version > 0),
    valid_from BIGINT NOT NULL
);

CREATE TABLE prices (
    version BIGINT NOT NULL REFERENCES price_lists (version),
    kind    TEXT   NOT NULL CHECK (kind IN ('step', 'preset')),
    name    TEXT   NOT NULL, -- '*': all that have no row of their own
    amount  BIGINT NOT NULL CHECK (amount >= 0),
    PRIMARY KEY (version, kind, name),
    UNIQUE (version, kind, name, amount)
);
INSERT INTO price_lists (version, valid_from) VALUES (1, 0);
INSERT INTO prices (version, kind, name, amount) VALUES
    (1, 'step', 'remove_background', 20), (1, 'step', 'generate_scene', 60), (1, 'step', 'upscale', 20),
    (1, 'step', '*', 20), (1, 'preset', '*', 5);

CREATE TABLE accounts (
    tenant_id TEXT   NOT NULL REFERENCES billing_tenants (tenant_id),
    kind      TEXT   NOT NULL CHECK (kind IN ('free', 'paid', 'held', 'spent', 'debt', 'world')),
    balance   BIGINT NOT NULL DEFAULT 0 CHECK (kind = 'world' OR balance >= 0),
    seq       BIGINT NOT NULL DEFAULT 0, -- of the last transfer that changed it
    PRIMARY KEY (tenant_id, kind)
);

-- One row is both entries: amount leaves debit and arrives at credit. The
-- transfers of one posting share its key, which makes the posting happen once.
CREATE TABLE transfers (
    posting_key TEXT   NOT NULL,
    leg         BIGINT NOT NULL CHECK (leg BETWEEN 1 AND legs),
    legs        BIGINT NOT NULL CHECK (legs BETWEEN 1 AND 8),
    prev_leg    BIGINT CHECK (prev_leg = leg - 1),
    tenant_id   TEXT   NOT NULL,
    seq         BIGINT NOT NULL CHECK (seq > 0),
    kind        TEXT   NOT NULL CHECK (kind IN ('buy', 'grant', 'lapse', 'reserve', 'capture', 'release', 'refund', 'chargeback', 'reversal', 'repay', 'import')),
    debit       TEXT   NOT NULL,
    credit      TEXT   NOT NULL,
    amount      BIGINT NOT NULL CHECK (amount > 0),
    item_id     TEXT,
    payment_id  TEXT,
    created_at  BIGINT NOT NULL,
    PRIMARY KEY (posting_key, leg),
    UNIQUE (tenant_id, posting_key, leg),
    UNIQUE (tenant_id, posting_key, leg, legs, kind),
    UNIQUE (tenant_id, seq),
    CHECK (debit <> credit),
    CHECK ((leg = 1) = (prev_leg IS NULL)),
    FOREIGN KEY (tenant_id, debit) REFERENCES accounts (tenant_id, kind),
    FOREIGN KEY (tenant_id, credit) REFERENCES accounts (tenant_id, kind),
    -- a leg follows the one before it, in the same tenant's posting of as many legs
    FOREIGN KEY (tenant_id, posting_key, prev_leg, legs, kind) REFERENCES transfers (tenant_id, posting_key, leg, legs, kind)
);
CREATE INDEX transfers_by_item ON transfers (item_id) WHERE item_id IS NOT NULL;
CREATE INDEX transfers_by_payment ON transfers (payment_id) WHERE payment_id IS NOT NULL;

-- What an item costs: a line for each step and preset, its price frozen when it
-- was reserved and proved to be the list's.
CREATE TABLE charges (
    item_id       TEXT    NOT NULL,
    kind          TEXT    NOT NULL CHECK (kind IN ('step', 'preset')),
    name          TEXT    NOT NULL CHECK (name <> '*'),
    tenant_id     TEXT    NOT NULL REFERENCES billing_tenants (tenant_id),
    job_id        TEXT    NOT NULL,
    brand_id      TEXT    NOT NULL,
    price_version BIGINT  NOT NULL,
    price_name    TEXT    NOT NULL CHECK (price_name = '*' OR price_name = name),
    price         BIGINT  NOT NULL,
    billed        BOOLEAN NOT NULL,           -- FALSE: metered only
    from_free     BIGINT  NOT NULL CHECK (from_free >= 0),
    from_paid     BIGINT  NOT NULL CHECK (from_paid >= 0),
    state         TEXT    NOT NULL CHECK (state IN ('held', 'captured', 'released')),
    month         TEXT    NOT NULL,           -- YYYY-MM whose budget it uses
    reserved_by   TEXT,
    resolved_by   TEXT,
    leg           BIGINT  NOT NULL DEFAULT 1 CHECK (leg = 1),
    held_at       BIGINT  NOT NULL,
    ended_at      BIGINT,
    PRIMARY KEY (item_id, kind, name),
    CHECK ((billed AND from_free + from_paid = price) OR (NOT billed AND from_free + from_paid = 0)),
    CHECK (from_free + from_paid = 0 OR reserved_by IS NOT NULL),
    CHECK (from_free + from_paid = 0 OR state = 'held' OR resolved_by IS NOT NULL),
    CHECK ((state = 'held') = (ended_at IS NULL)),
    FOREIGN KEY (price_version, kind, price_name, price) REFERENCES prices (version, kind, name, amount),
    FOREIGN KEY (tenant_id, reserved_by, leg) REFERENCES transfers (tenant_id, posting_key, leg),
    FOREIGN KEY (tenant_id, resolved_by, leg) REFERENCES transfers (tenant_id, posting_key, leg)
);
CREATE INDEX charges_used ON charges (tenant_id, ended_at) WHERE state = 'captured';
CREATE INDEX charges_held ON charges (held_at) WHERE state = 'held';

-- What a month's budget has been used for: billed and not released.
CREATE TABLE budget_months (
    tenant_id TEXT   NOT NULL REFERENCES billing_tenants (tenant_id),
    month     TEXT   NOT NULL,
    committed BIGINT NOT NULL CHECK (committed >= 0),
    PRIMARY KEY (tenant_id, month)
);

CREATE TABLE payments (
    payment_id   TEXT PRIMARY KEY, -- UUIDv7; also the Idempotency-Key at Mollie
    tenant_id    TEXT   NOT NULL REFERENCES billing_tenants (tenant_id),
    package      TEXT   NOT NULL,
    credits      BIGINT NOT NULL CHECK (credits > 0),
    net          BIGINT NOT NULL CHECK (net > 0),
    vat          BIGINT NOT NULL CHECK (vat >= 0),
    amount       BIGINT NOT NULL CHECK (amount = net + vat),
    currency     TEXT   NOT NULL,
    vat_rate     BIGINT NOT NULL CHECK (vat_rate BETWEEN 0 AND 10000), -- hundredths of a percent
    vat_rule     TEXT   NOT NULL CHECK (vat_rule IN ('standard', 'reverse_charge', 'outside_eu')),
    customer     TEXT   NOT NULL,  -- JSON, see Customer
    mode         TEXT   NOT NULL CHECK (mode IN ('test', 'live')),
    mollie_id    TEXT   UNIQUE,
    status       TEXT   NOT NULL CHECK (status IN ('creating', 'open', 'pending', 'authorized', 'paid', 'failed', 'expired', 'canceled', 'rejected')),
    problem      TEXT,             -- why an answer of Mollie's was rejected
    checkout_url TEXT,
    polls        BIGINT NOT NULL DEFAULT 0,
    poll_at      BIGINT,           -- NULL: no more
    created_at   BIGINT NOT NULL,
    updated_at   BIGINT NOT NULL,
    paid_at      BIGINT,
    UNIQUE (tenant_id, payment_id),
    CHECK ((status = 'paid') = (paid_at IS NOT NULL))
);
CREATE INDEX payments_poll ON payments (poll_at) WHERE poll_at IS NOT NULL;

-- What Mollie's webhook said: an id and nothing else.
CREATE TABLE payment_notices (
    mollie_id   TEXT PRIMARY KEY,
    count       BIGINT NOT NULL DEFAULT 1,
    tries       BIGINT NOT NULL DEFAULT 0,
    due_at      BIGINT NOT NULL,
    received_at BIGINT NOT NULL
);
CREATE INDEX payment_notices_due ON payment_notices (due_at);

-- Money that went back, by refund or chargeback.
CREATE TABLE payment_reversals (
    reversal_id TEXT PRIMARY KEY, -- Mollie's: re_… or chb_…
    tenant_id   TEXT   NOT NULL,
    payment_id  TEXT   NOT NULL,
    kind        TEXT   NOT NULL CHECK (kind IN ('refund', 'chargeback')),
    amount      BIGINT NOT NULL CHECK (amount > 0),
    credits     BIGINT NOT NULL CHECK (credits >= 0),
    state       TEXT   NOT NULL CHECK (state IN ('taken', 'returned')),
    created_at  BIGINT NOT NULL,
    updated_at  BIGINT NOT NULL,
    FOREIGN KEY (tenant_id, payment_id) REFERENCES payments (tenant_id, payment_id)
);
CREATE INDEX payment_reversals_by_payment ON payment_reversals (payment_id);

-- Refunds that were asked for here.
CREATE TABLE refund_requests (
    request_id  TEXT PRIMARY KEY, -- UUIDv7; also the Idempotency-Key at Mollie
    tenant_id   TEXT   NOT NULL,
    payment_id  TEXT   NOT NULL,
    amount      BIGINT NOT NULL CHECK (amount > 0),
    description TEXT   NOT NULL,
    reversal_id TEXT   UNIQUE,
    problem     TEXT,             -- why Mollie refused it for good
    retry_at    BIGINT,           -- NULL: settled
    created_at  BIGINT NOT NULL,
    FOREIGN KEY (tenant_id, payment_id) REFERENCES payments (tenant_id, payment_id)
);
CREATE INDEX refund_requests_open ON refund_requests (retry_at) WHERE retry_at IS NOT NULL;

CREATE TABLE invoice_counters (
    year BIGINT PRIMARY KEY,
    last BIGINT NOT NULL CHECK (last >= 0)
);

CREATE TABLE invoices (
    year        BIGINT NOT NULL CHECK (year BETWEEN 2000 AND 9999),
    number      BIGINT NOT NULL CHECK (number > 0),
    prev_number BIGINT CHECK (prev_number = number - 1),
    tenant_id   TEXT   NOT NULL,
    payment_id  TEXT   NOT NULL UNIQUE,
    document    TEXT   NOT NULL, -- JSON, see Invoice
    created_at  BIGINT NOT NULL,
    PRIMARY KEY (year, number),
    CHECK ((number = 1) = (prev_number IS NULL)),
    FOREIGN KEY (year, prev_number) REFERENCES invoices (year, number), -- no gaps
    FOREIGN KEY (tenant_id, payment_id) REFERENCES payments (tenant_id, payment_id)
);
CREATE INDEX invoices_by_tenant ON invoices (tenant_id, year, number);

-- +goose Down
DROP TABLE invoices;
DROP TABLE invoice_counters;
DROP TABLE refund_requests;
DROP TABLE payment_reversals;
DROP TABLE payment_notices;
DROP TABLE payments;
DROP TABLE budget_months;
DROP TABLE charges;
DROP TABLE transfers;
DROP TABLE accounts;
DROP TABLE prices;
DROP TABLE price_lists;
DROP TABLE billing_tenants;
