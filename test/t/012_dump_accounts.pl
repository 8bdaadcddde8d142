# 30, 32: a derivation goes through pg_dump and back, plain, in parallel and data only, and a subscriber gets
# its accounts as the publisher has them: it derives nothing but from what is written there directly.

use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('dump_accounts');
$node->init(allows_streaming => 'logical');
$node->append_conf('postgresql.conf', 'fsync = off');
$node->start;
$node->safe_psql('postgres', "CREATE DATABASE $_") foreach qw(before plain parallel data_only subscriber);
$node->safe_psql('before', q{
	CREATE EXTENSION crm_lifecycle;
	SELECT lifecycle.create_lifecycle('contact', $$
		stateDiagram-v2
			[*] --> lead
			lead --> mql
			mql --> won
			note right of won
				label: It's "won" \ done
			end note
	$$);
	SELECT lifecycle.create_lifecycle('account', E'stateDiagram-v2\n[*] --> lead\nlead --> mql\nmql --> customer');
	CREATE SCHEMA "C R M";
	SET search_path = "C R M", public;
	CREATE TABLE accounts (id int PRIMARY KEY, stage text DEFAULT 'lead');
	CREATE TABLE contacts (id int, account_id int REFERENCES accounts, stage text DEFAULT 'lead', region text, PRIMARY KEY (id, region)) PARTITION BY LIST (region);
	CREATE TABLE contacts_eu PARTITION OF contacts FOR VALUES IN ('eu');
	CREATE TABLE contacts_us PARTITION OF contacts FOR VALUES IN ('us');
	CREATE INDEX ON contacts (account_id);
	SELECT lifecycle.attach('accounts', 'account', log => true);
	SELECT lifecycle.attach('contacts', 'contact');
	SELECT lifecycle.derive('accounts', 'contacts', mapping => $${"mql": "mql", "It's \"won\" \\\\ done": "customer"}$$);
	INSERT INTO accounts SELECT generate_series(1, 50);
	INSERT INTO contacts SELECT g, 1 + g % 50, 'lead', (ARRAY['eu', 'us'])[1 + g % 2] FROM generate_series(1, 500) g;
	UPDATE contacts SET stage = 'mql' WHERE account_id < 30;
	UPDATE contacts SET stage = $$It's "won" \ done$$ WHERE account_id < 10 AND stage = 'mql';
});

my $derivations = 'SELECT * FROM lifecycle.derivations';
my $accounts = 'SELECT * FROM "C R M".accounts ORDER BY id';
my $log = 'SELECT * FROM "C R M".accounts_stage_log ORDER BY number';
my $triggers = q{SELECT tgrelid::regclass, tgname, pg_get_triggerdef(oid), obj_description(oid, 'pg_trigger') FROM pg_trigger
	WHERE NOT tgisinternal ORDER BY 1, 2};
is($node->safe_psql('before', 'SELECT count(*) FROM "C R M".accounts WHERE stage = \'customer\''), '9', 'accounts follow');

sub check_restored
{
	my ($database, $how) = @_;

	is($node->safe_psql($database, $_), $node->safe_psql('before', $_), "$how: $_")
	  foreach $derivations, $accounts, $log, $triggers;
	is($node->safe_psql($database, q{SELECT * FROM lifecycle.verify('"C R M".accounts')}), '', "$how: all is well");
	$node->safe_psql($database, q{UPDATE "C R M".contacts SET stage = 'mql' WHERE account_id = 40 AND region = 'us' OR id = 39});
	is($node->safe_psql($database, q{SELECT lifecycle.path(journey) FROM "C R M".accounts WHERE id = 40}), 'lead>mql', "$how: and goes on");
}

