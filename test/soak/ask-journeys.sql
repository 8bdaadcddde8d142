-- One round of questions about single journeys.
SELECT count(s.dwell), count(DISTINCT s.stage) FROM soak.deals, lifecycle.steps(journey) s;
SELECT max(lifecycle.path(journey)), max(lifecycle.stages(journey)), max(lifecycle.moves(journey)), max(lifecycle.current_stage(journey)), max(lifecycle.started_at(journey)),
	max(lifecycle.last_moved_at(journey)), max(lifecycle.in_stage_since(journey)), sum(lifecycle.step_count(journey)), sum(lifecycle.visits(journey, 'sql')),
	max(lifecycle.entered_at(journey, 'sql', -1)), max(lifecycle.left_at(journey, 'sql')), max(lifecycle.time_in(journey, 'sql', now())),
	max(lifecycle.time_between(journey, 'lead', 'sql')), max(lifecycle.stage_at(journey, now() - interval '10 seconds'))
	FROM soak.deals;
SELECT max(lifecycle.visits(journey, stage)), max(lifecycle.entered_at(journey, stage)), max(lifecycle.left_at(journey, stage)),
	max(lifecycle.time_in(journey, stage, now())), max(lifecycle.time_between(journey, stage, stage)) FROM soak.accounts;
SELECT count(DISTINCT journey), count(*) FILTER (WHERE journey OPERATOR(lifecycle.>) '{lead@2026-01-01}'), max(journey::text), max(length(lifecycle.journey_send(journey))), max(journey::jsonb::text),
	bool_and(journey::text::lifecycle.journey OPERATOR(lifecycle.=) journey), bool_and(journey::jsonb::lifecycle.journey OPERATOR(lifecycle.=) journey) FROM soak.deals;
-- A move of somebody else's may be later than this statement's now(), and yet seen.
SELECT count(lifecycle.slice(journey, tstzrange(now() - interval '1 minute', now()))), count(lifecycle.crop(journey, now() - interval '1 minute', now())),
	count(lifecycle.collapse(journey)), count(journey OPERATOR(lifecycle.||) lifecycle.journey('after', clock_timestamp())) FROM soak.deals;
SELECT lifecycle.journey_merge(journey) FROM soak.deals GROUP BY slot % 50;
SELECT lifecycle.journey_agg(s.stage, s.entered_at) FROM soak.deals, lifecycle.steps(journey) s GROUP BY slot % 100;
SELECT lifecycle.journey_agg(s.stage, s.entered_at, s.step) FROM soak.tickets, lifecycle.steps(journey) s GROUP BY id;
SELECT lifecycle.journey_agg(stage, lifecycle.last_moved_at(journey)), lifecycle.journey_agg(stage, lifecycle.last_moved_at(journey), id) FROM soak.accounts GROUP BY slot % 10;
SELECT max(lifecycle.funnel_level(journey, 'lead > mql > sql within 90 days')), max(lifecycle.funnel_times(journey, 'lead > mql > sql any order')) FROM soak.deals;
