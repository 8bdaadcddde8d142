# 34: the server is killed in the middle of bulk moves, again and again, at random points. After recovery
# every row's stage, journey and log agree, step for step, and every account is where its contacts, of whom the
# moves are, make it. CRASH_ROUNDS says how often; CI asks for 50.

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
	CREATE TABLE accounts (id int PRIMARY KEY, stage text DEFAULT 'lead');
	CREATE TABLE contacts (id int PRIMARY KEY, account_id int REFERENCES accounts, stage text DEFAULT 'lead');
	CREATE INDEX ON contacts (account_id);
	SELECT lifecycle.attach('accounts', 'deal', log => true), lifecycle.attach('contacts', 'deal');
	SELECT lifecycle.derive('accounts', 'contacts');
	INSERT INTO accounts SELECT generate_series(1, 300);
	INSERT INTO contacts SELECT g, 1 + g % 300 FROM generate_series(1, 600) g;
});

# Three writers, each with rows of its own: several moves in a transaction, some of it rolled back, new rows. The
# accounts are everybody's, so their contacts come last, in one statement: it locks accounts in one order.
my $script = $node->basedir . '/moves.sql';
append_to_file($script, q{
\set first :client_id * 1000 + random(0, 9) * 100 + 1
\set contact :client_id * 200 + random(0, 3) * 50 + 1
\set account random(1, 300)
\set id 10000 + random(1, 1000000) * 10 + :client_id
BEGIN;
UPDATE deals SET stage = CASE stage WHEN 'lead' THEN 'sql' WHEN 'sql' THEN 'opp' ELSE 'lead' END WHERE id BETWEEN :first AND :first + 99;
SAVEPOINT s;
UPDATE deals SET stage = CASE stage WHEN 'lead' THEN 'sql' WHEN 'sql' THEN 'opp' ELSE 'lead' END WHERE id BETWEEN :first AND :first + 49;
INSERT INTO deals VALUES (:id, 'lead') ON CONFLICT DO NOTHING;
ROLLBACK TO s;
UPDATE deals SET stage = CASE stage WHEN 'lead' THEN 'sql' WHEN 'sql' THEN 'opp' ELSE 'lead' END WHERE id BETWEEN :first AND :first + 29;
INSERT INTO deals VALUES (:id, 'lead') ON CONFLICT DO NOTHING;
UPDATE contacts SET stage = CASE stage WHEN 'lead' THEN 'sql' WHEN 'sql' THEN 'opp' ELSE 'lead' END, account_id = CASE id % 7 WHEN 0 THEN :account ELSE account_id END
	WHERE id BETWEEN :contact AND :contact + 49;
COMMIT;
});

# Rows whose journey is not what the log tells, and rows of the log without their row.
sub disagree
{
	my ($table) = @_;
	return qq{
	WITH kept AS (
			SELECT id, array_agg((s.stage, s.entered_at)::text ORDER BY s.step) AS steps, max(d.stage) AS stage,
				(array_agg(s.stage ORDER BY s.step DESC))[1] AS last
			FROM $table d, lifecycle.steps(d.journey) s GROUP BY id),
		logged AS (
			SELECT id, array_agg((to_stage, at)::text ORDER BY number) AS steps,
				bool_and(kind = CASE WHEN from_stage IS NULL THEN 'insert' ELSE 'move' END) AS kinds
			FROM ${table}_stage_log GROUP BY id)
	SELECT count(*) FROM kept FULL JOIN logged USING (id)
	WHERE kept.steps IS DISTINCT FROM logged.steps OR kept.stage IS DISTINCT FROM kept.last OR kinds IS NOT TRUE
	};
}

# Every stage leads to every other, so that an account is in the furthest of those its contacts are in.
my $astray = q{
	SELECT count(*) FROM accounts a, (SELECT account_id, max(array_position('{lead,sql,opp}', stage)) AS furthest FROM contacts GROUP BY 1) c
	WHERE c.account_id = a.id AND a.stage <> ('{lead,sql,opp}'::text[])[c.furthest]
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
	is($node->safe_psql('postgres', disagree($_)), '0', "round $round: stage, journey and log agree in every row of $_") for qw(deals accounts);
	is($node->safe_psql('postgres', $astray), '0', "round $round: every account is where its contacts make it");
	is($node->safe_psql('postgres', q{SELECT count(*) FROM unnest('{deals,accounts,contacts}'::regclass[]) r, lifecycle.verify(r)}), '0', "round $round: verify finds nothing");
}
cmp_ok($node->safe_psql('postgres', q{SELECT count(*) FROM accounts_stage_log WHERE kind = 'move'}), '>', 0, 'accounts moved');
unlike(slurp_file($node->logfile), qr/deadlock detected/, 'and nobody waited in a circle');
like(slurp_file($node->logfile), qr/automatic recovery in progress/, 'it was recovery that brought them back');

my ($status, $out, $err) = $node->psql('postgres', q{UPDATE deals SET stage = 'lost' WHERE id = 1});
like($err, qr/illegal move/, 'rules hold afterwards');

$node->stop;
done_testing();
