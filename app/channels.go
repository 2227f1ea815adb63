package app

import (
	"fmt"

	"github.com/opal-photo/opal/modules/channel"
)

// channelsDir is the setting that commands without a configuration read.
const channelsDir = "CHANNELS_DIR"

// loadChannels adds the channels of a folder to OPAL's own; "": there are no others.
func loadChannels(dir string) error {
	if dir == "" {
		return nil
	}
	if err := channel.Load(dir); err != nil {
		return fmt.Errorf("%s %s: %w", channelsDir, dir, err)
	}
	return nil
}
