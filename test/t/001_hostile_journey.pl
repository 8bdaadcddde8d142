# Thousands of damaged binary journeys, specifications and summaries arrive through COPY. Each is either refused
# as malformed or is a value that prints and reads back; the server never goes down.

use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('hostile');
$node->init;
$node->append_conf('postgresql.conf', "fsync = off\nlog_statement = none");
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION crm_lifecycle; ALTER DATABASE postgres SET search_path = public, lifecycle');
my $postmaster = $node->safe_psql('postgres', 'SELECT pg_postmaster_start_time()');

srand(20260105);

# A binary COPY file of one row with one field.
sub copy_file
{
	my ($field) = @_;
	return "PGCOPY\n\xff\r\n\0" . pack('N N', 0, 0) . pack('n', 1) . pack('N', length $field) . $field . pack('n', 0xffff);
}

# The binary form of a value, from the server's own mouth.
sub seed
{
	my ($type, $text) = @_;
	return pack('H*', $node->safe_psql('postgres', "SELECT encode(lifecycle.${type}_send('$text'), 'hex')"));
}

# The numbers that break bounds, counts and clocks.
my @numbers = (0, 1, 2, 3, 255, 256, 1023, 1024, 1025, 0x7fffffff, 0x80000000, 0xffffffff, 0x04000000, 0x04000001);
my @instants = (map { pack('H*', $_) }
	qw(0000000000000000 7fffffffffffffff 8000000000000000 8000000000000001 ffffffffffffffff 7fffffffffffff00 003fffffffffffff 0040000000000000));

my @mutations = (
	sub { my ($b) = @_; my $i = int rand length $b; substr($b, $i, 1) = chr int rand 256; $b },
	sub { my ($b) = @_; my $i = int rand length $b; substr($b, $i, 1) ^= chr(1 << int rand 8); $b },
	sub { my ($b) = @_; substr($b, 0, int rand(1 + length $b)) },
	sub { my ($b) = @_; $b . join('', map { chr int rand 256 } 1 .. 1 + int rand 20) },
	sub { my ($b) = @_; my $i = int rand length $b; substr($b, $i, 1 + int rand 12) = ''; $b },
	sub { my ($b) = @_; my $i = int rand length $b; substr($b, $i, 0) = substr($b, int rand length $b, 1 + int rand 16); $b },
	sub { my ($b) = @_; my $i = int rand(1 + length($b) - 4); substr($b, $i, 4) = pack('N', $numbers[ rand @numbers ]); $b },
	sub { my ($b) = @_; my $i = int rand(1 + length($b) - 8); substr($b, $i, 8) = $instants[ rand @instants ]; $b },
);

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
	retention_spec => [ q{from a while a, "b c" every 1 month for 24 at end since entry at time zone ''Europe/Paris'' as of 2026-05-01} ],
	census_spec => [ q{from 2026-01-31 to 2026-12-31 every 1 month at time zone ''Europe/Paris''} ],
	retention => [
		'{from a while a every 1 day for 2 as of 2026-05-01}',
		q{{from a while a every 1 week for 3 at time zone ''Europe/Paris'' as of 2026-05-01; 2026-01-04T23:00Z 5: 5 4 4; 2026-01-11T23:00Z 2: 0 2 0}},
	],
	census => [
		'{from 2026-01-01 to 2026-01-01 every 1 day; a: 1}',
		'{from 2026-01-01 to 2026-03-01 every 1 month; "a b": 1 2 3; été: 0 0 7; z: 9 0 0}',
	],
	funnel_spec => [ 'lead > mql (7 days) > "closed won" (1 month) within 90 days first entry excluding lost, été entered 2026-01-01 to 2026-04-01 as of 2026-05-01' ],
	velocity_spec => [ 'moved 2026-01-01 to 2026-04-01 as of 2026-05-01', '' ],
	survival_spec => [ 'from lead to mql, "closed won" by 1 day as of 2026-05-01' ],
	win_rate_spec => [ '"closed won" against lost, churned closed 2026-01-01 to 2026-04-01' ],
	funnel => [
		'{a > b within 90 days as of 2026-05-01; levels 3 5 2; pending 1 4; times [86400000000*2]}',
		'{a > b at least; levels 0 9 600; pending 0 0; times ~[78822900,131671:768*600]}',
	],
	velocity => [
		'{}',
		'as of 2026-05-01 {lead start 3 open [0,86400000000]; "closed won" open [5*7]; lead > "closed won" [3600000000*3]; lead > été ~[78822900,131671:768*600]}',
	],
	survival => [
		'{open [7200000000,10800000000*4]; to x [3600000000,14400000000,25200000000]}',
		'from a to b, "c d" by 1 day as of 2026-05-01 {open [10195200000000]; to b [345600000000*9]; to "c d" [345600000000]}',
	],
	win_rate => [ '"closed won" against lost closed 2026-01-01 to 2026-04-01 {17 won, 4 lost}', 'a against b {0 won, 0 lost}' ],
	naive_bayes => [ '{0 won, 0 lost}', '{5 won, 4 lost; country 5/4: be 3/2, "f r" 2/2; été 4/0: big 3/0, new 2/0}' ],
	decayed_score => [ '40 at 2026-01-05T09:00:00Z half-life 30 days', '-0.1 at 4400-01-01 BC half-life 1 microsecond' ],
	attribution => [ '{a 0/1}', '{ads 5/4 worth 12.50, ads > "f r" > ads 3/2 worth 123456789, été > ads 2/2 worth -3.5}' ]);

