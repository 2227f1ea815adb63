package db

import (
	"context"
	"database/sql"
	"fmt"
	"strings"

	"github.com/pressly/goose/v3"

	"github.com/opal-photo/opal/modules/telemetry"
)

// takeoverVersion is the number of the migration that copies v0.2.1's rows. It
// is in Go because the columns to copy are only known when it runs.
const takeoverVersion = 8

// takeover is the migration. On SQLite, which v0.2.1 never ran on, and on a
// database without v0.2.1's tables it changes the schema alone.
func takeover(postgres bool) *goose.Migration {
	return goose.NewGoMigration(takeoverVersion, &goose.GoFunc{RunTx: func(ctx context.Context, tx *sql.Tx) error {
		if err := run(ctx, tx, takeoverSchema...); err != nil || !postgres {
			return err
		}
		old, err := setAsideTables(ctx, tx)
		if err != nil || len(old) == 0 {
			return err
		}
		c := copying{tx: tx, old: old}
		if err := c.all(ctx); err != nil {
			return fmt.Errorf("take v0.2.1's rows over: %w", err)
		}
		return nil
	}}, nil)
}

// takeoverSchema marks the items that v0.2.1 accepted, whose price was paid
// there, and lists jobs by age: v0.2.1's ids are in no order.
var takeoverSchema = []string{
	`ALTER TABLE items ADD COLUMN taken_over BOOLEAN NOT NULL DEFAULT FALSE`,
	`DROP INDEX jobs_by_tenant`,
	`CREATE INDEX jobs_by_tenant ON jobs (tenant_id, created_at, job_id)`,
}

// Defaults for jobs of v0.2.1 that lack these values: those of the day of the
// takeover, fixed here because migrations never change.
const (
	takeoverPresets = `["amazon_main","shopify","instagram_square","instagram_story","web_large","cutout_png"]`
	takeoverScenes  = `'studio','lifestyle','outdoor','minimal','luxury','kitchen','office','nature'`
	takeoverScene   = `'studio'`
)

// copying copies v0.2.1's rows from the schema they were set aside in, within
// one transaction.
type copying struct {
	tx  *sql.Tx
	old map[string]table
}

func (c copying) all(ctx context.Context) error {
	if c.old["jobs"] != nil {
		if err := c.jobs(ctx); err != nil {
			return err
		}
	}
	if c.old["credit_ledger"] != nil {
		if err := c.ledger(ctx); err != nil {
			return err
		}
	}
	return c.seal(ctx)
}

// run executes statements in order.
func run(ctx context.Context, tx *sql.Tx, statements ...string) error {
	for _, s := range statements {
		if _, err := tx.ExecContext(ctx, s); err != nil {
			first, _, _ := strings.Cut(strings.TrimSpace(s), "\n")
			return fmt.Errorf("%.80s: %w", first, err)
		}
	}
	return nil
}

// optional returns a column as text, or otherwise where the table lacks it.
func (c copying) optional(tableName, alias, column, otherwise string) string {
	if !c.old[tableName].has(column) {
		return otherwise
	}
	return "COALESCE(" + alias + "." + column + "::text, " + otherwise + ")"
}

// millis returns the SQL of a time column in milliseconds; times without a zone
// are UTC.
func (c copying) millis(tableName, alias, column string) string {
	if !c.old[tableName].has(column) {
		return "now_ms()"
	}
	return "COALESCE((extract(epoch FROM " + alias + "." + column + ") * 1000)::bigint, now_ms())"
}

// messageID is an id of the outbox, a UUIDv7 of now whose order is that of the
// numbers in column n.
const messageID = `(lpad(to_hex(now_ms()), 12, '0') || '7000' || '8' || lpad(to_hex(n), 7, '0') || substr(md5(random()::text), 1, 8))::uuid::text`

// body is the JSON of a message.
const body = `json_build_object('tenant_id', tenant_id, 'job_id', job_id, 'item_id', item_id, 'correlation_id', correlation_id)::text`

