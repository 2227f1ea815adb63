package db_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/opal-photo/opal/modules/db"
	"github.com/opal-photo/opal/modules/db/dbtest"
)

// old opens a Postgres database that holds v0.2.1's tables and rows, and the
// rows that the statements add.
func old(t testing.TB, more ...string) *db.DB {
	t.Helper()
	// as v0.2.1's settings name it
	d, err := db.Open(t.Context(), db.Options{URL: strings.Replace(dbtest.PostgresURL(t), "postgres://", "postgresql+psycopg://", 1)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	dump, err := os.ReadFile("testdata/v021.sql")
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range append([]string{string(dump)}, more...) {
		if _, err := d.ExecContext(t.Context(), s); err != nil {
			t.Fatalf("%.60s: %v", s, err)
		}
	}
	return d
}

// lines returns a query's rows, each as its values with spaces between.
func lines(t testing.TB, d *db.DB, query string) []string {
	t.Helper()
	rows, err := d.QueryContext(t.Context(), query)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for rows.Next() {
		values, into := make([]any, len(columns)), make([]any, len(columns))
		for i := range values {
			into[i] = &values[i]
		}
		if err := rows.Scan(into...); err != nil {
			t.Fatal(err)
		}
		out = append(out, strings.TrimSuffix(fmt.Sprintln(values...), "\n"))
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return out
}

func wantLines(t testing.TB, d *db.DB, query string, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, lines(t, d, query)); diff != "" {
		t.Errorf("%s: -want +got\n%s", query, diff)
	}
}

func migrate(t testing.TB, d *db.DB) {
	t.Helper()
	if err := d.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func TestTakeover(t *testing.T) {
	d := old(t)
	migrate(t, d)
	check := func() {
		t.Helper()
		wantLines(t, d, `SELECT tenant_id, name FROM tenants ORDER BY 1`, "acme acme", "beta beta", "delta delta")
		wantLines(t, d, `SELECT tenant_id, brand_profile_id, profile FROM brand_profiles`, `acme spring {"name" : "spring"}`)
		wantLines(t, d, `SELECT job_id, tenant_id, brand_profile_id, correlation_id, status, bundle, total, open_items, done_items, failed_items, cancelled_items, open_exports,
			created_at, updated_at, COALESCE(finished_at, -1) FROM jobs ORDER BY 1`,
			"job_done beta Brand 7! c-done processing waiting 2 0 2 0 0 12 1793700000000 1793703600000 -1",
			"job_every acme spring c-every processing waiting 7 5 1 1 0 6 1793527200250 1793529000000 -1",
			"job_failed beta default c-failed failed none 1 0 0 1 0 0 1793786400000 1793786700000 1793786700000",
			"job_lost beta default c-lost created waiting 1 1 0 0 0 0 1793793600000 1793793600000 -1",
			"job_waiting acme default c-waiting created waiting 1 1 0 0 0 0 1793613600000 1793613600000 -1")
		wantLines(t, d, `SELECT item_id, job_id, tenant_id, correlation_id, position, entry_id = item_id, status, taken_over, due_at IS NOT NULL, COALESCE(raw_blob_path, '-'),
			COALESCE(output_blob_path, '-'), COALESCE(error_code, '-'), COALESCE(error_message, '-'), COALESCE(ended_at, -1), filename FROM items ORDER BY 1`,
			"item_completed job_every acme c-every 5 true completed true false acme/jobs/job_every/items/item_completed/raw/f.jpg acme/jobs/job_every/items/item_completed/outputs/out_1.png - - 1793528700000 f.jpg",
			"item_created job_every acme c-every 0 true created false false - - - - -1 a.jpg",
			"item_d1 job_done beta c-done 0 true completed true false beta/jobs/job_done/items/item_d1/raw/i.jpg beta/jobs/job_done/items/item_d1/outputs/out_2.png - - 1793703000000 i.jpg",
			"item_d2 job_done beta c-done 1 true completed true false beta/jobs/job_done/items/item_d2/raw/j.jpg beta/jobs/job_done/items/item_d2/outputs/out_3.png - - 1793703600000 j.jpg",
			"item_f1 job_failed beta c-failed 0 true failed true false - - failed_in_v021 Missing raw_blob_path 1793786700000 k.jpg",
			"item_failed job_every acme c-every 6 true failed true false acme/jobs/job_every/items/item_failed/raw/g.jpg - failed_in_v021 AML returned no image bytes 1793528760000 g.jpg",
			"item_l1 job_lost beta c-lost 0 true created false false - - - - -1 l.jpg",
			"item_processing job_every acme c-every 4 true queued true true acme/jobs/job_every/items/item_processing/raw/e.jpg - - - -1 e \"x\" ü.jpg",
			"item_queued job_every acme c-every 3 true queued true true acme/jobs/job_every/items/item_queued/raw/d.jpg - - - -1 d.jpg",
			"item_signed job_every acme c-every 1 true created false false - - - - -1 b.jpg",
			"item_uploaded job_every acme c-every 2 true queued true true acme/jobs/job_every/items/item_uploaded/raw/c.jpg - - - -1 c.jpg",
			"item_w1 job_waiting acme c-waiting 0 true created false false - - - - -1 h.jpg")
		wantLines(t, d, `SELECT entry_id, raw_blob_path FROM uploads WHERE entry_id IN ('item_signed', 'item_queued') ORDER BY 1`,
			"item_queued acme/jobs/job_every/items/item_queued/raw/d.jpg", "item_signed acme/jobs/job_every/items/item_signed/raw/b.jpg")
		wantLines(t, d, `SELECT queue, tenant_id, body::json->>'item_id', body::json->>'job_id', body::json->>'correlation_id', substr(outbox_id, 15, 1) FROM outbox ORDER BY queue DESC, outbox_id`,
			"jobs acme item_uploaded job_every c-every 7", "jobs acme item_queued job_every c-every 7", "jobs acme item_processing job_every c-every 7",
			"exports acme item_completed job_every c-every 7", "exports beta item_d1 job_done c-done 7", "exports beta item_d2 job_done c-done 7")
		wantLines(t, d, `SELECT item_id, count(*), min(status), max(tenant_id) FROM exports GROUP BY 1 ORDER BY 1`, "item_completed 6 pending acme", "item_d1 6 pending beta", "item_d2 6 pending beta")
		wantLines(t, d, `SELECT tenant_id, kind, balance FROM accounts WHERE balance <> 0 ORDER BY 1, 2`,
			"acme paid 6700", "acme spent 3300", "acme world -10000", "beta debt 700", "beta spent 500", "beta world -1200", "delta paid 700", "delta world -700")
		wantLines(t, d, `SELECT tenant_id, seq, posting_key, leg, legs, debit, credit, amount FROM transfers ORDER BY tenant_id, seq`,
			"acme 1 legacy:2 1 1 world paid 10000", "acme 2 legacy:1 1 1 paid spent 300", "acme 3 legacy:3 1 1 paid spent 3000",
			"beta 1 legacy:5 1 1 world paid 500", "beta 2 legacy:6 1 1 paid spent 400", "beta 3 legacy:7 1 2 paid spent 100", "beta 4 legacy:7 2 2 world debt 700",
			"delta 1 legacy:8 1 1 world paid 700")
		wantLines(t, d, `SELECT count(*) FROM v021.jobs`, "6")
		wantLines(t, d, `SELECT version_num FROM v021.alembic_version`, "3f1c2a9d7b60")
	}
	check()

	migrate(t, d) // again: nothing more
	check()

	// the triggers are on again, and the backup is read-only
	for _, bad := range []string{`UPDATE accounts SET balance = 0`, `DELETE FROM v021.jobs`, `UPDATE v021.credit_ledger SET delta = 1`,
		`TRUNCATE v021.job_items`, `INSERT INTO v021.alembic_version VALUES ('x')`} {
		t.Run(bad, func(t *testing.T) {
			if _, err := d.ExecContext(t.Context(), bad); err == nil {
				t.Error("went through")
			}
		})
	}
	// and can be dropped as a whole
	if _, err := d.ExecContext(t.Context(), `DROP SCHEMA v021 CASCADE`); err != nil {
		t.Fatal(err)
	}
	migrate(t, d)
	wantLines(t, d, `SELECT count(*) FROM items`, "12")
	wantLines(t, d, `SELECT typname FROM pg_type WHERE typtype = 'e'`)
}

func TestTakeoverKnowsWhatLaterTablesHave(t *testing.T) {
	d := old(t, `ALTER TYPE itemstatus ADD VALUE 'canceled'`, `ALTER TABLE jobs ADD COLUMN export_blob_path text, ADD COLUMN processing_options jsonb`,
		`ALTER TABLE job_items ADD COLUMN scene_prompt text, ADD COLUMN scene_type varchar(50), ADD COLUMN scene_index integer, DROP COLUMN updated_at, DROP COLUMN error_message`,
		`UPDATE jobs SET export_blob_path = 'beta/x.zip', processing_options = '{"upscale": false}' WHERE id IN ('job_done', 'job_every')`,
		`UPDATE job_items SET scene_prompt = 'on a beach', scene_type = 'outdoor', scene_index = 2 WHERE id = 'item_d1'`,
		`UPDATE job_items SET scene_type = 'moon' WHERE id = 'item_d2'`, `UPDATE job_items SET status = 'canceled' WHERE id = 'item_w1'`,
		`DROP TABLE credit_ledger`, `ALTER TABLE jobs ALTER COLUMN created_at TYPE timestamp USING created_at AT TIME ZONE 'UTC'`, `ALTER TABLE job_items DROP CONSTRAINT job_items_job_id_fkey`,
		`ALTER TABLE jobs ALTER COLUMN id TYPE text`)
	migrate(t, d)
	wantLines(t, d, `SELECT job_id, status, bundle, COALESCE(export_blob_path, '-'), open_exports, cancelled_items,
		finished_at IS NOT NULL, created_at, options::json->>'upscale', options::json->>'generate_scene'
		FROM jobs WHERE job_id IN ('job_done', 'job_every', 'job_waiting') ORDER BY 1`,
		"job_done completed done beta/x.zip 0 0 true 1793700000000 false true", // exported already
		"job_every processing waiting - 6 0 false 1793527200250 false true",
		"job_waiting cancelled none - 0 1 true 1793613600000 true true")
	wantLines(t, d, `SELECT item_id, scene_type, scene_prompt, scene_index FROM items WHERE item_id IN ('item_d1', 'item_d2') ORDER BY 1`, "item_d1 outdoor on a beach 2", "item_d2 studio  0")
	wantLines(t, d, `SELECT count(*) FROM exports WHERE job_id = 'job_done'`, "0")
	wantLines(t, d, `SELECT count(*) FROM transfers`, "0")
}

func TestTakeoverOfALedgerOfOtherNames(t *testing.T) {
	d := old(t, `ALTER TABLE credit_ledger RENAME delta TO amount`, `ALTER TABLE credit_ledger ALTER COLUMN id TYPE varchar(64), DROP COLUMN created_at, ALTER COLUMN amount TYPE bigint`)
	migrate(t, d)
	wantLines(t, d, `SELECT tenant_id, kind, balance FROM accounts WHERE kind IN ('paid', 'debt') AND balance <> 0 ORDER BY 1, 2`, "acme paid 6700", "beta debt 700", "delta paid 700")
}

// everyTable lists the tables and where they are.
const everyTable = `SELECT relnamespace::regnamespace::text, relname FROM pg_class WHERE relkind = 'r' AND relnamespace::regnamespace::text IN ('public', 'v021') ORDER BY 1, 2`

func TestTakeoverTouchesNothingStrange(t *testing.T) {
	for name, c := range map[string]struct{ change, want string }{
		"other jobs":       {`ALTER TABLE jobs DROP COLUMN correlation_id`, "table jobs is in the way and not v0.2.1's"},
		"another table":    {`CREATE TABLE items (id int)`, "table items is in the way"},
		"half a dump":      {`DROP TABLE job_items`, "only one is there"},
		"unknown status":   {`ALTER TYPE itemstatus ADD VALUE 'paused'; COMMIT; UPDATE job_items SET status = 'paused' WHERE id = 'item_w1'`, "did not know: paused"},
		"half a credit":    {`ALTER TABLE credit_ledger ALTER COLUMN delta TYPE numeric; UPDATE credit_ledger SET delta = 0.5 WHERE id = 2`, "1 of 8 rows"},
		"no job":           {`ALTER TABLE job_items DROP CONSTRAINT job_items_job_id_fkey; DELETE FROM jobs WHERE id = 'job_failed'`, "of 12 items 11 were copied"},
		"a copy is there":  {`CREATE SCHEMA v021; CREATE TABLE v021.jobs (id int)`, "holds an earlier copy"},
		"too large credit": {`UPDATE credit_ledger SET delta = 2000000000 WHERE id = 2`, "1 of 8 rows"},
	} {
		t.Run(name, func(t *testing.T) {
			d := old(t, c.change)
			before := lines(t, d, everyTable)
			err := d.Migrate(t.Context())
			if !errors.Is(err, db.ErrTakeover) || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("%v, want %q", err, c.want)
			}
			if slices.Contains(lines(t, d, `SELECT to_regclass('public.tenants') IS NOT NULL`), "true") { // refused when the rows were seen
				wantLines(t, d, `SELECT (SELECT count(*) FROM jobs) + (SELECT count(*) FROM tenants) + (SELECT count(*) FROM transfers)`, "0")
				wantLines(t, d, `SELECT count(*) FROM v021.job_items`, "12")
			} else if diff := cmp.Diff(before, lines(t, d, everyTable)); diff != "" {
				t.Errorf("tables were moved: -before +after\n%s", diff)
			}
		})
	}
	t.Run("used", func(t *testing.T) { // once repaired, the takeover continues
		d := old(t, `UPDATE credit_ledger SET delta = 2000000000 WHERE id = 2`)
		if err := d.Migrate(t.Context()); !errors.Is(err, db.ErrTakeover) {
			t.Fatal(err)
		}
		if _, err := d.ExecContext(t.Context(), `UPDATE v021.credit_ledger SET delta = 20 WHERE id = 2`); err != nil {
			t.Fatal(err)
		}
		migrate(t, d)
		wantLines(t, d, `SELECT kind, balance FROM accounts WHERE tenant_id = 'acme' AND balance <> 0 ORDER BY 1`, "debt 1300", "spent 2000", "world -3300")
	})
	t.Run("another program's alembic_version", func(t *testing.T) {
		d := old(t, `DROP TABLE job_items, jobs, credit_ledger`)
		migrate(t, d)
		wantLines(t, d, `SELECT version_num FROM public.alembic_version`, "3f1c2a9d7b60")
	})
}

// as opens the database as a new user who may only connect and read the
// existing tables.
func as(t *testing.T, d *db.DB) (p *db.DB, user, name string) {
	t.Helper()
	user = "poor" + strings.ReplaceAll(uuid.NewString(), "-", "")
	var address string
	if err := d.QueryRowContext(t.Context(), `SELECT current_database(), host(inet_server_addr()) || ':' || inet_server_port()`).Scan(&name, &address); err != nil {
		t.Fatal(err)
	}
	if _, err := d.ExecContext(t.Context(), `CREATE ROLE `+user+` LOGIN PASSWORD 'x'; GRANT SELECT ON ALL TABLES IN SCHEMA public TO `+user); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := d.ExecContext(context.Background(), `DROP OWNED BY `+user+` CASCADE; DROP ROLE `+user); err != nil {
			t.Error(err)
		}
	})
	p, err := db.Open(t.Context(), db.Options{URL: "postgres://" + user + ":x@" + address + "/" + name + "?sslmode=disable"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Close() })
	return p, user, name
}