my $plain = $node->basedir . '/plain.sql';
$node->command_ok([ 'pg_dump', '--no-sync', '-f', $plain, '-d', $node->connstr('before') ], 'plain: dumps');
$node->command_ok([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-f', $plain, '-d', $node->connstr('plain') ], 'plain: restores');
check_restored('plain', 'plain');

my $archive = $node->basedir . '/custom.dump';
$node->command_ok([ 'pg_dump', '--no-sync', '-Fc', '-f', $archive, '-d', $node->connstr('before') ], 'parallel: dumps');
$ENV{PGOPTIONS} = '-c crm_lifecycle.import=restore';
$node->command_ok([ 'pg_restore', '-j', '2', '--exit-on-error', '-d', $node->connstr('parallel'), $archive ], 'parallel: restores');
delete $ENV{PGOPTIONS};
check_restored('parallel', 'parallel');

# The rules come first, as data; then the tables with all their triggers, and then their rows.
$node->command_ok([ 'pg_restore', '--schema-only', '--exit-on-error', '-d', $node->connstr('data_only'), $archive ], 'data only: the tables are there');
$ENV{PGOPTIONS} = '-c crm_lifecycle.import=restore';
$node->command_ok([ 'pg_restore', '--data-only', '--exit-on-error', '-d', $node->connstr('data_only'), $archive ], 'data only: restores');
delete $ENV{PGOPTIONS};
check_restored('data_only', 'data only');

# A subscriber gets both tables; its own triggers do not fire, and its accounts are the publisher's.
$node->safe_psql('before', 'CREATE PUBLICATION crm FOR TABLE "C R M".accounts, "C R M".contacts; SELECT pg_create_logical_replication_slot($$crm$$, $$pgoutput$$)');
$node->command_ok([ 'pg_restore', '--schema-only', '--no-publications', '-d', $node->connstr('subscriber'), $archive ], 'subscriber: tables');
# With the publisher's rules, so that it could.
$node->safe_psql('subscriber', $node->safe_psql('before', q{SELECT lifecycle.dump_lifecycle(name) || ';' FROM lifecycle.lifecycle ORDER BY name}));
$node->safe_psql('subscriber', sprintf(q{CREATE SUBSCRIPTION crm CONNECTION $c$%s$c$ PUBLICATION crm WITH (create_slot = false, slot_name = 'crm')}, $node->connstr('before')));
$node->wait_for_subscription_sync($node, 'crm', 'subscriber');
$node->safe_psql('before', q{UPDATE "C R M".contacts SET stage = 'mql' WHERE account_id = 45});
$node->wait_for_catchup('crm');
is($node->safe_psql('subscriber', $accounts), $node->safe_psql('before', $accounts), 'subscriber: the same accounts');
is($node->safe_psql('subscriber', q{SELECT * FROM lifecycle.derivation_drift('"C R M".accounts')}), '', 'subscriber: which are as the contacts say');

# Contacts whose account the publisher leaves where it is, and accounts that it sets otherwise.
$node->safe_psql('before', q{
	SET session_replication_role = replica;
	INSERT INTO "C R M".contacts (id, account_id, stage, region, journey) VALUES (900, 46, 'mql', 'eu', '{lead@2026-01-01,mql@2026-01-02}');
	RESET session_replication_role;
	SET crm_lifecycle.import = on;
	UPDATE "C R M".accounts SET stage = 'customer' WHERE id = 45;
});
$node->wait_for_catchup('crm');
is($node->safe_psql('subscriber', $accounts), $node->safe_psql('before', $accounts), 'subscriber: accounts are what the publisher makes them');
is($node->safe_psql('subscriber', 'SELECT key, stage, derived, reachable FROM lifecycle.derivation_drift(\'"C R M".accounts\') ORDER BY key'),
	"45|customer|mql|f\n46|lead|mql|t", 'subscriber: not what the contacts would');
is($node->safe_psql('subscriber', $log), '', 'subscriber: nothing has moved there');
$node->safe_psql('subscriber', q{UPDATE "C R M".contacts SET stage = 'mql' WHERE account_id = 48});
is($node->safe_psql('subscriber', 'SELECT id, kind, to_stage FROM "C R M".accounts_stage_log'), '48|move|mql', 'subscriber: whoever writes contacts there moves accounts there');

$node->stop;
done_testing();
