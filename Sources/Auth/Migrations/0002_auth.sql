-- Tenants, users, sessions. Runs as cb_owner.
--
-- Sign-in happens before a tenant is known. The four functions at the end are the only way around the tenant context; they
-- belong to cb_lookup, which nobody can log in as, and give only what signing in needs.

CREATE SCHEMA auth;

CREATE TABLE auth.tenants (
  id uuid PRIMARY KEY,
  name text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 255),
  email text NOT NULL CHECK (char_length(email) BETWEEN 3 AND 255),
  status text NOT NULL DEFAULT 'ACTIVE' CHECK (status IN ('ACTIVE', 'INACTIVE', 'SUSPENDED')),
  currency text NOT NULL DEFAULT 'USD' CHECK (currency ~ '^[A-Z]{3}$'),
  time_zone text NOT NULL DEFAULT 'UTC',
  country text CHECK (country ~ '^[A-Z]{2}$'),
  tax_id text,
  version bigint NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE auth.users (
  tenant_id uuid NOT NULL REFERENCES auth.tenants (id),
  id uuid NOT NULL,
  email text NOT NULL CHECK (char_length(email) BETWEEN 3 AND 255),
  password_hash text NOT NULL,
  first_name text NOT NULL DEFAULT '' CHECK (char_length(first_name) <= 100),
  last_name text NOT NULL DEFAULT '' CHECK (char_length(last_name) <= 100),
  role text NOT NULL CHECK (role IN ('SUPER_ADMIN', 'ADMIN', 'BILLING_ADMIN', 'USER', 'VIEWER')),
  status text NOT NULL DEFAULT 'PENDING' CHECK (status IN ('ACTIVE', 'INACTIVE', 'SUSPENDED', 'PENDING')),
  email_verified boolean NOT NULL DEFAULT false,
  last_login_at timestamptz,
  version bigint NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, id)
);

-- An address signs in before its tenant is known, so it is one user's in all tenants together.
CREATE UNIQUE INDEX users_email_key ON auth.users (lower(email));

CREATE TABLE auth.sessions (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL,
  user_id uuid NOT NULL,
  created_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  ended_at timestamptz,
  end_reason text CHECK (end_reason IN ('logout', 'refresh_reuse', 'password_change', 'revoked')),
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, user_id) REFERENCES auth.users (tenant_id, id),
  CHECK ((ended_at IS NULL) = (end_reason IS NULL))
);

-- A token's session is checked by its id alone: only then is the tenant known.
CREATE UNIQUE INDEX sessions_id_key ON auth.sessions (id);
CREATE INDEX sessions_user_key ON auth.sessions (tenant_id, user_id, created_at);

-- Of a refresh token only the digest is kept. A used one stays, so that a second use is noticed.
CREATE TABLE auth.refresh_tokens (
  tenant_id uuid NOT NULL,
  digest bytea NOT NULL CHECK (octet_length(digest) = 32),
  session_id uuid NOT NULL,
  issued_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  used_at timestamptz,
  PRIMARY KEY (tenant_id, digest),
  FOREIGN KEY (tenant_id, session_id) REFERENCES auth.sessions (tenant_id, id)
);

CREATE INDEX refresh_tokens_session_key ON auth.refresh_tokens (tenant_id, session_id);

-- What happened to whom. Nothing in it is ever changed.
CREATE TABLE auth.audit_events (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL,
  happened_at timestamptz NOT NULL,
  event text NOT NULL,
  user_id uuid NOT NULL,
  session_id uuid,
  -- The tenant a super admin acted in, when it is not its own.
  acted_in uuid,
  request_id text NOT NULL DEFAULT '',
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, user_id) REFERENCES auth.users (tenant_id, id)
);

CREATE INDEX audit_events_time_key ON auth.audit_events (tenant_id, happened_at);

-- Attempts to sign in since the last one that succeeded, by the digest of the address: counted for an address nobody has just the
-- same, so that the answer does not tell whether somebody has it. Of no tenant; only the functions below touch it.
CREATE TABLE auth.sign_in_attempts (
  digest bytea PRIMARY KEY CHECK (octet_length(digest) = 32),
  attempts integer NOT NULL,
  last_at timestamptz NOT NULL,
  wait_until timestamptz NOT NULL
);

CREATE INDEX sign_in_attempts_last_key ON auth.sign_in_attempts (last_at);

