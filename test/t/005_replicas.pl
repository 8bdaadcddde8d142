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
	q{SELECT * FROM lifecycle.due('deals', as_of => '2099-01-01') ORDER BY key},
	q{SELECT * FROM lifecycle.due_plays('deals', until => '2099-01-01') ORDER BY key, due_at},
	q{SELECT * FROM lifecycle.journey_map('deal')},
	q{SELECT * FROM lifecycle.coverage('deal')},
	q{SELECT * FROM lifecycle.touches('deals', 'SELECT id, timestamptz ''2099-01-01'' AS at, ''email'' AS channel, 1 AS emotion, NULL AS friction FROM deals') ORDER BY key},
	q{SELECT * FROM lifecycle.experience('deals', 'SELECT id, timestamptz ''2099-01-01'' AS at, ''email'' AS channel, 1 AS emotion, NULL AS friction FROM deals')},
	q{SELECT * FROM lifecycle.channel_conversion('deals', 'SELECT id, timestamptz ''2020-01-01'' AS at, ''email'' AS channel, 1 AS emotion, NULL AS friction FROM deals', '{won}')},
);
# No room may be forgotten: whatever can depend on the server is asked above, or writes, or serves those that do.
my $elsewhere = q{create_rfm_rules create_score alter_score drop_score create_lifecycle drop_lifecycle attach detach set_mode set_context begin_rename end_rename rename_in_enum
	prepare_followers prepare_rename finish_rename make_stage_type create_stage_type add_stage_labels check_rebuild rebuild_stage_type
	lock_lifecycle redraw_lifecycle follow_with_enums alter_lifecycle begin_merge prepare_merge retire_stage
	enum_of followers touched_by_rename check_followers what_is_unfit check_label_fits rename_work stage_type_mark check_enum_label
	types_over columns_over dependents_of_type labels_of_type properties_of_type definition_of_domain names_of_type
	check_fit check_guard_text lifecycle_tables stage_of_journey check_attachment ends_in journey_agg_add score_agg_add score_agg_deserialize
	present_journey shown_attachments shown_attachment key_expression check_columns_shown rows_in_question later date_expression check_stages_exist
	due_query due_plays_query share_lifecycle check_play present_label create_play_queue collect_plays
	check_touchpoint check_persona touches_query channel_conversion_query};
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
