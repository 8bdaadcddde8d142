# 31: pg_upgrade carries rules, journeys, triggers and the log over. UPGRADE_FROM names the installations
# to come through, oldest first (test/majors does); without it, to the same major version, which is all
# that one installation can do and goes the same way.

use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

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
my @questions = ('SELECT * FROM deals ORDER BY id', 'SELECT * FROM deals_stage_log ORDER BY number', 'SELECT * FROM summary',
	q{SELECT lifecycle.diagram('deal')}, 'SELECT * FROM lifecycle.attachments', q{SELECT * FROM lifecycle.verify('deals')});
my @before = map { $old->safe_psql('postgres', $_) } @questions;
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
	$old = $new;
}
my ($status, $out, $err) = $new->psql('postgres', q{UPDATE deals SET stage = 'sql' WHERE id = 5});
like($err, qr/accept" \[amount > 10\] is not satisfied/, 'guards are judged');
is($new->safe_psql('postgres', q{UPDATE deals SET stage = 'won' WHERE id = 30 RETURNING lifecycle.path(journey)}), 'lead>sql>won', 'journeys go on');
is($new->safe_psql('postgres', q{SELECT max(id) FROM deals_stage_log WHERE to_stage = 'won'}), '30', 'and so does the log');

chdir $ENV{TESTDIR};
$new->stop;
done_testing();
