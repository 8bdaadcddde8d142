# A table whose CHECK ties its stage to its journey goes through pg_dump and back, for every type of stage
# column, and so do index, view and materialized view on journeys.

use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('dump');
$node->init;
$node->append_conf('postgresql.conf', 'fsync = off');
$node->start;
$node->safe_psql('postgres', 'CREATE DATABASE before; CREATE DATABASE after');
$node->safe_psql('before', q{
	CREATE EXTENSION crm_lifecycle;
	CREATE TYPE stage AS ENUM ('lead', 'won');
	CREATE DOMAIN text_stage AS text CHECK (VALUE <> '');
	CREATE DOMAIN enum_stage AS stage;
	CREATE TABLE deal (
		id int PRIMARY KEY,
		journey lifecycle.journey,
		a text DEFAULT 'won' CONSTRAINT a CHECK (lifecycle.ends_in(journey, a)),
		b varchar(20) DEFAULT 'won' CONSTRAINT b CHECK (lifecycle.ends_in(journey, b)),
		c stage DEFAULT 'won' CONSTRAINT c CHECK (lifecycle.ends_in(journey, c)),
		d text_stage DEFAULT 'won' CONSTRAINT d CHECK (lifecycle.ends_in(journey, d)),
		e enum_stage DEFAULT 'won' CONSTRAINT e CHECK (lifecycle.ends_in(journey, e)));
	CREATE TABLE numbered (journey lifecycle.journey, stage int CHECK (lifecycle.ends_in(journey, stage)));
	INSERT INTO deal SELECT i, ('{lead@2026-01-01,won@2026-01-02}')::lifecycle.journey FROM generate_series(1, 100) i;
	INSERT INTO numbered VALUES ('{3@2026-01-01}', 3);
	CREATE INDEX ON deal (lifecycle.started_at(journey));
	CREATE INDEX ON deal USING gin (lifecycle.stages(journey));
	CREATE INDEX ON deal USING hash (journey);
	CREATE MATERIALIZED VIEW step AS SELECT id, s.* FROM deal, lifecycle.steps(journey) s;
	CREATE VIEW same AS SELECT count(*) FROM deal x JOIN deal y ON x.journey OPERATOR(lifecycle.=) y.journey;
});

my $file = $node->basedir . '/dump.sql';
$node->command_ok([ 'pg_dump', '--no-sync', '-f', $file, '-d', $node->connstr('before') ], 'it dumps');
$node->command_ok([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-f', $file, '-d', $node->connstr('after') ], 'it restores');

is($node->safe_psql('after', 'TABLE deal ORDER BY id'), $node->safe_psql('before', 'TABLE deal ORDER BY id'), 'the rows are the same');
is($node->safe_psql('after', 'SELECT count(*) FROM step'), '200', 'what depends on functions was filled');
is($node->safe_psql('after', 'SELECT count FROM same'), '10000', 'what depends on operators works');
for my $column ('a' .. 'e')
{
	my ($status, $out, $err) = $node->psql('after', "UPDATE deal SET $column = 'lead' WHERE id = 1");
	like($err, qr/violates check constraint "$column"/, "the CHECK on column $column still works");
}
my ($status, $out, $err) = $node->psql('after', 'UPDATE numbered SET stage = 4');
like($err, qr/violates check constraint/, 'the CHECK on an integer column still works');

$node->stop;
done_testing();
