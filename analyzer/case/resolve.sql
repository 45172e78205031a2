-- What DNS says about each flow: does it confirm the announced name, and which names fit a flow
-- that announces none?
--
-- `told`: every answer, by agent, valid from its time to TTL plus grace (clients keep names longer
-- than DNS allows). TTLs above a week are a week, as resolvers keep them (RFC 8767 section 4).
-- `confirmed`: flows whose announced name was answered to the same agent with this very address.
-- `sought`: flows that need more of DNS: nameless ones, and unconfirmed claims on public
-- addresses.
-- `fitting`: per sought flow and class of names (service, role, ownership), one name answered to
-- the same agent and valid when the flow began: the latest, or else the one valid longest. Working
-- by class bounds the work: an address with a million names has a handful of classes.
-- `resolved`: the name of each nameless flow. A name of ours that fits comes first whoever asked
-- for it; apart from that the agent's own answers come before other clients'.
--
-- All validity tests are exact: among the answers up to an instant one is still valid just when
-- the largest end so far is, so one ASOF look-up on a running maximum replaces a range join.

CREATE OR REPLACE TEMP TABLE told AS
SELECT a.agent, n.addr, n.name, n.chain, least(n.ts_ns, 9000000000000000000) AS from_ns,
    least(n.ts_ns, 9000000000000000000) + l.grace_ns
        + least(greatest(coalesce(n.ttl_s, 0), 0), 604800) * 1000000000 AS until_ns
FROM names n JOIN addresses a ON a.addr = n.client_ip CROSS JOIN limits l
WHERE n.kind IN ('dns', 'dns_hint') AND n.addr IS NOT NULL;

-- Most names were answered for one stretch of time: only where there are more has the right one to be
-- looked up.
CREATE OR REPLACE TEMP TABLE confirmed AS
WITH marked AS (
    SELECT agent, addr, name, from_ns, until_ns, max(until_ns) OVER (
        PARTITION BY agent, addr, name ORDER BY from_ns, until_ns
        ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
    ) AS covered_ns
    FROM told
),
numbered AS (
    SELECT *, sum(CASE WHEN covered_ns >= from_ns THEN 0 ELSE 1 END) OVER (
        PARTITION BY agent, addr, name ORDER BY from_ns, until_ns ROWS UNBOUNDED PRECEDING
    ) AS stretch
    FROM marked
),
stretches AS (
    SELECT agent, addr, name, min(from_ns) AS from_ns, max(until_ns) AS until_ns
    FROM numbered GROUP BY agent, addr, name, stretch
),
counted AS (
    SELECT *, count(*) OVER (PARTITION BY agent, addr, name) AS stretches FROM stretches
)
SELECT v.flow_id
FROM voiced v
JOIN counted t ON t.agent = v.agent AND t.addr = v.resp_ip AND t.name = v.announced
WHERE t.stretches = 1 AND v.began_ns BETWEEN t.from_ns AND t.until_ns
UNION ALL
SELECT v.flow_id
FROM (
    SELECT flow_id, agent, resp_ip, announced, began_ns FROM voiced
    WHERE (agent, resp_ip, announced) IN (
        SELECT (agent, addr, name) FROM counted WHERE stretches > 1
    )
) v
ASOF JOIN (SELECT * FROM counted WHERE stretches > 1) t
    ON t.agent = v.agent AND t.addr = v.resp_ip AND t.name = v.announced
        AND v.began_ns >= t.from_ns
WHERE t.until_ns >= v.began_ns;

CREATE OR REPLACE TEMP TABLE sought AS
SELECT v.flow_id, v.agent, v.resp_ip AS addr, v.began_ns, v.announced
FROM voiced v
WHERE (v.announced IS NULL AND v.target_addr IS NULL)
    OR (v.source <> 'connect' AND NOT v.via_proxy AND v.scope IN ('global', 'other')
        AND v.flow_id NOT IN (SELECT flow_id FROM confirmed));

CREATE OR REPLACE TEMP TABLE chain_services AS
SELECT h.chain, arg_max(e.service, (h.position, e.service)) AS service
FROM (
    SELECT chain, unnest(hops) AS hop, generate_subscripts(hops, 1) AS position
    FROM (
        SELECT chain, string_split(chain, '>') AS hops
        FROM (SELECT DISTINCT chain FROM told WHERE chain IS NOT NULL)
    )
) h
JOIN endpoints e ON e.name = h.hop
WHERE e.service IS NOT NULL
GROUP BY h.chain;

CREATE OR REPLACE TEMP TABLE classed AS
SELECT t.agent, t.addr, t.name, t.from_ns, t.until_ns,
    coalesce(e.service, c.service, '') AS service, e.role, e.ownership
FROM told t
JOIN (SELECT DISTINCT addr FROM sought) s ON s.addr = t.addr
JOIN endpoints e ON e.name = t.name
LEFT JOIN chain_services c ON c.chain = t.chain;

