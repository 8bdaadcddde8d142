# Damaged input, ten thousand rounds for every type in each of its two forms, and for diagrams and definitions of
# scores. Each input is either refused with the SQLSTATE of a mistake, or is a value whose text and whose bytes make
# the same value again, and which everything that reads it can read. The server never goes down, and nothing is an
# internal error.
#
# MUTATION_ROUNDS says how many rounds, MUTATION_SEED (a number between -1 and 1) repeats a run. How inputs are damaged
# is in mutations.sql. The types are those of the catalog: one that has no examples here fails.

use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use File::Basename;

my $rounds = $ENV{MUTATION_ROUNDS} || 10000;
my $seed = $ENV{MUTATION_SEED} // sprintf('%.9f', rand(2) - 1);

# What the mutations begin with.
my %seeds = (
	journey => [
		'{lead@2026-01-05}',
		'{lead@2026-01-05T09:00:00Z,mql@2026-01-06,lead@2026-01-06,"closed won"@2026-03-01,été@2026-03-02}',
		'{a@4714-11-24 BC,b@4400-01-01 BC}',
	],
	journey_events => [
		'{lead@2026-01-05}',
		'{lead:1@2026-01-05#4,mql:2@2026-01-04#3,lead:1@2026-01-04#3,"a b":2.5@2027-01-01#-1}',
		'{b@2026-01-02,a@2026-01-02,été@2026-01-01}',
	],
	funnel_spec => [
		'lead > mql (7 days) > "closed won" (1 month) within 90 days first entry excluding lost, été entered 2026-01-01 to 2026-04-01 as of 2026-05-01',
		'a > b any order', 'a > b adjacent', 'a > b at least',
	],
	velocity_spec => [ 'moved 2026-01-01 to 2026-04-01 as of 2026-05-01', '' ],
	survival_spec => [ 'from lead to mql, "closed won" by 1 day as of 2026-05-01' ],
	win_rate_spec => [ '"closed won" against lost, churned closed 2026-01-01 to 2026-04-01' ],
	retention_spec => [ q{from a while a, "b c" every 1 month for 24 at end since entry at time zone 'Europe/Paris' as of 2026-05-01} ],
	census_spec => [ q{from 2026-01-31 to 2026-12-31 every 1 month at time zone 'Europe/Paris'}, 'from 2026-01-01 to 2026-01-03 every 1 day' ],
	funnel => [
		'{a > b within 90 days as of 2026-05-01; levels 3 5 2; pending 1 4; times [86400000000*2]}',
		'{a > b at least; levels 0 9 600; pending 0 0; times ~[78822900,131671:768*600]}',
	],
	velocity => [
		'{}',
		'as of 2026-05-01 {lead start 3 open [0,86400000000]; "closed won" open [5*7]; lead > "closed won" [3600000000*3]; lead > été ~[78822900,131671:768*600]}',
	],
	retention => [
		'{from a while a every 1 day for 2 as of 2026-05-01}',
		q{{from a while a every 1 week for 3 at time zone 'Europe/Paris' as of 2026-05-01; 2026-01-04T23:00Z 5: 5 4 4; 2026-01-11T23:00Z 2: 0 2 0}},
	],
	census => [
		'{from 2026-01-01 to 2026-01-01 every 1 day; a: 1}',
		'{from 2026-01-01 to 2026-03-01 every 1 month; "a b": 1 2 3; été: 0 0 7; z: 9 0 0}',
	],
	survival => [
		'{open [7200000000,10800000000*4]; to x [3600000000,14400000000,25200000000]}',
		'from a to b, "c d" by 1 day as of 2026-05-01 {open [10195200000000]; to b [345600000000*9]; to "c d" [345600000000]}',
	],
	win_rate => [ '"closed won" against lost closed 2026-01-01 to 2026-04-01 {17 won, 4 lost}', 'a against b {0 won, 0 lost}' ],
	naive_bayes => [ '{0 won, 0 lost}', '{5 won, 4 lost; country 5/4: be 3/2, "f r" 2/2; été 4/0: big 3/0, new 2/0}' ],
	decayed_score => [ '40 at 2026-01-05T09:00:00Z half-life 30 days', '-0.1 at 4400-01-01 BC half-life 1 microsecond', '25 at 2026-01-31T00:00:00Z half-life 30 days {941c18eb2da4f10}' ],
	attribution => [ '{a 0/1}', '{ads 5/4 worth 12.50, ads > "f r" > ads 3/2 worth 123456789, été > ads 2/2 worth -3.5}' ],
	mrr_series => [ '[24312:24315]={100,100,150,150}', '[24313:24314]={24.99,24.99}' ]);

