-- rule: sequence
-- says: there are %v transfers, the last is number %v
SELECT tenant_id, count(*), max(seq) FROM transfers GROUP BY tenant_id HAVING count(*) <> max(seq)
