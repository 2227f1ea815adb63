package job

import (
	"context"
	"fmt"
	"strings"

	"github.com/opal-photo/opal/modules/db"
	"github.com/opal-photo/opal/modules/fault"
)

// MaxName bounds a job's name, in characters.
const MaxName = 120

// ErrName refuses a job's name.
var ErrName = fault.New(fault.Invalid, "job_name_invalid", fmt.Sprintf("A job's name has at most %d characters, without control characters", MaxName))

// cleanName returns a job's name without spaces around it, or ErrName.
func cleanName(name string) (string, error) {
	name = strings.TrimSpace(name)
	if !fault.IsLine(name, MaxName) {
		return "", ErrName
	}
	return name, nil
}

// Rename gives a job another name; "" takes it away. Errors: ErrName, ErrJobNotFound.
func (s *Service) Rename(ctx context.Context, tenantID, jobID, name string) (Job, error) {
	name, err := cleanName(name)
	if err != nil {
		return Job{}, err
	}
	err = s.DB.InTx(ctx, func(tx *db.Tx) error {
		res, err := tx.ExecContext(ctx, `UPDATE jobs SET name = $1, updated_at = now_ms() WHERE job_id = $2 AND tenant_id = $3`, name, jobID, tenantID)
		if err != nil {
			return err
		}
		n, err := res.RowsAffected()
		if err == nil && n == 0 {
			return ErrJobNotFound
		}
		return err
	})
	if err != nil {
		return Job{}, fmt.Errorf("rename job %s: %w", jobID, err)
	}
	return s.Get(ctx, tenantID, jobID)
}
