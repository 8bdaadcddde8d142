# 30: an attached table goes through pg_dump and back, plain and in parallel, as a superuser and as the
# database's plain owner; afterwards the rules, the journeys and the decisions are the same. A dump
# without data carries no rules: the triggers say so, and dump_lifecycle() brings them.

use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('dump_lifecycle');
$node->init;
$node->append_conf('postgresql.conf', 'fsync = off');
$node->start;

# psql and pg_dump as a role, without a password.
my $socket = $node->host;
my $port = $node->port;
sub as { my ($role, $database) = @_; return "host=$socket port=$port user=$role dbname=$database"; }
sub refusal
{
	my ($connection, $sql) = @_;
	my ($out, $err) = ('', '');
	run_log([ 'psql', '-X', '-q', '-A', '-t', '-d', $connection, '-c', $sql ], '>', \$out, '2>', \$err);
	return "$out$err";
}

$node->safe_psql('postgres', q{
	CREATE ROLE owner LOGIN;
	CREATE ROLE seller LOGIN;
	CREATE DATABASE before OWNER owner;
	CREATE DATABASE plain OWNER owner;
	CREATE DATABASE parallel OWNER owner;
	CREATE DATABASE triggers_first OWNER owner;
	CREATE DATABASE by_owner OWNER owner;
	CREATE DATABASE schema_only OWNER owner;
	CREATE DATABASE data_only OWNER owner;
});

# A plain owner installs the extension, which is trusted.
$node->safe_psql('before', q{
	CREATE EXTENSION crm_lifecycle;
	CREATE SCHEMA shop AUTHORIZATION owner;
	CREATE FUNCTION shop.enough(numeric) RETURNS boolean LANGUAGE sql STABLE AS 'SELECT $1 > 10';
	CREATE TYPE shop.stage AS ENUM ('lead', 'Closed Won', 'lost');
	SET search_path = shop, public;
	SELECT lifecycle.create_lifecycle('deal', $$
		stateDiagram-v2
			state "Early" as early {
				lead : A title <with> #35;odd characters
			}
			[*] --> lead
			lead --> won : sign [enough(amount)] / notify
			early --> lost : drop
			lost --> lead
			note right of won
				label: Closed Won
				outcome: won
				sla: 14 days
				probability: 90%
				requires: amount
			end note
			note right of lost
				reasons: price, no budget
			end note
	$$);
	SELECT lifecycle.create_score('size', E'group size 0..50 half-life 30 days\n+20 when enough(amount)\n+5 on opened at most 3 per 7 days');
	CREATE TABLE deals (id int PRIMARY KEY, stage stage NOT NULL, amount numeric, why text);
	SELECT lifecycle.attach('deals', 'deal', reason_column => 'why');
	CREATE TABLE parts (id int, stage text, region text, amount numeric, PRIMARY KEY (id, region)) PARTITION BY LIST (region);
	CREATE TABLE parts_eu PARTITION OF parts FOR VALUES IN ('eu');
	CREATE TABLE parts_us PARTITION OF parts FOR VALUES IN ('us');
	INSERT INTO parts VALUES (1, 'lead', 'eu'), (2, 'lost', 'us');
	SELECT lifecycle.attach('parts', 'deal', log => true);
	INSERT INTO parts VALUES (3, 'lead', 'eu'), (4, 'lead', 'us');
	INSERT INTO deals SELECT g, 'lead', g FROM generate_series(1, 200) g;
	UPDATE deals SET stage = 'Closed Won' WHERE id BETWEEN 50 AND 100;
	UPDATE deals SET stage = 'lost', why = 'price' WHERE id < 20;
}, connstr => as('owner', 'before'));

my $lifecycle = 'SELECT owner, search_path FROM lifecycle.lifecycle';
my $diagram = q{SELECT lifecycle.diagram('deal')};
my $rows = 'SELECT * FROM shop.deals ORDER BY id';
my $comments = q{SELECT tgrelid::regclass, tgname, obj_description(oid, 'pg_trigger') FROM pg_trigger
	WHERE tgname LIKE '~%' AND tgparentid = 0 ORDER BY tgrelid::regclass::text, tgname};
my $log = 'SELECT * FROM shop.parts_stage_log ORDER BY number';
# Who brought it is a column of its own.
my $history = q{SELECT lifecycle, number, change, before, after, at, login, role, xid FROM lifecycle.lifecycle_history ORDER BY 1, 2};
my $scores = q{SELECT * FROM lifecycle.score_model ORDER BY name};
my $scored = q{SELECT id, lifecycle.score('size', d, '{opened}', '{2026-01-01}', '2026-01-31') FROM shop.deals d ORDER BY id};
my $attached = q{SELECT relation, key, lifecycle, stage_column, journey_column, reason_column
	FROM lifecycle.attachments ORDER BY relation::text};

# The section of an archive that an item in its list belongs to: before the data, data, after.
sub section
{
	my ($item) = @_;

	return 1 if $item =~ /^\d+; \d+ \d+ (TABLE DATA|SEQUENCE SET) /;
	return 2 if $item =~ /^\d+; \d+ \d+ (TRIGGER|CONSTRAINT|INDEX|INDEX ATTACH|FK CONSTRAINT|COMMENT.* TRIGGER) /;
	return 0;
}

