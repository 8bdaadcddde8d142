-- What every program here finds in its database. They create their tables themselves, each in the way
-- of its library, and attach them.
CREATE EXTENSION crm_lifecycle;

SELECT lifecycle.create_lifecycle('deal', $$
stateDiagram-v2
    direction LR
    [*] --> lead
    lead --> qualified : qualify
    qualified --> won : sign [amount > 0]
    lead --> lost : drop
    qualified --> lost : decline
    lost --> lead : recycle
$$);
