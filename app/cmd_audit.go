package app

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/opal-photo/opal/config"
	"github.com/opal-photo/opal/modules/billing/ledger"
	"github.com/opal-photo/opal/modules/db"
	"github.com/opal-photo/opal/modules/fault"
)

// errNoState says that a folder holds no state of opal dev.
var errNoState = fault.New(fault.Invalid, "state_not_found", "There is no state of opal dev in this folder")

// auditCommand recomputes every balance and charge and prints what differs.
func auditCommand(s Streams) *cobra.Command {
	var file, data string
	r := &reply{Streams: s}
	cmd := &cobra.Command{
		Use:     "audit",
		Short:   "Recompute every balance from the ledger and every charge from the items; exit code 1 if any differs",
		Example: "  opal billing audit --config opal.yaml\n  opal billing audit --data .opal",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var environ []string
			if data != "" {
				abs, err := filepath.Abs(data)
				if err != nil {
					return err
				}
				if _, err := os.Stat(filepath.Join(abs, devDatabase)); err != nil {
					return errNoState.With("%s has no %s; opal dev keeps its state in .opal unless told otherwise by --data", data, devDatabase)
				}
				environ = []string{"ENV_NAME=dev", "DATABASE_URL=" + db.SQLiteURL(filepath.Join(abs, devDatabase))}
			}
			w, err := loadFrom(orEnvironment(environ), file, s, "audit", config.Role{Database: true}, true)
			if err != nil {
				return err
			}
			defer w.close()
			w.patience = operatorsPatience
			if _, err := w.migrated(cmd.Context()); err != nil {
				return err
			}
			b, err := w.billingService(cmd.Context())
			if err != nil {
				return err
			}
			found, err := b.Audit(cmd.Context())
			if err != nil {
				return err
			}
			if r.json {
				if err := printJSON(s, map[string]any{"differences": append([]ledger.Difference{}, found...)}); err != nil {
					return err
				}
			} else {
				for _, d := range found {
					fmt.Fprintln(s.Out, d)
				}
			}
			fmt.Fprintf(s.Err, "%d differences.\n", len(found))
			if len(found) > 0 {
				return errReported
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&file, "config", "", "YAML file with settings")
	r.flag(cmd.Flags())
	cmd.Flags().StringVar(&data, "data", "", "audit the state of opal dev in this folder")
	return cmd
}