// Where another user owns the tables, that user moves them aside, and the user
// that migrates only reads them.
func TestTakeoverOfWhatItsOwnerSetAside(t *testing.T) {
	d := old(t, `CREATE SCHEMA v021; ALTER TABLE jobs SET SCHEMA v021; ALTER TABLE job_items SET SCHEMA v021; ALTER TABLE credit_ledger SET SCHEMA v021;
		ALTER TYPE jobstatus SET SCHEMA v021; ALTER TYPE itemstatus SET SCHEMA v021; CREATE TABLE v021.other (id int)`)
	p, user, _ := as(t, d)
	if _, err := d.ExecContext(t.Context(), `GRANT CREATE ON SCHEMA public TO `+user+`; GRANT USAGE ON SCHEMA v021 TO `+user+`; GRANT SELECT ON ALL TABLES IN SCHEMA v021 TO `+user); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		migrate(t, p)
		wantLines(t, p, `SELECT status, count(*) FROM items GROUP BY 1 ORDER BY 1`, "completed 3", "created 4", "failed 2", "queued 3")
		wantLines(t, p, `SELECT sum(balance) FROM accounts WHERE kind = 'paid'`, "7400")
	}
	wantLines(t, d, `SELECT count(*) FROM v021.job_items`, "12")
}

