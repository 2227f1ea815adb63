package app

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/opal-photo/opal/config"
	"github.com/opal-photo/opal/modules/telemetry"
)

// role is one way to start the binary. Every container app is the same image in
// another role.
type role struct {
	name    string
	short   string
	service string        // as log lines name it
	listen  string        // default address
	drain   time.Duration // 0: the setting WORKER_DRAIN
	example string
	needs   config.Role
	parts   []part
	holders int                            // parts that hold pictures beside each other: workers, the scoring service; 0: one
	more    []func(Streams) *cobra.Command // commands below the command of the role
}

// The drain deadlines. The platform kills after 600 s.
const (
	apiDrain = 60 * time.Second
	devDrain = 15 * time.Second
)

// roles is the table of roles. A role is a row; what it does is its parts.
var roles = []role{
	{
		name: "serve-api", short: "Run the web API and the console", service: "web-api", listen: ":8080", drain: apiDrain,
		example: "  opal serve-api --config opal.yaml\n  opal serve-api --listen 127.0.0.1:8081",
		needs:   config.Role{Database: true, Storage: true, Queue: true, API: true, Billing: true},
		// The export worker sleeps while its queue is empty, so its sweep runs here, too.
		parts: []part{apiServer, outboxRelay, jobSweep, exportSweep, jobTidy, webhooks, imports, ageWatch},
	},
	{
		name: "orchestrate", short: "Run the worker on queue jobs: from photo to finished picture", service: "orchestrator", listen: ":8080",
		example: "  opal orchestrate --config opal.yaml\n  WORKER_CONCURRENCY=4 opal orchestrate --listen :8082",
		needs:   config.Role{Database: true, Storage: true, Queue: true, AML: true},
		parts:   []part{probeServer, outboxRelay, jobSweep, jobWorker, ageWatch},
	},
	{
		name: "export", short: "Run the worker on queue exports: from finished picture to every channel's variant", service: "export-worker", listen: ":8080",
		example: "  opal export --config opal.yaml\n  WORKER_CONCURRENCY=4 opal export --listen :8083",
		needs:   config.Role{Database: true, Storage: true, Queue: true},
		parts:   []part{probeServer, outboxRelay, exportSweep, exportWorker},
	},
	{
		name: "billing", short: "Run the billing service: the credit ledger, payments and their webhooks", service: "billing-service", listen: ":8080", drain: apiDrain,
		example: "  opal billing --config opal.yaml\n  opal billing audit",
		needs:   config.Role{Database: true, Storage: true, Queue: true, API: true, Billing: true},
		parts:   []part{apiServer, outboxRelay, paymentSweep},
		more:    []func(Streams) *cobra.Command{auditCommand, refundCommand, limitsCommand, customerCommand},
	},
	{
		name: "score", short: "Run the scoring service behind the Azure ML contract", service: "scoring", listen: ":8080", drain: apiDrain,
		example: "  SCORE_KEY=RANDOM-STRING opal score --listen 127.0.0.1:8084\n  opal score --engine stub --config opal.yaml\n" +
			"  SCORE_KEY=RANDOM-STRING opal score --engine cutout --listen 127.0.0.1:8085",
		needs: config.Role{Score: true},
		parts: []part{scoreServer},
	},
}

// devRole is all of the roles in one process. It has no code of its own: its
// settings choose the embedded parts.
var devRole = role{
	name: "dev", service: "dev", listen: "127.0.0.1:8080", drain: devDrain,
	needs:   config.Role{Database: true, Storage: true, Queue: true, AML: true, API: true, Score: true},
	parts:   []part{apiServer, outboxRelay, jobSweep, jobTidy, exportSweep, webhooks, imports, paymentSweep, scoreServer, jobWorker, exportWorker, ageWatch},
	holders: 3, // scoreServer, jobWorker, exportWorker
}

func roleCommand(r role, s Streams) *cobra.Command {
	var file, addr, engine string
	cmd := &cobra.Command{
		Use: r.name, Short: r.short, Example: r.example, Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := checkListen(addr); err != nil {
				return err
			}
			w, err := load(file, s, r.service, r.needs, loopback(addr))
			if err != nil {
				return err
			}
			defer w.close()
			if engine != "" {
				w.cfg.Score.Engine = engine
			}
			w.listen, w.scoreListen = addr, addr
			return stopped(cmd.Context(), w.run(cmd.Context(), r, func() {}))
		},
	}
	for _, c := range r.more {
		cmd.AddCommand(c(s))
	}
	cmd.Flags().StringVar(&addr, "listen", r.listen, "address to listen on")
	cmd.Flags().StringVar(&file, "config", "", "YAML file with settings; the environment goes before it")
	if r.needs.Score {
		cmd.Flags().StringVar(&engine, "engine", "", "studio, stub or cutout (default: the setting SCORE_ENGINE, studio)")
		complete(cmd, "engine", oneOf("studio", "stub", engineCutout))
	}
	return cmd
}

// stopped returns nil for an error that a stop signal during start-up caused: the
// role stopped as it was told to.
func stopped(ctx context.Context, err error) error {
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

// run runs a role until the context ends.
func (w *wire) run(ctx context.Context, r role, ready func()) error {
	limitMemory(max(r.holders, 1) * w.cfg.Worker.Concurrency)
	ctx = telemetry.WithLogger(ctx, w.log)
	ctx, err := w.tracing(ctx, r.service)
	if err != nil {
		return fmt.Errorf("%s: %w", r.name, err)
	}
	w.drain = r.drain
	if w.drain == 0 {
		w.drain = w.cfg.Worker.Drain
	}
	w.log.Info().Str("version", version()).Str("role", r.name).Str("environment", w.cfg.Environment).Msg("Starting")
	if w.cfg.Unusual() {
		w.log.Warn().Msg(w.cfg.Rules())
	} else {
		w.log.Info().Msg(w.cfg.Rules())
	}
	if r.needs.Database {
		if _, err := w.migrated(ctx); err != nil {
			return fmt.Errorf("%s: %w", r.name, err)
		}
	}
	parts := r.parts
	if w.cfg.Background == "off" {
		w.log.Info().Msg("BACKGROUND is off: sweeps, deletions and left-over messages are left to other processes")
		parts = foreground(parts)
	}
	if w.cfg.Metrics.Listen != "" {
		parts = append(slices.Clip(parts), metricsServer)
	}
	if err := runParts(ctx, w, parts, w.drain, ready); err != nil {
		return fmt.Errorf("%s: %w", r.name, err)
	}
	return nil
}

// foreground returns the parts that run in a revision which is only being tried:
// those that answer callers or take messages.
func foreground(all []part) []part {
	return slices.DeleteFunc(slices.Clone(all), func(p part) bool { return p.background })
}
