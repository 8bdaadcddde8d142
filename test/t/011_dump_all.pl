# 30: a database in the middle of everything, the database's plain owner's, goes through all ways of dumping: a
# merge that is half done, an attachment that only warns, rows that name their lifecycle, partitions with a log,
# stage types with and without a table, a history of many changes.

use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('dump_all');
$node->init;
$node->append_conf('postgresql.conf', 'fsync = off');
$node->start;
$node->safe_psql('postgres', 'CREATE ROLE owner LOGIN; CREATE ROLE clerk;');
$node->safe_psql('postgres', "CREATE DATABASE $_ OWNER owner") for qw(source plain parallel super data_only super_data shop_only);

my $socket = $node->host;
my $port = $node->port;
sub as { my ($role, $database) = @_; return "host=$socket port=$port user=$role dbname=$database"; }

$node->safe_psql('source', q{
	CREATE EXTENSION crm_lifecycle;
	CREATE SCHEMA shop;
	SET search_path = shop, public;
	SELECT lifecycle.create_lifecycle('deal', E'stateDiagram-v2\n[*] --> lead\nlead --> mql\nmql --> sql\nsql --> won : sign [amount > 10]');
	SELECT lifecycle.create_lifecycle(n, E'stateDiagram-v2\n[*] --> new\nnew --> busy\nbusy --> done') FROM unnest('{north,south}'::text[]) n;
	SELECT lifecycle.create_stage_type('deal', 'deal_stage'), lifecycle.create_stage_type('north', 'spare_stage');

	CREATE TABLE warned (id int PRIMARY KEY, stage deal_stage, amount int);
	SELECT lifecycle.attach('warned', 'deal', mode => 'warn');
	CREATE TABLE parts (id int, region text, stage text, amount int, PRIMARY KEY (id, region)) PARTITION BY LIST (region);
	CREATE TABLE parts_eu PARTITION OF parts FOR VALUES IN ('eu');
	CREATE TABLE parts_us PARTITION OF parts FOR VALUES IN ('us');
	SELECT lifecycle.attach('parts', 'deal', log => true);
	CREATE TABLE work (id int PRIMARY KEY, pipeline text, stage text);
	SELECT lifecycle.attach('work', lifecycle_column => 'pipeline', log => true);

	INSERT INTO warned SELECT g, 'lead', g FROM generate_series(1, 100) g;
	INSERT INTO parts SELECT g, (ARRAY['eu', 'us'])[g % 2 + 1], 'lead', g FROM generate_series(1, 100) g;
	INSERT INTO work SELECT g, (ARRAY['north', 'south'])[g % 2 + 1], 'new' FROM generate_series(1, 100) g;
	UPDATE warned SET stage = 'mql' WHERE id > 20;
	SET client_min_messages = error;
	UPDATE warned SET stage = 'lead' WHERE id > 90;
	UPDATE parts SET stage = 'mql' WHERE id > 20;
	UPDATE parts SET stage = 'sql' WHERE id > 50;
	UPDATE work SET stage = 'busy' WHERE id > 70;
	SELECT lifecycle.alter_lifecycle('north', E'stateDiagram-v2\n[*] --> new\nnew --> busy\nnew --> done\nbusy --> done');
	SELECT lifecycle.alter_lifecycle('north', E'stateDiagram-v2\n[*] --> new\nnew --> active\nnew --> done\nactive --> done\nnote right of active\nformerly: busy\nend note');
	SELECT lifecycle.retire_stage('south', 'done');
	SELECT lifecycle.create_lifecycle('gone', E'stateDiagram-v2\n[*] --> a');
	SELECT lifecycle.drop_lifecycle('gone');
}, connstr => as('owner', 'source'));
# The first step of a merge, and half of the second.
$node->safe_psql('source', q{
	SET search_path = shop, public;
	SELECT lifecycle.prepare_merge('deal', 'mql', 'lead', false);
	UPDATE parts SET amount = amount WHERE id % 3 = 0;
}, connstr => as('owner', 'source'));

