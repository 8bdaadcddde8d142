\set id random(1, 10000)
UPDATE bench.deals SET stage = (CASE stage WHEN 'lead' THEN 'mql' ELSE 'lead' END)::bench.stage WHERE id = :id;
