\echo Use "ALTER EXTENSION crm_lifecycle UPDATE TO '0.2.0'" to load this file. \quit

-- From 0.1.0 to 0.2.0. tools/delta writes this.
-- anew: velocity_spec\b|velocity_spec_\w+|diagram_stages|(VIEW|ON) lifecycle\.stage\b|TRIGGER guard_truncate\b

-- What is gone.

DROP VIEW lifecycle.stage;
DROP TRIGGER guard_truncate ON lifecycle.lifecycle;
DROP AGGREGATE lifecycle.velocity_agg(journey lifecycle.journey, spec lifecycle.velocity_spec, as_of timestamptz);
DROP AGGREGATE lifecycle.velocity_agg(journey lifecycle.journey, spec lifecycle.velocity_spec);
DROP FUNCTION lifecycle.velocity_agg_add(lifecycle.velocity, journey lifecycle.journey, spec lifecycle.velocity_spec, as_of timestamptz);
DROP FUNCTION lifecycle.velocity_agg_add(lifecycle.velocity, journey lifecycle.journey, spec lifecycle.velocity_spec);
DROP FUNCTION lifecycle.velocity_spec(moved tstzrange, as_of timestamptz);
DO $$
DECLARE
	dependent text;
BEGIN
	SELECT string_agg(DISTINCT pg_describe_object(d.classid, d.objid, d.objsubid), ', ') INTO dependent
	FROM pg_depend d
	WHERE d.refclassid = 'pg_type'::regclass AND d.refobjid IN ('lifecycle.velocity_spec'::regtype, 'lifecycle.velocity_spec[]'::regtype) AND d.deptype = 'n'
		AND NOT EXISTS (SELECT FROM pg_depend e WHERE e.classid = d.classid AND e.objid = d.objid AND e.deptype = 'e');
	IF dependent IS NOT NULL THEN
		RAISE EXCEPTION 'type lifecycle.velocity_spec becomes another, and is in use'
			USING ERRCODE = 'dependent_objects_still_exist', DETAIL = format('Dependent: %s.', dependent),
				HINT = 'With the library of 0.1.0, turn such columns into text and drop the rest; then update, and turn them back.';
	END IF;
END $$;
DROP TYPE lifecycle.velocity_spec CASCADE;
DROP FUNCTION lifecycle.diagram_stages(diagram text);

-- What is new, or another.

CREATE FUNCTION lifecycle.step_numbers(journey lifecycle.journey) RETURNS SETOF integer
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 8 AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION lifecycle.step_numbers(lifecycle.journey) IS 'the numbers of the steps, from 1';

CREATE FUNCTION lifecycle.step_stage(journey lifecycle.journey, step integer) RETURNS text
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION lifecycle.step_stage(lifecycle.journey, integer) IS 'the stage of a step by its number, counted from the end where it is negative; NULL where there is none';

CREATE FUNCTION lifecycle.step_at(journey lifecycle.journey, step integer) RETURNS timestamptz
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION lifecycle.step_at(lifecycle.journey, integer) IS 'the instant of a step by its number, counted from the end where it is negative; NULL where there is none';

CREATE FUNCTION lifecycle.relabel(journey lifecycle.journey, old text, new text) RETURNS lifecycle.journey
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION lifecycle.relabel(lifecycle.journey, text, text) IS 'the journey with another label in all steps of one stage';

CREATE FUNCTION lifecycle.journey_begun(journey lifecycle.journey, stage text) RETURNS lifecycle.journey
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION lifecycle.journey_begun(lifecycle.journey, text) IS 'the journey with one step more before its first, at the same instant';

CREATE OR REPLACE AGGREGATE lifecycle.journey_agg(stage text, at timestamptz) (
	SFUNC = lifecycle.journey_agg_add,
	STYPE = lifecycle.journey_events,
	SSPACE = 300,
	COMBINEFUNC = lifecycle.journey_agg_combine,
	FINALFUNC = lifecycle.journey_agg_final,
	FINALFUNC_MODIFY = READ_ONLY,
	PARALLEL = SAFE
);

CREATE OR REPLACE AGGREGATE lifecycle.journey_agg(stage text, at timestamptz, seq bigint) (
	SFUNC = lifecycle.journey_agg_add,
	STYPE = lifecycle.journey_events,
	SSPACE = 360,
	COMBINEFUNC = lifecycle.journey_agg_combine,
	FINALFUNC = lifecycle.journey_agg_final,
	FINALFUNC_MODIFY = READ_ONLY,
	PARALLEL = SAFE
);

CREATE OR REPLACE AGGREGATE lifecycle.journey_agg(stage anyenum, at timestamptz) (
	SFUNC = lifecycle.journey_agg_add,
	STYPE = lifecycle.journey_events,
	SSPACE = 300,
	COMBINEFUNC = lifecycle.journey_agg_combine,
	FINALFUNC = lifecycle.journey_agg_final,
	FINALFUNC_MODIFY = READ_ONLY,
	PARALLEL = SAFE
);

CREATE OR REPLACE AGGREGATE lifecycle.journey_agg(stage anyenum, at timestamptz, seq bigint) (
	SFUNC = lifecycle.journey_agg_add,
	STYPE = lifecycle.journey_events,
	SSPACE = 360,
	COMBINEFUNC = lifecycle.journey_agg_combine,
	FINALFUNC = lifecycle.journey_agg_final,
	FINALFUNC_MODIFY = READ_ONLY,
	PARALLEL = SAFE
);

CREATE FUNCTION lifecycle.diagram_stages(
	diagram text,
	OUT "position" integer,
	OUT id text,
	OUT label text,
	OUT formerly text[],
	OUT title text,
	OUT description text,
	OUT phase text,
	OUT phase_title text,
	OUT phase_direction text,
	OUT outcome text,
	OUT probability double precision,
	OUT sla interval,
	OUT owner text,
	OUT goal text,
	OUT metrics text,
	OUT requires text[],
	OUT entry_guard text,
	OUT exit_guard text,
	OUT reasons text[],
	OUT outside boolean,
	OUT undo interval,
	OUT color text,
	OUT note text,
	OUT note_left boolean,
	OUT is_entry boolean,
	OUT is_final boolean
) RETURNS SETOF record
AS 'MODULE_PATHNAME' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 1000 ROWS 10;

COMMENT ON FUNCTION lifecycle.diagram_stages(text) IS
'The stages of a diagram, one row each in canonical order, with what their notes say.';

CREATE FUNCTION lifecycle.diagram_diff(before text, after text, OUT change text, OUT subject text, OUT detail text) RETURNS SETOF record
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 10;

COMMENT ON FUNCTION lifecycle.diagram_diff(text, text) IS 'what is different between two diagrams of a lifecycle';

CREATE FUNCTION lifecycle.diagram_relabels(before text, after text, OUT label text, OUT becomes text, OUT merged boolean) RETURNS SETOF record
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 1;

COMMENT ON FUNCTION lifecycle.diagram_relabels(text, text) IS 'the stages that another diagram calls otherwise, or has as part of another stage';

CREATE FUNCTION lifecycle.diagram_flaws(diagram text, OUT severity text, OUT problem text, OUT subject text, OUT hint text) RETURNS SETOF record
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 2;

COMMENT ON FUNCTION lifecycle.diagram_flaws(text) IS 'what is probably wrong with a diagram: stages that no way leads to or out of, missing outcomes';

CREATE FUNCTION lifecycle.template_texts(OUT name text, OUT lang text, OUT escaped text) RETURNS SETOF record
LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 12
AS $templates$ VALUES
('b2b_canvas', 'en', $diagram$stateDiagram-v2
    state "Discovery" as discovery {
        unknown_audience : Unknown audience
        identified_contact : Identified contact
        engaged_lead : Engaged lead
        note right of unknown_audience
            owner: marketing
            goal: Be found by companies that fit
            metrics: reach, visitors, cost per visitor
            outside: yes
        end note
        note right of identified_contact
            sla: 30 days
            owner: marketing
            goal: Learn who it is and what they need
            metrics: new contacts, cost per contact, share with consent
            text: Entry criteria: name, e-mail address and consent are known
        end note
        note right of engaged_lead
            sla: 45 days
            owner: marketing
            goal: Turn interest into a need
            metrics: engagement score, visits, downloads
            text: Entry criteria: two answers or visits within 30 days
        end note
    }
    state "Evaluation" as evaluation {
        mql : Marketing qualified lead
        sql : Sales qualified lead
        opportunity : Active opportunity
        note right of mql
            sla: 2 days
            owner: marketing
            goal: Hand over only what sales will accept
            metrics: MQLs, share accepted by sales, hours until first contact
            text: Entry criteria: company, size and industry fit, the score reaches the threshold
        end note
        note right of sql
            probability: 10%
            sla: 14 days
            owner: sales
            goal: Find need, budget, decision makers and time
            metrics: first meetings, share that becomes an opportunity
            text: Entry criteria: sales has accepted it and has an owner for it
        end note
        note right of opportunity
            probability: 25%
            sla: 30 days
            owner: sales
            goal: Agree on the problem and what solving it is worth
            metrics: pipeline value, coverage, age
            text: Entry criteria: need, budget and decision maker are confirmed, an amount and a closing date are estimated
        end note
    }
    state "Decision" as decision {
        proposal : Proposal
        negotiation : Negotiation
        won : Won
        lost : Lost
        note right of proposal
            probability: 50%
            sla: 21 days
            owner: sales
            goal: Be the one they compare others with
            metrics: proposals sent, days until an answer
            text: Entry criteria: scope, price and conditions are sent to the decision maker
        end note
        note right of negotiation
            probability: 75%
            sla: 14 days
            owner: sales
            goal: Sign without giving the margin away
            metrics: discount, days to signature
            text: Entry criteria: they want it, and terms are what is left to settle
        end note
        note right of won
            outcome: won
            sla: 5 days
            owner: sales
            goal: Hand over all that was promised
            metrics: win rate, contract value, length of the cycle
            text: Entry criteria: the contract is signed
        end note
        note right of lost
            outcome: lost
            owner: marketing
            goal: Learn why, and stay in touch
            metrics: lost by reason and stage, share recycled
            reasons: price, competitor, no budget, no decision, bad timing, missing feature
        end note
    }
    state "Customer" as customer {
        onboarding : Onboarding
        adoption : Adoption
        renewal : Renewal
        expansion : Expansion
        churned : Churned
        win_back : Win-back
        note right of onboarding
            outcome: won
            sla: 30 days
            owner: customer success
            goal: First value, fast
            metrics: days to first value, tasks done
            text: Entry criteria: a contact for success and a plan are named
        end note
        note right of adoption
            outcome: won
            owner: customer success
            goal: Make it a habit
            metrics: active users, features in use, health score, NPS
            text: Entry criteria: the goals of the onboarding are met
        end note
        note right of renewal
            outcome: won
            sla: 90 days
            owner: customer success
            goal: Renew before it becomes a question
            metrics: renewal rate, gross and net revenue retention
            text: Entry criteria: 90 days until the contract ends
        end note
        note right of expansion
            outcome: won
            sla: 60 days
            owner: sales
            goal: Grow with what they achieve
            metrics: expansion revenue, share of customers with a second product
            text: Entry criteria: healthy, and a further need is named
        end note
        note right of churned
            outcome: lost
            sla: 180 days
            owner: customer success
            goal: Leave as friends, know the reason
            metrics: churn by reason, revenue lost
            reasons: price, competitor, missing feature, little use, poor service, closed down
        end note
        note right of win_back
            sla: 60 days
            owner: sales
            goal: Show what has changed since
            metrics: customers won back, cost of winning back
            text: Entry criteria: the reason for leaving is gone
        end note
    }
    unknown_audience --> identified_contact : identify / start_nurturing
    [*] --> identified_contact
    identified_contact --> engaged_lead : engage
    engaged_lead --> mql : qualify / notify_sales
    engaged_lead --> identified_contact : go quiet
    mql --> sql : hand over to sales / assign_sales_owner
    mql --> engaged_lead : recycle / start_nurturing
    sql --> engaged_lead : send back to marketing / start_nurturing
    sql --> opportunity : open opportunity
    opportunity --> proposal : propose
    proposal --> negotiation : negotiate
    proposal --> opportunity : change scope
    negotiation --> proposal : propose anew
    proposal --> won : sign / notify_success
    negotiation --> won : sign / notify_success
    identified_contact --> lost : drop
    engaged_lead --> lost : drop
    evaluation --> lost : lose
    proposal --> lost : lose
    negotiation --> lost : lose
    lost --> engaged_lead : recycle / start_nurturing
    won --> onboarding : hand over to success / assign_success_owner
    onboarding --> adoption : go live
    adoption --> renewal : renewal is due / remind_owner
    adoption --> expansion : find a new need
    expansion --> adoption : extend
    renewal --> adoption : renew
    renewal --> expansion : renew and extend
    onboarding --> churned : cancel / ask_reason
    adoption --> churned : cancel / ask_reason
    expansion --> churned : cancel / ask_reason
    renewal --> churned : cancel / ask_reason
    churned --> win_back : approach again
    win_back --> onboarding : come back / assign_success_owner
    win_back --> churned : decline
    accTitle: B2B canvas
    accDescr: From an unknown audience through evaluation and decision to customers who renew, grow or come back
$diagram$),
('b2b_canvas', 'fr', $diagram$stateDiagram-v2
    state "D\303\251couverte" as discovery {
        unknown_audience : Audience inconnue
        identified_contact : Contact identifi\303\251
        engaged_lead : Lead engag\303\251
        note right of unknown_audience
            owner: marketing
            goal: \303\212tre trouv\303\251 par les entreprises cibles
            metrics: port\303\251e, visiteurs, co\303\273t par visiteur
            outside: yes
        end note
        note right of identified_contact
            sla: 30 days
            owner: marketing
            goal: Savoir qui il est et ce dont il a besoin
            metrics: nouveaux contacts, co\303\273t par contact, part avec consentement
            text: Crit\303\250res d'entr\303\251e : nom, adresse e-mail et consentement sont connus
        end note
        note right of engaged_lead
            sla: 45 days
            owner: marketing
            goal: Transformer l'int\303\251r\303\252t en besoin
            metrics: score d'engagement, visites, t\303\251l\303\251chargements
            text: Crit\303\250res d'entr\303\251e : deux r\303\251ponses ou visites en 30 jours
        end note
    }
    state "\303\211valuation" as evaluation {
        mql : Lead qualifi\303\251 par le marketing (MQL)
        sql : Lead qualifi\303\251 par les ventes (SQL)
        opportunity : Opportunit\303\251 active
        note right of mql
            sla: 2 days
            owner: marketing
            goal: Ne transmettre que ce que les commerciaux accepteront
            metrics: MQL, part accept\303\251e par les commerciaux, heures jusqu'au premier contact
            text: Crit\303\250res d'entr\303\251e : entreprise, taille et secteur conviennent, le score atteint le seuil
        end note
        note right of sql
            probability: 10%
            sla: 14 days
            owner: commercial
            goal: \303\211tablir besoin, budget, d\303\251cideurs et calendrier
            metrics: premiers rendez-vous, part devenue opportunit\303\251
            text: Crit\303\250res d'entr\303\251e : les commerciaux l'ont accept\303\251 et un responsable est d\303\251sign\303\251
        end note
        note right of opportunity
            probability: 25%
            sla: 30 days
            owner: commercial
            goal: S'accorder sur le probl\303\250me et la valeur de sa solution
            metrics: valeur du pipeline, couverture, anciennet\303\251
            text: Crit\303\250res d'entr\303\251e : besoin, budget et d\303\251cideur sont confirm\303\251s, montant et date de cl\303\264ture sont estim\303\251s
        end note
    }
    state "D\303\251cision" as decision {
        proposal : Proposition
        negotiation : N\303\251gociation
        won : Gagn\303\251
        lost : Perdu
        note right of proposal
            probability: 50%
            sla: 21 days
            owner: commercial
            goal: Devenir la r\303\251f\303\251rence \303\240 laquelle on compare les autres
            metrics: propositions envoy\303\251es, jours jusqu'\303\240 la r\303\251ponse
            text: Crit\303\250res d'entr\303\251e : p\303\251rim\303\250tre, prix et conditions sont envoy\303\251s au d\303\251cideur
        end note
        note right of negotiation
            probability: 75%
            sla: 14 days
            owner: commercial
            goal: Signer sans brader la marge
            metrics: remise, jours jusqu'\303\240 la signature
            text: Crit\303\250res d'entr\303\251e : l'acheteur est d\303\251cid\303\251, restent les conditions
        end note
        note right of won
            outcome: won
            sla: 5 days
            owner: commercial
            goal: Transmettre tout ce qui a \303\251t\303\251 promis
            metrics: taux de gain, valeur des contrats, dur\303\251e du cycle
            text: Crit\303\250res d'entr\303\251e : le contrat est sign\303\251
        end note
        note right of lost
            outcome: lost
            owner: marketing
            goal: Comprendre pourquoi et garder le contact
            metrics: pertes par motif et par \303\251tape, part recycl\303\251e
            reasons: prix, concurrent, pas de budget, pas de d\303\251cision, mauvais moment, fonction manquante
        end note
    }
    state "Client" as customer {
        onboarding : Mise en route
        adoption : Adoption
        renewal : Renouvellement
        expansion : Expansion
        churned : Parti
        win_back : Reconqu\303\252te
        note right of onboarding
            outcome: won
            sla: 30 days
            owner: succ\303\250s client
            goal: Une premi\303\250re valeur, vite
            metrics: jours jusqu'\303\240 la premi\303\250re valeur, t\303\242ches faites
            text: Crit\303\250res d'entr\303\251e : un responsable du succ\303\250s et un plan sont d\303\251sign\303\251s
        end note
        note right of adoption
            outcome: won
            owner: succ\303\250s client
            goal: En faire une habitude
            metrics: utilisateurs actifs, fonctions utilis\303\251es, score de sant\303\251, NPS
            text: Crit\303\250res d'entr\303\251e : les objectifs de la mise en route sont atteints
        end note
        note right of renewal
            outcome: won
            sla: 90 days
            owner: succ\303\250s client
            goal: Renouveler avant que la question ne se pose
            metrics: taux de renouvellement, r\303\251tention brute et nette du revenu
            text: Crit\303\250res d'entr\303\251e : 90 jours avant la fin du contrat
        end note
        note right of expansion
            outcome: won
            sla: 60 days
            owner: commercial
            goal: Grandir avec leurs succ\303\250s
            metrics: revenu d'expansion, part des clients avec un deuxi\303\250me produit
            text: Crit\303\250res d'entr\303\251e : client en bonne sant\303\251, nouveau besoin exprim\303\251
        end note
        note right of churned
            outcome: lost
            sla: 180 days
            owner: succ\303\250s client
            goal: Se quitter en bons termes, conna\303\256tre le motif
            metrics: attrition par motif, revenu perdu
            reasons: prix, concurrent, fonction manquante, peu utilis\303\251, service d\303\251cevant, cessation d'activit\303\251
        end note
        note right of win_back
            sla: 60 days
            owner: commercial
            goal: Montrer ce qui a chang\303\251 depuis
            metrics: clients reconquis, co\303\273t de la reconqu\303\252te
            text: Crit\303\250res d'entr\303\251e : le motif du d\303\251part a disparu
        end note
    }
    unknown_audience --> identified_contact : identifier / start_nurturing
    [*] --> identified_contact
    identified_contact --> engaged_lead : engager
    engaged_lead --> mql : qualifier / notify_sales
    engaged_lead --> identified_contact : devenir inactif
    mql --> sql : transmettre aux commerciaux / assign_sales_owner
    mql --> engaged_lead : recycler / start_nurturing
    sql --> engaged_lead : rendre au marketing / start_nurturing
    sql --> opportunity : ouvrir l'opportunit\303\251
    opportunity --> proposal : proposer
    proposal --> negotiation : n\303\251gocier
    proposal --> opportunity : revoir le p\303\251rim\303\250tre
    negotiation --> proposal : proposer \303\240 nouveau
    proposal --> won : signer / notify_success
    negotiation --> won : signer / notify_success
    identified_contact --> lost : abandonner
    engaged_lead --> lost : abandonner
    evaluation --> lost : perdre
    proposal --> lost : perdre
    negotiation --> lost : perdre
    lost --> engaged_lead : recycler / start_nurturing
    won --> onboarding : transmettre au succ\303\250s client / assign_success_owner
    onboarding --> adoption : mettre en service
    adoption --> renewal : \303\251ch\303\251ance proche / remind_owner
    adoption --> expansion : d\303\251couvrir un besoin
    expansion --> adoption : \303\251tendre
    renewal --> adoption : renouveler
    renewal --> expansion : renouveler et \303\251tendre
    onboarding --> churned : r\303\251silier / ask_reason
    adoption --> churned : r\303\251silier / ask_reason
    expansion --> churned : r\303\251silier / ask_reason
    renewal --> churned : r\303\251silier / ask_reason
    churned --> win_back : recontacter
    win_back --> onboarding : revenir / assign_success_owner
    win_back --> churned : refuser
    accTitle: Canevas B2B
    accDescr: D'une audience inconnue, par l'\303\251valuation et la d\303\251cision, \303\240 des clients qui renouvellent, grandissent ou reviennent
$diagram$),
('b2b_sales', 'en', $diagram$stateDiagram-v2
    state "Qualifying" as qualifying {
        qualification : Qualification
        needs : Needs
        note right of qualification
            probability: 10%
            sla: 7 days
            owner: marketing
            goal: Only companies that can buy
            metrics: new leads, share qualified, hours until first contact
            text: Entry criteria: company and contact are known
        end note
        note right of needs
            probability: 25%
            sla: 21 days
            owner: sales
            goal: Understand the problem and what it costs
            metrics: meetings, share with a confirmed need
            text: Entry criteria: budget, authority, need and time are plausible
        end note
    }
    state "Closing" as closing {
        proposal : Proposal
        negotiation : Negotiation
        note right of proposal
            probability: 50%
            sla: 14 days
            owner: sales
            goal: Answer the need, and nothing else
            metrics: proposals sent, days until an answer
            text: Entry criteria: need, budget and decision maker are confirmed, an amount is estimated
        end note
        note right of negotiation
            probability: 75%
            sla: 14 days
            owner: sales
            goal: Sign without giving the margin away
            metrics: discount, days to signature
            text: Entry criteria: they want it, and terms are what is left to settle
        end note
    }
    sale : Sale
    lost : Lost
    [*] --> qualification
    qualification --> needs : hand over to sales / assign_sales_owner
    needs --> qualification : send back to marketing / start_nurturing
    needs --> proposal : propose / send_proposal
    proposal --> needs : change scope
    proposal --> negotiation : negotiate
    negotiation --> proposal : propose anew / send_proposal
    proposal --> sale : sign / notify_delivery
    negotiation --> sale : sign / notify_delivery
    sale --> needs : sell again
    qualifying --> lost : disqualify
    closing --> lost : lose / ask_reason
    lost --> qualification : win back / start_nurturing
    sale --> [*]
    note right of sale
        outcome: won
        owner: sales operations
        goal: Deliver what was promised
        metrics: win rate, revenue, length of the cycle
        text: Entry criteria: the contract is signed
    end note
    note right of lost
        outcome: lost
        owner: marketing
        goal: Learn why, and stay in touch
        metrics: lost by reason and stage, share recycled
        reasons: price, competitor, no budget, no decision, bad timing, missing feature
    end note
    accTitle: B2B sales
    accDescr: The pipeline of a sales team: qualification, needs, proposal, negotiation, sale
$diagram$),
('b2b_sales', 'fr', $diagram$stateDiagram-v2
    state "Qualification" as qualifying {
        qualification : Qualification
        needs : Besoins
        note right of qualification
            probability: 10%
            sla: 7 days
            owner: marketing
            goal: Seulement des entreprises en mesure d'acheter
            metrics: nouveaux leads, part qualifi\303\251e, heures jusqu'au premier contact
            text: Crit\303\250res d'entr\303\251e : entreprise et interlocuteur sont connus
        end note
        note right of needs
            probability: 25%
            sla: 21 days
            owner: commercial
            goal: Comprendre le probl\303\250me et ce qu'il co\303\273te
            metrics: rendez-vous, part au besoin confirm\303\251
            text: Crit\303\250res d'entr\303\251e : budget, autorit\303\251, besoin et calendrier sont plausibles
        end note
    }
    state "Conclusion" as closing {
        proposal : Proposition
        negotiation : N\303\251gociation
        note right of proposal
            probability: 50%
            sla: 14 days
            owner: commercial
            goal: R\303\251pondre au besoin, et \303\240 rien d'autre
            metrics: propositions envoy\303\251es, jours jusqu'\303\240 la r\303\251ponse
            text: Crit\303\250res d'entr\303\251e : besoin, budget et d\303\251cideur sont confirm\303\251s, un montant est estim\303\251
        end note
        note right of negotiation
            probability: 75%
            sla: 14 days
            owner: commercial
            goal: Signer sans brader la marge
            metrics: remise, jours jusqu'\303\240 la signature
            text: Crit\303\250res d'entr\303\251e : l'acheteur est d\303\251cid\303\251, restent les conditions
        end note
    }
    sale : Vente
    lost : Perdu
    [*] --> qualification
    qualification --> needs : transmettre aux commerciaux / assign_sales_owner
    needs --> qualification : rendre au marketing / start_nurturing
    needs --> proposal : proposer / send_proposal
    proposal --> needs : revoir le p\303\251rim\303\250tre
    proposal --> negotiation : n\303\251gocier
    negotiation --> proposal : proposer \303\240 nouveau / send_proposal
    proposal --> sale : signer / notify_delivery
    negotiation --> sale : signer / notify_delivery
    sale --> needs : vendre \303\240 nouveau
    qualifying --> lost : disqualifier
    closing --> lost : perdre / ask_reason
    lost --> qualification : reconqu\303\251rir / start_nurturing
    sale --> [*]
    note right of sale
        outcome: won
        owner: administration des ventes
        goal: Livrer ce qui a \303\251t\303\251 promis
        metrics: taux de gain, chiffre d'affaires, dur\303\251e du cycle
        text: Crit\303\250res d'entr\303\251e : le contrat est sign\303\251
    end note
    note right of lost
        outcome: lost
        owner: marketing
        goal: Comprendre pourquoi et garder le contact
        metrics: pertes par motif et par \303\251tape, part recycl\303\251e
        reasons: prix, concurrent, pas de budget, pas de d\303\251cision, mauvais moment, fonction manquante
    end note
    accTitle: Vente B2B
    accDescr: Le pipeline d'une \303\251quipe commerciale : qualification, besoins, proposition, n\303\251gociation, vente
$diagram$),
('hubspot', 'en', $diagram$stateDiagram-v2
    state "Marketing" as marketing {
        subscriber : Subscriber
        lead : Lead
        marketingqualifiedlead : Marketing qualified lead
        note right of subscriber
            sla: 90 days
            owner: marketing
            goal: Be worth reading
            metrics: subscribers, open rate, share that becomes a lead
            text: Entry criteria: an e-mail address and consent
        end note
        note right of lead
            sla: 60 days
            owner: marketing
            goal: Learn what they need
            metrics: leads, cost per lead, engagement score
            text: Entry criteria: asked for more than a newsletter
        end note
        note right of marketingqualifiedlead
            sla: 2 days
            owner: marketing
            goal: Hand over only what sales will accept
            metrics: MQLs, share accepted by sales, hours until first contact
            text: Entry criteria: fits the target, and the score reaches the threshold
        end note
    }
    state "Sales" as sales {
        salesqualifiedlead : Sales qualified lead
        opportunity : Opportunity
        note right of salesqualifiedlead
            probability: 10%
            sla: 14 days
            owner: sales
            goal: Find need, budget, decision makers and time
            metrics: first meetings, share that becomes an opportunity
            text: Entry criteria: sales has accepted it and has an owner for it
        end note
        note right of opportunity
            probability: 30%
            sla: 60 days
            owner: sales
            goal: Win the deal
            metrics: pipeline value, win rate, age
            text: Entry criteria: a deal is open
        end note
    }
    state "Customers" as customers {
        customer : Customer
        evangelist : Evangelist
        note right of customer
            outcome: won
            owner: customer success
            goal: Success that is worth telling
            metrics: renewal rate, net revenue retention, NPS
            text: Entry criteria: a deal is won
        end note
        note right of evangelist
            outcome: won
            owner: marketing
            goal: Let customers tell it
            metrics: references, referrals, reviews
            text: Entry criteria: has recommended us
        end note
    }
    other : Other
    [*] --> subscriber
    [*] --> lead
    subscriber --> lead : engage
    lead --> marketingqualifiedlead : qualify / notify_sales
    marketingqualifiedlead --> salesqualifiedlead : hand over to sales / assign_sales_owner
    marketingqualifiedlead --> lead : recycle / start_nurturing
    salesqualifiedlead --> lead : send back to marketing / start_nurturing
    salesqualifiedlead --> opportunity : open a deal
    opportunity --> salesqualifiedlead : set back
    opportunity --> customer : win / assign_success_owner
    customer --> opportunity : sell again
    customer --> evangelist : recommend / thank_customer
    evangelist --> customer : fall silent
    evangelist --> opportunity : sell again
    sales --> other : lose / ask_reason
    customers --> other : cancel / ask_reason
    other --> opportunity : win back / assign_sales_owner
    marketing --> other : drop out
    other --> lead : recycle / start_nurturing
    note right of other
        outcome: lost
        owner: marketing
        goal: Know why, and keep it out of the funnel
        metrics: contacts by reason and stage, share recycled
        reasons: not a customer, no need, no budget, price, competitor, no decision, unsubscribed, cancelled
    end note
    accTitle: HubSpot's lifecycle stages
    accDescr: The eight default stages of a contact in HubSpot, from subscriber to evangelist, and other
$diagram$),
('hubspot', 'fr', $diagram$stateDiagram-v2
    state "Marketing" as marketing {
        subscriber : Abonn\303\251
        lead : Lead
        marketingqualifiedlead : Lead qualifi\303\251 par le marketing (MQL)
        note right of subscriber
            sla: 90 days
            owner: marketing
            goal: M\303\251riter d'\303\252tre lu
            metrics: abonn\303\251s, taux d'ouverture, part devenue lead
            text: Crit\303\250res d'entr\303\251e : une adresse e-mail et un consentement
        end note
        note right of lead
            sla: 60 days
            owner: marketing
            goal: Savoir ce dont il a besoin
            metrics: leads, co\303\273t par lead, score d'engagement
            text: Crit\303\250res d'entr\303\251e : a demand\303\251 plus qu'une lettre d'information
        end note
        note right of marketingqualifiedlead
            sla: 2 days
            owner: marketing
            goal: Ne transmettre que ce que les commerciaux accepteront
            metrics: MQL, part accept\303\251e par les commerciaux, heures jusqu'au premier contact
            text: Crit\303\250res d'entr\303\251e : correspond \303\240 la cible, et le score atteint le seuil
        end note
    }
    state "Ventes" as sales {
        salesqualifiedlead : Lead qualifi\303\251 par les ventes (SQL)
        opportunity : Opportunit\303\251
        note right of salesqualifiedlead
            probability: 10%
            sla: 14 days
            owner: commercial
            goal: \303\211tablir besoin, budget, d\303\251cideurs et calendrier
            metrics: premiers rendez-vous, part devenue opportunit\303\251
            text: Crit\303\250res d'entr\303\251e : les commerciaux l'ont accept\303\251 et un responsable est d\303\251sign\303\251
        end note
        note right of opportunity
            probability: 30%
            sla: 60 days
            owner: commercial
            goal: Gagner l'affaire
            metrics: valeur du pipeline, taux de gain, anciennet\303\251
            text: Crit\303\250res d'entr\303\251e : une transaction est ouverte
        end note
    }
    state "Clients" as customers {
        customer : Client
        evangelist : \303\211vang\303\251liste
        note right of customer
            outcome: won
            owner: succ\303\250s client
            goal: Un succ\303\250s qui se raconte
            metrics: taux de renouvellement, r\303\251tention nette du revenu, NPS
            text: Crit\303\250res d'entr\303\251e : une transaction est gagn\303\251e
        end note
        note right of evangelist
            outcome: won
            owner: marketing
            goal: Laisser les clients le raconter
            metrics: r\303\251f\303\251rences, recommandations, avis
            text: Crit\303\250res d'entr\303\251e : nous a recommand\303\251s
        end note
    }
    other : Autre
    [*] --> subscriber
    [*] --> lead
    subscriber --> lead : s'int\303\251resser
    lead --> marketingqualifiedlead : qualifier / notify_sales
    marketingqualifiedlead --> salesqualifiedlead : transmettre aux commerciaux / assign_sales_owner
    marketingqualifiedlead --> lead : recycler / start_nurturing
    salesqualifiedlead --> lead : rendre au marketing / start_nurturing
    salesqualifiedlead --> opportunity : ouvrir une transaction
    opportunity --> salesqualifiedlead : reculer
    opportunity --> customer : gagner / assign_success_owner
    customer --> opportunity : vendre \303\240 nouveau
    customer --> evangelist : recommander / thank_customer
    evangelist --> customer : se faire discret
    evangelist --> opportunity : vendre \303\240 nouveau
    sales --> other : perdre / ask_reason
    customers --> other : r\303\251silier / ask_reason
    other --> opportunity : reconqu\303\251rir / assign_sales_owner
    marketing --> other : abandonner
    other --> lead : recycler / start_nurturing
    note right of other
        outcome: lost
        owner: marketing
        goal: Savoir pourquoi, et le garder hors de l'entonnoir
        metrics: contacts par motif et par \303\251tape, part recycl\303\251e
        reasons: pas un client, pas de besoin, pas de budget, prix, concurrent, pas de d\303\251cision, d\303\251sinscrit, r\303\251sili\303\251
    end note
    accTitle: \303\211tapes du cycle de vie de HubSpot
    accDescr: Les huit \303\251tapes par d\303\251faut d'un contact dans HubSpot, de l'abonn\303\251 \303\240 l'\303\251vang\303\251liste, et autre
$diagram$),
('saas_6', 'en', $diagram$stateDiagram-v2
    state "Acquisition" as acquisition {
        awareness : Awareness
        conversion : Conversion
        purchase : Purchase
        note right of awareness
            sla: 30 days
            owner: marketing
            goal: Be known for one thing
            metrics: new contacts, cost per contact
            text: Entry criteria: an e-mail address and consent
        end note
        note right of conversion
            sla: 14 days
            owner: marketing
            goal: A trial that shows the value
            metrics: sign-ups, share that reaches first value
            text: Entry criteria: signed up for a trial or a demonstration
        end note
        note right of purchase
            probability: 40%
            sla: 14 days
            owner: sales
            goal: Remove what is in the way of paying
            metrics: win rate, days to purchase, contract value
            text: Entry criteria: plan, number of seats and payer are known
        end note
    }
    state "Customer" as customer {
        launch : Launch
        renewal : Renewal
        loyalty : Loyalty
        note right of launch
            outcome: won
            sla: 30 days
            owner: customer success
            goal: In daily use within a month
            metrics: days to first value, seats in use
            text: Entry criteria: the first invoice is paid
        end note
        note right of renewal
            outcome: won
            sla: 60 days
            owner: customer success
            goal: Renew on what was achieved
            metrics: renewal rate, net revenue retention
            text: Entry criteria: 60 days until the contract ends
        end note
        note right of loyalty
            outcome: won
            owner: customer success
            goal: Grow, and be recommended
            metrics: expansion revenue, references, NPS
            text: Entry criteria: renewed once, or uses the product daily
        end note
    }
    lost : Lost
    churned : Churned
    [*] --> awareness
    awareness --> conversion : sign up / start_trial
    conversion --> awareness : trial runs out / start_nurturing
    conversion --> purchase : hand over to sales / assign_sales_owner
    purchase --> conversion : extend trial
    purchase --> launch : buy / assign_success_owner
    launch --> renewal : renewal is due / remind_owner
    launch --> loyalty : succeed
    renewal --> loyalty : renew
    loyalty --> renewal : renewal is due / remind_owner
    acquisition --> lost : drop out
    lost --> awareness : recycle / start_nurturing
    customer --> churned : cancel / ask_reason
    churned --> purchase : win back / assign_sales_owner
    note right of lost
        outcome: lost
        owner: marketing
        goal: Learn why
        metrics: lost by reason
        reasons: price, competitor, no budget, no decision, bad timing, missing feature
    end note
    note right of churned
        outcome: lost
        owner: customer success
        goal: Know the reason, keep the door open
        metrics: churn by reason, revenue lost
        reasons: price, competitor, missing feature, little use, poor service, closed down
    end note
    accTitle: SaaS in six stages
    accDescr: A short cycle for one product: awareness, conversion, purchase, launch, renewal, loyalty
$diagram$),
('saas_6', 'fr', $diagram$stateDiagram-v2
    state "Acquisition" as acquisition {
        awareness : Notori\303\251t\303\251
        conversion : Conversion
        purchase : Achat
        note right of awareness
            sla: 30 days
            owner: marketing
            goal: \303\212tre connu pour une chose
            metrics: nouveaux contacts, co\303\273t par contact
            text: Crit\303\250res d'entr\303\251e : une adresse e-mail et un consentement
        end note
        note right of conversion
            sla: 14 days
            owner: marketing
            goal: Un essai qui montre la valeur
            metrics: inscriptions, part atteignant la premi\303\250re valeur
            text: Crit\303\250res d'entr\303\251e : inscrit \303\240 un essai ou \303\240 une d\303\251monstration
        end note
        note right of purchase
            probability: 40%
            sla: 14 days
            owner: commercial
            goal: Lever ce qui emp\303\252che de payer
            metrics: taux de gain, jours jusqu'\303\240 l'achat, valeur des contrats
            text: Crit\303\250res d'entr\303\251e : formule, nombre de postes et payeur sont connus
        end note
    }
    state "Client" as customer {
        launch : Lancement
        renewal : Renouvellement
        loyalty : Fid\303\251lit\303\251
        note right of launch
            outcome: won
            sla: 30 days
            owner: succ\303\250s client
            goal: En usage quotidien en un mois
            metrics: jours jusqu'\303\240 la premi\303\250re valeur, postes utilis\303\251s
            text: Crit\303\250res d'entr\303\251e : la premi\303\250re facture est pay\303\251e
        end note
        note right of renewal
            outcome: won
            sla: 60 days
            owner: succ\303\250s client
            goal: Renouveler sur la base des r\303\251sultats
            metrics: taux de renouvellement, r\303\251tention nette du revenu
            text: Crit\303\250res d'entr\303\251e : 60 jours avant la fin du contrat
        end note
        note right of loyalty
            outcome: won
            owner: succ\303\250s client
            goal: Grandir et \303\252tre recommand\303\251
            metrics: revenu d'expansion, r\303\251f\303\251rences, NPS
            text: Crit\303\250res d'entr\303\251e : renouvel\303\251 une fois, ou utilise le produit chaque jour
        end note
    }
    lost : Perdu
    churned : Parti
    [*] --> awareness
    awareness --> conversion : s'inscrire / start_trial
    conversion --> awareness : fin de l'essai / start_nurturing
    conversion --> purchase : transmettre aux commerciaux / assign_sales_owner
    purchase --> conversion : prolonger l'essai
    purchase --> launch : acheter / assign_success_owner
    launch --> renewal : \303\251ch\303\251ance proche / remind_owner
    launch --> loyalty : r\303\251ussir
    renewal --> loyalty : renouveler
    loyalty --> renewal : \303\251ch\303\251ance proche / remind_owner
    acquisition --> lost : abandonner
    lost --> awareness : recycler / start_nurturing
    customer --> churned : r\303\251silier / ask_reason
    churned --> purchase : reconqu\303\251rir / assign_sales_owner
    note right of lost
        outcome: lost
        owner: marketing
        goal: Comprendre pourquoi
        metrics: pertes par motif
        reasons: prix, concurrent, pas de budget, pas de d\303\251cision, mauvais moment, fonction manquante
    end note
    note right of churned
        outcome: lost
        owner: succ\303\250s client
        goal: Conna\303\256tre le motif, laisser la porte ouverte
        metrics: attrition par motif, revenu perdu
        reasons: prix, concurrent, fonction manquante, peu utilis\303\251, service d\303\251cevant, cessation d'activit\303\251
    end note
    accTitle: SaaS en six \303\251tapes
    accDescr: Un cycle court pour un seul produit : notori\303\251t\303\251, conversion, achat, lancement, renouvellement, fid\303\251lit\303\251
$diagram$),
('saas_8', 'en', $diagram$stateDiagram-v2
    state "Acquisition" as acquisition {
        awareness : Awareness
        consideration : Consideration
        purchase : Purchase
        note right of awareness
            sla: 30 days
            owner: marketing
            goal: Be found by those who have the problem
            metrics: new contacts, cost per contact
            text: Entry criteria: an e-mail address and consent
        end note
        note right of consideration
            sla: 21 days
            owner: marketing
            goal: Be on the short list
            metrics: engagement score, demonstrations booked
            text: Entry criteria: compares: pricing, a case study or a demonstration was seen
        end note
        note right of purchase
            probability: 40%
            sla: 30 days
            owner: sales
            goal: An easy decision
            metrics: win rate, days to purchase, contract value
            text: Entry criteria: need, budget and decision maker are confirmed
        end note
    }
    state "Customer" as customer {
        onboarding : Onboarding
        adoption : Adoption
        retention : Retention
        expansion : Expansion
        advocacy : Advocacy
        note right of onboarding
            outcome: won
            sla: 30 days
            owner: customer success
            goal: First value, fast
            metrics: days to first value, tasks done
            text: Entry criteria: the contract is signed
        end note
        note right of adoption
            outcome: won
            sla: 90 days
            owner: customer success
            goal: Make it a habit
            metrics: active users, features in use, health score
            text: Entry criteria: the goals of the onboarding are met
        end note
        note right of retention
            outcome: won
            owner: customer success
            goal: Renew before it becomes a question
            metrics: renewal rate, churn, gross revenue retention
            text: Entry criteria: three months of steady use
        end note
        note right of expansion
            outcome: won
            sla: 60 days
            owner: sales
            goal: Grow with what they achieve
            metrics: expansion revenue, net revenue retention
            text: Entry criteria: healthy, and a further need is named
        end note
        note right of advocacy
            outcome: won
            owner: marketing
            goal: Let customers tell it
            metrics: references, referrals, reviews, NPS
            text: Entry criteria: promoter in the NPS, and willing to be named
        end note
    }
    lost : Lost
    churned : Churned
    [*] --> awareness
    awareness --> consideration : engage
    consideration --> awareness : go quiet / start_nurturing
    consideration --> purchase : hand over to sales / assign_sales_owner
    purchase --> consideration : send back to marketing / start_nurturing
    purchase --> onboarding : buy / assign_success_owner
    onboarding --> adoption : go live
    adoption --> retention : use steadily
    retention --> adoption : use declines / alert_owner
    retention --> expansion : find a new need
    expansion --> retention : extend
    retention --> advocacy : recommend / thank_customer
    advocacy --> retention : fall silent
    advocacy --> expansion : find a new need
    acquisition --> lost : drop out
    lost --> awareness : recycle / start_nurturing
    customer --> churned : cancel / ask_reason
    churned --> purchase : win back / assign_sales_owner
    note right of lost
        outcome: lost
        owner: marketing
        goal: Learn why, and stay in touch
        metrics: lost by reason and stage, share recycled
        reasons: price, competitor, no budget, no decision, bad timing, missing feature
    end note
    note right of churned
        outcome: lost
        owner: customer success
        goal: Know the reason, keep the door open
        metrics: churn by reason, revenue lost
        reasons: price, competitor, missing feature, little use, poor service, closed down
    end note
    accTitle: SaaS in eight stages
    accDescr: The usual cycle of a subscription, from awareness to advocacy
$diagram$),
('saas_8', 'fr', $diagram$stateDiagram-v2
    state "Acquisition" as acquisition {
        awareness : Notori\303\251t\303\251
        consideration : Consid\303\251ration
        purchase : Achat
        note right of awareness
            sla: 30 days
            owner: marketing
            goal: \303\212tre trouv\303\251 par ceux qui ont le probl\303\250me
            metrics: nouveaux contacts, co\303\273t par contact
            text: Crit\303\250res d'entr\303\251e : une adresse e-mail et un consentement
        end note
        note right of consideration
            sla: 21 days
            owner: marketing
            goal: Figurer parmi les finalistes
            metrics: score d'engagement, d\303\251monstrations r\303\251serv\303\251es
            text: Crit\303\250res d'entr\303\251e : compare : a vu les tarifs, une \303\251tude de cas ou une d\303\251monstration
        end note
        note right of purchase
            probability: 40%
            sla: 30 days
            owner: commercial
            goal: Une d\303\251cision facile
            metrics: taux de gain, jours jusqu'\303\240 l'achat, valeur des contrats
            text: Crit\303\250res d'entr\303\251e : besoin, budget et d\303\251cideur sont confirm\303\251s
        end note
    }
    state "Client" as customer {
        onboarding : Mise en route
        adoption : Adoption
        retention : R\303\251tention
        expansion : Expansion
        advocacy : Recommandation
        note right of onboarding
            outcome: won
            sla: 30 days
            owner: succ\303\250s client
            goal: Une premi\303\250re valeur, vite
            metrics: jours jusqu'\303\240 la premi\303\250re valeur, t\303\242ches faites
            text: Crit\303\250res d'entr\303\251e : le contrat est sign\303\251
        end note
        note right of adoption
            outcome: won
            sla: 90 days
            owner: succ\303\250s client
            goal: En faire une habitude
            metrics: utilisateurs actifs, fonctions utilis\303\251es, score de sant\303\251
            text: Crit\303\250res d'entr\303\251e : les objectifs de la mise en route sont atteints
        end note
        note right of retention
            outcome: won
            owner: succ\303\250s client
            goal: Renouveler avant que la question ne se pose
            metrics: taux de renouvellement, attrition, r\303\251tention brute du revenu
            text: Crit\303\250res d'entr\303\251e : trois mois d'usage r\303\251gulier
        end note
        note right of expansion
            outcome: won
            sla: 60 days
            owner: commercial
            goal: Grandir avec leurs succ\303\250s
            metrics: revenu d'expansion, r\303\251tention nette du revenu
            text: Crit\303\250res d'entr\303\251e : client en bonne sant\303\251, nouveau besoin exprim\303\251
        end note
        note right of advocacy
            outcome: won
            owner: marketing
            goal: Laisser les clients le raconter
            metrics: r\303\251f\303\251rences, recommandations, avis, NPS
            text: Crit\303\250res d'entr\303\251e : promoteur au NPS, et d'accord pour \303\252tre cit\303\251
        end note
    }
    lost : Perdu
    churned : Parti
    [*] --> awareness
    awareness --> consideration : s'int\303\251resser
    consideration --> awareness : devenir inactif / start_nurturing
    consideration --> purchase : transmettre aux commerciaux / assign_sales_owner
    purchase --> consideration : rendre au marketing / start_nurturing
    purchase --> onboarding : acheter / assign_success_owner
    onboarding --> adoption : mettre en service
    adoption --> retention : utiliser r\303\251guli\303\250rement
    retention --> adoption : baisse d'usage / alert_owner
    retention --> expansion : d\303\251couvrir un besoin
    expansion --> retention : \303\251tendre
    retention --> advocacy : recommander / thank_customer
    advocacy --> retention : se faire discret
    advocacy --> expansion : d\303\251couvrir un besoin
    acquisition --> lost : abandonner
    lost --> awareness : recycler / start_nurturing
    customer --> churned : r\303\251silier / ask_reason
    churned --> purchase : reconqu\303\251rir / assign_sales_owner
    note right of lost
        outcome: lost
        owner: marketing
        goal: Comprendre pourquoi et garder le contact
        metrics: pertes par motif et par \303\251tape, part recycl\303\251e
        reasons: prix, concurrent, pas de budget, pas de d\303\251cision, mauvais moment, fonction manquante
    end note
    note right of churned
        outcome: lost
        owner: succ\303\250s client
        goal: Conna\303\256tre le motif, laisser la porte ouverte
        metrics: attrition par motif, revenu perdu
        reasons: prix, concurrent, fonction manquante, peu utilis\303\251, service d\303\251cevant, cessation d'activit\303\251
    end note
    accTitle: SaaS en huit \303\251tapes
    accDescr: Le cycle habituel d'un abonnement, de la notori\303\251t\303\251 \303\240 la recommandation
$diagram$),
('saas_9', 'en', $diagram$stateDiagram-v2
    state "Acquisition" as acquisition {
        awareness : Awareness
        consideration : Consideration
        trial : Trial
        purchase : Purchase
        note right of awareness
            sla: 30 days
            owner: marketing
            goal: Be found by those who have the problem
            metrics: new contacts, cost per contact
            text: Entry criteria: an e-mail address and consent
        end note
        note right of consideration
            sla: 21 days
            owner: marketing
            goal: Be on the short list
            metrics: engagement score, demonstrations booked
            text: Entry criteria: compares: pricing, a case study or a demonstration was seen
        end note
        note right of trial
            probability: 20%
            sla: 14 days
            owner: sales
            goal: First value before the trial ends
            metrics: trials, share that activates, trial conversion
            text: Entry criteria: an account is open, a goal for the trial is agreed
        end note
        note right of purchase
            probability: 40%
            sla: 30 days
            owner: sales
            goal: An easy decision
            metrics: win rate, days to purchase, contract value
            text: Entry criteria: need, budget and decision maker are confirmed
        end note
    }
    state "Customer" as customer {
        onboarding : Onboarding
        adoption : Adoption
        expansion : Expansion
        renewal : Renewal
        advocacy : Advocacy
        note right of onboarding
            outcome: won
            sla: 30 days
            owner: customer success
            goal: First value, fast
            metrics: days to first value, tasks done
            text: Entry criteria: the contract is signed
        end note
        note right of adoption
            outcome: won
            sla: 90 days
            owner: customer success
            goal: Make it a habit
            metrics: active users, features in use, health score
            text: Entry criteria: the goals of the onboarding are met
        end note
        note right of expansion
            outcome: won
            sla: 60 days
            owner: sales
            goal: Grow with what they achieve
            metrics: expansion revenue, net revenue retention
            text: Entry criteria: healthy, and a further need is named
        end note
        note right of renewal
            outcome: won
            sla: 90 days
            owner: customer success
            goal: Renew before it becomes a question
            metrics: renewal rate, gross and net revenue retention
            text: Entry criteria: 90 days until the contract ends
        end note
        note right of advocacy
            outcome: won
            owner: marketing
            goal: Let customers tell it
            metrics: references, referrals, reviews, NPS
            text: Entry criteria: promoter in the NPS, and willing to be named
        end note
    }
    lost : Lost
    churned : Churned
    [*] --> awareness
    [*] --> trial : sign up directly
    awareness --> consideration : engage
    consideration --> awareness : go quiet / start_nurturing
    consideration --> trial : hand over to sales / assign_sales_owner
    trial --> consideration : trial runs out / start_nurturing
    trial --> purchase : decide / send_offer
    purchase --> trial : ask for more time
    purchase --> onboarding : buy / assign_success_owner
    onboarding --> adoption : go live
    adoption --> expansion : find a new need
    expansion --> adoption : extend
    adoption --> renewal : renewal is due / remind_owner
    renewal --> adoption : renew
    renewal --> expansion : renew and extend
    renewal --> advocacy : recommend / thank_customer
    advocacy --> renewal : renewal is due / remind_owner
    advocacy --> expansion : find a new need
    acquisition --> lost : drop out
    lost --> awareness : recycle / start_nurturing
    customer --> churned : cancel / ask_reason
    churned --> trial : win back / assign_sales_owner
    note right of lost
        outcome: lost
        owner: marketing
        goal: Learn why, and stay in touch
        metrics: lost by reason and stage, share recycled
        reasons: price, competitor, no budget, no decision, bad timing, missing feature
    end note
    note right of churned
        outcome: lost
        owner: customer success
        goal: Know the reason, keep the door open
        metrics: churn by reason, revenue lost
        reasons: price, competitor, missing feature, little use, poor service, closed down
    end note
    accTitle: SaaS in nine stages, with a trial
    accDescr: A subscription that is tried first, and renewed at fixed terms
$diagram$),
('saas_9', 'fr', $diagram$stateDiagram-v2
    state "Acquisition" as acquisition {
        awareness : Notori\303\251t\303\251
        consideration : Consid\303\251ration
        trial : Essai
        purchase : Achat
        note right of awareness
            sla: 30 days
            owner: marketing
            goal: \303\212tre trouv\303\251 par ceux qui ont le probl\303\250me
            metrics: nouveaux contacts, co\303\273t par contact
            text: Crit\303\250res d'entr\303\251e : une adresse e-mail et un consentement
        end note
        note right of consideration
            sla: 21 days
            owner: marketing
            goal: Figurer parmi les finalistes
            metrics: score d'engagement, d\303\251monstrations r\303\251serv\303\251es
            text: Crit\303\250res d'entr\303\251e : compare : a vu les tarifs, une \303\251tude de cas ou une d\303\251monstration
        end note
        note right of trial
            probability: 20%
            sla: 14 days
            owner: commercial
            goal: Une premi\303\250re valeur avant la fin de l'essai
            metrics: essais, part activ\303\251e, conversion des essais
            text: Crit\303\250res d'entr\303\251e : un compte est ouvert, un objectif d'essai est convenu
        end note
        note right of purchase
            probability: 40%
            sla: 30 days
            owner: commercial
            goal: Une d\303\251cision facile
            metrics: taux de gain, jours jusqu'\303\240 l'achat, valeur des contrats
            text: Crit\303\250res d'entr\303\251e : besoin, budget et d\303\251cideur sont confirm\303\251s
        end note
    }
    state "Client" as customer {
        onboarding : Mise en route
        adoption : Adoption
        expansion : Expansion
        renewal : Renouvellement
        advocacy : Recommandation
        note right of onboarding
            outcome: won
            sla: 30 days
            owner: succ\303\250s client
            goal: Une premi\303\250re valeur, vite
            metrics: jours jusqu'\303\240 la premi\303\250re valeur, t\303\242ches faites
            text: Crit\303\250res d'entr\303\251e : le contrat est sign\303\251
        end note
        note right of adoption
            outcome: won
            sla: 90 days
            owner: succ\303\250s client
            goal: En faire une habitude
            metrics: utilisateurs actifs, fonctions utilis\303\251es, score de sant\303\251
            text: Crit\303\250res d'entr\303\251e : les objectifs de la mise en route sont atteints
        end note
        note right of expansion
            outcome: won
            sla: 60 days
            owner: commercial
            goal: Grandir avec leurs succ\303\250s
            metrics: revenu d'expansion, r\303\251tention nette du revenu
            text: Crit\303\250res d'entr\303\251e : client en bonne sant\303\251, nouveau besoin exprim\303\251
        end note
        note right of renewal
            outcome: won
            sla: 90 days
            owner: succ\303\250s client
            goal: Renouveler avant que la question ne se pose
            metrics: taux de renouvellement, r\303\251tention brute et nette du revenu
            text: Crit\303\250res d'entr\303\251e : 90 jours avant la fin du contrat
        end note
        note right of advocacy
            outcome: won
            owner: marketing
            goal: Laisser les clients le raconter
            metrics: r\303\251f\303\251rences, recommandations, avis, NPS
            text: Crit\303\250res d'entr\303\251e : promoteur au NPS, et d'accord pour \303\252tre cit\303\251
        end note
    }
    lost : Perdu
    churned : Parti
    [*] --> awareness
    [*] --> trial : s'inscrire directement
    awareness --> consideration : s'int\303\251resser
    consideration --> awareness : devenir inactif / start_nurturing
    consideration --> trial : transmettre aux commerciaux / assign_sales_owner
    trial --> consideration : fin de l'essai / start_nurturing
    trial --> purchase : d\303\251cider / send_offer
    purchase --> trial : demander un d\303\251lai
    purchase --> onboarding : acheter / assign_success_owner
    onboarding --> adoption : mettre en service
    adoption --> expansion : d\303\251couvrir un besoin
    expansion --> adoption : \303\251tendre
    adoption --> renewal : \303\251ch\303\251ance proche / remind_owner
    renewal --> adoption : renouveler
    renewal --> expansion : renouveler et \303\251tendre
    renewal --> advocacy : recommander / thank_customer
    advocacy --> renewal : \303\251ch\303\251ance proche / remind_owner
    advocacy --> expansion : d\303\251couvrir un besoin
    acquisition --> lost : abandonner
    lost --> awareness : recycler / start_nurturing
    customer --> churned : r\303\251silier / ask_reason
    churned --> trial : reconqu\303\251rir / assign_sales_owner
    note right of lost
        outcome: lost
        owner: marketing
        goal: Comprendre pourquoi et garder le contact
        metrics: pertes par motif et par \303\251tape, part recycl\303\251e
        reasons: prix, concurrent, pas de budget, pas de d\303\251cision, mauvais moment, fonction manquante
    end note
    note right of churned
        outcome: lost
        owner: succ\303\250s client
        goal: Conna\303\256tre le motif, laisser la porte ouverte
        metrics: attrition par motif, revenu perdu
        reasons: prix, concurrent, fonction manquante, peu utilis\303\251, service d\303\251cevant, cessation d'activit\303\251
    end note
    accTitle: SaaS en neuf \303\251tapes, avec essai
    accDescr: Un abonnement que l'on essaie d'abord et que l'on renouvelle \303\240 \303\251ch\303\251ance
$diagram$)
$templates$;

COMMENT ON FUNCTION lifecycle.template_texts() IS 'the templates as they were built in, their bytes escaped as decode() reads them';

CREATE FUNCTION lifecycle.template(name text, lang text DEFAULT 'en') RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	found text := (SELECT t.escaped FROM lifecycle.template_texts() t WHERE t.name = template.name AND t.lang = template.lang);
BEGIN
	IF found IS NULL THEN
		RAISE EXCEPTION 'there is no template "%" in the language "%"', name, lang
			USING ERRCODE = 'undefined_object',
				DETAIL = (SELECT format('There are: %s.', string_agg(DISTINCT t.name, ', ')) || format(' Languages: %s.', string_agg(DISTINCT t.lang, ', '))
					FROM lifecycle.template_texts() t),
				HINT = 'lifecycle.templates() says what they are for.';
	END IF;
	RETURN convert_from(decode(found, 'escape'), 'UTF8');
END $$;

COMMENT ON FUNCTION lifecycle.template(text, text) IS 'the diagram of a lifecycle ready to copy, in a language';

CREATE FUNCTION lifecycle.templates(lang text DEFAULT 'en', OUT name text, OUT title text, OUT languages text[], OUT description text) RETURNS SETOF record
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE ROWS 6 SET search_path = pg_catalog, pg_temp
AS $$
	SELECT t.name, substring(d.diagram FROM '(?n)^ *accTitle: (.*)$'),
		ARRAY(SELECT o.lang FROM lifecycle.template_texts() o WHERE o.name = t.name ORDER BY o.lang COLLATE "C"),
		substring(d.diagram FROM '(?n)^ *accDescr: (.*)$')
	FROM lifecycle.template_texts() t CROSS JOIN LATERAL lifecycle.template(t.name, t.lang) d (diagram)
	WHERE t.lang = templates.lang
	ORDER BY t.name COLLATE "C"
$$;

COMMENT ON FUNCTION lifecycle.templates(text) IS 'the lifecycles that template() gives, with what they are for';

CREATE TYPE lifecycle.velocity_spec;

CREATE FUNCTION lifecycle.velocity_spec_in(cstring) RETURNS lifecycle.velocity_spec
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION lifecycle.velocity_spec_in(cstring) IS 'reads a velocity_spec from text';

CREATE FUNCTION lifecycle.velocity_spec_out(lifecycle.velocity_spec) RETURNS cstring
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION lifecycle.velocity_spec_out(lifecycle.velocity_spec) IS 'prints a velocity_spec as text';

CREATE FUNCTION lifecycle.velocity_spec_recv(internal) RETURNS lifecycle.velocity_spec
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION lifecycle.velocity_spec_recv(internal) IS 'reads a velocity_spec from its binary form';

CREATE FUNCTION lifecycle.velocity_spec_send(lifecycle.velocity_spec) RETURNS bytea
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION lifecycle.velocity_spec_send(lifecycle.velocity_spec) IS 'writes a velocity_spec in its binary form';

CREATE TYPE lifecycle.velocity_spec (
	INPUT = lifecycle.velocity_spec_in,
	OUTPUT = lifecycle.velocity_spec_out,
	RECEIVE = lifecycle.velocity_spec_recv,
	SEND = lifecycle.velocity_spec_send,
	STORAGE = extended
);

CREATE FUNCTION lifecycle.velocity_spec_eq(lifecycle.velocity_spec, lifecycle.velocity_spec) RETURNS bool
LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS 'byteaeq';

COMMENT ON FUNCTION lifecycle.velocity_spec_eq(lifecycle.velocity_spec, lifecycle.velocity_spec) IS 'says whether two specifications are the same';

CREATE FUNCTION lifecycle.velocity_spec_ne(lifecycle.velocity_spec, lifecycle.velocity_spec) RETURNS bool
LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS 'byteane';

COMMENT ON FUNCTION lifecycle.velocity_spec_ne(lifecycle.velocity_spec, lifecycle.velocity_spec) IS 'says whether two specifications differ';

CREATE FUNCTION lifecycle.velocity_spec_lt(lifecycle.velocity_spec, lifecycle.velocity_spec) RETURNS bool
LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS 'bytealt';

COMMENT ON FUNCTION lifecycle.velocity_spec_lt(lifecycle.velocity_spec, lifecycle.velocity_spec) IS 'compares two specifications';

CREATE FUNCTION lifecycle.velocity_spec_le(lifecycle.velocity_spec, lifecycle.velocity_spec) RETURNS bool
LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS 'byteale';

COMMENT ON FUNCTION lifecycle.velocity_spec_le(lifecycle.velocity_spec, lifecycle.velocity_spec) IS 'compares two specifications';

CREATE FUNCTION lifecycle.velocity_spec_gt(lifecycle.velocity_spec, lifecycle.velocity_spec) RETURNS bool
LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS 'byteagt';

COMMENT ON FUNCTION lifecycle.velocity_spec_gt(lifecycle.velocity_spec, lifecycle.velocity_spec) IS 'compares two specifications';

CREATE FUNCTION lifecycle.velocity_spec_ge(lifecycle.velocity_spec, lifecycle.velocity_spec) RETURNS bool
LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS 'byteage';

COMMENT ON FUNCTION lifecycle.velocity_spec_ge(lifecycle.velocity_spec, lifecycle.velocity_spec) IS 'compares two specifications';

CREATE FUNCTION lifecycle.velocity_spec_cmp(lifecycle.velocity_spec, lifecycle.velocity_spec) RETURNS int
LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS 'byteacmp';

COMMENT ON FUNCTION lifecycle.velocity_spec_cmp(lifecycle.velocity_spec, lifecycle.velocity_spec) IS 'compares two specifications: negative, zero or positive';

CREATE FUNCTION lifecycle.velocity_spec_hash(lifecycle.velocity_spec) RETURNS int
LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS 'hashvarlena';

COMMENT ON FUNCTION lifecycle.velocity_spec_hash(lifecycle.velocity_spec) IS 'hashes a specification';

CREATE FUNCTION lifecycle.velocity_spec_hash_extended(lifecycle.velocity_spec, bigint) RETURNS bigint
LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS 'hashvarlenaextended';

COMMENT ON FUNCTION lifecycle.velocity_spec_hash_extended(lifecycle.velocity_spec, bigint) IS 'hashes a specification with a seed';

CREATE OPERATOR lifecycle.= (
	LEFTARG = lifecycle.velocity_spec, RIGHTARG = lifecycle.velocity_spec,
	FUNCTION = lifecycle.velocity_spec_eq,
	COMMUTATOR = OPERATOR(lifecycle.=), NEGATOR = OPERATOR(lifecycle.<>),
	RESTRICT = eqsel, JOIN = eqjoinsel,
	HASHES, MERGES
);

COMMENT ON OPERATOR lifecycle.= (lifecycle.velocity_spec, lifecycle.velocity_spec) IS 'the same specification';

CREATE OPERATOR lifecycle.<> (
	LEFTARG = lifecycle.velocity_spec, RIGHTARG = lifecycle.velocity_spec,
	FUNCTION = lifecycle.velocity_spec_ne,
	COMMUTATOR = OPERATOR(lifecycle.<>), NEGATOR = OPERATOR(lifecycle.=),
	RESTRICT = neqsel, JOIN = neqjoinsel
);

COMMENT ON OPERATOR lifecycle.<> (lifecycle.velocity_spec, lifecycle.velocity_spec) IS 'not the same specification';

CREATE OPERATOR lifecycle.< (
	LEFTARG = lifecycle.velocity_spec, RIGHTARG = lifecycle.velocity_spec,
	FUNCTION = lifecycle.velocity_spec_lt,
	COMMUTATOR = OPERATOR(lifecycle.>), NEGATOR = OPERATOR(lifecycle.>=),
	RESTRICT = scalarltsel, JOIN = scalarltjoinsel
);

COMMENT ON OPERATOR lifecycle.< (lifecycle.velocity_spec, lifecycle.velocity_spec) IS 'comes before, by the bytes of the text';

CREATE OPERATOR lifecycle.<= (
	LEFTARG = lifecycle.velocity_spec, RIGHTARG = lifecycle.velocity_spec,
	FUNCTION = lifecycle.velocity_spec_le,
	COMMUTATOR = OPERATOR(lifecycle.>=), NEGATOR = OPERATOR(lifecycle.>),
	RESTRICT = scalarlesel, JOIN = scalarlejoinsel
);

COMMENT ON OPERATOR lifecycle.<= (lifecycle.velocity_spec, lifecycle.velocity_spec) IS 'comes before or is the same, by the bytes of the text';

CREATE OPERATOR lifecycle.> (
	LEFTARG = lifecycle.velocity_spec, RIGHTARG = lifecycle.velocity_spec,
	FUNCTION = lifecycle.velocity_spec_gt,
	COMMUTATOR = OPERATOR(lifecycle.<), NEGATOR = OPERATOR(lifecycle.<=),
	RESTRICT = scalargtsel, JOIN = scalargtjoinsel
);

COMMENT ON OPERATOR lifecycle.> (lifecycle.velocity_spec, lifecycle.velocity_spec) IS 'comes after, by the bytes of the text';

CREATE OPERATOR lifecycle.>= (
	LEFTARG = lifecycle.velocity_spec, RIGHTARG = lifecycle.velocity_spec,
	FUNCTION = lifecycle.velocity_spec_ge,
	COMMUTATOR = OPERATOR(lifecycle.<=), NEGATOR = OPERATOR(lifecycle.<),
	RESTRICT = scalargesel, JOIN = scalargejoinsel
);

COMMENT ON OPERATOR lifecycle.>= (lifecycle.velocity_spec, lifecycle.velocity_spec) IS 'comes after or is the same, by the bytes of the text';

CREATE OPERATOR CLASS lifecycle.velocity_spec_hash_ops DEFAULT FOR TYPE lifecycle.velocity_spec USING hash AS
	OPERATOR 1 lifecycle.=,
	FUNCTION 1 lifecycle.velocity_spec_hash(lifecycle.velocity_spec),
	FUNCTION 2 lifecycle.velocity_spec_hash_extended(lifecycle.velocity_spec, bigint);

COMMENT ON OPERATOR CLASS lifecycle.velocity_spec_hash_ops USING hash IS 'specifications by their text';

CREATE OPERATOR CLASS lifecycle.velocity_spec_ops DEFAULT FOR TYPE lifecycle.velocity_spec USING btree AS
	OPERATOR 1 lifecycle.<,
	OPERATOR 2 lifecycle.<=,
	OPERATOR 3 lifecycle.=,
	OPERATOR 4 lifecycle.>=,
	OPERATOR 5 lifecycle.>,
	FUNCTION 1 lifecycle.velocity_spec_cmp(lifecycle.velocity_spec, lifecycle.velocity_spec);

COMMENT ON OPERATOR CLASS lifecycle.velocity_spec_ops USING btree IS 'specifications by their text';

COMMENT ON TYPE lifecycle.velocity_spec IS 'what a velocity counts: [moved 2026-01-01 to 2026-04-01] [as of 2026-05-01]';

CREATE FUNCTION lifecycle.velocity_spec(moved tstzrange DEFAULT NULL, as_of timestamptz DEFAULT NULL) RETURNS lifecycle.velocity_spec
LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION lifecycle.velocity_spec(tstzrange, timestamptz) IS 'a velocity_spec from named arguments; what is NULL is left out';

CREATE FUNCTION lifecycle.velocity_agg_add(lifecycle.velocity, journey lifecycle.journey, spec lifecycle.velocity_spec) RETURNS lifecycle.velocity
LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION lifecycle.velocity_agg_add(lifecycle.velocity, lifecycle.journey, lifecycle.velocity_spec) IS 'transition function of velocity_agg';

CREATE FUNCTION lifecycle.velocity_agg_add(lifecycle.velocity, journey lifecycle.journey, spec lifecycle.velocity_spec, as_of timestamptz) RETURNS lifecycle.velocity
LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION lifecycle.velocity_agg_add(lifecycle.velocity, lifecycle.journey, lifecycle.velocity_spec, timestamptz) IS 'transition function of velocity_agg';

CREATE OR REPLACE AGGREGATE lifecycle.velocity_agg(journey lifecycle.journey) (
	SFUNC = lifecycle.velocity_agg_add,
	STYPE = lifecycle.velocity,
	SSPACE = 32768,
	COMBINEFUNC = lifecycle.velocity_agg_combine,
	FINALFUNC = lifecycle.velocity_agg_final,
	FINALFUNC_MODIFY = READ_ONLY,
	PARALLEL = SAFE
);

CREATE AGGREGATE lifecycle.velocity_agg(journey lifecycle.journey, spec lifecycle.velocity_spec) (
	SFUNC = lifecycle.velocity_agg_add,
	STYPE = lifecycle.velocity,
	SSPACE = 32768,
	COMBINEFUNC = lifecycle.velocity_agg_combine,
	FINALFUNC = lifecycle.velocity_agg_final,
	FINALFUNC_MODIFY = READ_ONLY,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE lifecycle.velocity_agg(lifecycle.journey, lifecycle.velocity_spec) IS 'the velocity of a group of journeys: their moves in a period, as of an instant';

CREATE AGGREGATE lifecycle.velocity_agg(journey lifecycle.journey, spec lifecycle.velocity_spec, as_of timestamptz) (
	SFUNC = lifecycle.velocity_agg_add,
	STYPE = lifecycle.velocity,
	SSPACE = 32768,
	COMBINEFUNC = lifecycle.velocity_agg_combine,
	FINALFUNC = lifecycle.velocity_agg_final,
	FINALFUNC_MODIFY = READ_ONLY,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE lifecycle.velocity_agg(lifecycle.journey, lifecycle.velocity_spec, timestamptz) IS 'the velocity of a group of journeys as of an instant that is not a literal, such as now()';

CREATE OR REPLACE AGGREGATE lifecycle.rollup(velocity lifecycle.velocity) (
	SFUNC = lifecycle.velocity_agg_combine,
	STYPE = lifecycle.velocity,
	SSPACE = 32768,
	COMBINEFUNC = lifecycle.velocity_agg_combine,
	FINALFUNC = lifecycle.velocity_agg_final,
	FINALFUNC_MODIFY = READ_ONLY,
	PARALLEL = SAFE
);

CREATE FUNCTION lifecycle.win_probability(velocity lifecycle.velocity, stage anyenum, won anyarray, lost anyarray) RETURNS double precision
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000 AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION lifecycle.win_probability(lifecycle.velocity, anyenum, anyarray, anyarray) IS 'how likely a journey that enters the stage reaches a won stage before a lost one, as the counted moves go on';

CREATE FUNCTION lifecycle.expected_time(velocity lifecycle.velocity, stage anyenum, won anyarray, lost anyarray) RETURNS interval
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000 AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION lifecycle.expected_time(lifecycle.velocity, anyenum, anyarray, anyarray) IS 'how long a journey that enters the stage takes on average until it reaches a won or a lost stage';

CREATE TYPE lifecycle.survival_spec;

CREATE FUNCTION lifecycle.survival_spec_in(cstring) RETURNS lifecycle.survival_spec
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION lifecycle.survival_spec_in(cstring) IS 'reads a survival_spec from text';

CREATE FUNCTION lifecycle.survival_spec_out(lifecycle.survival_spec) RETURNS cstring
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION lifecycle.survival_spec_out(lifecycle.survival_spec) IS 'prints a survival_spec as text';

CREATE FUNCTION lifecycle.survival_spec_recv(internal) RETURNS lifecycle.survival_spec
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION lifecycle.survival_spec_recv(internal) IS 'reads a survival_spec from its binary form';

CREATE FUNCTION lifecycle.survival_spec_send(lifecycle.survival_spec) RETURNS bytea
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION lifecycle.survival_spec_send(lifecycle.survival_spec) IS 'writes a survival_spec in its binary form';

CREATE TYPE lifecycle.survival_spec (
	INPUT = lifecycle.survival_spec_in,
	OUTPUT = lifecycle.survival_spec_out,
	RECEIVE = lifecycle.survival_spec_recv,
	SEND = lifecycle.survival_spec_send,
	STORAGE = extended
);

CREATE FUNCTION lifecycle.survival_spec_eq(lifecycle.survival_spec, lifecycle.survival_spec) RETURNS bool
LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS 'byteaeq';

COMMENT ON FUNCTION lifecycle.survival_spec_eq(lifecycle.survival_spec, lifecycle.survival_spec) IS 'says whether two specifications are the same';

CREATE FUNCTION lifecycle.survival_spec_ne(lifecycle.survival_spec, lifecycle.survival_spec) RETURNS bool
LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS 'byteane';

COMMENT ON FUNCTION lifecycle.survival_spec_ne(lifecycle.survival_spec, lifecycle.survival_spec) IS 'says whether two specifications differ';

CREATE FUNCTION lifecycle.survival_spec_lt(lifecycle.survival_spec, lifecycle.survival_spec) RETURNS bool
LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS 'bytealt';

COMMENT ON FUNCTION lifecycle.survival_spec_lt(lifecycle.survival_spec, lifecycle.survival_spec) IS 'compares two specifications';

CREATE FUNCTION lifecycle.survival_spec_le(lifecycle.survival_spec, lifecycle.survival_spec) RETURNS bool
LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS 'byteale';

COMMENT ON FUNCTION lifecycle.survival_spec_le(lifecycle.survival_spec, lifecycle.survival_spec) IS 'compares two specifications';

CREATE FUNCTION lifecycle.survival_spec_gt(lifecycle.survival_spec, lifecycle.survival_spec) RETURNS bool
LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS 'byteagt';

COMMENT ON FUNCTION lifecycle.survival_spec_gt(lifecycle.survival_spec, lifecycle.survival_spec) IS 'compares two specifications';

CREATE FUNCTION lifecycle.survival_spec_ge(lifecycle.survival_spec, lifecycle.survival_spec) RETURNS bool
LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS 'byteage';

COMMENT ON FUNCTION lifecycle.survival_spec_ge(lifecycle.survival_spec, lifecycle.survival_spec) IS 'compares two specifications';

CREATE FUNCTION lifecycle.survival_spec_cmp(lifecycle.survival_spec, lifecycle.survival_spec) RETURNS int
LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS 'byteacmp';

COMMENT ON FUNCTION lifecycle.survival_spec_cmp(lifecycle.survival_spec, lifecycle.survival_spec) IS 'compares two specifications: negative, zero or positive';

CREATE FUNCTION lifecycle.survival_spec_hash(lifecycle.survival_spec) RETURNS int
LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS 'hashvarlena';

COMMENT ON FUNCTION lifecycle.survival_spec_hash(lifecycle.survival_spec) IS 'hashes a specification';

CREATE FUNCTION lifecycle.survival_spec_hash_extended(lifecycle.survival_spec, bigint) RETURNS bigint
LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS 'hashvarlenaextended';

COMMENT ON FUNCTION lifecycle.survival_spec_hash_extended(lifecycle.survival_spec, bigint) IS 'hashes a specification with a seed';

CREATE OPERATOR lifecycle.= (
	LEFTARG = lifecycle.survival_spec, RIGHTARG = lifecycle.survival_spec,
	FUNCTION = lifecycle.survival_spec_eq,
	COMMUTATOR = OPERATOR(lifecycle.=), NEGATOR = OPERATOR(lifecycle.<>),
	RESTRICT = eqsel, JOIN = eqjoinsel,
	HASHES, MERGES
);

COMMENT ON OPERATOR lifecycle.= (lifecycle.survival_spec, lifecycle.survival_spec) IS 'the same specification';

CREATE OPERATOR lifecycle.<> (
	LEFTARG = lifecycle.survival_spec, RIGHTARG = lifecycle.survival_spec,
	FUNCTION = lifecycle.survival_spec_ne,
	COMMUTATOR = OPERATOR(lifecycle.<>), NEGATOR = OPERATOR(lifecycle.=),
	RESTRICT = neqsel, JOIN = neqjoinsel
);

COMMENT ON OPERATOR lifecycle.<> (lifecycle.survival_spec, lifecycle.survival_spec) IS 'not the same specification';

CREATE OPERATOR lifecycle.< (
	LEFTARG = lifecycle.survival_spec, RIGHTARG = lifecycle.survival_spec,
	FUNCTION = lifecycle.survival_spec_lt,
	COMMUTATOR = OPERATOR(lifecycle.>), NEGATOR = OPERATOR(lifecycle.>=),
	RESTRICT = scalarltsel, JOIN = scalarltjoinsel
);

COMMENT ON OPERATOR lifecycle.< (lifecycle.survival_spec, lifecycle.survival_spec) IS 'comes before, by the bytes of the text';

CREATE OPERATOR lifecycle.<= (
	LEFTARG = lifecycle.survival_spec, RIGHTARG = lifecycle.survival_spec,
	FUNCTION = lifecycle.survival_spec_le,
	COMMUTATOR = OPERATOR(lifecycle.>=), NEGATOR = OPERATOR(lifecycle.>),
	RESTRICT = scalarlesel, JOIN = scalarlejoinsel
);

COMMENT ON OPERATOR lifecycle.<= (lifecycle.survival_spec, lifecycle.survival_spec) IS 'comes before or is the same, by the bytes of the text';

CREATE OPERATOR lifecycle.> (
	LEFTARG = lifecycle.survival_spec, RIGHTARG = lifecycle.survival_spec,
	FUNCTION = lifecycle.survival_spec_gt,
	COMMUTATOR = OPERATOR(lifecycle.<), NEGATOR = OPERATOR(lifecycle.<=),
	RESTRICT = scalargtsel, JOIN = scalargtjoinsel
);

COMMENT ON OPERATOR lifecycle.> (lifecycle.survival_spec, lifecycle.survival_spec) IS 'comes after, by the bytes of the text';

CREATE OPERATOR lifecycle.>= (
	LEFTARG = lifecycle.survival_spec, RIGHTARG = lifecycle.survival_spec,
	FUNCTION = lifecycle.survival_spec_ge,
	COMMUTATOR = OPERATOR(lifecycle.<=), NEGATOR = OPERATOR(lifecycle.<),
	RESTRICT = scalargesel, JOIN = scalargejoinsel
);

COMMENT ON OPERATOR lifecycle.>= (lifecycle.survival_spec, lifecycle.survival_spec) IS 'comes after or is the same, by the bytes of the text';

CREATE OPERATOR CLASS lifecycle.survival_spec_hash_ops DEFAULT FOR TYPE lifecycle.survival_spec USING hash AS
	OPERATOR 1 lifecycle.=,
	FUNCTION 1 lifecycle.survival_spec_hash(lifecycle.survival_spec),
	FUNCTION 2 lifecycle.survival_spec_hash_extended(lifecycle.survival_spec, bigint);

COMMENT ON OPERATOR CLASS lifecycle.survival_spec_hash_ops USING hash IS 'specifications by their text';

CREATE OPERATOR CLASS lifecycle.survival_spec_ops DEFAULT FOR TYPE lifecycle.survival_spec USING btree AS
	OPERATOR 1 lifecycle.<,
	OPERATOR 2 lifecycle.<=,
	OPERATOR 3 lifecycle.=,
	OPERATOR 4 lifecycle.>=,
	OPERATOR 5 lifecycle.>,
	FUNCTION 1 lifecycle.survival_spec_cmp(lifecycle.survival_spec, lifecycle.survival_spec);

COMMENT ON OPERATOR CLASS lifecycle.survival_spec_ops USING btree IS 'specifications by their text';

COMMENT ON TYPE lifecycle.survival_spec IS 'who is watched and what for: from sql to won, lost [by 1 day] as of 2026-05-01';

CREATE FUNCTION lifecycle.survival_spec(from_stage text, to_stages text[], by interval DEFAULT NULL, as_of timestamptz DEFAULT NULL) RETURNS lifecycle.survival_spec
LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION lifecycle.survival_spec(text, text[], interval, timestamptz) IS 'a survival_spec from named arguments; what is NULL is left out';

CREATE TYPE lifecycle.survival;

CREATE FUNCTION lifecycle.survival_in(cstring) RETURNS lifecycle.survival
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION lifecycle.survival_in(cstring) IS 'reads a survival from text';

CREATE FUNCTION lifecycle.survival_out(lifecycle.survival) RETURNS cstring
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION lifecycle.survival_out(lifecycle.survival) IS 'prints a survival as text';

CREATE FUNCTION lifecycle.survival_recv(internal) RETURNS lifecycle.survival
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION lifecycle.survival_recv(internal) IS 'reads a survival from its binary form';

CREATE FUNCTION lifecycle.survival_send(lifecycle.survival) RETURNS bytea
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION lifecycle.survival_send(lifecycle.survival) IS 'writes a survival in its binary form';

CREATE TYPE lifecycle.survival (
	INPUT = lifecycle.survival_in,
	OUTPUT = lifecycle.survival_out,
	RECEIVE = lifecycle.survival_recv,
	SEND = lifecycle.survival_send,
	ALIGNMENT = double,
	STORAGE = extended
);

COMMENT ON TYPE lifecycle.survival IS 'how long many were watched and how that ended, as integer counts; made by survival_agg, merged by rollup';

CREATE FUNCTION lifecycle.survival_agg_add(lifecycle.survival, journey lifecycle.journey, spec lifecycle.survival_spec) RETURNS lifecycle.survival
LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION lifecycle.survival_agg_add(lifecycle.survival, lifecycle.journey, lifecycle.survival_spec) IS 'transition function of survival_agg';

CREATE FUNCTION lifecycle.survival_agg_add(lifecycle.survival, journey lifecycle.journey, spec lifecycle.survival_spec, as_of timestamptz) RETURNS lifecycle.survival
LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION lifecycle.survival_agg_add(lifecycle.survival, lifecycle.journey, lifecycle.survival_spec, timestamptz) IS 'transition function of survival_agg';

CREATE FUNCTION lifecycle.survival_agg_add_duration(lifecycle.survival, duration interval, cause text) RETURNS lifecycle.survival
LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION lifecycle.survival_agg_add_duration(lifecycle.survival, interval, text) IS 'transition function of survival_agg';

CREATE FUNCTION lifecycle.survival_agg_add_duration(lifecycle.survival, duration interval, cause anyenum) RETURNS lifecycle.survival
LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION lifecycle.survival_agg_add_duration(lifecycle.survival, interval, anyenum) IS 'transition function of survival_agg';

CREATE FUNCTION lifecycle.survival_agg_combine(lifecycle.survival, lifecycle.survival) RETURNS lifecycle.survival
LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION lifecycle.survival_agg_combine(lifecycle.survival, lifecycle.survival) IS 'combine function of survival_agg, transition function of rollup';

CREATE FUNCTION lifecycle.survival_agg_final(lifecycle.survival) RETURNS lifecycle.survival
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION lifecycle.survival_agg_final(lifecycle.survival) IS 'final function of survival_agg and rollup';

CREATE AGGREGATE lifecycle.survival_agg(journey lifecycle.journey, spec lifecycle.survival_spec) (
	SFUNC = lifecycle.survival_agg_add,
	STYPE = lifecycle.survival,
	SSPACE = 4096,
	COMBINEFUNC = lifecycle.survival_agg_combine,
	FINALFUNC = lifecycle.survival_agg_final,
	FINALFUNC_MODIFY = READ_ONLY,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE lifecycle.survival_agg(lifecycle.journey, lifecycle.survival_spec) IS 'the survival of a group of journeys, from a stage to the first of some others';

CREATE AGGREGATE lifecycle.survival_agg(journey lifecycle.journey, spec lifecycle.survival_spec, as_of timestamptz) (
	SFUNC = lifecycle.survival_agg_add,
	STYPE = lifecycle.survival,
	SSPACE = 4096,
	COMBINEFUNC = lifecycle.survival_agg_combine,
	FINALFUNC = lifecycle.survival_agg_final,
	FINALFUNC_MODIFY = READ_ONLY,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE lifecycle.survival_agg(lifecycle.journey, lifecycle.survival_spec, timestamptz) IS 'the survival of a group of journeys as of an instant that is not a literal, such as now()';

CREATE AGGREGATE lifecycle.survival_agg(duration interval, cause text) (
	SFUNC = lifecycle.survival_agg_add_duration,
	STYPE = lifecycle.survival,
	SSPACE = 4096,
	COMBINEFUNC = lifecycle.survival_agg_combine,
	FINALFUNC = lifecycle.survival_agg_final,
	FINALFUNC_MODIFY = READ_ONLY,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE lifecycle.survival_agg(interval, text) IS 'the survival of a group of durations and how they ended; without a cause they go on';

CREATE AGGREGATE lifecycle.survival_agg(duration interval, cause anyenum) (
	SFUNC = lifecycle.survival_agg_add_duration,
	STYPE = lifecycle.survival,
	SSPACE = 4096,
	COMBINEFUNC = lifecycle.survival_agg_combine,
	FINALFUNC = lifecycle.survival_agg_final,
	FINALFUNC_MODIFY = READ_ONLY,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE lifecycle.survival_agg(interval, anyenum) IS 'the survival of a group of durations and how they ended; without a cause they go on';

CREATE AGGREGATE lifecycle.rollup(survival lifecycle.survival) (
	SFUNC = lifecycle.survival_agg_combine,
	STYPE = lifecycle.survival,
	SSPACE = 4096,
	COMBINEFUNC = lifecycle.survival_agg_combine,
	FINALFUNC = lifecycle.survival_agg_final,
	FINALFUNC_MODIFY = READ_ONLY,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE lifecycle.rollup(lifecycle.survival) IS 'the survival of everybody whom survivals of one specification count';

CREATE FUNCTION lifecycle.kaplan_meier(
	survival lifecycle.survival,
	conf_type text DEFAULT 'log-log',
	OUT "time" interval,
	OUT at_risk bigint,
	OUT events bigint,
	OUT censored bigint,
	OUT survival double precision,
	OUT std_err double precision,
	OUT lower double precision,
	OUT upper double precision,
	OUT cum_hazard double precision
) RETURNS SETOF record
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000 ROWS 100 AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION lifecycle.kaplan_meier(lifecycle.survival, text) IS 'one row per duration: the share that lasts longer, after Kaplan and Meier, with Greenwoods error and a 95 % interval';

CREATE FUNCTION lifecycle.cumulative_incidence(
	survival lifecycle.survival,
	cause text,
	conf_type text DEFAULT 'log-log',
	OUT "time" interval,
	OUT incidence double precision,
	OUT std_err double precision,
	OUT lower double precision,
	OUT upper double precision
) RETURNS SETOF record
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000 ROWS 100 AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION lifecycle.cumulative_incidence(lifecycle.survival, text, text) IS 'one row per duration: the share that has ended by the cause, after Aalen and Johansen, with its error and a 95 % interval';

CREATE FUNCTION lifecycle.cumulative_incidence(
	survival lifecycle.survival,
	cause anyenum,
	conf_type text DEFAULT 'log-log',
	OUT "time" interval,
	OUT incidence double precision,
	OUT std_err double precision,
	OUT lower double precision,
	OUT upper double precision
) RETURNS SETOF record
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000 ROWS 100 AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION lifecycle.cumulative_incidence(lifecycle.survival, anyenum, text) IS 'one row per duration: the share that has ended by the cause, after Aalen and Johansen, with its error and a 95 % interval';

CREATE FUNCTION lifecycle.median_survival(survival lifecycle.survival) RETURNS interval
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000 AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION lifecycle.median_survival(lifecycle.survival) IS 'the first duration that at most half last longer than; NULL if there is none';

CREATE FUNCTION lifecycle.win_within(survival lifecycle.survival, cause text, age interval, horizon interval) RETURNS double precision
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000 AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION lifecycle.win_within(lifecycle.survival, text, interval, interval) IS 'how likely one who is still there at an age ends by the cause within a horizon; NULL where that is not known';

CREATE FUNCTION lifecycle.win_within(survival lifecycle.survival, cause anyenum, age interval, horizon interval) RETURNS double precision
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000 AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION lifecycle.win_within(lifecycle.survival, anyenum, interval, interval) IS 'how likely one who is still there at an age ends by the cause within a horizon; NULL where that is not known';

CREATE FUNCTION lifecycle.logrank_test(
	survivals lifecycle.survival[],
	cause text DEFAULT NULL,
	OUT chi_square double precision,
	OUT df integer,
	OUT p_value double precision
) RETURNS record
LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000 AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION lifecycle.logrank_test(lifecycle.survival[], text) IS 'the log-rank test whether groups differ in how long they last, for all causes or one';

CREATE FUNCTION lifecycle.logrank_test(
	survivals lifecycle.survival[],
	cause anyenum,
	OUT chi_square double precision,
	OUT df integer,
	OUT p_value double precision
) RETURNS record
LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000 AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION lifecycle.logrank_test(lifecycle.survival[], anyenum) IS 'the log-rank test whether groups differ in how long they last, for all causes or one';

CREATE FUNCTION lifecycle.logrank_groups(
	survivals lifecycle.survival[],
	cause text DEFAULT NULL,
	OUT group_number integer,
	OUT subjects bigint,
	OUT observed bigint,
	OUT expected double precision,
	OUT variance double precision
) RETURNS SETOF record
LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000 ROWS 10 AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION lifecycle.logrank_groups(lifecycle.survival[], text) IS 'one row per group of the log-rank test: events observed, and expected if all groups were alike';

CREATE FUNCTION lifecycle.logrank_groups(
	survivals lifecycle.survival[],
	cause anyenum,
	OUT group_number integer,
	OUT subjects bigint,
	OUT observed bigint,
	OUT expected double precision,
	OUT variance double precision
) RETURNS SETOF record
LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000 ROWS 10 AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION lifecycle.logrank_groups(lifecycle.survival[], anyenum) IS 'one row per group of the log-rank test: events observed, and expected if all groups were alike';

CREATE TYPE lifecycle.win_rate_spec;

CREATE FUNCTION lifecycle.win_rate_spec_in(cstring) RETURNS lifecycle.win_rate_spec
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION lifecycle.win_rate_spec_in(cstring) IS 'reads a win_rate_spec from text';

CREATE FUNCTION lifecycle.win_rate_spec_out(lifecycle.win_rate_spec) RETURNS cstring
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION lifecycle.win_rate_spec_out(lifecycle.win_rate_spec) IS 'prints a win_rate_spec as text';

CREATE FUNCTION lifecycle.win_rate_spec_recv(internal) RETURNS lifecycle.win_rate_spec
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION lifecycle.win_rate_spec_recv(internal) IS 'reads a win_rate_spec from its binary form';

CREATE FUNCTION lifecycle.win_rate_spec_send(lifecycle.win_rate_spec) RETURNS bytea
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION lifecycle.win_rate_spec_send(lifecycle.win_rate_spec) IS 'writes a win_rate_spec in its binary form';

CREATE TYPE lifecycle.win_rate_spec (
	INPUT = lifecycle.win_rate_spec_in,
	OUTPUT = lifecycle.win_rate_spec_out,
	RECEIVE = lifecycle.win_rate_spec_recv,
	SEND = lifecycle.win_rate_spec_send,
	STORAGE = extended
);

CREATE FUNCTION lifecycle.win_rate_spec_eq(lifecycle.win_rate_spec, lifecycle.win_rate_spec) RETURNS bool
LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS 'byteaeq';

COMMENT ON FUNCTION lifecycle.win_rate_spec_eq(lifecycle.win_rate_spec, lifecycle.win_rate_spec) IS 'says whether two specifications are the same';

CREATE FUNCTION lifecycle.win_rate_spec_ne(lifecycle.win_rate_spec, lifecycle.win_rate_spec) RETURNS bool
LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS 'byteane';

COMMENT ON FUNCTION lifecycle.win_rate_spec_ne(lifecycle.win_rate_spec, lifecycle.win_rate_spec) IS 'says whether two specifications differ';

CREATE FUNCTION lifecycle.win_rate_spec_lt(lifecycle.win_rate_spec, lifecycle.win_rate_spec) RETURNS bool
LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS 'bytealt';

COMMENT ON FUNCTION lifecycle.win_rate_spec_lt(lifecycle.win_rate_spec, lifecycle.win_rate_spec) IS 'compares two specifications';

CREATE FUNCTION lifecycle.win_rate_spec_le(lifecycle.win_rate_spec, lifecycle.win_rate_spec) RETURNS bool
LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS 'byteale';

COMMENT ON FUNCTION lifecycle.win_rate_spec_le(lifecycle.win_rate_spec, lifecycle.win_rate_spec) IS 'compares two specifications';

CREATE FUNCTION lifecycle.win_rate_spec_gt(lifecycle.win_rate_spec, lifecycle.win_rate_spec) RETURNS bool
LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS 'byteagt';

COMMENT ON FUNCTION lifecycle.win_rate_spec_gt(lifecycle.win_rate_spec, lifecycle.win_rate_spec) IS 'compares two specifications';

CREATE FUNCTION lifecycle.win_rate_spec_ge(lifecycle.win_rate_spec, lifecycle.win_rate_spec) RETURNS bool
LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS 'byteage';

COMMENT ON FUNCTION lifecycle.win_rate_spec_ge(lifecycle.win_rate_spec, lifecycle.win_rate_spec) IS 'compares two specifications';

CREATE FUNCTION lifecycle.win_rate_spec_cmp(lifecycle.win_rate_spec, lifecycle.win_rate_spec) RETURNS int
LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS 'byteacmp';

COMMENT ON FUNCTION lifecycle.win_rate_spec_cmp(lifecycle.win_rate_spec, lifecycle.win_rate_spec) IS 'compares two specifications: negative, zero or positive';

CREATE FUNCTION lifecycle.win_rate_spec_hash(lifecycle.win_rate_spec) RETURNS int
LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS 'hashvarlena';

COMMENT ON FUNCTION lifecycle.win_rate_spec_hash(lifecycle.win_rate_spec) IS 'hashes a specification';

CREATE FUNCTION lifecycle.win_rate_spec_hash_extended(lifecycle.win_rate_spec, bigint) RETURNS bigint
LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS 'hashvarlenaextended';

COMMENT ON FUNCTION lifecycle.win_rate_spec_hash_extended(lifecycle.win_rate_spec, bigint) IS 'hashes a specification with a seed';

CREATE OPERATOR lifecycle.= (
	LEFTARG = lifecycle.win_rate_spec, RIGHTARG = lifecycle.win_rate_spec,
	FUNCTION = lifecycle.win_rate_spec_eq,
	COMMUTATOR = OPERATOR(lifecycle.=), NEGATOR = OPERATOR(lifecycle.<>),
	RESTRICT = eqsel, JOIN = eqjoinsel,
	HASHES, MERGES
);

COMMENT ON OPERATOR lifecycle.= (lifecycle.win_rate_spec, lifecycle.win_rate_spec) IS 'the same specification';

CREATE OPERATOR lifecycle.<> (
	LEFTARG = lifecycle.win_rate_spec, RIGHTARG = lifecycle.win_rate_spec,
	FUNCTION = lifecycle.win_rate_spec_ne,
	COMMUTATOR = OPERATOR(lifecycle.<>), NEGATOR = OPERATOR(lifecycle.=),
	RESTRICT = neqsel, JOIN = neqjoinsel
);

COMMENT ON OPERATOR lifecycle.<> (lifecycle.win_rate_spec, lifecycle.win_rate_spec) IS 'not the same specification';

CREATE OPERATOR lifecycle.< (
	LEFTARG = lifecycle.win_rate_spec, RIGHTARG = lifecycle.win_rate_spec,
	FUNCTION = lifecycle.win_rate_spec_lt,
	COMMUTATOR = OPERATOR(lifecycle.>), NEGATOR = OPERATOR(lifecycle.>=),
	RESTRICT = scalarltsel, JOIN = scalarltjoinsel
);

COMMENT ON OPERATOR lifecycle.< (lifecycle.win_rate_spec, lifecycle.win_rate_spec) IS 'comes before, by the bytes of the text';

CREATE OPERATOR lifecycle.<= (
	LEFTARG = lifecycle.win_rate_spec, RIGHTARG = lifecycle.win_rate_spec,
	FUNCTION = lifecycle.win_rate_spec_le,
	COMMUTATOR = OPERATOR(lifecycle.>=), NEGATOR = OPERATOR(lifecycle.>),
	RESTRICT = scalarlesel, JOIN = scalarlejoinsel
);

COMMENT ON OPERATOR lifecycle.<= (lifecycle.win_rate_spec, lifecycle.win_rate_spec) IS 'comes before or is the same, by the bytes of the text';

CREATE OPERATOR lifecycle.> (
	LEFTARG = lifecycle.win_rate_spec, RIGHTARG = lifecycle.win_rate_spec,
	FUNCTION = lifecycle.win_rate_spec_gt,
	COMMUTATOR = OPERATOR(lifecycle.<), NEGATOR = OPERATOR(lifecycle.<=),
	RESTRICT = scalargtsel, JOIN = scalargtjoinsel
);

COMMENT ON OPERATOR lifecycle.> (lifecycle.win_rate_spec, lifecycle.win_rate_spec) IS 'comes after, by the bytes of the text';

CREATE OPERATOR lifecycle.>= (
	LEFTARG = lifecycle.win_rate_spec, RIGHTARG = lifecycle.win_rate_spec,
	FUNCTION = lifecycle.win_rate_spec_ge,
	COMMUTATOR = OPERATOR(lifecycle.<=), NEGATOR = OPERATOR(lifecycle.<),
	RESTRICT = scalargesel, JOIN = scalargejoinsel
);

COMMENT ON OPERATOR lifecycle.>= (lifecycle.win_rate_spec, lifecycle.win_rate_spec) IS 'comes after or is the same, by the bytes of the text';

CREATE OPERATOR CLASS lifecycle.win_rate_spec_hash_ops DEFAULT FOR TYPE lifecycle.win_rate_spec USING hash AS
	OPERATOR 1 lifecycle.=,
	FUNCTION 1 lifecycle.win_rate_spec_hash(lifecycle.win_rate_spec),
	FUNCTION 2 lifecycle.win_rate_spec_hash_extended(lifecycle.win_rate_spec, bigint);

COMMENT ON OPERATOR CLASS lifecycle.win_rate_spec_hash_ops USING hash IS 'specifications by their text';

CREATE OPERATOR CLASS lifecycle.win_rate_spec_ops DEFAULT FOR TYPE lifecycle.win_rate_spec USING btree AS
	OPERATOR 1 lifecycle.<,
	OPERATOR 2 lifecycle.<=,
	OPERATOR 3 lifecycle.=,
	OPERATOR 4 lifecycle.>=,
	OPERATOR 5 lifecycle.>,
	FUNCTION 1 lifecycle.win_rate_spec_cmp(lifecycle.win_rate_spec, lifecycle.win_rate_spec);

COMMENT ON OPERATOR CLASS lifecycle.win_rate_spec_ops USING btree IS 'specifications by their text';

COMMENT ON TYPE lifecycle.win_rate_spec IS 'what decides and when: won against lost, churned [closed 2026-01-01 to 2026-04-01]';

CREATE FUNCTION lifecycle.win_rate_spec(won text[], lost text[], closed tstzrange DEFAULT NULL) RETURNS lifecycle.win_rate_spec
LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION lifecycle.win_rate_spec(text[], text[], tstzrange) IS 'a win_rate_spec from named arguments; without closed the outcomes of all times';

CREATE TYPE lifecycle.win_rate;

CREATE FUNCTION lifecycle.win_rate_in(cstring) RETURNS lifecycle.win_rate
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION lifecycle.win_rate_in(cstring) IS 'reads a win_rate from text';

CREATE FUNCTION lifecycle.win_rate_out(lifecycle.win_rate) RETURNS cstring
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION lifecycle.win_rate_out(lifecycle.win_rate) IS 'prints a win_rate as text';

CREATE FUNCTION lifecycle.win_rate_recv(internal) RETURNS lifecycle.win_rate
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION lifecycle.win_rate_recv(internal) IS 'reads a win_rate from its binary form';

CREATE FUNCTION lifecycle.win_rate_send(lifecycle.win_rate) RETURNS bytea
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION lifecycle.win_rate_send(lifecycle.win_rate) IS 'writes a win_rate in its binary form';

CREATE TYPE lifecycle.win_rate (
	INPUT = lifecycle.win_rate_in,
	OUTPUT = lifecycle.win_rate_out,
	RECEIVE = lifecycle.win_rate_recv,
	SEND = lifecycle.win_rate_send,
	ALIGNMENT = double,
	STORAGE = extended
);

COMMENT ON TYPE lifecycle.win_rate IS 'how many were won and how many lost; made by win_rate_agg, merged by rollup, cast to float8 the rate';

CREATE FUNCTION lifecycle.win_rate_agg_add(lifecycle.win_rate, journey lifecycle.journey, spec lifecycle.win_rate_spec) RETURNS lifecycle.win_rate
LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION lifecycle.win_rate_agg_add(lifecycle.win_rate, lifecycle.journey, lifecycle.win_rate_spec) IS 'transition function of win_rate_agg';

CREATE FUNCTION lifecycle.win_rate_agg_add_between(lifecycle.win_rate, journey lifecycle.journey, won text[], lost text[], period tstzrange) RETURNS lifecycle.win_rate
LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION lifecycle.win_rate_agg_add_between(lifecycle.win_rate, lifecycle.journey, text[], text[], tstzrange) IS 'transition function of win_rate_agg';

CREATE FUNCTION lifecycle.win_rate_agg_combine(lifecycle.win_rate, lifecycle.win_rate) RETURNS lifecycle.win_rate
LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION lifecycle.win_rate_agg_combine(lifecycle.win_rate, lifecycle.win_rate) IS 'combine function of win_rate_agg, transition function of rollup';

CREATE AGGREGATE lifecycle.win_rate_agg(journey lifecycle.journey, spec lifecycle.win_rate_spec) (
	SFUNC = lifecycle.win_rate_agg_add,
	STYPE = lifecycle.win_rate,
	SSPACE = 256,
	COMBINEFUNC = lifecycle.win_rate_agg_combine,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE lifecycle.win_rate_agg(lifecycle.journey, lifecycle.win_rate_spec) IS 'the win rate of a group of journeys';

CREATE AGGREGATE lifecycle.win_rate_agg(journey lifecycle.journey, won text[], lost text[], period tstzrange) (
	SFUNC = lifecycle.win_rate_agg_add_between,
	STYPE = lifecycle.win_rate,
	SSPACE = 256,
	COMBINEFUNC = lifecycle.win_rate_agg_combine,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE lifecycle.win_rate_agg(lifecycle.journey, text[], text[], tstzrange) IS 'the win rate of a group of journeys whose first outcome falls in a period';

CREATE AGGREGATE lifecycle.rollup(win_rate lifecycle.win_rate) (
	SFUNC = lifecycle.win_rate_agg_combine,
	STYPE = lifecycle.win_rate,
	SSPACE = 256,
	COMBINEFUNC = lifecycle.win_rate_agg_combine,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE lifecycle.rollup(lifecycle.win_rate) IS 'the win rate of everybody whom win rates of one specification count';

CREATE FUNCTION lifecycle.win_rate_float8(lifecycle.win_rate) RETURNS double precision
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION lifecycle.win_rate_float8(lifecycle.win_rate) IS 'won by won and lost; NULL where nothing was decided';

CREATE CAST (lifecycle.win_rate AS double precision) WITH FUNCTION lifecycle.win_rate_float8(lifecycle.win_rate) AS ASSIGNMENT;

COMMENT ON CAST (lifecycle.win_rate AS double precision) IS 'the rate';

CREATE FUNCTION lifecycle.win_rate_counts(
	win_rate lifecycle.win_rate,
	OUT won bigint,
	OUT lost bigint,
	OUT rate double precision,
	OUT ci_low double precision,
	OUT ci_high double precision
) RETURNS record
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION lifecycle.win_rate_counts(lifecycle.win_rate) IS 'the counts of a win rate, the rate and its Wilson 95 % interval';

CREATE TYPE lifecycle.retention_spec;

CREATE FUNCTION lifecycle.retention_spec_in(cstring) RETURNS lifecycle.retention_spec
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION lifecycle.retention_spec_in(cstring) IS 'reads a retention_spec from text';

CREATE FUNCTION lifecycle.retention_spec_out(lifecycle.retention_spec) RETURNS cstring
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION lifecycle.retention_spec_out(lifecycle.retention_spec) IS 'prints a retention_spec as text';

CREATE FUNCTION lifecycle.retention_spec_recv(internal) RETURNS lifecycle.retention_spec
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION lifecycle.retention_spec_recv(internal) IS 'reads a retention_spec from its binary form';

CREATE FUNCTION lifecycle.retention_spec_send(lifecycle.retention_spec) RETURNS bytea
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION lifecycle.retention_spec_send(lifecycle.retention_spec) IS 'writes a retention_spec in its binary form';

CREATE TYPE lifecycle.retention_spec (
	INPUT = lifecycle.retention_spec_in,
	OUTPUT = lifecycle.retention_spec_out,
	RECEIVE = lifecycle.retention_spec_recv,
	SEND = lifecycle.retention_spec_send,
	STORAGE = extended
);

CREATE FUNCTION lifecycle.retention_spec_eq(lifecycle.retention_spec, lifecycle.retention_spec) RETURNS bool
LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS 'byteaeq';

COMMENT ON FUNCTION lifecycle.retention_spec_eq(lifecycle.retention_spec, lifecycle.retention_spec) IS 'says whether two specifications are the same';

CREATE FUNCTION lifecycle.retention_spec_ne(lifecycle.retention_spec, lifecycle.retention_spec) RETURNS bool
LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS 'byteane';

COMMENT ON FUNCTION lifecycle.retention_spec_ne(lifecycle.retention_spec, lifecycle.retention_spec) IS 'says whether two specifications differ';

CREATE FUNCTION lifecycle.retention_spec_lt(lifecycle.retention_spec, lifecycle.retention_spec) RETURNS bool
LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS 'bytealt';

COMMENT ON FUNCTION lifecycle.retention_spec_lt(lifecycle.retention_spec, lifecycle.retention_spec) IS 'compares two specifications';

CREATE FUNCTION lifecycle.retention_spec_le(lifecycle.retention_spec, lifecycle.retention_spec) RETURNS bool
LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS 'byteale';

COMMENT ON FUNCTION lifecycle.retention_spec_le(lifecycle.retention_spec, lifecycle.retention_spec) IS 'compares two specifications';

CREATE FUNCTION lifecycle.retention_spec_gt(lifecycle.retention_spec, lifecycle.retention_spec) RETURNS bool
LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS 'byteagt';

COMMENT ON FUNCTION lifecycle.retention_spec_gt(lifecycle.retention_spec, lifecycle.retention_spec) IS 'compares two specifications';

CREATE FUNCTION lifecycle.retention_spec_ge(lifecycle.retention_spec, lifecycle.retention_spec) RETURNS bool
LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS 'byteage';

COMMENT ON FUNCTION lifecycle.retention_spec_ge(lifecycle.retention_spec, lifecycle.retention_spec) IS 'compares two specifications';

CREATE FUNCTION lifecycle.retention_spec_cmp(lifecycle.retention_spec, lifecycle.retention_spec) RETURNS int
LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS 'byteacmp';

COMMENT ON FUNCTION lifecycle.retention_spec_cmp(lifecycle.retention_spec, lifecycle.retention_spec) IS 'compares two specifications: negative, zero or positive';

CREATE FUNCTION lifecycle.retention_spec_hash(lifecycle.retention_spec) RETURNS int
LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS 'hashvarlena';

COMMENT ON FUNCTION lifecycle.retention_spec_hash(lifecycle.retention_spec) IS 'hashes a specification';

CREATE FUNCTION lifecycle.retention_spec_hash_extended(lifecycle.retention_spec, bigint) RETURNS bigint
LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS 'hashvarlenaextended';

COMMENT ON FUNCTION lifecycle.retention_spec_hash_extended(lifecycle.retention_spec, bigint) IS 'hashes a specification with a seed';

CREATE OPERATOR lifecycle.= (
	LEFTARG = lifecycle.retention_spec, RIGHTARG = lifecycle.retention_spec,
	FUNCTION = lifecycle.retention_spec_eq,
	COMMUTATOR = OPERATOR(lifecycle.=), NEGATOR = OPERATOR(lifecycle.<>),
	RESTRICT = eqsel, JOIN = eqjoinsel,
	HASHES, MERGES
);

COMMENT ON OPERATOR lifecycle.= (lifecycle.retention_spec, lifecycle.retention_spec) IS 'the same specification';

CREATE OPERATOR lifecycle.<> (
	LEFTARG = lifecycle.retention_spec, RIGHTARG = lifecycle.retention_spec,
	FUNCTION = lifecycle.retention_spec_ne,
	COMMUTATOR = OPERATOR(lifecycle.<>), NEGATOR = OPERATOR(lifecycle.=),
	RESTRICT = neqsel, JOIN = neqjoinsel
);

COMMENT ON OPERATOR lifecycle.<> (lifecycle.retention_spec, lifecycle.retention_spec) IS 'not the same specification';

CREATE OPERATOR lifecycle.< (
	LEFTARG = lifecycle.retention_spec, RIGHTARG = lifecycle.retention_spec,
	FUNCTION = lifecycle.retention_spec_lt,
	COMMUTATOR = OPERATOR(lifecycle.>), NEGATOR = OPERATOR(lifecycle.>=),
	RESTRICT = scalarltsel, JOIN = scalarltjoinsel
);

COMMENT ON OPERATOR lifecycle.< (lifecycle.retention_spec, lifecycle.retention_spec) IS 'comes before, by the bytes of the text';

CREATE OPERATOR lifecycle.<= (
	LEFTARG = lifecycle.retention_spec, RIGHTARG = lifecycle.retention_spec,
	FUNCTION = lifecycle.retention_spec_le,
	COMMUTATOR = OPERATOR(lifecycle.>=), NEGATOR = OPERATOR(lifecycle.>),
	RESTRICT = scalarlesel, JOIN = scalarlejoinsel
);

COMMENT ON OPERATOR lifecycle.<= (lifecycle.retention_spec, lifecycle.retention_spec) IS 'comes before or is the same, by the bytes of the text';

CREATE OPERATOR lifecycle.> (
	LEFTARG = lifecycle.retention_spec, RIGHTARG = lifecycle.retention_spec,
	FUNCTION = lifecycle.retention_spec_gt,
	COMMUTATOR = OPERATOR(lifecycle.<), NEGATOR = OPERATOR(lifecycle.<=),
	RESTRICT = scalargtsel, JOIN = scalargtjoinsel
);

COMMENT ON OPERATOR lifecycle.> (lifecycle.retention_spec, lifecycle.retention_spec) IS 'comes after, by the bytes of the text';

CREATE OPERATOR lifecycle.>= (
	LEFTARG = lifecycle.retention_spec, RIGHTARG = lifecycle.retention_spec,
	FUNCTION = lifecycle.retention_spec_ge,
	COMMUTATOR = OPERATOR(lifecycle.<=), NEGATOR = OPERATOR(lifecycle.<),
	RESTRICT = scalargesel, JOIN = scalargejoinsel
);

COMMENT ON OPERATOR lifecycle.>= (lifecycle.retention_spec, lifecycle.retention_spec) IS 'comes after or is the same, by the bytes of the text';

CREATE OPERATOR CLASS lifecycle.retention_spec_hash_ops DEFAULT FOR TYPE lifecycle.retention_spec USING hash AS
	OPERATOR 1 lifecycle.=,
	FUNCTION 1 lifecycle.retention_spec_hash(lifecycle.retention_spec),
	FUNCTION 2 lifecycle.retention_spec_hash_extended(lifecycle.retention_spec, bigint);

COMMENT ON OPERATOR CLASS lifecycle.retention_spec_hash_ops USING hash IS 'specifications by their text';

CREATE OPERATOR CLASS lifecycle.retention_spec_ops DEFAULT FOR TYPE lifecycle.retention_spec USING btree AS
	OPERATOR 1 lifecycle.<,
	OPERATOR 2 lifecycle.<=,
	OPERATOR 3 lifecycle.=,
	OPERATOR 4 lifecycle.>=,
	OPERATOR 5 lifecycle.>,
	FUNCTION 1 lifecycle.retention_spec_cmp(lifecycle.retention_spec, lifecycle.retention_spec);

COMMENT ON OPERATOR CLASS lifecycle.retention_spec_ops USING btree IS 'specifications by their text';

COMMENT ON TYPE lifecycle.retention_spec IS 'who counts as retained: from customer while customer every 1 month for 24 as of 2026-05-01';

CREATE FUNCTION lifecycle.retention_spec(
	from_stage text,
	while_stages text[],
	every interval,
	periods int,
	measure text DEFAULT 'any_time',
	counted_from text DEFAULT 'cohort',
	time_zone text DEFAULT 'UTC',
	as_of timestamptz DEFAULT NULL
) RETURNS lifecycle.retention_spec
LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION lifecycle.retention_spec(text, text[], interval, int, text, text, text, timestamptz) IS
'makes a retention_spec from named arguments';

CREATE TYPE lifecycle.retention;

CREATE FUNCTION lifecycle.retention_in(cstring) RETURNS lifecycle.retention
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION lifecycle.retention_in(cstring) IS 'reads a retention from text';

CREATE FUNCTION lifecycle.retention_out(lifecycle.retention) RETURNS cstring
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION lifecycle.retention_out(lifecycle.retention) IS 'prints a retention as text';

CREATE FUNCTION lifecycle.retention_recv(internal) RETURNS lifecycle.retention
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION lifecycle.retention_recv(internal) IS 'reads a retention from its binary form';

CREATE FUNCTION lifecycle.retention_send(lifecycle.retention) RETURNS bytea
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION lifecycle.retention_send(lifecycle.retention) IS 'writes a retention in its binary form';

CREATE TYPE lifecycle.retention (
	INPUT = lifecycle.retention_in,
	OUTPUT = lifecycle.retention_out,
	RECEIVE = lifecycle.retention_recv,
	SEND = lifecycle.retention_send,
	ALIGNMENT = double,
	STORAGE = extended
);

COMMENT ON TYPE lifecycle.retention IS 'who stayed, by cohort and period; read it with retention_cells';

CREATE FUNCTION lifecycle.retention_agg_add(state lifecycle.retention, journey lifecycle.journey, spec lifecycle.retention_spec)
RETURNS lifecycle.retention
LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION lifecycle.retention_agg_add(lifecycle.retention, lifecycle.journey, lifecycle.retention_spec) IS
'adds a journey to the state of retention_agg';

CREATE FUNCTION lifecycle.retention_agg_add(state lifecycle.retention, journey lifecycle.journey, spec lifecycle.retention_spec, as_of timestamptz)
RETURNS lifecycle.retention
LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION lifecycle.retention_agg_add(lifecycle.retention, lifecycle.journey, lifecycle.retention_spec, timestamptz) IS
'adds a journey to the state of retention_agg, as of an instant';

CREATE FUNCTION lifecycle.retention_agg_combine(state lifecycle.retention, other lifecycle.retention)
RETURNS lifecycle.retention
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION lifecycle.retention_agg_combine(lifecycle.retention, lifecycle.retention) IS
'adds a retention to the state of retention_agg or rollup';

CREATE FUNCTION lifecycle.retention_agg_final(state lifecycle.retention)
RETURNS lifecycle.retention
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION lifecycle.retention_agg_final(lifecycle.retention) IS
'the result of retention_agg or rollup, in its canonical form';

CREATE AGGREGATE lifecycle.retention_agg(journey lifecycle.journey, spec lifecycle.retention_spec) (
	SFUNC = lifecycle.retention_agg_add,
	STYPE = lifecycle.retention,
	SSPACE = 4096,
	FINALFUNC = lifecycle.retention_agg_final,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = lifecycle.retention_agg_combine,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE lifecycle.retention_agg(lifecycle.journey, lifecycle.retention_spec) IS
'how many of each cohort stayed, period by period';

CREATE AGGREGATE lifecycle.retention_agg(journey lifecycle.journey, spec lifecycle.retention_spec, as_of timestamptz) (
	SFUNC = lifecycle.retention_agg_add,
	STYPE = lifecycle.retention,
	SSPACE = 4096,
	FINALFUNC = lifecycle.retention_agg_final,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = lifecycle.retention_agg_combine,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE lifecycle.retention_agg(lifecycle.journey, lifecycle.retention_spec, timestamptz) IS
'how many of each cohort stayed, period by period, as of an instant that is not a literal, such as now()';

CREATE AGGREGATE lifecycle.rollup(retention lifecycle.retention) (
	SFUNC = lifecycle.retention_agg_combine,
	STYPE = lifecycle.retention,
	SSPACE = 4096,
	FINALFUNC = lifecycle.retention_agg_final,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = lifecycle.retention_agg_combine,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE lifecycle.rollup(lifecycle.retention) IS
'adds retentions of one specification up';

CREATE FUNCTION lifecycle.retention_cells(
	retention lifecycle.retention,
	OUT cohort timestamptz,
	OUT period int4,
	OUT size int8,
	OUT retained int8,
	OUT share float8,
	OUT complete bool
) RETURNS SETOF record
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 300 AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION lifecycle.retention_cells(lifecycle.retention) IS
'one row for every cohort and period that has begun, and behind them, without a cohort, one for every period over all cohorts in which it is over';

CREATE TYPE lifecycle.census_spec;

CREATE FUNCTION lifecycle.census_spec_in(cstring) RETURNS lifecycle.census_spec
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION lifecycle.census_spec_in(cstring) IS 'reads a census_spec from text';

CREATE FUNCTION lifecycle.census_spec_out(lifecycle.census_spec) RETURNS cstring
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION lifecycle.census_spec_out(lifecycle.census_spec) IS 'prints a census_spec as text';

CREATE FUNCTION lifecycle.census_spec_recv(internal) RETURNS lifecycle.census_spec
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION lifecycle.census_spec_recv(internal) IS 'reads a census_spec from its binary form';

CREATE FUNCTION lifecycle.census_spec_send(lifecycle.census_spec) RETURNS bytea
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION lifecycle.census_spec_send(lifecycle.census_spec) IS 'writes a census_spec in its binary form';

CREATE TYPE lifecycle.census_spec (
	INPUT = lifecycle.census_spec_in,
	OUTPUT = lifecycle.census_spec_out,
	RECEIVE = lifecycle.census_spec_recv,
	SEND = lifecycle.census_spec_send,
	STORAGE = extended
);

CREATE FUNCTION lifecycle.census_spec_eq(lifecycle.census_spec, lifecycle.census_spec) RETURNS bool
LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS 'byteaeq';

COMMENT ON FUNCTION lifecycle.census_spec_eq(lifecycle.census_spec, lifecycle.census_spec) IS 'says whether two specifications are the same';

CREATE FUNCTION lifecycle.census_spec_ne(lifecycle.census_spec, lifecycle.census_spec) RETURNS bool
LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS 'byteane';

COMMENT ON FUNCTION lifecycle.census_spec_ne(lifecycle.census_spec, lifecycle.census_spec) IS 'says whether two specifications differ';

CREATE FUNCTION lifecycle.census_spec_lt(lifecycle.census_spec, lifecycle.census_spec) RETURNS bool
LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS 'bytealt';

COMMENT ON FUNCTION lifecycle.census_spec_lt(lifecycle.census_spec, lifecycle.census_spec) IS 'compares two specifications';

CREATE FUNCTION lifecycle.census_spec_le(lifecycle.census_spec, lifecycle.census_spec) RETURNS bool
LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS 'byteale';

COMMENT ON FUNCTION lifecycle.census_spec_le(lifecycle.census_spec, lifecycle.census_spec) IS 'compares two specifications';

CREATE FUNCTION lifecycle.census_spec_gt(lifecycle.census_spec, lifecycle.census_spec) RETURNS bool
LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS 'byteagt';

COMMENT ON FUNCTION lifecycle.census_spec_gt(lifecycle.census_spec, lifecycle.census_spec) IS 'compares two specifications';

CREATE FUNCTION lifecycle.census_spec_ge(lifecycle.census_spec, lifecycle.census_spec) RETURNS bool
LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS 'byteage';

COMMENT ON FUNCTION lifecycle.census_spec_ge(lifecycle.census_spec, lifecycle.census_spec) IS 'compares two specifications';

CREATE FUNCTION lifecycle.census_spec_cmp(lifecycle.census_spec, lifecycle.census_spec) RETURNS int
LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS 'byteacmp';

COMMENT ON FUNCTION lifecycle.census_spec_cmp(lifecycle.census_spec, lifecycle.census_spec) IS 'compares two specifications: negative, zero or positive';

CREATE FUNCTION lifecycle.census_spec_hash(lifecycle.census_spec) RETURNS int
LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS 'hashvarlena';

COMMENT ON FUNCTION lifecycle.census_spec_hash(lifecycle.census_spec) IS 'hashes a specification';

CREATE FUNCTION lifecycle.census_spec_hash_extended(lifecycle.census_spec, bigint) RETURNS bigint
LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS 'hashvarlenaextended';

COMMENT ON FUNCTION lifecycle.census_spec_hash_extended(lifecycle.census_spec, bigint) IS 'hashes a specification with a seed';

CREATE OPERATOR lifecycle.= (
	LEFTARG = lifecycle.census_spec, RIGHTARG = lifecycle.census_spec,
	FUNCTION = lifecycle.census_spec_eq,
	COMMUTATOR = OPERATOR(lifecycle.=), NEGATOR = OPERATOR(lifecycle.<>),
	RESTRICT = eqsel, JOIN = eqjoinsel,
	HASHES, MERGES
);

COMMENT ON OPERATOR lifecycle.= (lifecycle.census_spec, lifecycle.census_spec) IS 'the same specification';

CREATE OPERATOR lifecycle.<> (
	LEFTARG = lifecycle.census_spec, RIGHTARG = lifecycle.census_spec,
	FUNCTION = lifecycle.census_spec_ne,
	COMMUTATOR = OPERATOR(lifecycle.<>), NEGATOR = OPERATOR(lifecycle.=),
	RESTRICT = neqsel, JOIN = neqjoinsel
);

COMMENT ON OPERATOR lifecycle.<> (lifecycle.census_spec, lifecycle.census_spec) IS 'not the same specification';

CREATE OPERATOR lifecycle.< (
	LEFTARG = lifecycle.census_spec, RIGHTARG = lifecycle.census_spec,
	FUNCTION = lifecycle.census_spec_lt,
	COMMUTATOR = OPERATOR(lifecycle.>), NEGATOR = OPERATOR(lifecycle.>=),
	RESTRICT = scalarltsel, JOIN = scalarltjoinsel
);

COMMENT ON OPERATOR lifecycle.< (lifecycle.census_spec, lifecycle.census_spec) IS 'comes before, by the bytes of the text';

CREATE OPERATOR lifecycle.<= (
	LEFTARG = lifecycle.census_spec, RIGHTARG = lifecycle.census_spec,
	FUNCTION = lifecycle.census_spec_le,
	COMMUTATOR = OPERATOR(lifecycle.>=), NEGATOR = OPERATOR(lifecycle.>),
	RESTRICT = scalarlesel, JOIN = scalarlejoinsel
);

COMMENT ON OPERATOR lifecycle.<= (lifecycle.census_spec, lifecycle.census_spec) IS 'comes before or is the same, by the bytes of the text';

CREATE OPERATOR lifecycle.> (
	LEFTARG = lifecycle.census_spec, RIGHTARG = lifecycle.census_spec,
	FUNCTION = lifecycle.census_spec_gt,
	COMMUTATOR = OPERATOR(lifecycle.<), NEGATOR = OPERATOR(lifecycle.<=),
	RESTRICT = scalargtsel, JOIN = scalargtjoinsel
);

COMMENT ON OPERATOR lifecycle.> (lifecycle.census_spec, lifecycle.census_spec) IS 'comes after, by the bytes of the text';

CREATE OPERATOR lifecycle.>= (
	LEFTARG = lifecycle.census_spec, RIGHTARG = lifecycle.census_spec,
	FUNCTION = lifecycle.census_spec_ge,
	COMMUTATOR = OPERATOR(lifecycle.<=), NEGATOR = OPERATOR(lifecycle.<),
	RESTRICT = scalargesel, JOIN = scalargejoinsel
);

COMMENT ON OPERATOR lifecycle.>= (lifecycle.census_spec, lifecycle.census_spec) IS 'comes after or is the same, by the bytes of the text';

CREATE OPERATOR CLASS lifecycle.census_spec_hash_ops DEFAULT FOR TYPE lifecycle.census_spec USING hash AS
	OPERATOR 1 lifecycle.=,
	FUNCTION 1 lifecycle.census_spec_hash(lifecycle.census_spec),
	FUNCTION 2 lifecycle.census_spec_hash_extended(lifecycle.census_spec, bigint);

COMMENT ON OPERATOR CLASS lifecycle.census_spec_hash_ops USING hash IS 'specifications by their text';

CREATE OPERATOR CLASS lifecycle.census_spec_ops DEFAULT FOR TYPE lifecycle.census_spec USING btree AS
	OPERATOR 1 lifecycle.<,
	OPERATOR 2 lifecycle.<=,
	OPERATOR 3 lifecycle.=,
	OPERATOR 4 lifecycle.>=,
	OPERATOR 5 lifecycle.>,
	FUNCTION 1 lifecycle.census_spec_cmp(lifecycle.census_spec, lifecycle.census_spec);

COMMENT ON OPERATOR CLASS lifecycle.census_spec_ops USING btree IS 'specifications by their text';

COMMENT ON TYPE lifecycle.census_spec IS 'at which instants stages are counted: from 2025-01-01 to 2026-01-01 every 1 month';

CREATE FUNCTION lifecycle.census_spec(from_instant timestamptz, to_instant timestamptz, every interval, time_zone text DEFAULT 'UTC')
RETURNS lifecycle.census_spec
LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION lifecycle.census_spec(timestamptz, timestamptz, interval, text) IS
'makes a census_spec from named arguments';

CREATE TYPE lifecycle.census;

CREATE FUNCTION lifecycle.census_in(cstring) RETURNS lifecycle.census
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION lifecycle.census_in(cstring) IS 'reads a census from text';

CREATE FUNCTION lifecycle.census_out(lifecycle.census) RETURNS cstring
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION lifecycle.census_out(lifecycle.census) IS 'prints a census as text';

CREATE FUNCTION lifecycle.census_recv(internal) RETURNS lifecycle.census
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION lifecycle.census_recv(internal) IS 'reads a census from its binary form';

CREATE FUNCTION lifecycle.census_send(lifecycle.census) RETURNS bytea
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION lifecycle.census_send(lifecycle.census) IS 'writes a census in its binary form';

CREATE TYPE lifecycle.census (
	INPUT = lifecycle.census_in,
	OUTPUT = lifecycle.census_out,
	RECEIVE = lifecycle.census_recv,
	SEND = lifecycle.census_send,
	ALIGNMENT = double,
	STORAGE = extended
);

COMMENT ON TYPE lifecycle.census IS 'how many journeys are in each stage at given instants; read it with census_cells';

CREATE FUNCTION lifecycle.census_agg_add(state lifecycle.census, journey lifecycle.journey, spec lifecycle.census_spec)
RETURNS lifecycle.census
LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION lifecycle.census_agg_add(lifecycle.census, lifecycle.journey, lifecycle.census_spec) IS
'adds a journey to the state of census_agg';

CREATE FUNCTION lifecycle.census_agg_add(state lifecycle.census, journey lifecycle.journey, spec lifecycle.census_spec, until timestamptz)
RETURNS lifecycle.census
LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION lifecycle.census_agg_add(lifecycle.census, lifecycle.journey, lifecycle.census_spec, timestamptz) IS
'adds a journey to the state of census_agg, whose presence ends with an instant';

CREATE FUNCTION lifecycle.census_agg_combine(state lifecycle.census, other lifecycle.census)
RETURNS lifecycle.census
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION lifecycle.census_agg_combine(lifecycle.census, lifecycle.census) IS
'adds a census to the state of census_agg or rollup';

CREATE FUNCTION lifecycle.census_agg_final(state lifecycle.census)
RETURNS lifecycle.census
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION lifecycle.census_agg_final(lifecycle.census) IS
'the result of census_agg or rollup, in its canonical form';

CREATE AGGREGATE lifecycle.census_agg(journey lifecycle.journey, spec lifecycle.census_spec) (
	SFUNC = lifecycle.census_agg_add,
	STYPE = lifecycle.census,
	SSPACE = 4096,
	FINALFUNC = lifecycle.census_agg_final,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = lifecycle.census_agg_combine,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE lifecycle.census_agg(lifecycle.journey, lifecycle.census_spec) IS
'how many journeys are in each stage at given instants';

CREATE AGGREGATE lifecycle.census_agg(journey lifecycle.journey, spec lifecycle.census_spec, until timestamptz) (
	SFUNC = lifecycle.census_agg_add,
	STYPE = lifecycle.census,
	SSPACE = 4096,
	FINALFUNC = lifecycle.census_agg_final,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = lifecycle.census_agg_combine,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE lifecycle.census_agg(lifecycle.journey, lifecycle.census_spec, timestamptz) IS
'how many journeys are in each stage at given instants, where the presence of each may end';

CREATE AGGREGATE lifecycle.rollup(census lifecycle.census) (
	SFUNC = lifecycle.census_agg_combine,
	STYPE = lifecycle.census,
	SSPACE = 4096,
	FINALFUNC = lifecycle.census_agg_final,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = lifecycle.census_agg_combine,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE lifecycle.rollup(lifecycle.census) IS
'adds censuses of one specification up';

CREATE FUNCTION lifecycle.census_cells(
	census lifecycle.census,
	OUT at timestamptz,
	OUT stage text,
	OUT count int8
) RETURNS SETOF record
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 100 AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION lifecycle.census_cells(lifecycle.census) IS
'one row for every instant and stage: how many journeys were in it';

CREATE FUNCTION lifecycle.sums_combine(sums numeric[], other numeric[]) RETURNS numeric[]
LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION lifecycle.sums_combine(numeric[], numeric[]) IS 'adds the sums of two states of one aggregate, one by one';

CREATE TYPE lifecycle.pipeline AS (
	deals bigint,
	incomplete bigint,
	total numeric,
	weighted numeric,
	variance numeric,
	std_dev numeric
);

COMMENT ON TYPE lifecycle.pipeline IS 'what open deals are worth; made by pipeline_agg, merged by rollup';

CREATE FUNCTION lifecycle.pipeline_agg_add(sums numeric[], amount numeric, probability double precision) RETURNS numeric[]
LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION lifecycle.pipeline_agg_add(numeric[], numeric, double precision) IS 'transition function of pipeline_agg';

CREATE FUNCTION lifecycle.pipeline_rollup_add(sums numeric[], pipeline lifecycle.pipeline) RETURNS numeric[]
LANGUAGE SQL IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN (pipeline).deals IS NULL THEN sums
	ELSE lifecycle.sums_combine(sums, ARRAY[(pipeline).deals, COALESCE((pipeline).incomplete, 0),
		COALESCE((pipeline).total, 0), COALESCE((pipeline).weighted, 0), COALESCE((pipeline).variance, 0)]) END;

COMMENT ON FUNCTION lifecycle.pipeline_rollup_add(numeric[], lifecycle.pipeline) IS 'transition function of rollup';

CREATE FUNCTION lifecycle.pipeline_final(sums numeric[]) RETURNS lifecycle.pipeline
LANGUAGE SQL IMMUTABLE STRICT PARALLEL SAFE
RETURN CASE WHEN sums[1] = 0 THEN ROW(0, sums[2], NULL, NULL, NULL, NULL)::lifecycle.pipeline
	ELSE ROW(sums[1], sums[2], sums[3], sums[4], sums[5], sqrt(sums[5]))::lifecycle.pipeline END;

COMMENT ON FUNCTION lifecycle.pipeline_final(numeric[]) IS 'final function of pipeline_agg and rollup';

CREATE AGGREGATE lifecycle.pipeline_agg(amount numeric, probability double precision) (
	SFUNC = lifecycle.pipeline_agg_add,
	STYPE = numeric[],
	SSPACE = 256,
	FINALFUNC = lifecycle.pipeline_final,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = lifecycle.sums_combine,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE lifecycle.pipeline_agg(numeric, double precision) IS
'what open deals are worth: their total, the total weighted by the probabilities of winning them, and its standard deviation';

CREATE AGGREGATE lifecycle.rollup(pipeline lifecycle.pipeline) (
	SFUNC = lifecycle.pipeline_rollup_add,
	STYPE = numeric[],
	SSPACE = 256,
	FINALFUNC = lifecycle.pipeline_final,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = lifecycle.sums_combine,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE lifecycle.rollup(lifecycle.pipeline) IS 'the pipeline of all deals of the given ones';

CREATE FUNCTION lifecycle.pipeline_coverage(pipeline numeric, quota numeric) RETURNS numeric
LANGUAGE SQL IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN quota > 0 THEN pipeline / quota END;

COMMENT ON FUNCTION lifecycle.pipeline_coverage(numeric, numeric) IS 'how many times the pipeline covers what is to be won; NULL where nothing is';

CREATE FUNCTION lifecycle.sales_velocity(open_deals bigint, win_rate double precision, won_value numeric, median_time interval) RETURNS double precision
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION lifecycle.sales_velocity(bigint, double precision, numeric, interval) IS
'the money a day that a pipeline brings, from the median time to close of all deals, those still open included';

CREATE FUNCTION lifecycle.naive_sales_velocity(open_deals bigint, win_rate double precision, won_value numeric, mean_time interval) RETURNS double precision
LANGUAGE SQL IMMUTABLE PARALLEL SAFE
RETURN lifecycle.sales_velocity(open_deals, win_rate, won_value, mean_time);

COMMENT ON FUNCTION lifecycle.naive_sales_velocity(bigint, double precision, numeric, interval) IS
'the same from the mean time of the deals that closed, which forgets the slow ones that are still open';

CREATE TYPE lifecycle.naive_bayes;

CREATE FUNCTION lifecycle.naive_bayes_in(cstring) RETURNS lifecycle.naive_bayes
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION lifecycle.naive_bayes_in(cstring) IS 'reads a naive_bayes from text';

CREATE FUNCTION lifecycle.naive_bayes_out(lifecycle.naive_bayes) RETURNS cstring
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION lifecycle.naive_bayes_out(lifecycle.naive_bayes) IS 'prints a naive_bayes as text';

CREATE FUNCTION lifecycle.naive_bayes_recv(internal) RETURNS lifecycle.naive_bayes
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION lifecycle.naive_bayes_recv(internal) IS 'reads a naive_bayes from its binary form';

CREATE FUNCTION lifecycle.naive_bayes_send(lifecycle.naive_bayes) RETURNS bytea
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION lifecycle.naive_bayes_send(lifecycle.naive_bayes) IS 'writes a naive_bayes in its binary form';

CREATE TYPE lifecycle.naive_bayes (
	INPUT = lifecycle.naive_bayes_in,
	OUTPUT = lifecycle.naive_bayes_out,
	RECEIVE = lifecycle.naive_bayes_recv,
	SEND = lifecycle.naive_bayes_send,
	ALIGNMENT = double,
	STORAGE = extended
);

COMMENT ON TYPE lifecycle.naive_bayes IS 'how many deals were won and lost, and how many of those had which features; made by naive_bayes_agg, read by predict, can be added and subtracted';

CREATE FUNCTION lifecycle.naive_bayes(won boolean, features jsonb) RETURNS lifecycle.naive_bayes
LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION lifecycle.naive_bayes(boolean, jsonb) IS 'the model of one closed deal, to add to another or subtract; of none where an argument is NULL';

CREATE FUNCTION lifecycle.naive_bayes_plus(lifecycle.naive_bayes, lifecycle.naive_bayes) RETURNS lifecycle.naive_bayes
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION lifecycle.naive_bayes_plus(lifecycle.naive_bayes, lifecycle.naive_bayes) IS 'implementation of + operator';

CREATE FUNCTION lifecycle.naive_bayes_minus(lifecycle.naive_bayes, lifecycle.naive_bayes) RETURNS lifecycle.naive_bayes
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION lifecycle.naive_bayes_minus(lifecycle.naive_bayes, lifecycle.naive_bayes) IS 'implementation of - operator';

CREATE OPERATOR lifecycle.+ (
	LEFTARG = lifecycle.naive_bayes,
	RIGHTARG = lifecycle.naive_bayes,
	FUNCTION = lifecycle.naive_bayes_plus,
	COMMUTATOR = OPERATOR(lifecycle.+)
);

COMMENT ON OPERATOR lifecycle.+ (lifecycle.naive_bayes, lifecycle.naive_bayes) IS 'the model of the deals of both';

CREATE OPERATOR lifecycle.- (
	LEFTARG = lifecycle.naive_bayes,
	RIGHTARG = lifecycle.naive_bayes,
	FUNCTION = lifecycle.naive_bayes_minus
);

COMMENT ON OPERATOR lifecycle.- (lifecycle.naive_bayes, lifecycle.naive_bayes) IS 'the model of the left one''s deals without those of the right one';

CREATE FUNCTION lifecycle.naive_bayes_agg_add(internal, won boolean, features jsonb) RETURNS internal
LANGUAGE C IMMUTABLE PARALLEL SAFE COST 5 AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION lifecycle.naive_bayes_agg_add(internal, boolean, jsonb) IS 'transition function of naive_bayes_agg';

CREATE FUNCTION lifecycle.naive_bayes_agg_remove(internal, won boolean, features jsonb) RETURNS internal
LANGUAGE C IMMUTABLE PARALLEL SAFE COST 5 AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION lifecycle.naive_bayes_agg_remove(internal, boolean, jsonb) IS 'inverse transition function of naive_bayes_agg';

CREATE FUNCTION lifecycle.naive_bayes_rollup_add(internal, model lifecycle.naive_bayes) RETURNS internal
LANGUAGE C IMMUTABLE PARALLEL SAFE COST 100 AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION lifecycle.naive_bayes_rollup_add(internal, lifecycle.naive_bayes) IS 'transition function of rollup';

CREATE FUNCTION lifecycle.naive_bayes_agg_combine(internal, internal) RETURNS internal
LANGUAGE C IMMUTABLE PARALLEL SAFE COST 100 AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION lifecycle.naive_bayes_agg_combine(internal, internal) IS 'combine function of naive_bayes_agg and rollup';

CREATE FUNCTION lifecycle.naive_bayes_agg_serialize(internal) RETURNS bytea
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100 AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION lifecycle.naive_bayes_agg_serialize(internal) IS 'serialization function of naive_bayes_agg and rollup';

CREATE FUNCTION lifecycle.naive_bayes_agg_deserialize(bytea, internal) RETURNS internal
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100 AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION lifecycle.naive_bayes_agg_deserialize(bytea, internal) IS 'deserialization function of naive_bayes_agg and rollup';

CREATE FUNCTION lifecycle.naive_bayes_agg_final(internal) RETURNS lifecycle.naive_bayes
LANGUAGE C IMMUTABLE PARALLEL SAFE COST 100 AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION lifecycle.naive_bayes_agg_final(internal) IS 'final function of naive_bayes_agg';

CREATE FUNCTION lifecycle.naive_bayes_rollup_final(internal) RETURNS lifecycle.naive_bayes
LANGUAGE C IMMUTABLE PARALLEL SAFE COST 100 AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION lifecycle.naive_bayes_rollup_final(internal) IS 'final function of rollup';

CREATE AGGREGATE lifecycle.naive_bayes_agg(won boolean, features jsonb) (
	SFUNC = lifecycle.naive_bayes_agg_add,
	STYPE = internal,
	SSPACE = 8192,
	FINALFUNC = lifecycle.naive_bayes_agg_final,
	COMBINEFUNC = lifecycle.naive_bayes_agg_combine,
	SERIALFUNC = lifecycle.naive_bayes_agg_serialize,
	DESERIALFUNC = lifecycle.naive_bayes_agg_deserialize,
	MSFUNC = lifecycle.naive_bayes_agg_add,
	MINVFUNC = lifecycle.naive_bayes_agg_remove,
	MSTYPE = internal,
	MSSPACE = 8192,
	MFINALFUNC = lifecycle.naive_bayes_agg_final,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE lifecycle.naive_bayes_agg(boolean, jsonb) IS 'the model of a group of closed deals; a row whose outcome or features are NULL counts nothing';

CREATE AGGREGATE lifecycle.rollup(model lifecycle.naive_bayes) (
	SFUNC = lifecycle.naive_bayes_rollup_add,
	STYPE = internal,
	SSPACE = 8192,
	FINALFUNC = lifecycle.naive_bayes_rollup_final,
	COMBINEFUNC = lifecycle.naive_bayes_agg_combine,
	SERIALFUNC = lifecycle.naive_bayes_agg_serialize,
	DESERIALFUNC = lifecycle.naive_bayes_agg_deserialize,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE lifecycle.rollup(lifecycle.naive_bayes) IS 'the model of the deals of all models';

CREATE FUNCTION lifecycle.predict(
	model lifecycle.naive_bayes,
	features jsonb,
	smoothing double precision DEFAULT 0.1,
	stages text DEFAULT NULL
) RETURNS double precision
LANGUAGE C IMMUTABLE PARALLEL SAFE COST 10 AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION lifecycle.predict(lifecycle.naive_bayes, jsonb, double precision, text) IS 'the probability that a deal with these features is won; NULL where nobody won or nobody lost';

CREATE FUNCTION lifecycle.predict_together(
	models lifecycle.naive_bayes[],
	features jsonb,
	smoothing double precision DEFAULT 0.1,
	stages text DEFAULT NULL
) RETURNS double precision
LANGUAGE C IMMUTABLE PARALLEL SAFE COST 10 AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION lifecycle.predict_together(lifecycle.naive_bayes[], jsonb, double precision, text) IS 'predict by the deals of several models together, each model smoothed on its own';

CREATE FUNCTION lifecycle.explain_prediction(
	model lifecycle.naive_bayes,
	features jsonb,
	smoothing double precision DEFAULT 0.1,
	stages text DEFAULT NULL,
	OUT field text,
	OUT value text,
	OUT won bigint,
	OUT lost bigint,
	OUT log_ratio double precision
) RETURNS SETOF record
LANGUAGE C IMMUTABLE PARALLEL SAFE COST 20 ROWS 10 AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION lifecycle.explain_prediction(lifecycle.naive_bayes, jsonb, double precision, text) IS 'the prior and what each feature adds to it; the sum of the log ratios is the log odds of predict';

CREATE FUNCTION lifecycle.explain_prediction_together(
	models lifecycle.naive_bayes[],
	features jsonb,
	smoothing double precision DEFAULT 0.1,
	stages text DEFAULT NULL,
	OUT field text,
	OUT value text,
	OUT won bigint,
	OUT lost bigint,
	OUT log_ratio double precision
) RETURNS SETOF record
LANGUAGE C IMMUTABLE PARALLEL SAFE COST 20 ROWS 10 AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION lifecycle.explain_prediction_together(lifecycle.naive_bayes[], jsonb, double precision, text) IS 'explain_prediction of several models together, as predict_together takes them';

CREATE FUNCTION lifecycle.naive_bayes_counts(
	model lifecycle.naive_bayes,
	OUT field text,
	OUT value text,
	OUT won bigint,
	OUT lost bigint
) RETURNS SETOF record
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 20 ROWS 100 AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION lifecycle.naive_bayes_counts(lifecycle.naive_bayes) IS 'what a model counts: all deals, those that have a field, and those that have a value';

CREATE TYPE lifecycle.logregr_step AS (
	observations bigint,
	log_likelihood double precision,
	gradient double precision[],
	information double precision[],
	next_coef double precision[],
	std_errors double precision[],
	separated boolean,
	largest_x double precision[]
);

COMMENT ON TYPE lifecycle.logregr_step IS 'what rows say of a logistic regression''s coefficients: how likely they are, and which are the next to try';

CREATE FUNCTION lifecycle.logregr_agg_add(internal, y boolean, x double precision[], coef double precision[]) RETURNS internal
LANGUAGE C IMMUTABLE PARALLEL SAFE COST 10 AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION lifecycle.logregr_agg_add(internal, boolean, double precision[], double precision[]) IS 'transition function of logregr_agg';

CREATE FUNCTION lifecycle.logregr_agg_combine(internal, internal) RETURNS internal
LANGUAGE C IMMUTABLE PARALLEL SAFE COST 100 AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION lifecycle.logregr_agg_combine(internal, internal) IS 'combine function of logregr_agg';

CREATE FUNCTION lifecycle.logregr_agg_serialize(internal) RETURNS bytea
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100 AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION lifecycle.logregr_agg_serialize(internal) IS 'serialization function of logregr_agg';

CREATE FUNCTION lifecycle.logregr_agg_deserialize(bytea, internal) RETURNS internal
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100 AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION lifecycle.logregr_agg_deserialize(bytea, internal) IS 'deserialization function of logregr_agg';

CREATE FUNCTION lifecycle.logregr_agg_final(internal) RETURNS lifecycle.logregr_step
LANGUAGE C IMMUTABLE PARALLEL SAFE COST 100 AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION lifecycle.logregr_agg_final(internal) IS 'final function of logregr_agg';

CREATE AGGREGATE lifecycle.logregr_agg(y boolean, x double precision[], coef double precision[]) (
	SFUNC = lifecycle.logregr_agg_add,
	STYPE = internal,
	SSPACE = 8192,
	FINALFUNC = lifecycle.logregr_agg_final,
	COMBINEFUNC = lifecycle.logregr_agg_combine,
	SERIALFUNC = lifecycle.logregr_agg_serialize,
	DESERIALFUNC = lifecycle.logregr_agg_deserialize,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE lifecycle.logregr_agg(boolean, double precision[], double precision[]) IS 'one Newton step of a logistic regression of y on x; a row with a NULL in y or x is left out';

CREATE FUNCTION lifecycle.logregr_fit(
	query text,
	max_iterations integer DEFAULT 50,
	OUT coef double precision[],
	OUT std_errors double precision[],
	OUT z double precision[],
	OUT p_values double precision[],
	OUT log_likelihood double precision,
	OUT observations bigint,
	OUT iterations integer,
	OUT converged boolean,
	OUT status text
) RETURNS record
LANGUAGE C STABLE STRICT PARALLEL UNSAFE COST 100000 AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION lifecycle.logregr_fit(text, integer) IS 'the logistic regression of a query''s first column, y boolean, on its second, x, an array of numbers; the query runs as the caller';

CREATE FUNCTION lifecycle.logregr_predict(coef double precision[], x double precision[]) RETURNS double precision
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION lifecycle.logregr_predict(double precision[], double precision[]) IS 'the probability that y is true, by the coefficients of logregr_fit; NULL where one of the numbers is';

CREATE TYPE lifecycle.decayed_score;

CREATE FUNCTION lifecycle.decayed_score_in(cstring) RETURNS lifecycle.decayed_score
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION lifecycle.decayed_score_in(cstring) IS 'reads a decayed_score from text';

CREATE FUNCTION lifecycle.decayed_score_out(lifecycle.decayed_score) RETURNS cstring
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION lifecycle.decayed_score_out(lifecycle.decayed_score) IS 'prints a decayed_score as text';

CREATE FUNCTION lifecycle.decayed_score_recv(internal) RETURNS lifecycle.decayed_score
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION lifecycle.decayed_score_recv(internal) IS 'reads a decayed_score from its binary form';

CREATE FUNCTION lifecycle.decayed_score_send(lifecycle.decayed_score) RETURNS bytea
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION lifecycle.decayed_score_send(lifecycle.decayed_score) IS 'writes a decayed_score in its binary form';

CREATE TYPE lifecycle.decayed_score (
	INPUT = lifecycle.decayed_score_in,
	OUTPUT = lifecycle.decayed_score_out,
	RECEIVE = lifecycle.decayed_score_recv,
	SEND = lifecycle.decayed_score_send,
	INTERNALLENGTH = 120,
	ALIGNMENT = double,
	STORAGE = plain
);

COMMENT ON TYPE lifecycle.decayed_score IS 'points that halve with time: their sum, the newest instant and the half-life; made by decayed_sum, read by score_at, can be added';

CREATE FUNCTION lifecycle.decayed_score(points double precision, at timestamptz, half_life interval) RETURNS lifecycle.decayed_score
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION lifecycle.decayed_score(double precision, timestamptz, interval) IS 'the score of one event: its points halve in every half-life from that instant on';

CREATE FUNCTION lifecycle.decayed_score_plus(lifecycle.decayed_score, lifecycle.decayed_score) RETURNS lifecycle.decayed_score
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION lifecycle.decayed_score_plus(lifecycle.decayed_score, lifecycle.decayed_score) IS 'implementation of + operator';

CREATE OPERATOR lifecycle.+ (
	LEFTARG = lifecycle.decayed_score,
	RIGHTARG = lifecycle.decayed_score,
	FUNCTION = lifecycle.decayed_score_plus,
	COMMUTATOR = OPERATOR(lifecycle.+)
);

COMMENT ON OPERATOR lifecycle.+ (lifecycle.decayed_score, lifecycle.decayed_score) IS 'the score of the events of both, which must have the same half-life';

CREATE FUNCTION lifecycle.score_at(score lifecycle.decayed_score, at timestamptz) RETURNS double precision
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION lifecycle.score_at(lifecycle.decayed_score, timestamptz) IS 'what a score is worth at an instant; NULL before its own';

CREATE FUNCTION lifecycle.decayed_sum_add(lifecycle.decayed_score, points double precision, at timestamptz, half_life interval) RETURNS lifecycle.decayed_score
LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION lifecycle.decayed_sum_add(lifecycle.decayed_score, double precision, timestamptz, interval) IS 'transition function of decayed_sum';

CREATE FUNCTION lifecycle.decayed_sum_combine(lifecycle.decayed_score, lifecycle.decayed_score) RETURNS lifecycle.decayed_score
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION lifecycle.decayed_sum_combine(lifecycle.decayed_score, lifecycle.decayed_score) IS 'combine function of decayed_sum, and transition and combine function of rollup';

CREATE AGGREGATE lifecycle.decayed_sum(points double precision, at timestamptz, half_life interval) (
	SFUNC = lifecycle.decayed_sum_add,
	STYPE = lifecycle.decayed_score,
	COMBINEFUNC = lifecycle.decayed_sum_combine,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE lifecycle.decayed_sum(double precision, timestamptz, interval) IS 'the score of a group of events, the same in any order; a row with a NULL counts nothing';

CREATE AGGREGATE lifecycle.rollup(score lifecycle.decayed_score) (
	SFUNC = lifecycle.decayed_sum_combine,
	STYPE = lifecycle.decayed_score,
	COMBINEFUNC = lifecycle.decayed_sum_combine,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE lifecycle.rollup(lifecycle.decayed_score) IS 'the score of the events of all scores';

CREATE TYPE lifecycle.attribution;

CREATE FUNCTION lifecycle.attribution_in(cstring) RETURNS lifecycle.attribution
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION lifecycle.attribution_in(cstring) IS 'reads an attribution from text';

CREATE FUNCTION lifecycle.attribution_out(lifecycle.attribution) RETURNS cstring
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION lifecycle.attribution_out(lifecycle.attribution) IS 'prints an attribution as text';

CREATE FUNCTION lifecycle.attribution_recv(internal) RETURNS lifecycle.attribution
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION lifecycle.attribution_recv(internal) IS 'reads an attribution from its binary form';

CREATE FUNCTION lifecycle.attribution_send(lifecycle.attribution) RETURNS bytea
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION lifecycle.attribution_send(lifecycle.attribution) IS 'writes an attribution in its binary form';

CREATE TYPE lifecycle.attribution (
	INPUT = lifecycle.attribution_in,
	OUTPUT = lifecycle.attribution_out,
	RECEIVE = lifecycle.attribution_recv,
	SEND = lifecycle.attribution_send,
	STORAGE = extended
);

COMMENT ON TYPE lifecycle.attribution IS 'the paths of touchpoints that deals took, how many of each were won and lost, and what they were worth; made by attribution_agg, read by attribution_shares';

CREATE FUNCTION lifecycle.attribution_agg_add(internal, path text[], converted boolean) RETURNS internal
LANGUAGE C IMMUTABLE PARALLEL SAFE COST 5 AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION lifecycle.attribution_agg_add(internal, text[], boolean) IS 'transition function of attribution_agg';

CREATE FUNCTION lifecycle.attribution_agg_add_value(internal, path text[], converted boolean, value numeric) RETURNS internal
LANGUAGE C IMMUTABLE PARALLEL SAFE COST 5 AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION lifecycle.attribution_agg_add_value(internal, text[], boolean, numeric) IS 'transition function of attribution_agg';

CREATE FUNCTION lifecycle.attribution_agg_add_journey(internal, journey lifecycle.journey, won text[], lost text[], value numeric) RETURNS internal
LANGUAGE C IMMUTABLE PARALLEL SAFE COST 5 AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION lifecycle.attribution_agg_add_journey(internal, lifecycle.journey, text[], text[], numeric) IS 'transition function of attribution_agg';

CREATE FUNCTION lifecycle.attribution_rollup_add(internal, attribution lifecycle.attribution) RETURNS internal
LANGUAGE C IMMUTABLE PARALLEL SAFE COST 100 AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION lifecycle.attribution_rollup_add(internal, lifecycle.attribution) IS 'transition function of rollup';

CREATE FUNCTION lifecycle.attribution_agg_combine(internal, internal) RETURNS internal
LANGUAGE C IMMUTABLE PARALLEL SAFE COST 100 AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION lifecycle.attribution_agg_combine(internal, internal) IS 'combine function of attribution_agg and rollup';

CREATE FUNCTION lifecycle.attribution_agg_serialize(internal) RETURNS bytea
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100 AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION lifecycle.attribution_agg_serialize(internal) IS 'serialization function of attribution_agg and rollup';

CREATE FUNCTION lifecycle.attribution_agg_deserialize(bytea, internal) RETURNS internal
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100 AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION lifecycle.attribution_agg_deserialize(bytea, internal) IS 'deserialization function of attribution_agg and rollup';

CREATE FUNCTION lifecycle.attribution_agg_final(internal) RETURNS lifecycle.attribution
LANGUAGE C IMMUTABLE PARALLEL SAFE COST 100 AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION lifecycle.attribution_agg_final(internal) IS 'final function of attribution_agg and rollup';

CREATE AGGREGATE lifecycle.attribution_agg(path text[], converted boolean) (
	SFUNC = lifecycle.attribution_agg_add,
	STYPE = internal,
	SSPACE = 8192,
	FINALFUNC = lifecycle.attribution_agg_final,
	COMBINEFUNC = lifecycle.attribution_agg_combine,
	SERIALFUNC = lifecycle.attribution_agg_serialize,
	DESERIALFUNC = lifecycle.attribution_agg_deserialize,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE lifecycle.attribution_agg(text[], boolean) IS 'the paths of a group of closed deals; a row whose path or outcome is NULL counts nothing';

CREATE AGGREGATE lifecycle.attribution_agg(path text[], converted boolean, value numeric) (
	SFUNC = lifecycle.attribution_agg_add_value,
	STYPE = internal,
	SSPACE = 8192,
	FINALFUNC = lifecycle.attribution_agg_final,
	COMBINEFUNC = lifecycle.attribution_agg_combine,
	SERIALFUNC = lifecycle.attribution_agg_serialize,
	DESERIALFUNC = lifecycle.attribution_agg_deserialize,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE lifecycle.attribution_agg(text[], boolean, numeric) IS 'the paths of a group of closed deals and what the won ones were worth; a row whose path or outcome is NULL counts nothing';

CREATE AGGREGATE lifecycle.attribution_agg(journey lifecycle.journey, won text[], lost text[], value numeric) (
	SFUNC = lifecycle.attribution_agg_add_journey,
	STYPE = internal,
	SSPACE = 8192,
	FINALFUNC = lifecycle.attribution_agg_final,
	COMBINEFUNC = lifecycle.attribution_agg_combine,
	SERIALFUNC = lifecycle.attribution_agg_serialize,
	DESERIALFUNC = lifecycle.attribution_agg_deserialize,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE lifecycle.attribution_agg(lifecycle.journey, text[], text[], numeric) IS 'the same from journeys whose steps are touchpoints, up to the first won or lost one; open ones count nothing';

CREATE AGGREGATE lifecycle.rollup(attribution lifecycle.attribution) (
	SFUNC = lifecycle.attribution_rollup_add,
	STYPE = internal,
	SSPACE = 8192,
	FINALFUNC = lifecycle.attribution_agg_final,
	COMBINEFUNC = lifecycle.attribution_agg_combine,
	SERIALFUNC = lifecycle.attribution_agg_serialize,
	DESERIALFUNC = lifecycle.attribution_agg_deserialize,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE lifecycle.rollup(lifecycle.attribution) IS 'the paths of all attributions together';

CREATE FUNCTION lifecycle.attribution_shares(
	attribution lifecycle.attribution,
	model text,
	half_life double precision DEFAULT 1,
	OUT channel text,
	OUT conversions numeric,
	OUT value numeric,
	OUT share double precision
) RETURNS SETOF record
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000 ROWS 20 AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION lifecycle.attribution_shares(lifecycle.attribution, text, double precision) IS 'the won deals and their value that each channel is credited with; the sums over channels are the totals, exactly';

CREATE FUNCTION lifecycle.removal_effects(
	attribution lifecycle.attribution,
	OUT channel text,
	OUT effect double precision
) RETURNS SETOF record
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000 ROWS 20 AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION lifecycle.removal_effects(lifecycle.attribution) IS 'the share of the won deals that would be lost without each channel, by the first-order Markov chain of the paths';

CREATE FUNCTION lifecycle.attribution_paths(
	attribution lifecycle.attribution,
	OUT path text[],
	OUT won bigint,
	OUT lost bigint,
	OUT value numeric
) RETURNS SETOF record
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100 ROWS 100 AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION lifecycle.attribution_paths(lifecycle.attribution) IS 'the different paths, with their deals won and lost and what those won were worth';

CREATE FUNCTION lifecycle.is_mrr_series(amounts numeric[]) RETURNS boolean
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION lifecycle.is_mrr_series(numeric[]) IS 'whether an array is a series of monthly revenue: at most 1,200 finite amounts, none of them negative';

CREATE DOMAIN lifecycle.mrr_series AS numeric[] CHECK (lifecycle.is_mrr_series(VALUE));

COMMENT ON DOMAIN lifecycle.mrr_series IS
'monthly recurring revenue, month by month; the subscripts are months, year * 12 + month - 1; made by mrr_agg, merged by rollup';

CREATE FUNCTION lifecycle.mrr_agg_add(state numeric[], month date, mrr numeric) RETURNS numeric[]
LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION lifecycle.mrr_agg_add(numeric[], date, numeric) IS 'transition function of mrr_agg';

CREATE FUNCTION lifecycle.mrr_agg_combine(state numeric[], other numeric[]) RETURNS numeric[]
LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION lifecycle.mrr_agg_combine(numeric[], numeric[]) IS 'combine function of mrr_agg, transition function of rollup';

CREATE FUNCTION lifecycle.mrr_agg_final(state numeric[]) RETURNS lifecycle.mrr_series
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION lifecycle.mrr_agg_final(numeric[]) IS 'final function of mrr_agg and rollup';

CREATE AGGREGATE lifecycle.mrr_agg(month date, mrr numeric) (
	SFUNC = lifecycle.mrr_agg_add,
	STYPE = numeric[],
	SSPACE = 512,
	FINALFUNC = lifecycle.mrr_agg_final,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = lifecycle.mrr_agg_combine,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE lifecycle.mrr_agg(date, numeric) IS 'the monthly revenue of one customer as a series; what is of one month is added up';

CREATE AGGREGATE lifecycle.rollup(series lifecycle.mrr_series) (
	SFUNC = lifecycle.mrr_agg_combine,
	STYPE = numeric[],
	SSPACE = 512,
	FINALFUNC = lifecycle.mrr_agg_final,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = lifecycle.mrr_agg_combine,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE lifecycle.rollup(lifecycle.mrr_series) IS 'the sum of several series, month by month';

CREATE FUNCTION lifecycle.mrr_at(series lifecycle.mrr_series, month date) RETURNS numeric
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION lifecycle.mrr_at(lifecycle.mrr_series, date) IS 'the revenue of a month, 0 where the series has none';

CREATE FUNCTION lifecycle.mrr_months(series lifecycle.mrr_series, OUT month date, OUT mrr numeric) RETURNS SETOF record
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 24 AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION lifecycle.mrr_months(lifecycle.mrr_series) IS 'one row for every month of a series';

CREATE FUNCTION lifecycle.mrr_movements(
	series lifecycle.mrr_series,
	through date,
	months int DEFAULT 1,
	OUT month date,
	OUT kind text,
	OUT change numeric,
	OUT before numeric,
	OUT after numeric
) RETURNS SETOF record
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 24 AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION lifecycle.mrr_movements(lifecycle.mrr_series, date, int) IS
'what moved a customer''s revenue, period by period: new, expansion, contraction, churn, reactivation or unchanged';

CREATE FUNCTION lifecycle.revenue_cohort(
	series lifecycle.mrr_series,
	through date,
	OUT cohort date,
	OUT period int,
	OUT start_mrr numeric,
	OUT mrr numeric,
	OUT kept numeric
) RETURNS SETOF record
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 24 AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION lifecycle.revenue_cohort(lifecycle.mrr_series, date) IS
'what is left of a customer''s first monthly revenue, month by month since then';

CREATE TYPE lifecycle.revenue AS (
	start_mrr numeric,
	new_mrr numeric,
	expansion_mrr numeric,
	contraction_mrr numeric,
	churned_mrr numeric,
	reactivation_mrr numeric,
	end_mrr numeric,
	start_customers bigint,
	new_customers bigint,
	expanded_customers bigint,
	contracted_customers bigint,
	churned_customers bigint,
	reactivated_customers bigint,
	end_customers bigint
);

COMMENT ON TYPE lifecycle.revenue IS 'how revenue came from the start of a period to its end; made by revenue_agg, merged by rollup';

CREATE FUNCTION lifecycle.revenue_agg_add(sums numeric[], kind text, before numeric, after numeric) RETURNS numeric[]
LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION lifecycle.revenue_agg_add(numeric[], text, numeric, numeric) IS 'transition function of revenue_agg';

CREATE FUNCTION lifecycle.revenue_rollup_add(sums numeric[], revenue lifecycle.revenue) RETURNS numeric[]
LANGUAGE SQL IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN (revenue).start_mrr IS NULL THEN sums
	ELSE lifecycle.sums_combine(sums, ARRAY[(revenue).start_mrr, (revenue).new_mrr, (revenue).expansion_mrr, (revenue).contraction_mrr,
		(revenue).churned_mrr, (revenue).reactivation_mrr,
		(revenue).start_customers, (revenue).new_customers, (revenue).expanded_customers, (revenue).contracted_customers,
		(revenue).churned_customers, (revenue).reactivated_customers]) END;

COMMENT ON FUNCTION lifecycle.revenue_rollup_add(numeric[], lifecycle.revenue) IS 'transition function of rollup';

CREATE FUNCTION lifecycle.revenue_final(sums numeric[]) RETURNS lifecycle.revenue
LANGUAGE SQL IMMUTABLE STRICT PARALLEL SAFE
RETURN ROW(sums[1], sums[2], sums[3], sums[4], sums[5], sums[6], sums[1] + sums[2] + sums[3] + sums[4] + sums[5] + sums[6],
	sums[7], sums[8], sums[9], sums[10], sums[11], sums[12], sums[7] + sums[8] - sums[11] + sums[12])::lifecycle.revenue;

COMMENT ON FUNCTION lifecycle.revenue_final(numeric[]) IS 'final function of revenue_agg and rollup';

CREATE AGGREGATE lifecycle.revenue_agg(kind text, before numeric, after numeric) (
	SFUNC = lifecycle.revenue_agg_add,
	STYPE = numeric[],
	SSPACE = 512,
	FINALFUNC = lifecycle.revenue_final,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = lifecycle.sums_combine,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE lifecycle.revenue_agg(text, numeric, numeric) IS 'what the movements of many customers in one period add up to';

CREATE AGGREGATE lifecycle.rollup(revenue lifecycle.revenue) (
	SFUNC = lifecycle.revenue_rollup_add,
	STYPE = numeric[],
	SSPACE = 512,
	FINALFUNC = lifecycle.revenue_final,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = lifecycle.sums_combine,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE lifecycle.rollup(lifecycle.revenue) IS 'the revenue of the customers of all given ones, in the same period';

CREATE FUNCTION lifecycle.nrr(revenue lifecycle.revenue) RETURNS numeric
LANGUAGE SQL IMMUTABLE PARALLEL SAFE
RETURN ((revenue).start_mrr + (revenue).expansion_mrr + (revenue).contraction_mrr + (revenue).churned_mrr) / NULLIF((revenue).start_mrr, 0);

COMMENT ON FUNCTION lifecycle.nrr(lifecycle.revenue) IS 'net revenue retention: what those who paid at the start pay at the end, by what they paid at the start';

CREATE FUNCTION lifecycle.grr(revenue lifecycle.revenue) RETURNS numeric
LANGUAGE SQL IMMUTABLE PARALLEL SAFE
RETURN ((revenue).start_mrr + (revenue).contraction_mrr + (revenue).churned_mrr) / NULLIF((revenue).start_mrr, 0);

COMMENT ON FUNCTION lifecycle.grr(lifecycle.revenue) IS 'gross revenue retention: the same, where nobody counts with more than at the start';

CREATE FUNCTION lifecycle.logo_churn(revenue lifecycle.revenue) RETURNS numeric
LANGUAGE SQL IMMUTABLE PARALLEL SAFE
RETURN (revenue).churned_customers::numeric / NULLIF((revenue).start_customers, 0);

COMMENT ON FUNCTION lifecycle.logo_churn(lifecycle.revenue) IS 'how many of the customers at the start are none at the end';

CREATE FUNCTION lifecycle.quick_ratio(revenue lifecycle.revenue) RETURNS numeric
LANGUAGE SQL IMMUTABLE PARALLEL SAFE
RETURN ((revenue).new_mrr + (revenue).expansion_mrr + (revenue).reactivation_mrr) / NULLIF(-((revenue).contraction_mrr + (revenue).churned_mrr), 0);

COMMENT ON FUNCTION lifecycle.quick_ratio(lifecycle.revenue) IS 'revenue won by revenue lost; NULL where none was lost';

CREATE FUNCTION lifecycle.arpa(revenue lifecycle.revenue) RETURNS numeric
LANGUAGE SQL IMMUTABLE PARALLEL SAFE
RETURN (revenue).end_mrr / NULLIF((revenue).end_customers, 0);

COMMENT ON FUNCTION lifecycle.arpa(lifecycle.revenue) IS 'average monthly revenue per paying account at the end';

CREATE FUNCTION lifecycle.ltv(arpa numeric, churn numeric, gross_margin numeric DEFAULT 1) RETURNS numeric
LANGUAGE SQL IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN churn > 0 THEN arpa * gross_margin / churn END;

COMMENT ON FUNCTION lifecycle.ltv(numeric, numeric, numeric) IS 'lifetime value: what an account brings in a period times the periods that it lasts, 1 / churn';

CREATE FUNCTION lifecycle.share_add(sums numeric[], part numeric, whole numeric) RETURNS numeric[]
LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION lifecycle.share_add(numeric[], numeric, numeric) IS 'adds to the two sums of a share; what is NULL adds nothing';

CREATE FUNCTION lifecycle.share_final(sums numeric[]) RETURNS numeric
LANGUAGE SQL IMMUTABLE STRICT PARALLEL SAFE
RETURN sums[1] / NULLIF(sums[2], 0);

COMMENT ON FUNCTION lifecycle.share_final(numeric[]) IS 'the first of two sums by the second; NULL where that is 0';

CREATE FUNCTION lifecycle.renewal_rate_add(sums numeric[], renewed boolean) RETURNS numeric[]
LANGUAGE SQL IMMUTABLE PARALLEL SAFE
RETURN lifecycle.share_add(sums, renewed::int, 1);

COMMENT ON FUNCTION lifecycle.renewal_rate_add(numeric[], boolean) IS 'transition function of renewal_rate';

CREATE AGGREGATE lifecycle.renewal_rate(renewed boolean) (
	SFUNC = lifecycle.renewal_rate_add,
	STYPE = numeric[],
	SSPACE = 64,
	FINALFUNC = lifecycle.share_final,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = lifecycle.sums_combine,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE lifecycle.renewal_rate(boolean) IS 'how many of the contracts that were due were renewed; those not decided yet (NULL) do not count';

CREATE AGGREGATE lifecycle.net_renewal_rate(renewed numeric, due numeric) (
	SFUNC = lifecycle.share_add,
	STYPE = numeric[],
	SSPACE = 64,
	FINALFUNC = lifecycle.share_final,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = lifecycle.sums_combine,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE lifecycle.net_renewal_rate(numeric, numeric) IS 'how much of the value that was due was renewed, with what was sold on top; those not decided yet (NULL) do not count';

CREATE FUNCTION lifecycle.gross_renewal_rate_add(sums numeric[], renewed numeric, due numeric) RETURNS numeric[]
LANGUAGE SQL IMMUTABLE PARALLEL SAFE
RETURN lifecycle.share_add(sums, CASE WHEN renewed > due AND renewed < 'infinity' AND due >= 0 THEN due ELSE renewed END, due);

COMMENT ON FUNCTION lifecycle.gross_renewal_rate_add(numeric[], numeric, numeric) IS 'transition function of gross_renewal_rate';

CREATE AGGREGATE lifecycle.gross_renewal_rate(renewed numeric, due numeric) (
	SFUNC = lifecycle.gross_renewal_rate_add,
	STYPE = numeric[],
	SSPACE = 64,
	FINALFUNC = lifecycle.share_final,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = lifecycle.sums_combine,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE lifecycle.gross_renewal_rate(numeric, numeric) IS 'the same, where no contract counts with more than was due';

CREATE FUNCTION lifecycle.trial_to_paid_add(sums numeric[], trial_ends timestamptz, paid_at timestamptz, as_of timestamptz) RETURNS numeric[]
LANGUAGE SQL IMMUTABLE PARALLEL SAFE
RETURN lifecycle.share_add(sums, CASE WHEN trial_ends <= as_of THEN (paid_at <= as_of AND paid_at IS NOT NULL)::int END, 1);

COMMENT ON FUNCTION lifecycle.trial_to_paid_add(numeric[], timestamptz, timestamptz, timestamptz) IS 'transition function of trial_to_paid';

CREATE AGGREGATE lifecycle.trial_to_paid(trial_ends timestamptz, paid_at timestamptz, as_of timestamptz) (
	SFUNC = lifecycle.trial_to_paid_add,
	STYPE = numeric[],
	SSPACE = 64,
	FINALFUNC = lifecycle.share_final,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = lifecycle.sums_combine,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE lifecycle.trial_to_paid(timestamptz, timestamptz, timestamptz) IS 'how many of the trials that are over by an instant were paid by then';

CREATE FUNCTION lifecycle.health(measures jsonb, weights jsonb, OUT score numeric, OUT coverage numeric) RETURNS record
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10 AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION lifecycle.health(jsonb, jsonb) IS 'the weighted mean of the measures present, and how much of the weight they cover';

CREATE FUNCTION lifecycle.explain_health(
	measures jsonb,
	weights jsonb,
	OUT measure text,
	OUT value numeric,
	OUT weight numeric,
	OUT share numeric,
	OUT points numeric
) RETURNS SETOF record
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10 ROWS 10 AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION lifecycle.explain_health(jsonb, jsonb) IS 'one row for every weight; the points of the measures present add up to the score of health';

CREATE FUNCTION lifecycle.rfm_score(value numeric, cuts numeric[], lower_is_better boolean DEFAULT false) RETURNS integer
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION lifecycle.rfm_score(numeric, numeric[], boolean) IS
'1 and the number of cut points that the value is better than: greater, or less where lower is better';

CREATE FUNCTION lifecycle.rfm_cuts_final(amounts numeric[]) RETURNS numeric[]
LANGUAGE SQL IMMUTABLE STRICT PARALLEL SAFE
RETURN (SELECT percentile_disc(ARRAY[0.2, 0.4, 0.6, 0.8]) WITHIN GROUP (ORDER BY amount) FROM unnest(amounts) amount
	-- Scores refuse what is no number, and so do cut points: it would be the largest of all.
	WHERE lifecycle.rfm_score(amount, '{}') = 1);

COMMENT ON FUNCTION lifecycle.rfm_cuts_final(numeric[]) IS 'final function of rfm_cuts';

CREATE AGGREGATE lifecycle.rfm_cuts(value numeric) (
	SFUNC = pg_catalog.array_append,
	STYPE = numeric[],
	SSPACE = 8192,
	FINALFUNC = lifecycle.rfm_cuts_final,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = pg_catalog.array_cat,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE lifecycle.rfm_cuts(numeric) IS 'the four cut points that make quintiles of a column, each of them one of its values';

CREATE FUNCTION lifecycle.rfm_rules(
	OUT "position" int,
	OUT segment text,
	OUT recency int4range,
	OUT frequency int4range,
	OUT monetary int4range
) RETURNS SETOF record
LANGUAGE SQL IMMUTABLE PARALLEL SAFE ROWS 10
BEGIN ATOMIC
	SELECT r.position, r.segment, int4range(r.recency_from, r.recency_to, '[]'), int4range(r.frequency_from, r.frequency_to, '[]'), '(,)'::int4range
	FROM (VALUES
		(1, 'champions', 5, 5, 4, 5),
		(2, 'loyal customers', 3, 4, 4, 5),
		(3, 'potential loyalists', 4, 5, 2, 3),
		(4, 'new customers', 5, 5, 1, 1),
		(5, 'promising', 4, 4, 1, 1),
		(6, 'need attention', 3, 3, 3, 3),
		(7, 'about to sleep', 3, 3, 1, 2),
		(8, 'cannot lose them', 1, 2, 5, 5),
		(9, 'at risk', 1, 2, 3, 4),
		(10, 'hibernating', 1, 2, 1, 2)
	) r("position", segment, recency_from, recency_to, frequency_from, frequency_to)
	ORDER BY r.position;

END;

COMMENT ON FUNCTION lifecycle.rfm_rules() IS 'the usual ten segments of customers with scores from 1 to 5';

CREATE FUNCTION lifecycle.rfm_segment(recency int, frequency int, monetary int) RETURNS text
LANGUAGE SQL IMMUTABLE PARALLEL SAFE
RETURN (SELECT r.segment FROM lifecycle.rfm_rules() r
	WHERE r.recency @> rfm_segment.recency AND r.frequency @> rfm_segment.frequency AND r.monetary @> rfm_segment.monetary
	ORDER BY r.position LIMIT 1);

COMMENT ON FUNCTION lifecycle.rfm_segment(int, int, int) IS 'the segment that the usual rules put scores in';

CREATE FUNCTION lifecycle.create_rfm_rules(table_name text) RETURNS regclass
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE AS $$
DECLARE
	parts text[] := pg_catalog.parse_ident(table_name);
	name text;
BEGIN
	-- Or a temporary table of that name would get in between.
	IF pg_catalog.cardinality(parts) OPERATOR(pg_catalog.=) 1 AND pg_catalog.current_schema() IS NOT NULL THEN
		parts := pg_catalog.array_prepend(pg_catalog.current_schema()::text, parts);
	END IF;
	name := (SELECT pg_catalog.string_agg(pg_catalog.quote_ident(part), '.' ORDER BY n)
		FROM pg_catalog.unnest(parts) WITH ORDINALITY i(part, n));
	EXECUTE pg_catalog.format('CREATE TABLE %s ('
		'"position" int PRIMARY KEY, segment text NOT NULL, '
		'recency pg_catalog.int4range NOT NULL DEFAULT ''(,)'', '
		'frequency pg_catalog.int4range NOT NULL DEFAULT ''(,)'', '
		'monetary pg_catalog.int4range NOT NULL DEFAULT ''(,)'')', name);
	EXECUTE pg_catalog.format('COMMENT ON TABLE %s IS %L', name,
		'segments by RFM scores: the first whose ranges hold all three');
	EXECUTE pg_catalog.format('INSERT INTO %s SELECT * FROM lifecycle.rfm_rules()', name);
	RETURN pg_catalog.to_regclass(name);
END
$$;

COMMENT ON FUNCTION lifecycle.create_rfm_rules(text) IS 'makes a table of one''s own with the usual rules, to be changed at will';

CREATE FUNCTION lifecycle.rfm_segment(recency int, frequency int, monetary int, rules regclass) RETURNS text
LANGUAGE plpgsql STABLE STRICT PARALLEL RESTRICTED COST 1000 AS $$
DECLARE
	found_segment text;
BEGIN
	EXECUTE pg_catalog.format('SELECT segment FROM %s '
		'WHERE recency OPERATOR(pg_catalog.@>) $1 AND frequency OPERATOR(pg_catalog.@>) $2 AND monetary OPERATOR(pg_catalog.@>) $3 '
		'ORDER BY "position" LIMIT 1', rules) INTO found_segment USING recency, frequency, monetary;
	RETURN found_segment;
END
$$;

COMMENT ON FUNCTION lifecycle.rfm_segment(int, int, int, regclass) IS 'the segment that a table of rules puts scores in; NULL where no rule does';

CREATE TRIGGER guard_truncate BEFORE TRUNCATE ON lifecycle.lifecycle
	FOR EACH STATEMENT EXECUTE FUNCTION lifecycle.guard_rules();

ALTER TABLE lifecycle.lifecycle ENABLE ALWAYS TRIGGER guard_truncate;

CREATE VIEW lifecycle.stage AS
	SELECT l.name AS lifecycle, s.*
	FROM lifecycle.lifecycle l CROSS JOIN LATERAL lifecycle.diagram_stages(l.diagram) s;

COMMENT ON VIEW lifecycle.stage IS 'the stages of each lifecycle, in diagram order, with what their notes say';

GRANT SELECT ON lifecycle.stage TO PUBLIC;

CREATE TABLE lifecycle.lifecycle_history (
	lifecycle text NOT NULL,
	number integer NOT NULL,
	change text NOT NULL,
	before text,
	after text,
	at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
	login text NOT NULL,
	role text NOT NULL,
	xid xid8 NOT NULL DEFAULT pg_catalog.pg_current_xact_id(),
	restored_by text,
	PRIMARY KEY (lifecycle, number)
);

COMMENT ON TABLE lifecycle.lifecycle_history IS 'every change of a lifecycle, with its diagram before and after';

COMMENT ON COLUMN lifecycle.lifecycle_history.number IS 'counts the changes of one lifecycle from 1';

COMMENT ON COLUMN lifecycle.lifecycle_history.change IS 'create, alter, rename, merge, retire, settle (former labels forgotten), drop, or by hand';

COMMENT ON COLUMN lifecycle.lifecycle_history.before IS 'the diagram before; NULL where there was none';

COMMENT ON COLUMN lifecycle.lifecycle_history.after IS 'the diagram after; NULL where there is none any more';

COMMENT ON COLUMN lifecycle.lifecycle_history.login IS 'who had logged in';

COMMENT ON COLUMN lifecycle.lifecycle_history.role IS 'as whom the change was made';

COMMENT ON COLUMN lifecycle.lifecycle_history.xid IS 'the transaction, on the server where it was recorded';

COMMENT ON COLUMN lifecycle.lifecycle_history.restored_by IS 'who inserted the row, as restoring a dump does; NULL where the extension recorded it';

SELECT pg_catalog.pg_extension_config_dump('lifecycle.lifecycle_history', '');

GRANT SELECT ON lifecycle.lifecycle_history TO PUBLIC;

GRANT INSERT ON lifecycle.lifecycle_history TO pg_database_owner;

CREATE FUNCTION lifecycle.guard_history() RETURNS trigger
	AS 'MODULE_PATHNAME' LANGUAGE C;

COMMENT ON FUNCTION lifecycle.guard_history() IS 'keeps the history as it was recorded, and says who brought the rest';

CREATE TRIGGER guard_rows BEFORE INSERT OR UPDATE OR DELETE ON lifecycle.lifecycle_history
	FOR EACH ROW EXECUTE FUNCTION lifecycle.guard_history();

CREATE TRIGGER guard_truncate BEFORE TRUNCATE ON lifecycle.lifecycle_history
	FOR EACH STATEMENT EXECUTE FUNCTION lifecycle.guard_history();

ALTER TABLE lifecycle.lifecycle_history ENABLE ALWAYS TRIGGER guard_rows;

ALTER TABLE lifecycle.lifecycle_history ENABLE ALWAYS TRIGGER guard_truncate;

CREATE FUNCTION lifecycle.diagram_at(name text, at timestamptz) RETURNS text
LANGUAGE sql STABLE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
	SELECT CASE
		WHEN EXISTS (SELECT FROM lifecycle.lifecycle_history h WHERE h.lifecycle = diagram_at.name AND h.at <= diagram_at.at)
		THEN (SELECT h.after FROM lifecycle.lifecycle_history h
			WHERE h.lifecycle = diagram_at.name AND h.at <= diagram_at.at ORDER BY h.number DESC LIMIT 1)
		-- Before the first change that is known it was what that change found.
		WHEN EXISTS (SELECT FROM lifecycle.lifecycle_history h WHERE h.lifecycle = diagram_at.name)
		THEN (SELECT h.before FROM lifecycle.lifecycle_history h WHERE h.lifecycle = diagram_at.name ORDER BY h.number LIMIT 1)
		ELSE lifecycle.diagram(diagram_at.name) END
$$;

COMMENT ON FUNCTION lifecycle.diagram_at(text, timestamptz) IS 'the diagram of a lifecycle as it was at an instant; NULL where there was none';

CREATE TABLE lifecycle.score_model (
	name text PRIMARY KEY,
	owner text NOT NULL,
	search_path text NOT NULL,
	definition text NOT NULL
);

COMMENT ON TABLE lifecycle.score_model IS 'the scores, one row each';

COMMENT ON COLUMN lifecycle.score_model.owner IS 'name of the role that may change it and that its conditions run as';

COMMENT ON COLUMN lifecycle.score_model.search_path IS 'search_path of its definer, in which conditions are understood';

COMMENT ON COLUMN lifecycle.score_model.definition IS 'the score itself, as it was written';

SELECT pg_catalog.pg_extension_config_dump('lifecycle.score_model', '');

GRANT SELECT, INSERT ON lifecycle.score_model TO PUBLIC;

CREATE FUNCTION lifecycle.guard_scores() RETURNS trigger
	AS 'MODULE_PATHNAME' LANGUAGE C;

COMMENT ON FUNCTION lifecycle.guard_scores() IS 'lets in only scores that can be read and that their inserter owns, and tells every session about changes';

CREATE TRIGGER guard_rows BEFORE INSERT OR UPDATE OR DELETE ON lifecycle.score_model
	FOR EACH ROW EXECUTE FUNCTION lifecycle.guard_scores();

CREATE TRIGGER guard_truncate BEFORE TRUNCATE ON lifecycle.score_model
	FOR EACH STATEMENT EXECUTE FUNCTION lifecycle.guard_scores();

ALTER TABLE lifecycle.score_model ENABLE ALWAYS TRIGGER guard_rows;

ALTER TABLE lifecycle.score_model ENABLE ALWAYS TRIGGER guard_truncate;

CREATE TABLE lifecycle.score_history (
	score text NOT NULL,
	number integer NOT NULL,
	change text NOT NULL,
	before text,
	after text,
	owner text NOT NULL,
	search_path text NOT NULL,
	at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
	login text NOT NULL,
	role text NOT NULL,
	xid xid8 NOT NULL DEFAULT pg_catalog.pg_current_xact_id(),
	restored_by text,
	PRIMARY KEY (score, number)
);

COMMENT ON TABLE lifecycle.score_history IS 'every change of a score, with its definition before and after';

COMMENT ON COLUMN lifecycle.score_history.number IS 'counts the changes of one score from 1';

COMMENT ON COLUMN lifecycle.score_history.change IS 'create, alter, drop, or by hand';

COMMENT ON COLUMN lifecycle.score_history.before IS 'the definition before; NULL where there was none';

COMMENT ON COLUMN lifecycle.score_history.after IS 'the definition after; NULL where there is none any more';

COMMENT ON COLUMN lifecycle.score_history.owner IS 'name of the role that the conditions of this definition run as';

COMMENT ON COLUMN lifecycle.score_history.search_path IS 'search_path in which they are understood';

COMMENT ON COLUMN lifecycle.score_history.login IS 'who had logged in';

COMMENT ON COLUMN lifecycle.score_history.role IS 'as whom the change was made';

COMMENT ON COLUMN lifecycle.score_history.xid IS 'the transaction, on the server where it was recorded';

COMMENT ON COLUMN lifecycle.score_history.restored_by IS 'who inserted the row, as restoring a dump does; NULL where the extension recorded it';

SELECT pg_catalog.pg_extension_config_dump('lifecycle.score_history', '');

GRANT SELECT ON lifecycle.score_history TO PUBLIC;

GRANT INSERT ON lifecycle.score_history TO pg_database_owner;

CREATE TRIGGER guard_rows BEFORE INSERT OR UPDATE OR DELETE ON lifecycle.score_history
	FOR EACH ROW EXECUTE FUNCTION lifecycle.guard_history();

CREATE TRIGGER guard_truncate BEFORE TRUNCATE ON lifecycle.score_history
	FOR EACH STATEMENT EXECUTE FUNCTION lifecycle.guard_history();

ALTER TABLE lifecycle.score_history ENABLE ALWAYS TRIGGER guard_rows;

ALTER TABLE lifecycle.score_history ENABLE ALWAYS TRIGGER guard_truncate;

CREATE FUNCTION lifecycle.create_score(name text, definition text) RETURNS void
	AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;

COMMENT ON FUNCTION lifecycle.create_score(text, text) IS 'defines a score by its groups, rules and bands';

CREATE FUNCTION lifecycle.alter_score(name text, definition text) RETURNS void
	AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;

COMMENT ON FUNCTION lifecycle.alter_score(text, text) IS 'gives a score another definition';

CREATE FUNCTION lifecycle.drop_score(name text) RETURNS void
	AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;

COMMENT ON FUNCTION lifecycle.drop_score(text) IS 'removes a score';

CREATE FUNCTION lifecycle.score_definition(name text) RETURNS text
	AS 'MODULE_PATHNAME' LANGUAGE C STABLE STRICT PARALLEL SAFE;

COMMENT ON FUNCTION lifecycle.score_definition(text) IS 'the definition of a score, as it was written';

CREATE FUNCTION lifecycle.score_definition_at(name text, at timestamptz) RETURNS text
	AS 'MODULE_PATHNAME' LANGUAGE C STABLE STRICT PARALLEL SAFE;

COMMENT ON FUNCTION lifecycle.score_definition_at(text, timestamptz) IS 'the definition of a score as it was at an instant; NULL where there was none';

CREATE FUNCTION lifecycle.dump_score(name text) RETURNS text
	AS 'MODULE_PATHNAME' LANGUAGE C STABLE STRICT PARALLEL SAFE;

COMMENT ON FUNCTION lifecycle.dump_score(text) IS 'the create_score() call that defines the score';

CREATE FUNCTION lifecycle.score(name text, "row" record, as_of timestamptz DEFAULT pg_catalog.now()) RETURNS numeric
	AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL UNSAFE COST 100;

COMMENT ON FUNCTION lifecycle.score(text, record, timestamptz) IS 'what a score gives a row, without any events';

CREATE FUNCTION lifecycle.score(name text, "row" record, events text[], at timestamptz[], as_of timestamptz DEFAULT pg_catalog.now()) RETURNS numeric
	AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL UNSAFE COST 100;

COMMENT ON FUNCTION lifecycle.score(text, record, text[], timestamptz[], timestamptz) IS 'what a score gives a row and its events';

CREATE FUNCTION lifecycle.explain_score(
	name text,
	"row" record,
	as_of timestamptz DEFAULT pg_catalog.now(),
	OUT "group" text,
	OUT rule text,
	OUT points numeric,
	OUT capped numeric,
	OUT decayed numeric
) RETURNS SETOF record
	AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL UNSAFE COST 100 ROWS 10;

COMMENT ON FUNCTION lifecycle.explain_score(text, record, timestamptz) IS 'what each rule and clamp adds to a row''s score; the last column adds up to it';

CREATE FUNCTION lifecycle.explain_score(
	name text,
	"row" record,
	events text[],
	at timestamptz[],
	as_of timestamptz DEFAULT pg_catalog.now(),
	OUT "group" text,
	OUT rule text,
	OUT points numeric,
	OUT capped numeric,
	OUT decayed numeric
) RETURNS SETOF record
	AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL UNSAFE COST 100 ROWS 10;

COMMENT ON FUNCTION lifecycle.explain_score(text, record, text[], timestamptz[], timestamptz) IS 'the same of a row and its events';

CREATE FUNCTION lifecycle.score_by(name text, rules_of timestamptz, "row" record, as_of timestamptz DEFAULT pg_catalog.now()) RETURNS numeric
	AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL UNSAFE COST 100;

COMMENT ON FUNCTION lifecycle.score_by(text, timestamptz, record, timestamptz) IS 'what a score gives a row by the rules of an instant, without any events';

CREATE FUNCTION lifecycle.score_by(name text, rules_of timestamptz, "row" record, events text[], at timestamptz[], as_of timestamptz DEFAULT pg_catalog.now()) RETURNS numeric
	AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL UNSAFE COST 100;

COMMENT ON FUNCTION lifecycle.score_by(text, timestamptz, record, text[], timestamptz[], timestamptz) IS 'what a score gives a row and its events by the rules of an instant';

CREATE FUNCTION lifecycle.explain_score_by(
	name text,
	rules_of timestamptz,
	"row" record,
	as_of timestamptz DEFAULT pg_catalog.now(),
	OUT "group" text,
	OUT rule text,
	OUT points numeric,
	OUT capped numeric,
	OUT decayed numeric
) RETURNS SETOF record
	AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL UNSAFE COST 100 ROWS 10;

COMMENT ON FUNCTION lifecycle.explain_score_by(text, timestamptz, record, timestamptz) IS 'what each rule of an instant, and clamp, adds to a row''s score; the last column adds up to it';

CREATE FUNCTION lifecycle.explain_score_by(
	name text,
	rules_of timestamptz,
	"row" record,
	events text[],
	at timestamptz[],
	as_of timestamptz DEFAULT pg_catalog.now(),
	OUT "group" text,
	OUT rule text,
	OUT points numeric,
	OUT capped numeric,
	OUT decayed numeric
) RETURNS SETOF record
	AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL UNSAFE COST 100 ROWS 10;

COMMENT ON FUNCTION lifecycle.explain_score_by(text, timestamptz, record, text[], timestamptz[], timestamptz) IS 'the same of a row and its events';

CREATE FUNCTION lifecycle.score_band(name text, score numeric) RETURNS text
	AS 'MODULE_PATHNAME' LANGUAGE C STABLE STRICT PARALLEL SAFE;

COMMENT ON FUNCTION lifecycle.score_band(text, numeric) IS 'the band of a score''s definition that a value is in; NULL where it is in none';

CREATE FUNCTION lifecycle.score_band_by(name text, rules_of timestamptz, score numeric) RETURNS text
	AS 'MODULE_PATHNAME' LANGUAGE C STABLE STRICT PARALLEL SAFE;

COMMENT ON FUNCTION lifecycle.score_band_by(text, timestamptz, numeric) IS 'the same by the definition of an instant';

CREATE TYPE lifecycle.score_line AS (
	"group" text,
	rule text,
	points numeric,
	capped numeric,
	decayed numeric
);

COMMENT ON TYPE lifecycle.score_line IS 'one line of an explanation: a rule or clamp, and what it adds';

CREATE FUNCTION lifecycle.score_agg_add(internal, name text, event text, at timestamptz, as_of timestamptz) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL SAFE;

COMMENT ON FUNCTION lifecycle.score_agg_add(internal, text, text, timestamptz, timestamptz) IS 'transition function of score_agg and explain_score_agg';

CREATE FUNCTION lifecycle.score_agg_combine(internal, internal) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;

COMMENT ON FUNCTION lifecycle.score_agg_combine(internal, internal) IS 'combine function of score_agg and explain_score_agg';

CREATE FUNCTION lifecycle.score_agg_serialize(internal) RETURNS bytea
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

COMMENT ON FUNCTION lifecycle.score_agg_serialize(internal) IS 'serialization function of score_agg and explain_score_agg';

CREATE FUNCTION lifecycle.score_agg_deserialize(bytea, internal) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C STABLE STRICT PARALLEL SAFE;

COMMENT ON FUNCTION lifecycle.score_agg_deserialize(bytea, internal) IS 'deserialization function of score_agg and explain_score_agg';

CREATE FUNCTION lifecycle.score_agg_final(internal) RETURNS numeric
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;

COMMENT ON FUNCTION lifecycle.score_agg_final(internal) IS 'final function of score_agg';

CREATE FUNCTION lifecycle.explain_score_agg_final(internal) RETURNS lifecycle.score_line[]
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;

COMMENT ON FUNCTION lifecycle.explain_score_agg_final(internal) IS 'final function of explain_score_agg';

CREATE AGGREGATE lifecycle.score_agg(name text, event text, at timestamptz, as_of timestamptz) (
	SFUNC = lifecycle.score_agg_add,
	STYPE = internal,
	SSPACE = 256,
	FINALFUNC = lifecycle.score_agg_final,
	COMBINEFUNC = lifecycle.score_agg_combine,
	SERIALFUNC = lifecycle.score_agg_serialize,
	DESERIALFUNC = lifecycle.score_agg_deserialize,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE lifecycle.score_agg(text, text, timestamptz, timestamptz) IS 'what a score of rules for events gives a group of events; NULL without a row';

CREATE AGGREGATE lifecycle.explain_score_agg(name text, event text, at timestamptz, as_of timestamptz) (
	SFUNC = lifecycle.score_agg_add,
	STYPE = internal,
	SSPACE = 256,
	FINALFUNC = lifecycle.explain_score_agg_final,
	COMBINEFUNC = lifecycle.score_agg_combine,
	SERIALFUNC = lifecycle.score_agg_serialize,
	DESERIALFUNC = lifecycle.score_agg_deserialize,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE lifecycle.explain_score_agg(text, text, timestamptz, timestamptz) IS 'the lines of that score''s explanation, which add up to it';

CREATE FUNCTION lifecycle.derivation() RETURNS trigger
	AS 'MODULE_PATHNAME' LANGUAGE C;

COMMENT ON FUNCTION lifecycle.derivation() IS 'trigger that names the columns of a derivation; does nothing else';

CREATE FUNCTION lifecycle.derive_stage() RETURNS trigger
	AS 'MODULE_PATHNAME' LANGUAGE C;

COMMENT ON FUNCTION lifecycle.derive_stage() IS 'trigger that has stages follow from those of other rows';

CREATE FUNCTION lifecycle.hand_over() RETURNS trigger
	AS 'MODULE_PATHNAME' LANGUAGE C;

COMMENT ON FUNCTION lifecycle.hand_over() IS 'trigger that names the columns of a hand-over; does nothing else';

CREATE OR REPLACE VIEW lifecycle.attachments AS
	SELECT t.tgrelid::pg_catalog.regclass AS relation,
		a.arguments[1] AS key,
		NULLIF(a.arguments[2], '') AS lifecycle,
		c.lifecycle_column,
		(SELECT attname FROM pg_catalog.pg_attribute
			WHERE attrelid = t.tgrelid AND attnum = lifecycle.stage_of_journey(t.tgrelid, t.tgattr[0])) AS stage_column,
		c.journey_column,
		c.reason_column,
		c.since,
		(SELECT l.tgconstrrelid::pg_catalog.regclass FROM pg_catalog.pg_trigger l
			WHERE l.tgrelid = t.tgrelid AND l.tgfoid = 'lifecycle.log_move()'::pg_catalog.regprocedure
				AND (lifecycle.trigger_arguments(l.tgargs))[1] = a.arguments[1]) AS log,
		a.arguments[4] AS mode,
		(SELECT d.tgconstrrelid::pg_catalog.regclass FROM pg_catalog.pg_trigger d
			WHERE d.tgrelid = t.tgrelid AND d.tgfoid = 'lifecycle.derivation()'::pg_catalog.regprocedure
				AND (lifecycle.trigger_arguments(d.tgargs))[2:3] = ARRAY['parent', a.arguments[1]]) AS derived_from
	FROM pg_catalog.pg_trigger t
		CROSS JOIN LATERAL (SELECT lifecycle.trigger_arguments(t.tgargs) AS arguments) a
		CROSS JOIN LATERAL (
			SELECT pg_catalog.max(attname::text) FILTER (WHERE meaning = 'lifecycle')::name AS lifecycle_column,
				pg_catalog.max(attname::text) FILTER (WHERE meaning = 'journey')::name AS journey_column,
				pg_catalog.max(attname::text) FILTER (WHERE meaning = 'reason')::name AS reason_column,
				pg_catalog.max(attname::text) FILTER (WHERE meaning = 'since')::name AS since
			FROM ROWS FROM (pg_catalog.unnest(t.tgattr::int2[]),
					pg_catalog.unnest(pg_catalog.string_to_array(a.arguments[3], ', '))) u (attnum, meaning)
				JOIN pg_catalog.pg_attribute p ON p.attrelid = t.tgrelid AND p.attnum = u.attnum) c
	WHERE t.tgfoid = 'lifecycle.attachment()'::pg_catalog.regprocedure;

CREATE OR REPLACE PROCEDURE lifecycle.fill(rel regclass, stage_column name DEFAULT NULL, blocks integer DEFAULT 1000)
LANGUAGE plpgsql
AS $$
DECLARE
	a lifecycle.attachments := lifecycle.attachment_of(rel, stage_column);
	leaf pg_catalog.regclass;
	block bigint;
	last_block bigint;
	all_blocks bigint := 0;
	done_blocks bigint := 0;
	filled bigint := 0;
	n bigint;
	started timestamptz := pg_catalog.clock_timestamp();
	leaves pg_catalog.regclass[];
	constraint_name name;
BEGIN
	IF blocks IS NULL OR blocks < 1 THEN
		RAISE EXCEPTION 'a batch has at least one block' USING ERRCODE = 'invalid_parameter_value';
	END IF;
	leaves := CASE
		WHEN EXISTS (SELECT FROM pg_catalog.pg_partitioned_table WHERE partrelid OPERATOR(pg_catalog.=) rel)
		THEN ARRAY(SELECT relid FROM pg_catalog.pg_partition_tree(rel) WHERE isleaf)
		ELSE ARRAY[rel] END;
	FOREACH leaf IN ARRAY leaves LOOP
		all_blocks := all_blocks + pg_catalog.pg_relation_size(leaf) / pg_catalog.current_setting('block_size')::bigint;
	END LOOP;
	FOREACH leaf IN ARRAY leaves LOOP
		block := 0;
		last_block := pg_catalog.pg_relation_size(leaf) / pg_catalog.current_setting('block_size')::bigint;
		WHILE block <= last_block LOOP
			-- Writing the stage to itself is no move; the trigger gives the row its journey. Who writes several rows in
			-- a transaction may take them in another order, and may move a row to another partition. If that ends the
			-- batch, it begins again.
			BEGIN
				EXECUTE pg_catalog.format('UPDATE %s SET %I = %I WHERE %I IS NULL'
					' AND ctid OPERATOR(pg_catalog.>=) ''(%s,0)'' AND ctid OPERATOR(pg_catalog.<) ''(%s,0)''',
					leaf, a.stage_column, a.stage_column, a.journey_column, block, block + blocks);
				GET DIAGNOSTICS n = ROW_COUNT;
			EXCEPTION WHEN deadlock_detected OR serialization_failure THEN
				n := NULL;
			END;
			COMMIT;
			CONTINUE WHEN n IS NULL;
			filled := filled + n;
			block := block + blocks;
			done_blocks := LEAST(done_blocks + blocks, all_blocks);
			IF n > 0 AND done_blocks < all_blocks THEN
				RAISE NOTICE '% rows filled, % %% of the table, about % left', filled, 100 * done_blocks / all_blocks,
					pg_catalog.date_trunc('second', (pg_catalog.clock_timestamp() - started) * (all_blocks - done_blocks)::float8 / done_blocks);
			END IF;
		END LOOP;
	END LOOP;
	SELECT conname INTO constraint_name FROM pg_catalog.pg_constraint c
	WHERE conrelid OPERATOR(pg_catalog.=) rel AND contype OPERATOR(pg_catalog.=) 'c' AND NOT convalidated
		AND conkey OPERATOR(pg_catalog.@>) ARRAY(SELECT attnum FROM pg_catalog.pg_attribute
			WHERE attrelid OPERATOR(pg_catalog.=) rel AND attname IN (a.stage_column, a.journey_column));
	IF constraint_name IS NOT NULL THEN
		EXECUTE pg_catalog.format('ALTER TABLE %s VALIDATE CONSTRAINT %I', rel, constraint_name);
	END IF;
	RAISE NOTICE 'every row has its journey: % filled', filled;
END $$;

CREATE OR REPLACE PROCEDURE lifecycle.backfill(rel regclass, query text, stage_column name DEFAULT NULL, batch integer DEFAULT 10000)
LANGUAGE plpgsql
AS $$
DECLARE
	a lifecycle.attachments := lifecycle.attachment_of(rel, stage_column);
	key text;
	same_key text;
	total bigint;
	done bigint := 0;
	changed bigint := 0;
	n bigint;
	unlike bigint;
	started timestamptz := pg_catalog.clock_timestamp();
	tie text := '';
BEGIN
	IF batch IS NULL OR batch < 1 THEN
		RAISE EXCEPTION 'a batch has at least one row' USING ERRCODE = 'invalid_parameter_value';
	END IF;
	SELECT pg_catalog.string_agg(pg_catalog.quote_ident(attname), ', ' ORDER BY attnum),
		pg_catalog.string_agg(pg_catalog.format('t.%1$I OPERATOR(pg_catalog.=) h.%1$I', attname), ' AND ' ORDER BY attnum)
	INTO key, same_key
	FROM pg_catalog.pg_index i JOIN pg_catalog.pg_attribute p ON p.attrelid = i.indrelid AND p.attnum = ANY (i.indkey)
	WHERE i.indrelid = rel AND i.indisprimary;
	IF key IS NULL THEN
		RAISE EXCEPTION 'table % has no primary key, so history cannot find its rows', rel
			USING ERRCODE = 'object_not_in_prerequisite_state', HINT = 'Add a primary key first.';
	END IF;
	IF pg_catalog.to_regclass('pg_temp.lifecycle_history') IS NOT NULL THEN
		DROP TABLE pg_temp.lifecycle_history;
	END IF;
	BEGIN
		EXECUTE pg_catalog.format('CREATE TEMPORARY TABLE lifecycle_history AS
			SELECT pg_catalog.row_number() OVER (ORDER BY %1$s) AS lifecycle_number, *
			FROM (SELECT %1$s, lifecycle.journey_agg(stage::pg_catalog.text, at) AS lifecycle_journey
				FROM (%2$s) AS events GROUP BY %1$s) AS journeys', key, query);
	EXCEPTION WHEN undefined_column THEN
		RAISE EXCEPTION 'the query must have the columns %, stage and at', key
			USING ERRCODE = 'undefined_column', DETAIL = SQLERRM, HINT = 'Name them so in the query: SELECT deal_id AS id, status AS stage, changed_at AS at FROM ...';
	WHEN syntax_error THEN
		RAISE EXCEPTION 'what was given as the query is none' USING ERRCODE = 'syntax_error', DETAIL = SQLERRM,
			HINT = 'Write a SELECT without a semicolon at its end; for a whole table or view, TABLE and its name.';
	END;
	GET DIAGNOSTICS total = ROW_COUNT;
	CREATE UNIQUE INDEX ON pg_temp.lifecycle_history (lifecycle_number);
	COMMIT;
	WHILE done < total LOOP
		PERFORM pg_catalog.set_config('crm_lifecycle.import', 'on', true);
		BEGIN
			-- Rows that have the journey already are left alone, so that it can be started again.
			EXECUTE pg_catalog.format('UPDATE %1$s t SET %2$I = h.lifecycle_journey FROM pg_temp.lifecycle_history h
				WHERE %3$s AND h.lifecycle_number OPERATOR(pg_catalog.>) $1 AND h.lifecycle_number OPERATOR(pg_catalog.<=) $2
					AND lifecycle.ends_in(h.lifecycle_journey, t.%4$I)
					AND (t.%2$I OPERATOR(lifecycle.=) h.lifecycle_journey) IS NOT TRUE',
				rel, a.journey_column, same_key, a.stage_column)
			USING done, done + batch;
			GET DIAGNOSTICS n = ROW_COUNT;
		EXCEPTION WHEN deadlock_detected OR serialization_failure THEN
			-- As in fill().
			n := NULL;
		END;
		COMMIT;
		CONTINUE WHEN n IS NULL;
		changed := changed + n;
		done := LEAST(done + batch, total);
		IF done < total THEN
			RAISE NOTICE '% of % journeys looked at, % written, about % left', done, total, changed,
				pg_catalog.date_trunc('second', (pg_catalog.clock_timestamp() - started) * (total - done)::float8 / done);
		END IF;
	END LOOP;
	EXECUTE pg_catalog.format('DELETE FROM pg_temp.lifecycle_history h USING %s t WHERE %s AND lifecycle.ends_in(h.lifecycle_journey, t.%I)',
		rel, same_key, a.stage_column);
	SELECT pg_catalog.count(*) INTO unlike FROM pg_temp.lifecycle_history;
	RAISE NOTICE '% journeys written', changed;
	IF unlike > 0 THEN
		RAISE WARNING '% journeys were not written, because no row has their key and is in the stage where they end', unlike
			USING HINT = 'They are in pg_temp.lifecycle_history until you disconnect.';
	ELSE
		DROP TABLE pg_temp.lifecycle_history;
	END IF;
END $$;

CREATE OR REPLACE FUNCTION lifecycle.verify(rel regclass, stage_column name DEFAULT NULL,
	OUT problem text, OUT subject text, OUT "rows" bigint, OUT hint text) RETURNS SETOF record
LANGUAGE plpgsql STABLE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	a lifecycle.attachments;
	row_lifecycle text;
	relations regclass[];
	message text;
	context text;
	-- What rows may hold to be in a stage.
	held text := $q$
		held AS MATERIALIZED (
			SELECT s.lifecycle, s.id, s.label, h.held, s.outside
			FROM lifecycle.stage s CROSS JOIN LATERAL unnest(s.label || s.formerly) h (held))$q$;
BEGIN
	a := lifecycle.attachment_of(rel, verify.stage_column);
	row_lifecycle := CASE WHEN a.lifecycle IS NULL THEN format('t.%I::text', a.lifecycle_column) ELSE quote_literal(a.lifecycle) END;
	relations := CASE
		WHEN EXISTS (SELECT FROM pg_partitioned_table WHERE partrelid = rel) THEN ARRAY(SELECT relid FROM pg_partition_tree(rel))
		ELSE ARRAY[rel] END;

	RETURN QUERY
	SELECT 'lifecycle is missing', a.lifecycle, NULL::bigint, 'Define it again: lifecycle.dump_lifecycle() prints the call where it exists.'
	WHERE a.lifecycle IS NOT NULL AND NOT EXISTS (SELECT FROM lifecycle.lifecycle l WHERE l.name = a.lifecycle);

	IF a.stage_column IS NULL AND NOT EXISTS (SELECT FROM pg_attribute WHERE attrelid = rel AND attname = a.key) THEN
		RETURN QUERY SELECT 'stage column is missing', a.key, NULL::bigint,
			format('SELECT lifecycle.detach(%L); and attach another column.', rel);
		RETURN;
	END IF;

	BEGIN
		PERFORM lifecycle.check_attachment(rel, a.key);
	EXCEPTION WHEN OTHERS THEN
		GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, context = PG_EXCEPTION_CONTEXT;
		RETURN QUERY SELECT 'rules do not fit the table', concat_ws(': ', message, substring(context FROM '^(guard [^\n]*), on table')), NULL::bigint,
			'Moves that need them fail. Give the table the column back, or draw the lifecycle without it.';
	END;

	RETURN QUERY
	SELECT CASE WHEN t.tgname IS NULL THEN 'trigger is missing' ELSE 'trigger is disabled' END,
		coalesce(t.tgname || ' on ' || r.relation, f.function || ' on ' || r.relation), NULL::bigint,
		CASE WHEN t.tgname IS NULL THEN 'Call lifecycle.detach() and lifecycle.attach() again; the journeys stay.'
			ELSE format('ALTER TABLE %s ENABLE TRIGGER %I;', r.relation, t.tgname) END
	FROM unnest(relations) r (relation)
		CROSS JOIN (VALUES ('lifecycle.enforce_move()'::regprocedure), ('lifecycle.enforce_entry()')) f (function)
		LEFT JOIN pg_trigger t ON t.tgrelid = r.relation AND t.tgfoid = f.function
			AND (lifecycle.trigger_arguments(t.tgargs))[1] = a.key
	WHERE t.tgname IS NULL OR t.tgenabled NOT IN ('O', 'A');

	RETURN QUERY
	SELECT 'another trigger fires later', later.tgname || ' on ' || later.tgrelid::regclass, NULL::bigint,
		format('If it writes %I, rename it: ALTER TRIGGER %I ON %s RENAME TO ...;', a.stage_column, later.tgname, later.tgrelid::regclass)
	FROM pg_trigger ours JOIN pg_trigger later ON later.tgrelid = ours.tgrelid AND later.tgname > ours.tgname
	WHERE ours.tgrelid = rel AND ours.tgfoid = 'lifecycle.enforce_move()'::regprocedure
		AND (lifecycle.trigger_arguments(ours.tgargs))[1] = a.key
		AND NOT later.tgisinternal AND later.tgtype::integer & 3 = 3
		AND later.tgfoid <> 'lifecycle.enforce_move()'::regprocedure;

	RETURN QUERY
	SELECT 'another table inherits', i.inhrelid::regclass::text, NULL::bigint,
		'The triggers do not fire for its rows: attach it too, or end the inheritance.'
	FROM pg_inherits i JOIN pg_class k ON k.oid = i.inhrelid
	WHERE i.inhparent = rel AND NOT k.relispartition;

	RETURN QUERY
	SELECT CASE WHEN c.conname IS NULL THEN 'CHECK is missing' ELSE 'CHECK is not validated' END,
		coalesce(c.conname::text, rel::text), NULL::bigint,
		CASE WHEN c.conname IS NULL THEN format('ALTER TABLE %s ADD CHECK (lifecycle.ends_in(%I, %I)) NOT VALID; Then ask again.', rel, a.journey_column, coalesce(a.stage_column, a.key))
			ELSE coalesce(
				(SELECT format('CALL lifecycle.rename_stage(%L, %L, %L);', s.lifecycle, s.formerly[1], s.label)
					FROM lifecycle.stage s WHERE s.lifecycle = a.lifecycle AND s.formerly <> '{}' LIMIT 1),
				format('CALL lifecycle.fill(%L);', rel)) END
	FROM (VALUES (1)) one
		LEFT JOIN pg_constraint c ON c.conrelid = rel AND c.contype = 'c' AND a.stage_column IS NOT NULL
			AND c.conkey @> ARRAY(SELECT attnum FROM pg_attribute WHERE attrelid = rel AND attname IN (a.stage_column, a.journey_column))
	WHERE c.conname IS NULL OR NOT c.convalidated;
	IF a.stage_column IS NULL THEN
		RETURN;
	END IF;

	RETURN QUERY EXECUTE format($q$
		SELECT 'stage is still being renamed', array_to_string(s.formerly, ', ') || ' > ' || s.label, count(t.*),
			format('CALL lifecycle.rename_stage(%%L, %%L, %%L);', s.lifecycle, s.formerly[1], s.label)
		FROM lifecycle.stage s
			LEFT JOIN %1$s t ON %4$s = s.lifecycle AND (t.%3$I::text = ANY (s.formerly)
				OR EXISTS (SELECT FROM unnest(s.formerly) f WHERE lifecycle.visits(t.%2$I, f) > 0))
		WHERE s.formerly <> '{}'
		GROUP BY s.lifecycle, s.label, s.formerly HAVING count(t.*) > 0 OR s.lifecycle = %5$L ORDER BY 3 DESC, 2 $q$,
		rel, a.journey_column, a.stage_column, row_lifecycle, a.lifecycle);

	RETURN QUERY EXECUTE format($q$
		WITH %5$s
		SELECT CASE WHEN t.%2$I IS NULL THEN 'row has no journey yet' ELSE 'journey does not end in the stage' END,
			t.%3$I::text, count(*),
			CASE WHEN t.%2$I IS NULL THEN %4$L
				WHEN s.id IS NULL AND e.id IS NOT NULL
				THEN format('If "%%s" was renamed: CALL lifecycle.rename_stage(%%L, %%L, %%L);', e.label, e.lifecycle, e.label, t.%3$I)
				ELSE 'Correct the stage, or the journey under crm_lifecycle.import.' END
		FROM %1$s t
			LEFT JOIN held s ON s.lifecycle = %6$s AND s.held = t.%3$I::text
			LEFT JOIN held e ON e.lifecycle = %6$s AND e.held = lifecycle.current_stage(t.%2$I)
		WHERE NOT lifecycle.ends_in(t.%2$I, t.%3$I) AND (s.id = e.id) IS NOT TRUE
		GROUP BY 1, 2, 4 ORDER BY 3 DESC, 2 $q$,
		rel, a.journey_column, a.stage_column, format('CALL lifecycle.fill(%L);', rel), held, row_lifecycle);

	RETURN QUERY EXECUTE format($q$
		WITH %5$s
		SELECT 'stage is not in the lifecycle', t.%3$I::text, count(*), 'Draw the stage, or change the rows under crm_lifecycle.import.'
		FROM %1$s t LEFT JOIN held s ON s.lifecycle = %4$s AND s.held = t.%3$I::text AND NOT s.outside
		WHERE s.id IS NULL GROUP BY 2 ORDER BY 3 DESC, 2 $q$,
		rel, a.journey_column, a.stage_column, row_lifecycle, held);

	RETURN QUERY EXECUTE format($q$
		WITH %4$s,
		legal AS (
			SELECT m.lifecycle, f.label AS source, g.label AS target
			FROM lifecycle.transition m
				JOIN lifecycle.stage g ON g.lifecycle = m.lifecycle AND g.id = m.to_stage
				JOIN lifecycle.stage f ON f.lifecycle = m.lifecycle AND (f.id = m.from_stage OR f.phase = m.from_phase)),
		visited AS (
			SELECT %3$s AS lifecycle, t.ctid AS place, t.tableoid AS leaf, s.step, s.stage
			FROM %1$s t CROSS JOIN LATERAL lifecycle.steps(t.%2$I) s%5$s),
		made AS (
			SELECT v.lifecycle, coalesce(h.label, v.stage) AS target,
				lag(coalesce(h.label, v.stage)) OVER (PARTITION BY v.place, v.leaf ORDER BY v.step) AS source
			FROM visited v LEFT JOIN held h ON h.lifecycle = v.lifecycle AND h.held = v.stage)
		SELECT 'move would be refused today', made.source || ' > ' || made.target, count(*), 'Nothing to do, if the lifecycle has changed since.'
		FROM made LEFT JOIN legal USING (lifecycle, source, target)
		WHERE made.source IS NOT NULL AND made.source <> made.target AND legal.target IS NULL GROUP BY 2 ORDER BY 3 DESC, 2 $q$,
		rel, a.journey_column, row_lifecycle, held,
		-- What was handed over was made by other rules.
		(SELECT string_agg(format('%s t.%I IS NULL', CASE WHEN h.n = 1 THEN ' WHERE' ELSE ' AND' END, h.via), '' ORDER BY h.n)
			FROM (SELECT v.via, row_number() OVER (ORDER BY v.name) AS n FROM lifecycle.hand_overs v
				WHERE v.relation = rel AND v.stage_column = a.stage_column) h));

	RETURN QUERY SELECT * FROM lifecycle.verify_derivations(rel, a.stage_column);

	RETURN QUERY
	SELECT 'view for BI lacks a stage', v::text, NULL::bigint, format('SELECT * FROM lifecycle.refresh_bi_views(%L);', rel)
	FROM lifecycle.outdated_bi_views(rel) v;

	RETURN QUERY
	SELECT 'label is missing in the type', s.label, NULL::bigint,
		format('SELECT * FROM lifecycle.add_stage_labels(%L);', s.lifecycle)
			|| coalesce((
				SELECT format(' Or, if it was renamed there: CALL lifecycle.rename_stage(%L, %L, %L);', s.lifecycle, s.label, e.enumlabel)
				FROM pg_enum e LEFT JOIN lifecycle.stage k ON k.lifecycle = s.lifecycle AND k.label = e.enumlabel
				WHERE e.enumtypid = y.oid AND k.label IS NULL ORDER BY e.enumsortorder LIMIT 1), '')
	FROM pg_attribute p JOIN pg_type y ON y.oid = lifecycle.enum_of(p.atttypid)
		JOIN lifecycle.stage s ON s.lifecycle = a.lifecycle AND NOT s.outside
	WHERE p.attrelid = rel AND p.attname = a.stage_column
		AND NOT EXISTS (SELECT FROM pg_enum e WHERE e.enumtypid = y.oid AND e.enumlabel = s.label);
END $$;

CREATE FUNCTION lifecycle.begin_rename(lifecycle text, old text, new text) RETURNS void
	AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;

COMMENT ON FUNCTION lifecycle.begin_rename(text, text, text) IS 'gives a stage of a diagram another label, and keeps the old one as a former';

CREATE FUNCTION lifecycle.end_rename(lifecycle text, label text) RETURNS void
	AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;

COMMENT ON FUNCTION lifecycle.end_rename(text, text) IS 'forgets what a stage of a diagram was called formerly';

CREATE FUNCTION lifecycle.enum_of(type oid) RETURNS oid
LANGUAGE sql STABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
	WITH RECURSIVE base AS (
		SELECT y.oid, y.typtype, y.typbasetype FROM pg_type y WHERE y.oid = enum_of.type
		UNION ALL
		SELECT y.oid, y.typtype, y.typbasetype FROM base b JOIN pg_type y ON y.oid = b.typbasetype WHERE b.typtype = 'd')
	SELECT base.oid FROM base WHERE base.typtype = 'e'
$$;

COMMENT ON FUNCTION lifecycle.enum_of(oid) IS 'the enum that a type is, or that a domain is over; NULL for others';

CREATE FUNCTION lifecycle.followers(lifecycle text,
	OUT relation regclass, OUT stage_column name, OUT journey_column name, OUT lifecycle_column name, OUT log regclass,
	OUT enum oid, OUT constraint_oid oid) RETURNS SETOF record
LANGUAGE sql STABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
	SELECT a.relation, a.stage_column, a.journey_column, a.lifecycle_column, a.log, lifecycle.enum_of(p.atttypid),
		(SELECT c.oid FROM pg_constraint c
			WHERE c.conrelid = a.relation AND c.contype = 'c' AND c.conkey @> ARRAY[p.attnum, j.attnum]
				AND pg_get_expr(c.conbin, c.conrelid) LIKE '%ends_in(%' ORDER BY c.oid LIMIT 1)
	FROM lifecycle.attachments a
		LEFT JOIN pg_attribute p ON p.attrelid = a.relation AND p.attname = a.stage_column
		LEFT JOIN pg_attribute j ON j.attrelid = a.relation AND j.attname = a.journey_column
	WHERE a.lifecycle = followers.lifecycle OR a.lifecycle_column IS NOT NULL
	ORDER BY a.relation, a.key
$$;

COMMENT ON FUNCTION lifecycle.followers(text) IS 'the tables whose rows follow a lifecycle, or may';

CREATE FUNCTION lifecycle.touched_by_rename(lifecycle text, logs boolean) RETURNS SETOF regclass
LANGUAGE sql STABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
	SELECT relation FROM lifecycle.followers(touched_by_rename.lifecycle)
	UNION SELECT t.relid FROM lifecycle.followers(touched_by_rename.lifecycle) f CROSS JOIN LATERAL pg_partition_tree(f.relation) t
	UNION SELECT log FROM lifecycle.followers(touched_by_rename.lifecycle) WHERE log IS NOT NULL AND logs
	ORDER BY 1
$$;

COMMENT ON FUNCTION lifecycle.touched_by_rename(text, boolean) IS 'the tables whose rows follow a lifecycle, or may, their partitions and their logs';

CREATE FUNCTION lifecycle.check_followers(lifecycle text, logs boolean) RETURNS void
LANGUAGE plpgsql STABLE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	others text;
	passing text;
	hiding text;
	subjects text;
BEGIN
	SELECT string_agg(format('%s (of %I)', r, pg_get_userbyid(c.relowner)), ', ') FILTER (WHERE NOT pg_has_role(c.relowner, 'USAGE')),
		string_agg(r::text, ', ') FILTER (WHERE pg_is_other_temp_schema(c.relnamespace)),
		string_agg(r::text, ', ') FILTER (WHERE row_security_active(r))
	INTO others, passing, hiding
	FROM lifecycle.touched_by_rename(check_followers.lifecycle, logs) r JOIN pg_class c ON c.oid = r;
	IF others IS NOT NULL THEN
		RAISE EXCEPTION 'must be owner of the tables whose rows follow lifecycle "%"', lifecycle
			USING ERRCODE = 'insufficient_privilege', DETAIL = format('Tables of others: %s.', others),
				HINT = 'A member of all these roles can do it.';
	ELSIF passing IS NOT NULL THEN
		RAISE EXCEPTION 'temporary tables of other sessions follow lifecycle "%"', lifecycle
			USING ERRCODE = 'object_in_use', DETAIL = format('Tables: %s.', passing),
				HINT = 'Drop them, or wait until these sessions end.';
	ELSIF hiding IS NOT NULL THEN
		RAISE EXCEPTION 'row security hides rows from the owner of tables that follow lifecycle "%"', lifecycle
			USING ERRCODE = 'insufficient_privilege', DETAIL = format('Tables: %s.', hiding),
				HINT = 'ALTER TABLE ... NO FORCE ROW LEVEL SECURITY for as long as it takes, or do it as a role that bypasses it.';
	END IF;
	SELECT string_agg(f.relation::text, ', ') INTO subjects
	FROM lifecycle.followers(check_followers.lifecycle) f WHERE f.stage_column IS NULL;
	IF subjects IS NOT NULL THEN
		RAISE EXCEPTION 'the attachment of a table that follows lifecycle "%" is damaged', lifecycle
			USING ERRCODE = 'object_not_in_prerequisite_state', DETAIL = format('Tables: %s.', subjects),
				HINT = 'SELECT * FROM lifecycle.verify(...) says what to do.';
	END IF;
END $$;

COMMENT ON FUNCTION lifecycle.check_followers(text, boolean) IS 'refuses unless the caller may rewrite every table that follows a lifecycle';

CREATE FUNCTION lifecycle.rename_in_enum(enum oid, lifecycle text, old text, new text, at_once boolean) RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	type text := format_type(enum, NULL);
	needed_by text;
BEGIN
	IF NOT EXISTS (SELECT FROM pg_enum e WHERE e.enumtypid = enum AND e.enumlabel = old)
		OR EXISTS (SELECT FROM pg_enum e WHERE e.enumtypid = enum AND e.enumlabel = new) THEN
		RETURN;
	END IF;
	PERFORM lifecycle.check_enum_label(lifecycle, new);
	SELECT string_agg(DISTINCT quote_literal(s.lifecycle), ', ') INTO needed_by
	FROM lifecycle.attachments a
		JOIN pg_attribute p ON p.attrelid = a.relation AND p.attname = a.stage_column
		JOIN lifecycle.stage s ON s.lifecycle = coalesce(a.lifecycle, s.lifecycle)
	WHERE lifecycle.enum_of(p.atttypid) = enum AND s.lifecycle <> rename_in_enum.lifecycle AND s.label = old;
	IF needed_by IS NULL THEN
		EXECUTE format('ALTER TYPE %s RENAME VALUE %L TO %L', type, old, new);
	ELSIF at_once THEN
		RAISE EXCEPTION 'other lifecycles need the label "%" of type %', old, type
			USING ERRCODE = 'object_in_use', DETAIL = format('Lifecycles: %s.', needed_by),
				HINT = format('ALTER TYPE %s ADD VALUE %L; and commit, then call again.', type, new);
	ELSE
		EXECUTE format('ALTER TYPE %s ADD VALUE %L AFTER %L', type, new, old);
		RAISE NOTICE 'type % keeps the label "%", which other lifecycles need', type, old;
	END IF;
END $$;

COMMENT ON FUNCTION lifecycle.rename_in_enum(oid, text, text, text, boolean) IS 'renames a label of an enum, or adds the new one where other lifecycles need the old';

CREATE FUNCTION lifecycle.what_is_unfit(rel regclass, stage_column name, label text) RETURNS text
LANGUAGE plpgsql STABLE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	type text := (SELECT format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = rel AND attname = stage_column);
	held text;
BEGIN
	EXECUTE format('SELECT CAST(CAST(%L AS %s) AS text)', label, type) INTO held;
	RETURN CASE WHEN held IS DISTINCT FROM label THEN format('It would hold "%s".', held) END;
EXCEPTION
	WHEN data_exception OR check_violation OR raise_exception THEN
		RETURN SQLERRM;
	-- Asked from here a domain cannot tell: it wants a search_path, or a right, of whoever writes.
	WHEN OTHERS THEN
		RETURN NULL;
END $$;

COMMENT ON FUNCTION lifecycle.what_is_unfit(regclass, name, text) IS 'why a stage column cannot hold a label as it is written; NULL if it can';

CREATE FUNCTION lifecycle.check_label_fits(follower record, old text, new text) RETURNS void
LANGUAGE plpgsql STABLE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	unfit text := lifecycle.what_is_unfit(follower.relation, follower.stage_column, new);
BEGIN
	-- A table that names its lifecycles may be one for others only.
	IF unfit IS NOT NULL
		AND (follower.lifecycle_column IS NULL OR lifecycle.what_is_unfit(follower.relation, follower.stage_column, old) IS NULL) THEN
		RAISE EXCEPTION 'column "%" of table % cannot hold "%"', follower.stage_column, follower.relation, new
			USING ERRCODE = 'invalid_parameter_value', DETAIL = unfit, HINT = 'Alter its type first.';
	END IF;
END $$;

COMMENT ON FUNCTION lifecycle.check_label_fits(record, text, text) IS 'refuses a label that the stage column of a follower cannot hold';

CREATE FUNCTION lifecycle.prepare_followers(lifecycle text, old text, new text, at_once boolean, logs boolean) RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	f record;
	definition text;
	constraint_name name;
BEGIN
	PERFORM lifecycle.check_followers(lifecycle, logs);
	FOR f IN SELECT * FROM lifecycle.followers(prepare_followers.lifecycle) LOOP
		EXECUTE format('LOCK TABLE %s IN %s MODE', f.relation, CASE WHEN f.enum IS NULL THEN 'SHARE ROW EXCLUSIVE' ELSE 'ACCESS EXCLUSIVE' END);
		IF f.enum IS NULL THEN
			PERFORM lifecycle.check_label_fits(f, old, new);
			CONTINUE;
		END IF;
		PERFORM lifecycle.rename_in_enum(f.enum, lifecycle, old, new, at_once);
		-- With the enum the rows have been renamed, and their journeys have not: a dump must not promise more.
		SELECT c.conname, pg_get_constraintdef(c.oid) INTO constraint_name, definition FROM pg_constraint c
		WHERE c.oid = f.constraint_oid AND c.convalidated
			AND NOT EXISTS (SELECT FROM pg_enum e WHERE e.enumtypid = f.enum AND e.enumlabel = old);
		IF FOUND THEN
			EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I, ADD CONSTRAINT %I %s NOT VALID',
				f.relation, constraint_name, constraint_name, definition);
		END IF;
	END LOOP;
	PERFORM lifecycle.rename_in_derivations(prepare_followers.lifecycle, old, new);
	PERFORM lifecycle.rename_in_hand_overs(prepare_followers.lifecycle, old, new);
	-- Types that no attached table uses follow too.
	PERFORM lifecycle.rename_in_enum(t.type, prepare_followers.lifecycle, old, new, at_once)
	FROM lifecycle.stage_types(prepare_followers.lifecycle) t WHERE NOT t.attached;
END $$;

COMMENT ON FUNCTION lifecycle.prepare_followers(text, text, text, boolean, boolean) IS 'readies enums and CHECKs for rows that hold a former label';

CREATE FUNCTION lifecycle.prepare_rename(lifecycle text, old text, new text, at_once boolean, logs boolean DEFAULT true) RETURNS void
LANGUAGE sql VOLATILE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
	SELECT lifecycle.begin_rename(lifecycle, old, new);
	SELECT lifecycle.prepare_followers(lifecycle, old, new, at_once, logs)
$$;

COMMENT ON FUNCTION lifecycle.prepare_rename(text, text, text, boolean, boolean) IS 'the first step of rename_stage(): diagram, enums and CHECKs';

CREATE FUNCTION lifecycle.rename_work(lifecycle text, label text, logs boolean,
	OUT relation regclass, OUT batch text, OUT remaining text) RETURNS SETOF record
LANGUAGE sql STABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
	WITH stage AS (
		SELECT s.label, s.formerly FROM lifecycle.stage s
		WHERE s.lifecycle = rename_work.lifecycle AND s.label = rename_work.label AND s.formerly <> '{}'),
	leaf AS (
		SELECT f.*, l.relid::regclass AS leaf
		FROM lifecycle.followers(rename_work.lifecycle) f
			CROSS JOIN LATERAL (
				SELECT t.relid FROM pg_partition_tree(f.relation) t WHERE t.isleaf
				UNION SELECT f.relation WHERE NOT EXISTS (SELECT FROM pg_partitioned_table p WHERE p.partrelid = f.relation)) l),
	target AS (
		SELECT leaf AS relation, 1 AS place, format('%I = t.%I', journey_column, journey_column) AS change,
			format('(t.%I::pg_catalog.text OPERATOR(pg_catalog.=) ANY (%L::pg_catalog.text[]) OR %s)%s',
				stage_column, formerly,
				(SELECT string_agg(format('lifecycle.visits(t.%I, %L::pg_catalog.text) OPERATOR(pg_catalog.>) 0', journey_column, former), ' OR ')
					FROM unnest(formerly) former),
				format(' AND t.%I::pg_catalog.text OPERATOR(pg_catalog.=) %L', lifecycle_column, rename_work.lifecycle)) AS holds
		FROM leaf CROSS JOIN stage WHERE lifecycle_column IS NOT NULL
		UNION ALL
		SELECT leaf, 1, format('%I = t.%I', journey_column, journey_column),
			format('(t.%I::pg_catalog.text OPERATOR(pg_catalog.=) ANY (%L::pg_catalog.text[]) OR %s)',
				stage_column, formerly,
				(SELECT string_agg(format('lifecycle.visits(t.%I, %L::pg_catalog.text) OPERATOR(pg_catalog.>) 0', journey_column, former), ' OR ')
					FROM unnest(formerly) former))
		FROM leaf CROSS JOIN stage WHERE lifecycle_column IS NULL
		UNION ALL
		SELECT DISTINCT log, 2,
			format('from_stage = CASE WHEN t.from_stage OPERATOR(pg_catalog.=) ANY (%1$L::pg_catalog.text[]) THEN %2$L ELSE t.from_stage END,'
				' to_stage = CASE WHEN t.to_stage OPERATOR(pg_catalog.=) ANY (%1$L::pg_catalog.text[]) THEN %2$L ELSE t.to_stage END,'
				' journey = %3$s', formerly, stage.label,
				(SELECT string_agg('lifecycle.relabel(', '') || 't.journey' || string_agg(format(', %L, %L)', former, stage.label), '')
					FROM unnest(formerly) former)),
			format('t.lifecycle OPERATOR(pg_catalog.=) %L AND (t.from_stage OPERATOR(pg_catalog.=) ANY (%L::pg_catalog.text[])'
				' OR t.to_stage OPERATOR(pg_catalog.=) ANY (%L::pg_catalog.text[]) OR %s)',
				rename_work.lifecycle, formerly, formerly,
				(SELECT string_agg(format('lifecycle.visits(t.journey, %L::pg_catalog.text) OPERATOR(pg_catalog.>) 0', former), ' OR ')
					FROM unnest(formerly) former))
		FROM leaf CROSS JOIN stage WHERE log IS NOT NULL AND logs)
	SELECT relation,
		format('UPDATE %s t SET %s WHERE %s AND t.ctid OPERATOR(pg_catalog.>=) $1 AND t.ctid OPERATOR(pg_catalog.<) $2', relation, change, holds),
		format('SELECT pg_catalog.count(*) FROM %s t WHERE %s', relation, holds)
	FROM target ORDER BY place, relation
$$;

COMMENT ON FUNCTION lifecycle.rename_work(text, text, boolean) IS 'the second step of rename_stage(): the statements that rename rows';

CREATE FUNCTION lifecycle.finish_rename(lifecycle text, label text) RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	f record;
	unfilled boolean;
BEGIN
	-- The lifecycle before its tables, as whoever renames next does.
	PERFORM lifecycle.lock_lifecycle(lifecycle);
	IF NOT EXISTS (SELECT FROM lifecycle.stage s WHERE s.lifecycle = finish_rename.lifecycle AND s.label = finish_rename.label) THEN
		PERFORM lifecycle.end_rename(lifecycle, label);
	END IF;
	FOR f IN
		SELECT w.relation, w.journey_column, c.conname
		FROM lifecycle.followers(finish_rename.lifecycle) w JOIN pg_constraint c ON c.oid = w.constraint_oid AND NOT c.convalidated
	LOOP
		EXECUTE format('SELECT EXISTS (SELECT FROM %s WHERE %I IS NULL)', f.relation, f.journey_column) INTO unfilled;
		IF unfilled THEN
			RAISE NOTICE 'rows of % have no journey yet', f.relation USING HINT = format('CALL lifecycle.fill(%L);', f.relation);
		ELSE
			EXECUTE format('ALTER TABLE %s VALIDATE CONSTRAINT %I', f.relation, f.conname);
		END IF;
	END LOOP;
	PERFORM lifecycle.end_rename(lifecycle, label);
END $$;

COMMENT ON FUNCTION lifecycle.finish_rename(text, text) IS 'the third step of rename_stage(): CHECKs are validated, former labels forgotten';

CREATE PROCEDURE lifecycle.relabel_rows(lifecycle text, label text, blocks integer, log boolean, INOUT relabelled bigint DEFAULT 0)
LANGUAGE plpgsql
AS $$
DECLARE
	block_size bigint := pg_catalog.current_setting('block_size')::bigint;
	relations pg_catalog.regclass[];
	batches text[];
	remaining text[];
	block bigint;
	last_block bigint;
	all_blocks bigint := 0;
	done_blocks bigint := 0;
	relabelled_before bigint := 0;
	left_now bigint;
	overtaken boolean;
	message text;
	hint text;
	n bigint;
	written bigint;
	started timestamptz := pg_catalog.clock_timestamp();
BEGIN
	SELECT pg_catalog.array_agg(w.relation), pg_catalog.array_agg(w.batch), pg_catalog.array_agg(w.remaining),
		coalesce(pg_catalog.sum(pg_catalog.pg_relation_size(w.relation) OPERATOR(pg_catalog./) block_size), 0)
	INTO relations, batches, remaining, all_blocks
	FROM lifecycle.rename_work(lifecycle, label, coalesce(log, true)) w;
	-- A row that a batch has waited for may turn up behind the last block: so once more, unless nothing helps.
	LOOP
		FOR i IN 1 .. coalesce(pg_catalog.cardinality(relations), 0) LOOP
			block := 0;
			last_block := pg_catalog.pg_relation_size(relations[i]) / block_size;
			WHILE block <= last_block LOOP
				n := coalesce(blocks, last_block + 1);
				-- Who writes several rows in a transaction may take them in another order, and may move a row to another
				-- partition. If that ends the batch, it begins again, having let go of its rows.
				BEGIN
					EXECUTE batches[i] USING pg_catalog.format('(%s,0)', block)::tid, pg_catalog.format('(%s,0)', block + n)::tid;
					GET DIAGNOSTICS written = ROW_COUNT;
				EXCEPTION WHEN deadlock_detected OR serialization_failure THEN
					IF blocks IS NULL THEN RAISE; END IF;
					written := NULL;
				END;
				IF blocks IS NOT NULL THEN COMMIT; END IF;
				CONTINUE WHEN written IS NULL;
				block := block + n;
				done_blocks := LEAST(done_blocks + n, all_blocks);
				relabelled := relabelled + written;
				IF written > 0 AND done_blocks < all_blocks THEN
					RAISE NOTICE '% rows renamed, % %% of the tables, about % left', relabelled, 100 * done_blocks / all_blocks,
						pg_catalog.date_trunc('second', (pg_catalog.clock_timestamp() - started) * (all_blocks - done_blocks)::float8 / done_blocks);
				END IF;
			END LOOP;
		END LOOP;

		left_now := 0;
		FOR i IN 1 .. coalesce(pg_catalog.cardinality(relations), 0) LOOP
			EXECUTE remaining[i] INTO n;
			IF n > 0 THEN
				left_now := left_now + n;
				message := pg_catalog.format('stage "%s" is not renamed yet: %s rows of %s hold the old label', label, n, relations[i]);
				hint := pg_catalog.format('SELECT * FROM lifecycle.verify(%L); says what is in the way. Then call again.', relations[i]);
			END IF;
		END LOOP;
		-- Where somebody has renamed the stage back, what is left is right, and stays: finish_rename() says so.
		overtaken := NOT EXISTS (SELECT FROM lifecycle.stage s
			WHERE s.lifecycle OPERATOR(pg_catalog.=) relabel_rows.lifecycle AND s.label OPERATOR(pg_catalog.=) relabel_rows.label);
		EXIT WHEN left_now = 0 OR left_now >= relabelled - relabelled_before OR overtaken;
		relabelled_before := relabelled;
	END LOOP;
	IF left_now > 0 AND NOT overtaken THEN
		RAISE WARNING '%', message USING HINT = hint;
		relabelled := NULL;
		RETURN;
	END IF;
	PERFORM lifecycle.finish_rename(lifecycle, label);
END $$;

COMMENT ON PROCEDURE lifecycle.relabel_rows(text, text, integer, boolean, bigint) IS 'gives rows, journeys and logs the present label of a stage, in committed batches';

CREATE PROCEDURE lifecycle.rename_stage(name text, old text, new text, blocks integer DEFAULT 1000, log boolean DEFAULT true)
LANGUAGE plpgsql
AS $$
DECLARE
	renamed bigint := 0;
BEGIN
	IF name IS NULL OR old IS NULL OR new IS NULL THEN
		RAISE EXCEPTION 'the lifecycle, the old label and the new one must be given' USING ERRCODE = 'null_value_not_allowed';
	ELSIF blocks < 1 THEN
		RAISE EXCEPTION 'a batch has at least one block' USING ERRCODE = 'invalid_parameter_value';
	END IF;
	-- In a transaction block this fails, before anything is done.
	IF blocks IS NOT NULL THEN COMMIT; END IF;
	PERFORM lifecycle.prepare_rename(name, old, new, blocks IS NULL, coalesce(log, true));
	IF blocks IS NOT NULL THEN COMMIT; END IF;
	CALL lifecycle.relabel_rows(name, new, blocks, log, renamed);
	IF renamed IS NOT NULL THEN
		RAISE NOTICE 'stage "%" of lifecycle "%" is called "%" now: % rows renamed', old, name, new, renamed;
	END IF;
END $$;

COMMENT ON PROCEDURE lifecycle.rename_stage(text, text, text, integer, boolean) IS 'gives a stage another label, in the diagram, enums, rows, journeys and logs, in committed batches; also where it was renamed by hand';

CREATE FUNCTION lifecycle.stage_type_mark(lifecycle text) RETURNS text
LANGUAGE sql STABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$ SELECT format('stages of lifecycle %L;', lifecycle) $$;

COMMENT ON FUNCTION lifecycle.stage_type_mark(text) IS 'how the comment begins by which a lifecycle knows its types';

CREATE FUNCTION lifecycle.stage_types(lifecycle text, OUT type regtype, OUT attached boolean) RETURNS SETOF record
LANGUAGE sql STABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
	SELECT found.type::regtype, bool_or(found.attached)
	FROM (
		SELECT f.enum AS type, true AS attached
		FROM lifecycle.followers(stage_types.lifecycle) f
		WHERE f.enum IS NOT NULL AND (f.lifecycle_column IS NULL OR EXISTS (
			SELECT FROM lifecycle.stage s JOIN pg_enum e ON e.enumlabel = ANY (s.label || s.formerly)
			WHERE s.lifecycle = stage_types.lifecycle AND s.is_entry AND e.enumtypid = f.enum))
		UNION ALL
		SELECT y.oid, false
		FROM pg_type y JOIN pg_description d ON d.objoid = y.oid AND d.classoid = 'pg_type'::regclass AND d.objsubid = 0
		WHERE y.typtype = 'e' AND starts_with(d.description, lifecycle.stage_type_mark(stage_types.lifecycle))
			AND pg_has_role(y.typowner, 'USAGE')
	) found
	GROUP BY found.type ORDER BY found.type
$$;

COMMENT ON FUNCTION lifecycle.stage_types(text) IS 'the enums that follow a lifecycle, and whether attached columns have them';

CREATE FUNCTION lifecycle.check_enum_label(lifecycle text, label text) RETURNS void
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	most integer := current_setting('max_identifier_length');
BEGIN
	IF octet_length(label) > most THEN
		RAISE EXCEPTION 'label "%" of lifecycle "%" is too long for an enum', label, lifecycle
			USING ERRCODE = 'name_too_long', DETAIL = format('It has %s bytes, a label of an enum at most %s.', octet_length(label), most),
				HINT = 'Give the stage a shorter label and this one as its title, or keep stages in a column of type text.';
	END IF;
END $$;

COMMENT ON FUNCTION lifecycle.check_enum_label(text, text) IS 'refuses labels that an enum cannot have';

CREATE FUNCTION lifecycle.make_stage_type(lifecycle text, schema name, type_name text[]) RETURNS regtype
LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	labels text;
	type text;
BEGIN
	PERFORM lifecycle.diagram(lifecycle);
	IF cardinality(type_name) > 2 THEN
		RAISE EXCEPTION 'improper name of a type: %', array_to_string(type_name, '.')
			USING ERRCODE = 'syntax_error', HINT = 'Name it as type or as schema.type.';
	ELSIF cardinality(type_name) = 1 AND schema IS NULL THEN
		RAISE EXCEPTION 'no schema has been selected to create in' USING ERRCODE = 'invalid_schema_name';
	END IF;
	PERFORM lifecycle.check_enum_label(s.lifecycle, s.label)
	FROM lifecycle.stage s WHERE s.lifecycle = make_stage_type.lifecycle AND NOT s.outside;
	SELECT string_agg(quote_literal(s.label), ', ' ORDER BY s.position) INTO labels
	FROM lifecycle.stage s WHERE s.lifecycle = make_stage_type.lifecycle AND NOT s.outside;
	type := CASE WHEN cardinality(type_name) = 1 THEN format('%I.%I', schema, type_name[1]) ELSE format('%I.%I', type_name[1], type_name[2]) END;
	EXECUTE format('CREATE TYPE %s AS ENUM (%s)', type, labels);
	EXECUTE format('COMMENT ON TYPE %s IS %L', type,
		lifecycle.stage_type_mark(lifecycle) || ' they follow it, see lifecycle.create_stage_type()');
	RETURN type::regtype;
END $$;

COMMENT ON FUNCTION lifecycle.make_stage_type(text, name, text[]) IS 'makes the enum of create_stage_type(), in the schema unless the name has one';

CREATE FUNCTION lifecycle.create_stage_type(lifecycle text, type_name text) RETURNS regtype
LANGUAGE sql VOLATILE STRICT PARALLEL UNSAFE
AS $$ SELECT lifecycle.make_stage_type(lifecycle, pg_catalog.current_schema(), pg_catalog.parse_ident(type_name)) $$;

COMMENT ON FUNCTION lifecycle.create_stage_type(text, text) IS 'makes an enum of a lifecycle''s stages, in diagram order, which follows it';

CREATE FUNCTION lifecycle.missing_stage_labels(lifecycle text, OUT type regtype, OUT label text, OUT command text) RETURNS SETOF record
LANGUAGE sql STABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
	WITH drawn AS (
		SELECT s.position, s.label, lag(s.label) OVER (ORDER BY s.position) AS previous
		FROM lifecycle.stage s WHERE s.lifecycle = missing_stage_labels.lifecycle AND NOT s.outside)
	SELECT t.type, d.label,
		format('ALTER TYPE %s ADD VALUE %L', format_type(t.type, NULL), d.label)
			|| coalesce(' AFTER ' || quote_literal(d.previous), (
				SELECT format(' BEFORE %L', next.label) FROM drawn next JOIN pg_enum e ON e.enumlabel = next.label
				WHERE e.enumtypid = t.type ORDER BY next.position LIMIT 1), '')
	FROM lifecycle.stage_types(missing_stage_labels.lifecycle) t CROSS JOIN drawn d
	WHERE NOT EXISTS (SELECT FROM pg_enum e WHERE e.enumtypid = t.type AND e.enumlabel = d.label)
	ORDER BY t.type, d.position
$$;

COMMENT ON FUNCTION lifecycle.missing_stage_labels(text) IS 'the stages of a lifecycle that its enums lack, with the commands that add them in diagram order';

CREATE FUNCTION lifecycle.add_stage_labels(lifecycle text, OUT type regtype, OUT label text) RETURNS SETOF record
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	command text;
	owner name;
	added boolean := false;
BEGIN
	PERFORM lifecycle.diagram(lifecycle);
	FOR type, label, command IN SELECT * FROM lifecycle.missing_stage_labels(add_stage_labels.lifecycle) LOOP
		SELECT pg_get_userbyid(y.typowner) INTO owner FROM pg_type y WHERE y.oid = type AND NOT pg_has_role(y.typowner, 'USAGE');
		IF FOUND THEN
			RAISE EXCEPTION 'must be owner of type % to add the stages of lifecycle "%"', format_type(type, NULL), lifecycle
				USING ERRCODE = 'insufficient_privilege', DETAIL = format('It belongs to %I and lacks "%s".', owner, label),
					HINT = format('A member of %I can do it.', owner);
		END IF;
		PERFORM lifecycle.check_enum_label(lifecycle, label);
		EXECUTE command;
		added := true;
		RETURN NEXT;
	END LOOP;
	IF added THEN
		RAISE NOTICE 'rows can hold the new labels once this transaction is committed';
	END IF;
END $$;

COMMENT ON FUNCTION lifecycle.add_stage_labels(text) IS 'adds to the enums of a lifecycle the stages that they lack, in diagram order; rows can hold them after the commit';

CREATE FUNCTION lifecycle.types_over(enum oid, OUT type oid, OUT depth integer, OUT is_array boolean) RETURNS SETOF record
LANGUAGE sql STABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
	WITH RECURSIVE family AS (
		SELECT y.oid, y.typarray, 0 AS depth, false AS is_array FROM pg_type y WHERE y.oid = types_over.enum
		UNION ALL
		SELECT y.oid, y.typarray, f.depth + 1, f.is_array OR y.oid = f.typarray
		FROM family f JOIN pg_type y ON y.oid = f.typarray OR (y.typtype = 'd' AND y.typbasetype = f.oid))
	SELECT f.oid, f.depth, f.is_array FROM family f
$$;

COMMENT ON FUNCTION lifecycle.types_over(oid) IS 'an enum, the domains over it, and their arrays';

CREATE FUNCTION lifecycle.columns_over(enum oid,
	OUT relation regclass, OUT number smallint, OUT column_name name, OUT type text, OUT is_array boolean, OUT inherited boolean) RETURNS SETOF record
LANGUAGE sql STABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
	SELECT p.attrelid, p.attnum, p.attname, format_type(p.atttypid, p.atttypmod), o.is_array, p.attinhcount > 0
	FROM lifecycle.types_over(columns_over.enum) o
		JOIN pg_attribute p ON p.atttypid = o.type AND p.attnum > 0 AND NOT p.attisdropped
		JOIN pg_class c ON c.oid = p.attrelid AND c.relkind IN ('r', 'p')
	ORDER BY p.attrelid, p.attnum
$$;

COMMENT ON FUNCTION lifecycle.columns_over(oid) IS 'the columns of tables whose type is an enum, a domain over it, or their arrays';

CREATE FUNCTION lifecycle.dependents_of_type(enum oid, OUT classid oid, OUT objid oid, OUT objsubid integer, OUT names_type boolean) RETURNS SETOF record
LANGUAGE sql STABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
	SELECT d.classid, d.objid, d.objsubid, bool_or(d.refclassid = 'pg_type'::regclass)
	FROM pg_depend d
	WHERE d.refclassid = 'pg_type'::regclass AND d.refobjid IN (SELECT o.type FROM lifecycle.types_over(dependents_of_type.enum) o)
		OR d.refclassid = 'pg_class'::regclass
			AND (d.refobjid, d.refobjsubid) IN (SELECT c.relation, c.number FROM lifecycle.columns_over(dependents_of_type.enum) c)
	GROUP BY 1, 2, 3
$$;

COMMENT ON FUNCTION lifecycle.dependents_of_type(oid) IS 'what depends on an enum, and whether it names the type or merely a column of it';

CREATE FUNCTION lifecycle.labels_of_type(enum regtype) RETURNS text[]
LANGUAGE plpgsql STABLE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	labels text[] := '{}';
	s record;
	known boolean := false;
BEGIN
	-- Where lifecycles share the type, the stages of each stay in its order as far as they agree.
	FOR s IN
		SELECT t.lifecycle, t.label, lag(t.label) OVER (PARTITION BY t.lifecycle ORDER BY t.position) AS previous
		FROM lifecycle.stage t
		WHERE NOT t.outside AND t.lifecycle IN (
			SELECT l.name FROM lifecycle.lifecycle l CROSS JOIN LATERAL lifecycle.stage_types(l.name) y WHERE y.type = enum)
		ORDER BY t.lifecycle, t.position
	LOOP
		known := true;
		PERFORM lifecycle.check_enum_label(s.lifecycle, s.label);
		IF s.label <> ALL (labels) THEN
			labels := labels[:coalesce(array_position(labels, s.previous), 0)] || s.label
				|| labels[coalesce(array_position(labels, s.previous), 0) + 1:];
		END IF;
	END LOOP;
	RETURN CASE WHEN known THEN labels END;
END $$;

COMMENT ON FUNCTION lifecycle.labels_of_type(regtype) IS 'the labels that an enum should have, by the lifecycles that it follows; NULL where it follows none';

CREATE FUNCTION lifecycle.check_rebuild(enum regtype, labels text[]) RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	name text := format_type(enum, NULL);
	subjects text;
	held text;
	c record;
BEGIN
	SELECT string_agg(DISTINCT o.subject, ', ') INTO subjects
	FROM (
		SELECT format('type %s (of %I)', format_type(y.oid, NULL), pg_get_userbyid(y.typowner)) AS subject, y.typowner AS owner
		FROM lifecycle.types_over(enum) f JOIN pg_type y ON y.oid = f.type AND y.typtype IN ('e', 'd')
		UNION ALL
		SELECT format('table %s (of %I)', r.oid::regclass, pg_get_userbyid(r.relowner)), r.relowner
		FROM lifecycle.columns_over(enum) k JOIN pg_class r ON r.oid = k.relation) o
	WHERE NOT pg_has_role(o.owner, 'USAGE');
	IF subjects IS NOT NULL THEN
		RAISE EXCEPTION 'must be owner of type % and of all tables that use it', name
			USING ERRCODE = 'insufficient_privilege', DETAIL = format('Of others: %s.', subjects), HINT = 'A member of all these roles can do it.';
	END IF;

	FOR c IN SELECT DISTINCT k.relation FROM lifecycle.columns_over(enum) k ORDER BY k.relation LOOP
		EXECUTE format('LOCK TABLE %s IN ACCESS EXCLUSIVE MODE', c.relation);
	END LOOP;

	-- A partition key depends on its column the other way about.
	SELECT string_agg(DISTINCT s.subject, ', ') INTO subjects
	FROM (
		SELECT CASE WHEN r.relkind = 'p' AND d.objsubid = 0 THEN 'partition key of ' ELSE '' END
			|| pg_describe_object(d.classid, d.objid, d.objsubid)
		FROM (
			SELECT * FROM lifecycle.dependents_of_type(enum)
			UNION
			SELECT 'pg_class'::regclass, p.partrelid, 0, true
			FROM lifecycle.columns_over(enum) o JOIN pg_partitioned_table p ON p.partrelid = o.relation
				JOIN pg_depend i ON i.classid = 'pg_class'::regclass AND i.objid = o.relation AND i.objsubid = o.number
			WHERE i.refclassid = 'pg_class'::regclass AND i.refobjid = o.relation AND i.refobjsubid = 0 AND i.deptype = 'i') d
			LEFT JOIN pg_class r ON d.classid = 'pg_class'::regclass AND r.oid = d.objid
			LEFT JOIN pg_constraint k ON d.classid = 'pg_constraint'::regclass AND k.oid = d.objid
			LEFT JOIN pg_attrdef e ON d.classid = 'pg_attrdef'::regclass AND e.oid = d.objid
			LEFT JOIN pg_attribute g ON g.attrelid = e.adrelid AND g.attnum = e.adnum
		WHERE NOT (
			k.contype IN ('c', 'p', 'u', 'x', 'n')
			OR g.attgenerated = ''
			OR r.relkind IN ('i', 'I')
			OR r.relkind IN ('r', 'p', 'v', 'm') AND d.objsubid > 0	-- of views, the rule is named
			OR d.classid = 'pg_type'::regclass AND d.objid IN (SELECT o.type FROM lifecycle.types_over(enum) o)
			OR d.classid = 'pg_statistic_ext'::regclass AND NOT d.names_type) IS TRUE) s (subject);
	IF subjects IS NOT NULL THEN
		RAISE EXCEPTION 'type % cannot be rebuilt because of what depends on it', name
			USING ERRCODE = 'dependent_objects_still_exist', DETAIL = format('Dependent: %s.', subjects),
				HINT = 'Drop these, rebuild the type, and create them again, all in one transaction.';
	END IF;

	subjects := NULL;
	FOR c IN SELECT k.* FROM lifecycle.columns_over(enum) k WHERE NOT k.inherited LOOP
		EXECUTE format($q$
			SELECT string_agg(format('%%s at "%%s" (%%s)', %L, label, n), ', ' ORDER BY label)
			FROM (SELECT label, count(*) AS n
				FROM %s t CROSS JOIN LATERAL unnest(%s) label
				WHERE label <> ALL ($1) GROUP BY label) gone$q$,
			format('%s.%I', c.relation, c.column_name), c.relation,
			format(CASE WHEN c.is_array THEN 't.%I::text::text[]' ELSE 'ARRAY[t.%I::text]' END, c.column_name))
		INTO held USING labels;
		subjects := concat_ws(', ', NULLIF(subjects, ''), held);
	END LOOP;
	IF subjects <> '' THEN
		RAISE EXCEPTION 'rows hold stages that type % is to lose', name
			USING ERRCODE = 'check_violation', DETAIL = format('Columns, stages and rows: %s.', subjects),
				HINT = 'Move them to other stages first, or draw these stages again. '
					'A stage that is still being renamed: call lifecycle.rename_stage() again.';
	END IF;
END $$;

COMMENT ON FUNCTION lifecycle.check_rebuild(regtype, text[]) IS 'locks the tables that use an enum, and refuses to rebuild it where something is in the way';

CREATE FUNCTION lifecycle.properties_of_type(type oid) RETURNS text[]
LANGUAGE sql STABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
	SELECT ARRAY(
		SELECT said.command FROM (
			SELECT 1 AS place, format('COMMENT ON TYPE %s IS %L', n.name, obj_description(y.oid, 'pg_type')) AS command
			WHERE obj_description(y.oid, 'pg_type') IS NOT NULL
			UNION ALL
			SELECT 2, format('REVOKE ALL ON TYPE %s FROM PUBLIC', n.name) WHERE y.typacl IS NOT NULL
			UNION ALL
			SELECT 3, format('GRANT USAGE ON TYPE %s TO %s%s', n.name,
				CASE WHEN a.grantee = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END,
				CASE WHEN a.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END)
			FROM aclexplode(y.typacl) a WHERE a.grantee <> y.typowner
			UNION ALL
			SELECT 4, format('ALTER TYPE %s OWNER TO %I', n.name, pg_get_userbyid(y.typowner))) said
		ORDER BY said.place)
	FROM pg_type y CROSS JOIN LATERAL (SELECT format_type(y.oid, NULL) AS name) n
	WHERE y.oid = properties_of_type.type
$$;

COMMENT ON FUNCTION lifecycle.properties_of_type(oid) IS 'the commands that give a type the comment, rights and owner that this one has';

CREATE FUNCTION lifecycle.definition_of_domain(domain oid) RETURNS text[]
LANGUAGE sql STABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
	SELECT format('CREATE DOMAIN %s AS %s%s', n.name, format_type(y.typbasetype, y.typtypmod),
			' DEFAULT ' || pg_get_expr(y.typdefaultbin, 0))
		-- Since version 17, NOT NULL is a constraint with a name.
		|| CASE WHEN y.typnotnull AND NOT EXISTS (SELECT FROM pg_constraint c WHERE c.contypid = y.oid AND c.contype = 'n')
			THEN ARRAY[format('ALTER DOMAIN %s SET NOT NULL', n.name)] END
		|| ARRAY(
			SELECT format('ALTER DOMAIN %s ADD CONSTRAINT %I %s', n.name, c.conname, pg_get_constraintdef(c.oid))
			FROM pg_constraint c WHERE c.contypid = y.oid AND c.contype IN ('c', 'n') ORDER BY c.oid)
		|| ARRAY(
			SELECT format('COMMENT ON CONSTRAINT %I ON DOMAIN %s IS %L', c.conname, n.name, obj_description(c.oid, 'pg_constraint'))
			FROM pg_constraint c WHERE c.contypid = y.oid AND obj_description(c.oid, 'pg_constraint') IS NOT NULL)
	FROM pg_type y CROSS JOIN LATERAL (SELECT format_type(y.oid, NULL) AS name) n
	WHERE y.oid = definition_of_domain.domain
$$;

COMMENT ON FUNCTION lifecycle.definition_of_domain(oid) IS 'the commands that make a domain as this one is';

CREATE FUNCTION lifecycle.names_of_type(enum oid, OUT take_off text[], OUT put_back text[])
LANGUAGE sql STABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
	WITH dependent AS (SELECT * FROM lifecycle.dependents_of_type(names_of_type.enum)),
	index AS (
		SELECT i.indexrelid, i.indexrelid::regclass::text AS name, i.indisclustered, i.indrelid::regclass AS relation, r.relname, r.reltablespace,
			h.inhparent::regclass AS parent
		FROM dependent d JOIN pg_index i ON d.classid = 'pg_class'::regclass AND i.indexrelid = d.objid
			JOIN pg_class r ON r.oid = i.indexrelid LEFT JOIN pg_inherits h ON h.inhrelid = i.indexrelid
		WHERE d.names_type AND NOT EXISTS (SELECT FROM pg_constraint c WHERE c.conindid = i.indexrelid)),
	command AS (
		SELECT 1 AS place, 0::bigint AS depth, e.oid, format('ALTER TABLE ONLY %s ALTER COLUMN %I DROP DEFAULT', e.adrelid::regclass, p.attname) AS take_off,
			ARRAY[format('ALTER TABLE ONLY %s ALTER COLUMN %I SET DEFAULT %s', e.adrelid::regclass, p.attname, pg_get_expr(e.adbin, e.adrelid))] AS put_back
		FROM dependent d JOIN pg_attrdef e ON d.classid = 'pg_attrdef'::regclass AND e.oid = d.objid
			JOIN pg_attribute p ON p.attrelid = e.adrelid AND p.attnum = e.adnum
		UNION ALL
		SELECT 2, (SELECT count(*) FROM pg_partition_ancestors(c.conrelid)), c.oid,
			format('ALTER TABLE %s DROP CONSTRAINT IF EXISTS %I', c.conrelid::regclass, c.conname),
			ARRAY[format('ALTER TABLE %s ADD CONSTRAINT %I %s', c.conrelid::regclass, c.conname, pg_get_constraintdef(c.oid)),
				format('COMMENT ON CONSTRAINT %I ON %s IS ', c.conname, c.conrelid::regclass) || quote_literal(obj_description(c.oid, 'pg_constraint'))]
		FROM dependent d JOIN pg_constraint c ON d.classid = 'pg_constraint'::regclass AND c.oid = d.objid
		WHERE d.names_type AND c.conrelid <> 0 AND c.conislocal
		UNION ALL
		SELECT 3, (SELECT count(*) FROM pg_partition_ancestors(i.indexrelid)), i.indexrelid, format('DROP INDEX IF EXISTS %s', i.name),
			ARRAY[format('SET LOCAL default_tablespace = %L', coalesce((SELECT s.spcname FROM pg_tablespace s WHERE s.oid = i.reltablespace), '')),
				pg_get_indexdef(i.indexrelid),
				format('COMMENT ON INDEX %s IS ', i.name) || quote_literal(obj_description(i.indexrelid, 'pg_class')),
				CASE WHEN i.indisclustered THEN format('ALTER TABLE %s CLUSTER ON %I', i.relation, i.relname) END]
		FROM index i
		UNION ALL
		SELECT 4, (SELECT count(*) FROM pg_partition_ancestors(i.indexrelid)), i.indexrelid, NULL,
			ARRAY[format('ALTER INDEX %s ATTACH PARTITION %s', i.parent, i.name)]
		FROM index i WHERE i.parent IS NOT NULL)
	-- What is taken off a parent goes from its children too, unless it is theirs as well. On the way back
	-- children come first, and their parent's merges into theirs.
	SELECT ARRAY(SELECT c.take_off FROM command c WHERE c.take_off IS NOT NULL ORDER BY c.place, c.depth, c.oid),
		ARRAY(SELECT b.command FROM command c CROSS JOIN LATERAL unnest(c.put_back) WITH ORDINALITY b (command, number)
			WHERE b.command IS NOT NULL ORDER BY c.place, c.depth DESC, c.oid, b.number)
$$;

COMMENT ON FUNCTION lifecycle.names_of_type(oid) IS 'the commands that take off tables what names a type, and those that put it back for another of this name';

CREATE FUNCTION lifecycle.rebuild_stage_type(type regtype, OUT relation regclass, OUT column_name name) RETURNS SETOF record
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp SET default_tablespace = ''
AS $$
DECLARE
	name text := format_type(type, NULL);
	labels text[] := lifecycle.labels_of_type(type);
	names record;
	create_types text[] := '{}';
	properties text[] := '{}';
	drop_types text[] := '{}';
	move_columns text[];
	t record;
	statement text;
BEGIN
	IF labels IS NULL THEN
		RAISE EXCEPTION 'type % follows no lifecycle', name
			USING ERRCODE = 'undefined_object', HINT = 'SELECT * FROM lifecycle.stage_types(''...''); shows those that follow one.';
	ELSIF labels = ARRAY(SELECT e.enumlabel::text FROM pg_enum e WHERE e.enumtypid = type ORDER BY e.enumsortorder) THEN
		RETURN;
	END IF;
	PERFORM lifecycle.check_rebuild(type, labels);

	-- Everything is read while the names mean the present types.
	names := lifecycle.names_of_type(type);
	FOR t IN
		SELECT y.oid, format_type(y.oid, NULL) AS name, y.typnamespace::regnamespace AS schema, 'lifecycle rebuilds ' || y.oid AS aside, y.typtype
		FROM lifecycle.types_over(type) o JOIN pg_type y ON y.oid = o.type WHERE y.typtype IN ('e', 'd') ORDER BY o.depth
	LOOP
		names.take_off := names.take_off || format('ALTER TYPE %s RENAME TO %I', t.name, t.aside);
		create_types := create_types || CASE WHEN t.typtype = 'd' THEN lifecycle.definition_of_domain(t.oid)
			ELSE ARRAY[format('CREATE TYPE %s AS ENUM (%s)', t.name, (SELECT string_agg(quote_literal(l), ', ' ORDER BY n) FROM unnest(labels) WITH ORDINALITY u (l, n)))] END;
		properties := properties || lifecycle.properties_of_type(t.oid);
		drop_types := format('DROP TYPE %s.%I', t.schema, t.aside) || drop_types;
	END LOOP;
	move_columns := ARRAY(
		SELECT format('ALTER TABLE %s %s', c.relation, string_agg(format('ALTER COLUMN %I TYPE %s USING %1$I::text::%2$s', c.column_name, c.type), ', '))
		FROM lifecycle.columns_over(type) c WHERE NOT c.inherited GROUP BY c.relation ORDER BY c.relation);
	RETURN QUERY SELECT c.relation, c.column_name FROM lifecycle.columns_over(type) c WHERE NOT c.inherited;

	FOREACH statement IN ARRAY names.take_off || create_types || move_columns || names.put_back || properties || drop_types LOOP
		EXECUTE statement;
	END LOOP;
EXCEPTION WHEN invalid_text_representation THEN
	RAISE EXCEPTION 'type % cannot be rebuilt: %', name, SQLERRM
		USING ERRCODE = 'check_violation', DETAIL = format('Failed: %s', statement),
			HINT = 'Change what names a stage that the type is to lose first.';
END $$;

COMMENT ON FUNCTION lifecycle.rebuild_stage_type(regtype) IS 'makes an enum anew with the labels and in the order of its lifecycle''s diagram, and takes all its columns along';

CREATE FUNCTION lifecycle.lock_lifecycle(lifecycle text) RETURNS text
	AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;

COMMENT ON FUNCTION lifecycle.lock_lifecycle(text) IS 'the diagram of a lifecycle, which only its owner may change, and nobody else until the end of the transaction';

CREATE FUNCTION lifecycle.redraw_lifecycle(lifecycle text, diagram text) RETURNS void
	AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;

COMMENT ON FUNCTION lifecycle.redraw_lifecycle(text, text) IS 'stores another diagram of a lifecycle, unless rows hold a stage that it lacks';

CREATE FUNCTION lifecycle.lifecycle_tables(lifecycle text, OUT relation regclass, OUT key text) RETURNS SETOF record
	AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE ROWS 3;

COMMENT ON FUNCTION lifecycle.lifecycle_tables(text) IS 'the attachments that have rows which follow a lifecycle, or are to';

CREATE FUNCTION lifecycle.check_fit(relation regclass, key text, lifecycle text, part integer) RETURNS boolean
	AS 'MODULE_PATHNAME' LANGUAGE C STABLE STRICT PARALLEL UNSAFE;

COMMENT ON FUNCTION lifecycle.check_fit(regclass, text, text, integer) IS 'raises what of a lifecycle does not fit a table: any part of it, or one';

CREATE FUNCTION lifecycle.unfit_stages(lifecycle text, OUT relation regclass, OUT stage_column name, OUT label text, OUT reason text) RETURNS SETOF record
	AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE ROWS 3;

COMMENT ON FUNCTION lifecycle.unfit_stages(text) IS 'the stages that a table which follows a lifecycle cannot hold, with the reason where the caller may know it';

CREATE FUNCTION lifecycle.check_stages_fit(lifecycle text, before text) RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	u record;
BEGIN
	SELECT f.*, format_type(a.atttypid, a.atttypmod) AS type, pg_get_userbyid(c.relowner) AS owner INTO u
	FROM lifecycle.unfit_stages(check_stages_fit.lifecycle) f
		JOIN pg_class c ON c.oid = f.relation
		JOIN pg_attribute a ON a.attrelid = f.relation AND a.attname = f.stage_column
	WHERE NOT EXISTS (SELECT FROM lifecycle.diagram_stages(before) s WHERE s.label = f.label AND NOT s.outside)
	LIMIT 1;
	IF FOUND THEN
		RAISE EXCEPTION 'column "%" of table % cannot hold "%"', u.stage_column, u.relation, u.label
			USING ERRCODE = 'invalid_parameter_value', DETAIL = coalesce(u.reason, format('Its type is %s.', u.type)),
				HINT = CASE WHEN u.reason IS NOT NULL THEN 'Alter its type first.'
					ELSE format('Its owner %I can alter its type; or give the stage another label.', u.owner) END;
	END IF;
END $$;

COMMENT ON FUNCTION lifecycle.check_stages_fit(text, text) IS 'refuses stages that an attached table cannot hold and that were not drawn before';

CREATE FUNCTION lifecycle.check_guard_text(guard text) RETURNS void
	AS 'MODULE_PATHNAME' LANGUAGE C STABLE STRICT PARALLEL SAFE;

COMMENT ON FUNCTION lifecycle.check_guard_text(text) IS 'refuses text that is not exactly one SQL expression over a row';

CREATE FUNCTION lifecycle.follow_with_enums(lifecycle text, dry_run boolean, OUT change text, OUT subject text, OUT detail text) RETURNS SETOF record
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	l record;
	owner oid;
	added boolean := false;
BEGIN
	FOR l IN SELECT m.type, m.label, m.command FROM lifecycle.missing_stage_labels(follow_with_enums.lifecycle) m LOOP
		SELECT y.typowner INTO STRICT owner FROM pg_type y WHERE y.oid = l.type;
		subject := format('%s of %s', l.label, format_type(l.type, NULL));
		IF pg_has_role(owner, 'USAGE') THEN
			PERFORM lifecycle.check_enum_label(follow_with_enums.lifecycle, l.label);
			change := 'label added';
			detail := l.command || ';';
			added := true;
			IF NOT dry_run THEN EXECUTE l.command; END IF;
		ELSE
			change := 'label missing';
			detail := format('its owner %I may add it: %s;', pg_get_userbyid(owner), l.command);
		END IF;
		RETURN NEXT;
	END LOOP;
	IF added AND NOT dry_run THEN
		RAISE NOTICE 'rows can hold the new labels once this transaction is committed';
	END IF;
END $$;

COMMENT ON FUNCTION lifecycle.follow_with_enums(text, boolean) IS 'adds the stages that enums of a lifecycle lack, where the caller owns them, and says what it did or who can';

CREATE FUNCTION lifecycle.alter_lifecycle(name text, diagram text, dry_run boolean DEFAULT false,
	OUT change text, OUT subject text, OUT detail text) RETURNS SETOF record
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
AS $$
#variable_conflict use_column
DECLARE
	before text;
	path text := pg_catalog.current_setting('search_path');
	r record;
BEGIN
	-- A dry run is all that touches no row, undone, with its locks.
	BEGIN
		before := lifecycle.lock_lifecycle(name);
		RETURN QUERY SELECT d.change, d.subject, d.detail FROM lifecycle.diagram_diff(before, alter_lifecycle.diagram) d;
		RETURN QUERY
		SELECT 'search_path changed', l.search_path, path FROM lifecycle.lifecycle l
		WHERE l.name OPERATOR(pg_catalog.=) alter_lifecycle.name AND l.search_path OPERATOR(pg_catalog.<>) path
			AND (EXISTS (SELECT FROM lifecycle.diagram_moves(alter_lifecycle.diagram) m WHERE m.guard IS NOT NULL)
				OR EXISTS (SELECT FROM lifecycle.diagram_stages(alter_lifecycle.diagram) s WHERE s.entry_guard IS NOT NULL OR s.exit_guard IS NOT NULL));

		FOR r IN SELECT * FROM lifecycle.diagram_relabels(before, alter_lifecycle.diagram) LOOP
			IF dry_run THEN
				PERFORM lifecycle.check_followers(alter_lifecycle.name, true);
				IF r.merged THEN
					PERFORM lifecycle.begin_merge(alter_lifecycle.name, r.label, r.becomes);
				ELSE
					PERFORM lifecycle.begin_rename(alter_lifecycle.name, r.label, r.becomes);
				END IF;
				PERFORM lifecycle.check_label_fits(f, r.label, r.becomes)
				FROM lifecycle.followers(alter_lifecycle.name) f WHERE f.enum IS NULL;
				PERFORM lifecycle.rename_in_enum(t.type, alter_lifecycle.name, r.label, r.becomes, true)
				FROM lifecycle.stage_types(alter_lifecycle.name) t;
			ELSIF r.merged THEN
				CALL lifecycle.merge_stage(alter_lifecycle.name, r.label, r.becomes, blocks => NULL);
			ELSE
				CALL lifecycle.rename_stage(alter_lifecycle.name, r.label, r.becomes, blocks => NULL);
			END IF;
		END LOOP;
		PERFORM lifecycle.redraw_lifecycle(alter_lifecycle.name, alter_lifecycle.diagram);
		PERFORM lifecycle.check_stages_fit(alter_lifecycle.name, before);
		PERFORM lifecycle.check_fit(t.relation, t.key, alter_lifecycle.name, -1) FROM lifecycle.lifecycle_tables(alter_lifecycle.name) t;
		RETURN QUERY SELECT e.change, e.subject, e.detail FROM lifecycle.follow_with_enums(alter_lifecycle.name, dry_run) e;
		IF dry_run THEN
			RAISE EXCEPTION SQLSTATE 'CL001' USING MESSAGE = 'the dry run is over';
		END IF;
	EXCEPTION WHEN SQLSTATE 'CL001' THEN
		NULL;
	END;
END $$;

COMMENT ON FUNCTION lifecycle.alter_lifecycle(text, text, boolean) IS 'draws a lifecycle anew, with its tables and enums, and says what is different';

CREATE FUNCTION lifecycle.begin_merge(lifecycle text, stage text, "into" text) RETURNS void
	AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;

COMMENT ON FUNCTION lifecycle.begin_merge(text, text, text) IS 'makes a stage of a diagram part of another, and keeps its label as a former one of that';

CREATE FUNCTION lifecycle.prepare_merge(lifecycle text, stage text, "into" text, at_once boolean, logs boolean DEFAULT true) RETURNS void
LANGUAGE sql VOLATILE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
	SELECT lifecycle.begin_merge(lifecycle, stage, "into");
	SELECT lifecycle.prepare_followers(lifecycle, stage, "into", at_once, logs)
$$;

COMMENT ON FUNCTION lifecycle.prepare_merge(text, text, text, boolean, boolean) IS 'the first step of merge_stage(): diagram, enums and CHECKs';

CREATE PROCEDURE lifecycle.merge_stage(name text, stage text, "into" text, blocks integer DEFAULT 1000, log boolean DEFAULT true)
LANGUAGE plpgsql
AS $$
DECLARE
	merged bigint := 0;
BEGIN
	IF name IS NULL OR stage IS NULL OR "into" IS NULL THEN
		RAISE EXCEPTION 'the lifecycle and both stages must be given' USING ERRCODE = 'null_value_not_allowed';
	ELSIF blocks < 1 THEN
		RAISE EXCEPTION 'a batch has at least one block' USING ERRCODE = 'invalid_parameter_value';
	END IF;
	-- In a transaction block this fails, before anything is done.
	IF blocks IS NOT NULL THEN COMMIT; END IF;
	PERFORM lifecycle.prepare_merge(name, stage, "into", blocks IS NULL, coalesce(log, true));
	IF blocks IS NOT NULL THEN COMMIT; END IF;
	CALL lifecycle.relabel_rows(name, "into", blocks, log, merged);
	IF merged IS NOT NULL THEN
		RAISE NOTICE 'stage "%" of lifecycle "%" is part of "%" now: % rows relabelled', stage, name, "into", merged;
	END IF;
END $$;

COMMENT ON PROCEDURE lifecycle.merge_stage(text, text, text, integer, boolean) IS 'makes a stage part of another, in the diagram, rows, journeys and logs, in committed batches';

CREATE FUNCTION lifecycle.retire_stage(name text, stage text, OUT change text, OUT subject text, OUT detail text) RETURNS SETOF record
	AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE ROWS 3;

COMMENT ON FUNCTION lifecycle.retire_stage(text, text) IS 'takes out all moves and entries that lead to a stage, which rows may then only leave';

CREATE FUNCTION lifecycle.check_lifecycle(name text, OUT severity text, OUT problem text, OUT subject text, OUT hint text) RETURNS SETOF record
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
	t record;
	g record;
	part integer;
	tables bigint := 0;
	context text;
BEGIN
	RETURN QUERY SELECT f.severity, f.problem, f.subject, f.hint FROM lifecycle.diagram_flaws(lifecycle.diagram(check_lifecycle.name)) f;

	-- One by one, so that all show that do not fit.
	FOR t IN SELECT * FROM lifecycle.lifecycle_tables(check_lifecycle.name) LOOP
		tables := tables + 1;
		part := 0;
		LOOP
			BEGIN
				EXIT WHEN NOT lifecycle.check_fit(t.relation, t.key, check_lifecycle.name, part);
			EXCEPTION WHEN OTHERS THEN
				GET STACKED DIAGNOSTICS context = PG_EXCEPTION_CONTEXT;
				RETURN QUERY SELECT 'error', 'rule does not fit the table',
					concat_ws(': ', t.relation::text, SQLERRM, substring(context FROM '^(guard [^\n]*), on table')),
					'Moves that need it fail. Give the table the column back, or draw the lifecycle without it.';
				-- What is wrong with the table itself shows with every rule.
				EXIT WHEN SQLSTATE = '55000';
			END;
			part := part + 1;
		END LOOP;
		RETURN QUERY
		SELECT 'notice', 'reasons have no column', format('%s: %s', t.relation, s.label),
			'Moves to the stage give their reason with lifecycle.set_context(reason => ...), or name reason_column when attaching.'
		FROM lifecycle.stage s JOIN lifecycle.attachments a ON a.relation = t.relation AND a.key = t.key AND a.reason_column IS NULL
		WHERE s.lifecycle = check_lifecycle.name AND s.reasons <> '{}' ORDER BY s.position;
	END LOOP;

	RETURN QUERY
	SELECT 'error', 'stage does not fit the column',
		concat_ws(': ', u.relation::text, format('column "%s" cannot hold "%s"', u.stage_column, u.label), u.reason),
		CASE WHEN u.reason IS NOT NULL THEN 'Alter the type of the column, or give the stage another label.'
			ELSE format('Its owner %I can alter its type; or give the stage another label.', pg_get_userbyid(c.relowner)) END
	FROM lifecycle.unfit_stages(check_lifecycle.name) u JOIN pg_class c ON c.oid = u.relation;

	-- What parses depends on the server's version.
	FOR g IN
		SELECT m.guard FROM lifecycle.transition m WHERE m.lifecycle = check_lifecycle.name AND m.guard IS NOT NULL
		UNION SELECT x.guard FROM lifecycle.stage s CROSS JOIN LATERAL (VALUES (s.entry_guard), (s.exit_guard)) x (guard)
		WHERE s.lifecycle = check_lifecycle.name AND x.guard IS NOT NULL
		ORDER BY 1
	LOOP
		CONTINUE WHEN tables > 0;
		BEGIN
			PERFORM lifecycle.check_guard_text(g.guard);
		EXCEPTION WHEN OTHERS THEN
			RETURN QUERY SELECT 'error', 'guard is no expression', format('[%s]: %s', g.guard, SQLERRM), 'Draw the lifecycle with another guard.';
		END;
	END LOOP;

	RETURN QUERY
	SELECT 'warning', 'label is missing in the type', format('%s of %s', m.label, format_type(m.type, NULL)), m.command || ';'
	FROM lifecycle.missing_stage_labels(check_lifecycle.name) m;
END $$;

COMMENT ON FUNCTION lifecycle.check_lifecycle(text) IS 'what is probably wrong with a lifecycle, and what of it does not fit its tables';

CREATE FUNCTION lifecycle.mapping_argument(argument text) RETURNS jsonb
LANGUAGE plpgsql STABLE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN CASE WHEN argument <> '' THEN CASE jsonb_typeof(argument::jsonb) WHEN 'object' THEN argument::jsonb ELSE '{}' END END;
EXCEPTION WHEN data_exception OR program_limit_exceeded THEN
	RETURN '{}';
END $$;

COMMENT ON FUNCTION lifecycle.mapping_argument(text) IS 'the mapping that a trigger''s argument says; one of nothing where it says none';

CREATE VIEW lifecycle.derivations AS
	SELECT p.tgrelid::pg_catalog.regclass AS relation,
		p.arguments[1] AS name,
		(SELECT a.stage_column FROM lifecycle.attachments a WHERE a.relation = p.tgrelid AND a.key = p.arguments[3]) AS stage_column,
		(SELECT attname FROM pg_catalog.pg_attribute WHERE attrelid = p.tgrelid AND attnum = p.tgattr[0]) AS key_column,
		c.tgrelid::pg_catalog.regclass AS children,
		(SELECT a.stage_column FROM lifecycle.attachments a WHERE a.relation = c.tgrelid AND a.key = p.arguments[4]) AS child_stage_column,
		(SELECT attname FROM pg_catalog.pg_attribute WHERE attrelid = c.tgrelid AND attnum = c.tgattr[0]) AS via,
		p.arguments[5] AS rule,
		lifecycle.mapping_argument(p.arguments[6]) AS mapping
	FROM (SELECT t.*, lifecycle.trigger_arguments(t.tgargs) AS arguments FROM pg_catalog.pg_trigger t
			WHERE t.tgfoid = 'lifecycle.derivation()'::pg_catalog.regprocedure AND t.tgparentid = 0) p
		JOIN (SELECT t.*, lifecycle.trigger_arguments(t.tgargs) AS arguments FROM pg_catalog.pg_trigger t
			WHERE t.tgfoid = 'lifecycle.derivation()'::pg_catalog.regprocedure AND t.tgparentid = 0) c
			ON c.tgrelid = p.tgconstrrelid AND c.tgconstrrelid = p.tgrelid AND c.arguments[1] = p.arguments[1] AND c.arguments[2] = 'child'
	WHERE p.arguments[2] = 'parent';

COMMENT ON VIEW lifecycle.derivations IS 'the stages that are derived from other tables'' rows, one row a derivation';

GRANT SELECT ON lifecycle.derivations TO PUBLIC;

CREATE FUNCTION lifecycle.derivation_of(rel regclass, stage_column name DEFAULT NULL) RETURNS lifecycle.derivations
LANGUAGE plpgsql STABLE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	a lifecycle.attachments := lifecycle.attachment_of(rel, stage_column);
	found lifecycle.derivations;
BEGIN
	SELECT * INTO found FROM lifecycle.derivations d WHERE d.relation = rel AND d.stage_column = a.stage_column;
	IF found.name IS NULL THEN
		RAISE EXCEPTION 'the column "%" of table % is not derived', a.stage_column, rel
			USING ERRCODE = 'undefined_object', HINT = 'SELECT * FROM lifecycle.derivations shows what is.';
	END IF;
	RETURN found;
END $$;

COMMENT ON FUNCTION lifecycle.derivation_of(regclass, name) IS 'the row of lifecycle.derivations for a table, which must have one';

CREATE FUNCTION lifecycle.derive_rows(rel regclass, name text, keys anyarray) RETURNS void
	AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;

COMMENT ON FUNCTION lifecycle.derive_rows(regclass, text, anyarray) IS 'derives the stages of the rows with these keys now; for the table''s owner';

CREATE FUNCTION lifecycle.name_for_two(rel regclass, key text, other regclass) RETURNS text
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	base text := (SELECT relname FROM pg_class WHERE oid = rel) || '.' || key;
	found text;
	number integer := 1;
BEGIN
	IF octet_length(base) > 35 THEN
		base := left(base, 8);
	END IF;
	found := base;
	WHILE EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid IN (rel, other)
			AND t.tgfoid IN ('lifecycle.derivation()'::regprocedure, 'lifecycle.hand_over()'::regprocedure)
			AND (lifecycle.trigger_arguments(t.tgargs))[1] = found) LOOP
		number := number + 1;
		found := base || ' ' || number;
	END LOOP;
	RETURN found;
END $$;

COMMENT ON FUNCTION lifecycle.name_for_two(regclass, text, regclass) IS 'a name for the triggers by which rows of two tables follow each other';

CREATE FUNCTION lifecycle.register_derivation(rel regclass, key_column name, children regclass, arguments text[]) RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	trigger name := '~lifecycle_' || arguments[1] || '_derivation';
BEGIN
	EXECUTE format('CREATE CONSTRAINT TRIGGER %I AFTER UPDATE OF %I ON %s FROM %s FOR EACH ROW WHEN (false)'
		' EXECUTE FUNCTION lifecycle.derivation(%s)', trigger, key_column, rel, children,
		(SELECT string_agg(quote_literal(a), ', ' ORDER BY n) FROM unnest(arguments) WITH ORDINALITY u (a, n)));
	EXECUTE format('COMMENT ON TRIGGER %I ON %s IS %L', trigger, rel,
		'says from what the stage is derived; lifecycle.underive() removes it');
END $$;

COMMENT ON FUNCTION lifecycle.register_derivation(regclass, name, regclass, text[]) IS 'makes the trigger that says how the stages of a table are derived';

CREATE FUNCTION lifecycle.checked_mapping(lifecycle text, child_lifecycle text, mapping jsonb) RETURNS jsonb
LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	unknown text;
BEGIN
	IF mapping IS NULL THEN
		IF lifecycle = child_lifecycle THEN
			RETURN NULL;
		END IF;
		SELECT jsonb_object_agg(c.label, p.label) INTO mapping
		FROM lifecycle.stage c JOIN lifecycle.stage p ON p.label = c.label
		WHERE c.lifecycle = child_lifecycle AND p.lifecycle = checked_mapping.lifecycle AND NOT c.outside AND NOT p.outside;
		IF mapping IS NULL THEN
			RAISE EXCEPTION 'lifecycles "%" and "%" have no stage in common', child_lifecycle, lifecycle
				USING ERRCODE = 'invalid_parameter_value',
					HINT = 'Say what each stage stands for: mapping => ''{"stage of a child": "stage of the account"}''.';
		END IF;
		RETURN mapping;
	END IF;
	IF jsonb_typeof(mapping) <> 'object' OR mapping = '{}'
		OR EXISTS (SELECT FROM jsonb_each(CASE jsonb_typeof(mapping) WHEN 'object' THEN mapping ELSE '{}' END) m WHERE jsonb_typeof(m.value) <> 'string') THEN
		RAISE EXCEPTION 'a mapping is an object of stages: %', mapping
			USING ERRCODE = 'invalid_parameter_value', HINT = 'Write it like {"stage of a child": "stage of the account"}.';
	END IF;
	SELECT string_agg(format('%s of lifecycle "%s"', quote_ident(m.label), m.of), ', ' ORDER BY m.of, m.label) INTO unknown
	FROM (SELECT key AS label, child_lifecycle AS of FROM jsonb_each_text(mapping)
			UNION SELECT value, checked_mapping.lifecycle FROM jsonb_each_text(mapping)) m
	WHERE NOT EXISTS (SELECT FROM lifecycle.stage s WHERE s.lifecycle = m.of AND s.label = m.label AND NOT s.outside);
	IF unknown IS NOT NULL THEN
		RAISE EXCEPTION 'the mapping names stages that do not exist' USING ERRCODE = 'undefined_object',
			DETAIL = format('These are: %s.', unknown), HINT = 'SELECT lifecycle, label FROM lifecycle.stage shows what rows hold.';
	END IF;
	RETURN mapping;
END $$;

COMMENT ON FUNCTION lifecycle.checked_mapping(text, text, jsonb) IS 'the mapping of a derivation, with the stages of the same name where none is given';

CREATE FUNCTION lifecycle.derivation_columns(rel regclass, children regclass, INOUT via name, OUT key_column name) RETURNS record
LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	number bigint;
	found name;
	via_type oid;
	key_type oid;
BEGIN
	SELECT count(*), min(a.attname::text), min(k.attname::text) INTO number, found, key_column
	FROM pg_constraint f
		JOIN pg_attribute a ON a.attrelid = f.conrelid AND a.attnum = f.conkey[1]
		JOIN pg_attribute k ON k.attrelid = f.confrelid AND k.attnum = f.confkey[1]
	WHERE f.contype = 'f' AND f.conrelid = children AND f.confrelid = rel AND cardinality(f.conkey) = 1
		AND a.attname = coalesce(derivation_columns.via, a.attname);
	IF number <> 1 AND derivation_columns.via IS NULL THEN
		RAISE EXCEPTION 'table % has % foreign keys of one column to %', children, CASE WHEN number = 0 THEN 'no' ELSE number::text END, rel
			USING ERRCODE = 'invalid_parameter_value', HINT = 'Name the column that says to which row a child belongs: via => ''...''.';
	END IF;
	via := coalesce(via, found);
	IF key_column IS NULL THEN
		SELECT k.attname INTO key_column FROM pg_index i JOIN pg_attribute k ON k.attrelid = i.indrelid AND k.attnum = i.indkey[0]
		WHERE i.indrelid = rel AND i.indisprimary AND i.indnkeyatts = 1;
		IF key_column IS NULL THEN
			RAISE EXCEPTION 'table % has no primary key of one column', rel
				USING ERRCODE = 'object_not_in_prerequisite_state', HINT = 'Give it one, or a foreign key from the children to a unique column.';
		END IF;
	END IF;
	SELECT atttypid INTO via_type FROM pg_attribute WHERE attrelid = children AND attname = via AND attnum > 0 AND attgenerated = '';
	SELECT atttypid INTO key_type FROM pg_attribute WHERE attrelid = rel AND attname = key_column;
	IF via_type IS NULL THEN
		RAISE EXCEPTION 'table % has no column "%", or it is generated', children, via USING ERRCODE = 'undefined_column';
	ELSIF EXISTS (SELECT FROM pg_attribute v, pg_attribute k, pg_collation c
		WHERE v.attrelid = children AND v.attname = via AND k.attrelid = rel AND k.attname = key_column
			AND v.attcollation <> k.attcollation AND c.oid IN (v.attcollation, k.attcollation) AND NOT c.collisdeterministic) THEN
		RAISE EXCEPTION 'columns "%" of % and "%" of % are of different collations', via, children, key_column, rel
			USING ERRCODE = 'collation_mismatch', DETAIL = 'What is one key in one of them may be several in the other.',
				HINT = format('ALTER TABLE %s ALTER COLUMN %I TYPE %s COLLATE ...;', children, via, format_type(via_type, NULL));
	ELSIF via_type <> key_type THEN
		RAISE EXCEPTION 'columns "%" of % and "%" of % are of different types', via, children, key_column, rel
			USING ERRCODE = 'datatype_mismatch', DETAIL = format('They are %s and %s.', format_type(via_type, NULL), format_type(key_type, NULL)),
				HINT = format('ALTER TABLE %s ALTER COLUMN %I TYPE %s;', children, via, format_type(key_type, NULL));
	END IF;
END $$;

COMMENT ON FUNCTION lifecycle.derivation_columns(regclass, regclass, name) IS 'by which columns the rows of one table belong to those of another';

CREATE FUNCTION lifecycle.check_derivable(rel regclass, children regclass, a lifecycle.attachments, c lifecycle.attachments, rule text) RETURNS void
LANGUAGE plpgsql STABLE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	r regclass;
BEGIN
	FOREACH r IN ARRAY ARRAY[rel, children] LOOP
		IF NOT (SELECT pg_has_role(relowner, 'USAGE') FROM pg_class WHERE oid = r) THEN
			RAISE EXCEPTION 'must be owner of table %', r USING ERRCODE = 'insufficient_privilege',
				HINT = 'Whoever derives one table from another has the rights of both owners.';
		END IF;
	END LOOP;
	IF rule IS NULL OR rule NOT IN ('furthest', 'all', 'any') THEN
		RAISE EXCEPTION 'unknown rule: %', coalesce('"' || rule || '"', 'NULL')
			USING ERRCODE = 'invalid_parameter_value', HINT = 'There are furthest, all and any.';
	ELSIF rel = children THEN
		RAISE EXCEPTION 'table % cannot be derived from itself', rel USING ERRCODE = 'invalid_parameter_value';
	ELSIF a.lifecycle IS NULL OR c.lifecycle IS NULL THEN
		RAISE EXCEPTION 'the rows of table % follow different lifecycles', CASE WHEN a.lifecycle IS NULL THEN rel ELSE children END
			USING ERRCODE = 'feature_not_supported', HINT = 'Attach it to one lifecycle for all rows.';
	ELSIF EXISTS (SELECT FROM lifecycle.derivations d WHERE d.relation = rel AND d.stage_column = a.stage_column) THEN
		RAISE EXCEPTION 'the column "%" of table % is already derived', a.stage_column, rel
			USING ERRCODE = 'duplicate_object', HINT = 'Call lifecycle.underive() first.';
	ELSIF EXISTS (WITH RECURSIVE source AS (
			SELECT d.children FROM lifecycle.derivations d WHERE d.relation = check_derivable.children
			UNION SELECT d.children FROM source s JOIN lifecycle.derivations d ON d.relation = s.children)
			SELECT FROM source s WHERE s.children = rel) THEN
		RAISE EXCEPTION 'table % is derived from % itself', children, rel USING ERRCODE = 'invalid_parameter_value',
			HINT = 'A circle of derivations would have no beginning.';
	END IF;
END $$;

COMMENT ON FUNCTION lifecycle.check_derivable(regclass, regclass, lifecycle.attachments, lifecycle.attachments, text) IS 'refuses unless one table''s stage can be derived from another''s';

CREATE FUNCTION lifecycle.make_derivation(rel regclass, children regclass, via name, rule text, mapping jsonb,
	stage_column name, child_stage_column name, existing text, path text) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	a lifecycle.attachments := lifecycle.attachment_of(rel, stage_column);
	c lifecycle.attachments := lifecycle.attachment_of(children, child_stage_column);
	key_column name;
	derivation text;
	side record;
BEGIN
	IF existing IS NULL OR existing NOT IN ('fill', 'defer') THEN
		RAISE EXCEPTION 'existing rows cannot be treated like this: %', coalesce('"' || existing || '"', 'NULL')
			USING ERRCODE = 'invalid_parameter_value', HINT = 'They follow their children at once ("fill"), or later ("defer").';
	END IF;
	PERFORM lifecycle.check_derivable(rel, children, a, c, rule);
	EXECUTE format('LOCK TABLE %s, %s IN SHARE ROW EXCLUSIVE MODE', children, rel);
	SELECT * INTO via, key_column FROM lifecycle.derivation_columns(rel, children, via);
	mapping := lifecycle.checked_mapping(a.lifecycle, c.lifecycle, mapping);
	derivation := lifecycle.name_for_two(rel, a.key, children);
	PERFORM lifecycle.register_derivation(rel, key_column, children,
		ARRAY[derivation, 'parent', a.key, c.key, rule, coalesce(mapping::text, ''), path]);
	PERFORM lifecycle.register_derivation(children, via, rel, ARRAY[derivation, 'child', c.key]);
	FOR side IN SELECT * FROM (VALUES (rel, children, 'parent', 'INSERT OR UPDATE'), (children, rel, 'child', 'INSERT OR UPDATE OR DELETE')) s (relation, other, name, events) LOOP
		EXECUTE format('CREATE CONSTRAINT TRIGGER %I AFTER %s ON %s FROM %s FOR EACH ROW EXECUTE FUNCTION lifecycle.derive_stage(%L, %L)',
			'~lifecycle_' || derivation || '_derive', side.events, side.relation, side.other, derivation, side.name);
		EXECUTE format('COMMENT ON TRIGGER %I ON %s IS %L', '~lifecycle_' || derivation || '_derive', side.relation,
			format('derives the stage of %s from %s; lifecycle.underive() removes it', rel, children));
	END LOOP;

	IF NOT EXISTS (SELECT FROM pg_index i JOIN pg_attribute p ON p.attrelid = i.indrelid AND p.attname = via
			WHERE i.indrelid = children AND i.indkey[0] = p.attnum AND i.indpred IS NULL AND i.indisvalid) THEN
		RAISE NOTICE 'column "%" of % has no index: every move reads the whole table', via, children
			USING HINT = format('CREATE INDEX ON %s (%I);', children, via);
	END IF;
	IF existing = 'fill' THEN
		EXECUTE format('SELECT lifecycle.derive_rows(%L, %L, array_agg(DISTINCT %I)) FROM %s WHERE %3$I IS NOT NULL', rel, derivation, via, children);
	END IF;
END $$;

COMMENT ON FUNCTION lifecycle.make_derivation(regclass, regclass, name, text, jsonb, name, name, text, text) IS 'what derive() does, with the search_path of its caller';

CREATE FUNCTION lifecycle.derive(rel regclass, children regclass, via name DEFAULT NULL, rule text DEFAULT 'furthest',
	mapping jsonb DEFAULT NULL, stage_column name DEFAULT NULL, child_stage_column name DEFAULT NULL, existing text DEFAULT 'fill') RETURNS void
LANGUAGE sql VOLATILE PARALLEL UNSAFE
AS $$
	SELECT lifecycle.make_derivation(rel, children, via, rule, mapping, stage_column, child_stage_column, existing,
		pg_catalog.current_setting('search_path'))
$$;

COMMENT ON FUNCTION lifecycle.derive(regclass, regclass, name, text, jsonb, name, name, text) IS 'keeps the stage of a table''s rows what the rows of another table make it';

CREATE FUNCTION lifecycle.underive(rel regclass, stage_column name DEFAULT NULL) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	t record;
	number integer := 0;
BEGIN
	IF NOT (SELECT pg_has_role(relowner, 'USAGE') FROM pg_class WHERE oid = rel) THEN
		RAISE EXCEPTION 'must be owner of table %', rel USING ERRCODE = 'insufficient_privilege';
	END IF;
	-- By the triggers themselves: what is left of a damaged derivation goes too.
	FOR t IN
		WITH ours AS (
			SELECT g.tgrelid, g.tgconstrrelid, g.tgname, lifecycle.trigger_arguments(g.tgargs) AS arguments FROM pg_trigger g
			WHERE g.tgfoid IN ('lifecycle.derivation()'::regprocedure, 'lifecycle.derive_stage()'::regprocedure) AND g.tgparentid = 0),
		name AS (
			SELECT DISTINCT o.arguments[1] AS name FROM ours o
			WHERE o.tgrelid = rel AND o.arguments[2] = 'parent' AND (underive.stage_column IS NULL
				OR o.arguments[1] = (SELECT d.name FROM lifecycle.derivations d WHERE d.relation = rel AND d.stage_column = underive.stage_column)))
		SELECT o.tgname, o.tgrelid::regclass AS relation FROM ours o JOIN name n ON o.arguments[1] = n.name
		WHERE (o.tgrelid = rel AND o.arguments[2] = 'parent') OR (o.tgconstrrelid = rel AND o.arguments[2] = 'child')
	LOOP
		EXECUTE format('DROP TRIGGER %I ON %s', t.tgname, t.relation);
		number := number + 1;
	END LOOP;
	IF number = 0 THEN
		PERFORM lifecycle.derivation_of(rel, stage_column);
	END IF;
END $$;

COMMENT ON FUNCTION lifecycle.underive(regclass, name) IS 'ends the derivation of a table''s stage, which stays as it is';

CREATE FUNCTION lifecycle.greater_operator(type oid) RETURNS text
	AS 'MODULE_PATHNAME' LANGUAGE C STABLE STRICT PARALLEL SAFE;

COMMENT ON FUNCTION lifecycle.greater_operator(oid) IS 'the operator that says which of two values of a type comes later in its order';

CREATE PROCEDURE lifecycle.rederive(rel regclass, stage_column name DEFAULT NULL, batch integer DEFAULT 10000)
LANGUAGE plpgsql
AS $$
DECLARE
	d lifecycle.derivations := lifecycle.derivation_of(rel, stage_column);
	type oid := (SELECT atttypid FROM pg_catalog.pg_attribute
		WHERE attrelid OPERATOR(pg_catalog.=) d.children AND attname OPERATOR(pg_catalog.=) d.via);
	last text;
	n bigint;
	done bigint := 0;
BEGIN
	IF batch IS NULL OR batch < 1 THEN
		RAISE EXCEPTION 'a batch has at least one row' USING ERRCODE = 'invalid_parameter_value';
	END IF;
	LOOP
		EXECUTE pg_catalog.format('SELECT pg_catalog.count(k), (pg_catalog.array_agg(k ORDER BY k DESC))[1]::text,'
			' lifecycle.derive_rows(%L, %L, pg_catalog.array_agg(k))'
			' FROM (SELECT %I AS k FROM %s%s ORDER BY 1 LIMIT %s) t',
			rel, d.name, d.key_column, rel,
			CASE WHEN last IS NOT NULL THEN pg_catalog.format(' WHERE %I %s %L::%s', d.key_column,
				lifecycle.greater_operator(type), last, pg_catalog.format_type(type, NULL)) ELSE '' END, batch)
		INTO n, last;
		COMMIT;
		done := done + n;
		EXIT WHEN n < batch;
		RAISE NOTICE '% rows looked at', done;
	END LOOP;
END $$;

COMMENT ON PROCEDURE lifecycle.rederive(regclass, name, integer) IS 'derives the stages of all rows of a table anew, in committed batches';

CREATE FUNCTION lifecycle.derivation_stages(d lifecycle.derivations,
	OUT label text, OUT stage text, OUT place integer, OUT given_up boolean) RETURNS SETOF record
LANGUAGE sql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
	SELECT held.label, p.label, p.position, p.outcome IN ('lost', 'closed')
	FROM lifecycle.attachments a
		JOIN lifecycle.attachments b ON b.relation = d.children AND b.stage_column = d.child_stage_column
		JOIN lifecycle.stage c ON c.lifecycle = b.lifecycle
		JOIN lifecycle.stage p ON p.lifecycle = a.lifecycle AND NOT p.outside
			AND p.label = CASE WHEN d.mapping IS NULL THEN c.label ELSE d.mapping ->> c.label END
		CROSS JOIN LATERAL unnest(c.label || c.formerly) held (label)
	WHERE a.relation = d.relation AND a.stage_column = d.stage_column
$$;

COMMENT ON FUNCTION lifecycle.derivation_stages(lifecycle.derivations) IS 'what the stages of children stand for in a derivation';

CREATE FUNCTION lifecycle.derivation_drift(rel regclass, stage_column name DEFAULT NULL,
	OUT key text, OUT stage text, OUT derived text, OUT reachable boolean) RETURNS SETOF record
LANGUAGE plpgsql STABLE PARALLEL UNSAFE ROWS 10 SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	d lifecycle.derivations := lifecycle.derivation_of(rel, stage_column);
	lifecycle text := (SELECT a.lifecycle FROM lifecycle.attachments a WHERE a.relation = rel AND a.stage_column = d.stage_column);
	journey name := (SELECT a.journey_column FROM lifecycle.attachments a WHERE a.relation = d.children AND a.stage_column = d.child_stage_column);
BEGIN
	RETURN QUERY EXECUTE format($q$
		WITH RECURSIVE counts AS MATERIALIZED (SELECT * FROM lifecycle.derivation_stages($1)),
		expected AS (
			SELECT DISTINCT ON (c.%5$I) c.%5$I AS key, m.stage
			FROM %4$s c JOIN counts m ON m.label = %7$s
			WHERE c.%5$I IS NOT NULL
			ORDER BY c.%5$I, m.given_up, m.place %6$s),
		drifted AS (
			SELECT a.%2$I::text AS key, a.%3$I::text AS stage, e.stage AS derived
			FROM %1$s a JOIN expected e ON e.key = a.%2$I
			WHERE NOT EXISTS (SELECT FROM lifecycle.stage s WHERE s.lifecycle = $2 AND s.label = e.stage
				AND a.%3$I::text = ANY (s.label || s.formerly))),
		move AS (
			SELECT f.label AS source, f.outcome = 'won' AS won, f.outcome IN ('lost', 'closed') AS given_up, t.label AS target
			FROM lifecycle.transition m
				JOIN lifecycle.stage f ON f.lifecycle = $2 AND (f.id = m.from_stage OR f.phase = m.from_phase)
				JOIN lifecycle.stage t ON t.lifecycle = $2 AND t.id = m.to_stage
			WHERE m.lifecycle = $2),
		way AS (
			-- Being lost, or won, is not passed in between where no child has been so.
			SELECT source, target, false AS by_winning FROM move
			UNION SELECT w.source, m.target, w.by_winning OR m.won FROM way w JOIN move m ON m.source = w.target WHERE NOT m.given_up)
		SELECT d.key, d.stage, d.derived, EXISTS (
			SELECT FROM way w
				JOIN lifecycle.stage s ON s.lifecycle = $2 AND s.label = w.source
				JOIN lifecycle.stage t ON t.lifecycle = $2 AND t.label = w.target
			WHERE d.stage = ANY (s.label || s.formerly) AND w.target = d.derived AND NOT (w.by_winning AND t.outcome IN ('lost', 'closed')))
		FROM drifted d $q$,
		rel, d.key_column, d.stage_column, d.children, d.via, CASE WHEN d.rule = 'all' THEN '' ELSE 'DESC' END,
		CASE WHEN d.rule = 'any' THEN format('ANY (coalesce(lifecycle.stages(c.%I), ARRAY[c.%I::text]))', journey, d.child_stage_column)
			ELSE format('c.%I::text', d.child_stage_column) END)
	USING d, lifecycle;
END $$;

COMMENT ON FUNCTION lifecycle.derivation_drift(regclass, name) IS 'the rows whose stage is not what their children make it, and whether a way is drawn there';

CREATE FUNCTION lifecycle.rename_in_derivations(lifecycle text, old text, new text) RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	d record;
	arguments text[];
	renamed jsonb;
BEGIN
	FOR d IN
		SELECT v.*, a.lifecycle AS of, c.lifecycle AS child_of, t.tgname, lifecycle.trigger_arguments(t.tgargs) AS arguments
		FROM lifecycle.derivations v
			JOIN lifecycle.attachments a ON a.relation = v.relation AND a.stage_column = v.stage_column
			JOIN lifecycle.attachments c ON c.relation = v.children AND c.stage_column = v.child_stage_column
			JOIN pg_trigger t ON t.tgrelid = v.relation AND t.tgfoid = 'lifecycle.derivation()'::regprocedure
				AND (lifecycle.trigger_arguments(t.tgargs))[1:2] = ARRAY[v.name, 'parent']
		WHERE v.mapping IS NOT NULL AND rename_in_derivations.lifecycle IN (a.lifecycle, c.lifecycle)
	LOOP
		IF d.child_of = lifecycle AND d.mapping ? old AND NOT d.mapping ? new
			AND EXISTS (SELECT FROM lifecycle.stage s WHERE s.lifecycle = rename_in_derivations.lifecycle AND s.label = new AND NOT old = ANY (s.formerly)) THEN
			RAISE EXCEPTION 'the derivation of % from % counts the stage "%" and not "%"', d.relation, d.children, old, new
				USING ERRCODE = 'dependent_objects_still_exist', HINT = format('Call lifecycle.underive(%L) first, and derive() afterwards with another mapping.', d.relation);
		END IF;
		SELECT jsonb_object_agg(CASE WHEN d.child_of = lifecycle AND key = old THEN new ELSE key END,
			CASE WHEN d.of = lifecycle AND value = old THEN new ELSE value END) INTO renamed
		FROM jsonb_each_text(d.mapping) WHERE NOT (d.child_of = lifecycle AND key = old AND d.mapping ? new);
		IF renamed = d.mapping THEN
			CONTINUE;
		END IF;
		IF NOT (SELECT bool_and(pg_has_role(relowner, 'USAGE')) FROM pg_class WHERE oid IN (d.relation, d.children)) THEN
			RAISE EXCEPTION 'the derivation of % from % names the stage "%"', d.relation, d.children, old
				USING ERRCODE = 'insufficient_privilege', HINT = 'A member of the roles that own these tables can do it.';
		END IF;
		arguments := d.arguments;
		arguments[6] := renamed::text;
		EXECUTE format('DROP TRIGGER %I ON %s', d.tgname, d.relation);
		PERFORM lifecycle.register_derivation(d.relation, d.key_column, d.children, arguments);
	END LOOP;
END $$;

COMMENT ON FUNCTION lifecycle.rename_in_derivations(text, text, text) IS 'has mappings of derivations follow a stage''s new label';

CREATE FUNCTION lifecycle.verify_derivations(rel regclass, stage_column name,
	OUT problem text, OUT subject text, OUT rows bigint, OUT hint text) RETURNS SETOF record
LANGUAGE plpgsql STABLE PARALLEL UNSAFE ROWS 10 SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	d lifecycle.derivations;
BEGIN
	-- Each side has both of its triggers, and so does the other one.
	RETURN QUERY
	WITH ours AS (
		SELECT t.tgrelid, t.tgconstrrelid, t.tgfoid, t.tgname, t.tgenabled, lifecycle.trigger_arguments(t.tgargs) AS arguments FROM pg_trigger t
		WHERE t.tgfoid IN ('lifecycle.derivation()'::regprocedure, 'lifecycle.derive_stage()'::regprocedure) AND t.tgparentid = 0),
	wanted AS (
		SELECT DISTINCT o.arguments[1] AS name, CASE WHEN side = 'parent' THEN p ELSE c END AS relation,
			CASE WHEN side = 'parent' THEN c ELSE p END AS other, side, f.function
		FROM ours o
			CROSS JOIN LATERAL (SELECT CASE o.arguments[2] WHEN 'parent' THEN o.tgrelid ELSE o.tgconstrrelid END AS p,
				CASE o.arguments[2] WHEN 'parent' THEN o.tgconstrrelid ELSE o.tgrelid END AS c) r
			CROSS JOIN (VALUES ('parent'), ('child')) s (side)
			CROSS JOIN (VALUES ('lifecycle.derivation()'::regprocedure), ('lifecycle.derive_stage()')) f (function)
		WHERE rel IN (p, c))
	SELECT CASE WHEN o.tgname IS NULL THEN 'trigger is missing' ELSE 'trigger is disabled' END,
		coalesce(o.tgname::text, w.function::text) || ' on ' || w.relation::regclass, NULL::bigint,
		CASE WHEN o.tgname IS NULL THEN format('Call lifecycle.underive(%L) and lifecycle.derive() again.', CASE w.side WHEN 'parent' THEN w.relation ELSE w.other END::regclass)
			ELSE format('ALTER TABLE %s ENABLE TRIGGER %I;', w.relation::regclass, o.tgname) END
	FROM wanted w
		LEFT JOIN ours o ON o.tgrelid = w.relation AND o.tgconstrrelid = w.other AND o.tgfoid = w.function
			AND o.arguments[1] = w.name AND o.arguments[2] = w.side
	WHERE o.tgname IS NULL OR (o.tgenabled NOT IN ('O', 'A') AND w.function = 'lifecycle.derive_stage()'::regprocedure)
	ORDER BY 2;

	FOR d IN SELECT * FROM lifecycle.derivations v WHERE v.relation = rel AND v.stage_column = verify_derivations.stage_column LOOP
		RETURN QUERY
		SELECT 'derivation maps a stage that is not drawn', m.label, NULL::bigint,
			format('Call lifecycle.underive(%L), and lifecycle.derive() with another mapping.', rel)
		FROM lifecycle.attachments a, lifecycle.attachments c, jsonb_each_text(d.mapping) e,
			LATERAL (VALUES (c.lifecycle, e.key), (a.lifecycle, e.value)) m (lifecycle, label)
		WHERE a.relation = rel AND a.stage_column = d.stage_column AND c.relation = d.children AND c.stage_column = d.child_stage_column
			AND NOT EXISTS (SELECT FROM lifecycle.stage s WHERE s.lifecycle = m.lifecycle AND s.label = m.label)
		GROUP BY m.label ORDER BY m.label;

		RETURN QUERY
		SELECT 'stage is not what its children make it', v.stage || ' > ' || v.derived, count(*),
			format('CALL lifecycle.rederive(%L); What holds a row back then, lifecycle.explain_move() tells.', rel)
		FROM lifecycle.derivation_drift(rel, verify_derivations.stage_column) v WHERE v.reachable
		GROUP BY 2 ORDER BY 3 DESC, 2;
	END LOOP;
END $$;

COMMENT ON FUNCTION lifecycle.verify_derivations(regclass, name) IS 'what verify() says about derived stages';

CREATE FUNCTION lifecycle.stages_argument(argument text) RETURNS text[]
LANGUAGE plpgsql STABLE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN argument::text[];
EXCEPTION WHEN data_exception OR program_limit_exceeded THEN
	RETURN '{}';
END $$;

COMMENT ON FUNCTION lifecycle.stages_argument(text) IS 'the stages that a trigger''s argument names; none where it is no array';

CREATE VIEW lifecycle.hand_overs AS
	SELECT t.tgrelid::pg_catalog.regclass AS relation,
		t.arguments[1] AS name,
		(SELECT a.stage_column FROM lifecycle.attachments a WHERE a.relation = t.tgrelid AND a.key = t.arguments[3]) AS stage_column,
		(SELECT attname FROM pg_catalog.pg_attribute WHERE attrelid = t.tgrelid AND attnum = t.tgattr[0]) AS via,
		s.tgrelid::pg_catalog.regclass AS source,
		(SELECT a.stage_column FROM lifecycle.attachments a WHERE a.relation = s.tgrelid AND a.key = t.arguments[4]) AS source_stage_column,
		(SELECT attname FROM pg_catalog.pg_attribute WHERE attrelid = s.tgrelid AND attnum = s.tgattr[0]) AS key_column,
		lifecycle.stages_argument(t.arguments[5]) AS stages
	FROM (SELECT g.*, lifecycle.trigger_arguments(g.tgargs) AS arguments FROM pg_catalog.pg_trigger g
			WHERE g.tgfoid = 'lifecycle.hand_over()'::pg_catalog.regprocedure AND g.tgparentid = 0) t
		JOIN (SELECT g.*, lifecycle.trigger_arguments(g.tgargs) AS arguments FROM pg_catalog.pg_trigger g
			WHERE g.tgfoid = 'lifecycle.hand_over()'::pg_catalog.regprocedure AND g.tgparentid = 0) s
			ON s.tgrelid = t.tgconstrrelid AND s.tgconstrrelid = t.tgrelid AND s.arguments[1] = t.arguments[1] AND s.arguments[2] = 'source'
	WHERE t.arguments[2] = 'target';

COMMENT ON VIEW lifecycle.hand_overs IS 'the tables whose rows go on with the journeys of other tables'' rows';

GRANT SELECT ON lifecycle.hand_overs TO PUBLIC;

CREATE FUNCTION lifecycle.register_hand_over(rel regclass, column_name name, other regclass, arguments text[]) RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	trigger name := '~lifecycle_' || arguments[1] || '_hand_over';
BEGIN
	EXECUTE format('CREATE CONSTRAINT TRIGGER %I AFTER UPDATE OF %I ON %s FROM %s FOR EACH ROW WHEN (false)'
		' EXECUTE FUNCTION lifecycle.hand_over(%s)', trigger, column_name, rel, other,
		(SELECT string_agg(quote_literal(a), ', ' ORDER BY n) FROM unnest(arguments) WITH ORDINALITY u (a, n)));
	EXECUTE format('COMMENT ON TRIGGER %I ON %s IS %L', trigger, rel,
		CASE arguments[2] WHEN 'target' THEN format('says which rows of %s it goes on with; lifecycle.forbid_hand_over() removes it', other)
			ELSE format('says that rows are handed over to %s; lifecycle.forbid_hand_over() removes it', other) END);
END $$;

COMMENT ON FUNCTION lifecycle.register_hand_over(regclass, name, regclass, text[]) IS 'makes one of the triggers that say who hands over to whom';

CREATE FUNCTION lifecycle.allow_hand_over(source regclass, rel regclass, stages text[], via name DEFAULT NULL,
	source_stage_column name DEFAULT NULL, stage_column name DEFAULT NULL) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	s lifecycle.attachments := lifecycle.attachment_of(source, source_stage_column);
	a lifecycle.attachments := lifecycle.attachment_of(rel, stage_column);
	r regclass;
	key_column name;
	unknown text;
	name text;
BEGIN
	FOREACH r IN ARRAY ARRAY[source, rel] LOOP
		IF NOT (SELECT pg_has_role(relowner, 'USAGE') FROM pg_class WHERE oid = r) THEN
			RAISE EXCEPTION 'must be owner of table %', r USING ERRCODE = 'insufficient_privilege',
				HINT = 'Whoever lets one table hand rows over to another has the rights of both owners.';
		END IF;
	END LOOP;
	IF source = rel THEN
		RAISE EXCEPTION 'table % cannot hand rows over to itself', rel USING ERRCODE = 'invalid_parameter_value';
	ELSIF s.lifecycle IS NULL THEN
		RAISE EXCEPTION 'the rows of table % follow different lifecycles', source USING ERRCODE = 'feature_not_supported',
			HINT = 'Attach it to one lifecycle for all rows.';
	ELSIF coalesce(cardinality(stages), 0) = 0 THEN
		RAISE EXCEPTION 'no stage is named in which rows are handed over' USING ERRCODE = 'invalid_parameter_value',
			HINT = 'Name those after which a row goes on elsewhere: stages => ARRAY[''converted''].';
	END IF;
	SELECT string_agg(coalesce(quote_ident(l), 'NULL'), ', ') INTO unknown FROM unnest(stages) l
	WHERE NOT EXISTS (SELECT FROM lifecycle.stage k WHERE k.lifecycle = s.lifecycle AND k.label = l);
	IF unknown IS NOT NULL THEN
		RAISE EXCEPTION 'lifecycle "%" has no such stages', s.lifecycle USING ERRCODE = 'undefined_object',
			DETAIL = format('These are: %s.', unknown), HINT = 'SELECT lifecycle, label FROM lifecycle.stage shows what rows hold.';
	END IF;
	SELECT * INTO via, key_column FROM lifecycle.derivation_columns(source, rel, via);
	IF EXISTS (SELECT FROM lifecycle.hand_overs h WHERE h.relation = rel AND h.stage_column = a.stage_column AND (h.source = allow_hand_over.source OR h.via = allow_hand_over.via)) THEN
		RAISE EXCEPTION 'table % hands rows over to % already, or column "%" is taken', source, rel, via
			USING ERRCODE = 'duplicate_object', HINT = 'Call lifecycle.forbid_hand_over() first.';
	ELSIF NOT EXISTS (SELECT FROM pg_index i JOIN pg_attribute p ON p.attrelid = i.indrelid AND p.attname = via
			WHERE i.indrelid = rel AND i.indisunique AND i.indimmediate AND i.indisvalid AND i.indpred IS NULL AND i.indnkeyatts = 1 AND i.indkey[0] = p.attnum) THEN
		RAISE EXCEPTION 'column "%" of table % is not unique, so a row could be handed over twice', via, rel
			USING ERRCODE = 'object_not_in_prerequisite_state', HINT = format('ALTER TABLE %s ADD UNIQUE (%I);', rel, via);
	END IF;
	name := lifecycle.name_for_two(rel, a.key, source);
	PERFORM lifecycle.register_hand_over(rel, via, source, ARRAY[name, 'target', a.key, s.key, stages::text]);
	PERFORM lifecycle.register_hand_over(source, key_column, rel, ARRAY[name, 'source']);
END $$;

COMMENT ON FUNCTION lifecycle.allow_hand_over(regclass, regclass, text[], name, name, name) IS 'lets new rows of a table go on with the journeys of another table''s rows';

CREATE FUNCTION lifecycle.forbid_hand_over(source regclass, rel regclass) RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	t record;
	number integer := 0;
BEGIN
	IF NOT (SELECT pg_has_role(relowner, 'USAGE') FROM pg_class WHERE oid = rel) THEN
		RAISE EXCEPTION 'must be owner of table %', rel USING ERRCODE = 'insufficient_privilege';
	END IF;
	FOR t IN
		SELECT g.tgname, g.tgrelid::regclass AS relation FROM pg_trigger g
		WHERE g.tgfoid = 'lifecycle.hand_over()'::regprocedure AND g.tgparentid = 0
			AND (g.tgrelid, g.tgconstrrelid, (lifecycle.trigger_arguments(g.tgargs))[2]) IN ((rel, source, 'target'), (source, rel, 'source'))
	LOOP
		EXECUTE format('DROP TRIGGER %I ON %s', t.tgname, t.relation);
		number := number + 1;
	END LOOP;
	IF number = 0 THEN
		RAISE EXCEPTION 'table % hands no rows over to %', source, rel USING ERRCODE = 'undefined_object',
			HINT = 'SELECT * FROM lifecycle.hand_overs shows who does.';
	END IF;
END $$;

COMMENT ON FUNCTION lifecycle.forbid_hand_over(regclass, regclass) IS 'has new rows of a table begin journeys of their own again';

CREATE FUNCTION lifecycle.rename_in_hand_overs(lifecycle text, old text, new text) RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	h record;
	arguments text[];
BEGIN
	FOR h IN
		SELECT v.*, t.tgname, lifecycle.trigger_arguments(t.tgargs) AS arguments
		FROM lifecycle.hand_overs v
			JOIN lifecycle.attachments s ON s.relation = v.source AND s.stage_column = v.source_stage_column
			JOIN pg_trigger t ON t.tgrelid = v.relation AND t.tgfoid = 'lifecycle.hand_over()'::regprocedure
				AND (lifecycle.trigger_arguments(t.tgargs))[1:2] = ARRAY[v.name, 'target']
		WHERE s.lifecycle = rename_in_hand_overs.lifecycle AND old = ANY (v.stages)
	LOOP
		IF NOT (SELECT bool_and(pg_has_role(relowner, 'USAGE')) FROM pg_class WHERE oid IN (h.relation, h.source)) THEN
			RAISE EXCEPTION 'the hand-over from % to % names the stage "%"', h.source, h.relation, old
				USING ERRCODE = 'insufficient_privilege', HINT = 'A member of the roles that own these tables can do it.';
		END IF;
		arguments := h.arguments;
		arguments[5] := (SELECT array_agg(DISTINCT l)::text FROM unnest(array_replace(h.stages, old, new)) l);
		EXECUTE format('DROP TRIGGER %I ON %s', h.tgname, h.relation);
		PERFORM lifecycle.register_hand_over(h.relation, h.via, h.source, arguments);
	END LOOP;
END $$;

COMMENT ON FUNCTION lifecycle.rename_in_hand_overs(text, text, text) IS 'has hand-overs follow a stage''s new label';

CREATE FUNCTION lifecycle.merge_duplicates(rel regclass, keep anyelement, duplicates anyarray, stage text DEFAULT NULL,
	stage_column name DEFAULT NULL) RETURNS lifecycle.journey
	AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE PARALLEL UNSAFE;

COMMENT ON FUNCTION lifecycle.merge_duplicates(regclass, anyelement, anyarray, text, name) IS 'makes one row of several, with the journeys of all';

CREATE FUNCTION lifecycle.present_journey(journey lifecycle.journey, lifecycle text) RETURNS lifecycle.journey
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	s record;
BEGIN
	FOR s IN
		SELECT f.former, k.label FROM lifecycle.stage k CROSS JOIN LATERAL unnest(k.formerly) f (former)
		WHERE k.lifecycle = present_journey.lifecycle
	LOOP
		journey := lifecycle.relabel(journey, s.former, s.label);
	END LOOP;
	RETURN journey;
END $$;

COMMENT ON FUNCTION lifecycle.present_journey(lifecycle.journey, text) IS 'a journey with the present labels of stages that are still being renamed';

CREATE FUNCTION lifecycle.shown_attachments(rel regclass, stage_column name) RETURNS SETOF lifecycle.attachments
LANGUAGE sql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
	WITH RECURSIVE behind (relation) AS (
		SELECT shown_attachments.rel::oid
		UNION
		SELECT d.refobjid FROM behind b
			JOIN pg_rewrite r ON r.ev_class = b.relation
			JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid AND d.refclassid = 'pg_class'::regclass)
	SELECT a.* FROM behind b JOIN lifecycle.attachments a ON a.relation = b.relation
	WHERE a.stage_column IS NOT DISTINCT FROM coalesce(shown_attachments.stage_column, a.stage_column)
		AND EXISTS (SELECT FROM pg_attribute WHERE attrelid = shown_attachments.rel AND attname = a.journey_column)
$$;

COMMENT ON FUNCTION lifecycle.shown_attachments(regclass, name) IS 'the attachments whose journeys a view shows';

CREATE FUNCTION lifecycle.shown_attachment(rel regclass, stage_column name DEFAULT NULL) RETURNS lifecycle.attachments
LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	found lifecycle.attachments;
	number bigint;
BEGIN
	IF (SELECT relkind FROM pg_class WHERE oid = rel) NOT IN ('v', 'm') THEN
		RETURN lifecycle.attachment_of(rel, stage_column);
	END IF;
	SELECT count(*) INTO number FROM lifecycle.shown_attachments(rel, stage_column);
	IF number = 0 THEN
		RAISE EXCEPTION 'view % shows no journeys of an attached table', rel
			USING ERRCODE = 'undefined_object', HINT = 'It needs the table''s journey column, under its name.';
	ELSIF number > 1 THEN
		RAISE EXCEPTION 'view % may show the journeys of several attachments', rel
			USING ERRCODE = 'ambiguous_parameter', DETAIL = (SELECT format('Attached: %s.', string_agg(format('%s (%s)', s.relation, s.key), ', '
				ORDER BY s.relation, s.key)) FROM lifecycle.shown_attachments(rel, stage_column) s),
				HINT = 'Say which is meant, stage_column => ''...'', or give the journey columns different names.';
	END IF;
	SELECT * INTO found FROM lifecycle.shown_attachments(rel, stage_column);
	RETURN found;
END $$;

COMMENT ON FUNCTION lifecycle.shown_attachment(regclass, name) IS 'the attachment of a table, or the one that a view shows';

CREATE FUNCTION lifecycle.key_expression(rel regclass) RETURNS text
LANGUAGE sql STABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
	SELECT format('pg_catalog.jsonb_build_object(%s)', string_agg(format(
		CASE p.atttypid WHEN 'timestamptz'::regtype
			THEN '%1$L, CASE WHEN pg_catalog.isfinite(t.%1$I) THEN pg_catalog.to_char(t.%1$I AT TIME ZONE ''UTC'', ''YYYY-MM-DD"T"HH24:MI:SS.US"Z"'')'
				' ELSE t.%1$I::pg_catalog.text END'
			ELSE '%1$L, t.%1$I' END, p.attname), ', ' ORDER BY p.attnum))
	FROM pg_index i JOIN pg_attribute p ON p.attrelid = i.indrelid AND p.attnum = ANY (i.indkey)
	WHERE i.indrelid = key_expression.rel AND i.indisprimary
	HAVING count(*) > 0
$$;

COMMENT ON FUNCTION lifecycle.key_expression(regclass) IS 'an SQL expression for the primary key of a row t of a table, as jsonb; NULL where there is none';

CREATE FUNCTION lifecycle.check_columns_shown(rel regclass, columns name[], needed_by text) RETURNS void
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	missing text;
BEGIN
	SELECT string_agg(format('"%s"', c.name), ', ' ORDER BY c.number) INTO missing
	FROM unnest(columns) WITH ORDINALITY c (name, number)
	WHERE NOT EXISTS (SELECT FROM pg_attribute WHERE attrelid = rel AND attname = c.name AND attnum > 0 AND NOT attisdropped);
	IF missing IS NOT NULL THEN
		RAISE EXCEPTION '% has no column %', rel, missing
			USING ERRCODE = 'undefined_column', DETAIL = format('%s.', needed_by);
	END IF;
END $$;

COMMENT ON FUNCTION lifecycle.check_columns_shown(regclass, name[], text) IS 'refuses a table or view that lacks a column';

CREATE FUNCTION lifecycle.rows_in_question(rel regclass, stage_column name,
	OUT lifecycle text, OUT row_lifecycle text, OUT row_journey text, OUT row_key text, OUT row_match text) RETURNS record
LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	a lifecycle.attachments := lifecycle.shown_attachment(rel, stage_column);
BEGIN
	row_key := lifecycle.key_expression(a.relation);
	IF row_key IS NULL THEN
		RAISE EXCEPTION 'table % has no primary key, so its rows cannot be told apart', a.relation
			USING ERRCODE = 'object_not_in_prerequisite_state', HINT = 'Add a primary key first.';
	END IF;
	PERFORM lifecycle.check_columns_shown(rel,
		ARRAY(SELECT p.attname FROM pg_index i JOIN pg_attribute p ON p.attrelid = i.indrelid AND p.attnum = ANY (i.indkey)
			WHERE i.indrelid = a.relation AND i.indisprimary ORDER BY p.attnum)
			|| a.journey_column || CASE WHEN a.lifecycle_column IS NOT NULL THEN ARRAY[a.lifecycle_column] ELSE '{}' END,
		format('A view needs what of %s tells rows, lifecycles and journeys', a.relation));
	SELECT string_agg(format('t.%1$I OPERATOR(pg_catalog.=) e.%1$I', p.attname), ' AND ' ORDER BY p.attnum) INTO row_match
	FROM pg_index i JOIN pg_attribute p ON p.attrelid = i.indrelid AND p.attnum = ANY (i.indkey)
	WHERE i.indrelid = a.relation AND i.indisprimary;
	lifecycle := a.lifecycle;
	row_lifecycle := CASE WHEN a.lifecycle IS NULL THEN format('t.%I::pg_catalog.text', a.lifecycle_column) ELSE quote_literal(a.lifecycle) END;
	row_journey := format('t.%I', a.journey_column);
	IF EXISTS (SELECT FROM lifecycle.stage s WHERE s.lifecycle = coalesce(a.lifecycle, s.lifecycle) AND s.formerly <> '{}') THEN
		row_journey := format('lifecycle.present_journey(%s, %s)', row_journey, row_lifecycle);
	END IF;
END $$;

COMMENT ON FUNCTION lifecycle.rows_in_question(regclass, name) IS 'SQL expressions over a row t of an attached table: its lifecycle, journey and key, and whether an event e is of it';

CREATE FUNCTION lifecycle.later(at timestamptz, span interval, zone text) RETURNS timestamptz
LANGUAGE sql STABLE PARALLEL SAFE
RETURN CASE WHEN extract(year FROM span) = 0 AND extract(month FROM span) = 0 AND extract(day FROM span) = 0 THEN at
	ELSE (at AT TIME ZONE zone + date_trunc('day', span)) AT TIME ZONE zone END + (span - date_trunc('day', span));

COMMENT ON FUNCTION lifecycle.later(timestamptz, interval, text) IS 'an instant and an interval, added by the calendar of a time zone';

CREATE FUNCTION lifecycle.date_expression(rel regclass, date_column name, needed_by text) RETURNS text
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	type regtype;
BEGIN
	PERFORM lifecycle.check_columns_shown(rel, ARRAY[date_column], needed_by);
	SELECT atttypid INTO STRICT type FROM pg_attribute WHERE attrelid = rel AND attname = date_column;
	IF type NOT IN ('date'::regtype, 'timestamp'::regtype, 'timestamptz'::regtype) THEN
		RAISE EXCEPTION 'column "%" of % is of type %, not a date or a timestamp', date_column, rel, type
			USING ERRCODE = 'datatype_mismatch', DETAIL = format('%s.', needed_by);
	END IF;
	RETURN format(CASE type WHEN 'timestamptz'::regtype THEN 't.%I' ELSE '(t.%I::pg_catalog.timestamp AT TIME ZONE $4)' END, date_column);
END $$;

COMMENT ON FUNCTION lifecycle.date_expression(regclass, name, text) IS 'an SQL expression for the instant in a date column of a row t';

CREATE FUNCTION lifecycle.check_stages_exist(lifecycle text, labels text[]) RETURNS void
LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	missing text;
BEGIN
	SELECT string_agg(CASE WHEN l.label IS NULL THEN 'NULL' ELSE format('"%s"', l.label) END, ', ' ORDER BY l.number) INTO missing
	FROM unnest(labels) WITH ORDINALITY l (label, number)
	WHERE NOT EXISTS (SELECT FROM lifecycle.stage s
		WHERE s.lifecycle = coalesce(check_stages_exist.lifecycle, s.lifecycle) AND s.label = l.label);
	IF missing IS NOT NULL THEN
		RAISE EXCEPTION '% no stage %', CASE WHEN lifecycle IS NULL THEN 'lifecycles have' ELSE format('lifecycle "%s" has', lifecycle) END, missing
			USING ERRCODE = 'undefined_object', HINT = 'SELECT lifecycle, id, label FROM lifecycle.stage; shows what rows hold.';
	END IF;
END $$;

COMMENT ON FUNCTION lifecycle.check_stages_exist(text, text[]) IS 'refuses labels that are no stages of a lifecycle, or of any';

CREATE FUNCTION lifecycle.due_query(rel regclass, date_column name, stages text[], stage_column name) RETURNS text
LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	q record := lifecycle.rows_in_question(rel, stage_column);
BEGIN
	PERFORM lifecycle.check_stages_exist(q.lifecycle, stages);
	RETURN format($q$
		WITH stages AS MATERIALIZED (
			SELECT s.lifecycle, s.label, s.owner, s.sla FROM lifecycle.stage s
			WHERE %1$s AND (%2$L OR s.sla IS NOT NULL)
				AND ($3 IS NULL OR s.label OPERATOR(pg_catalog.=) ANY ($3))),
		dated AS (
			SELECT %3$s AS key, s.lifecycle, s.label, s.owner, lifecycle.in_stage_since(j.journey) AS since, %4$s AS due_at
			FROM %5$s t
				CROSS JOIN LATERAL (SELECT %6$s AS journey) j
				JOIN stages s ON s.lifecycle OPERATOR(pg_catalog.=) %7$s
					AND s.label OPERATOR(pg_catalog.=) lifecycle.current_stage(j.journey))
		SELECT d.key, d.lifecycle, d.label, d.owner, $5, d.since, d.due_at, d.due_at OPERATOR(pg_catalog.<=) $1
		FROM dated d WHERE d.due_at IS NOT NULL $q$,
		CASE WHEN q.lifecycle IS NULL THEN 'true' ELSE format('s.lifecycle OPERATOR(pg_catalog.=) %L', q.lifecycle) END,
		date_column IS NOT NULL, q.row_key,
		CASE WHEN date_column IS NULL THEN 'lifecycle.later(lifecycle.in_stage_since(j.journey), s.sla, $4)'
			ELSE format('lifecycle.later(%s, OPERATOR(pg_catalog.-) $2, $4)', lifecycle.date_expression(rel, date_column, 'It is to say when something is due')) END,
		rel, q.row_journey, q.row_lifecycle);
END $$;

COMMENT ON FUNCTION lifecycle.due_query(regclass, name, text[], name) IS 'the query behind due()';

CREATE FUNCTION lifecycle.due(rel regclass, date_column name DEFAULT NULL, lead interval DEFAULT '0', stages text[] DEFAULT NULL,
	name text DEFAULT NULL, stage_column name DEFAULT NULL, as_of timestamptz DEFAULT pg_catalog.now(), zone text DEFAULT 'UTC',
	OUT key jsonb, OUT lifecycle text, OUT stage text, OUT owner text, OUT kind text,
	OUT since timestamptz, OUT due_at timestamptz, OUT overdue boolean) RETURNS SETOF record
LANGUAGE plpgsql STABLE PARALLEL UNSAFE ROWS 100
AS $$
BEGIN
	IF rel IS NULL OR lead IS NULL OR as_of IS NULL OR zone IS NULL THEN
		RAISE EXCEPTION 'the table, the lead, the instant and the time zone must be given' USING ERRCODE = 'null_value_not_allowed';
	ELSIF date_column IS NULL AND lead OPERATOR(pg_catalog.<>) '0'::pg_catalog.interval THEN
		RAISE EXCEPTION 'a lead is ahead of a date' USING ERRCODE = 'invalid_parameter_value',
			HINT = 'Say in which column the date is: date_column => ''...''.';
	END IF;
	RETURN QUERY EXECUTE lifecycle.due_query(rel, date_column, stages, stage_column)
	USING as_of, lead, stages, zone, coalesce(name, date_column::pg_catalog.text, 'sla');
END $$;

COMMENT ON FUNCTION lifecycle.due(regclass, name, interval, text[], text, name, timestamptz, text)
	IS 'when each row''s time in its stage is up, or a date of its own has come, and whether it has';

CREATE FUNCTION lifecycle.share_lifecycle(lifecycle text) RETURNS text
	AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;

COMMENT ON FUNCTION lifecycle.share_lifecycle(text)
	IS 'the diagram of a lifecycle, for its owner, which nobody changes until the end of the transaction';

CREATE TABLE lifecycle.play (
	lifecycle text NOT NULL,
	name text NOT NULL CONSTRAINT play_has_name CHECK (name <> ''),
	stage text,
	from_stage text,
	to_stage text,
	date_column name,
	delay interval NOT NULL DEFAULT '0',
	channel text,
	message text,
	owner text,
	starts_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
	PRIMARY KEY (lifecycle, name),
	CONSTRAINT play_of_stage_or_move CHECK (
		CASE WHEN stage IS NULL THEN from_stage IS NOT NULL AND to_stage IS NOT NULL AND date_column IS NULL
			ELSE from_stage IS NULL AND to_stage IS NULL END),
	CONSTRAINT play_within_a_thousand_years CHECK (delay BETWEEN '-1000 years' AND '1000 years'),
	CONSTRAINT play_after_what_happened CHECK (delay >= '0' OR date_column IS NOT NULL)
);

COMMENT ON TABLE lifecycle.play IS 'what is to be done when rows stay in a stage, have moved, or a date draws near';

COMMENT ON COLUMN lifecycle.play.stage IS 'the label of the stage in which rows must be when it is due';

COMMENT ON COLUMN lifecycle.play.from_stage IS 'of a play about a move: the label of the stage that is left';

COMMENT ON COLUMN lifecycle.play.to_stage IS 'of a play about a move: the label of the stage that is entered';

COMMENT ON COLUMN lifecycle.play.date_column IS 'the column with the date from which the delay counts; NULL: it counts from the entry into the stage';

COMMENT ON COLUMN lifecycle.play.delay IS 'how long afterwards it is due; negative: how long before the date';

COMMENT ON COLUMN lifecycle.play.channel IS 'where: what the consumer makes of it';

COMMENT ON COLUMN lifecycle.play.message IS 'what: what the consumer makes of it';

COMMENT ON COLUMN lifecycle.play.owner IS 'who does it, in words';

COMMENT ON COLUMN lifecycle.play.starts_at IS 'what would have been due earlier never is';

SELECT pg_catalog.pg_extension_config_dump('lifecycle.play', '');

GRANT SELECT, INSERT, UPDATE, DELETE ON lifecycle.play TO PUBLIC;

CREATE FUNCTION lifecycle.check_play(play lifecycle.play, diagram text) RETURNS void
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	label text;
BEGIN
	SELECT l.label INTO label FROM unnest(ARRAY[play.stage, play.from_stage, play.to_stage]) l (label)
	WHERE l.label IS NOT NULL AND NOT EXISTS (SELECT FROM lifecycle.diagram_stages(diagram) s WHERE s.label = l.label AND NOT s.outside) LIMIT 1;
	IF FOUND THEN
		RAISE EXCEPTION 'play "%" is about stage "%", in which lifecycle "%" has no rows', play.name, label, play.lifecycle
			USING ERRCODE = 'undefined_object',
				DETAIL = (SELECT format('Its stages with rows are: %s.', string_agg(format('"%s"', s.label), ', ' ORDER BY s.position))
					FROM lifecycle.diagram_stages(diagram) s WHERE NOT s.outside),
				HINT = 'A play names the label of a stage. Change or delete it in lifecycle.play, or draw the stage.';
	ELSIF play.from_stage IS NOT NULL AND play.to_stage IS NOT NULL AND NOT EXISTS (
		SELECT FROM lifecycle.diagram_moves(diagram) m
			JOIN lifecycle.diagram_stages(diagram) t ON t.id = m.to_stage AND t.label = play.to_stage
			JOIN lifecycle.diagram_stages(diagram) f ON (f.id = m.from_stage OR f.phase = m.from_phase) AND f.label = play.from_stage)
	THEN
		RAISE EXCEPTION 'play "%" is about the move from "%" to "%", which lifecycle "%" does not draw',
			play.name, play.from_stage, play.to_stage, play.lifecycle
			USING ERRCODE = 'undefined_object', HINT = 'Change or delete it in lifecycle.play, or draw the move.';
	END IF;
END $$;

COMMENT ON FUNCTION lifecycle.check_play(lifecycle.play, text) IS 'refuses a play about what a diagram does not draw';

CREATE FUNCTION lifecycle.guard_play() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	-- A dump is restored where its rows are already.
	IF TG_OP = 'INSERT' AND EXISTS (SELECT FROM lifecycle.play p
		WHERE p.lifecycle = NEW.lifecycle AND p.name = NEW.name AND p.* IS NOT DISTINCT FROM NEW.*) THEN
		RETURN NULL;
	ELSIF TG_OP <> 'INSERT' THEN
		PERFORM lifecycle.share_lifecycle(OLD.lifecycle);
	END IF;
	IF TG_OP = 'DELETE' THEN
		RETURN OLD;
	ELSIF TG_OP = 'UPDATE' AND OLD.name <> NEW.name THEN
		RAISE EXCEPTION 'play "%" keeps its name, by which consumers know what they have done', OLD.name
			USING ERRCODE = 'invalid_parameter_value', HINT = 'Delete it and insert another.';
	END IF;
	PERFORM lifecycle.check_play(NEW, lifecycle.share_lifecycle(NEW.lifecycle));
	RETURN NEW;
END $$;

COMMENT ON FUNCTION lifecycle.guard_play() IS 'lets lifecycles'' owners write their plays, and plays be about what is drawn';

CREATE TRIGGER guard_rows BEFORE INSERT OR UPDATE OR DELETE ON lifecycle.play
	FOR EACH ROW EXECUTE FUNCTION lifecycle.guard_play();

CREATE FUNCTION lifecycle.present_label(diagram text, label text) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
	SELECT coalesce(
		(SELECT s.label FROM lifecycle.diagram_stages(diagram) s WHERE present_label.label = ANY (s.formerly)
			AND NOT EXISTS (SELECT FROM lifecycle.diagram_stages(diagram) k WHERE k.label = present_label.label)),
		present_label.label)
$$;

COMMENT ON FUNCTION lifecycle.present_label(text, text) IS 'what a stage is called that had this label before it was renamed or merged; the label itself otherwise';

CREATE FUNCTION lifecycle.follow_with_plays() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	gone bigint;
BEGIN
	IF TG_OP = 'DELETE' THEN
		DELETE FROM lifecycle.play p WHERE p.lifecycle = OLD.name;
		GET DIAGNOSTICS gone = ROW_COUNT;
		IF gone > 0 THEN
			RAISE NOTICE 'the plays of lifecycle "%" are gone with it: %', OLD.name, gone;
		END IF;
		RETURN NULL;
	END IF;
	-- Those that stay as they are are only looked at: whoever is writing one waits for the lifecycle already.
	UPDATE lifecycle.play p SET lifecycle = NEW.name, stage = l.stage, from_stage = l.from_stage, to_stage = l.to_stage
	FROM (SELECT o.name, lifecycle.present_label(NEW.diagram, o.stage) AS stage,
			lifecycle.present_label(NEW.diagram, o.from_stage) AS from_stage, lifecycle.present_label(NEW.diagram, o.to_stage) AS to_stage
		FROM lifecycle.play o WHERE o.lifecycle = OLD.name) l
	WHERE p.lifecycle = OLD.name AND p.name = l.name
		AND (NEW.name, l.stage, l.from_stage, l.to_stage) IS DISTINCT FROM (p.lifecycle, p.stage, p.from_stage, p.to_stage);
	PERFORM lifecycle.check_play(p, NEW.diagram) FROM lifecycle.play p WHERE p.lifecycle = NEW.name;
	RETURN NULL;
END $$;

COMMENT ON FUNCTION lifecycle.follow_with_plays() IS 'has plays follow stages to other labels, refuses to let go what they are about, and lets them go with their lifecycle';

CREATE TRIGGER follow_with_plays AFTER UPDATE OR DELETE ON lifecycle.lifecycle
	FOR EACH ROW EXECUTE FUNCTION lifecycle.follow_with_plays();

CREATE FUNCTION lifecycle.longest_delay(delays interval[]) RETURNS interval
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
	SELECT make_interval(days => (2 + max(CASE WHEN m.months > 0 THEN 31 ELSE 28 END * m.months + extract(day FROM d)
		+ ceil(extract(epoch FROM d - date_trunc('day', d)) / 86400)))::int)
	FROM unnest(delays) d CROSS JOIN LATERAL (SELECT 12 * extract(year FROM d) + extract(month FROM d)) m (months)
$$;

COMMENT ON FUNCTION lifecycle.longest_delay(interval[]) IS 'days that no delay exceeds, from whatever instant it counts';

CREATE FUNCTION lifecycle.due_plays_query(rel regclass, stage_column name) RETURNS text
LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	q record := lifecycle.rows_in_question(rel, stage_column);
	of_lifecycle text := CASE WHEN q.lifecycle IS NULL THEN 'true' ELSE format('p.lifecycle OPERATOR(pg_catalog.=) %L', q.lifecycle) END;
	-- p is the play, o what happened, d when it is due.
	answer text := format($q$
		SELECT %s, p.lifecycle, p.name, lifecycle.current_stage(j.journey), p.channel, p.message, p.owner, o.at, d.due_at
		FROM %s t CROSS JOIN LATERAL (SELECT %s AS journey) j$q$, q.row_key, rel, q.row_journey);
	due text := $q$
		CROSS JOIN LATERAL (SELECT lifecycle.later(o.at, p.delay, $4) AS due_at) d$q$;
	in_window text := $q$
		WHERE d.due_at OPERATOR(pg_catalog.<=) $2 AND ($1 IS NULL OR d.due_at OPERATOR(pg_catalog.>) $1)
			AND d.due_at OPERATOR(pg_catalog.>=) p.starts_at$q$;
	in_stage text := $q$
			AND d.due_at OPERATOR(pg_catalog.>=) %s AND (%s IS NULL OR d.due_at OPERATOR(pg_catalog.<) %2$s)$q$;
	moved_lately text;
	dates text;
	branches text[];
BEGIN
	SELECT string_agg(DISTINCT format('WHEN p.date_column OPERATOR(pg_catalog.=) %L THEN %s', p.date_column,
			lifecycle.date_expression(rel, p.date_column, format('Play "%s" of lifecycle "%s" counts from it', p.name, p.lifecycle))), ' ')
			FILTER (WHERE p.date_column IS NOT NULL),
		format('
			AND lifecycle.last_moved_at(j.journey) OPERATOR(pg_catalog.+) %L::pg_catalog.interval OPERATOR(pg_catalog.>=)
				(SELECT pg_catalog.max(v.at) FROM (VALUES ($1), (%L::pg_catalog.timestamptz)) v (at))',
			lifecycle.longest_delay(array_agg(p.delay) FILTER (WHERE p.date_column IS NULL)), min(p.starts_at))
	INTO dates, moved_lately
	FROM lifecycle.play p WHERE p.lifecycle = coalesce(q.lifecycle, p.lifecycle);

	branches := ARRAY[
		answer || '
		CROSS JOIN LATERAL lifecycle.steps(lifecycle.collapse(j.journey)) s
		CROSS JOIN LATERAL (SELECT s.entered_at AS at) o
		JOIN plays p ON p.date_column IS NULL AND p.stage OPERATOR(pg_catalog.=) s.stage'
		|| due || in_window || format(in_stage, 's.entered_at', 's.left_at') || moved_lately,
		answer || '
		CROSS JOIN LATERAL (SELECT DISTINCT m.from_stage, m.stage, m.at FROM (
			SELECT pg_catalog.lag(s.stage) OVER (ORDER BY s.step) AS from_stage, s.stage, s.entered_at AS at FROM lifecycle.steps(j.journey) s) m) o
		JOIN plays p ON p.from_stage OPERATOR(pg_catalog.=) o.from_stage AND p.to_stage OPERATOR(pg_catalog.=) o.stage'
		|| due || in_window || moved_lately];
	IF dates IS NOT NULL THEN
		branches := branches || (answer || format('
		JOIN plays p ON p.date_column IS NOT NULL
		CROSS JOIN LATERAL (SELECT CASE %s END AS at) o', dates)
			|| due || '
		JOIN LATERAL lifecycle.steps(lifecycle.collapse(j.journey)) s ON s.stage OPERATOR(pg_catalog.=) p.stage'
			|| in_window || format(in_stage, 's.entered_at', 's.left_at'));
	END IF;
	RETURN format('WITH plays AS MATERIALIZED (SELECT p.* FROM lifecycle.play p WHERE %s)', of_lifecycle)
		|| (SELECT string_agg(format('%s AND p.lifecycle OPERATOR(pg_catalog.=) %s', b.branch, q.row_lifecycle), '
		UNION ALL') FROM unnest(branches) b (branch));
END $$;

COMMENT ON FUNCTION lifecycle.due_plays_query(regclass, name) IS 'the query behind due_plays()';

CREATE FUNCTION lifecycle.due_plays(rel regclass, since timestamptz DEFAULT NULL, until timestamptz DEFAULT pg_catalog.now(),
	stage_column name DEFAULT NULL, zone text DEFAULT 'UTC',
	OUT key jsonb, OUT lifecycle text, OUT play text, OUT stage text, OUT channel text, OUT message text, OUT owner text,
	OUT occurred_at timestamptz, OUT due_at timestamptz) RETURNS SETOF record
LANGUAGE plpgsql STABLE PARALLEL UNSAFE ROWS 100
AS $$
BEGIN
	IF rel IS NULL OR until IS NULL OR zone IS NULL THEN
		RAISE EXCEPTION 'the table, the end of the time and the time zone must be given' USING ERRCODE = 'null_value_not_allowed';
	END IF;
	RETURN QUERY EXECUTE lifecycle.due_plays_query(rel, stage_column) USING since, until, NULL::pg_catalog.text, zone;
END $$;

COMMENT ON FUNCTION lifecycle.due_plays(regclass, timestamptz, timestamptz, name, text)
	IS 'the plays that came due after an instant and until another, once for each visit of their stage, or move, or date';

CREATE FUNCTION lifecycle.create_play_queue(table_name text) RETURNS regclass
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE AS $$
DECLARE
	parts pg_catalog.text[] := pg_catalog.parse_ident(table_name);
	name pg_catalog.text;
BEGIN
	-- Or a temporary table of that name would get in between.
	IF pg_catalog.cardinality(parts) OPERATOR(pg_catalog.=) 1 AND pg_catalog.current_schema() IS NOT NULL THEN
		parts := pg_catalog.array_prepend(pg_catalog.current_schema()::pg_catalog.text, parts);
	END IF;
	name := (SELECT pg_catalog.string_agg(pg_catalog.quote_ident(part), '.' ORDER BY n)
		FROM pg_catalog.unnest(parts) WITH ORDINALITY i(part, n));
	EXECUTE pg_catalog.format('CREATE TABLE %s ('
		'relation pg_catalog.regclass NOT NULL, lifecycle pg_catalog.text NOT NULL, play pg_catalog.text NOT NULL, '
		'key pg_catalog.jsonb NOT NULL, occurred_at pg_catalog.timestamptz NOT NULL, due_at pg_catalog.timestamptz NOT NULL, '
		'stage pg_catalog.text, channel pg_catalog.text, message pg_catalog.text, owner pg_catalog.text, '
		'collected_at pg_catalog.timestamptz NOT NULL DEFAULT pg_catalog.now(), done_at pg_catalog.timestamptz, '
		'PRIMARY KEY (relation, lifecycle, play, key, occurred_at))', name);
	EXECUTE pg_catalog.format('CREATE INDEX ON %s (due_at) WHERE done_at IS NULL', name);
	EXECUTE pg_catalog.format('COMMENT ON TABLE %s IS %L', name, 'plays that are due, each once, for whoever does them to set done_at');
	RETURN pg_catalog.to_regclass(name);
END
$$;

COMMENT ON FUNCTION lifecycle.create_play_queue(text) IS 'makes a table of one''s own for plays that are due';

CREATE FUNCTION lifecycle.collect_plays(rel regclass, queue regclass, since timestamptz DEFAULT NULL, until timestamptz DEFAULT pg_catalog.now(),
	stage_column name DEFAULT NULL, zone text DEFAULT 'UTC') RETURNS bigint
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS $$
DECLARE
	collected bigint;
BEGIN
	IF queue IS NULL THEN
		RAISE EXCEPTION 'the queue must be given' USING ERRCODE = 'null_value_not_allowed',
			HINT = 'SELECT lifecycle.create_play_queue(...) makes one.';
	END IF;
	EXECUTE pg_catalog.format('INSERT INTO %s (relation, lifecycle, play, key, occurred_at, due_at, stage, channel, message, owner)
		SELECT $1, d.lifecycle, d.play, d.key, d.occurred_at, d.due_at, d.stage, d.channel, d.message, d.owner
		FROM lifecycle.due_plays($2, $3, $4, $5, $6) d
		ON CONFLICT (relation, lifecycle, play, key, occurred_at) DO NOTHING', queue)
	USING (lifecycle.shown_attachment(rel, stage_column)).relation, rel, since, until, stage_column, zone;
	GET DIAGNOSTICS collected = ROW_COUNT;
	RETURN collected;
END
$$;

COMMENT ON FUNCTION lifecycle.collect_plays(regclass, regclass, timestamptz, timestamptz, name, text)
	IS 'puts the plays that are due into a queue, each once, and says how many are new';

CREATE TABLE lifecycle.persona (
	lifecycle text NOT NULL,
	name text NOT NULL CONSTRAINT persona_has_name CHECK (name <> ''),
	profile text,
	goals text[] NOT NULL DEFAULT '{}',
	pain_points text[] NOT NULL DEFAULT '{}',
	preferred_channels text[] NOT NULL DEFAULT '{}',
	PRIMARY KEY (lifecycle, name)
);

COMMENT ON TABLE lifecycle.persona IS 'who goes through a lifecycle: kinds of customers, one row each';

COMMENT ON COLUMN lifecycle.persona.profile IS 'who that is, in words';

CREATE TABLE lifecycle.touchpoint (
	lifecycle text NOT NULL,
	stage text NOT NULL,
	persona text,
	name text NOT NULL CONSTRAINT touchpoint_has_name CHECK (name <> ''),
	family text NOT NULL CONSTRAINT touchpoint_family CHECK (family IN ('marketing', 'sales', 'success')),
	channel text NOT NULL CONSTRAINT touchpoint_has_channel CHECK (channel <> ''),
	objective text,
	action text,
	emotion smallint CONSTRAINT touchpoint_emotion CHECK (emotion BETWEEN -2 AND 2),
	pain_point text,
	opportunity text,
	moment_of_truth boolean NOT NULL DEFAULT false,
	"position" integer NOT NULL DEFAULT 0,
	CONSTRAINT touchpoint_key UNIQUE NULLS NOT DISTINCT (lifecycle, stage, persona, name)
);

COMMENT ON TABLE lifecycle.touchpoint IS 'where customers meet the company: by stage, persona and channel, with what they want, do and feel there';

COMMENT ON COLUMN lifecycle.touchpoint.stage IS 'the label of the stage';

COMMENT ON COLUMN lifecycle.touchpoint.persona IS 'whose it is; NULL: everybody''s';

COMMENT ON COLUMN lifecycle.touchpoint.family IS 'marketing, sales or success';

COMMENT ON COLUMN lifecycle.touchpoint.objective IS 'what the customer wants there';

COMMENT ON COLUMN lifecycle.touchpoint.action IS 'what the customer does there';

COMMENT ON COLUMN lifecycle.touchpoint.emotion IS 'how it feels, from -2 (awful) to 2 (delightful)';

COMMENT ON COLUMN lifecycle.touchpoint.moment_of_truth IS 'whether it decides what customers think of the company';

COMMENT ON COLUMN lifecycle.touchpoint."position" IS 'orders the touchpoints of a stage';

SELECT pg_catalog.pg_extension_config_dump('lifecycle.persona', '');

SELECT pg_catalog.pg_extension_config_dump('lifecycle.touchpoint', '');

GRANT SELECT, INSERT, UPDATE, DELETE ON lifecycle.persona, lifecycle.touchpoint TO PUBLIC;

CREATE FUNCTION lifecycle.guard_persona() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	-- A dump is restored where its rows are already.
	IF TG_OP = 'INSERT' AND EXISTS (SELECT FROM lifecycle.persona p
		WHERE p.lifecycle = NEW.lifecycle AND p.name = NEW.name AND p.* IS NOT DISTINCT FROM NEW.*) THEN
		RETURN NULL;
	ELSIF TG_OP <> 'INSERT' THEN
		-- Whoever writes touchpoints shares it.
		IF EXISTS (SELECT FROM lifecycle.lifecycle l WHERE l.name = OLD.lifecycle) THEN
			PERFORM lifecycle.lock_lifecycle(OLD.lifecycle);
		ELSE
			PERFORM lifecycle.share_lifecycle(OLD.lifecycle);
		END IF;
	END IF;
	IF TG_OP = 'DELETE' THEN
		IF EXISTS (SELECT FROM lifecycle.touchpoint t WHERE t.lifecycle = OLD.lifecycle AND t.persona = OLD.name) THEN
			RAISE EXCEPTION 'persona "%" of lifecycle "%" has touchpoints', OLD.name, OLD.lifecycle
				USING ERRCODE = 'foreign_key_violation', HINT = 'Delete them in lifecycle.touchpoint first, or give them to another persona.';
		END IF;
		RETURN OLD;
	END IF;
	PERFORM lifecycle.share_lifecycle(NEW.lifecycle);
	RETURN NEW;
END $$;

COMMENT ON FUNCTION lifecycle.guard_persona() IS 'lets lifecycles'' owners write their personas, and keeps those that have touchpoints';

CREATE TRIGGER guard_rows BEFORE INSERT OR UPDATE OR DELETE ON lifecycle.persona
	FOR EACH ROW EXECUTE FUNCTION lifecycle.guard_persona();

CREATE FUNCTION lifecycle.follow_persona() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	UPDATE lifecycle.touchpoint t SET lifecycle = NEW.lifecycle, persona = NEW.name
	WHERE t.lifecycle = OLD.lifecycle AND t.persona = OLD.name;
	RETURN NULL;
END $$;

COMMENT ON FUNCTION lifecycle.follow_persona() IS 'has touchpoints follow their persona to another name';

CREATE TRIGGER follow_persona AFTER UPDATE ON lifecycle.persona
	FOR EACH ROW WHEN ((OLD.lifecycle, OLD.name) IS DISTINCT FROM (NEW.lifecycle, NEW.name))
	EXECUTE FUNCTION lifecycle.follow_persona();

CREATE FUNCTION lifecycle.check_touchpoint(touchpoint lifecycle.touchpoint, diagram text) RETURNS void
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF touchpoint.stage IS NOT NULL
		AND NOT EXISTS (SELECT FROM lifecycle.diagram_stages(diagram) s WHERE s.label = touchpoint.stage) THEN
		RAISE EXCEPTION 'touchpoint "%" is at stage "%", which lifecycle "%" does not have', touchpoint.name, touchpoint.stage, touchpoint.lifecycle
			USING ERRCODE = 'undefined_object',
				DETAIL = (SELECT format('Its stages are: %s.', string_agg(format('"%s"', s.label), ', ' ORDER BY s.position))
					FROM lifecycle.diagram_stages(diagram) s),
				HINT = 'A touchpoint names the label of a stage. Change or delete it in lifecycle.touchpoint, or draw the stage.';
	END IF;
	-- A dump may bring touchpoints before all personas, to the database's owner, who restores it.
	IF touchpoint.persona IS NOT NULL
		AND NOT EXISTS (SELECT FROM lifecycle.persona p WHERE p.lifecycle = touchpoint.lifecycle AND p.name = touchpoint.persona)
		AND (NOT pg_has_role('pg_database_owner', 'USAGE') OR EXISTS (SELECT FROM lifecycle.persona p WHERE p.lifecycle = touchpoint.lifecycle)) THEN
		RAISE EXCEPTION 'touchpoint "%" is persona "%"''s, whom lifecycle "%" does not have', touchpoint.name, touchpoint.persona, touchpoint.lifecycle
			USING ERRCODE = 'foreign_key_violation', HINT = 'Describe the persona in lifecycle.persona first.';
	END IF;
END $$;

COMMENT ON FUNCTION lifecycle.check_touchpoint(lifecycle.touchpoint, text) IS 'refuses a touchpoint at a stage that a diagram does not have, or of a persona that is not described';

CREATE FUNCTION lifecycle.guard_touchpoint() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF TG_OP = 'INSERT' AND EXISTS (SELECT FROM lifecycle.touchpoint t
		WHERE t.lifecycle = NEW.lifecycle AND t.stage = NEW.stage AND t.name = NEW.name AND t.* IS NOT DISTINCT FROM NEW.*) THEN
		RETURN NULL;
	ELSIF TG_OP <> 'INSERT' THEN
		PERFORM lifecycle.share_lifecycle(OLD.lifecycle);
	END IF;
	IF TG_OP = 'DELETE' THEN
		RETURN OLD;
	END IF;
	PERFORM lifecycle.check_touchpoint(NEW, lifecycle.share_lifecycle(NEW.lifecycle));
	RETURN NEW;
END $$;

COMMENT ON FUNCTION lifecycle.guard_touchpoint() IS 'lets lifecycles'' owners write their touchpoints, at stages that are drawn';

CREATE TRIGGER guard_rows BEFORE INSERT OR UPDATE OR DELETE ON lifecycle.touchpoint
	FOR EACH ROW EXECUTE FUNCTION lifecycle.guard_touchpoint();

CREATE FUNCTION lifecycle.follow_with_map() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	touchpoints bigint;
	personas bigint;
	twice text;
BEGIN
	IF TG_OP = 'DELETE' THEN
		DELETE FROM lifecycle.touchpoint t WHERE t.lifecycle = OLD.name;
		GET DIAGNOSTICS touchpoints = ROW_COUNT;
		DELETE FROM lifecycle.persona p WHERE p.lifecycle = OLD.name;
		GET DIAGNOSTICS personas = ROW_COUNT;
		IF touchpoints + personas > 0 THEN
			RAISE NOTICE 'the personas and touchpoints of lifecycle "%" are gone with it: % and %', OLD.name, personas, touchpoints;
		END IF;
		RETURN NULL;
	END IF;
	-- Stages that are merged may have touchpoints of one name.
	SELECT t.name INTO twice FROM lifecycle.touchpoint t WHERE t.lifecycle = OLD.name
	GROUP BY lifecycle.present_label(NEW.diagram, t.stage), t.persona, t.name HAVING count(*) > 1 LIMIT 1;
	IF FOUND THEN
		RAISE EXCEPTION 'a stage of lifecycle "%" would have two touchpoints "%"', NEW.name, twice
			USING ERRCODE = 'unique_violation', HINT = 'Rename or delete one of them in lifecycle.touchpoint first.';
	END IF;
	UPDATE lifecycle.persona p SET lifecycle = NEW.name WHERE p.lifecycle = OLD.name AND NEW.name <> OLD.name;
	-- Those that stay as they are are only looked at: whoever is writing one waits for the lifecycle already.
	UPDATE lifecycle.touchpoint t SET lifecycle = NEW.name, stage = lifecycle.present_label(NEW.diagram, t.stage)
	WHERE t.lifecycle IN (OLD.name, NEW.name) AND (t.lifecycle, t.stage) <> (NEW.name, lifecycle.present_label(NEW.diagram, t.stage));
	PERFORM lifecycle.check_touchpoint(t, NEW.diagram) FROM lifecycle.touchpoint t WHERE t.lifecycle = NEW.name;
	RETURN NULL;
END $$;

COMMENT ON FUNCTION lifecycle.follow_with_map() IS 'has touchpoints follow stages to other labels, refuses to let go the stages that they are at, and lets them go with their lifecycle';

CREATE TRIGGER follow_with_map AFTER UPDATE OR DELETE ON lifecycle.lifecycle
	FOR EACH ROW EXECUTE FUNCTION lifecycle.follow_with_map();

CREATE FUNCTION lifecycle.check_persona(lifecycle text, persona text) RETURNS void
LANGUAGE plpgsql STABLE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM lifecycle.diagram(lifecycle);
	IF persona IS NOT NULL AND NOT EXISTS (SELECT FROM lifecycle.persona p
		WHERE p.lifecycle = check_persona.lifecycle AND p.name = check_persona.persona) THEN
		RAISE EXCEPTION 'lifecycle "%" has no persona "%"', lifecycle, persona
			USING ERRCODE = 'undefined_object', HINT = 'SELECT lifecycle, name FROM lifecycle.persona; shows those that there are.';
	END IF;
END $$;

COMMENT ON FUNCTION lifecycle.check_persona(text, text) IS 'refuses a lifecycle that does not exist, and a persona that it does not have';

CREATE FUNCTION lifecycle.journey_map(name text, persona text DEFAULT NULL,
	OUT "position" integer, OUT phase text, OUT stage text, OUT title text, OUT touchpoint text, OUT whose text, OUT family text,
	OUT channel text, OUT objective text, OUT action text, OUT emotion smallint, OUT pain_point text, OUT opportunity text,
	OUT moment_of_truth boolean, OUT gap boolean) RETURNS SETOF record
LANGUAGE plpgsql STABLE PARALLEL UNSAFE ROWS 50 SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM lifecycle.check_persona(name, persona);
	RETURN QUERY
	SELECT s.position, coalesce(s.phase_title, s.phase), s.label, coalesce(s.title, s.label), t.name, t.persona, t.family, t.channel, t.objective, t.action, t.emotion,
		t.pain_point, t.opportunity, t.moment_of_truth, t.name IS NULL
	FROM lifecycle.stage s
		LEFT JOIN lifecycle.touchpoint t ON t.lifecycle = s.lifecycle AND t.stage = s.label
			AND (t.persona = journey_map.persona OR t.persona IS NULL OR journey_map.persona IS NULL)
	WHERE s.lifecycle = journey_map.name
	ORDER BY s.position, t.position, t.name COLLATE "C", t.persona COLLATE "C" NULLS FIRST;
END $$;

COMMENT ON FUNCTION lifecycle.journey_map(text, text) IS 'the touchpoints of a lifecycle, or those that a persona meets, stage by stage; a stage without any is a gap';

CREATE FUNCTION lifecycle.coverage(name text, persona text DEFAULT NULL,
	OUT channel text, OUT "position" integer, OUT stage text, OUT title text, OUT touchpoints bigint, OUT names text[],
	OUT emotion numeric, OUT moments_of_truth bigint, OUT gap boolean) RETURNS SETOF record
LANGUAGE plpgsql STABLE PARALLEL UNSAFE ROWS 50 SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM lifecycle.check_persona(name, persona);
	RETURN QUERY
	WITH met AS (
		SELECT t.* FROM lifecycle.touchpoint t
		WHERE t.lifecycle = coverage.name AND (t.persona = coverage.persona OR t.persona IS NULL OR coverage.persona IS NULL)),
	channels AS (
		SELECT m.channel FROM met m
		UNION SELECT unnest(p.preferred_channels) FROM lifecycle.persona p
		WHERE p.lifecycle = coverage.name AND p.name = coalesce(coverage.persona, p.name))
	SELECT c.channel, s.position, s.label, coalesce(s.title, s.label), count(m.name), array_agg(m.name ORDER BY m.position, m.name COLLATE "C") FILTER (WHERE m.name IS NOT NULL),
		avg(m.emotion), count(*) FILTER (WHERE m.moment_of_truth), count(m.name) = 0
	FROM channels c CROSS JOIN lifecycle.stage s LEFT JOIN met m ON m.channel = c.channel AND m.stage = s.label
	WHERE s.lifecycle = coverage.name AND c.channel IS NOT NULL
	GROUP BY c.channel, s.position, s.label, s.title
	ORDER BY c.channel COLLATE "C", s.position;
END $$;

COMMENT ON FUNCTION lifecycle.coverage(text, text) IS 'each channel at each stage, with its touchpoints; where there are none is a gap';

CREATE FUNCTION lifecycle.touches_query(rel regclass, query text, stage_column name) RETURNS text
LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	q record := lifecycle.rows_in_question(rel, stage_column);
BEGIN
	RETURN format('SELECT %s AS key, %s AS lifecycle, lifecycle.stage_at(j.journey, e.at) AS stage, e.channel::pg_catalog.text AS channel, e.at::pg_catalog.timestamptz AS at,
			e.emotion::pg_catalog.numeric AS emotion, e.friction::pg_catalog.numeric AS friction, j.journey
		FROM (%s) e JOIN %s t ON %s CROSS JOIN LATERAL (SELECT %s AS journey) j WHERE j.journey IS NOT NULL',
		q.row_key, q.row_lifecycle, query, rel, q.row_match, q.row_journey);
END $$;

COMMENT ON FUNCTION lifecycle.touches_query(regclass, text, name) IS 'the query behind touches()';

CREATE FUNCTION lifecycle.touches(rel regclass, query text, stage_column name DEFAULT NULL,
	OUT key jsonb, OUT lifecycle text, OUT stage text, OUT channel text, OUT at timestamptz, OUT emotion numeric, OUT friction numeric) RETURNS SETOF record
LANGUAGE plpgsql STABLE PARALLEL UNSAFE
AS $$
BEGIN
	IF rel IS NULL OR query IS NULL THEN
		RAISE EXCEPTION 'the table and the query must be given' USING ERRCODE = 'null_value_not_allowed';
	END IF;
	RETURN QUERY EXECUTE pg_catalog.format('SELECT x.key, x.lifecycle, x.stage, x.channel, x.at, x.emotion, x.friction FROM (%s) x',
		lifecycle.touches_query(rel, query, stage_column));
EXCEPTION WHEN undefined_column THEN
	RAISE EXCEPTION 'the query must have the columns of the primary key of %, and at, channel, emotion and friction', rel
		USING ERRCODE = 'undefined_column', DETAIL = SQLERRM, HINT = 'Write NULL AS friction, say, for what you have not measured.';
WHEN syntax_error THEN
	RAISE EXCEPTION 'what was given as the query is none' USING ERRCODE = 'syntax_error', DETAIL = SQLERRM,
		HINT = 'Write a SELECT without a semicolon at its end; for a whole table or view, TABLE and its name.';
END $$;

COMMENT ON FUNCTION lifecycle.touches(regclass, text, name) IS 'events in which customers were touched, with the stage that each held at that moment';

CREATE FUNCTION lifecycle.experience(rel regclass, query text, by_channel boolean DEFAULT false, stage_column name DEFAULT NULL,
	OUT lifecycle text, OUT "position" integer, OUT stage text, OUT title text, OUT channel text, OUT touches bigint, OUT customers bigint,
	OUT emotion numeric, OUT planned_emotion numeric, OUT friction numeric, OUT moments_of_truth bigint) RETURNS SETOF record
LANGUAGE plpgsql STABLE PARALLEL UNSAFE ROWS 20
AS $$
#variable_conflict use_column
BEGIN
	IF by_channel IS NULL THEN
		RAISE EXCEPTION 'say whether by channel, or not' USING ERRCODE = 'null_value_not_allowed';
	END IF;
	RETURN QUERY
	WITH felt AS (
		SELECT t.lifecycle, t.stage, CASE WHEN experience.by_channel THEN t.channel END AS channel,
			pg_catalog.count(*) AS touches, pg_catalog.count(DISTINCT t.key) AS customers, pg_catalog.avg(t.emotion) AS emotion, pg_catalog.avg(t.friction) AS friction
		FROM lifecycle.touches(experience.rel, experience.query, experience.stage_column) t
		GROUP BY 1, 2, 3)
	SELECT f.lifecycle, s."position", f.stage, coalesce(s.title, f.stage), f.channel, f.touches, f.customers, f.emotion, p.emotion, f.friction, p.moments
	FROM felt f
		LEFT JOIN lifecycle.stage s ON s.lifecycle OPERATOR(pg_catalog.=) f.lifecycle AND s.label OPERATOR(pg_catalog.=) f.stage
		CROSS JOIN LATERAL (
			SELECT pg_catalog.avg(m.emotion) AS emotion, pg_catalog.count(*) FILTER (WHERE m.moment_of_truth) AS moments
			FROM lifecycle.touchpoint m
			WHERE m.lifecycle OPERATOR(pg_catalog.=) f.lifecycle AND m.stage OPERATOR(pg_catalog.=) f.stage
				AND (NOT experience.by_channel OR m.channel OPERATOR(pg_catalog.=) f.channel)) p
	ORDER BY f.lifecycle, s."position" NULLS FIRST, f.channel COLLATE pg_catalog."C";
END $$;

COMMENT ON FUNCTION lifecycle.experience(regclass, text, boolean, name) IS 'what customers felt at each stage, and how much stood in their way, beside what was planned';

CREATE FUNCTION lifecycle.compare_shares(part bigint, whole bigint, other_part bigint, other_whole bigint,
	OUT share double precision, OUT ci_low double precision, OUT ci_high double precision, OUT other_share double precision,
	OUT chi_square double precision, OUT p_value double precision) RETURNS record
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

COMMENT ON FUNCTION lifecycle.compare_shares(bigint, bigint, bigint, bigint) IS 'a share, how sure it is, and whether another group''s differs from it by more than chance';

CREATE FUNCTION lifecycle.channel_conversion_query(rel regclass, query text, to_stages text[], stage_column name) RETURNS text
LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM lifecycle.check_stages_exist((lifecycle.rows_in_question(rel, stage_column)).lifecycle, to_stages);
	RETURN format($q$
		WITH touch AS MATERIALIZED (%s),
		stages AS MATERIALIZED (
			SELECT s.lifecycle, s.label, s.outcome, s.position, s.title,
				CASE WHEN $1 IS NULL THEN s.outcome OPERATOR(pg_catalog.=) 'won' ELSE s.label OPERATOR(pg_catalog.=) ANY ($1) END AS wanted
			FROM lifecycle.stage s),
		at_stage AS (
			SELECT t.key, t.lifecycle, t.stage, t.journey, pg_catalog.min(t.at) AS touched_at
			FROM touch t GROUP BY t.key, t.lifecycle, t.stage, t.journey),
		became AS (
			SELECT a.key, a.lifecycle, a.stage, w.converted_at
			FROM at_stage a
				CROSS JOIN LATERAL (SELECT pg_catalog.min(p.entered_at) AS converted_at FROM lifecycle.steps(a.journey) p
					JOIN stages s ON s.lifecycle OPERATOR(pg_catalog.=) a.lifecycle AND s.label OPERATOR(pg_catalog.=) p.stage
					WHERE s.wanted AND p.entered_at OPERATOR(pg_catalog.>) a.touched_at) w
				JOIN stages n ON n.lifecycle OPERATOR(pg_catalog.=) a.lifecycle AND n.label OPERATOR(pg_catalog.=) lifecycle.current_stage(a.journey)
				LEFT JOIN stages h ON h.lifecycle OPERATOR(pg_catalog.=) a.lifecycle AND h.label OPERATOR(pg_catalog.=) a.stage
			WHERE (w.converted_at IS NOT NULL OR n.outcome OPERATOR(pg_catalog.=) ANY ('{lost,closed}')) AND h.wanted IS NOT TRUE),
		by_stage AS (
			SELECT b.lifecycle, b.stage, pg_catalog.count(*) AS customers, pg_catalog.count(b.converted_at) AS converted
			FROM became b GROUP BY b.lifecycle, b.stage),
		used AS (
			SELECT DISTINCT b.key, b.lifecycle, b.stage, b.converted_at, t.channel
			FROM became b
				JOIN touch t ON t.key OPERATOR(pg_catalog.=) b.key AND t.lifecycle OPERATOR(pg_catalog.=) b.lifecycle
					AND (t.stage OPERATOR(pg_catalog.=) b.stage OR (t.stage IS NULL AND b.stage IS NULL))
					AND (b.converted_at IS NULL OR t.at OPERATOR(pg_catalog.<) b.converted_at)
			WHERE t.channel IS NOT NULL),
		by_channel AS (
			SELECT u.lifecycle, u.stage, u.channel, pg_catalog.count(*) AS customers, pg_catalog.count(u.converted_at) AS converted
			FROM used u GROUP BY u.lifecycle, u.stage, u.channel),
		compared AS (
			SELECT c.*, a.customers OPERATOR(pg_catalog.-) c.customers AS others, r.*
			FROM by_channel c
				JOIN by_stage a ON a.lifecycle OPERATOR(pg_catalog.=) c.lifecycle
					AND (a.stage OPERATOR(pg_catalog.=) c.stage OR (a.stage IS NULL AND c.stage IS NULL))
				CROSS JOIN LATERAL lifecycle.compare_shares(c.converted, c.customers, a.converted OPERATOR(pg_catalog.-) c.converted,
					a.customers OPERATOR(pg_catalog.-) c.customers) r)
		SELECT c.lifecycle, s.position, c.stage, coalesce(s.title, c.stage), c.channel, c.customers, c.converted, c.share, c.ci_low, c.ci_high, c.others, c.other_share, c.p_value,
			c.p_value OPERATOR(pg_catalog.*) pg_catalog.count(c.p_value) OVER (PARTITION BY c.lifecycle, c.stage) OPERATOR(pg_catalog.<) $2
		FROM compared c LEFT JOIN stages s ON s.lifecycle OPERATOR(pg_catalog.=) c.lifecycle AND s.label OPERATOR(pg_catalog.=) c.stage
		ORDER BY c.lifecycle, s.position NULLS FIRST, c.channel COLLATE pg_catalog."C" $q$,
		lifecycle.touches_query(rel, query, stage_column));
END $$;

COMMENT ON FUNCTION lifecycle.channel_conversion_query(regclass, text, text[], name) IS 'the query behind channel_conversion()';

CREATE FUNCTION lifecycle.channel_conversion(rel regclass, query text, to_stages text[] DEFAULT NULL, significance double precision DEFAULT 0.05,
	stage_column name DEFAULT NULL,
	OUT lifecycle text, OUT "position" integer, OUT stage text, OUT title text, OUT channel text, OUT customers bigint, OUT converted bigint,
	OUT share double precision, OUT ci_low double precision, OUT ci_high double precision, OUT others bigint, OUT other_share double precision,
	OUT p_value double precision, OUT inconsistent boolean) RETURNS SETOF record
LANGUAGE plpgsql STABLE PARALLEL UNSAFE ROWS 50
AS $$
BEGIN
	IF rel IS NULL OR query IS NULL OR significance IS NULL THEN
		RAISE EXCEPTION 'the table, the query and the significance must be given' USING ERRCODE = 'null_value_not_allowed';
	END IF;
	RETURN QUERY EXECUTE lifecycle.channel_conversion_query(rel, query, to_stages, stage_column) USING to_stages, significance;
EXCEPTION WHEN undefined_column THEN
	RAISE EXCEPTION 'the query must have the columns of the primary key of %, and at, channel, emotion and friction', rel
		USING ERRCODE = 'undefined_column', DETAIL = SQLERRM, HINT = 'Write NULL AS friction, say, for what you have not measured.';
WHEN syntax_error THEN
	RAISE EXCEPTION 'what was given as the query is none' USING ERRCODE = 'syntax_error', DETAIL = SQLERRM,
		HINT = 'Write a SELECT without a semicolon at its end; for a whole table or view, TABLE and its name.';
END $$;

COMMENT ON FUNCTION lifecycle.channel_conversion(regclass, text, text[], double precision, name)
	IS 'how customers who were touched by a channel at a stage converted, beside those touched there by others only';

CREATE FUNCTION lifecycle.canvas(
	name text,
	rel regclass,
	as_of timestamptz DEFAULT NULL,
	moved tstzrange DEFAULT NULL,
	notes boolean DEFAULT false,
	guards boolean DEFAULT false,
	undrawn boolean DEFAULT false,
	colors boolean DEFAULT true,
	direction text DEFAULT NULL,
	lang text DEFAULT 'en',
	journey_column name DEFAULT NULL,
	lifecycle_column name DEFAULT NULL
) RETURNS text
	AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL UNSAFE COST 100000;

COMMENT ON FUNCTION lifecycle.canvas(text, regclass, timestamptz, tstzrange, boolean, boolean, boolean, boolean, text, text, name, name)
	IS 'the lifecycle''s diagram with what the rows of a table or view say: who is where, who moved, how long it took, who is late';

CREATE FUNCTION lifecycle.diagram_order(diagram text) RETURNS text[]
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

COMMENT ON FUNCTION lifecycle.diagram_order(text) IS 'the labels of a diagram''s stages, in the order in which journeys come by them';

CREATE FUNCTION lifecycle.diagram_line(diagram text) RETURNS text[]
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

COMMENT ON FUNCTION lifecycle.diagram_line(text) IS 'the labels of the stages on a diagram''s way from its entry to its first stage that is won';

CREATE FUNCTION lifecycle.journey_rounds(journey lifecycle.journey, stages text[]) RETURNS lifecycle.journey
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

COMMENT ON FUNCTION lifecycle.journey_rounds(lifecycle.journey, text[]) IS 'a journey with the number of its round as a last byte of each label; a step that does not lead on in the order of the stages begins a round';

CREATE FUNCTION lifecycle.diagram_of(lifecycle text) RETURNS text
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	found text := (SELECT l.diagram FROM lifecycle.lifecycle l WHERE l.name = lifecycle);
BEGIN
	IF found IS NULL THEN
		RAISE EXCEPTION 'lifecycle "%" does not exist', lifecycle
			USING ERRCODE = 'undefined_object', HINT = 'SELECT name FROM lifecycle.lifecycle; lists them.';
	END IF;
	RETURN found;
END $$;

COMMENT ON FUNCTION lifecycle.diagram_of(text) IS 'the diagram of a lifecycle, which must exist, also for parallel workers';

CREATE FUNCTION lifecycle.main_line(lifecycle text) RETURNS text[]
LANGUAGE sql STABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$ SELECT lifecycle.diagram_line(lifecycle.diagram_of(lifecycle)) $$;

COMMENT ON FUNCTION lifecycle.main_line(text) IS 'the stages of a lifecycle on the way from its entry to its first stage that is won';

CREATE FUNCTION lifecycle.bi_funnel(lifecycle text) RETURNS lifecycle.funnel_spec
LANGUAGE sql STABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
	-- A funnel has at most 64 steps.
	SELECT lifecycle.funnel_spec(CASE WHEN cardinality(m.line) > 64 THEN m.line[:63] || m.line[cardinality(m.line)] ELSE m.line END, reach => 'at_least')
	FROM lifecycle.main_line(lifecycle) m (line) WHERE m.line <> '{}'
$$;

COMMENT ON FUNCTION lifecycle.bi_funnel(text) IS 'the funnel along the main line of a lifecycle; whoever skipped a step and came further has passed it';

CREATE FUNCTION lifecycle.bi_cohorts(lifecycle text, months integer, time_zone text) RETURNS lifecycle.retention_spec
LANGUAGE sql STABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
	SELECT lifecycle.retention_spec('[*]', array_agg(s.label), '1 month', bi_cohorts.months, time_zone => bi_cohorts.time_zone)
	FROM lifecycle.stage s
	WHERE s.lifecycle = bi_cohorts.lifecycle AND s.outcome IN ('open', 'won') AND NOT s.outside
	HAVING count(*) > 0
$$;

COMMENT ON FUNCTION lifecycle.bi_cohorts(text, integer, text) IS 'who of a month''s newcomers, marked by a step [*], is still in a stage that is open or won';

CREATE FUNCTION lifecycle.bi_order(lifecycle text) RETURNS text[]
LANGUAGE sql STABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$ SELECT lifecycle.diagram_order(lifecycle.diagram_of(lifecycle)) $$;

COMMENT ON FUNCTION lifecycle.bi_order(text) IS 'the labels of a lifecycle''s stages, in the order in which journeys come by them';

CREATE FUNCTION lifecycle.bi_node(stage text, round integer) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN CASE WHEN round = 1 THEN stage WHEN round < 10 THEN pg_catalog.format('%s (%s)', stage, round) ELSE '(more)' END;

COMMENT ON FUNCTION lifecycle.bi_node(text, integer) IS 'a stage in a round, as the view flow calls it';

CREATE FUNCTION lifecycle.bi_census(every interval, months integer, time_zone text) RETURNS lifecycle.census_spec
LANGUAGE sql STABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
	SELECT lifecycle.census_spec(
		date_trunc(CASE WHEN extract(month FROM every) + extract(year FROM every) > 0 THEN 'month' WHEN extract(day FROM every)::integer % 7 = 0 THEN 'week' ELSE 'day' END,
			(now() AT TIME ZONE time_zone) - make_interval(months => bi_census.months)) AT TIME ZONE time_zone,
		now(), every, time_zone)
$$;

COMMENT ON FUNCTION lifecycle.bi_census(interval, integer, text) IS 'the instants of the last months at which the view census counts';

CREATE FUNCTION lifecycle.bi_column(rel regclass, column_name name) RETURNS text
LANGUAGE sql STABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
	WITH RECURSIVE base AS (
		SELECT p.atttypid AS type, false AS domain FROM pg_attribute p
		WHERE p.attrelid = rel AND p.attname = column_name AND p.attnum > 0 AND NOT p.attisdropped
		UNION ALL
		SELECT y.typbasetype, true FROM base JOIN pg_type y ON y.oid = base.type AND y.typtype = 'd')
	SELECT CASE
		WHEN NOT b.ordinary THEN format('t.%I::pg_catalog.text', column_name)
		WHEN b.domain THEN format('t.%I::%s', column_name, format_type(b.type, NULL))
		ELSE format('t.%I', column_name) END
	FROM (
		SELECT base.type, base.domain, base.type = ANY ('{bool,int2,int4,int8,float4,float8,numeric,money,text,varchar,bpchar,date,time,timestamp,timestamptz,uuid}'::regtype[]) AS ordinary
		FROM base JOIN pg_type y ON y.oid = base.type AND y.typtype <> 'd') b
$$;

COMMENT ON FUNCTION lifecycle.bi_column(regclass, name) IS 'a column of a table t as an expression of an ordinary type';

CREATE FUNCTION lifecycle.clip(name text, bytes integer) RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	WHILE octet_length(name) > bytes LOOP
		name := left(name, -1);
	END LOOP;
	RETURN name;
END $$;

COMMENT ON FUNCTION lifecycle.clip(text, integer) IS 'as much of a name as fits into so many bytes';

CREATE FUNCTION lifecycle.distinct_names(taken text[], wanted text[]) RETURNS text[]
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	most integer := current_setting('max_identifier_length');
	names text[] := '{}';
	wish text;
	name text;
	n integer;
BEGIN
	FOREACH wish IN ARRAY wanted LOOP
		name := lifecycle.clip(wish, most);
		n := 1;
		WHILE lower(name) = ANY (taken) LOOP
			n := n + 1;
			name := lifecycle.clip(wish, most - length('_' || n)) || '_' || n;
		END LOOP;
		taken := taken || lower(name);
		names := names || name;
	END LOOP;
	RETURN names;
END $$;

COMMENT ON FUNCTION lifecycle.distinct_names(text[], text[]) IS 'names that are wanted, cut to the length of identifiers and numbered where they are taken';

CREATE FUNCTION lifecycle.bi_shapes(OUT shape text, OUT per_row boolean, OUT columns text[], OUT says text) RETURNS SETOF record
LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 8
AS $$ VALUES
	('stages', NULL::boolean, '{lifecycle,stage,title,phase,position,outcome,probability,sla_days,owner,color,is_entry,is_final}'::text[],
		'One row a stage: what the diagram says of it.'),
	('history', true, '{lifecycle,step,stage,previous_stage,entered_at,left_at,days,open_days,is_current}',
		'One row a step: who was in which stage from when to when.'),
	('dates', true, '{lifecycle,stage,started_at,stage_since,days_in_stage,steps}',
		'One row a row of the table: where it is, and when it first came to each stage.'),
	('funnel', false, '{lifecycle,step,stage,title,value,pending,dropped,from_first,from_previous,ci_low,ci_high,p50_days,p90_days}',
		'One row a step of the funnel: how many came that far.'),
	('flow', false, '{lifecycle,source,target,source_round,target_round,source_node,target_node,value,total_days}',
		'One row a move: how many went from which stage to which.'),
	('cohorts', false, '{lifecycle,cohort,period,size,retained,share,complete}',
		'One row a month of entry and month since: how many are still there.'),
	('census', false, '{lifecycle,at,day,stage,title,position,value}',
		'One row an instant and stage: how many were in it.'),
	('due', true, '{lifecycle,stage,title,owner,since,due_at,overdue,days_left}',
		'One row a row whose time in its stage is limited: when it is up.')
$$;

COMMENT ON FUNCTION lifecycle.bi_shapes() IS 'the shapes of views for BI, and the columns that each has always';

CREATE FUNCTION lifecycle.bi_as_of(summary text, spec text) RETURNS text
LANGUAGE plpgsql STABLE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	EXECUTE format('SELECT lifecycle.%1$s_agg(NULL::lifecycle.journey, $1::lifecycle.%1$s_spec, now())', summary) USING spec;
	RETURN ', pg_catalog.now()';
EXCEPTION WHEN invalid_parameter_value THEN
	RETURN '';
END $$;

COMMENT ON FUNCTION lifecycle.bi_as_of(text, text) IS 'the argument by which a summary is made as of now, where its specification lets it';

CREATE FUNCTION lifecycle.bi_frame(rel regclass, shape text, options jsonb, OUT lifecycle text, OUT journey text, OUT own text[], OUT labels text[],
	OUT names text[], OUT row_list text, OUT inner_list text, OUT outer_list text, OUT groups text, OUT rule text, OUT rules text) RETURNS record
LANGUAGE plpgsql STABLE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	a lifecycle.attachments := lifecycle.shown_attachment(rel, (options ->> 'stage_column')::name);
	per_row boolean;
BEGIN
	lifecycle := coalesce(quote_literal(a.lifecycle) || '::pg_catalog.text', format('t.%I::pg_catalog.text', a.lifecycle_column));
	journey := format('t.%I', a.journey_column);
	rule := CASE WHEN a.lifecycle IS NULL THEN 'm.rule' ELSE '(SELECT %1$s(' || replace(lifecycle, '%', '%%') || '%2$s))' END;
	rules := CASE WHEN a.lifecycle IS NULL
		THEN format(' JOIN (SELECT l.name, %%1$s(l.name%%2$s) AS rule FROM lifecycle.lifecycle l OFFSET 0) m ON m.name = %s', replace(lifecycle, '%', '%%'))
		ELSE '' END;
	SELECT s.per_row, s.columns INTO per_row, names FROM lifecycle.bi_shapes() s WHERE s.shape = bi_frame.shape;
	own := ARRAY(
		SELECT k.name FROM (
			SELECT p.attname::text AS name, array_position(i.indkey::int2[], p.attnum) AS place
			FROM pg_index i JOIN pg_attribute p ON p.attrelid = i.indrelid AND p.attnum = ANY (i.indkey)
			WHERE i.indrelid = a.relation AND i.indisprimary AND per_row
			UNION ALL
			SELECT b.name, 1000 + b.place FROM jsonb_array_elements_text(options -> 'by') WITH ORDINALITY b (name, place)) k
		GROUP BY k.name ORDER BY min(k.place));
	labels := '{}';
	IF shape = 'dates' THEN
		EXECUTE format('SELECT ARRAY(SELECT s.label FROM lifecycle.stage s WHERE NOT s.outside AND s.lifecycle IN (SELECT %s%s)
			GROUP BY s.label ORDER BY min(s.position), s.label COLLATE "C")',
			lifecycle, CASE WHEN a.lifecycle IS NULL THEN format(' FROM %s t', rel) ELSE '' END)
		INTO labels;
		IF cardinality(names || own || labels) > 1600 THEN
			RAISE EXCEPTION 'the dates of % would have % columns', rel, cardinality(names || own || labels)
				USING ERRCODE = 'too_many_columns', DETAIL = 'A view has at most 1,600, and this one a column for each stage of each lifecycle in the table.',
					HINT = 'Make a view of the rows of one lifecycle, or of some, and create_bi_views() of that.';
		END IF;
	END IF;
	names := lifecycle.distinct_names(names, own || labels);
	SELECT concat(lifecycle, ' AS lifecycle, ', string_agg(format('%s AS %I, ', c.expression, c.name), '' ORDER BY c.n)),
		concat(lifecycle, ' AS lifecycle, ', string_agg(format('%s AS by_%s, ', c.expression, c.n), '' ORDER BY c.n)),
		concat('x.lifecycle, ', string_agg(format('x.by_%s AS %I, ', c.n, c.name), '' ORDER BY c.n))
	INTO row_list, inner_list, outer_list
	FROM (SELECT u.n, lifecycle.bi_column(rel, u.name::name) AS expression, names[u.n] AS name FROM unnest(own) WITH ORDINALITY u (name, n)) c;
	SELECT concat(' GROUP BY ' || string_agg(n::text, ', ')) INTO groups
	FROM generate_series(CASE WHEN a.lifecycle IS NULL THEN 1 ELSE 2 END, cardinality(own) + 1) n;
END $$;

COMMENT ON FUNCTION lifecycle.bi_frame(regclass, text, jsonb) IS 'what the query of a view for BI is made of';

CREATE FUNCTION lifecycle.bi_row_query(rel regclass, shape text, options jsonb) RETURNS text
LANGUAGE plpgsql STABLE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	f record := lifecycle.bi_frame(rel, shape, options);
BEGIN
	RETURN CASE shape
	WHEN 'stages' THEN format($q$
		SELECT s.lifecycle, s.label AS stage, coalesce(s.title, s.label) AS title, s.phase, s."position", s.outcome, s.probability,
			pg_catalog.date_part('epoch', s.sla) / 86400 AS sla_days, s.owner, s.color, s.is_entry, s.is_final
		FROM lifecycle.stage s
		WHERE NOT s.outside AND EXISTS (SELECT FROM (SELECT %1$s AS lifecycle %2$s) t WHERE t.lifecycle = s.lifecycle)$q$,
		f.lifecycle, CASE WHEN f.rules = '' THEN format('WHERE %L::pg_catalog.regclass IS NOT NULL', rel) ELSE format('FROM %s t', rel) END)
	-- Each column is worked out only where it is asked for. A journey out of line is fetched once.
	WHEN 'history' THEN format($q$
		SELECT %4$sx.lifecycle_step AS step, lifecycle.step_stage(x.lifecycle_journey, x.lifecycle_step) AS stage,
			lifecycle.step_stage(x.lifecycle_journey, x.lifecycle_step - 1) AS previous_stage,
			lifecycle.step_at(x.lifecycle_journey, x.lifecycle_step) AS entered_at,
			lifecycle.step_at(x.lifecycle_journey, x.lifecycle_step + 1) AS left_at,
			pg_catalog.date_part('epoch', lifecycle.step_at(x.lifecycle_journey, x.lifecycle_step + 1)
				- lifecycle.step_at(x.lifecycle_journey, x.lifecycle_step)) / 86400 AS days,
			CASE WHEN x.lifecycle_step = lifecycle.step_count(x.lifecycle_journey)
				THEN pg_catalog.date_part('epoch', pg_catalog.now() - lifecycle.last_moved_at(x.lifecycle_journey)) / 86400 END AS open_days,
			x.lifecycle_step = lifecycle.step_count(x.lifecycle_journey) AS is_current
		FROM (
			SELECT %1$s%3$s AS lifecycle_journey, lifecycle.step_numbers(%3$s) AS lifecycle_step
			FROM %2$s t) x$q$,
		f.inner_list, rel, f.journey, f.outer_list)
	WHEN 'dates' THEN format($q$
		SELECT %1$slifecycle.current_stage(%3$s) AS stage, lifecycle.started_at(%3$s) AS started_at,
			lifecycle.in_stage_since(%3$s) AS stage_since,
			pg_catalog.date_part('epoch', pg_catalog.now() - lifecycle.in_stage_since(%3$s)) / 86400 AS days_in_stage,
			lifecycle.step_count(%3$s) AS steps%4$s
		FROM %2$s t$q$,
		f.row_list, rel, f.journey,
		(SELECT string_agg(format(', lifecycle.entered_at(%s, %L::pg_catalog.text) AS %I', f.journey, l.label, f.names[cardinality(f.own) + l.n]), '' ORDER BY l.n)
			FROM unnest(f.labels) WITH ORDINALITY l (label, n)))
	WHEN 'due' THEN format($q$
		SELECT x.*, x.due_at <= pg_catalog.now() AS overdue, pg_catalog.date_part('epoch', x.due_at - pg_catalog.now()) / 86400 AS days_left
		FROM (
			SELECT %1$ss.label AS stage, coalesce(s.title, s.label) AS title, s.owner, lifecycle.in_stage_since(%3$s) AS since,
				(lifecycle.in_stage_since(%3$s) AT TIME ZONE %5$L + s.sla) AT TIME ZONE %5$L AS due_at
			FROM %2$s t JOIN (
				SELECT d.*, h.held FROM lifecycle.stage d CROSS JOIN LATERAL pg_catalog.unnest(d.label || d.formerly) h (held) WHERE d.sla IS NOT NULL) s
				ON s.lifecycle = %4$s AND s.held = lifecycle.current_stage(%3$s)) x$q$,
		f.row_list, rel, f.journey, f.lifecycle, options ->> 'time_zone')
	END;
END $$;

COMMENT ON FUNCTION lifecycle.bi_row_query(regclass, text, jsonb) IS 'the query of a view for BI that has a row for each stage, or for each row of the table or its steps';

CREATE FUNCTION lifecycle.bi_summary(shape text, options jsonb, journey text, OUT asks text, OUT summary text) RETURNS record
LANGUAGE plpgsql STABLE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	given text := options ->> shape;
BEGIN
	IF given IS NULL AND shape <> 'census' THEN
		asks := 'lifecycle.bi_' || CASE shape WHEN 'flow' THEN 'order' ELSE shape END;
		journey := replace(journey, '%', '%%');
	END IF;
	summary := CASE
		WHEN shape = 'census' THEN format('lifecycle.census_agg(%s, (SELECT lifecycle.bi_census(%L, %L, %L)))',
			journey, options ->> 'every', options ->> 'months', options ->> 'time_zone')
		WHEN shape = 'flow' THEN format('lifecycle.velocity_agg(lifecycle.journey_rounds(%s, %%s))', journey)
		WHEN shape = 'funnel' AND given IS NULL THEN format('lifecycle.funnel_agg(%s, %%s)', journey)
		WHEN shape = 'funnel' THEN format('lifecycle.funnel_agg(%s, %L::lifecycle.funnel_spec%s)', journey, given, lifecycle.bi_as_of('funnel', given))
		WHEN shape = 'cohorts' AND given IS NULL
			THEN format('lifecycle.retention_agg(lifecycle.journey_begun(%s, ''[*]''), %%s, pg_catalog.now())', journey)
		WHEN shape = 'cohorts' THEN format('lifecycle.retention_agg(%s, %L::lifecycle.retention_spec%s)', journey, given, lifecycle.bi_as_of('retention', given))
		END;
END $$;

COMMENT ON FUNCTION lifecycle.bi_summary(text, jsonb, text) IS 'the aggregate in the query of a view for BI';

CREATE FUNCTION lifecycle.bi_summary_query(rel regclass, shape text, options jsonb) RETURNS text
LANGUAGE plpgsql STABLE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	f record := lifecycle.bi_frame(rel, shape, options);
	s record := lifecycle.bi_summary(shape, options, f.journey);
	arguments text := CASE shape WHEN 'cohorts' THEN format(', %L, %L', options ->> 'months', options ->> 'time_zone') ELSE '' END;
	rule text := format(f.rule, s.asks, arguments);
	summaries text := format('(SELECT %s%s AS summary FROM %s t%s%s) x', f.inner_list,
		CASE WHEN s.asks IS NULL THEN s.summary ELSE format(s.summary, rule) END, rel,
		CASE WHEN s.asks IS NOT NULL THEN format(f.rules, s.asks, arguments) || format(' WHERE %s IS NOT NULL', rule) END, f.groups);
BEGIN
	RETURN CASE shape
	WHEN 'funnel' THEN format($q$
		SELECT %1$sf.step, f.stage, coalesce(s.title, f.stage) AS title, f.reached AS value, f.pending, f.dropped,
			f.from_first, f.from_previous, f.ci_low, f.ci_high,
			pg_catalog.date_part('epoch', f.p50) / 86400 AS p50_days, pg_catalog.date_part('epoch', f.p90) / 86400 AS p90_days
		FROM %2$s CROSS JOIN LATERAL lifecycle.funnel_steps(x.summary) f
			LEFT JOIN lifecycle.stage s ON s.lifecycle = x.lifecycle AND s.label = f.stage$q$,
		f.outer_list, summaries)
	WHEN 'flow' THEN format($q$
		SELECT %1$sm.source, m.target, m.source_round, m.target_round,
			CASE WHEN m.source_round < 10 THEN lifecycle.bi_node(m.source, m.source_round) END AS source_node,
			CASE WHEN m.source_round < 10 THEN lifecycle.bi_node(m.target, m.target_round) END AS target_node, m.value, m.total_days
		FROM %2$s CROSS JOIN LATERAL (
			SELECT pg_catalog."left"(v.from_stage, -1) AS source, pg_catalog."left"(v.to_stage, -1) AS target,
				pg_catalog.ascii(pg_catalog."right"(v.from_stage, 1)) AS source_round, pg_catalog.ascii(pg_catalog."right"(v.to_stage, 1)) AS target_round,
				v.moves AS value, v.moves * pg_catalog.date_part('epoch', v.mean) / 86400 AS total_days
			FROM lifecycle.velocity_moves(x.summary) v) m$q$,
		f.outer_list, summaries)
	WHEN 'cohorts' THEN format($q$
		SELECT %1$s(c.cohort AT TIME ZONE %3$L)::pg_catalog.date AS cohort, c.period, c.size, c.retained, c.share, c.complete
		FROM %2$s CROSS JOIN LATERAL lifecycle.retention_cells(x.summary) c WHERE c.cohort IS NOT NULL$q$,
		f.outer_list, summaries, CASE WHEN s.asks IS NULL
			THEN coalesce(substring(options ->> 'cohorts' FROM 'at time zone ''([^'']*)'''), 'UTC') ELSE options ->> 'time_zone' END)
	WHEN 'census' THEN format($q$
		SELECT %1$sc.at, (c.at AT TIME ZONE %3$L)::pg_catalog.date AS day, c.stage, coalesce(s.title, c.stage) AS title, s."position", c.count AS value
		FROM %2$s CROSS JOIN LATERAL lifecycle.census_cells(x.summary) c
			LEFT JOIN lifecycle.stage s ON s.lifecycle = x.lifecycle AND s.label = c.stage$q$,
		f.outer_list, summaries, options ->> 'time_zone')
	END;
END $$;

COMMENT ON FUNCTION lifecycle.bi_summary_query(regclass, text, jsonb) IS 'the query of a view for BI that sums the rows of the table up';

CREATE FUNCTION lifecycle.bi_options(view oid) RETURNS jsonb
LANGUAGE plpgsql STABLE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN substring(obj_description(view, 'pg_class') FROM '\nlifecycle\.create_bi_views\(\): (\{.*\})$')::jsonb;
EXCEPTION WHEN data_exception THEN
	RETURN NULL;
END $$;

COMMENT ON FUNCTION lifecycle.bi_options(oid) IS 'what a view for BI was made of, by its comment; NULL where it is none';

CREATE FUNCTION lifecycle.bi_views(rel regclass, OUT shape text, OUT view regclass, OUT options jsonb) RETURNS SETOF record
LANGUAGE sql STABLE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
	SELECT v.options ->> 'shape', v.oid::regclass, v.options - 'shape'
	FROM (
		SELECT c.oid, lifecycle.bi_options(c.oid) AS options
		FROM pg_class c
		WHERE c.relkind = 'v' AND pg_has_role(c.relowner, 'USAGE') AND EXISTS (
			SELECT FROM pg_rewrite r JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid
			WHERE r.ev_class = c.oid AND d.refclassid = 'pg_class'::regclass AND d.refobjid = rel)) v
		JOIN lifecycle.bi_shapes() s ON s.shape = v.options ->> 'shape'
	ORDER BY v.oid::regclass::text COLLATE "C"
$$;

COMMENT ON FUNCTION lifecycle.bi_views(regclass) IS 'the views that create_bi_views() made over a table, with what they were asked for';

CREATE FUNCTION lifecycle.outdated_bi_views(rel regclass) RETURNS SETOF regclass
LANGUAGE sql STABLE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
	SELECT v.view FROM lifecycle.bi_views(rel) v CROSS JOIN LATERAL lifecycle.bi_frame(rel, v.shape, v.options) f
	WHERE v.shape = 'dates' AND NOT f.names <@ ARRAY(SELECT p.attname::text FROM pg_attribute p WHERE p.attrelid = v.view)
$$;

COMMENT ON FUNCTION lifecycle.outdated_bi_views(regclass) IS 'the views for BI that lack a column for a stage of today';

CREATE FUNCTION lifecycle.make_bi_view(rel regclass, shape text, schema name, view_name name, options jsonb) RETURNS text
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	query text := coalesce(lifecycle.bi_row_query(rel, shape, options), lifecycle.bi_summary_query(rel, shape, options));
	target text := format('%I.%I', schema, view_name);
	existing regclass := to_regclass(target);
	change text := CASE WHEN existing IS NULL THEN 'created' ELSE 'replaced' END;
	grants text[];
	owner name;
	command text;
	dependents text;
BEGIN
	IF existing IS NOT NULL AND NOT EXISTS (SELECT FROM lifecycle.bi_views(rel) v WHERE v.view = existing AND v.shape = make_bi_view.shape) THEN
		RAISE EXCEPTION 'there is a relation % already, which is not your view of %', existing, rel
			USING ERRCODE = 'duplicate_table', HINT = 'Give the views another schema or prefix: create_bi_views(..., prefix => ''...'').';
	END IF;
	BEGIN
		EXECUTE format('CREATE OR REPLACE VIEW %s WITH (security_invoker = true) AS %s', target, query);
	EXCEPTION WHEN invalid_table_definition THEN
		IF existing IS NULL THEN
			RAISE;
		END IF;
		-- Columns went or changed places. What was granted on the view is granted on the new one.
		SELECT pg_get_userbyid(c.relowner), ARRAY(
			SELECT format('GRANT %s ON %s TO %s%s', g.privilege_type, target, CASE g.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(g.grantee)) END,
				CASE WHEN g.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END)
			FROM aclexplode(c.relacl) g WHERE g.grantee <> c.relowner)
		INTO owner, grants FROM pg_class c WHERE c.oid = existing;
		BEGIN
			EXECUTE format('DROP VIEW %s', target);
		EXCEPTION WHEN dependent_objects_still_exist THEN
			GET STACKED DIAGNOSTICS dependents = PG_EXCEPTION_DETAIL;
			RAISE EXCEPTION '%', SQLERRM USING ERRCODE = 'dependent_objects_still_exist', DETAIL = dependents,
				HINT = 'Drop them, call this again, and make them again.';
		END;
		EXECUTE format('CREATE VIEW %s WITH (security_invoker = true) AS %s', target, query);
		EXECUTE format('ALTER VIEW %s OWNER TO %I', target, owner);
		FOREACH command IN ARRAY grants LOOP
			EXECUTE command;
		END LOOP;
		change := 'made anew';
	END;
	EXECUTE format('COMMENT ON VIEW %s IS %L', target, (SELECT s.says FROM lifecycle.bi_shapes() s WHERE s.shape = make_bi_view.shape)
		|| E'\nlifecycle.create_bi_views(): ' || (options || jsonb_build_object('shape', shape)));
	RETURN change;
END $$;

COMMENT ON FUNCTION lifecycle.make_bi_view(regclass, text, name, name, jsonb) IS 'makes or replaces one view for BI, and tells which';

CREATE FUNCTION lifecycle.bi_name(prefix text, shape text) RETURNS name
LANGUAGE sql STABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
	SELECT CASE WHEN octet_length(prefix) <= room THEN prefix ELSE lifecycle.clip(prefix, room - 7) || '_' || left(md5(prefix), 6) END || '_' || shape
	FROM (SELECT current_setting('max_identifier_length')::integer - max(length(s.shape)) - 1 AS room FROM lifecycle.bi_shapes() s) r
$$;

COMMENT ON FUNCTION lifecycle.bi_name(text, text) IS 'the name of a view for BI';

CREATE FUNCTION lifecycle.create_bi_views(rel regclass, stage_column name DEFAULT NULL, schema name DEFAULT NULL, prefix text DEFAULT NULL,
	"by" name[] DEFAULT '{}', funnel lifecycle.funnel_spec DEFAULT NULL, cohorts lifecycle.retention_spec DEFAULT NULL,
	every interval DEFAULT '7 days', months integer DEFAULT 24, time_zone text DEFAULT 'UTC',
	OUT shape text, OUT view regclass, OUT change text) RETURNS SETOF record
LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	a lifecycle.attachments := lifecycle.shown_attachment(rel, stage_column);
	options jsonb;
	missing text;
BEGIN
	IF every IS NULL OR months IS NULL OR time_zone IS NULL THEN
		RAISE EXCEPTION 'the census''s interval, the months and the time zone must be given' USING ERRCODE = 'null_value_not_allowed';
	END IF;
	SELECT string_agg(format('"%s"', c), ', ') INTO missing FROM unnest("by") c
	WHERE NOT EXISTS (SELECT FROM pg_attribute p WHERE p.attrelid = rel AND p.attname = c AND p.attnum > 0 AND NOT p.attisdropped);
	IF missing IS NOT NULL THEN
		RAISE EXCEPTION '% has no column %', rel, missing
			USING ERRCODE = 'undefined_column', HINT = '"by" names columns of the table that charts are split by.';
	END IF;
	-- What the views will ask is tried now, so that a mistake is not found by whoever reads them.
	PERFORM lifecycle.bi_census(every, months, time_zone), lifecycle.retention_spec('[*]', '{[*]}', '1 month', months, time_zone => time_zone);
	options := jsonb_strip_nulls(jsonb_build_object('stage_column', stage_column, 'by', coalesce(to_jsonb("by"), '[]'), 'funnel', funnel::text, 'cohorts', cohorts::text,
		'every', every::text, 'months', months, 'time_zone', time_zone));
	SELECT coalesce(schema, s.nspname), coalesce(prefix, c.relname || CASE WHEN stage_column IS NULL THEN '' ELSE '_' || stage_column END)
	INTO schema, prefix FROM pg_class c JOIN pg_namespace s ON s.oid = c.relnamespace WHERE c.oid = rel;
	FOR shape IN SELECT s.shape FROM lifecycle.bi_shapes() s LOOP
		change := lifecycle.make_bi_view(rel, shape, schema, lifecycle.bi_name(prefix, shape), options);
		view := format('%I.%I', schema, lifecycle.bi_name(prefix, shape))::regclass;
		RETURN NEXT;
	END LOOP;
END $$;

COMMENT ON FUNCTION lifecycle.create_bi_views(regclass, name, name, text, name[], lifecycle.funnel_spec, lifecycle.retention_spec, interval, integer, text)
	IS 'makes views of a table for BI tools, of ordinary types, owned by the caller';

CREATE FUNCTION lifecycle.refresh_bi_views(rel regclass, OUT shape text, OUT view regclass, OUT change text) RETURNS SETOF record
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	v record;
BEGIN
	FOR v IN SELECT b.*, n.nspname, c.relname FROM lifecycle.bi_views(rel) b JOIN pg_class c ON c.oid = b.view JOIN pg_namespace n ON n.oid = c.relnamespace LOOP
		shape := v.shape;
		change := lifecycle.make_bi_view(rel, shape, v.nspname, v.relname, v.options);
		view := format('%I.%I', v.nspname, v.relname)::regclass;
		RETURN NEXT;
	END LOOP;
END $$;

COMMENT ON FUNCTION lifecycle.refresh_bi_views(regclass) IS 'makes the views of a table for BI again, as they were asked for, after its lifecycle changed';

CREATE FUNCTION lifecycle.drop_bi_views(rel regclass, OUT shape text, OUT view text) RETURNS SETOF record
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	FOR shape, view IN SELECT b.shape, b.view::text FROM lifecycle.bi_views(rel) b LOOP
		EXECUTE format('DROP VIEW %s', view);
		RETURN NEXT;
	END LOOP;
END $$;

COMMENT ON FUNCTION lifecycle.drop_bi_views(regclass) IS 'drops the views of a table for BI';

-- By hand, from here on: what attach() makes of a table today. The log's trigger fires first, so that it has the
-- first of two moves first where another trigger makes the second, and every object says what it is for.
DO $$
DECLARE
	t record;
BEGIN
	FOR t IN
		SELECT g.tgname AS name, g.tgrelid::regclass AS relation
		FROM pg_trigger g
		WHERE g.tgfoid = 'lifecycle.log_move()'::regprocedure AND g.tgparentid = 0 AND starts_with(g.tgname::text, '~lifecycle')
	LOOP
		EXECUTE format('ALTER TRIGGER %I ON %s RENAME TO %I', t.name, t.relation, '!' || substr(t.name::text, 2));
	END LOOP;
	FOR t IN
		SELECT g.tgname AS name, g.tgrelid::regclass AS relation, 'TRIGGER' AS kind, f.says || CASE WHEN l.oid IS NULL THEN '' ELSE format(' %I.%I', n.nspname, l.relname) END AS says
		FROM pg_trigger g
			JOIN (VALUES ('lifecycle.attachment()'::regprocedure, 'says what is attached to which columns, and how strictly'),
				('lifecycle.enforce_move()', 'refuses illegal moves and keeps the journey'),
				('lifecycle.enforce_entry()', 'refuses rows that begin where none may'),
				('lifecycle.log_move()', 'writes the log')) f (function, says) ON f.function = g.tgfoid
			LEFT JOIN pg_class l ON l.oid = g.tgconstrrelid LEFT JOIN pg_namespace n ON n.oid = l.relnamespace
		WHERE g.tgparentid = 0 AND obj_description(g.oid, 'pg_trigger') IS NULL
		UNION ALL
		SELECT c.conname, c.conrelid::regclass, 'CONSTRAINT', 'keeps journey and stage in step'
		FROM lifecycle.attachments a
			JOIN pg_constraint c ON c.conrelid = a.relation AND c.contype = 'c' AND pg_get_expr(c.conbin, c.conrelid) LIKE '%lifecycle.ends_in(%'
		WHERE c.conkey @> ARRAY(SELECT p.attnum FROM pg_attribute p WHERE p.attrelid = a.relation AND p.attname IN (a.stage_column, a.journey_column))
			AND obj_description(c.oid, 'pg_constraint') IS NULL
	LOOP
		EXECUTE format('COMMENT ON %s %I ON %s IS %L', t.kind, t.name, t.relation, t.says || '; lifecycle.detach() removes it');
	END LOOP;
END $$;
