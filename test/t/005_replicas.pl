# 32: on a subscriber journeys arrive as they are: the apply worker fires no trigger of ours and the CHECK
# holds; whoever writes there directly is judged. On a standby everything that reads works.

use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $primary = PostgreSQL::Test::Cluster->new('primary');
$primary->init(allows_streaming => 'logical');
$primary->append_conf('postgresql.conf', 'fsync = off');
$primary->start;

my $rules = q{
	CREATE EXTENSION crm_lifecycle;
	SELECT lifecycle.create_lifecycle('deal', $$
		stateDiagram-v2
			[*] --> lead
			lead --> sql : accept [amount > 10]
			sql --> won : sign
			sql --> lost
			won --> [*]
			note right of won
				outcome: won
			end note
			note right of lost
				outcome: lost
			end note
	$$);
};
my $tables = q{
	CREATE TABLE deals (id int PRIMARY KEY, stage text, amount int);
	SELECT lifecycle.attach('deals', 'deal', log => true);
	CREATE TABLE parts (id int, stage text, amount int, PRIMARY KEY (id, stage)) PARTITION BY LIST (stage);
	CREATE TABLE parts_lead PARTITION OF parts FOR VALUES IN ('lead');
	CREATE TABLE parts_rest PARTITION OF parts DEFAULT;
	SELECT lifecycle.attach('parts', 'deal');
};
$primary->safe_psql('postgres', $rules . $tables . q{
	CREATE TABLE plain (id int, stage text, amount int, PRIMARY KEY (id, stage));
	SELECT lifecycle.attach('plain', 'deal');
	INSERT INTO deals SELECT g, 'lead', g FROM generate_series(1, 30) g;
	INSERT INTO parts SELECT g, 'lead', g FROM generate_series(1, 30) g;
	INSERT INTO plain SELECT g, 'lead', g FROM generate_series(1, 30) g;
	UPDATE deals SET stage = 'sql' WHERE id > 10;
	SELECT lifecycle.create_stage_type('deal', 'deal_stage'), lifecycle.create_rfm_rules('segments');
	SELECT lifecycle.create_score('size', E'group size 0..50\n+20 when amount > 20\n+5 on call\nbands big >= 20, small');
	SELECT lifecycle.create_score('calls', E'group calls 0..9\n+2 on call at most 3');
	CREATE TABLE enums (id int PRIMARY KEY, stage deal_stage, amount int);
	SELECT lifecycle.attach('enums', 'deal');
	INSERT INTO enums VALUES (1, 'lead', 20), (2, 'lead', 5);
	UPDATE enums SET stage = 'sql' WHERE id = 1;
	CREATE PUBLICATION changes FOR TABLE deals, parts, plain;
});

