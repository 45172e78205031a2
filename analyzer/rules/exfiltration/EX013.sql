-- id = "EX013"
-- title = "Domain fronting: the names on the outside and inside of a connection disagree"
-- stream = "exfiltration"
-- order = 13
-- severity = "low"
-- ladder = [
--   { figure = "upload_bytes", at_least = "high_upload_bytes", severity = "high" },
--   { figure = "write_bytes", at_least = "high_upload_bytes", severity = "high" },
--   { figure = "upload_bytes", at_least = "medium_upload_bytes", severity = "medium" },
--   { figure = "write_bytes", at_least = "medium_write_bytes", severity = "medium" },
--   { figure = "small_bytes", at_least = "medium_drip_sum_bytes", severity = "medium" },
-- ]
-- attack = ["T1090.004"]
-- why = "A firewall decides by the name on the outside: the CONNECT line, or the SNI. A front end that many customers share delivers by the name inside: the Host header. Who writes a permitted name outside and another inside passes the one and reaches the other."
-- arithmetic = "Flows whose destination was read inside (Host in decrypted or inspected requests, SNI inside a CONNECT or SOCKS tunnel) and that announce another name outside, where the two belong to different owners: other service or owner label by the catalogue, else another registered domain. Uploads climb the same ladder as at storage: medium from medium_upload_bytes of upload turns, medium_write_bytes of bodies read in clear or medium_drip_sum_bytes of drips, high from high_upload_bytes; without any upload it is low, and silent over HTTP/2, where clients share one connection between hosts of one certificate (RFC 9113 section 9.1.1)."
-- false_positives = [
--   "Content networks whose clients reuse one connection for several customers' hosts.",
--   "A proxy that rewrites Host, or a tunnel to a second proxy whose own CONNECT is not in the input.",
-- ]
-- explanation = "{agent} {sent} {target}, but showed another name on the outside: {announced}. The two belong to different owners, so a rule that permits the outer name has let this one pass."
-- clears = [
--   "If the inner name is ours: --own {own_arg}",
--   "If somebody approved it: --approve {target_arg}",
--   "Name the client that does this; ordinary ones put one name into SNI, CONNECT and Host.",
-- ]
WITH other AS (
    SELECT DISTINCT a.flow_id, a.agent, a.endpoint, s.kind, s.name
    FROM names AS s
    JOIN attributed AS a ON a.flow_id = s.flow_id AND a.endpoint <> s.name
    WHERE s.kind IN ('sni', 'quic_sni', 'connect', 'socks')
      AND a.name_source IN ('http_host', 'connect', 'sni', 'log_fqdn')
      AND a.ownership NOT IN ('ours', 'approved', 'platform')
      AND a.proxy_leg IS DISTINCT FROM 'upstream'
),
fitting AS (
    SELECT DISTINCT n.flow_id, n.kind
    FROM names AS n
    JOIN other AS x ON x.flow_id = n.flow_id AND x.kind = n.kind AND x.endpoint = n.name
),
apart AS (
    SELECT
        x.*,
        CASE x.kind WHEN 'socks' THEN 'SOCKS' WHEN 'connect' THEN 'CONNECT' ELSE 'SNI' END AS layer,
        -- The domain that its owner registered, as far as the form of a name tells.
        regexp_extract(x.name, '([^.]+[.](?:(?:co|com|org|net|ac|gov|edu|or|ne)[.][a-z]{2}|[^.]+))$', 1)
            AS outer_site,
        regexp_extract(x.endpoint, '([^.]+[.](?:(?:co|com|org|net|ac|gov|edu|or|ne)[.][a-z]{2}|[^.]+))$', 1)
            AS inner_site,
        o.service AS outer_service, o.owner AS outer_owner,
        i.service AS inner_service, i.owner AS inner_owner
    FROM other AS x
    -- Of several CONNECT lines of one chain of proxies one has to fit.
    ANTI JOIN fitting AS f ON f.flow_id = x.flow_id AND f.kind = x.kind
    JOIN endpoints AS o ON o.name = x.name
    JOIN endpoints AS i ON i.name = x.endpoint
)
SELECT
    p.agent,
    p.endpoint,
    list(DISTINCT p.flow_id ORDER BY p.flow_id) AS flow_ids,
    CASE WHEN bool_or(e.denied) THEN ['denied'] ELSE []::VARCHAR[] END AS modifiers,
    {
        'announced': list(DISTINCT p.layer || ' ' || p.name ORDER BY p.layer || ' ' || p.name),
        'outer_names': list(DISTINCT p.name ORDER BY p.name)
    } AS facts
FROM apart AS p
LEFT JOIN evidence_flows AS e ON e.flow_id = p.flow_id
WHERE p.outer_site <> '' AND p.inner_site <> ''
  AND CASE
      WHEN p.outer_service = p.inner_service
          THEN p.outer_owner IS NOT NULL AND p.inner_owner IS NOT NULL
              AND p.outer_owner <> p.inner_owner
      ELSE p.outer_site <> p.inner_site
  END
  AND (
      coalesce(e.carried, false)
      OR p.flow_id NOT IN (SELECT flow_id FROM http WHERE version = '2')
  )
GROUP BY p.agent, p.endpoint
ORDER BY p.agent, p.endpoint