// jobs copies tenants, jobs and items. The state of a job is computed again from
// its items. Items in flight are queued again, if their photo's path is known,
// and otherwise wait for an upload; a finished item's variants, which v0.2.1
// never made, are asked for. Jobs without items stay in the backup: they have
// nothing to do and no state.
func (c copying) jobs(ctx context.Context) error {
	if err := c.knowStatuses(ctx); err != nil {
		return err
	}
	export := c.optional("jobs", "j", "export_blob_path", "NULL")
	option := func(name string) string {
		if !strings.HasPrefix(c.old["jobs"]["processing_options"], "json") {
			return "true"
		}
		return "COALESCE((j.processing_options->>'" + name + "')::boolean, true)"
	}
	sceneType := c.optional("job_items", "i", "scene_type", takeoverScene)
	return run(ctx, c.tx,
		`CREATE TEMP TABLE taken_items ON COMMIT DROP AS SELECT *, status = 'completed' AND output_blob_path <> '' AS exported FROM (
			SELECT i.id::text AS item_id, j.id::text AS job_id, j.tenant_id::text AS tenant_id, COALESCE(NULLIF(j.correlation_id::text, ''), j.id::text) AS correlation_id,
			row_number() OVER (PARTITION BY j.id ORDER BY i.created_at, i.id) - 1 AS position, row_number() OVER (ORDER BY i.created_at, i.id) AS n,
			i.filename::text AS filename, `+c.optional("job_items", "i", "scene_prompt", "''")+` AS scene_prompt,
			CASE WHEN `+sceneType+` IN (`+takeoverScenes+`) THEN `+sceneType+` ELSE `+takeoverScene+` END AS scene_type,
			`+c.optional("job_items", "i", "scene_index", "'0'")+`::bigint AS scene_index,
			CASE WHEN lower(i.status::text) IN ('uploaded', 'queued', 'processing') THEN CASE WHEN COALESCE(i.raw_blob_path::text, '') = '' THEN 'created' ELSE 'queued' END
				WHEN lower(i.status::text) = 'canceled' THEN 'cancelled' ELSE lower(i.status::text) END AS status,
			NULLIF(i.raw_blob_path::text, '') AS raw_blob_path, NULLIF(i.output_blob_path::text, '') AS output_blob_path,
			`+c.optional("job_items", "i", "error_message", "NULL")+` AS error_message,
			`+c.millis("job_items", "i", "created_at")+` AS created_at, `+c.millis("job_items", "i", "updated_at")+` AS updated_at
			FROM `+backupSchema+`.job_items i JOIN `+backupSchema+`.jobs j ON j.id = i.job_id) x`,
		`CREATE TEMP TABLE taken_jobs ON COMMIT DROP AS SELECT *,
			CASE WHEN open_items > 0 AND open_items = waiting THEN 'created'
				WHEN open_items > 0 OR open_exports > 0 THEN 'processing'
				WHEN done_items = 0 AND failed_items > 0 THEN 'failed'
				WHEN done_items = 0 THEN 'cancelled'
				WHEN failed_items + cancelled_items > 0 THEN 'partial'
				ELSE 'completed' END AS status
			FROM (SELECT j.id::text AS job_id, j.tenant_id::text AS tenant_id, COALESCE(NULLIF(j.correlation_id::text, ''), j.id::text) AS correlation_id,
				`+c.optional("jobs", "j", "brand_profile_id", "'default'")+` AS brand_profile_id, `+c.millis("jobs", "j", "created_at")+` AS created_at,
				GREATEST(`+c.millis("jobs", "j", "updated_at")+`, g.updated_at) AS updated_at, g.total, g.open_items, g.done_items, g.failed_items, g.cancelled_items, g.waiting,
				CASE WHEN g.open_items = 0 THEN `+export+` END AS export_blob_path,
				CASE WHEN g.open_items = 0 AND `+export+` IS NOT NULL THEN 0 ELSE g.exported * json_array_length('`+takeoverPresets+`') END AS open_exports,
				json_build_object('remove_background', `+option("remove_background")+`, 'generate_scene', `+option("generate_scene")+`, 'upscale', `+option("upscale")+`)::text AS options
				FROM `+backupSchema+`.jobs j JOIN (SELECT job_id, count(*) AS total, count(*) FILTER (WHERE status IN ('created', 'queued')) AS open_items,
					count(*) FILTER (WHERE status = 'created') AS waiting, count(*) FILTER (WHERE status = 'completed') AS done_items,
					count(*) FILTER (WHERE status = 'failed') AS failed_items, count(*) FILTER (WHERE status = 'cancelled') AS cancelled_items,
					count(*) FILTER (WHERE exported) AS exported, max(updated_at) AS updated_at FROM taken_items GROUP BY job_id) g ON g.job_id = j.id::text) x`,
		`UPDATE taken_items SET exported = false FROM taken_jobs j WHERE j.job_id = taken_items.job_id AND j.export_blob_path IS NOT NULL AND exported`,
		`ANALYZE taken_items`, `ANALYZE taken_jobs`,
		// v0.2.1 knew no limit of items
		`ALTER TABLE jobs DROP CONSTRAINT jobs_total_check`,
		`ALTER TABLE jobs ADD CONSTRAINT jobs_total_check CHECK (total >= 1)`,

		`INSERT INTO tenants (tenant_id, name, created_at) SELECT tenant_id, tenant_id, min(created_at) FROM taken_jobs GROUP BY tenant_id ON CONFLICT DO NOTHING`,
		// v0.2.1 took any name of a brand, and its clients still send them
		`INSERT INTO brand_profiles (tenant_id, brand_profile_id, profile, created_at, updated_at)
			SELECT tenant_id, brand_profile_id, json_build_object('name', brand_profile_id)::text, min(created_at), min(created_at) FROM taken_jobs
			WHERE brand_profile_id <> 'default' AND brand_profile_id ~ '^[a-z0-9][a-z0-9_-]{0,62}$' GROUP BY tenant_id, brand_profile_id ON CONFLICT DO NOTHING`,
		`INSERT INTO jobs (job_id, tenant_id, brand_profile_id, correlation_id, status, presets, options, brand, total, open_items, done_items, failed_items, cancelled_items,
			open_exports, bundle, export_blob_path, created_at, updated_at, finished_at)
			SELECT job_id, tenant_id, brand_profile_id, correlation_id, status, '`+takeoverPresets+`', options,
			json_build_object('look', json_build_object('id', brand_profile_id))::text, total, open_items, done_items, failed_items, cancelled_items, open_exports,
			CASE WHEN open_items > 0 OR open_exports > 0 THEN 'waiting' WHEN export_blob_path IS NOT NULL THEN 'done' ELSE 'none' END, export_blob_path, created_at, updated_at,
			CASE WHEN open_items = 0 AND open_exports = 0 THEN updated_at END FROM taken_jobs`,
		`INSERT INTO items (item_id, job_id, tenant_id, correlation_id, position, entry_id, filename, scene_index, scene_type, scene_prompt, status, due_at,
			raw_blob_path, output_blob_path, error_code, error_message, created_at, updated_at, ended_at, taken_over)
			SELECT item_id, job_id, tenant_id, correlation_id, position, item_id, filename, scene_index, scene_type, scene_prompt, status, CASE WHEN status = 'queued' THEN now_ms() END,
			CASE WHEN status <> 'created' THEN raw_blob_path END, output_blob_path, CASE WHEN status = 'failed' THEN 'failed_in_v021' END, error_message, created_at, updated_at,
			CASE WHEN status NOT IN ('created', 'queued') THEN updated_at END, status <> 'created' FROM taken_items`,
		// the paths to which clients of v0.2.1 uploaded their photos
		`INSERT INTO uploads (raw_blob_path, tenant_id, entry_id, content_type, created_at)
			SELECT raw_blob_path, tenant_id, item_id, '', created_at FROM taken_items WHERE raw_blob_path IS NOT NULL ORDER BY n ON CONFLICT DO NOTHING`,
		`INSERT INTO outbox (outbox_id, queue, tenant_id, body, not_before, created_at)
			SELECT `+messageID+`, 'jobs', tenant_id, `+body+`, now_ms(), now_ms() FROM taken_items WHERE status = 'queued' ORDER BY n`,

		// only the finished picture exists, without layers: it stands for the product
		`INSERT INTO export_sources (item_id, source) SELECT item_id, json_build_object('cutout', output_blob_path, 'output', output_blob_path,
			'box', '[0,0,0,0]'::json, 'cutout_bounds', '[0,0,0,0]'::json, 'filename', filename)::text FROM taken_items WHERE exported`,
		`INSERT INTO exports (item_id, preset, job_id, tenant_id, correlation_id, status, due_at, created_at, updated_at)
			SELECT item_id, preset, job_id, tenant_id, correlation_id, 'pending', now_ms(), now_ms(), now_ms()
			FROM taken_items, json_array_elements_text('`+takeoverPresets+`') AS preset WHERE exported`,
		`INSERT INTO outbox (outbox_id, queue, tenant_id, body, not_before, created_at)
			SELECT `+messageID+`, 'exports', tenant_id, `+body+`, now_ms(), now_ms() FROM taken_items WHERE exported ORDER BY n`,
	)
}