# What is not replicated by publications: accounts and their contacts, with what is planned for them and views for BI.
$primary->safe_psql('postgres', q{
	SELECT lifecycle.create_lifecycle('contact', $$
		stateDiagram-v2
			[*] --> lead
			lead --> talks : call
			talks --> won : sign
			talks --> lost
			note right of talks
				sla: 14 days
				owner: sales
			end note
			note right of won
				outcome: won
			end note
			note right of lost
				outcome: lost
			end note
	$$);
	CREATE TABLE prospects (id int PRIMARY KEY, stage text);
	CREATE TABLE firms (id int PRIMARY KEY, stage text);
	CREATE TABLE contacts (id int PRIMARY KEY, firm_id int REFERENCES firms, prospect_id int UNIQUE, segment text, stage text, renews_at date,
		journey lifecycle.journey);
	SELECT lifecycle.attach(rel, 'contact') FROM unnest('{prospects,firms,contacts}'::regclass[]) rel;
	SELECT lifecycle.allow_hand_over('prospects', 'contacts', '{talks}', 'prospect_id');
	INSERT INTO prospects VALUES (1, 'lead'), (2, 'lead');
	UPDATE prospects SET stage = 'talks' WHERE id = 1;
	INSERT INTO firms SELECT g, 'lead' FROM generate_series(1, 4) g;
	SET crm_lifecycle.import = on;
	INSERT INTO contacts SELECT g, 1 + g % 3, NULL, (ARRAY['small', 'big'])[1 + g % 2], s.path[cardinality(s.path)], '2026-05-01',
		lifecycle.journey_agg(stage, timestamptz '2026-01-01' + (g + n * 5) * interval '1 day', n)
		FROM generate_series(1, 12) g
			CROSS JOIN LATERAL (SELECT (ARRAY['{lead}', '{lead,talks}', '{lead,talks,won}', '{lead,talks,lost}'])[1 + g % 4]::text[] AS path) s
			CROSS JOIN LATERAL unnest(s.path) WITH ORDINALITY p (stage, n)
		GROUP BY g, s.path;
	RESET crm_lifecycle.import;
	INSERT INTO contacts VALUES (20, 4, 1, 'big', 'lead', NULL);
	SELECT lifecycle.derive('firms', 'contacts', existing => 'defer');
	CREATE TABLE touched (id int, at timestamptz, channel text, emotion int, friction int);
	INSERT INTO touched SELECT g, timestamptz '2026-01-08' + g * interval '1 day', CASE WHEN g % 3 = 0 THEN 'chat' ELSE 'email' END, g % 5 - 2, g % 2
		FROM generate_series(1, 12) g;
	INSERT INTO lifecycle.persona VALUES ('contact', 'Tom', 'Runs IT', '{quiet nights}', '{}', '{chat}');
	INSERT INTO lifecycle.touchpoint (lifecycle, stage, persona, name, family, channel, emotion) VALUES
		('contact', 'lead', 'Tom', 'Docs', 'marketing', 'web', 1), ('contact', 'talks', NULL, 'Demo', 'sales', 'email', 2);
	INSERT INTO lifecycle.play (lifecycle, name, stage, from_stage, to_stage, date_column, delay, channel, starts_at) VALUES
		('contact', 'call', 'talks', NULL, NULL, NULL, '3 days', 'phone', '2026-01-01'),
		('contact', 'thank', NULL, 'talks', 'won', NULL, '1 day', 'email', '2026-01-01'),
		('contact', 'renew', 'won', NULL, NULL, 'renews_at', '-30 days', 'email', '2026-01-01');
	SELECT lifecycle.create_bi_views('contacts', "by" => '{segment}');
	-- A stage that the views do not know yet.
	UPDATE lifecycle.lifecycle SET diagram = replace(diagram, 'talks --> lost', E'talks --> lost\nlost --> asleep') WHERE name = 'contact';
});

# A standby, before the subscriber, so that its answers cover both halves of the changes.
$primary->backup('base');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($primary, 'base', has_streaming => 1);
$standby->start;

# On the subscriber "plain" is partitioned, so that the apply worker moves rows between partitions itself.
my $subscriber = PostgreSQL::Test::Cluster->new('subscriber');
$subscriber->init(allows_streaming => 'logical');
$subscriber->append_conf('postgresql.conf', 'fsync = off');
$subscriber->start;
$subscriber->safe_psql('postgres', $rules . $tables . q{
	CREATE TABLE plain (id int, stage text, amount int, PRIMARY KEY (id, stage)) PARTITION BY LIST (stage);
	CREATE TABLE plain_lead PARTITION OF plain FOR VALUES IN ('lead');
	CREATE TABLE plain_rest PARTITION OF plain DEFAULT;
	SELECT lifecycle.attach('plain', 'deal');
});
my $connstr = $primary->connstr . ' dbname=postgres';
$subscriber->safe_psql('postgres', "CREATE SUBSCRIPTION changes CONNECTION '$connstr' PUBLICATION changes");
$subscriber->wait_for_subscription_sync($primary, 'changes');

$primary->safe_psql('postgres', q{
	UPDATE deals SET stage = 'won' WHERE id > 25;
	UPDATE parts SET stage = 'sql' WHERE id > 20;
	UPDATE plain SET stage = 'sql' WHERE id > 20;
	UPDATE plain SET stage = 'won' WHERE id > 28;
	DELETE FROM deals WHERE id = 15;
	INSERT INTO deals VALUES (40, 'lead', 40);
	UPDATE deals SET amount = 99 WHERE id = 40;
	-- What the rules of the subscriber would refuse: the publisher's word counts.
	SET crm_lifecycle.import = on;
	INSERT INTO deals (id, stage, journey) VALUES (41, 'lost', '{won@2025-01-01,lost@2025-02-01}');
});
$primary->wait_for_catchup('changes');
$primary->wait_for_catchup($standby);

