-- What every rule may read beside the documented tables.
--
-- `site`: whose a name nobody classified is, as far as a name tells: its last two labels, three below
-- the usual second levels of country codes (co.uk, com.br).
CREATE OR REPLACE TEMP MACRO site(name) AS array_to_string(string_split(name, '.')[
    CASE WHEN regexp_matches(name, '(^|[.])(ac|co|com|edu|gob|gov|gv|ne|net|nic|or|org)[.][a-z]{2}$')
        THEN -3 ELSE -2 END:], '.');

-- `challenges`: what a proxy's log shows of requests that the proxy answered with nothing but the question
-- who asks (407): they went no further, and no decision was made. Only the proxy itself can say so: in what
-- others saw on the wire a 407 is the server's word, and whoever takes an upload would say it.
CREATE OR REPLACE TEMP TABLE challenges AS
SELECT h.flow_id
FROM http AS h JOIN flows AS f ON f.flow_id = h.flow_id
LEFT JOIN inputs AS i ON i.input_id = h.input_id
WHERE f.orientation = 'log' AND f.action IS NULL
  AND h.flow_id IN (SELECT flow_id FROM http WHERE status = 407)
GROUP BY h.flow_id
HAVING bool_and(coalesce(h.status = 407 AND starts_with(i.format, 'squid'), false));

-- `seen`: `attributed` with what a device did. A log's request that the device denied or only asked back for
-- never left it: it is an attempt, and no write.
CREATE OR REPLACE TEMP VIEW seen AS
SELECT
    a.* REPLACE (
        CASE WHEN refused THEN 0 ELSE a.write_requests END AS write_requests,
        CASE WHEN NOT refused THEN a.write_bytes END AS write_bytes,
        CASE WHEN f.challenged IS NOT TRUE THEN a.upload_bytes END AS upload_bytes,
        CASE WHEN f.challenged IS NOT TRUE THEN a.upload_app_bytes END AS upload_app_bytes,
        CASE WHEN f.challenged THEN 'W5' WHEN refused AND a.direction_evidence = 'W1'
            THEN CASE WHEN a.upload_bytes IS NULL THEN 'W5' ELSE 'W4' END
            ELSE a.direction_evidence END AS direction_evidence
    ),
    f.action, f.orientation, f.bytes_grade, coalesce(f.challenged, false) AS challenged
FROM attributed AS a
LEFT JOIN (
    SELECT f.flow_id, f.action, f.orientation, f.bytes_grade, c.flow_id IS NOT NULL AS challenged,
        challenged OR coalesce(f.action = 'deny' AND f.orientation = 'log', false) AS refused
    FROM flows AS f LEFT JOIN challenges AS c ON c.flow_id = f.flow_id
) AS f ON f.flow_id = a.flow_id;

-- `looked_up`: DNS messages that rules name as evidence, as rows beside the flows of `seen`; a rule names
-- message N as flow -1 - N, because no flow has a number below 0. accuse.sql fills it.
CREATE OR REPLACE TEMP TABLE looked_up AS SELECT * FROM seen LIMIT 0;
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

-- `evidence_flows`: the flows that show a direction towards the responder (`carried`), those that a device
-- denied, and those to others' known services that a log states without the bytes of both ways (`contact`:
-- no direction shows), once per transfer (a proxy's own leg is left out).
CREATE OR REPLACE TEMP TABLE evidence_flows AS
SELECT * FROM (
    SELECT
        a.*,
        -- Resolvers are catalogued too, but they are no part of the platform under the agent.
        coalesce(d.service <> 'doh', false) AS platform_address,
        coalesce(a.upload_turns, 0) > 0 AS uploads,
        coalesce(a.small_turns, 0) > 0 AS drips,
        a.write_requests > 0 AS writes,
        writes AND p.flow_id IS NOT NULL AS pushes,
        NOT a.has_turns AND a.upload_bytes IS NOT NULL
            AND a.direction_evidence IS NOT DISTINCT FROM 'W4' AS counted,
        a.action IS NOT DISTINCT FROM 'deny' AS denied,
        uploads OR drips OR writes OR counted AS carried,
        -- A question for a token is no more than a contact with the registry.
        NOT (uploads OR drips OR counted OR writes AND (pushes OR a.role NOT IN ('registry-login',
            'registry-regional', 'registry-infra', 'other-registry', 'platform-registry')))
            AND NOT denied AND a.orientation IS NOT DISTINCT FROM 'log'
            AND (a.orig_bytes IS NULL OR a.resp_bytes IS NULL OR a.challenged)
            AND (a.role <> 'unknown' OR a.imitates IS NOT NULL)
            AND a.ownership NOT IN ('ours', 'approved', 'platform') AS contact
    FROM seen AS a
    LEFT JOIN pushes AS p ON p.flow_id = a.flow_id
    LEFT JOIN addresses AS d ON d.addr = a.resp_ip
    WHERE a.proxy_leg IS DISTINCT FROM 'upstream'
)
WHERE carried OR denied OR contact;

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
