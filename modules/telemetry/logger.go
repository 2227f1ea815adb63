package telemetry

import (
	"io"
	"time"

	"github.com/rs/zerolog"
)

// timeFormat is RFC 3339 with milliseconds: enough to order lines, and log
// stores parse it without configuration.
const timeFormat = "2006-01-02T15:04:05.000Z07:00"

// NewLogger returns a logger that writes JSON lines with level, time, message
// and service to w. The level is one of config's (debug, info, warn, error).
func NewLogger(w io.Writer, level zerolog.Level, service string) zerolog.Logger {
	return zerolog.New(zerolog.SyncWriter(w)).Level(level).Hook(timestamp{}).With().Str("service", service).Logger()
}

// timestamp writes the time itself, because zerolog's own format is a global.
type timestamp struct{}

// Run adds the time to a line.
func (timestamp) Run(e *zerolog.Event, _ zerolog.Level, _ string) {
	e.Str("time", time.Now().UTC().Format(timeFormat))
}