for my $table ('deals', 'parts', 'plain')
{
	my $rows = "SELECT * FROM $table ORDER BY id";
	is($subscriber->safe_psql('postgres', $rows), $primary->safe_psql('postgres', $rows), "subscriber: rows of $table, journeys and all");
	is($subscriber->safe_psql('postgres', "SELECT count(*) FROM lifecycle.verify('$table') WHERE problem NOT LIKE 'move would%'"), '0',
		"subscriber: $table is in order");
}
is($subscriber->safe_psql('postgres', 'SELECT count(*) FROM plain_rest'), '10', 'subscriber: rows changed their partition there');
is($subscriber->safe_psql('postgres', 'SELECT count(*) FROM deals_stage_log'), '0', 'subscriber: its log has only what happens there');

my ($status, $out, $err) = $subscriber->psql('postgres', q{UPDATE deals SET stage = 'won' WHERE id = 3});
like($err, qr/illegal move from "lead" to "won"/, 'subscriber: whoever writes there is judged');
is($subscriber->safe_psql('postgres', q{UPDATE deals SET stage = 'won' WHERE id = 20 RETURNING lifecycle.path(journey)}),
	'lead>sql>won', 'subscriber: and goes on with the journey that arrived');
is($subscriber->safe_psql('postgres', q{SELECT id, kind FROM deals_stage_log}), '20|move', 'subscriber: that is logged');

