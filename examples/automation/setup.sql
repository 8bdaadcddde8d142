-- Accounts with plays, collected and done by a scheduled job. For the database that cron.database_name names.
CREATE EXTENSION IF NOT EXISTS pg_cron;
CREATE EXTENSION IF NOT EXISTS crm_lifecycle;

SELECT lifecycle.create_lifecycle('account', $$stateDiagram-v2
    [*] --> trial
    trial --> customer : subscribe
    customer --> churned : cancel
    note right of trial
        owner: sales
        sla: 14 days
    end note
    note right of customer
        outcome: won
    end note
    note right of churned
        outcome: lost
    end note$$);
CREATE TABLE account (id int PRIMARY KEY, email text NOT NULL, stage text NOT NULL, renews_at date, entered timestamptz);
INSERT INTO account VALUES
    (1, 'ada@example.com', 'trial', NULL, now() - interval '10 days 1 hour'),
    (2, 'bob@example.com', 'trial', NULL, now() - interval '2 days'),
    (3, 'cem@example.com', 'customer', current_date + 20, now() - interval '345 days'),
    (4, 'dee@example.com', 'customer', current_date + 200, now() - interval '165 days');
SELECT lifecycle.attach('account', 'account', since => 'entered');

-- What is to be done: plays are rows. These look back to the accounts that were there before.
INSERT INTO lifecycle.play (lifecycle, name, stage, delay, channel, message, owner, starts_at) VALUES
    ('account', 'nudge', 'trial', '10 days', 'email', 'Four days left to try it.', 'marketing', now() - interval '30 days');
INSERT INTO lifecycle.play (lifecycle, name, stage, date_column, delay, channel, message, owner, starts_at) VALUES
    ('account', 'renewal', 'customer', 'renews_at', '-30 days', 'task', 'Call about the renewal.', 'success', now() - interval '30 days');
INSERT INTO lifecycle.play (lifecycle, name, from_stage, to_stage, channel, message, owner) VALUES
    ('account', 'welcome', 'trial', 'customer', 'email', 'Good to have you.', 'success');

-- What is due at any moment, as a view: service levels, and renewals a month ahead.
CREATE VIEW todo AS
SELECT * FROM lifecycle.due('account') WHERE overdue
UNION ALL
SELECT * FROM lifecycle.due('account', 'renews_at', '30 days', '{customer}', 'renewal') WHERE overdue;

-- Where plays are collected, and what is made of them here: mails to send and tasks to do. Yours may call a service.
SELECT lifecycle.create_play_queue('play_queue');
CREATE TABLE mail (id bigint GENERATED ALWAYS AS IDENTITY, recipient text, body text, sent_at timestamptz);
CREATE TABLE task (id bigint GENERATED ALWAYS AS IDENTITY, team text, account int, what text, done_at timestamptz);

-- Collects what came due, then does one play at a time, in one transaction with what comes of it: once, or not at
-- all. Several may run at once.
CREATE PROCEDURE run_plays() LANGUAGE plpgsql AS $$
DECLARE
    due play_queue;
BEGIN
    PERFORM lifecycle.collect_plays('account', 'play_queue');
    COMMIT;
    LOOP
        SELECT * INTO due FROM play_queue WHERE done_at IS NULL ORDER BY due_at LIMIT 1 FOR UPDATE SKIP LOCKED;
        EXIT WHEN NOT FOUND;
        -- Who has left the stage since then is not told what no longer holds.
        IF due.channel = 'email' THEN
            INSERT INTO mail (recipient, body)
            SELECT email, due.message FROM account
            WHERE id = (due.key->>'id')::int AND (due.play <> 'nudge' OR stage = 'trial');
        ELSE
            INSERT INTO task (team, account, what) VALUES (due.owner, (due.key->>'id')::int, due.message);
        END IF;
        UPDATE play_queue SET done_at = clock_timestamp()
        WHERE (relation, lifecycle, play, key, occurred_at) = (due.relation, due.lifecycle, due.play, due.key, due.occurred_at);
        COMMIT;
    END LOOP;
END $$;

-- Every minute. A run that is missed, or comes late, loses nothing.
SELECT cron.schedule('run plays', '* * * * *', 'CALL run_plays()');
