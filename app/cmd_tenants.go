package app

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/opal-photo/opal/config"
	"github.com/opal-photo/opal/modules/client"
	"github.com/opal-photo/opal/modules/tenant"
)

// withTenants opens the tenants for a command of the operators. Only the making
// of a key needs the pepper.
func withTenants(s Streams, file *string, fn func(ctx context.Context, t *tenant.Service, args []string) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		w, err := load(*file, s, "tenants", config.Role{Database: true}, true)
		if err != nil {
			return err
		}
		defer w.close()
		d, err := w.migrated(cmd.Context())
		if err != nil {
			return err
		}
		if cmd.Annotations[needsPepper] != "" && len(w.cfg.Auth.KeyPepper) < tenant.MinPepper {
			return config.ErrConfig.With("AUTH_KEY_PEPPER is missing or shorter than %d characters: the random string that the API hashes keys with", tenant.MinPepper)
		}
		t, err := tenant.New(d, w.pepper())
		if err != nil {
			return err
		}
		return fn(cmd.Context(), t, args)
	}
}

// needsPepper marks a command that hashes keys.
const needsPepper = "pepper"

// tenantsCommand manages tenants.
func tenantsCommand(s Streams) *cobra.Command {
	var file, name string
	r := &reply{Streams: s}
	root := &cobra.Command{
		Use: "tenants", Short: "Create, list and disable tenants, and say how long their jobs are kept",
		Example: "  opal tenants create acme --name 'Acme B.V.'\n  opal tenants list --json",
	}
	root.PersistentFlags().StringVar(&file, "config", "", "YAML file with settings")
	r.flag(root.PersistentFlags())
	create := &cobra.Command{Use: "create ID", Short: "Create a tenant", Args: cobra.ExactArgs(1),
		Example: "  opal tenants create acme\n  opal tenants create acme --name 'Acme B.V.'",
		RunE: withTenants(s, &file, func(ctx context.Context, t *tenant.Service, args []string) error {
			if name == "" {
				name = args[0]
			}
			made, err := t.Create(ctx, args[0], name)
			if err != nil {
				return err
			}
			return r.with(made, "Created tenant %s. Give it a key: opal keys create %s\n", made.ID, made.ID)
		})}
	create.Flags().StringVar(&name, "name", "", "the tenant's name (default: its id)")
	list := &cobra.Command{Use: "list", Short: "List the tenants", Args: cobra.NoArgs,
		Example: "  opal tenants list\n  opal tenants list --json | jq -r '.[].tenant_id'",
		RunE: withTenants(s, &file, func(ctx context.Context, t *tenant.Service, _ []string) error {
			all, err := t.List(ctx)
			if err != nil {
				return err
			}
			if r.json {
				return printJSON(s, all)
			}
			tw := tabwriter.NewWriter(s.Out, 0, 4, 2, ' ', 0)
			fmt.Fprintln(tw, "ID\tNAME\tCREATED\tDISABLED\tKEPT")
			for _, one := range all {
				fmt.Fprintf(tw, "%s\t%s\t%s\t%s\t%s\n", one.ID, one.Name, one.CreatedAt.Format(time.DateOnly), date(one.DisabledAt), kept(one.RetentionDays))
			}
			return tw.Flush()
		})}
	toggle := func(use, short, done string, do func(*tenant.Service, context.Context, string) error) *cobra.Command {
		return &cobra.Command{Use: use + " ID", Short: short, Args: cobra.ExactArgs(1),
			Example: "  opal tenants " + use + " acme\n  opal tenants " + use + " acme --config opal.yaml",
			RunE: withTenants(s, &file, func(ctx context.Context, t *tenant.Service, args []string) error {
				if err := do(t, ctx, args[0]); err != nil {
					return err
				}
				return r.with(map[string]any{"tenant_id": args[0], "disabled": use == "disable"}, done+"\n", args[0])
			})}
	}
	retention := &cobra.Command{Use: "retention ID DAYS", Short: "Keep a tenant's finished jobs that many days; forever, or default for RETENTION_DAYS", Args: cobra.ExactArgs(2),
		Example: "  opal tenants retention acme 30\n  opal tenants retention acme forever",
		ValidArgsFunction: func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			if len(args) != 1 {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			return []string{"30", "90", "365", "forever", "default"}, cobra.ShellCompDirectiveNoFileComp
		},
		RunE: withTenants(s, &file, func(ctx context.Context, t *tenant.Service, args []string) error {
			var days *int
			switch args[1] {
			case "default":
			case "forever":
				days = new(0)
			default:
				n, err := strconv.Atoi(args[1])
				if err != nil || n == 0 {
					return tenant.ErrRetention.With("%q is not a number of days; or say forever, or default", args[1])
				}
				days = &n
			}
			if err := t.SetRetention(ctx, args[0], days); err != nil {
				return err
			}
			return r.with(map[string]any{"tenant_id": args[0], "retention_days": days}, "Jobs of tenant %s are kept: %s.\n", args[0], kept(days))
		})}
	root.AddCommand(create, list, retention,
		toggle("disable", "Lock a tenant out: its keys stop working immediately", "Disabled tenant %s: its keys don't work.", (*tenant.Service).Disable),
		toggle("enable", "Let a disabled tenant in again", "Enabled tenant %s: its keys work.", (*tenant.Service).Enable))
	return root
}

