-- What every rule may read beside the documented tables.
--
-- `site`: whose a name nobody classified is, as far as a name tells: its last two labels, three below
-- the usual second levels of country codes (co.uk, com.br).
CREATE OR REPLACE TEMP MACRO site(name) AS array_to_string(string_split(name, '.')[
    CASE WHEN regexp_matches(name, '(^|[.])(ac|co|com|edu|gob|gov|gv|ne|net|nic|or|org)[.][a-z]{2}$')
        THEN -3 ELSE -2 END:], '.');

-- `looked_up`: DNS messages that rules name as evidence, as rows beside the flows of `seen`; a rule names
-- message N as flow -1 - N, because no flow has a number below 0. accuse.sql fills it.
CREATE OR REPLACE TEMP TABLE looked_up AS SELECT * FROM seen WHERE false;
CREATE OR REPLACE TEMP VIEW all_seen AS SELECT * FROM seen UNION ALL SELECT * FROM looked_up;

-- `pushes`: flows with a request that a registry's protocol sends data with, as far as it was read: PUT or PATCH, or
-- POST to where a blob's upload begins (OCI distribution: /v2/NAME/blobs/uploads/), each with a body or one of
-- unknown length. A POST elsewhere asks for a token (/oauth2/token, /oauth2/exchange): from login_turn_bytes of body
-- on it is no such question.
CREATE OR REPLACE TEMP TABLE pushes AS
SELECT DISTINCT flow_id
FROM (
    SELECT flow_id, method, coalesce(body_bytes, content_length) AS body,
        regexp_matches(coalesce(target, ''), '(?i)^(https?://[^/?#]*)?/v2/[^?#]+/blobs/uploads(/|[?#]|$)') AS blob
    FROM http
)
WHERE body IS DISTINCT FROM 0
  AND (method IN ('PUT', 'PATCH') OR method = 'POST'
      AND (blob OR body >= (SELECT login_turn_bytes FROM thresholds)));

-- `evidence_flows`: the view `evidence`, looked through once, with what of it pushed. A question for a token that
-- was read in a log is no more than a contact with the registry.
CREATE OR REPLACE TEMP TABLE evidence_flows AS
SELECT
    e.* REPLACE (
        e.contact OR e.writes AND NOT (e.uploads OR e.drips OR e.counted OR e.denied)
            AND p.flow_id IS NULL
            AND e.role IN ('registry-login', 'registry-regional', 'registry-infra', 'other-registry',
                'platform-registry')
            AND e.orientation IS NOT DISTINCT FROM 'log'
            AND (e.orig_bytes IS NULL OR e.resp_bytes IS NULL OR e.challenged)
            AND e.ownership NOT IN ('ours', 'approved', 'platform') AS contact
    ),
    e.writes AND p.flow_id IS NOT NULL AS pushes
FROM evidence AS e
LEFT JOIN pushes AS p ON p.flow_id = e.flow_id;

CREATE OR REPLACE TEMP TABLE hits (
    hit BIGINT,
    rule VARCHAR,
    place INTEGER,
    stream VARCHAR,
    agent VARCHAR,
    endpoint VARCHAR,
    flow_ids BIGINT[],
    modifiers VARCHAR[],
    facts VARCHAR
);
