-- Takes over the audit trail of 0002, of every tenant.
ALTER TABLE auth.audit_events_before NO FORCE ROW LEVEL SECURITY;
ALTER TABLE auth.audit_events NO FORCE ROW LEVEL SECURITY;
ALTER TABLE auth.audit_heads NO FORCE ROW LEVEL SECURITY;

DO $$
DECLARE
  line record;
  last record;
BEGIN
  FOR line IN
    SELECT row_number() OVER (PARTITION BY tenant_id ORDER BY happened_at, id) AS sequence, tenant_id, id, happened_at,
      event, user_id::text AS subject, coalesce(session_id, user_id)::text AS object_id,
      CASE WHEN acted_in IS NULL THEN '{}' ELSE jsonb_build_object('actedIn', acted_in) END AS detail,
      left(request_id, 64) AS request_id
    FROM auth.audit_events_before ORDER BY tenant_id, sequence
  LOOP
    INSERT INTO auth.audit_heads AS h (tenant_id, sequence, hash)
      VALUES (line.tenant_id, line.sequence, auth.audit_hash(
        '', line.tenant_id, line.sequence, line.id, line.happened_at, line.event, line.subject, '', false,
        line.object_id, line.detail, line.request_id))
      ON CONFLICT (tenant_id) DO UPDATE SET sequence = line.sequence, hash = auth.audit_hash(
        h.hash, line.tenant_id, line.sequence, line.id, line.happened_at, line.event, line.subject, '', false,
        line.object_id, line.detail, line.request_id)
      RETURNING h.hash INTO last;
    INSERT INTO auth.audit_events VALUES (
      line.tenant_id, line.sequence, line.id, line.happened_at, line.event, line.subject, '', false, line.object_id,
      line.detail, line.request_id, last.hash);
  END LOOP;
END $$;

DROP TABLE auth.audit_events_before;
ALTER TABLE auth.audit_events FORCE ROW LEVEL SECURITY;
ALTER TABLE auth.audit_heads FORCE ROW LEVEL SECURITY;
