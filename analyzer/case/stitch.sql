-- Joins the rows of one conversation and turns flows round whose originator was guessed wrongly.
--
-- `conversations`: rows that continue an earlier row of the same TCP 5-tuple. Idle eviction and the
-- start of a capture cut conversations; a part without SYN belongs to the part before it, so that
-- it inherits the names which only the first part carries.
-- `answered`: which agent was told which address by DNS, at any time of the case.
-- `flows`: where DNS shows that the "responder" asked for the "originator", or a surer part of the
-- same conversation runs the other way, the sides are swapped. Turns were counted the wrong way
-- round then, and nothing can recount them: they become NULL.

CREATE OR REPLACE TEMP TABLE conversations AS
WITH candidates AS (
    -- The ends' hashes together are the same both ways: few tuples share one by chance, and texts are
    -- made of those alone.
    SELECT ends FROM (
        SELECT xor(hash(orig_ip, orig_port), hash(resp_ip, resp_port)) AS ends
        FROM flows WHERE proto = 'tcp' AND orientation <> 'log'
    )
    GROUP BY ends HAVING count(*) > 1
),
tuples AS (
    SELECT
        flow_id, start_ns, open_at_start, orig_ip, orig_port, orientation,
        least(orig_ip || ' ' || orig_port, resp_ip || ' ' || resp_port) AS lower_end,
        greatest(orig_ip || ' ' || orig_port, resp_ip || ' ' || resp_port) AS upper_end
    FROM flows
    WHERE proto = 'tcp' AND orientation <> 'log'
        AND xor(hash(orig_ip, orig_port), hash(resp_ip, resp_port)) IN (SELECT ends FROM candidates)
),
repeated AS (
    SELECT lower_end, upper_end FROM tuples GROUP BY lower_end, upper_end HAVING count(*) > 1
),
numbered AS (
    SELECT t.*, sum(CASE WHEN open_at_start THEN 0 ELSE 1 END) OVER (
        PARTITION BY lower_end, upper_end ORDER BY start_ns, flow_id ROWS UNBOUNDED PRECEDING
    ) AS run
    FROM tuples t JOIN repeated USING (lower_end, upper_end)
),
parts AS (
    SELECT *, count(*) OVER whole AS part_count,
        min(start_ns) OVER whole AS began_ns,
        min(flow_id) OVER whole AS conversation
    FROM numbered
    WINDOW whole AS (PARTITION BY lower_end, upper_end, run)
)
SELECT flow_id, conversation, began_ns, orig_ip, orig_port, orientation
FROM parts WHERE part_count > 1;

CREATE OR REPLACE TEMP TABLE answered AS
SELECT DISTINCT a.agent, n.addr
FROM names n JOIN addresses a ON a.addr = n.client_ip
WHERE n.kind IN ('dns', 'dns_hint') AND n.addr IS NOT NULL;

CREATE OR REPLACE TEMP TABLE flips AS
WITH by_dns AS (
    SELECT f.flow_id
    FROM flows f
    JOIN addresses o ON o.addr = f.orig_ip
    JOIN addresses r ON r.addr = f.resp_ip
    JOIN answered asked ON asked.agent = r.agent AND asked.addr = f.orig_ip
    LEFT JOIN answered straight ON straight.agent = o.agent AND straight.addr = f.resp_ip
    WHERE f.orientation IN ('port', 'private', 'first') AND straight.addr IS NULL
        AND f.flow_id NOT IN (SELECT flow_id FROM names WHERE flow_id IS NOT NULL)
),
guessed AS (
    SELECT c.flow_id, c.conversation, c.orig_ip, c.orig_port, c.orientation,
        d.flow_id IS NOT NULL AS flipped,
        orientation_rank(CASE WHEN d.flow_id IS NULL THEN c.orientation ELSE 'dns' END) AS certainty
    FROM conversations c LEFT JOIN by_dns d USING (flow_id)
),
surest AS (
    SELECT conversation,
        arg_min(orig_ip, (certainty, flow_id)) AS orig_ip,
        arg_min(orig_port, (certainty, flow_id)) AS orig_port,
        arg_min(flipped, (certainty, flow_id)) AS flipped,
        arg_min(orientation, (certainty, flow_id)) AS orientation
    FROM guessed GROUP BY conversation
),
by_conversation AS (
    SELECT g.flow_id,
        CASE WHEN s.flipped THEN 'dns' ELSE s.orientation END AS orientation,
        ((g.orig_ip, g.orig_port) <> (s.orig_ip, s.orig_port)) <> s.flipped AS flip
    FROM guessed g JOIN surest s USING (conversation)
)
SELECT flow_id, orientation FROM by_conversation WHERE flip
UNION ALL
SELECT flow_id, 'dns' FROM by_dns
WHERE flow_id NOT IN (SELECT flow_id FROM conversations);

UPDATE flows SET
    orientation = flips.orientation,
    orig_ip = resp_ip, orig_port = resp_port, resp_ip = orig_ip, resp_port = orig_port,
    outer_orig_ip = outer_resp_ip, outer_resp_ip = outer_orig_ip,
    orig_bytes = resp_bytes, resp_bytes = orig_bytes, orig_pkts = resp_pkts, resp_pkts = orig_pkts,
    orig_missed_bytes = missed_bytes - orig_missed_bytes,
    one_sided = CASE one_sided WHEN 'orig' THEN 'resp' WHEN 'resp' THEN 'orig' END,
    turns = NULL, upload_turns = NULL, upload_bytes = NULL, upload_app_bytes = NULL,
    largest_upload = NULL, median_request = NULL, wide_requests = NULL, wide_bytes = NULL,
    drip_turns = NULL, drip_bytes = NULL, big16_turns = NULL, big16_bytes = NULL,
    big16_app_bytes = NULL, big32_turns = NULL, big32_bytes = NULL, big32_app_bytes = NULL,
    big64_turns = NULL, big64_bytes = NULL, big64_app_bytes = NULL, small_app_bytes = NULL
FROM flips WHERE flips.flow_id = flows.flow_id;
