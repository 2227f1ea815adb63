-- When the payment provider may next be asked about an id that no payment here has:
-- anybody can send such ids. One row, for all processes.

-- +goose Up
CREATE TABLE payment_unknowns (
    one     BIGINT PRIMARY KEY CHECK (one = 1),
    next_at BIGINT NOT NULL
);
INSERT INTO payment_unknowns (one, next_at) VALUES (1, 0);

-- +goose Down
DROP TABLE payment_unknowns;
