# 31: pg_upgrade carries rules, journeys, triggers and the log over, and everything else there is: what follows from
# what, plays and maps, scores, values of every type, partitions, policies, views, a renaming that is half done.
# UPGRADE_FROM names the installations to come through, oldest first (test/majors does); without it, to the same
# major version, which is all that one installation can do and goes the same way.

use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

# Minor releases come in batches, one of each major version on the same day: 15.18, 16.14, 17.10 and 18.4, say. So a
# batch is known by its number of 15, which was so far ahead when the others began; numbers that were passed over count
# for nothing.
my %behind = (15 => 0, 16 => 4, 17 => 8, 18 => 14);
my %passed_over = (18 => 5);

# What the batch of a server is called; undef for versions that the table does not know, and for development.
sub batch_of
{
	my ($version) = @_;
	my ($major, $minor) = $version =~ /^(\d+)\.(\d+)/ or return undef;
	return undef if !$minor || !defined $behind{$major};
	$minor-- if $minor > ($passed_over{$major} // $minor);
	return '15.' . ($minor + $behind{$major});
}

# Servers of other batches have other mistakes mended: what differs then may be PostgreSQL's doing.
sub say_batches
{
	my @known = grep { defined batch_of($_) } @_;
	my %batches = map { batch_of($_) => 1 } @known;
	diag('NB: the servers are not of one batch of minor releases: ' . join(', ', map { "$_ (that of " . batch_of($_) . ')' } @known))
		if keys %batches > 1;
}

is_deeply([ map { batch_of($_) } '15.18 (Debian 15.18-0+deb12u1)', '16.14', '17.10', '18.4' ], [ ('15.18') x 4 ], 'batches are known');
is(batch_of('18.6'), batch_of('17.11'), 'also behind a number that was passed over');
is(batch_of($_), undef, "nothing is said of $_") for '18.0', '19beta1', '19.1';

my @from = split ' ', $ENV{UPGRADE_FROM} // '';

# A server of the installation, without checksums: pg_upgrade wants both alike, and versions differ on it.
sub new_server
{
	my ($name, $installation) = @_;
	my $server = PostgreSQL::Test::Cluster->new($name, $installation ? (install_path => $installation) : ());
	my $version = $server->pg_version;
	$server->init(extra => $version >= 18 ? ['--no-data-checksums'] : []);
	$server->append_conf('postgresql.conf', 'fsync = off');
	return $server;
}

sub server_version { return $_[0]->safe_psql('postgres', 'SHOW server_version') =~ s/ .*//r; }

my $old = new_server('old', shift @from);
$old->start;
$old->safe_psql('postgres', q{
	CREATE EXTENSION crm_lifecycle;
	CREATE TYPE stage AS ENUM ('lead', 'sql', 'won');
	SELECT lifecycle.create_lifecycle('deal', E'stateDiagram-v2\n[*] --> lead\nlead --> sql : accept [amount > 10]\nsql --> won');
	CREATE TABLE deals (id int PRIMARY KEY, gone int, stage stage, amount int);
	ALTER TABLE deals DROP COLUMN gone;
	SELECT lifecycle.attach('deals', 'deal', log => true);
	INSERT INTO deals SELECT g, 'lead', g FROM generate_series(1, 50) g;
	UPDATE deals SET stage = 'sql' WHERE id > 20;
	CREATE TABLE summary AS SELECT lifecycle.funnel_agg(journey, 'lead > sql > won') f, lifecycle.velocity_agg(journey) v FROM deals;
	CREATE INDEX ON deals (journey);
});
# Accounts that follow their contacts, who are partitioned; a guard that calls a function, policies.
$old->safe_psql('postgres', q{
	CREATE ROLE clerk;
	CREATE SCHEMA shop;
	GRANT USAGE ON SCHEMA shop TO clerk;
	SET search_path = shop, public;
	CREATE TABLE limits AS SELECT 10 AS least;
	CREATE FUNCTION big_enough(amount int) RETURNS boolean LANGUAGE sql STABLE AS 'SELECT amount > (SELECT least FROM limits)';
	SELECT lifecycle.create_lifecycle('contact', $$
		stateDiagram-v2
			[*] --> lead
			lead --> talks : call
			talks --> won : sign [big_enough(amount)]
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
	SELECT lifecycle.create_lifecycle('account', E'stateDiagram-v2\n[*] --> lead\nlead --> talks\ntalks --> customer');
	CREATE TABLE accounts (id int PRIMARY KEY, stage text DEFAULT 'lead', other int);
	CREATE TABLE contacts (id int, region text, gone int, account_id int REFERENCES accounts, stage text DEFAULT 'lead', amount int DEFAULT 20,
		renews_at date, clerk name, PRIMARY KEY (region, id)) PARTITION BY LIST (region);
	ALTER TABLE contacts DROP COLUMN gone;
	CREATE TABLE contacts_eu PARTITION OF contacts FOR VALUES IN ('eu');
	CREATE TABLE contacts_us (amount int, renews_at date, region text NOT NULL, id int NOT NULL, stage text DEFAULT 'lead', clerk name, account_id int);
	ALTER TABLE contacts ATTACH PARTITION contacts_us FOR VALUES IN ('us');
	SELECT lifecycle.attach('accounts', 'account', log => true), lifecycle.attach('contacts', 'contact', log => true);
	SELECT lifecycle.derive('accounts', 'contacts', mapping => '{"talks": "talks", "won": "customer"}');
	INSERT INTO accounts SELECT generate_series(1, 10);
	INSERT INTO contacts (id, region, account_id, renews_at, clerk)
		SELECT g, (ARRAY['eu', 'us'])[1 + g % 2], 1 + g % 10, date '2026-05-01' + g, CASE WHEN g % 4 = 0 THEN 'clerk' END FROM generate_series(1, 40) g;
	UPDATE contacts SET stage = 'talks' WHERE account_id < 8;
	UPDATE contacts SET stage = 'won' WHERE account_id < 4;
	UPDATE contacts SET region = 'eu' WHERE id = 11;
	SET crm_lifecycle.import = on;
	INSERT INTO contacts (id, region, stage, journey) VALUES (41, 'eu', 'won', '{lead@2026-01-05,talks@2026-02-01,won@2026-03-01}');
	RESET crm_lifecycle.import;
	ALTER TABLE contacts ENABLE ROW LEVEL SECURITY;
	CREATE POLICY own ON contacts TO clerk USING (clerk = current_user);
	GRANT SELECT, UPDATE ON contacts TO clerk;

	INSERT INTO lifecycle.persona VALUES ('contact', 'Tom', 'Runs IT', '{quiet nights}', '{}', '{chat}');
	INSERT INTO lifecycle.touchpoint (lifecycle, stage, persona, name, family, channel, emotion) VALUES
		('contact', 'lead', 'Tom', 'Docs', 'marketing', 'web', 1), ('contact', 'talks', NULL, 'Demo', 'sales', 'email', 2);
	INSERT INTO lifecycle.play (lifecycle, name, stage, from_stage, to_stage, date_column, delay, channel, starts_at) VALUES
		('contact', 'call', 'talks', NULL, NULL, NULL, '3 days', 'phone', '2026-01-01'),
		('contact', 'thank', NULL, 'talks', 'won', NULL, '1 day', 'email', '2026-01-01'),
		('contact', 'renew', 'won', NULL, NULL, 'renews_at', '-30 days', 'email', '2026-01-01');
	SELECT lifecycle.create_play_queue('queue');
	SELECT lifecycle.collect_plays('contacts', 'queue', until => now() + interval '2 days');
	SELECT lifecycle.create_score('size', E'group size 0..50\n+20 when big_enough(amount)\n+5 on call\nbands big >= 20, small');
	SELECT lifecycle.alter_score('size', E'group size 0..50 half-life 7 days\n+30 when big_enough(amount)\n+5 on call\nbands big >= 20, small');
	SELECT lifecycle.create_rfm_rules('segments');
	SELECT lifecycle.create_bi_views('contacts', "by" => '{region}');
	CREATE MATERIALIZED VIEW flow_copy AS SELECT * FROM contacts_flow;
});

# A lead becomes a deal; and a value of every type, in tables and in a column's default.
$old->safe_psql('postgres', q{
	CREATE TABLE calls (id int PRIMARY KEY, stage text DEFAULT 'lead');
	CREATE TABLE offers (id int PRIMARY KEY, call_id int UNIQUE REFERENCES calls, stage text DEFAULT 'lead', amount int);
	SELECT lifecycle.attach('calls', 'account'), lifecycle.attach('offers', 'deal');
	SELECT lifecycle.allow_hand_over('calls', 'offers', '{talks}');
	INSERT INTO calls VALUES (1), (2);
	UPDATE calls SET stage = 'talks';
	INSERT INTO offers VALUES (1, 1);
	CREATE TABLE measured AS SELECT lifecycle.funnel_agg(journey, 'lead > talks > won') funnel, lifecycle.velocity_agg(journey, 'as of 2099-01-01') velocity,
			lifecycle.survival_agg(journey, 'from lead to won, lost', '2099-01-01') survival, lifecycle.win_rate_agg(journey, 'won against lost') win_rate,
			lifecycle.retention_agg(journey, 'from lead while talks, won every 1 month for 3', '2099-01-01') retention,
			lifecycle.census_agg(journey, 'from 2026-01-01 to 2027-06-01 every 1 month') census,
			lifecycle.naive_bayes_agg(stage = 'won', jsonb_build_object('region', region, 'amount', amount)) naive_bayes,
			lifecycle.attribution_agg(lifecycle.stages(journey), stage = 'won', amount) attribution,
			lifecycle.decayed_sum(1, lifecycle.entered_at(journey, 'lead'), interval '7 days') decayed_score,
			lifecycle.pipeline_agg(amount, 0.5) pipeline, lifecycle.mrr_agg('2026-01-01', amount) mrr
		FROM shop.contacts;
	CREATE TABLE asked (id int, funnel lifecycle.funnel_spec DEFAULT 'lead > talks > won within 90 days', velocity lifecycle.velocity_spec DEFAULT 'as of 2099-01-01',
		survival lifecycle.survival_spec DEFAULT 'from lead to won', win_rate lifecycle.win_rate_spec DEFAULT 'won against lost',
		retention lifecycle.retention_spec DEFAULT 'from lead while talks every 1 month for 3',
		census lifecycle.census_spec DEFAULT 'from 2026-01-01 to 2027-06-01 every 1 month');
	INSERT INTO asked VALUES (1);
});

# A renaming that was left after its first step and half of the second, and a merge.
$old->safe_psql('postgres', q{
	SELECT lifecycle.create_lifecycle('ticket', E'stateDiagram-v2\n[*] --> new\nnew --> busy\nbusy --> waiting\nwaiting --> done');
	CREATE TYPE phase AS ENUM ('new', 'busy', 'waiting', 'done');
	CREATE TABLE tickets (id int PRIMARY KEY, stage phase, other int);
	SELECT lifecycle.attach('tickets', 'ticket', log => true);
	INSERT INTO tickets SELECT g, 'new' FROM generate_series(1, 20) g;
	UPDATE tickets SET stage = 'busy' WHERE id > 5;
	UPDATE tickets SET stage = 'waiting' WHERE id > 10;
	SELECT lifecycle.prepare_rename('ticket', 'busy', 'active', false);
	SELECT lifecycle.prepare_merge('ticket', 'waiting', 'active', false);
	UPDATE tickets SET other = 1 WHERE id % 2 = 0;
});

my @questions = ('SELECT * FROM deals ORDER BY id', 'SELECT * FROM deals_stage_log ORDER BY number', 'SELECT * FROM summary',
	q{SELECT name, lifecycle.diagram(name), owner, search_path FROM lifecycle.lifecycle ORDER BY name},
	'SELECT * FROM lifecycle.lifecycle_history ORDER BY lifecycle, number',
	'SELECT * FROM lifecycle.attachments ORDER BY relation::text',
	q{SELECT r, v.* FROM unnest('{deals,tickets,calls,offers,shop.accounts,shop.contacts}'::regclass[]) r, lifecycle.verify(r) v},
	(map { "SELECT tableoid::regclass, * FROM $_ ORDER BY id" } qw(shop.accounts shop.contacts calls offers tickets)),
	(map { "SELECT * FROM $_ ORDER BY number" } qw(shop.accounts_stage_log shop.contacts_stage_log tickets_stage_log)),
	'SELECT * FROM lifecycle.derivations', 'SELECT d.*, s.* FROM lifecycle.derivations d, lifecycle.derivation_stages(d) s ORDER BY place, label',
	'SELECT * FROM lifecycle.hand_overs',
	q{SELECT tgrelid::regclass, tgname, tgenabled, pg_get_triggerdef(oid), obj_description(oid, 'pg_trigger') FROM pg_trigger WHERE NOT tgisinternal ORDER BY 1, 2},
	q{SELECT conrelid::regclass, conname, convalidated, pg_get_constraintdef(oid) FROM pg_constraint
		WHERE connamespace IN ('public'::regnamespace, 'shop'::regnamespace) AND contype = 'c' ORDER BY conrelid::regclass::text, conname},
	'SELECT * FROM lifecycle.play ORDER BY name', 'SELECT * FROM lifecycle.persona', 'SELECT * FROM lifecycle.touchpoint ORDER BY name',
	q{SELECT * FROM lifecycle.journey_map('contact', 'Tom')}, q{SELECT * FROM lifecycle.coverage('contact')},
	'SELECT * FROM shop.queue ORDER BY key', q{SELECT * FROM lifecycle.due_plays('shop.contacts', until => '2099-01-01') ORDER BY play, key},
	'SELECT * FROM lifecycle.score_history ORDER BY number', q{SELECT lifecycle.score_definition_at('size', at) FROM lifecycle.score_history ORDER BY number},
	q{SELECT id, lifecycle.score('size', c, '{call}', '{2026-01-01}', '2026-02-01') FROM shop.contacts c ORDER BY id},
	q{SELECT lifecycle.rfm_segment(5, 5, 5, 'shop.segments')},
	'SELECT m::text FROM measured m', 'SELECT * FROM asked',
	(map { "SELECT x.* FROM measured, lifecycle.$_ x" } 'funnel_steps(funnel)', 'velocity_moves(velocity)', 'kaplan_meier(survival)',
		'retention_cells(retention)', 'census_cells(census)', q{attribution_shares(attribution, 'linear')}, q{mrr_movements(mrr, '2026-03-01')}),
	q{SELECT win_rate::float8, lifecycle.predict(naive_bayes, '{"region": "eu"}'), lifecycle.score_at(decayed_score, '2099-01-01') FROM measured},
	q{SELECT view, shape, options FROM lifecycle.bi_views('shop.contacts') ORDER BY shape}, q{SELECT * FROM lifecycle.outdated_bi_views('shop.contacts')},
	'SELECT * FROM shop.flow_copy ORDER BY 1, 2, 3, 4, 5',
	# But for the days that go by while we ask.
	(map { "SELECT to_jsonb(x) - '{open_days,days_in_stage,days_left}'::text[] AS cells FROM shop.contacts_$_ x ORDER BY cells" }
		qw(stages history dates funnel flow cohorts census due)),
	q{SET ROLE clerk; SELECT count(*), bool_and(clerk = 'clerk') FROM shop.contacts});
my @before = map { $old->safe_psql('postgres', $_) } @questions;
is(join("\n", map { $questions[$_] } grep { $before[$_] eq '' } 0 .. $#questions), q{SELECT * FROM lifecycle.outdated_bi_views('shop.contacts')}, 'there is something to compare');
is($old->safe_psql('postgres', q{
	SELECT t.oid::regtype FROM pg_type t JOIN pg_depend d ON (d.classid, d.objid, d.deptype) = ('pg_type'::regclass, t.oid, 'e')
	WHERE t.typtype = 'b' AND t.typcategory <> 'A' AND d.refobjid = (SELECT oid FROM pg_extension WHERE extname = 'crm_lifecycle')
		AND NOT EXISTS (SELECT FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid WHERE a.atttypid = t.oid AND c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace)}),
	'lifecycle.journey_events', 'a table has a value of every type but that of scores\' events');
is($old->safe_psql('postgres', q{SELECT string_agg(DISTINCT stage, ' ' ORDER BY stage) FROM shop.accounts}), 'customer lead talks', 'accounts follow');
is($old->safe_psql('postgres', q{SELECT count(*) FILTER (WHERE journey::text ~ 'busy|waiting') || ' ' || count(*) FILTER (WHERE journey::text ~ 'active') FROM tickets}),
	'7 8', 'rows are half relabelled');
my @versions = server_version($old);
my $new;
for my $step (1 .. @from + 1)
{
	$new = new_server("new_$step", shift @from);
	$old->stop;
	chdir $new->basedir or die;
	$new->command_ok([ 'pg_upgrade', '--no-sync', '-d', $old->data_dir, '-D', $new->data_dir,
		'-b', $old->config_data('--bindir'), '-B', $new->config_data('--bindir'),
		'-s', $new->host, '-p', $old->port, '-P', $new->port ], 'it upgrades to ' . $new->pg_version);
	$new->start;
	is($new->safe_psql('postgres', $questions[$_]), $before[$_], $questions[$_]) for 0 .. $#questions;
	push @versions, server_version($new);
	$old = $new;
}
say_batches(@versions);

# Everything goes on.
sub answer { my ($status, $out, $err) = $new->psql('postgres', $_[0]); return $out . $err; }
sub all_is_well
{
	is(answer(q{SELECT r, v.* FROM unnest('{deals,calls,offers,shop.accounts,shop.contacts}'::regclass[]) r, lifecycle.verify(r) v}),
		'', "$_[0]: and all is well");
}
like(answer(q{UPDATE deals SET stage = 'sql' WHERE id = 5}), qr/accept" \[amount > 10\] is not satisfied/, 'guards are judged');
is(answer(q{UPDATE deals SET stage = 'won' WHERE id = 30 RETURNING lifecycle.path(journey)}), 'lead>sql>won', 'journeys go on');
is(answer(q{SELECT max(id) FROM deals_stage_log WHERE to_stage = 'won'}), '30', 'and so does the log');

like(answer(q{UPDATE shop.contacts SET stage = 'won' WHERE id = 8}), qr/illegal move from "lead" to "won"/, 'in partitions');
like(answer(q{UPDATE shop.accounts SET stage = 'customer' WHERE id = 9}), qr/column "stage" of table "accounts" is derived/, 'a derived stage is not moved by hand');
is(answer(q{UPDATE shop.contacts SET stage = 'talks' WHERE id = 8; SELECT lifecycle.path(journey) FROM shop.accounts WHERE id = 9}), 'lead>talks', 'a contact moves its account');
like(answer(q{UPDATE shop.contacts SET stage = 'won', amount = 3 WHERE id = 8}), qr/\[big_enough\(amount\)\] is not satisfied/, 'a guard calls its function');
is(answer(q{SET ROLE clerk; UPDATE shop.contacts SET stage = 'won' WHERE account_id = 9 AND stage = 'talks' RETURNING id}), '8', 'whoever may see a row moves it');
is(answer(q{SELECT lifecycle.path(journey) FROM shop.accounts WHERE id = 9}), 'lead>talks>customer', 'and with it what he may not see');
is(answer(q{SELECT from_stage, to_stage, login FROM shop.accounts_stage_log WHERE id = 9 ORDER BY number DESC LIMIT 1}), 'talks|customer|' . $new->safe_psql('postgres', 'SELECT session_user'), 'which is logged');
is(answer(q{SELECT play, key->>'id' FROM lifecycle.due_plays('shop.contacts', until => now() + interval '25 hours') WHERE key->>'id' = '8' AND play <> 'renew'}), 'thank|8', 'a play is due');
is(answer(q{SELECT lifecycle.collect_plays('shop.contacts', 'shop.queue', until => now() + interval '2 days')}), '1', 'and is collected, but for those that were');
all_is_well('moved');

like(answer(q{UPDATE calls SET stage = 'lead' WHERE id = 2}), qr/illegal move/, 'a lead is judged');
is(answer(q{INSERT INTO offers VALUES (2, 2) RETURNING lifecycle.path(journey)}), 'lead>talks>lead', 'and is handed over');
is(answer(q{SET search_path = shop, public; SELECT lifecycle.alter_score('size', E'group size 0..50\n+40 when big_enough(amount)'); SELECT number, change FROM lifecycle.score_history ORDER BY number DESC LIMIT 1}) =~ s/^\n//r,
	'3|alter', 'the history of scores goes on');
is(answer(q{SELECT DISTINCT lifecycle.score('size', c) FROM shop.contacts c WHERE amount = 20}), '40', 'and their conditions are judged');
is(answer(q{SELECT lifecycle.rollup(f ORDER BY n)::text = lifecycle.rollup(f ORDER BY n DESC)::text FROM (SELECT 1 AS n, funnel AS f FROM measured
	UNION ALL SELECT 2, lifecycle.funnel_agg(journey, 'lead > talks > won') FROM shop.contacts) x}), 't', 'old values merge with new ones');

unlike(answer(q{SET search_path = shop, public; SELECT lifecycle.alter_lifecycle('contact', lifecycle.diagram('contact') || E'\nlost --> lead : again')}), qr/ERROR/, 'a lifecycle is altered');
is(answer(q{UPDATE shop.contacts SET stage = 'lost' WHERE id = 4; UPDATE shop.contacts SET stage = 'lead' WHERE id = 4 RETURNING lifecycle.path(journey)}),
	'lead>talks>lost>lead', 'and moves follow it');
is(answer(q{SELECT change FROM lifecycle.lifecycle_history WHERE lifecycle = 'contact' ORDER BY number}), "create\nalter", 'which its history has');
unlike(answer(q{CALL lifecycle.rename_stage('contact', 'talks', 'in talks')}), qr/ERROR/, 'a stage is renamed');
is(answer(q{SELECT mapping->>'in talks' FROM lifecycle.derivations}), 'talks', 'what follows from it');
is(answer(q{SELECT stage FROM lifecycle.play WHERE name = 'call' UNION ALL SELECT stage FROM lifecycle.touchpoint WHERE name = 'Demo'}), "in talks\nin talks", 'what is planned for it');
is(answer(q{SELECT shape, change FROM lifecycle.refresh_bi_views('shop.contacts') WHERE shape = 'dates'; SELECT count("in talks") > 0 FROM shop.contacts_dates}),
	"dates|made anew\nt", 'and what is shown of it go along');
unlike(answer(q{CALL lifecycle.rename_stage('ticket', 'busy', 'active', 3)}), qr/ERROR/, 'the renaming and the merge that were left are finished');
is(answer(q{SELECT count(*) FILTER (WHERE journey::text ~ 'busy|waiting') || ' ' || count(*) FROM tickets}), '0 20', 'in every row');
is(answer(q{SELECT * FROM lifecycle.verify('tickets')}), '', 'and nothing is left of it');
all_is_well('altered');

chdir $ENV{TESTDIR};
$new->stop;
done_testing();
