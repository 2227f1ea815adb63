-- rule: more went back than was paid
-- says: %v credits went back of %v
SELECT p.payment_id, sum(r.credits), p.credits FROM payments p JOIN payment_reversals r ON r.payment_id = p.payment_id
    AND r.state = 'taken'
GROUP BY p.payment_id, p.credits HAVING sum(r.credits) > p.credits
