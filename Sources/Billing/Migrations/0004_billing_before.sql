-- The service's tables of 0003 make room for those that every service has (ServiceTables.migration). Runs as cb_owner.
ALTER TABLE billing.audit_events RENAME TO audit_events_before;
ALTER TABLE billing.audit_events_before RENAME CONSTRAINT audit_events_pkey TO audit_events_before_pkey;
ALTER INDEX billing.audit_events_object_key RENAME TO audit_events_before_object_key;
ALTER TABLE billing.idempotency_keys RENAME TO idempotency_keys_before;
ALTER TABLE billing.idempotency_keys_before RENAME CONSTRAINT idempotency_keys_pkey TO idempotency_keys_before_pkey;
ALTER INDEX billing.idempotency_keys_age_key RENAME TO idempotency_keys_before_age_key;
