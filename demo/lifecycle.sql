SELECT lifecycle.create_lifecycle('customer', $$
stateDiagram-v2
    direction LR
    state "Acquisition" as acquisition {
        lead
        trial
    }
    state "Customer" as customer {
        onboarding
        active
        expanded
    }
    at_risk : At risk
    [*] --> lead
    lead --> trial : sign up [email IS NOT NULL]
    trial --> onboarding : subscribe [mrr > 0] / send_welcome
    onboarding --> active : go live
    active --> expanded : upgrade
    customer --> at_risk : usage drops
    at_risk --> active : rescue
    at_risk --> churned : cancel
    churned --> onboarding : win back [mrr > 0]
    acquisition --> lost : give up
    lost --> trial : come back
    note right of trial
        owner: sales
        sla: 14 days
        requires: email
    end note
    note right of active
        outcome: won
    end note
    note right of expanded
        outcome: won
    end note
    note right of churned
        outcome: lost
        reasons: price, competitor, missing feature, closed down
    end note
    note right of lost
        outcome: lost
        reasons: price, competitor, missing feature, no need
    end note
$$);
