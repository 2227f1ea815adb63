-- rule: invoice numbers
-- says: there are %v invoices, the last number is %v
SELECT CAST(c.year AS TEXT), count(i.number), c.last FROM invoice_counters c LEFT JOIN invoices i ON i.year = c.year
GROUP BY c.year, c.last HAVING count(i.number) <> c.last OR COALESCE(max(i.number), 0) <> c.last
