# A database at every earlier version of the extension updates to the present one, is then object by object as
# one in which the extension is new, and its attached tables are as if they had been attached today.

use strict;
use warnings;

use File::Basename;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $server = PostgreSQL::Test::Cluster->new('update');
$server->init;
$server->append_conf('postgresql.conf', 'fsync = off');
$server->start;

my $catalog = slurp_file(dirname(__FILE__) . '/catalog.sql');

# What there is of one object a line, in the order of the objects.
sub facts
{
	my ($db, $query) = @_;
	my %facts;
	for my $row (split /\x1e/, $server->safe_psql($db, $query, extra_params => ['-F', "\x1f", '-R', "\x1e"]))
	{
		my ($object, $about, $fact) = split /\x1f/, $row;
		$facts{"$object: $about"} .= $fact . "\n";
	}
	return \%facts;
}

# The differences, in words.
sub differences
{
	my ($updated, $fresh) = @_;
	my @words;
	for my $key (sort keys %{ { %$updated, %$fresh } })
	{
		my ($was, $is) = ($updated->{$key}, $fresh->{$key});
		if (!defined $was) { push @words, "lacks $key $is" }
		elsif (!defined $is) { push @words, "has left over $key $was" }
		elsif ($was ne $is) { push @words, "differs in $key\n  updated: $was  fresh:   $is" }
	}
	return join '', @words;
}

# Tables of every kind, attached, with rows.
sub attach_tables
{
	my ($db) = @_;
	$server->safe_psql($db, q{
		CREATE TYPE stage AS ENUM ('lead', 'sql', 'won');
		SELECT lifecycle.create_lifecycle(n, E'stateDiagram-v2\n[*] --> lead\nlead --> sql : accept [amount > 10]\nsql --> won')
			FROM unnest('{deal,other}'::text[]) n;
		CREATE TABLE deals (id int PRIMARY KEY, stage stage NOT NULL, amount int, why text);
		CREATE TABLE parts (id int PRIMARY KEY, stage text, amount int) PARTITION BY RANGE (id);
		CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM (0) TO (100);
		CREATE TABLE parts_2 PARTITION OF parts FOR VALUES FROM (100) TO (200);
		CREATE TABLE "Odd one" (id int PRIMARY KEY, "the ""state"" of a thing whose name is longer than it should be, alas" text, pipeline text, amount int);
		SELECT lifecycle.attach('deals', 'deal', log => true, reason_column => 'why');
		SELECT lifecycle.attach('parts', 'deal', log => true);
		SELECT lifecycle.attach('"Odd one"', lifecycle_column => 'pipeline', mode => 'warn', log => true,
			stage_column => left('the "state" of a thing whose name is longer than it should be, alas', 63));
		INSERT INTO deals SELECT g, 'lead', g FROM generate_series(1, 50) g;
		INSERT INTO parts SELECT g, 'lead', g FROM generate_series(1, 120) g;
		INSERT INTO "Odd one" VALUES (1, 'lead', 'other', 20);
		UPDATE deals SET stage = 'sql' WHERE id > 20;
		UPDATE parts SET stage = 'sql', id = id + 100 WHERE id BETWEEN 30 AND 40;
		CREATE TABLE summary AS SELECT lifecycle.funnel_agg(journey, 'lead > sql > won') f, lifecycle.velocity_agg(journey) v FROM deals;
	});
}

# What the libraries of earlier versions made otherwise of attached tables.
my %as_made_by = ('0.1.0' => q{
	DO $$
	DECLARE
		t record;
	BEGIN
		FOR t IN SELECT tgname AS name, tgrelid::regclass AS relation FROM pg_trigger WHERE tgname LIKE '%lifecycle%' AND tgparentid = 0 AND NOT tgisinternal LOOP
			EXECUTE format('COMMENT ON TRIGGER %I ON %s IS NULL', t.name, t.relation);
			IF t.name LIKE '!%' THEN
				EXECUTE format('ALTER TRIGGER %I ON %s RENAME TO %I', t.name, t.relation, '~' || substr(t.name, 2));
			END IF;
		END LOOP;
		FOR t IN SELECT conname AS name, conrelid::regclass AS relation FROM pg_constraint WHERE conname LIKE 'lifecycle%check' AND coninhcount = 0 LOOP
			EXECUTE format('COMMENT ON CONSTRAINT %I ON %s IS NULL', t.name, t.relation);
		END LOOP;
	END $$ });

# What belongs to the attachments.
my $attached = q{
	SELECT 'table ' || relation::regclass, name, concat_ws(' ', definition, comment) FROM (
		SELECT tgrelid, tgname::text, pg_get_triggerdef(oid) || ' ' || tgenabled::text, obj_description(oid, 'pg_trigger') FROM pg_trigger WHERE NOT tgisinternal
		UNION ALL
		SELECT conrelid, conname, pg_get_constraintdef(oid) || ' ' || convalidated, obj_description(oid, 'pg_constraint') FROM pg_constraint WHERE conrelid <> 0
		UNION ALL
		SELECT attrelid, attname, format_type(atttypid, atttypmod) || ' ' || attnum, NULL FROM pg_attribute WHERE attnum > 0) x (relation, name, definition, comment)
		JOIN pg_class c ON c.oid = relation AND relnamespace = 'public'::regnamespace };

