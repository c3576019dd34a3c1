public import Postgres

extension ServiceTables {
  /// Makes the tables of a service, as the owner, after its schema. Applied databases have its text: it never changes; what comes later is
  /// another function.
  /// - Parameters:
  ///   - name: the migration's, in the order of all services' migrations.
  ///   - before: SQL that makes room, of a service that had such tables before there were these.
  ///   - after: SQL that takes over what was in them.
  public static func migration(
    name: String, schema: String, before: [UInt8] = [], after: [UInt8] = []
  ) -> Migration {
    let role = ServiceDefinition.databaseRole(schema: schema)
    let own = text.replacing("$schema", with: schema).replacing("$role", with: role)
    let parts = [String(decoding: before, as: UTF8.self), own, String(decoding: after, as: UTF8.self)]
    return Migration(name: name, sql: parts.joined(separator: "\n"))
  }

  /// `audit_events` is written only: nothing in it is ever changed. Its lines form a chain a tenant, in the order of their effects: `hash`
  /// is SHA-256 of the line before and this line.
  private static let text = """
    CREATE TABLE $schema.audit_events (
      tenant_id uuid NOT NULL REFERENCES auth.tenants (id),
      sequence bigint NOT NULL CHECK (sequence > 0),
      id uuid NOT NULL,
      happened_at timestamptz NOT NULL,
      event text NOT NULL CHECK (event ~ '^[a-z_.]{1,100}$'),
      subject text NOT NULL CHECK (char_length(subject) BETWEEN 1 AND 100),
      on_behalf_of text NOT NULL CHECK (char_length(on_behalf_of) <= 100),
      cross_tenant boolean NOT NULL,
      object_id text NOT NULL CHECK (char_length(object_id) <= 100),
      detail jsonb NOT NULL,
      request_id text NOT NULL,
      hash bytea NOT NULL CHECK (octet_length(hash) = 32),
      PRIMARY KEY (tenant_id, sequence)
    );
    CREATE INDEX audit_events_object_key ON $schema.audit_events (tenant_id, object_id, sequence);

    -- The last line of each tenant's chain.
    CREATE TABLE $schema.audit_heads (
      tenant_id uuid PRIMARY KEY REFERENCES auth.tenants (id),
      sequence bigint NOT NULL,
      hash bytea NOT NULL CHECK (octet_length(hash) = 32)
    );

    CREATE FUNCTION $schema.audit_hash(
      previous bytea, tenant uuid, sequence bigint, id uuid, happened_at timestamptz, event text, subject text,
      on_behalf_of text, cross_tenant boolean, object_id text, detail jsonb, request_id text
    ) RETURNS bytea LANGUAGE sql STABLE AS $$
      SELECT sha256(previous || convert_to(jsonb_build_array(
        tenant, sequence, id, (extract(epoch FROM happened_at) * 1000000)::bigint, event, subject, on_behalf_of,
        cross_tenant, object_id, detail, request_id)::text, 'UTF8'))
    $$;

    -- The answer that a request with a key got, written in the transaction of its effect. A request whose transaction did not commit
    -- left nothing here, so it may be made again.
    CREATE TABLE $schema.idempotency_keys (
      tenant_id uuid NOT NULL REFERENCES auth.tenants (id),
      subject text NOT NULL CHECK (char_length(subject) BETWEEN 1 AND 250),
      key text NOT NULL CHECK (char_length(key) BETWEEN 1 AND 255),
      method text NOT NULL,
      request_digest bytea NOT NULL CHECK (octet_length(request_digest) = 32),
      response bytea NOT NULL,
      version bigint,
      created_at timestamptz NOT NULL,
      PRIMARY KEY (tenant_id, subject, key)
    );
    CREATE INDEX idempotency_keys_age_key ON $schema.idempotency_keys (tenant_id, created_at);

    -- What others are to be told, written in the transaction of the effect and deleted when it is delivered. `sequence` is given while
    -- the object's row is locked, so it orders the messages of an object.
    CREATE TABLE $schema.outbox (
      tenant_id uuid NOT NULL REFERENCES auth.tenants (id),
      sequence bigint GENERATED ALWAYS AS IDENTITY,
      object_id text NOT NULL CHECK (char_length(object_id) BETWEEN 1 AND 100),
      topic text NOT NULL CHECK (topic ~ '^[a-z_.]{1,100}$'),
      payload bytea NOT NULL,
      subject text NOT NULL,
      on_behalf_of text NOT NULL,
      request_id text NOT NULL,
      created_at timestamptz NOT NULL,
      attempts integer NOT NULL DEFAULT 0,
      due_at timestamptz NOT NULL,
      -- When it was given up: it waits for an operator, and the object's later messages wait behind it.
      set_aside_at timestamptz,
      last_error text NOT NULL DEFAULT '' CHECK (char_length(last_error) <= 500),
      PRIMARY KEY (tenant_id, sequence)
    );
    CREATE INDEX outbox_object_key ON $schema.outbox (tenant_id, object_id, sequence);
    CREATE INDEX outbox_due_key ON $schema.outbox (due_at, sequence);

    -- Which messages of others have had their effect here.
    CREATE TABLE $schema.inbox (
      tenant_id uuid NOT NULL REFERENCES auth.tenants (id),
      source text NOT NULL CHECK (char_length(source) BETWEEN 1 AND 100),
      message bigint NOT NULL,
      received_at timestamptz NOT NULL,
      PRIMARY KEY (tenant_id, source, message)
    );

    DO $do$
    DECLARE
      name text;
    BEGIN
      FOREACH name IN ARRAY ARRAY['audit_events', 'audit_heads', 'idempotency_keys', 'outbox', 'inbox'] LOOP
        EXECUTE format('ALTER TABLE $schema.%I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE $schema.%I FORCE ROW LEVEL SECURITY', name);
        EXECUTE format($policy$
          CREATE POLICY tenant ON $schema.%I
            USING (tenant_id = (SELECT nullif(current_setting('app.current_tenant_id', true), '')::uuid))
            WITH CHECK (tenant_id = (SELECT nullif(current_setting('app.current_tenant_id', true), '')::uuid))
          $policy$, name);
      END LOOP;
    END $do$;

    GRANT INSERT ON $schema.audit_events TO $role;
    GRANT SELECT, INSERT ON $schema.audit_heads TO $role;
    GRANT UPDATE (sequence, hash) ON $schema.audit_heads TO $role;
    GRANT SELECT, INSERT, DELETE ON $schema.idempotency_keys TO $role;
    GRANT SELECT, INSERT, DELETE ON $schema.outbox TO $role;
    GRANT UPDATE (attempts, due_at, set_aside_at, last_error) ON $schema.outbox TO $role;
    GRANT SELECT, INSERT, DELETE ON $schema.inbox TO $role;

    -- The one way to see work of several tenants: functions that give the ids of tenants and rows and nothing else. They belong to
    -- cb_due, which may read the columns they need, and do nothing else.
    CREATE POLICY due ON $schema.outbox FOR SELECT TO cb_due USING (current_user = 'cb_due');
    GRANT USAGE ON SCHEMA $schema TO cb_due;
    GRANT SELECT (tenant_id, sequence, object_id, due_at, set_aside_at) ON $schema.outbox TO cb_due;

    -- The first undelivered message of each object, when its time has come.
    CREATE FUNCTION $schema.due_outbox(at timestamptz, most integer) RETURNS TABLE (tenant_id uuid, row_id bigint)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
      SELECT o.tenant_id, o.sequence FROM $schema.outbox o
      WHERE o.due_at <= at AND o.set_aside_at IS NULL AND NOT EXISTS (
        SELECT FROM $schema.outbox e
        WHERE e.tenant_id = o.tenant_id AND e.object_id = o.object_id AND e.sequence < o.sequence)
      ORDER BY o.due_at, o.sequence LIMIT most
    $$;

    -- The messages that wait for an operator.
    CREATE FUNCTION $schema.set_aside_outbox(most integer) RETURNS TABLE (tenant_id uuid, row_id bigint)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
      SELECT o.tenant_id, o.sequence FROM $schema.outbox o WHERE o.set_aside_at IS NOT NULL
      ORDER BY o.tenant_id, o.sequence LIMIT most
    $$;

    REVOKE ALL ON FUNCTION $schema.due_outbox(timestamptz, integer) FROM PUBLIC;
    REVOKE ALL ON FUNCTION $schema.set_aside_outbox(integer) FROM PUBLIC;
    GRANT EXECUTE ON FUNCTION $schema.due_outbox(timestamptz, integer) TO $role;
    GRANT EXECUTE ON FUNCTION $schema.set_aside_outbox(integer) TO $role;
    -- A function's new owner needs CREATE on the schema at that moment only.
    GRANT CREATE ON SCHEMA $schema TO cb_due;
    ALTER FUNCTION $schema.due_outbox(timestamptz, integer) OWNER TO cb_due;
    ALTER FUNCTION $schema.set_aside_outbox(integer) OWNER TO cb_due;
    REVOKE CREATE ON SCHEMA $schema FROM cb_due;
    """
}
