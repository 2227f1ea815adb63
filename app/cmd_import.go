package app

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/opal-photo/opal/config"
	"github.com/opal-photo/opal/modules/billing"
	"github.com/opal-photo/opal/modules/db"
)

// ledgerColumns is the header of a ledger's file.
var ledgerColumns = []string{"id", "tenant_id", "delta", "created_at"}

// ledgerTimes are the forms of a time in the file: Postgres's own two, without a
// zone in UTC, and RFC 3339.
var ledgerTimes = []string{"2006-01-02 15:04:05.999999-07", "2006-01-02 15:04:05.999999", time.RFC3339Nano}

// maxLedgerRows bounds the rows of one file; they are held in memory.
const maxLedgerRows = 1_000_000

// importCommand carries v0.2.1's ledger over from a CSV file, all of it or nothing.
func importCommand(s Streams) *cobra.Command {
	var file string
	cmd := &cobra.Command{
		Use:   "import-ledger FILE",
		Short: "Carry v0.2.1's credits over from a CSV file (id,tenant_id,delta,created_at; whole credits); a row counts once",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			rows, err := readLedger(args[0])
			if err != nil {
				return err
			}
			w, err := load(file, s, "import-ledger", config.Role{Database: true}, true)
			if err != nil {
				return err
			}
			defer w.close()
			b, err := w.billingService(cmd.Context())
			if err != nil {
				return err
			}
			// the import sorts what it gets, and a transaction may run twice
			fn := func(tx *db.Tx) error { return b.ImportLegacy(cmd.Context(), tx, slices.Clone(rows)) }
			if err := inDatabase(cmd.Context(), w, fn); err != nil {
				return err
			}
			fmt.Fprintf(s.Err, "%d rows are carried over. Now check them: opal billing audit\n", len(rows))
			return nil
		},
	}
	cmd.Flags().StringVar(&file, "config", "", "YAML file with settings")
	return cmd
}

func inDatabase(ctx context.Context, w *wire, fn func(*db.Tx) error) error {
	d, err := w.database(ctx)
	if err != nil {
		return err
	}
	return d.InTx(ctx, fn)
}

// readLedger reads the rows of a ledger's file. An error names the line.
func readLedger(path string) ([]billing.LegacyRow, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, billing.ErrLegacy.With("%s", err)
	}
	defer func() { _ = f.Close() }() // only read
	r := csv.NewReader(f)
	header, err := r.Read()
	if err != nil || !slices.Equal(header, ledgerColumns) {
		return nil, billing.ErrLegacy.With("%s does not begin with the line id,tenant_id,delta,created_at", path)
	}
	var rows []billing.LegacyRow
	for {
		record, err := r.Read()
		if errors.Is(err, io.EOF) {
			return rows, nil
		}
		if err != nil { // names the line itself
			return nil, billing.ErrLegacy.With("%s: %s", path, err)
		}
		line, _ := r.FieldPos(0)
		if len(rows) == maxLedgerRows {
			return nil, billing.ErrLegacy.With("%s has more than %d rows; split it by tenant", path, maxLedgerRows)
		}
		delta, err := strconv.ParseInt(record[2], 10, 64)
		if err != nil {
			return nil, billing.ErrLegacy.With("%s, line %d: delta %.40q is not a whole number of credits", path, line, record[2])
		}
		at, err := ledgerTime(record[3])
		if err != nil {
			return nil, billing.ErrLegacy.With("%s, line %d: created_at %.40q is not a time such as 2026-01-31 13:45:00+00", path, line, record[3])
		}
		rows = append(rows, billing.LegacyRow{ID: record[0], TenantID: record[1], Delta: delta, CreatedAt: at})
	}
}

func ledgerTime(text string) (t time.Time, err error) {
	for _, form := range ledgerTimes {
		if t, err = time.Parse(form, text); err == nil {
			return t, nil
		}
	}
	return t, err
}
