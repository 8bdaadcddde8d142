# 29: a dump that is taken while a stage is being renamed restores, with rows half relabelled and a CHECK that
# is not validated; moves are judged as before, and calling again finishes the work. So does calling again after
# the server was killed in the middle of it.

use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('rename');
$node->init;
$node->append_conf('postgresql.conf', 'fsync = off');
$node->start;

$node->safe_psql('postgres', q{
	CREATE EXTENSION crm_lifecycle;
	CREATE TYPE stage AS ENUM ('lead', 'sql', 'won');
	SELECT lifecycle.create_lifecycle('deal', E'stateDiagram-v2\n[*] --> lead\nlead --> sql\nsql --> won');
	CREATE TABLE typed (id int PRIMARY KEY, stage stage, other int);
	CREATE TABLE deals (id int PRIMARY KEY, stage text, other int);
	-- Text: the CHECK stays valid. One of an enum that is not can deadlock with the indexes of partitions in a parallel restore.
	CREATE TABLE parts (id int PRIMARY KEY, stage text, other int) PARTITION BY RANGE (id);
	CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM (0) TO (500);
	CREATE TABLE parts_2 PARTITION OF parts FOR VALUES FROM (500) TO (2000);
	SELECT lifecycle.attach(r, 'deal', log => true) FROM unnest('{typed,deals,parts}'::regclass[]) r;
	INSERT INTO typed SELECT g, 'lead' FROM generate_series(1, 1000) g;
	INSERT INTO deals SELECT g, 'lead' FROM generate_series(1, 1000) g;
	INSERT INTO parts SELECT g, 'lead' FROM generate_series(1, 1000) g;
	UPDATE typed SET stage = 'sql' WHERE id % 2 = 0;
	UPDATE deals SET stage = 'sql' WHERE id % 2 = 0;
});

# The first step, and half of the second.
$node->safe_psql('postgres', q{
	SELECT lifecycle.prepare_rename('deal', 'lead', 'prospect', false);
	UPDATE typed SET other = 1 WHERE id <= 500;
	UPDATE deals SET other = 1 WHERE id <= 500;
	UPDATE parts SET other = 1 WHERE id % 3 = 0;
});

# Those of the partitioned table may be relabelled while they are restored in parallel.
my $rows = join ' UNION ALL ', map { "SELECT '$_' AS rel, id, stage::text, journey::text, other FROM $_" } qw(typed deals);
my $half = $node->safe_psql('postgres', "$rows ORDER BY rel, id");
my $held = join ' UNION ALL ', map { "SELECT '$_ ' || count(*) FILTER (WHERE lifecycle.path(journey) LIKE '%lead%') || ' ' || count(*) FROM $_" } qw(typed deals parts);
is($node->safe_psql('postgres', $held), "typed 500 1000\ndeals 500 1000\nparts 667 1000", 'rows are half relabelled');

sub check_restored
{
	my ($database, $how) = @_;

	is($node->safe_psql($database, "$rows ORDER BY rel, id"), $half, "$how: every row is as it was");
	is($node->safe_psql($database, q{SELECT hint FROM lifecycle.verify('typed') WHERE problem LIKE '%renamed'}),
		q{CALL lifecycle.rename_stage('deal', 'lead', 'prospect');}, "$how: verify() says that it is not finished");
	my ($status, $out, $err) = $node->psql($database, q{UPDATE typed SET stage = 'won' WHERE id = 999});
	like($err, qr/illegal move from "prospect" to "won"/, "$how: an illegal move is refused");
	is($node->safe_psql($database, q{UPDATE typed SET stage = 'sql' WHERE id = 999 RETURNING lifecycle.path(journey)}),
		'prospect>sql', "$how: a legal one is made, under the new label");
	is($node->safe_psql($database, q{UPDATE deals SET other = 2 WHERE id = 999 RETURNING stage, lifecycle.path(journey)}),
		'prospect|prospect', "$how: a row that is touched is relabelled");
	$node->safe_psql($database, q{CALL lifecycle.rename_stage('deal', 'lead', 'prospect', 2)});
	is($node->safe_psql($database, $held), "typed 0 1000\ndeals 0 1000\nparts 0 1000", "$how: calling again finishes the work");
	is($node->safe_psql($database, q{SELECT count(*) FROM unnest('{typed,deals,parts}'::regclass[]) r, lifecycle.verify(r)}), '0',
		"$how: and all is well");
	is($node->safe_psql($database, q{SELECT count(*) FROM typed_stage_log WHERE 'lead' IN (from_stage, to_stage)}), '0', "$how: also in the log");
}

my $file = $node->basedir . '/plain.sql';
$node->safe_psql('postgres', "CREATE DATABASE $_") foreach qw(plain parallel);
$node->command_ok([ 'pg_dump', '--no-sync', '-f', $file, '-d', $node->connstr('postgres') ], 'plain: dumps');
$node->command_ok([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-f', $file, '-d', $node->connstr('plain') ], 'plain: restores');
check_restored('plain', 'plain');

my $archive = $node->basedir . '/custom.dump';
$node->command_ok([ 'pg_dump', '--no-sync', '-Fc', '-f', $archive, '-d', $node->connstr('postgres') ], 'parallel: dumps');
{
	local $ENV{PGOPTIONS} = '-c crm_lifecycle.import=restore';
	$node->command_ok([ 'pg_restore', '-j', '2', '--exit-on-error', '-d', $node->connstr('parallel'), $archive ], 'parallel: restores');
}
check_restored('parallel', 'parallel');

# Killed between two batches, where a row is held.
my $holder = $node->background_psql('postgres');
$holder->query_safe('BEGIN; SELECT FROM deals WHERE id = 900 FOR UPDATE;');
my $renamer = $node->background_psql('postgres', on_error_stop => 0);
$renamer->query_until(qr/started/, "\\echo started\nCALL lifecycle.rename_stage('deal', 'lead', 'prospect', 1);\n");
$node->poll_query_until('postgres', q{SELECT count(*) > 0 FROM pg_stat_activity WHERE query LIKE 'CALL%' AND wait_event_type = 'Lock'});
$node->stop('immediate');
$node->start;
my ($left) = $node->safe_psql('postgres', $held) =~ /deals (\d+)/;
ok($left > 0 && $left < 500, "killed: some of the batches were committed, $left rows are left");
$node->safe_psql('postgres', q{CALL lifecycle.rename_stage('deal', 'lead', 'prospect')});
is($node->safe_psql('postgres', $held), "typed 0 1000\ndeals 0 1000\nparts 0 1000", 'killed: calling again finishes the work');
is($node->safe_psql('postgres', q{SELECT count(*) FROM unnest('{typed,deals,parts}'::regclass[]) r, lifecycle.verify(r)}), '0', 'killed: and all is well');

$node->stop;
done_testing();