// kept says how long a tenant's jobs are kept.
func kept(days *int) string {
	switch {
	case days == nil:
		return "default"
	case *days == 0:
		return "forever"
	}
	return fmt.Sprintf("%d days", *days)
}

// keysCommand manages API keys.
func keysCommand(s Streams) *cobra.Command {
	var file, name string
	var scopes []string
	var valid lifetime
	var budget string
	r := &reply{Streams: s}
	root := &cobra.Command{
		Use: "keys", Short: "Create, list and revoke API keys",
		Example: "  opal keys create acme --name shop --valid 90d\n  opal keys revoke acme KEY-ID",
	}
	root.PersistentFlags().StringVar(&file, "config", "", "YAML file with settings")
	r.flag(root.PersistentFlags())
	create := &cobra.Command{Use: "create TENANT", Short: "Create a key and show it, this once", Args: cobra.ExactArgs(1),
		Annotations: map[string]string{needsPepper: "yes"},
		Example:     "  opal keys create acme --name shop --scope read,write\n  opal keys create acme --name agent --budget 50 --valid 90d > key.txt",
		RunE: withTenants(s, &file, func(ctx context.Context, t *tenant.Service, args []string) error {
			n := tenant.NewKey{Name: name}
			for _, sc := range scopes {
				n.Scopes = append(n.Scopes, tenant.Scope(sc))
			}
			if valid > 0 {
				at := time.Now().Add(time.Duration(valid))
				n.ExpiresAt = &at
			}
			if budget != "" {
				cap, err := client.ParseCredits(budget)
				if err != nil {
					return err
				}
				n.Budget = &cap
			}
			k, text, err := t.CreateKey(ctx, args[0], n)
			if err != nil {
				return err
			}
			fmt.Fprintf(s.Err, "Key %s of tenant %s. It is shown only now; callers send it as X-API-Key.\n", k.ID, args[0])
			return r.with(struct {
				tenant.Key
				Secret string `json:"key"`
			}{k, text}, "%s\n", text)
		})}
	create.Flags().StringVar(&name, "name", "key", "what the key is for")
	create.Flags().StringSliceVar(&scopes, "scope", []string{"read", "write", "approve"}, "read, write, approve, admin; each allows what those before it do")
	create.Flags().Var(&valid, "valid", "how long it works, such as 90d or 12h (default: until it is revoked)")
	create.Flags().StringVar(&budget, "budget", "", "credits that it may order in all, as quoted, such as 50 (default: any amount)")
	complete(create, "scope", oneOf("read", "write", "approve", "admin"))
	complete(create, "valid", oneOf("30d", "90d", "365d"))
	list := &cobra.Command{Use: "list TENANT", Short: "List a tenant's keys", Args: cobra.ExactArgs(1),
		Example: "  opal keys list acme\n  opal keys list acme --json",
		RunE: withTenants(s, &file, func(ctx context.Context, t *tenant.Service, args []string) error {
			all, err := t.ListKeys(ctx, args[0])
			if err != nil {
				return err
			}
			if r.json {
				return printJSON(s, all)
			}
			tw := tabwriter.NewWriter(s.Out, 0, 4, 2, ' ', 0)
			fmt.Fprintln(tw, "ID\tNAME\tSCOPES\tCREATED\tEXPIRES\tLAST USED\tREVOKED\tBUDGET")
			for _, k := range all {
				var sc []string
				for _, one := range k.Scopes {
					sc = append(sc, string(one))
				}
				left := "-"
				if k.Budget != nil {
					left = fmt.Sprintf("%.2f of %.2f used", float64(k.BudgetUsed)/100, float64(*k.Budget)/100)
				}
				fmt.Fprintf(tw, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", k.ID, k.Name, strings.Join(sc, ","), k.CreatedAt.Format(time.DateOnly),
					date(k.ExpiresAt), date(k.LastUsedAt), date(k.RevokedAt), left)
			}
			return tw.Flush()
		})}
	revoke := &cobra.Command{Use: "revoke TENANT KEY", Short: "Revoke a key: it stops working immediately", Args: cobra.ExactArgs(2),
		Example: "  opal keys revoke acme KEY-ID\n  opal keys list acme --json | jq -r '.[].key_id'   # the ids; opal keys revoke takes one",
		RunE: withTenants(s, &file, func(ctx context.Context, t *tenant.Service, args []string) error {
			if err := t.RevokeKey(ctx, args[0], args[1]); err != nil {
				return err
			}
			return r.with(map[string]any{"tenant_id": args[0], "key_id": args[1], "revoked": true}, "Revoked key %s of tenant %s.\n", args[1], args[0])
		})}
	root.AddCommand(create, list, revoke)
	return root
}

func date(t *time.Time) string {
	if t == nil {
		return "-"
	}
	return t.Format(time.DateOnly)
}