my @questions = (
	'SELECT name, owner, search_path, diagram FROM lifecycle.lifecycle ORDER BY name',
	'SELECT relation, key, lifecycle, stage_column, journey_column, lifecycle_column, mode, log FROM lifecycle.attachments ORDER BY relation::text',
	'SELECT lifecycle, number, change, before, after, at, login, role, xid FROM lifecycle.lifecycle_history ORDER BY 1, 2',
	q{SELECT l, lifecycle.diagram_at(l, h.at) FROM unnest('{deal,north,south}'::text[]) l, lifecycle.lifecycle_history h ORDER BY 1, h.lifecycle, number},
	'SELECT l.name, t.* FROM lifecycle.lifecycle l, lifecycle.stage_types(l.name) t ORDER BY 1, t.type::text',
	'SELECT enumtypid::regtype, enumlabel FROM pg_enum ORDER BY enumtypid::regtype::text, enumsortorder',
	'SELECT * FROM shop.warned ORDER BY id', 'SELECT * FROM shop.parts ORDER BY id', 'SELECT * FROM shop.work ORDER BY id',
	'SELECT * FROM shop.parts_stage_log ORDER BY number', 'SELECT * FROM shop.work_stage_log ORDER BY number',
	q{SELECT r, v.* FROM unnest('{shop.warned,shop.parts,shop.work}'::regclass[]) r, lifecycle.verify(r) v},
	q{SELECT l, c.* FROM unnest('{deal,north,south}'::text[]) l, lifecycle.check_lifecycle(l) c},
	q{SELECT id, e.* FROM shop.warned w, lifecycle.explain_move(w, 'won') e WHERE id IN (9, 95) ORDER BY 1, check_name},
	q{SELECT id, n.* FROM shop.work w, lifecycle.next_stages(w) n WHERE id IN (1, 2, 71, 72) ORDER BY 1, n.stage},
);
my @before = map { $node->safe_psql('source', $_) } @questions;
like($before[11], qr/still being renamed\|mql > lead/, 'a merge is half done');
like($before[1], qr/warn/, 'an attachment only warns');

sub answer
{
	my ($database, $sql) = @_;
	my ($status, $out, $err) = $node->psql($database, $sql, connstr => as('owner', $database));
	return "$out$err";
}

sub check_restored
{
	my ($database) = @_;

	is($node->safe_psql($database, $questions[$_]), $before[$_], "$database: $questions[$_]") for 0 .. $#questions;
	like(answer($database, q{UPDATE shop.warned SET stage = 'won' WHERE id = 3}), qr/WARNING:.*illegal move from "lead" to "won"/, "$database: warns");
	like(answer($database, q{UPDATE shop.parts SET stage = 'won' WHERE id = 4}), qr/illegal move from "lead" to "won"/, "$database: judges");
	like(answer($database, q{UPDATE shop.work SET stage = 'done' WHERE id = 71}), qr/illegal move from "busy" to "done" in lifecycle "south"/,
		"$database: judges by the row's own lifecycle");
	is(answer($database, q{UPDATE shop.work SET stage = 'done' WHERE id = 72 RETURNING lifecycle.path(journey)}), 'new>active>done',
		"$database: which may let it pass");
	is(answer($database, q{UPDATE shop.parts SET amount = 0 WHERE id = 22 RETURNING stage, lifecycle.path(journey)}), 'lead|lead>lead',
		"$database: a row that is touched is merged");
	unlike(answer($database, q{CALL lifecycle.merge_stage('deal', 'mql', 'lead', 2)}), qr/ERROR|WARNING/, "$database: the merge is finished");
	is($node->safe_psql($database, q{SELECT count(*) FROM shop.parts WHERE 'mql' = ANY (lifecycle.stages(journey))}), '0', "$database: in every row");
	is($node->safe_psql($database, q{SELECT change FROM lifecycle.lifecycle_history WHERE lifecycle = 'deal' AND restored_by IS NULL}), 'settle',
		"$database: and the history goes on");
	is($node->safe_psql($database, q{SELECT count(*) FROM unnest('{shop.warned,shop.parts,shop.work}'::regclass[]) r, lifecycle.verify(r)
		WHERE problem !~ 'would be refused'}), '0', "$database: all is well");
}

