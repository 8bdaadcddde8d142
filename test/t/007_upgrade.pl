# 31: pg_upgrade carries rules, journeys, triggers and the log over. To the same major version, which is all
# that one installation can do; it goes the same way as to the next.

use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $old = PostgreSQL::Test::Cluster->new('old');
$old->init;
$old->append_conf('postgresql.conf', 'fsync = off');
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
my @questions = ('SELECT * FROM deals ORDER BY id', 'SELECT * FROM deals_stage_log ORDER BY number', 'SELECT * FROM summary',
	q{SELECT lifecycle.diagram('deal')}, 'SELECT * FROM lifecycle.attachments', q{SELECT * FROM lifecycle.verify('deals')});
my @before = map { $old->safe_psql('postgres', $_) } @questions;
$old->stop;

my $new = PostgreSQL::Test::Cluster->new('new');
$new->init;
$new->append_conf('postgresql.conf', 'fsync = off');
my $bindir = $old->config_data('--bindir');
chdir $new->basedir or die;

$new->command_ok([ 'pg_upgrade', '--no-sync', '-d', $old->data_dir, '-D', $new->data_dir, '-b', $bindir, '-B', $bindir,
	'-s', $new->host, '-p', $old->port, '-P', $new->port ], 'it upgrades');
$new->start;
is($new->safe_psql('postgres', $questions[$_]), $before[$_], $questions[$_]) for 0 .. $#questions;
my ($status, $out, $err) = $new->psql('postgres', q{UPDATE deals SET stage = 'sql' WHERE id = 5});
like($err, qr/accept" \[amount > 10\] is not satisfied/, 'guards are judged');
is($new->safe_psql('postgres', q{UPDATE deals SET stage = 'won' WHERE id = 30 RETURNING lifecycle.path(journey)}), 'lead>sql>won', 'journeys go on');
is($new->safe_psql('postgres', q{SELECT max(id) FROM deals_stage_log WHERE to_stage = 'won'}), '30', 'and so does the log');

chdir $ENV{TESTDIR};
$new->stop;
done_testing();
