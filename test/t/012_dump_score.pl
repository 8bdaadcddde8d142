# 30: scores go through all ways of dumping, with their owners, their history and what is asked of both: a
# database of its plain owner's, restored by that owner and by a superuser, once and twice over, where another
# score has the name, and where a role is missing.

use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('dump_score');
$node->init;
$node->append_conf('postgresql.conf', 'fsync = off');
$node->start;
$node->safe_psql('postgres', 'CREATE ROLE owner LOGIN; CREATE ROLE clerk LOGIN; CREATE ROLE boss LOGIN;');
$node->safe_psql('postgres', "CREATE DATABASE $_ OWNER owner") for qw(source plain super twice other);
$node->safe_psql('postgres', 'CREATE DATABASE calls OWNER clerk');

my ($socket, $port) = ($node->host, $node->port);
sub as { my ($role, $database) = @_; return "host=$socket port=$port user=$role dbname=$database"; }
sub does { my ($role, $database, $sql) = @_; return $node->safe_psql($database, $sql, connstr => as($role, $database)); }
sub answer
{
	my ($role, $database, $sql) = @_;
	my ($status, $out, $err) = $node->psql($database, $sql, connstr => as($role, $database));
	return "$out$err";
}

does('owner', 'source', q{
	CREATE EXTENSION crm_lifecycle;
	CREATE SCHEMA crm;
	GRANT USAGE ON SCHEMA crm TO PUBLIC;
	CREATE TABLE crm.lead (id int PRIMARY KEY, staff int, note text);
	GRANT SELECT ON crm.lead TO PUBLIC;
	INSERT INTO crm.lead VALUES (1, 70, 'a$$b'), (2, 10, NULL);
	CREATE FUNCTION crm.who() RETURNS text LANGUAGE sql STABLE AS 'SELECT current_user::text';
	SET search_path = crm, public;
	SELECT lifecycle.create_score('fit', E'group fit 0..50\n+20 when who() = ''owner''\nbands A >= 5');
	SELECT lifecycle.alter_score('fit', E'# it''s $$ and \\\\ and ☃\ngroup "f ☃ it" 0..50\n\t+40 when note = ''a$$b'' AND who() = ''owner''\r\n+1 on "demo request" at most 3 per 7 days\nbands A >= 40, "B$"');
	SELECT lifecycle.create_score('gone', E'group a 0..5\n+5 when true');
	SELECT lifecycle.drop_score('gone');
	SELECT lifecycle.create_lifecycle('deal', E'stateDiagram-v2\n[*] --> lead\nlead --> won : sign [lifecycle.score(''fit'', new) >= 40]');
	CREATE TABLE crm.deal (id int PRIMARY KEY, staff int, note text, stage text);
	SELECT lifecycle.attach('deal', 'deal');
	INSERT INTO deal SELECT id, staff, note, 'lead' FROM lead;
});
does('clerk', 'source', q{
	SET search_path = crm, public;
	SELECT lifecycle.create_score('clerk''s', E'group did 0..50 half-life 30 days\n+5 on opened\n+7 when who() = ''clerk''');
});

my @questions = (
	'SELECT name, search_path, definition FROM lifecycle.score_model ORDER BY name',
	'SELECT score, number, change, before, after, search_path, at, login, role, xid FROM lifecycle.score_history ORDER BY 1, 2',
	q{SELECT h.score, number, lifecycle.score_definition_at(s, h.at) FROM lifecycle.score_history h, unnest('{fit,gone,clerk''s}'::text[]) s ORDER BY 1, 2, 3},
	'SELECT name, lifecycle.dump_score(name) FROM lifecycle.score_model ORDER BY 1',
	q{SELECT id, lifecycle.score('fit', l), lifecycle.score_band('fit', 40) FROM crm.lead l ORDER BY id},
	q{SELECT id, number, lifecycle.score_by('fit', at, l), lifecycle.score_band_by('fit', at, 6) FROM crm.lead l, lifecycle.score_history WHERE score = 'fit' ORDER BY 1, 2},
	q{SELECT id, x.* FROM crm.lead l, lifecycle.explain_score('fit', l, '{demo request}', '{2026-01-01}', '2026-01-02') x ORDER BY 1, 3},
);
my @before = map { $node->safe_psql('source', $_) } @questions;
is($before[4], "1|40|A\n2|0|A", 'a score says what it should');
is($before[5], "1|1|20|A\n1|2|40|B\$\n2|1|20|A\n2|2|0|B\$", 'and its past');
my $owners = 'SELECT name, owner FROM lifecycle.score_model ORDER BY name';
my $past_owners = 'SELECT score, number, owner, restored_by FROM lifecycle.score_history ORDER BY 1, 2';

