-- The two files as they are.

CREATE EXTENSION IF NOT EXISTS crm_lifecycle;

CREATE TABLE pipeline_export (
    opportunity_id text PRIMARY KEY,
    sales_agent    text,
    product        text,
    account        text,
    deal_stage     text,
    engage_date    date,
    close_date     date,
    close_value    numeric
);

CREATE TABLE ticket_event (
    case_id  text,
    activity text,
    resource text,
    at       timestamptz,
    seq      bigserial          -- the order of the file
);
