# Plays, personas and touchpoints go through pg_dump and back with their lifecycles: plain, and in parallel, where
# their rows may come before the lifecycles; as a plain owner of the database, who may not be a member of the role
# that owned them. Data that is there already is no error, and nobody else plants any.

use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('dump_plan');
$node->init;
$node->append_conf('postgresql.conf', 'fsync = off');
$node->start;
$node->safe_psql('postgres', q{
	CREATE ROLE plain LOGIN;
	CREATE ROLE other LOGIN;
	CREATE ROLE team;
	GRANT team TO plain;
	CREATE DATABASE before OWNER plain;
	CREATE DATABASE after_plain OWNER plain;
	CREATE DATABASE after_parallel OWNER plain;
	CREATE DATABASE after_other OWNER other;
});

my $socket = $node->host;
my $port = $node->port;
sub as { my ($role, $database) = @_; return "host=$socket port=$port user=$role dbname=$database"; }
sub answer
{
	my ($role, $database, $sql) = @_;
	my ($out, $err) = ('', '');
	run_log([ 'psql', '-X', '-q', '-A', '-t', '-v', 'ON_ERROR_STOP=1', '-d', as($role, $database), '-c', $sql ], '>', \$out, '2>', \$err);
	return $out . $err;
}

# Many lifecycles, whose rows lie in opposite orders: workers that locked them against each other would meet in a
# deadlock.
is(answer('plain', 'before', q{
	CREATE EXTENSION crm_lifecycle;
	SET ROLE team;
	SELECT lifecycle.create_lifecycle('deal ' || i, 'stateDiagram-v2
	    ahead : Ahead
	    [*] --> lead
	    ahead --> lead
	    lead --> won
	    note right of ahead
	        outside: yes
	    end note') FROM generate_series(1, 30) i;
	INSERT INTO lifecycle.play (lifecycle, name, stage, delay, message)
		SELECT 'deal ' || i, 'play ' || n, 'lead', n * interval '1 day', E'It''s\tall "right"' FROM generate_series(1, 30) i, generate_series(1, 20) n;
	INSERT INTO lifecycle.play (lifecycle, name, from_stage, to_stage) SELECT 'deal ' || i, 'move', 'lead', 'won' FROM generate_series(1, 30) i;
	INSERT INTO lifecycle.persona (lifecycle, name, goals) SELECT 'deal ' || i, 'Zoé', '{"a, b",NULL}' FROM generate_series(30, 1, -1) i;
	INSERT INTO lifecycle.touchpoint (lifecycle, stage, persona, name, family, channel)
		SELECT 'deal ' || i, CASE n % 2 WHEN 0 THEN 'ahead' ELSE 'lead' END, CASE WHEN n > 5 THEN 'Zoé' END, 'touch ' || n, 'sales', 'email'
		FROM generate_series(30, 1, -1) i, generate_series(1, 20) n;
}) =~ s/\s//gr, '', 'a plain owner writes lifecycles, plays and maps');

my $rows = q{
	SELECT l.name, l.diagram FROM lifecycle.lifecycle l ORDER BY 1;
	TABLE lifecycle.play ORDER BY 1, 2;
	TABLE lifecycle.persona ORDER BY 1, 2;
	TABLE lifecycle.touchpoint ORDER BY 1, 2, 3, 4;
	SELECT count(*) FROM lifecycle.journey_map('deal 7', 'Zoé')};
my $was = answer('plain', 'before', $rows);
is(() = $was =~ /^deal /mg, 30 + 630 + 30 + 600, 'there are as many as meant');

my $dump = $node->basedir . '/dump';
my $file = $node->basedir . '/dump.sql';
my $data = $node->basedir . '/data.sql';
command_ok([ 'pg_dump', '--no-sync', '-f', $file, '-d', as('plain', 'before') ], 'the plain owner dumps');
command_ok([ 'pg_dump', '--no-sync', '-Fd', '-j', 2, '-f', $dump, '-d', as('plain', 'before') ], 'in parallel too');
command_ok([ 'pg_dump', '--no-sync', '--data-only', '-f', $data, '-d', as('plain', 'before') ], 'and the data alone');

command_ok([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-f', $file, '-d', as('plain', 'after_plain') ], 'the plain owner restores');
is(answer('plain', 'after_plain', $rows), $was, 'plays and maps are the same');
command_ok([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-f', $data, '-d', as('plain', 'after_plain') ], 'what is there already may come again');
is(answer('plain', 'after_plain', $rows), $was, 'and changes nothing');

my $times = 8;
for my $time (1 .. $times)
{
	command_ok([ 'pg_restore', '-j', 2, '--exit-on-error', '-d', as('plain', 'after_parallel'), $dump ], "it restores in parallel, time $time");
	is(answer('plain', 'after_parallel', $rows), $was, 'plays and maps are the same');
	answer('plain', 'after_parallel', 'DROP EXTENSION crm_lifecycle') if $time < $times;
}

command_ok([ 'pg_restore', '-j', 2, '--exit-on-error', '-d', as('other', 'after_other'), $dump ], 'another owner of a database restores it');
is(answer('other', 'after_other', $rows), $was, 'plays and maps are the same');
is(answer('other', 'after_other', q{SELECT DISTINCT owner FROM lifecycle.lifecycle}), "other\n", 'they are that owner\'s now');
is(answer('other', 'after_other', q{UPDATE lifecycle.play SET message = 'mine' WHERE lifecycle = 'deal 7'}), '', 'who changes them');
like(answer('plain', 'after_other', q{UPDATE lifecycle.play SET message = 'mine' WHERE lifecycle = 'deal 7'}), qr/must be owner of lifecycle "deal 7"/, 'and nobody else');
like(answer('plain', 'after_other', q{INSERT INTO lifecycle.play (lifecycle, name, stage) VALUES ('to come', 'planted', 'lead')}),
	qr/lifecycle "to come" does not exist/, 'nor plants any');
like(answer('other', 'after_other', q{SELECT lifecycle.drop_lifecycle('deal 7')}), qr/the plays of lifecycle "deal 7" are gone with it: 21/, 'they go with their lifecycle');

$node->stop;
done_testing();
