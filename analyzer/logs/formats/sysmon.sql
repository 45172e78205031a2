-- title = "Sysmon events 3 and 22 (XML, winlogbeat and NXLog JSON, evtx_dump JSON, Azure diagnostics)"
-- vendor = "https://learn.microsoft.com/sysinternals/downloads/sysmon"
-- order = 70
-- view = "no byte counters: the host logs which program connected where and asked for which name"
-- claims = ["program", "client and server address and port", "name asked for", "answers"]
-- cannot = ["bytes", "whether the connection was allowed", "which connection a name was asked for", "the address of who asked, but for computers whose connections (event 3) are in the case"]
-- others = "ignored"
-- [[records]]
-- shape = "text"
-- pattern = '''<Event[ >].*<Provider Name=["']Microsoft-Windows-Sysmon["']'''
-- [[records]]
-- shape = "json"
-- match = { provider = "^Microsoft-Windows-Sysmon$" }
-- [[records]]
-- shape = "table"
-- columns = ["Source", "EventID", "EventData"]
-- [fields]
-- provider = ["winlog.provider_name", "SourceName", "properties.ProviderName", 'Event.System.Provider."#attributes".Name', 'Event.System.Provider."@Name"', "ProviderName", "source_name", "Source", "Provider.Name"]
-- event_id = ["winlog.event_id", "EventID", "properties.EventId", "Event.System.EventID", "event_id", "event.code", "EventId", "Id"]
-- raw = ["properties.RawXml", "EventData", "event.original", "Xml"]
-- utc = ["winlog.event_data.UtcTime", "UtcTime", "Event.EventData.UtcTime", "event_data.UtcTime"]
-- image = ["winlog.event_data.Image", "Image", "Event.EventData.Image", "event_data.Image", "process.executable"]
-- proto = ["winlog.event_data.Protocol", "Protocol", "Event.EventData.Protocol", "event_data.Protocol", "network.transport"]
-- src = ["winlog.event_data.SourceIp", "SourceIp", "Event.EventData.SourceIp", "event_data.SourceIp", "source.ip"]
-- sport = ["winlog.event_data.SourcePort", "SourcePort", "Event.EventData.SourcePort", "event_data.SourcePort", "source.port"]
-- dst = ["winlog.event_data.DestinationIp", "DestinationIp", "Event.EventData.DestinationIp", "event_data.DestinationIp", "destination.ip"]
-- dport = ["winlog.event_data.DestinationPort", "DestinationPort", "Event.EventData.DestinationPort", "event_data.DestinationPort", "destination.port"]
-- computer = ["winlog.computer_name", "Computer", "Hostname", "properties.Computer", "Event.System.Computer", "computer_name", "host.name", "MachineName"]
-- initiated = ["winlog.event_data.Initiated", "Initiated", "Event.EventData.Initiated", "event_data.Initiated"]
-- question = ["winlog.event_data.QueryName", "QueryName", "Event.EventData.QueryName", "event_data.QueryName", "dns.question.name"]
-- status = ["winlog.event_data.QueryStatus", "QueryStatus", "Event.EventData.QueryStatus", "event_data.QueryStatus", "sysmon.dns.status"]
-- results = ["winlog.event_data.QueryResults", "QueryResults", "Event.EventData.QueryResults", "event_data.QueryResults"]
WITH shaped AS (
    SELECT *, CASE WHEN raw LIKE '%<Data Name=%' THEN raw WHEN provider IS NULL THEN line END AS xml FROM records
), each AS MATERIALIZED (
    SELECT line_no, xml, coalesce(event_id, filled(regexp_extract(xml, '<EventID(?: [^>]*)?>([0-9]+)</EventID>', 1))) AS event_id,
        coalesce(utc, xml_data(xml, 'UtcTime')) AS utc, coalesce(image, xml_data(xml, 'Image')) AS image,
        coalesce(computer, filled(regexp_extract(xml, '<Computer>([^<]*)</Computer>', 1))) AS computer,
        coalesce(initiated, xml_data(xml, 'Initiated')) AS initiated,
        proto, src, sport, dst, dport, question, status, results
    FROM shaped WHERE coalesce(provider, '') IN ('', 'Microsoft-Windows-Sysmon')
), read AS MATERIALIZED (
    SELECT line_no, event_id, utc, image, lower(computer) AS computer, lower(initiated) AS initiated,
        CASE WHEN event_id = '3' THEN coalesce(proto, xml_data(xml, 'Protocol')) END AS proto,
        CASE WHEN event_id = '3' THEN coalesce(src, xml_data(xml, 'SourceIp')) END AS src,
        CASE WHEN event_id = '3' THEN coalesce(sport, xml_data(xml, 'SourcePort')) END AS sport,
        CASE WHEN event_id = '3' THEN coalesce(dst, xml_data(xml, 'DestinationIp')) END AS dst,
        CASE WHEN event_id = '3' THEN coalesce(dport, xml_data(xml, 'DestinationPort')) END AS dport,
        CASE WHEN event_id = '22' THEN coalesce(question, xml_data(xml, 'QueryName')) END AS question,
        CASE WHEN event_id = '22' THEN coalesce(status, xml_data(xml, 'QueryStatus')) END AS status,
        CASE WHEN event_id = '22' THEN coalesce(results, xml_data(xml, 'QueryResults')) END AS results
    FROM each WHERE event_id IN ('3', '22')
), listed AS (
    -- "type:  5 name;::ffff:1.2.3.4;": each alias is the owner of what follows it. No more than 512, as
    -- everywhere: a message of DNS holds no more of use, and owners are looked for in all that precede.
    SELECT *, list_filter(list_transform(string_split(results, ';'), lambda r: trim(r)), lambda r: r NOT IN ('', '-'))[:512] AS parts
    FROM read
), typed AS (
    SELECT *, list_transform(parts, lambda r: CASE
        WHEN r LIKE 'type:%' THEN CASE regexp_extract(r, '^type: *([0-9]+) ', 1) WHEN '5' THEN 'CNAME' WHEN '28' THEN 'AAAA'
            WHEN '1' THEN 'A' ELSE regexp_extract(r, '^type: *([0-9]+) ', 1) END
        WHEN r ILIKE '::ffff:%.%' THEN 'A' WHEN contains(r, ':') THEN 'AAAA' ELSE 'A' END) AS types,
        list_transform(parts, lambda r: CASE WHEN r LIKE 'type:%' THEN regexp_replace(r, '^type: *[0-9]+ +', '')
            WHEN r ILIKE '::ffff:%.%' THEN substring(r, 8) ELSE r END) AS vals
    FROM listed
)
SELECT
    line_no AS line, CASE WHEN event_id = '3' THEN 'flow' ELSE 'dns' END AS kind,
    iso_ns(utc) AS ts_ns, src AS client_ip,
    -- The source is this computer only where it opened the connection.
    CASE WHEN event_id = '22' OR initiated IS DISTINCT FROM 'false' THEN xml_text(computer) END AS host, sport AS client_port, dst AS server_ip, dport AS server_port,
    lower(proto) AS proto, CASE WHEN event_id = '22' THEN 'dns' END AS app,
    xml_text(question) AS name, xml_text(filled(image)) AS process,
    CASE WHEN event_id = '22' THEN true END AS is_response,
    CASE status WHEN '0' THEN 'NOERROR' WHEN '9003' THEN 'NXDOMAIN' WHEN '9002' THEN 'SERVFAIL' WHEN '9005' THEN 'REFUSED'
        WHEN '9501' THEN 'NOERROR' END AS rcode,
    CASE WHEN event_id = '22' AND len(vals) > 0 THEN list_transform(vals, lambda v, i: {
        owner: CASE WHEN i = 1 THEN NULL ELSE list_filter(list_zip(types[:i - 1], vals[:i - 1]), lambda z: z[1] = 'CNAME')[-1][2] END,
        type: types[i], value: v, ttl: NULL::BIGINT}) END AS answers
FROM typed