sub check_restored
{
	my ($database, $how) = @_;
	my $connection = as('owner', $database);

	foreach my $question ($lifecycle, $diagram, $rows, $attached, $comments, $log, $history, $scores, $scored)
	{
		is($node->safe_psql($database, $question), $node->safe_psql('before', $question), "$how: $question");
	}
	is($node->safe_psql($database, 'SELECT count(*), count(restored_by) FROM lifecycle.lifecycle_history'), '1|1',
		"$how: the history says that it was restored");
	like(refusal($connection, q{UPDATE shop.deals SET stage = 'Closed Won' WHERE id = 30 AND amount = 9 OR id = 1}),
		qr/illegal move from "lost" to "Closed Won"/, "$how: an illegal move is refused");
	like(refusal($connection, q{UPDATE shop.deals SET stage = 'Closed Won', amount = 5 WHERE id = 30}),
		qr/\Qsign" [enough(amount)] is not satisfied/, "$how: a guard is evaluated");
	like(refusal($connection, q{INSERT INTO shop.deals VALUES (999, 'lost')}),
		qr/illegal entry at "lost"/, "$how: an illegal entry is refused");
	like(refusal($connection, q{UPDATE shop.deals SET stage = 'lost' WHERE id = 30}),
		qr/needs a reason, one of: price, "no budget"/, "$how: a reason is asked for");
	is(refusal($connection, q{UPDATE shop.deals SET stage = 'Closed Won' WHERE id = 30
		RETURNING lifecycle.path(journey)}), "lead>Closed Won\n", "$how: a legal move continues the journey");
	is(refusal($connection, q{UPDATE shop.parts SET region = 'eu' WHERE id = 2 RETURNING lifecycle.path(journey)}),
		"lost\n", "$how: partitions are kept together");
	like(refusal($connection, q{UPDATE shop.parts SET stage = 'Closed Won' WHERE id = 2}),
		qr/illegal move from "lost" to "Closed Won"/, "$how: and judged");
}

my $file = $node->basedir . '/plain.sql';
$node->command_ok([ 'pg_dump', '--no-sync', '-f', $file, '-d', $node->connstr('before') ], 'plain: dumps');
$node->command_ok([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-f', $file, '-d', $node->connstr('plain') ], 'plain: restores');
check_restored('plain', 'plain');

my $archive = $node->basedir . '/custom.dump';
$node->command_ok([ 'pg_dump', '--no-sync', '-Fc', '-f', $archive, '-d', $node->connstr('before') ], 'parallel: dumps');
# pg_restore may make the triggers of a partitioned table before it has copied every partition.
my $restoring = '-c crm_lifecycle.import=restore';
$ENV{PGOPTIONS} = $restoring;
$node->command_ok([ 'pg_restore', '-j', '2', '--exit-on-error', '-d', $node->connstr('parallel'), $archive ], 'parallel: restores');
delete $ENV{PGOPTIONS};
check_restored('parallel', 'parallel');

# The worst of these orders, which a parallel restore may take: all triggers first.
my $list = $node->basedir . '/list';
my @items = split /^/, `pg_restore -l $archive`;
is($?, 0, 'triggers first: lists the archive');
my ($before, $data, $after) = map { my $kind = $_; [ grep { section($_) == $kind } @items ] } 0 .. 2;
open my $ordered, '>', $list or die "$list: $!";
print $ordered @$before, (grep { /^\d+; .* TRIGGER shop parts / } @$after), @$data,
  (grep { !/^\d+; .* TRIGGER shop parts / } @$after);
close $ordered or die "$list: $!";
is(scalar(grep { /TRIGGER shop parts / } @$after), 4, 'triggers first: there are such');
$ENV{PGOPTIONS} = $restoring;
$node->command_ok([ 'pg_restore', '-L', $list, '--exit-on-error', '-d', $node->connstr('triggers_first'), $archive ],
	'triggers first: restores');
delete $ENV{PGOPTIONS};
check_restored('triggers_first', 'triggers first');

my $mine = $node->basedir . '/mine.sql';
$node->command_ok([ 'pg_dump', '--no-sync', '-f', $mine, '-d', as('owner', 'before') ], 'as the plain owner: dumps');
$node->command_ok([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-f', $mine, '-d', as('owner', 'by_owner') ],
	'as the plain owner: restores');
check_restored('by_owner', 'as the plain owner');

my $schema = $node->basedir . '/schema.sql';
$node->command_ok([ 'pg_dump', '--no-sync', '--schema-only', '-f', $schema, '-d', $node->connstr('before') ], 'schema only: dumps');
$node->command_ok([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-f', $schema, '-d', $node->connstr('schema_only') ],
	'schema only: restores');
like(refusal(as('owner', 'schema_only'), q{INSERT INTO shop.deals VALUES (1, 'lead')}),
	qr/lifecycle "deal" does not exist.*dump_lifecycle/s, 'schema only: triggers say what is missing, and what brings it');
my $call = $node->safe_psql('before', q{SELECT lifecycle.dump_lifecycle('deal')});
$node->safe_psql('schema_only', "SET search_path = shop, public; $call", connstr => as('owner', 'schema_only'));
is($node->safe_psql('schema_only', $diagram), $node->safe_psql('before', $diagram), 'schema only: dump_lifecycle() brings the rules');
is(refusal(as('owner', 'schema_only'), q{INSERT INTO shop.deals VALUES (1, 'lead') RETURNING lifecycle.path(journey)}),
	"lead\n", 'schema only: and all is well');

# The data by itself, into tables whose triggers are there already: journeys arrive as they are.
$node->command_ok([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-f', $schema, '-d', $node->connstr('data_only') ],
	'data only: the tables are there');
$ENV{PGOPTIONS} = $restoring;
$node->command_ok([ 'pg_restore', '--data-only', '--exit-on-error', '-d', $node->connstr('data_only'), $archive ],
	'data only: restores');
delete $ENV{PGOPTIONS};
check_restored('data_only', 'data only');

$node->stop;
done_testing();