// knowStatuses fails with ErrTakeover for an unknown status of an item:
// guessing would lose the item or process it twice.
func (c copying) knowStatuses(ctx context.Context) error {
	var unknown sql.NullString
	if err := c.tx.QueryRowContext(ctx, `SELECT string_agg(DISTINCT COALESCE(status::text, 'NULL'), ', ') FROM `+backupSchema+`.job_items
		WHERE lower(COALESCE(status::text, '')) NOT IN ('created', 'uploaded', 'queued', 'processing', 'completed', 'failed', 'cancelled', 'canceled')`).Scan(&unknown); err != nil {
		return err
	}
	if unknown.Valid {
		return ErrTakeover.With("items in %s.job_items have a status that v0.2.1 did not know: %.200s. Set it to one of v0.2.1's and run this again", backupSchema, unknown.String)
	}
	return nil
}

// setAsideTables lists v0.2.1's tables in the backup's schema, whether setAside
// or their owner moved them there.
func setAsideTables(ctx context.Context, tx *sql.Tx) (map[string]table, error) {
	old, err := tables(ctx, tx, backupSchema)
	if err != nil {
		return nil, err
	}
	for name, t := range old {
		known, ok := oldTables[name]
		switch {
		case !ok:
			delete(old, name)
		case !known(t):
			return nil, ErrTakeover.With("table %s.%s is not v0.2.1's: its columns are %.300s", backupSchema, name, t)
		}
	}
	if (old["jobs"] == nil) != (old["job_items"] == nil) {
		return nil, ErrTakeover.With("of v0.2.1's tables jobs and job_items only one is in schema %s; restore both", backupSchema)
	}
	return old, nil
}

