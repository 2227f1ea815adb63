package job

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/opal-photo/opal/modules/db"
)

// counted is the assignment with which every write to a job's row counts the
// change, for those who watch the job.
const counted = `changes = changes + 1`

// changed counts a change of a job's items or of their timelines, in its
// transaction. It comes after the items' own writes, as every lock of a job's row
// does.
func changed(ctx context.Context, tx *db.Tx, jobID string) error {
	if _, err := tx.ExecContext(ctx, `UPDATE jobs SET `+counted+` WHERE job_id = $1`, jobID); err != nil {
		return fmt.Errorf("count a change of job %s: %w", jobID, err)
	}
	return nil
}

// Changes returns a number that grows with each change of a job, of its items and
// of their timelines: as long as it is the same, so is the job, and no event was
// added. It reads one row. ErrJobNotFound for another tenant's job.
func (s *Service) Changes(ctx context.Context, tenantID, jobID string) (int64, error) {
	var n int64
	err := s.DB.QueryRowContext(ctx, `SELECT changes FROM jobs WHERE job_id = $1 AND tenant_id = $2`, jobID, tenantID).Scan(&n)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, ErrJobNotFound
	}
	if err != nil {
		return 0, fmt.Errorf("look for changes of job %s: %w", jobID, err)
	}
	return n, nil
}