# Everything that reads, asked of both.
my @questions = (
	q{SELECT lifecycle.diagram('deal')},
	q{SELECT lifecycle.dump_lifecycle('deal')},
	q{SELECT * FROM lifecycle.stage ORDER BY id},
	q{SELECT * FROM lifecycle.transition},
	q{SELECT * FROM lifecycle.attachments ORDER BY relation::text},
	q{SELECT * FROM lifecycle.attachment_of('deals')},
	q{SELECT id, s.* FROM deals, lifecycle.steps(journey) s ORDER BY id, step},
	q{SELECT id, lifecycle.path(journey), lifecycle.current_stage(journey), lifecycle.entered_at(journey, 'sql') FROM deals ORDER BY id},
	q{SELECT lifecycle.funnel_agg(journey, 'lead > sql > won') FROM deals},
	q{SELECT s.* FROM (SELECT lifecycle.funnel_agg(journey, 'lead > sql > won within 90 days') f FROM deals) x, lifecycle.funnel_steps(f) s},
	q{SELECT lifecycle.velocity_agg(journey) FROM deals},
	q{SELECT m.* FROM (SELECT lifecycle.velocity_agg(journey) v FROM deals) x, lifecycle.velocity_moves(v) m},
	q{SELECT lifecycle.win_probability(lifecycle.velocity_agg(journey), 'lead', '{won}', '{lost}') FROM deals},
	q{SELECT id, lifecycle.can(d, 'sql'), lifecycle.can(d, 'won') FROM deals d ORDER BY id},
	q{SELECT id, n.* FROM deals d, lifecycle.next_stages(d) n ORDER BY id, n.stage},
	q{SELECT id, n.* FROM parts d, lifecycle.next_stages(d) n ORDER BY id, n.stage},
	q{SELECT id, e.* FROM deals d, lifecycle.explain_move(d, 'won') e ORDER BY id, check_name},
	q{SELECT * FROM lifecycle.verify('deals')},
	q{SELECT number, id, kind, from_stage, to_stage, at, actor, lifecycle.path(journey) FROM deals_stage_log ORDER BY number},
	q{SELECT * FROM lifecycle.lifecycle_history ORDER BY lifecycle, number},
	q{SELECT lifecycle.diagram_at('deal', at) FROM lifecycle.lifecycle_history},
	q{SELECT * FROM lifecycle.check_lifecycle('deal')},
	q{SELECT * FROM lifecycle.stage_types('deal')},
	q{SELECT * FROM lifecycle.missing_stage_labels('deal')},
	q{SELECT d.* FROM lifecycle.diagram_diff(lifecycle.diagram('deal'), E'stateDiagram-v2\n[*] --> lead') d},
	q{SELECT stage, e.label, lifecycle.entered_at(journey, e.label), lifecycle.left_at(journey, e.label), lifecycle.visits(journey, e.label),
		lifecycle.time_in(journey, e.label, '2099-01-01'), lifecycle.time_between(journey, 'lead', e.label)
		FROM enums, unnest(enum_range(NULL::deal_stage)) e (label) ORDER BY id, label},
	q{SELECT id, lifecycle.journey_agg(s.stage, s.entered_at), lifecycle.journey_agg(s.stage::deal_stage, s.entered_at),
		lifecycle.journey_agg(s.stage::deal_stage, s.entered_at, s.step) FROM deals, lifecycle.steps(journey) s GROUP BY id ORDER BY id},
	q{SELECT lifecycle.journey_merge(journey) FROM deals},
	q{SELECT lifecycle.rollup(f) FROM (SELECT lifecycle.funnel_agg(journey, 'lead > sql > won') f FROM deals GROUP BY id % 3) x},
	q{SELECT lifecycle.rollup(v) FROM (SELECT lifecycle.velocity_agg(journey) v FROM deals GROUP BY id % 3) x},
	q{SELECT m.* FROM (SELECT lifecycle.survival_agg(journey, 'from lead to won, lost', '2099-01-01') s FROM deals) x,
		lifecycle.cumulative_incidence(s, 'won') m},
	q{SELECT m.* FROM (SELECT lifecycle.survival_agg(journey, 'from lead to won, lost', '2099-01-01') s FROM deals) x, lifecycle.kaplan_meier(s) m},
	q{SELECT lifecycle.logrank_test(array_agg(s)) FROM (SELECT lifecycle.survival_agg(journey, 'from lead to won', '2099-01-01') s
		FROM deals GROUP BY id % 2 ORDER BY id % 2) x},
	q{SELECT lifecycle.win_rate_agg(journey, 'won against lost') FROM deals},
	q{SELECT lifecycle.win_rate_agg(journey, '{won}', '{lost}', NULL)::float8 FROM deals},
	q{SELECT r.* FROM (SELECT lifecycle.retention_agg(journey, 'from lead while lead, sql every 1 month for 3', '2099-01-01') v FROM deals) x,
		lifecycle.retention_cells(v) r},
	q{SELECT c.* FROM (SELECT lifecycle.census_agg(journey, 'from 2025-01-01 to 2025-06-01 every 1 month') v FROM deals) x, lifecycle.census_cells(v) c},
	q{SELECT lifecycle.pipeline_agg(amount, 0.5) FROM deals},
	q{SELECT lifecycle.naive_bayes_agg(stage = 'won', jsonb_build_object('big', amount > 20)) FROM deals},
	q{SELECT * FROM lifecycle.logregr_fit('SELECT id % 3 = 0, ARRAY[1, id % 5] FROM deals')},
	q{SELECT lifecycle.logregr_agg(id % 3 = 0, ARRAY[1, id % 5]::float8[], '{0,0}') FROM deals},
	q{SELECT lifecycle.attribution_agg(lifecycle.stages(journey), stage = 'won', amount) FROM deals},
	q{SELECT lifecycle.decayed_sum(1, timestamptz '2026-01-01' + id * interval '1 day', interval '7 days') FROM deals},
	q{SELECT r.* FROM (SELECT lifecycle.mrr_agg('2026-01-01', amount) s FROM deals) x, lifecycle.mrr_movements(s, '2026-03-01') r},
	q{SELECT lifecycle.revenue_agg('expansion', amount, amount + 1), lifecycle.renewal_rate(id > 10), lifecycle.net_renewal_rate(10, amount),
		lifecycle.gross_renewal_rate(10, amount), lifecycle.rfm_cuts(amount) FROM deals WHERE amount IS NOT NULL},
	q{SELECT lifecycle.trial_to_paid('2026-01-01', CASE WHEN id > 10 THEN '2026-01-02'::timestamptz END, '2026-02-01') FROM deals},
	q{SELECT id, lifecycle.score('size', d), lifecycle.score_band('size', lifecycle.score('size', d, '{call}', '{2026-01-01}', '2026-02-01'))
		FROM deals d ORDER BY id},
	q{SELECT id, e.* FROM deals d, lifecycle.explain_score('size', d, '{call}', '{2026-01-01}', '2026-02-01') e ORDER BY id, e.rule},
	q{SELECT lifecycle.score_definition('size'), lifecycle.dump_score('size'), lifecycle.score_definition_at('size', '2099-01-01')},
	q{SELECT * FROM lifecycle.score_history ORDER BY score, number},
	q{SELECT id, lifecycle.score_by('size', '2099-01-01', d), lifecycle.score_band_by('size', '2099-01-01', 5) FROM deals d ORDER BY id},
	q{SELECT id, e.* FROM deals d, lifecycle.explain_score_by('size', '2099-01-01', d) e ORDER BY id, e.rule},
	q{SELECT id % 3, lifecycle.score_agg('calls', 'call', '2026-01-01', '2026-02-01'), lifecycle.explain_score_agg('calls', 'call', '2026-01-01', '2026-02-01')
		FROM deals GROUP BY 1 ORDER BY 1},
	q{SELECT lifecycle.rfm_segment(5, 5, 5, 'segments'), lifecycle.rfm_segment(5, 5, 5)},
	q{SELECT * FROM lifecycle.hand_overs},
	q{SELECT * FROM lifecycle.derivations},
	q{SELECT * FROM lifecycle.derivation_of('firms')},
	q{SELECT d.*, s.* FROM lifecycle.derivations d, lifecycle.derivation_stages(d) s ORDER BY place, label},
	q{SELECT * FROM lifecycle.derivation_drift('firms') ORDER BY key},
	q{SELECT * FROM lifecycle.verify('firms')},
	q{SELECT lifecycle.canvas('contact', 'contacts', '2026-02-20', '[2026-01-10,2026-01-20)')},
	q{SELECT * FROM lifecycle.persona},
	q{SELECT * FROM lifecycle.touchpoint},
	q{SELECT * FROM lifecycle.journey_map('contact', 'Tom')},
	q{SELECT * FROM lifecycle.coverage('contact')},
	q{SELECT * FROM lifecycle.touches('contacts', 'TABLE touched') ORDER BY at},
	q{SELECT * FROM lifecycle.experience('contacts', 'TABLE touched', by_channel => true)},
	q{SELECT * FROM lifecycle.channel_conversion('contacts', 'TABLE touched', '{won}')},
	q{SELECT lifecycle.touches_query('contacts', 'TABLE touched', NULL), lifecycle.channel_conversion_query('contacts', 'TABLE touched', '{won}', NULL)},
	q{SELECT * FROM lifecycle.play ORDER BY name},
	q{SELECT * FROM lifecycle.due('contacts', as_of => '2026-02-01') ORDER BY key},
	q{SELECT * FROM lifecycle.due('contacts', 'renews_at', '60 days', '{won}', as_of => '2026-03-05') ORDER BY key},
	q{SELECT * FROM lifecycle.due_plays('contacts', until => '2026-04-15') ORDER BY play, key},
	q{SELECT lifecycle.due_query('contacts', 'renews_at', '{won}', NULL), lifecycle.due_plays_query('contacts', NULL)},
	q{SELECT b.view, b.shape, b.options, lifecycle.bi_options(b.view) FROM lifecycle.bi_views('contacts') b ORDER BY b.shape},
	q{SELECT * FROM lifecycle.outdated_bi_views('contacts') o ORDER BY o::text},
	q{SELECT lifecycle.main_line('contact'), lifecycle.bi_order('contact'), lifecycle.bi_funnel('contact'),
		lifecycle.bi_cohorts('contact', 6, 'UTC')},
	# But for the days that go by while we ask.
	(map { "SELECT to_jsonb(x) - '{open_days,days_in_stage,days_left}'::text[] AS cells FROM contacts_$_ x ORDER BY cells" }
		qw(stages history dates funnel flow cohorts census due)),
);
# No room may be forgotten: whatever can depend on the server is asked above, or writes, or serves those that do.
my $elsewhere = join ' ',
	# They write, and are refused on a standby.
	q{
		create_rfm_rules create_score alter_score drop_score create_lifecycle drop_lifecycle attach detach set_mode
		set_context begin_rename end_rename rename_in_enum prepare_followers prepare_rename finish_rename
		make_stage_type create_stage_type add_stage_labels check_rebuild rebuild_stage_type lock_lifecycle
		redraw_lifecycle follow_with_enums alter_lifecycle begin_merge prepare_merge retire_stage lifecycle_tables
		allow_hand_over forbid_hand_over register_hand_over rename_in_hand_overs merge_duplicates derive underive
		derive_rows make_derivation register_derivation rename_in_derivations create_bi_views make_bi_view
		refresh_bi_views drop_bi_views create_play_queue collect_plays share_lifecycle
	},
	# They serve those that write: they check, lock or prepare.
	q{
		enum_of followers touched_by_rename check_followers what_is_unfit check_label_fits rename_work
		unfit_stages check_stages_fit stage_type_mark check_enum_label types_over columns_over dependents_of_type
		labels_of_type properties_of_type
		definition_of_domain names_of_type check_fit check_guard_text stage_of_journey check_attachment ends_in
		journey_agg_add score_agg_add score_agg_deserialize check_derivable derivation_columns checked_mapping
		name_for_two check_play check_touchpoint check_stages_exist present_label bi_as_of bi_census bi_column
		bi_frame bi_name bi_row_query bi_summary bi_summary_query distinct_names
		greater_operator mapping_argument stages_argument
	},
	# They answer nobody but those that are asked above.
	q{
		check_columns_shown check_persona date_expression diagram_of key_expression later present_journey
		rows_in_question shown_attachment shown_attachments verify_derivations
	};
