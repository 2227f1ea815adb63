package deploy

import (
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/opal-photo/opal/modules/db"
	"github.com/opal-photo/opal/modules/db/dbtest"
)

// azureServer is a Postgres as Azure gives it: the function that knows Entra ID
// is in the database postgres alone, administrators are not superusers, and they
// own the database opal together.
var azureServer = []string{
	`CREATE FUNCTION pgaadauth_create_principal(name text, admin boolean, mfa boolean) RETURNS text LANGUAGE plpgsql SECURITY DEFINER AS
		$$ BEGIN EXECUTE format('CREATE ROLE %I LOGIN', name); RETURN name; END $$`,
	`CREATE ROLE azure_pg_admin CREATEROLE`,
	`CREATE ROLE "opal-dba" LOGIN CREATEROLE CREATEDB IN ROLE azure_pg_admin`,
}

// azureGround is what the ground's deployment makes of an environment.
func azureGround(env string) []string {
	return []string{
		`CREATE ROLE "opal-migrate-` + env + `" LOGIN CREATEROLE IN ROLE azure_pg_admin`,
		`CREATE DATABASE "opal_` + env + `" OWNER azure_pg_admin`,
	}
}

// The users and their rights on a real Postgres, by psql and by the code that the
// migration job runs; and with faults planted, because a check must also fail.
func TestUsersAndTheirRights(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("not among the short tests: it starts Postgres")
	}
	psql, err := exec.LookPath("psql")
	if err != nil {
		if os.Getenv("OPAL_REQUIRE_ALL") == "1" {
			t.Fatal("psql is missing: install it (apt-get install postgresql-client)")
		}
		t.Skip("psql is missing: install it (apt-get install postgresql-client)")
	}
	server, err := dbtest.StartServer("")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Stop(); err != nil {
			t.Error(err)
		}
	})
	for _, statement := range azureServer {
		run(t, server.URL, statement)
	}
	as := func(user, database string) string {
		u, err := url.Parse(server.URL)
		if err != nil {
			t.Fatal(err)
		}
		u.User, u.Path = url.User(user), "/"+database
		return u.String()
	}
	for i, c := range []struct {
		name     string
		inOpal   bool   // psql is told to connect to OPAL's database
		anew     string // how people drop the database and make it again; empty: they don't
		old, new string // in users.sql
		roles    []string
		says     string // "" for what is right
	}{
		{name: "as the runbook has it"},
		{name: "in the wrong database", inOpal: true, says: "connect to the database postgres"},
		{name: "a user too few", old: "'opal-operate'", new: "'opal-operator'", says: `does not exist`},
		{name: "no user of the migrations", old: "'opal-migrate-' ||", new: "'opal-migrations-' ||", says: "lay the ground first"},
		{name: "made again, as upgrade.md has it", anew: upgradesDatabase(t)},
		{name: "made again as one's own", anew: `create database opal`, says: "permission denied for schema public"},
		{name: "no rights", roles: []string{"opal-web-api"}, says: "permission denied for table"},
	} {
		t.Run(c.name, func(t *testing.T) {
			env := fmt.Sprintf("e%d", i)
			for _, statement := range azureGround(env) {
				run(t, server.URL, statement)
			}
			text, err := os.ReadFile("users.sql")
			if err != nil {
				t.Fatal(err)
			}
			planted := string(text)
			if c.old != "" {
				if planted = strings.ReplaceAll(planted, c.old, c.new); planted == string(text) {
					t.Fatalf("users.sql does not hold %q", c.old)
				}
			}
			file := filepath.Join(t.TempDir(), "users.sql")
			if err := os.WriteFile(file, []byte(planted), 0o600); err != nil {
				t.Fatal(err)
			}
			database := "postgres"
			if c.inOpal {
				database = "opal_" + env
			}
			if c.anew != "" {
				run(t, as("opal-dba", "postgres"), `DROP DATABASE "opal_`+env+`"`)
				run(t, as("opal-dba", "postgres"), strings.Replace(c.anew, "opal", `"opal_`+env+`"`, 1))
			}
			found := userFaults(t, psql, file, env, as, database, c.roles)
			if c.says == "" && found != nil || c.says != "" && (found == nil || !strings.Contains(found.Error(), c.says)) {
				t.Errorf("found %v, want %q", found, c.says)
			}
		})
	}
}

