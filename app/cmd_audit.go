package app

import (
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/opal-photo/opal/config"
	"github.com/opal-photo/opal/modules/db"
)

// auditCommand recomputes every balance and charge and prints what differs.
func auditCommand(s Streams) *cobra.Command {
	var file, data string
	cmd := &cobra.Command{
		Use:   "audit",
		Short: "Recompute every balance from the ledger and every charge from the items; exit code 1 if any differs",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var environ []string
			if data != "" {
				abs, err := filepath.Abs(data)
				if err != nil {
					return err
				}
				environ = []string{"ENV_NAME=dev", "DATABASE_URL=" + db.SQLiteURL(filepath.Join(abs, devDatabase))}
			}
			w, err := loadFrom(orEnvironment(environ), file, s, "audit", config.Role{Database: true}, true)
			if err != nil {
				return err
			}
			defer w.close()
			w.patience = operatorsPatience
			b, err := w.billingService(cmd.Context())
			if err != nil {
				return err
			}
			found, err := b.Audit(cmd.Context())
			if err != nil {
				return err
			}
			for _, d := range found {
				fmt.Fprintln(s.Out, d)
			}
			fmt.Fprintf(s.Err, "%d differences.\n", len(found))
			if len(found) > 0 {
				return errReported
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&file, "config", "", "YAML file with settings")
	cmd.Flags().StringVar(&data, "data", "", "audit the state of opal dev in this folder")
	return cmd
}