func TestTakeoverSaysWhatStopsIt(t *testing.T) {
	t.Run("rights", func(t *testing.T) {
		d := old(t)
		p, poor, name := as(t, d)
		for _, right := range []string{`SELECT 1`, `GRANT CREATE ON DATABASE ` + name + ` TO ` + poor} {
			if _, err := d.ExecContext(t.Context(), right); err != nil {
				t.Fatal(err)
			}
			if err := p.Migrate(t.Context()); !errors.Is(err, db.ErrTakeover) || !strings.Contains(err.Error(), "make it their owner and GRANT CREATE ON DATABASE") {
				t.Errorf("after %s: %v", right, err)
			}
		}
	})
	t.Run("use", func(t *testing.T) {
		d := old(t)
		if _, err := d.ExecContext(t.Context(), `DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET lock_timeout = 200', current_database()); END $$`); err != nil {
			t.Fatal(err)
		}
		d.SetMaxIdleConns(0) // new connections have it
		reader, err := d.BeginTx(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = reader.Rollback() }()
		if _, err := reader.ExecContext(t.Context(), `SELECT * FROM job_items`); err != nil {
			t.Fatal(err)
		}
		if err := d.Migrate(t.Context()); !errors.Is(err, db.ErrTakeover) || !strings.Contains(err.Error(), "stop its apps") {
			t.Fatal(err)
		}
		if err := reader.Rollback(); err != nil {
			t.Fatal(err)
		}
		migrate(t, d)
		wantLines(t, d, `SELECT count(*) FROM items`, "12")
	})
}

