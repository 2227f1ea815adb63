package job

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/opal-photo/opal/modules/blob"
	"github.com/opal-photo/opal/modules/db"
	"github.com/opal-photo/opal/modules/telemetry"
)

const (
	// orphansEvery is how often files that nobody names are looked for.
	orphansEvery = 24 * time.Hour
	// orphanAge is how old a file without a job must be: older than any job whose
	// rows are still being written, and than a restored backup of last night.
	orphanAge = 7 * 24 * time.Hour
	// attemptAge is how old a file of an attempt must be that its job does not name:
	// no attempt lasts as long.
	attemptAge = 24 * time.Hour
)

// attemptFile matches the names of attempts' files below their job: see
// blob.ArtifactPath, and the parts of ZIPs.
var attemptFile = regexp.MustCompile(`^[^/]+/[^/]+/(?:[^/]+/[^/]+/a[0-9]+\.[a-z0-9]+|export/[^/]+\.zip)$`)

// sweepOrphans looks once a day for files that nobody names: of jobs that were
// deleted or that a database lost, and of attempts that were cut short. One of
// all processes does it.
func (s *Service) sweepOrphans(ctx context.Context) error {
	var due int
	if err := s.DB.QueryRowContext(ctx, `SELECT count(*) FROM chores WHERE name = 'orphan_files' AND due_at <= now_ms()`).Scan(&due); err != nil || due == 0 {
		return err
	}
	var mine bool
	err := s.DB.InTx(ctx, func(tx *db.Tx) error {
		r, err := tx.ExecContext(ctx, `UPDATE chores SET due_at = now_ms() + $1 WHERE name = 'orphan_files' AND due_at <= now_ms()`, orphansEvery.Milliseconds())
		if err != nil {
			return err
		}
		n, err := r.RowsAffected()
		mine = n > 0
		return err
	})
	if err != nil {
		return fmt.Errorf("take the look for orphans: %w", err)
	}
	if !mine {
		return nil
	}
	total := orphans{}
	for _, c := range s.Containers.all() {
		err := s.deleteOrphans(ctx, c, &total)
		if err != nil {
			return fmt.Errorf("look for orphans in %s: %w", c, err)
		}
	}
	if total.files > 0 {
		telemetry.Log(ctx).Warn().Int("files", total.files).Int64("bytes", total.bytes).Msg("Deleted files that nobody names")
	}
	return nil
}

// orphans counts the files that were deleted.
type orphans struct {
	files int
	bytes int64
}

// deleteOrphans deletes a container's old files whose job is not there, and those
// of attempts that their job does not name. A name that OPAL doesn't write is left
// alone.
func (s *Service) deleteOrphans(ctx context.Context, container string, total *orphans) error {
	var folder string // the last one looked up: names come in order
	var named func(path string) bool
	for info, err := range s.Blobs.List(ctx, container, "") {
		if err != nil {
			return err
		}
		age := time.Since(info.ModifiedAt)
		if age < attemptAge {
			continue
		}
		tenantID, jobID, ok := ownerOf(info)
		if !ok {
			continue
		}
		if f := tenantID + "/" + jobID; f != folder {
			if named, err = s.namedBy(ctx, tenantID, jobID); err != nil {
				return err
			}
			folder = f
		}
		if named == nil && age < orphanAge || named != nil && (container == s.Containers.Raw || !attemptFile.MatchString(info.Name) || named(info.Name)) {
			continue
		}
		if err := s.Blobs.Delete(ctx, container, info.Name); err != nil {
			return err
		}
		total.files++
		total.bytes += info.Size
	}
	return nil
}

// namedBy returns a function that reports whether a job, a collection or an import names
// a file; nil when there is nothing of that id. Code that keeps paths of attempts' files
// elsewhere than in items and exports must add them here, or be one of Owners.
func (s *Service) namedBy(ctx context.Context, tenantID, jobID string) (func(path string) bool, error) {
	var jobs int
	if err := s.DB.QueryRowContext(ctx, `SELECT count(*) FROM jobs WHERE job_id = $1 AND tenant_id = $2`, jobID, tenantID).Scan(&jobs); err != nil {
		return nil, err
	}
	if jobs == 0 {
		return s.namedByOwner(ctx, tenantID, jobID)
	}
	paths := map[string]bool{}
	rows, err := s.DB.QueryContext(ctx, `SELECT COALESCE(raw_blob_path, ''), COALESCE(output_blob_path, ''), COALESCE(cutout_blob_path, ''), COALESCE(placement, ''), ''
		FROM items WHERE job_id = $1 UNION ALL SELECT COALESCE(export_blob_path, ''), '', '', '', '' FROM jobs WHERE job_id = $1
		UNION ALL SELECT '', COALESCE(output_blob_path, ''), COALESCE(cutout_blob_path, ''), COALESCE(checkpoint, ''), COALESCE(layers, '') FROM cutout_versions WHERE job_id = $1`, jobID)
	if err != nil {
		return nil, fmt.Errorf("load the paths of job %s: %w", jobID, err)
	}
	defer rows.Close()
	for rows.Next() {
		var raw, output, cutout, placement, layers string
		if err := rows.Scan(&raw, &output, &cutout, &placement, &layers); err != nil {
			return nil, err
		}
		paths[raw], paths[output], paths[cutout] = true, true, true
		if raw != "" {
			paths[thumbnailPath(raw)] = true
		}
		if output != "" {
			paths[thumbnailPath(output)], paths[previewPath(output)] = true, true
		}
		for _, text := range []string{placement, layers} {
			if err := addStrings(paths, text); err != nil {
				return nil, fmt.Errorf("read the checkpoints of job %s: %w", jobID, err)
			}
		}
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	exported, err := s.Exporter.Paths(ctx, jobID)
	if err != nil {
		return nil, err
	}
	for _, text := range exported {
		paths[text] = true
	}
	return func(path string) bool { return paths[path] }, nil
}

// namedByOwner is namedBy for what is not a job.
func (s *Service) namedByOwner(ctx context.Context, tenantID, id string) (func(path string) bool, error) {
	for _, o := range s.Owners {
		paths, ok, err := o.Names(ctx, tenantID, id)
		if err != nil {
			return nil, fmt.Errorf("load the paths of %s: %w", id, err)
		}
		if ok {
			return func(path string) bool { return slices.Contains(paths, path) }, nil
		}
	}
	return nil, nil
}

// addStrings adds every string of a JSON text, whether it is a path or not.
func addStrings(to map[string]bool, text string) error {
	if text == "" {
		return nil
	}
	var v any
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		return err
	}
	var walk func(v any)
	walk = func(v any) {
		switch v := v.(type) {
		case string:
			to[v] = true
		case []any:
			for _, e := range v {
				walk(e)
			}
		case map[string]any:
			for _, e := range v {
				walk(e)
			}
		}
	}
	walk(v)
	return nil
}

// ownerOf returns the tenant and the job that a file's path names.
func ownerOf(info blob.Info) (tenantID, jobID string, ok bool) {
	parts := strings.SplitN(info.Name, "/", 3)
	if len(parts) < 3 || uuid.Validate(parts[1]) != nil || len(parts[1]) != 36 {
		return "", "", false
	}
	return parts[0], parts[1], true
}
