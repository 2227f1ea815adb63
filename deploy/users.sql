-- The database's users: each role's identity becomes one, by its name. Run it once
-- for each environment, in the database postgres (the functions are there alone),
-- as a member of the group that administers the server:
--
--   PGPASSWORD=$(az account get-access-token --resource-type oss-rdbms --query accessToken -o tsv) \
--   psql "host=HOST dbname=postgres user=GROUP sslmode=verify-full sslrootcert=system" \
--     -v ON_ERROR_STOP=1 -v env=dev -f deploy/users.sql
--
-- It gives no rights: the migration job owns the tables and gives them
-- (opal migrate --grant-to). It may be run again.
SELECT set_config('opal.env', :'env', false);

DO $$
DECLARE
  name text;
BEGIN
  IF current_database() <> 'postgres' THEN
    RAISE EXCEPTION 'connect to the database postgres (dbname=postgres), not to %', current_database();
  END IF;
  FOREACH name IN ARRAY ARRAY['opal-web-api', 'opal-orchestrator', 'opal-export-worker', 'opal-billing-service', 'opal-operate'] LOOP
    name := name || '-' || current_setting('opal.env');
    -- administrators are users already, the migration job among them
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) THEN
      PERFORM pgaadauth_create_principal(name, false, false);
    END IF;
  END LOOP;
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'opal-migrate-' || current_setting('opal.env')) THEN
    RAISE EXCEPTION 'there is no user opal-migrate-%: lay the ground first, it makes that one an administrator', current_setting('opal.env');
  END IF;
END $$;
