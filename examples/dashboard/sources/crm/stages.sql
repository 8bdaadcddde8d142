SELECT stage, title, position, outcome, sla_days, owner FROM customers_stages