my %text_seeds = (
	score => [ <<'SCORE', "group a 0..5\n+5 when staff > 1" ]);
group fit 0..50
    +20 when industry = 'software'
    -10 when email LIKE '%@gmail.com'
# engagement
group "what they did" 0..100 half-life 30 days
    +5 on opened at most 3 per 7 days
    +40.25 on "demo request" at most 2
total 0..100
bands hot >= 80, "luke warm" >= 40, cold
SCORE

# The codes of mistakes: malformed text and bytes, values that make no sense, limits; the server's own checks of
# encodings and messages come first. A domain over an array is read by the server: its codes are those of arrays
# and numbers, and of the domain's CHECK.
my %codes = (
	text => '^(22P02|22023|54000)$',
	binary => '^(22P03|22P02|22023|54000|22021|08P01)$',
	diagram => '^(22P02|22023|54000|42601|0A000|42602|42622)$',
	score => '^(22P02|22023|54000|42601|0A000|42703|42602|42622)$');
my %more_codes = (mrr_series => '^(22P02|22P03|22003|22023|54000|23514|2202E|42804|42704|08P01|22021|22026)$');

my $node = PostgreSQL::Test::Cluster->new('mutations');
$node->init;
$node->append_conf('postgresql.conf', "fsync = off\nlog_statement = none\nlog_min_messages = fatal");
$node->start;

