SELECT source_node AS "from", target_node AS "to", sum(value) AS customers,
       round((sum(total_days) / sum(value))::numeric, 1) AS "days before"
FROM customers_flow
WHERE source_round = 1
GROUP BY source_node, target_node
ORDER BY customers DESC, "from", "to"