my @answers = ('SELECT id, stage, lifecycle.path(journey) FROM deals ORDER BY id', 'SELECT number, id, kind, from_stage, to_stage FROM deals_stage_log ORDER BY number',
	'SELECT tableoid::regclass, id, stage, lifecycle.path(journey) FROM parts ORDER BY id', 'SELECT number, id, kind, from_stage, to_stage FROM parts_stage_log ORDER BY number',
	q{SELECT lifecycle.dump_lifecycle('deal')}, 'SELECT relation, key, lifecycle, lifecycle_column, stage_column, log, mode FROM lifecycle.attachments ORDER BY 1');

$server->safe_psql('postgres', 'CREATE DATABASE fresh');
$server->safe_psql('fresh', 'CREATE EXTENSION crm_lifecycle');
my $fresh = facts('fresh', $catalog);
cmp_ok(scalar keys %$fresh, '>', 1000, 'the catalogs tell much');
cmp_ok((sort { $b <=> $a } map { length } values %$fresh)[0], '>', 1000, 'in full');
attach_tables('fresh');
my $fresh_attached = facts('fresh', $attached);

my $present = $server->safe_psql('fresh', q{SELECT extversion FROM pg_extension WHERE extname = 'crm_lifecycle'});
my @versions = split /\n/, $server->safe_psql('fresh', qq{
	SELECT version FROM pg_available_extension_versions WHERE name = 'crm_lifecycle' AND version <> '$present'
	ORDER BY string_to_array(version, '.')::int[]});
ok(scalar @versions, 'there are earlier versions');

for my $version (@versions)
{
	my $db = "from_$version";
	$server->safe_psql('postgres', qq{CREATE DATABASE "$db"});
	$server->safe_psql($db, "CREATE EXTENSION crm_lifecycle VERSION '$version'");
	attach_tables($db);
	$server->safe_psql($db, $as_made_by{$version}) if $as_made_by{$version};
	# Between the installation and the update: nothing crashes, at worst it asks for the update.
	for my $question ('TABLE lifecycle.stage', q{SELECT lifecycle.velocity_agg(journey, 'moved 2026-01-01 to 2026-04-01') FROM deals},
		q{SELECT * FROM lifecycle.verify('deals')}, q{SELECT lifecycle.funnel_agg(journey, 'lead > sql') FROM deals})
	{
		my ($status, $out, $err) = $server->psql($db, $question);
		ok($status == 0 || $err =~ /ALTER EXTENSION crm_lifecycle UPDATE/, "$version: before it: $question") or diag $err;
	}
	my @before = map { $server->safe_psql($db, $_) } @answers;
	my ($status, $out, $err) = $server->psql($db, 'ALTER EXTENSION crm_lifecycle UPDATE');
	is($status, 0, "$version updates") or diag $err;
	is($server->safe_psql($db, q{SELECT extversion FROM pg_extension WHERE extname = 'crm_lifecycle'}), $present, "$version: to $present");
	is(differences(facts($db, $catalog), $fresh), '', "$version: every object is as in a fresh database");
	is(differences(facts($db, $attached), $fresh_attached), '', "$version: attached tables are as if attached today");
	is($server->safe_psql($db, $answers[$_]), $before[$_], "$version: $answers[$_]") for 0 .. $#answers;
	is($server->safe_psql($db, qq{SELECT r, v.* FROM unnest(ARRAY['deals', 'parts', '"Odd one"']::regclass[]) r, lifecycle.verify(r) v}), '', "$version: all is well");
	is($server->safe_psql($db, 'SELECT f, v FROM summary'), $server->safe_psql($db,
		q{SELECT lifecycle.funnel_agg(journey, 'lead > sql > won'), lifecycle.velocity_agg(journey) FROM deals}), "$version: stored summaries are read");
	$server->safe_psql($db, q{UPDATE deals SET stage = 'won' WHERE id = 30; UPDATE parts SET stage = 'won', id = id + 40 WHERE id = 135});
	is($server->safe_psql($db, 'SELECT lifecycle.path(journey) FROM deals WHERE id = 30'), 'lead>sql>won', "$version: journeys go on");
	is($server->safe_psql($db, q{SELECT id, from_stage, to_stage FROM deals_stage_log ORDER BY number DESC LIMIT 1}), '30|sql|won', "$version: and logs");
	($status, $out, $err) = $server->psql($db, q{UPDATE deals SET stage = 'won' WHERE id = 15});
	like($err, qr/illegal move from "lead" to "won"/, "$version: illegal moves are refused");
	($status, $out, $err) = $server->psql($db, q{UPDATE deals SET stage = 'sql' WHERE id = 5});
	like($err, qr/accept" \[amount > 10\] is not satisfied/, "$version: guards are judged");
	($status, $out, $err) = $server->psql($db, q{INSERT INTO parts VALUES (199, 'won', 1)});
	like($err, qr/23514|may not begin|entry/i, "$version: rows begin where they may");
	$server->safe_psql($db, q{CALL lifecycle.rename_stage('deal', 'lead', 'prospect')});
	is($server->safe_psql($db, 'SELECT count(*) FROM deals WHERE lifecycle.started_at(journey) IS NOT NULL AND lifecycle.visits(journey, \'prospect\') = 1'), '50', "$version: stages are renamed");
	$server->safe_psql($db, 'SELECT lifecycle.detach(a.relation) FROM (SELECT DISTINCT relation FROM lifecycle.attachments) a');
	is($server->safe_psql($db, q{SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgfoid::regproc::text LIKE 'lifecycle.%' AND tgrelid::regclass::text !~ '^lifecycle'}), '', "$version: and detached");
}

$server->stop;
done_testing();
