-- rule: posting
-- says: it has %v transfers of %v
SELECT posting_key, count(*), max(legs) FROM transfers GROUP BY posting_key HAVING count(*) <> max(legs)