ALTER TABLE auth.tenants ENABLE ROW LEVEL SECURITY;
ALTER TABLE auth.tenants FORCE ROW LEVEL SECURITY;
ALTER TABLE auth.users ENABLE ROW LEVEL SECURITY;
ALTER TABLE auth.users FORCE ROW LEVEL SECURITY;
ALTER TABLE auth.sessions ENABLE ROW LEVEL SECURITY;
ALTER TABLE auth.sessions FORCE ROW LEVEL SECURITY;
ALTER TABLE auth.refresh_tokens ENABLE ROW LEVEL SECURITY;
ALTER TABLE auth.refresh_tokens FORCE ROW LEVEL SECURITY;
ALTER TABLE auth.audit_events ENABLE ROW LEVEL SECURITY;
ALTER TABLE auth.audit_events FORCE ROW LEVEL SECURITY;
ALTER TABLE auth.sign_in_attempts ENABLE ROW LEVEL SECURITY;
ALTER TABLE auth.sign_in_attempts FORCE ROW LEVEL SECURITY;

CREATE POLICY tenant ON auth.tenants
  USING (id = (SELECT nullif(current_setting('app.current_tenant_id', true), '')::uuid))
  WITH CHECK (id = (SELECT nullif(current_setting('app.current_tenant_id', true), '')::uuid));
CREATE POLICY tenant ON auth.users
  USING (tenant_id = (SELECT nullif(current_setting('app.current_tenant_id', true), '')::uuid))
  WITH CHECK (tenant_id = (SELECT nullif(current_setting('app.current_tenant_id', true), '')::uuid));
CREATE POLICY tenant ON auth.sessions
  USING (tenant_id = (SELECT nullif(current_setting('app.current_tenant_id', true), '')::uuid))
  WITH CHECK (tenant_id = (SELECT nullif(current_setting('app.current_tenant_id', true), '')::uuid));
CREATE POLICY tenant ON auth.refresh_tokens
  USING (tenant_id = (SELECT nullif(current_setting('app.current_tenant_id', true), '')::uuid))
  WITH CHECK (tenant_id = (SELECT nullif(current_setting('app.current_tenant_id', true), '')::uuid));
CREATE POLICY tenant ON auth.audit_events
  USING (tenant_id = (SELECT nullif(current_setting('app.current_tenant_id', true), '')::uuid))
  WITH CHECK (tenant_id = (SELECT nullif(current_setting('app.current_tenant_id', true), '')::uuid));

-- For the functions alone: cb_owner is a member of cb_lookup, and a policy counts for members, too.
CREATE POLICY lookup ON auth.tenants FOR SELECT TO cb_lookup USING (current_user = 'cb_lookup');
CREATE POLICY lookup ON auth.users FOR SELECT TO cb_lookup USING (current_user = 'cb_lookup');
CREATE POLICY lookup ON auth.sessions FOR SELECT TO cb_lookup USING (current_user = 'cb_lookup');
CREATE POLICY lookup ON auth.sign_in_attempts TO cb_lookup
  USING (current_user = 'cb_lookup') WITH CHECK (current_user = 'cb_lookup');

GRANT USAGE ON SCHEMA auth TO auth_app, cb_lookup;
GRANT SELECT ON auth.tenants TO auth_app;
GRANT SELECT ON auth.users TO auth_app;
GRANT UPDATE (password_hash, last_login_at, version, updated_at) ON auth.users TO auth_app;
GRANT SELECT, INSERT ON auth.sessions TO auth_app;
GRANT UPDATE (expires_at, ended_at, end_reason) ON auth.sessions TO auth_app;
GRANT SELECT, INSERT ON auth.refresh_tokens TO auth_app;
GRANT UPDATE (used_at) ON auth.refresh_tokens TO auth_app;
GRANT INSERT ON auth.audit_events TO auth_app;

GRANT SELECT (id, status) ON auth.tenants TO cb_lookup;
GRANT SELECT (tenant_id, id, email, password_hash, role, status) ON auth.users TO cb_lookup;
GRANT SELECT (tenant_id, id, user_id, expires_at, ended_at) ON auth.sessions TO cb_lookup;
GRANT SELECT, INSERT, UPDATE, DELETE ON auth.sign_in_attempts TO cb_lookup;

