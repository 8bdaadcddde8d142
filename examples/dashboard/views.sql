-- The year of the demo is over: funnel and cohorts are asked as of its last midnight. Of your own table, leave
-- both out, and the views are as of now.
SELECT lifecycle.create_bi_views('customers', "by" => '{segment}',
    funnel => 'lead > trial > onboarding > active within 90 days as of 2026-01-01',
    cohorts => 'from onboarding while onboarding, active, expanded, at_risk every 1 month for 12 at end as of 2026-01-01');
