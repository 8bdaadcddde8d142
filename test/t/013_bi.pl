# Views for BI go through dumps: they say the same, belong to whom they belonged, and are made again from what
# their comments say. A copy of one is filled once the rules are there.

use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('bi');
$node->init;
$node->append_conf('postgresql.conf', 'fsync = off');
$node->start;

$node->safe_psql('postgres', "CREATE DATABASE $_") for qw(source plain parallel);
$node->safe_psql('source', q{
	CREATE EXTENSION crm_lifecycle;
	CREATE ROLE analyst;
	CREATE ROLE tool;
	CREATE SCHEMA bi AUTHORIZATION analyst;
	SELECT lifecycle.create_lifecycle('100% "odd"', E'stateDiagram-v2\n[*] --> lead\nlead --> sql\nsql --> lead\nsql --> won\nnote right of won\noutcome: won\nend note');
	CREATE TABLE deals (id int PRIMARY KEY, segment text, stage text, journey lifecycle.journey);
	INSERT INTO deals SELECT n, n % 3, 'won', lifecycle.journey_agg(s, timestamptz '2026-01-01' + make_interval(days => (n % 50 + i * 3)::int))
		FROM generate_series(1, 200) n, unnest('{lead,sql,lead,sql,won}'::text[]) WITH ORDINALITY w (s, i) GROUP BY n;
	SELECT lifecycle.attach('deals', '100% "odd"');
	GRANT SELECT ON deals TO analyst, tool;
	SET ROLE analyst;
	SELECT lifecycle.create_bi_views('deals', schema => 'bi', prefix => 'it''s "odd" \\ é', "by" => '{segment}', funnel => 'lead > "won" within 90 days');
	GRANT SELECT ON bi."it's ""odd"" \\ é_flow" TO tool;
	RESET ROLE;
	CREATE MATERIALIZED VIEW flow_copy AS SELECT * FROM bi."it's ""odd"" \\ é_flow";
});

my @questions = (map { qq{SELECT * FROM bi."it's ""odd"" \\ é_$_" ORDER BY 1, 2, 3, 4, 5} } qw(stages funnel flow cohorts census));
push @questions, q{SELECT * FROM lifecycle.bi_views('deals')}, q{SELECT * FROM flow_copy ORDER BY 1, 2, 3, 4, 5},
	q{SELECT id, step, stage, previous_stage, days FROM bi."it's ""odd"" \\ é_history" ORDER BY 1, 2},
	q{SELECT id, lead, sql, won FROM bi."it's ""odd"" \\ é_dates" ORDER BY 1},
	q{SELECT relname, relowner::regrole, relacl, reloptions FROM pg_class WHERE relnamespace = 'bi'::regnamespace ORDER BY 1};
my @before = map { $node->safe_psql('source', $_) } @questions;
like($before[2], qr/sql\|lead\|1\|2\|sql\|lead \(2\)/, 'there is something to compare');

my $dir = PostgreSQL::Test::Utils::tempdir();
$node->command_ok([ 'pg_dump', '-f', "$dir/plain.sql", $node->connstr('source') ], 'a plain dump');
$node->command_ok([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-o', '/dev/null', '-f', "$dir/plain.sql", $node->connstr('plain') ], 'is restored');
$node->command_ok([ 'pg_dump', '-Fc', '-f', "$dir/custom", $node->connstr('source') ], 'a custom dump');
$node->command_ok([ 'pg_restore', '-j', '2', '--exit-on-error', '-d', $node->connstr('parallel'), "$dir/custom" ], 'is restored in parallel');
for my $db (qw(plain parallel))
{
	is($node->safe_psql($db, $questions[$_]), $before[$_], "$db: $questions[$_]") for 0 .. $#questions;
	$node->safe_psql($db, q{CALL lifecycle.rename_stage('100% "odd"', 'sql', 'qualified', blocks => NULL)});
	is($node->safe_psql($db, q{SELECT shape, change FROM lifecycle.refresh_bi_views('deals') WHERE shape IN ('dates', 'flow')}), "dates|made anew\nflow|replaced",
		"$db: the views are made again");
	is($node->safe_psql($db, q{SELECT count(qualified) FROM bi."it's ""odd"" \\ é_dates"}), '200', "$db: with the stage under its new name");
	is($node->safe_psql($db, q{SELECT DISTINCT relowner::regrole FROM pg_class WHERE relnamespace = 'bi'::regnamespace}), 'analyst', "$db: for their owner");
}

$node->stop;
done_testing();