my $dir = PostgreSQL::Test::Utils::tempdir();
sub dump_as { my ($role, @how) = @_; $node->command_ok([ 'pg_dump', '--no-sync', '-d', as($role, 'source'), @how ], "dumps as $role: @how[0 .. 1]"); }
sub restore_as
{
	my ($role, $database, $options, @how) = @_;
	local $ENV{PGOPTIONS} = $options;
	$node->command_ok([ @how[0 .. 0], '-d', as($role, $database), @how[1 .. $#how] ], "$database: restores as $role");
}
my @psql = ('psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-o', '/dev/null', '-f');
my $import = '-c crm_lifecycle.import=restore';

dump_as('owner', '-f', "$dir/plain.sql");
dump_as('owner', '-Fc', '-f', "$dir/custom");
dump_as('owner', '-s', '-f', "$dir/schema.sql");
restore_as('owner', 'plain', '', @psql, "$dir/plain.sql");
check_restored('plain');
restore_as('owner', 'parallel', $import, 'pg_restore', '-j', '2', '--exit-on-error', "$dir/custom");
check_restored('parallel');
restore_as('postgres', 'super', $import, 'pg_restore', '-j', '2', '--exit-on-error', "$dir/custom");
check_restored('super');

# The data by itself wants the merge finished.
$node->safe_psql('source', q{CALL lifecycle.merge_stage('deal', 'mql', 'lead')}, connstr => as('owner', 'source'));
@before = map { $node->safe_psql('source', $_) } @questions;
dump_as('owner', '-Fc', '-f', "$dir/settled");
dump_as('owner', '-s', '-f', "$dir/settled.sql");
for my $way ([ 'owner', 'data_only' ], [ 'postgres', 'super_data' ])
{
	my ($role, $database) = @$way;
	restore_as($role, $database, '', @psql, "$dir/settled.sql");
	restore_as($role, $database, $import, 'pg_restore', '--data-only', '--exit-on-error', "$dir/settled");
	is($node->safe_psql($database, $questions[$_]), $before[$_], "$database: $questions[$_]") for 0 .. $#questions;
	like(answer($database, q{UPDATE shop.parts SET stage = 'won' WHERE id = 4}), qr/illegal move from "lead" to "won"/, "$database: judges");
}

# One schema by itself brings no rules: triggers say so, and dump_lifecycle() brings them.
$node->safe_psql('shop_only', 'CREATE EXTENSION crm_lifecycle', connstr => as('owner', 'shop_only'));
dump_as('owner', '-n', 'shop', '-f', "$dir/shop.sql");
restore_as('owner', 'shop_only', '', @psql, "$dir/shop.sql");
is($node->safe_psql('shop_only', 'SELECT count(*) FROM lifecycle.lifecycle'), '0', 'shop_only: no rules');
like(answer('shop_only', q{UPDATE shop.parts SET stage = 'sql' WHERE id = 4}), qr/lifecycle "deal" does not exist.*dump_lifecycle/s, 'shop_only: says so');
like(answer('shop_only', q{UPDATE shop.work SET stage = 'done' WHERE id = 72}), qr/lifecycle "north" does not exist.*dump_lifecycle/s,
	q{shop_only: also of a row's own});
my $calls = $node->safe_psql('source', q{SELECT lifecycle.dump_lifecycle(name) || ';' FROM lifecycle.lifecycle ORDER BY name});
$node->safe_psql('shop_only', "SET search_path = shop, public; $calls", connstr => as('owner', 'shop_only'));
is($node->safe_psql('shop_only', $_), $node->safe_psql('source', $_), "shop_only: $_") for @questions[0, 4 .. 8, 11 .. $#questions];
is(answer('shop_only', q{UPDATE shop.work SET stage = 'done' WHERE id = 72 RETURNING lifecycle.path(journey)}), 'new>active>done', 'shop_only: and all is well');

$node->stop;
done_testing();
