package mcp

import (
	"context"
	"io"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"
)

// Serve answers one agent on a pair of streams, which it leaves open, until the agent
// closes its side or ctx ends.
func Serve(ctx context.Context, o Options, in io.Reader, out io.Writer) error {
	return New(o).Run(ctx, &sdk.IOTransport{Reader: io.NopCloser(in), Writer: unclosed{out}})
}

// unclosed is a writer that the protocol must not close.
type unclosed struct{ io.Writer }

// Close does nothing.
func (unclosed) Close() error { return nil }
