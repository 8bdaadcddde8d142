# The extension is trusted: a plain owner of a database creates it, and its functions act for a superuser.
# So nobody but a superuser may own the schema that they believe in, or have put something there before.

use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('plain_owner');
$node->init;
$node->append_conf('postgresql.conf', 'fsync = off');
$node->start;
$node->safe_psql('postgres', 'CREATE ROLE plain LOGIN; CREATE ROLE app LOGIN; CREATE DATABASE theirs OWNER plain;');

# What psql says to a role: rows, or the error.
sub answer
{
	my ($role, $sql) = @_;
	my ($status, $out, $err) = $node->psql('theirs', $sql, extra_params => [ '-U', $role ]);
	return $out . $err;
}

is(answer('plain', 'CREATE EXTENSION crm_lifecycle'), '', 'a plain owner creates the extension');
like(answer('plain', 'ALTER SCHEMA lifecycle RENAME TO elsewhere'), qr/must be owner of schema lifecycle/,
	'and cannot put another schema in the place of its own');
like(answer('plain', 'CREATE FUNCTION lifecycle.ends_in(lifecycle.journey, uuid) RETURNS boolean RETURN true'),
	qr/permission denied for schema lifecycle/, 'nor anything into it');
is(answer('app', q{SELECT lifecycle.path('{lead@2026-01-05}')}), 'lead', 'everybody may use it');
is(answer('plain', 'DROP EXTENSION crm_lifecycle'), '', 'its creator drops it');
is(answer('plain', q{SELECT count(*) FROM pg_namespace WHERE nspname = 'lifecycle'}), '0', 'with its schema');

# An operator that fits better than PostgreSQL's own would end up in the extension's views.
$node->safe_psql('theirs', q{
	CREATE SCHEMA lifecycle;
	CREATE FUNCTION lifecycle.lure(oid, regprocedure) RETURNS boolean RETURN true;
	CREATE OPERATOR lifecycle.= (LEFTARG = oid, RIGHTARG = regprocedure, FUNCTION = lifecycle.lure);
}, extra_params => [ '-U', 'plain' ]);
like(answer('plain', 'CREATE EXTENSION crm_lifecycle'), qr/schema "lifecycle" already exists/,
	'a schema that somebody prepared is not taken');

$node->stop;
done_testing();
