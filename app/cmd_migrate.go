package app

import (
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/opal-photo/opal/config"
	"github.com/opal-photo/opal/modules/telemetry"
)

// operatorsPatience is for commands that may have the database work for long.
const operatorsPatience = time.Hour

// migrateCommand brings the database up to date and does nothing else, so that
// a deployment runs it once, before the new roles start.
func migrateCommand(s Streams) *cobra.Command {
	var file string
	var users, readers []string
	r := &reply{Streams: s}
	cmd := &cobra.Command{
		Use:     "migrate",
		Short:   "Bring the database's schema up to date, taking over what v0.2.1 left in it, and nothing else",
		Example: "  opal migrate --config opal.yaml\n  DATABASE_URL=sqlite:///opal.db ENV_NAME=dev opal migrate",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			w, err := load(file, s, "migrate", config.Role{Database: true}, true)
			if err != nil {
				return err
			}
			defer w.close()
			w.patience = operatorsPatience
			d, err := w.database(cmd.Context())
			if err != nil {
				return err
			}
			if err := d.Migrate(telemetry.WithLogger(cmd.Context(), w.log)); err != nil {
				return err
			}
			fmt.Fprintln(s.Err, "The schema is up to date.")
			if len(users) > 0 {
				if err := d.Grant(cmd.Context(), users); err != nil {
					return err
				}
				fmt.Fprintln(s.Err, "May read and write rows: "+strings.Join(users, ", "))
			}
			if len(readers) > 0 {
				if err := d.GrantRead(cmd.Context(), readers); err != nil {
					return err
				}
				fmt.Fprintln(s.Err, "May read rows: "+strings.Join(readers, ", "))
			}
			return r.with(map[string]any{"up_to_date": true, "granted_to": append([]string{}, users...), "readable_by": append([]string{}, readers...)}, "")
		},
	}
	cmd.Flags().StringVar(&file, "config", "", "YAML file with settings")
	r.flag(cmd.Flags())
	cmd.Flags().StringSliceVar(&users, "grant-to", nil, "users of Postgres that may then read and write rows, without changing the schema")
	cmd.Flags().StringSliceVar(&readers, "read-to", nil, "users or roles of Postgres that may then read rows, such as azure_pg_admin, whose members administer a server on Azure")
	return cmd
}