my $dir = PostgreSQL::Test::Utils::tempdir();
$node->command_ok([ 'pg_dump', '--no-sync', '-d', as('owner', 'source'), '-f', "$dir/plain.sql" ], 'the owner dumps');
$node->command_ok([ 'pg_dump', '--no-sync', '-d', as('owner', 'source'), '-Fc', '-f', "$dir/custom" ], 'in both ways');
my @psql = ('psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-o', '/dev/null', '-f');

sub check_restored
{
	my ($database) = @_;

	is($node->safe_psql($database, $questions[$_]), $before[$_], "$database: $questions[$_]") for 0 .. $#questions;
	like(answer('owner', $database, q{UPDATE crm.deal SET stage = 'won' WHERE id = 2}), qr/move from "lead" to "won" refused/, "$database: guards ask for scores");
	unlike(answer('owner', $database, q{UPDATE crm.deal SET stage = 'won' WHERE id = 1}), qr/ERROR/, "$database: and let pass");
}

# The database's owner cannot act for the clerk: what he restores is his, and so is what it was.
$node->command_ok([ $psql[0], '-d', as('owner', 'plain'), @psql[1 .. $#psql], "$dir/plain.sql" ], 'plain: the owner restores');
check_restored('plain');
is($node->safe_psql('plain', $owners), "clerk's|owner\nfit|owner", q{plain: another's score becomes the restorer's});
is($node->safe_psql('plain', $past_owners), "clerk's|1|owner|owner\nfit|1|owner|owner\nfit|2|owner|owner\ngone|1|owner|owner\ngone|2|owner|owner", 'plain: also what it was, and who brought it is said');
is($node->safe_psql('plain', q{SELECT lifecycle.score('clerk''s', l), lifecycle.score_by('clerk''s', now(), l) FROM crm.lead l WHERE id = 1}), '0|0', 'plain: and runs as that one');

$node->command_ok([ 'pg_restore', '-j', '2', '--exit-on-error', '-d', as('postgres', 'super'), "$dir/custom" ], 'super: a superuser restores');
check_restored('super');
is($node->safe_psql('super', $owners), "clerk's|clerk\nfit|owner", 'super: every score is its own owner\'s');
like($node->safe_psql('super', $past_owners), qr/^clerk's\|1\|clerk\|postgres\nfit\|1\|owner\|postgres/, 'super: and was');
is($node->safe_psql('super', q{SELECT lifecycle.score('clerk''s', l), lifecycle.score_by('clerk''s', now(), l) FROM crm.lead l WHERE id = 1}), '7|7', 'super: and runs as that one');
unlike(answer('owner', 'super', q{SELECT lifecycle.alter_score('fit', lifecycle.score_definition('fit') || E'\n')}), qr/ERROR/, 'super: it goes on');
is($node->safe_psql('super', q{SELECT number, role FROM lifecycle.score_history WHERE score = 'fit' AND restored_by IS NULL}), '3|owner', 'super: and so does its history');

# Over what is there already: the same is skipped, a different one refused.
does('owner', 'twice', 'CREATE EXTENSION crm_lifecycle; CREATE SCHEMA crm;');
my @data = ('pg_restore', '--data-only', '--exit-on-error', '-t', 'score_model', '-t', 'score_history');
for my $time (1, 2)
{
	$node->command_ok([ @data, '-d', as('owner', 'twice'), "$dir/custom" ], "twice: restores the scores, time $time");
	is($node->safe_psql('twice', $questions[$_]), $before[$_], "twice: $questions[$_]") for 0 .. 3;
}
does('owner', 'other', q{CREATE EXTENSION crm_lifecycle; SELECT lifecycle.create_score('fit', E'group other 0..5\n+5 on opened')});
$node->command_fails_like([ @data[0 .. 4], '-d', as('owner', 'other'), "$dir/custom" ], qr/score "fit" is already defined, and differently.*Keep the score that is there/s, 'other: a different score of that name stops the restore');
like($node->safe_psql('other', q{SELECT lifecycle.score_definition('fit')}), qr/group other/, 'other: and stays');

# dump_score's calls, for who has but these.
my $calls = $node->safe_psql('source', 'SELECT lifecycle.dump_score(name) FROM lifecycle.score_model ORDER BY name');
does('clerk', 'calls', "CREATE EXTENSION crm_lifecycle; CREATE SCHEMA crm; SET search_path = crm, public; $calls");
is($node->safe_psql('calls', $questions[$_]), $before[$_], "calls: $questions[$_]") for 0, 3;
is($node->safe_psql('calls', $owners), "clerk's|clerk\nfit|clerk", 'calls: and they belong to who called');

# A role that is gone: what needs its rights fails, what needs nobody's goes on.
$node->safe_psql('super', q{SELECT lifecycle.create_score('boss''s', E'group a 0..5\n+5 when staff > 1'), lifecycle.create_score('events', E'group a 0..5\n+5 on opened')});
$node->safe_psql('super', q{UPDATE lifecycle.score_model SET owner = 'boss' WHERE name IN ('boss''s', 'events')});
$node->safe_psql('postgres', 'ALTER ROLE boss RENAME TO chief');
like(answer('postgres', 'super', q{SELECT lifecycle.score('boss''s', l) FROM crm.lead l}), qr/the role that owns score "boss's" does not exist/, 'missing: conditions run as nobody');
like(answer('chief', 'super', q{SELECT lifecycle.drop_score('boss''s')}), qr/must be owner of score "boss's"/, 'missing: the role\'s new name owns nothing');
is($node->safe_psql('super', q{SELECT lifecycle.score('events', l, '{opened}', '{2026-01-01}', '2026-01-01') FROM crm.lead l WHERE id = 1}), '5', 'missing: events need nobody');
$node->command_ok([ 'pg_dump', '--no-sync', '-d', as('postgres', 'super'), '-Fc', '-f', "$dir/missing" ], 'missing: is dumped');
$node->safe_psql('postgres', 'DROP DATABASE other');
$node->safe_psql('postgres', 'CREATE DATABASE other');
$node->command_ok([ 'pg_restore', '--exit-on-error', '-d', as('postgres', 'other'), "$dir/missing" ], 'missing: and restored');
like(answer('postgres', 'other', q{SELECT lifecycle.score('boss''s', l) FROM crm.lead l}), qr/the role that owns score "boss's" does not exist/, 'missing: and runs as nobody still');
$node->safe_psql('other', q{UPDATE lifecycle.score_model SET owner = 'chief' WHERE name = 'boss''s'});
is(answer('chief', 'other', q{SELECT lifecycle.score('boss''s', l) FROM crm.lead l WHERE id = 1}), '5', 'missing: a superuser gives it to another');
$node->safe_psql('postgres', 'ALTER ROLE chief RENAME TO boss');
like(answer('boss', 'other', q{SELECT lifecycle.score('boss''s', l) FROM crm.lead l WHERE id = 1}), qr/does not exist/, 'missing: cached or not, the next statement knows');
is(answer('boss', 'super', q{SELECT lifecycle.score('boss''s', l) FROM crm.lead l WHERE id = 1}), '5', 'missing: back again, it runs');

$node->stop;
done_testing();
