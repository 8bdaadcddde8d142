-- One round of every aggregate, and of everything that reads what it makes.
SET max_parallel_workers_per_gather = 0;
SELECT s.* FROM (SELECT lifecycle.funnel_agg(journey, 'lead > mql > sql > won within 90 days') AS f FROM soak.deals) x, lifecycle.funnel_steps(f) s;
SELECT s.* FROM (SELECT lifecycle.rollup(f) AS f FROM (SELECT lifecycle.funnel_agg(journey, lifecycle.funnel_spec(steps => '{lead,sql}', within => '9 days', ordering => 'any'), now()) AS f
	FROM soak.deals GROUP BY region) y) x, lifecycle.funnel_steps(f) s;
SELECT m.*, lifecycle.win_probability(v, 'lead', '{won}', '{lost}'), lifecycle.expected_time(v, 'lead', '{won}', '{lost}')
	FROM (SELECT lifecycle.rollup(v) AS v FROM (SELECT lifecycle.velocity_agg(journey) AS v FROM soak.deals GROUP BY region) y) x, lifecycle.velocity_moves(v) m;
SELECT s.* FROM (SELECT lifecycle.velocity_agg(journey, lifecycle.velocity_spec(moved => tstzrange('2026-01-01', NULL)), now()) AS v FROM soak.accounts) x, lifecycle.velocity_stages(v) s;
SELECT c.* FROM (SELECT lifecycle.rollup(r) AS r FROM (SELECT lifecycle.retention_agg(journey, lifecycle.retention_spec(from_stage => 'lead', while_stages => '{lead,mql}', every => '1 month', periods => 3), now()) AS r
	FROM soak.deals GROUP BY region) y) x, lifecycle.retention_cells(r) c;
SELECT lifecycle.retention_agg(journey, 'from lead while lead every 1 week for 2 as of 2026-06-01') FROM soak.deals;
SELECT c.* FROM (SELECT lifecycle.rollup(r) AS r FROM (SELECT lifecycle.census_agg(journey, lifecycle.census_spec(date_trunc('day', now()), date_trunc('day', now()) + interval '2 days', interval '1 day')) AS r FROM soak.deals GROUP BY region) y) x,
	lifecycle.census_cells(r) c;
SELECT lifecycle.census_agg(journey, 'from 2026-01-01 to 2027-01-01 every 1 month', now()) FROM soak.accounts;
SELECT k.*, lifecycle.median_survival(s), lifecycle.win_within(s, 'won', '1 second', '1 minute') FROM (SELECT lifecycle.rollup(s) AS s FROM
	(SELECT lifecycle.survival_agg(journey, 'from lead to won, lost', now()) AS s FROM soak.deals GROUP BY region) y) x, lifecycle.kaplan_meier(s) k;
SELECT i.* FROM (SELECT lifecycle.survival_agg(journey, lifecycle.survival_spec(from_stage => 'trial', to_stages => '{active,gone}', as_of => now())) AS s FROM soak.accounts) x, lifecycle.cumulative_incidence(s, 'active') i;
-- Who moves a row may have begun after we did, and be done before we look.
SELECT lifecycle.survival_agg(clock_timestamp() - lifecycle.last_moved_at(journey), stage) FROM soak.deals;
SELECT lifecycle.survival_agg(clock_timestamp() - lifecycle.last_moved_at(journey), stage) FROM soak.accounts;
SELECT (lifecycle.logrank_test(array_agg(s), 'won')).*, count(*) FROM (SELECT lifecycle.survival_agg(journey, 'from lead to won, lost', now()) AS s FROM soak.deals GROUP BY region) y;
SELECT g.* FROM (SELECT array_agg(s) AS a FROM (SELECT lifecycle.survival_agg(journey, 'from lead to won, lost', now()) AS s FROM soak.deals GROUP BY region) y) x, lifecycle.logrank_groups(a, 'won') g;
SELECT w::float8, (lifecycle.win_rate_counts(w)).* FROM (SELECT lifecycle.rollup(w) AS w FROM (SELECT lifecycle.win_rate_agg(journey, '{won}', '{lost}', tstzrange(NULL, NULL)) AS w FROM soak.deals GROUP BY region) y) x;
SELECT lifecycle.win_rate_agg(journey, 'won against lost') FROM soak.deals;
SELECT c.* FROM (SELECT lifecycle.rollup(m) AS m FROM (SELECT lifecycle.naive_bayes_agg(stage = 'won', jsonb_build_object('region', region, 'big', amount > 50)) AS m FROM soak.deals GROUP BY region) y) x,
	lifecycle.naive_bayes_counts(m) c;