CREATE OR REPLACE TEMP TABLE fitting AS
WITH answers AS (
    SELECT agent, addr, service, role, ownership, from_ns,
        arg_max(name, (until_ns, name)) AS name, max(until_ns) AS until_ns
    FROM classed GROUP BY agent, addr, service, role, ownership, from_ns
),
running AS (
    SELECT *, arg_max(name, (until_ns, name)) OVER so_far AS longest,
        max(until_ns) OVER so_far AS longest_ns
    FROM answers
    WINDOW so_far AS (PARTITION BY agent, addr, service, role, ownership ORDER BY from_ns)
),
classes AS (
    SELECT DISTINCT agent, addr, service, role, ownership FROM answers
),
asked AS (
    SELECT s.flow_id, s.began_ns, c.*
    FROM sought s JOIN classes c ON c.agent = s.agent AND c.addr = s.addr
)
SELECT a.flow_id, a.service, a.role, a.ownership,
    CASE WHEN r.until_ns >= a.began_ns THEN r.name ELSE r.longest END AS name
FROM asked a
ASOF JOIN running r ON r.agent = a.agent AND r.addr = a.addr AND r.service = a.service
    AND r.role = a.role AND r.ownership = a.ownership AND a.began_ns >= r.from_ns
WHERE r.longest_ns >= a.began_ns;

-- How many names of an address are valid for an agent at each instant: +1 where a stretch of
-- validity of a name begins, -1 after its end.
CREATE OR REPLACE TEMP TABLE valid_names AS
WITH instants AS (
    SELECT agent, addr, name, from_ns, max(until_ns) AS until_ns
    FROM classed GROUP BY agent, addr, name, from_ns
),
marked AS (
    SELECT agent, addr, name, from_ns, until_ns, max(until_ns) OVER (
        PARTITION BY agent, addr, name ORDER BY from_ns
        ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
    ) AS covered_ns
    FROM instants
),
numbered AS (
    SELECT *, sum(CASE WHEN covered_ns >= from_ns THEN 0 ELSE 1 END) OVER (
        PARTITION BY agent, addr, name ORDER BY from_ns ROWS UNBOUNDED PRECEDING
    ) AS stretch
    FROM marked
),
stretches AS (
    SELECT agent, addr, min(from_ns) AS from_ns, max(until_ns) AS until_ns
    FROM numbered GROUP BY agent, addr, name, stretch
),
steps AS (
    SELECT agent, addr, at_ns, sum(step) AS step
    FROM (
        SELECT agent, addr, from_ns AS at_ns, 1 AS step FROM stretches
        UNION ALL SELECT agent, addr, until_ns + 1, -1 FROM stretches
    )
    GROUP BY agent, addr, at_ns
)
SELECT agent, addr, at_ns, sum(step) OVER (PARTITION BY agent, addr ORDER BY at_ns) AS names
FROM steps;

-- Names that a capture file states for an address (pcapng name resolution blocks) are somebody's
-- annotation: they count where no answer was seen for the address at all.
CREATE OR REPLACE TEMP TABLE noted AS
SELECT DISTINCT n.addr, n.name, coalesce(e.service, '') AS service, e.role, e.ownership
FROM names n
JOIN (SELECT DISTINCT addr FROM sought) s ON s.addr = n.addr
JOIN endpoints e ON e.name = n.name
WHERE n.kind = 'nrb' AND n.addr NOT IN (SELECT addr FROM told);

CREATE OR REPLACE TEMP TABLE resolved AS
WITH own_answer AS (
    SELECT f.flow_id,
        arg_min(f.name, (ownership_rank(f.ownership), f.role, f.service, f.name)) AS name,
        min(ownership_rank(f.ownership)) AS rank
    FROM fitting f JOIN sought s USING (flow_id)
    WHERE s.announced IS NULL GROUP BY f.flow_id
),
anybody AS (
    SELECT addr, arg_min(name, (ownership_rank(ownership), role, service, name)) AS name,
        min(ownership_rank(ownership)) AS rank, count(DISTINCT name) AS names
    FROM (
        SELECT addr, name, service, role, ownership FROM classed
        UNION ALL SELECT addr, name, service, role, ownership FROM noted
    )
    GROUP BY addr
)
SELECT s.flow_id, s.addr IN (SELECT addr FROM noted) AS noted,
    o.name IS NOT NULL AND (o.rank <= 1 OR a.rank > 1) AS by_own,
    CASE WHEN o.name IS NOT NULL AND (o.rank <= 1 OR a.rank > 1) THEN o.name ELSE a.name END
        AS name,
    CASE WHEN o.name IS NOT NULL AND (o.rank <= 1 OR a.rank > 1) THEN v.names ELSE a.names END
        - 1 AS others
FROM sought s
JOIN anybody a ON a.addr = s.addr
LEFT JOIN own_answer o ON o.flow_id = s.flow_id
ASOF LEFT JOIN valid_names v
    ON v.agent = s.agent AND v.addr = s.addr AND s.began_ns >= v.at_ns
WHERE s.announced IS NULL;

DROP TABLE chain_services;
DROP TABLE classed;
DROP TABLE valid_names;
DROP TABLE noted;