sub answer { return $node->safe_psql('postgres', "SET search_path = public, lifecycle; SET client_min_messages = warning; $_[0]") }
sub quoted { my $text = shift; $text =~ s/'/''/g; return "'$text'" }

# The receive functions cannot be called from SQL.
my $here = dirname(__FILE__);
my $library = PostgreSQL::Test::Utils::tempdir() . '/round_trip.so';
my ($compiler, $headers) = map { chomp(my $said = `pg_config --$_`); $said } qw(cc includedir-server);
system_or_bail(split(' ', $compiler), '-O1', '-shared', '-fPIC', "-I$headers", '-o', $library, "$here/round_trip.c");

my $version = $node->safe_psql('postgres', 'SHOW server_encoding');
is($version, 'UTF8', 'the server takes every letter');
$node->safe_psql('postgres', 'CREATE EXTENSION crm_lifecycle');
answer("CREATE FUNCTION take_in(type oid, input bytea, is_binary boolean) RETURNS void STRICT LANGUAGE c AS '$library', 'take_in'");
answer("CREATE FUNCTION round_trip(type oid, input bytea, is_binary boolean, is_exact boolean) RETURNS text STRICT LANGUAGE c AS '$library', 'round_trip'");
answer(slurp_file("$here/mutations.sql"));
note "MUTATION_SEED=$seed MUTATION_ROUNDS=$rounds";

# Diagrams from everywhere in the house.
my @diagrams = (glob("$here/../mermaid/corpus/*.mmd"));
cmp_ok(scalar @diagrams, '>', 5, 'there are diagrams to damage');
answer('INSERT INTO text_seed VALUES ' . join(', ', map { "('diagram', " . quoted(slurp_file($_)) . ')' } @diagrams));
answer(q{INSERT INTO text_seed SELECT 'diagram', lifecycle.template(name, 'fr') FROM lifecycle.templates() WHERE name IN ('b2b_sales', 'saas_6')});
for my $what (keys %text_seeds)
{
	answer('INSERT INTO text_seed VALUES ' . join(', ', map { "('$what', " . quoted($_) . ')' } @{ $text_seeds{$what} }));
}

# attack(NAME, FORM, CALL): the rounds, and what may not come of them.
sub attack
{
	my ($name, $form, $call, $kind) = @_;
	my ($accepts, $refusals) = split /\|/, answer("SELECT * FROM $call");
	my $which = ($kind ? "type = '$kind'::regtype" : 'type IS NULL') . " AND form = '$form'";
	my $codes = $more_codes{ $kind // '' } // $codes{$form};
	my $strange = answer("SELECT DISTINCT ON (code, message) code, message, replace(encode(input, 'escape'), E'\\n', '\\n') FROM refused WHERE $which AND code !~ '$codes'");

	is($accepts + $refusals, $rounds, "$name: $rounds rounds");
	cmp_ok($accepts, '>', $rounds / 1000, "$name: some were accepted, which make themselves again");
	cmp_ok($refusals, '>', $rounds / 10, "$name: and many were refused");
	is($strange, '', "$name: for what was wrong with them");
	return;
}

for my $kind (split /\n/, answer(q{SELECT typname FROM pg_type
	WHERE typnamespace = 'lifecycle'::regnamespace AND typtype IN ('b', 'd', 'e', 'r') AND typcategory <> 'A' OR typnamespace = 'lifecycle'::regnamespace AND typtype = 'd' ORDER BY 1}))
{
	if (!$seeds{$kind}) { fail("$kind: there are examples to damage"); next }
	answer('INSERT INTO seed VALUES ' . join(', ', map { "('$kind', " . quoted($_) . ')' } @{ $seeds{$kind} }));
	for my $form ('text', 'binary')
	{
		attack("$kind as $form", $form, "attack('$kind', " . ($form eq 'binary' ? 'true' : 'false') . ", $rounds, $seed)", $kind);
		is(answer("SELECT * FROM read_all('$kind', '$form') LIMIT 10"), '', "$kind as $form: what was accepted can be read");
	}
}
attack($_, $_, "attack_text('$_', $rounds, $seed)") for sort('diagram', keys %text_seeds);

# Questions to journeys that came in damaged; a journey lasts 570 years at most and has at most 1,024
# labels, so merged are some of our time.
answer(q{CREATE TABLE came AS SELECT value::journey AS j FROM accepted WHERE type = 'journey'::regtype});
is(answer(q{SELECT count(*) = (SELECT count(*) FROM came) FROM came, LATERAL (SELECT funnel_level(j, 'lead > mql'), funnel_times(j, 'a > b any order'),
	time_in(j, 'lead', now()), stage_at(j, now()), slice(j, tstzrange('2026-01-05', NULL)), crop(j, '2026-01-01', '2026-01-10'), relabel(j, 'lead', 'a')) x}), 't', 'damaged journeys can be asked');
is(answer(q{SELECT funnel_agg(j, 'lead > mql within 9 days') IS NOT NULL AND velocity_agg(j, 'as of 2026-05-01') IS NOT NULL AND census_agg(j, 'from 2026-01-01 to 2026-03-01 every 1 day') IS NOT NULL
	AND retention_agg(j, 'from lead while lead every 1 month for 3 as of 2026-05-01') IS NOT NULL AND survival_agg(j, 'from lead to mql as of 2027-01-01') IS NOT NULL
	AND win_rate_agg(j, 'mql against été') IS NOT NULL AND attribution_agg(j, '{mql}', '{été}', 1) IS NOT NULL FROM came}), 't', 'and summed up');
is(answer(q{SELECT step_count(journey_merge(j)) = sum(step_count(j)) FROM (SELECT * FROM came WHERE started_at(j) > '2000-01-01' AND last_moved_at(j) < '2100-01-01' LIMIT 250) x}), 't', 'and merged');

note answer(q{SELECT string_agg(format('%s %s: %s refused as %s', coalesce(type::text, ''), form, n, code), E'\n' ORDER BY type::text, form, n DESC)
	FROM (SELECT type, form, code, count(*) AS n FROM refused GROUP BY 1, 2, 3) x});
unlike(slurp_file($node->logfile), qr/PANIC|terminated by signal|TRAP/, 'nothing broke');
$node->stop;
done_testing();