// thousands adds n items in each of the states in flight and finished, and rows
// of the ledger.
func thousands(n int) string {
	return fmt.Sprintf(`INSERT INTO jobs (id, tenant_id, brand_profile_id, status, correlation_id)
		SELECT 'job_' || md5(g::text), 'big', 'default', 'processing', 'c' || g FROM generate_series(1, %[1]d / 50) g;
		INSERT INTO jobs (id, tenant_id, brand_profile_id, status, correlation_id) VALUES ('job_huge', 'big', 'default', 'processing', 'c');
		INSERT INTO job_items (id, job_id, tenant_id, filename, status, raw_blob_path, output_blob_path)
			SELECT 'item_' || md5(g::text), CASE WHEN g %% 2 = 0 THEN 'job_huge' ELSE 'job_' || md5((1 + g %% (%[1]d / 50))::text) END, 'big', g || '.jpg',
			(ARRAY['queued', 'processing', 'completed', 'uploaded'])[1 + g %% 4]::itemstatus, 'raw/' || g, CASE WHEN g %% 4 = 2 THEN 'out/' || g END FROM generate_series(1, %[1]d) g;
		INSERT INTO credit_ledger (tenant_id, delta, reason) SELECT 'big', CASE WHEN g %% 3 = 0 THEN 5 ELSE -2 END, 'r' FROM generate_series(1, %[1]d) g`, n)
}

