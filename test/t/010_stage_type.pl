# Enums of stages go through dumps and are found again: those of attached tables, and those that no table uses.

use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('stage_type');
$node->init;
$node->append_conf('postgresql.conf', 'fsync = off');
$node->start;

$node->safe_psql('postgres', "CREATE DATABASE $_") for qw(source plain parallel bare);
$node->safe_psql('source', q{
	CREATE EXTENSION crm_lifecycle;
	CREATE SCHEMA shop;
	SELECT lifecycle.create_lifecycle('it''s "odd" \\ é', E'stateDiagram-v2\n[*] --> lead\nlead --> won');
	SELECT lifecycle.create_stage_type('it''s "odd" \\ é', 'shop."Used stage"'), lifecycle.create_stage_type('it''s "odd" \\ é', 'spare');
	ALTER TYPE spare RENAME TO "spare one";
	CREATE DOMAIN shop.stage AS shop."Used stage";
	CREATE TABLE deals (id int PRIMARY KEY, stage shop.stage DEFAULT 'lead');
	SELECT lifecycle.attach('deals', 'it''s "odd" \\ é');
	INSERT INTO deals SELECT generate_series(1, 100);
	UPDATE deals SET stage = 'won' WHERE id > 50;
});

my @questions = (q{SELECT l.name, t.* FROM lifecycle.lifecycle l, lifecycle.stage_types(l.name) t ORDER BY t.type::text},
	q{SELECT enumtypid::regtype, string_agg(enumlabel, ' ' ORDER BY enumsortorder) FROM pg_enum GROUP BY 1 ORDER BY enumtypid::regtype::text},
	q{SELECT * FROM lifecycle.verify('deals')}, 'SELECT id, stage, journey FROM deals ORDER BY id');
my @before = map { $node->safe_psql('source', $_) } @questions;
like($before[0], qr/spare one.*f\n.*Used stage.*t$/, 'both types follow');

my $dir = PostgreSQL::Test::Utils::tempdir();
$node->command_ok([ 'pg_dump', '-f', "$dir/plain.sql", $node->connstr('source') ], 'a plain dump');
$node->command_ok([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-o', '/dev/null', '-f', "$dir/plain.sql", $node->connstr('plain') ], 'is restored');
$node->command_ok([ 'pg_dump', '-Fc', '-f', "$dir/custom", $node->connstr('source') ], 'a custom dump');
$node->command_ok([ 'pg_restore', '-j', '2', '--exit-on-error', '-d', $node->connstr('parallel'), "$dir/custom" ], 'is restored in parallel');
for my $db (qw(plain parallel))
{
	is($node->safe_psql($db, $questions[$_]), $before[$_], "$db: $questions[$_]") for 0 .. $#questions;
	$node->safe_psql($db, q{UPDATE lifecycle.lifecycle SET diagram = lifecycle.format_diagram(E'stateDiagram-v2\n[*] --> new\nnew --> lead\nlead --> won')});
	is($node->safe_psql($db, q{SELECT t.* FROM lifecycle.lifecycle l, lifecycle.add_stage_labels(l.name) t ORDER BY 1}), qq{"spare one"|new\nshop."Used stage"|new},
		"$db: they follow what is added") if $db eq 'plain';
	is($node->safe_psql($db, q{SELECT t.* FROM lifecycle.rebuild_stage_type('shop."Used stage"') t}), 'deals|stage', "$db: or are rebuilt") if $db eq 'parallel';
	$node->safe_psql($db, q{INSERT INTO deals VALUES (101, 'new')});
	is($node->safe_psql($db, 'SELECT stage, lifecycle.path(journey) FROM deals WHERE id = 101'), 'new|new', "$db: and rows hold it");
	is($node->safe_psql($db, q{SELECT * FROM lifecycle.verify('deals')}), '', "$db: all is well");
}

# Without data there is no lifecycle; defined again, it finds its types.
$node->command_ok([ 'pg_dump', '-s', '-f', "$dir/bare.sql", $node->connstr('source') ], 'a dump of the schema');
$node->command_ok([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-o', '/dev/null', '-f', "$dir/bare.sql", $node->connstr('bare') ], 'is restored');
is($node->safe_psql('bare', 'SELECT count(*) FROM lifecycle.lifecycle'), '0', 'without the lifecycle');
$node->safe_psql('bare', $node->safe_psql('source', 'SELECT lifecycle.dump_lifecycle(name) FROM lifecycle.lifecycle'));
is($node->safe_psql('bare', $questions[0]), $before[0], 'which knows its types when it is defined again');

$node->stop;
done_testing();
