package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/opal-photo/opal/modules/client"
	"github.com/opal-photo/opal/modules/db/dbtest"
)

// itemsOfJob is how many photos a job of the calls has.
const itemsOfJob = 10

// office is an API on a Postgres of its own, which all turns of a row use.
type office struct {
	postgres *dbtest.Server
	server   *server
	job      string // one that was made, whose rows peers write
}

// openOffice starts both and makes a job.
func openOffice(ctx context.Context, opal, dir string) (_ *office, err error) {
	o := &office{}
	defer func() {
		if err != nil {
			err = errors.Join(err, o.close())
		}
	}()
	if o.postgres, err = dbtest.StartServer(""); err != nil {
		return nil, err
	}
	env := []string{
		"ENV_NAME=dev", "DATABASE_URL=" + o.postgres.URL, "STORAGE_DIR=" + filepath.Join(dir, "blobs"), "STORAGE_URL_KEY=0123456789abcdef0123456789abcdef",
		"AUTH_MODE=none", "BILLING_MODE=off", "LOG_LEVEL=warn",
	}
	migrate := exec.CommandContext(ctx, opal, "migrate")
	migrate.Env = append(migrate.Environ(), env...)
	if out, err := migrate.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("opal migrate: %w: %s", err, tail(string(out)))
	}
	if o.server, err = serve(ctx, opal, dir, env, "serve-api"); err != nil {
		return nil, err
	}
	made, err := o.server.api.CreateJob(ctx, newJob())
	o.job = made.JobID
	return o, err
}

func (o *office) close() (err error) {
	if o.server != nil {
		err = o.server.end()
	}
	if o.postgres != nil {
		err = errors.Join(err, o.postgres.Stop())
	}
	return err
}

func newJob() client.NewJob {
	n := client.NewJob{}
	for i := range itemsOfJob {
		n.Items = append(n.Items, client.NewItem{Filename: fmt.Sprintf("photo-%02d.jpg", i)})
	}
	return n
}

// timed calls work as often as asked and writes the median time, in seconds.
func timed(n int, work func() error) error {
	took := make([]float64, 0, n)
	for range n {
		began := time.Now()
		if err := work(); err != nil {
			return err
		}
		took = append(took, time.Since(began).Seconds())
	}
	fmt.Fprintf(os.Stdout, "figure %g\n", middle(took))
	return nil
}

// posts makes jobs over the API, one after another.
func posts(ctx context.Context, base string, n int) error {
	api, err := client.New(base, client.Options{})
	if err != nil {
		return err
	}
	return timed(n, func() error {
		_, err := api.CreateJob(ctx, newJob())
		return err
	})
}

// inserts writes the rows that the API wrote of a job again, with new ids, in one transaction
// each, and does nothing else.
func inserts(ctx context.Context, url, job string, n int) error {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	rows, err := rowsOf(ctx, conn, job)
	if err != nil {
		return err
	}
	return timed(n, func() error {
		fresh := map[string]string{}
		return pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
			for _, r := range rows {
				if _, err := tx.Exec(ctx, r.insert, r.with(fresh)...); err != nil {
					return fmt.Errorf("%s: %w", r.insert, err)
				}
			}
			return nil
		})
	})
}

// stored is a row as it is inserted.
type stored struct {
	insert string
	values []any
}

// with returns the values with an id of its own for each id: the same one wherever it stands.
func (s stored) with(fresh map[string]string) []any {
	out := slices.Clone(s.values)
	for i, v := range out {
		text, ok := v.(string)
		if !ok || uuid.Validate(text) != nil || len(text) != len(uuid.Nil.String()) {
			continue
		}
		if fresh[text] == "" {
			fresh[text] = uuid.Must(uuid.NewV7()).String()
		}
		out[i] = fresh[text]
	}
	return out
}

// rowsOf reads all rows that belong to a job, the job's own first.
func rowsOf(ctx context.Context, conn *pgx.Conn, job string) (all []stored, err error) {
	found, err := conn.Query(ctx, `SELECT table_name FROM information_schema.columns WHERE column_name = 'job_id' AND table_schema = current_schema()
		ORDER BY table_name <> 'jobs', table_name <> 'items', table_name`)
	if err != nil {
		return nil, err
	}
	tables, err := pgx.CollectRows(found, pgx.RowTo[string])
	if err != nil {
		return nil, err
	}
	for _, t := range tables {
		of, err := rowsIn(ctx, conn, t, job)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", t, err)
		}
		all = append(all, of...)
	}
	return all, nil
}

func rowsIn(ctx context.Context, conn *pgx.Conn, table, job string) (all []stored, err error) {
	found, err := conn.Query(ctx, `SELECT column_name FROM information_schema.columns WHERE table_name = $1 AND table_schema = current_schema()
		AND is_identity = 'NO' AND coalesce(column_default, '') NOT LIKE 'nextval%' ORDER BY ordinal_position`, table)
	if err != nil {
		return nil, err
	}
	columns, err := pgx.CollectRows(found, pgx.RowTo[string])
	if err != nil {
		return nil, err
	}
	places := make([]string, len(columns))
	for i := range columns {
		places[i] = fmt.Sprintf("$%d", i+1)
		columns[i] = pgx.Identifier{columns[i]}.Sanitize()
	}
	name := pgx.Identifier{table}.Sanitize()
	rows, err := conn.Query(ctx, `SELECT `+strings.Join(columns, ", ")+` FROM `+name+` WHERE job_id = $1`, job)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	insert := `INSERT INTO ` + name + ` (` + strings.Join(columns, ", ") + `) VALUES (` + strings.Join(places, ", ") + `)`
	for rows.Next() {
		values, err := rows.Values()
		if err != nil {
			return nil, err
		}
		all = append(all, stored{insert, values})
	}
	return all, rows.Err()
}