# These hold a text, so what is wrong with that is told as of any text.
my %texts = map { $_ => 1 } map { ($_, "${_}_spec") } qw(funnel velocity retention survival census win_rate);

# Which errors are refusals. The server's own checks of lengths and encodings come first.
my $refusal = qr/malformed binary (?:journey|journey_events|naive_bayes|decayed_score|attribution|(?:funnel|velocity|retention|survival|census|win_rate)(?:_spec)?): |malformed collection of durations|in external "numeric" value|insufficient data left in message|invalid byte sequence for encoding|no data left in message|incorrect binary data format/;

# One session reads them all; each file is an attempt of its own.
sub attack
{
	my ($type, $rounds) = @_;
	my $folder = PostgreSQL::Test::Utils::tempdir();
	my @seeds = map { seed($type, $_) } @{ $seeds{$type} };
	my $script = "CREATE TABLE $type (id int DEFAULT 0, value lifecycle.$type);\n\\set VERBOSITY verbose\n";

	for my $round (1 .. $rounds)
	{
		my $bytes = $seeds[ rand @seeds ];
		$bytes = $mutations[ rand @mutations ]->($bytes) for 0 .. int rand 3;
		append_to_file("$folder/$round", copy_file($bytes));
		$script .= "\\echo attempt $round\nCOPY $type (value) FROM '$folder/$round' (FORMAT binary);\n";
	}
	my ($status, $out, $err) = $node->psql('postgres', $script, on_error_stop => 0, extra_params => ['-X']);
	my @errors = grep { /ERROR:/ } split /\n/, $err;
	my @strange = grep { !/$refusal/ && !($texts{$type} && /ERROR:  (22P02|22023|54000)/) } @errors;
	my $codes = $texts{$type} ? qr/22P03|22021|08P01|22P02|22023|54000/ : qr/22P03|22021|08P01|22P02/;

	is($status, 0, "$type: the session survived $rounds attempts");
	is($out =~ tr/\n//, $rounds - 1, "$type: every attempt was made");
	cmp_ok(scalar @errors, '>', $rounds / 2, "$type: most were refused");
	is("@strange", '', "$type: each refusal says what is wrong");
	is(scalar(grep { !/ERROR:  (?:$codes)/ } @errors), 0, "$type: refusals have the right code");

	my $accepted = $node->safe_psql('postgres', "SELECT count(*) FROM $type");
	is($accepted, $rounds - @errors, "$type: the others were accepted");
	cmp_ok($accepted, '>', 0, "$type: some were");
	return;
}

# What chance seldom hits, by name: version, labels, steps as [index, microseconds], then anything.
sub journey_bytes
{
	my ($version, $labels, $steps, $rest) = @_;
	return pack('C N', $version, scalar @$labels) . join('', map { pack('N/a*', $_) } @$labels)
		. pack('N', scalar @$steps) . join('', map { pack('N q>', @$_) } @$steps) . ($rest // '');
}

sub refused
{
	my ($bytes, $why) = @_;
	my $file = PostgreSQL::Test::Utils::tempdir() . '/case';
	append_to_file($file, copy_file($bytes));
	my ($status, $out, $err) = $node->psql('postgres',
		"\\set VERBOSITY verbose\nCREATE TEMP TABLE t (value lifecycle.journey); COPY t FROM '$file' (FORMAT binary)", extra_params => ['-X']);
	like($err, $why eq '' ? qr/^$/ : qr/ERROR:  22P03: malformed binary journey: \Q$why\E/, $why || 'a sound one is let in');
	unlink $file;
	return;
}

refused(journey_bytes(1, [ 'a', 'b' ], [ [ 0, 5 ], [ 1, 5 ], [ 0, 6 ] ]), '');
refused(journey_bytes(2, ['a'], [ [ 0, 5 ] ]), 'unknown version');
refused(journey_bytes(1, [], [ [ 0, 5 ] ]), 'a count is out of range');
refused(journey_bytes(1, ['a'], []), 'a count is out of range');
refused(journey_bytes(1, [ 'a', 'b' ], [ [ 0, 5 ] ]), 'a label belongs to no step');
refused(journey_bytes(1, [ 'a', 'b' ], [ [ 1, 5 ], [ 0, 5 ] ]), 'the labels are not in the order of first visit');
refused(journey_bytes(1, [ 'a', 'a' ], [ [ 0, 5 ], [ 1, 5 ] ]), 'the labels are not in the order of first visit');
refused(journey_bytes(1, ['a'], [ [ 1, 5 ] ]), "a step's label is not among the labels");
refused(journey_bytes(1, ['a'], [ [ 0, 5 ], [ 0, 4 ] ]), 'the steps of a journey cannot run backwards in time');
refused(journey_bytes(1, ['a'], [ [ 0, 0x7fffffffffffffff ] ]), 'a step of a journey cannot be at infinity');
refused(journey_bytes(1, ['a'], [ [ 0, 0x7ffffffffffffffe ] ]), 'instant of a step out of range');
refused(journey_bytes(1, ['a'], [ [ 0, 0 ], [ 0, 1 << 54 ] ]), 'a journey cannot last more than 570 years');
refused(journey_bytes(1, [ 'x' x 256 ], [ [ 0, 5 ] ]), 'stage label of 256 bytes is too long');
refused(journey_bytes(1, ['a'], [ [ 0, 5 ] ], 'x'), 'there are bytes behind its end');

attack('journey', 4000);
attack('journey_events', 4000);
attack($_, /_spec/ ? 1000 : 2000) for sort keys %texts;
attack('naive_bayes', 2000);
attack('decayed_score', 2000);
attack('attribution', 2000);

is($node->safe_psql('postgres', 'SELECT pg_postmaster_start_time()'), $postmaster, 'the same server is up');
is($node->safe_psql('postgres', 'SELECT count(*) FROM journey WHERE value IS DISTINCT FROM value::text::lifecycle.journey'),
	'0', 'what was accepted reads back from its text');
is($node->safe_psql('postgres', 'SELECT count(*) FROM journey_events WHERE value::text <> value::text::lifecycle.journey_events::text'),
	'0', 'and so do events');
is($node->safe_psql('postgres', "SELECT count(*) FROM $_ WHERE value::text <> value::text::lifecycle.$_\::text"), '0', "and so does $_")
	for 'decayed_score', sort keys %texts;
# What reads a summary takes every one that was accepted.
my %readers = (
	funnel => 'funnel_steps(value)',
	velocity => 'velocity_moves(value), velocity_stages(value)',
	retention => 'retention_cells(value)',
	survival => 'kaplan_meier(value)',
	census => 'census_cells(value)');
is($node->safe_psql('postgres', "SELECT count(*) > 0 FROM $_, $readers{$_}"), 't', "and $_ can be read") for sort keys %readers;
is($node->safe_psql('postgres', q{SELECT count(*) FROM velocity WHERE win_probability(value, 'lead', '{closed won}', '{lost}') NOT BETWEEN 0 AND 1}),
	'0', 'a probability is one');
is( $node->safe_psql('postgres', q{
	SELECT count(*) FROM journey
	WHERE lifecycle.step_count(value) <> (SELECT count(*) FROM lifecycle.steps(value))
		OR lifecycle.current_stage(value) <> (SELECT stage FROM lifecycle.steps(value) ORDER BY step DESC LIMIT 1)
		OR value::jsonb::lifecycle.journey <> value}),
	'0', 'and is whole');
$node->safe_psql('postgres', q{COPY journey TO '} . $node->basedir . q{/all' (FORMAT binary);
	CREATE TABLE again (LIKE journey); COPY again FROM '} . $node->basedir . q{/all' (FORMAT binary)});
is($node->safe_psql('postgres', 'SELECT count(*) FROM (SELECT value FROM journey EXCEPT ALL SELECT value FROM again) d'),
	'0', 'and goes through the binary form unchanged');
unlike(slurp_file($node->logfile), qr/PANIC|terminated by signal|TRAP/, 'nothing broke');

$node->stop;
done_testing();