-- Counts an attempt before the password is looked at, so that many at once are counted too, and gives what checking it needs.
-- `wait_seconds` above 0 means: too many attempts, nothing was counted and nothing else is given.
CREATE FUNCTION auth.begin_sign_in(
  address text, address_digest bytea, at timestamptz, free_attempts integer, longest_wait_seconds integer,
  OUT wait_seconds integer, OUT tenant_id uuid, OUT user_id uuid, OUT password_hash text, OUT user_status text,
  OUT tenant_status text
) LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  counted auth.sign_in_attempts;
BEGIN
  INSERT INTO auth.sign_in_attempts AS a (digest, attempts, last_at, wait_until)
    VALUES (address_digest, 1, at, at)
    ON CONFLICT (digest) DO UPDATE SET
      -- Nobody waits for what happened more than a day ago.
      attempts = CASE WHEN a.last_at < at - interval '1 day' THEN 1 ELSE a.attempts + 1 END,
      last_at = at,
      wait_until = CASE
        WHEN a.last_at < at - interval '1 day' OR a.attempts + 1 < free_attempts THEN at
        ELSE at + make_interval(secs => least(power(2, least(a.attempts + 1 - free_attempts, 20)), longest_wait_seconds))
      END
      WHERE a.wait_until <= at
    RETURNING * INTO counted;
  IF NOT FOUND THEN
    SELECT greatest(1, ceil(extract(epoch FROM a.wait_until - at)))::integer INTO wait_seconds
      FROM auth.sign_in_attempts a WHERE a.digest = address_digest;
    wait_seconds := coalesce(wait_seconds, 1);
    RETURN;
  END IF;
  wait_seconds := 0;
  SELECT u.tenant_id, u.id, u.password_hash, u.status, t.status
    INTO tenant_id, user_id, password_hash, user_status, tenant_status
    FROM auth.users u JOIN auth.tenants t ON t.id = u.tenant_id
    WHERE lower(u.email) = lower(address);
END $$;

-- Forgets the attempts of an address whose password was right, and a few that are long past.
CREATE FUNCTION auth.end_sign_in(address_digest bytea, at timestamptz) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  DELETE FROM auth.sign_in_attempts a WHERE a.digest = address_digest;
  DELETE FROM auth.sign_in_attempts a WHERE a.digest IN (
    SELECT old.digest FROM auth.sign_in_attempts old WHERE old.last_at < at - interval '2 days'
      ORDER BY old.last_at LIMIT 100 FOR UPDATE SKIP LOCKED);
$$;

-- How a session stands, with its user and tenant. No row for a session nobody has.
CREATE FUNCTION auth.session_state(session uuid) RETURNS TABLE (
  tenant_id uuid, user_id uuid, email text, role text, user_status text, tenant_status text, expires_at timestamptz,
  ended_at timestamptz
) LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT s.tenant_id, s.user_id, u.email, u.role, u.status, t.status, s.expires_at, s.ended_at
  FROM auth.sessions s
  JOIN auth.users u ON u.tenant_id = s.tenant_id AND u.id = s.user_id
  JOIN auth.tenants t ON t.id = s.tenant_id
  WHERE s.id = session;
$$;

-- Whether a tenant exists and how it stands, for a super admin who names one.
CREATE FUNCTION auth.tenant_status(tenant uuid) RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT t.status FROM auth.tenants t WHERE t.id = tenant;
$$;

REVOKE ALL ON FUNCTION auth.begin_sign_in(text, bytea, timestamptz, integer, integer) FROM PUBLIC;
REVOKE ALL ON FUNCTION auth.end_sign_in(bytea, timestamptz) FROM PUBLIC;
REVOKE ALL ON FUNCTION auth.session_state(uuid) FROM PUBLIC;
REVOKE ALL ON FUNCTION auth.tenant_status(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION auth.begin_sign_in(text, bytea, timestamptz, integer, integer) TO auth_app;
GRANT EXECUTE ON FUNCTION auth.end_sign_in(bytea, timestamptz) TO auth_app;
GRANT EXECUTE ON FUNCTION auth.session_state(uuid) TO auth_app;
GRANT EXECUTE ON FUNCTION auth.tenant_status(uuid) TO auth_app;

-- A function's new owner needs CREATE on the schema at that moment only.
GRANT CREATE ON SCHEMA auth TO cb_lookup;
ALTER FUNCTION auth.begin_sign_in(text, bytea, timestamptz, integer, integer) OWNER TO cb_lookup;
ALTER FUNCTION auth.end_sign_in(bytea, timestamptz) OWNER TO cb_lookup;
ALTER FUNCTION auth.session_state(uuid) OWNER TO cb_lookup;
ALTER FUNCTION auth.tenant_status(uuid) OWNER TO cb_lookup;
REVOKE CREATE ON SCHEMA auth FROM cb_lookup;
