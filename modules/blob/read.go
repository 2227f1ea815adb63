package blob

import "io"

// ReadWhole reads a blob of info.Size bytes that a store has opened: what Get promises. translate
// turns the store's own errors into this package's. Errors: ErrTooLarge when it has more than
// limit bytes, with info; else what translate returns.
func ReadWhole(r io.Reader, info Info, limit int64, translate func(error) error) ([]byte, Info, error) {
	if info.Size > limit {
		return nil, info, ErrTooLarge.With("%d bytes, at most %d", info.Size, limit)
	}
	b := make([]byte, info.Size)
	if _, err := io.ReadFull(r, b); err != nil {
		return nil, Info{}, translate(err)
	}
	return b, info, nil
}
