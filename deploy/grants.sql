-- The database's users: each identity by its name, with rows to read and write
-- and nothing more. The migration job's alone may change the schema. Run it once
-- for each environment, as a member of the group that administers the server:
--
--   PGPASSWORD=$(az account get-access-token --resource-type oss-rdbms --query accessToken -o tsv) \
--   psql "host=HOST dbname=opal user=GROUP sslmode=verify-full sslrootcert=system" -v env=dev -f deploy/grants.sql
--
-- It may be run again.
SELECT set_config('opal.env', :'env', false);

DO $$
DECLARE
  env text := current_setting('opal.env');
  who text;
BEGIN
  FOREACH who IN ARRAY ARRAY['opal-web-api', 'opal-orchestrator', 'opal-export-worker', 'opal-billing-service', 'opal-operate'] LOOP
    who := who || '-' || env;
    -- administrators are users already; others become some here
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = who) THEN
      PERFORM pgaadauth_create_principal(who, false, false);
    END IF;
    EXECUTE format('GRANT CONNECT ON DATABASE %I TO %I', current_database(), who);
    EXECUTE format('GRANT USAGE ON SCHEMA public TO %I', who);
    -- of tables to come, too: a migration needs no second run of this file
    EXECUTE format('GRANT pg_read_all_data, pg_write_all_data TO %I', who);
  END LOOP;
  EXECUTE format('GRANT CONNECT ON DATABASE %I TO %I', current_database(), 'opal-migrate-' || env);
  EXECUTE format('GRANT USAGE, CREATE ON SCHEMA public TO %I', 'opal-migrate-' || env);
END $$;
