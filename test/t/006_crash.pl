# 34: the server is killed in the middle of bulk moves, again and again, at random points. After recovery
# every row's stage, journey and log agree, step for step. CRASH_ROUNDS says how often; CI asks for 50.

use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(usleep);

my $node = PostgreSQL::Test::Cluster->new('crash');
$node->init;
$node->append_conf('postgresql.conf', "fsync = off\nrestart_after_crash = on\nlog_statement = none\ncheckpoint_timeout = 30s\nmax_wal_size = 64MB");
$node->start;
$node->safe_psql('postgres', q{
	CREATE EXTENSION crm_lifecycle;
	SELECT lifecycle.create_lifecycle('deal', E'stateDiagram-v2\n[*] --> lead\nlead --> sql\nsql --> opp\nopp --> lead');
	CREATE TABLE deals (id int, stage text, PRIMARY KEY (id, stage)) PARTITION BY LIST (stage);
	CREATE TABLE deals_lead PARTITION OF deals FOR VALUES IN ('lead');
	CREATE TABLE deals_rest PARTITION OF deals DEFAULT;
	SELECT lifecycle.attach('deals', 'deal', log => true);
	INSERT INTO deals SELECT g, 'lead' FROM generate_series(1, 3000) g;
});

# Three writers, each with rows of its own: several moves in a transaction, some of it rolled back, new rows.
my $script = $node->basedir . '/moves.sql';
append_to_file($script, q{
\set first :client_id * 1000 + random(0, 9) * 100 + 1
\set id 10000 + random(1, 1000000) * 10 + :client_id
BEGIN;
UPDATE deals SET stage = CASE stage WHEN 'lead' THEN 'sql' WHEN 'sql' THEN 'opp' ELSE 'lead' END WHERE id BETWEEN :first AND :first + 99;
SAVEPOINT s;
UPDATE deals SET stage = CASE stage WHEN 'lead' THEN 'sql' WHEN 'sql' THEN 'opp' ELSE 'lead' END WHERE id BETWEEN :first AND :first + 49;
INSERT INTO deals VALUES (:id, 'lead') ON CONFLICT DO NOTHING;
ROLLBACK TO s;
UPDATE deals SET stage = CASE stage WHEN 'lead' THEN 'sql' WHEN 'sql' THEN 'opp' ELSE 'lead' END WHERE id BETWEEN :first AND :first + 29;
INSERT INTO deals VALUES (:id, 'lead') ON CONFLICT DO NOTHING;
COMMIT;
});

# Rows whose journey is not what the log tells, and rows of the log without their row.
my $disagree = q{
	WITH kept AS (
			SELECT id, array_agg((s.stage, s.entered_at)::text ORDER BY s.step) AS steps, max(d.stage) AS stage,
				(array_agg(s.stage ORDER BY s.step DESC))[1] AS last
			FROM deals d, lifecycle.steps(d.journey) s GROUP BY id),
		logged AS (
			SELECT id, array_agg((to_stage, at)::text ORDER BY number) AS steps,
				bool_and(kind = CASE WHEN from_stage IS NULL THEN 'insert' ELSE 'move' END) AS kinds
			FROM deals_stage_log GROUP BY id)
	SELECT count(*) FROM kept FULL JOIN logged USING (id)
	WHERE kept.steps IS DISTINCT FROM logged.steps OR kept.stage IS DISTINCT FROM kept.last OR kinds IS NOT TRUE
};

sub writers
{
	my @command = ('pgbench', '-n', '-c', '3', '-j', '1', '-T', '30', '-f', $script, $node->connstr('postgres'));
	my $output = $node->basedir . '/pgbench.out';
	return IPC::Run::start(\@command, '>', $output, '2>&1');
}

# psql would have its question written to it, which breaks where it has given up on the server before.
sub wait_for_server
{
	for (1 .. 600)
	{
		return if run_log([ 'pg_isready', '-q', '-h', $node->host, '-p', $node->port ]);
		usleep(100_000);
	}
	die 'the server did not come back';
}

# Kills the server at one stroke. A backend that outlived it would keep its memory, and a new server out.
sub kill_server
{
	my $postmaster = (split /\n/, slurp_file($node->data_dir . '/postmaster.pid'))[0];
	kill 'STOP', $postmaster;
	my @children = map { m{^/proc/(\d+)} } grep { slurp_stat($_) =~ /\) \S $postmaster / } glob '/proc/[0-9]*/stat';
	$node->kill9;
	kill 'KILL', @children;
	# A new server takes even a zombie for the old one.
	for (1 .. 1200) { return unless kill 0, $postmaster, @children; usleep(25_000); }
	die 'the server outlives a kill';
}

# A process may be gone before its file is read.
sub slurp_stat
{
	open(my $stat, '<', $_[0]) or return '';
	return readline($stat) // '';
}

my $moves = 0;
for my $round (1 .. $ENV{CRASH_ROUNDS} || 4)
{
	my $writers = writers();
	$node->poll_query_until('postgres', qq{SELECT count(*) > ${moves} FROM deals_stage_log WHERE kind = 'move'})
		or die 'the writers do not write';
	usleep(int rand 1_000_000);
	if ($round % 2)
	{
		my $pid = $node->safe_psql('postgres', q{SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid() LIMIT 1});
		kill 'KILL', $pid or die "no writer to kill";
		eval { $writers->finish };
		wait_for_server();
	}
	else
	{
		kill_server();
		eval { $writers->finish };
		$node->start;
	}
	my $after = $node->safe_psql('postgres', q{SELECT count(*) FROM deals_stage_log WHERE kind = 'move'});
	cmp_ok($after, '>', $moves, "round $round: rows moved until the " . ($round % 2 ? 'writer' : 'server') . ' was killed');
	$moves = $after;
	is($node->safe_psql('postgres', $disagree), '0', "round $round: stage, journey and log agree in every row");
	is($node->safe_psql('postgres', q{SELECT count(*) FROM lifecycle.verify('deals')}), '0', "round $round: verify finds nothing");
}
like(slurp_file($node->logfile), qr/automatic recovery in progress/, 'it was recovery that brought them back');

my ($status, $out, $err) = $node->psql('postgres', q{UPDATE deals SET stage = 'lost' WHERE id = 1});
like($err, qr/illegal move/, 'rules hold afterwards');

$node->stop;
done_testing();
