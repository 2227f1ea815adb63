package app

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/opal-photo/opal/config"
	"github.com/opal-photo/opal/modules/billing"
	"github.com/opal-photo/opal/modules/billing/invoice"
	"github.com/opal-photo/opal/modules/fault"
	"github.com/opal-photo/opal/modules/telemetry"
)

// errAmount says that an amount on the command line can't be read.
var errAmount = fault.New(fault.Invalid, "amount_invalid", "An amount is a number such as 12 or 12.50")

// withBilling opens the ledger for a command of the operators.
func withBilling(s Streams, file *string, fn func(ctx context.Context, b *billing.Service, args []string) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		w, err := load(*file, s, "billing", config.Role{Database: true}, true)
		if err != nil {
			return err
		}
		defer w.close()
		if _, err := w.migrated(cmd.Context()); err != nil {
			return err
		}
		b, err := w.billingService(cmd.Context())
		if err != nil {
			return err
		}
		return fn(telemetry.WithLogger(cmd.Context(), w.log), b, args)
	}
}

// refundCommand refunds a payment of any tenant. Credits of it that were already
// used become debt.
func refundCommand(s Streams) *cobra.Command {
	var file, amount string
	o := billing.RefundOrder{}
	cmd := &cobra.Command{
		Use: "refund PAYMENT", Short: "Give money of a payment back; credits that were used of it become debt", Args: cobra.ExactArgs(1),
		Example: "  opal billing refund PAYMENT\n  opal billing refund PAYMENT --amount 12.50 --key ticket-4711",
		RunE: withBilling(s, &file, func(ctx context.Context, b *billing.Service, args []string) error {
			o.PaymentID = args[0]
			if amount != "" {
				var err error
				if o.Cents, err = hundredths(amount); err != nil {
					return err
				}
				if o.Cents == 0 {
					return errAmount.With("0 is nothing to give back")
				}
			}
			r, err := b.Refund(ctx, o)
			if err != nil {
				return err
			}
			if r.Status == "pending" {
				fmt.Fprintln(s.Err, "The payment provider did not answer. The refund is noted, and the billing service asks again: don't order it a second time.")
			}
			return printJSON(s, r)
		}),
	}
	cmd.Flags().StringVar(&amount, "amount", "", "how much, such as 12.50 (default: all that is left of the payment)")
	cmd.Flags().StringVar(&o.Description, "description", "", "what the buyer's statement says")
	cmd.Flags().StringVar(&o.Key, "key", "", "a word for this refund: ordered again under the same, it is not made twice")
	alwaysJSON(cmd.Flags())
	cmd.Flags().StringVar(&file, "config", "", "YAML file with settings")
	return cmd
}

// limitsCommand shows and sets what a tenant may use in a month.
func limitsCommand(s Streams) *cobra.Command {
	var file, grant, budget string
	cmd := &cobra.Command{
		Use: "limits TENANT", Short: "Show a tenant's free monthly grant and monthly budget, and set them", Args: cobra.ExactArgs(1),
		Example: "  opal billing limits acme\n  opal billing limits acme --monthly-grant 50 --budget-cap 250",
		RunE: withBilling(s, &file, func(ctx context.Context, b *billing.Service, args []string) error {
			if grant != "" {
				n, err := orNone(grant, "default")
				if err != nil {
					return err
				}
				if err := b.SetGrant(ctx, args[0], n); err != nil {
					return err
				}
			}
			if budget != "" {
				n, err := orNone(budget, "none")
				if err != nil {
					return err
				}
				if _, err := b.SetBudget(ctx, args[0], n); err != nil {
					return err
				}
			}
			l, err := b.Limits(ctx, args[0])
			if err != nil {
				return err
			}
			return printJSON(s, l)
		}),
	}
	cmd.Flags().StringVar(&grant, "monthly-grant", "", "free credits of each month, such as 50, or default: the setting BILLING_MONTHLY_GRANT; counts from the next month on when this month's is given")
	cmd.Flags().StringVar(&budget, "budget-cap", "", "credits that may be used in a month, such as 250, or none")
	alwaysJSON(cmd.Flags())
	cmd.Flags().StringVar(&file, "config", "", "YAML file with settings")
	complete(cmd, "monthly-grant", oneOf("default"))
	complete(cmd, "budget-cap", oneOf("none"))
	return cmd
}

// customerCommand shows and sets who a tenant's invoices are made out to.
func customerCommand(s Streams) *cobra.Command {
	var file string
	var set invoice.Customer
	cmd := &cobra.Command{
		Use: "customer TENANT", Short: "Show who a tenant's invoices are made out to, and set it", Args: cobra.ExactArgs(1),
		Example: "  opal billing customer acme\n  opal billing customer acme --name 'Acme B.V.' --country NL --vat-id NL001234567B01",
	}
	fields := []struct {
		flag, usage string
		to          func(c *invoice.Customer) *string
	}{
		{"name", "the company's name", func(c *invoice.Customer) *string { return &c.Name }},
		{"email", "", func(c *invoice.Customer) *string { return &c.Email }},
		{"address", `its lines separated by \n`, func(c *invoice.Customer) *string { return &c.Address }},
		{"country", "two letters, such as NL", func(c *invoice.Customer) *string { return &c.Country }},
		{"vat-id", "with the country's letters", func(c *invoice.Customer) *string { return &c.VATID }},
	}
	for _, f := range fields {
		cmd.Flags().StringVar(f.to(&set), f.flag, "", f.usage)
	}
	alwaysJSON(cmd.Flags())
	cmd.Flags().StringVar(&file, "config", "", "YAML file with settings")
	cmd.RunE = withBilling(s, &file, func(ctx context.Context, b *billing.Service, args []string) error {
		c, err := b.Customer(ctx, args[0])
		if err != nil {
			return err
		}
		changed := false
		for _, f := range fields {
			if cmd.Flags().Changed(f.flag) {
				*f.to(&c), changed = strings.ReplaceAll(*f.to(&set), `\n`, "\n"), true
			}
		}
		if changed {
			if c, err = b.SetCustomer(ctx, args[0], c); err != nil {
				return err
			}
		}
		return printJSON(s, c)
	})
	return cmd
}

// amountForm is an amount with at most two decimal places.
var amountForm = regexp.MustCompile(`^(\d{1,9})(?:\.(\d{1,2}))?$`)

// hundredths reads an amount of money or credits.
func hundredths(text string) (int64, error) {
	m := amountForm.FindStringSubmatch(text)
	if m == nil {
		return 0, errAmount.With("got %.40q", text)
	}
	return strconv.ParseInt(m[1]+(m[2] + "00")[:2], 10, 64)
}

// orNone reads an amount; nil for the word none.
func orNone(text, none string) (*int64, error) {
	if text == none {
		return nil, nil
	}
	n, err := hundredths(text)
	return &n, err
}

func printJSON(s Streams, v any) error {
	e := json.NewEncoder(s.Out)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(v)
}