func TestTakeoverOfThousands(t *testing.T) {
	d := old(t, thousands(10_000))
	migrate(t, d)
	wantLines(t, d, `SELECT total, open_items, done_items, open_exports FROM jobs WHERE job_id = 'job_huge'`, "5000 2500 2500 15000")
	wantLines(t, d, `SELECT count(*), count(DISTINCT outbox_id), count(DISTINCT body) FROM outbox WHERE tenant_id = 'big'`, "10000 10000 10000")
	wantLines(t, d, `SELECT kind, balance FROM accounts WHERE tenant_id = 'big' AND balance <> 0 ORDER BY 1`, "paid 333100", "spent 1333400", "world -1666500")
	var b struct {
		TenantID string `json:"tenant_id"`
		JobID    string `json:"job_id"`
		ItemID   string `json:"item_id"`
	}
	if err := json.Unmarshal([]byte(lines(t, d, `SELECT body FROM outbox WHERE tenant_id = 'big' LIMIT 1`)[0]), &b); err != nil || b.TenantID != "big" || b.JobID == "" || b.ItemID == "" {
		t.Errorf("%+v, %v", b, err)
	}
}

// A migration that dies in the middle leaves the rows as they were, and the next
// one finishes it.
func TestTakeoverSurvivesAKill(t *testing.T) {
	d := old(t, thousands(1000), `UPDATE credit_ledger SET delta = 2000000000 WHERE id = 2`)
	if err := d.Migrate(t.Context()); !errors.Is(err, db.ErrTakeover) { // the tables are set aside by now
		t.Fatal(err)
	}
	if _, err := d.ExecContext(t.Context(), `UPDATE v021.credit_ledger SET delta = 100 WHERE id = 2`); err != nil {
		t.Fatal(err)
	}
	// it gets as far as the ledger, with all items written
	hold, err := d.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = hold.Rollback() }()
	if _, err := hold.ExecContext(t.Context(), `LOCK TABLE v021.credit_ledger IN ACCESS EXCLUSIVE MODE`); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- d.Migrate(context.WithoutCancel(t.Context())) }()
	const waiting = `SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%v021.credit_ledger%'`
	for len(lines(t, d, waiting)) == 0 {
		select {
		case err := <-ended:
			t.Fatalf("it did not get to the ledger: %v", err)
		case <-time.After(10 * time.Millisecond):
		}
	}
	if _, err := d.ExecContext(t.Context(), `SELECT pg_terminate_backend(`+lines(t, d, waiting)[0]+`::int)`); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; err == nil {
		t.Fatal("the killed migration succeeded")
	}
	wantLines(t, d, `SELECT (SELECT count(*) FROM items) + (SELECT count(*) FROM outbox) + (SELECT count(*) FROM transfers)`, "0")
	if err := hold.Rollback(); err != nil {
		t.Fatal(err)
	}
	migrate(t, d)
	wantLines(t, d, `SELECT count(*), count(*) FILTER (WHERE status = 'queued') FROM items`, "1012 753")
	wantLines(t, d, `SELECT count(*) FROM outbox`, "1006")
}

// The whole takeover of 10,000 items and as many rows of the ledger.
func BenchmarkTakeover(b *testing.B) {
	for b.Loop() {
		b.StopTimer()
		d := old(b, thousands(10_000))
		b.StartTimer()
		migrate(b, d)
	}
}
