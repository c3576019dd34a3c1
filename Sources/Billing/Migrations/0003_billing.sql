-- Plans and the subscriptions to them. Runs as cb_owner.

CREATE SCHEMA billing;

-- What one can subscribe to. The id is the tenant's own word for it.
CREATE TABLE billing.plans (
  tenant_id uuid NOT NULL REFERENCES auth.tenants (id),
  id text NOT NULL CHECK (id ~ '^[a-z0-9][a-z0-9-]{0,99}$'),
  name text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 255),
  description text NOT NULL DEFAULT '' CHECK (char_length(description) <= 2000),
  billing_cycle text NOT NULL CHECK (billing_cycle IN ('monthly', 'yearly')),
  -- Minor units of the currency, a period.
  price bigint NOT NULL CHECK (price >= 0),
  currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
  trial_days integer NOT NULL DEFAULT 0 CHECK (trial_days BETWEEN 0 AND 730),
  active boolean NOT NULL DEFAULT true,
  version bigint NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, id)
);

CREATE INDEX plans_newest_key ON billing.plans (tenant_id, created_at DESC, id DESC);

CREATE TABLE billing.subscriptions (
  tenant_id uuid NOT NULL REFERENCES auth.tenants (id),
  id uuid NOT NULL,
  -- Not a foreign key: a plan that is not in the catalogue may be named with a price of its own.
  plan_id text NOT NULL CHECK (char_length(plan_id) BETWEEN 1 AND 100),
  status text NOT NULL CHECK (status IN ('active', 'cancelled', 'expired', 'suspended', 'past_due')),
  billing_cycle text NOT NULL CHECK (billing_cycle IN ('monthly', 'yearly')),
  current_price bigint NOT NULL CHECK (current_price >= 0),
  currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
  started_at timestamptz NOT NULL,
  -- Where periods are counted from: period n ends n cycles after it, never one cycle after the end before.
  anchor_at timestamptz NOT NULL,
  current_period_start timestamptz NOT NULL,
  current_period_end timestamptz NOT NULL,
  cancelled_at timestamptz,
  expires_at timestamptz,
  auto_renew boolean NOT NULL,
  is_trial boolean NOT NULL,
  trial_ends_at timestamptz,
  customer_id uuid,
  -- Looser than the service's own bound: numbers are written out here, 1e300 with all its zeros.
  metadata jsonb CONSTRAINT subscriptions_metadata_check
    CHECK (jsonb_typeof(metadata) = 'object' AND octet_length(metadata::text) <= 65536),
  version bigint NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, customer_id) REFERENCES auth.users (tenant_id, id),
  CHECK (current_period_start < current_period_end),
  CHECK (started_at <= current_period_start),
  CHECK (is_trial OR trial_ends_at IS NULL OR trial_ends_at >= started_at),
  CHECK (NOT is_trial OR trial_ends_at IS NOT NULL),
  -- A subscription that was asked to end does not renew itself, and it is known when access ends.
  CHECK (cancelled_at IS NULL OR (NOT auto_renew AND expires_at IS NOT NULL)),
  CHECK (status NOT IN ('cancelled', 'expired') OR (NOT auto_renew AND expires_at IS NOT NULL)),
  CHECK (status <> 'cancelled' OR cancelled_at IS NOT NULL),
  CHECK (created_at <= updated_at)
);

CREATE INDEX subscriptions_newest_key ON billing.subscriptions (tenant_id, created_at DESC, id DESC);
CREATE INDEX subscriptions_status_key ON billing.subscriptions (tenant_id, status, created_at DESC, id DESC);
CREATE INDEX subscriptions_customer_key ON billing.subscriptions (tenant_id, customer_id, created_at DESC, id DESC);
CREATE INDEX subscriptions_plan_key ON billing.subscriptions (tenant_id, plan_id, created_at DESC, id DESC);