// seal makes the backup read-only, where this user owns it, and logs what was
// taken over.
func (c copying) seal(ctx context.Context) error {
	var owned bool
	if err := c.tx.QueryRowContext(ctx, `SELECT COALESCE(bool_and(pg_has_role(relowner, 'USAGE')), false) AND has_schema_privilege($1, 'CREATE')
		FROM pg_class WHERE relkind = 'r' AND relnamespace = to_regnamespace($1)`, backupSchema).Scan(&owned); err != nil {
		return err
	}
	var statements []string
	if owned {
		statements = append(statements, `CREATE FUNCTION `+backupSchema+`.refuse() RETURNS trigger LANGUAGE plpgsql AS
			'BEGIN RAISE EXCEPTION ''schema `+backupSchema+` is a backup of v0.2.1: OPAL took its rows over''; END'`)
		for name := range c.old {
			statements = append(statements, `CREATE TRIGGER opal_backup BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON `+backupSchema+`.`+quote(name)+
				` FOR EACH STATEMENT EXECUTE FUNCTION `+backupSchema+`.refuse()`)
		}
	}
	if err := run(ctx, c.tx, statements...); err != nil {
		return err
	}
	var odd sql.NullString
	if err := c.tx.QueryRowContext(ctx, `SELECT string_agg(tenant_id, ', ') FROM
		(SELECT tenant_id FROM tenants WHERE tenant_id !~ '^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$' ORDER BY 1 LIMIT 20) x`).Scan(&odd); err != nil {
		return err
	}
	if odd.Valid {
		telemetry.Log(ctx).Warn().Str("tenants", odd.String).Msg("Tenants of v0.2.1 have ids that can have no API key: 1-64 letters, digits, dots, dashes and underscores; rename them in all tables, or serve them with AUTH_MODE=none")
	}
	var n struct{ jobs, items, queued, exports, transfers, left int64 }
	if err := c.tx.QueryRowContext(ctx, `SELECT (SELECT count(*) FROM jobs), (SELECT count(*) FROM items), (SELECT count(*) FROM outbox WHERE queue = 'jobs'),
		(SELECT count(*) FROM outbox WHERE queue = 'exports'), (SELECT count(*) FROM transfers)`).Scan(&n.jobs, &n.items, &n.queued, &n.exports, &n.transfers); err != nil {
		return err
	}
	if c.old["jobs"] != nil {
		var was int64
		if err := c.tx.QueryRowContext(ctx, `SELECT (SELECT count(*) FROM `+backupSchema+`.job_items), (SELECT count(*) FROM `+backupSchema+`.jobs)`).Scan(&was, &n.left); err != nil {
			return err
		}
		if was != n.items {
			return ErrTakeover.With("of %d items %d were copied: the others' jobs are missing", was, n.items)
		}
		n.left -= n.jobs
	}
	telemetry.Log(ctx).Info().Int64("jobs", n.jobs).Int64("jobs_without_items", n.left).Int64("items", n.items).Int64("queued", n.queued).
		Int64("exports", n.exports).Int64("transfers", n.transfers).Msg("Took v0.2.1's rows over; they stay in schema " + backupSchema)
	return nil
}
