-- One round of changes to rules that rows follow, there and back again, and of rules that come and go.
SELECT * FROM lifecycle.alter_lifecycle('deal', soak.deal('other'), dry_run => true);
SELECT * FROM lifecycle.alter_lifecycle('deal', soak.deal('other'));
SELECT pg_sleep(:pause);
CALL lifecycle.rename_stage('deal', 'mql', 'marketing qualified', blocks => 5);
SELECT pg_sleep(:pause);
CALL lifecycle.rename_stage('account', 'trial', 'pilot', blocks => 5);
SELECT pg_sleep(:pause);
CALL lifecycle.rename_stage('account', 'pilot', 'trial', blocks => NULL);
CALL lifecycle.rename_stage('deal', 'marketing qualified', 'mql', blocks => 3);
SELECT pg_sleep(:pause);
SELECT * FROM lifecycle.alter_lifecycle('deal', soak.deal('plain'));
SELECT * FROM lifecycle.check_lifecycle('deal');
SELECT lifecycle.set_mode('soak.tickets', 'observe');
SELECT lifecycle.set_mode('soak.tickets', 'enforce');

SELECT lifecycle.create_score('fleeting', E'group a 0..5\n+5 when amount > 1');
SELECT lifecycle.alter_score('fleeting', E'group a 0..5\n+5 when amount > 2');
SELECT max(lifecycle.score('fleeting', d)) FROM soak.deals d;
SELECT lifecycle.drop_score('fleeting');

SELECT lifecycle.create_lifecycle('brief', lifecycle.template('saas_9', 'fr'));
SELECT * FROM lifecycle.check_lifecycle('brief');
SELECT * FROM lifecycle.retire_stage('brief', (SELECT label FROM lifecycle.stage WHERE lifecycle = 'brief' AND outcome = 'lost' LIMIT 1));
SELECT lifecycle.drop_lifecycle('brief');