-- The answer that a keyed request got, written in the transaction of its effect. A request whose transaction did not commit left
-- nothing here, so it may be made again.
CREATE TABLE billing.idempotency_keys (
  tenant_id uuid NOT NULL REFERENCES auth.tenants (id),
  -- Whose key it is: two users of a tenant may choose the same.
  subject text NOT NULL CHECK (char_length(subject) BETWEEN 1 AND 100),
  key text NOT NULL CHECK (char_length(key) BETWEEN 1 AND 255),
  method text NOT NULL,
  request_digest bytea NOT NULL CHECK (octet_length(request_digest) = 32),
  response bytea NOT NULL,
  created_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, subject, key)
);

CREATE INDEX idempotency_keys_age_key ON billing.idempotency_keys (tenant_id, created_at);

-- What was done to whose money, by whom. Nothing in it is ever changed.
CREATE TABLE billing.audit_events (
  tenant_id uuid NOT NULL REFERENCES auth.tenants (id),
  id uuid NOT NULL,
  happened_at timestamptz NOT NULL,
  event text NOT NULL CHECK (event ~ '^[a-z_.]{1,100}$'),
  -- The user or service that acted; a user of another tenant only where `cross_tenant` says so.
  subject text NOT NULL,
  cross_tenant boolean NOT NULL,
  object_id text NOT NULL,
  detail jsonb NOT NULL DEFAULT '{}',
  request_id text NOT NULL DEFAULT '',
  PRIMARY KEY (tenant_id, id)
);

CREATE INDEX audit_events_object_key ON billing.audit_events (tenant_id, object_id, happened_at);

ALTER TABLE billing.plans ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing.plans FORCE ROW LEVEL SECURITY;
ALTER TABLE billing.subscriptions ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing.subscriptions FORCE ROW LEVEL SECURITY;
ALTER TABLE billing.idempotency_keys ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing.idempotency_keys FORCE ROW LEVEL SECURITY;
ALTER TABLE billing.audit_events ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing.audit_events FORCE ROW LEVEL SECURITY;

CREATE POLICY tenant ON billing.plans
  USING (tenant_id = (SELECT nullif(current_setting('app.current_tenant_id', true), '')::uuid))
  WITH CHECK (tenant_id = (SELECT nullif(current_setting('app.current_tenant_id', true), '')::uuid));
CREATE POLICY tenant ON billing.subscriptions
  USING (tenant_id = (SELECT nullif(current_setting('app.current_tenant_id', true), '')::uuid))
  WITH CHECK (tenant_id = (SELECT nullif(current_setting('app.current_tenant_id', true), '')::uuid));
CREATE POLICY tenant ON billing.idempotency_keys
  USING (tenant_id = (SELECT nullif(current_setting('app.current_tenant_id', true), '')::uuid))
  WITH CHECK (tenant_id = (SELECT nullif(current_setting('app.current_tenant_id', true), '')::uuid));
CREATE POLICY tenant ON billing.audit_events
  USING (tenant_id = (SELECT nullif(current_setting('app.current_tenant_id', true), '')::uuid))
  WITH CHECK (tenant_id = (SELECT nullif(current_setting('app.current_tenant_id', true), '')::uuid));

GRANT USAGE ON SCHEMA billing TO billing_app;
GRANT SELECT, INSERT ON billing.plans TO billing_app;
GRANT UPDATE (name, description, trial_days, active, version, updated_at) ON billing.plans TO billing_app;
GRANT SELECT, INSERT ON billing.subscriptions TO billing_app;
-- What a subscription is of and whose it is never changes.
GRANT UPDATE (
  status, current_price, current_period_start, current_period_end, cancelled_at, expires_at, auto_renew, is_trial, trial_ends_at,
  metadata, version, updated_at
) ON billing.subscriptions TO billing_app;
GRANT SELECT, INSERT, DELETE ON billing.idempotency_keys TO billing_app;
GRANT INSERT ON billing.audit_events TO billing_app;
