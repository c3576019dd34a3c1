-- The audit trail of 0002 makes room for the tables that every service has (ServiceTables.migration). Runs as cb_owner.
ALTER TABLE auth.audit_events RENAME TO audit_events_before;
ALTER TABLE auth.audit_events_before RENAME CONSTRAINT audit_events_pkey TO audit_events_before_pkey;
