-- Takes over what was in the tables of 0003, of every tenant.
ALTER TABLE billing.audit_events_before NO FORCE ROW LEVEL SECURITY;
ALTER TABLE billing.idempotency_keys_before NO FORCE ROW LEVEL SECURITY;
ALTER TABLE billing.audit_events NO FORCE ROW LEVEL SECURITY;
ALTER TABLE billing.audit_heads NO FORCE ROW LEVEL SECURITY;
ALTER TABLE billing.idempotency_keys NO FORCE ROW LEVEL SECURITY;

DO $$
DECLARE
  line record;
  last record;
BEGIN
  FOR line IN
    SELECT row_number() OVER (PARTITION BY tenant_id ORDER BY happened_at, id) AS sequence, *
    FROM billing.audit_events_before ORDER BY tenant_id, sequence
  LOOP
    INSERT INTO billing.audit_heads AS h (tenant_id, sequence, hash)
      VALUES (line.tenant_id, line.sequence, billing.audit_hash(
        '', line.tenant_id, line.sequence, line.id, line.happened_at, line.event, line.subject, '', line.cross_tenant,
        left(line.object_id, 100), line.detail, line.request_id))
      ON CONFLICT (tenant_id) DO UPDATE SET sequence = line.sequence, hash = billing.audit_hash(
        h.hash, line.tenant_id, line.sequence, line.id, line.happened_at, line.event, line.subject, '',
        line.cross_tenant, left(line.object_id, 100), line.detail, line.request_id)
      RETURNING h.hash INTO last;
    INSERT INTO billing.audit_events VALUES (
      line.tenant_id, line.sequence, line.id, line.happened_at, line.event, line.subject, '', line.cross_tenant,
      left(line.object_id, 100), line.detail, line.request_id, last.hash);
  END LOOP;
END $$;

INSERT INTO billing.idempotency_keys
  (tenant_id, subject, key, method, request_digest, response, created_at)
  SELECT tenant_id, subject, key, method, request_digest, response, created_at FROM billing.idempotency_keys_before;

DROP TABLE billing.audit_events_before;
DROP TABLE billing.idempotency_keys_before;
ALTER TABLE billing.audit_events FORCE ROW LEVEL SECURITY;
ALTER TABLE billing.audit_heads FORCE ROW LEVEL SECURITY;
ALTER TABLE billing.idempotency_keys FORCE ROW LEVEL SECURITY;
