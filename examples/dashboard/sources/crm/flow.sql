SELECT segment, source_node, target_node, source_round, value, total_days,
       s.position AS source_position, t.position AS target_position
FROM customers_flow JOIN customers_stages s ON s.stage = source JOIN customers_stages t ON t.stage = target
