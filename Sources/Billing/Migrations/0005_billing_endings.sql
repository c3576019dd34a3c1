-- Which subscriptions have come to their end and do not say so yet. Runs as cb_owner.

-- Found in every tenant at once, by the function of cb_due alone.
CREATE INDEX subscriptions_ending_key ON billing.subscriptions (expires_at) WHERE status IN ('active', 'past_due');

CREATE POLICY due ON billing.subscriptions FOR SELECT TO cb_due USING (current_user = 'cb_due');
GRANT SELECT (tenant_id, id, status, expires_at) ON billing.subscriptions TO cb_due;

CREATE FUNCTION billing.ended_subscriptions(at timestamptz, most integer) RETURNS TABLE (tenant_id uuid, row_id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT s.tenant_id, s.id FROM billing.subscriptions s
  WHERE s.status IN ('active', 'past_due') AND s.expires_at <= at
  ORDER BY s.expires_at LIMIT most
$$;

REVOKE ALL ON FUNCTION billing.ended_subscriptions(timestamptz, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION billing.ended_subscriptions(timestamptz, integer) TO billing_app;
GRANT CREATE ON SCHEMA billing TO cb_due;
ALTER FUNCTION billing.ended_subscriptions(timestamptz, integer) OWNER TO cb_due;
REVOKE CREATE ON SCHEMA billing FROM cb_due;
