# Damaged binary journeys arrive through COPY, as from a client. Each is either refused as malformed or is a value that
# prints and reads back; the server never goes down. All types, in both forms: 013_mutations.pl.

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

my @seeds = map { pack('H*', $node->safe_psql('postgres', "SELECT encode(journey_send('$_'), 'hex')")) } (
	'{lead@2026-01-05}',
	'{lead@2026-01-05T09:00:00Z,mql@2026-01-06,lead@2026-01-06,"closed won"@2026-03-01,été@2026-03-02}',
	'{a@4714-11-24 BC,b@4400-01-01 BC}');

# Which errors are refusals. The server's own checks of lengths and encodings come first.
my $refusal = qr/ERROR:  (?:22P03: malformed binary journey: |22021: invalid byte sequence for encoding|08P01: insufficient data left in message|08P01: no data left in message|22P03: incorrect binary data format)/;

# One session reads them all; each file is an attempt of its own.
sub attack
{
	my ($rounds) = @_;
	my $folder = PostgreSQL::Test::Utils::tempdir();
	my $script = "CREATE TABLE journey (id int DEFAULT 0, value lifecycle.journey);\n\\set VERBOSITY verbose\n";

	for my $round (1 .. $rounds)
	{
		my $bytes = $seeds[ rand @seeds ];
		$bytes = $mutations[ rand @mutations ]->($bytes) for 0 .. int rand 3;
		append_to_file("$folder/$round", copy_file($bytes));
		$script .= "\\echo attempt $round\nCOPY journey (value) FROM '$folder/$round' (FORMAT binary);\n";
	}
	my ($status, $out, $err) = $node->psql('postgres', $script, on_error_stop => 0, extra_params => ['-X']);
	my @errors = grep { /ERROR:/ } split /\n/, $err;
	my @strange = grep { !/$refusal/ } @errors;

	is($status, 0, "the session survived $rounds attempts");
	is($out =~ tr/\n//, $rounds - 1, "every attempt was made");
	cmp_ok(scalar @errors, '>', $rounds / 2, "most were refused");
	is("@strange", '', "each refusal says what is wrong");

	my $accepted = $node->safe_psql('postgres', "SELECT count(*) FROM journey");
	is($accepted, $rounds - @errors, "the others were accepted");
	cmp_ok($accepted, '>', 0, "some were");
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

attack(2000);

is($node->safe_psql('postgres', 'SELECT pg_postmaster_start_time()'), $postmaster, 'the same server is up');
is($node->safe_psql('postgres', 'SELECT count(*) FROM journey WHERE value IS DISTINCT FROM value::text::lifecycle.journey'),
	'0', 'what was accepted reads back from its text');
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
