SELECT segment, stage, count(*) AS customers, coalesce(sum(mrr), 0) AS mrr FROM customers GROUP BY segment, stage
