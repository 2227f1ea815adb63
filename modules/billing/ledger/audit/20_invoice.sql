-- rule: invoice
-- says: it has %v invoices instead of %v
SELECT p.payment_id, count(i.payment_id), CASE WHEN p.status = 'paid' THEN 1 ELSE 0 END FROM payments p LEFT
    JOIN invoices i ON i.payment_id = p.payment_id
GROUP BY p.payment_id, p.status HAVING count(i.payment_id) <> CASE WHEN p.status = 'paid' THEN 1 ELSE 0 END
