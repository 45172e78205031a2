-- Registries and storage accounts that were contacted, by name and agent.
SELECT
    endpoint, role, owner, ownership,
    list(DISTINCT agent ORDER BY agent) AS agents,
    list(DISTINCT managed_of ORDER BY managed_of)
        FILTER (WHERE managed_of IS NOT NULL) AS managed_of
FROM attributed
WHERE endpoint IS NOT NULL
  AND proxy_leg IS DISTINCT FROM 'upstream'
  AND role IN (
      'registry-login', 'registry-regional', 'registry-data', 'other-registry',
      'platform-registry', 'storage-account', 'object-store',
      'managed-storage-candidate', 'registry-managed-storage'
  )
  AND NOT (role = 'other-registry' AND direction IS NOT DISTINCT FROM 'download-only')
GROUP BY endpoint, role, owner, ownership
ORDER BY endpoint, role, owner NULLS LAST, ownership;