// upgradesDatabase is the command by which upgrade.md has the database made again.
func upgradesDatabase(t *testing.T) string {
	t.Helper()
	b, err := os.ReadFile("upgrade.md")
	if err != nil {
		t.Fatal(err)
	}
	_, after, ok := strings.Cut(string(b), "-c 'create database ")
	command, _, end := strings.Cut(after, "'")
	if !ok || !end {
		t.Fatal("upgrade.md no longer says how to make the database again")
	}
	return "create database " + command
}

func run(t *testing.T, address, statement string) {
	t.Helper()
	d, err := db.Open(t.Context(), db.Options{URL: address, MaxOpen: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if _, err := d.ExecContext(t.Context(), statement); err != nil {
		t.Fatal(err)
	}
}

// userFaults follows the runbook: psql, twice, then the migration and its grants,
// twice; and says what a role may not do and must, or may and must not.
func userFaults(t *testing.T, psql, file, env string, as func(user, database string) string, database string, roles []string) error {
	t.Helper()
	for range 2 {
		out, err := exec.CommandContext(t.Context(), psql, as("opal-dba", database), "-v", "ON_ERROR_STOP=1", "-v", "env="+env, "-f", file).CombinedOutput()
		if err != nil {
			return fmt.Errorf("psql: %w: %s", err, out)
		}
	}
	d, err := db.Open(t.Context(), db.Options{URL: as("opal-migrate-"+env, "opal_"+env), MaxOpen: 3})
	if err != nil {
		return err
	}
	defer d.Close()
	all := []string{"opal-operate"}
	for name := range appRoles {
		all = append(all, name)
	}
	if roles == nil {
		roles = all
	}
	var users []string
	for _, role := range roles {
		users = append(users, role+"-"+env)
	}
	for range 2 {
		if err := d.Migrate(t.Context()); err != nil {
			return err
		}
		if err := d.Grant(t.Context(), users); err != nil {
			return err
		}
		if err := d.GrantRead(t.Context(), []string{"azure_pg_admin"}); err != nil {
			return err
		}
	}
	// a table of a migration to come
	if _, err := d.ExecContext(t.Context(), `CREATE TABLE later (x int)`); err != nil {
		return err
	}
	if err := mayLook(t, as("opal-dba", "opal_"+env)); err != nil {
		return fmt.Errorf("opal-dba: %w", err)
	}
	for _, role := range all {
		user := role + "-" + env
		if err := rightsOf(t, as(user, "opal_"+env)); err != nil {
			return fmt.Errorf("%s: %w", user, err)
		}
	}
	return nil
}

// mayLook says what those who administer the server can't look at, or can change.
func mayLook(t *testing.T, address string) error {
	t.Helper()
	d, err := sql.Open("pgx", address)
	if err != nil {
		return err
	}
	defer func() { _ = d.Close() }()
	for _, table := range []string{"jobs", "goose_db_version", "later"} {
		if _, err := d.ExecContext(t.Context(), "SELECT count(*) FROM "+table); err != nil {
			return err
		}
	}
	if _, err := d.ExecContext(t.Context(), `DELETE FROM jobs`); err == nil {
		return errors.New("it may delete jobs")
	}
	return nil
}

func rightsOf(t *testing.T, address string) error {
	t.Helper()
	d, err := sql.Open("pgx", address)
	if err != nil {
		return err
	}
	defer func() { _ = d.Close() }()
	for _, statement := range []string{
		`SELECT now_ms()`, `SELECT count(*) FROM jobs`, `UPDATE jobs SET status = status`, `DELETE FROM jobs`, `INSERT INTO later VALUES (1)`,
		`SELECT max(version_id) FROM goose_db_version`,
	} {
		if _, err := d.ExecContext(t.Context(), statement); err != nil {
			return fmt.Errorf("%s: %w", statement, err)
		}
	}
	for _, statement := range []string{`DROP TABLE jobs CASCADE`, `CREATE TABLE own (x int)`, `TRUNCATE jobs`, `CREATE ROLE other`} {
		if _, err := d.ExecContext(t.Context(), statement); err == nil {
			return fmt.Errorf("it may %s", statement)
		}
	}
	return nil
}