SELECT lifecycle.predict(m, '{"region": "eu"}'), lifecycle.predict_together(ARRAY[m, m], '{"region": "eu"}'), e.*
	FROM (SELECT lifecycle.naive_bayes_agg(stage = 'won', jsonb_build_object('region', region)) AS m FROM soak.deals) x, lifecycle.explain_prediction(m, '{"region": "eu"}') e;
SELECT f.*, lifecycle.logregr_predict(f.coef, '{1,30}') FROM lifecycle.logregr_fit('SELECT stage = ''won'' AS y, ARRAY[1, amount::float8 / 100] AS x FROM soak.deals WHERE amount IS NOT NULL') f;
SELECT lifecycle.logregr_agg(stage = 'won', ARRAY[1, amount::float8], NULL) FROM soak.deals WHERE amount IS NOT NULL;
SELECT h.*, r.* FROM (SELECT lifecycle.rollup(a) AS a FROM (SELECT lifecycle.attribution_agg(journey, '{won}', '{lost}', amount) AS a FROM soak.deals GROUP BY region) y) x,
	lifecycle.attribution_shares(a, 'markov') h, lifecycle.removal_effects(a) r;
SELECT p.* FROM (SELECT lifecycle.attribution_agg(lifecycle.stages(journey), stage = 'won') AS a FROM soak.deals) x, lifecycle.attribution_paths(a) p;
SELECT lifecycle.attribution_agg(lifecycle.stages(journey), stage = 'won', amount) FROM soak.deals;
SELECT (lifecycle.rollup(p)).* FROM (SELECT lifecycle.pipeline_agg(amount, 0.3) AS p FROM soak.deals GROUP BY region) x;
SELECT m.*, lifecycle.mrr_at(s, '2026-03-01'), c.* FROM (SELECT lifecycle.rollup(s) AS s FROM (SELECT lifecycle.mrr_agg(date '2026-01-01' + slot, 10) AS s FROM soak.accounts GROUP BY slot % 7) y) x,
	lifecycle.mrr_movements(s, '2026-12-01') m, lifecycle.mrr_months(s) n, lifecycle.revenue_cohort(s, '2026-12-01') c;
SELECT lifecycle.nrr(r), lifecycle.grr(r), lifecycle.logo_churn(r), lifecycle.quick_ratio(r), lifecycle.arpa(r), lifecycle.ltv(lifecycle.arpa(r), 0.1, 0.8)
	FROM (SELECT lifecycle.rollup(r) AS r FROM (SELECT lifecycle.revenue_agg('expansion', 10, 10 + slot) AS r FROM soak.accounts GROUP BY slot % 7) y) x;
SELECT lifecycle.renewal_rate(stage = 'active'), lifecycle.gross_renewal_rate(9, 10), lifecycle.net_renewal_rate(9, 10),
	lifecycle.trial_to_paid(now() - interval '1 day', now() - interval '2 days', now()) FROM soak.accounts;
SELECT lifecycle.sales_velocity(10, 0.2, 50, interval '9 days'), lifecycle.naive_sales_velocity(10, 0.2, 50, interval '9 days'), lifecycle.pipeline_coverage(10, 20);