my @readers = split /\n/, $primary->safe_psql('postgres', q{
	SELECT DISTINCT p.proname FROM pg_proc p JOIN pg_depend d ON d.objid = p.oid AND d.classid = 'pg_proc'::regclass AND d.deptype = 'e'
	WHERE (p.prokind = 'a' OR p.prokind = 'f' AND p.provolatile <> 'i') AND p.prorettype <> 'trigger'::regtype
		AND d.refobjid = (SELECT oid FROM pg_extension WHERE extname = 'crm_lifecycle') ORDER BY 1});
is(join(' ', grep { my $name = $_; $elsewhere !~ /\b$name\b/ and not grep { /lifecycle\.$name\(/ } @questions } @readers), '',
	'standby: every function that reads is asked');
is($standby->safe_psql('postgres', 'SELECT pg_is_in_recovery()'), 't', 'standby: it is one');
for my $question (@questions)
{
	my $expected = $primary->safe_psql('postgres', $question);
	my ($status, $answer, $error) = $standby->psql('postgres', $question);
	is($answer . $error, $expected, "standby: $question");
}
($status, $out, $err) = $standby->psql('postgres', q{UPDATE deals SET stage = 'sql' WHERE id = 1});
like($err, qr/cannot execute UPDATE in a read-only transaction/, 'standby: only moves are not made');

# Rules that change on the primary change on the standby.
$primary->safe_psql('postgres', q{UPDATE lifecycle.lifecycle SET diagram = replace(diagram, 'amount > 10', 'amount > 20')});
$primary->wait_for_catchup($standby);
is($standby->safe_psql('postgres', q{SELECT count(*) FROM parts d WHERE lifecycle.can(d, 'sql') AND stage = 'lead'}), '0',
	'standby: new rules are answered by');

# Promoted, it goes on where the primary was.
$standby->promote;
is($standby->safe_psql('postgres', q{UPDATE deals SET stage = 'won' WHERE id = 12 RETURNING lifecycle.path(journey)}),
	'lead>sql>won', 'standby: promoted, it moves rows');

$subscriber->stop;
$standby->stop;
$primary->stop;
done_testing();
