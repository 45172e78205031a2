-- id = "HY007"
-- title = "Certificate that does not cover the announced name"
-- stream = "hygiene"
-- order = 7
-- severity = "info"
-- attack = ["T1557"]
-- why = "A client that checks certificates ends such a connection. One that goes on accepts any server, so whoever stands in between reads its tokens; and a server that shows another name than the client announced may not be the one that the firewall thinks it is."
-- arithmetic = "No bytes: handshakes up to TLS 1.2 (TLS 1.3 encrypts the certificate) with an SNI and a server certificate none of whose DNS names is that name or a wildcard for its first label (RFC 9525 section 6.3); the common name where there are none. Low for registries, storage and names that are ours, info for others."
-- false_positives = [
--   "Servers that show a default certificate for names they do not host, and devices with a certificate of their factory.",
--   "Clients that pin a key or check in another way and do not care for names.",
-- ]
-- explanation = "{agent} announced {target}, but the server showed a certificate for {certificate}. {_then}"
-- clears = [
--   "Look at what the server shows now: openssl s_client -connect {_address}:443 -servername {target_arg}",
--   "If a device of yours opens TLS on the way, its certificate must carry the name that the client asked for.",
-- ]
-- [modifiers.guarded-name]
-- effect = "at-least"
-- severity = "low"
-- reason = "the name is a registry's, a storage account's or ours"
WITH uncovered AS (
    -- Handshakes that do not fit are few: only they are looked at closely.
    SELECT
        h.flow_id, rtrim(lower(h.sni), '.') AS sni,
        string_split(lower(coalesce(s.cert_names, s.cert_subject)), ',') AS covered
    FROM tls_server AS s
    JOIN tls AS h ON h.flow_id = s.flow_id
    WHERE h.sni IS NOT NULL
      AND coalesce(s.cert_names, s.cert_subject) IS NOT NULL
      AND NOT list_has_any(
          string_split(lower(coalesce(s.cert_names, s.cert_subject)), ','),
          [
              rtrim(lower(h.sni), '.'),
              '*' || substr(rtrim(lower(h.sni), '.'), strpos(h.sni, '.'))
          ]
      )
),
shown AS (
    SELECT u.flow_id, u.sni, min(u.covered) AS covered, min(w.client_alert) AS client_alert
    FROM uncovered AS u
    LEFT JOIN (
        SELECT flow_id, level || ' ' || coalesce(name, description::VARCHAR) AS client_alert
        FROM tls_alerts WHERE sender = 'client'
    ) AS w ON w.flow_id = u.flow_id
    WHERE regexp_matches(u.sni, '^[a-z0-9_-]+([.][a-z0-9_-]+)*[.][a-z][a-z0-9-]*$')
    GROUP BY u.flow_id, u.sni
)
SELECT
    a.agent,
    s.sni AS endpoint,
    list(a.flow_id ORDER BY a.flow_id) AS flow_ids,
    CASE WHEN bool_or(
            coalesce(e.service IN ('acr', 'storage'), false) OR e.ownership IN ('ours', 'approved')
            OR e.imitates IS NOT NULL
        ) THEN ['guarded-name'] ELSE []::VARCHAR[] END AS modifiers,
    {
        'certificate': min(s.covered)[1:10],
        'alerts': coalesce(list(DISTINCT s.client_alert ORDER BY s.client_alert)
            FILTER (WHERE s.client_alert IS NOT NULL), []::VARCHAR[]),
        '_address': coalesce(min(a.resp_ip), 'ADDRESS'),
        '_then': CASE
            WHEN bool_and(s.client_alert IS NOT NULL)
                THEN 'The client ended the connection with an alert ('
                    || min(s.client_alert) || ').'
            WHEN bool_or(a.orig_bytes > 2000 AND s.client_alert IS NULL)
                THEN 'The client went on all the same.'
            ELSE 'Whether the client went on does not show.' END
    } AS facts
FROM shown AS s
JOIN attributed AS a ON a.flow_id = s.flow_id
LEFT JOIN endpoints AS e ON e.name = s.sni
WHERE a.proxy_leg IS DISTINCT FROM 'upstream'
GROUP BY a.agent, s.sni
ORDER BY a.agent, s.sni
