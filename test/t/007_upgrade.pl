# 31: pg_upgrade carries rules, journeys, triggers and the log over. UPGRADE_FROM names the installations
# to come through, oldest first (test/majors does); without it, to the same major version, which is all
# that one installation can do and goes the same way.

use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

# Minor releases come in batches, one of each major version on the same day: 15.18, 16.14, 17.10 and 18.4, say. So a
# batch is known by its number of 15, which was so far ahead when the others began. None of these has been released
# without the others since; if one is, its line here needs the version from which on it is ahead.
my %behind = (15 => 0, 16 => 4, 17 => 8, 18 => 14);

# What the batch of a server is called; undef for versions that the table does not know, and for development.
sub batch_of
{
	my ($version) = @_;
	my ($major, $minor) = $version =~ /^(\d+)\.(\d+)/ or return undef;
	return undef if !$minor || !defined $behind{$major};
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
my @questions = ('SELECT * FROM deals ORDER BY id', 'SELECT * FROM deals_stage_log ORDER BY number', 'SELECT * FROM summary',
	q{SELECT lifecycle.diagram('deal')}, 'SELECT * FROM lifecycle.attachments', q{SELECT * FROM lifecycle.verify('deals')});
my @before = map { $old->safe_psql('postgres', $_) } @questions;
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
my ($status, $out, $err) = $new->psql('postgres', q{UPDATE deals SET stage = 'sql' WHERE id = 5});
like($err, qr/accept" \[amount > 10\] is not satisfied/, 'guards are judged');
is($new->safe_psql('postgres', q{UPDATE deals SET stage = 'won' WHERE id = 30 RETURNING lifecycle.path(journey)}), 'lead>sql>won', 'journeys go on');
is($new->safe_psql('postgres', q{SELECT max(id) FROM deals_stage_log WHERE to_stage = 'won'}), '30', 'and so does the log');

chdir $ENV{TESTDIR};
$new->stop;
done_testing();
